"""A slider over the moments of a training: one stop for each preview, the starred ones marked. Left and right walk it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractSlider, QWidget

from studio.gui import theme

KNOB = 7.0


class MomentSlider(QAbstractSlider):
    """One stop for each preview; those whose model is starred are marked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.starred: frozenset[int] = frozenset()
        self._held = False
        self.setOrientation(Qt.Orientation.Horizontal)
        self.setPageStep(1)
        self.setFixedHeight(22)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Moment of the training"))

    def _x(self, stop: int) -> float:
        return KNOB + 1 + stop / max(self.maximum(), 1) * (self.width() - 2 * KNOB - 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        y, here = self.height() / 2, self._x(self.value())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("line"))
        painter.drawRoundedRect(QRectF(KNOB, y - 1.5, self.width() - 2 * KNOB, 3), 1.5, 1.5)
        painter.setBrush(theme.color("accent"))
        painter.drawRoundedRect(QRectF(KNOB, y - 1.5, here - KNOB, 3), 1.5, 1.5)
        for stop in range(self.maximum() + 1):
            star = stop in self.starred
            painter.setBrush(theme.color("warn" if star else "accent" if stop <= self.value() else "dim"))
            painter.drawEllipse(QPointF(self._x(stop), y), 4.0 if star else 2.5, 4.0 if star else 2.5)
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 2))
        painter.setBrush(theme.color("text"))
        painter.drawEllipse(QPointF(here, y), KNOB - 1, KNOB - 1)

    def _go(self, x: float) -> None:
        self.setValue(round((x - KNOB - 1) / max(self.width() - 2 * KNOB - 2, 1) * self.maximum()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._held = True
            self._go(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held:
            self._go(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = False

    def sliderChange(self, change: QAbstractSlider.SliderChange) -> None:
        self.update()
