"""A row of sounds, one after another without a hand: when the next one should be heard."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer, Signal, Slot

BREATH, PAUSE = 500, 150
"""Milliseconds before a row of sounds begins, and between two of them."""


class RowPlayer(QObject):
    """Says when the next of a row should be heard. Any key or click anywhere stops it."""

    wanted = Signal(int)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._next = self._count = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._go)

    @property
    def running(self) -> bool:
        return self._count > 0

    def start(self, count: int) -> None:
        self.stop()
        self._next, self._count = 0, count
        QCoreApplication.instance().installEventFilter(self)  # type: ignore[union-attr]
        self._timer.start(BREATH)

    def wait(self, seconds: float) -> None:
        """The present one is this long: the next follows after it, or after a second."""
        self._next += 1
        if self._next < self._count:
            self._timer.start(round(1000 * min(seconds, 1.0)) + PAUSE)
        else:
            self.stop()

    def stop(self) -> None:
        if self.running:
            self._count = 0
            self._timer.stop()
            QCoreApplication.instance().removeEventFilter(self)  # type: ignore[union-attr]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress):
            self.stop()
        return False

    @Slot()
    def _go(self) -> None:
        self.wanted.emit(self._next)
