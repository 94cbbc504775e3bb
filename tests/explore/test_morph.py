import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from studio.explore.morph import Land, blend, emptiness, lerp, mix, morph, path, pins, slerp

latent = arrays(float, 6, elements=st.floats(-3, 3, width=32))


@settings(max_examples=60, deadline=None)
@given(latent, latent, st.sampled_from([lerp, slerp]))
def test_ends_are_exact(a, b, mixer):
    np.testing.assert_allclose(mixer(a, b, 0.0), a, atol=1e-9)
    np.testing.assert_allclose(mixer(a, b, 1.0), b, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(latent, latent, st.floats(0, 1))
def test_the_sphere_keeps_the_length(a, b, t):
    long, wide = np.linalg.norm(a), np.linalg.norm(b)
    if min(long, wide) < 0.1 or abs(a @ b) > 0.999 * long * wide:
        return
    assert np.linalg.norm(slerp(a, b, t)) == pytest.approx((1 - t) * long + t * wide, rel=1e-6)


def test_the_arc_is_walked_evenly():
    a, b = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    np.testing.assert_allclose(slerp(a, b, 0.5), [np.sqrt(0.5)] * 2)
    steps = np.linalg.norm(np.diff(morph(a, b, 9, "spherical"), axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0])


def test_opposite_equal_and_zero_latents_mix_straight():
    one = np.array([1.0, 2.0])
    for other in (-one, one, np.zeros(2), 3 * one):
        np.testing.assert_allclose(slerp(one, other, 0.25), lerp(one, other, 0.25))


@settings(max_examples=40, deadline=None)
@given(arrays(float, (4, 3), elements=st.floats(-2, 2, width=32)), st.integers(2, 30))
def test_a_path_starts_and_ends_at_its_pins_and_is_even(points, steps):
    way = path(points, steps)
    assert way.shape == (steps, 3)
    np.testing.assert_allclose(way[0], points[0], atol=1e-9)
    np.testing.assert_allclose(way[-1], points[-1], atol=1e-9)
    total = np.linalg.norm(np.diff(points, axis=0), axis=1).sum()
    assert (np.linalg.norm(np.diff(way, axis=0), axis=1) <= total / (steps - 1) + 1e-9).all()


def test_a_path_passes_through_its_pins():
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    np.testing.assert_allclose(path(corners, 5), [[0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1]])
    np.testing.assert_allclose(path(corners[:1], 3), np.zeros((3, 2)))
    assert morph(corners[0], corners[2], 1).shape == (1, 2)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=1, max_size=8), st.floats(-2, 2), st.floats(-2, 2))
def test_pin_weights_are_shares(places, x, y):
    weights = pins((x, y), places)
    assert weights.sum() == pytest.approx(1) and (weights >= 0).all()


def test_on_a_pin_only_that_pin_sounds_and_nearer_weighs_more():
    places = [(0, 0), (1, 0), (0, 1)]
    np.testing.assert_array_equal(pins((1, 0), places), [0, 1, 0])
    near, _, far = pins((0.1, 0.05), places)
    assert near > far
    np.testing.assert_allclose(mix(np.eye(3), [1, 1, 2]), [0.25, 0.25, 0.5])
    with pytest.raises(ValueError, match="above zero"):
        mix(np.eye(3), [0, 0, 0])


def test_empty_space_between_two_groups_is_noticed():
    rng = np.random.default_rng(0)
    latents = np.concatenate([rng.normal(-4, 0.5, (100, 4)), rng.normal(4, 0.5, (100, 4))])
    far = emptiness(morph(latents[0], latents[150], 9), latents)
    assert far[0] == pytest.approx(0, abs=1e-6) and far[-1] == pytest.approx(0, abs=1e-6)
    assert far[4] > 5 > far[0]


several = st.integers(2, 8).flatmap(
    lambda count: st.tuples(
        arrays(float, (count, 6), elements=st.floats(-3, 3, width=32)),
        arrays(float, count, elements=st.floats(0.015625, 1, width=32)),
    )
)
shapes = st.sampled_from(["straight", "spherical"])


@settings(max_examples=80, deadline=None)
@given(latent, latent, st.floats(0, 1))
def test_the_spherical_mix_of_two_is_their_arc(a, b, t):
    np.testing.assert_allclose(blend([a, b], [1 - t, t], "spherical"), slerp(a, b, t), atol=2e-4)


@settings(max_examples=60, deadline=None)
@given(several, shapes, st.integers(0, 7))
def test_all_weight_on_one_is_that_one(asked, shape, which):
    points, weights = asked
    alone = np.zeros(len(points))
    alone[which % len(points)] = weights[0]
    np.testing.assert_allclose(blend(points, alone, shape), points[which % len(points)], atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(several, shapes, st.randoms())
def test_the_order_of_the_mixed_does_not_matter(asked, shape, random):
    points, weights = asked
    order = list(range(len(points)))
    random.shuffle(order)
    first, second = blend(points, weights, shape), blend(points[order], weights[order], shape)
    assert first.shape == (6,) and np.isfinite(first).all()
    gap = np.abs(first - second).max()
    units = points / np.maximum(np.linalg.norm(points, axis=1), 1e-12)[:, None]
    assert gap < 1e-6 or (units @ units.T).min() < 0  # beyond a half-sphere there is more than one middle


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 8), st.integers(8, 64))
def test_noise_stays_as_long_as_noise(seed, count, size):
    points = np.random.default_rng(seed).standard_normal((count, size))
    weights = np.random.default_rng(seed + 1).dirichlet(np.ones(count))
    lengths = np.linalg.norm(points, axis=1)
    assert np.linalg.norm(blend(points, weights, "spherical")) == pytest.approx(weights @ lengths)
    even = np.full(count, 1.0)
    middle = blend(points, even, "spherical")
    rotate = np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))[0]
    np.testing.assert_allclose(blend(points @ rotate, even, "spherical"), middle @ rotate, atol=1e-6)


def test_opposite_and_empty_latents_mix_straight_also_among_several():
    points = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0]])
    np.testing.assert_allclose(blend(points, [1, 1, 2], "spherical"), [0, 0.5, 0])
    np.testing.assert_allclose(blend([[0.0, 0], [2, 0]], [1, 1], "spherical"), [1, 0])
    with pytest.raises(ValueError, match="above zero"):
        blend(points, [0, 0, 0], "spherical")


def test_land_of_many_few_and_broken_sounds():
    rng = np.random.default_rng(0)
    known = rng.standard_normal((3000, 5))
    whole, asked = Land.fit(known, sample=10_000), Land.fit(known, sample=500)
    assert asked.usual == pytest.approx(whole.usual, rel=0.1)
    assert 1.5 <= whole.edge == pytest.approx(asked.edge, rel=0.2)
    assert (whole.emptiness(rng.standard_normal((1000, 5))) > whole.edge).mean() == pytest.approx(0.05, abs=0.03)
    known[7] = np.nan
    np.testing.assert_allclose(Land.fit(known).emptiness(known[:7]), 0, atol=1e-6)
    assert Land.fit(np.zeros((0, 5))).emptiness(np.ones((2, 5))) == pytest.approx([0, 0])
    assert Land.fit(np.ones((9, 5))).emptiness(np.full((1, 5), 2.0)) == pytest.approx(
        [np.sqrt(5)]
    )  # all the same: plain distance
    assert Land.fit(np.full((3, 5), np.nan)).usual == 1.0
