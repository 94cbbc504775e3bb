"""Drops as a page meets them: the events that Qt would send it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QWidget

ACTIONS = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def urls(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def drop_on(page: QWidget, data: QMimeData, at: QPoint, keys: Qt.KeyboardModifier = NONE) -> bool:
    """Whether the page itself took the drag; then it is dropped there, as a copy."""
    enter = QDragEnterEvent(at, ACTIONS, data, LEFT, keys)
    _tell(page, enter)
    if not enter.isAccepted():
        _tell(page, QDragLeaveEvent())
        return False
    assert enter.dropAction() == Qt.DropAction.CopyAction
    let_go = QDropEvent(QPointF(at), ACTIONS, data, LEFT, keys)
    _tell(page, let_go)
    assert let_go.isAccepted() and let_go.dropAction() == Qt.DropAction.CopyAction
    return True


def _tell(page: QWidget, event: QEvent) -> None:
    """To this page alone; Qt would ask what lies around it next."""
    event.ignore()
    page.drops.eventFilter(page, event)  # type: ignore[attr-defined]
