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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeVar

import msgspec

from studio.audio import files
from studio.audio.sound import Audio, Sound, whole
from studio.errors import ExportError, StudioError, UsageError
from studio.events import Finished, Produced, Progress, Started, Work
from studio.export import names
from studio.export.crew import Reading, in_order, watched
from studio.export.making import Making, making
from studio.fields import Field, describe
from studio.project.recipe import Recipe

R = TypeVar("R")


class Shape(NamedTuple):
    """How long a sound is before it is read."""

    rate: int
    channels: int
    frames: int

    @property
    def seconds(self) -> float:
        return self.frames / self.rate


class Item(msgspec.Struct, frozen=True):
    """One sound to export.

    sound: edits applied, or a path, or a function that gives it when its turn comes, in any thread
    root: MIDI note with fraction; velocity: 0–127; tempo: beats a minute; None where nobody knows
    loop: first and last frame, inclusive, of `sound`; marks: frames of it where slices begin
    label, tags: what it is said to be; folder: where it lies under what was chosen, “Drums/Kicks”
    extent: its shape where that is known before it is read
    """

    sound: Any  # Audio | Path | Callable[[], Audio]
    name: str
    recipe: Recipe | None = None
    root: float | None = None
    loop: tuple[int, int] | None = None
    velocity: float | None = None
    tempo: float | None = None
    marks: tuple[int, ...] = ()
    label: str = ""
    tags: tuple[str, ...] = ()
    folder: str = ""
    extent: Shape | None = None

    def load(self) -> Sound:
        """The sound, in memory. Raises what files.read raises."""
        return whole(self.audio())

    def audio(self) -> Audio:
        """The sound, which is not in memory where it is long. Raises what files.read raises."""
        if isinstance(self.sound, Path | str):
            found = files.opened(self.sound)
        else:
            found = self.sound() if callable(self.sound) else self.sound
        return watched(found)

    @property
    def shape(self) -> Shape | None:
        """None where only reading it would tell, or nothing can be read."""
        if self.extent is not None:
            return self.extent
        if isinstance(self.sound, Sound):
            return Shape(self.sound.rate, self.sound.channels, self.sound.frames)
        if isinstance(self.sound, Path):
            with contextlib.suppress(StudioError):
                found = files.probe(self.sound)
                return Shape(found.rate, found.channels, found.frames)
        return None


class Exporter(ABC):
    """A format. Subclasses set the class variables and fill in the methods; `Options` is a frozen struct of studio.fields
    settings."""

    id: ClassVar[str]
    name: ClassVar[str]
    sentence: ClassVar[str]
    extension: ClassVar[str]
    """Of the files it makes, or of the main one in the folder it makes."""
    whole: ClassVar[bool] = False
    """Whether all sounds go into one thing, a folder or a file."""
    Options: ClassVar[type[msgspec.Struct]]

    @property
    def fields(self) -> tuple[Field, ...]:
        """The options as a form shows them: the format's own before those it shares with others."""
        declared = [name for kind in self.Options.__mro__ for name in vars(kind).get("__annotations__", {})]
        return tuple(sorted(describe(self.Options), key=lambda field: declared.index(field.name)))

    @abstractmethod
    def write(self, items: Sequence[Item], folder: Path, options: Any, template: str = names.DEFAULT) -> Work:
        """Write `items` into `folder` under names that nobody has. Yields a Produced for each new thing there, kind "file" or
        "folder", and ends with Finished {"files": [every path], "problems": [{"name", "reason"}]}. Closing it, or an error,
        leaves none of its files. Raises ExportError, NoRoom, UsageError."""

    @abstractmethod
    def predict(self, items: Sequence[Item], options: Any) -> int:
        """Bytes that `write` will take: exact for WAV of sounds whose shape is known, about right for what is compressed."""

    @abstractmethod
    def first(self, items: Sequence[Item], options: Any, template: str = names.DEFAULT) -> str:
        """What the first thing that `write` makes of these is called, under its folder; a folder ends in a slash. Raises
        UsageError."""


class OneFileEach(Exporter):
    """A format that makes one file of each sound: subclasses say how one is written, and how large it will be."""

    @abstractmethod
    def save(self, path: Path, item: Item, options: Any) -> None:
        """Write one sound to a path that is free; may run in any thread. Raises AlreadyThere where it no longer is."""

    @abstractmethod
    def size(self, item: Item, shape: Shape, options: Any) -> int:
        """Bytes of the file of a sound of this shape."""

    def predict(self, items: Sequence[Item], options: Any) -> int:
        return sum(self.size(item, shape, options) for item in items if (shape := item.shape) is not None)

    def named(self, items: Sequence[Item], options: Any, template: str) -> list[str]:
        """The name of each file without its suffix, perhaps with folders before it."""
        return names.preview(template, items, octave=getattr(options, "octave", names.OCTAVE), rate=rate_of(options))

    def first(self, items: Sequence[Item], options: Any, template: str = names.DEFAULT) -> str:
        value = names.values(
            items[0], 1, count=len(items), octave=getattr(options, "octave", names.OCTAVE), rate=rate_of(options)
        )
        return names.fill(template, value, items[0].folder) + self.extension

    def write(self, items: Sequence[Item], folder: Path, options: Any, template: str = names.DEFAULT) -> Work:
        wanted = [folder / f"{name}{self.extension}" for name in self.named(items, options, template)]
        yield Started(what="export", total=len(items))
        written: list[str] = []
        problems: list[dict[str, str]] = []
        with making(folder, self.predict(items, options)) as made:
            for path in wanted:
                made.folder(path.parent)
            jobs = [functools.partial(self._new, made, path, item, options) for path, item in zip(wanted, items)]
            yield Progress(done=0, total=len(items), note=items[0].name if items else "")
            done = 0
            with contextlib.closing(in_order(jobs, attempt)) as found:
                for new in found:
                    if isinstance(new, Reading):
                        yield reading(done, new, items)
                        continue
                    item, done = items[done], done + 1
                    if isinstance(new, StudioError):
                        if len(items) == 1:
                            raise new
                        problems.append({"name": item.name, "reason": new.message})
                    else:
                        written.append(str(new))
                        yield Produced(kind="file", path=str(new), detail={"name": item.name})
                    yield Progress(done=done, total=len(items), note=items[done].name if done < len(items) else "")
            if problems and len(problems) == len(items):
                raise ExportError(name=problems[0]["name"], reason=problems[0]["reason"].rstrip("."))
            if written:
                made.keep()  # from here on they are the user's, whoever closes us
            yield Finished(result={"files": written, "problems": problems})

    def _new(self, made: Making, wanted: Path, item: Item, options: Any) -> Path:
        return made.place(wanted, lambda path: self.save(path, item, options))


def reading(done: int, found: Reading, items: Sequence[Item]) -> Progress:
    """How far an export is that has `done` items, and a share of the next."""
    return Progress(done=round(1000 * (done + found.share)), total=1000 * len(items), note=items[done].name)


def attempt(job: Callable[[], R]) -> R | StudioError:
    """What a job gives, or the named error that it ends with: the others of an export go on."""
    try:
        return job()
    except StudioError as error:
        return error


def rate_of(options: Any) -> int | None:
    """The sample rate that options ask for; None where each sound keeps its own."""
    rate = getattr(options, "rate", "keep")
    return None if rate == "keep" else int(rate)


@functools.cache
def exporters() -> dict[str, Exporter]:
    """Every format in this folder by id, in the order of their file names."""
    import studio.export as package

    found: dict[str, Exporter] = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
        for value in vars(importlib.import_module(f"studio.export.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, Exporter) and "id" in vars(value):
                found[value.id] = value()
    return dict(sorted(found.items(), key=lambda pair: ORDER.index(pair[0]) if pair[0] in ORDER else len(ORDER)))


ORDER = ("wav", "flac", "aiff", "mp3", "ogg", "wavetable", "sfz", "dspreset", "multisample", "pack")
"""As they are offered: plain files first; others follow."""


def exporter(id: str) -> Exporter:
    """Raises UsageError."""
    known = exporters()
    if id not in known:
        raise UsageError(reason=f"There is no export format “{id}”; known are {', '.join(known)}")
    return known[id]
