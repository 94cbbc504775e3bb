"""The main directions of *this* project's sounds: PCA of their encodings, turned towards what is heard, named by what they do.

Explore draws one slider an axis; the CLI lists them. A coordinate is in standard deviations of the sounds (σ), so a slider's
range is the same for all: ±2.5 σ, where real sounds are. Idea: GANSpace (arXiv 2004.02546), on encodings rather than on
activations. D latent size, N sounds, k axes.

PCA alone mixes what varies by like amounts: of brightness planted in a set of sounds one axis held r = .75 and the next .57.
So the leading directions, each in its σ, are turned until one after the other lies where a descriptor of the sounds grows
(ridge regression, what the latents tell best comes first); the rest stays PCA of what is left. That is a rotation of whitened
scores, as factor analysis does it: coordinates stay uncorrelated, and project and unproject are exact inverses. Brightness then
lay on one axis with r = .97. Without facts, or where latents tell nothing of them, axes are those of PCA.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

RANGE = 2.5
"""A slider reaches this many σ to either side: 99 % of normally spread sounds."""

FEWEST, MOST = 12, 4000
"""Sounds with which PCA is left as it is; sounds of which evenly spaced ones do."""
DEEP, SHALLOW = 64, 1e-4
"""Leading directions that are turned: at most so many, and those with at least this share of the variance."""
TOLD = 0.3
"""Share of a descriptor's variance that latents must tell for an axis of its own."""
OWN = 0.5
"""What must be left of a descriptor's direction beside those of the ones before it."""

WORDS: dict[str, tuple[str, str, bool]] = {
    "loudness": ("softer", "louder", False),
    "brightness": ("darker", "brighter", True),
    "attack": ("sharper", "gentler", True),
    "length": ("shorter", "longer", True),
    "noisiness": ("clearer", "noisier", False),
    "pitch": ("lower", "higher", False),
    "tonality": ("less tonal", "more tonal", False),
}
"""Descriptor → the word for little of it, the word for much of it, whether it is heard in ratios (compared as a logarithm)."""

AUDIBLE = {
    "loudness": 1.5,
    "brightness": 0.1,
    "attack": 0.7,
    "length": 0.15,
    "noisiness": 0.04,
    "pitch": 0.5,
    "tonality": 0.04,
}
"""How much of a descriptor is heard at all, in dB, logarithms of ratios, shares, semitones: what one can't hear names no axis
and makes no slider."""


@dataclass(frozen=True)
class AxisName:
    """What an axis does. `r` is its correlation with `descriptor`; an axis that nothing explains has neither."""

    low: str = ""
    high: str = ""
    descriptor: str | None = None
    r: float = 0.0
    given: str = ""

    def title(self, index: int) -> str:
        """What a slider is called: the user's own name, else the measured one, else its number."""
        return self.given or (f"{self.low} ↔ {self.high}" if self.descriptor else f"Axis {index + 1}")


@dataclass(frozen=True, eq=False)
class Axes:
    """k directions in a latent space.

    mean (D,); components (k, D), rows of length 1: where a move along each goes; readers (k, D): coordinates are
    readers · (z − mean), each moved by its own component only; sigma (k,) how far one σ of each goes; names k;
    scores (N, k) coordinates of the sounds it was fitted on; spread: each axis's share of the whole variance (k,)
    """

    mean: Array
    components: Array
    readers: Array
    sigma: Array
    names: tuple[AxisName, ...]
    scores: Array
    spread: Array

    @classmethod
    def fit(cls, latents: ArrayLike, facts: Mapping[str, ArrayLike] | None = None, k: int = 8) -> Axes:
        """PCA of `latents` (N, D). `facts`: descriptor → its value for each sound (NaN where unknown), in the units of
        audio.analysis.features: loudness in LUFS, brightness in Hz, attack and length in s, pitch as MIDI note.

        Axes come in order of spread. Each points where its descriptor grows, an unnamed one where its largest loading is
        positive, so the same sounds give the same axes. Directions without spread are left out: there may be fewer than k.
        """
        points = numbers(latents)
        known = {name: _each(name, facts[name], len(points)) for name in WORDS if facts and name in facts}
        mean, directions, variance = pca(points)
        total = max(variance.sum(), 1e-300)
        rank = min(int((variance > 1e-12 * max(variance[0], 1e-300)).sum()), max(len(points) - 1, 0))
        k = min(k, rank)
        depth = min(rank, max(k, min(DEEP, int((variance > SHALLOW * total).sum()))))
        white, scale = directions[:depth], np.sqrt(variance[:depth])
        turn = _towards(points, mean, white, scale, known, k)  # (k, depth), orthonormal
        moves = turn * scale @ white
        sigma = np.linalg.norm(moves, axis=1)
        components = moves / np.maximum(sigma, 1e-300)[:, None]
        signs = _signs(components)[:, None]
        components, readers = components * signs, turn / scale @ white * signs
        scores = points @ readers.T.astype(points.dtype) - mean @ readers.T
        names = name_axes(scores, known)
        flip = np.array([-1.0 if n.descriptor and n.r < 0 else 1.0 for n in names])
        names = tuple(_flipped(n) if f < 0 else n for n, f in zip(names, flip))
        side = flip[:, None]
        return cls(mean, components * side, readers * side, sigma, names, scores * flip, sigma**2 / total)

    def __len__(self) -> int:
        return len(self.sigma)

    def titles(self) -> tuple[str, ...]:
        return tuple(name.title(i) for i, name in enumerate(self.names))

    def project(self, z: ArrayLike) -> Array:
        """Latent (…, D) → coordinates (…, k) in σ."""
        return (np.asarray(z, float) - self.mean) @ self.readers.T

    def unproject(self, coordinates: ArrayLike, base: ArrayLike | None = None) -> Array:
        """Coordinates (…, k) in σ → latent (…, D). What the axes do not span is kept from `base`, else it is the mean's."""
        start = self.mean if base is None else np.asarray(base, float)
        return start + ((np.asarray(coordinates, float) - self.project(start)) * self.sigma) @ self.components

    def held(self, indices: Sequence[int]) -> Array:
        """Orthonormal rows (L, D): a change without any of these leaves the coordinates of `indices` as they are."""
        chosen = self.readers[list(indices)]
        return np.linalg.qr(chosen.T)[0].T

    def renamed(self, index: int, name: str) -> Axes:
        """The same axes, one with the user's own name (empty: back to the measured one)."""
        return replace(self, names=tuple(replace(n, given=name) if i == index else n for i, n in enumerate(self.names)))

    def align(self, previous: Axes) -> Axes:
        """These axes in the order, direction and with the given names of `previous`, so that sliders do not jump.

        Fits on the same sounds are compared by where they put the sounds, which also holds when training moved the whole
        space; else by their directions.
        """
        placed = self.placed(self._likeness(previous))
        names = list(placed.names)
        alike = np.abs(placed._likeness(previous))
        for i, name in enumerate(previous.names[: len(names)]):
            if name.given and not names[i].given and alike[i, i] >= 0.5:
                names[i] = replace(names[i], given=name.given)
        return replace(placed, names=tuple(names))

    def placed(self, likeness: Array, places: Sequence[int] | None = None) -> Axes:
        """These axes moved to the `places` (default 0, 1, …) of the ones they resemble, and turned the same way.

        likeness (k, others): correlation with each. An axis without a counterpart (|r| < .3) takes a place that stays free.
        """
        places = range(likeness.shape[1]) if places is None else places
        slots: dict[int, tuple[int, float]] = {}
        for flat in np.argsort(-np.abs(likeness), axis=None, kind="stable"):
            mine, other = divmod(int(flat), likeness.shape[1])
            if abs(likeness[mine, other]) < 0.3:
                break
            slot = places[other]
            if slot not in slots and slot < len(self) and mine not in {m for m, _ in slots.values()}:
                slots[slot] = (mine, float(np.sign(likeness[mine, other])))
        taken = {m for m, _ in slots.values()}
        rest = iter([i for i in range(len(self)) if i not in taken])
        chosen = [slots[i] if i in slots else (next(rest), 1.0) for i in range(len(self))]
        order, sign = np.array([m for m, _ in chosen], int), np.array([s for _, s in chosen])
        names = tuple(self.names[m] if s > 0 else _flipped(self.names[m]) for m, s in zip(order, sign))
        side = sign[:, None]
        return Axes(
            self.mean, self.components[order] * side, self.readers[order] * side, self.sigma[order], names,
            self.scores[:, order] * sign, self.spread[order],
        )  # fmt: skip

    def _likeness(self, previous: Axes) -> Array:
        if len(self.scores) == len(previous.scores):
            return correlations(self.scores, previous.scores)
        if self.components.shape[1] == previous.components.shape[1]:
            return self.components @ previous.components.T
        return np.zeros((len(self), max(len(previous), 1)))


def pca(points: NDArray[np.floating]) -> tuple[Array, Array, Array]:
    """Mean (D,), orthonormal directions (D, D) as rows in order of falling variance, variances (D,), of (N, D).

    float32 points are multiplied as such, block by block: six times as fast, and only the choice of directions feels it.
    """
    mean = points.mean(axis=0, dtype=np.float64)
    kind = np.float32 if points.dtype == np.float32 else np.float64
    products = np.zeros((points.shape[1], points.shape[1]))
    for start in range(0, len(points), 8192):
        block = (points[start : start + 8192] - mean).astype(kind, copy=False)
        products += block.T @ block
    variance, vectors = np.linalg.eigh(products / max(len(points) - 1, 1))
    return mean, vectors[:, ::-1].T, np.maximum(variance[::-1], 0.0)


def _towards(
    points: NDArray[np.floating], mean: Array, white: Array, scale: Array, known: Mapping[str, Array], k: int
) -> Array:
    """Orthonormal rows (k, depth) that turn whitened scores into axes: towards descriptors, then PCA; in order of spread."""
    found: list[Array] = []
    if known and len(points) >= FEWEST:
        rows = np.arange(0, len(points), max(1, -(-len(points) // MOST)))
        x = (points[rows].astype(float) - mean) @ white.T / scale
        slopes = [_trimmed(x, values[rows]) for values in known.values()]
        for told, slope in sorted(slopes, key=lambda s: -s[0]):
            if told >= TOLD and len(found) < k:
                rest = slope - sum((slope @ row) * row for row in found)
                if (size := float(np.linalg.norm(rest))) >= OWN:
                    found.append(rest / size)
    turned = np.array(found).reshape(len(found), len(scale))
    left = np.linalg.svd(turned)[2][len(turned) :] if found else np.eye(len(scale))
    _, inner = np.linalg.eigh(left * scale**2 @ left.T)
    turned = np.concatenate([turned, inner.T[::-1] @ left])[:k]
    return turned[np.argsort(-((turned * scale) ** 2).sum(axis=1), kind="stable")]


def _trimmed(x: Array, values: Array) -> tuple[float, Array]:
    """`_slope`, once more without what lies far off the first: a pitch that was heard an octave away."""
    told, slope = _slope(x, values)
    if told > 0:
        known = np.isfinite(values)
        along = x[known] @ slope
        growth, start = np.polyfit(along, values[known], 1)
        off = np.abs(values - growth * (x @ slope) - start)
        near = off < 4.5 * np.median(off[known])  # three σ of what is spread normally
        if near.sum() >= 0.8 * known.sum():
            return max((told, slope), _slope(x, np.where(near, values, np.nan)), key=lambda found: found[0])
    return told, slope


def _slope(x: Array, values: Array) -> tuple[float, Array]:
    """How much of a descriptor's variance whitened scores (N, depth) tell of sounds left out (exact leave-one-out error of
    ridge regression, Allen 1974), and the direction (depth,) in which it grows."""
    known = np.isfinite(values)
    if known.sum() < FEWEST or np.ptp(values[known]) < 1e-9:
        return 0.0, np.zeros(x.shape[1])
    inside, wanted = x[known] - x[known].mean(axis=0), (values[known] - values[known].mean()) / values[known].std()
    size, vectors = np.linalg.eigh(inside.T @ inside)
    turned = inside @ vectors
    best = (0.0, np.zeros(x.shape[1]))
    for ridge in known.sum() * 10.0 ** np.arange(-3, 1.1, 0.5):
        weights = turned.T @ wanted / (np.maximum(size, 0) + ridge)
        reach = (turned**2) @ (1 / (np.maximum(size, 0) + ridge)) + 1 / known.sum()
        told = 1 - float((((wanted - turned @ weights) / (1 - np.minimum(reach, 0.99))) ** 2).mean())
        if told > best[0]:
            slope = vectors @ weights
            best = (told, slope / np.linalg.norm(slope))
    return best if best[0] >= 8 / known.sum() else (0.0, best[1])


def numbers(latents: ArrayLike) -> NDArray[np.floating]:
    """Latents as (N, D) of float32 where they are that, else of float64."""
    points = np.atleast_2d(np.asarray(latents))
    return points if points.dtype == np.float32 else points.astype(float)


def correlations(a: Array, b: Array) -> Array:
    """Pearson's r of each column of a (N, p) with each of b (N, q) → (p, q); 0 where a column does not vary."""
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    scale = np.outer(np.linalg.norm(a, axis=0), np.linalg.norm(b, axis=0))
    return np.divide(a.T @ b, scale, out=np.zeros_like(scale), where=scale > 1e-12)


def name_axes(scores: Array, known: Mapping[str, Array]) -> tuple[AxisName, ...]:
    """Names for the axes whose coordinates (N, k) follow a descriptor, given as heard; each names the one axis it explains
    best."""
    k = scores.shape[1]
    names = [AxisName() for _ in range(k)]
    found: list[tuple[float, int, str]] = []
    for descriptor, values in known.items():
        there = np.isfinite(values)
        # With few sounds a high r is chance: 3.5 standard errors hold for 8 axes × 7 descriptors at once.
        least = max(0.5, 3.5 / np.sqrt(max(there.sum(), 1)))
        if there.sum() >= 8:
            r = correlations(scores[there], values[there, None])[:, 0]
            found += [(float(r[i]), i, descriptor) for i in range(k) if abs(r[i]) >= least]
    for r_value, i, descriptor in sorted(found, key=lambda f: (-abs(f[0]), f[1], f[2])):
        if not names[i].descriptor and descriptor not in {n.descriptor for n in names}:
            low, high, _ = WORDS[descriptor]
            name = AxisName(low, high, descriptor, round(abs(r_value), 3))
            names[i] = name if r_value > 0 else _flipped(name)
    return tuple(names)


def heard(descriptor: str, values: ArrayLike) -> Array:
    """Values of a descriptor as the ear compares them: logarithms where it hears ratios, NaN where there is none."""
    plain = np.asarray(values, float)
    return np.log(np.where(plain > 0, plain, np.nan)) if WORDS[descriptor][2] else plain


def unheard(descriptor: str, values: ArrayLike) -> Array:
    """Inverse of `heard`: values in the units of audio.analysis.features."""
    return np.exp(np.asarray(values, float)) if WORDS[descriptor][2] else np.asarray(values, float)


def _each(descriptor: str, values: ArrayLike, count: int) -> Array:
    """One value as heard for each of `count` sounds."""
    found = heard(descriptor, values)
    if found.shape != (count,):
        raise ValueError(f"{descriptor} has shape {found.shape}, not one value for each of {count} sounds")
    return found


def _flipped(name: AxisName) -> AxisName:
    return replace(name, low=name.high, high=name.low, r=-name.r)


def _signs(components: Array) -> Array:
    """±1 for each row so that its largest loading is positive."""
    rows: Sequence[int] = range(len(components))
    largest = components[rows, np.abs(components).argmax(axis=1)] if len(components) else np.zeros(0)
    return np.where(largest < 0, -1.0, 1.0)
