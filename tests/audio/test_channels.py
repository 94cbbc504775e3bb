"""Every channel goes where it is sent, to the bit where nothing is mixed."""

from __future__ import annotations

import numpy as np
import pytest

from studio.audio import channels
from studio.audio.sound import Sound
from tests.audio.make import noise

MONO, STEREO, FIVE = (noise(0.01, channels=count, seed=count) for count in (1, 2, 5))


def same(sound: Sound, samples: np.ndarray) -> bool:
    return np.array_equal(sound.samples, samples)


def test_to_mono_is_the_mean_and_to_stereo_two_of_it():
    assert np.allclose(channels.to_mono(FIVE).samples[0], FIVE.samples.mean(axis=0), atol=1e-7)
    assert same(channels.to_mono(channels.to_stereo(MONO)), MONO.samples)
    assert same(channels.to_stereo(STEREO), STEREO.samples)
    sides = channels.to_stereo(FIVE).samples
    assert np.allclose(sides, [FIVE.samples[0::2].mean(axis=0), FIVE.samples[1::2].mean(axis=0)], atol=1e-7)


def test_one_side_alone():
    assert same(channels.left(STEREO), STEREO.samples[:1]) and same(channels.right(STEREO), STEREO.samples[1:])
    assert same(channels.right(MONO), MONO.samples) and same(channels.right(FIVE), FIVE.samples[1:2])


@pytest.mark.parametrize("sound", [MONO, STEREO, FIVE])
def test_swapping_and_inverting_twice_is_nothing(sound):
    assert same(channels.swap(channels.swap(sound)), sound.samples)
    for side in ("both", "left", "right"):
        assert same(channels.invert(channels.invert(sound, side), side), sound.samples)


def test_swap_and_invert_do_what_they_say():
    assert same(channels.swap(FIVE), FIVE.samples[[1, 0, 2, 3, 4]])
    assert same(channels.invert(STEREO), -STEREO.samples)
    assert same(channels.invert(STEREO, "left"), STEREO.samples * np.float32([[-1], [1]]))
    assert same(channels.invert(STEREO, "right"), STEREO.samples * np.float32([[1], [-1]]))


def test_middle_and_sides_are_balanced():
    left, right = STEREO.samples.astype(np.float64)
    found = channels.mid_side(STEREO, -6, 3).samples
    mid, side = (left + right) / 2 * 10 ** (-6 / 20), (left - right) / 2 * 10 ** (3 / 20)
    assert np.allclose(found, [mid + side, mid - side], atol=1e-7)
    assert np.allclose(channels.mid_side(STEREO).samples, STEREO.samples, atol=1e-7)
    assert np.allclose(channels.mid_side(STEREO, side=-120).samples[0], (left + right) / 2, atol=1e-6)
    assert np.allclose(channels.mid_side(MONO, -6).samples, MONO.samples * 10 ** (-6 / 20))
    assert same(Sound(channels.mid_side(FIVE, -6).samples[2:], FIVE.rate), FIVE.samples[2:])
