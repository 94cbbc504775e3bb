"""A project is a folder that always opens, keeps what it was given and gives back what was thrown away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.audio import files
from studio.audio.sound import Sound
from studio.errors import AlreadyThere, BrokenFile, NewerFormat, NotAProject, ProjectBusy, StudioError
from studio.project import atomic, migrations
from studio.project.folder import ProjectFolder
from studio.project.recipe import Recipe
from tests.project.test_atomic import names


def test_a_project_is_made_opened_and_renamed(tmp_path: Path) -> None:
    with ProjectFolder.create(tmp_path / "Tänze") as project:
        assert project.name == "Tänze"
        project.rename("  Waltz ")
        identity = project.id
    with ProjectFolder.open(tmp_path / "Tänze") as project:
        assert (project.name, project.id) == ("Waltz", identity)
    assert json.loads((tmp_path / "Tänze" / "project.json").read_text())["kind"] == "project"


def test_nothing_is_made_over_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "song.txt").write_text("la")
    for path in (tmp_path / "mine", tmp_path / "mine" / "song.txt"):
        with pytest.raises(AlreadyThere):
            ProjectFolder.create(path)
    assert names(tmp_path / "mine") == ["song.txt"]
    (tmp_path / "empty").mkdir()
    ProjectFolder.create(tmp_path / "empty").close()


def test_what_is_no_project_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(NotAProject):
            ProjectFolder.open(path)


def test_a_clip_comes_back_bit_for_bit_with_its_recipe(project: ProjectFolder, sound: Sound, recipe: Recipe) -> None:
    clip = project.keep(sound, recipe, "Soft kick", ("warm",))
    assert project.clips() == [clip]
    assert clip.recipe == recipe and clip.tags == ("warm",) and clip.seconds == sound.seconds
    assert np.array_equal(project.clip_sound(clip.id).samples, sound.samples)
    changed = msgspec.structs.replace(clip, name="Hard kick", stars=3, edits=({"do": "reverse"},))
    project.update_clip(changed)
    assert project.clip(clip.id) == changed
    project.close()
    with ProjectFolder.open(project.root) as again:
        assert again.clips() == [changed]


def test_newest_clips_come_first_and_a_sound_without_a_recipe_can_be_kept(project: ProjectFolder, sound: Sound) -> None:
    made = [project.keep(sound, None, name) for name in "abc"]
    assert [clip.name for clip in project.clips()] == ["c", "b", "a"]
    assert made[0].recipe is None


def test_a_trashed_clip_can_be_restored(project: ProjectFolder, sound: Sound, recipe: Recipe) -> None:
    clip = project.keep(sound, recipe, "One")
    project.trash_clip(clip.id)
    assert project.clips() == [] and not project.clip_path(clip.id).exists()
    with pytest.raises(BrokenFile):
        project.trash_clip(clip.id)
    with pytest.raises(BrokenFile):
        project.update_clip(clip)
    assert project.restore_clip(clip.id) == clip
    assert project.clips() == [clip]
    with pytest.raises(BrokenFile):
        project.restore_clip(clip.id)


@pytest.mark.parametrize("id", ["", ".", "..", "../x", "a/b", "a\\b", "/etc/passwd", "x" * 65, "a\0b", "a.b", "ä"])
def test_no_clip_id_leads_out_of_the_project(project: ProjectFolder, id: str) -> None:
    for ask in (project.clip_path, project.clip, project.clip_sound, project.trash_clip, project.restore_clip):
        with pytest.raises(BrokenFile):
            ask(id)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\\b", "x.partial", "C:", "a\n"])
def test_no_run_name_leads_out_of_the_project(project: ProjectFolder, name: str) -> None:
    for ask in (project.run_path, project.trash_run, project.restore_run):
        with pytest.raises(BrokenFile):
            ask(name)


def test_runs_are_numbered_listed_and_trashed(project: ProjectFolder) -> None:
    names = []
    for _ in range(3):
        names.append(name := project.new_run_name("oneshot"))
        project.run_path(name).mkdir()
        (project.run_path(name) / "config.json").write_text("{}")
    (project.runs_dir / "half.partial").mkdir()
    assert [name.rsplit("-", 1) for name in names] == [[f"{time.strftime('%Y-%m-%d')}-oneshot", str(n)] for n in (1, 2, 3)]
    assert [path.name for path in project.runs()] == names
    project.trash_run(names[1])
    assert [path.name for path in project.runs()] == [names[0], names[2]]
    assert project.new_run_name("oneshot") not in names
    project.restore_run(names[1])
    assert [path.name for path in project.runs()] == names


def test_one_clip_that_is_damaged_hides_no_other(project: ProjectFolder, sound: Sound) -> None:
    good = project.keep(sound, None, "good")
    half, gone, other = (project.keep(sound, None, name) for name in ("half", "gone", "other"))
    (project.clips_dir / f"{half.id}.json").write_bytes(b'{"kind": "clip", "for')
    project.clip_path(gone.id).unlink()
    (project.clips_dir / f"{other.id}.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(other, format=9)))
    assert project.clips() == [good]
    assert {type(error) for error in project.broken} == {BrokenFile, NewerFormat}


def test_a_kept_sound_whose_json_was_never_written_is_found_again(project: ProjectFolder, sound: Sound, recipe: Recipe) -> None:
    clip = project.keep(sound, recipe, "One")
    (project.clips_dir / f"{clip.id}.json").unlink()
    (project.clips_dir / ".half.wav.123.partial").write_bytes(b"RIFF")
    project.close()
    with ProjectFolder.open(project.root) as again:
        found = again.clips()
        assert [c.id for c in found] == [clip.id] and found[0].recipe == recipe
        assert not list(again.clips_dir.glob(".*"))


def test_what_is_saved_while_it_is_opened_again_is_saved(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread may still save what it was given while the project was open."""
    fsync = os.fsync

    def reopened(handle: int) -> None:
        fsync(handle)
        monkeypatch.setattr(os, "fsync", fsync)
        project.close()
        ProjectFolder.open(project.root).close()

    monkeypatch.setattr(os, "fsync", reopened)
    assert atomic.write_bytes(project.axes_path, b"{}").read_bytes() == b"{}"


def test_a_deletion_that_was_cut_short_is_finished(project: ProjectFolder, sound: Sound) -> None:
    clip = project.keep(sound, None, "One")
    project.trash.mkdir(exist_ok=True)
    (project.clips_dir / f"{clip.id}.json").rename(project.trash / f"{clip.id}.json")
    project.close()
    with ProjectFolder.open(project.root) as again:
        assert again.clips() == [] and not again.clip_path(clip.id).exists()
        assert again.restore_clip(clip.id) == clip


def test_the_second_to_open_is_told_who_has_it(project: ProjectFolder) -> None:
    with pytest.raises(ProjectBusy) as caught:
        ProjectFolder.open(project.root)
    assert str(os.getpid()) in caught.value.message
    with ProjectFolder.open(project.root, lock=False) as reader:
        assert reader.name == project.name
    project.close()
    ProjectFolder.open(project.root).close()


_HOLD = """
import sys, time
from studio.project.folder import ProjectFolder
project = ProjectFolder.open(sys.argv[1])
print("open", flush=True)
time.sleep(60)
"""


def test_a_lock_whose_process_is_dead_is_taken_over(project: ProjectFolder) -> None:
    project.close()
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(project.root)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"open\n"
        with pytest.raises(ProjectBusy, match=str(holder.pid)):
            ProjectFolder.open(project.root)
        holder.kill()
    ProjectFolder.open(project.root).close()


def test_a_newer_project_is_refused_and_not_touched(project: ProjectFolder) -> None:
    project.close()
    path = project.root / "project.json"
    path.write_bytes(path.read_bytes().replace(b'"format": 1', b'"format": 2'))
    before = path.read_bytes()
    with pytest.raises(NewerFormat):
        ProjectFolder.open(project.root)
    assert path.read_bytes() == before


def test_an_older_file_is_backed_up_before_it_is_first_written(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    project.close()
    before = (project.root / "project.json").read_bytes()
    monkeypatch.setitem(migrations.STEPS, "project", (lambda data: {**data, "name": data["name"].upper()},))
    with ProjectFolder.open(project.root) as newer:
        assert newer.name == "MY DRUMS"
        assert (project.root / "project.json").read_bytes() == before
        newer.rename("New")
        assert (newer.backup / "project.format1.json").read_bytes() == before
    with ProjectFolder.open(project.root) as newer:
        assert newer.name == "New"


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
@pytest.mark.parametrize("folder", ["clips", ".studio"])
def test_a_project_whose_folders_lead_elsewhere_is_not_tidied(project: ProjectFolder, tmp_path: Path, folder: str) -> None:
    project.close()
    (project.root / folder).rename(tmp_path / "away")
    (tmp_path / "away" / ".mine.partial").write_text("precious")
    (project.root / folder).symlink_to(tmp_path / "away")
    with pytest.raises(BrokenFile):
        ProjectFolder.open(project.root)
    assert (tmp_path / "away" / ".mine.partial").exists()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.binary(max_size=60), at=st.integers(0, 400), cut=st.integers(0, 40))
def test_no_project_file_brings_another_error_than_a_named_one(
    project: ProjectFolder, sound: Sound, noise: bytes, at: int, cut: int
) -> None:
    clip = next(iter(project.clips()), None) or project.keep(sound, Recipe(family="oneshot"), "One")
    sidecar, head = project.clips_dir / f"{clip.id}.json", project.root / "project.json"
    kept = {path: path.read_bytes() for path in (sidecar, head)}
    try:
        for path, data in kept.items():
            path.write_bytes(data[:at] + noise + data[at + cut :])
        try:
            reader = ProjectFolder.open(project.root, lock=False)
        except StudioError:
            reader = project
        assert {c.id for c in reader.clips()} <= {clip.id}
        assert all(path.parent == project.clips_dir for c in reader.clips() for path in [reader.clip_path(c.id)])
    finally:
        for path, data in kept.items():
            path.write_bytes(data)


def test_a_kept_file_is_a_wav_others_can_read(project: ProjectFolder, sound: Sound, recipe: Recipe) -> None:
    clip = project.keep(sound, recipe, "One")
    assert files.probe(project.clip_path(clip.id)).subtype == "FLOAT"
