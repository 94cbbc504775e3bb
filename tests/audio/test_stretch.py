"""Time without pitch, pitch without time: lengths to the frame, pitch to 5 cents, attacks as sharp and punctual as before.

A pitch is measured where the result holds one and a half periods of it; in less there is none (see the ruler's own test).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.audio import periods, steps, stretch
from studio.audio.blocks import Feed
from studio.audio.sound import Sound
from studio.errors import UsageError
from tests.audio.make import RATE, noise, sine
from tests.bench import stretching as ruler
from tests.drums import drum

TONES = {
    "hz": st.floats(np.log2(55), np.log2(1760)).map(lambda octaves: 2**octaves),
    "seconds": st.floats(0.05, 0.4),
    "partials": st.integers(1, 8),
    "seed": st.integers(0, 99),
}


@settings(max_examples=25, deadline=None)
@given(ratio=st.floats(-2, 2).map(lambda octaves: 2**octaves), **TONES)
def test_any_tone_keeps_its_pitch_level_and_hits_the_length(hz, seconds, partials, seed, ratio):
    sound = ruler.tone(hz, seconds, partials, seed)
    found = stretch.stretch(sound, ratio, method="auto")
    assert found.frames == round(sound.frames * ratio)
    _in_tune(found, sound, hz, partials)


@settings(max_examples=25, deadline=None)
@given(semitones=st.floats(-12, 12), formants=st.sampled_from(["move", "keep"]), **TONES)
def test_any_tone_is_shifted_to_its_pitch_at_its_level_and_length(hz, seconds, partials, seed, semitones, formants):
    kept = formants == "keep"
    partials = max(3, partials) if kept else partials  # a pure tone has no throat that could be kept
    sound = ruler.tone(hz, seconds, partials, seed)
    found = stretch.pitch(sound, semitones, method="auto", formants=formants)
    assert found.frames == sound.frames
    _in_tune(found, sound, hz * 2 ** (semitones / 12), 8 if kept else partials, 10 if kept else ruler.PERIODS)


def _in_tune(found: Sound, sound: Sound, hz: float, partials: int, least: float = ruler.PERIODS) -> None:
    held = found.seconds * hz
    if held >= least:
        assert abs(ruler.cents(found.samples[0], hz, partials)) < 5
    if held >= 6 and sound.seconds * hz >= 6:
        assert abs(ruler.level(found) - ruler.level(sound)) < 1


def test_the_ruler_can_tell_a_cent():
    for hz in (55, 440):
        for away in (-30, 0, 7):
            ideal = ruler.tone(hz * 2 ** (away / 1200), ruler.PERIODS / hz).samples[0]
            assert abs(ruler.cents(ideal, hz) - away) < 1


def test_one_note_at_a_time_is_told_from_everything_else():
    def tonal(*hz: float) -> bool:
        found = periods.course(np.sum([ruler.tone(one, 0.5).samples for one in hz], axis=0), RATE)
        return found is not None and found.tonal

    assert all(tonal(hz) for hz in (60, 110, 440, 1500)) and tonal(220, 440)
    for chord in ((0, 7), (0, 5), (0, 4, 7), (0, 3, 7), (0, 4, 7, 10)):
        assert not any(tonal(*(root * 2 ** (n / 12) for n in chord)) for root in (131, 523))
    for other in (noise(0.5).samples, drum("hat", 0)[None], drum("snare", 0)[None]):
        found = periods.course(other, RATE)
        assert found is not None and not found.tonal


def test_what_is_no_single_note_is_as_it_was():
    sound = noise(0.3)
    for change in (stretch.stretch, stretch.pitch):
        assert np.array_equal(change(sound, 1.3, method="auto").samples, change(sound, 1.3).samples)


def test_old_steps_stay_as_they_were_and_new_ones_choose():
    sound = ruler.tone(110, 0.2)
    for words in ("stretch 1.5", "pitch 3"):
        new = steps.parse(words)
        assert new["method"] == "auto"
        old = {key: value for key, value in new.items() if key != "method"}
        was = steps.apply(sound, [old | {"method": "complex"}]).samples
        assert np.array_equal(steps.apply(sound, [old]).samples, was)
        assert not np.array_equal(steps.apply(sound, [new]).samples, was)


@pytest.mark.parametrize("change", ["stretch 1.7", "stretch 0.4", "pitch 4", "pitch -7 formants=keep"])
def test_channels_stay_in_phase(change):
    wave = ruler.tone(150, 0.3).samples[0]
    found = steps.apply(Sound(np.stack([wave, -0.5 * wave, 0 * wave]), RATE), [steps.parse(change)]).samples
    assert np.allclose(found[1], -0.5 * found[0], atol=1e-5) and not found[2].any() and found[0].any()


@pytest.mark.parametrize("semitones", [-7, 12])
@pytest.mark.parametrize("method", ["auto", "complex"])
def test_a_voice_keeps_its_vowels(method, semitones):
    for name in ruler.VOWELS:
        sound, hz = ruler.vowel(160, name), 160 * 2 ** (semitones / 12)
        keep, move = (stretch.pitch(sound, semitones, method=method, formants=way) for way in ("keep", "move"))
        assert abs(ruler.cents(keep.samples[0], hz)) < 5 and abs(ruler.level(keep) - ruler.level(sound)) < 1
        assert ruler.mismatch(keep, hz, name) < (5 if method == "auto" else 0.75 * ruler.mismatch(move, hz, name))


@pytest.mark.parametrize("ratio", [0.5, 1.4, 3.0])
def test_plucked_notes_begin_as_they_did_and_in_time(ratio):
    t = np.arange(round(0.4 * RATE)) / RATE
    notes = [ruler.tone(hz, 0.4).samples[0] * np.exp(-t / 0.06) for hz in (98, 147, 220)]
    sound = Sound(np.concatenate(notes).astype(np.float32)[None], RATE)
    found = stretch.stretch(sound, ratio, method="auto")
    assert not np.array_equal(found.samples, stretch.stretch(sound, ratio).samples)
    for number in range(3):
        first, start = round(0.4 * number * RATE), round(0.4 * number * ratio * RATE)
        attack, near = sound.samples[0, first : first + 250], found.samples[0, max(0, start - 176) :][:602]
        apart = np.abs(np.lib.stride_tricks.sliding_window_view(near, 250) - attack).max(axis=1)
        assert apart.min() < 2e-3, (number, apart.min())  # within 4 ms it is there, sample by sample


def onset(sound: Sound) -> float:
    """Seconds at which it first comes near its peak."""
    level = np.abs(sound.samples).max(axis=0)
    return float(np.argmax(level > 0.3 * level.max())) / sound.rate


@pytest.mark.parametrize("ratio", [0.5, 1.25, 4.0])
@pytest.mark.parametrize("hz", [110, 1000])
def test_long_sounds_of_any_kind_keep_pitch_level_and_length(hz, ratio):
    sound = ruler.tone(hz, 0.5)
    longer, higher = stretch.stretch(sound, ratio), stretch.pitch(sound, 12 * np.log2(ratio) / 2)
    assert longer.frames == round(sound.frames * ratio) and higher.frames == sound.frames
    for found, times in ((longer, 1), (higher, ratio**0.5)):
        assert abs(ruler.cents(found.samples[0], hz * times)) < 5 and abs(ruler.level(found) - ruler.level(sound)) < 1


@pytest.mark.parametrize("speed", [0.5, 0.75, 2.0])
def test_varispeed_moves_both(speed):
    found = stretch.varispeed(sine(440, 1.0), speed)
    assert found.frames == round(RATE / speed)
    assert abs(ruler.cents(found.samples[0], 440 * speed, 1)) < 1


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


@pytest.fixture
def short_spans(monkeypatch):
    """Half a minute is a second here."""
    monkeypatch.setattr(stretch, "AT_ONCE", 1.0)
    monkeypatch.setattr(stretch, "NEAR", 0.4)


@pytest.mark.parametrize("change", [{"ratio": 0.6}, {"ratio": 1.7}, {"semitones": -3}, {"semitones": 3, "formants": "keep"}])
def test_long_sounds_are_changed_span_by_span_and_attacks_stay_in_time(short_spans, change):
    places = np.cumsum([0.3, 0.61, 0.47, 0.75, 0.53, 0.94, 0.58])
    samples = np.zeros((2, 5 * RATE), np.float32)
    for place in places:
        hit = drum("snare", 0, RATE)[: RATE // 3]
        samples[:, round(place * RATE) : round(place * RATE) + len(hit)] += hit
    sound = Sound(samples, RATE)
    ends = list(stretch._ends(Feed(sound, 1000)))
    assert len(ends) >= 5 and all(0 < b - a <= RATE for a, b in pairwise([0, *ends]))
    work = stretch.stretch if "ratio" in change else stretch.pitch
    found = work(sound, **change)
    for size in (10_000, 3 * RATE):
        assert np.array_equal(found.samples, np.concatenate(list(work.blocks(sound, size, **change)), axis=1))
    ratio = change.get("ratio", 1.0)
    assert found.frames == round(sound.frames * ratio)
    for place in places:
        near = found.samples[:, round((place * ratio - 0.04) * RATE) : round((place * ratio + 0.04) * RATE)]
        assert abs(onset(Sound(near, RATE)) - 0.04) < 0.006


@pytest.mark.parametrize("method", ["complex", "tones"])
@pytest.mark.parametrize("ratio", [0.7, 1.5])
def test_a_tone_without_an_attack_goes_on_unheard_where_a_span_ends(short_spans, ratio, method):
    sound = ruler.tone(220, 4.0)
    found = stretch.stretch(sound, ratio, method=method)
    assert abs(ruler.cents(found.samples[0], 220)) < 5
    inside = found.samples[0, RATE // 10 : -RATE // 10]
    levels = 20 * np.log10(np.sqrt(np.square(inside[: len(inside) // 441 * 441]).reshape(-1, 441).mean(axis=1)))
    assert levels.min() > np.median(levels) - 2
    assert np.abs(np.diff(inside)).max() < 1.4 * np.abs(np.diff(sound.samples[0, RATE // 10 : -RATE // 10])).max()


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
    changes = ["stretch 3 method=complex", "pitch 5 method=complex", "varispeed 1.3", "stretch 0.3", "pitch 5 formants=keep"]
    changes += ["stretch 3 method=tones attacks=smooth", "stretch 0.3 method=tones", "pitch -9 method=tones formants=keep"]
    for change in map(steps.parse, changes):
        found = steps.apply(sound, [change])
        assert np.isfinite(found.samples).all() and found.channels == sound.channels
        assert np.array_equal(found.samples, steps.apply(sound, [change]).samples)
        assert kind != "silence" or not found.samples.any()
