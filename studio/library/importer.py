"""Folders of sounds into the project's index: walk, measure in parallel, remember. The window's desk and the CLI drive it.

The user's files are read and never changed. A sound is known by its path, size and time, then by its content, so importing
again costs a walk; a file that moved keeps its label. Labels are the names of the folders the sounds lie in.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from studio.audio.files import EXTENSIONS, unused
from studio.errors import StudioError
from studio.events import Event, Finished, Produced, Progress, Started, Work
from studio.library import duplicates, splits, workers
from studio.library.index import Index, SoundRow
from studio.project import atomic
from studio.project.folder import ProjectFolder

SKIPPED_FOLDERS = frozenset({"__MACOSX", "$RECYCLE.BIN", "System Volume Information"})
PAUSE = 0.1
"""Seconds between two words about progress, and between two writes to the index."""


class Found(NamedTuple):
    """A file worth measuring. mtime in ns."""

    path: str
    label: str
    size: int
    mtime: int


class Problem(NamedTuple):
    path: str
    reason: str


def import_folders(
    project: ProjectFolder, paths: Sequence[Path | str], *, workers: int | None = None, copy: bool = False
) -> Work:
    """Bring the sounds under `paths` (folders or files) into the index, in `workers` processes (default: one per core).

    copy: put a copy of each into the project's `sounds` folder and refer to that, instead of to where it lies.
    Finished.result: imported, skipped (already known), problems (path and reason of each file that could not be read).
    Raises DiskFull, NotSaved, BrokenFile.
    """
    with Index(project) as index:
        job = _Import(project, index, copy)
        try:
            yield Started(what="import")
            yield from job.scan([Path(os.path.normpath(Path(p).absolute())) for p in paths])
            yield from job.measure(workers or os.cpu_count() or 1)
        finally:
            job.settle()
        problems = [{"path": _text(path), "reason": reason} for path, reason in job.problems]
        yield Finished(result={"imported": job.imported, "skipped": job.skipped, "problems": problems})


def _compare(root: str) -> None:
    """Arithmetic on all sounds, with libraries this process need not load: a worker's job."""
    with ProjectFolder.open(root, lock=False) as project, Index(project) as index:
        duplicates.renew(index)
        splits.renew(index)


class _Import:
    """One import while it runs."""

    def __init__(self, project: ProjectFolder, index: Index, copy: bool) -> None:
        self.project, self.index, self.copy = project, index, copy
        self.imported = self.skipped = 0
        self.problems: list[Problem] = []
        self.todo: list[Found] = []
        self._known = index.known()
        self._by_hash = {facts[3]: (path, facts[0]) for path, facts in self._known.items()}
        self._spoke = 0.0

    def scan(self, paths: Sequence[Path]) -> Iterator[Event]:
        """Find what is new; count what is known."""
        unreadable = self.index.known_unreadable()
        seen: set[str] = set()
        for found in walk(paths, self.project.root):
            if isinstance(found, Problem):
                self.problems.append(found)
                continue
            if found.path in seen:
                continue
            seen.add(found.path)
            stored = self.index.stored(found.path)
            known = self._known.get(stored)
            if known and known[1:3] == (found.size, found.mtime):
                self.skipped += 1
            elif (bad := unreadable.get(stored)) and bad[:2] == (found.size, found.mtime):
                self.problems.append(Problem(found.path, bad[2]))
            else:
                self.todo.append(found)
            if self._due():
                yield Progress(done=0, note=_text(Path(found.path).parent.name))
        known_paths = {path for path, _ in self.index.unreadable()}
        self.index.forget_unreadable(path for path in known_paths if not os.path.lexists(path))

    def measure(self, count: int) -> Iterator[Event]:
        """Measure what is new in `count` processes and write it down in short transactions."""
        from studio.library.measure import measure

        total = len(self.todo)
        if not total:
            return
        labels = {found.path: found.label for found in self.todo}
        rows: list[SoundRow] = []
        bad: list[tuple[str, int, int, str]] = []
        answers = workers.each(measure, [(f.path, f.size, f.mtime) for f in self.todo], count)
        yield Progress(done=0, total=total)
        try:
            for done, ((path, size, mtime), answer) in enumerate(answers, start=1):
                if isinstance(answer, StudioError):
                    reason = answer.values.get("reason") or answer.message
                    bad.append((path, size, mtime, reason))
                    self.problems.append(Problem(path, reason))
                else:
                    rows.append(msgspec.structs.replace(answer, label=labels[path]))
                if self._due():
                    yield from self._write(rows, bad)
                    yield Progress(done=done, total=total, note=_text(Path(path).name))
        finally:
            answers.close()  # type: ignore[attr-defined]
            written = list(self._write(rows, bad))
        yield from written
        yield Progress(done=total, total=total)

    def settle(self) -> None:
        """What depends on all sounds together: which have gone, which are alike, which are held out."""
        flag_vanished(self.index)
        if self.imported:
            workers.alone(_compare, str(self.project.root))

    def _write(self, rows: list[SoundRow], bad: list[tuple[str, int, int, str]]) -> Iterator[Event]:
        """Write down and forget `rows` and `bad`. What was copied is written down also when the next copy fails."""
        measured, unread, new = rows.copy(), bad.copy(), list[SoundRow]()
        rows.clear()
        bad.clear()
        try:
            for row in measured:
                if self._is_new(row):
                    row = self._copied(row) if self.copy else row
                    new.append(row)
                    self._by_hash[row.source_hash] = (self.index.stored(row.path), 0)
        finally:
            if new:
                ids = self.index.put(new)
                self._by_hash |= {row.source_hash: (self.index.stored(row.path), id) for row, id in zip(new, ids)}
            if unread:
                self.index.set_unreadable(unread)
        if new:
            yield Produced(kind="sounds", detail={"count": len(new)})

    def _is_new(self, row: SoundRow) -> bool:
        """Count the sound, and settle at once what needs no new row: it was only touched, it moved, it is copied already."""
        path, id = self._by_hash.get(row.source_hash, ("", 0))
        here = self.index.stored(row.path)
        if path and here not in self._known and not (self.project.root / path).exists():
            self.index.move(id, row.path, row.size, row.mtime)
            self._by_hash[row.source_hash] = (here, id)
        elif path == here:
            self.index.move(id, row.path, row.size, row.mtime)
        elif not path or not self.copy:
            self.imported += 1
            return True
        self.skipped += 1
        return False

    def _copied(self, row: SoundRow) -> SoundRow:
        target = self.project.sounds / (_folder_name(row.label) or "sounds") / row.name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target = unused(target)
            partial = target.with_name(f".{target.name}.partial")
            try:
                shutil.copy2(row.path, partial)
                atomic.settle(partial)
                partial.replace(target)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise atomic.not_saved(target, error) from error
        return msgspec.structs.replace(row, path=str(target), origin=row.path, name=target.name)

    def _due(self) -> bool:
        now = time.monotonic()
        if now - self._spoke < PAUSE:
            return False
        self._spoke = now
        return True


def walk(paths: Sequence[Path], project: Path) -> Iterator[Found | Problem]:
    """Sound files under `paths` in natural folder order. Hidden things are left out; a folder is entered once, whatever
    links lead to it; of the project's own folder only `sounds` is entered."""
    entered: set[tuple[int, int]] = set()
    for path in paths:
        try:
            facts = path.stat()
        except OSError as error:
            yield Problem(str(path), atomic.reason(error))
            continue
        if path.is_dir():
            yield from _walk(path, project, entered)
        else:
            yield _found(str(path), "", facts)


def _walk(folder: Path, project: Path, entered: set[tuple[int, int]]) -> Iterator[Found | Problem]:
    stack = [folder]
    while stack:
        folder = stack.pop()
        try:
            facts = folder.stat()
            if (facts.st_dev, facts.st_ino) in entered:
                continue
            entered.add((facts.st_dev, facts.st_ino))
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name.casefold())
        except OSError as error:
            yield Problem(str(folder), atomic.reason(error))
            continue
        inside = []
        for entry in entries:
            if entry.name.startswith(".") or entry.name in SKIPPED_FOLDERS:
                continue
            try:
                if entry.is_dir():
                    if folder != project or entry.name == "sounds":
                        inside.append(Path(entry.path))
                elif Path(entry.name).suffix.lower() in EXTENSIONS:
                    yield _found(entry.path, folder.name, entry.stat())
            except OSError as error:
                yield Problem(entry.path, atomic.reason(error))
        stack.extend(reversed(inside))


def _found(path: str, label: str, facts: os.stat_result) -> Found | Problem:
    try:
        path.encode()
    except UnicodeEncodeError:
        return Problem(path, "its name holds letters this system can't spell; rename it")
    return Found(path, _text(label), facts.st_size, facts.st_mtime_ns)


def flag_vanished(index: Index) -> list[int]:
    """Mark sounds whose files are gone and unmark those that came back. The ids that are gone now."""
    columns = index.columns("path", "problems")
    gone = [int(i) for i, path in zip(columns["id"], columns["path"]) if not (index.root / path).exists()]
    marked = {int(i) for i, problems in zip(columns["id"], columns["problems"]) if "vanished" in problems.split()}
    if fresh := set(gone) - marked:
        index.flag(fresh, "vanished", True)
    if back := marked - set(gone):
        index.flag(back, "vanished", False)
    return gone


def _folder_name(label: str) -> str:
    return "".join("_" if c in '<>:"/\\|?*' or c < " " else c for c in label).strip(" .")[:80]


def _text(path: Path | str) -> str:
    """A path as text that can be written down, whatever bytes are in it."""
    return os.fsencode(path).decode("utf-8", "replace")
