"""Notes together, composed: they sum, begin and end without a step, give way in order, and never change what was taken."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.audio.chord import RISE, STEAL, VOICES, Chord
from studio.audio.sound import Sound
from studio.audio.voice import Frames, Voice

RATE = 48_000
STEAL_FRAMES = round(STEAL * RATE)


def sine(frequency: float, seconds: float = 0.5, phase: float = 0.0, level: float = 0.4) -> Sound:
    t = np.arange(round(seconds * RATE)) / RATE
    return Sound((level * np.sin(2 * np.pi * frequency * t + phase)).astype(np.float32)[None], RATE)


def voice(sound: Sound, start: int, gain: float = 1.0) -> Voice:
    return Voice(Frames(sound, RATE), start, False, gain)


def composed(chord: Chord, start: int, frames: int) -> np.ndarray:
    block = np.zeros((frames, 2), np.float32)
    chord.add_to(block, start)
    return block


def step(block: np.ndarray) -> float:
    return float(np.abs(np.diff(block, axis=0, prepend=0)).max())


def test_overlapping_notes_sum() -> None:
    one, other = sine(200), sine(300)
    chord = Chord().on("a", voice(one, 100), RATE).on("b", voice(other, 5000, 0.5), RATE)
    got = composed(chord, 0, 40_000)
    expected = np.zeros(40_000, np.float32)
    expected[100 : 100 + one.frames] += one.samples[0]
    expected[5000 : 5000 + other.frames] += 0.5 * other.samples[0]
    assert np.abs(got - expected[:, None]).max() < 1e-7


def test_a_piece_is_the_same_however_it_is_cut() -> None:
    chord = Chord().on("a", voice(sine(200), 100), RATE).off("a", 4000, 3840).on("b", voice(sine(310, phase=1), 3000), RATE)
    whole = composed(chord, 0, 30_000)
    pieces = [composed(chord, start, 997) for start in range(0, 30_000, 997)]
    assert np.array_equal(np.concatenate(pieces)[:30_000], whole)


def test_a_lifted_note_is_gone_after_its_release_without_a_step() -> None:
    sound = sine(440)
    chord = Chord().on("a", voice(sound, 0), RATE).off("a", 7777, 3840)
    got = composed(chord, 0, sound.frames)
    assert not got[7777 + 3840 :].any() and np.abs(got[7777 + 1000]).max() > 0
    assert np.array_equal(got[:7777, 0], sound.samples[0, :7777])
    assert step(got) <= step(sound.samples.T) + 0.4 * np.pi / 2 / 3840


def test_a_sound_that_begins_with_a_jump_is_faded_in_and_one_from_silence_is_not() -> None:
    hard, soft = sine(100, phase=np.pi / 2), sine(100)
    got = composed(Chord().on("a", voice(hard, 10), RATE), 0, 1000)
    assert step(got) <= 0.4 * np.pi / 2 / (RISE * RATE) + step(soft.samples.T)
    assert np.array_equal(got[10 + round(RISE * RATE) :, 0], hard.samples[0, round(RISE * RATE) : 990])
    assert np.array_equal(composed(Chord().on("a", voice(soft, 10), RATE), 0, 1000)[10:, 0], soft.samples[0, :990])


def test_the_same_key_again_gives_way_to_itself() -> None:
    chord = Chord().on("a", voice(sine(440), 0), RATE).on("a", voice(sine(440), 5000), RATE).off("a", 6000, 960)
    assert [note.end for note in chord.notes] == [5000 + STEAL_FRAMES, 6960]
    assert chord.off("a", 6100, 9600).notes == chord.notes  # it has been lifted


def test_the_oldest_gives_way_and_lifted_ones_first() -> None:
    chord = Chord()
    for key in range(VOICES):
        chord = chord.on(key, voice(sine(200 + 10 * key), key), RATE)
    chord = chord.off(5, 1000, RATE)
    chord = chord.on("new", voice(sine(999), 2000), RATE).on("newer", voice(sine(888), 2000), RATE)
    fading = {note.key: note.end for note in chord.notes if note.end <= 2000 + STEAL_FRAMES}
    assert fading == {5: 2000 + STEAL_FRAMES, 0: 2000 + STEAL_FRAMES}
    assert len(chord.after(2000 + STEAL_FRAMES).notes) == VOICES


def test_stealing_makes_no_step() -> None:
    chord = Chord()
    for key in range(VOICES):
        chord = chord.on(key, voice(sine(50 + key, 2.0, phase=1.3, level=1 / VOICES), 0), RATE)
    before = step(composed(chord, 1000, 20_000)[1:])
    chord = chord.on("new", voice(sine(70, level=0.5), 8000), RATE)
    slope = 1 / VOICES * np.pi / 2 / STEAL_FRAMES
    assert step(composed(chord, 1000, 20_000)[1:]) <= before + slope + step(sine(70, level=0.5).samples.T)


def test_everything_ends() -> None:
    chord = Chord()
    for key in range(5):
        chord = chord.on(key, voice(sine(300), 10 * key), RATE)
    ended = chord.ended(3000, 240)
    assert not composed(ended, 3240, 40_000).any() and ended.after(3240) == Chord()
    assert np.array_equal(composed(ended, 0, 3000), composed(chord, 0, 3000))


ACTS = st.lists(
    st.tuples(st.sampled_from(["on", "off", "end"]), st.integers(0, 30), st.integers(0, 900), st.integers(1, 3000)), max_size=60
)


@settings(max_examples=40, deadline=None)
@given(ACTS)
def test_what_was_taken_stays_true_and_no_more_than_the_voices_sound(acts: list[tuple[str, int, int, int]]) -> None:
    chord, point, sound = Chord(), 0, Frames(sine(100, 0.2, level=1.0), RATE)
    for act, key, later, fade in acts:
        point += later
        before = composed(chord, max(0, point - 500), min(point, 500))
        if act == "on":
            chord = chord.on(key, Voice(sound, point, False, 1.0), RATE)
        else:
            chord = chord.off(key, point, fade) if act == "off" else chord.ended(point, fade)
        assert np.array_equal(composed(chord, max(0, point - 500), min(point, 500)), before)
        assert len(chord.after(point + STEAL_FRAMES).notes) <= VOICES
        chord = chord.after(point)
    assert np.abs(composed(chord, 0, 40_000)).max() <= 2 * VOICES
    assert chord.after(point + 20_000) == Chord()


def test_an_empty_sound_is_no_note() -> None:
    chord = Chord().on("a", voice(Sound(np.zeros((1, 0), np.float32), RATE), 0), RATE)
    assert not composed(chord, 0, 10).any() and chord.after(0) == Chord()


def test_many_channels_and_rates_come_as_stereo() -> None:
    sound = Sound(np.full((4, 24_000), 0.005, np.float32), 24_000)
    got = composed(Chord().on("a", voice(sound, 0), RATE), 1000, 10)
    assert got == pytest.approx(0.005, abs=1e-4)
