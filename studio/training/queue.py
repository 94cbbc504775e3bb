"""Which runs of a project wait to be trained, and in which order: runs/queue.json. For window and CLI, also at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import filelock
import msgspec

from studio.errors import NotSaved, StudioError
from studio.project import atomic
from studio.project.folder import ProjectFolder

PATIENCE = 2.0
"""Seconds that a change waits for somebody else's."""


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


def stamp(project: ProjectFolder) -> int:
    """Another number whenever somebody has changed the queue."""
    try:
        return (project.runs_dir / "queue.json").stat().st_mtime_ns
    except OSError:
        return 0


def write(project: ProjectFolder, names: Iterable[str]) -> None:
    """Raises DiskFull, NotSaved."""
    project.runs_dir.mkdir(exist_ok=True)
    atomic.write_json(project.runs_dir / "queue.json", QueueFile(runs=tuple(dict.fromkeys(names))))


def change(project: ProjectFolder, edit: Callable[[tuple[str, ...]], Iterable[str]]) -> tuple[str, ...]:
    """Put what `edit` makes of the queue in its place while nobody else does. Returns it. Raises DiskFull, NotSaved."""
    path = project.runs_dir / "queue.json"
    try:
        project.runs_dir.mkdir(exist_ok=True)
        with filelock.FileLock(project.runs_dir / ".queue", timeout=PATIENCE, thread_local=False):
            before = read(project)
            after = tuple(dict.fromkeys(edit(before)))
            if after != before:
                write(project, after)
            return after
    except filelock.Timeout:
        raise NotSaved(name=path.name, reason="somebody else is changing it") from None
    except OSError as error:
        raise atomic.not_saved(path, error) from error


def take(project: ProjectFolder) -> str | None:
    """The next one, out of the queue: whoever gets its name trains it. Raises DiskFull, NotSaved."""
    taken: list[str] = []

    def first(names: tuple[str, ...]) -> Iterable[str]:
        taken.extend(names[:1])
        return names[1:]

    change(project, first)
    return taken[0] if taken else None
