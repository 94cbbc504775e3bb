"""The right side of Train: every run of the project with its state, minutes, quality and size; the queue and its order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.engine.training import RunView
from studio.gui import theme
from studio.gui.pages import train_words as words

Index = QModelIndex | QPersistentModelIndex
ROW = 52


@dataclass(frozen=True)
class RunRow:
    """A run as the list shows it. `size` in bytes; `stars`: starred moments."""

    view: RunView
    size: int = 0
    stars: int = 0
    moments: int = 0


class RunsModel(QAbstractListModel):
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
            return row.view.title or row.view.name
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            diversity = row.view.status.metrics.get("new/diversity")
            more = words.tr(", diversity {0}").format(f"{diversity:.2f}") if diversity is not None else ""
            return f"{row.view.title or row.view.name}, {words.state_words(row.view)}, {facts(row)}{more}"
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


def quality(view: RunView) -> str:
    """The held-out number by which the best moment was chosen."""
    best = view.status.best or view.status.metrics
    name = next((n for n in best if n.startswith("held-out/")), None)
    return f"{best[name]:.3g}" if name is not None else ""


def facts(row: RunRow) -> str:
    view = row.view
    parts = []
    if view.place is not None and view.place >= 0:
        parts.append(words.tr("number {0} in the queue").format(view.place + 1))
    if view.status.minutes:
        parts.append(words.minutes(view.status.minutes))
    if found := quality(view):
        parts.append(words.tr("held-out {0}").format(found))
    if row.size:
        parts.append(words.size(row.size))
    return " · ".join(parts)


class RunDelegate(QStyledItemDelegate):
    """Two lines: name and state; minutes, quality, size. The colour is that of its curve."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, ROW)

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
        painter.setFont(caption)
        wide = QFontMetrics(caption).horizontalAdvance(state)
        painter.setPen(theme.color(words.STATES.get(row.view.state, "dim")))
        painter.drawText(QPointF(right - wide, area.top() + 20), state)
        body = theme.font("body", strong=selected)
        painter.setFont(body)
        painter.setPen(theme.color("text"))
        title = row.view.title or row.view.name
        room = int(right - wide - 8 - left)
        painter.drawText(
            QPointF(left, area.top() + 20), QFontMetrics(body).elidedText(title, Qt.TextElideMode.ElideMiddle, room)
        )
        painter.setFont(caption)
        painter.setPen(theme.color("dim"))
        end = right
        if row.stars:
            painter.drawPixmap(QPointF(right - 22, area.top() + 27), theme.pixmap("star-filled", "warn", 12))
            painter.drawText(QPointF(right - 8, area.top() + 37), str(row.stars))
            end = right - 28
        text = QFontMetrics(caption).elidedText(facts(row), Qt.TextElideMode.ElideRight, int(end - left))
        painter.drawText(QPointF(left, area.top() + 37), text)
        if row.view.alive:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent"))
            width = (area.width() - 16) * row.view.status.progress
            painter.drawRoundedRect(QRectF(area.left() + 8, area.bottom() - 4, max(2.0, width), 2), 1, 1)
        painter.restore()


class RunList(QListView):
    removeAsked = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removeAsked.emit()
        else:
            super().keyPressEvent(event)


class RunsPanel(QWidget):
    """The list and what can be asked of the chosen run. Several chosen runs are compared in the curves."""

    chosen = Signal(object)
    """tuple of names: the one to show first, then those to compare with."""

    asked = Signal(str, str)
    """What (resume, pause, stop, explore, up, down, remove) and of which run."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.mark(self, role="panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        head = QLabel(self.tr("Trainings"))
        theme.mark(head, role="strong")
        self.model = RunsModel(self)
        self.list = RunList()
        self.list.setModel(self.model)
        self.list.setItemDelegate(RunDelegate(self.list))
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName(self.tr("Trainings"))
        self.list.setStyleSheet("background: transparent;")
        self.list.removeAsked.connect(self._remove)
        self.list.selectionModel().selectionChanged.connect(self._selected)
        self.list.selectionModel().currentChanged.connect(self._selected)
        self.hint = QLabel(self.tr("Ctrl+click compares curves"))
        theme.mark(self.hint, role="caption")
        row = QHBoxLayout()
        row.setSpacing(2)
        self._buttons: dict[str, QToolButton] = {}
        tips = {
            "explore": ("explore", self.tr("Open in Explore")),
            "resume": ("play", self.tr("Resume")),
            "pause": ("pause", self.tr("Pause: frees the memory, goes on exactly where it was")),
            "stop": ("stop", self.tr("Stop at the next safe point")),
            "up": ("up", self.tr("Earlier in the queue")),
            "down": ("down", self.tr("Later in the queue")),
            "remove": ("trash", self.tr("Move to the trash")),
        }
        for what, (icon, tip) in tips.items():
            button = QToolButton()
            button.setIcon(theme.icon(icon))
            button.setIconSize(QSize(16, 16))
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.setProperty("asks", what)
            theme.mark(button, role="icon")
            button.clicked.connect(self._ask)
            self._buttons[what] = button
            if what == "remove":
                row.addStretch(1)
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, theme.SPACE, 12, 12)
        column.setSpacing(theme.HALF)
        column.addWidget(head)
        column.addWidget(self.list, 1)
        column.addWidget(self.hint)
        column.addLayout(row)
        self._enable()

    # ---- what is shown
    def set_rows(self, rows: list[RunRow]) -> None:
        names = self.names
        self.model.set_rows(rows)
        if self.names != names or not names:
            self.choose(names)
        self.hint.setVisible(len(rows) > 1)
        self._enable()

    def choose(self, names: tuple[str, ...]) -> None:
        """Select these runs, the first one as the one that is shown; the newest where none of them is there."""
        rows = {row.view.name: i for i, row in enumerate(self.model.rows)}
        found = [rows[name] for name in names if name in rows] or ([0] if self.model.rows else [])
        if not found:
            return
        selection = self.list.selectionModel()
        flag = QItemSelectionModel.SelectionFlag
        selection.setCurrentIndex(self.model.index(found[0]), flag.ClearAndSelect)
        for other in found[1:]:
            selection.select(self.model.index(other), flag.Select)

    @property
    def names(self) -> tuple[str, ...]:
        """The current run, then the others that are selected."""
        current = self.list.currentIndex()
        picked = [index.row() for index in self.list.selectedIndexes()]
        first = current.row() if current.isValid() and current.row() in picked else next(iter(picked), -1)
        order = [first, *(i for i in picked if i != first)]
        return tuple(self.model.rows[i].view.name for i in order if 0 <= i < len(self.model.rows))

    @property
    def row(self) -> RunRow | None:
        name = next(iter(self.names), None)
        return next((row for row in self.model.rows if row.view.name == name), None)

    def _selected(self, *_: object) -> None:
        self._enable()
        self.chosen.emit(self.names)

    def _enable(self) -> None:
        row = self.row
        view = row.view if row is not None else None
        waiting = [r for r in self.model.rows if r.view.place is not None]
        place = view.place if view is not None else None
        can = {
            "explore": row is not None and row.moments > 0,
            "resume": view is not None and view.resumable and place is None,
            "pause": view is not None and view.alive,
            "stop": view is not None and (view.alive or place is not None or view.state == "paused"),
            "up": place is not None and place > 0,
            "down": place is not None and place < len(waiting) - 1,
            "remove": view is not None and not view.alive,
        }
        for what, button in self._buttons.items():
            button.setEnabled(can[what])
            if what in ("up", "down"):
                button.setVisible(len(waiting) > 1)
        size = words.size(row.size) if row is not None and row.size else ""
        self._buttons["remove"].setToolTip(
            self.tr("Move to the trash ({0})").format(size) if size else self.tr("Move to the trash")
        )

    # ---- the hand
    def _ask(self) -> None:
        if self.row is not None:
            self.asked.emit(self.sender().property("asks"), self.row.view.name)

    def _remove(self) -> None:
        if self.row is not None and not self.row.view.alive:
            self.asked.emit("remove", self.row.view.name)
