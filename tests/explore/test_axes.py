from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.explore.axes import Axes, correlations


def cloud(seed: int, count: int = 80, size: int = 12) -> np.ndarray:
    """Sounds whose spread falls off clearly from direction to direction, turned at random."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.standard_normal((size, size)))
    return rng.standard_normal((count, size)) * 1.6 ** -np.arange(size) @ turn + rng.standard_normal(size)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 60), st.integers(2, 20), st.integers(1, 24))
def test_unproject_inverts_project(seed, count, size, k):
    latents = cloud(seed, count, size)
    axes = Axes.fit(latents, k=k)
    assert 1 <= len(axes) <= min(k, size, count - 1)
    rng = np.random.default_rng(seed)
    base, coordinates = rng.standard_normal(size), rng.uniform(-2.5, 2.5, len(axes))
    moved = axes.unproject(coordinates, base)
    np.testing.assert_allclose(axes.project(moved), coordinates, atol=1e-6)
    np.testing.assert_allclose(axes.unproject(axes.project(base), base), base, atol=1e-9)
    # what the axes do not span stays the base's
    off = np.eye(size) - axes.components.T @ axes.components
    np.testing.assert_allclose(off @ (moved - base), 0, atol=1e-6)


def test_coordinates_are_in_standard_deviations_of_the_sounds():
    latents = cloud(1)
    axes = Axes.fit(latents)
    np.testing.assert_allclose(axes.scores.std(axis=0, ddof=1), 1)
    np.testing.assert_allclose(axes.scores, axes.project(latents), atol=1e-9)
    assert (np.diff(axes.sigma) <= 0).all()
    assert 0 < axes.spread.sum() <= 1 + 1e-12


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_the_same_sounds_in_another_order_give_the_same_axes(seed):
    latents = cloud(seed)
    shuffled = latents[np.random.default_rng(seed).permutation(len(latents))]
    np.testing.assert_allclose(Axes.fit(shuffled).components, Axes.fit(latents).components, atol=1e-6)


def test_an_axis_is_named_by_what_it_measurably_does():
    rng = np.random.default_rng(0)
    latents = cloud(2, 200)
    plain = Axes.fit(latents)
    hertz = 1000 * 2.0 ** (-plain.scores[:, 0] + 0.1 * rng.standard_normal(200))
    axes = Axes.fit(latents, {"brightness": hertz, "loudness": rng.standard_normal(200)})
    assert axes.titles()[0] == "darker ↔ brighter"
    assert axes.names[0].descriptor == "brightness" and axes.names[0].r > 0.99
    assert correlations(axes.scores[:, :1], np.log(hertz)[:, None])[0, 0] == pytest.approx(axes.names[0].r, abs=1e-3)
    assert axes.titles()[1] == "Axis 2" and axes.names[1].descriptor is None


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(8, 60))
def test_names_are_never_invented(seed, count):
    rng = np.random.default_rng(seed)
    facts = {name: rng.uniform(1, 2, count) for name in ("loudness", "attack", "length", "noisiness", "pitch")}
    axes = Axes.fit(cloud(seed, count), facts)
    for i, name in enumerate(axes.names):
        if name.descriptor:
            values = np.log(facts[name.descriptor]) if name.descriptor in ("attack", "length") else facts[name.descriptor]
            r = correlations(axes.scores[:, i : i + 1], values[:, None])[0, 0]
            assert abs(r) >= max(0.5, 3.5 / np.sqrt(count)) and name.r == pytest.approx(r, abs=1e-3)
    used = [n.descriptor for n in axes.names if n.descriptor]
    assert len(used) == len(set(used))


def test_unknown_values_are_left_out_and_too_few_name_nothing():
    latents = cloud(3, 60)
    score = Axes.fit(latents).scores[:, 0]
    pitch = 60 + 12 * score
    pitch[10:] = np.nan
    assert Axes.fit(latents, {"pitch": pitch}).names[0].descriptor is None  # ten values: r must reach 1.1
    pitch = np.where(np.arange(60) < 50, 60 + 12 * score, np.nan)
    assert Axes.fit(latents, {"pitch": pitch}).names[0].descriptor == "pitch"
    with pytest.raises(ValueError, match="one value for each of 60 sounds"):
        Axes.fit(latents, {"pitch": pitch[:5]})


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_alignment_undoes_a_turn_of_the_latent_space(seed):
    """A later checkpoint may mirror its space and reorder what varies most: sliders must stay what they were."""
    rng = np.random.default_rng(seed)
    before = cloud(seed, 100, 8)
    old = Axes.fit(before, k=6).renamed(0, "sparkle")
    stretch = rng.permutation(1.7 ** np.arange(6))
    scores = old.scores * old.sigma * stretch
    turn, _ = np.linalg.qr(rng.standard_normal((8, 8)))
    later = np.pad(scores, ((0, 0), (0, 2))) @ turn
    new = Axes.fit(later, k=6).align(old)
    np.testing.assert_allclose(np.diag(correlations(new.scores, old.scores)), 1, atol=1e-6)
    np.testing.assert_allclose(new.project(later), new.scores, atol=1e-6)
    assert new.titles()[0] == "sparkle" and new.titles()[1] == "Axis 2"


def test_alignment_of_other_sounds_compares_directions():
    latents = cloud(5, 100)
    old = Axes.fit(latents)
    new = Axes.fit(latents[:90]).align(old)
    assert (np.diag(new.components @ old.components.T) > 0).all()


def test_alignment_with_fewer_or_more_axes_keeps_all_of_them():
    latents = cloud(6, 50)
    small, large = Axes.fit(latents, k=3), Axes.fit(latents, k=8)
    assert len(small.align(large)) == 3 and len(large.align(small)) == 8
    np.testing.assert_allclose(large.align(small).components[:3], small.components, atol=1e-9)


def test_a_flipped_axis_flips_its_words():
    latents = cloud(7, 100)
    score = Axes.fit(latents).scores[:, 0]
    axes = Axes.fit(latents, {"loudness": score})
    mirrored = Axes.fit(-latents)  # the same spread seen from behind
    behind = replace(axes, mean=mirrored.mean, components=-axes.components, names=mirrored.names, scores=-axes.scores)
    turned = axes.align(behind)
    assert turned.titles()[0] == "louder ↔ softer" and turned.names[0].r < -0.99


def test_one_sound_and_equal_sounds_have_no_axes():
    assert len(Axes.fit(np.ones((1, 4)))) == 0
    flat = Axes.fit(np.ones((5, 4)))
    assert len(flat) == 0
    np.testing.assert_array_equal(flat.unproject([], np.arange(4.0)), np.arange(4.0))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(100, 300))
def test_axes_turn_towards_what_is_heard_where_pca_mixes_it(seed, count):
    """Four independent factors of equal spread: PCA finds any rotation of them, axes with facts find them."""
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((count, 4))
    turn, _ = np.linalg.qr(rng.standard_normal((12, 12)))
    latents = np.concatenate([factors, 0.2 * rng.standard_normal((count, 8))], axis=1) @ turn
    facts = {
        "brightness": 1000 * np.exp(factors[:, 0]),
        "length": np.exp(factors[:, 1]),
        "noisiness": factors[:, 2] + 0.2 * rng.standard_normal(count),
    }
    axes = Axes.fit(latents, facts)
    told = {name.descriptor: i for i, name in enumerate(axes.names) if name.descriptor}
    assert set(told) == set(facts)
    for name, factor in zip(facts, factors.T):
        assert abs(np.corrcoef(axes.scores[:, told[name]], factor)[0, 1]) > 0.95
    # moving along one leaves the coordinates of the others, and the scores stay those of a rotation
    base, coordinates = latents[0], rng.uniform(-2, 2, len(axes))
    np.testing.assert_allclose(axes.project(axes.unproject(coordinates, base)), coordinates, atol=1e-6)
    np.testing.assert_allclose(np.corrcoef(axes.scores.T), np.eye(len(axes)), atol=1e-6)
    np.testing.assert_allclose(axes.scores.std(axis=0, ddof=1), 1)
    assert (np.diff(axes.spread) <= 1e-12).all() and axes.spread.sum() <= 1 + 1e-9


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_what_is_held_does_not_change(seed):
    rng = np.random.default_rng(seed)
    latents = cloud(seed, 80)
    axes = Axes.fit(latents, {"loudness": latents @ rng.standard_normal(12), "noisiness": latents @ rng.standard_normal(12)})
    held = axes.held([0, 2])
    np.testing.assert_allclose(held @ held.T, np.eye(2), atol=1e-9)
    change = rng.standard_normal(12)
    before, after = axes.project(latents[0]), axes.project(latents[0] + change - (change @ held.T) @ held)
    np.testing.assert_allclose(after[[0, 2]], before[[0, 2]], atol=1e-6)
    assert axes.held([]).shape == (0, 12)
