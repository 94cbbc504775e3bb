import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.explore.axes import Axes
from studio.explore.morph import blend
from studio.explore.mutate import breed, constrict, doubles, litter, mutate


def cloud(seed: int = 0, count: int = 100, size: int = 10) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, size)) * 1.4 ** -np.arange(size)


def apart(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, None] - points, axis=2)[np.triu_indices(len(points), 1)]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(0, 2), st.integers(0, 12))
def test_the_same_seed_gives_the_same_candidates(seed, radius, count):
    latents = cloud()
    first = mutate(latents[0], latents, radius, count, seed)
    assert first.shape == (count, 10)
    np.testing.assert_array_equal(first, mutate(latents[0], latents, radius, count, seed))


def test_candidates_spread_like_the_sounds_and_with_the_radius():
    latents = cloud()
    around = mutate(np.zeros(10), latents, 1.0, 200, 1)
    np.testing.assert_allclose(around.std(axis=0), latents.std(axis=0), rtol=0.35)
    wide, narrow = (np.linalg.norm(mutate(np.zeros(10), latents, r, 50, 2), axis=1).mean() for r in (1.0, 0.1))
    assert 8 < wide / narrow < 12


def test_no_two_candidates_are_nearly_the_same():
    latents = cloud()
    usual = np.sqrt(latents.var(axis=0, ddof=1).sum())
    for seed in range(20):
        shown = np.concatenate([latents[:1], mutate(latents[0], latents, 0.5, 9, seed)])
        assert apart(shown).min() >= 0.3 * 0.5 * usual
    crowd = np.zeros((50, 10))
    crowd[0] = 1
    assert len(mutate(crowd[0], crowd, 0.5, 9, 0)) == 9  # one direction only: the gap gives way, the count does not


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.sets(st.integers(0, 5), min_size=1))
def test_locked_axes_do_not_move(seed, locked):
    latents = cloud(seed)
    axes = Axes.fit(latents, k=6)
    rows = sorted(locked)
    moved = mutate(latents[3], latents, 0.8, 5, seed, locked=axes.components[rows])
    before, after = axes.project(latents[3])[rows], axes.project(moved)[:, rows]
    np.testing.assert_allclose(after, np.broadcast_to(before, after.shape), atol=1e-9)


def test_the_space_shrinks_to_the_kept_sounds():
    latents = cloud()
    kept = latents[:3]
    middle = kept.mean(axis=0)
    plane = np.linalg.svd(kept - middle, full_matrices=False)[2][:2]
    usual = np.sqrt(latents.var(axis=0, ddof=1).sum())
    for loose in (0.0, 0.1):
        space = constrict(kept, latents, loose)
        wanted = np.cov(kept.T) + loose**2 * np.cov(latents.T)
        np.testing.assert_allclose(np.cov(space.T), wanted, atol=1e-9)
        off = mutate(middle, space, 1.0, 50, 0) - middle
        beside = off - off @ plane.T @ plane
        assert np.sqrt((beside**2).sum(axis=1).mean()) <= 1.3 * loose * usual + 1e-9


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.integers(1, 8), st.integers(0, 99))
def test_any_kept_set_gives_nine_that_are_finite(few, size, seed):
    latents = cloud(seed, 20, size)
    around = mutate(latents[0], constrict(latents[:few], latents), 0.5, 9, seed)
    assert around.shape == (9, size) and np.isfinite(around).all() and apart(around).min() > 0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 500), st.integers(2, 8), st.sampled_from(["straight", "spherical"]))
def test_children_are_the_mixes_they_say_they_are(seed, count, shape):
    parents = cloud(seed, count)
    children, shares = litter(parents, 9, seed, shape=shape)
    assert shares.shape == (9, count)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    for child, share in zip(children, shares):
        np.testing.assert_allclose(child, blend(parents, share, shape))
    np.testing.assert_array_equal(children, breed(parents, 9, seed, shape=shape))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 30), st.integers(0, 12), st.sampled_from([np.nan, np.inf, -np.inf]))
def test_what_is_not_a_number_is_left_out_or_refused(bad, count, value):
    latents = cloud(0, 30)
    broken = latents.copy()
    broken[bad:] = value
    assert np.isfinite(mutate(latents[0], broken, 0.5, count)).all()
    for centre in (np.full(10, value), latents[0][:9], np.zeros((2, 10)), 1.0):
        with pytest.raises(ValueError, match="centre"):
            mutate(centre, latents)
    with pytest.raises(ValueError, match=r"parent|centre"):
        breed([latents[0], np.full(10, value)])


def test_only_later_ones_that_sound_like_an_earlier_are_doubles():
    prints = [np.zeros(4), np.full(4, 0.1), None, np.full(4, 5.0), np.full(4, 5.05), np.full(4, 0.19)]
    assert doubles(prints, 0.25) == [1, 4]  # the last is like the second, which is out already
    assert doubles(prints, 0.0) == [] and doubles([], 1.0) == [] and doubles([np.ones(3)] * 3, 0.0) == [1, 2]


def test_children_lie_among_their_parents():
    latents = cloud()
    parents = latents[[0, 7]]
    children = breed(parents, 9, 3)
    line = parents[1] - parents[0]
    share = (children - parents[0]) @ line / (line @ line)
    np.testing.assert_allclose(children, parents[0] + share[:, None] * line, atol=1e-9)
    assert (share >= 0).all() and (share <= 1).all() and np.ptp(share) > 0.3
    loose = breed(parents, 9, 3, latents)
    assert (
        np.linalg.norm(loose - (parents[0] + ((loose - parents[0]) @ line / (line @ line))[:, None] * line,)[0], axis=1).min()
        > 0
    )
    assert len(breed(parents[[0, 0]], 4)) == 4  # a sound with itself
