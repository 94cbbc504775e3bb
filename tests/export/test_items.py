"""What is known of clips and files before they are exported."""

from __future__ import annotations

import pytest

from studio.audio import files, riff
from studio.export import items
from studio.project.recipe import Recipe, Request
from studio.project.state import ClipFile
from tests.audio.make import hit

RECIPE = Recipe(family="gansynth", request=Request(pitch=61.5, velocity=90, classes={"bass": 0.2, "keys": 0.8}))


def test_a_clip_tells_what_its_recipe_knows():
    clip = ClipFile(
        id="a",
        name="Loop 90 bpm",
        tags=("warm",),
        recipe=RECIPE,
        edits=({"do": "reverse"},),
        rate=48_000,
        frames=480,
        channels=2,
    )
    item = items.of_clip(clip)
    assert (item.root, item.velocity, item.tempo, item.label, item.tags) == (61.5, 90, 90, "keys", ("warm",))
    assert item.recipe.edits == ({"do": "reverse"},) and item.shape == (48_000, 2, 480)
    bare = items.of_clip(ClipFile(id="b", name="x", tags=("hat",), rate=48_000, frames=1, channels=1), hit)
    assert (bare.root, bare.label, bare.recipe) == (None, "hat", None) and bare.load().frames == hit().frames


def test_a_file_tells_what_its_chunks_and_its_name_know(tmp_path):
    chunks = {"acid": riff.acid(140.0, 0.5), "cue ": riff.cue([0, 100])}
    path = files.write(tmp_path / "x.wav", hit(), root=62.0, loop=(5, 99), chunks=chunks, recipe=RECIPE.to_json())
    item = items.of_file(path, "Drums/Kicks")
    assert (item.root, item.loop, item.tempo, item.marks, item.recipe) == (62.0, (5, 99), 140.0, (0, 100), RECIPE)
    assert (item.label, item.folder) == ("keys", "Drums/Kicks")
    plain = items.of_file(files.write(tmp_path / "Beat_120bpm.wav", hit()), "Drums/Kicks")
    assert (plain.tempo, plain.label, plain.recipe, plain.root) == (120, "Kicks", None, None)
    gone = items.of_file(tmp_path / "gone.wav")
    assert gone.shape is None and gone.name == "gone"


def test_a_folder_is_walked_with_its_tree(tmp_path):
    for name in ("b.wav", "sub/a.wav", "sub/.hidden.wav", ".git/c.wav", "out/d.wav", "sub/deep/e.WAV"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        files.write(tmp_path / name, hit())
    (tmp_path / "notes.txt").write_text("no sound")
    found = [(item.folder, item.name) for item in items.in_folder(tmp_path, leaving=tmp_path / "out")]
    assert found == [("", "b"), ("sub", "a"), ("sub/deep", "e")]


@pytest.mark.parametrize(
    ("name", "tempo"),
    [("Loop 120bpm", 120), ("a_92.5 BPM_b", 92.5), ("bpm", None), ("1200bpm", None), ("5bpm", None), ("x 999bpm", None)],
)
def test_a_tempo_in_a_name(name, tempo):
    assert items.tempo_in(name) == tempo
