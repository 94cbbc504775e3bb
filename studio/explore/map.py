"""The map: a flat picture of a latent space whose every point can be played.

It is the plane of the two main directions of the sounds, so it has an exact inverse: a place on the map is turned back into
a latent by keeping what the plane does not show from the nearest sound. Views that keep neighbours have no inverse (view.py).
N sounds, D latent size. Positions are in one unit for both directions (σ of the first), so near means similar.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from studio.explore.axes import numbers, pca

Array = NDArray[np.float64]
Box = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Density:
    """Where sounds are: `values` (rows = y upwards, columns = x), 0 nowhere to 1 densest, over the box x, y = (low, high)."""

    values: NDArray[np.float32]
    x: tuple[float, float]
    y: tuple[float, float]

    def at(self, xy: ArrayLike) -> Array:
        """Density at places (…, 2), nearest cell; 0 outside the box."""
        place = np.asarray(xy, float)
        size = np.array(self.values.shape[::-1])
        low, high = np.array([self.x[0], self.y[0]]), np.array([self.x[1], self.y[1]])
        cell = np.floor((place - low) / (high - low) * size).astype(int)
        inside = ((cell >= 0) & (cell < size)).all(axis=-1)
        cell = np.clip(cell, 0, size - 1)
        return np.where(inside, self.values[cell[..., 1], cell[..., 0]], 0.0).astype(float)


@dataclass(frozen=True, eq=False)
class Map:
    """A plane in a latent space: mean (D,), basis (2, D) of orthonormal rows, latent units per map unit, positions (N, 2)."""

    mean: Array
    basis: Array
    scale: float
    positions: Array

    @classmethod
    def fit(cls, latents: ArrayLike) -> Map:
        """The plane of the widest spread of `latents` (N, D), D ≥ 2."""
        points = numbers(latents)
        if points.shape[1] < 2:
            raise ValueError("a map needs a latent of two numbers or more")
        mean, directions, variance = pca(points)
        basis = directions[:2]
        largest = np.abs(basis).argmax(axis=1)
        basis = basis * np.where(basis[[0, 1], largest] < 0, -1.0, 1.0)[:, None]
        scale = float(np.sqrt(variance[0])) or 1.0
        return cls(mean, basis, scale, (points @ basis.T.astype(points.dtype) - mean @ basis.T) / scale)

    def project(self, z: ArrayLike) -> Array:
        """Latent (…, D) → place (…, 2)."""
        return (np.asarray(z, float) - self.mean) @ self.basis.T / self.scale

    def nearest(self, xy: ArrayLike) -> int:
        """Index of the sound nearest to a place (2,)."""
        return int(((self.positions - np.asarray(xy, float)) ** 2).sum(axis=1).argmin())

    def place(self, xy: ArrayLike, latents: ArrayLike, blend: int = 1) -> Array:
        """Place (2,) → latent (D,) that `project` maps back to exactly this place.

        What the plane does not show comes from the nearest sound of `latents` (the fit's own, in its order); with `blend` > 1
        from that many, weighted by 1 / distance², which moves without jumps but is blander between sounds.
        """
        here, points = np.asarray(xy, float), numbers(latents)
        if blend <= 1:
            off = points[self.nearest(here)]
        else:
            distance = ((self.positions - here) ** 2).sum(axis=1)
            chosen = np.argpartition(distance, min(blend, len(distance)) - 1)[:blend]
            weights = 1 / np.maximum(distance[chosen], 1e-12)
            off = weights / weights.sum() @ points[chosen]
        return self.onto(off, here)

    def onto(self, z: ArrayLike, xy: ArrayLike) -> Array:
        """Latent `z` (D,) moved within the plane until it lies at place `xy` (2,)."""
        base = np.asarray(z, float)
        return base + (np.asarray(xy, float) - self.project(base)) * self.scale @ self.basis

    def align(self, previous: ArrayLike) -> Map:
        """The same plane turned or mirrored so that its sounds come nearest to their `previous` positions (N, 2).

        Orthogonal Procrustes (Schönemann 1966): distances on the map do not change.
        """
        turn = turned(self.positions, previous)
        return replace(self, basis=turn.T @ self.basis, positions=self.positions @ turn)

    def bounds(self, margin: float = 0.15) -> Box:
        return bounds(self.positions, margin)

    def density(self, grid: int = 96) -> Density:
        return density(self.positions, grid)


def turned(positions: Array, previous: ArrayLike) -> Array:
    """The turn or mirroring (2, 2) that brings `positions` (N, 2) nearest to `previous` (N, 2)."""
    before = np.asarray(previous, float)
    if before.shape != positions.shape:
        raise ValueError(f"previous positions have shape {before.shape}, not {positions.shape}")
    left, _, right = np.linalg.svd(positions.T @ (before - before.mean(axis=0)))
    return left @ right


def bounds(positions: Array, margin: float = 0.15) -> Box:
    """The box (x low, high), (y low, high) of places (N, 2) and `margin` of its larger side around it, at least ±1."""
    low, high = positions.min(axis=0), positions.max(axis=0)
    pad = np.maximum(margin * (high - low).max(), (2.0 - (high - low)) / 2)
    pad = np.maximum(pad, margin)
    low, high = low - pad, high + pad
    return (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))


def density(positions: Array, grid: int = 96) -> Density:
    """Where sounds are: a Gaussian kernel estimate on a grid of `grid` × `grid` cells over the bounds of places (N, 2) and as
    much more as it takes to fade away."""
    width = max(_spacing(positions), 0.02)
    x, y = (((low - 2 * width), (high + 2 * width)) for low, high in bounds(positions))
    counts, _, _ = np.histogram2d(positions[:, 1], positions[:, 0], bins=grid, range=(y, x))
    values = _kernel(grid, width / (y[1] - y[0])) @ counts @ _kernel(grid, width / (x[1] - x[0]))
    return Density((values / max(values.max(), 1e-300)).astype(np.float32), x, y)


def _spacing(positions: Array, sample: int = 1000) -> float:
    """Median distance to the √N-th neighbour, which sees separate groups where the whole spread would bridge them."""
    count = len(positions)
    if count < 3:
        return 0.1
    some = positions[:: max(1, count // sample)]
    squared = ((some[:, None] - some) ** 2).sum(axis=2)
    rank = max(1, round(np.sqrt(len(some))))
    return float(np.median(np.sqrt(np.partition(squared, rank, axis=1)[:, rank])))


def _kernel(grid: int, width: float) -> Array:
    """Gaussian blur along one side as a (grid, grid) matrix; `width` is σ as a share of the side."""
    steps = np.arange(grid)
    return np.exp(-0.5 * ((steps[:, None] - steps) / max(width * grid, 0.3)) ** 2)
