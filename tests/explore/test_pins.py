"""Between pins: every field of a request mixes as one hears it, and on a pin there is only that pin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.explore.morph import slerp
from studio.explore.pins import between, circle, mixed, shape_of
from studio.project.recipe import Request

numbers = st.floats(-3, 3, width=32)
requests = st.builds(
    Request,
    latent=st.tuples(st.tuples(*[numbers] * 4)),
    classes=st.dictionaries(st.sampled_from(["kick", "hat", "snare"]), st.floats(0.125, 2), max_size=3),
    pitch=st.none() | st.floats(36, 84),
    seconds=st.none() | st.floats(0.05, 4),
    velocity=st.none() | st.floats(0, 127),
    seed=st.integers(0, 99),
)
shapes = st.sampled_from(["straight", "spherical"])


@settings(max_examples=60, deadline=None)
@given(st.lists(requests, min_size=1, max_size=8), st.integers(0, 7), shapes)
def test_on_a_pin_is_that_very_pin(pins, which, shape):
    weights = np.zeros(len(pins))
    weights[which % len(pins)] = 3.0
    assert mixed(pins, weights, shape) is pins[which % len(pins)]


@settings(max_examples=80, deadline=None)
@given(st.lists(requests, min_size=2, max_size=8), st.randoms(use_true_random=False), shapes)
def test_everything_lies_between_the_pins(pins, random, shape):
    weights = [random.uniform(0.05, 1) for _ in pins]
    made = mixed(pins, weights, shape, [0.5] * len(pins))
    assert len(made.latent) == 1 and len(made.latent[0]) == 4 and np.isfinite(made.latent).all()
    if made.classes:
        assert sum(made.classes.values()) == pytest.approx(1, abs=2e-3)
    assert set(made.classes) <= {name for pin in pins for name in pin.classes}
    for field in ("pitch", "velocity", "seconds"):
        given_ = [getattr(pin, field) for pin in pins if getattr(pin, field) is not None]
        value = getattr(made, field)
        assert (value is None) == (not given_)
        if given_:
            all_ = given_ + [0.5] * (field == "seconds")
            assert min(all_) - 1e-6 <= value <= max(all_) + 1e-6
    assert made.seed == pins[int(np.argmax(weights))].seed


def test_lengths_mix_by_ratio_and_labels_by_share():
    short, long = (Request(latent=((x,),), seconds=s, classes=c) for x, s, c in ((0.0, 0.1, {"a": 2}), (1.0, 1.6, {"b": 7})))
    half = mixed((short, long), (1, 1))
    assert half.seconds == pytest.approx(0.4) and half.classes == {"a": 0.5, "b": 0.5} and half.latent == ((0.5,),)
    free = Request(latent=((1.0,),))  # its length is the model's choice, and came out as 0.4
    assert mixed((short, free), (1, 1), lengths=(0.1, 0.4)).seconds == pytest.approx(0.2)
    assert mixed((free, free), (1, 2), lengths=(0.1, 0.4)).seconds is None
    assert mixed((short, free), (1, 1)).seconds == pytest.approx(0.1)  # nothing is known of the other


def test_noise_takes_the_sphere_and_an_autoencoder_the_straight_way():
    assert shape_of("normal") == "spherical" and shape_of("flow") == "straight" and shape_of("anything") == "straight"
    a, b = (Request(latent=(z,)) for z in ((1.0, 0.0), (0.0, 2.0)))
    way = between(a, b, 5, "spherical")
    assert way[0] == a and way[-1] == b and len(way) == 5
    np.testing.assert_allclose(
        [r.latent[0] for r in way], [slerp(a.latent[0], b.latent[0], t) for t in np.linspace(0, 1, 5)], atol=1e-6
    )
    np.testing.assert_allclose(between(a, b, 3)[1].latent, [[0.5, 1.0]])


def test_series_are_cut_to_the_shortest_and_strangers_refused():
    a, b = Request(latent=((0.0, 0.0),) * 5), Request(latent=((1.0, 2.0),) * 3)
    assert mixed((a, b), (1, 1)).latent == ((0.5, 1.0),) * 3
    with pytest.raises(ValueError, match="do not fit"):
        mixed((a, Request(latent=((1.0,),))), (1, 1))


def test_the_circle_holds_them_all_apart_and_on_the_pad():
    places = np.array([circle(i) for i in range(8)])
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), 0.78, atol=1e-3)
    assert len(np.unique(places, axis=0)) == 8
    np.testing.assert_allclose(places[::2], -places[1::2], atol=1e-9)
