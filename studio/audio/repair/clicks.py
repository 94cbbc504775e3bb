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
from studio.audio.repair.prediction import Wave, lags, predictor, solved
from studio.audio.step import Parameter, Step

ORDER = 32
"""Samples from which the next one is foretold, to find clicks."""
_FINER, _AROUND = 128, 2048
"""Samples from which the next one is foretold, at most, and on either side by which it is learned, to write what they hide."""

HARDEST, EASIEST = 2.2, 0.95
"""Powers of ten of the usual error from which a click is found, at sensitivity 0 and 1."""

_BLOCK = 0.046
"""Seconds for which one prediction holds."""
_GRAIN = 0.003
"""Seconds over which the usual error is measured."""
_ALONE = 0.05
"""Seconds on either side in which a click has few like it."""
_FEW = 6
_EDGE = 0.4
"""Of the error from which a click is found: what belongs to it still."""
_QUIET = 3e-5
"""An error of the last bit of 16 is no click."""
AT_ONCE, MARGIN = 20.0, 1.0
"""Seconds of a long sound that are looked at in one go, and on either side of what is mended of them."""
_LOUDER, _FADING, _RECENT = 1.6, 1.1, 1.8
"""The sound may be so many times louder after a click than just before; after one that has no end of its own; and than a moment
earlier: else something has begun, and its attack may click."""
_PIECES, _PIECE = 2, 0.01
"""So many pieces of so many seconds are the moment before."""
_WORTH = 10
"""Times the mean square by which what is written is likely to be wrong: a smaller click is left."""


@blockwise
def clicks(sound: Feed, sensitivity: float = 0.5, longest: float = 2) -> Blocks:
    """Each click of at most `longest` ms in each channel interpolated; as it was where there is none."""
    for piece, start, end in portions(sound, round(AT_ONCE * sound.rate), round(MARGIN * sound.rate)):
        samples = piece.copy()
        for channel in samples:
            x = channel.astype(np.float64)
            for first, last in find(x, sound.rate, sensitivity, longest):
                written, error = interpolated(x, first, last, sound.rate)
                if np.square(x[first:last] - written).mean() > _WORTH * error:
                    channel[first:last] = x[first:last] = written
        yield samples[:, start:end]


def find(x: Wave, rate: int, sensitivity: float = 0.5, longest: float = 2) -> list[tuple[int, int]]:
    """Where clicks begin and end in (frames,): a click begins where its past does not foretell it, and ends where its future
    does not, or where it has faded. The front of a note would end before it begins, and the sound is louder after it."""
    if len(x) < 4 * ORDER or not x.any():
        return []
    factor = 10 ** (HARDEST - (HARDEST - EASIEST) * sensitivity)
    grain = max(8, round(_GRAIN * rate))
    forward, backward = _unforeseen(x, rate), _unforeseen(x[::-1], rate)[::-1]
    over: Wave = np.stack([error / _usual(error, grain) for error in (forward, backward)]) / factor
    bursts = [
        (first, last)
        for first, last in _bursts(over.max(axis=0) > _EDGE, max(1, round(0.0005 * rate)))
        if over[:, first:last].max() > 1
    ]
    heights = np.array([over[:, first:last].max() for first, last in bursts])
    places = np.array([first for first, _ in bursts])
    found = []
    for (start, end), height in zip(bursts, heights):
        begins, ends = (np.flatnonzero(side > _EDGE) for side in over[:, start:end])
        if not len(begins):
            continue
        is_whole = len(ends) > 0 and begins[0] <= ends[-1]
        first, last = start + int(begins[0]), start + int(ends[-1]) + 1 if is_whole else end
        like = (np.abs(places - start) < _ALONE * rate) & (heights > height / 2)
        short = last - first <= longest * rate / 1000
        if short and like.sum() <= _FEW and not _begins(x, first, last, rate, _LOUDER if is_whole else _FADING):
            found.append((max(0, first - 1), min(len(x), last + 1)))
    return found


def _unforeseen(x: Wave, rate: int) -> Wave:
    """(frames,): how far off linear prediction is, in blocks."""
    from scipy.signal import lfilter

    block = max(8 * ORDER, round(_BLOCK * rate))
    out = np.zeros_like(x)
    for first in range(0, len(x), block):
        model = predictor(x[max(0, first - block // 2) : first + block + block // 2], ORDER)[0]
        begin = max(0, first - ORDER)
        out[first : first + block] = lfilter(model, 1, x[begin : first + block])[first - begin :]
    return np.abs(out)


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


def _begins(x: Wave, first: int, last: int, rate: int, louder: float) -> bool:
    """Whether the sound is so much louder after than it was a moment before, as in the attack of a note."""
    span, rest = round(_PIECE * rate), round(0.001 * rate)
    after = x[last + rest : last + rest + span]
    if not len(after):
        return False
    past = np.pad(x[max(0, first - _PIECES * span) : first], (max(0, _PIECES * span - first), 0)).reshape(_PIECES, span)
    before = np.sqrt(np.mean(past**2, axis=1))
    return bool(np.sqrt(np.mean(after**2)) > min(louder * before[-1], _RECENT * before.min()) + _QUIET)


def interpolated(x: Wave, first: int, last: int, rate: int) -> tuple[Wave, float]:
    """(last − first,): what should stand there: the values of least error in prediction, and the prediction anew from them; and
    by what mean square they are likely to be wrong."""
    from scipy.linalg import toeplitz

    order = min(_FINER, max(16, round(0.003 * rate)))
    start, end = max(0, first - _AROUND), min(len(x), last + _AROUND)
    around = np.pad(x[start:end], order)
    gap = np.arange(first, last) - start + order
    around[gap] = np.linspace(around[gap[0] - 1], around[gap[-1] + 1], len(gap) + 2)[1:-1]
    for _ in range(3):
        model, unforeseen = predictor(around, order)
        pull = lags(model)
        around[gap] = 0
        near = around[gap[0] - order : gap[-1] + order + 1]
        around[gap] = solved(gap, pull, -np.convolve(near, np.concatenate([pull[:0:-1], pull]), "valid"))
    row = np.pad(pull, (0, max(0, len(gap) - len(pull))))[: len(gap)]
    return around[gap], unforeseen * float(np.trace(np.linalg.pinv(toeplitz(row)))) / len(gap)


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
