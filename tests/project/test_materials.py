"""A sound that an edit brings in is kept once, under its content's name, and comes back bit for bit or with a named error."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from studio.audio import files, steps
from studio.audio.sound import Sound
from studio.errors import BrokenFile, DiskFull, EmptyAudio, MissingMaterial
from studio.project import materials
from studio.project.folder import ProjectFolder


def test_a_material_is_kept_once_and_comes_back_bit_for_bit(project: ProjectFolder, sound: Sound) -> None:
    id = project.keep_material(sound)
    before = (project.material_dir / f"{id}.wav").stat()
    assert project.keep_material(Sound(sound.samples.copy(), sound.rate)) == id
    after = (project.material_dir / f"{id}.wav").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    found = project.material(id)
    assert found.rate == sound.rate and np.array_equal(found.samples, sound.samples)
    assert files.probe(project.material_dir / f"{id}.wav").subtype == "FLOAT"
    assert project.clips() == []


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    samples=arrays.arrays(np.float32, st.tuples(st.integers(1, 8), st.integers(1, 50)), elements=st.floats(width=32)),
    rate=st.sampled_from([8000, 44_100, 192_000]),
)
def test_any_samples_come_back_as_numbers(project: ProjectFolder, samples: np.ndarray, rate: int) -> None:
    found = project.material(project.keep_material(Sound(samples, rate)))
    assert found.rate == rate and np.array_equal(found.samples, np.where(np.isfinite(samples), samples, 0))


def test_rate_channels_and_samples_make_the_name(sound: Sound) -> None:
    mono = Sound(sound.samples.reshape(1, -1), sound.rate)
    louder = Sound(sound.samples * np.float32(2), sound.rate)
    assert len({materials.address(one) for one in (sound, mono, louder, Sound(sound.samples, 48_000))}) == 4


@pytest.mark.parametrize("id", ["", "..", "../../project.json", "/etc/passwd", "A" * 40, "0" * 39, "0" * 40 + "\n", "ä"])
def test_no_name_leads_out_of_the_folder(project: ProjectFolder, sound: Sound, id: str) -> None:
    project.keep_material(sound)
    with pytest.raises(MissingMaterial) as caught:
        project.material(id)
    assert caught.value.advice


def test_what_is_gone_or_something_else_is_named(project: ProjectFolder, sound: Sound) -> None:
    id = project.keep_material(sound)
    path = project.material_dir / f"{id}.wav"
    path.write_bytes(path.read_bytes()[:-800])
    with pytest.raises(MissingMaterial, match="something else"):
        project.material(id)
    path.unlink()
    with pytest.raises(MissingMaterial, match="gone"):
        project.material(id)


def test_nothing_is_no_material(project: ProjectFolder) -> None:
    with pytest.raises(EmptyAudio):
        project.keep_material(Sound(np.zeros((2, 0), np.float32), 44_100))
    assert not project.material_dir.exists()


def test_a_full_disk_leaves_nothing(project: ProjectFolder, sound: Sound, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        project.keep_material(sound)
    assert list(project.material_dir.iterdir()) == []


def test_what_a_killed_process_left_goes_and_materials_stay(project: ProjectFolder, sound: Sound) -> None:
    id = project.keep_material(sound)
    (project.material_dir / ".0123456789abcdef.partial").write_bytes(b"half")
    project.close()
    with ProjectFolder.open(project.root) as again:
        assert [path.name for path in again.material_dir.iterdir()] == [f"{id}.wav"]
        assert again.clips() == []


def test_nothing_is_written_through_a_strangers_link(project: ProjectFolder, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    project.material_dir.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    project.close()
    with pytest.raises(BrokenFile, match="somewhere else"):
        ProjectFolder.open(project.root)


def test_a_step_whose_material_is_gone_says_so(project: ProjectFolder, sound: Sound) -> None:
    with pytest.raises(MissingMaterial, match="gone"):
        steps.apply(sound, [{"do": "mix", "sound": "0" * 40}], project.material)
    id = project.keep_material(sound)
    assert np.allclose(steps.apply(sound, [{"do": "mix", "sound": id}], project.material).samples, 2 * sound.samples)
