"""A cycle has the harmonics of its sound and nothing else, begins like the others, and follows the pitch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.audio import cycles
from studio.audio.cycles import SIZE
from studio.audio.sound import Sound
from tests.audio.make import RATE, hit, noise, sine


def tone(hz: float, amplitudes, seconds: float = 0.8, phases=None, rate: int = RATE) -> Sound:
    """Harmonics of `hz` with these amplitudes, as far as they are below half the rate."""
    t = np.arange(round(seconds * rate)) / rate
    phases = np.zeros(len(amplitudes)) if phases is None else phases
    parts = [a * np.sin(2 * np.pi * k * hz * t + p) for k, (a, p) in enumerate(zip(amplitudes, phases), 1) if k * hz < rate / 2]
    return Sound((0.5 * sum(parts) / max(1e-9, np.abs(amplitudes).sum()))[None].astype(np.float32), rate)


def saw(hz: float, **more) -> Sound:
    return tone(hz, 1 / np.arange(1, int(RATE / 2 / hz) + 1), **more)


def size(spectrum) -> np.ndarray:
    return np.abs(spectrum) / np.abs(spectrum).max()


def likeness(a, b) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


@settings(max_examples=25, deadline=None)
@given(st.floats(32, 1800))
def test_a_saw_has_its_harmonics_and_no_others(hz):
    spectrum = size(cycles.one(saw(hz)))
    heard = int(np.ceil(RATE / 2 / hz)) - 1
    firm = np.arange(1, max(2, min(heard, int(heard * 0.8))))
    np.testing.assert_allclose(20 * np.log10(spectrum[firm] * firm / spectrum[1]), 0, atol=0.5)
    beyond = np.flatnonzero(np.arange(SIZE // 2 + 1) * hz >= RATE / 2)
    assert not spectrum[beyond].any() and spectrum[0] == 0 and spectrum[-1] == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(40, 800), st.sampled_from([22_050, 44_100, 48_000, 96_000]))
def test_any_wave_is_found_again(seed, hz, rate):
    rng = np.random.default_rng(seed)
    amplitudes = np.concatenate([[1.0], rng.uniform(0, 0.5, 7)])
    spectrum = cycles.one(tone(hz, amplitudes, phases=rng.uniform(0, 6.3, 8), rate=rate))
    np.testing.assert_allclose(size(spectrum)[1:9], amplitudes / amplitudes.max(), atol=0.03)
    assert size(spectrum)[10:].max() < 0.02


def test_cycles_begin_as_a_rising_sine():
    rng = np.random.default_rng(3)
    waves = [tone(150, [1, 0.5, 0.3], phases=rng.uniform(0, 6.3, 3)) for _ in range(4)]
    for spectrum in cycles.aligned([cycles.one(wave) for wave in waves]):
        assert np.angle(spectrum[1]) == pytest.approx(-np.pi / 2)


def test_the_same_wave_at_any_pitch_and_moment_is_the_same_cycle():
    made = [cycles.one(saw(hz, seconds=s)) for hz, s in ((60, 0.5), (60.7, 0.9), (61.5, 0.7))]
    frames = cycles.table(cycles.aligned(made))
    for a, b in itertools.pairwise(frames):
        assert likeness(a, b) > 0.995


def test_without_a_fundamental_neighbours_still_agree():
    t = np.arange(RATE) / RATE
    waves = [np.sin(2 * np.pi * 300 * t + p) + 0.8 * np.sin(2 * np.pi * 500 * t + 5 * p / 3) for p in np.linspace(0, 2, 6)]
    spectra = [cycles.harmonics((0.4 * wave).astype(np.float32), RATE, 20_000, 100) for wave in waves]
    assert size(spectra[0])[1] < 0.01
    frames = cycles.table(cycles.aligned(spectra))
    for a, b in itertools.pairwise(frames):
        assert likeness(a, b) > 0.98


def test_a_glide_moves_smoothly_from_cycle_to_cycle():
    t = np.arange(RATE) / RATE
    phase = 2 * np.pi * np.cumsum(100 * 2**t) / RATE  # an octave up in a second
    wave = sum((0.5 + 0.5 * np.sin(2 * t + k)) / k * np.sin(k * phase) for k in range(1, 12))
    sound = Sound((0.3 * wave)[None].astype(np.float32), RATE)
    frames = cycles.table(cycles.aligned(cycles.through(sound, 64)))
    assert frames.shape == (64, SIZE) and np.abs(frames).max() == pytest.approx(1)
    assert min(likeness(a, b) for a, b in itertools.pairwise(frames)) > 0.97
    np.testing.assert_allclose(frames.mean(axis=1), 0, atol=1e-6)


def test_the_steadiest_part_is_taken():
    start = noise(0.3, amplitude=0.1).samples
    sound = Sound(np.concatenate([start, saw(220, seconds=0.6).samples], axis=1), RATE)
    found = cycles.course(sound.samples[0], RATE)
    assert found.pitch == pytest.approx(220, rel=0.01)
    assert found.centre[found.steadiest] > 0.3 * RATE
    np.testing.assert_allclose(size(cycles.one(sound))[1:20], 1 / np.arange(1, 20), atol=0.05)


def test_noise_has_no_pitch_and_closes_without_a_click():
    sound = noise(0.5)
    assert cycles.course(sound.samples[0], RATE).pitch is None
    (frame,) = cycles.table([cycles.one(sound)])
    steps = np.abs(np.diff(frame))
    assert abs(frame[0] - frame[-1]) < 1.2 * steps.max()
    level = np.sqrt([np.mean(part**2) for part in np.array_split(frame, 8)])
    assert np.ptp(20 * np.log10(level)) < 3  # the seam does not dip


def test_a_hit_is_pitched_and_follows_its_decay():
    frames = cycles.table(cycles.aligned(cycles.through(hit(180), 16)))
    level = np.sqrt(np.square(frames).mean(axis=1))
    assert (np.diff(level[2:]) < 0).all()
    even = cycles.table(cycles.aligned(cycles.through(hit(180), 16)), even=True)
    np.testing.assert_allclose(np.sqrt(np.square(even).mean(axis=1)), np.sqrt(np.square(even[0]).mean()), rtol=0.01)


def test_what_is_a_wavetable_comes_back():
    rng = np.random.default_rng(0)
    spectra = np.zeros((5, SIZE // 2 + 1), complex)
    spectra[:, 1:40] = rng.standard_normal((5, 39)) + 1j * rng.standard_normal((5, 39))
    frames = cycles.table(list(spectra))
    again = cycles.table(cycles.slices(Sound(frames.reshape(1, -1), RATE), 256))
    np.testing.assert_allclose(again, frames, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6000), st.integers(1, 12), st.sampled_from([8000, 44_100, 192_000]), st.integers(0, 3))
def test_any_sound_gives_cycles(frames, count, rate, kind):
    samples = [
        np.zeros(frames),
        np.random.default_rng(frames).standard_normal(frames),
        np.sin(np.arange(frames) * 0.05),
        np.full(frames, np.nan),
    ][kind]
    sound = Sound(np.stack([samples, samples]).astype(np.float32), rate)
    for spectra in (cycles.through(sound, count), cycles.slices(sound, count), [cycles.one(sound)]):
        made = cycles.table(cycles.aligned(spectra))
        assert 1 <= len(made) <= count and made.shape[1] == SIZE and made.dtype == np.float32
        assert np.isfinite(made).all() and np.abs(made).max() <= 1


def test_a_table_of_sines_is_sines():
    (frame,) = cycles.table(cycles.aligned([cycles.one(sine(333.3))]))
    np.testing.assert_allclose(frame, np.sin(2 * np.pi * np.arange(SIZE) / SIZE), atol=2e-3)


def test_one_without_a_pitch_takes_that_of_the_others():
    made = cycles.each([saw(100), noise(0.5), saw(200)])
    expected = cycles.harmonics(noise(0.5).samples[0], RATE, cycles.course(noise(0.5).samples[0], RATE).loudest, np.sqrt(2e4))
    np.testing.assert_allclose(made[1], expected, rtol=0.02, atol=0.02 * np.abs(expected).max())


def test_a_pitch_an_octave_too_low_is_put_right():
    sound = tone(400, [1, 0.5, 0.25])
    way = cycles.course(sound.samples[0], RATE)
    low = cycles.Course(way.centre, way.hz / 2, way.sure, way.level, 200.0)
    assert cycles._steady(sound.samples[0], RATE, low) == pytest.approx(400, rel=0.01)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 8))
def test_agreeing_cycles_keep_their_harmonics_and_never_cancel(seed, count):
    rng = np.random.default_rng(seed)
    spectra = []
    for _ in range(count):
        spectrum = np.zeros(SIZE // 2 + 1, complex)
        spectrum[1:60] = rng.uniform(0.1, 1, 59) * np.exp(1j * rng.uniform(0, 6.3, 59))
        spectra.append(spectrum)
    made = cycles.agreeing(spectra)
    for before, after in zip(spectra, made):
        np.testing.assert_allclose(np.abs(after), np.abs(before), atol=1e-9)
    half = (made[0] + made[1]) / 2
    np.testing.assert_allclose(np.abs(half), (np.abs(made[0]) + np.abs(made[1])) / 2, atol=1e-9)


def test_agreeing_leaves_what_agrees_already():
    made = cycles.aligned([cycles.one(saw(hz)) for hz in (100, 101, 102)])
    np.testing.assert_allclose(cycles.table(cycles.agreeing(made)), cycles.table(made), atol=0.02)
