"""Recordings are cut where something begins, in windows, or not at all; short or long, in memory or on the disk."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.audio.sound import Sound
from studio.library.slices import pieces
from studio.models.controls import Material
from tests.drums import drum

RATE = 44_100
STARTS = [0.0, 0.5, 1.0, 1.3, 2.5, 4.0]


def loop(rate: int = RATE, channels: int = 1) -> Sound:
    out = np.zeros(rate * 5, np.float32)
    for i, start in enumerate(STARTS):
        hit = drum(("kick", "snare", "hat")[i % 3], i, rate) * (0.4 + 0.1 * i)
        out[round(start * rate) : round(start * rate) + len(hit)] += hit
    return Sound(np.repeat(out[None], channels, axis=0), rate)


def material(slices: str, seconds: float = 1.0, trim: bool = True) -> Material:
    return Material(rate=RATE, channels=1, seconds=seconds, slices=slices, trim=trim)  # type: ignore[arg-type]


def test_onset_pieces_hold_one_hit_each() -> None:
    sound = loop()
    found = pieces(sound, material("onset"))
    assert [round(a / RATE, 1) for a, _ in found] == [round(s, 1) for s in STARTS]
    assert all(0.1 < (b - a) / RATE < 0.4 for a, b in found)


def test_windows_tile_what_is_heard_and_skip_silence() -> None:
    sound = loop()
    found = pieces(sound, material("window", 0.5))
    assert all(b - a <= RATE // 2 for a, b in found)
    assert not any(a < 3.25 * RATE < b for a, b in found) and any(a < 2.6 * RATE < b for a, b in found)
    [(first, last)] = pieces(sound, material("window", 60.0))
    assert first == 0 and found[-1][1] <= last < sound.frames


def test_a_whole_sound_is_trimmed_only_where_asked() -> None:
    hit = drum("snare", 1)
    padded = Sound(np.concatenate([np.zeros(RATE, np.float32), hit, np.zeros(RATE, np.float32)])[None], RATE)
    [(a, b)] = pieces(padded, material("whole", 4.0))
    assert abs(a - RATE) < 0.01 * RATE and b < RATE + len(hit) + 0.01 * RATE
    assert pieces(padded, material("whole", 4.0, trim=False)) == [(0, padded.frames)]
    assert pieces(padded, material("whole", 0.1))[0][1] - a == round(0.1 * RATE)
    assert pieces(Sound(np.zeros((2, 900), np.float32), RATE), material("whole")) == []


def test_a_file_and_its_sound_are_cut_alike(tmp_path: Path) -> None:
    sound = loop(48_000)
    soundfile.write(tmp_path / "loop.wav", sound.samples.T, 48_000, subtype="FLOAT")
    for slices in ("whole", "onset", "window"):
        assert pieces(tmp_path / "loop.wav", material(slices)) == pieces(sound, material(slices))


@settings(max_examples=40, deadline=None)
@given(
    frames=st.integers(0, 60_000),
    rate=st.sampled_from([4000, 11_025, 44_100]),
    seed=st.integers(0, 9),
    seconds=st.floats(0.02, 2),
)
def test_pieces_are_in_order_inside_and_apart(frames: int, rate: int, seed: int, seconds: float) -> None:
    rng = np.random.default_rng(seed)
    samples = (rng.standard_normal((1, frames)) * (rng.random(frames) > 0.5) * np.abs(np.sin(np.arange(frames) / 3000))).astype(
        "f4"
    )
    for slices in ("whole", "onset", "window"):
        found = pieces(Sound(samples, rate), material(slices, seconds))
        assert all(0 <= a < b <= frames and b - a <= round(seconds * rate) + 1 for a, b in found)
        assert all(before[1] <= after[0] for before, after in pairwise(found))


def test_a_long_recording_needs_little_memory(tmp_path: Path) -> None:
    part = loop().samples[0]
    with soundfile.SoundFile(tmp_path / "long.wav", "w", RATE, 1, subtype="PCM_16") as file:
        for _ in range(120):
            file.write(part)
    tracemalloc.start()
    found = pieces(tmp_path / "long.wav", material("onset"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == 120 * len(STARTS)
    assert peak < 24 << 20  # the samples alone would be 100 MiB
