"""Loops are whole periods long and jump nowhere; the step leads an end into its beginning and says where the loop is."""

from __future__ import annotations

import numpy as np
import pytest

from studio.audio import loops, steps
from studio.audio.sound import Sound
from tests.audio.make import RATE, noise, sine
from tests.audio.test_extend import harmonic


def note(hz: float, vibrato: float = 0.0, channels: int = 1) -> Sound:
    """A held note of eight partials with an attack, a slow decay, and perhaps a vibrato (share of its pitch) of 5 Hz."""
    t = np.arange(2 * RATE) / RATE
    phase = 2 * np.pi * hz * (t - vibrato * np.cos(2 * np.pi * 5 * t) / (2 * np.pi * 5))
    wave = sum(0.3 / k * np.sin(k * phase + k) for k in range(1, 9)) * np.minimum(1, 40 * t) * np.exp(-0.2 * t)
    return Sound(np.tile(np.asarray(wave, np.float32), (channels, 1)), RATE)


@pytest.mark.parametrize(
    "sound", [harmonic(220, 1.5, 8), note(131), note(330, 0.003, 2)], ids=["steady", "decaying", "vibrato"]
)
def test_the_best_loops_are_whole_periods_and_seamless(sound):
    found = loops.find(sound)
    assert 3 <= len(found) <= 8 and [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    best = found[0]
    assert 0 < best.start < best.end < sound.frames and best.end + 1 - best.start >= loops.SHORTEST * RATE
    assert best.seam == loops.seam(sound.samples, best.start, best.end) < -40
    step = {"do": "loop", "start": best.start / RATE, "end": (best.end + 1) / RATE, "crossfade": 0.03}
    baked = steps.apply(sound, [step])
    assert steps.loop_of([step], RATE, baked.frames) == (best.start, best.end)
    assert loops.seam(baked.samples, best.start, best.end) < -60
    turns = np.tile(baked.samples[:, best.start : best.end + 1], 4)
    assert np.abs(np.diff(turns)).max() < 1.1 * np.abs(np.diff(sound.samples)).max()


def test_the_length_of_a_loop_is_a_whole_number_of_periods():
    for one in loops.find(harmonic(441, 1.5, 4))[:4]:
        assert (one.end + 1 - one.start) % 100 in (0, 1, 99)


@pytest.mark.parametrize("sound", [noise(1.0), sine(50, 0.1), Sound(np.zeros((2, RATE), np.float32), RATE), noise(0.001)])
def test_anything_may_be_asked(sound):
    for one in loops.find(sound):
        assert 0 < one.start < one.end < sound.frames and 0 <= one.score <= 1


def test_the_crossfade_follows_its_closed_form_and_leaves_the_rest():
    sound = noise(0.1, rate=1000)
    found = loops.loop(sound, 0.04, 0.09, 0.01).samples[0]
    share = np.arange(1, 11) / 10
    expected = sound.samples[0, 80:90] * (1 - share) + sound.samples[0, 30:40] * share
    assert np.allclose(found[80:90], expected, atol=1e-6) and found[89] == sound.samples[0, 39]
    assert np.array_equal(found[:80], sound.samples[0, :80]) and np.array_equal(found[90:], sound.samples[0, 90:])
    assert loops.loop(sound, 0.0, 0.09).frames == 100  # nothing leads up to the first frame


@pytest.mark.parametrize(
    ("later", "stays"),
    [
        ({"do": "gain", "db": -3}, True),
        ({"do": "to-mono"}, True),
        ({"do": "fade-out", "seconds": 0.1}, True),
        ({"do": "reverse"}, False),
        ({"do": "trim", "start": 0.1}, False),
        ({"do": "pitch", "semitones": 1}, False),
        ({"do": "stretch", "ratio": 2}, False),
        ({"do": "insert-silence", "at": 0, "seconds": 1}, False),
    ],
)
def test_a_loop_stays_until_time_is_changed(later, stays):
    marked = {"do": "loop", "start": 0.2, "end": 0.8}
    assert steps.loop_of([later, marked], 1000, 1000) == (200, 799)
    assert steps.loop_of([marked, later], 1000, 1000) == ((200, 799) if stays else None)
    assert steps.loop_of([later], 1000, 1000) is None
    assert steps.loop_of([marked], 1000, 500) == (200, 499) and steps.loop_of([marked], 1000, 100) is None
