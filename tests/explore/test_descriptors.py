import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.explore.axes import Axes
from studio.explore.descriptors import FEWEST, REACH, Descriptors


def cloud(seed: int, count: int, size: int = 24, fall: float = 1.3) -> tuple[np.ndarray, np.ndarray]:
    """Latents (N, D) of sounds, and the turn that gives back the directions in which they were drawn."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.standard_normal((size, size)))
    return rng.standard_normal((count, size)) * fall ** -np.arange(size) @ turn.T + rng.standard_normal(size), turn


def bent(z: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """A mildly nonlinear descriptor: a bow in the first direction, a line in the second, and a product."""
    x = z @ turn
    return np.sin(x[..., 0]) + 0.5 * x[..., 1] + 0.3 * x[..., 0] * x[..., 2]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(60, 300))
def test_a_linear_descriptor_is_learnt_and_a_move_lands_on_it(seed, count):
    latents, turn = cloud(seed, count)
    slope = turn[:, :4] @ np.array([1.0, -0.5, 0.8, 0.2])
    found = Descriptors.fit(latents, {"loudness": latents @ slope - 20})
    assert found.names == ("loudness",) and found.quality["loudness"] > 0.95
    low, high = found.span["loudness"]
    np.testing.assert_allclose([low, high], np.percentile(latents @ slope - 20, (5, 95)))
    for target in np.linspace(low, high, 5):
        moved = found.move(latents[seed % count], "loudness", target)
        assert moved @ slope - 20 == pytest.approx(target, abs=0.15 * (high - low))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_a_bent_descriptor_moves_by_what_was_asked(seed):
    latents, turn = cloud(seed, 500, fall=1.6)
    middle = latents.mean(axis=0)
    found = Descriptors.fit(latents, {"brightness": np.exp(bent(latents - middle, turn))})
    low, high = found.span["brightness"]
    rng = np.random.default_rng(seed)
    errors = []
    for start in latents[rng.integers(len(latents), size=12)]:
        now = float(bent(start - middle, turn))
        target = float(np.clip(now + rng.uniform(-0.4, 0.4) * (high - low), low, high))
        moved = found.move(start, "brightness", target)
        errors.append(abs(float(bent(moved - middle, turn)) - target) / (high - low))
    assert np.mean(errors) < 0.15


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(FEWEST, 200), st.floats(-1e6, 1e6))
def test_a_move_stays_where_the_sounds_are(seed, count, target):
    latents, turn = cloud(seed, count)
    found = Descriptors.fit(latents, {"loudness": bent(latents, turn)})
    for name in found.names:
        start = latents[seed % count]
        moved = found.move(start, name, target)
        before, after = ((z - found.mean) @ found.directions.T / found.sigma for z in (start, moved))
        assert (np.abs(after) <= np.maximum(REACH, np.abs(before)) + 1e-6).all()
        assert np.linalg.norm(after) <= max(found.radius, np.linalg.norm(before)) + 1e-6
        off = np.eye(latents.shape[1]) - found.directions.T @ found.directions
        np.testing.assert_allclose(off @ (moved - start), 0, atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_nothing_changes_along_what_is_locked_and_what_is_held_stays(seed):
    latents, turn = cloud(seed, 200)
    values = {"loudness": latents @ turn[:, 0] + latents @ turn[:, 1], "noisiness": latents @ turn[:, 1]}
    found = Descriptors.fit(latents, values)
    axes = Axes.fit(latents)
    start = latents[0]
    low, high = found.span["loudness"]
    for target in (low, high):
        locked = found.move(start, "loudness", target, axes.components[[0, 2]])
        np.testing.assert_allclose(axes.project(locked)[[0, 2]], axes.project(start)[[0, 2]], atol=1e-6)
        held = found.move(start, "loudness", target, hold=("noisiness",))
        free = found.move(start, "loudness", target)
        apart, usual = (abs(float((z - start) @ turn[:, 1])) for z in (held, free))
        assert apart <= max(usual, 0.15 * np.ptp(found.span["noisiness"]))
    np.testing.assert_array_equal(found.move(start, "loudness", high, np.eye(len(start))), start)


def test_the_gradient_is_that_of_the_value():
    latents, turn = cloud(1, 300)
    found = Descriptors.fit(latents, {"loudness": bent(latents, turn)})
    start, step = latents[5], 1e-5
    for direction in found.directions[:6]:
        ahead, behind = (float(found.value(start + s * direction, "loudness")) for s in (step, -step))
        assert found.gradient(start, "loudness") @ direction == pytest.approx((ahead - behind) / (2 * step), rel=1e-3, abs=1e-5)
    np.testing.assert_allclose(
        found.value(latents[:7], "loudness"), [found.value(z, "loudness") for z in latents[:7]]
    )  # many at once are the same as one by one


def test_unknown_values_are_left_out():
    latents, _ = cloud(2, 120)
    pitch = 60 + 6 * (latents @ np.linalg.svd(latents - latents.mean(0))[2][0])
    holes = pitch.copy()
    holes[40:] = np.nan
    alone = Descriptors.fit(latents, {"pitch": holes})
    assert alone.names == ("pitch",)
    known = np.percentile(holes[:40], (5, 95))
    np.testing.assert_allclose(alone.span["pitch"], known)
    errors = np.abs(alone.value(latents[40:], "pitch") - pitch[40:])
    assert np.median(errors) < 0.1 * np.ptp(pitch)
    nothing = Descriptors.fit(latents, {"pitch": np.full(120, np.nan), "loudness": np.full(120, -20.0)})
    assert nothing.names == () and not nothing.quality


@pytest.mark.parametrize("count", (0, 1, 2, FEWEST - 1))
def test_few_sounds_give_no_descriptors(count):
    latents, turn = cloud(3, 40)
    found = Descriptors.fit(latents[:count], {"loudness": bent(latents, turn)[:count]})
    assert found.names == ()


def test_what_has_nothing_to_do_with_the_sounds_is_seldom_named():
    named = 0
    for seed in range(60):
        count = (12, 20, 40, 100)[seed % 4]
        latents, _ = cloud(seed, count)
        named += len(Descriptors.fit(latents, {"loudness": np.random.default_rng(seed).standard_normal(count)}).names)
    assert named <= 6


def test_equal_sounds_and_sounds_on_a_line_do_no_harm():
    same = Descriptors.fit(np.ones((30, 8)), {"loudness": np.arange(30.0)})
    assert same.names == ()
    line = np.outer(np.linspace(-1, 1, 30), np.arange(8.0))
    found = Descriptors.fit(line, {"loudness": np.linspace(-30, 0, 30)})
    assert found.names == ("loudness",)
    assert float(found.value(found.move(line[3], "loudness", -10.0), "loudness")) == pytest.approx(-10, abs=0.5)


def test_what_can_not_be_heard_makes_no_slider():
    latents, turn = cloud(4, 200)
    quiet = latents @ turn[:, 0] / np.std(latents @ turn[:, 0])
    found = Descriptors.fit(latents, {"loudness": -20 + 0.2 * quiet, "noisiness": 0.5 + 0.1 * quiet})
    assert found.names == ("noisiness",) and found.quality["loudness"] > 0.9
