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


LIKE, SHIFT = 0.985, 4
"""Smallest cosine of two thumbnails of the same sound, at the best of a few columns' shift. Kicks of one synthesiser tuned
differently have the same fingerprint; their outlines tell. Measured: the same drum at another level 1.0, as MP3 or OGG 0.99."""

PITCH = 0.3
"""Semitones: two sounds of clear pitch further apart are two sounds, though a fingerprint hardly tells low notes apart."""


def groups(
    fingerprints: NDArray[np.float32],
    hashes: Sequence[str] | NDArray[np.object_],
    seconds: NDArray[np.float64],
    pitch: NDArray[np.float64] | None = None,
    thumbnails: NDArray[np.uint8] | None = None,
) -> NDArray[np.int64]:
    """(N,) number of the group of each sound; the same number means the same sound. fingerprints (N, 64), pitch in Hz or NaN,
    thumbnails (N, 2, 96).

    A fingerprint that says nothing (NaN, or the zeros of silence) is alike by hash only.
    """
    if not len(fingerprints):
        return np.zeros(0, np.int64)
    _, first, same = np.unique(np.asarray(hashes, dtype=str), return_index=True, return_inverse=True)
    prints, lengths = fingerprints[first], np.log(np.maximum(seconds[first], 1e-3)) * (NEAR / np.log(LENGTH))
    valid = np.flatnonzero(np.isfinite(prints).all(axis=1) & prints.any(axis=1))
    pairs = valid[_pairs(np.column_stack([prints, lengths.astype(np.float32)])[valid])]
    if pitch is not None:
        notes = 12 * np.log2(np.maximum(pitch[first], 1.0))
        apart = np.abs(notes[pairs[:, 0]] - notes[pairs[:, 1]]) > PITCH  # False where either has none
        pairs = pairs[~apart]
    if thumbnails is not None:
        pairs = pairs[_likeness(thumbnails[first], pairs) >= LIKE]
    return _joined(len(first), pairs)[same]


def _likeness(thumbnails: NDArray[np.uint8], pairs: NDArray[np.int64]) -> NDArray[np.float32]:
    """(M,) cosine of the outlines of each pair, at the best of a few shifts: encoders put a little silence in front."""
    outlines = thumbnails.astype(np.float32) - 128  # (N, 2, 96)
    best = np.full(len(pairs), -1, np.float32)
    for start in range(0, len(pairs), 20_000):
        part = pairs[start : start + 20_000]
        a, b = outlines[part[:, 0]], outlines[part[:, 1]]
        for shift in range(-SHIFT, SHIFT + 1):
            x = a[..., max(0, shift) : a.shape[2] + min(0, shift)]
            y = b[..., max(0, -shift) : b.shape[2] + min(0, -shift)]
            norm = np.sqrt(np.square(x).sum((1, 2)) * np.square(y).sum((1, 2))) + 1e-6
            cosine = (x * y).sum((1, 2)) / norm
            best[start : start + len(part)] = np.maximum(best[start : start + len(part)], cosine)
    return best


def _pairs(points: NDArray[np.float32]) -> NDArray[np.int64]:
    """(M, 2) rows that are near each other; of many near ones, the nearest `NEIGHBOURS` of each."""
    from scipy.spatial import cKDTree

    if len(points) < 2:
        return np.zeros((0, 2), np.int64)
    unique, first, inverse = np.unique(points, axis=0, return_index=True, return_inverse=True)
    equal = np.stack([first[inverse], np.arange(len(points))], axis=1)
    if len(unique) < 2:
        return equal
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
    columns = index.columns("source_hash", "seconds", "pitch", "same", "problems")
    group = groups(fingerprints, columns["source_hash"], columns["seconds"], columns["pitch"], index.thumbnails())
    _, first, number = np.unique(group, return_index=True, return_inverse=True)
    firsts = ids[first[number]]
    index.set_same({int(i): int(new) for i, new, old in zip(ids, firsts, columns["same"]) if new != old})
    marked = np.array(["duplicate" in text.split() for text in columns["problems"]], bool)
    again = firsts != ids
    if (on := ids[again & ~marked]).size:
        index.flag(on, "duplicate", True)
    if (off := ids[~again & marked]).size:
        index.flag(off, "duplicate", False)
