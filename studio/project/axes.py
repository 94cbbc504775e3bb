"""The axes of each model family as they were last shown, with the names that a person gave them.

An axis is known by where it puts some of the project's sounds, so it is found again in every other moment of a model, in other
runs of the family and after a restart (explore/known.py). What each file format held is told in formats.py.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from studio.errors import NewerFormat, StudioError
from studio.project import atomic

if TYPE_CHECKING:
    from studio.project.folder import ProjectFolder

MOST = 64
"""Axes kept of one family; the eight shown and those with a name that none of these has."""


class KnownAxis(msgspec.Struct, frozen=True, kw_only=True):
    """slot: its place among the faders, None where it has none now; name: the user's own, or "";
    ids, scores: some sounds of the library and where the axis puts them, in σ."""

    slot: int | None = None
    name: str = ""
    ids: tuple[int, ...] = ()
    scores: tuple[float, ...] = ()


class AxesFile(msgspec.Struct, frozen=True, kw_only=True):
    """axes.json: the axes of each family."""

    kind: str = "axes"
    format: int = 1
    families: dict[str, tuple[KnownAxis, ...]] = {}


def load(project: ProjectFolder, family: str) -> tuple[KnownAxis, ...]:
    """The axes known of a family; none where there are none, or where the file can't be read."""
    with suppress(StudioError, FileNotFoundError, NotADirectoryError):
        file = atomic.read_json(project.axes_path, AxesFile, "axes")
        return tuple(axis for axis in file.families.get(family, ())[:MOST] if _sound(axis))
    return ()


def save(project: ProjectFolder, family: str, axes: Iterable[KnownAxis]) -> None:
    """Raises DiskFull, NotSaved, and NewerFormat rather than replace what it can't read. A broken file goes to the backup."""
    path = project.axes_path
    file = AxesFile()
    try:
        file = atomic.read_json(path, AxesFile, "axes")
    except (FileNotFoundError, NotADirectoryError):
        pass
    except NewerFormat:
        raise
    except StudioError:
        with suppress(OSError):
            project.backup.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, project.backup / path.name)
    kept = tuple(axes)[:MOST]
    if file.families.get(family) != kept:
        atomic.write_json(path, AxesFile(families={**file.families, family: kept}))


def _sound(axis: KnownAxis) -> bool:
    return (
        len(axis.ids) == len(axis.scores)
        and len(set(axis.ids)) == len(axis.ids)
        and all(abs(score) < 1e6 for score in axis.scores)
        and (axis.slot is None or 0 <= axis.slot < MOST)
    )
