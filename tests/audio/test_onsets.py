"""Onsets are where hits begin, and steady sounds have one at most."""

from __future__ import annotations

import numpy as np
import pytest

from studio.audio.onsets import onsets
from studio.audio.sound import Sound
from tests.library.test_slices import RATE, STARTS, loop


@pytest.mark.parametrize("rate", [22_050, 44_100, 96_000])
def test_onsets_are_where_hits_begin(rate: int) -> None:
    found = np.array(onsets(loop(rate, 2))) / rate
    assert len(found) == len(STARTS) and np.abs(found - STARTS).max() < 0.01


def test_steady_sounds_and_silence_have_no_more_onsets_than_one() -> None:
    time = np.arange(3 * RATE) / RATE
    assert len(onsets(Sound(np.sin(2 * np.pi * 220 * time).astype(np.float32)[None] * 0.5, RATE))) == 1
    noise = np.random.default_rng(0).standard_normal((1, 3 * RATE)).astype(np.float32) * 0.1
    assert len(onsets(Sound(noise, RATE))) == 1
    assert onsets(Sound(np.zeros((1, RATE), np.float32), RATE)) == onsets(Sound(np.zeros((1, 0), np.float32), RATE)) == []
