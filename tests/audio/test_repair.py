"""Repairs take away what was added to music, and nothing where nothing was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import signal

from studio.audio import files, steps
from studio.audio.repair import clicks, clipping, hum, noise
from studio.audio.sound import Sound
from studio.errors import UsageError
from tests.audio import make
from tests.audio.make import RATE, sine

SECONDS = 4.0


def music() -> Sound:
    """Struck notes over a soft pad that is not always there; nothing of it stays on the mains' harmonics."""
    out = np.zeros(round(SECONDS * RATE))
    for index, hz in enumerate([110.0, 196.0, 277.2, 164.8, 82.4, 233.1, 123.5]):
        start = round((0.1 + 0.55 * index) * RATE)
        t = np.arange(min(RATE, len(out) - start)) / RATE
        note = sum(np.sin(2 * np.pi * k * hz * t) / k for k in range(1, 6)) * np.exp(-t / 0.12) * np.minimum(1, t / 0.002)
        out[start : start + len(t)] += 0.3 * note
    return Sound(np.stack([out, 0.8 * np.pad(out, (20, 0))[:-20]]).astype(np.float32), RATE)


def hiss(amplitude: float, seed: int = 0) -> np.ndarray:
    return make.noise(SECONDS, amplitude=amplitude, channels=2, seed=seed).samples


def buzz(hz: float, count: int = 8, amplitude: float = 0.02, phase: float = 1) -> np.ndarray:
    t = np.arange(round(SECONDS * RATE)) / RATE
    return sum(amplitude / k * np.sin(2 * np.pi * k * hz * t + phase * k) for k in range(1, count + 1)).astype(np.float32)


def likeness(clean: np.ndarray, found: np.ndarray) -> float:
    """Scale-invariant signal-to-distortion ratio in dB (J. Le Roux and others, 2019)."""
    clean, found = clean.ravel().astype(np.float64), found.ravel().astype(np.float64)
    part = clean * (clean @ found) / (clean @ clean)
    return 10 * np.log10(np.sum(part**2) / (np.sum((found - part) ** 2) + 1e-20))


@pytest.mark.parametrize("repair", [hum.hum, clicks.clicks, clipping.declip, noise.noise])
def test_what_is_whole_stays_to_the_bit(repair):
    clean = music()
    assert np.array_equal(repair(clean).samples, clean.samples)
    buzzing = Sound(buzz(97.3, count=200, amplitude=0.3, phase=0)[None], RATE)
    assert np.array_equal(repair(buzzing).samples, buzzing.samples)


# ---- hum


@pytest.mark.parametrize("hz", [50.0, 49.93, 60.0, 60.08])
def test_hum_goes_and_music_stays(hz):
    clean = music()
    humming = Sound(clean.samples + buzz(hz), RATE)
    found = hum.hum(humming)
    assert likeness(clean.samples, found.samples) > likeness(clean.samples, humming.samples) + 12


@pytest.mark.parametrize("mains", ["auto", "50"])
def test_hum_is_lowered_by_forty_decibels(mains):
    alone = Sound(buzz(50.02)[None], RATE)
    found = hum.hum(alone, mains).samples
    for k in range(1, 6):
        t = np.arange(alone.frames) / RATE
        turn = np.exp(-2j * np.pi * k * 50.02 * t) * np.hanning(alone.frames)
        assert 20 * np.log10(np.abs(found[0] @ turn) / np.abs(alone.samples[0] @ turn)) < -40, k
    half = hum.hum(alone, mains, strength=0.5).samples
    assert np.abs(half - (alone.samples + found) / 2).max() < 1e-4


def test_hum_is_found_by_its_harmonics():
    slow = files.resample(Sound(music().samples + buzz(59.95), RATE), 8000).mono()
    found = hum.find(slow, 8000)
    assert np.allclose(found[:4], 59.95 * np.arange(1, 5), rtol=2e-4)
    assert not len(hum.find(slow, 8000, "50"))


@given(note=st.floats(45, 350), level=st.floats(0.001, 0.05), mains=st.sampled_from([49.9, 50.05, 60.1]))
@settings(max_examples=8, deadline=None)
def test_hum_is_taken_from_under_any_note(note, level, mains):
    """A harmonic may lie on the flank of the note, or be one of its partials, which goes with it. Nobody can tell a note of
    60 Hz from the hum of 60 Hz."""
    assume(all(abs(note - hz * round(note / hz)) > 3 for hz in (mains, 50, 60)))
    t = np.arange(2 * RATE) / RATE
    clean = sum(0.3 / k * np.sin(2 * np.pi * k * note * t) for k in range(1, 9)) * np.exp(-0.5 * t)
    humming = clean + buzz(mains, amplitude=level)[: len(t)]
    found = hum.hum(Sound(humming.astype(np.float32)[None], RATE)).samples
    assert np.square(found - clean).mean() < max(4 * np.square(humming - clean).mean(), 0.3 * np.square(clean).mean())


@pytest.mark.parametrize("hz", [[349.2], [98.0, 196.0], [440.0, 880.0], [123.5]])
def test_a_steady_note_is_no_hum(hz):
    chord = Sound(sum(sine(f, 4, amplitude=0.2).samples for f in hz) + make.noise(4, amplitude=1e-3).samples, RATE)
    assert hum.hum(chord) is chord


# ---- clicks


def clicked(sound: Sound, count: int = 20) -> tuple[Sound, np.ndarray]:
    random = np.random.default_rng(3)
    samples, places = (
        sound.samples.copy(),
        np.linspace(3000, sound.frames - 3000, count).astype(int) + random.integers(0, 2000, count),
    )
    for place in places:
        width = int(random.integers(1, 25))
        samples[0, place : place + width] += random.uniform(0.2, 0.6) * random.choice([-1, 1], width)
    return Sound(samples, sound.rate), places


def test_clicks_go_and_music_stays():
    clean = music()
    dirty, places = clicked(clean)
    found = clicks.clicks(dirty)
    spans = clicks.find(dirty.samples[0].astype(float), RATE)
    hits = [any(first - 3 <= place <= last for first, last in spans) for place in places]
    assert sum(hits) >= 18 and len(spans) <= 22
    assert likeness(clean.samples[0], found.samples[0]) > likeness(clean.samples[0], dirty.samples[0]) + 8
    assert np.array_equal(found.samples[1], clean.samples[1])
    touched = np.flatnonzero(found.samples[0] != dirty.samples[0])
    assert np.min(np.abs(touched[:, None] - places), axis=1).max() < 60


@pytest.mark.parametrize("width", [1, 10, 40])
def test_a_gap_is_written_as_it_was(width):
    """Of sine waves nothing is unforeseen."""
    whole = sine(440, 0.2).samples[0] + sine(1234.5, 0.2, amplitude=0.2).samples[0]
    x = whole.astype(np.float64)
    x[4000 : 4000 + width] = 0.7
    found, error = clicks.interpolated(x, 4000, 4000 + width, RATE)
    assert 20 * np.log10(np.sqrt(error) + 1e-9) < -40
    assert 20 * np.log10(np.abs(found - whole[4000 : 4000 + width]).max()) < -40


def test_a_front_is_no_click():
    for sound in (
        make.hit(before=0.1),
        Sound(np.concatenate([np.zeros(4410), make.noise(0.2).samples[0]]).astype(np.float32)[None], RATE),
    ):
        assert clicks.clicks(sound, 0.8).samples.tobytes() == sound.samples.tobytes()


@pytest.mark.parametrize("width", [6, 20, 40])
def test_a_click_that_fades_goes_too(width):
    clean = music().samples[:1]
    fading = 0.5 * np.cos(1.3 * np.arange(width)) * np.exp(-3 * np.arange(width) / width)
    dirty = clean.copy()
    for place in range(30_000, 150_000, 20_011):
        dirty[0, place : place + width] += fading.astype(np.float32)
    assert likeness(clean, clicks.clicks(Sound(dirty, RATE)).samples) > likeness(clean, dirty) + 10


def test_what_lasts_longer_is_left():
    samples = make.noise(1, amplitude=0.001).samples
    samples[0, 20_000:20_200] += 0.5 * np.random.default_rng(0).standard_normal(200).astype(np.float32)
    sound = Sound(samples, RATE)
    assert np.array_equal(clicks.clicks(sound, longest=2).samples, samples)
    assert not np.array_equal(clicks.clicks(sound, longest=8).samples, samples)


# ---- clipping


@pytest.mark.parametrize("loud", [2.0, 4.0])
def test_peaks_come_back(loud):
    clean = music()
    ceiling = np.abs(clean.samples).max() / 10 ** (loud / 20)
    cut = Sound(np.clip(clean.samples, -ceiling, ceiling), RATE)
    found = clipping.declip(cut)
    assert likeness(clean.samples, found.samples) > likeness(clean.samples, cut.samples) + 20
    touched = found.samples != cut.samples
    assert (np.abs(cut.samples[touched]) >= 0.94 * ceiling).all()
    assert (np.abs(found.samples) >= np.abs(cut.samples) - 1e-6).all()


@given(loud=st.floats(0.5, 12), seed=st.integers(0, 99))
@settings(max_examples=6, deadline=None)
def test_what_can_hardly_be_foretold_is_not_made_worse(loud, seed):
    clean = make.noise(0.5, seed=seed).samples
    ceiling = np.abs(clean).max() / 10 ** (loud / 20)
    cut = np.clip(clean, -ceiling, ceiling)
    assert likeness(clean, clipping.declip(Sound(cut, RATE)).samples) > likeness(clean, cut) - 0.5


@pytest.mark.parametrize("hz", [30.0, 60.0, 500.0])
def test_the_crest_of_a_wave_is_not_cut_off(hz):
    assert clipping.declip(sine(hz, amplitude=1.0)).samples.tobytes() == sine(hz, amplitude=1.0).samples.tobytes()


def test_a_square_wave_is_meant():
    square = Sound(np.where(np.arange(RATE) // 50 % 2, 0.9, -0.9).astype(np.float32)[None], RATE)
    assert np.array_equal(clipping.declip(square).samples, square.samples)


# ---- noise


@pytest.mark.parametrize("given", [{}, {"noise_from": 3.85, "noise_to": 4.0}])
@pytest.mark.parametrize("amplitude", [0.001, 0.01])
def test_noise_goes_and_music_stays(amplitude, given):
    clean = music()
    clean = Sound(clean.samples * np.where(np.arange(clean.frames) < 3.4 * RATE, 1, 0).astype(np.float32), RATE)
    noisy = Sound(clean.samples + hiss(amplitude), RATE)
    found = noise.noise(noisy, **given)
    assert likeness(clean.samples, found.samples) > likeness(clean.samples, noisy.samples) + 6


@pytest.mark.parametrize("amount", [6.0, 20.0])
def test_noise_alone_is_lowered_by_what_is_asked_and_does_not_twinkle(amount):
    sound = Sound(hiss(0.1), RATE)
    found = noise.noise(sound, amount, noise_from=0, noise_to=1).samples
    assert 20 * np.log10(found.std() / sound.samples.std()) == pytest.approx(-amount, abs=0.7)
    left = np.abs(signal.stft(found[0], RATE, nperseg=2048)[2][5:-5, 5:-5]) ** 2
    peaks = np.mean(left > 20 * left.mean())  # of noise e⁻²⁰ are; of what twinkles, thousands of times as many
    assert peaks < 1e-3


def test_the_rest_keeps_its_time_and_level():
    tone = sine(1000, SECONDS, amplitude=0.3, channels=2)
    found = noise.noise(Sound(tone.samples + hiss(0.003), RATE), noise_from=0, noise_to=1, amount=0)
    assert np.abs(found.samples - tone.samples - hiss(0.003)).max() < 1e-5
    learned = Sound(np.concatenate([hiss(0.003)[:, :RATE], (tone.samples + hiss(0.003))[:, :-RATE]], axis=1), RATE)
    found = noise.noise(learned, noise_from=0, noise_to=0.9)
    assert np.abs(found.samples[:, 2 * RATE : 3 * RATE]).max() == pytest.approx(0.3, abs=0.01)


def test_a_stretch_too_short_to_learn_from_is_refused_in_words():
    for start, end in ((1.0, 1.01), (3.0, 1.0), (90.0, 99.0)):
        with pytest.raises(UsageError, match="ms"):
            steps.apply(music(), [{"do": "noise", "noise_from": start, "noise_to": end}])
