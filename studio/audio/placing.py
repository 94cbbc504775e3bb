"""New things on the disk: whole or not there, and never in the place of another. Writers of sounds and exports come here.

What is written lies beside its target under a hidden name, is flushed to the disk, and then takes a name that nobody has.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import secrets
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from studio.errors import AlreadyThere, UnwritableAudio

AnyPath = str | os.PathLike[str]


def publish(target: Path, content: Callable[[], Iterator[bytes]], *, staged: bool = False) -> None:
    """Write `content` beside `target`, flush it to the disk and give it the name, unless somebody has it.

    staged: in a folder of one's own that `adopt_folder` will show to others: written in its place, and flushed.
    Whatever fails, neither a half-written file nor another's loss remains. Raises AlreadyThere, UnwritableAudio.
    """
    for _ in publishing(target, content, staged=staged):
        pass


def publishing(target: Path, content: Callable[[], Iterator[bytes]], *, staged: bool = False) -> Generator[int, None, None]:
    """`publish` piece by piece, for who wants to tell of it or leave off: the bytes written so far, after each. Closing it
    leaves nothing."""
    if target.exists() or target.is_symlink():
        raise AlreadyThere(name=target.name)
    partial = target if staged else beside(target)
    with _refused(target):
        try:
            with partial.open("xb") as file:
                for piece in content():
                    file.write(piece)
                    yield file.tell()
                file.flush()
                os.fsync(file.fileno())
            if staged:
                return
            _name(partial, target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                partial.unlink()
            raise
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()
        _settle(target)


def beside(target: Path) -> Path:
    """A hidden name in the same folder that nobody has."""
    return target.with_name(f".{secrets.token_hex(8)}.partial")


def adopt(whole: Path, target: Path) -> None:
    """Give a finished file on the same disk its name, unless somebody has it. Raises AlreadyThere, UnwritableAudio."""
    with _refused(target):
        with whole.open("rb+") as file:
            os.fsync(file.fileno())
        _name(whole, target)
        whole.unlink(missing_ok=True)
        _settle(target)


def adopt_folder(whole: Path, target: Path) -> None:
    """Give a finished folder on the same disk its name, unless somebody has it. Raises AlreadyThere, UnwritableAudio."""
    with _refused(target):
        for folder in (whole, *(path for path in whole.rglob("*") if path.is_dir())):
            _sync_folder(folder)
        if os.name != "nt":
            target.mkdir()  # reserves the name: a folder only ever replaces this empty one
        try:
            whole.rename(target)  # which Windows refuses where the name is taken
        except OSError:
            if os.name != "nt":
                target.rmdir()
            raise
        _settle(target)


@contextlib.contextmanager
def _refused(target: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise AlreadyThere(name=target.name) from error
    except OSError as error:
        raise UnwritableAudio(name=target.name, reason=(error.strerror or str(error)).lower()) from error


def _name(partial: Path, target: Path) -> None:
    """`partial` becomes `target`; raises FileExistsError rather than replace anything."""
    if os.name == "nt":
        partial.rename(target)  # refuses an existing name there
        return
    try:
        os.link(partial, target)  # the one POSIX call that names a file and never replaces
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
            raise
        target.open("xb").close()  # a disk without hard links: reserve the name, then replace our own empty file
        try:
            partial.replace(target)
        except OSError:
            target.unlink()
            raise


def _settle(target: Path) -> None:
    """Flush its name to the disk; where that fails it goes again, because the caller is told that it is not there."""
    try:
        _sync_folder(target.parent)
    except OSError:
        if target.is_dir():
            shutil.rmtree(target, ignore_errors=True)
        else:
            target.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:  # some network disks can't; the file itself is flushed
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(handle)


def unused(path: AnyPath) -> Path:
    """`path` itself, or the first of “name 2.wav”, “name 3.wav” … that is free."""
    return next(candidate for candidate in numbered(Path(path)) if not candidate.exists() and not candidate.is_symlink())


def numbered(path: Path) -> Iterator[Path]:
    """“name.wav”, “name 2.wav”, “name 3.wav” …"""
    yield path
    for number in itertools.count(2):
        yield path.with_name(f"{path.stem} {number}{path.suffix}")
