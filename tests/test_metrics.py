"""Each measure against a case whose answer is known in closed form, or by construction."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio import metrics


def normal(seed: int, count: int, size: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, size))


# ---- Fréchet


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 8))
def test_frechet_of_diagonal_gaussians(seed, size):
    rng = np.random.default_rng(seed)
    shift, s, t = rng.normal(size=size), rng.uniform(0.1, 3, size), rng.uniform(0.1, 3, size)
    expected = (shift**2).sum() + ((s - t) ** 2).sum()
    found = metrics.frechet_gaussians(np.zeros(size), np.diag(s**2), shift, np.diag(t**2))
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)
    turn, _ = np.linalg.qr(rng.normal(size=(size, size)))  # a turn of both changes nothing
    turned = metrics.frechet_gaussians(
        np.zeros(size), turn @ np.diag(s**2) @ turn.T, turn @ shift, turn @ np.diag(t**2) @ turn.T
    )
    assert turned == pytest.approx(expected, rel=1e-7, abs=1e-7)


def test_frechet_of_matrices_that_do_not_commute():
    """In two dimensions tr((AB)^½) = √(tr AB + 2 √det AB)."""
    a, b = np.array([[2.0, 0.6], [0.6, 1.0]]), np.array([[1.0, -0.5], [-0.5, 3.0]])
    root = np.sqrt(np.trace(a @ b) + 2 * np.sqrt(np.linalg.det(a @ b)))
    found = metrics.frechet_gaussians(np.zeros(2), a, np.zeros(2), b)
    assert found == pytest.approx(np.trace(a) + np.trace(b) - 2 * root)
    assert found == pytest.approx(metrics.frechet_gaussians(np.zeros(2), b, np.zeros(2), a))


def test_frechet_of_a_set_with_itself_and_shifted():
    x = normal(0, 200, 6)
    assert metrics.frechet(x, x) == pytest.approx(0, abs=1e-9)
    assert metrics.frechet(x, x + np.array([3, 0, 0, 0, 0, 4])) == pytest.approx(25)
    assert metrics.frechet(x, 2 * x - x.mean(axis=0)) == pytest.approx(np.trace(np.cov(x.T)))
    flat = np.zeros((10, 3))  # no spread at all
    assert metrics.frechet(flat, flat + 1) == pytest.approx(3)


def test_extrapolation_takes_the_bias_of_small_sets_away():
    """Two samples of one distribution: the plain distance is far above zero, the extrapolated one near it."""
    plain = np.mean([metrics.frechet(normal(s, 120, 10), normal(s + 50, 120, 10)) for s in range(5)])
    unbiased = np.mean([metrics.frechet_unbiased(normal(s, 120, 10), normal(s + 50, 120, 10), s) for s in range(5)])
    assert plain > 0.5 and abs(unbiased) < 0.25 * plain
    far = metrics.frechet_unbiased(normal(0, 400, 4), normal(1, 400, 4) + 2)
    assert far == pytest.approx(16, rel=0.15)


def test_whitening_gives_unit_spread_and_respects_the_count():
    x = normal(0, 300, 20) @ np.diag(3.0 ** -np.arange(20.0)) @ normal(1, 20, 20)
    whiten = metrics.Whitener.fit(x, 100)
    assert whiten.size == 10
    np.testing.assert_allclose(np.cov(whiten(x).T), np.eye(10), atol=1e-6)
    np.testing.assert_allclose(whiten(x).mean(axis=0), 0, atol=1e-9)
    assert metrics.Whitener.fit(x, 10_000, cap=12).size == 12
    assert metrics.Whitener.fit(x, 5).size == 2
    assert metrics.Whitener.fit(np.ones((10, 4)) * np.arange(10)[:, None], 500).size == 1  # only one direction has any spread


# ---- KID


def test_kid_by_hand():
    a, b = np.array([[1.0], [2.0]]), np.array([[0.0], [3.0]])

    def k(x: float, y: float) -> float:
        return (x * y + 1) ** 3

    across = (k(1, 0) + k(1, 3) + k(2, 0) + k(2, 3)) / 4
    assert metrics.kid(a, b) == pytest.approx(k(1, 2) + k(0, 3) - 2 * across)


def test_kid_is_unbiased_and_grows_with_the_shift():
    same = [metrics.kid(normal(s, 60, 5), normal(s + 1000, 60, 5)) for s in range(60)]
    assert abs(np.mean(same)) < 3 * np.std(same) / np.sqrt(60)
    assert min(same) < 0  # a biased estimate could not be negative
    assert metrics.kid(normal(0, 60, 5), normal(1, 60, 5) + 1) > 0.5 > np.mean(same)


# ---- neighbourhoods


def test_identical_sets_cover_everything():
    x = normal(0, 100, 8)
    found = metrics.neighbourhoods(x, x)
    assert found["precision"] == found["recall"] == found["coverage"] == 1
    assert found["density"] > 1  # every ball holds itself and its k neighbours


def test_far_apart_sets_share_nothing():
    x = normal(0, 100, 8)
    assert set(metrics.neighbourhoods(x, x + 1000).values()) == {0.0}


def test_collapse_keeps_precision_and_loses_coverage():
    real = normal(0, 200, 4)
    made = real[:1] + 1e-3 * normal(1, 200, 4)
    found = metrics.neighbourhoods(real, made)
    assert found["precision"] == 1 and found["coverage"] < 0.1 and found["recall"] < 0.1


@pytest.mark.parametrize("count", [20, 100])
def test_the_ceiling_is_what_real_against_real_reaches(count):
    found = [metrics.neighbourhoods(normal(s, count, 3), normal(s + 500, count, 3))["coverage"] for s in range(60)]
    assert np.mean(found) == pytest.approx(metrics.coverage_ceiling(count), abs=0.02)
    assert metrics.coverage_ceiling(10**6) == pytest.approx(1 - 0.5**5, abs=1e-4)


def test_density_by_hand():
    real, made = np.array([[0.0], [1.0], [10.0]]), np.array([[0.5], [0.6], [30.0]])
    found = metrics.neighbourhoods(real, made, k=1)  # balls: 0±1, 1±1, 10±9
    assert found["density"] == pytest.approx((2 + 2 + 0) / 3)
    assert found["precision"] == pytest.approx(2 / 3) and found["coverage"] == pytest.approx(2 / 3)


def test_twenty_planted_copies_are_all_found():
    train, other = normal(0, 400, 50), normal(1, 100, 50)
    made = np.concatenate([train[:20] + 1e-4 * normal(2, 20, 50), normal(3, 80, 50)])
    distance, index = metrics.nearest(made, train)
    threshold = np.percentile(metrics.nearest(other, train)[0], 1)
    assert (distance[:20] < threshold).all() and (index[:20] == np.arange(20)).all()
    assert (distance[20:] < threshold).mean() <= 0.06
    assert metrics.nearest(train[:3], train)[0].max() == 0


def test_diversity_is_the_mean_distance():
    assert metrics.diversity([[0.0], [1.0], [3.0]]) == pytest.approx(2)
    assert metrics.diversity([[1.0, 2.0]]) == 0
    assert metrics.diversity(np.ones((5, 2))) == 0


# ---- beside published implementations: values frozen from them, and themselves where they are installed


def two_sets() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(20)
    return rng.standard_normal((60, 5)), 1.2 * rng.standard_normal((50, 5)) + 0.5


FROZEN = {  # prdc 0.2, by Naeem et al.
    1: {"precision": 0.44, "recall": 0.7, "density": 0.7, "coverage": 22 / 60},
    3: {"precision": 0.68, "recall": 53 / 60, "density": 0.5733333333333333, "coverage": 0.65},
    5: {"precision": 0.74, "recall": 0.95, "density": 0.592, "coverage": 46 / 60},
}


@pytest.mark.parametrize("k", FROZEN)
def test_neighbourhoods_are_those_of_prdc(k):
    assert metrics.neighbourhoods(*two_sets(), k) == pytest.approx(FROZEN[k], rel=1e-12)


@pytest.mark.parametrize("k", [1, 4, 7])
def test_neighbourhoods_beside_prdc(k):
    prdc = pytest.importorskip("prdc")
    real, made = two_sets()
    assert metrics.neighbourhoods(real, made, k) == pytest.approx(prdc.compute_prdc(real, made, nearest_k=k), rel=1e-12)


def test_frechet_is_that_of_a_matrix_root():
    assert metrics.frechet(*two_sets()) == pytest.approx(3.0642548806465135, rel=1e-9)
    from scipy.linalg import sqrtm

    for seed in range(5):
        a, b = normal(seed, 40, 6) @ normal(seed + 50, 6, 6), normal(seed + 9, 30, 6) + 1
        one, two = np.cov(a.T), np.cov(b.T)
        expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(one + two - 2 * np.real(sqrtm(one @ two)))
        assert metrics.frechet(a, b) == pytest.approx(expected, rel=1e-7)


def test_kid_is_that_of_a_polynomial_kernel():
    assert metrics.kid(*two_sets()) == pytest.approx(2.617096033403467, rel=1e-9)
    kernels = pytest.importorskip("sklearn.metrics.pairwise")
    real, made = two_sets()

    def within(x):
        k = kernels.polynomial_kernel(x, x, degree=3, coef0=1)
        return (k.sum() - np.trace(k)) / (len(x) * (len(x) - 1))

    across = kernels.polynomial_kernel(real, made, degree=3, coef0=1).mean()
    assert metrics.kid(real, made) == pytest.approx(within(real) + within(made) - 2 * across, rel=1e-9)


def test_jensen_shannon_is_that_of_scipy():
    from scipy.spatial.distance import jensenshannon

    p, q = np.array([1, 2, 3, 4, 0]) / 10, np.array([4, 3, 2, 0, 1]) / 10
    assert metrics.jensen_shannon(p, q) == pytest.approx(jensenshannon(p, q, base=2) ** 2, rel=1e-12)


# ---- bins


def test_ndb_of_the_same_and_of_elsewhere():
    """Copies of the training sounds fill the cells alike; sounds that all lie elsewhere fill one."""
    x = normal(0, 300, 3)
    assert metrics.ndb(x, x, bins=10) == (0, 0)
    share, divergence = metrics.ndb(x, x + 100, bins=10)
    assert share == 1
    counts = metrics.Bins.fit(x, 10).counts / 300
    full = metrics.Bins.fit(x, 10).owners(x[:1] + 100)[0]
    assert divergence == pytest.approx(metrics.jensen_shannon(counts, np.eye(10)[full]))


def test_bins_that_differ_are_those_of_the_z_test():
    # 100 of 1000 against 140 of 1000: z = .04 / √(.12 · .88 · 2/1000) = 2.75; against 120: z = 1.43
    assert metrics.different_bins([100, 900], [140, 860]).tolist() == [True, True]
    assert metrics.different_bins([100, 900], [120, 880]).tolist() == [False, False]
    assert metrics.different_bins([50, 0, 50], [500, 0, 500]).tolist() == [False, False, False]


def test_chance_alone_gives_about_five_percent():
    rng = np.random.default_rng(0)
    share = [
        metrics.different_bins(rng.multinomial(2000, [0.05] * 20), rng.multinomial(500, [0.05] * 20)).mean() for _ in range(300)
    ]
    assert np.mean(share) == pytest.approx(0.05, abs=0.015)


def test_jensen_shannon_in_closed_form():
    assert metrics.jensen_shannon([0.5, 0.5], [0.5, 0.5]) == 0
    assert metrics.jensen_shannon([1, 0], [0, 1]) == pytest.approx(1)
    expected = 0.5 * np.log2(1 / 0.75) + 0.5 * (0.5 * np.log2(0.5 / 0.75) + 0.5 * np.log2(0.5 / 0.25))
    assert metrics.jensen_shannon([1, 0], [0.5, 0.5]) == pytest.approx(expected)


def test_ndb_finds_missing_modes():
    centres = 20 * np.eye(10)
    rng = np.random.default_rng(0)
    train = centres[rng.integers(10, size=1000)] + rng.standard_normal((1000, 10))
    full = centres[rng.integers(10, size=500)] + rng.standard_normal((500, 10))
    half = centres[rng.integers(5, size=500)] + rng.standard_normal((500, 10))
    share, divergence = metrics.ndb(train, full, bins=10)
    assert share <= 0.2 and divergence < 0.01
    share, divergence = metrics.ndb(train, half, bins=10)
    assert share == 1 and divergence > 0.2  # five bins are empty, five twice too full


def test_kmeans_finds_the_groups():
    rng = np.random.default_rng(1)
    truth = np.array([[0.0, 0], [10, 0], [0, 10]])
    found = metrics.kmeans(np.repeat(truth, 30, axis=0) + 0.1 * rng.standard_normal((90, 2)), 3)
    assert metrics.nearest(truth, found)[0].max() < 0.1
    assert len(metrics.kmeans(np.zeros((10, 2)), 4)) == 4  # fewer different points than centres


def test_inception_score_runs_from_one_to_the_number_of_labels():
    assert metrics.inception_score(np.eye(7).repeat(5, axis=0)) == pytest.approx(7)
    assert metrics.inception_score(np.full((30, 7), 1 / 7)) == pytest.approx(1)
    assert metrics.inception_score(np.eye(7)[[2] * 30]) == pytest.approx(1)


# ---- one sound against another


@settings(max_examples=30, deadline=None)
@given(st.floats(-20, 40), st.floats(0.01, 5), st.integers(0, 100))
def test_si_sdr_of_a_known_mixture(level, gain, seed):
    rng = np.random.default_rng(seed)
    s, n = rng.standard_normal((2, 4000))
    s, n = s - s.mean(), n - n.mean()
    n -= n @ s / (s @ s) * s
    n *= np.sqrt(s @ s / (n @ n)) * 10 ** (-level / 20)
    assert metrics.si_sdr(gain * (s + n), s) == pytest.approx(level, abs=1e-6)


def test_si_sdr_stays_finite():
    s = np.sin(np.arange(1000.0))
    assert metrics.si_sdr(s, s) == 100
    assert metrics.si_sdr(np.zeros(1000), s) == -100
    assert np.isfinite(metrics.si_sdr(s, np.zeros(1000)))


def test_stft_distance_of_a_gain_is_known():
    """Twice the amplitude: convergence |2s − s| / |s| = 1, log magnitude ln 2 wherever the sound is above the floor."""
    s = np.random.default_rng(0).standard_normal(20_000)
    assert metrics.stft_distance(s, s) == 0
    assert metrics.stft_distance(2 * s, s) == pytest.approx(1 + np.log(2), rel=0.01)
    assert metrics.stft_distance(np.zeros(20_000), np.zeros(20_000)) == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(-80, 80), st.integers(0, 50))
def test_alignment_finds_the_shift(shift, seed):
    s = np.zeros(2000)
    s[200:1500] = np.random.default_rng(seed).standard_normal(1300)
    np.testing.assert_array_equal(metrics.align(np.roll(s, shift), s, 100), s)


def test_cents():
    found = metrics.cents([60.2, 72.0, np.nan, 61.0], [60, 60, 60, 60])
    assert found == {"correct": 0.25, "octave": 0.25, "error": pytest.approx(100), "unpitched": 0.25}
    assert metrics.cents([], [])["correct"] == 0


# ---- draws


def test_repeated_draws_come_near_the_mean_of_all():
    pool = normal(0, 200, 1)
    assert abs(metrics.repeated(lambda x: x.mean(), pool, 50, draws=40) - pool.mean()) < 0.05
    assert metrics.repeated(lambda x: [len(x), x.sum()], pool, 500).tolist() == [200, pytest.approx(pool.sum())]


def test_an_interval_of_a_mean_is_that_of_the_normal_distribution():
    values = np.random.default_rng(0).normal(3, 2, 400)
    low, high = metrics.bootstrap(lambda rows: values[rows].mean(), 400, values.mean(), draws=2000)
    half = 1.96 * values.std() / 20
    assert (low, high) == (pytest.approx(values.mean() - half, abs=0.03), pytest.approx(values.mean() + half, abs=0.03))
    again = metrics.bootstrap(lambda rows: values[rows].mean(), 400, values.mean(), draws=2000)
    assert (low, high) == again, "the same seed, the same interval"
    wide = metrics.bootstrap(lambda rows: values[rows].mean(), 400, values.mean(), count=100, draws=2000)
    assert (wide[1] - wide[0]) / (high - low) == pytest.approx(2, rel=0.15)  # a quarter of the sounds, twice the spread


@pytest.mark.parametrize("name", ["frechet", "recall", "coverage"])
def test_intervals_hold_what_other_sounds_of_the_model_give(name):
    """Measures that sounds drawn twice would bias: the interval found from 80 sounds holds what 80 others give on average."""
    real = normal(0, 80, 4)

    def measure(points):
        return metrics.frechet(real, points) if name == "frechet" else metrics.neighbourhoods(real, points)[name]

    usual = np.mean([measure(1.2 * normal(1000 + i, 80, 4) + 0.4) for i in range(60)])
    held = 0
    for i in range(20):
        made = 1.2 * normal(i + 1, 80, 4) + 0.4
        low, high = metrics.bootstrap(lambda rows, made=made: measure(made[rows]), 80, measure(made), draws=60)
        held += low <= usual <= high
    assert held >= 16


def test_draws_without_an_answer_do_not_spoil_an_interval():
    values = np.array([np.nan, 1.0, 2.0, 3.0])

    def measure(rows):
        known = values[rows][np.isfinite(values[rows])]
        return [known.mean() if len(known) else np.nan, np.nan]

    low, high = metrics.bootstrap(measure, 4, [2.0, np.nan])
    assert low[0] < 2 < high[0] and np.isnan(low[1]) and np.isnan(high[1])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=8).filter(any), st.integers(0, 300))
def test_shares_are_whole_and_add_up(counts, total):
    share = metrics.proportional(counts, total)
    assert sum(share) == total
    assert all(abs(s - total * c / sum(counts)) < 1 for s, c in zip(share, counts))
