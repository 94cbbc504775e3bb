"""Whatever is pasted, spliced, mixed or repeated: each frame comes from where it should, to the bit outside of the seams."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.audio import edit, join, steps
from studio.audio.sound import Sound
from studio.errors import UsageError
from tests.audio.make import noise, ramp, sine

LENGTH = st.integers(1, 120)
RATE = 1000


def sound(frames: int, seed: int = 0) -> Sound:
    return noise(frames / RATE, rate=RATE, channels=2, seed=seed)


@settings(deadline=None)
@given(frames=LENGTH, place=st.integers(0, 120))
def test_what_was_split_and_is_spliced_is_the_same(frames, place):
    whole = sound(frames)
    place = min(place, frames)
    halves = [Sound(part, RATE) for part in np.split(whole.samples, [place], axis=1)]
    assert np.array_equal(join.splice(*halves, crossfade=0).samples, whole.samples)


@settings(deadline=None)
@given(frames=LENGTH, place=st.integers(0, 120), other=LENGTH, crossfade=st.sampled_from([0.0, 0.005]))
def test_cutting_out_what_was_pasted_is_nothing(frames, place, other, crossfade):
    whole, place = sound(frames), min(place, frames)
    pasted = join.insert(whole, sound(other, 1), place / RATE, crossfade)
    assert pasted.frames == frames + other
    back = edit.cut(pasted, place / RATE, (place + other) / RATE)
    assert np.array_equal(back.samples, whole.samples)
    if not crossfade:
        assert np.array_equal(pasted.samples[:, place : place + other], sound(other, 1).samples)


@settings(deadline=None)
@given(frames=LENGTH, first=st.integers(0, 120), length=st.integers(0, 50), other=LENGTH)
def test_a_stretch_replaced_by_itself_is_the_same_and_by_another_is_cut_then_paste(frames, first, length, other):
    whole, first = sound(frames), min(first, frames)
    last = min(first + length, frames)
    found = join.replace_stretch(whole, sound(other, 1), first / RATE, last / RATE)
    expected = np.concatenate([whole.samples[:, :first], sound(other, 1).samples, whole.samples[:, last:]], axis=1)
    assert np.array_equal(found.samples, expected)
    if last > first:
        itself = Sound(whole.samples[:, first:last], RATE)
        assert np.array_equal(join.replace_stretch(whole, itself, first / RATE, last / RATE).samples, whole.samples)


@settings(deadline=None)
@given(frames=LENGTH, place=st.integers(0, 120), length=st.integers(0, 50))
def test_silence_is_inserted_where_it_is_asked_for(frames, place, length):
    whole, place = sound(frames), min(place, frames)
    found = join.insert_silence(whole, place / RATE, length / RATE).samples
    before, between, after = np.split(found, [place, place + length], axis=1)
    assert np.array_equal(np.concatenate([before, after], axis=1), whole.samples)
    assert between.shape[1] == length and not between.any()


def test_a_crossfaded_paste_follows_its_closed_form():
    ones, other = Sound(np.ones((1, 100), np.float32), RATE), Sound(np.full((1, 40), 0.5, np.float32), RATE)
    share = (np.arange(10) + 0.5) / 10
    found = join.insert(ones, other, 0.05, 0.01, "linear").samples[0]
    assert np.allclose(found[50:60], (1 - share) + 0.5 * share) and np.allclose(found[80:90], 0.5 * (1 - share) + share)
    assert np.all(found[60:80] == 0.5) and np.all(found[:50] == 1) and np.all(found[90:] == 1)
    found = join.insert(ones, other, 0.05, 0.01, "power").samples[0]
    assert np.allclose(found[50:60], np.cos(share * np.pi / 2) + 0.5 * np.sin(share * np.pi / 2))
    front = join.insert(ones, other, 0, 0.01).samples[0]
    assert front[0] == 0.5  # the very beginning of the sound is a beginning, not a seam


def test_a_linear_crossfade_of_a_tone_with_itself_is_the_tone():
    tone = sine(100, 1.0)
    found = join.replace_stretch(tone, Sound(tone.samples[:, 4410:8820], tone.rate), 0.1, 0.2, 0.02, "linear")
    assert np.allclose(found.samples, tone.samples, atol=1e-6)


def test_a_splice_overlaps_and_keeps_the_power():
    both = join.splice(noise(1, seed=1), noise(1, seed=2), 0.5)
    assert both.frames == 44_100 + 22_050
    level = np.sqrt(np.square(both.samples[0]).reshape(15, -1).mean(axis=1))
    assert np.allclose(level, 0.1, rtol=0.1)
    assert np.array_equal(both.samples[:, :22_050], noise(1, seed=1).samples[:, :22_050])
    assert np.array_equal(both.samples[:, 44_100:], noise(1, seed=2).samples[:, 22_050:])
    short = join.splice(noise(1), noise(0.01, seed=1), 0.5)
    assert short.frames == 44_100


@settings(deadline=None)
@given(frames=LENGTH, other=LENGTH, place=st.integers(0, 150), db=st.floats(-40, 20), keep=st.booleans())
def test_a_mix_is_a_sum(frames, other, place, db, keep):
    found = join.mix(sound(frames), sound(other, 1), place / RATE, db, "keep" if keep else "cut").samples.astype(np.float64)
    place = min(place, frames)
    length = max(frames, place + other)
    expected = np.zeros((2, length))
    expected[:, :frames] += sound(frames).samples
    expected[:, place : place + other] += sound(other, 1).samples * 10 ** (db / 20)
    assert found.shape[1] == (length if keep else frames)
    assert np.allclose(found, expected[:, : found.shape[1]], atol=1e-5)


def test_repeating_and_halving():
    assert np.array_equal(join.repeat(ramp(), 3).samples, np.tile(ramp().samples, 3))
    found = join.repeat(ramp(), 3, 0.02, 0.05).samples
    assert np.array_equal(
        found, np.concatenate([ramp().samples[:, :50], *[ramp().samples[:, 20:50]] * 2, ramp().samples[:, 50:]], 1)
    )
    assert np.array_equal(join.halve(join.repeat(ramp())).samples, ramp().samples)
    assert join.halve(ramp(1)).frames == 1


def test_no_slip_of_the_finger_fills_the_memory():
    hour = Sound(np.broadcast_to(np.float32(0), (1, 3600 * 1000)), 1000)
    with pytest.raises(UsageError, match="10 hours"):
        join.repeat(hour, 1000)
    with pytest.raises(UsageError, match="10 hours"):
        join.mix(join.repeat(hour, 10), ramp(channels=1), 1e12)


def test_a_material_comes_at_the_rate_and_with_the_channels_of_the_sound():
    other = sine(440, 0.5, rate=48_000)
    found = steps.apply(Sound(np.zeros((2, 44_100), np.float32), 44_100), [{"do": "mix", "sound": "a"}], lambda name: other)
    assert found.samples.shape == (2, 44_100)
    assert np.abs(found.samples[:, 500:21_500] - sine(440, 0.5).samples[:, 500:21_500]).max() < 1e-3
