"""Which known sounds are like this one, why, and whether it is a copy.

Works on the fingerprints that the library keeps of every sound (audio/analysis.py): plain mel summaries, which find copies
better than learned embeddings do. F fingerprint size, N known sounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from studio.explore.axes import WORDS, heard

Array = NDArray[np.float64]

TWINS = 0.05
"""Share of the median distance between any two known sounds up to which they count as one: duplicates, velocity layers."""


@dataclass(frozen=True)
class Match:
    """A known sound by its index, its distance, and that distance in usual ones (`ratio`; 1 is an ordinary neighbour)."""

    index: int
    distance: float
    ratio: float


@dataclass(frozen=True, eq=False)
class CopyMeter:
    """Judges nearness by how near the training sounds usually are to each other.

    known (N, F); usual: median distance of a known sound to its nearest neighbour that is another sound; copy: below this it is
    a copy
    """

    known: Array
    usual: float
    copy: float

    @classmethod
    def fit(cls, fingerprints: ArrayLike) -> CopyMeter:
        known = np.atleast_2d(np.asarray(fingerprints, float))
        apart = distances(known, known)
        np.fill_diagonal(apart, np.inf)
        others = apart[np.isfinite(apart)]
        twins = TWINS * float(np.median(others)) if len(others) else 0.0
        near = np.where(apart > twins, apart, np.inf).min(axis=1)
        near = near[np.isfinite(near)]
        usual = float(np.median(near)) if len(near) else 1.0
        return cls(known, usual, copy_threshold(near, usual))

    def nearest(self, fingerprint: ArrayLike, count: int = 1) -> list[Match]:
        """The nearest known sounds, nearest first."""
        distance = distances(np.atleast_2d(np.asarray(fingerprint, float)), self.known)[0]
        order = np.argsort(distance, kind="stable")[:count]
        return [Match(int(i), float(distance[i]), float(distance[i] / self.usual)) for i in order]

    def is_copy(self, fingerprint: ArrayLike) -> bool:
        return self.nearest(fingerprint)[0].distance <= self.copy


@dataclass(frozen=True, eq=False)
class Catalogue:
    """A library to look for the like of a sound in: N sounds, known (N, F); facts: descriptor → (N,) in the units of
    audio.analysis.features; spread: their standard deviations as heard; usual: median distance to a nearest neighbour."""

    known: NDArray[np.float32]
    facts: Mapping[str, Array]
    spread: Mapping[str, float]
    usual: float

    @classmethod
    def fit(cls, fingerprints: ArrayLike, facts: Mapping[str, ArrayLike]) -> Catalogue:
        known = np.atleast_2d(np.asarray(fingerprints, np.float32))
        near = np.zeros(0)
        if len(known) > 1:
            some = np.arange(0, len(known), max(1, -(-len(known) // 400)))
            apart = _fast_distances(known[some], known)
            apart[np.arange(len(some)), some] = np.inf
            near = apart.min(axis=1)
            near = near[near > 1e-3]
        values = {name: np.asarray(value, float) for name, value in facts.items()}
        return cls(known, values, spreads(values), float(np.median(near)) if near.size else 1.0)

    def nearest(self, fingerprint: ArrayLike, count: int = 1) -> list[Match]:
        """The nearest sounds, nearest first."""
        if not len(self.known):
            return []
        apart = _fast_distances(np.asarray(fingerprint, np.float32)[None], self.known)[0]
        some = np.argpartition(apart, min(count, len(apart)) - 1)[:count]
        exact = distances(np.atleast_2d(np.asarray(fingerprint, float)), self.known[some].astype(float))[0]
        order = np.argsort(exact, kind="stable")
        return [Match(int(some[i]), float(exact[i]), float(exact[i] / self.usual)) for i in order]

    def why(self, index: int, ours: Mapping[str, float], count: int = 3) -> list[str]:
        """How that sound differs from ours, in words."""
        return why({name: float(values[index]) for name, values in self.facts.items()}, ours, self.spread, count)


def spreads(facts: Mapping[str, Array]) -> dict[str, float]:
    """Descriptor → standard deviation of its values as heard, those that are known."""
    found = {}
    for name, values in facts.items():
        known = heard(name, values)
        known = known[np.isfinite(known)]
        found[name] = float(known.std()) if len(known) > 1 else 0.0
    return found


def copy_threshold(distances_between_different_sounds: ArrayLike, usual: float) -> float:
    """What counts as a copy: nearer than 99 % of truly different sounds are to each other, and in any case within 5 % of usual.

    Folders hold duplicates and velocity layers, which pull the percentile to nothing; the 5 % still catches an exact copy
    that went through another sample format.
    """
    near = np.asarray(distances_between_different_sounds, float)
    return max(float(np.percentile(near, 1)) if len(near) else 0.0, 0.05 * usual)


def distances(a: Array, b: Array) -> Array:
    """Euclidean distances (len a, len b) between rows, exact near zero (no expanded squares)."""
    result = np.empty((len(a), len(b)))
    for i, row in enumerate(a):
        result[i] = np.sqrt(((b - row) ** 2).sum(axis=1))
    return result


def _fast_distances(a: NDArray[np.float32], b: NDArray[np.float32]) -> Array:
    """`distances` by expanded squares: quick, and good to a thousandth of the largest."""
    squared = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1) - 2 * (a @ b.T)
    return np.sqrt(np.maximum(squared, 0.0)).astype(float)


def why(ours: Mapping[str, float], theirs: Mapping[str, float], spread: Mapping[str, float], count: int = 3) -> list[str]:
    """The most audible differences in words ("brighter", "shorter"), of descriptors differing by half their `spread` or more.

    `spread` is each descriptor's standard deviation over the library, after the logarithm where it is heard in ratios.
    """
    found: list[tuple[float, str]] = []
    for name, (low, high, ratio) in WORDS.items():
        values = [float(side.get(name, np.nan)) for side in (ours, theirs)]
        if ratio:
            values = [np.log(v) if v > 0 else np.nan for v in values]
        difference = (values[0] - values[1]) / (spread.get(name, 0.0) or np.nan)
        if abs(difference) >= 0.5:  # False for NaN
            found.append((-abs(difference), high if difference > 0 else low))
    return [word for _, word in sorted(found)[:count]]
