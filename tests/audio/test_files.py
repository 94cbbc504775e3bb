"""Reading everything musicians have, refusing the rest by name, and writing files that others read and nobody loses."""

from __future__ import annotations

import errno
import os
import shutil
import struct
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st

from studio.audio import files, placing, riff
from studio.audio.sound import Sound
from studio.errors import AlreadyThere, EmptyAudio, UnreadableAudio, UnsupportedAudio, UnwritableAudio
from tests.audio.make import RATE, hit, noise, sine

LOSSLESS = [
    ("wav", "WAV", "PCM_U8", 1 / 100),
    ("wav", "WAV", "PCM_16", 1 / 30000),
    ("wav", "WAV", "PCM_24", 1e-6),
    ("wav", "WAV", "PCM_32", 1e-6),
    ("wav", "WAV", "FLOAT", 0.0),
    ("wav", "WAV", "DOUBLE", 1e-7),
    ("wav", "WAVEX", "PCM_24", 1e-6),
    ("wav", "RF64", "PCM_16", 1 / 30000),
    ("aif", "AIFF", "PCM_16", 1 / 30000),
    ("aiff", "AIFF", "FLOAT", 0.0),
    ("flac", "FLAC", "PCM_24", 1e-6),
    ("caf", "CAF", "PCM_16", 1 / 30000),
]
LOSSY = [("ogg", "OGG", "VORBIS"), ("opus", "OGG", "OPUS"), ("mp3", "MP3", "MPEG_LAYER_III")]


def stored(path: Path, sound: Sound, format: str, subtype: str) -> Path:
    soundfile.write(path, sound.samples.T, sound.rate, format=format, subtype=subtype)
    return path


# ---- reading


@pytest.mark.parametrize(("suffix", "format", "subtype", "error"), LOSSLESS)
def test_every_lossless_format_comes_back(tmp_path, suffix, format, subtype, error):
    sound = noise(0.3, channels=2)
    path = stored(tmp_path / f"x.{suffix}", sound, format, subtype)
    info = files.probe(path)
    assert (info.rate, info.channels, info.frames, info.subtype, info.missing) == (44100, 2, sound.frames, subtype, 0)
    assert np.abs(files.read(path).samples - sound.samples).max() <= error


@pytest.mark.parametrize(("suffix", "format", "subtype"), LOSSY)
def test_every_lossy_format_is_near(tmp_path, suffix, format, subtype):
    sound = sine(440, 1.0, rate=48_000)
    found = files.read(stored(tmp_path / f"x.{suffix}", sound, format, subtype))
    assert abs(found.seconds - 1.0) < 0.1
    middle = found.samples[0, 12_000:36_000]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


@pytest.mark.parametrize("rate", [4_000, 11_025, 192_000, 384_000])
@pytest.mark.parametrize("channels", [1, 3, 16])
def test_rates_and_channels_at_the_edges(tmp_path, rate, channels):
    sound = noise(0.05, rate=rate, channels=channels)
    found = files.read(stored(tmp_path / "x.wav", sound, "WAV", "FLOAT"))
    assert found.rate == rate
    assert np.array_equal(found.samples, sound.samples)


@pytest.mark.parametrize(("rate", "channels"), [(3_999, 1), (384_001, 1), (44_100, 17)])
def test_beyond_the_edges_is_named(tmp_path, rate, channels):
    path = stored(tmp_path / "x.wav", noise(0.01, rate=rate, channels=channels), "WAV", "PCM_16")
    for attempt in (files.probe, files.read, lambda p: list(files.blocks(p))):
        with pytest.raises(UnsupportedAudio):
            attempt(path)


def test_probing_does_not_decode(tmp_path):
    path = stored(tmp_path / "x.flac", noise(1), "FLAC", "PCM_16")
    data = bytearray(path.read_bytes())
    data[2000:] = bytes(len(data) - 2000)  # the music is gone, the header stands
    path.write_bytes(data)
    assert files.probe(path).frames == 44_100


@pytest.mark.parametrize("name", ["喉の音 – ü.wav", "no suffix", "liar.mp3", "liar.raw.txt", " spaces .flac", "e\u0301.wav"])
def test_content_decides_and_any_name_will_do(tmp_path, name):
    sound = noise(0.1)
    stored(tmp_path / "made.wav", sound, "WAV", "FLOAT").rename(tmp_path / name)
    assert files.probe(tmp_path / name).format == "WAV"
    assert np.array_equal(files.read(tmp_path / name).samples, sound.samples)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", EmptyAudio),
        (b"RIFF", UnreadableAudio),
        (b"this is a shopping list, not a sound" * 100, UnreadableAudio),
        (bytes(5000), UnreadableAudio),
        (riff.head(44_100, 1, 16, 0), EmptyAudio),
        (b"fLaC" + bytes(2000), UnreadableAudio),
        (b"OggS" + bytes(2000), UnreadableAudio),
    ],
)
def test_what_is_no_sound_is_named(tmp_path, content, error):
    path = tmp_path / "x.wav"
    path.write_bytes(content)
    for attempt in (files.probe, files.read, lambda p: list(files.blocks(p))):
        with pytest.raises(error) as caught:
            attempt(path)
        assert caught.value.values["name"] == "x.wav"


def test_gone_folder_and_forbidden_are_named(tmp_path):
    with pytest.raises(UnreadableAudio, match="gone"):
        files.read(tmp_path / "never.wav")
    with pytest.raises(UnreadableAudio, match="folder"):
        files.probe(tmp_path)


@pytest.mark.parametrize(("suffix", "format", "subtype"), [("wav", "WAV", "PCM_16"), ("aiff", "AIFF", "PCM_24")])
def test_a_truncated_recording_gives_what_it_holds_and_says_what_is_missing(tmp_path, suffix, format, subtype):
    sound = noise(1.0)
    path = stored(tmp_path / f"x.{suffix}", sound, format, subtype)
    size = path.stat().st_size
    os.truncate(path, size // 2)
    info, found = files.probe(path), files.read(path)
    assert abs(info.frames + info.missing - sound.frames) <= 4
    assert found.frames == info.frames > sound.frames // 3
    assert np.abs(found.samples - sound.samples[:, : found.frames]).max() < 1e-4


@pytest.mark.parametrize(("suffix", "format", "subtype"), [("flac", "FLAC", "PCM_16"), ("ogg", "OGG", "VORBIS")])
@pytest.mark.parametrize("part", [0.6, 0.75, 0.9])
def test_a_truncated_compressed_file_gives_its_beginning(tmp_path, suffix, format, subtype, part):
    path = stored(tmp_path / f"x.{suffix}", noise(5.0), format, subtype)
    whole = files.read(path)
    os.truncate(path, int(path.stat().st_size * part))
    found = files.read(path)
    assert 0.4 * part * whole.frames < found.frames < whole.frames
    assert np.abs(found.samples - whole.samples[:, : found.frames]).max() < 1e-6
    assert sum(block.shape[1] for block in files.blocks(path, size=10_000)) == found.frames


def test_a_header_that_promises_a_year_costs_no_memory(tmp_path):
    path = stored(tmp_path / "x.flac", noise(0.2), "FLAC", "PCM_16")
    data = bytearray(path.read_bytes())
    data[21] |= 0x0F  # the low four bits of 36 for the count of samples
    data[22:26] = b"\xff" * 4
    path.write_bytes(data)
    assert files.probe(path).frames == 2**36 - 1
    assert files.read(path).frames == 8820


def test_samples_that_are_no_numbers_become_silence(tmp_path):
    sound = noise(0.1)
    broken = sound.samples.copy()
    broken[0, 100:103] = [np.nan, np.inf, -np.inf]
    path = stored(tmp_path / "x.wav", Sound(broken, 44_100), "WAV", "FLOAT")
    assert np.array_equal(files.read(path).samples[0, 99:104] == 0, [False, True, True, True, False])
    assert np.isfinite(files.read(path, rate=48_000, clean=False).samples).all()
    assert np.isfinite(np.concatenate(list(files.blocks(path)), axis=1)).all()
    assert np.array_equal(files.read(path, clean=False).samples, broken, equal_nan=True)


@settings(max_examples=15, deadline=None)
@given(start=st.integers(-10, 50_000), frames=st.one_of(st.none(), st.integers(-5, 90_000)))
@pytest.mark.parametrize("format", ["wav", "flac", "mp3", "ogg"])
def test_a_stretch_is_the_same_stretch_of_the_whole(tmp_path_factory, format, start, frames):
    path = Path(tmp_path_factory.getbasetemp()) / f"stretch.{format}"
    if not path.exists():
        soundfile.write(path, noise(1.1).samples.T, 44_100)
    whole = files.read(path).samples
    first = max(0, start)
    last = whole.shape[1] if frames is None else first + max(0, frames)
    assert np.allclose(files.read(path, start=start, frames=frames).samples, whole[:, first:last], atol=1e-6)


@pytest.mark.parametrize(
    ("suffix", "format", "subtype"), [("wav", "WAV", "PCM_24"), ("mp3", "MP3", "MPEG_LAYER_III"), LOSSY[0]]
)
@pytest.mark.parametrize("size", [1000, 65_536])
def test_blocks_are_the_whole_in_pieces(tmp_path, suffix, format, subtype, size):
    path = stored(tmp_path / f"x.{suffix}", sine(440, 3, channels=2), format, subtype)
    pieces = list(files.blocks(path, size=size))
    assert all(piece.shape[1] <= size for piece in pieces)
    assert np.allclose(np.concatenate(pieces, axis=1), files.read(path).samples, atol=1e-6)


@pytest.mark.parametrize("rate", [22_050, 48_000])
def test_blocks_resample_like_the_whole(tmp_path, rate):
    path = stored(tmp_path / "x.wav", hit(seconds=2), "WAV", "FLOAT")
    pieces = np.concatenate(list(files.blocks(path, size=5000, rate=rate)), axis=1)
    whole = files.read(path, rate=rate)
    assert (whole.rate, pieces.shape) == (rate, whole.samples.shape)
    assert np.abs(pieces - whole.samples).max() < 1e-4


def test_resampling_keeps_a_tone_and_its_length():
    turned = files.resample(sine(1000, 1, channels=2), 48_000)
    assert turned.samples.shape == (2, 48_000)
    expected = sine(1000, 1, rate=48_000).samples[0]
    assert np.abs(turned.samples[1, 500:-500] - expected[500:-500]).max() < 1e-4


@pytest.mark.parametrize(
    ("suffix", "format", "subtype"),
    [("wav", "WAV", kind) for kind in ("PCM_16", "PCM_24", "FLOAT", "PCM_U8")]
    + [("wav", "RF64", "PCM_24"), ("flac", "FLAC", "PCM_16")],
)
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_a_file_is_read_where_it_lies(tmp_path, suffix, format, subtype, channels):
    path = stored(tmp_path / f"x.{suffix}", noise(0.2, channels=channels, amplitude=0.5), format, subtype)
    found, whole = files.stored(path), files.read(path).samples
    assert isinstance(found, files.Stored) == (subtype in ("PCM_16", "PCM_24", "FLOAT") and suffix == "wav")
    assert (found.channels, found.frames, found.rate) == (*whole.shape, RATE)
    for start, frames in ((0, found.frames), (17, 100), (found.frames - 5, 50), (found.frames, 9)):
        assert np.array_equal(found.read(start, frames), whole[:, start : start + frames])


def test_broken_samples_are_silent_and_a_shorter_file_is_named(tmp_path):
    path = tmp_path / "x.wav"
    soundfile.write(path, np.array([0.5, np.nan, np.inf, -0.5] * 50, np.float32), RATE, subtype="FLOAT")
    found = files.stored(path)
    assert found.read(0, 4).tolist() == [[0.5, 0, 0, -0.5]]
    os.truncate(path, path.stat().st_size - 40)
    with pytest.raises(UnreadableAudio):
        found.read(0, 200)
    path.unlink()
    with pytest.raises(UnreadableAudio):
        found.read(0, 4)


def test_what_is_written_need_not_be_in_memory(tmp_path):
    sound = noise(8.0, channels=2)
    first = files.write(tmp_path / "a.wav", sound, subtype="FLOAT")
    for subtype in ("PCM_16", "PCM_24", "FLOAT"):
        whole = files.write(tmp_path / f"b {subtype}.wav", sound, subtype=subtype)
        streamed = files.write(tmp_path / f"c {subtype}.wav", files.stored(first), subtype=subtype)
        assert whole.read_bytes() == streamed.read_bytes()


# ---- writing


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize(("subtype", "error"), [("PCM_16", 1.6 / 32768), ("PCM_24", 0.51 / 2**23), ("FLOAT", 0.0)])
def test_what_is_written_others_read(tmp_path, channels, subtype, error):
    sound = noise(0.101, channels=channels, rate=48_000)
    path = files.write(
        tmp_path / "x.wav",
        sound,
        subtype=subtype,
        loop=(10, 3000),
        root=60.5,
        info={"INAM": "weich", "ISFT": "Wavewright"},
        recipe=b'{"kind":"recipe"}',
    )
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert rate == 48_000
    assert np.abs(samples.T - sound.samples).max() <= error
    with soundfile.SoundFile(path) as file:
        assert file.subtype == subtype
        assert (file.title, file.software) == ("weich", "Wavewright")


@pytest.mark.skipif(shutil.which("soxi") is None, reason="sox is not installed")
@pytest.mark.parametrize(
    ("subtype", "encoding"), [("PCM_16", "16-bit Signed"), ("PCM_24", "24-bit Signed"), ("FLOAT", "32-bit Floating")]
)
def test_sox_agrees(tmp_path, subtype, encoding):
    path = files.write(
        tmp_path / "x.wav", noise(0.1, channels=2), subtype=subtype, root=40, loop=(1, 9), recipe=b"{}", info={"INAM": "a"}
    )
    told = subprocess.run(["soxi", path], capture_output=True, text=True, check=True)
    assert told.stderr == ""
    assert encoding in told.stdout
    assert "4410 samples" in told.stdout
    raw = subprocess.run(["sox", path, "-t", "raw", "-e", "float", "-b", "32", "-"], capture_output=True, check=True).stdout
    assert np.allclose(np.frombuffer(raw, "<f4").reshape(-1, 2).T, files.read(path).samples, atol=1e-7)


@settings(max_examples=30, deadline=None)
@given(
    channels=st.integers(1, 3),
    frames=st.integers(0, 50),
    subtype=st.sampled_from(["PCM_16", "PCM_24", "FLOAT"]),
    recipe=st.binary(max_size=9),
)
def test_every_chunk_is_padded_and_the_sizes_add_up(tmp_path_factory, channels, frames, subtype, recipe):
    path = files.unused(tmp_path_factory.getbasetemp() / "sizes.wav")
    files.write(
        path, Sound(np.zeros((channels, frames), np.float32), 44_100), subtype=subtype, recipe=recipe, info={"INAM": "abc"}
    )
    data = path.read_bytes()
    assert struct.unpack_from("<I", data, 4)[0] == len(data) - 8
    found = riff.walk(path)
    assert found[-1].offset + found[-1].size + found[-1].size % 2 == len(data)
    assert all(c.offset % 2 == 0 and c.declared == c.size for c in found)
    assert riff.embedded_recipe(path) == recipe


def test_sixteen_bits_of_a_sixteen_bit_sound_are_the_same_bits(tmp_path):
    steps = np.random.default_rng(0).integers(-32768, 32768, (2, 5000)).astype(np.int16)
    path = files.write(tmp_path / "x.wav", Sound(steps.astype(np.float32) / 32768, 44_100), subtype="PCM_16")
    assert np.array_equal(soundfile.read(path, dtype="int16")[0].T, steps)


def test_dither_is_triangular_seeded_and_leaves_silence_alone(tmp_path):
    quiet = Sound(np.full((1, 200_000), 0.3 / 32768, np.float32), 44_100)
    quiet.samples[0, 50_000:60_000] = 0
    first, again, other, none = (
        soundfile.read(files.write(tmp_path / f"{i}.wav", quiet, subtype="PCM_16", dither=seed), dtype="int16")[0]
        for i, seed in enumerate((1, 1, 2, None))
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not first[50_000:60_000].any()
    assert not none.any()  # without dither a third of a step vanishes; with it its mean is there
    assert first[:50_000].mean() == pytest.approx(0.3, abs=0.02)
    assert first.min() >= -1 and first.max() <= 1
    assert np.var(first[:50_000] - 0.3) == pytest.approx(1 / 4, abs=0.02)  # 1/6 of the triangle + 1/12 of rounding


def test_integers_clip_and_floats_do_not(tmp_path):
    loud = Sound(np.array([[-1.5, -1.0, 0.0, 1.0, 1.5]], np.float32), 44_100)
    sixteen = soundfile.read(files.write(tmp_path / "a.wav", loud, subtype="PCM_16", dither=None), dtype="int16")[0]
    assert sixteen.tolist() == [-32768, -32768, 0, 32767, 32767]
    assert np.array_equal(files.read(files.write(tmp_path / "b.wav", loud, subtype="FLOAT")).samples, loud.samples)


def test_beyond_what_riff_can_say_it_becomes_rf64(tmp_path, monkeypatch):
    sound = noise(0.1, channels=2)
    assert files.write(tmp_path / "small.wav", sound).read_bytes()[:4] == b"RIFF"
    monkeypatch.setattr(riff, "LARGEST", 20_000)
    path = files.write(tmp_path / "large.wav", sound, recipe=b"{}")
    assert path.read_bytes()[:4] == b"RF64"
    assert files.probe(path).format == "RF64"
    assert np.abs(files.read(path).samples - sound.samples).max() < 1e-6
    assert riff.embedded_recipe(path) == b"{}"
    long = struct.unpack_from("<QQQ", path.read_bytes(), 20)
    assert long == (path.stat().st_size - 8, sound.frames * 6, sound.frames)


def test_nothing_is_ever_overwritten(tmp_path):
    path = tmp_path / "mine.wav"
    path.write_bytes(b"precious")
    with pytest.raises(AlreadyThere):
        files.write(path, noise(0.01))
    (tmp_path / "link.wav").symlink_to(tmp_path / "nowhere")
    with pytest.raises(AlreadyThere):
        files.write(tmp_path / "link.wav", noise(0.01))
    assert path.read_bytes() == b"precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.wav", "mine.wav"]


def test_of_many_writers_of_one_name_one_wins(tmp_path):
    outcomes: list[str] = []

    def attempt(seed: int) -> None:
        try:
            files.write(tmp_path / "x.wav", noise(0.2, seed=seed), subtype="FLOAT")
            outcomes.append("written")
        except AlreadyThere:
            outcomes.append("refused")

    threads = [threading.Thread(target=attempt, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused"] * 5 + ["written"]
    assert [p.name for p in tmp_path.iterdir()] == ["x.wav"]
    assert files.read(tmp_path / "x.wav").frames == 8820


def test_unused_counts_up(tmp_path):
    assert files.unused(tmp_path / "x.wav").name == "x.wav"
    for expected in ("x.wav", "x 2.wav", "x 3.wav"):
        path = files.unused(tmp_path / "x.wav")
        assert path.name == expected
        path.touch()


def _full(*_args, **_kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _fail_after(monkeypatch, count):
    """The disk is full after `count` pieces of the file."""
    original = files.encode

    def encode(*args):
        for number, piece in enumerate(original(*args)):
            if number >= count:
                _full()
            yield piece

    monkeypatch.setattr(files, "encode", encode)


@pytest.mark.parametrize("step", ["first piece", "second piece", "flush", "name", "folder"])
def test_a_failure_at_any_step_leaves_nothing_half_written(tmp_path, monkeypatch, step):
    sound = noise(8.0, channels=1)  # more than one piece
    if step == "first piece":
        _fail_after(monkeypatch, 0)
    elif step == "second piece":
        _fail_after(monkeypatch, 1)
    elif step == "flush":
        monkeypatch.setattr(os, "fsync", _full)
    elif step == "name":
        monkeypatch.setattr(os, "link", _full)
    elif step == "folder":
        monkeypatch.setattr(placing, "_sync_folder", _full)
    with pytest.raises(UnwritableAudio, match="no space"):
        files.write(tmp_path / "x.wav", sound)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_hard_links_still_replaces_nothing(tmp_path, monkeypatch):
    def no_links(*_args):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    files.write(tmp_path / "x.wav", noise(0.1))
    assert [p.name for p in tmp_path.iterdir()] == ["x.wav"]
    assert files.read(tmp_path / "x.wav").frames == 4410
    with pytest.raises(AlreadyThere):
        files.publish(tmp_path / "x.wav", lambda: iter([b"other"]))

    def refused(*_args):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(UnwritableAudio):
        files.write(tmp_path / "y.wav", noise(0.1))
    assert [p.name for p in tmp_path.iterdir()] == ["x.wav"]


def test_an_interrupt_while_writing_leaves_nothing(tmp_path):
    def content():
        yield b"half of it"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        files.publish(tmp_path / "x.wav", content)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UnwritableAudio):
        files.write(tmp_path / "nowhere" / "x.wav", noise(0.01))


@pytest.mark.parametrize("loop", [(-1, 5), (5, 4), (0, 441)])
def test_a_loop_outside_the_sound_is_the_callers_mistake(tmp_path, loop):
    with pytest.raises(ValueError, match="loop"):
        files.write(tmp_path / "x.wav", noise(0.01), loop=loop)
    assert list(tmp_path.iterdir()) == []


@settings(deadline=None, max_examples=60)
@given(
    frames=st.integers(1, 4000),
    before=st.sampled_from([8000, 44_100, 96_000]),
    after=st.sampled_from([44_100, 48_000, 176_400]),
)
@example(frames=3360, before=96_000, after=44_100)
def test_another_rate_has_as_many_frames_as_it_says(frames, before, after):
    assert files.resample(noise(frames / before, rate=before), after).frames == round(frames * after / before)
