"""`wavewright edit` as people and scripts meet it: one file, whole trees, what files say of themselves, what goes wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from studio import cli
from studio.audio import edit, files, riff, steps
from studio.project import materials
from studio.project.recipe import Recipe, from_json
from tests.audio.make import RATE, noise, sine


@pytest.fixture
def run(capsys):
    def run(*words: object) -> tuple[int, dict, str]:
        capsys.readouterr()
        status = cli.main([*map(str, words), "--json"])
        out, err = capsys.readouterr()
        return status, json.loads(out.splitlines()[-1]).get("result", {}) if out else {}, err

    return run


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    recipe = Recipe(family="oneshot", edits=({"do": "reverse"},)).to_json()
    return files.write(tmp_path / "tone.wav", sine(440, 0.5), subtype="FLOAT", root=69.0, loop=(1000, 2000), recipe=recipe)


def test_steps_are_done_in_order_to_one_file(run, tone, tmp_path):
    status, result, _ = run("edit", tone, tmp_path / "out.wav", "--do", "trim 0.1 0.3", "--do", "gain -6", "--bits", "32f")
    assert status == 0 and result == {"files": [str(tmp_path / "out.wav")], "problems": []}
    expected = edit.gain(edit.trim(sine(440, 0.5), 0.1, 0.3), -6)
    assert np.array_equal(files.read(tmp_path / "out.wav").samples, expected.samples)


def test_root_loop_and_recipe_go_with_the_sound(run, tone, tmp_path):
    run("edit", tone, tmp_path / "a.wav", "--do", "gain -6")
    assert riff.sampler(tmp_path / "a.wav") == (69.0, [(1000, 2000)])
    made = from_json(riff.embedded_recipe(tmp_path / "a.wav") or b"")
    assert made.edits == ({"do": "reverse"}, {"do": "gain", "db": -6.0})
    run("edit", tone, tmp_path / "b.wav", "--do", "pitch 7")
    assert riff.sampler(tmp_path / "b.wav") == (76.0, [])
    run("edit", tone, tmp_path / "c.wav", "--do", "varispeed 2", "--do", "loop 0.1 0.2")
    assert riff.sampler(tmp_path / "c.wav") == (81.0, [(4410, 8819)])
    run("edit", tone, tmp_path / "d.wav", "--rate", "88200", "--bits", "16")
    assert riff.sampler(tmp_path / "d.wav") == (69.0, [(2000, 4001)])
    assert files.probe(tmp_path / "d.wav").subtype == "PCM_16" and files.probe(tmp_path / "d.wav").rate == 88_200


def test_another_file_is_mixed_in_and_named_by_its_content(run, tone, tmp_path):
    other = noise(0.2)
    files.write(tmp_path / "my hat.wav", other, subtype="FLOAT")
    status, _, err = run("edit", tone, tmp_path / "out.wav", "--do", f'mix "{tmp_path / "my hat.wav"}" 0.1', "--bits", "32f")
    assert status == 0, err
    expected = steps.apply(sine(440, 0.5), [{"do": "mix", "sound": "", "at": 0.1}], lambda name: other)
    assert np.array_equal(files.read(tmp_path / "out.wav").samples, expected.samples)
    made = from_json(riff.embedded_recipe(tmp_path / "out.wav") or b"")
    assert made.edits[-1] == {"do": "mix", "sound": materials.address(other), "at": 0.1}


def test_a_tree_is_kept_nothing_is_overwritten_and_problems_are_told(run, tmp_path):
    drums = tmp_path / "Drums"
    (drums / "kicks").mkdir(parents=True)
    for path in (drums / "a.wav", drums / "kicks" / "a.wav", drums / "kicks" / ".hidden.wav"):
        files.write(path, noise(0.1))
    (drums / "broken.wav").write_bytes(b"RIFF of nothing")
    (drums / "notes.txt").write_text("la")
    out = tmp_path / "Out"
    status, result, _ = run("edit", drums, out, "--do", "reverse")
    assert status == 0
    assert [Path(path).relative_to(out).as_posix() for path in result["files"]] == ["a.wav", "kicks/a.wav"]
    assert [Path(problem["path"]).name for problem in result["problems"]] == ["broken.wav"] and result["problems"][0]["reason"]
    before = {path: path.read_bytes() for path in out.rglob("*.wav")}
    _, again, _ = run("edit", drums / "a.wav", drums / "kicks", out, "--do", "gain 3")
    assert [Path(path).relative_to(out).as_posix() for path in again["files"]] == ["a 2.wav", "kicks/a 2.wav"]
    assert all(path.read_bytes() == content for path, content in before.items())


def test_what_is_in_the_result_folder_is_no_source(run, tmp_path):
    files.write(tmp_path / "a.wav", noise(0.1))
    for _ in range(2):
        _, result, _ = run("edit", tmp_path, tmp_path / "Out", "--do", "reverse")
        assert len(result["files"]) == 1


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["IN", "taken.wav"], 1, "already there"),
        (["IN", "out.flac"], 2, "should end in .wav"),
        (["IN"], 2, "where the result goes"),
        (["IN", "out.wav", "--do", "polish"], 2, "no edit “polish”"),
        (["IN", "out.wav", "--do", "mix nowhere.wav"], 1, "nowhere.wav"),
        (["IN", "out.wav", "--rate", "7"], 1, "rate"),
        (["nowhere.wav", "out.wav"], 1, "gone"),
        (["empty", "out"], 2, "no sound file"),
    ],
)
def test_problems_are_one_sentence_and_leave_nothing(run, tone, tmp_path, monkeypatch, words, status, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.wav").write_text("mine")
    (tmp_path / "empty").mkdir()
    before = sorted(tmp_path.iterdir())
    found, _, err = run("edit", *(tone if word == "IN" else word for word in words))
    assert found == status and said in err and "Traceback" not in err
    assert sorted(tmp_path.iterdir()) == before and (tmp_path / "taken.wav").read_text() == "mine"


def test_closing_it_half_way_leaves_nothing(tmp_path):
    from studio.cli import grammar
    from studio.cli.edit import edit as work
    from studio.events import Produced

    for name in "ab":
        files.write(tmp_path / f"{name}.wav", noise(0.1))
    going = work(grammar.parser().parse_args(["edit", str(tmp_path), str(tmp_path / "new" / "Out"), "--do", "reverse"]))
    next(event for event in going if isinstance(event, Produced))
    going.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", "b.wav"]


def test_the_list_says_every_step_and_parameter(run, capsys):
    _, result, _ = run("edit", "--list")
    assert {step["name"] for step in result["steps"]} == set(steps.STEPS)
    cli.main(["edit", "--list"])
    said = capsys.readouterr().out
    for name, kind in steps.STEPS.items():
        assert name in said and kind.sentence in said
    assert "sound" in said and "must be given" in said and f"{RATE}" not in said
