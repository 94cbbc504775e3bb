"""How a page, or the whole window, takes drops: it says what letting go would do, a curtain shows that, and a drop is told.

    DropTarget(page, offer, taken)     offer(hand) → words for the curtain, "" to leave it to whoever lies around the page

What is dragged is looked at once, when it comes in (files.dropped); folders are never walked here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QWidget

from studio.gui import files
from studio.gui.widgets.drop_curtain import DropCurtain


@dataclass(frozen=True)
class Hand:
    """Something that is dragged over a page. at: in its coordinates; own: it was pulled out of this very window."""

    dropped: files.Dropped
    at: QPoint
    keys: Qt.KeyboardModifier
    own: bool


class DropTarget(QObject):
    """Owned by the page that it lets take drops."""

    def __init__(self, page: QWidget, offer: Callable[[Hand], str], taken: Callable[[Hand], None]) -> None:
        super().__init__(page)
        self._page, self._offer, self._taken = page, offer, taken
        self._hand: Hand | None = None
        self.curtain = DropCurtain(page)
        page.setAcceptDrops(True)
        page.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.DragEnter:
            self._enter(event)  # type: ignore[arg-type]
        elif kind == QEvent.Type.DragMove and self._hand is not None:
            self._move(event)  # type: ignore[arg-type]
        elif kind == QEvent.Type.DragLeave:
            self._leave()
        elif kind == QEvent.Type.Drop and self._hand is not None:
            self._drop(event)  # type: ignore[arg-type]
        elif kind == QEvent.Type.Resize and self.curtain.isVisible():
            self.curtain.setGeometry(self._page.rect())
        return kind in (QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.DragLeave, QEvent.Type.Drop)

    def _enter(self, event: QDropEvent) -> None:
        own = isinstance(event.source(), QWidget)
        self._hand = Hand(files.dropped(event.mimeData()), event.position().toPoint(), event.modifiers(), own)
        if self._hand.dropped.kind == "foreign":
            self._hand = None
            event.ignore()
        else:
            self._move(event)

    def _move(self, event: QDropEvent) -> None:
        assert self._hand is not None
        self._hand = replace(self._hand, at=event.position().toPoint(), keys=event.modifiers())
        words = self._offer(self._hand)
        if words:
            self.curtain.say(words, self._hand.dropped.useful)
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        else:
            self.curtain.hide()
            event.ignore()

    def _leave(self) -> None:
        self._hand = None
        self.curtain.hide()

    def _drop(self, event: QDropEvent) -> None:
        assert self._hand is not None
        hand = replace(self._hand, at=event.position().toPoint(), keys=event.modifiers())
        self._leave()
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self._taken(hand)
