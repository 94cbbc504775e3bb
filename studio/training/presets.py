"""Settings with a name: what a search found better than the recommended ones, or what somebody wants to use again.

A preset holds only what differs from the recommended settings, so that those which follow from the sounds, such as their
length, still do when the sounds change. Read by the Train page and `train --preset NAME`; written by a search. Some come with
a family, in its class variable `presets`; a project's own of the same name goes before them. No torch, no Qt.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from studio.errors import BadConfig, StudioError
from studio.project import atomic
from studio.project.folder import ProjectFolder

if TYPE_CHECKING:
    from studio.models.base import Model


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """What differs from the recommended `config` of the family, and from the defaults of the trainer's `plan`; plain data."""

    name: str
    family: str
    config: dict[str, Any] = {}
    plan: dict[str, Any] = {}


class PresetFile(msgspec.Struct, frozen=True, kw_only=True):
    """presets.json."""

    kind: str = "presets"
    format: int = 1
    presets: tuple[Preset, ...] = ()


def read(project: ProjectFolder) -> tuple[Preset, ...]:
    """Every preset, the oldest first. Raises BrokenFile, NewerFormat."""
    try:
        return atomic.read_json(project.presets_path, PresetFile, "presets").presets
    except (FileNotFoundError, NotADirectoryError):
        return ()


def of(family: type[Model]) -> tuple[Preset, ...]:
    """Those that come with a family."""
    return tuple(Preset(name=name, family=family.info.id, config=dict(config)) for name, config in family.presets.items())


def find(project: ProjectFolder, name: str) -> Preset:
    """A preset of the project, else of a family. Raises BadConfig where there is none of that name, BrokenFile, NewerFormat."""
    found = {preset.name: preset for preset in read(project)}
    if name not in found:
        from studio.models.base import families

        found = {preset.name: preset for family in families().values() for preset in of(family)} | found
    if name not in found:
        raise BadConfig(name="preset", reason=f"there is no “{name}”; there are: {', '.join(found) or 'none'}")
    return found[name]


def save(project: ProjectFolder, preset: Preset) -> None:
    """Add a preset, or replace the one of that name. A damaged file goes to the backup.

    Raises DiskFull, NotSaved, NewerFormat.
    """
    others = (other for other in _whole(project) if other.name != preset.name)
    atomic.write_json(project.presets_path, PresetFile(presets=(*others, preset)))


def remove(project: ProjectFolder, name: str) -> None:
    """Raises DiskFull, NotSaved, NewerFormat."""
    atomic.write_json(project.presets_path, PresetFile(presets=tuple(p for p in _whole(project) if p.name != name)))


def _whole(project: ProjectFolder) -> tuple[Preset, ...]:
    try:
        return read(project)
    except StudioError as error:
        if error.key == "NewerFormat":
            raise
        with suppress(OSError):
            project.backup.mkdir(parents=True, exist_ok=True)
            project.presets_path.replace(project.backup / project.presets_path.name)
        return ()
