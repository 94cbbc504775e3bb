"""Evaluation from a run folder to its numbers, on real files, a real library and a real (untrained) model."""

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from studio import augment, events
from studio.audio import analysis, files, riff
from studio.audio.images import hear
from studio.audio.sound import Sound
from studio.errors import BrokenCheckpoint, NotOffered
from studio.evaluate import classes, evaluate, measures, notes, page
from studio.evaluate.made import Made
from studio.evaluate.reference import Reference, prepared
from studio.evaluate.scores import Scores, room
from studio.explore.copying import Detector
from studio.library.importer import import_folders
from studio.library.reader import facts
from studio.models import checkpoint
from studio.models.base import families
from studio.models.controls import Controls, Range
from studio.project import evaluation
from studio.project.evaluation import Evaluation, Measure, likeness, shown
from studio.project.folder import ProjectFolder
from studio.project.recipe import Request, from_json
from studio.training.run import RunFolder, step_folder

RATE = 44100


def hit(label: str, rng: np.random.Generator) -> Sound:
    """A short drum: a falling tone, a burst of noise, or both; no two alike."""
    t = np.arange(round(rng.uniform(0.12, 0.3) * RATE)) / RATE
    decay = np.exp(-t / rng.uniform(0.02, 0.06))
    tone = np.sin(2 * np.pi * np.cumsum(rng.uniform(60, 120) * (1 + 2 * np.exp(-t / 0.02))) / RATE)
    noise = np.diff(rng.standard_normal(len(t) + 1)) if label == "hat" else rng.standard_normal(len(t))
    parts = {"kick": (1.0, 0.02), "snare": (0.5, 0.5), "hat": (0.0, 0.6)}[label]
    return Sound(((parts[0] * tone + parts[1] * noise) * decay)[None].astype(np.float32) * 0.4, RATE)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A run of a project with 120 sounds and a model that has learned nothing yet."""
    root = tmp_path_factory.mktemp("evaluate")
    rng = np.random.default_rng(0)
    for label in ("kick", "snare", "hat"):
        (root / "sounds" / label).mkdir(parents=True)
        for i in range(40):
            files.write(root / "sounds" / label / f"{label} {i}.wav", hit(label, rng), subtype="PCM_16")
    with ProjectFolder.create(root / "project") as project:
        list(import_folders(project, [root / "sounds"], workers=1))
        family = families()["oneshot"]
        model = family(family.Config(seconds=0.3, latent=4, width=32), facts(project))
        folder = RunFolder.create(project, "oneshot", {"seconds": 0.3, "latent": 4, "width": 32})
        checkpoint.save(folder.path / "checkpoints" / step_folder(3), model, meta={"step": 3})
    return folder.path


def test_a_run_is_measured_and_every_number_names_its_set(run, reference):
    told = list(evaluate(run, 24, device="cpu", reference=reference))
    assert isinstance(told[0], events.Started) and isinstance(told[-1], events.Finished)
    result = told[-1].result
    metrics, floor, sets = result["metrics"], result["floor"], result["sets"]
    measured = set(metrics) - {name for name, value in metrics.items() if not np.isfinite(value)}
    assert measured == set(result["intervals"]), "every number has an interval"
    for name, (low, high) in result["intervals"].items():
        assert low - 1e-9 <= metrics[name] <= high + 1e-9, name
    for name in ("frechet", "kid", "precision", "recall", "density", "coverage", "ndb", "copies", "diversity", "judge_frechet"):
        assert np.isfinite(metrics[name]) and np.isfinite(floor[name])
    for name in (
        "silent",
        "clipped",
        "reconstruction_mel",
        "reconstruction_stft",
        "reconstruction_si_sdr",
        "inception",
        "own/mel",
    ):
        assert np.isfinite(metrics[name])
    assert set(metrics) - {"judge_accuracy"} <= set(sets)
    assert all(any(c.isdigit() for c in words) for name, words in sets.items() if name != "seconds")
    # a model that has learned nothing is far off, and real sounds are not
    assert metrics["frechet"] > 5 * floor["frechet"] and metrics["coverage"] < floor["coverage"]
    assert metrics["reconstruction_mel"] > floor["reconstruction_mel"]
    assert metrics["judge_accuracy"] > 0.8 and metrics["label_agreement"] < 0.7
    assert metrics["copies"] == 0
    json.dumps(result)

    rows = {row["label"]: row for row in result["classes"]}
    assert list(rows) == ["hat", "kick", "snare"] and sum(row["made"] for row in rows.values()) == 24
    assert all(0 <= row["agreement"] <= 1 and row["agreement_floor"] > 0.5 and row["copies"] == 0 for row in rows.values())
    assert all("fewer than" in row["left_out"] and row["frechet"] is None for row in rows.values())
    confusion = result["confusion"]
    for row, counts in zip(rows.values(), confusion["made"]):
        assert sum(counts) == row["made"]
        assert row["agreement"] + sum(share for _, share in row["mistaken_for"]) == pytest.approx(1)
    assert sum(row["heard"] for row in rows.values()) == 24
    right = sum(confusion["made"][i][i] for i in range(3)) / 24
    assert right == pytest.approx(metrics["label_agreement"])

    folder = Path(result["picture"]).parent
    assert folder.parent == run / "evaluations" and Path(result["picture"]).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    saved = json.loads((folder / "evaluation.json").read_text())
    assert saved["kind"] == "evaluation" and saved["metrics"] == metrics
    (kept,) = evaluation.all_of(run)
    assert kept.found.result() == {name: value for name, value in result.items() if name != "picture"}
    assert kept.picture == Path(result["picture"])


def test_few_sounds_leave_out_what_would_be_noise(run, reference):
    again = list(evaluate(run, 6, device="cpu", reference=reference))[-1].result
    assert "frechet" not in again["metrics"] and "fewer than 20" in again["sets"]["frechet"]
    assert "copies" in again["metrics"] and again["sets"]["new"].startswith("6 new sounds")
    twice = list(evaluate(run, 6, device="cpu", reference=reference))[-1].result
    assert twice["metrics"] == again["metrics"] and twice["intervals"] == again["intervals"], "nothing in it is left to chance"


def test_closing_it_leaves_nothing_half_written(run):
    before = sorted(p.name for p in (run / "evaluations").iterdir()) if (run / "evaluations").exists() else []
    work = evaluate(run, 24, device="cpu")
    for _ in range(5):
        next(work)
    work.close()
    assert (sorted(p.name for p in (run / "evaluations").iterdir()) if (run / "evaluations").exists() else []) == before


def test_a_run_without_a_checkpoint_says_so(run, tmp_path):
    with pytest.raises(BrokenCheckpoint):
        next(evaluate(tmp_path))


@pytest.fixture(scope="module")
def reference(run) -> Reference:
    project = ProjectFolder.open(run.parent.parent, lock=False)
    family = families()["oneshot"]
    return Reference.gather(project, family.material(family.Config(seconds=0.3), facts(project)), ("hat", "kick", "snare"))


def test_held_out_and_training_sounds_do_not_mix(reference):
    train, held, real, known = reference.train, reference.held, reference.real, reference.known
    assert len(train) + len(held) == 120 and len(held) >= 20
    assert not set(train.ids) & set(held.ids)
    assert len(real) == len(held) and len(known) == len(train)
    np.testing.assert_array_equal(held.sound(0).samples, real.sounds[0].samples)


def test_twenty_planted_copies_of_twenty_are_found_at_any_level(reference):
    material, real, known = reference.material, reference.real, reference.known
    rng = np.random.default_rng(1)
    planted = [Sound((0.3 * s.samples).astype(np.float32), s.rate) for s in known.sounds[:20]]
    fresh = [hit(("kick", "snare", "hat")[i % 3], rng) for i in range(20)]
    for made, low, high in ((planted, 1.0, 1.0), (fresh, 0.0, 0.1)):
        scores = Scores()
        measures.copies(scores, hear(prepared(made, material), material.frames), real, known)
        assert low <= scores.metrics["copies"] <= high
    assert scores.metrics["diversity"] == pytest.approx(1, abs=0.2)


def test_other_sounds_of_the_same_kind_score_like_the_floor(reference):
    material, real, known = reference.material, reference.real, reference.known
    rng = np.random.default_rng(2)
    fresh = [hit(("kick", "snare", "hat")[i % 3], rng) for i in range(60)]
    made = hear(prepared(fresh, material), material.frames)
    scores = Scores()
    measures.distributions(scores, made, real, known)
    assert scores.metrics["frechet"] < 3 * scores.floor["frechet"]
    assert scores.metrics["coverage"] > 0.8 and scores.ceiling["coverage"] > 0.95
    collapsed = replace(made, images=made.images[:1].repeat(60, 0), statistics=made.statistics[:1].repeat(60, 0))
    measures.distributions(scores, collapsed, real, known)
    assert scores.metrics["coverage"] < 0.5 and scores.metrics["ndb"] > scores.floor["ndb"]


def test_silent_and_clipped_sounds_are_counted(reference):
    loud = np.clip(2 * np.sin(np.arange(8000) / 20), -1, 1)[None].astype(np.float32)
    good = (0.4 * np.sin(np.arange(8000) / 20))[None].astype(np.float32)
    made = [Sound(x, RATE) for x in (loud, good, np.zeros_like(good), good * 1e-4, good + 0.3)]
    scores = Scores()
    measures.faults(scores, made, reference.held)
    assert scores.metrics["silent"] == 0.4 and scores.metrics["clipped"] == 0.2 and scores.metrics["offset"] == 0.2


def test_a_silent_sound_is_kept_as_silence(reference):
    material = reference.material
    heard = hear(prepared([Sound(np.zeros((1, 5000), np.float32), RATE)], material), material.frames)
    assert len(heard) == 1 and not heard.images.any()


# ---- label by label


def fresh(reference: Reference, each: int, swap: dict[str, str] | None = None) -> Made:
    """New real-like sounds of each label; those of a label in `swap` are of another kind."""
    rng = np.random.default_rng(5)
    asked = [label for label in ("hat", "kick", "snare") for _ in range(each)]
    sounds = [hit((swap or {}).get(label, label), rng) for label in asked]
    return Made(sounds, asked, hear(prepared(sounds, reference.material), reference.material.frames))


def test_a_label_that_is_another_one_is_found_out(reference):
    list(reference.teach())
    ears = reference.ears
    assert ears is not None and not list(reference.teach()), "it is taught once"
    made = fresh(reference, 14, {"kick": "hat"})
    scores = Scores()
    heard, said = classes.agreement(scores, made, ears)
    confusion = classes.confusion(made, ears, heard, said)
    near = np.zeros(len(made), bool), np.zeros(len(reference.held), bool)
    rows = {row.label: row for row in classes.each(made, reference, confusion, heard, near, 0)}
    assert rows["kick"].agreement is not None and rows["kick"].agreement < 0.2 and rows["kick"].mistaken_for[0][0] == "hat"
    assert min(rows["hat"].agreement or 0, rows["snare"].agreement or 0) > 0.7
    assert rows["hat"].heard is not None and rows["hat"].heard >= 20
    held = {label: row.held_out for label, row in rows.items()}
    for label, row in rows.items():
        if held[label] < classes.FEWEST:
            assert f"{held[label]} held-out" in row.left_out and row.frechet is None
        else:
            assert row.frechet is not None and row.frechet_floor is not None and not row.left_out


def test_without_a_judge_there_are_still_rows(reference):
    made = fresh(reference, 2)
    none = np.zeros(0, np.int64)
    rows = classes.each(made, reference, classes.confusion(made, None, none, none), none, (none > 0, none > 0), 0)
    assert [row.made for row in rows] == [2, 2, 2] and all(row.agreement is None and row.copies is None for row in rows)


# ---- notes


class Player:
    """Plays sines at the notes it is asked for; those from 72 up an octave too high, those below 48 as noise."""

    controls = Controls(pitch=Range(30, 90, 60), classes=("hat", "kick"))

    def __init__(self) -> None:
        self.asked: list[tuple[float, dict[str, float]]] = []

    def render(self, request):
        self.asked.append((request.pitch, request.classes))
        note = request.pitch + 12 * (request.pitch >= 72)
        time = np.arange(RATE // 2) / RATE
        wave = np.sin(2 * np.pi * 440 * 2 ** ((note - 69) / 12) * time)
        if request.pitch < 48:
            wave = np.random.default_rng(request.seed).standard_normal(len(time))
        yield Sound((0.3 * wave)[None].astype(np.float32), RATE)


def drive(work):
    """What a generator returns."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def test_notes_are_counted_octave_by_octave_beside_real_ones(reference):
    known = np.full(len(reference.train), np.nan, np.float32)
    known[:6] = (40, 41, 64, 65, 76, 77)
    held = np.full(len(reference.held), np.nan, np.float32)
    held[0] = 60
    pitched = replace(reference, train=replace(reference.train, pitch=known), held=replace(reference.held, pitch=held))
    player, scores = Player(), Scores()
    low, middle, high = drive(notes.pitches(scores, player, pitched))
    assert [(row.low, row.made) for row in (low, middle, high)] == [(36, 16), (60, 16), (72, 16)]
    assert low.unpitched > 0.8 and middle.correct == 1 and high.octave == 1 and high.error == pytest.approx(1200, abs=5)
    assert middle.held_out == 1 and set(middle.floor) == {"correct", "octave", "unpitched", "error"} and low.floor == {}
    assert scores.metrics["pitch_correct"] == pytest.approx(1 / 3, abs=0.05) and "pitch_correct" in scores.floor
    assert all(scores.intervals[f"pitch_{name}"][0] <= scores.metrics[f"pitch_{name}"] for name in notes.NAMES)
    labels = {label for _, classes in player.asked for label in classes}
    assert labels == {reference.train.labels[i] for i in reference.train.label[:6]} & {"hat", "kick"}


def test_without_a_pitch_control_no_note_is_asked_for(reference):
    class Drum:
        controls = Controls()

    scores = Scores()
    assert drive(notes.pitches(scores, Drum(), reference)) == () and not scores.metrics


# ---- words and pictures


@pytest.mark.parametrize(
    ("value", "between", "expected"), [(0.0, (0, 0), (0, 0.03)), (1.0, (1, 1), (0.97, 1)), (0.5, (0.4, 0.6), (0.4, 0.6))]
)
def test_a_share_that_was_never_met_leaves_room(value, between, expected):
    assert room(value, between, 100) == pytest.approx(expected)


def test_nearness_to_real_sounds_in_a_word():
    def of(value, floor, between=None, better="less", unit="share"):
        found = Evaluation(
            metrics={"x": value}, floor={} if floor is None else {"x": floor}, intervals={"x": between} if between else {}
        )
        return likeness(found, Measure("x", "", "", better, unit))

    assert [of(0.5, 0.4, unit=""), of(1.5, 0.4, unit=""), of(4.0, 0.4, unit="")] == ["real", "near", "far"]
    assert [of(0.9, 0.95, better="more"), of(0.8, 0.95, better="more"), of(0.2, 0.95, better="more")] == ["real", "near", "far"]
    assert of(4.0, 0.4, (0.3, 9.0), unit="") == "real", "within its interval it is not known to be worse"
    assert [of(v, 3.0, better="more", unit="times") for v in (2.8, 2.0, 1.1)] == ["real", "near", "far"]
    assert of(float("nan"), 0.4) == ""
    assert of(1.4, 1.0, better="real") == "far" and of(0.7, 0.6, better="more") == "real" and of(0.1, None) == ""
    assert [shown(0.123, "share"), shown(0.0123, "share"), shown(None, "share"), shown(-3.5, "dB")] == [
        "12 %",
        "1.2 %",
        "–",
        "−3.5 dB",
    ]


def test_the_page_holds_every_label_and_nothing_is_cut_off(reference):
    made = fresh(reference, 3)
    none = np.zeros(0, np.int64)
    rows = classes.each(made, reference, classes.confusion(made, None, none, none), none, (none > 0, none > 0), 0)
    names = {measure.name: 0.5 for measure in evaluation.MEASURES}
    found = Evaluation(metrics=names, floor=names, intervals={"copies": (0.4, 0.6)}, classes=rows)
    image = page.draw(found, reference, made, {}, "A run " + "with a very long name " * 20)
    assert image.shape[1] == page.WIDTH and 700 < len(image) < page.TALLEST
    edge = np.concatenate([image[:, :10].reshape(-1, 3), image[:, -10:].reshape(-1, 3), image[-10:].reshape(-1, 3)])
    assert (edge == edge[0]).all(), "something runs out of the page"
    nameless = Made(made.sounds, [""] * len(made), made.heard)
    assert page.draw(found, reference, nameless, {}, "Of no label").shape[1] == page.WIDTH
    fewer = page.draw(msgspec.structs.replace(found, classes=rows[:1]), reference, made, {}, "A run")
    assert len(fewer) < len(image)


def test_the_plane_is_that_of_the_training_sounds():
    x = np.random.default_rng(0).standard_normal((200, 5)) * [9, 4, 1, 1, 1]
    known, same = page.plane(x, x[:10])
    assert np.allclose(np.cov(known.T), np.eye(2), atol=1e-6) and np.allclose(known[:10], same)
    assert abs(np.corrcoef(known[:, 0], x[:, 0])[0, 1]) > 0.95


# ---- labelled sets for others


def test_a_set_has_so_many_of_each_label_and_is_never_overwritten(run, tmp_path):
    result = list(augment.per_class(run, 2, tmp_path))[-1].result
    assert result["labels"] == {"hat": 2, "kick": 2, "snare": 2} and result["judge"] is None
    assert set(result["dropped"].values()) == {0} and len(result["files"]) == 6
    before = {path: Path(path).read_bytes() for path in result["files"]}
    for path in map(Path, result["files"]):
        recipe = from_json(riff.embedded_recipe(path) or b"")
        assert path.parent.parent == tmp_path and recipe.request.classes == {path.parent.name: 1.0}
    assert len({from_json(riff.embedded_recipe(path) or b"").request.seed for path in result["files"]}) == 6
    again = list(augment.per_class(run, 2, tmp_path, Request(classes={"kick": 1.0})))[-1].result
    assert again["labels"] == {"kick": 2} and not set(again["files"]) & set(before)
    assert all(Path(path).read_bytes() == data for path, data in before.items())
    with pytest.raises(NotOffered):
        list(augment.per_class(run, 2, tmp_path, Request(classes={"cowbell": 1.0})))


def test_what_is_left_out_is_drawn_again_and_counted(run, tmp_path, monkeypatch):
    class Strict:
        accuracy = 0.5
        asked = 0

        @classmethod
        def fit(cls, *_):
            yield events.Progress(done=1)
            return cls()

        def against(self, sound, label):
            self.asked += 1
            return "silent" if label == "kick" else ["", "copies", "other label"][self.asked % 3]

    monkeypatch.setattr(augment, "Filter", Strict)
    result = list(augment.per_class(run, 2, tmp_path, checked=True))[-1].result
    assert result["labels"] == {"hat": 2, "kick": 0, "snare": 2} and result["judge"] == 0.5
    assert result["dropped"]["silent"] == 2 * augment.TRIES and min(result["dropped"].values()) >= 2


def test_silent_copied_and_wrong_sounds_are_told_from_good_ones(reference):
    list(reference.teach())
    prints = [analysis.fingerprint(sound) for sound in reference.known.sounds]
    filter = augment.Filter(reference.material, Detector.hearing(prints, reference.train.sound), reference.ears)
    rng = np.random.default_rng(8)
    assert filter.against(Sound(np.zeros((1, 9000), np.float32), RATE), "kick") == "silent"
    known = reference.known.sounds[0]
    assert filter.against(Sound(known.samples * np.float32(0.5), RATE), "hat") == "copies"
    assert [filter.against(hit("hat", rng), "hat") for _ in range(8)].count("") >= 6
    assert [filter.against(hit("hat", rng), "kick") for _ in range(8)].count("other label") >= 6
    assert filter.against(hit("hat", rng), "a label nobody knows") == "" and (filter.accuracy or 0) > 0.8
