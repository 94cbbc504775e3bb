import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.explore.axes import Axes
from studio.explore.mutate import breed, mutate


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
    shrunk = mutate(kept.mean(axis=0), kept, 1.0, 20, 0)
    plane = np.linalg.svd(kept - kept.mean(axis=0), full_matrices=False)[2][:2]
    off = shrunk - kept.mean(axis=0)
    np.testing.assert_allclose(off - off @ plane.T @ plane, 0, atol=1e-9)


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
