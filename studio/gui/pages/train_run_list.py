"""The runs of a project as a list: two lines each, a third where somebody wrote a note. Waiting ones are dragged into order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFontMetrics, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from studio.engine.training import RunView
from studio.gui import theme
from studio.gui.pages import train_words as words

Index = QModelIndex | QPersistentModelIndex
ROW, NOTE = 52, 17
"""Points: a row, and the line of a note beneath it."""
MIME = "application/x-wavewright-runs"


@dataclass(frozen=True)
class RunRow:
    """A run as the list shows it. `size` in bytes; `stars`: starred moments; `moments`: models that are kept."""

    view: RunView
    size: int = 0
    stars: int = 0
    moments: int = 0
    note: str = ""

    @property
    def title(self) -> str:
        return self.view.title or self.view.name


class RunsModel(QAbstractListModel):
    reordered = Signal(object)
    """tuple of names: the waiting runs in the order into which they were dragged."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[RunRow] = []

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            parts = [row.title, words.state_words(row.view), *facts(row), row.note]
            return ", ".join(filter(None, parts))
        if role == Qt.ItemDataRole.UserRole:
            return row
        return None

    def set_rows(self, rows: list[RunRow]) -> None:
        if [r.view.name for r in rows] == [r.view.name for r in self.rows]:
            for i, (old, new) in enumerate(zip(self.rows, rows)):
                if old != new:
                    self.rows[i] = new
                    self.dataChanged.emit(self.index(i), self.index(i))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    # ---- the order of the queue
    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        waits = self.rows[index.row()].view.place is not None
        return super().flags(index) | (Qt.ItemFlag.ItemIsDragEnabled if waits else Qt.ItemFlag.NoItemFlags)

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        return [MIME]

    def mimeData(self, indexes: Sequence[Index]) -> QMimeData:
        names = [self.rows[index.row()].view.name for index in indexes if self.rows[index.row()].view.place is not None]
        data = QMimeData()
        data.setData(MIME, "\n".join(names).encode())
        return data

    def dropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        moved = bytes(data.data(MIME).data()).decode().split()
        at = row if row >= 0 else parent.row() if parent.isValid() else len(self.rows)
        before = [r.view.name for r in self.rows[:at] if r.view.place is not None and r.view.name not in moved]
        after = [r.view.name for r in self.rows[at:] if r.view.place is not None and r.view.name not in moved]
        if moved:
            self.reordered.emit((*before, *moved, *after))
        return False  # the queue tells the new order; no row is removed here


def quality(view: RunView) -> float | None:
    """The held-out number by which the best moment was chosen."""
    best = view.status.best or view.status.metrics
    return next((value for name, value in best.items() if name.startswith("held-out/")), None)


def variety(view: RunView) -> float | None:
    """How much new sounds differ among themselves, beside how much the sounds it learns from do; 1 is as much."""
    return view.status.metrics.get("new/diversity")


def facts(row: RunRow) -> list[str]:
    """What is said of a run in a line, the most telling first."""
    view = row.view
    parts = []
    if view.place is not None and view.place >= 0:
        parts.append(words.tr("number {0} in the queue").format(view.place + 1))
    if view.status.minutes:
        parts.append(words.minutes(view.status.minutes))
    if (found := quality(view)) is not None:
        parts.append(words.tr("held-out {0}").format(f"{found:.3g}"))
    if (found := variety(view)) is not None:
        parts.append(words.tr("variety {0} %").format(f"{100 * found:.0f}"))
    if row.size:
        parts.append(words.size(row.size))
    return parts


def _fitting(row: RunRow, metrics: QFontMetrics, width: int) -> str:
    """As many facts as there is room for, whole."""
    parts = facts(row)
    while len(parts) > 1 and metrics.horizontalAdvance(" · ".join(parts)) > width:
        parts.pop()
    return metrics.elidedText(" · ".join(parts), Qt.TextElideMode.ElideRight, width)


class RunDelegate(QStyledItemDelegate):
    """Name and state; minutes, quality, variety; the note."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        row: RunRow = index.data(Qt.ItemDataRole.UserRole)
        return QSize(120, ROW + (NOTE if row.note else 0))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: RunRow = index.data(Qt.ItemDataRole.UserRole)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        area = QRectF(option.rect).adjusted(0.5, 1.5, -0.5, -1.5)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("accent"), 1) if focused and selected else Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent", 0.16) if selected else theme.color("text", 0.03))
        painter.drawRoundedRect(area, 6, 6)
        left, right = area.left() + 12, area.right() - 10
        state = words.state_words(row.view)
        caption = theme.font("caption")
        metrics = QFontMetrics(caption)
        painter.setFont(caption)
        wide = metrics.horizontalAdvance(state)
        painter.setPen(theme.color(words.STATES.get(row.view.state, "dim")))
        painter.drawText(QPointF(right - wide, area.top() + 20), state)
        body = theme.font("body", strong=selected)
        painter.setFont(body)
        painter.setPen(theme.color("text"))
        room = int(right - wide - 8 - left)
        title = QFontMetrics(body).elidedText(row.title, Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(QPointF(left, area.top() + 20), title)
        painter.setFont(caption)
        painter.setPen(theme.color("dim"))
        end = right
        if row.stars:
            painter.drawPixmap(QPointF(right - 22, area.top() + 27), theme.pixmap("star-filled", "warn", 12))
            painter.drawText(QPointF(right - 8, area.top() + 37), str(row.stars))
            end = right - 28
        painter.drawText(QPointF(left, area.top() + 37), _fitting(row, metrics, int(end - left)))
        if row.note:
            painter.setPen(theme.color("text", 0.75))
            line = metrics.elidedText(row.note, Qt.TextElideMode.ElideRight, int(right - left))
            painter.drawText(QPointF(left, area.top() + 37 + NOTE), line)
        if row.view.alive:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent"))
            width = (area.width() - 16) * row.view.status.progress
            painter.drawRoundedRect(QRectF(area.left() + 8, area.bottom() - 4, max(2.0, width), 2), 1, 1)
        painter.restore()


class RunList(QListView):
    """Ctrl+click chooses several; Delete asks to remove; waiting runs are dragged among themselves."""

    removeAsked = Signal()
    menuAsked = Signal(object)
    """QPoint on the screen."""

    def __init__(self, model: RunsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setItemDelegate(RunDelegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDragDropOverwriteMode(False)
        self.setAccessibleName(self.tr("Trainings"))
        self.setStyleSheet("background: transparent;")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removeAsked.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.selectedIndexes():
            self.menuAsked.emit(event.globalPos())
