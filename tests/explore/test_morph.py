import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from studio.explore.morph import emptiness, lerp, mix, morph, path, pins, slerp

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
