"""Places to cut: where nothing is heard of it, where something begins, on the beat."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.audio.onsets import LEAD
from studio.audio.snap import KINDS, Places
from studio.audio.sound import Sound
from tests.audio.make import RATE, sine
from tests.audio.test_tempo import pattern

TONE = Places(sine(100, 0.5, channels=2))


@settings(deadline=None)
@given(st.floats(0, 0.5))
def test_a_zero_crossing_of_a_tone_is_the_nearest_half_period(seconds):
    found = TONE.near(seconds, "zero")
    assert abs(found - seconds) <= 0.005 + 2 / RATE
    assert abs(found * 200 - round(found * 200)) < 200 * 1.5 / RATE
    assert abs(TONE.sound.samples[0, min(round(found * RATE), RATE // 2 - 1)]) < 0.5 * 2 * np.pi * 100 / RATE + 1e-6


def test_onsets_and_beats_are_found_within_reach():
    places = Places(pattern(120))
    assert places.near(1.004, "onset") == pytest.approx(1.0 - LEAD, abs=0.006)
    assert places.near(1.49, "beat", 0.1) == pytest.approx(1.5, abs=0.012)
    assert places.near(1.25 + 0.06, "beat") == 1.25 + 0.06
    assert places.tempo is not None and places.tempo.bpm == pytest.approx(120, rel=0.005)


@pytest.mark.parametrize("frames", [0, 1, 3, 5000])
@pytest.mark.parametrize("kind", KINDS)
def test_where_there_is_nothing_the_moment_stays(frames, kind):
    assert Places(Sound(np.zeros((1, frames), np.float32), RATE)).near(0.05, kind) == 0.05
