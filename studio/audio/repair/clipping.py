"""Peaks that were cut off flat, because a recording was too loud, rounded again.

They are gaps in which the wave is known to have gone further. All gaps of a stretch are written at once, so that linear
prediction errs least: A. Janssen, R. Veldhuis and L. Vries, “Adaptive interpolation of discrete-time signals that can be
modeled as autoregressive processes” (1986); held to what the cut says, as P. Záviška and others ask in “A survey and an
extensive evaluation of popular audio declipping methods” (2021), by block pivoting: L. Portugal, J. Júdice and L. Vicente, “A
comparison of block pivoting and interior-point algorithms for linear least squares problems with nonnegative variables” (1994).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from studio.audio.blocks import Blocks, Feed, blockwise, portions
from studio.audio.repair.clicks import AT_ONCE, MARGIN
from studio.audio.repair.prediction import Wave, lags, predictor, solved
from studio.audio.step import Parameter, Step

Places = NDArray[np.int_]

_FLAT, _STEEP = 2e-4, 2e-3
"""Of its level: by how little the samples of a flat top differ, and by how much those two beside it do."""
_SHORTEST = 3
"""Samples: so many in a row at the top are no accident."""
_OFTEN, _MOST = 3, 0.5
"""So many flat tops in a channel, and no more than this share of its time, or it is meant to be square."""
_LONGEST = 0.02
"""Seconds; a longer flat top can't be guessed."""
_ORDER = 128
"""Samples from which the next one is foretold, at 44.1 kHz and above: 3 ms."""
_STRETCH, _AROUND = 0.023, 0.093
"""Seconds that are written at once, and from which it is learned how the wave goes."""
_PASSES = 3
"""What was learned of cut peaks is learned again from round ones."""
_FARTHER, _DEEPER = 3.0, 50.0
"""How far beyond the cut peaks are expected, in heights of the cut: so far, and so much more by the share that is cut off."""
_PIVOTS = 12


@blockwise
def declip(sound: Feed, closeness: float = 0.5) -> Blocks:
    """Each flat top at the largest level of its channel written anew, louder than full scale if need be; as it was where there
    are none."""
    size, margin = round(AT_ONCE * sound.rate), round(MARGIN * sound.rate)
    top = np.max([np.abs(block).max(axis=1, initial=0) for block in sound] or [np.zeros(sound.channels)], axis=0)
    level = top * 10 ** (-closeness / 20)
    lengths: list[list[int]] = [[] for _ in top]  # of the flat tops of each channel
    for piece, start, end in portions(sound, size, margin):
        for number in np.flatnonzero(top):
            tops = flat_tops(piece[number], level[number])
            lengths[number] += [last - first for first, last in tops if start <= first < end]
    shares = [sum(found) / max(1, sound.frames) * (len(found) >= _OFTEN) for found in lengths]
    for piece, start, end in portions(sound, size, margin):
        samples = piece.copy()
        for channel, share in enumerate(shares):
            if not 0 < share <= _MOST:
                continue
            places = _cut_off(piece[channel], sound.rate, level[channel], top[channel])
            if len(places):
                expected = (_FARTHER + _DEEPER * share) * top[channel]
                samples[channel, places] = _rounded(piece[channel].astype(np.float64), places, sound.rate, expected)
        yield samples[:, start:end]


def _cut_off(x: np.ndarray, rate: int, level: float, top: float) -> Places:
    """Frames whose value is only known to have been larger."""
    is_cut = np.abs(x) >= (1 - _FLAT) * top  # too short to be flat, but of the same height
    for first, last in flat_tops(x, level):
        is_cut[first:last] = last - first <= _LONGEST * rate
    return np.flatnonzero(is_cut)


def flat_tops(x: np.ndarray, level: float) -> Iterator[tuple[int, int]]:
    """First and one past the last frame of each run of (frames,) that is level, at `level` or beyond, between steep flanks; the
    crest of a slow wave has none."""
    flat = (np.abs(np.diff(x)) <= _FLAT * level) & (np.abs(x[1:]) >= level)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat, [False]]))).reshape(-1, 2)
    for first, last in edges + np.array([0, 1]):
        flanks = [abs(x[i] - x[j]) for i, j in ((first, first - 2), (last - 1, last + 1)) if 0 <= j < len(x)]
        if last - first >= _SHORTEST and min(flanks, default=0) > _STEEP * level:
            yield int(first), int(last)


def _rounded(cut: Wave, places: Places, rate: int, expected: float) -> Wave:
    """Other values at `places`, none nearer to zero; by about how much they are larger is expected."""
    order = min(_ORDER, max(16, round(0.003 * rate)))
    x = np.pad(cut, order)
    for _ in range(_PASSES):
        for here in _stretches(places, max(1, round(_STRETCH * rate))):
            middle = order + (here[0] + here[-1]) // 2
            half = max(round(_AROUND * rate), here[-1] - here[0] + 4 * order) // 2
            model, error = predictor(x[max(0, middle - half) : middle + half], order)
            pull = lags(model)
            x[here + order] = cut[here]
            around = x[here[0] : here[-1] + 2 * order + 1]
            slope = np.convolve(around, np.concatenate([pull[:0:-1], pull]), "valid")[here - here[0]]
            pull[0] += error / expected**2
            x[here + order] += _beyond(here, pull, slope, np.sign(cut[here]))
    return x[places + order]


def _stretches(places: Places, frames: int) -> Iterator[Places]:
    """Runs of neighbours stay together."""
    runs = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    number = np.array([(run[0] - places[0]) // frames for run in runs])
    for first in np.unique(number):
        yield np.concatenate([run for run, of in zip(runs, number) if of == first])


def _beyond(places: Places, pull: Wave, slope: Wave, sign: Wave) -> Wave:
    """(N,) what to add at `places` for the least error, of the same sign as there or nothing."""
    free = np.ones(len(places), bool)
    fewest, patience = len(places) + 1, 3
    more = np.zeros(len(places))
    for _ in range(_PIVOTS):
        more[:] = 0
        if free.any():
            more[free] = solved(places[free], pull, -slope[free])
        line = np.zeros(places[-1] - places[0] + 1)
        line[places - places[0]] = more
        rest = np.convolve(line, np.concatenate([pull[:0:-1], pull]))[len(pull) - 1 :][places - places[0]] + slope
        below, held = free & (sign * more < 0), ~free & (sign * rest < -1e-12)
        wrong = int(below.sum() + held.sum())
        if not wrong:
            break
        patience = 3 if wrong < fewest else patience - 1
        fewest = min(wrong, fewest)
        free = (free & ~below) | (held & (patience > 0))  # in the end they are only held
    return sign * np.maximum(sign * more, 0)


STEPS: dict[str, Step] = {
    "declip": Step(
        "Round off peaks that were cut off",
        declip,
        (Parameter("closeness", "dB", 0.5, 0, 3, help="How near to the loudest sample a top must be to count as cut off"),),
        "repair",
        within=True,
    )
}
