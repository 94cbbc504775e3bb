"""Labels as places: where the kicks are and how wide they lie. Label faders move between these.

L labels, N sounds, D latent size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Labels:
    """names L, in alphabetical order; centres (L, D); deviations (L, D) within each label; counts (L,)."""

    names: tuple[str, ...]
    centres: Array
    deviations: Array
    counts: NDArray[np.int64]

    @classmethod
    def fit(cls, latents: ArrayLike, labels: Sequence[str]) -> Labels:
        """From latents (N, D) and one label each; sounds with an empty label are left out."""
        points, each = np.atleast_2d(np.asarray(latents, float)), np.asarray(labels, str)
        names = tuple(sorted({str(n) for n in each} - {""}))
        members = [points[each == name] for name in names]
        shape = (len(names), points.shape[1])
        return cls(
            names,
            np.stack([m.mean(axis=0) for m in members]) if names else np.zeros(shape),
            np.stack([m.std(axis=0) for m in members]) if names else np.zeros(shape),
            np.array([len(m) for m in members], np.int64),
        )

    def centre(self, name: str) -> Array:
        return self.centres[self.names.index(name)]

    def mix(self, weights: Mapping[str, float], spread: float = 0.0, seed: int = 0) -> Array:
        """A latent (D,) between label centres; `spread` adds that many of their own deviations, drawn by `seed`.

        Unknown labels and negative weights are errors; weights are shares, so 2 : 2 is 1 : 1.
        """
        share = np.array([float(weights.get(name, 0.0)) for name in self.names])
        if unknown := sorted(set(weights) - set(self.names)):
            raise ValueError(f"there is no label {', '.join(unknown)}")
        if (share < 0).any() or not share.sum() > 0:
            raise ValueError("weights must be zero or more, and one above zero")
        share = share / share.sum()
        noise = np.random.default_rng(seed).standard_normal(self.centres.shape[1])
        return share @ self.centres + spread * noise * (share @ self.deviations)

    def move(self, z: ArrayLike, toward: str, amount: float, away: str | None = None) -> Array:
        """`z` (D,) moved by `amount` of the way from one label's centre (`away`, else the mean of all) to another's.

        It keeps what is its own: at amount 1 a bright kick becomes a bright snare.
        """
        start = self.centre(away) if away else self.centres.mean(axis=0)
        return np.asarray(z, float) + amount * (self.centre(toward) - start)

    def closeness(self, z: ArrayLike) -> dict[str, float]:
        """Shares by nearness of `z` (D,) to each centre, measured in deviations: what the faders show; they sum to one."""
        scale = np.sqrt((self.deviations**2).mean()) or 1.0
        squared = ((self.centres - np.asarray(z, float)) ** 2).mean(axis=1) / scale**2
        share = np.exp(-0.5 * (squared - squared.min())) if len(squared) else squared
        return {name: float(s) for name, s in zip(self.names, share / max(share.sum(), 1e-300))}
