"""Clicks of records and of bad cables: found where the wave can't be foretold, and written anew from what is around them.

After S. Godsill and P. Rayner, “Digital Audio Restoration” (1998), and A. Janssen, R. Veldhuis and L. Vries, “Adaptive
interpolation of discrete-time signals that can be modeled as autoregressive processes” (1986). A click is short, alone, and the
sound is after it what it was before: the front of a drum is not, nor is a buzzing wave.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from studio.audio.blocks import Blocks, Feed, blockwise, portions
from studio.audio.step import Parameter, Step

ORDER = 32
"""Samples from which the next one is foretold."""

Wave = NDArray[np.float64]

HARDEST, EASIEST = 2.2, 0.95
"""Powers of ten of the usual error from which a click is found, at sensitivity 0 and 1."""

_BLOCK = 0.046
"""Seconds for which one prediction holds."""
_GRAIN = 0.003
"""Seconds over which the usual error is measured."""
_ALONE = 0.05
"""Seconds on either side in which a click has few like it."""
_FEW = 3
_QUIET = 3e-5
"""An error of the last bit of 16 is no click."""
AT_ONCE, MARGIN = 20.0, 1.0
"""Seconds of a long sound that are looked at in one go, and on either side of what is mended of them."""
_LOUDER = 1.6
"""The sound may be so many times louder after a click than before; else something has begun."""


@blockwise
def clicks(sound: Feed, sensitivity: float = 0.5, longest: float = 2) -> Blocks:
    """Each click of at most `longest` ms in each channel interpolated; as it was where there is none."""
    for piece, start, end in portions(sound, round(AT_ONCE * sound.rate), round(MARGIN * sound.rate)):
        samples = piece.copy()
        for channel in samples:
            x = channel.astype(np.float64)
            for first, last in find(x, sound.rate, sensitivity, longest):
                channel[first:last] = interpolated(x, first, last, sound.rate)
                x[first:last] = channel[first:last]
        yield samples[:, start:end]


def find(x: Wave, rate: int, sensitivity: float = 0.5, longest: float = 2) -> list[tuple[int, int]]:
    """Where clicks begin and end in (frames,): a click begins where its past does not foretell it, and ends where its future
    does not. The front of a note, or the edge of a buzzing wave, would end before it begins."""
    if len(x) < 4 * ORDER or not x.any():
        return []
    factor = 10 ** (HARDEST - (HARDEST - EASIEST) * sensitivity)
    grain = max(8, round(_GRAIN * rate))
    forward, backward = _unforeseen(x, rate), _unforeseen(x[::-1], rate)[::-1]
    over: Wave = np.stack([error / _usual(error, grain) for error in (forward, backward)]) / factor
    bursts = list(_bursts(over.max(axis=0) > 1, max(1, round(0.0005 * rate))))
    heights = np.array([over[:, first:last].max() for first, last in bursts])
    places = np.array([first for first, _ in bursts])
    found = []
    for (start, end), height in zip(bursts, heights):
        begins, ends = (np.flatnonzero(side > 1) for side in over[:, start:end])
        if not len(begins) or not len(ends) or not 0 <= ends[-1] - begins[0] < longest * rate / 1000:
            continue
        first, last = start + int(begins[0]), start + int(ends[-1]) + 1
        like = (np.abs(places - start) < _ALONE * rate) & (heights > height / 2)
        if like.sum() <= _FEW and not _begins(x, first, last, rate):
            found.append((max(0, first - 1), min(len(x), last + 1)))
    return found


def _unforeseen(x: Wave, rate: int) -> Wave:
    """(frames,): how far off linear prediction is, in blocks."""
    from scipy.signal import lfilter

    block = max(8 * ORDER, round(_BLOCK * rate))
    out = np.zeros_like(x)
    for first in range(0, len(x), block):
        model = _prediction(x[max(0, first - block // 2) : first + block + block // 2])
        begin = max(0, first - ORDER)
        out[first : first + block] = lfilter(model, 1, x[begin : first + block])[first - begin :]
    return np.abs(out)


def _prediction(x: Wave) -> Wave:
    """(ORDER + 1,): the filter that leaves of `x` only what its past does not foretell; by autocorrelation."""
    from scipy.fft import irfft, next_fast_len, rfft
    from scipy.linalg import solve_toeplitz

    size = next_fast_len(len(x) + ORDER + 1, real=True)
    r = irfft(np.abs(rfft(x * np.hanning(len(x)), size)) ** 2, size)[: ORDER + 1]
    r[0] += 1e-9 * r[0] + 1e-12
    return np.concatenate([[1.0], -solve_toeplitz(r[:-1], r[1:])])


def _usual(error: Wave, grain: int) -> Wave:
    """(frames,): the usual error before or after each moment, whichever is larger, without the moment itself."""
    from scipy.ndimage import median_filter

    count = -(-len(error) // grain)
    medians = np.median(np.pad(error, (0, count * grain - len(error)), mode="reflect").reshape(count, grain), axis=1)
    sides = median_filter(np.pad(medians, 4, mode="edge"), 3)
    usual = np.maximum(np.maximum(sides[1 : 1 + count], sides[7 : 7 + count]), _QUIET)
    return np.repeat(usual, grain)[: len(error)]


def _bursts(is_high: NDArray[np.bool_], gap: int) -> Iterator[tuple[int, int]]:
    """First and one past the last of each group of moments with no more than `gap` between them."""
    high = np.flatnonzero(is_high)
    if not len(high):
        return
    for group in np.split(high, np.flatnonzero(np.diff(high) > gap) + 1):
        yield int(group[0]), int(group[-1]) + 1


def _begins(x: Wave, first: int, last: int, rate: int) -> bool:
    """Whether the sound is louder after than before, as at the front of a note."""
    span, rest = round(0.01 * rate), round(0.001 * rate)
    before, after = x[max(0, first - span) : first], x[last + rest : last + rest + span]
    if not len(after):
        return False
    return bool(np.sqrt(np.mean(after**2)) > _LOUDER * (np.sqrt(np.mean(before**2)) if len(before) else 0) + _QUIET)


def interpolated(x: Wave, first: int, last: int, rate: int) -> Wave:
    """(last − first,): what should stand there: the values of least error in prediction, and the prediction anew from them."""
    from scipy.linalg import solve, toeplitz

    span = max(4 * ORDER, round(0.02 * rate))
    start, end = max(0, first - span), min(len(x), last + span)
    around = np.pad(x[start:end], ORDER)
    gap = slice(first - start + ORDER, last - start + ORDER)
    size = last - first
    around[gap] = np.linspace(around[gap.start - 1], around[gap.stop], size + 2)[1:-1]
    for _ in range(3):
        model = _prediction(around)
        lags = np.correlate(model, model, "full")[ORDER:]
        row = np.pad(lags, (0, max(0, size - len(lags))))[:size]
        known = around.copy()
        known[gap] = 0
        error = np.convolve(known, model)
        pull = np.correlate(error, model, "valid")[gap]
        around[gap] = solve(toeplitz(row) + 1e-9 * row[0] * np.eye(size), -pull, assume_a="pos")
    return around[gap]


STEPS: dict[str, Step] = {
    "clicks": Step(
        "Remove clicks and ticks",
        clicks,
        (
            Parameter("sensitivity", default=0.5, low=0, high=1, help="How small a click may be and still go"),
            Parameter("longest", "ms", 2.0, 0.2, 10, help="What lasts longer is left as it is", log=True),
        ),
        "repair",
        within=True,
    )
}
