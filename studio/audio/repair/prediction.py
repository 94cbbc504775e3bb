"""Linear prediction: how a wave goes on, from how it went; clicks and cut-off peaks are found and written anew by it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.float64]


def predictor(x: Wave, order: int) -> tuple[Wave, float]:
    """(order + 1,): the filter that leaves of `x` only what its past does not foretell, by autocorrelation; and the mean square
    of what it leaves."""
    from scipy.fft import irfft, next_fast_len, rfft
    from scipy.linalg import solve_toeplitz

    size = next_fast_len(len(x) + order + 1, real=True)
    window = np.hanning(len(x))
    r = irfft(np.abs(rfft(x * window, size)) ** 2, size)[: order + 1]
    r[0] += 1e-9 * r[0] + 1e-12
    model = np.concatenate([[1.0], -solve_toeplitz(r[:-1], r[1:])])
    return model, max(float(r @ model), 0.0) / max(float(window @ window), 1e-12)


def lags(model: Wave) -> Wave:
    """(order + 1,) autocorrelation of a filter: what its error's gradient is made of."""
    return np.correlate(model, model, "full")[len(model) - 1 :]


def solved(places: NDArray[np.int_], lags: Wave, goal: Wave) -> Wave:
    """(N,) values at `places` (N,), ascending, of the least error of prediction: a banded system of equations."""
    from scipy.linalg import solveh_banded

    order, size = len(lags) - 1, len(places)
    width = int((np.searchsorted(places, places + order, side="right") - np.arange(size)).max())
    beyond = np.append(lags, 0.0)
    bands = np.zeros((width, size))
    for row in range(width):
        bands[row, : size - row] = beyond[np.minimum(places[row:] - places[: size - row], order + 1)]
    bands[0] *= 1 + 1e-10
    return np.asarray(solveh_banded(bands, goal, lower=True, overwrite_ab=True, check_finite=False), np.float64)
