"""Long clips: what was looked through or computed once is found again, and nothing takes the memory that an hour would."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.audio import edit, files, peaks, steps, stretch, timeline_steps
from studio.audio.repair import hum
from studio.audio.sound import Sound
from studio.audio.timeline_peaks import TimelinePeaks
from studio.errors import TooLong, UnreadableAudio, UsageError
from studio.project import renders as module
from studio.project.renders import Renders
from tests.audio.make import noise
from tests.audio.test_steps import material

CHAIN: list[dict[str, Any]] = [
    {"do": "cut", "start": 3.0, "end": 5.0},
    {"do": "swap"},
    {"do": "fade-in", "seconds": 2.0},
    {"do": "compressor"},
    {"do": "mix", "sound": "a", "at": 1.0},
    {"do": "normalise"},
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return files.write(tmp_path / "x.wav", noise(14.0, channels=2), subtype="FLOAT")


def test_a_chain_of_edits_is_what_it_is_in_memory_and_is_found_again(tmp_path: Path, path: Path) -> None:
    made = Renders(tmp_path / "cache", material)
    assert made.known(path, CHAIN) is None
    told = list(made.opened(path, CHAIN))
    assert [event.done for event in told if event.note == "compressor"] == [0, 10 * 44_100, 12 * 44_100]
    wanted = steps.apply(files.read(path), CHAIN, material)
    assert np.array_equal(made.whole(path, CHAIN).sound().samples, wanted.samples)
    kept = sorted(file.suffix for file in (tmp_path / "cache").iterdir())
    assert kept == [".f32", ".npy", ".npy", ".npy"]  # what was squeezed; the clip, the swap, and that
    again = Renders(tmp_path / "cache", material)
    assert list(again.opened(path, CHAIN)) == []
    found = again.known(path, CHAIN[:4])
    assert found is not None and found.frames == wanted.frames


def test_an_undo_is_the_timeline_of_before(tmp_path: Path, path: Path) -> None:
    made = Renders(tmp_path / "cache", material)
    before = made.whole(path, CHAIN[:2])
    made.whole(path, CHAIN[:3])
    assert made.known(path, CHAIN[:2]) is before


def test_a_damaged_cache_is_made_anew(tmp_path: Path, path: Path) -> None:
    Renders(tmp_path / "cache").whole(path, ())
    for file in (tmp_path / "cache").iterdir():
        file.write_bytes(b"torn")
    found = Renders(tmp_path / "cache").whole(path, ())
    own = peaks.build(files.read(path)).view(0, found.frames, 50)
    for mine, other in zip(TimelinePeaks(found).view(0, found.frames, 50), own):
        assert np.allclose(mine, other, atol=1e-6)


def test_the_cache_lets_go_of_what_is_oldest(tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 12_000_000)  # two renders of 14 s, and their pyramids
    made = Renders(tmp_path / "cache")
    for hz in (10, 20, 30, 40):
        made.whole(path, [{"do": "remove-drift", "hz": hz}])
    assert sum(file.stat().st_size for file in (tmp_path / "cache").iterdir()) <= 12_000_000 + 200_000
    assert made.known(path, [{"do": "remove-drift", "hz": 40}]) is not None


def test_what_does_not_fit_is_named_before_it_begins(tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TIMES_IN_MEMORY", 10**9)
    monkeypatch.delitem(timeline_steps._LOOKS, "hum")  # as a plug-in: it needs everything at once
    made = Renders(tmp_path / "cache")
    with pytest.raises(TooLong, match="hum"):
        made.whole(path, [{"do": "hum"}])
    assert made.whole(path, [{"do": "remove-drift"}]).frames == 14 * 44_100
    assert made.whole(path, [{"do": "reverse"}]).frames == 14 * 44_100
    with pytest.raises(UsageError):
        made.whole(path, [{"do": "nothing"}])
    path.unlink()
    with pytest.raises(UnreadableAudio):
        made.whole(path, ())


@pytest.mark.parametrize(
    "step", [{"do": "stretch", "ratio": 0.5}, {"do": "stretch", "ratio": 2.0}, {"do": "pitch", "semitones": 2}]
)
def test_progress_is_of_what_was_read_whatever_comes_of_it(tmp_path: Path, path: Path, monkeypatch, step) -> None:
    monkeypatch.setattr(stretch, "AT_ONCE", 2.0)
    told = [event for event in list(Renders(tmp_path / "cache").opened(path, [step])) if event.note == step["do"]]
    shares = [event.done / event.total for event in told]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1
    assert len({round(share, 2) for share in shares}) >= 6


def test_hum_of_a_long_clip_goes_as_that_of_a_short_one(tmp_path: Path) -> None:
    t = np.arange(14 * 44_100) / 44_100
    buzz = sum(0.05 / k * np.sin(2 * np.pi * 50.02 * k * t) for k in range(1, 7))
    sound = Sound((buzz + 0.01 * noise(14.0).samples).astype(np.float32), 44_100)
    path = files.write(tmp_path / "long.wav", sound, subtype="FLOAT")
    found = Renders(tmp_path / "cache").whole(path, [{"do": "hum"}])
    wanted = hum.hum(files.read(path)).samples
    assert np.array_equal(found.read(0, found.frames), wanted)
    assert np.square(wanted).mean() < 0.2 * np.square(sound.samples).mean()


def test_leaving_off_leaves_nothing(tmp_path: Path, path: Path) -> None:
    work = Renders(tmp_path / "cache").opened(path, ())
    next(work)
    work.close()
    assert not (tmp_path / "cache").exists()


def test_four_minutes_are_opened_edited_drawn_and_written_in_little_memory(tmp_path: Path) -> None:
    seconds, loud = 240, edit.gain(noise(10.0, channels=2), 6.0)

    class Take:
        rate, channels, frames, seconds = 44_100, 2, 240 * 44_100, 240.0

        def read(self, start: int, frames: int) -> np.ndarray:
            at = np.arange(start, min(start + frames, self.frames)) % loud.frames
            return loud.samples[:, at]

    made = Renders(tmp_path / "cache")
    tracemalloc.start()
    try:
        long = files.write(tmp_path / "long.wav", Take(), subtype="FLOAT")
        chain = [{"do": "cut", "start": 10, "end": 20}, {"do": "normalise"}, {"do": "swap"}, {"do": "fade-out", "seconds": 200}]
        timeline = made.whole(long, chain)
        TimelinePeaks(timeline).view(0, timeline.frames, 1000)
        peaks.spectrogram(timeline)
        files.write(tmp_path / "out.wav", timeline, subtype="PCM_24")
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert files.probe(tmp_path / "out.wav").frames == (seconds - 10) * 44_100
    assert most < long.stat().st_size / 2  # reading it whole would take twice as much for the first edit alone


def test_a_sound_longer_than_its_pyramid_knows_is_looked_through_again(tmp_path: Path) -> None:
    path = files.write(tmp_path / "x.wav", noise(12.0), subtype="FLOAT")
    made = Renders(tmp_path / "cache")
    made.whole(path, ())
    path.unlink()
    files.write(path, Sound(np.ones((1, 13 * 44_100), np.float32), 44_100), subtype="FLOAT")
    assert TimelinePeaks(made.whole(path, ())).view(0, 13 * 44_100, 1)[0][0] == 1
