"""How a sound would have gone on beyond its ends: the same tones and the same noise. stretch.py gives it to a machine whose
windows are longer than many a one-shot, so that no edge is heard."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from studio.audio.sound import Samples

Array = NDArray[np.float64]

ORDER = 192
"""Coefficients of the prediction: enough for ninety-six partials, or for eight of a bass."""
HEARD = 4096
"""Frames next to an end from which is learned how it goes on."""
_RIDGE = 1e-12
"""Of the power: keeps the equations solvable where a sound is simpler than ORDER."""


def around(samples: Samples, frames: int) -> Samples:
    """(C, frames + T + frames): the samples with what could have been before and after them."""
    before = after(samples[:, ::-1], frames)[:, ::-1]
    return np.concatenate([before, samples, after(samples, frames)], axis=1)


def after(samples: Samples, frames: int) -> Samples:
    """(C, frames) that go on from the end of (C, T): linear prediction from the last frames, driven by the mirror image of
    what it could not predict there, so that a tone stays a tone and noise stays noise at its level. Where the prediction runs
    away, or there is too little to learn from, it is the mirror image of the sound."""
    from scipy.signal import lfilter, lfiltic

    heard = samples[:, -HEARD:].astype(np.float64)
    mirrored = np.pad(heard, ((0, 0), (0, frames)), mode="reflect")[:, heard.shape[1] :]
    coefficients = _prediction(heard, min(ORDER, heard.shape[1] // 3))
    order = len(coefficients) - 1
    if order < 1:
        return mirrored.astype(np.float32)
    found = np.empty_like(mirrored)
    for row, channel in enumerate(heard):
        surprise = lfilter(coefficients, [1.0], channel)[order:]
        driven = np.pad(surprise, (0, frames), mode="reflect")[len(surprise) :]
        state = lfiltic([1.0], coefficients, channel[: -order - 1 : -1])
        found[row] = lfilter([1.0], coefficients, driven, zi=state)[0]
    steady = np.abs(found).max(initial=0.0) <= 2 * np.abs(heard).max(initial=0.0)
    return (found if steady else mirrored).astype(np.float32)


def _prediction(heard: Array, order: int) -> Array:
    """Coefficients (order + 1,) of the filter that predicts all channels (C, T) best, forwards and backwards, the first one 1:
    the modified covariance method (Marple, "A new autoregressive spectrum analysis algorithm", 1980). (1,) of silence."""
    if order < 1:
        return np.ones(1)
    products = np.sum([_products(channel, order) for channel in heard], axis=0)
    products += products[::-1, ::-1]
    power = float(products[0, 0])
    if power < 1e-20:
        return np.ones(1)
    inner = products[1:, 1:] + _RIDGE * power * np.eye(order)
    return np.concatenate([[1.0], -np.linalg.solve(inner, products[1:, 0])])


def _products(x: Array, order: int) -> Array:
    """(order + 1, order + 1): the sums of x[t − i] · x[t − j] over all t from `order` on, each diagonal from its first."""
    first, last = x[:order][::-1], x[len(x) - order :][::-1]
    found = np.empty((order + 1, order + 1))
    found[0] = [x[order:] @ x[order - j : len(x) - j] for j in range(order + 1)]
    found[:, 0] = found[0]
    for i in range(order):
        found[i + 1, 1:] = found[i, :-1] + first[i] * first - last[i] * last
    return found
