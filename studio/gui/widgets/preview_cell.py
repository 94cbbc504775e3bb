"""One sound of a training preview: its name, waveform and spectrogram; click or Enter hears it. Beside it the empty place into
which a sound of the user's may be dropped.

The pictures of a cell come ready-made (`Pictures`), made off the GUI thread, so that walking through time costs nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFontMetricsF, QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QMenu, QWidget

from studio.audio import edit, files
from studio.audio.peaks import spectrogram
from studio.audio.sound import Sound
from studio.gui import theme
from studio.gui.widgets.canvas import spectrum
from studio.gui.widgets.cell import Cell, paint_outline
from studio.gui.widgets.shape import Columns, InMemory
from studio.gui.widgets.spectrogram import heat_image

COLUMNS, BINS = 120, 96
HEAD = 20
LOUDNESS = -18.0
"""LUFS at which all cells are heard, so that louder does not pass for better."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """A sound, at the loudness at which cells are compared, and what is drawn of it.

    `columns`: low, high, RMS (COLUMNS,); `heat` (BINS, columns) dB
    """

    path: Path
    sound: Sound
    columns: Columns
    heat: NDArray[np.float32]


def pictures_of(path: Path) -> Pictures:
    """Read and prepare one cell. Raises what files.read raises."""
    sound = edit.match_loudness(files.read(path), LOUDNESS)
    heat, _ = spectrogram(sound, bins=BINS, columns=COLUMNS)
    return Pictures(path, sound, InMemory(sound).view(0, sound.frames, COLUMNS), heat)


class PreviewCell(Cell):
    """A tile to look at and to hear."""

    pressed = Signal(object)
    """The cell itself: it should be heard."""

    stepped = Signal(int)
    """−1 or +1: left and right arrow, to walk through time."""

    removed = Signal(object)
    """The cell itself: the user does not want this sound any more. Only where it is `removable`."""

    def __init__(self, parent: QWidget | None = None, removable: bool = False) -> None:
        super().__init__(80, 56, parent)
        self.key = ("", "")
        self.removable = removable
        self.title = ""
        self.note = ""
        self.words = ""
        self.pictures: Pictures | None = None
        self._playing = False
        self._position: float | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        return QSize(150, 104)

    def show_sound(self, title: str, note: str, pictures: Pictures | None, text: str = "") -> None:
        """`note` stands small at the right of the title, for instance the distance to the original; `text` in place of a sound
        that is still to come."""
        self.title, self.note, self.pictures, self.words = title, note, pictures, text
        self._position = None
        self.setAccessibleName(title)
        self.setAccessibleDescription(note or text)
        self.setToolTip("\n".join(filter(None, (f"{title}  {note}".strip(), self._removal()))))
        self.refresh()

    def set_playing(self, playing: bool, position: float | None = None) -> None:
        if (playing, position) != (self._playing, self._position):
            self._playing, self._position = playing, position
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        flat = self.ink("raised") == self.ink("surface")  # the light theme lifts by a line, not by tone
        painter.setPen(QPen(self.ink("line"), 1) if flat else Qt.PenStyle.NoPen)
        painter.setBrush(self.ink("line", 0.5 if flat else 0.9) if self.hot else self.ink("raised"))
        painter.drawRoundedRect(area, theme.RADIUS, theme.RADIUS)
        self._paint_head(painter)
        if self.pictures is not None:
            self._paint_sound(painter, self.pictures)
        elif self.words:
            painter.setFont(theme.font("caption"))
            painter.setPen(self.ink("dim"))
            how = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(area.adjusted(8, HEAD, -8, -6), how, self.words)
        if self._playing or (self.hasFocus() and self._walked):
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self.ink("accent"), 1.5))
            painter.drawRoundedRect(area, theme.RADIUS, theme.RADIUS)

    def _paint_head(self, painter: QPainter) -> None:
        font = theme.font("caption")
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        wide = metrics.horizontalAdvance(self.note)
        roomy = self.width() - 16 - wide >= metrics.horizontalAdvance(self.title) or self.width() > 130
        painter.setPen(self.ink("dim"))
        if roomy and self.note:
            painter.drawText(QPointF(self.width() - 8 - wide, 14), self.note)
        painter.setPen(self.ink("accent") if self._playing else self.ink("text"))
        space = self.width() - 16 - (wide + 8 if roomy and self.note else 0)
        painter.drawText(QPointF(8, 14), metrics.elidedText(self.title, Qt.TextElideMode.ElideRight, space))

    def _paint_sound(self, painter: QPainter, pictures: Pictures) -> None:
        inside = QRectF(6, HEAD, self.width() - 12, self.height() - HEAD - 6)
        upper = QRectF(inside.left(), inside.top(), inside.width(), round(inside.height() * 0.42))
        lower = QRectF(inside.left(), upper.bottom() + 2, inside.width(), inside.bottom() - upper.bottom() - 2)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        paint_outline(painter, upper, pictures.columns, self.ink("accent"))
        corners = QPainterPath()
        corners.addRoundedRect(lower, 3, 3)
        painter.save()
        painter.setClipPath(corners)
        painter.drawImage(lower, heat_image(pictures.heat, spectrum()))
        painter.restore()
        if self._playing and self._position is not None:
            x = inside.left() + self._position / max(pictures.sound.seconds, 1e-6) * inside.width()
            if x <= inside.right():
                painter.setPen(QPen(self.ink("text"), theme.PLAYHEAD))
                painter.drawLine(QPointF(x, inside.top()), QPointF(x, inside.bottom()))

    def activate(self) -> None:
        self.pressed.emit(self)

    def _removal(self) -> str:
        return self.tr("Delete takes it out of the previews") if self.removable else ""

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.removable:
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addAction(theme.icon("trash"), self.tr("Take out of the previews"), self._remove)
            menu.popup(event.globalPos())

    def _remove(self) -> None:
        self.removed.emit(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.stepped.emit(1 if event.key() == Qt.Key.Key_Right else -1)
        elif self.removable and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._remove()
        else:
            super().keyPressEvent(event)


class AddCell(Cell):
    """The place of a sound that is not there yet: says what may be dropped, and opens a file dialog when it is pressed."""

    pressed = Signal()

    def __init__(self, words: str, parent: QWidget | None = None) -> None:
        super().__init__(80, 56, parent)
        self._words = words
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(words)

    def sizeHint(self) -> QSize:
        return QSize(150, 104)

    def set_hot(self, hot: bool) -> None:
        self.hot = hot
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = self.paint_plate(painter, False, empty=True, dashed=True)
        painter.drawPixmap(QPointF(area.center().x() - 8, area.center().y() - 24), theme.pixmap("plus", "dim", 16))
        painter.setFont(theme.font("caption"))
        painter.setPen(self.ink("dim"))
        below = QRectF(6, area.center().y() - 4, self.width() - 12, self.height() / 2)
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap, self._words)

    def activate(self) -> None:
        self.pressed.emit()
