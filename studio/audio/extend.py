"""How a sound would have gone on beyond its ends: the same tones and the same noise. stretch.py gives it to a machine whose
windows are longer than many a one-shot, so that no edge is heard; loops.py and repairs may fill a gap with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from studio.audio.sound import Samples

Array = NDArray[np.float64]

ORDER = 96
"""Coefficients of the prediction: enough for forty-eight partials."""
HEARD = 4096
"""Frames next to an end from which is learned how it goes on."""
_ENOUGH = 1e-9
"""Share of the power that is left unexplained when no more coefficients help."""


def around(samples: Samples, frames: int) -> Samples:
    """(C, frames + T + frames): the samples with what could have been before and after them."""
    before = after(samples[:, ::-1], frames)[:, ::-1]
    return np.concatenate([before, samples, after(samples, frames)], axis=1)


def after(samples: Samples, frames: int) -> Samples:
    """(C, frames) that go on from the end of (C, T): linear prediction from the last frames, driven by the mirror image of
    what it could not predict there, so that a tone stays a tone and noise stays noise at its level."""
    return np.stack([_goes_on(channel[-HEARD:].astype(np.float64), frames) for channel in samples]).astype(np.float32)


def _goes_on(heard: Array, frames: int) -> Array:
    from scipy.signal import lfilter, lfiltic

    coefficients = _burg(heard, min(ORDER, len(heard) // 3))
    order = len(coefficients) - 1
    if order < 1:
        return np.pad(heard, (0, frames), mode="reflect")[len(heard) :]
    surprise = lfilter(coefficients, [1.0], heard)[order:]
    driven = np.pad(surprise, (0, frames), mode="reflect")[len(surprise) :]
    state = lfiltic([1.0], coefficients, heard[: -order - 1 : -1])
    found = lfilter([1.0], coefficients, driven, zi=state)[0]
    top = np.abs(heard).max()
    return np.clip(found, -2 * top, 2 * top)


def _burg(x: Array, order: int) -> Array:
    """Coefficients (≤ order + 1,) of the filter that predicts x, the first one 1; it is stable (Burg, "Maximum entropy spectral
    analysis", 1975)."""
    forward, backward = x, x
    found = np.ones(1)
    least = _ENOUGH * float(x @ x)
    for _ in range(order):
        forward, backward = forward[1:], backward[:-1]
        power = float(forward @ forward + backward @ backward)
        if power <= 2 * least or power < 1e-30:
            break
        turn = -2 * float(forward @ backward) / power
        found = np.append(found, 0.0)
        found = found + turn * found[::-1]
        forward, backward = forward + turn * backward, backward + turn * forward
    return found
