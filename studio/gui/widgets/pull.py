"""When a press becomes a drag: for widgets out of which a sound can be pulled."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication


class Pull:
    """Told of presses, moves and releases of one widget."""

    def __init__(self) -> None:
        self._from: QPoint | None = None

    def press(self, event: QMouseEvent) -> None:
        self._from = event.position().toPoint() if event.button() == Qt.MouseButton.LeftButton else None

    def begins(self, event: QMouseEvent) -> bool:
        """Whether this move has gone far enough to mean a drag; only once for each press."""
        if self._from is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return False
        if (event.position().toPoint() - self._from).manhattanLength() < QApplication.startDragDistance():
            return False
        self._from = None
        return True

    def release(self) -> bool:
        """The button is up: whether it was a click."""
        clicked, self._from = self._from is not None, None
        return clicked
