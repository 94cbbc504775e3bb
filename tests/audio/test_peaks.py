"""Every picture shows what the samples say, however it was built and however close one looks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.audio import edit, files, peaks
from studio.audio.sound import Sound
from studio.errors import UnreadableAudio
from tests.audio.make import RATE, hit, noise, sine


def brute(sound: Sound, start: int, end: int) -> tuple[float, float, float]:
    part = sound.samples[:, max(0, start) : max(0, end)]
    if not part.size:
        return 0.0, 0.0, 0.0
    return part.min(), part.max(), np.sqrt(np.mean(np.square(part)))


SOUND = edit.fade_out(noise(3.0, channels=2), 2.5)
PEAKS = peaks.build(SOUND)


@settings(max_examples=60, deadline=None)
@given(start=st.integers(-2000, 130_000), length=st.integers(1, 140_000), columns=st.integers(1, 300))
def test_a_view_never_hides_a_peak(start, length, columns):
    low, high, rms = PEAKS.view(start, start + length, columns)
    assert len(low) == len(high) == len(rms) == columns
    edges = np.linspace(start, start + length, columns + 1)
    for column in {0, columns // 2, columns - 1}:
        a, b = int(np.ceil(edges[column])), int(np.floor(edges[column + 1]))
        true = brute(SOUND, a, b)
        if b > a >= 0 and b <= SOUND.frames:
            assert low[column] <= true[0] and high[column] >= true[1]
    assert np.all(low <= high) and np.all(rms <= np.maximum(-low, high) + 1e-6)


@pytest.mark.parametrize(
    ("start", "end", "columns"), [(0, SOUND.frames, 20), (1000, 21_000, 10), (5000, 6000, 100), (700, 720, 20)]
)
def test_a_view_is_near_the_truth(start, end, columns):
    low, high, rms = PEAKS.view(start, end, columns)
    edges = np.linspace(start, end, columns + 1).astype(int)
    true = np.array([brute(SOUND, a, b) for a, b in itertools.pairwise(edges)]).T
    assert np.abs(rms - true[2]).max() < 0.15 * true[2].max()
    if (end - start) / columns < peaks.BASE:
        assert np.allclose(low, true[0]) and np.allclose(high, true[1])


def test_the_closest_look_shows_single_samples():
    low, high, _ = PEAKS.view(100, 110, 10)
    mono = SOUND.samples[:, 100:110]
    assert np.array_equal(low, mono.min(axis=0)) and np.array_equal(high, mono.max(axis=0))
    low, _, _ = PEAKS.view(100, 102, 8)
    assert np.array_equal(low, np.repeat(SOUND.samples[:, 100:102].min(axis=0), 4))


def test_outside_is_silence():
    for view in (PEAKS.view(-5000, -4000, 5), PEAKS.view(SOUND.frames + 10, SOUND.frames + 90_000, 5)):
        assert not np.any(view)
    assert PEAKS.samples(-3, 3).shape == (2, 6)
    assert not PEAKS.samples(-3, 3)[:, :3].any()


@pytest.mark.parametrize(("suffix", "subtype"), [("wav", "PCM_16"), ("wav", "PCM_24"), ("wav", "FLOAT"), ("flac", "PCM_16")])
@pytest.mark.parametrize("channels", [1, 2])
def test_files_and_sounds_have_the_same_picture(tmp_path, monkeypatch, suffix, subtype, channels):
    monkeypatch.setattr(peaks, "BASE", 16)
    sound = noise(2.0, channels=channels)
    path = tmp_path / f"x.{suffix}"
    soundfile.write(path, sound.samples.T, RATE, subtype=subtype)
    told: list[tuple[int, int]] = []
    from_file, from_sound = peaks.build(path, lambda done, total: told.append((done, total))), peaks.build(sound)
    assert told[-1] == (sound.frames, sound.frames)
    assert len(from_file.levels) == len(from_sound.levels) > 3
    for span in ((0, sound.frames, 50), (3000, 4000, 200)):
        for mine, other in zip(from_file.view(*span), from_sound.view(*span)):
            assert np.abs(mine - other).max() < 2e-4


def test_saved_and_loaded_is_the_same(tmp_path):
    PEAKS.save(tmp_path / "x.npy")
    PEAKS.save(tmp_path / "x.npy")
    found = peaks.load(tmp_path / "x.npy", SOUND)
    assert [p.name for p in tmp_path.iterdir()] == ["x.npy"]
    assert (found.frames, found.rate) == (PEAKS.frames, PEAKS.rate)
    assert all(np.array_equal(a, b) for a, b in zip(found.levels, PEAKS.levels))


@pytest.mark.parametrize("damage", ["gone", "empty", "cut", "shape", "pickle", "version"])
def test_a_damaged_cache_is_no_cache(tmp_path, damage):
    path = tmp_path / "x.npy"
    PEAKS.save(path)
    data = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage in ("empty", "cut"):
        path.write_bytes(data[: 0 if damage == "empty" else len(data) // 2])
    else:
        head = {"shape": [1, PEAKS.frames * 2, RATE], "version": [9, PEAKS.frames, RATE]}.get(damage)
        with path.open("wb") as file:
            np.save(file, np.array(head) if head else np.array([{}], object), allow_pickle=True)
            np.save(file, np.concatenate(PEAKS.levels, axis=1))
    assert peaks.load(path) is None


def test_a_vanished_file_is_named_when_one_looks_closer(tmp_path):
    path = files.write(tmp_path / "x.wav", noise(1.0))
    found = peaks.build(path)
    path.unlink()
    assert found.view(0, RATE, 10)[1].max() > 0.1
    with pytest.raises(UnreadableAudio):
        found.view(0, 1000, 100)


def test_a_sketch_finds_the_loud_places(tmp_path):
    sound = Sound(np.zeros((1, 20 * RATE), np.float32), RATE)
    sound.samples[:, 5 * RATE : 10 * RATE] = sine(100, 5).samples
    for subtype in ("PCM_16", "PCM_24"):
        low, high, rms = peaks.sketch(files.write(tmp_path / f"{subtype}.wav", sound, subtype=subtype), 100)
        assert np.flatnonzero(rms > 0.2).tolist() == list(range(25, 50))
        assert high[30] == pytest.approx(0.5, abs=0.01) and low[30] == pytest.approx(-0.5, abs=0.01)


@pytest.mark.parametrize("frames", [1, 50, 96, 97, 44_100])
def test_thumbnails_are_small_and_fill_their_height(tmp_path, frames):
    sound = Sound(noise(2.0, amplitude=0.001).samples[:, :frames], RATE)
    picture = peaks.thumbnail(sound)
    assert picture.shape == (2, 96) and picture.dtype == np.uint8
    assert max(128 - int(picture[0].min()), int(picture[1].max()) - 128) == 127
    assert np.all(picture[0] <= picture[1])
    path = files.write(tmp_path / "x.wav", sound)
    assert peaks.thumbnail_of(path).shape == (2, 96)


def test_thumbnails_of_silence_are_flat():
    assert np.all(peaks.thumbnail(Sound(np.zeros((1, 100), np.float32), RATE)) == 128)


@pytest.mark.parametrize("axis", ["log", "mel", "linear"])
@pytest.mark.parametrize("hz", [60, 440, 5000])
def test_a_tone_is_a_line_at_its_height(axis, hz):
    image, frequencies = peaks.spectrogram(sine(hz, 1.0, amplitude=1.0), axis=axis, bins=512)
    assert image.shape[0] == len(frequencies) == 512
    row = int(image[:, image.shape[1] // 2].argmax())
    assert abs(frequencies[row] - hz) < max(0.06 * hz, 22)
    assert image.max() == pytest.approx(0, abs=2)
    assert image.min() == pytest.approx(image.max() - 90, abs=0.01)


def test_a_click_is_a_column_at_its_moment():
    sound = Sound(np.zeros((1, RATE), np.float32), RATE)
    sound.samples[0, 30_000] = 1
    image, _ = peaks.spectrogram(sound)
    assert image.sum(axis=0).argmax() / image.shape[1] == pytest.approx(30_000 / RATE, abs=0.03)


@pytest.mark.parametrize("frames", [0, 1, 100, 3000])
def test_spectrograms_of_almost_nothing(frames):
    image, frequencies = peaks.spectrogram(Sound(hit().samples[:, :frames], RATE), bins=64)
    assert image.shape[0] == 64 and np.isfinite(image).all() and np.isfinite(frequencies).all()


def test_a_long_sound_fits_the_columns():
    assert peaks.spectrogram(noise(60), bins=32, columns=200)[0].shape == (32, 200)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 160), st.binary(min_size=1, max_size=12))
def test_overwritten_bytes_never_raise(tmp_path, at, noise):
    """numpy parses headers as Python literals, so a torn one can raise anything that a tokenizer does."""
    path = tmp_path / "x.npy"
    PEAKS.save(path)
    with path.open("r+b") as file:
        file.seek(at)
        file.write(noise)
    found = peaks.load(path)
    assert found is None or found.frames > 0
