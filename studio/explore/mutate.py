"""Candidates near a sound, and children of several: what the nine cells of Explore show.

Listening is the bottleneck of evolving sounds (McDermott 2010), so candidates are few and no two are nearly the same.
Changes follow the sounds' own spread, so a candidate is as believable as its parent. N sounds, D latent size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from studio.explore.morph import Shape, blend

Array = NDArray[np.float64]


def mutate(
    centre: ArrayLike, latents: ArrayLike, radius: float = 0.5, count: int = 9, seed: int = 0, locked: ArrayLike | None = None
) -> Array:
    """`count` latents (count, D) around `centre` (D,), spread like `latents` (N, D) times `radius`.

    locked (L, D): orthonormal directions, for example Axes.held(…), along which nothing changes.
    Rows of `latents` that are not finite are left out. Raises ValueError for a centre that is not, or of another size.
    """
    start, known = _checked(centre, latents)
    fixed = np.zeros((0, start.size)) if locked is None else np.atleast_2d(np.asarray(locked, float))
    centred = known - known.mean(axis=0)
    rng = np.random.default_rng(seed)

    def draw() -> Array:
        # a random mix of the centred sounds has exactly their covariance, without factoring it
        change = radius * rng.standard_normal(len(known)) @ centred / np.sqrt(max(len(known) - 1, 1))
        return start + change - (change @ fixed.T) @ fixed

    usual = radius * float(np.sqrt((centred**2).sum() / max(len(known) - 1, 1)))
    return _distinct(draw, count, 0.6 * usual, start)


def constrict(kept: ArrayLike, latents: ArrayLike, loose: float = 0.15) -> Array:
    """Latents (K + N, D) to `mutate` with, spread like the K `kept` ones and `loose` as wide as all N sounds.

    Luke's Constrictor (2019): the space shrinks to what was kept. A little of everything stays in it, because two sounds
    span only a line and one nothing at all.
    """
    few, all = (np.atleast_2d(np.asarray(points, float)) for points in (kept, latents))
    rows = len(few) + len(all) - 1
    near = (few - few.mean(axis=0)) * np.sqrt(rows / max(len(few) - 1, 1))
    far = (all - all.mean(axis=0)) * np.sqrt(rows / max(len(all) - 1, 1))
    return np.concatenate([near, loose * far])


def breed(
    parents: ArrayLike,
    count: int = 9,
    seed: int = 0,
    latents: ArrayLike | None = None,
    radius: float = 0.15,
    shape: Shape = "straight",
) -> Array:
    """`count` children (count, D) of two or more `parents` (P, D): random mixes, and a little of the sounds' spread."""
    return litter(parents, count, seed, latents, radius, shape)[0]


def litter(
    parents: ArrayLike,
    count: int = 9,
    seed: int = 0,
    latents: ArrayLike | None = None,
    radius: float = 0.15,
    shape: Shape = "straight",
) -> tuple[Array, Array]:
    """`breed`, and how much of each parent is in each child: (count, D), (count, P), rows of which sum to one."""
    elders = np.atleast_2d(np.asarray(parents, float))
    known = _checked(elders[0], elders if latents is None else latents)[1]
    if not np.isfinite(elders).all():
        raise ValueError("a parent is not finite")
    spread = (known - known.mean(axis=0)) / np.sqrt(max(len(known) - 1, 1))
    rng = np.random.default_rng(seed)
    shares: list[Array] = []

    def draw() -> Array:
        shares.append(rng.dirichlet(np.ones(len(elders))))
        child = blend(elders, shares[-1], shape)
        return child if latents is None else child + radius * rng.standard_normal(len(known)) @ spread

    drawn: list[int] = []
    reach = float(np.linalg.norm(elders - elders.mean(axis=0), axis=1).max())
    children = _distinct(draw, count, 0.3 * reach, taken=lambda: drawn.append(len(shares) - 1))
    return children, np.stack([shares[i] for i in drawn]) if drawn else np.zeros((0, len(elders)))


def doubles(prints: Sequence[ArrayLike | None], gap: float) -> list[int]:
    """Which sounds lie within `gap` of an earlier one, by their fingerprints; None is not compared."""
    found: list[int] = []
    for i, mine in enumerate(prints):
        if mine is None:
            continue
        earlier = [np.asarray(p, float) for j, p in enumerate(prints[:i]) if p is not None and j not in found]
        if any(np.linalg.norm(np.asarray(mine, float) - other) <= gap for other in earlier):
            found.append(i)
    return found


def _checked(centre: ArrayLike, latents: ArrayLike) -> tuple[Array, Array]:
    start, known = np.asarray(centre, float), np.atleast_2d(np.asarray(latents, float))
    if start.ndim != 1 or known.ndim != 2 or known.shape[1] != start.size:
        raise ValueError(f"a centre of shape {start.shape} does not fit latents of shape {known.shape}")
    if not np.isfinite(start).all():
        raise ValueError("the centre is not finite")
    known = known[np.isfinite(known).all(axis=1)]
    return start, known if len(known) else start[None]


def _distinct(
    draw: Callable[[], Array], count: int, gap: float, *others: Array, taken: Callable[[], object] = lambda: None
) -> Array:
    """Draws until `count` are at least `gap` from each other and from `others`; after 30 vain draws a smaller gap will do.
    `taken` is called after each draw that is kept."""
    kept: list[Array] = []
    vain = 0
    while len(kept) < count:
        candidate = draw()
        if all(np.linalg.norm(candidate - z) >= gap for z in (*others, *kept)):
            kept.append(candidate)
            taken()
            vain = 0
        else:
            vain += 1
            if vain == 30:
                gap, vain = gap * 0.7 if gap > 1e-9 else 0.0, 0
    return np.stack(kept) if kept else np.zeros((0, np.size(draw())))
