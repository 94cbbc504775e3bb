"""Small work off the GUI thread for one widget: the newest question wins, answers come back in the GUI thread.

For pictures that take 5 to 200 ms. Anything longer, or anything a person may cancel, is a job of engine/jobs.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal


class _Post(QObject):
    back = Signal(object)


class _Task(QRunnable):
    def __init__(self, post: _Post, work: Callable[[], Any]) -> None:
        super().__init__()
        self._post, self._work = post, work

    def run(self) -> None:
        try:
            answer: Any = self._work()
        except Exception as error:  # told to the asker, who may show it
            answer = error
        self._post.back.emit(answer)


class Later(QObject):
    """One question at a time in the thread pool. `done` carries the answer, or the exception that came instead."""

    done = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._post = _Post()
        self._post.back.connect(self._arrived, Qt.ConnectionType.QueuedConnection)
        self._next: Callable[[], Any] | None = None
        self._task: _Task | None = None

    @property
    def busy(self) -> bool:
        return self._task is not None

    def ask(self, work: Callable[[], Any]) -> None:
        """Answer `work` as soon as the one under way is through; a question that still waits is dropped."""
        self._next = work
        if self._task is None:
            self._start()

    def drop(self) -> None:
        """Forget the waiting question."""
        self._next = None

    def _start(self) -> None:
        assert self._next is not None
        self._task, self._next = _Task(self._post, self._next), None
        self._task.setAutoDelete(False)
        QThreadPool.globalInstance().start(self._task)

    def _arrived(self, answer: Any) -> None:
        self._task = None
        if self._next is not None:
            self._start()
        self.done.emit(answer)
