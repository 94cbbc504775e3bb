import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.explore.map import Map


def cloud(seed: int, count: int = 60, size: int = 10) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, size)) * 1.5 ** -np.arange(size) @ rng.standard_normal((size, size))


@settings(max_examples=50, deadline=None)
@given(
    st.integers(0, 10_000), st.integers(1, 50), st.integers(2, 16), st.floats(-4, 4), st.floats(-4, 4), st.sampled_from([1, 4])
)
def test_every_place_is_mapped_back_exactly(seed, count, size, x, y, blend):
    latents = cloud(seed, count, size)
    plane = Map.fit(latents)
    z = plane.place((x, y), latents, blend=blend)
    np.testing.assert_allclose(plane.project(z), (x, y), atol=1e-8)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1, 4]))
def test_a_dot_plays_its_own_sound(seed, blend):
    latents = cloud(seed)
    plane = Map.fit(latents)
    for i in (0, 17, 59):
        np.testing.assert_allclose(plane.place(plane.positions[i], latents, blend=blend), latents[i], atol=1e-6)


def test_off_the_plane_the_nearest_sound_is_kept():
    latents = cloud(3)
    plane = Map.fit(latents)
    here = plane.positions[5] + 1e-3
    off = np.eye(10) - plane.basis.T @ plane.basis
    np.testing.assert_allclose(off @ plane.place(here, latents), off @ latents[plane.nearest(here)], atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 6.3), st.booleans())
def test_alignment_undoes_turning_and_mirroring(seed, angle, mirror):
    latents = cloud(seed)
    plane = Map.fit(latents)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * [1, -1 if mirror else 1]
    aligned = plane.align(plane.positions @ turn)
    np.testing.assert_allclose(aligned.positions, plane.positions @ turn, atol=1e-8)
    np.testing.assert_allclose(aligned.project(latents), aligned.positions, atol=1e-8)
    np.testing.assert_allclose(aligned.basis @ aligned.basis.T, np.eye(2), atol=1e-9)


def test_alignment_refuses_other_sounds():
    with pytest.raises(ValueError, match="previous positions"):
        Map.fit(cloud(1)).align(np.zeros((3, 2)))


def test_density_is_high_among_sounds_and_nothing_far_away():
    rng = np.random.default_rng(0)
    latents = np.concatenate([rng.normal(-5, 0.3, (80, 6)), rng.normal(5, 0.3, (80, 6))])
    plane = Map.fit(latents)
    shade = plane.density(64)
    assert shade.values.shape == (64, 64) and shade.values.max() == 1 and shade.values.min() >= 0
    assert shade.at(plane.positions).mean() > 0.3
    assert shade.at((0.0, 0.0)) < 0.02  # the gap between the two groups
    assert shade.at((50.0, 50.0)) == 0
    (left, right), (low, high) = plane.bounds()
    assert (plane.positions > (left, low)).all() and (plane.positions < (right, high)).all()


def test_rows_of_the_density_go_upwards():
    latents = np.concatenate([np.random.default_rng(1).normal(0, 0.1, (50, 2)), [[3.0, 1.0], [-3.0, 1.0]]])
    plane = Map.fit(latents)
    shade = plane.density(40)
    top = plane.positions[-1]  # off the crowd
    row = int((top[1] - shade.y[0]) / (shade.y[1] - shade.y[0]) * 40)
    column = int((top[0] - shade.x[0]) / (shade.x[1] - shade.x[0]) * 40)
    assert shade.values[row, column] == shade.at(top) > 0.01


def test_one_sound_is_a_map_too():
    plane = Map.fit(np.ones((1, 3)))
    assert plane.bounds()[0][0] < 0 < plane.bounds()[0][1]
    assert np.isfinite(plane.density(8).values).all()
    with pytest.raises(ValueError, match="two numbers"):
        Map.fit(np.ones((4, 1)))


def test_latents_as_models_give_them_are_exact_too():
    latents = cloud(9, 300).astype(np.float32)
    plane = Map.fit(latents)
    np.testing.assert_allclose(plane.positions, Map.fit(latents.astype(float)).positions, atol=1e-4)
    np.testing.assert_allclose(plane.project(plane.place((0.3, -0.2), latents)), (0.3, -0.2), atol=1e-9)
    np.testing.assert_allclose(plane.place(plane.positions[7], latents), latents[7], atol=1e-5)
