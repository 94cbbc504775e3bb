"""The disk is full, read-only or gone, at any moment: the run pauses, says so, loses nothing, and goes on."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.errors import NotSaved
from studio.events import Event, Metric
from studio.project.folder import ProjectFolder
from studio.training import reserve
from studio.training.plan import TrainerConfig
from studio.training.run import RunFolder
from studio.training.trainer import train
from tests.training.conftest import Make, losses, produced
from tests.training.tiny import Tiny

STEPS = 40
PLAN = TrainerConfig(steps=STEPS, batch=4, log=0.0, precision="fp32", threads=1, warmup=4, preview=3600.0)


@pytest.fixture
def small(tmp_path: Path, project: ProjectFolder) -> Iterator[Path]:
    """A real disk of 8 MB with a project on it."""
    disk = tmp_path / "small"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("no right to mount a small disk here")
    try:
        yield Path(shutil.copytree(project.root, disk / "P", ignore=shutil.ignore_patterns("lock")))
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def fill(disk: Path) -> Path:
    """Take every byte that is free."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 16, 4096):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
    return filler


def at(run: RunFolder, step: int, act: Any) -> list[Event]:
    """Train, and call `act` when the run says its numbers of `step`."""
    told = []
    for event in train(run, Tiny):
        told.append(event)
        if isinstance(event, Metric) and event.name == "mel" and event.step == step:
            act()
    return told


def test_a_disk_that_fills_up_pauses_the_run_and_nothing_is_lost(small: Path, make: Make) -> None:
    whole = make(steps=STEPS)
    list(train(whole, Tiny))
    run = RunFolder.create(ProjectFolder.open(small, lock=False), "tiny", {}, PLAN)
    told = at(run, 20, lambda: fill(small.parent))
    status = run.status()  # as it is on the disk that is still full
    assert (status.state, status.key, status.pid) == ("paused", "DiskFull", 0) and "full" in status.error and status.hint
    assert [e.detail["key"] for e in produced(told, "notice")] == ["DiskFull"]
    assert set(losses(run.events()[0])) == set(range(1, status.step + 1))  # not one number unsaid
    assert not list(run.path.rglob("*.partial"))
    (small.parent / "filler").unlink()
    list(train(run, Tiny))
    assert run.status().state == "finished" and run.status().key == ""
    assert losses(whole.events()[0]) == losses(run.events()[0])


def test_a_run_that_begins_on_a_full_disk_says_so(small: Path) -> None:
    run = RunFolder.create(ProjectFolder.open(small, lock=False), "tiny", {}, PLAN)
    filler = fill(small.parent)
    list(train(run, Tiny))
    assert (run.status().state, run.status().key) == ("paused", "DiskFull")
    filler.unlink()
    list(train(run, Tiny))
    assert run.status().state == "finished"


def test_a_read_only_project_is_named_before_anything_is_tried(small: Path) -> None:
    run = RunFolder.create(ProjectFolder.open(small, lock=False), "tiny", {}, PLAN)
    subprocess.run(["mount", "-o", "remount,ro", small.parent], check=True)
    with pytest.raises(NotSaved, match="read-only"):
        list(train(run, Tiny))
    subprocess.run(["mount", "-o", "remount,rw", small.parent], check=True)
    assert run.status().state == "queued"
    list(train(run, Tiny))
    assert run.status().state == "finished"


class Quota:
    """Stands in for a small disk where one can't be mounted: what is written counts, what the run gives up comes back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: float = float("inf")
        self.code = errno.ENOSPC
        self.used = 0
        write, write_bytes, opened, give = os.write, Path.write_bytes, Path.open, reserve.give
        quota = self

        def take(count: int) -> None:
            if count > quota.left:
                raise OSError(quota.code, os.strerror(quota.code))
            quota.left -= count
            quota.used += count

        def os_write(handle: int, data: bytes) -> int:
            take(len(data))
            return write(handle, data)

        def path_write(self: Path, data: bytes) -> int:
            take(len(data))
            return write_bytes(self, data)

        def path_open(self: Path, mode: str = "r", *args: Any, **more: Any) -> Any:
            if self.name == "events.jsonl" and "a" in mode:
                take(300)
            return opened(self, mode, *args, **more)

        def given(run: Path) -> None:
            quota.left += reserve.SIZE * (run / reserve.NAME).exists()
            give(run)

        monkeypatch.setattr(os, "write", os_write)
        monkeypatch.setattr(Path, "write_bytes", path_write)
        monkeypatch.setattr(Path, "open", path_open)
        monkeypatch.setattr(reserve, "give", given)


@pytest.fixture
def quota(monkeypatch: pytest.MonkeyPatch) -> Quota:
    return Quota(monkeypatch)


def test_whatever_write_is_the_one_too_much_nothing_is_lost(make: Make, quota: Quota) -> None:
    whole = make(steps=STEPS)
    at(whole, 10, lambda: whole.request("star"))
    needed = quota.used
    for share in (0.02, 0.2, 0.4, 0.6):  # how often the status is written depends on the clock
        run = make(steps=STEPS)
        quota.left = share * needed
        at(run, 10, lambda run=run: run.request("star") if quota.left > 1000 else None)
        assert (run.status().state, run.status().key) == ("paused", "DiskFull"), share
        assert not list(run.path.rglob("*.partial")), share
        quota.left = float("inf")
        list(train(run, Tiny))
        assert run.status().state == "finished" and losses(whole.events()[0]) == losses(run.events()[0]), share


@pytest.mark.parametrize("code", [errno.EROFS, errno.EIO, errno.ESTALE])
def test_a_disk_that_fails_in_the_middle_leaves_the_last_save(make: Make, quota: Quota, code: int) -> None:
    whole, run = make(steps=STEPS), make(steps=STEPS)
    list(train(whole, Tiny))

    def breaks() -> None:
        quota.left, quota.code = 0, code

    run.request("star")
    told = at(run, 20, breaks)
    result = told[-1].result  # type: ignore[attr-defined]
    assert result["state"] == "paused" and os.strerror(code).lower() in result["problem"].lower()
    quota.left = float("inf")
    list(train(run, Tiny))
    assert run.status().state == "finished" and losses(whole.events()[0]) == losses(run.events()[0])
