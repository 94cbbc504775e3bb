"""The tempo of patterns of known tempo, beats where they were played, and no tempo where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from studio.audio.sound import Sound
from studio.audio.tempo import tempo
from tests.audio.make import RATE, hit, noise, sine
from tests.drums import drum


def pattern(bpm: float, seconds: float = 8.0, rate: int = RATE, channels: int = 1) -> Sound:
    """Kick and snare on the beats, hats between them."""
    out = np.zeros(round(seconds * rate), np.float32)
    for number in range(int(seconds * bpm / 30)):
        sound = drum(("kick", "hat", "snare", "hat")[number % 4], 0, rate) * np.float32(0.5)
        start = round(number * 30 / bpm * rate)
        out[start : start + len(sound)] += sound[: len(out) - start]
    return Sound(np.tile(out, (channels, 1)), rate)


@pytest.mark.parametrize(("bpm", "rate"), [(84, RATE), (95, 48_000), (110, 22_050), (124.5, RATE), (139, 96_000)])
def test_tempo_and_beats_of_a_pattern(bpm, rate):
    found = tempo(pattern(bpm, rate=rate, channels=2))
    assert found is not None and found.bpm == pytest.approx(bpm, rel=0.005) and 0.5 < found.confidence <= 1
    beat = 60 / bpm
    away = (found.beats / beat + 0.5) % 1 - 0.5
    assert np.abs(away * beat).max() < 0.012
    assert len(found.beats) >= 8 / beat - 5 and np.all(np.abs(np.diff(found.beats) - beat) < 0.02)


@pytest.mark.parametrize("bpm", [62, 70, 174, 190])
def test_slow_and_fast_ones_are_right_up_to_an_octave(bpm):
    found = tempo(pattern(bpm))
    assert found is not None
    assert min(abs(found.bpm / bpm / octave - 1) for octave in (0.5, 1, 2)) < 0.005


@pytest.mark.parametrize("shift", [0.1, 0.25])
def test_beats_move_with_the_sound(shift):
    still = pattern(120)
    moved = Sound(np.pad(still.samples, ((0, 0), (round(shift * RATE), 0))), RATE)
    found = tempo(moved)
    assert found is not None and found.bpm == pytest.approx(120, rel=0.005)
    assert np.abs(((found.beats - shift) * 2 + 0.5) % 1 - 0.5).max() < 0.03


@pytest.mark.parametrize(
    "sound",
    [
        Sound(np.zeros((2, 4 * RATE), np.float32), RATE),
        Sound(np.zeros((1, 0), np.float32), RATE),
        Sound(np.full((1, 4 * RATE), 0.5, np.float32), RATE),
        hit(before=0.5),
        hit(seconds=0.01),
        sine(440, 4),
        noise(0.3),
    ],
    ids=["silence", "nothing", "offset", "one hit", "short", "note", "hiss"],
)
def test_there_is_not_always_a_tempo(sound):
    assert tempo(sound) is None
