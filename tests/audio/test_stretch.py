"""Time without pitch, pitch without time: lengths to the frame, pitch to 5 cents, attacks as sharp and punctual as before."""

from __future__ import annotations

import numpy as np
import pytest

from studio.audio import stretch
from studio.audio.sound import Sound
from studio.errors import UsageError
from tests.audio.make import RATE, noise, sine
from tests.audio.test_extend import harmonic
from tests.drums import drum


def cents(sound: Sound, hz: float) -> float:
    """How far the strongest frequency near `hz` is from it."""
    spectrum = np.abs(np.fft.rfft(sound.samples[0] * np.hanning(sound.frames), 1 << 20))
    found = np.fft.rfftfreq(1 << 20, 1 / sound.rate)
    near = (found > 0.94 * hz) & (found < 1.06 * hz)
    return float(1200 * np.log2(found[near][spectrum[near].argmax()] / hz))


def onset(sound: Sound) -> float:
    """Seconds at which it first comes near its peak."""
    level = np.abs(sound.samples).max(axis=0)
    return float(np.argmax(level > 0.3 * level.max())) / sound.rate


@pytest.mark.parametrize("ratio", [0.5, 0.8, 1.25, 2.0, 4.0])
@pytest.mark.parametrize(("hz", "seconds", "partials"), [(440, 0.05, 1), (220, 0.2, 1), (110, 1.0, 8), (1000, 0.5, 8)])
def test_stretching_keeps_the_pitch_and_hits_the_length(hz, seconds, partials, ratio):
    sound = harmonic(hz, seconds, partials)
    found = stretch.stretch(sound, ratio)
    assert found.frames == round(sound.frames * ratio)
    assert abs(cents(found, hz)) < 5
    if seconds >= 0.2:
        assert np.sqrt(np.square(found.samples).mean() / np.square(sound.samples).mean()) == pytest.approx(1, abs=0.12)


@pytest.mark.parametrize("semitones", [-12, -5, 0.5, 7, 12])
@pytest.mark.parametrize(("hz", "seconds", "partials"), [(440, 0.05, 1), (110, 1.0, 8), (1000, 0.5, 8)])
def test_shifting_keeps_the_length_and_hits_the_pitch(hz, seconds, partials, semitones):
    sound = harmonic(hz, seconds, partials)
    found = stretch.pitch(sound, semitones, cents=25)
    assert found.frames == sound.frames
    assert abs(cents(found, hz * 2 ** ((semitones + 0.25) / 12))) < 5


@pytest.mark.parametrize("speed", [0.5, 0.75, 2.0])
def test_varispeed_moves_both(speed):
    found = stretch.varispeed(sine(440, 1.0), speed)
    assert found.frames == round(RATE / speed)
    assert abs(cents(found, 440 * speed)) < 1


@pytest.mark.parametrize("ratio", [0.5, 1.5, 2.0])
@pytest.mark.parametrize("kind", ["kick", "snare", "hat"])
def test_attacks_come_in_time_and_stay_sharp(kind, ratio):
    hit = drum(kind, 0, RATE)
    pause = np.zeros(RATE // 5, np.float32)
    sound = Sound(np.concatenate([pause, hit, pause])[None], RATE)
    found = stretch.stretch(sound, ratio)
    assert abs(onset(found) - onset(sound) * ratio) < 0.004
    before = found.samples[:, : round((onset(sound) * ratio - 0.008) * RATE)]
    assert np.abs(before).max() < 0.01 * np.abs(found.samples).max()
    start, first = round(onset(found) * RATE), round(onset(sound) * RATE)
    assert np.allclose(found.samples[:, start : start + 100], sound.samples[:, first : first + 100], atol=1e-5)


def test_no_change_is_none_and_a_length_can_be_asked_for():
    sound = noise(0.3, channels=2)
    for found in (stretch.stretch(sound), stretch.pitch(sound), stretch.varispeed(sound)):
        assert np.array_equal(found.samples, sound.samples)
    assert stretch.stretch(sound, seconds=0.45).frames == round(0.45 * RATE)
    with pytest.raises(UsageError, match="at once"):
        stretch.stretch(sound, seconds=3)


def test_smooth_stretches_all_alike():
    swell = Sound(noise(1.0).samples * np.linspace(0, 1, RATE, dtype=np.float32), RATE)
    found = stretch.stretch(swell, 1.5, attacks="smooth")
    level = np.sqrt(np.square(found.samples[0]).reshape(10, -1).mean(axis=1))
    assert np.all(np.diff(level) > 0)


SOUNDS = {
    "silence": np.zeros((1, 4000)),
    "offset": np.full((1, 4000), 0.5),
    "square": np.tile(np.repeat([1.0, -1.0], 50), (2, 40)),
    "denormals": np.full((1, 4000), 1e-40),
    "nothing": np.zeros((1, 0)),
    "one frame": np.full((1, 1), 0.5),
    "eight channels": np.random.default_rng(1).uniform(-0.5, 0.5, (8, 4000)),
}


@pytest.mark.parametrize("kind", SOUNDS)
def test_every_sound_is_borne_and_the_same_every_time(kind):
    sound = Sound(SOUNDS[kind].astype(np.float32), RATE)
    for change in (lambda s: stretch.stretch(s, 3), lambda s: stretch.pitch(s, 5), lambda s: stretch.varispeed(s, 1.3)):
        found = change(sound)
        assert np.isfinite(found.samples).all() and found.channels == sound.channels
        assert np.array_equal(found.samples, change(sound).samples)
        assert kind != "silence" or not found.samples.any()
