"""Edits are pure, fit any rate, and a step says what it is or is refused in words."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.audio import analysis, edit, steps
from studio.audio.sound import Sound
from studio.errors import UsageError
from tests.audio.make import hit, noise, sine


def ramp(frames: int = 100, rate: int = 1000, channels: int = 2) -> Sound:
    return Sound(np.tile(np.arange(1, frames + 1, dtype=np.float32) / frames, (channels, 1)), rate)


EXAMPLES = {
    "trim": {"start": 0.02, "end": 0.08},
    "cut": {"start": 0.02, "end": 0.08},
    "silence": {"start": 0.02, "end": 0.08},
    "trim-silence": {},
    "fade-in": {"seconds": 0.05},
    "fade-out": {"seconds": 0.05},
    "gain": {"db": -6.0},
    "normalise": {"peak_db": -3.0},
    "loudness": {"target": -20.0},
    "reverse": {},
    "remove-dc": {},
    "pad": {"before": 0.1, "after": 0.2},
}


@pytest.mark.parametrize("name", edit.STEPS)
def test_every_step_makes_a_sound_and_leaves_the_original(name):
    sound = ramp()
    before = sound.samples.copy()
    result = steps.apply(sound, [{"do": name, **EXAMPLES[name]}])
    assert result.samples.dtype == np.float32
    assert result.channels == 2 and result.rate == 1000 and result.frames > 0
    result.samples[:] = 7  # what comes out is the caller's own, or untouched
    assert name in ("trim-silence", "loudness") or np.array_equal(sound.samples, before)


@pytest.mark.parametrize("name", edit.STEPS)
@pytest.mark.parametrize("frames", [0, 1, 2])
def test_every_step_bears_almost_nothing(name, frames):
    result = steps.apply(Sound(np.zeros((1, frames), np.float32), 44_100), [{"do": name, **EXAMPLES[name]}])
    assert np.isfinite(result.samples).all()


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


def test_a_crossfade_keeps_the_power():
    both = edit.crossfade(noise(1, seed=1), noise(1, seed=2), 0.5)
    assert both.frames == 44_100 + 22_050
    level = np.sqrt(np.square(both.samples[0]).reshape(15, -1).mean(axis=1))
    assert np.allclose(level, 0.1, rtol=0.1)
    with pytest.raises(ValueError, match="rate"):
        edit.crossfade(noise(1), noise(1, rate=48_000), 0.1)


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
    ("text", "step"),
    [
        ("fade-out 50ms", {"do": "fade-out", "seconds": 0.05}),
        ("trim 0.1 1.2", {"do": "trim", "start": 0.1, "end": 1.2}),
        ("trim 100ms", {"do": "trim", "start": 0.1}),
        ("normalise -1dB", {"do": "normalise", "peak_db": -1.0}),
        ("normalise", {"do": "normalise"}),
        ("fade-in curve=linear seconds=10ms", {"do": "fade-in", "curve": "linear", "seconds": 0.01}),
        ("loudness -14LUFS", {"do": "loudness", "target": -14.0}),
        ("reverse", {"do": "reverse"}),
    ],
)
def test_words_become_steps(text, step):
    assert steps.parse(text) == step
    steps.apply(ramp(), [steps.parse(text)])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "polish",
        "gain",
        "gain 1s",
        "gain loud",
        "gain 1 2",
        "trim start=a",
        "trim -1",
        "fade-in curve=steep",
        "gain nandB",
        "gain speed=3",
    ],
)
def test_words_that_are_no_step_are_refused_in_words(text):
    with pytest.raises(UsageError) as caught:
        steps.parse(text)
    assert len(caught.value.message) > 20


@given(st.text(max_size=40))
def test_any_text_is_a_step_or_a_usage_error(text):
    with contextlib.suppress(UsageError):
        steps.parse(text)


@pytest.mark.parametrize(
    "step",
    [
        {},
        {"do": 3},
        {"do": "gain", "db": "loud"},
        {"do": "gain", "db": True},
        {"do": "gain", "db": float("nan")},
        {"do": "trim", "end": 1},
    ],
)
def test_steps_of_strangers_are_refused(step):
    with pytest.raises(UsageError):
        steps.apply(ramp(), [step])


@pytest.mark.parametrize("name", [name for name, step in edit.STEPS.items() if step.within])
def test_a_step_on_a_stretch_leaves_the_rest(name):
    sound = noise(1)
    found = steps.apply(sound, [{"do": name, **EXAMPLES[name], "from": 0.25, "to": 0.5}])
    first, last = 11_025, 22_050
    assert found.frames == sound.frames
    assert np.array_equal(found.samples[:, :first], sound.samples[:, :first])
    assert np.array_equal(found.samples[:, last:], sound.samples[:, last:])
    whole = steps.apply(sound, [{"do": name, **EXAMPLES[name], "from": 0.0}])
    assert np.array_equal(whole.samples, steps.apply(sound, [{"do": name, **EXAMPLES[name]}]).samples)


def test_a_stretch_is_left_without_a_jump():
    flat = Sound(np.ones((1, 44_100), np.float32), 44_100)
    found = steps.apply(flat, [{"do": "gain", "db": -60, "from": 0.25, "to": 0.5}]).samples[0]
    assert np.abs(np.diff(found)).max() < 0.01 and found[16_000] == pytest.approx(0.001, rel=1e-3)
