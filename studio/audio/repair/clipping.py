"""Peaks that were cut off flat, because a recording was too loud, rounded again.

They are gaps in which the wave is known to have gone further: interpolated as clicks are (clicks.py), no lower than the cut.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from studio.audio.blocks import Blocks, Feed, blockwise, portions
from studio.audio.repair.clicks import AT_ONCE, MARGIN, interpolated
from studio.audio.step import Parameter, Step

_FLAT, _STEEP = 2e-4, 2e-3
"""Of its level: by how little the samples of a flat top differ, and by how much those two beside it do."""
_SHORTEST = 3
"""Samples: so many in a row at the top are no accident."""
_OFTEN, _MOST = 3, 0.2
"""So many flat tops in a channel, and no more than this share of its time, or it is meant to be square."""
_LONGEST = 0.004
"""Seconds; a longer flat top can't be guessed."""
_FARTHEST = 1.6
"""Times the height of the cut; what is guessed higher is guessed wrong."""


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
    cut_off = [
        len(found) >= _OFTEN and max(found) <= _LONGEST * sound.rate and sum(found) <= _MOST * sound.frames for found in lengths
    ]
    for piece, start, end in portions(sound, size, margin):
        samples = piece.copy()
        for number in np.flatnonzero(cut_off):
            x = samples[number].astype(np.float64)
            for first, last in flat_tops(piece[number], level[number]):
                sign = np.sign(x[first])
                guess = sign * interpolated(x, first, last, sound.rate)
                x[first:last] = sign * np.clip(guess, np.abs(x[first:last]), _FARTHEST * top[number])
            samples[number] = x
        yield samples[:, start:end]


def flat_tops(x: np.ndarray, level: float) -> Iterator[tuple[int, int]]:
    """First and one past the last frame of each run of (frames,) that is level, at `level` or beyond, between steep flanks; the
    crest of a slow wave has none."""
    flat = (np.abs(np.diff(x)) <= _FLAT * level) & (np.abs(x[1:]) >= level)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat, [False]]))).reshape(-1, 2)
    for first, last in edges + np.array([0, 1]):
        flanks = [abs(x[i] - x[j]) for i, j in ((first, first - 2), (last - 1, last + 1)) if 0 <= j < len(x)]
        if last - first >= _SHORTEST and min(flanks, default=0) > _STEEP * level:
            yield int(first), int(last)


STEPS: dict[str, Step] = {
    "declip": Step(
        "Round off peaks that were cut off",
        declip,
        (Parameter("closeness", "dB", 0.5, 0, 3, help="How near to the loudest sample a top must be to count as cut off"),),
        "repair",
        within=True,
    )
}
