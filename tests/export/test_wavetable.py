"""Wavetables as other synthesizers read them: bytes by an independent reading, frames, one table of many sounds."""

from __future__ import annotations

import itertools
import json
import struct
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from studio import events
from studio.audio import files, riff
from studio.audio.sound import Sound
from studio.errors import ExportError
from studio.export import base
from studio.export.wavetable import WavetableOptions
from studio.project import recipe as recipes
from tests.audio.make import RATE, hit, noise, sine
from tests.audio.test_cycles import likeness, saw
from tests.export.test_wav import RECIPE

TABLE = base.exporter("wavetable")


def export(items, folder, template="{name}", **options):
    told = list(TABLE.write(items, folder, WavetableOptions(**options), template))
    return told[-1].result["files"], told


def chunks(path) -> dict[bytes, tuple[int, bytes]]:
    """Chunks of a RIFF file by id, with their places, read as plainly as can be."""
    data = path.read_bytes()
    assert data[:4] == b"RIFF" and data[8:12] == b"WAVE" and struct.unpack("<I", data[4:8])[0] == len(data) - 8
    found, at = {}, 12
    while at < len(data):
        size = struct.unpack("<I", data[at + 4 : at + 8])[0]
        found[data[at : at + 4]] = (at, data[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    assert at == len(data)
    return found


@pytest.mark.parametrize(("bits", "tag", "width"), [("32f", 3, 4), ("16", 1, 2)])
def test_the_bytes_are_as_synthesizers_read_them(tmp_path, bits, tag, width):
    (name,), _ = export([base.Item(saw(110), "Säge", RECIPE)], tmp_path, bits=bits, frames=32)
    found = chunks(tmp_path / name)
    assert list(found) == [b"fmt ", b"clm ", b"data", b"wwrc"]
    assert struct.unpack("<2H2I2H", found[b"fmt "][1]) == (tag, 1, 44_100, 44_100 * width, width, 8 * width)
    clm = found[b"clm "][1]
    assert clm[:8] == b"<!>2048 " and clm[8:17] == b"10000000 " and clm[17:] == b"wavetable (Wavewright)\0"
    assert len(clm) % 2 == 0
    assert b"[" not in clm  # Vital would take what is in brackets for the author
    assert found[b"clm "][0] < found[b"data"][0]
    samples = np.frombuffer(found[b"data"][1], "<f4" if bits == "32f" else "<i2").reshape(-1, 2048)
    assert len(samples) == 32
    assert np.abs(samples.astype(float)).max() == pytest.approx(1 if bits == "32f" else 32767, rel=1e-4)
    assert recipes.from_json(riff.embedded_recipe(name)) == RECIPE
    with soundfile.SoundFile(name) as file:
        assert (file.channels, file.frames) == (1, 32 * 2048)
        assert file.subtype == ("FLOAT" if bits == "32f" else "PCM_16")


@pytest.mark.parametrize("frames", [1, 2, 7, 64, 256])
def test_a_table_has_the_frames_that_were_asked_for(tmp_path, frames):
    (name,), _ = export([base.Item(hit(), "a")], tmp_path, frames=frames)
    assert files.probe(name).frames == frames * 2048


def test_a_saw_does_not_alias(tmp_path):
    (name,), _ = export([base.Item(saw(441.7), "a")], tmp_path, frames=1)
    spectrum = np.abs(np.fft.rfft(files.read(name).samples[0].astype(float)))
    spectrum /= spectrum.max()
    np.testing.assert_allclose(20 * np.log10(spectrum[1:40] * np.arange(1, 40)), 0, atol=0.5)
    assert 20 * np.log10(spectrum[50:].max()) < -120


def test_neighbours_move_on_without_jumps(tmp_path):
    dull, bright = sine(200).samples, saw(200, seconds=1.0).samples
    mixed = [Sound((share * dull + (1 - share) * bright).astype(np.float32), RATE) for share in np.linspace(0, 1, 9)]
    (name,), _ = export([base.Item(sound, f"{i}") for i, sound in enumerate(mixed)], tmp_path, table="together")
    frames = files.read(name).samples[0].reshape(-1, 2048)
    assert len(frames) == 9
    assert min(likeness(a, b) for a, b in itertools.pairwise(frames)) > 0.95
    assert likeness(frames[0], frames[-1]) < 0.85
    np.testing.assert_allclose(frames.mean(axis=1), 0, atol=1e-5)


def test_together_makes_one_table_of_many_sounds(tmp_path):
    items = [base.Item(saw(100 + i), f"step {i}", RECIPE) for i in range(10)]
    made, told = export(items, tmp_path, table="together")
    assert [p.name for p in tmp_path.iterdir()] == ["step 0.wav"] and len(made) == 1
    assert files.probe(made[0]).frames == 10 * 2048 and riff.embedded_recipe(made[0]) is None
    assert [e.done for e in told if isinstance(e, events.Progress)] == [*range(11)]
    (few,), _ = export(items, tmp_path, table="together", frames=4)
    assert few.endswith("step 0 2.wav") and files.probe(few).frames == 4 * 2048


def test_each_makes_a_table_of_each(tmp_path):
    made, _ = export([base.Item(saw(100), "a"), base.Item(noise(0.3), "b")], tmp_path)
    assert len(made) == 2 and all(files.probe(path).frames == 64 * 2048 for path in made)


def test_slices_keep_what_is_a_wavetable_already(tmp_path):
    (first,), _ = export([base.Item(saw(100), "a")], tmp_path, frames=8)
    (again,), _ = export([base.Item(files.read(first), "b")], tmp_path, cut="slices", frames=256)
    np.testing.assert_allclose(files.read(again).samples, files.read(first).samples, atol=1e-5)


def test_one_broken_sound_of_many_is_left_out(tmp_path):
    items = [base.Item(saw(100), "a"), base.Item(tmp_path / "gone.wav", "gone"), base.Item(saw(120), "c")]
    made, told = export(items, tmp_path / "out", table="together")
    assert files.probe(made[0]).frames == 2 * 2048
    assert [p["name"] for p in told[-1].result["problems"]] == ["gone"]


def test_silence_is_no_wavetable_and_leaves_nothing(tmp_path):
    silent = base.Item(Sound(np.zeros((1, 4000), np.float32), RATE), "quiet")
    empty = base.Item(Sound(np.zeros((1, 0), np.float32), RATE), "empty")
    for item in (silent, empty):
        for count, table in ((1, "each"), (2, "together")):
            with pytest.raises(ExportError, match="nothing"):
                export([item] * count, tmp_path / "out", table=table)
            assert not (tmp_path / "out").exists()


def test_closing_it_leaves_nothing_behind(tmp_path):
    for stop in range(1, 4):
        work = TABLE.write([base.Item(hit(), f"{i}") for i in range(3)], tmp_path / "new", WavetableOptions(table="together"))
        for _ in range(stop):
            next(work)
        work.close()
        assert list(tmp_path.iterdir()) == []


def test_the_command_line_writes_one(tmp_path):
    source = files.write(tmp_path / "saw.wav", saw(110))
    command = [sys.executable, "-m", "studio", "export", str(source), "--as", "wavetable", "--bits", "16", "--json"]
    done = subprocess.run([*command, "--out", str(tmp_path / "out")], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    last = json.loads(done.stdout.strip().splitlines()[-1])
    assert last["result"]["files"] == [str(tmp_path / "out" / "saw.wav")]
    assert files.probe(tmp_path / "out" / "saw.wav").subtype == "PCM_16"
