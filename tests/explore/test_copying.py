"""Copies are found whatever was done to them; sounds of the same kind that were made anew are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from studio.audio import files
from studio.audio.analysis import fingerprint
from studio.audio.sound import Sound
from studio.explore.copying import COPY, Detector, difference, picture
from tests.bench.copies import WAYS
from tests.drums import drum


@pytest.fixture(scope="module")
def known(drums_once: Path) -> Detector:
    paths = sorted(drums_once.rglob("*.wav"))
    return Detector.fit([fingerprint(files.read(path)) for path in paths], [str(path) for path in paths])


@pytest.mark.parametrize("way", [way for way in WAYS if way != "all but the codecs"])
def test_a_changed_copy_is_found(known: Detector, way: str) -> None:
    rng = np.random.default_rng(1)
    for index in (1, 6, 17, 22):  # hats and snares: the made kicks are one sine with five names
        found = known.find(WAYS[way](files.read(Path(known.paths[index])), rng))
        assert found is not None and found.copy and found.index == index, (known.paths[index], found)


def test_another_hit_of_the_same_kind_is_no_copy(known: Detector) -> None:
    for label in ("snare", "hat"):
        for seed in range(50, 60):
            found = known.find(Sound(drum(label, seed)[None], 44_100))
            assert found is not None and not found.copy and found.decibels > known.limit


def test_where_all_sounds_are_alike_a_copy_must_be_nearer(tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.wav" for i in range(8)]
    for i, path in enumerate(paths):
        files.write(path, Sound(drum("kick", i)[None], 44_100))
    detector = Detector.fit([fingerprint(files.read(path)) for path in paths], [str(path) for path in paths])
    assert 0 < detector.limit < COPY
    found = detector.find(files.read(paths[3]))
    assert found is not None and found.copy and found.index == 3


def test_silence_and_files_that_are_gone_are_no_copies(known: Detector) -> None:
    assert known.find(Sound(np.zeros((1, 100), np.float32), 44_100)) is None
    assert known.find(Sound(np.zeros((1, 0), np.float32), 44_100)) is None
    gone = Detector(known.known, tuple(path + " gone" for path in known.paths))
    assert gone.find(Sound(drum("kick", 0)[None], 44_100)) is None
    assert Detector.fit(np.zeros((0, 64)).reshape(0, 64), []).find(Sound(drum("kick", 0)[None], 44_100)) is None
    with pytest.raises(ValueError, match="2 fingerprints of 1 files"):
        Detector.fit(np.zeros((2, 64)), ["one"])


def test_any_sound_has_a_picture() -> None:
    rng = np.random.default_rng(0)
    for frames in (1, 7, 500, 200_000):
        sound = Sound(rng.standard_normal((2, frames)).astype(np.float32), 44_100)
        assert difference(picture(sound, 4), picture(sound)) in (np.inf, pytest.approx(0, abs=0.3))
    wild = Sound(np.array([[np.nan, 1.0, np.inf, -np.inf] * 200], np.float32), 8_000)
    assert np.isfinite(picture(wild)).all()
