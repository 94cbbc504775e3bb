"""Descriptor sliders: from where a sound lies in a latent space to how it sounds, and back along the gradient.

A regression of each descriptor on the sounds' latents, fitted after training. Descriptors are smooth only nearby (Esling 2018,
"Generative timbre spaces"), so a move follows the gradient anew at every step instead of one straight direction. Fitted in the
directions in which the sounds spread, each in its own σ: what no sound does is neither learnt nor asked for.

Values and targets are as heard (axes.heard): logarithms where the ear hears ratios. N sounds, D latent size, K directions,
M centres of the kernel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from studio.explore.axes import AUDIBLE, WORDS, heard, numbers, pca

Array = NDArray[np.float64]

FEWEST = 12
"""Sounds from which nothing is learnt."""
MOST = 4000
"""Of more sounds, evenly spaced ones do."""
CENTRES = 160
QUALITY = 0.2
"""Least share of a descriptor's variance that sounds left out must have explained."""
REACH = 3.0
"""σ to either side that a move may reach in any direction."""
STRIDE = 0.8
"""σ: the longest single step of a move."""
FORMS = ((8, 1.0), (8, 2.5), (24, 1.0), (24, 2.5))
"""What is tried: how many directions, and how wide a kernel in units of √K."""
RIDGES = 10.0 ** np.arange(-3, 3.1, 0.5)


@dataclass(frozen=True, eq=False)
class Regression:
    """value = offset + slope · x + Σ weight · exp(−|x − centre|² / 2 width²), x the first K whitened directions.

    centres (M, K); weights (M,); slope (K,); low, high: where the values of the sounds end
    """

    centres: Array
    weights: Array
    slope: Array
    offset: float
    width: float
    low: float
    high: float

    def value(self, x: Array) -> Array:
        """(…, ≥ K) → (…), within what the sounds do and a tenth more."""
        x = x[..., : len(self.slope)]
        found = self.offset + x @ self.slope + self._kernel(x) @ self.weights
        room = 0.1 * (self.high - self.low)
        return np.clip(found, self.low - room, self.high + room)

    def gradient(self, x: Array) -> Array:
        """(≥ K,) → the same shape; zero in the directions that were not looked at."""
        k = len(self.slope)
        pull = self._kernel(x[:k]) * self.weights
        inner = self.slope + (pull @ self.centres - pull.sum() * x[:k]) / self.width**2
        return np.concatenate([inner, np.zeros(len(x) - k)])

    def _kernel(self, x: Array) -> Array:
        return kernel(x, self.centres, self.width)


@dataclass(frozen=True, eq=False)
class Descriptors:
    """What can be steered in one space: `names`, in the order of axes.WORDS.

    quality: r² on sounds left out, also of those not named; span: 5th and 95th percentile of the sounds, as heard;
    mean (D,); directions (K, D), rows of length 1; sigma (K,); radius: how far from the middle real sounds lie, in σ
    """

    names: tuple[str, ...]
    quality: Mapping[str, float]
    span: Mapping[str, tuple[float, float]]
    regressions: Mapping[str, Regression]
    mean: Array
    directions: Array
    sigma: Array
    radius: float

    @classmethod
    def fit(cls, latents: ArrayLike, values: Mapping[str, ArrayLike], judged: int | None = None) -> Descriptors:
        """From latents (N, D) and descriptor → its value for each sound (N,), NaN where unknown, in the units of
        audio.analysis.features. Descriptors that the latents do not explain are left out, all of them below 12 sounds.
        `judged`: only the first so many are sounds of their own, by which spread and quality are judged."""
        points = numbers(latents)
        rows = np.arange(0, len(points), max(1, -(-len(points) // MOST)))
        own = rows < (len(points) if judged is None else judged)
        points = points[rows]
        if not len(points):
            return cls((), {}, {}, {}, np.zeros(points.shape[1]), np.zeros((0, points.shape[1])), np.zeros(0), 0.0)
        mean, directions, variance = pca(points[own])
        most = max(k for k, _ in FORMS)
        count = min(most, int((variance > 1e-8 * max(variance.max(initial=0.0), 1e-300)).sum()), max(own.sum() - 2, 0))
        directions, sigma = directions[:count], np.sqrt(variance[:count])
        x = (points.astype(np.float64) - mean) @ directions.T / np.maximum(sigma, 1e-300)
        known = {name: heard(name, values[name])[rows] for name in WORDS if name in values}
        found = _fit_all(x, known, own) if own.sum() >= FEWEST and count else {}
        quality = {name: r2 for name, (r2, _) in found.items()}
        span = {}
        for name in found:
            low, high = np.percentile(known[name][own & np.isfinite(known[name])], (5, 95))
            span[name] = (float(low), float(high))
        named = [name for name in found if quality[name] >= max(QUALITY, 8 / np.isfinite(known[name][own]).sum())]
        return cls(
            names=tuple(name for name in named if span[name][1] - span[name][0] >= AUDIBLE[name]),
            quality=quality,
            span=span,
            regressions={name: regression for name, (_, regression) in found.items()},
            mean=mean,
            directions=directions,
            sigma=sigma,
            radius=float(np.percentile(np.linalg.norm(x[own], axis=1), 99)) if x.size else 0.0,
        )  # fmt: skip

    def value(self, z: ArrayLike, name: str) -> Array:
        """What a sound at `z` (…, D) is expected to measure, as heard: (…)."""
        return self.regressions[name].value(self._whiten(np.asarray(z, float)))

    def gradient(self, z: ArrayLike, name: str) -> Array:
        """How the descriptor grows around `z` (D,) with each number of the latent: (D,)."""
        x = self._whiten(np.asarray(z, float))
        return (self.regressions[name].gradient(x) / self.sigma) @ self.directions

    def move(
        self,
        z: ArrayLike,
        name: str,
        target: float,
        locked_directions: ArrayLike | None = None,
        steps: int = 8,
        hold: Sequence[str] = (),
    ) -> Array:
        """`z` (D,) moved until `name` is expected to be `target`, or as near as real sounds get: (D,).

        locked_directions (L, D), for example Axes.held(…): nothing changes along them. hold: other descriptors
        that should stay what they are. What the sounds do not vary in is kept from `z`.
        """
        start = np.asarray(z, float)
        x = first = self._whiten(start)
        fixed = np.zeros((0, len(x)))
        if locked_directions is not None:
            fixed = np.atleast_2d(np.asarray(locked_directions, float)) @ self.directions.T * self.sigma
        regression = self.regressions[name]
        best, error = x, abs(float(regression.value(x)) - target)
        for left in range(max(steps, 1), 0, -1):
            missing = target - float(regression.value(x))
            slope = _free(regression.gradient(x), np.vstack([fixed, *(self.regressions[h].gradient(x) for h in hold)]))
            steep = float(slope @ slope)
            if steep < 1e-12:
                break
            step = missing / left * slope / steep
            step *= min(1.0, STRIDE / max(float(np.linalg.norm(step)), 1e-12))
            x = self._within(x + step, first, fixed)
            if abs(float(regression.value(x)) - target) < error:
                best, error = x, abs(float(regression.value(x)) - target)
        return start + ((best - first) * self.sigma) @ self.directions

    def _whiten(self, z: Array) -> Array:
        return (z - self.mean) @ self.directions.T / self.sigma

    def _within(self, x: Array, first: Array, fixed: Array) -> Array:
        """`x` drawn back towards where the move began until it lies where sounds are, or no further out than that was."""
        far = np.maximum(REACH, np.abs(first))
        inside = np.clip(x, -far, far)
        radius = max(self.radius, float(np.linalg.norm(first)))
        inside = inside * min(1.0, radius / max(float(np.linalg.norm(inside)), 1e-12))
        return first + _free(inside - first, fixed) if len(fixed) else inside


def kernel(x: Array, centres: Array, width: float) -> Array:
    """exp(−distance² / 2 width²) between `x` (…, K) and `centres` (M, K): (…, M)."""
    squared = (x**2).sum(-1)[..., None] + (centres**2).sum(1) - 2 * x @ centres.T
    return np.exp(-np.maximum(squared, 0.0) / (2 * width**2))


def _free(change: Array, fixed: Array) -> Array:
    """`change` (K,) without what lies along the rows of `fixed` (L, K)."""
    if not len(fixed):
        return change
    _, size, rows = np.linalg.svd(fixed, full_matrices=False)
    rows = rows[size > 1e-9 * max(size.max(initial=0.0), 1e-300)]
    return change - (change @ rows.T) @ rows


def _fit_all(x: Array, known: Mapping[str, Array], own: NDArray[np.bool_]) -> dict[str, tuple[float, Regression]]:
    """Descriptor → r² of sounds left out and its regression, for those of `known` (N,) that vary."""
    groups: dict[bytes, list[str]] = {}
    for name, values in known.items():
        there = np.isfinite(values)
        if (there & own).sum() >= FEWEST and np.ptp(values[there & own]) > 1e-9:
            groups.setdefault(there.tobytes(), []).append(name)
    found: dict[str, tuple[float, Regression]] = {}
    for mask, names in groups.items():
        there = np.frombuffer(mask, bool)
        found |= _fit(x[there], names, np.stack([known[name][there] for name in names], axis=1), own[there])
    return {name: found[name] for name in known if name in found}


def _fit(x: Array, names: Sequence[str], y: Array, own: NDArray[np.bool_]) -> dict[str, tuple[float, Regression]]:
    """The best form and ridge for each column of `y` (N, q), by the exact leave-one-out error of ridge regression (PRESS,
    Allen 1974). The kernel is Nyström's (Williams & Seeger 2001): exact where all sounds are centres."""
    centre, scale = y.mean(axis=0), y.std(axis=0)
    normal = (y - centre) / scale
    best: dict[str, tuple[float, Regression]] = {}
    for k, wide in dict.fromkeys((min(k, x.shape[1]), wide) for k, wide in FORMS):
        inside, width = x[:, :k], wide * np.sqrt(k)
        centres = inside[:: max(1, -(-len(x) // CENTRES))]
        roots, vectors = np.linalg.eigh(kernel(centres, centres, width))
        keep = roots > 1e-6 * roots[-1]
        whole = vectors[:, keep] / np.sqrt(roots[keep])  # (M, m): kernel values → features
        features = np.concatenate([kernel(inside, centres, width) @ whole, inside / np.sqrt(k)], axis=1)  # (N, m + K)
        middle = features.mean(axis=0)
        features -= middle
        size, turn = np.linalg.eigh(features.T @ features)
        turned, wanted = features @ turn, turn.T @ (features.T @ normal)
        squared = turned**2
        for ridge in RIDGES * len(x) / 100:
            shrink = 1 / (np.maximum(size, 0.0) + ridge)
            solved = shrink[:, None] * wanted
            reach = squared @ shrink + 1 / len(x)
            if reach.max() > 0.9:  # a sound that is its own prediction says nothing of others
                continue
            left_out = (normal - turned @ solved) / (1 - reach)[:, None]
            quality = 1 - (left_out[own] ** 2).mean(axis=0) / normal[own].var(axis=0)
            for i, name in enumerate(names):
                if name not in best or quality[i] > best[name][0]:
                    weights = turn @ solved[:, i] * scale[i]
                    bent, straight = weights[: whole.shape[1]], weights[whole.shape[1] :]
                    offset, ends = centre[i] - middle @ weights, (float(y[:, i].min()), float(y[:, i].max()))
                    regression = Regression(centres, whole @ bent, straight / np.sqrt(k), float(offset), float(width), *ends)
                    best[name] = (float(quality[i]), regression)
    return best
