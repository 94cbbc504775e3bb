"""What an export has made so far, and how it goes again when the export is cancelled or fails. Every format writes within."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from studio.audio import files, placing
from studio.errors import AlreadyThere, ExportError, NoRoom

SPARE = 64_000_000
"""Bytes that stay free on a disk: other programs want to go on."""


class Making:
    """New files and folders below `root`. What was not said to be kept goes again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: list[Path] = []
        self._folders: list[Path] = []
        self._wholes: list[Path] = []

    def folder(self, path: Path) -> Path:
        """Make this folder and those above it where they are not there yet. Raises ExportError."""
        self._folders += [one for one in (path, *path.parents) if not one.exists()]
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ExportError(name=path.name, reason=(error.strerror or str(error)).lower()) from error
        return path

    def place(self, wanted: Path, save: Callable[[Path], None]) -> Path:
        """Let `save` write a file at `wanted`, or at the first name after it that is free. Any thread may call it."""
        while True:
            path = files.unused(wanted)
            with contextlib.suppress(AlreadyThere):  # somebody took the name in between: try the next
                save(path)
                self.files.append(path)
                return path

    def stage(self) -> Path:
        """A hidden folder in which something is made ready that takes its name at once."""
        path = placing.beside(self.root / "stage")
        self._wholes.append(path)
        path.mkdir()
        return path

    def settle(self, whole: Path, wanted: Path) -> Path:
        """Give a finished file or folder of the stage its name, or the first after it that is free. Raises UnwritableAudio."""
        adopt = placing.adopt_folder if whole.is_dir() else placing.adopt
        while True:
            path = files.unused(wanted)
            with contextlib.suppress(AlreadyThere):
                adopt(whole, path)
                (self._wholes if path.is_dir() else self.files).append(path)
                return path

    def keep(self) -> None:
        """From now on everything is the user's, but for a stage that was left empty."""
        self.files, self._folders = [], []
        self._wholes = [path for path in self._wholes if path.suffix == ".partial"]

    def undo(self) -> None:
        """Take away what is not kept: files, stages, and the folders that were made for them."""
        for path in self.files:
            with contextlib.suppress(OSError):
                path.unlink()
        for whole in [*self._wholes, *self._wholes]:  # twice: a scanner of files may hold one for a moment
            with contextlib.suppress(OSError):
                shutil.rmtree(whole, ignore_errors=True)
        for folder in sorted(set(self._folders), key=lambda path: -len(path.parts)):
            with contextlib.suppress(OSError):
                folder.rmdir()


@contextlib.contextmanager
def making(root: Path, needed: int = 0) -> Iterator[Making]:
    """For an export of about `needed` bytes into `root`. Raises NoRoom before anything is made, ExportError where there can be
    no such folder."""
    made = Making(root)
    try:
        made.folder(root)
        if needed > (free := room(root)):
            raise NoRoom(name=root.name, needed=said(needed), free=said(free))
        yield made
    except OSError as error:
        raise ExportError(name=root.name, reason=(error.strerror or str(error)).lower()) from error
    finally:
        made.undo()


def room(folder: Path) -> int:
    """Bytes that may be written into a folder, also one that is not there yet."""
    there = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    try:
        return max(0, shutil.disk_usage(there).free - SPARE)
    except OSError:  # a network disk that does not say: writing will tell
        return sys.maxsize


def said(bytes: float) -> str:
    """A size for people: “3.4 MB”."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if bytes < 999.5:
            return f"{bytes:.0f} {unit}" if unit == "bytes" or bytes >= 99.5 else f"{bytes:.2g} {unit}"
        bytes /= 1000
    return f"{bytes:.3g} TB"
