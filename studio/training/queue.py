"""Which runs of a project wait to be trained, and in which order: runs/queue.json. For window and CLI."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from studio.errors import StudioError
from studio.project import atomic
from studio.project.folder import ProjectFolder


class QueueFile(msgspec.Struct, frozen=True):
    """runs/queue.json: names of run folders, next first."""

    kind: str = "queue"
    format: int = 1
    runs: tuple[str, ...] = ()


def read(project: ProjectFolder) -> tuple[str, ...]:
    """Names of waiting runs that are still there, next first. A missing or damaged file is an empty queue."""
    try:
        names = atomic.read_json(project.runs_dir / "queue.json", QueueFile, "queue", ()).runs
    except (OSError, StudioError):
        return ()
    there = {path.name for path in project.runs()}
    return tuple(name for name in dict.fromkeys(names) if name in there)


def write(project: ProjectFolder, names: Iterable[str]) -> None:
    """Raises DiskFull, NotSaved."""
    project.runs_dir.mkdir(exist_ok=True)
    atomic.write_json(project.runs_dir / "queue.json", QueueFile(runs=tuple(dict.fromkeys(names))))
