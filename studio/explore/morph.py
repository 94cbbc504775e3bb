"""Ways between sounds: straight and spherical mixes, paths through pins, and a warning where a path leaves known land.

Straight lines suit a VAE's latents; the sphere suits noise-like ones, whose length carries no meaning of its own.
D latent size, P points, S steps.
"""

from __future__ import annotations

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


def emptiness(points: ArrayLike, latents: ArrayLike) -> Array:
    """How far each of `points` (S, D) is from the sounds (N, D), in usual distances between neighbours: ≤ 1 is known land."""
    here, known = np.atleast_2d(np.asarray(points, float)), np.atleast_2d(np.asarray(latents, float))
    usual = float(np.median(_nearest(known, known, skip_self=True))) if len(known) > 1 else 0.0
    return _nearest(here, known) / (usual or 1.0)


def _nearest(a: Array, b: Array, skip_self: bool = False) -> Array:
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    if skip_self:
        np.fill_diagonal(squared, np.inf)
    return np.sqrt(np.maximum(squared.min(axis=1), 0.0))
