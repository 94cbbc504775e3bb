"""Facts against sounds whose facts are known, and against others who measure the same."""

from __future__ import annotations

import math
import tracemalloc

import msgspec
import numpy as np
import pyloudnorm
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from studio.audio import analysis, edit, files, pitch
from studio.audio.sound import Sound
from tests.audio.make import RATE, hit, noise, sine

RATES = [8_000, 11_025, 44_100, 48_000, 96_000]


# ---- notes


def test_notes():
    assert analysis.hz_to_midi(440) == 69
    assert analysis.midi_to_hz(60) == pytest.approx(261.626, abs=1e-3)
    assert [analysis.note_name(n) for n in (0, 60, 61.4, 69)] == ["C-2", "C3", "C#3", "A3"]
    assert analysis.note_name(60, middle_c=4) == "C4"


# ---- spectra


def test_stft_is_scipys():
    x = noise(0.3).samples[0]
    mine = analysis.stft(x, 1024, 256)
    transform = scipy.signal.ShortTimeFFT(np.hanning(1025)[:-1], 256, RATE, mfft=1024, scale_to=None)
    theirs = transform.stft(x, p0=0, p1=len(mine)).T
    assert mine.shape == (1 + (len(x) - 1) // 256, 513)
    assert np.abs(np.abs(mine) - np.abs(theirs)).max() < 1e-3


def test_stft_of_nothing_is_empty():
    assert analysis.stft(np.zeros(0, np.float32)).shape == (0, 1025)
    assert analysis.log_mel(np.zeros(0, np.float32), RATE).shape == (0, 128)


def test_mel_filters_are_slaneys():
    filters = analysis.mel_filters(22_050, 2048, 40)
    assert filters.shape == (40, 1025)
    centres = np.fft.rfftfreq(2048, 1 / 22_050)[filters.argmax(axis=1)]
    assert np.all(np.diff(centres) > 0)
    assert analysis.hz_to_mel(np.array([0, 500, 1000, 6400])).tolist() == pytest.approx([0, 7.5, 15, 42])
    assert analysis.mel_to_hz(analysis.hz_to_mel(np.array([20.0, 999, 1001, 15_000]))) == pytest.approx([20, 999, 1001, 15_000])
    areas = filters.sum(axis=1) * 22_050 / 2048
    assert areas[5:] == pytest.approx(np.ones(35), rel=0.1)


def test_a_tone_lights_its_mel_band():
    power = analysis.mel_power(sine(1000).samples[0], RATE, n_mels=64)
    edges = analysis.mel_to_hz(np.linspace(0, float(analysis.hz_to_mel(np.array(RATE / 2))), 66))
    band = int(power[40].argmax())
    assert edges[band] < 1000 < edges[band + 2]


def test_log_mel_has_a_floor_and_flat_memory():
    assert np.allclose(analysis.log_mel(np.zeros(RATE, np.float32), RATE), math.log(1e-5))
    minute = noise(60).samples[0]
    tracemalloc.start()
    result = analysis.log_mel(minute, RATE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < result.nbytes + 12e6


# ---- facts


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hz", [30, 55, 110, 440, 1000, 2093])
@pytest.mark.parametrize("overtones", [1, 6])
def test_pitch_to_two_cents(rate, hz, overtones):
    count = max(1, min(overtones, int(rate * 0.4 // hz)))
    waves = [sine(hz * k, 1.0, amplitude=0.3 / k, rate=rate).samples for k in range(1, count + 1)]
    found = analysis.facts(Sound(np.sum(waves, axis=0), rate))
    assert found.pitch is not None
    assert abs(1200 * math.log2(found.pitch / hz)) < 2
    assert found.pitch_confidence > 0.85


def test_pitch_of_a_struck_tone_and_of_none():
    assert analysis.facts(hit(220)).pitch == pytest.approx(220, rel=0.002)
    assert analysis.facts(noise()).pitch is None
    assert analysis.facts(Sound(np.zeros((1, RATE), np.float32), RATE)).pitch is None


def test_yin_bears_silence():
    hz, confidence = pitch.yin(np.zeros((3, 2048), np.float32), RATE)
    assert np.isfinite(hz).all() and not confidence.any()


@pytest.mark.parametrize("rate", RATES)
def test_loudness_of_the_reference_tone(rate):
    assert analysis.facts(sine(997, 1, amplitude=1.0, rate=rate)).loudness == pytest.approx(-3.01, abs=0.06)
    assert analysis.facts(sine(997, 1, amplitude=1.0, rate=rate, channels=2)).loudness == pytest.approx(0.0, abs=0.06)


def test_loudness_is_pyloudnorms_where_it_measures():
    for sound in (noise(3), sine(80, 3), sine(5000, 3), noise(3, channels=2)):
        theirs = pyloudnorm.Meter(RATE, block_size=0.4, overlap=0.75).integrated_loudness(sound.samples.T.astype(np.float64))
        assert analysis.facts(sound).loudness == pytest.approx(theirs, abs=0.3)


def test_k_weighting_has_the_standards_numbers():
    shelf, high_pass = analysis._k_weighting(48_000)
    assert shelf[:3] == pytest.approx([1.53512485958697, -2.69169618940638, 1.19839281085285], abs=1e-8)
    assert shelf[3:] == pytest.approx([1.0, -1.69065929318241, 0.73248077421585], abs=1e-8)
    assert high_pass[3:] == pytest.approx([1.0, -1.99004745483398, 0.99007225036621], abs=1e-8)


def test_a_short_hit_is_padded_to_the_meters_window():
    click = hit(seconds=0.1)
    assert analysis.facts(click).loudness == pytest.approx(analysis.facts(edit.pad(click, 0, 0.4)).loudness, abs=0.02)


def test_noise_is_noisy_and_tones_are_tonal():
    for sound in (noise(), Sound(np.cumsum(noise(amplitude=0.01).samples, axis=1) * 0.05, RATE)):
        assert analysis.facts(noise()).noisiness > 0.9
        assert analysis.facts(sound).tonality < 1.0
    assert analysis.facts(noise()).tonality < 0.05
    tone = analysis.facts(sine(440))
    assert tone.noisiness < 0.05 and tone.tonality > 0.95
    mixed = analysis.facts(Sound(sine(440, amplitude=0.1).samples + noise().samples, RATE))
    assert tone.noisiness < mixed.noisiness < 0.95


def test_brightness_orders_sounds():
    low, high = analysis.facts(hit(100)), analysis.facts(hit(3000))
    assert low.brightness < 1000 < high.brightness
    assert analysis.facts(noise()).brightness == pytest.approx(RATE / 4, rel=0.02)


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.5])
def test_attack_is_the_rise(seconds):
    flat = noise(2)
    found = analysis.facts(edit.fade_in(flat, seconds, "linear")).attack
    assert found == pytest.approx(0.6 * seconds, abs=0.15 * seconds + 0.004)
    assert analysis.facts(hit(400, before=0.3)).attack < 0.006


def test_silence_around_is_seconds():
    found = analysis.facts(edit.pad(sine(440, 0.5), 0.2, 0.7))
    assert found.head_silence == pytest.approx(0.2, abs=0.002)
    assert found.tail_silence == pytest.approx(0.7, abs=0.002)
    assert found.seconds == pytest.approx(1.4)
    silent = analysis.facts(Sound(np.zeros((2, RATE), np.float32), RATE))
    assert silent.silent and silent.head_silence == silent.tail_silence == 1.0
    assert silent.peak_db == silent.loudness == analysis.FLOOR_DB


def test_clipping_offset_and_numbers_that_are_none():
    loud = Sound(np.clip(sine(100, amplitude=1.5).samples, -1, 1), RATE)
    assert analysis.facts(loud).clipped > 1000
    assert analysis.facts(sine(100, amplitude=1.0)).clipped < 600  # its very tops are at full scale
    assert analysis.facts(sine(100, amplitude=0.99)).clipped == 0
    assert analysis.facts(Sound(sine(100).samples - np.float32(0.2), RATE)).dc == pytest.approx(-0.2, abs=1e-3)
    broken = sine(440).samples
    broken[0, [5, 500, 5000]] = [np.nan, np.inf, -np.inf]
    found = analysis.facts(Sound(broken, RATE))
    assert found.nan == 3
    assert found.pitch == pytest.approx(440, rel=1e-2)


def test_a_sound_in_pieces_measures_like_the_whole(tmp_path):
    sound = Sound(np.concatenate([sine(330, 2).samples, noise(2).samples], axis=1), RATE)
    path = files.write(tmp_path / "x.wav", sound, subtype="FLOAT")
    whole = analysis.facts(sound)
    pieces = analysis.measure(files.blocks(path, size=RATE), RATE, 1)
    assert pieces.seconds == whole.seconds
    for name in ("peak_db", "loudness", "attack", "head_silence", "tail_silence", "dc"):
        assert getattr(pieces, name) == pytest.approx(getattr(whole, name), abs=1e-4), name
    assert pieces.brightness == pytest.approx(whole.brightness, rel=0.05)


@settings(max_examples=40, deadline=None)
@given(
    samples=arrays.arrays(np.float32, st.tuples(st.integers(1, 3), st.integers(0, 3000)), elements=st.floats(-4, 4, width=32)),
    rate=st.sampled_from([4_000, 22_050, 44_100, 384_000]),
)
def test_any_sound_has_facts_that_are_numbers(samples, rate):
    found = analysis.facts(Sound(samples, rate))
    for name, value in msgspec.structs.asdict(found).items():
        assert value is None or math.isfinite(value), name
    assert 0 <= found.noisiness <= 1 and 0 <= found.tonality <= 1 and 0 <= found.pitch_confidence <= 1
    assert np.isfinite(analysis.fingerprint(Sound(samples, rate))).all()
    assert set(analysis.features(Sound(samples, rate))) == {
        "loudness", "brightness", "attack", "length", "noisiness", "tonality", "pitch",
    }  # fmt: skip


# ---- fingerprints


def distance(a: Sound, b: Sound) -> float:
    return float(np.linalg.norm(analysis.fingerprint(a) - analysis.fingerprint(b)))


def test_copies_lie_close_at_any_gain_rate_and_start():
    sound = Sound(hit(180).samples + edit.fade_out(noise(0.5), 0.45, "exponential").samples * 0.3, RATE)
    for copy in (edit.gain(sound, -18), files.resample(sound, 48_000), edit.pad(sound, 0.1, 0.3)):
        assert distance(sound, copy) < 3
    others = [hit(60), hit(900), noise(0.5), sine(180, 0.5), hit(180, 1.2, decay=0.5)]
    assert min(distance(sound, other) for other in others) > 5
    assert analysis.fingerprint(sound).shape == (64,)
