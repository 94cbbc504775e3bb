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
    if not len(fingerprints):
        return np.zeros(0, np.int64)
    _, first, same = np.unique(np.asarray(hashes, dtype=str), return_index=True, return_inverse=True)
    prints, lengths = fingerprints[first], np.log(np.maximum(seconds[first], 1e-3)) * (NEAR / np.log(LENGTH))
    valid = np.flatnonzero(np.isfinite(prints).all(axis=1) & prints.any(axis=1))
    points = np.column_stack([prints, lengths.astype(np.float32)])[valid]
    return _joined(len(first), valid[_pairs(points)])[same]


def _pairs(points: NDArray[np.float32]) -> NDArray[np.int64]:
    """(M, 2) rows that are near each other; of many near ones, the nearest `NEIGHBOURS` of each."""
    from scipy.spatial import cKDTree

    if len(points) < 2:
        return np.zeros((0, 2), np.int64)
    unique, first, inverse = np.unique(points, axis=0, return_index=True, return_inverse=True)
    equal = np.stack([first[inverse], np.arange(len(points))], axis=1)
    ranks = np.arange(2, 2 + min(NEIGHBOURS, len(unique) - 1))
    distance, index = cKDTree(unique).query(unique, k=ranks, distance_upper_bound=NEAR, workers=-1)
    row, column = np.nonzero(np.isfinite(distance))
    near = np.stack([first[row], first[index[row, column]]], axis=1)
    return np.concatenate([equal, near]).astype(np.int64)


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
