"""Where the edges of a selection go when the hand moves them: the nearest zero crossing of the open clip."""

from __future__ import annotations

import numpy as np

from studio.audio.sound import Audio

REACH = 0.02
"""Seconds that are looked at on either side."""


def zero_crossing(sound: Audio, seconds: float) -> float:
    """The moment nearest to `seconds` at which the mean of the channels changes its sign; `seconds` where there is none."""
    at, reach = round(seconds * sound.rate), round(REACH * sound.rate)
    first = max(0, at - reach)
    wave = sound.read(first, at + reach - first).mean(axis=0)
    changes = np.flatnonzero(np.signbit(wave[1:]) != np.signbit(wave[:-1])) + 1
    if not len(changes):
        return seconds
    return float(first + changes[np.abs(first + changes - at).argmin()]) / sound.rate
