"""The sounds that a person has pinned, A to H, on the morph pad of each model. Small, written whole at every change.

Explore reads and writes them; what each file format held is told in formats.py.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from studio.errors import StudioError
from studio.project import atomic
from studio.project.recipe import Recipe

if TYPE_CHECKING:
    from studio.project.folder import ProjectFolder

LETTERS = "ABCDEFGH"


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """A sound under a letter. x, y: its place on the pad, −1 to 1; seconds: how long it came out."""

    letter: str
    recipe: Recipe
    x: float
    y: float
    seconds: float = 0.0


class PinFile(msgspec.Struct, frozen=True, kw_only=True):
    """pins.json. One letter can stand once for each run."""

    kind: str = "pins"
    format: int = 1
    pins: tuple[Pin, ...] = ()


def load(project: ProjectFolder) -> tuple[Pin, ...]:
    """Every pin of the project that makes sense. Raises BrokenFile, NewerFormat; no file is no pin."""
    try:
        file = atomic.read_json(project.pins_path, PinFile, "pins")
    except (FileNotFoundError, NotADirectoryError):
        return ()
    return tuple(pin for pin in file.pins if _sound(pin))


def save(project: ProjectFolder, pins: Iterable[Pin]) -> None:
    """Raises DiskFull, NotSaved. A file that could not be read goes to the backup folder first."""
    path = project.pins_path
    try:
        load(project)
    except StudioError:
        with suppress(OSError):
            project.backup.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, project.backup / path.name)
    atomic.write_json(path, PinFile(pins=tuple(pins)))


def _sound(pin: Pin) -> bool:
    """A letter of ours, a place on the pad, and one rectangle of numbers that is a latent."""
    latent = pin.recipe.request.latent
    numbers = [pin.x, pin.y, pin.seconds, *(v for row in latent or () for v in row)]
    return (
        pin.letter in tuple(LETTERS)
        and latent is not None
        and len({len(row) for row in latent}) == 1
        and len(latent[0]) > 0
        and all(abs(v) < 1e6 for v in numbers)
        and max(abs(pin.x), abs(pin.y)) <= 1
    )
