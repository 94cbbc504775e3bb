"""`wavewright export` as people and scripts call it: every format, whole folders, options, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.audio import files
from studio.export import base
from studio.project.folder import ProjectFolder
from studio.project.recipe import Recipe, Request
from tests.audio.make import hit, noise, sine


@pytest.fixture
def drums(tmp_path) -> Path:
    root = tmp_path / "My drums"
    for name, sound in (("kicks/soft/A.wav", hit()), ("kicks/B.wav", hit(90)), ("Hat.wav", noise(0.2))):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        files.write(root / name, sound)
    return root


@pytest.mark.parametrize("format", base.exporters())
def test_every_format_of_the_list(result, drums, tmp_path, format):
    quick = ["--set", "frames=2"] if format == "wavetable" else []
    made = result("export", drums, "--as", format, "--out", tmp_path / "out", *quick)
    assert made["problems"] == [] and made["files"]
    assert all(Path(path).is_absolute() and Path(path).is_file() for path in made["files"])


def test_a_folder_is_converted_with_its_tree(result, drums, tmp_path):
    made = result("export", drums, "--as", "flac", "--set", "bits=16", "rate=48000", "--out", tmp_path / "out")
    found = {Path(path).relative_to(tmp_path / "out").as_posix() for path in made["files"]}
    assert found == {"Hat.flac", "kicks/B.flac", "kicks/soft/A.flac"}
    assert all(files.probe(path).rate == 48_000 for path in made["files"])


def test_into_the_folder_itself_nothing_is_converted_twice(result, drums):
    for count in (3, 3):
        assert len(result("export", drums, "--as", "ogg", "--out", drums / "out")["files"]) == count


def test_clips_folders_and_files_together(result, drums, tmp_path):
    with ProjectFolder.create(tmp_path / "P") as project:
        project.keep(sine(220, 0.3), Recipe(family="gansynth", request=Request(pitch=57.0)), "Ton", tags=("warm",))
    made = result(
        "export", tmp_path / "P", drums, drums / "Hat.wav", "--as", "pack", "--set", "title=All of it", "folders=kept",
        "licence=Free", "--names", "{n} {name} {note}", "--out", tmp_path / "out",
    )  # fmt: skip
    root = tmp_path / "out" / "All of it"
    assert {p.relative_to(root).as_posix() for p in root.rglob("*.wav")} == {
        "01 Ton A2.wav", "02 Hat.wav", "kicks/03 B.wav", "kicks/soft/04 A.wav", "05 Hat.wav"
    }  # fmt: skip
    assert "Free" in (root / "Contents.txt").read_text() and len(made["files"]) == 7


def test_what_is_left_out_is_told(wavewright, capsys, drums, tmp_path):
    (drums / "torn.wav").write_bytes(b"RIFFxxxx")
    status, lines, _ = wavewright("export", drums, "--out", tmp_path / "out")
    assert status == 0 and [p["name"] for p in lines[-1]["result"]["problems"]] == ["torn"]
    from studio import cli

    assert cli.main(["export", str(drums), "--out", str(tmp_path / "again")]) == 0
    said = capsys.readouterr().out
    assert "left out: torn" in said and "3 files, " in said


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["--as", "shellac"], 2, "known are wav"),
        (["--set", "bits=17"], 1, "bits"),
        (["--as", "mp3", "--set", "licence=x"], 1, "licence"),
        (["--names", "{tempo}"], 2, "{tempo}"),
        (["--as", "sfz", "--set", "first=200"], 1, "first"),
    ],
)
def test_what_can_not_be_is_refused_in_words(wavewright, drums, tmp_path, words, status, sentence):
    found, _, err = wavewright("export", drums, *words, "--out", tmp_path / "out")
    assert found == status and sentence in err and not (tmp_path / "out").exists()


def test_a_folder_without_sounds_is_refused(wavewright, tmp_path):
    (tmp_path / "empty").mkdir()
    status, _, err = wavewright("export", tmp_path / "empty", "--out", tmp_path / "out")
    assert status == 2 and "no sound in “empty”" in err
