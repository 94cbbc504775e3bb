"""What all small sounds that one can press have in common: a plate that lights up, a click, the Return key, an outline."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.gui import theme
from studio.gui.widgets.canvas import Canvas
from studio.gui.widgets.pull import Pull
from studio.gui.widgets.shape import Columns, InMemory, picture_of


class Cell(Canvas):
    """A tile of at least `width` × `height` points. Subclasses paint, and say in `activate` what a click does."""

    pulled = Signal()
    """The hand drags its sound out; only of a cell that `holds` one."""

    def __init__(self, width: int, height: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hot = False  # the pointer is over it
        self._pull = Pull()
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(width, height)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def activate(self) -> None:
        """It was clicked, or Return was pressed on it."""

    @property
    def holds(self) -> bool:
        """A sound is in it that can be dragged out. A press may become a drag then, so that a click counts when it ends."""
        return False

    def paint_plate(self, painter: QPainter, strong: bool, *, empty: bool = False, dashed: bool = False) -> QRectF:
        """The ground of the cell; its area. `strong`: it is what one hears or stands at."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
        strong = strong or (self.hasFocus() and self._walked)
        pen = QPen(self.ink("accent" if strong else "line"), 1.5 if strong else 1)
        if dashed:
            pen.setDashPattern([3, 3])
        painter.setPen(pen)
        if empty:
            painter.setBrush(self.ink("line", 0.3) if self.hot else Qt.BrushStyle.NoBrush)
        else:
            painter.setBrush(self.ink("line", 0.6) if self.hot else self.ink("raised"))
        painter.drawRoundedRect(area, theme.RADIUS, theme.RADIUS)
        return area

    # ---- the hand
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.holds:
            self._pull.press(event)
        elif event.button() == Qt.MouseButton.LeftButton:
            self.activate()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pull.begins(event):
            self.pulled.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._pull.release():
            self.activate()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.activate()
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: object) -> None:
        self.hot = True
        self.update()

    def leaveEvent(self, event: object) -> None:
        self.hot = False
        self.update()


def paint_outline(painter: QPainter, area: QRectF, outline: InMemory | Columns, color: QColor) -> None:
    """The waveform of a sound, or its columns, as high as `area`."""
    columns = outline.view(0, outline.frames, max(1, int(area.width()))) if isinstance(outline, InMemory) else outline
    peak = float(max(columns[1].max(initial=0), -columns[0].min(initial=0)))
    gain = 1 / peak if peak > 1e-4 else 1.0
    painter.drawImage(area, picture_of(columns, max(8, round(area.height() * 2)), color, gain=gain))
