"""Files that are whole or not there: written beside, flushed to the disk, then put in place in one step.

Everything that writes into a project comes through here. A reader, or the next start after a power cut, sees the old file
or the new one, never a part; what a killed process leaves behind ends in `.partial` and means nothing to anyone.
"""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from studio.errors import AlreadyThere, BrokenFile, DiskFull, NewerFormat, NotSaved, StudioError
from studio.project import migrations

S = TypeVar("S", bound=msgspec.Struct)
LARGEST = 64 << 20
"""Bytes. No JSON file of a project comes near; a hostile one could fill the memory."""

WINDOWS = os.name == "nt"
PATIENCE = (0.005, 0.02, 0.05, 0.1, 0.2)
"""Seconds between attempts to replace a file that somebody has open."""

_count = itertools.count()


class Header(msgspec.Struct, frozen=True):
    """What every JSON file of a project starts with; read before the rest is looked at."""

    kind: str
    format: int


def write_bytes(path: Path, data: bytes) -> Path:
    """Put `data` at `path`, replacing what is there. Raises DiskFull or NotSaved; then what was there is unchanged."""
    path = Path(path)
    temp = path.with_name(f".{path.name}.{os.getpid()}-{next(_count)}.partial")
    try:
        try:
            handle = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o644)
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(handle, view) :]
                os.fsync(handle)
            finally:
                os.close(handle)
            put(temp, path)
        except BaseException:
            with suppress(OSError):
                temp.unlink()
            raise
        settle(path.parent)
    except OSError as error:
        raise not_saved(path, error) from error
    return path


def put(temp: Path, path: Path) -> None:
    """Give `temp` the name `path`. Windows refuses while somebody reads what is there, which takes milliseconds."""
    for rest in PATIENCE if WINDOWS else ():
        try:
            temp.replace(path)
            return
        except PermissionError:
            time.sleep(rest)
    temp.replace(path)


def write_json(path: Path, value: msgspec.Struct) -> Path:
    """`write_bytes` of a struct as JSON that a person can read."""
    return write_bytes(path, msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")


def read_json(path: Path, type: type[S], kind: str, steps: Sequence[migrations.Step] | None = None) -> S:
    """The struct in a project file, brought up to the present format in memory.

    `steps` are the migrations of this kind (default: those of migrations.py), so the format read is their number plus one.
    Raises NewerFormat before the content is decoded, BrokenFile on anything else; a file that is not there stays
    FileNotFoundError or NotADirectoryError.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise BrokenFile(name=path.name, reason=reason(error)) from error
    if len(data) > LARGEST:
        raise BrokenFile(name=path.name, reason="it is far too large")
    steps = migrations.STEPS.get(kind, ()) if steps is None else steps
    try:
        header = msgspec.json.decode(data, type=Header)
        if header.kind != kind:
            raise BrokenFile(name=path.name, reason=f"it says it is a “{header.kind[:40]}”, not a {kind}")
        if header.format > len(steps) + 1:
            raise NewerFormat(name=path.name, found=header.format, known=len(steps) + 1)
        if header.format < 1:
            raise BrokenFile(name=path.name, reason=f"there is no format {header.format}")
        if header.format == len(steps) + 1:
            return msgspec.json.decode(data, type=type)
        content = msgspec.json.decode(data)
        for step in steps[header.format - 1 :]:
            content = step(content)
        return msgspec.convert(content | {"format": len(steps) + 1}, type=type)
    except StudioError:
        raise
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenFile(name=path.name, reason=_plain(error)) from error
    except (LookupError, TypeError, ValueError, AttributeError) as error:  # a migration met content of no known shape
        raise BrokenFile(name=path.name, reason="it is not what its format promises") from error


@contextmanager
def folder(path: Path, replace: bool = False) -> Iterator[Path]:
    """Fill the folder that is yielded; it becomes `path` in one step when the block ends well, or vanishes when it does not.

    With `replace` it takes the place of the one that is there. Raises AlreadyThere, DiskFull or NotSaved.
    """
    path = Path(path)
    if path.exists() and not replace:
        raise AlreadyThere(name=path.name)
    temp = path.with_name(path.name + ".partial")
    try:
        shutil.rmtree(temp, ignore_errors=True)
        temp.mkdir(parents=True)
        try:
            yield temp
            for root, _, names in os.walk(temp):
                for name in names:
                    settle(Path(root, name))
                settle(Path(root))
            if path.exists():
                if not replace:
                    raise AlreadyThere(name=path.name)
                drop(path)
            temp.rename(path)
        except BaseException:
            shutil.rmtree(temp, ignore_errors=True)
            raise
        settle(path.parent)
    except OSError as error:
        raise not_saved(path, error) from error


def drop(path: Path) -> None:
    """Delete a folder so that it is whole until it is gone. Quietly nothing where the system refuses."""
    aside = path.with_name(path.name + ".old.partial")
    shutil.rmtree(aside, ignore_errors=True)
    with suppress(OSError):
        path.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)


def move(source: Path, target: Path) -> None:
    """Rename within one disk; nothing at `target` is replaced. Raises AlreadyThere, DiskFull or NotSaved."""
    if os.path.lexists(target):
        raise AlreadyThere(name=target.name)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        settle(target.parent)
        settle(source.parent)
    except OSError as error:
        raise not_saved(source, error) from error


def settle(path: Path) -> None:
    """Have the disk hold `path`: a file's bytes, or a folder's names (which Windows settles by itself)."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if not (path.is_dir() and error.errno in (errno.EINVAL, errno.ENOTSUP)):  # some network disks can't sync a folder
            raise
    finally:
        os.close(handle)


def not_saved(path: Path, error: OSError) -> StudioError:
    """The named error for a write that the system refused."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(name=path.name)
    return NotSaved(name=path.name, reason=reason(error))


def reason(error: OSError) -> str:
    """The system's own words as the middle of a sentence."""
    text = (os.strerror(error.errno) if error.errno else str(error)) or type(error).__name__
    return text[0].lower() + text[1:]


def _plain(error: Exception) -> str:
    if isinstance(error, msgspec.ValidationError):
        return "it does not hold what it should (" + str(error)[:120].replace("`", "") + ")"
    return "it is not whole JSON"
