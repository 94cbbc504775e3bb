"""A small sound in a grid: its name, how far it is, its outline, how it differs in words. Click hears, double click goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from studio.gui import theme
from studio.gui.widgets.cell import Cell
from studio.gui.widgets.shape import picture_of


@dataclass(frozen=True, eq=False)
class Shown:
    """What a cell says: `note` right of the title, `words` below; thumbnail (2, columns) of peaks.thumbnail; label −1: none."""

    title: str
    note: str = ""
    words: str = ""
    thumbnail: NDArray[np.uint8] | None = None
    label: int = -1
    help: str = ""


class LikeCell(Cell):
    """One sound."""

    pressed = Signal(int)
    chosen = Signal(int)

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(60, 40, parent)
        self.number = number
        self.shown: Shown | None = None
        self._heard = False

    def sizeHint(self) -> QSize:
        return QSize(148, 54)

    def show_sound(self, shown: Shown | None) -> None:
        self.shown = shown
        self._heard = False
        said = f"{shown.title}, {shown.note}, {shown.words}".strip(", ") if shown is not None else ""
        self.setAccessibleName(said or self.tr("Sound {0}").format(self.number + 1))
        self.setToolTip("\n".join(line for line in (said, shown.help if shown is not None else "") if line))
        self.update()

    def set_heard(self, heard: bool) -> None:
        if heard != self._heard:
            self._heard = heard
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint_plate(painter, self._heard)
        if self.shown is None:
            return
        font = theme.font("caption")
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        self._paint_head(painter, metrics, self.shown)
        roomy = self.height() >= 50 and bool(self.shown.words)
        if roomy:
            painter.setPen(self.ink("dim"))
            words = metrics.elidedText(self.shown.words, Qt.TextElideMode.ElideRight, self.width() - 16)
            painter.drawText(QPointF(8, self.height() - 7), words)
        if self.shown.thumbnail is not None and self.shown.thumbnail.size:
            inside = QRectF(8, 19, self.width() - 16, self.height() - (37 if roomy else 24))
            color = theme.label_color(self.shown.label) if self.shown.label >= 0 else self.ink("accent")
            paint_thumbnail(painter, inside, self.shown.thumbnail, color)

    def _paint_head(self, painter: QPainter, metrics: QFontMetricsF, shown: Shown) -> None:
        wide = metrics.horizontalAdvance(shown.note)
        painter.setPen(self.ink("dim"))
        painter.drawText(QPointF(self.width() - 8 - wide, 15), shown.note)
        painter.setPen(self.ink("accent") if self._heard else self.ink("text"))
        space = self.width() - 16 - (wide + 8 if shown.note else 0)
        painter.drawText(QPointF(8, 15), metrics.elidedText(shown.title, Qt.TextElideMode.ElideRight, space))

    # ---- the hand
    def activate(self) -> None:
        self.pressed.emit(self.number)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(self.number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(self.number)
        else:
            super().keyPressEvent(event)


def paint_thumbnail(painter: QPainter, area: QRectF, thumbnail: NDArray[np.uint8], color: QColor) -> None:
    """The outline of peaks.thumbnail, stretched to `area`."""
    low, high = (thumbnail.astype(np.float32) - 128) / 127
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(area, picture_of((low, high, np.zeros_like(low)), max(2, int(area.height() * 2)), color))
