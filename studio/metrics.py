"""How near new sounds are to real ones: the published measures, as plain numpy, mostly on features taken elsewhere.

`evaluate` calls these with log-mel statistics and with a classifier's features; the trainer's previews use a few. Every
distance between finite sets is biased by their size, so a number only means something beside the same number for real
sounds against real sounds at the same count (the floor). N, M sounds; d features; all in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from studio.audio.analysis import stft

Array = NDArray[np.float64]

NEIGHBOURS = 5
"""k of density and coverage, as in Naeem et al. (2002.09797)."""

DRAWS = 200
"""Times that sounds are drawn again for an interval."""


@dataclass(frozen=True, eq=False)
class Whitener:
    """Features in as many uncorrelated directions of unit spread as a set of real sounds can support."""

    mean: Array
    matrix: Array

    @classmethod
    def fit(cls, real: ArrayLike, count: int, cap: int = 64) -> Whitener:
        """PCA of `real` (N, D), to d ≤ count / 10 (at most `cap`, at least 2): a covariance of `count` sounds bears no more."""
        points = np.asarray(real, float)
        mean = points.mean(axis=0)
        _, spread, directions = np.linalg.svd(points - mean, full_matrices=False)
        sigma = spread / np.sqrt(max(len(points) - 1, 1))
        d = max(1, min(max(2, count // 10), cap, int((sigma > 1e-6 * max(sigma[0], 1e-300)).sum())))
        return cls(mean, directions[:d].T / np.maximum(sigma[:d], 1e-300))

    @property
    def size(self) -> int:
        return self.matrix.shape[1]

    def __call__(self, features: ArrayLike) -> Array:
        return (np.asarray(features, float) - self.mean) @ self.matrix


# ---- distance between two clouds


def frechet(a: ArrayLike, b: ArrayLike) -> float:
    """Squared Fréchet distance of the Gaussians fitted to a (N, d) and b (M, d) (Dowson & Landau 1982; FID, 1706.08500)."""
    one, two = np.asarray(a, float), np.asarray(b, float)
    return frechet_gaussians(one.mean(axis=0), _covariance(one), two.mean(axis=0), _covariance(two))


def frechet_gaussians(mean_a: Array, cov_a: Array, mean_b: Array, cov_b: Array) -> float:
    """|μa − μb|² + tr(A + B − 2 (A B)^½), by the eigenvalues of A^½ B A^½, which stays symmetric and real."""
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ cov_b @ root), 0)).sum()
    return float(max(((mean_a - mean_b) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * shared, 0.0))


def frechet_unbiased(a: ArrayLike, b: ArrayLike, seed: int = 0, sizes: int = 8) -> float:
    """Fréchet distance at endless count: a line in 1 / N through subsets of several sizes, read at 0 (1911.07023)."""
    one, two = np.asarray(a, float), np.asarray(b, float)
    rng = np.random.default_rng(seed)
    full = min(len(one), len(two))
    counts = np.unique(np.linspace(max(full // 3, one.shape[1] + 2), full, sizes).astype(int))
    values = [np.mean([frechet(_some(one, n, rng), _some(two, n, rng)) for _ in range(4)]) for n in counts]
    if len(counts) < 2:
        return float(values[0])
    return float(np.polyfit(1 / counts, values, 1)[1])


def kid(a: ArrayLike, b: ArrayLike) -> float:
    """Unbiased squared maximum mean discrepancy with kernel (x·y / d + 1)³ (Bińkowski 1801.01401); may fall below 0."""
    one, two = np.asarray(a, float), np.asarray(b, float)

    def kernel(x: Array, y: Array) -> Array:
        return (x @ y.T / x.shape[1] + 1) ** 3

    def within(x: Array) -> float:
        k = kernel(x, x)
        return float((k.sum() - np.trace(k)) / (len(x) * (len(x) - 1)))

    return within(one) + within(two) - 2 * float(kernel(one, two).mean())


# ---- neighbourhoods


def neighbourhoods(real: ArrayLike, made: ArrayLike, k: int = NEIGHBOURS) -> dict[str, float]:
    """precision, recall (Kynkäänniemi 1904.06991), density and coverage (Naeem 2002.09797) with balls to the k-th neighbour."""
    r, m = np.asarray(real, float), np.asarray(made, float)
    k = min(k, len(r) - 1, len(m) - 1)
    across = distances(r, m)  # (N, M)
    r_radius, m_radius = _radius(r, k), _radius(m, k)
    in_real = across <= r_radius[:, None]
    return {
        "precision": float(in_real.any(axis=0).mean()),
        "recall": float((across <= m_radius).any(axis=1).mean()),
        "density": float(in_real.sum(axis=0).mean() / k),
        "coverage": float(in_real.any(axis=1).mean()),
    }


def coverage_ceiling(count: int, k: int = NEIGHBOURS) -> float:
    """Coverage to be expected of two samples of `count` from one distribution: 1 − ∏ (N − i) / (2N − i), i = 1…k."""
    i = np.arange(1, min(k, count - 1) + 1)
    return float(1 - np.prod((count - i) / (2 * count - i)))


def distances(a: ArrayLike, b: ArrayLike) -> Array:
    """Euclidean distances (N, M) between rows."""
    x, y = np.asarray(a, float), np.asarray(b, float)
    return np.sqrt(np.maximum((x**2).sum(1)[:, None] + (y**2).sum(1) - 2 * x @ y.T, 0.0))


def nearest(a: ArrayLike, b: ArrayLike) -> tuple[Array, NDArray[np.intp]]:
    """For each row of a (N, d) the distance to its nearest row of b (M, d), exact near zero, and which it is."""
    x, y = np.asarray(a, float), np.asarray(b, float)
    index = distances(x, y).argmin(axis=1)
    return np.linalg.norm(x - y[index], axis=1), index


def diversity(features: ArrayLike) -> float:
    """Mean distance between two different sounds of (N, d)."""
    apart = distances(features, features)
    return float(apart[np.triu_indices(len(apart), 1)].mean()) if len(apart) > 1 else 0.0


# ---- bins


def kmeans(points: ArrayLike, k: int, seed: int = 0, rounds: int = 100) -> Array:
    """Centres (k, d) by Lloyd's method from k-means++ starts (Arthur & Vassilvitskii 2007), best of three."""
    x = np.asarray(points, float)
    rng = np.random.default_rng(seed)
    best, least = x[:k], np.inf
    for _ in range(3):
        centres = x[rng.integers(len(x))][None]
        while len(centres) < k:
            squared = distances(x, centres).min(axis=1) ** 2
            total = squared.sum()
            chosen = rng.choice(len(x), p=squared / total) if total > 0 else rng.integers(len(x))
            centres = np.concatenate([centres, x[chosen][None]])
        for _ in range(rounds):
            owner = distances(x, centres).argmin(axis=1)
            moved = np.stack([x[owner == i].mean(axis=0) if (owner == i).any() else centres[i] for i in range(k)])
            if np.allclose(moved, centres):
                break
            centres = moved
        cost = float((distances(x, centres).min(axis=1) ** 2).sum())
        if cost < least:
            best, least = centres, cost
    return best


@dataclass(frozen=True, eq=False)
class Bins:
    """k-means cells of training features alone, as many as NDB counts in, and how many training sounds each holds."""

    centres: Array
    counts: NDArray[np.int64]

    @classmethod
    def fit(cls, train: ArrayLike, bins: int | None = None, seed: int = 0) -> Bins:
        """`bins` cells of (N, d), or N / 20 up to 50."""
        x = np.asarray(train, float)
        k = bins or max(2, min(50, len(x) // 20))
        centres = kmeans(x, k, seed)
        return cls(centres, np.bincount(distances(x, centres).argmin(axis=1), minlength=k))

    def owners(self, features: ArrayLike) -> NDArray[np.intp]:
        """The cell of each row of (N, d)."""
        return distances(features, self.centres).argmin(axis=1)

    def apart(self, owners: NDArray[np.intp]) -> tuple[float, float]:
        """Share of the cells in which sounds of these cells are statistically more or fewer, and the Jensen–Shannon divergence
        in bits (1805.12462). Chance alone gives 0.05."""
        there = np.bincount(owners, minlength=len(self.counts))
        share = float(different_bins(self.counts, there).mean())
        return share, jensen_shannon(self.counts / self.counts.sum(), there / max(there.sum(), 1))


def ndb(train: ArrayLike, made: ArrayLike, bins: int | None = None, seed: int = 0) -> tuple[float, float]:
    """Number of statistically different bins ÷ their number, and the Jensen–Shannon divergence: `Bins.apart` of `made`."""
    cells = Bins.fit(train, bins, seed)
    return cells.apart(cells.owners(made))


def different_bins(a: ArrayLike, b: ArrayLike) -> NDArray[np.bool_]:
    """Which bins of two histograms differ in share at 5 %, by a two-proportion z-test with pooled variance."""
    x, y = np.asarray(a, float), np.asarray(b, float)
    n, m = x.sum(), y.sum()
    pooled = (x + y) / (n + m)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    z = np.divide(np.abs(x / n - y / m), error, out=np.zeros_like(error), where=error > 0)
    return z > 1.96


def jensen_shannon(p: ArrayLike, q: ArrayLike) -> float:
    """Divergence of two distributions in bits: 0 equal, 1 disjoint."""
    x, y = np.asarray(p, float), np.asarray(q, float)
    middle = (x + y) / 2

    def against(a: Array) -> float:
        held = a > 0
        return float((a[held] * np.log2(a[held] / middle[held])).sum())

    return (against(x) + against(y)) / 2


def inception_score(probabilities: ArrayLike) -> float:
    """exp of the mean divergence of each sound's label probabilities (N, L) from their mean (1606.03498): 1 to L."""
    p = np.clip(np.asarray(probabilities, float), 1e-12, 1)
    return float(np.exp((p * (np.log(p) - np.log(p.mean(axis=0)))).sum(axis=1).mean()))


# ---- one sound against another


def si_sdr(made: ArrayLike, real: ArrayLike) -> float:
    """Scale-invariant signal to distortion ratio in dB of two mono signals (T,) (1811.02508), between −100 and 100."""
    x, s = np.asarray(made, float), np.asarray(real, float)
    x, s = x - x.mean(), s - s.mean()
    target = (x @ s) / max(s @ s, 1e-20) * s
    ratio = (target @ target) / max(((x - target) ** 2).sum(), 1e-20)
    return float(np.clip(10 * np.log10(max(ratio, 1e-20)), -100, 100))


def stft_distance(made: ArrayLike, real: ArrayLike, windows: Sequence[int] = (512, 1024, 2048)) -> float:
    """Spectral convergence plus mean absolute log magnitude (natural), mean over windows (Yamamoto 1910.11480), of two (T,).

    Magnitudes are compared down to 80 dB under the real sound's peak.
    """
    total = 0.0
    for n_fft in windows:
        x, s = (np.abs(stft(np.asarray(a, np.float32), n_fft, n_fft // 4)).astype(float) for a in (made, real))
        floor = max(s.max(initial=0.0) * 1e-4, 1e-7)
        total += float(np.linalg.norm(s - x)) / max(float(np.linalg.norm(s)), 1e-7)
        total += float(np.abs(np.log(x + floor) - np.log(s + floor)).mean())
    return total / len(windows)


def align(made: ArrayLike, real: ArrayLike, most: int) -> Array:
    """`made` (T,) moved by up to `most` samples to where it correlates best with `real` (T,); what is moved in is silence."""
    x, s = np.asarray(made, float), np.asarray(real, float)
    size = 1 << (len(x) + len(s)).bit_length()
    likeness = np.fft.irfft(np.fft.rfft(s, size) * np.conj(np.fft.rfft(x, size)), size)
    most = min(most, len(x) - 1)
    lags = np.arange(-most, most + 1)
    lag = int(lags[likeness[lags].argmax()])
    moved = np.zeros_like(x)
    if lag >= 0:
        moved[lag:] = x[: len(x) - lag]
    else:
        moved[:lag] = x[-lag:]
    return moved


def cents(heard: ArrayLike, asked: ArrayLike) -> dict[str, float]:
    """Pitch accuracy of MIDI notes `heard` (N,), NaN where none was found, against those `asked` for (N,).

    correct: within 50 cents, of all; octave: wrong by whole octaves; error: median of those with a pitch, in cents; unpitched:
    share without one
    """
    found, wanted = np.asarray(heard, float), np.asarray(asked, float)
    voiced = np.isfinite(found)
    off = 100 * (found[voiced] - wanted[voiced])
    folded = off - 1200 * np.round(off / 1200)
    return {
        "correct": float((np.abs(off) <= 50).sum() / max(len(found), 1)),
        "octave": float(((np.abs(folded) <= 50) & (np.abs(off) > 50)).sum() / max(len(found), 1)),
        "error": float(np.median(np.abs(off))) if voiced.any() else float("nan"),
        "unpitched": float(1 - voiced.mean()) if len(found) else 0.0,
    }


# ---- repeated draws


def repeated(measure: Callable[[Array], ArrayLike], pool: ArrayLike, count: int, draws: int = 10, seed: int = 0) -> Array:
    """Mean of `measure` over random subsets of `count` rows of `pool`; one draw where there is no choice."""
    points = np.asarray(pool, float)
    rng = np.random.default_rng(seed)
    times = draws if count < len(points) else 1
    return np.mean([np.asarray(measure(_some(points, count, rng)), float) for _ in range(times)], axis=0)


def bootstrap(
    measure: Callable[[NDArray[np.intp]], ArrayLike],
    size: int,
    value: ArrayLike,
    *,
    count: int | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[Array, Array]:
    """95 % interval of a `value` found from `size` sounds: what as many (or `count`) others like them would have given.

    `measure` finds it again from rows drawn with replacement (Efron 1979). Drawn twice, a sound is its own neighbour, which
    moves Fréchet distances up and coverage down; so the spread of the draws is laid around the value, not around their mean.
    `value` and what `measure` gives may be arrays of one shape; NaN where nothing could be measured.
    """
    rng = np.random.default_rng(seed)
    drawn = np.array([measure(rng.integers(size, size=count or size)) for _ in range(draws)], float)
    known = np.isfinite(drawn)
    sums = np.where(known, drawn, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    drawn = np.where(known, drawn, sums)  # a draw without any answer says nothing of the spread
    low, high = np.percentile(drawn - sums, (2.5, 97.5), axis=0)
    return np.asarray(value, float) + low, np.asarray(value, float) + high


def proportional(counts: Sequence[int], total: int) -> list[int]:
    """`total` shared out in the proportions of `counts`, whole numbers, by largest remainder."""
    weights = np.asarray(counts, float)
    exact = weights / weights.sum() * total
    share = np.floor(exact).astype(int)
    for i in np.argsort(-(exact - share), kind="stable")[: total - share.sum()]:
        share[i] += 1
    return share.tolist()


def _covariance(x: Array) -> Array:
    centred = x - x.mean(axis=0)
    return centred.T @ centred / max(len(x) - 1, 1)


def _radius(x: Array, k: int) -> Array:
    apart = distances(x, x)
    np.fill_diagonal(apart, np.inf)
    return np.partition(apart, k - 1, axis=1)[:, k - 1]


def _some(points: Array, count: int, rng: np.random.Generator) -> Array:
    return points[rng.choice(len(points), min(count, len(points)), replace=False)]
