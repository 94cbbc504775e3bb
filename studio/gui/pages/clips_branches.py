"""Every state the open clip's steps have been in, as a list with its branches drawn beside it. A click goes there.

Newest below; what was undone and then done differently is another lane. Shows a Branches (project/branches.py) and changes
nothing.
"""

from __future__ import annotations

import time

from PySide6.QtCore import QDateTime, QLocale, QModelIndex, QPersistentModelIndex, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from studio.gui import theme
from studio.project.branches import Branches, Node

ROW, LANE, EDGE = 30, 14, 10
MOST_LANES = 6
NODE = Qt.ItemDataRole.UserRole
AnyIndex = QModelIndex | QPersistentModelIndex


def lanes(branches: Branches) -> dict[int, int]:
    """The lane of each node: the first change of a state goes on in its lane, each further one opens a lane of its own."""
    found: dict[int, int] = {}
    taken: set[int | None] = set()
    free = 0
    for node in branches.nodes:
        if node.parent in found and node.parent not in taken:
            found[node.id] = found[node.parent]
        else:
            found[node.id], free = free, free + 1
        taken.add(node.parent)
    return found


class BranchList(QListWidget):
    """One row for each state; `chosen` tells the id of the one to go to."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.branches = Branches()
        self.lanes: dict[int, int] = {}
        self.way: set[int] = set()
        """The states on the way to where one stands."""

        self.setItemDelegate(_Branch(self))
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.setAccessibleName(self.tr("History of this clip: arrow keys walk, Return goes there"))
        self.itemClicked.connect(self._go)

    def show_branches(self, branches: Branches | None) -> None:
        """Show these; None: no clip is open."""
        branches = branches or Branches()
        if branches == self.branches and self.count():
            return
        self.branches, self.lanes = branches, lanes(branches)
        self.way, at = set(), branches.node(branches.current)
        while at is not None:
            self.way.add(at.id)
            at = branches.node(at.parent) if at.parent is not None else None
        self.clear()
        for node in branches.nodes:
            item = QListWidgetItem(self._words(node))
            item.setData(NODE, node)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{self._words(node)}, {said(node)}")
            item.setToolTip(said(node))
            self.addItem(item)
            if node.id == branches.current:
                self.setCurrentItem(item)
                self.scrollToItem(item)

    def _words(self, node: Node) -> str:
        return node.what or (self.tr("As it was kept") if not node.edits else self.tr("As it was opened"))

    def _go(self, item: QListWidgetItem | None) -> None:
        node = item.data(NODE) if item is not None else None
        if node is not None and node.id != self.branches.current:
            self.chosen.emit(node.id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._go(self.currentItem())
        else:
            super().keyPressEvent(event)


def said(node: Node) -> str:
    """When it was."""
    if not node.time:
        return ""
    when = QDateTime.fromSecsSinceEpoch(int(node.time))
    today = time.localtime(node.time)[:3] == time.localtime()[:3]
    return QLocale().toString(when, "HH:mm" if today else "d MMM HH:mm")


class _Branch(QStyledItemDelegate):
    """Paints a row: the lanes, the state's dot, its words and when it was."""

    def __init__(self, list_: BranchList) -> None:
        super().__init__(list_)
        self._list = list_

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        return QSize(160, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        node: Node = index.data(NODE)
        area = QRect(option.rect)
        state: QStyle.StateFlag = option.state
        here, on_way = node.id == self._list.branches.current, node.id in self._list.way
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, area, state, here)
        self._paint_lanes(painter, area, index.row())
        centre = QPointF(self._x(node.id), area.center().y() + 0.5)
        painter.setPen(QPen(theme.color("accent" if on_way else "dim"), 1.5))
        painter.setBrush(theme.color("accent") if here else theme.color("surface"))
        painter.drawEllipse(centre, 4.5 if here else 3.5, 4.5 if here else 3.5)
        left = EDGE * 2 + min(max(self._list.lanes.values(), default=0), MOST_LANES) * LANE + 4
        when = said(node)
        small = theme.font("caption")
        wide = QFontMetrics(small).horizontalAdvance(when)
        right = area.adjusted(0, 0, -8, 0)
        painter.setFont(small)
        painter.setPen(theme.color("dim"))
        painter.drawText(right, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, when)
        font = theme.font()
        painter.setFont(font)
        painter.setPen(theme.color("text" if on_way else "dim"))
        words = area.adjusted(left, 0, -wide - 14, 0)
        text = QFontMetrics(font).elidedText(index.data(), Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()

    def _paint_ground(self, painter: QPainter, area: QRect, state: QStyle.StateFlag, here: bool) -> None:
        cursor = bool(state & QStyle.StateFlag.State_HasFocus)
        if here or cursor or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(QPen(theme.color("accent", 0.8), 1) if cursor else Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent", 0.18) if here else theme.color("text", 0.04))
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), theme.RADIUS, theme.RADIUS)

    def _x(self, id: int) -> float:
        return EDGE + min(self._list.lanes.get(id, 0), MOST_LANES) * LANE

    def _paint_lanes(self, painter: QPainter, area: QRect, row: int) -> None:
        """What of the lines from parents to children runs through this row."""
        order = {node.id: at for at, node in enumerate(self._list.branches.nodes)}
        top, middle, bottom = float(area.top()), area.center().y() + 0.5, float(area.bottom() + 1)
        for node in self._list.branches.nodes:
            if node.parent not in order or not order[node.parent] <= row <= order[node.id]:
                continue
            on_way = node.id in self._list.way
            painter.setPen(QPen(theme.color("accent") if on_way else theme.color("dim", 0.5), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            x, from_x = self._x(node.id), self._x(node.parent)
            if row == order[node.parent]:
                path = QPainterPath(QPointF(from_x, middle))
                path.cubicTo(QPointF(from_x, bottom), QPointF(x, middle), QPointF(x, bottom))
                painter.drawPath(path)
            else:
                painter.drawLine(QPointF(x, top), QPointF(x, middle if row == order[node.id] else bottom))
