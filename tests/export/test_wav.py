"""Exports end as whole files under new names, carry their recipe, and leave nothing when they do not end."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest
import soundfile

from studio import events
from studio.audio import files, riff
from studio.audio.sound import Sound
from studio.errors import ExportError, UnreadableAudio, UsageError
from studio.export import base
from studio.export.wav import WavOptions
from studio.project import recipe as recipes
from studio.project.recipe import Recipe, Request
from tests.audio.make import hit, noise, sine

RECIPE = Recipe(
    app="0.1.0",
    family="oneshot",
    model="ab" * 16,
    run="Drums-1",
    step=12_000,
    backend="torch",
    request=Request(latent=((0.1, -0.25),), classes={"kick": 0.7, "snare": 0.3}, seed=7),
    edits=({"do": "trim", "start": 0.1},),
)
WAV = base.exporter("wav")


def export(items, folder, template="{name}", **options):
    told = list(WAV.write(items, folder, WavOptions(**options), template))
    return told[-1].result["files"], told


def test_an_unknown_format_is_named():
    with pytest.raises(UsageError, match="wav"):
        base.exporter("8-track")


@pytest.mark.parametrize("bits", ["16", "24", "32f"])
@pytest.mark.parametrize("rate", ["keep", "44100", "48000", "88200", "96000"])
def test_every_depth_and_rate_carries_the_recipe(tmp_path, bits, rate):
    sound = sine(440, 0.5, channels=2)
    item = base.Item(sound, "Ton", RECIPE, root=69.25, loop=(4410, 8819))
    (path,), _ = export([item], tmp_path, bits=bits, rate=rate)
    expected = 44_100 if rate == "keep" else int(rate)
    with soundfile.SoundFile(path) as file:
        assert file.samplerate == expected
        assert file.subtype == {"16": "PCM_16", "24": "PCM_24", "32f": "FLOAT"}[bits]
        assert file.title == "Ton"
    assert recipes.from_json(riff.embedded_recipe(path)) == RECIPE
    assert "Drums-1 step 12000 seed 7" in riff.information(path)["ICMT"]
    root, ((start, end),) = riff.sampler(path)
    assert root == pytest.approx(69.25)
    assert start == round(4410 * expected / 44_100) and end - start + 1 == round(4410 * expected / 44_100)
    found = files.read(path, rate=44_100)
    assert np.abs(found.samples[:, 100:-100] - sound.samples[:, 100:-100]).max() < (1e-4 if bits == "16" else 1e-5) + 1e-4 * (
        rate != "keep"
    )


def test_plain_wishes_are_kept(tmp_path):
    item = base.Item(hit(), "x", RECIPE, root=60.0, loop=(0, 99))
    (path,), _ = export([item], tmp_path, sampler=False, recipe=False)
    assert [id for id, _, _ in riff.chunks(path)] == ["fmt ", "data", "LIST"]
    assert "ICMT" not in riff.information(path)
    same = [export([base.Item(hit(), "y")], tmp_path, bits="16", seed=seed)[0][0] for seed in (3, 3, 4)]
    contents = [files.read(p).samples for p in same]
    assert np.array_equal(contents[0], contents[1]) and not np.array_equal(contents[0], contents[2])


def test_a_file_is_read_when_its_turn_comes(tmp_path):
    source = files.write(tmp_path / "in.wav", hit(), subtype="FLOAT")
    (path,), _ = export([base.Item(source, "out")], tmp_path / "exports", bits="32f")
    assert np.array_equal(files.read(path).samples, hit().samples)


def test_nothing_is_overwritten_and_names_count_up(tmp_path):
    (tmp_path / "Kick.wav").write_bytes(b"mine")
    items = [base.Item(hit(), "Kick"), base.Item(hit(), "kick"), base.Item(hit(), "Kick")]
    first, _ = export(items, tmp_path)
    again, _ = export(items, tmp_path)
    assert (tmp_path / "Kick.wav").read_bytes() == b"mine"
    assert len({*first, *again}) == 6
    assert files.read(first[0]).frames == hit().frames


def test_closing_it_leaves_nothing_behind(tmp_path):
    items = [base.Item(hit(), f"{i}") for i in range(4)]
    for stop in range(1, 10):
        work = WAV.write(items, tmp_path / "new" / "deeper", WavOptions())
        for _ in range(stop):
            assert not isinstance(next(work), events.Finished)
        work.close()
        assert list(tmp_path.iterdir()) == []


def test_once_it_is_finished_closing_takes_nothing_back(tmp_path):
    work = WAV.write([base.Item(hit(), "a")], tmp_path / "new", WavOptions())
    while not isinstance(next(work), events.Finished):
        pass
    work.close()
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["a.wav"]


def test_cancelling_touches_nobody_elses_files(tmp_path):
    (tmp_path / "other.txt").write_text("mine")
    work = WAV.write([base.Item(hit(), "a"), base.Item(hit(), "b")], tmp_path, WavOptions())
    for _ in range(4):
        next(work)
    work.close()
    assert [p.name for p in tmp_path.iterdir()] == ["other.txt"]


def test_one_broken_sound_of_many_is_told_and_the_rest_written(tmp_path):
    items = [base.Item(hit(), "good"), base.Item(tmp_path / "gone.wav", "bad"), base.Item(hit(), "fine")]
    written, told = export(items, tmp_path / "out")
    assert len(written) == 2
    (problem,) = told[-1].result["problems"]
    assert problem["name"] == "bad" and "gone" in problem["reason"]
    with pytest.raises(UnreadableAudio):
        export(items[1:2], tmp_path / "out")


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match="no space"):
        export([base.Item(hit(), "a"), base.Item(hit(), "b")], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_destination_that_is_a_file_is_named(tmp_path):
    (tmp_path / "out").write_text("not a folder")
    with pytest.raises(ExportError):
        export([base.Item(hit(), "a")], tmp_path / "out")
    with pytest.raises(ExportError):
        export([base.Item(hit(), "a")], tmp_path / "out" / "deeper")


def test_nothing_to_export_is_nothing(tmp_path):
    written, _ = export([], tmp_path / "out")
    assert written == []


def test_a_loop_to_the_very_end_survives_every_rate(tmp_path):
    sound = Sound(noise(0.1).samples[:, :4407], 44_100)
    for rate in ("48000", "96000", "88200"):
        (path,), _ = export([base.Item(sound, "x", root=60.0, loop=(3, 4406))], tmp_path, rate=rate)
        ((_, end),) = riff.sampler(path)[1]
        assert end < files.probe(path).frames
