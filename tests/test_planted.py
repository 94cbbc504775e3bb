"""Planted damage and the measures of repairs: what is wrong here would be wrong in every table of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from studio.audio.sound import Sound
from tests.bench import planted
from tests.bench.finding import click


@given(decibels=st.floats(2, 30), seed=st.integers(0, 9))
@settings(max_examples=10, deadline=None)
def test_planted_damage_is_as_large_as_it_says_and_where_it_says(decibels, seed):
    x = 0.1 * np.random.default_rng(seed).standard_normal(planted.RATE)
    for damaged in (
        planted.noise(x, "pink", decibels, seed),
        planted.hum(x, 50, -decibels, seed),
        planted.clipping(x, decibels),
    ):
        assert planted.sdr(x, damaged) == pytest.approx(decibels, abs=0.01)
    clicked, spans = planted.clicks(x, 0.5, 10, seed)
    inside = np.zeros(len(x), bool)
    for first, last in spans:
        inside[first:last] = True
    assert len(spans) == 10 and np.array_equal(clicked[~inside], x[~inside]) and not np.array_equal(clicked, x)
    assert all(any(a < last and b > first for first, last in spans) for a, b in planted.changed(x, clicked))
    assert (
        planted.sdr(x, x) == 150 and planted.distance(x, x) == 0 and planted.distance(x, x / 10) == pytest.approx(20, abs=0.01)
    )


def test_noise_that_twinkles_is_told_from_noise():
    noise = np.random.default_rng(0).standard_normal((2, 4 * planted.RATE))
    spectra = signal.stft(noise[0], nperseg=1024)[2]
    twinkling = signal.istft(spectra * (np.random.default_rng(1).random(spectra.shape) > 0.95), nperseg=1024)[1]
    assert abs(planted.twinkling(noise[0], noise[1])) < 0.1 and planted.twinkling(noise[0], twinkling) > 1


def test_a_click_at_a_seam_is_told_from_a_smooth_one():
    tone = np.sin(2 * np.pi * np.arange(4 * 441) / 441) + 1e-3 * np.random.default_rng(0).standard_normal(4 * 441)
    sound = Sound(tone.astype(np.float32)[None], planted.RATE)
    assert click(sound, 441, 3 * 441 - 1) < 6 < 20 < click(sound, 441, 3 * 441 + 100)
