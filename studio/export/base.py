"""The contract between a format and whoever exports: one format per file beside this one, found by scanning.

The Clips page, the CLI and tests know a format only through `Exporter`: its options declare their own form and flags
(studio/fields.py), and `write` is a generator of events that leaves whole files under new names, or nothing.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from studio.audio import files
from studio.audio.sound import Sound
from studio.errors import AlreadyThere, ExportError, StudioError, UsageError
from studio.events import Finished, Produced, Progress, Started, Work
from studio.export import names
from studio.project.recipe import Recipe


class Item(msgspec.Struct, frozen=True):
    """One sound to export. `sound`: edits applied, or a path, or a function that gives it when its turn comes;
    `root`: MIDI note with fraction; `loop`: first and last frame, inclusive, of `sound`."""

    sound: Any  # Sound | Path | Callable[[], Sound]
    name: str
    recipe: Recipe | None = None
    root: float | None = None
    loop: tuple[int, int] | None = None

    def load(self) -> Sound:
        """Raises what files.read raises."""
        if isinstance(self.sound, Sound):
            return self.sound
        return self.sound() if callable(self.sound) else files.read(self.sound)


class Exporter(ABC):
    """A format. Subclasses set the class variables and `write`; `Options` is a frozen struct of studio.fields settings."""

    id: ClassVar[str]
    name: ClassVar[str]
    sentence: ClassVar[str]
    extension: ClassVar[str]
    Options: ClassVar[type[msgspec.Struct]]

    @abstractmethod
    def write(self, items: Sequence[Item], folder: Path, options: Any, template: str = names.DEFAULT) -> Work:
        """Write `items` into `folder` under names that nobody has. Yields a Produced(kind="file") for each new file and ends
        with Finished {"files": [paths], "problems": [{"name", "reason"}]}. Closing it, or an error, leaves none of its files.
        Raises ExportError, UsageError."""


class OneFileEach(Exporter):
    """A format that makes one file of each sound: subclasses only say how one is written."""

    @abstractmethod
    def save(self, path: Path, item: Item, options: Any) -> None:
        """Write one sound to a path that is free. Raises AlreadyThere where it no longer is."""

    def write(self, items: Sequence[Item], folder: Path, options: Any, template: str = names.DEFAULT) -> Work:
        wanted = names.preview(template, items)
        yield Started(what="export", total=len(items))
        problems: list[dict[str, str]] = []
        with written(folder) as made:
            for done, (item, name) in enumerate(zip(items, wanted)):
                yield Progress(done=done, total=len(items), note=item.name)
                try:
                    path = self._new(folder / f"{name}{self.extension}", item, options)
                except StudioError as error:
                    if len(items) == 1:
                        raise
                    problems.append({"name": item.name, "reason": error.message})
                    continue
                made.append(path)
                yield Produced(kind="file", path=str(path), detail={"name": item.name})
            if problems and not made:
                raise ExportError(name=problems[0]["name"], reason=problems[0]["reason"].rstrip("."))
            yield Progress(done=len(items), total=len(items))
            result = {"files": [str(path) for path in made], "problems": problems}
            made.clear()  # from here on they are the user's, whoever closes us
            yield Finished(result=result)

    def _new(self, wanted: Path, item: Item, options: Any) -> Path:
        while True:
            path = files.unused(wanted)
            with contextlib.suppress(AlreadyThere):  # somebody took the name in between: try the next
                self.save(path, item, options)
                return path


@contextlib.contextmanager
def written(folder: Path) -> Iterator[list[Path]]:
    """A list for the files that are made in `folder`: what is still in it at the end, when cancelled or after an error, goes
    again, and so do the folders that were made for it. Raises ExportError where there can be no such folder."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(name=folder.name, reason=(error.strerror or str(error)).lower()) from error
    made: list[Path] = []
    finished = False
    try:
        yield made
        finished = not made
    finally:
        for path in made:
            path.unlink(missing_ok=True)
        if not finished:
            for parent in missing:
                with contextlib.suppress(OSError):
                    parent.rmdir()


@functools.cache
def exporters() -> dict[str, Exporter]:
    """Every format in this folder by id, in the order of their file names."""
    import studio.export as package

    found: dict[str, Exporter] = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
        for value in vars(importlib.import_module(f"studio.export.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, Exporter) and "id" in vars(value):
                found[value.id] = value()
    return found


def exporter(id: str) -> Exporter:
    """Raises UsageError."""
    known = exporters()
    if id not in known:
        raise UsageError(reason=f"There is no export format “{id}”; known are {', '.join(known)}")
    return known[id]
