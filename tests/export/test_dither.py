"""Dither: the error of a 16-bit file is even hiss, whatever the sound, and the distortion that rounding makes is gone."""

from __future__ import annotations

import numpy as np
import pytest

from studio.audio import files
from studio.audio.sound import Sound
from studio.export import base
from studio.export.base import Item
from tests.bench.exports import SIZE, STEP, harmonics, spectrum, tone

WAV = base.exporter("wav")


def error_of(folder, sound: Sound, bits: str = "16", **options) -> np.ndarray:
    """What the file holds beside the sound, in steps of its last bit."""
    told = list(WAV.write([Item(sound, "x")], folder, WAV.Options(bits=bits, **options)))
    found = files.read(told[-1].result["files"][0]).samples[0].astype(float)
    return (found - sound.samples[0]) * 2.0 ** (int(bits) - 1)


def test_the_distortion_of_rounding_is_gone(tmp_path):
    """A quiet tone: rounded, the error is its harmonics; dithered, it has no more of them than even noise."""
    rounded = harmonics(error_of(tmp_path, tone(), dither=False))
    dithered = harmonics(error_of(tmp_path, tone(), dither=True))
    assert rounded.max() > 0.1 and dithered.max() < 3 * 9 / (SIZE / 2)


def test_the_spectrum_of_dither_is_flat(tmp_path):
    error = error_of(tmp_path, tone())
    bands = spectrum(error).reshape(16, -1).mean(axis=1)  # power, of 16 bands of 1.4 kHz
    assert 10 * np.log10(bands.max() / bands.min()) < 0.5
    assert error.std() == pytest.approx(0.5, rel=0.01)  # √(1/12 + 1/6) steps: rounding, and a triangle two steps wide


def test_neither_mean_nor_power_of_the_error_follows_the_sound(tmp_path):
    slow = Sound((np.linspace(0, 8, SIZE) * STEP).astype(np.float32)[None], 44_100)
    error = error_of(tmp_path, slow)
    place = ((slow.samples[0] / STEP) % 1 * 10).astype(int)  # where between two steps
    means = np.array([error[place == part].mean() for part in range(10)])
    powers = np.array([error[place == part].var() for part in range(10)])
    assert np.abs(means).max() < 0.02 and np.abs(powers - 0.25).max() < 0.01
    rounded = error_of(tmp_path, slow, dither=False)
    assert np.abs([rounded[place == part].mean() for part in range(10)]).max() > 0.3


def test_24_bits_are_dithered_only_if_asked(tmp_path):
    quiet = Sound(tone().samples / 256, 44_100)
    plain, fine = (error_of(tmp_path, quiet, "24", fine=fine) for fine in (False, True))
    assert plain.std() < 0.35 and fine.std() == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize("bits", ["16", "24"])
def test_silence_stays_silent_and_what_is_whole_stays_as_it_is(tmp_path, bits):
    half = tone().samples.copy()
    half[:, : SIZE // 2] = 0
    assert not error_of(tmp_path, Sound(half, 44_100), bits, fine=True)[: SIZE // 2].any()
    whole = Sound((np.round(tone(level=0.5).samples / STEP) * STEP).astype(np.float32), 44_100)
    assert not error_of(tmp_path, whole, bits, fine=True).any()
