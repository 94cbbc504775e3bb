import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.explore.labels import Labels


@pytest.fixture
def drums() -> Labels:
    rng = np.random.default_rng(0)
    centres = {"kick": -3.0, "snare": 0.0, "hat": 3.0}
    latents = np.concatenate([rng.normal(c, 0.4, (30, 5)) for c in centres.values()])
    return Labels.fit(latents, [name for name in centres for _ in range(30)])


def test_centres_are_means_and_unlabelled_sounds_are_left_out():
    labels = Labels.fit([[0.0, 0], [2, 0], [9, 9], [5, 5]], ["b", "b", "", "a"])
    assert labels.names == ("a", "b") and labels.counts.tolist() == [1, 2]
    np.testing.assert_array_equal(labels.centre("b"), [1, 0])
    np.testing.assert_array_equal(labels.deviations, [[0, 0], [1, 0]])
    assert Labels.fit([[0.0, 1]], [""]).names == ()


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 1), st.floats(0.1, 9))
def test_weights_are_shares(t, scale):
    labels = Labels.fit([[0.0, 0], [1, 2]], ["a", "b"])
    np.testing.assert_allclose(labels.mix({"a": scale * (1 - t), "b": scale * t}), [t, 2 * t], atol=1e-9)


def test_spread_draws_within_the_label(drums):
    draws = np.stack([drums.mix({"hat": 1}, spread=1, seed=s) for s in range(300)])
    np.testing.assert_allclose(draws.std(axis=0), drums.deviations[drums.names.index("hat")], rtol=0.2)
    np.testing.assert_allclose(draws.mean(axis=0), drums.centre("hat"), atol=0.1)
    np.testing.assert_array_equal(drums.mix({"hat": 1}, 1, 7), drums.mix({"hat": 1}, 1, 7))


def test_impossible_weights_are_named(drums):
    with pytest.raises(ValueError, match="no label cowbell"):
        drums.mix({"cowbell": 1, "hat": 1})
    for weights in ({}, {"hat": 0}, {"hat": 2, "kick": -1}):
        with pytest.raises(ValueError, match="zero"):
            drums.mix(weights)


def test_moving_between_labels_keeps_what_is_the_sounds_own(drums):
    own = np.array([0.1, -0.2, 0.0, 0.3, 0.1])
    moved = drums.move(drums.centre("kick") + own, "snare", 1.0, away="kick")
    np.testing.assert_allclose(moved, drums.centre("snare") + own)
    assert drums.closeness(moved)["snare"] > 0.9
    assert sum(drums.closeness(moved).values()) == pytest.approx(1)
    np.testing.assert_allclose(drums.move(own, "hat", 0.0), own)
