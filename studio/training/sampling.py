"""Which sounds a step hears: a pure function of (seed, step), so that a run resumes from its step number alone.

Sounds of similar length share a batch, because a model computes only as far as the longest sound of its batch.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

CHUNK = 8
"""Batches that are sorted by length together: few enough to keep mixing labels, enough to save a third of the work on drums."""

BLUR = 0.25
"""Lengths are sorted with this relative blur, so that even in a small set the same sounds do not always meet."""


def mix(*numbers: int) -> int:
    """One well-spread 63-bit seed out of several numbers."""
    state = np.random.SeedSequence([int(n) & 0xFFFFFFFFFFFFFFFF for n in numbers]).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))


class Sampler:
    """Draws batches of row numbers. `lengths` (N,) in any unit; `labels` (N,) balance the draws if given."""

    def __init__(self, lengths: NDArray, batch: int, seed: int, labels: NDArray | None = None) -> None:
        if not len(lengths):
            raise ValueError("there is nothing to sample")
        self.lengths = np.asarray(lengths, dtype=np.float64)
        self.batch = min(batch, len(lengths))
        self.seed = seed
        self.per_epoch = -(-len(lengths) // self.batch)
        self.weights = None if labels is None else _balance(np.asarray(labels))
        self._epoch = functools.lru_cache(maxsize=2)(self._make_epoch)

    def rows(self, draw: int) -> NDArray[np.int64]:
        """Rows of the draw-th batch, (B,)."""
        epoch, index = divmod(draw, self.per_epoch)
        return self._epoch(epoch)[index]

    def some(self, most: int) -> list[NDArray[np.int64]]:
        """Batches of no more than `most` rows in all, each once, drawn whatever their lengths and labels are: a few of the
        batches of an epoch would be mostly short sounds, or mostly long ones."""
        rows = np.random.default_rng(mix(self.seed, 3)).permutation(len(self.lengths))[:most]
        rows = rows[np.argsort(self.lengths[rows], kind="stable")]
        return np.split(rows, range(self.batch, len(rows), self.batch))

    def _make_epoch(self, epoch: int) -> NDArray[np.int64]:
        """(batches, B): every row once (and a few twice, to fill the last batch), or drawn by label."""
        rng = np.random.default_rng(mix(self.seed, 1, epoch))
        count, size = len(self.lengths), self.per_epoch * self.batch
        if self.weights is None:
            rows = rng.permutation(count)
            rows = np.concatenate([rows, rng.permutation(count)[: size - count]])
        else:
            rows = rng.choice(count, size=size, p=self.weights)
        chunk = CHUNK * self.batch
        key = self.lengths[rows] * np.exp(BLUR * rng.standard_normal(size))
        places = np.split(np.arange(size), range(chunk, size, chunk))
        parts = [rows[place[np.argsort(key[place], kind="stable")]] for place in places]
        return rng.permutation(np.concatenate(parts).reshape(self.per_epoch, self.batch))


def _balance(labels: NDArray) -> NDArray[np.float64]:
    """Chance of each row so that every label is equally likely; unlabelled rows (−1) count as one label."""
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    weights = 1.0 / counts[inverse]
    return weights / weights.sum()
