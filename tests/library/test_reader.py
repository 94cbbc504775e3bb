from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.audio import files
from studio.audio.sound import Sound
from studio.errors import DiskFull, NothingToLearn
from studio.events import Finished, Produced, Progress, Started
from studio.library import reader
from studio.library.importer import import_folders
from studio.library.index import Index
from studio.library.reader import PEAK, examples, facts, load, measured, prepare
from studio.library.shards import Shards
from studio.models.controls import Material
from studio.project.folder import ProjectFolder
from tests.drums import write_drums

RATE = 8000
WHOLE = Material(rate=RATE, channels=1, seconds=0.5)


@pytest.fixture(scope="session")
def drums_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("reader")
    write_drums(root / "Drums")
    with ProjectFolder.create(root / "Project") as project:
        list(import_folders(project, [root / "Drums"], workers=1))
    return root / "Project"


@pytest.fixture
def project(drums_project: Path, tmp_path: Path) -> Iterator[ProjectFolder]:
    with ProjectFolder.open(shutil.copytree(drums_project, tmp_path / "Project")) as project:
        yield project


def burst(before: float, length: float, after: float, level: float = 0.5, rate: int = RATE, channels: int = 1) -> Sound:
    """Noise with silence around it."""
    noise = np.random.default_rng(0).uniform(-1, 1, (channels, round(length * rate)))
    noise[:, 0] = 1
    parts = [np.zeros((channels, round(before * rate))), noise * level, np.zeros((channels, round(after * rate)))]
    return Sound(np.concatenate(parts, axis=1).astype(np.float32), rate)


# ---- one sound


@given(st.floats(0, 0.3), st.floats(0.02, 0.4), st.floats(0, 0.3), st.floats(0.001, 4.0))
@settings(max_examples=40, deadline=None)
def test_silence_around_a_sound_is_cut_and_its_level_kept(before: float, length: float, after: float, level: float) -> None:
    sound = burst(before, length, after, level)
    (found,) = examples(sound, WHOLE)
    onset = round(before * RATE)
    assert 0 <= onset - found.start <= reader.LEAD * RATE + 1
    assert np.abs(found.samples).max() == pytest.approx(PEAK, rel=1e-5)
    assert found.frames <= onset - found.start + round(length * RATE) + reader.FADE * RATE + 1
    middle = slice(onset - found.start + 40, onset - found.start + round(length * RATE) - 80)
    original = sound.samples[:, found.start :][:, middle]
    assert np.allclose(found.samples[:, middle] / found.gain, original, atol=1e-5)


def test_without_trimming_nothing_is_cut() -> None:
    sound = burst(0.1, 0.1, 0.1)
    (found,) = examples(sound, WHOLE, trim=False)
    assert found.start == 0 and found.frames == sound.frames


def test_long_sounds_end_in_a_fade_and_not_in_a_click() -> None:
    (found,) = examples(burst(0, 2.0, 0), WHOLE)
    assert found.frames == WHOLE.frames
    assert abs(found.samples[0, -1]) < 0.03 and np.abs(found.samples[0, -200:-80]).max() > 0.3


def test_a_cut_beginning_is_no_click() -> None:
    sound = burst(0.2, 0.1, 0)
    sound.samples[0] += 0.0005  # a constant that would start with a step
    (found,) = examples(sound, WHOLE)
    assert abs(found.samples[0, 0]) < 1e-6


@pytest.mark.parametrize("samples", [np.zeros((1, 800)), np.zeros((1, 1)), np.full((2, 800), 1e-6)])
def test_silence_is_no_example(samples: np.ndarray) -> None:
    assert examples(Sound(samples.astype(np.float32), RATE), WHOLE) == []


def test_channels_are_folded_without_losing_what_cancels() -> None:
    one = burst(0, 0.2, 0, channels=1).samples[0]
    stereo = Sound(np.stack([one, -one]), RATE)
    (mono,) = examples(stereo, WHOLE)
    assert mono.samples.shape[0] == 1 and np.abs(mono.samples).max() == pytest.approx(PEAK)
    (both,) = examples(Sound(one[None], RATE), Material(rate=RATE, channels=2, seconds=0.5))
    assert np.array_equal(both.samples[0], both.samples[1])
    (kept,) = examples(stereo, Material(rate=RATE, channels=2, seconds=0.5))
    assert np.allclose(kept.samples[0], -kept.samples[1])
    (six,) = examples(Sound(np.stack([one] * 6), RATE), WHOLE)
    assert six.samples.shape[0] == 1


def test_slices_become_examples_of_their_own() -> None:
    hits = np.concatenate([burst(0.05, 0.1, 0.35).samples] * 4, axis=1)
    found = examples(Sound(hits, RATE), Material(rate=RATE, channels=1, seconds=0.25, slices="onset"))
    assert len(found) == 4
    assert np.allclose([e.start / RATE for e in found], [0.05, 0.55, 1.05, 1.55], atol=0.02)
    windows = examples(Sound(hits, RATE), Material(rate=RATE, channels=1, seconds=0.5, slices="window", trim=False))
    assert len(windows) >= 3 and {e.frames for e in windows} == {4000}


# ---- many


def test_a_set_holds_what_the_files_hold(project: ProjectFolder) -> None:
    sounds = load(project, WHOLE)
    assert len(sounds) == 24 and sounds.labels == ("hat", "kick", "snare")
    with Index(project) as index:
        rows = {row.id: row for row in index.rows()}
    for i, (id, path) in enumerate(zip(sounds.ids, sounds.paths)):
        assert rows[int(id)].path == path and sounds.labels[sounds.label[i]] == rows[int(id)].label
    (again,) = examples(reader.files.read(sounds.paths[5], rate=RATE), WHOLE)
    assert np.abs(sounds.sound(5).samples - again.samples).max() < 1e-4
    assert sounds.gain[5] == pytest.approx(again.gain) and sounds.begins[5] == again.start


def test_splits_part_the_set(project: ProjectFolder) -> None:
    parts = [load(project, WHOLE, split) for split in ("train", "validation", "test")]
    assert sorted(i for part in parts for i in part.ids) == sorted(load(project, WHOLE).ids)
    assert len(parts[0]) > len(parts[1]) > 0


def test_a_batch_is_what_it_says(project: ProjectFolder) -> None:
    sounds = load(project, WHOLE)
    batch = sounds.batch([3, 20, 3])
    assert batch.audio.shape == (3, 1, WHOLE.frames) and batch.audio.dtype == torch.float32
    assert batch.label.dtype == batch.index.dtype == torch.int64 and batch.index.tolist() == [3, 20, 3]
    assert torch.equal(batch.audio[0], batch.audio[2])
    for row, audio, seconds in zip([3, 20], batch.audio, batch.seconds):
        n = int(sounds.frames[row])
        assert seconds == pytest.approx(n / RATE)
        assert np.array_equal(audio[:, :n].numpy(), sounds.sound(row).samples)
        assert not audio[:, n:].any()
    dense = sounds.audio
    assert dense.dtype == torch.int16 and dense.shape == (24, 1, WHOLE.frames)
    assert torch.allclose(dense[20].float() / 32767, batch.audio[1])


def test_stereo_batches_keep_their_sides(tmp_path: Path) -> None:
    side = burst(0, 0.1, 0).samples[0]
    (tmp_path / "in").mkdir()
    soundfile.write(tmp_path / "in" / "a.wav", np.stack([side, 0.25 * side], axis=1), RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "in" / "b.wav", np.stack([0.5 * side[:300], side[:300]], axis=1), RATE, subtype="FLOAT")
    with ProjectFolder.create(tmp_path / "P") as project:
        list(import_folders(project, [tmp_path / "in"], workers=1))
        sounds = load(project, Material(rate=RATE, channels=2, seconds=0.2))
    batch = sounds.batch([0, 1])
    n = int(sounds.frames.min()) - 60
    ratio = batch.audio[:, 1, :n].abs().sum(-1) / batch.audio[:, 0, :n].abs().sum(-1)
    assert ratio.tolist() == pytest.approx([0.25, 2.0], rel=0.01)


def test_included_sounds_alone_are_heard(project: ProjectFolder) -> None:
    with Index(project) as index:
        gone = [row.id for row in index.rows(label="kick")]
        index.set_include(gone, False)
    sounds = load(project, WHOLE)
    assert len(sounds) == 16 and sounds.labels == ("hat", "snare") and not set(gone) & set(sounds.ids.tolist())
    fixed = load(project, WHOLE, labels=("snare", "kick"))
    assert set(fixed.label.tolist()) == {0, -1}  # snare as the run knew it, hat unknown to it
    with Index(project) as index:
        index.set_include(index.ids(), False)
    for work in (lambda: load(project, WHOLE), lambda: facts(project), lambda: list(prepare(project, WHOLE))):
        with pytest.raises(NothingToLearn):
            work()


def test_facts_before_and_after_preparing(project: ProjectFolder) -> None:
    quick = facts(project)
    assert (quick.count, quick.labels, quick.rate, quick.channels) == (24, ("hat", "kick", "snare"), 44100, 1)
    exact = facts(project, WHOLE)
    assert (exact.count, exact.rate, exact.channels) == (24, RATE, 1)
    assert exact.seconds == pytest.approx(quick.seconds, abs=0.05)
    assert -40 < exact.level_db < -5
    assert measured(load(project, WHOLE)) == exact


# ---- the cache


def done(project: ProjectFolder, material: Material = WHOLE) -> dict:
    told = list(prepare(project, material))
    assert isinstance(told[0], Started) and isinstance(told[-1], Finished)
    assert all(isinstance(e, Progress | Produced) for e in told[1:-1])
    return told[-1].result


def test_nothing_is_prepared_twice(project: ProjectFolder) -> None:
    first = done(project)
    assert (first["prepared"], first["known"], first["problems"]) == (24, 0, [])
    again = done(project)
    assert (again["prepared"], again["known"]) == (0, 24)
    other = done(project, Material(rate=RATE, channels=1, seconds=0.2))
    assert other["prepared"] == 24
    assert not list(project.cache.rglob("*.partial"))


def test_new_sounds_cost_only_themselves(project: ProjectFolder, tmp_path: Path) -> None:
    before = load(project, WHOLE)
    (tmp_path / "more" / "clap").mkdir(parents=True)
    soundfile.write(tmp_path / "more" / "clap" / "new.wav", burst(0, 0.1, 0).samples[0], RATE)
    list(import_folders(project, [tmp_path / "more"], workers=1))
    assert done(project)["prepared"] == 1
    after = load(project, WHOLE)
    assert len(after) == 25 and after.labels == ("clap", "hat", "kick", "snare")
    kept = [int(np.flatnonzero(after.ids == i)[0]) for i in before.ids]
    assert all(np.array_equal(after.sound(k).samples, before.sound(i).samples) for i, k in enumerate(kept))


@pytest.mark.parametrize("damage", ["cut", "empty", "table", "foreign", "gone", "lies"])
def test_a_damaged_cache_is_made_again(project: ProjectFolder, damage: str) -> None:
    before = load(project, WHOLE)
    data = next(project.cache.glob("material-*/shard-0000.npy"))
    table = data.with_suffix(".json")
    if damage == "cut":
        data.write_bytes(data.read_bytes()[:1000])
    elif damage == "empty":
        data.write_bytes(b"")
    elif damage == "table":
        table.write_text("{")
    elif damage == "foreign":
        data.write_bytes(b"P" * data.stat().st_size)
    elif damage == "gone":
        data.unlink()
    else:
        content = json.loads(table.read_bytes())
        content["sounds"][0][2][0][0] = -5
        table.write_text(json.dumps(content))
    after = load(project, WHOLE)
    assert torch.equal(after.flat, before.flat) and np.array_equal(after.ids, before.ids)


def test_a_vanished_or_broken_file_is_told_and_the_rest_goes_on(project: ProjectFolder) -> None:
    with Index(project) as index:
        first, second = index.rows(limit=2)
    away = Path(first.path).with_suffix(".away")
    Path(first.path).rename(away)
    content = Path(second.path).read_bytes()
    try:
        Path(second.path).write_bytes(b"no sound at all")
        result = done(project)
        assert {p["path"] for p in result["problems"]} == {first.path, second.path} and result["prepared"] == 22
        assert all(p["reason"] for p in result["problems"])
        assert len(load(project, WHOLE)) == 22
    finally:
        away.rename(first.path)
        Path(second.path).write_bytes(content)
    assert done(project)["prepared"] == 2


@pytest.mark.parametrize("channels", [1, 2])
def test_a_set_too_large_for_the_memory_stays_on_disk_and_sounds_the_same(
    project: ProjectFolder, channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "SHARD", 20_000)
    material = Material(rate=RATE, channels=channels, seconds=0.5)
    for split in (None, "validation"):
        inside = load(project, material, split)
        with monkeypatch.context() as small:
            small.setattr(reader, "IN_MEMORY", 0)
            outside = load(project, material, split)
        assert isinstance(inside.flat, torch.Tensor) and isinstance(outside.flat, Shards) and len(outside.flat.parts) > 2
        assert outside.hash() == inside.hash() and outside.bytes == inside.bytes == inside.flat.numel() * 2
        rows = np.random.default_rng(0).permutation(len(inside))[:7]
        for found in (outside.batch(rows), outside.on("cpu").batch(rows)):
            assert torch.equal(found.audio, inside.batch(rows).audio) and torch.equal(found.label, inside.batch(rows).label)
        assert np.array_equal(outside.sound(int(rows[0])).samples, inside.sound(int(rows[0])).samples)
        assert torch.equal(outside.audio, inside.audio)


@pytest.mark.parametrize("channels", [1, 2])
def test_sounds_are_gathered_on_a_device_as_they_are_copied_here(project: ProjectFolder, channels: int) -> None:
    sounds = load(project, Material(rate=RATE, channels=channels, seconds=0.5))
    for rows in np.random.default_rng(1).integers(0, len(sounds), (5, 4)):
        assert torch.equal(sounds._gathered(rows), sounds._copied(rows))
        assert float(sounds._copied(rows).abs().max()) == pytest.approx(PEAK, abs=1e-3)


def test_closing_leaves_no_half_shard(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "SHARD", 4000)
    monkeypatch.setattr(reader, "EVERY", 4)
    work = prepare(project, WHOLE)
    for event in work:
        if isinstance(event, Progress):
            break
    work.close()  # type: ignore[attr-defined]
    assert not list(project.cache.rglob("*.partial"))
    assert 0 < done(project)["prepared"] < 24
    assert len(load(project, WHOLE)) == 24


def test_a_full_disk_is_named(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(DiskFull):
        done(project)
    assert not list(project.cache.rglob("*.partial"))


def test_many_gone_sounds_renew_the_cache(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "STALE", 4)
    done(project)
    with Index(project) as index:
        index.remove(index.ids()[:-5])
    assert done(project)["prepared"] == 5
    (shard,) = project.cache.glob("material-*/shard-*.npy")
    assert shard.stat().st_size < 6 * WHOLE.frames * 2


def test_prepared_at_once_from_the_cache(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load(project, WHOLE)
    monkeypatch.setattr(reader.files, "read", lambda *a, **k: pytest.fail("a file was decoded again"))
    assert torch.equal(load(project, WHOLE).flat, before.flat)


def test_notes_and_velocities_come_from_chunks_and_names(tmp_path: Path) -> None:
    tone = Sound(0.5 * np.sin(2 * np.pi * 220 / RATE * np.arange(RATE // 2)).astype(np.float32)[None], RATE)  # A3, MIDI 57
    (tmp_path / "Notes").mkdir()
    for name, root in {"x_069_100": None, "y": 45.0, "z": None}.items():  # an octave too high, one too low, and nothing said
        files.write(tmp_path / "Notes" / f"{name}.wav", tone, root=root)
    with ProjectFolder.create(tmp_path / "Project") as project:
        list(import_folders(project, [tmp_path / "Notes"], workers=1))
        for _ in range(2):  # prepared, and from the cache
            sounds = load(project, WHOLE)
            batch = sounds.batch(range(3))
            assert batch.pitch.tolist() == pytest.approx([69.0, 45.0, 57.0], abs=0.1)
            assert batch.velocity.tolist() == pytest.approx([100.0, np.nan, np.nan], nan_ok=True)
        assert measured(sounds).struck == facts(project).struck == pytest.approx(1 / 3)
