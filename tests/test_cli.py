"""The command line as a person and as a script meet it: real projects, real files, a real training of a few steps."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from studio import cli, errors
from studio.audio import files
from studio.audio.sound import Sound
from studio.cli import faces, folders, grammar
from studio.cli.models import say_evaluate
from studio.events import Finished, Produced, Progress, Started
from studio.library.reader import facts
from studio.models import checkpoint
from studio.models.base import families
from studio.project import evaluation
from studio.project.folder import ProjectFolder
from studio.project.recipe import Recipe, Request, from_json
from studio.project.state import RunStatus
from studio.training.run import RunFolder, step_folder

TINY = {"seconds": 0.3, "latent": 4, "width": 32}
GOLDEN = Path(__file__).parent / "formats" / "v1" / "project"


@pytest.fixture
def wavewright(capsys):
    """Runs one command; gives its status, its JSON lines and what it said on stderr."""

    def run(*words: object) -> tuple[int, list[dict], str]:
        capsys.readouterr()
        status = cli.main([*map(str, words), "--json"])
        out, err = capsys.readouterr()
        return status, [json.loads(line) for line in out.splitlines()], err

    return run


@pytest.fixture
def result(wavewright):
    """Runs one command that must succeed and gives its result."""

    def run(*words: object) -> dict:
        status, lines, err = wavewright(*words)
        assert status == 0, err
        assert lines[-1]["event"] == "result" and all(line["event"] != "result" for line in lines[:-1])
        assert not err
        return lines[-1]["result"]

    return run


@pytest.fixture(scope="module")
def trained_once(project_once, tmp_path_factory) -> Path:
    """A project with one run whose model has learned nothing yet, which is enough to be asked for sounds."""
    root = tmp_path_factory.mktemp("cli") / "My drums"
    shutil.copytree(project_once, root)
    with ProjectFolder.open(root) as project:
        family = families()["oneshot"]
        model = family(family.Config(**TINY), facts(project))
        run = RunFolder.create(project, "oneshot", TINY)
        checkpoint.save(run.path / "checkpoints" / step_folder(3), model, meta={"step": 3})
        run.write_status(RunStatus(state="finished", step=3, minutes=1.5, best={"held-out/mel": 0.5}))
    return root


@pytest.fixture
def trained(trained_once, tmp_path) -> Path:
    return Path(shutil.copytree(trained_once, tmp_path / "Trained"))


def run_of(project: Path) -> Path:
    return next((project / "runs").glob("*/config.json")).parent


# ---- the whole


def test_every_verb_of_the_list_is_there_and_has_help(capsys):
    wanted = "new import check info train stop pause resume star queue generate encode decode morph similar export evaluate"
    wanted += " demo doctor"
    assert set(wanted.split()) <= grammar.names()
    for verb in grammar.names():
        assert cli.main([verb, "--help"]) == 0
        assert "usage: wavewright" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--help"], ["info", "PROJECT"], ["check", "PROJECT"], ["stop", "RUN"]])
def test_what_needs_neither_torch_nor_qt_does_not_import_them(words, trained):
    words = [{"PROJECT": str(trained), "RUN": str(run_of(trained))}.get(word, word) for word in words]
    code = (
        "import sys; from studio.__main__ import main; status = main(sys.argv[1:]);"
        "print(sorted({m.partition('.')[0] for m in sys.modules} & {'torch', 'PySide6', 'onnxruntime', 'scipy'}), status)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[] 0", done.stdout + done.stderr


def test_without_a_verb_the_window_opens(monkeypatch, trained):
    from studio import __main__ as start
    from studio.gui import app

    opened: list[object] = []
    monkeypatch.setattr(app, "main", lambda path=None: opened.append(path) or 0)
    assert start.main([]) == 0 and start.main([str(trained)]) == 0
    assert opened == [None, str(trained)]


@pytest.mark.parametrize(
    "words",
    [
        [], ["fly"], ["new"], ["generate", "x"], ["train", "x", "--minutes", "1", "--steps", "3"],
        ["generate", "x", "--out", "y", "--count", "many"],
    ],
)  # fmt: skip
def test_what_cannot_be_understood_ends_with_two(words, capsys):
    assert cli.main(words) == 2
    out, err = capsys.readouterr()
    assert not out and "--help" in err and "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["info", "PROJECT/nothing here"], 1, "nothing here"),
        (["check", "PLAIN"], 1, "not a Wavewright project"),
        (["new", "PROJECT"], 1, "already there"),
        (["import", "PROJECT", "no such folder"], 2, "There is no folder"),
        (["generate", "EMPTY", "--out", "OUT"], 1, "no trained model"),
        (["generate", "PROJECT", "--out", "OUT", "--class", "cowbell"], 1, "cowbell"),
        (["generate", "PROJECT", "--out", "OUT", "--class", "kick=loud"], 2, "not a weight"),
        (["generate", "PROJECT", "--out", "OUT", "--count", "0"], 2, "--count"),
        (["generate", "PROJECT", "--out", "OUT", "--pitch", "60"], 1, "pitch"),
        (["decode", "PROJECT", "PROJECT/project.json", "OUT.wav"], 1, "not a latent"),
        (["encode", "PROJECT", "PROJECT/project.json", "OUT.npy"], 1, "can't be read"),
        (["encode", "PROJECT", "x.wav", "OUT.mp3"], 2, ".npy"),
        (["train", "PROJECT", "--model", "violin", "--steps", "1"], 1, "oneshot"),
        (["train", "PROJECT", "--set", "colour=red", "--steps", "1"], 1, "colour"),
        (["train", "PROJECT", "--set", "batch", "--steps", "1"], 2, "KEY=VALUE"),
        (["train", "PROJECT", "--set", "batch=0", "--steps", "1"], 1, "batch"),
        (["train", "RUN", "--steps", "1"], 2, "only argument"),
        (["train", "PLAIN"], 1, "not a Wavewright project"),
        (["star", "RUN", "--step", "99"], 2, "there are: 3"),
        (["export", "PROJECT/project.json", "--out", "OUT"], 1, "can't be read"),
        (["export", "PROJECT", "--as", "shellac", "--out", "OUT"], 2, "shellac"),
    ],
)
def test_problems_are_one_sentence_and_a_status(words, status, said, wavewright, trained, project_once, tmp_path):
    (tmp_path / "plain").mkdir()
    places = {
        "PROJECT": trained,
        "RUN": run_of(trained),
        "PLAIN": tmp_path / "plain",
        "EMPTY": project_once,
        "OUT": tmp_path / "out",
    }
    for name, path in places.items():
        words = [word.replace(name, str(path)) if word.startswith(name) else word for word in words]
    found, lines, err = wavewright(*words)
    assert found == status, err
    assert said in err and "Traceback" not in err and len(err.splitlines()) <= 2
    assert lines[-1]["event"] == "failed" and lines[-1]["sentence"] in err
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())


# ---- projects and sounds


def test_new_and_import_are_idempotent(result, sounds_folder, tmp_path):
    made = result("new", tmp_path / "Mine", "--from", sounds_folder)
    assert made == {"project": str(tmp_path / "Mine"), "imported": 24, "skipped": 0, "problems": []}
    (sounds_folder / "kick" / "torn.wav").write_bytes(b"RIFF\x00\x00\x00\x00WAVE")
    again = result("import", tmp_path / "Mine", sounds_folder)
    assert (again["imported"], again["skipped"]) == (0, 24)
    assert [Path(p["path"]).name for p in again["problems"]] == ["torn.wav"] and again["problems"][0]["reason"]


def test_paths_in_results_are_absolute(result, sounds_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert result("new", "Here", "--from", sounds_folder.name)["project"] == str(tmp_path / "Here")
    assert result("info", "Here")["project"] == str(tmp_path / "Here")


def test_check_says_what_a_model_will_hear(result, trained):
    found = result("check", trained)["findings"]
    assert all(set(f) == {"key", "severity", "sentence", "sounds", "fix"} for f in found)
    assert any(f["key"] == "rates" for f in found)


def test_info_of_everything(result, trained):
    project = result("info", trained)
    assert project["sounds"] == 24 and project["labels"] == {"hat": 8, "kick": 8, "snare": 8} and len(project["runs"]) == 1
    run = result("info", run_of(trained))
    assert run["family"] == "oneshot" and run["state"] == "finished" and run["config"]["latent"] == 4 and not run["alive"]
    model = result("info", run["checkpoints"][0])
    assert model["family"] == "oneshot" and model["step"] == 3 and model["data"]["labels"] == ["hat", "kick", "snare"]


def test_info_of_a_sound_finds_its_recipe(result, tmp_path):
    path = tmp_path / "x.wav"
    recipe = Recipe(family="oneshot", run="r", request=Request(seed=7))
    files.write(path, Sound(np.zeros((1, 100), np.float32), 44100), recipe=recipe.to_json())
    found = result("info", path)
    assert found["format"]["rate"] == 44100 and found["recipe"]["request"] == {"seed": 7}
    bare = tmp_path / "y.wav"
    files.write(bare, Sound(np.zeros((2, 100), np.float32), 48000))
    assert result("info", bare)["recipe"] is None


def test_similar_finds_the_sound_itself_first(result, trained, drums_once):
    sound = drums_once / "snare" / "snare 03.wav"
    answer = result("similar", trained, sound, "--count", 3)
    matches = answer["matches"]
    assert Path(answer["copy"]["path"]).name == sound.name and answer["copy"]["decibels"] < 0.1
    assert matches[0]["path"] == str(sound) and matches[0]["distance"] == pytest.approx(0, abs=1e-3)
    assert [m["distance"] for m in matches] == sorted(m["distance"] for m in matches) and len(matches) == 3


# ---- sounds out of a model


def test_generate_writes_sounds_that_carry_their_recipe(result, trained, tmp_path):
    words = (
        "generate",
        trained,
        "--count",
        2,
        "--seed",
        5,
        "--class",
        "kick=3,hat",
        "--temperature",
        0.8,
        "--out",
        tmp_path / "out",
    )
    made = [Path(f) for f in result(*words)["files"]]
    assert len(made) == 2 and all(p.parent == tmp_path / "out" for p in made)
    recipe = result("info", made[1])["recipe"]
    assert recipe["request"]["seed"] == 6 and recipe["request"]["classes"] == {"kick": 3.0, "hat": 1.0}
    before = [p.read_bytes() for p in made]
    more = [Path(f) for f in result(*words)["files"]]
    assert not set(more) & set(made) and [p.read_bytes() for p in made] == before  # nothing is overwritten
    np.testing.assert_array_equal(files.read(more[0]).samples, files.read(made[0]).samples)


def test_generate_makes_a_labelled_set(result, wavewright, trained, tmp_path, capsys):
    found = result("generate", trained, "--per-class", 1, "--class", "kick,hat", "--out", tmp_path / "set")
    assert found["labels"] == {"kick": 1, "hat": 1}
    assert [Path(f).parent for f in found["files"]] == [tmp_path / "set" / "kick", tmp_path / "set" / "hat"]
    for words in (["--per-class", 2, "--count", 2], ["--checked"], ["--per-class", 2, "--like", "x.wav"], ["--per-class", 0]):
        assert wavewright("generate", trained, "--out", tmp_path / "none", *words)[0] == 2
    assert not (tmp_path / "none").exists()


def test_a_latent_goes_out_and_comes_back(result, wavewright, trained, drums_once, tmp_path):
    kick = drums_once / "kick" / "kick 01.wav"
    made = result("encode", run_of(trained), kick, tmp_path / "kick.npy")
    assert (made["files"], made["shape"]) == ([str(tmp_path / "kick.npy")], [4])
    np.save(tmp_path / "three.npy", np.stack([np.load(tmp_path / "kick.npy")] * 3))
    one = result("decode", run_of(trained), tmp_path / "kick.npy", tmp_path / "kick.wav", "--seed", 2)["files"]
    three = result("decode", run_of(trained), tmp_path / "three.npy", tmp_path / "three.wav", "--seed", 2)["files"]
    assert one == [str(tmp_path / "kick.wav")] and len(three) == 3
    np.testing.assert_array_equal(files.read(one[0]).samples, files.read(three[2]).samples)
    assert wavewright("decode", run_of(trained), tmp_path / "kick.npy", tmp_path / "kick.wav")[0] == 1  # it is there already
    assert wavewright("encode", run_of(trained), kick, tmp_path / "kick.npy")[0] == 1


def test_morph_begins_and_ends_at_its_sounds(result, trained, drums_once, tmp_path):
    a, b = drums_once / "kick" / "kick 01.wav", drums_once / "hat" / "hat 02.wav"
    made = result("morph", trained, a, b, "--steps", 5, "--out", tmp_path / "out")["files"]
    assert len(made) == 5
    latents = [np.array(from_json(riff_recipe(p)).request.latent[0]) for p in made]
    ends = [np.load(result("encode", trained, s, tmp_path / f"{i}.npy")["files"][0]) for i, s in enumerate((a, b))]
    np.testing.assert_allclose(latents[0], ends[0], atol=1e-6)
    np.testing.assert_allclose(latents[-1], ends[1], atol=1e-6)
    np.testing.assert_allclose(latents[2], (ends[0] + ends[1]) / 2, atol=1e-6)


def riff_recipe(path: str) -> bytes:
    from studio.audio.riff import embedded_recipe

    data = embedded_recipe(path)
    assert data is not None
    return data


def test_export_of_clips_and_of_files(result, trained, drums_once, tmp_path):
    tone = Sound((0.5 * np.sin(np.arange(4410) / 20))[None].astype(np.float32), 44100)
    with ProjectFolder.open(trained) as project:
        clip = project.keep(tone, Recipe(family="oneshot", request=Request(seed=3)), "Soft kick")
        project.update_clip(msgspec.structs.replace(clip, edits=({"do": "reverse"},)))
    made = result(
        "export", trained, drums_once / "hat" / "hat 01.wav", "--as", "wav", "--bits", "32f", "--out", tmp_path / "out"
    )
    assert sorted(Path(f).name for f in made["files"]) == ["Soft kick.wav", "hat 01.wav"]
    kick = next(f for f in made["files"] if "Soft" in f)
    np.testing.assert_array_equal(files.read(kick).samples, tone.samples[:, ::-1])
    assert result("info", kick)["recipe"]["edits"] == [{"do": "reverse"}]
    small = result(
        "export", kick, "--bits", 16, "--rate", 48000, "--names", "{n} {name}", "--set", "dither=off", "--out", tmp_path / "out"
    )
    facts = result("info", small["files"][0])["format"]
    assert (facts["rate"], facts["subtype"]) == (48000, "PCM_16") and Path(small["files"][0]).name == "01 Soft kick.wav"


def test_axes_are_named_by_what_is_heard_along_them(result, trained, monkeypatch, capsys):
    from studio.explore import naming
    from studio.project import axes as project_axes

    for name, count in (("ANCHORS", 6), ("POINTS", 5), ("SAID", 4)):
        monkeypatch.setattr(naming, name, count)
    axes = result("axes", trained)["axes"]
    assert [a["index"] for a in axes] == list(range(len(axes))) and len(axes) == 4
    assert all(set(a) >= {"index", "name", "descriptor", "r", "covers", "spread"} for a in axes)
    assert all(abs(a["r"]) >= 0.5 and a["covers"] > 0.1 for a in axes if a["descriptor"])
    monkeypatch.setattr(naming, "measure", None)  # the second time nothing is heard
    assert result("axes", trained)["axes"] == axes
    with ProjectFolder.open(trained) as project:
        known = project_axes.KnownAxis(slot=0, name="Glass", ids=(1,), scores=(0.0,))
        project_axes.save(project, "oneshot", [known])  # known by too little to be found again
    assert "Glass" not in [a["name"] for a in result("axes", trained)["axes"]]
    assert cli.main(["axes", str(trained)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 4 and all(("(r " in line) == bool(a["descriptor"]) for line, a in zip(said, axes))


def test_evaluate(result, trained):
    found = result("evaluate", trained, "--count", 6)
    assert set(found) >= {"metrics", "floor", "sets"} and found["metrics"]["silent"] >= 0
    assert [row["label"] for row in found["classes"]] == ["hat", "kick", "snare"] and found["octaves"] == []


def test_an_evaluation_is_said_label_by_label_and_octave_by_octave():
    kept = evaluation.read(GOLDEN / "runs" / "2026-11-20-oneshot-1" / "evaluations" / "step-00000012")
    lines = list(say_evaluate(kept.found.result()))
    assert any(line.split()[:6] == ["frechet", "4.25", "3.9", "–", "4.75", "1.5"] for line in lines)
    hat = next(line for line in lines if line.startswith("hat "))
    assert hat.split() == ["hat", "18", "8", "0.75", "(0.9)", "–", "–", "0", "(0)", "kick", "25%"]
    assert "hat: Fréchet and coverage: 8 held-out sounds are fewer than 12" in lines
    note = next(line for line in lines if line.startswith("C3 to B3"))
    assert note.split()[3:] == ["16", "0.875", "(1)", "0.125", "(0)", "0", "(0)", "8.5", "(2.5)"]
    assert "judge: classifier of 2 labels" in lines


# ---- training


def test_train_prepare_then_run_then_resume_and_star(result, wavewright, project_once, tmp_path):
    project = Path(shutil.copytree(project_once, tmp_path / "Mine"))
    sets = [word for key, value in TINY.items() for word in ("--set", f"{key}={value}")]
    words = (
        "train",
        project,
        "--model",
        "oneshot",
        *sets,
        "--set",
        "batch=4",
        "--steps",
        2,
        "--device",
        "cpu",
        "--name",
        "First",
    )
    prepared = result(*words, "--prepare")
    run = RunFolder(prepared["run"])
    assert prepared["state"] == "queued" and run.config.name == "First" and run.config.config["latent"] == 4
    assert run.plan.batch == 4 and run.plan.steps == 2 and not run.checkpoints()

    trained = result("train", run.path)
    assert trained["run"] == str(run.path) and trained["state"] == "finished" and trained["steps"] == 2
    assert trained["minutes"] > 0 and trained["best"] and run.checkpoints()
    again = result("train", project, "--resume", run.name)
    assert again["state"] == "finished" and again["steps"] == 2
    assert result("star", run.path) == {"run": str(run.path), "step": 2} and run.checkpoints()[-1].starred
    assert result("generate", project, "--out", tmp_path / "out")["files"]

    assert result("stop", run.path)["state"] == "finished"  # nobody trains it: nothing to stop
    queued = result("queue", project, "--add", run.name)
    assert queued["waiting"] == [{"run": str(run.path), "state": "queued"}]
    assert result("pause", run.path) == {"run": str(run.path), "state": "paused", "asked": False}
    worked = result("queue", project, "--run")
    assert worked["waiting"] == [] and worked["trained"] == [{"run": str(run.path), "state": "finished"}]


@pytest.mark.slow
def test_a_training_is_paused_from_another_process(result, project_once, tmp_path):
    project = Path(shutil.copytree(project_once, tmp_path / "Mine"))
    sets = [word for key, value in TINY.items() for word in ("--set", f"{key}={value}")]
    run = RunFolder(result("train", project, *sets, "--set", "batch=4", "--minutes", 5, "--device", "cpu", "--prepare")["run"])
    with (tmp_path / "log").open("wb") as log:
        trainer = subprocess.Popen([sys.executable, "-m", "studio", "train", str(run.path)], stdout=log, stderr=log)
        try:
            wait(lambda: run.status().state == "training" and run.status().step >= 1, (tmp_path / "log"))
            assert result("pause", run.path)["asked"] is True
            assert trainer.wait(60) == 0, (tmp_path / "log").read_text()
        finally:
            trainer.kill()
            trainer.wait()
    assert run.status().state == "paused" and run.checkpoints()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_ends_an_import_cleanly(tmp_path, drums_once):
    sounds = tmp_path / "many"
    for i in range(40):
        shutil.copytree(drums_once, sounds / f"{i}")
    with ProjectFolder.create(tmp_path / "Mine"):
        pass
    command = [sys.executable, "-m", "studio", "import", str(tmp_path / "Mine"), str(sounds), "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "progress":
                break
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and err.strip() == "Stopped." and '"result"' not in out
    with ProjectFolder.open(tmp_path / "Mine"):  # the lock is free and the library whole
        pass


def wait(ready, log: Path, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)


# ---- demo and doctor


def test_demo_leaves_sounds_and_a_picture_and_never_overwrites(result, monkeypatch, drums_once, tmp_path):
    from studio.cli import demo
    from studio.models.oneshot import OneShot, OneShotConfig

    monkeypatch.setattr(demo, "SOUNDS", drums_once)
    monkeypatch.setattr(OneShot, "recommended", classmethod(lambda cls, data: OneShotConfig(**TINY)))
    (tmp_path / "Demo").mkdir()
    made = result("demo", "--minutes", 0.02, "--count", 5, "--out", tmp_path / "Demo", "--no-window", "--device", "cpu")
    assert made["project"] == str(tmp_path / "Demo 2") and not any((tmp_path / "Demo").iterdir())
    assert len(made["files"]) == 5 and all(files.probe(f).frames for f in made["files"])
    assert Path(made["picture"]).read_bytes().startswith(b"\x89PNG")
    info = result("info", made["project"])
    assert info["sounds"] == 24 and all(Path(f).is_relative_to(made["project"]) for f in made["files"])


def test_demo_without_starter_sounds_says_so(wavewright, monkeypatch, tmp_path):
    from studio.cli import demo

    monkeypatch.setattr(demo, "SOUNDS", tmp_path / "none")
    status, _, err = wavewright("demo", "--out", tmp_path / "Demo", "--no-window")
    assert status == 1 and "no sound to learn from" in err and not (tmp_path / "Demo").exists()


def test_doctor_says_what_is_there(result, capsys):
    found = result("doctor")
    checks = {check["name"]: check for check in found["checks"]}
    assert checks["PyTorch"]["state"] == "good" and checks["Sound"]["state"] == "warn"  # tests run on a machine without sound
    assert found["state"] in ("good", "warn", "bad")


# ---- faces


class Screen:
    """A stream that may be a terminal."""

    def __init__(self, live: bool) -> None:
        self.live, self.text = live, ""

    def isatty(self) -> bool:
        return self.live

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass


def test_a_terminal_gets_a_bar_and_everything_else_plain_lines():
    for live in (True, False):
        screen = Screen(live)
        face = faces.Terminal(lambda result: iter([f"{result['n']} done"]), screen)  # type: ignore[arg-type]
        for event in (
            Started(what="x"), *(Progress(done=i, total=200, note=f"sound {i}") for i in range(201)),
            Produced(kind="file", path="/a.wav"), Finished(result={"n": 3}),
        ):  # fmt: skip
            face.show(event)
        if live:
            assert "\r" in screen.text and "█" * 24 in screen.text and "100% sound 200" in screen.text
        else:
            assert "\r" not in screen.text and 10 <= len(screen.text.splitlines()) <= 14
        assert screen.text.endswith("3 done\n") and "/a.wav\n" in screen.text


def test_a_closed_pipe_is_no_traceback(trained):
    command = f"{sys.executable} -m studio info {trained} --json | true"
    done = subprocess.run(["sh", "-c", command.replace("My drums", "My\\ drums")], capture_output=True, text=True)
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr


def test_an_unexpected_error_ends_with_one_and_its_details(capsys):
    def work():
        yield Started(what="x")
        raise ZeroDivisionError("oh")

    assert cli.drive(work(), faces.Lines()) == 1
    out, err = capsys.readouterr()
    assert json.loads(out.splitlines()[-1])["key"] == "Unexpected" and "Traceback" in err


def test_closing_reaches_the_work(capsys):
    closed = []

    def work():
        try:
            yield Started(what="x")
            raise KeyboardInterrupt
        finally:
            closed.append(True)

    before = signal.getsignal(signal.SIGINT)
    try:
        assert cli.drive(work(), faces.Lines()) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert closed == [True] and "Stopped." in capsys.readouterr().err


def test_texts_become_settings_and_labels():
    assert folders.settings_of(["batch=8", "kl = 1e-3", "name=a=b"]) == {"batch": "8", "kl": "1e-3", "name": "a=b"}
    assert folders.classes_of("kick=2, hat,open hat=.5") == {"kick": 2.0, "hat": 1.0, "open hat": 0.5}
    assert folders.classes_of("") == {}
    for wrong in ("=3", "plain"):
        with pytest.raises(errors.UsageError):
            folders.settings_of([wrong])
