"""The kept clips as a list: its model, its filter and how a row looks. Used by the Clips page.

A row is the clip's waveform, its name, and below it length, tags and the moment of training it came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from studio.gui import theme
from studio.gui.widgets.canvas import lasting
from studio.project.state import ClipFile

AnyIndex = QModelIndex | QPersistentModelIndex
CLIP = Qt.ItemDataRole.UserRole
PICTURE = Qt.ItemDataRole.UserRole + 1
ROW = 56
THUMB = 80


@dataclass(frozen=True, eq=False)
class Picture:
    """What a row shows of the edited sound: its thumbnail (peaks.thumbnail) and its length in seconds."""

    thumbnail: NDArray[np.uint8]
    seconds: float


class ClipModel(QAbstractListModel):
    """Clips, newest first, and their thumbnails once they are there."""

    renamed = Signal(object, str)
    """ClipFile and the name it should have."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clips: list[ClipFile] = []
        self._rows: dict[str, int] = {}
        self._pictures: dict[str, tuple[tuple[dict[str, Any], ...], Picture | None]] = {}

    # ---- what is shown
    @property
    def clips(self) -> tuple[ClipFile, ...]:
        return tuple(self._clips)

    def set_clips(self, clips: Sequence[ClipFile]) -> bool:
        """Show these. False where the same clips stayed in their places, so that nothing has to be chosen again."""
        if [c.id for c in clips] == [c.id for c in self._clips]:
            for row, (old, new) in enumerate(zip(self._clips, clips)):
                if old != new:
                    self._clips[row] = new
                    self.dataChanged.emit(self.index(row), self.index(row))
            return False
        self.beginResetModel()
        self._clips = list(clips)
        self._rows = {clip.id: row for row, clip in enumerate(self._clips)}
        self.endResetModel()
        return True

    def without_picture(self) -> list[ClipFile]:
        """Clips whose thumbnail is missing or shows other edits."""
        return [c for c in self._clips if self._pictures.get(c.id, (None,))[0] != c.edits]

    def set_picture(self, clip: ClipFile, picture: Picture | None) -> None:
        self._pictures[clip.id] = (clip.edits, picture)
        row = self._rows.get(clip.id)
        if row is not None:
            self.dataChanged.emit(self.index(row), self.index(row), [PICTURE])

    # ---- Qt's questions
    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._clips)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._clips):
            return None
        clip = self._clips[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return clip.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{clip.name}, {said(clip, index.data(PICTURE))}, {self.tr('{0} stars').format(clip.stars)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{clip.name}\n{said(clip, index.data(PICTURE))}"
        if role == CLIP:
            return clip
        if role == PICTURE:
            return self._pictures.get(clip.id, (None, None))[1]
        return None

    def setData(self, index: AnyIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        clip = self.data(index, CLIP)
        name = str(value).strip()
        if role != Qt.ItemDataRole.EditRole or clip is None or not name or name == clip.name:
            return False
        self.renamed.emit(clip, name)
        return True

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        item = Qt.ItemFlag
        return item.ItemIsEnabled | item.ItemIsSelectable | item.ItemIsEditable | item.ItemIsDragEnabled


def said(clip: ClipFile, picture: Picture | None = None) -> str:
    """Length, tags and origin of a clip in one line."""
    parts = [lasting(picture.seconds if picture else clip.seconds, 0.01), *clip.tags]
    if clip.recipe is not None and (clip.recipe.run or clip.recipe.family):
        parts.append(clip.recipe.run or clip.recipe.family)
    return " · ".join(parts)


class ClipFilter(QSortFilterProxyModel):
    """Clips whose name, tags or model hold every word, and that have enough stars."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = ()
        self._stars = 0

    def set_text(self, text: str) -> None:
        self._set(tuple(text.casefold().split()), self._stars)

    def set_stars(self, least: int) -> None:
        self._set(self._words, least)

    def _set(self, words: tuple[str, ...], stars: int) -> None:
        self._words, self._stars = words, stars
        self.setFilterFixedString("\n".join((str(stars), *words)))  # any change of the pattern filters again

    def filterAcceptsRow(self, row: int, parent: AnyIndex) -> bool:
        clip = self.sourceModel().index(row, 0).data(CLIP)
        text = " ".join((clip.name, *clip.tags, clip.recipe.run if clip.recipe else "")).casefold()
        return clip.stars >= self._stars and all(word in text for word in self._words)


class ClipDelegate(QStyledItemDelegate):
    """Paints a row, and renames it in place."""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        return QSize(160, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        clip: ClipFile = index.data(CLIP)
        area = QRect(option.rect).adjusted(4, 2, -4, -2)
        state: QStyle.StateFlag = option.state
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent", 0.18) if chosen else theme.color("text", 0.04))
            painter.drawRoundedRect(area, theme.RADIUS, theme.RADIUS)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(theme.color("accent", 0.8), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(area).adjusted(0.5, 0.5, -0.5, -0.5), theme.RADIUS, theme.RADIUS)
        self._paint_wave(painter, QRectF(area.left() + 8, area.top() + 8, THUMB, area.height() - 16), index.data(PICTURE))
        text = area.adjusted(THUMB + 20, 0, -8, 0)
        upper = QRect(text.left(), text.top() + 7, text.width(), 20)
        if clip.stars:
            words = f"{clip.stars}"
            painter.setFont(theme.font("caption"))
            painter.setPen(theme.color("dim"))
            painter.drawText(upper.adjusted(0, 0, -15, 0), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
            star = theme.pixmap("star-filled", "warn", 12, painter.device().devicePixelRatioF())
            painter.drawPixmap(upper.right() - 11, upper.center().y() - 6, star)
            upper.setRight(upper.right() - 30)
        self._words(painter, upper, clip.name, "body", "text")
        self._words(
            painter, QRect(text.left(), text.top() + 27, text.width(), 18), said(clip, index.data(PICTURE)), "caption", "dim"
        )
        painter.restore()

    def _words(self, painter: QPainter, area: QRect, words: str, role: str, token: str) -> None:
        font = theme.font(role)
        painter.setFont(font)
        painter.setPen(theme.color(token))
        shown = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    def _paint_wave(self, painter: QPainter, area: QRectF, picture: Picture | None) -> None:
        middle = area.center().y()
        painter.setPen(QPen(theme.color("line"), 1))
        painter.drawLine(QPointF(area.left(), middle), QPointF(area.right(), middle))
        if picture is None:
            return
        low, high = ((row.astype(np.float32) - 128) / 127 for row in picture.thumbnail)
        painter.setPen(QPen(theme.color("accent"), 1))
        columns = picture.thumbnail.shape[1]
        step = area.width() / columns
        reach = area.height() / 2
        for column in range(columns):
            x = area.left() + (column + 0.5) * step
            top, bottom = middle - float(high[column]) * reach, middle - float(low[column]) * reach
            painter.drawLine(QPointF(x, top), QPointF(x, max(bottom, top + 0.5)))

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: AnyIndex) -> QWidget:
        editor = QLineEdit(parent)
        editor.setAccessibleName(self.tr("Name of this clip"))
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        area = QRect(option.rect)
        editor.setGeometry(area.left() + THUMB + 18, area.top() + 6, area.width() - THUMB - 26, theme.CONTROL)
