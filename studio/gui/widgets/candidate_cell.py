"""One candidate sound to hear, to mark, or to go on from. Explore's nine are made of these; it knows no engine."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from studio.engine.engine import Rendered
from studio.gui import theme
from studio.gui.widgets.cell import Cell, paint_outline
from studio.gui.widgets.shape import InMemory

REST = 200
"""Milliseconds the pointer stays until it rests."""


class CandidateCell(Cell):
    """A number, a waveform, and in the corner a ring that marks it."""

    pressed = Signal(int)
    marked = Signal()
    rested = Signal(int)
    """The pointer has rested here for a moment."""

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(60, 26, parent)
        self.number = number
        self.made: Rendered | None = None
        self._outline: InMemory | None = None
        self.heard = self.mark = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST)
        self._rest.timeout.connect(self._rested)
        self.setAccessibleName(self.tr("Candidate {0}").format(number + 1))
        words = self.tr("Click to go on from here; key {0} plays it; the ring marks it; drag it into your DAW")
        self.setToolTip(words.format(number + 1))

    def sizeHint(self) -> QSize:
        return QSize(160, 44)

    @property
    def holds(self) -> bool:
        return self.made is not None

    def show_sound(self, made: Rendered | None) -> None:
        self.made = made
        self._outline = InMemory(made.sound) if made is not None and made.sound.frames else None
        self.update()

    def set_heard(self, heard: bool) -> None:
        self.heard = heard
        self.update()

    def set_mark(self, mark: bool) -> None:
        self.mark = mark
        self.update()

    def _ring(self) -> QRectF:
        return QRectF(self.width() - 18, 6, 11, 11)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint_plate(painter, self.heard)
        painter.setFont(theme.font("caption"))
        painter.setPen(self.ink("accent" if self.heard else "dim"))
        painter.drawText(QPointF(8, 14), str(self.number + 1))
        if self._outline is not None:
            paint_outline(painter, QRectF(22, 4, self.width() - 30, self.height() - 8), self._outline, self.ink("accent"))
            if self.hot or self.mark:
                painter.setPen(QPen(self.ink("good" if self.mark else "dim"), 1.5))
                painter.setBrush(self.ink("good") if self.mark else Qt.BrushStyle.NoBrush)
                painter.drawEllipse(self._ring())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        left = event.button() == Qt.MouseButton.LeftButton
        if left and self.made is not None and self._ring().adjusted(-6, -6, 6, 6).contains(event.position()):
            self.set_mark(not self.mark)
            self.marked.emit()
        else:
            super().mousePressEvent(event)

    def activate(self) -> None:
        self.pressed.emit(self.number)

    def _rested(self) -> None:
        self.rested.emit(self.number)

    def enterEvent(self, event: object) -> None:
        super().enterEvent(event)
        self._rest.start()

    def leaveEvent(self, event: object) -> None:
        super().leaveEvent(event)
        self._rest.stop()
