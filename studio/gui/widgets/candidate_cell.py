"""One candidate sound to hear, to mark, or to go on from. Explore's nine are made of these; it knows no engine."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.engine.engine import Rendered
from studio.gui import theme
from studio.gui.widgets.canvas import Canvas
from studio.gui.widgets.shape import InMemory, picture_of

REST = 200
"""Milliseconds the pointer stays until it rests."""


class CandidateCell(Canvas):
    """A number, a waveform, and in the corner a ring that marks it."""

    pressed = Signal(int)
    marked = Signal()
    rested = Signal(int)
    """The pointer has rested here for a moment."""

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.number = number
        self.made: Rendered | None = None
        self._outline: InMemory | None = None
        self._hot = self.heard = self.mark = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST)
        self._rest.timeout.connect(self._rested)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(60, 26)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(self.tr("Candidate {0}").format(number + 1))
        self.setToolTip(self.tr("Click to go on from here; key {0} plays it; the ring marks it").format(number + 1))

    def sizeHint(self) -> QSize:
        return QSize(160, 44)

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
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
        strong = self.heard or self.hasFocus()
        painter.setPen(QPen(self.ink("accent" if strong else "line"), 1.5 if strong else 1))
        painter.setBrush(self.ink("raised") if not self._hot else self.ink("line", 0.6))
        painter.drawRoundedRect(area, theme.RADIUS, theme.RADIUS)
        painter.setFont(theme.font("caption"))
        painter.setPen(self.ink("accent" if self.heard else "dim"))
        painter.drawText(QPointF(8, 14), str(self.number + 1))
        if self._outline is not None:
            inside = QRectF(22, 4, self.width() - 30, self.height() - 8)
            columns = self._outline.view(0, self._outline.frames, max(1, int(inside.width())))
            peak = float(max(columns[1].max(), -columns[0].min()))
            gain = 1 / peak if peak > 1e-4 else 1.0
            painter.drawImage(inside, picture_of(columns, max(2, int(inside.height() * 2)), self.ink("accent"), gain=gain))
            if self._hot or self.mark:
                painter.setPen(QPen(self.ink("good" if self.mark else "dim"), 1.5))
                painter.setBrush(self.ink("good") if self.mark else Qt.BrushStyle.NoBrush)
                painter.drawEllipse(self._ring())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if self.made is not None and self._ring().adjusted(-6, -6, 6, 6).contains(event.position()):
            self.set_mark(not self.mark)
            self.marked.emit()
        else:
            self.pressed.emit(self.number)

    def _rested(self) -> None:
        self.rested.emit(self.number)

    def keyPressEvent(self, event: object) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):  # type: ignore[attr-defined]
            self.pressed.emit(self.number)
        else:
            super().keyPressEvent(event)  # type: ignore[arg-type]

    def enterEvent(self, event: object) -> None:
        self._hot = True
        self._rest.start()
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._hot = False
        self._rest.stop()
        self.update()
