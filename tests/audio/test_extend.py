"""A sound goes on beyond its ends as it was: tones in phase, noise at its level, and nothing runs away."""

from __future__ import annotations

import numpy as np
import pytest

from studio.audio import extend
from studio.audio.sound import Sound
from tests.audio.make import RATE, noise, sine


def harmonic(hz: float, seconds: float, partials: int, before: float = 0.0) -> Sound:
    t = np.arange(round(-before * RATE), round((seconds + before) * RATE)) / RATE
    wave = sum(0.4 / k * np.sin(2 * np.pi * hz * k * t) for k in range(1, partials + 1))
    return Sound(np.asarray(wave, np.float32)[None], RATE)


@pytest.mark.parametrize(("hz", "seconds", "partials"), [(440, 0.02, 1), (220, 0.05, 8), (440, 0.2, 8)])
def test_tones_go_on_in_phase(hz, seconds, partials):
    frames = round(0.05 * RATE)
    found = extend.around(harmonic(hz, seconds, partials).samples, frames)
    assert np.abs(found - harmonic(hz, seconds, partials, 0.05).samples).max() < 0.01


def test_noise_goes_on_at_its_level():
    found = extend.after(noise(0.2, channels=2).samples, 8000)
    assert found.std() == pytest.approx(0.1, rel=0.1)


@pytest.mark.parametrize("frames", [1, 2, 3, 7, 50])
def test_hardly_anything_is_mirrored_and_silence_stays(frames):
    found = extend.around(sine(440, frames / RATE).samples, 100)
    assert found.shape == (1, frames + 200) and np.abs(found).max() <= 1
    assert not extend.around(np.zeros((2, frames), np.float32), 100).any()


def test_what_grows_does_not_run_away():
    growing = np.exp(np.arange(4000) / 300)[None] * np.sin(np.arange(4000) / 5)
    found = extend.after((growing / growing.max()).astype(np.float32), 20_000)
    assert np.abs(found).max() <= 2
