"""Every chunk and tag of every plain format, by readers that are not ours: libsndfile's own calls, sox, mutagen."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from mutagen.aiff import AIFF
from mutagen.flac import FLAC
from mutagen.mp3 import MP3
from mutagen.oggvorbis import OggVorbis

from studio.audio import analysis, files, riff
from studio.audio.sound import Sound
from studio.errors import ExportError
from studio.export import base
from studio.export.base import Item
from studio.export.mp3 import rate_for
from studio.export.prepare import true_peak
from studio.project import recipe as recipes
from tests.audio.make import RATE, hit, noise, sine
from tests.export.test_wav import RECIPE

SOXI = shutil.which("soxi")
FULL = Item(
    sine(440, 1.0, channels=2), "Ton", RECIPE, root=69.25, loop=(4410, 8819), tempo=120.0, marks=(0, 11_025), tags=("soft", "a")
)
"""All that an item can know."""
PLAIN = ("wav", "flac", "aiff", "mp3", "ogg")


def export(format: str, item: Item, folder: Path, **options) -> Path:
    exporter = base.exporter(format)
    result = list(exporter.write([item], folder, exporter.Options(**options)))[-1].result
    return Path(result["files"][0])


# ---- libsndfile

INSTRUMENT, CUE_COUNT, CUE, BROADCAST, LOOP_INFO = 0x10D0, 0x10CD, 0x10CE, 0x10F0, 0x10E0


def asked(path: Path, command: int, size: int) -> bytes:
    """What sf_command gives of a file."""
    with soundfile.SoundFile(path) as file:
        held = soundfile._ffi.new("char[]", size)
        assert soundfile._snd.sf_command(file._file, command, held, size) == 1, command
        return bytes(soundfile._ffi.buffer(held, size))


def test_libsndfile_reads_root_and_loop(tmp_path):
    path = export("wav", FULL, tmp_path)
    found = asked(path, INSTRUMENT, 16 + 16 * 16)
    gain, base_note, detune, *_ = struct.unpack_from("<ibb4B", found)
    (count,) = struct.unpack_from("<i", found, 12)
    mode, start, end, repeats = struct.unpack_from("<i3I", found, 16)
    assert (base_note, detune, count, gain) == (69, 25, 1, 1)
    assert (start, end, repeats) == (4410, 8820, 0) and mode == 801  # it counts the end as one past the last; 801 is forward


def test_libsndfile_reads_slices_with_their_names(tmp_path):
    path = export("wav", FULL, tmp_path)
    assert struct.unpack("<I", asked(path, CUE_COUNT, 4))[0] == 2
    found = asked(path, CUE, 4 + 100 * 280)
    points = [struct.unpack_from("<iI4i256s", found, 4 + 280 * number) for number in range(2)]
    assert [point[5] for point in points] == [0, 11_025]
    assert [point[6].partition(b"\0")[0] for point in points] == [b"Ton 1", b"Ton 2"]


def test_libsndfile_reads_the_tempo_of_a_loop(tmp_path):
    found = asked(export("wav", FULL, tmp_path), LOOP_INFO, 44)
    numerator, denominator, mode, beats, bpm, key = struct.unpack_from("<hhiifi", found)
    assert (numerator, denominator, beats, bpm) == (4, 4, 2, 120.0)
    assert (mode, key) == (801, 69)


def test_libsndfile_reads_the_origin(tmp_path):
    found = asked(export("wav", FULL, tmp_path, broadcast=True), BROADCAST, 602 + 4 + 256)
    assert found[:256].rstrip(b"\0") == b"Ton" and found[256:288].startswith(b"Wavewright")
    assert len(found[320:330].rstrip(b"\0")) == 10 and found[330:338].count(b":") == 2


def test_without_what_is_known_there_are_no_chunks_of_it(tmp_path):
    path = export("wav", Item(hit(), "x"), tmp_path)
    assert [id for id, _, _ in riff.chunks(path)] == ["fmt ", "data", "LIST"]


@pytest.mark.parametrize("format", PLAIN)
def test_texts_and_samples_by_libsndfile(tmp_path, format):
    path = export(format, FULL, tmp_path)
    with soundfile.SoundFile(path) as file:
        assert (file.title, file.samplerate, file.channels) == ("Ton", RATE, 2)
        assert "Drums-1 step 12000 seed 7" in file.comment
        assert ("LAME" if format == "mp3" else "Wavewright") in file.software  # the encoder puts its own name there
        wave = file.read(dtype="float32").T
    exact = format in ("wav", "flac", "aiff")
    assert wave.shape[1] == RATE if exact else abs(wave.shape[1] - RATE) < 2500
    assert np.abs(wave[:, :40_000] - FULL.sound.samples[:, :40_000]).max() < (2e-7 if exact else 0.05)


# ---- sox


@pytest.mark.skipif(SOXI is None, reason="sox is not installed")
@pytest.mark.parametrize("bits", ["16", "24", "32f"])
@pytest.mark.parametrize("rate", ["44100", "176400", "192000"])
def test_sox_reads_every_depth_and_rate(tmp_path, bits, rate):
    path = export("wav", FULL, tmp_path, bits=bits, rate=rate)
    said = {
        flag: subprocess.run([str(SOXI), flag, path], capture_output=True, text=True, check=True).stdout.strip()
        for flag in ("-r", "-c", "-b", "-s", "-e")
    }
    wanted = {"16": "Signed Integer PCM", "24": "Signed Integer PCM", "32f": "Floating Point PCM"}[bits]
    assert said == {"-r": rate, "-c": "2", "-b": bits[:2], "-s": str(int(rate)), "-e": wanted}
    done = subprocess.run(["sox", path, "-n", "stat"], capture_output=True, text=True, check=True)
    assert "WARN" not in done.stderr
    assert float(done.stderr.split("Maximum amplitude:")[1].split()[0]) == pytest.approx(0.5, abs=0.001)


@pytest.mark.skipif(SOXI is None, reason="sox is not installed")
@pytest.mark.parametrize("format", ["flac", "aiff", "ogg"])
def test_sox_reads_the_others(tmp_path, format):
    path = export(format, FULL, tmp_path)
    said = subprocess.run([str(SOXI), path], capture_output=True, text=True, check=True)
    assert "44100" in said.stdout and not said.stderr
    if format != "aiff":  # whose comments sox shows without their names
        assert "Ton" in said.stdout


# ---- mutagen


def test_mutagen_reads_flac(tmp_path):
    flac = FLAC(export("flac", FULL, tmp_path, bits="16"))
    assert (flac.info.bits_per_sample, flac.info.sample_rate, flac.info.total_samples) == (16, RATE, RATE)
    assert flac["title"] == ["Ton"] and "seed 7" in flac["comment"][0] and flac["date"]
    assert [block.code for block in flac.metadata_blocks][:3] == [0, 2, 4]  # STREAMINFO, APPLICATION, VORBIS_COMMENT


def test_mutagen_reads_ogg(tmp_path):
    ogg = OggVorbis(export("ogg", FULL, tmp_path))
    assert ogg["title"] == ["Ton"] and "seed 7" in ogg["comment"][0] and ogg.info.sample_rate == RATE


@pytest.mark.parametrize("bitrate", ["128", "192", "320"])
def test_mutagen_reads_mp3(tmp_path, bitrate):
    mp3 = MP3(export("mp3", FULL, tmp_path, bitrate=bitrate))
    assert mp3.info.bitrate == pytest.approx(1000 * int(bitrate), rel=0.06) and str(mp3.tags["TIT2"]) == "Ton"
    assert mp3.info.length == pytest.approx(1.0, abs=0.06)


def test_mutagen_reads_aiff(tmp_path):
    aiff = AIFF(export("aiff", FULL, tmp_path, bits="16"))
    assert (aiff.info.bits_per_sample, aiff.info.sample_rate, aiff.info.channels) == (16, RATE, 2)


# ---- ours again


@pytest.mark.parametrize("format", ["wav", "flac", "aiff", "wavetable"])
def test_what_is_without_loss_brings_its_recipe_back(tmp_path, format):
    path = export(format, Item(sine(220, 0.3), "a", RECIPE), tmp_path)
    assert recipes.from_json(riff.embedded_recipe(path)) == RECIPE
    assert files.probe(path).frames
    none = export(format, Item(sine(220, 0.3), "b", RECIPE), tmp_path, recipe=False)
    assert riff.embedded_recipe(none) is None


def test_a_torn_flac_has_no_recipe(tmp_path):
    whole = export("flac", FULL, tmp_path).read_bytes()
    for cut in (4, 5, 41, 43, 46, 60):
        (tmp_path / "torn.flac").write_bytes(whole[:cut])
        found = riff.embedded_recipe(tmp_path / "torn.flac")
        assert found is None or len(found) < len(RECIPE.to_json())


def test_what_mp3_does_not_hold_is_brought_down_or_refused(tmp_path):
    assert [rate_for(rate) for rate in (44_100, 96_000, 192_000, 88_200, 10_000, 384_000)] == [
        44_100,
        48_000,
        48_000,
        44_100,
        11_025,
        48_000,
    ]
    assert files.probe(export("mp3", Item(sine(440, 0.5, rate=96_000), "x"), tmp_path)).rate == 48_000
    with pytest.raises(ExportError, match="4 channels"):
        export("mp3", Item(noise(0.2, channels=4), "y"), tmp_path)


# ---- level and channels


@pytest.mark.parametrize("format", ["wav", "flac"])
def test_levels(tmp_path, format):
    quiet, loud = sine(997, 1.0, amplitude=0.05), sine(997, 1.0, amplitude=0.99)
    for sound in (quiet, loud):
        peak = files.read(export(format, Item(sound, "p"), tmp_path, level="peak", ceiling=-3.0))
        assert 20 * np.log10(np.abs(peak.samples).max()) == pytest.approx(-3, abs=0.05)
        even = files.read(export(format, Item(sound, "l"), tmp_path, level="loudness", loudness=-18.0))
        assert analysis.facts(even).loudness == pytest.approx(-18, abs=0.1)
    kept = files.read(export(format, Item(quiet, "c"), tmp_path, level="ceiling"))
    np.testing.assert_allclose(kept.samples, quiet.samples, atol=1e-6)
    lowered = files.read(export(format, Item(loud, "c"), tmp_path, level="ceiling", ceiling=-6.0))
    assert 20 * np.log10(np.abs(lowered.samples).max()) == pytest.approx(-6, abs=0.05)
    hot = files.read(export(format, Item(loud, "h"), tmp_path, level="loudness", loudness=-6.0, ceiling=-9.0))
    assert 20 * np.log10(true_peak(hot)) == pytest.approx(-9, abs=0.05)


def test_a_true_peak_lies_between_the_samples():
    t = np.arange(44_100)
    between = Sound((0.5 * np.sin(np.pi / 2 * t + np.pi / 4)).astype(np.float32)[None], RATE)  # samples at ±0.354 only
    middle = Sound(between.samples[:, 1000:-1000], RATE)
    assert np.abs(middle.samples).max() == pytest.approx(0.3536, abs=1e-3)
    assert true_peak(middle) == pytest.approx(0.5, rel=0.02)
    assert true_peak(Sound(np.zeros((1, 100), np.float32), RATE)) == 0


def test_channels(tmp_path):
    wide = Sound(np.stack([sine(200).samples[0], -0.5 * sine(200).samples[0]]), RATE)
    mono = files.read(export("wav", Item(wide, "m"), tmp_path, channels="mono"))
    np.testing.assert_allclose(mono.samples[0], 0.25 * sine(200).samples[0], atol=1e-6)
    both = files.read(export("wav", Item(sine(200), "s"), tmp_path, channels="stereo"))
    assert both.channels == 2 and np.array_equal(both.samples[0], both.samples[1])
    many = files.read(export("wav", Item(noise(0.1, channels=4), "q"), tmp_path, channels="stereo"))
    assert many.channels == 2


def test_silence_and_nothing_have_no_level_to_bring_to(tmp_path):
    for frames in (0, 1, 500):
        silent = Item(Sound(np.zeros((1, frames), np.float32), RATE), "quiet")
        for level in ("peak", "loudness", "ceiling"):
            assert riff.chunks(export("wav", silent, tmp_path, level=level))
