"""A sample pack: sounds in their folders, evenly loud, with a cover, contents, licence and instruments."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import msgspec
import pytest

from studio.audio import analysis, files, riff
from studio.export import base, cover
from studio.export.base import Item
from studio.project import recipe as recipes
from tests.audio.make import hit, noise, sine
from tests.export.test_wav import RECIPE

PACK = base.exporter("pack")
ITEMS = [
    Item(hit(90 + 10 * i, 0.2), f"Kick {i}", msgspec.structs.replace(RECIPE, step=i), label="kick", tags=("deep",))
    for i in range(5)
] + [Item(noise(0.3), "Hat", tempo=90.0), Item(sine(220, 0.4), "Ton", root=57.0, label="bass/low", folder="from/there")]


def export(folder: Path, items=ITEMS, template="{name}", **options) -> tuple[Path, dict]:
    told = list(PACK.write(items, folder, PACK.Options(**({"title": "My pack"} | options)), template))
    return folder / "My pack", told[-1].result


def tree(root: Path) -> set[str]:
    return {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}


def test_sounds_lie_in_the_folders_of_their_labels(tmp_path):
    root, result = export(tmp_path)
    kicks = {f"kick/Kick {i}.wav" for i in range(5)}
    assert tree(root) == kicks | {"Hat.wav", "bass_low/Ton.wav", "Cover.png", "Contents.txt"}
    assert {Path(p) for p in result["files"]} == {root / p for p in tree(root)} and result["problems"] == []


@pytest.mark.parametrize(
    ("folders", "places"),
    [("tag", {"deep", "."}), ("kept", {"from/there", "."}), ("none", {"."}), ("label", {"kick", "bass_low", "."})],
)
def test_other_trees(tmp_path, folders, places):
    root, _ = export(tmp_path, folders=folders, cover=False, contents=False)
    assert {str(Path(p).parent) for p in tree(root)} == places and len(tree(root)) == len(ITEMS)


def test_names_follow_the_template(tmp_path):
    root, _ = export(tmp_path, template="{pack}_{name}_{bpm}_{n}", folders="none", cover=False, contents=False)
    assert "My pack_Hat_90bpm_06.wav" in tree(root) and "My pack_Kick 0_01.wav" in tree(root)


def test_all_are_equally_loud_below_the_ceiling(tmp_path):
    root, _ = export(tmp_path, loudness=-20.0)
    for path in root.rglob("*.wav"):
        facts = analysis.facts(files.read(path))
        assert facts.loudness == pytest.approx(-20, abs=0.1) or facts.peak_db == pytest.approx(-1, abs=0.3)
    kept, _ = export(tmp_path / "kept", level="keep", bits="32f")
    assert (files.read(kept / "Hat.wav").samples == ITEMS[5].sound.samples).all()


def test_each_file_carries_its_recipe_and_the_text_names_it(tmp_path):
    root, _ = export(tmp_path, licence="Use it as you like.\nSay my name.", author="Ada")
    assert recipes.from_json(riff.embedded_recipe(root / "kick" / "Kick 3.wav")).step == 3
    text = (root / "Contents.txt").read_text(encoding="utf-8")
    assert text.startswith("My pack\n=======\n7 sounds by Ada") and "Use it as you like.\nSay my name." in text
    assert "kick/Kick 3.wav: Wavewright oneshot Drums-1 step 3 seed 7" in text
    assert (
        "Hat.wav: 0.30 s, mono, 44.1 kHz, 24 bit, 90 bpm" in text
        and "bass_low/Ton.wav: 0.40 s, mono, 44.1 kHz, 24 bit, A2" in text
    )
    silent, _ = export(tmp_path / "none")
    assert "No licence was given" in (silent / "Contents.txt").read_text(encoding="utf-8")


def test_the_cover_is_a_picture_of_the_sounds(tmp_path):
    root, _ = export(tmp_path)
    data = (root / "Cover.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, depth, colour = struct.unpack(">IIBB", data[16:26])
    assert (width, height, depth, colour) == (cover.SIZE, cover.SIZE, 8, 2)
    size = struct.unpack(">I", data[33:37])[0]
    rows = zlib.decompress(data[41 : 41 + size])
    assert len(rows) == height * (3 * width + 1) and len(set(rows)) > 100


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 10, 35, 36, 37, 1000])
def test_a_square_number_of_sounds_is_shown_within_the_cover(count):
    shown = cover.chosen(count)
    assert len(shown) <= min(count, cover.MOST) and shown == sorted(set(shown)) and all(0 <= n < count for n in shown)
    assert bool(shown) == bool(count)
    tiles = [cover.tile(hit(200, 0.05), len(shown)) for _ in shown[:1]] * len(shown)
    image = cover.draw("A very long name of a pack " * 5, ["1", "2"], tiles)
    assert image.shape == (cover.SIZE, cover.SIZE, 3)
    margin = image[: cover.SIZE, cover.SIZE - cover.MARGIN + 1 :]
    assert (margin == margin[0, 0]).all()  # nothing runs over the edge


def test_instruments_of_each_folder(tmp_path):
    root, _ = export(tmp_path, instruments=True)
    assert {p.name for p in root.glob("*.sfz")} == {"My pack - kick.sfz", "My pack - bass_low.sfz", "My pack.sfz"}
    for path in root.glob("*.sfz"):
        samples = [line.partition(" sample=")[2] for line in path.read_text().splitlines() if line.startswith("<region>")]
        assert samples and all((root / sample).is_file() for sample in samples)


def test_a_broken_sound_is_told_and_not_in_the_contents(tmp_path):
    root, result = export(tmp_path, [*ITEMS, Item(tmp_path / "gone.wav", "Gone")], instruments=True)
    assert [problem["name"] for problem in result["problems"]] == ["Gone"]
    assert "Gone" not in (root / "Contents.txt").read_text() and not (root / "Gone.wav").exists()
