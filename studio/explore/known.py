"""Axes found again: the same faders in the same places under the same names, whichever moment of a model is open.

Two axes are the same when they put the project's sounds in the same order; only that survives a training, which moves the whole
space. Explore takes what the project knows (project/axes.py) when a space is built, and keeps what it shows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from studio.explore.axes import Axes, correlations
from studio.project.axes import KnownAxis

Array = NDArray[np.float64]

SOUNDS = 256
"""By how many sounds an axis is known."""
FEWEST = 8
"""Sounds that both must know to compare them."""
SAME = 0.5
"""|r| from which an axis bears the name of the one that was known."""
STRANGE = 0.5
"""Drift from which what was kept in one moment may sound quite different in another."""


def take(axes: Axes, ids: ArrayLike, known: Sequence[KnownAxis]) -> Axes:
    """`axes` of the sounds `ids` (N,) in the places and senses of the `known` ones, with their names.

    A name whose axis has no place any more is given to the fader that resembles it, if that bears none.
    """
    rows = np.asarray(ids, np.int64)
    shown = sorted((axis for axis in known if axis.slot is not None), key=lambda axis: axis.slot or 0)
    if shown:
        likeness = np.stack([_likeness(axes, rows, axis) for axis in shown], axis=1)
        axes = axes.placed(likeness, [axis.slot or 0 for axis in shown])
    for axis in sorted(known, key=lambda axis: axis.slot is None):
        r = np.abs(_likeness(axes, rows, axis))
        free = np.array([not name.given for name in axes.names], bool)
        if axis.name and free.any() and (r * free).max() >= SAME and axis.name not in {name.given for name in axes.names}:
            axes = axes.renamed(int((r * free).argmax()), axis.name)
    return axes


def keep(axes: Axes, ids: ArrayLike, known: Sequence[KnownAxis] = (), dropped: str = "") -> tuple[KnownAxis, ...]:
    """What to remember of `axes` of the sounds `ids`: each as it is shown, and named ones of `known` that have no fader now,
    without the name `dropped`, which was taken away."""
    rows = np.asarray(ids, np.int64)
    some = np.arange(0, len(rows), max(1, -(-len(rows) // SOUNDS)))
    seen = [tuple(round(float(score), 3) for score in column) for column in axes.scores[some].T]
    told = tuple(int(id) for id in rows[some])
    now = [KnownAxis(slot=i, name=axes.names[i].given, ids=told, scores=scores) for i, scores in enumerate(seen)]
    taken = {"", dropped, *(axis.name for axis in now)}
    return (*now, *(_parked(axis) for axis in known if axis.name not in taken))


def drift(before: ArrayLike, after: ArrayLike) -> float:
    """How far the same sounds (N, D) lie from where they lay in another moment, in their usual distance from their middle.

    0 is nowhere else; at 1 a latent from before says nothing of its sound now. Between the last moments of a training of one
    minute it was 0.2 to 0.4, between its first and last 1.2 and more, between two runs 1.3; axes put the sounds in the same
    order all the while (r > .98), which is why they are aligned by that.
    """
    old, new = np.asarray(before, float), np.asarray(after, float)
    spread = float(np.linalg.norm(old - old.mean(axis=0)))
    return float(np.linalg.norm(new - old)) / spread if spread > 0 else 0.0


def _likeness(axes: Axes, rows: NDArray[np.int64], axis: KnownAxis) -> Array:
    """Correlation of each of `axes` with a known one over the sounds that both know, (k,)."""
    both, mine, theirs = np.intersect1d(rows, np.array(axis.ids, np.int64), return_indices=True)
    if len(both) < FEWEST:
        return np.zeros(len(axes))
    return correlations(axes.scores[mine], np.array(axis.scores)[theirs, None])[:, 0]


def _parked(axis: KnownAxis) -> KnownAxis:
    """The same axis without a fader."""
    return KnownAxis(name=axis.name, ids=axis.ids, scores=axis.scores)
