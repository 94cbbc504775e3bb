"""Ways between sounds: straight and spherical mixes, paths through pins, and a warning where a path leaves known land.

Straight lines suit a VAE's latents; the sphere suits noise-like ones, whose length carries no meaning of its own.
D latent size, P points, S steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Shape = Literal["straight", "spherical"]


def lerp(a: ArrayLike, b: ArrayLike, t: float) -> Array:
    """The straight mix of two latents (D,): a at 0, b at 1."""
    start = np.asarray(a, float)
    return (1 - t) * start + t * np.asarray(b, float)


def slerp(a: ArrayLike, b: ArrayLike, t: float) -> Array:
    """The mix along the arc between two directions, the length changing evenly (Shoemake 1985).

    Latents that point the same way, opposite ways or nowhere have no arc of their own: they are mixed straight.
    """
    start, end = np.asarray(a, float), np.asarray(b, float)
    long, wide = float(np.linalg.norm(start)), float(np.linalg.norm(end))
    if min(long, wide) < 1e-12:
        return lerp(start, end, t)
    angle = float(np.arccos(np.clip(start @ end / (long * wide), -1, 1)))
    if angle < 1e-4 or np.pi - angle < 1e-4:
        return lerp(start, end, t)
    direction = (np.sin((1 - t) * angle) * start / long + np.sin(t * angle) * end / wide) / np.sin(angle)
    return direction * ((1 - t) * long + t * wide)


def morph(a: ArrayLike, b: ArrayLike, steps: int, shape: Shape = "straight") -> Array:
    """`steps` latents from a to b, both included, (S, D)."""
    mix = slerp if shape == "spherical" else lerp
    return np.stack([mix(a, b, float(t)) for t in np.linspace(0, 1, max(steps, 1))])


def path(points: ArrayLike, steps: int, shape: Shape = "straight") -> Array:
    """`steps` latents through `points` (P, D) at even distances, first and last included, (S, D)."""
    stops = np.atleast_2d(np.asarray(points, float))
    lengths = np.linalg.norm(np.diff(stops, axis=0), axis=1)
    total = float(lengths.sum())
    if len(stops) == 1 or total == 0:
        return np.repeat(stops[:1], max(steps, 1), axis=0)
    reached = np.concatenate([[0.0], np.cumsum(lengths)])
    mix = slerp if shape == "spherical" else lerp
    result = []
    for distance in np.linspace(0, total, max(steps, 1)):
        leg = min(int(np.searchsorted(reached, distance, side="right")) - 1, len(lengths) - 1)
        while lengths[leg] == 0:  # two equal stops at the end
            leg -= 1
        result.append(mix(stops[leg], stops[leg + 1], float(min((distance - reached[leg]) / lengths[leg], 1.0))))
    return np.stack(result)


def pins(xy: ArrayLike, places: ArrayLike, sharpness: float = 2.0) -> Array:
    """Weights (P,) of pins lying at `places` (P, 2) for a cursor at `xy` (2,): all of a pin on it, else by 1 / distance."""
    distance = np.linalg.norm(np.atleast_2d(np.asarray(places, float)) - np.asarray(xy, float), axis=1)
    if (distance < 1e-9).any():
        weights = (distance < 1e-9).astype(float)
    else:
        weights = (distance.min() / distance) ** sharpness
    return weights / weights.sum()


def mix(points: ArrayLike, weights: ArrayLike) -> Array:
    """Weighted mean (D,) of latents (P, D); weights need not sum to one but must not all be zero."""
    share = np.asarray(weights, float)
    if not share.sum() > 0:
        raise ValueError("at least one weight must be above zero")
    return share / share.sum() @ np.atleast_2d(np.asarray(points, float))


def blend(points: ArrayLike, weights: ArrayLike, shape: Shape = "straight") -> Array:
    """Weighted mean (D,) of latents (P, D). Spherical: that of their directions on the sphere, with the mean of their lengths.

    The direction is the Karcher mean (Buss and Fillmore 2001), so of two latents it is their `slerp`. As there, latents that
    lie opposite each other or nowhere are mixed straight. Weights need not sum to one but must not all be zero.
    """
    rows, share = np.atleast_2d(np.asarray(points, float)), np.asarray(weights, float)
    if shape == "straight" or not share.sum() > 0:
        return mix(rows, share)
    rows, share = rows[share > 0], share[share > 0] / share[share > 0].sum()
    lengths = np.linalg.norm(rows, axis=1)
    if lengths.min() < 1e-12:
        return mix(rows, share)
    units = rows / lengths[:, None]
    if (units @ units.T).min() <= -np.cos(1e-4):
        return mix(rows, share)
    direction = share @ units
    for _ in range(50):
        direction /= np.linalg.norm(direction) or 1.0
        cosine = units @ direction
        toward = units - cosine[:, None] * direction  # tangents; their lengths are the sines of the angles
        sine = np.linalg.norm(toward, axis=1)
        step = share @ (toward * (np.arctan2(sine, cosine) / np.maximum(sine, 1e-12))[:, None])
        long = float(np.linalg.norm(step))
        if long < 1e-12:
            break
        direction = np.cos(long) * direction + np.sin(long) / long * step
    return direction / (np.linalg.norm(direction) or 1.0) * (share @ lengths)


@dataclass(frozen=True, eq=False)
class Land:
    """Where sounds are: latents (N, D) of them, their squared lengths (N,), the usual distance between neighbours, and how many
    of these only one sound in twenty is away from all others: beyond that `edge`, land is unknown."""

    known: Array
    squared: Array
    usual: float = 1.0
    edge: float = 1.5

    @classmethod
    def fit(cls, latents: ArrayLike, sample: int = 2000) -> Land:
        """What is not finite is left out. Of more than `sample` sounds that many, evenly spaced, say what is usual."""
        known = np.atleast_2d(np.asarray(latents, float))
        known = known[np.isfinite(known).all(axis=1)]
        land = cls(known, (known**2).sum(axis=1))
        if len(known) < 2:
            return land
        asked = np.unique(np.linspace(0, len(known) - 1, min(sample, len(known))).astype(int))
        apart = [
            np.partition(land._apart(known[rows]), 1, axis=1)[:, 1] for rows in np.array_split(asked, -(-len(asked) // 100))
        ]
        near = np.concatenate(apart)
        usual = float(np.median(near)) or 1.0
        return cls(known, land.squared, usual, max(1.5, float(np.percentile(near, 95)) / usual))

    def emptiness(self, points: ArrayLike) -> Array:
        """How far each of `points` (S, D) is from the sounds, in usual distances between neighbours: ≤ 1 is known land."""
        here = np.atleast_2d(np.asarray(points, float))
        return self._apart(here).min(axis=1) / self.usual if len(self.known) else np.zeros(len(here))

    def _apart(self, points: Array) -> Array:
        return np.sqrt(np.maximum((points**2).sum(1)[:, None] + self.squared - 2 * points @ self.known.T, 0.0))


def emptiness(points: ArrayLike, latents: ArrayLike) -> Array:
    """`Land.emptiness` for those who ask once."""
    return Land.fit(latents).emptiness(points)
