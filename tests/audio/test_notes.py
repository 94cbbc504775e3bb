"""Notes of one sound: in tune within five cents, bounded in length and in memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.audio.notes import LONGEST, MIDDLE, NoteCache, root_of, transposed
from studio.audio.pitch import hz_to_midi, midi_to_hz
from studio.audio.sound import Sound


def string(hz: float, seconds: float = 1.0, rate: int = 44_100) -> Sound:
    """A decaying tone with overtones, stereo."""
    t = np.arange(round(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * hz * n * t + n) / n**2 for n in range(1, 5) if hz * n < rate / 2)
    left = (0.4 * tone * np.exp(-2 * t)).astype(np.float32)
    return Sound(np.stack((left, 0.8 * left)), rate)


def heard(sound: Sound) -> float:
    """Pitch as MIDI note, measured apart from the code under test: the phase of the fundamental over time."""
    mono = sound.mono().astype(np.float64)
    spectrum = np.abs(np.fft.rfft(mono * np.hanning(len(mono)), 1 << 20))
    peak = int(spectrum.argmax())
    left, middle, right = np.log(spectrum[peak - 1 : peak + 2])
    return hz_to_midi((peak + 0.5 * (left - right) / (left - 2 * middle + right)) * sound.rate / (1 << 20))


@pytest.mark.parametrize("hz", [55.0, 110.0, 233.3, 700.0])
@pytest.mark.parametrize("rate", [None, 48_000])
def test_a_key_sounds_at_its_pitch(hz: float, rate: int | None) -> None:
    sound = string(hz)
    root = root_of(sound)
    assert root is not None
    for key in (round(root) - 24, round(root) - 7, round(root), round(root) + 5, round(root) + 19):
        note = transposed(sound, key - root, rate)
        assert note.rate == (rate or 44_100) and note.channels == 2
        assert heard(note) == pytest.approx(key, abs=0.05)  # five cents
        assert note.seconds == pytest.approx(sound.seconds * midi_to_hz(root) / midi_to_hz(key), rel=1e-3)


def test_the_own_pitch_is_the_sound_itself() -> None:
    sound = string(220)
    assert transposed(sound, 0).samples.tobytes() == sound.samples.tobytes()


def test_noise_has_no_root() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 22_050)).astype(np.float32)
    assert root_of(Sound(noise, 44_100)) is None
    assert root_of(Sound(np.zeros((1, 0), np.float32), 44_100)) is None
    assert root_of(Sound(np.zeros((1, 1), np.float32), 44_100)) is None
    assert MIDDLE == 60


def test_what_would_last_for_minutes_ends_softly() -> None:
    sound = string(440, 20, 8000)
    note = transposed(Sound(np.sign(sound.samples), 8000), -24)
    assert note.seconds == pytest.approx(LONGEST, abs=0.01)
    assert np.abs(note.samples[:, -1]).max() == 0 and np.abs(note.samples[:, -800]).max() > 0.5


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 300), st.floats(-200, 200), st.sampled_from([None, 4000, 96_000]))
def test_any_sound_on_any_key_is_a_sound(frames: int, semitones: float, rate: int | None) -> None:
    made = transposed(Sound(np.ones((1, frames), np.float32), 8000), semitones, rate)
    assert np.isfinite(made.samples).all() and made.seconds <= LONGEST + 0.01


def test_the_cache_forgets_what_was_longest_not_asked_for() -> None:
    cache = NoteCache(limit=4000)
    sounds = {name: Sound(np.zeros((1, 250), np.float32), 8000) for name in "abcde"}  # 1000 bytes each
    for name in "abcd":
        cache.put(name, sounds[name])
    assert cache.get("a") is sounds["a"]
    cache.put("e", sounds["e"])
    assert "b" not in cache and cache.get("b") is None and all(name in cache for name in "acde")
    cache.put("a", Sound(np.zeros((1, 500), np.float32), 8000))
    assert cache.bytes <= 4000 and len(cache) == 3 and "c" not in cache
    cache.put("huge", Sound(np.zeros((1, 5000), np.float32), 8000))
    assert "huge" not in cache and len(cache) == 3
