"""The session's undo stack and the steps on it: a pair of functions, and keeping a clip."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

if TYPE_CHECKING:
    from studio.gui.session import Session


class UndoStack(QUndoStack):
    """Says so before it goes back or forth, so that a move without a clear end is finished first."""

    asked = Signal()

    def undo(self) -> None:
        self.asked.emit()
        super().undo()

    def redo(self) -> None:
        self.asked.emit()
        super().redo()


class Step(QUndoCommand):
    """`forward` runs when the step is pushed, and on every redo."""

    def __init__(self, text: str, forward: Callable[[], Any], back: Callable[[], Any]) -> None:
        super().__init__(text)
        self._forward, self._back = forward, back

    def redo(self) -> None:
        self._forward()

    def undo(self) -> None:
        self._back()


class Kept(QUndoCommand):
    """Undo of keeping: the clip goes to the project's trash and back. The first redo is the keeping itself."""

    def __init__(self, session: Session, clip: str, text: str) -> None:
        super().__init__(text)
        self._session, self._clip, self._fresh = session, clip, True

    def redo(self) -> None:
        if self._fresh:
            self._fresh = False
            return
        if self._session.project is not None:
            self._session.project.restore_clip(self._clip)
            self._session.clipsChanged.emit()

    def undo(self) -> None:
        if self._session.project is not None:
            self._session.project.trash_clip(self._clip)
            self._session.clipsChanged.emit()
