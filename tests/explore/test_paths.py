"""A drawn line becomes smooth without leaving where it was drawn; its sounds become one without dips or jumps."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from studio.audio.sound import Sound
from studio.errors import UsageError
from studio.explore.paths import Path, chain, curve, gains, morphing, simplified
from tests.audio.make import RATE, hit, noise, sine

many = settings(max_examples=40, deadline=None)


def scribble(seed: int, count: int = 200) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).standard_normal((count, 2)), axis=0) / 10


# ---- the line


@many
@given(st.integers(0, 10_000), st.integers(1, 300), st.floats(0, 1))
def test_a_simplified_line_stays_within_its_tolerance(seed, count, tolerance):
    line = scribble(seed, count)
    keep = simplified(line, tolerance)
    assert keep[0] == 0 and keep[-1] == count - 1 and (np.diff(keep) > 0).all()
    for first, last in itertools.pairwise(keep):
        way = line[last] - line[first]
        inner = line[first + 1 : last] - line[first]
        share = np.clip(inner @ way / max(way @ way, 1e-300), 0, 1)
        assert (np.linalg.norm(inner - share[:, None] * way, axis=1) <= tolerance + 1e-9).all()


@many
@given(st.integers(0, 10_000), st.integers(1, 30))
def test_the_curve_goes_through_its_nodes_without_corners(seed, count):
    nodes = scribble(seed, count)
    path = Path.drawn(nodes)
    line = path.line()
    np.testing.assert_allclose(line[:: max(1, (len(line) - 1) // max(count - 1, 1))][:count], nodes, atol=1e-9)
    (left, low), (right, high) = nodes.min(axis=0), nodes.max(axis=0)
    room = 0.5 * max(right - left, high - low) + 1e-9
    assert (line >= (left - room, low - room)).all() and (line <= (right + room, high + room)).all()


def test_a_right_angle_becomes_round():
    line = curve(np.array([[0.0, 0], [1, 0], [1, 1]]), 200)
    turns = np.diff(line, axis=0)
    angle = np.abs(np.diff(np.unwrap(np.arctan2(turns[:, 1], turns[:, 0]))))
    assert angle.max() < 0.1


@many
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 64), st.sampled_from(["even", "drawn"]))
def test_steps_begin_and_end_with_the_path(seed, count, steps, timing):
    path = Path.drawn(scribble(seed, count), np.linspace(0, 2, count), 0.05)
    places = path.steps(steps, timing)
    assert places.shape == (steps, 2) and np.isfinite(places).all()
    np.testing.assert_allclose(places[0], path.nodes[0], atol=1e-6)
    if steps > 1:
        np.testing.assert_allclose(places[-1], path.nodes[-1], atol=1e-6)


def test_even_steps_are_even_and_drawn_steps_follow_the_hand():
    straight = np.stack([np.linspace(0, 1, 101), np.zeros(101)], axis=1)
    clock = np.concatenate([np.linspace(0, 3, 51), np.linspace(3.02, 4, 50)])  # three seconds for the first half
    path = Path.drawn(straight, clock)
    np.testing.assert_allclose(np.diff(path.steps(11)[:, 0]), 0.1, atol=1e-3)
    drawn = path.steps(9, "drawn")
    assert (drawn[:, 0] < 0.5).sum() == 6  # of eight intervals of half a second, six are before the middle


def test_equal_points_are_a_path_too():
    path = Path.drawn(np.ones((5, 2)), np.zeros(5))
    assert path.length == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(path.steps(4), 1.0, atol=1e-6)
    assert len(Path.drawn([(1.0, 2.0)]).steps(3)) == 3


@pytest.mark.parametrize("points", [[], [(0.0, np.nan)], [(np.inf, 0.0), (1.0, 1.0)]])
def test_no_line_is_no_path(points):
    with pytest.raises(ValueError, match="needs points"):
        Path.drawn(points)


def test_a_node_can_be_moved():
    path = Path.drawn([(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)])
    other = path.moved(1, (1.0, 3.0))
    assert other.line()[:, 1].max() > 2.9 and path.line()[:, 1].max() < 1.1


# ---- its sounds


def levels(sound: Sound, pieces: int) -> np.ndarray:
    return np.array([float(np.sqrt(np.mean(piece**2))) for piece in np.array_split(sound.samples[0], pieces)])


@many
@given(st.floats(0, 1), st.floats(0, 1))
def test_gains_keep_the_power_of_what_is_mixed(share, likeness):
    first, second = gains(np.array([share]), likeness)
    assert first**2 + second**2 + 2 * likeness * first * second == pytest.approx(1)
    assert first >= 0 and second >= 0


def test_noise_does_not_dip_where_it_is_mixed():
    out = morphing([noise(2.0, seed=seed) for seed in range(5)])
    assert np.ptp(20 * np.log10(levels(out, 24))) < 1.0


def test_a_shared_tone_does_not_swell():
    out = morphing([sine(220, 1.0)] * 6)
    np.testing.assert_allclose(out.samples, sine(220, 1.0).samples, atol=1e-4)


def test_tones_out_of_phase_are_brought_together():
    later = Sound(np.roll(sine(200, 1.0).samples, RATE // 400, axis=1), RATE)  # half a period: a straight mix would cancel
    out = morphing([sine(200, 1.0), later])
    assert np.ptp(20 * np.log10(levels(out, 20)[:-1])) < 1.0


@many
@given(st.integers(0, 1000), st.integers(1, 9), st.booleans())
@example(375, 5, False)
def test_it_is_the_first_where_it_begins_and_the_last_where_it_ends(seed, count, chorus):
    rng = np.random.default_rng(seed)
    sounds = [noise(0.2, seed=int(rng.integers(1 << 30)), channels=1 + chorus) for _ in range(count)]
    out = morphing(sounds)
    assert out.channels == sounds[0].channels and out.rate == RATE
    assert 0 <= sounds[0].frames - out.frames < 10  # noise that ends near zero by chance ends there
    np.testing.assert_allclose(out.samples[:, 0], sounds[0].samples[:, 0], atol=0.02)
    np.testing.assert_allclose(out.samples[:, -1], sounds[-1].samples[:, out.frames - 1], atol=0.05)


def test_brightness_moves_along_the_sound():
    out = morphing([sine(hz, 1.0) for hz in (200, 400, 800, 1600)])
    crossings = [np.count_nonzero(np.diff(np.signbit(piece))) for piece in np.array_split(out.samples[0], 4)]
    assert crossings == sorted(crossings) and crossings[-1] > 4 * crossings[0]


def test_the_last_step_is_heard_before_the_hits_have_died_away():
    pitches = [200, 300, 450, 675]
    out = morphing([hit(hz, seconds=1.0, decay=0.05) for hz in pitches])
    spectrum = np.square(np.abs(np.fft.rfft(out.samples[0].astype(float))))
    strongest = 10 * np.log10([spectrum[round(hz * out.seconds) - 4 : round(hz * out.seconds) + 5].max() for hz in pitches])
    assert np.ptp(strongest) < 8  # at even times it would be 49
    assert out.seconds < 0.5


def test_sounds_of_any_length_and_number_of_channels():
    out = morphing([hit(seconds=0.5), noise(0.1, channels=2), sine(100, 0.3)])
    assert out.samples.shape == (2, round(0.3 * RATE)) and np.isfinite(out.samples).all()  # it ends as the last one ends
    broken = Sound(np.array([[np.nan, np.inf, 0.5]], np.float32), RATE)
    assert np.isfinite(morphing([broken, hit()]).samples).all()
    assert morphing([Sound(np.zeros((1, 0), np.float32), RATE)]).frames == 0
    for few in (1, 2, 3):
        tiny = Sound(np.ones((1, few), np.float32), RATE)
        assert morphing([tiny, tiny, tiny, tiny]).frames == few


def test_attacks_that_agree_are_not_doubled():
    early, late = hit(before=0.010), hit(before=0.016)
    out = morphing([early, late])
    assert np.abs(out.samples).max() < 1.1 * np.abs(early.samples).max()
    np.testing.assert_allclose(out.samples[0, : RATE // 8], early.samples[0, : RATE // 8], atol=0.01)


@many
@given(st.lists(st.integers(1, 2000), min_size=1, max_size=6))
def test_a_chain_is_as_long_as_its_sounds_less_the_seams(frames):
    sounds = [Sound(np.full((1, n), 0.5, np.float32), RATE) for n in frames]
    out = chain(sounds)
    assert max(frames) <= out.frames <= sum(frames)
    assert sum(frames) - out.frames <= 441 * (len(frames) - 1)
    assert np.abs(out.samples - 0.5).max() < 1e-3


def test_a_chain_lets_go_of_silence_and_does_not_click():
    struck = Sound(np.pad(hit(seconds=0.4, decay=0.02).samples, ((0, 0), (0, RATE))), RATE)
    out = chain([struck, struck, struck])
    assert out.seconds < 2 * 0.4 + struck.seconds
    single = float(np.abs(np.diff(struck.samples)).max())
    assert np.abs(np.diff(out.samples)).max() <= 1.05 * single


@pytest.mark.parametrize("make", [morphing, chain])
def test_what_cannot_be_joined_is_said(make):
    with pytest.raises(UsageError, match="at least one"):
        make([])
    with pytest.raises(UsageError, match="one sample rate"):
        make([hit(), hit(rate=48_000)])
