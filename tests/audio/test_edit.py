"""Edits are pure, fit any rate, and do what their closed forms say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.audio import analysis, edit, steps
from studio.audio.sound import Sound
from tests.audio.make import hit, noise, ramp, sine


def test_trim_keeps_what_lies_between():
    assert np.array_equal(edit.trim(ramp(), 0.02, 0.05).samples, ramp().samples[:, 20:50])
    assert edit.trim(ramp(), 0.02).frames == 80
    assert edit.trim(ramp(), 5, 6).frames == 1


def test_cut_and_silence_are_the_others():
    cut = edit.cut(ramp(), 0.02, 0.05)
    assert cut.frames == 70
    assert cut.samples[0, 20] == ramp().samples[0, 50]
    silent = edit.silence(ramp(), 0.02, 0.05)
    assert silent.frames == 100
    assert np.flatnonzero(silent.samples[0] == 0).tolist() == list(range(20, 50))


@pytest.mark.parametrize("curve", edit.CURVES)
def test_fades_rise_from_nothing_and_mirror_each_other(curve):
    flat = Sound(np.ones((1, 1000), np.float32), 1000)
    rise = edit.fade_in(flat, 0.5, curve).samples[0]
    assert rise[0] == 0 and np.all(np.diff(rise[:500]) >= 0) and np.all(rise[500:] == 1)
    assert np.array_equal(edit.fade_out(flat, 0.5, curve).samples[0], rise[::-1])


def test_levels_arrive_where_they_were_sent():
    assert np.abs(edit.normalise(noise(), -1).samples).max() == pytest.approx(10 ** (-1 / 20), rel=1e-5)
    assert np.abs(edit.gain(ramp(), 6.0206).samples).max() == pytest.approx(2, rel=1e-4)
    assert analysis.facts(edit.match_loudness(noise(2), -23)).loudness == pytest.approx(-23, abs=0.01)
    assert analysis.facts(edit.match_loudness(hit(), 0)).peak_db == pytest.approx(-1, abs=0.01)
    silent = Sound(np.zeros((1, 100), np.float32), 44_100)
    assert not edit.normalise(silent).samples.any() and not edit.match_loudness(silent, -20).samples.any()


def test_dc_goes_and_the_tone_stays():
    sound = sine(441)
    moved = Sound(sound.samples + np.float32(0.1), sound.rate)
    assert np.abs(edit.remove_dc(moved).samples - sound.samples).max() < 1e-5


def test_silence_around_a_hit_is_found():
    padded = edit.pad(hit(), 0.25, 0.5)
    trimmed, (start, end) = edit.trim_silence(padded)
    assert start / 44_100 == pytest.approx(0.25, abs=0.001)
    assert end / 44_100 == pytest.approx(0.25 + 0.5, abs=0.01)
    assert trimmed.frames == end - start
    silent = Sound(np.zeros((1, 100), np.float32), 44_100)
    assert edit.trim_silence(silent) == (silent, (0, 100))


@given(st.lists(st.sampled_from(["reverse", "reverse"]), max_size=6))
def test_reversing_twice_is_nothing(names):
    result = steps.apply(ramp(), [{"do": name} for name in names])
    expected = ramp().samples[:, ::-1] if len(names) % 2 else ramp().samples
    assert np.array_equal(result.samples, expected)


@settings(deadline=None)
@given(start=st.floats(0, 3), length=st.floats(0, 3), rate=st.sampled_from([8000, 44_100, 96_000]))
def test_steps_fit_the_sound_at_any_rate(start, length, rate):
    step = {"do": "trim", "start": start, "end": start + length}
    found = steps.apply(Sound(np.ones((1, 2 * rate), np.float32), rate), [step])
    expected = max(0.0, min(2.0, start + length) - min(2.0, start))
    assert found.seconds == pytest.approx(expected, abs=1.6 / rate)


@pytest.mark.parametrize(
    ("curve", "form"),
    [
        ("linear", lambda t: t),
        ("smooth", lambda t: np.sin(np.pi * t / 2) ** 2),
        ("exponential", lambda t: np.expm1(t * np.log(1000)) / 999),
        ("logarithmic", lambda t: 1 - np.expm1((1 - t) * np.log(1000)) / 999),
        ("power", lambda t: np.sqrt(np.maximum(0, 1 - np.cos(np.pi * t / 2) ** 2))),
    ],
)
def test_fades_follow_their_closed_forms(curve, form):
    flat = Sound(np.ones((2, 1000), np.float32), 1000)
    rise = edit.fade_in(flat, 0.5, curve).samples
    assert np.allclose(rise[:, :500], form(np.arange(500) / 500), atol=1e-6)
    inside = steps.apply(flat, [{"do": "fade-in", "seconds": 0.5, "curve": curve, "from": 0.25}]).samples[0]
    assert np.allclose(inside[253:750], form(np.arange(3, 500) / 500), atol=1e-6)
    assert np.all(inside[:250] == 1) and np.all(inside[750:] == 1)


def test_a_power_fade_out_and_in_keep_the_power():
    flat = Sound(np.ones((1, 1000), np.float32), 1000)
    up, down = edit.fade_in(flat, 1, "power").samples, edit.fade_out(flat, 1, "power").samples
    assert np.allclose(np.square(up[0, 1:]) + np.square(down[0, :-1]), 1, atol=1e-6)


@given(start=st.floats(-60, 20), end=st.floats(-60, 20), frames=st.integers(2, 400))
def test_a_ramp_goes_in_even_steps_of_decibels(start, end, frames):
    db = 20 * np.log10(edit.ramp(Sound(np.ones((1, frames), np.float32), 1000), start, end).samples[0].astype(np.float64))
    assert db[0] == pytest.approx(start, abs=1e-5) and db[-1] == pytest.approx(end, abs=1e-5)
    assert np.allclose(np.diff(db), (end - start) / (frames - 1), atol=1e-5)


def test_a_drift_goes_and_the_tone_stays_where_it_is():
    t = np.arange(2 * 44_100) / 44_100
    tone = 0.3 * np.sin(2 * np.pi * 200 * t)
    moved = Sound((tone + 0.2 + 0.2 * np.sin(2 * np.pi * 0.5 * t))[None].astype(np.float32), 44_100)
    found = edit.remove_drift(moved).samples[0]
    assert np.abs(found - tone)[4410:-4410].max() < 2e-3
    half = edit.remove_drift(sine(20, 4), 20).samples[0][44_100:-44_100]
    assert 20 * np.log10(np.abs(half).max() / 0.5) == pytest.approx(-6.02, abs=0.05)
    assert np.abs(edit.remove_drift(Sound(np.ones((1, 5000), np.float32), 44_100)).samples).max() < 1e-5


@given(before=st.integers(0, 50), after=st.integers(0, 50), frames=st.integers(1, 200))
def test_trimming_what_was_padded_is_nothing(before, after, frames):
    sound = noise(frames / 1000, rate=1000, channels=2)
    padded = [{"do": "pad", "before": before / 1000, "after": after / 1000}]
    back = {"do": "trim", "start": before / 1000, "end": (before + frames) / 1000}
    assert np.array_equal(steps.apply(sound, [*padded, back]).samples, sound.samples)
