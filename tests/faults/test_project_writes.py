"""The system refuses each step of each write, one at a time: what was there stays whole, and the error has a name."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from studio.audio.sound import Sound
from studio.errors import DiskFull, NotSaved, StudioError
from studio.project import atomic
from studio.project.folder import ProjectFolder
from studio.project.recipe import Recipe

CALLS = ("open", "write", "fsync", "close", "replace", "rename", "link", "mkdir")
"""The calls of `os` through which anything reaches the disk; pathlib's go through them too."""


class Refusal:
    """Fails the n-th of these calls from now on with `code`; counts them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, self.at, self.code, self.inside = 0, -1, errno.EIO, Path("/nowhere")
        for name in CALLS:
            monkeypatch.setattr(os, name, self._wrapped(name, getattr(os, name)))

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            if name in ("write", "fsync", "close") or str(self.inside) in str(args[0]):
                self.count += 1
                if self.count - 1 == self.at:
                    if name == "write":  # half of it got through
                        real(args[0], bytes(args[1])[: len(args[1]) // 2])
                    if name == "close":
                        real(*args, **options)
                    raise OSError(self.code, os.strerror(self.code))
            return real(*args, **options)

        return call


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch) -> Refusal:
    return Refusal(monkeypatch)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[ProjectFolder]:
    with ProjectFolder.create(tmp_path / "P") as project:
        yield project


def sound(seed: int = 0) -> Sound:
    return Sound(np.random.default_rng(seed).uniform(-1, 1, (1, 500)).astype(np.float32), 44_100)


def content(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def each_step(refusal: Refusal, root: Path, code: int, action: Callable[[], Any]) -> Iterator[StudioError | None]:
    """Run `action` again and again, refusing its first, second … call; ends after the run in which nothing was refused."""
    for at in range(200):
        refusal.inside, refusal.at, refusal.code, refusal.count = root, at, code, 0
        try:
            action()
            error = None
        except StudioError as caught:
            error = caught
        finally:
            refusal.inside, refusal.at, made = Path("/nowhere"), -1, refusal.count
        yield error
        if at >= made:
            assert at > 2  # there were steps to refuse
            return
    raise AssertionError("it never ends")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_a_file_is_the_old_or_the_new_one(refusal: Refusal, tmp_path: Path, code: int) -> None:
    path, old, new = tmp_path / "a.json", b"old" * 1000, b"new" * 2000
    path.write_bytes(old)
    for error in each_step(refusal, tmp_path, code, lambda: atomic.write_bytes(path, new)):
        assert path.read_bytes() in (old, new)
        assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
        if error is None:
            assert path.read_bytes() == new
        else:
            assert isinstance(error, DiskFull if code == errno.ENOSPC else NotSaved) and "a.json" in error.message
        path.write_bytes(old)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_folder_is_whole_or_not_there(refusal: Refusal, tmp_path: Path, code: int) -> None:
    target = tmp_path / "run"

    def make() -> None:
        with atomic.folder(target) as folder:
            atomic.write_bytes(folder / "a", b"1" * 100)
            atomic.write_bytes(folder / "b", b"2" * 100)

    for error in each_step(refusal, tmp_path, code, make):
        if target.exists():
            assert content(target) == {"a": b"1" * 100, "b": b"2" * 100}
        else:
            assert error is not None
        assert [p for p in tmp_path.iterdir() if p != target] == []
        if target.exists():
            for path in target.iterdir():
                path.unlink()
            target.rmdir()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_clip_is_kept_whole_or_not_at_all(refusal: Refusal, project: ProjectFolder, code: int) -> None:
    first = project.keep(sound(), Recipe(family="oneshot"), "first")
    for number, error in enumerate(each_step(refusal, project.root, code, lambda: project.keep(sound(1), None, "second"))):
        found = project.clips()
        assert first in found and project.broken == []
        assert np.array_equal(project.clip_sound(first.id).samples, sound().samples)
        for clip in found:
            if clip != first:
                assert np.array_equal(project.clip_sound(clip.id).samples, sound(1).samples)
                project.trash_clip(clip.id)
            assert error is not None or len(found) == 2, number
        wavs = {p.stem for p in project.clips_dir.glob("*.wav")}
        assert wavs == {first.id} and not list(project.clips_dir.glob(".*")), number


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_changed_clip_is_the_old_or_the_new_one(refusal: Refusal, project: ProjectFolder, code: int) -> None:
    old = project.keep(sound(), None, "old")
    new = msgspec.structs.replace(old, name="new", stars=5)
    for error in each_step(refusal, project.root, code, lambda: project.update_clip(new)):
        assert project.clips() in ([old], [new])
        assert error is not None or project.clips() == [new]
        project.update_clip(old)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO])
def test_throwing_away_and_restoring_loses_nothing(refusal: Refusal, project: ProjectFolder, code: int) -> None:
    clip = project.keep(sound(), None, "one")

    def there_and_back() -> None:
        project.trash_clip(clip.id)
        project.restore_clip(clip.id)

    for error in each_step(refusal, project.root, code, there_and_back):
        if (project.trash / f"{clip.id}.json").exists():
            project.restore_clip(clip.id)
        assert project.clips() == [clip], error
        assert np.array_equal(project.clip_sound(clip.id).samples, sound().samples)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_renamed_project_opens_under_the_old_or_the_new_name(refusal: Refusal, project: ProjectFolder, code: int) -> None:
    for error in each_step(refusal, project.root, code, lambda: project.rename("Other")):
        with ProjectFolder.open(project.root, lock=False) as reader:
            assert reader.name in ("P", "Other") and (error is not None or reader.name == "Other")
        project.rename("P")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_project_that_can_not_be_made_or_opened_says_so_and_opens_later(refusal: Refusal, tmp_path: Path, code: int) -> None:
    root, made = tmp_path / "N", 0

    def make() -> None:
        (ProjectFolder.open(root) if (root / "project.json").exists() else ProjectFolder.create(root)).close()

    def afresh() -> None:
        nonlocal made
        made += 1
        make()

    for _ in each_step(refusal, root, code, afresh):
        if not (root / "project.json").exists():
            for path in sorted(root.rglob("*"), reverse=True) if root.exists() else []:
                path.unlink() if path.is_file() else path.rmdir()
        make()
    assert made > 10
