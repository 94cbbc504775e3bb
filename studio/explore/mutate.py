"""Candidates near a sound, and children of several: what the nine cells of Explore show.

Listening is the bottleneck of evolving sounds (McDermott 2010), so candidates are few and no two are nearly the same.
Changes follow the sounds' own spread, so a candidate is as believable as its parent. N sounds, D latent size.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def mutate(
    centre: ArrayLike, latents: ArrayLike, radius: float = 0.5, count: int = 9, seed: int = 0, locked: ArrayLike | None = None
) -> Array:
    """`count` latents (count, D) around `centre` (D,), spread like `latents` (N, D) times `radius`.

    locked (L, D): orthonormal directions, for example rows of Axes.components, along which nothing changes.
    Luke's Constrictor (2019): pass the kept sounds as `latents`, and the space shrinks to them.
    """
    start = np.asarray(centre, float)
    known = np.atleast_2d(np.asarray(latents, float))
    fixed = np.zeros((0, start.size)) if locked is None else np.atleast_2d(np.asarray(locked, float))
    centred = known - known.mean(axis=0)
    rng = np.random.default_rng(seed)

    def draw() -> Array:
        # a random mix of the centred sounds has exactly their covariance, without factoring it
        change = radius * rng.standard_normal(len(known)) @ centred / np.sqrt(max(len(known) - 1, 1))
        return start + change - (change @ fixed.T) @ fixed

    usual = radius * float(np.sqrt((centred**2).sum() / max(len(known) - 1, 1)))
    return _distinct(draw, count, 0.6 * usual, start)


def breed(parents: ArrayLike, count: int = 9, seed: int = 0, latents: ArrayLike | None = None, radius: float = 0.15) -> Array:
    """`count` children (count, D) of two or more `parents` (P, D): random mixes, and a little of the sounds' spread."""
    elders = np.atleast_2d(np.asarray(parents, float))
    known = None if latents is None else np.atleast_2d(np.asarray(latents, float))
    rng = np.random.default_rng(seed)

    def draw() -> Array:
        child = rng.dirichlet(np.ones(len(elders))) @ elders
        if known is not None and len(known) > 1:
            child = child + radius * rng.standard_normal(len(known)) @ (known - known.mean(axis=0)) / np.sqrt(len(known) - 1)
        return child

    reach = float(np.linalg.norm(elders - elders.mean(axis=0), axis=1).max())
    return _distinct(draw, count, 0.3 * reach)


def _distinct(draw: Callable[[], Array], count: int, gap: float, *others: Array) -> Array:
    """Draws until `count` are at least `gap` from each other and from `others`; after 30 vain draws a smaller gap will do."""
    kept: list[Array] = []
    vain = 0
    while len(kept) < count:
        candidate = draw()
        if all(np.linalg.norm(candidate - z) >= gap for z in (*others, *kept)):
            kept.append(candidate)
            vain = 0
        else:
            vain += 1
            if vain == 30:
                gap, vain = gap * 0.7 if gap > 1e-9 else 0.0, 0
    return np.stack(kept) if kept else np.zeros((0, np.size(draw())))
