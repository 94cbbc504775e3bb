"""The file of Explore's history: read when a project is opened, written a moment after each change, off the GUI thread.

A disk that refuses costs the history, not the work: it is said once, and tried again with the next change.
"""

from __future__ import annotations

import sys
import threading
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot

from studio.errors import BrokenFile, NewerFormat, StudioError
from studio.explore.history import History, HistoryFile
from studio.gui.session import Problem, Session
from studio.gui.widgets.later import Later
from studio.project import atomic
from studio.project.folder import ProjectFolder

PAUSE = 1500
"""Milliseconds after a change until it is written; changes in between go with it."""
LARGEST = atomic.LARGEST
"""Bytes. A history within its bounds is smaller."""


class _Writer:
    """Writes one file, never an older state over a newer one, whichever thread comes first."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock, self._done = path, threading.Lock(), 0

    def write(self, number: int, file: HistoryFile) -> None:
        """State `number` of the history. Raises DiskFull, NotSaved."""
        with self._lock:
            if number > self._done:
                atomic.write_bytes(self._path, file.to_json())
                self._done = number

    def end(self) -> None:
        """Wait for a write that is under way; none comes after this."""
        with self._lock:
            self._done = sys.maxsize


class HistoryKeeper(QObject):
    """Keeps the history of the session's project in its folder."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._writer: _Writer | None = None
        self._history: History | None = None  # as it is now; None where nothing is waiting to be written
        self._number = 0
        self._asked: HistoryFile | None = None  # state `_number`, which another thread may be writing
        self._said = False
        self._later = Later(self)
        self._later.done.connect(self._written)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE)
        self._pause.timeout.connect(self.flush)
        session.closing.connect(self.close)

    def open(self, project: ProjectFolder | None) -> History:
        """The history in the project's folder; an empty one where there is none. What is damaged is said and put aside."""
        self.forget()
        if project is None:
            return History()
        path = project.history_path
        history = History()
        try:
            history = read(path)
        except FileNotFoundError:
            pass
        except NewerFormat as error:
            self._session.complain(error)
            return history  # and never written over
        except StudioError as error:
            self._session.complain(error)
            if not _put_aside(path, project.backup):
                return history
        if history.damaged:
            self._session.tell(self.tr("{0} places of Explore's history were damaged and left out").format(history.damaged))
        self._writer, self._said = _Writer(path), False
        return history

    def forget(self) -> None:
        """Nothing is kept until a project is opened."""
        self._pause.stop()
        self._later.drop()
        self._writer = self._history = self._asked = None

    def changed(self, history: History) -> None:
        """`history` is another one now; it is written soon."""
        self._history = history
        if self._writer is not None and not self._pause.isActive():
            self._pause.start()

    @Slot()
    def flush(self) -> None:
        """Write what waits, without waiting for it."""
        self._pause.stop()
        if self._history is not None and self._writer is not None:
            self._later.ask(partial(self._writer.write, *self._take(self._history)))

    @Slot()
    def close(self) -> None:
        """The project is about to be let go: what waits is on the disk when this returns."""
        self._pause.stop()
        if self._writer is None:
            return
        if self._history is not None:
            self._take(self._history)
        try:
            if self._asked is not None:
                self._writer.write(self._number, self._asked)
        except StudioError as error:
            self._complain(error)
        self._writer.end()

    def _take(self, history: History) -> tuple[int, HistoryFile]:
        self._number += 1
        self._asked, self._history = history.snapshot(), None
        return self._number, self._asked

    @Slot(object)
    def _written(self, answer: object) -> None:
        if isinstance(answer, Exception) and self._writer is not None:
            self._complain(answer)

    def _complain(self, error: Exception) -> None:
        if not self._said:
            self._said = True
            words = error.message if isinstance(error, StudioError) else str(error)
            sentence = self.tr("Explore's history can't be kept: {0}").format(words)
            self._session.complain(Problem(sentence, self.tr("Your sounds and clips are safe.")))


def read(path: Path) -> History:
    """Raises FileNotFoundError, BrokenFile, NewerFormat."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise BrokenFile(name=path.name, reason=atomic.reason(error)) from error
    if len(data) > LARGEST:
        raise BrokenFile(name=path.name, reason="it is far too large")
    return History.from_json(data)


def _put_aside(path: Path, backup: Path) -> bool:
    """Move a damaged file to where copies are kept, so that it is not written over."""
    try:
        backup.mkdir(parents=True, exist_ok=True)
        path.replace(backup / path.name)
    except OSError:
        return False
    return True
