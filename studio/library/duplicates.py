"""Which sounds are the same sound again: copies, other formats, other levels. splits.py keeps them on one side, check.py tells.

Fingerprints of one sound in several versions lie within `NEAR` of each other, whatever their level. Neighbours are found in
a k-d tree and joined to groups, so 100,000 sounds take seconds, not hours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studio.library.index import Index

NEAR = 0.4
"""Largest distance of two fingerprints of the same sound. Measured on 668 drums: the same hit at other levels is within 0.1,
as MP3, OGG or at another rate mostly within 0.3, the nearest different hits begin at 0.7."""

LENGTH = 1.05
"""Largest ratio of their lengths."""

NEIGHBOURS = 6


def groups(
    fingerprints: NDArray[np.float32], hashes: Sequence[str] | NDArray[np.object_], seconds: NDArray[np.float64]
) -> NDArray[np.int64]:
    """(N,) number of the group of each sound; the same number means the same sound. A fingerprint that says
    nothing (NaN, or the zeros of silence) is alike by hash only."""
    count = len(fingerprints)
    if not count:
        return np.zeros(0, np.int64)
    _, first, same = np.unique(np.asarray(hashes, dtype=str), return_index=True, return_inverse=True)
    prints, lengths = fingerprints[first], np.log(np.maximum(seconds[first], 1e-3))
    valid = np.flatnonzero(np.isfinite(prints).all(axis=1) & prints.any(axis=1))
    pairs = valid[_pairs(prints[valid])]
    pairs = pairs[np.abs(lengths[pairs[:, 0]] - lengths[pairs[:, 1]]) <= np.log(LENGTH)]
    return _joined(len(first), pairs)[same]


def _pairs(points: NDArray[np.float32]) -> NDArray[np.int64]:
    """(M, 2) rows that are near each other; of many near ones, the nearest `NEIGHBOURS` of each."""
    from scipy.spatial import cKDTree

    if len(points) < 2:
        return np.zeros((0, 2), np.int64)
    unique, inverse = np.unique(points, axis=0, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    equal = np.flatnonzero(np.diff(inverse[order]) == 0)
    alike = np.stack([order[equal], order[equal + 1]], axis=1)  # a chain through identical points
    tree = cKDTree(unique)
    distance, index = tree.query(unique, k=min(NEIGHBOURS + 1, len(unique)), distance_upper_bound=NEAR, workers=-1)
    row, column = np.nonzero(np.isfinite(distance))
    near = np.stack([row, index[row, column]], axis=1)
    near = near[near[:, 0] < near[:, 1]]
    representative = np.zeros(len(unique), np.int64)
    representative[inverse] = np.arange(len(points))
    return np.concatenate([alike, representative[near]]).astype(np.int64)


def _joined(count: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def renew(index: Index) -> None:
    """Write down which sounds are the same, and mark all but the first of each group."""
    ids, fingerprints = index.fingerprints()
    columns = index.columns("source_hash", "seconds", "same", "problems")
    _, first, group = np.unique(
        groups(fingerprints, columns["source_hash"], columns["seconds"]), return_index=True, return_inverse=True
    )
    firsts = ids[first[group]]
    index.set_same({int(i): int(new) for i, new, old in zip(ids, firsts, columns["same"]) if new != old})
    marked = np.array(["duplicate" in text.split() for text in columns["problems"]], bool)
    again = firsts != ids
    if (on := ids[again & ~marked]).size:
        index.flag(on, "duplicate", True)
    if (off := ids[~again & marked]).size:
        index.flag(off, "duplicate", False)
