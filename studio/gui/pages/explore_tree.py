"""The history of Explore as it is drawn: every place one stood at as a small picture of its sound, and the ways between them.

Shows a History and asks to go somewhere; it changes nothing. Only what is in view is painted, so that 2,000 places scroll
smoothly. Where things lie is said by explore/branches.py.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence

from PySide6.QtCore import QDateTime, QEvent, QLocale, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from studio.explore.branches import Branches
from studio.explore.history import History, Node, unpack
from studio.gui import theme
from studio.gui.pages.explore_space import Space
from studio.gui.widgets.pull import Pull
from studio.gui.widgets.shape import picture_of

WIDTH, HEIGHT = 64, 36
"""A place, in points."""
ACROSS, DOWN = 16, 8
"""The gaps between places."""
EDGE = 6
PICTURES = 500
"""Pictures that are kept, newest used first."""
BEND = 6.0
STEP_X, STEP_Y = WIDTH + ACROSS, HEIGHT + DOWN


class HistoryTree(QAbstractScrollArea):
    """The painted tree. The keyboard walks with a cursor of its own; Return goes where it is."""

    chosen = Signal(int)
    """Id of a node: stand there."""

    pulled = Signal(int)
    """Id of a node whose sound is dragged out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.history = History()
        self._branches = Branches()
        self._laid_out: tuple[int, int, int] = (0, 0, 0)
        self._names: tuple[str, ...] = ()
        self._space: Space | None = None
        self._labels: dict[int, int] = {}  # number of each painted node's main label
        self._model = ""
        self._hot: int | None = None
        self._cursor: int | None = None
        self._pull = Pull()
        self.held = False  # a node is being pulled, the button still down
        self._at: int | None = None  # the current node as last shown
        self._pictures: OrderedDict[int, tuple[bytes, QImage]] = OrderedDict()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("History: arrow keys walk, Return goes there"))
        self.setMinimumHeight(STEP_Y + 2 * EDGE)
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        for bar, step in ((self.horizontalScrollBar(), STEP_X), (self.verticalScrollBar(), STEP_Y)):
            bar.setSingleStep(step // 2)

    # ---- what is shown
    def show_history(self, history: History, model: str = "", names: Sequence[str] = (), space: Space | None = None) -> None:
        """`model`: the one that is open; `names`: the labels in the order of their colours; `space`: knows those of a place."""
        if tuple(names) != self._names or space is not self._space:
            self._labels = {}
        at = history.current.id if history.current is not None else None
        shape = (id(history), len(history), max(history.nodes, default=0))
        self.history, self._model, self._names, self._space = history, model, tuple(names), space
        if shape != self._laid_out:
            self._branches, self._laid_out = Branches.of(history), shape
            self._pictures = OrderedDict((id, kept) for id, kept in self._pictures.items() if id in history.nodes)
            self._labels = {id: label for id, label in self._labels.items() if id in history.nodes}
            self._reach()
        if at != self._at or self._cursor not in history.nodes:
            self._at = self._cursor = at
            self.show_node(at)
        if self._hot not in history.nodes:
            self._hot = None
        self.viewport().update()

    def show_node(self, node: int | None) -> None:
        """Scroll as little as needed until `node` is in view with what is around it."""
        if node not in self._branches.places or node is None:
            return
        column, row = self._branches.places[node]
        for bar, at, step, size in (
            (self.horizontalScrollBar(), column, STEP_X, self.viewport().width()),
            (self.verticalScrollBar(), row, STEP_Y, self.viewport().height()),
        ):
            margin = min(step, max(0, (size - step) // 2))
            low, high = at * step - margin, (at + 1) * step + 2 * EDGE + margin - size
            bar.setValue(max(min(bar.value(), low), high) if high <= low else low)

    @property
    def cursor_node(self) -> int | None:
        """Where the keyboard is."""
        return self._cursor

    def words(self, node: Node) -> str:
        """What led to a node, and when."""
        when = QDateTime.fromSecsSinceEpoch(int(node.time))
        today = time.localtime(node.time)[:3] == time.localtime()[:3]
        said = QLocale().toString(when, "HH:mm" if today else "d MMM HH:mm")
        other = self.tr(" · another model") if self._model and node.model != self._model else ""
        return self.tr("{0} · {1}").format(node.what or self.tr("Move"), said) + other

    # ---- where things are
    def rect_of(self, node: int) -> QRectF:
        """A node's cell in the viewport."""
        column, row = self._branches.places[node]
        x, y = EDGE + column * STEP_X - self._x, EDGE + row * STEP_Y - self._y
        return QRectF(x, y, WIDTH, HEIGHT)

    @property
    def _x(self) -> int:
        return self.horizontalScrollBar().value()

    @property
    def _y(self) -> int:
        return self.verticalScrollBar().value()

    def node_at(self, point: QPoint) -> int | None:
        column, x = divmod(point.x() + self._x - EDGE, STEP_X)
        row, y = divmod(point.y() + self._y - EDGE, STEP_Y)
        return self._branches.at(column, row) if x <= WIDTH and y <= HEIGHT else None

    def _there(self, node: int | None) -> bool:
        """Whether a node is both known and laid out: the history may have changed since."""
        return node in self.history.nodes and node in self._branches.places

    def _reach(self) -> None:
        """How far one can scroll."""
        whole = QSize(self._branches.columns * STEP_X, self._branches.rows * STEP_Y)
        for bar, size, view in (
            (self.horizontalScrollBar(), whole.width() - ACROSS + 2 * EDGE, self.viewport().width()),
            (self.verticalScrollBar(), whole.height() - DOWN + 2 * EDGE, self.viewport().height()),
        ):
            bar.setRange(0, max(0, size - view))
            bar.setPageStep(view)

    # ---- painting
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if len(self.history) < 2:
            self._paint_empty(painter)
        area = event.rect()
        view = (
            (area.left() + self._x - EDGE) // STEP_X - 1,
            (area.right() + self._x - EDGE) // STEP_X + 1,
            (area.top() + self._y - EDGE) // STEP_Y - 1,
            (area.bottom() + self._y - EDGE) // STEP_Y + 1,
        )
        way = [node.id for node in self.history.path()]
        self._paint_ways(painter, view, way)
        on_way = set(way[max(0, view[0]) : view[1] + 1])
        for id in self._branches.within(*view):
            if self._there(id):
                self._paint_node(painter, self.history.nodes[id], id in on_way)
        told = self._hot if self._hot is not None else self._cursor if self.hasFocus() else None
        if self._there(told) and told is not None:
            self._paint_note(painter, told)

    def _paint_ways(self, painter: QPainter, view: tuple[int, int, int, int], way: list[int]) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("dim", 0.45), 1.25))
        left, right, top, bottom = view
        for trunk in self._branches.trunks(*view):
            here = self.rect_of(trunk.node)
            x = here.right() + ACROSS / 2
            last = (trunk.last - trunk.row) * STEP_Y + here.center().y() - BEND
            ends = max(here.center().y(), -1.0), min(last, self.viewport().height() + 1.0)
            painter.drawLine(QPointF(x, ends[0]), QPointF(x, ends[1]))
        for id in filter(self._there, self._branches.within(left, right + 1, top, bottom)):
            self._paint_way(painter, id, trunk=False)
        painter.setPen(QPen(theme.color("accent"), 2))
        for id in filter(self._there, way[max(1, left) : right + 2]):
            self._paint_way(painter, id, trunk=True)

    def _paint_way(self, painter: QPainter, id: int, trunk: bool) -> None:
        """The line from a node's parent to it; without `trunk` only its end where the parent is in another row."""
        parent = self.history.nodes[id].parent
        if parent is None or parent not in self._branches.places:
            return
        start, end = self.rect_of(parent), self.rect_of(id)
        a, b = QPointF(start.right(), start.center().y()), QPointF(end.left(), end.center().y())
        x = a.x() + ACROSS / 2
        if a.y() == b.y():
            painter.drawLine(a, b)
            return
        path = QPainterPath(a if trunk else QPointF(x, b.y() - BEND))
        if trunk:
            path.lineTo(x - BEND, a.y())
            path.quadTo(x, a.y(), x, a.y() + BEND)
            path.lineTo(x, b.y() - BEND)
        path.quadTo(x, b.y(), x + BEND, b.y())
        path.lineTo(b)
        painter.drawPath(path)

    def _paint_node(self, painter: QPainter, node: Node, on_way: bool) -> None:
        area = self.rect_of(node.id)
        current = self.history.current is not None and node.id == self.history.current.id
        walked = self.hasFocus() and node.id == self._cursor
        rim = theme.color("accent", 1.0 if current else 0.55) if on_way else theme.color("line")
        painter.setPen(QPen(rim, 2 if current else 1.25))
        painter.setBrush(theme.color("raised"))
        painter.drawRoundedRect(area, theme.RADIUS, theme.RADIUS)
        if current or node.id == self._hot:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent", 0.16) if current else theme.color("text", 0.06))
            painter.drawRoundedRect(area, theme.RADIUS, theme.RADIUS)
        if walked and not current:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 1.5, Qt.PenStyle.DotLine))
            painter.drawRoundedRect(area.adjusted(3, 3, -3, -3), theme.RADIUS - 2, theme.RADIUS - 2)
        painter.setOpacity(1.0 if on_way else 0.55)
        self._paint_label(painter, node, area)
        if node.outline:
            painter.drawImage(area.adjusted(9, 5, -5, -5), self._picture(node))
        painter.setOpacity(1.0)

    def _paint_label(self, painter: QPainter, node: Node, area: QRectF) -> None:
        """Its main label's colour, where it has one."""
        if node.id not in self._labels:
            self._labels[node.id] = self._label_of(node)
        if self._labels[node.id] >= 0:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.label_color(self._labels[node.id]))
            painter.drawRoundedRect(QRectF(area.left() + 4, area.top() + 9, 2.5, area.height() - 18), 1.25, 1.25)

    def _label_of(self, node: Node) -> int:
        """The number of the label that a place has most of, −1 where that is not known."""
        weights, space = dict(node.request.classes), self._space
        if not weights and space is not None and space.model == node.model and node.request.latent:
            weights = space.weights(node.request)
        main = max(weights, key=lambda name: weights[name], default="")
        return self._names.index(main) if main in self._names else -1

    def _picture(self, node: Node) -> QImage:
        kept = self._pictures.get(node.id)
        if kept is None or kept[0] != node.outline:
            kept = node.outline, picture_of(unpack(node.outline), 2 * (HEIGHT - 10), theme.color("accent"))
            self._pictures[node.id] = kept
            if len(self._pictures) > PICTURES:
                self._pictures.popitem(last=False)
        self._pictures.move_to_end(node.id)
        return kept[1]

    def _paint_note(self, painter: QPainter, node: int) -> None:
        """What and when, on a plate under the node, or above where there is no room."""
        text, area = self.words(self.history.nodes[node]), self.rect_of(node)
        font = theme.font("caption")
        metrics = QFontMetricsF(font)
        plate = QRectF(0, 0, metrics.horizontalAdvance(text) + 14, metrics.height() + 6)
        plate.moveLeft(max(2.0, min(area.left(), self.viewport().width() - plate.width() - 2)))
        plate.moveTop(area.bottom() + 3)
        if plate.bottom() > self.viewport().height() and area.top() - 3 - plate.height() >= 0:
            plate.moveBottom(area.top() - 3)
        plate.moveBottom(min(plate.bottom(), self.viewport().height() - 1.0))
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("surface"))
        painter.drawRoundedRect(plate, 4, 4)
        painter.setFont(font)
        painter.setPen(theme.color("text"))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_empty(self, painter: QPainter) -> None:
        left = 0 if not self.history.nodes else EDGE + STEP_X
        painter.setFont(theme.font())
        painter.setPen(theme.color("dim"))
        words = self.tr("Every move you make is kept here: click one to go back, and nothing is lost")
        area = QRect(left, 0, self.viewport().width() - left - EDGE, self.viewport().height())
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words)

    # ---- the hand
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pull.begins(event):
            self.held = True
            self.pulled.emit(self._cursor)
        else:
            self._point(self.node_at(event.position().toPoint()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        node = self.node_at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and node is not None:
            self._cursor = node
            self._pull.press(event)
            self.chosen.emit(node)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.held = False
        self._pull.release()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The first press has gone there."""

    def _point(self, node: int | None) -> None:
        if node != self._hot:
            self._hot = node
            pointing = Qt.CursorShape.PointingHandCursor if node is not None else Qt.CursorShape.ArrowCursor
            self.viewport().setCursor(pointing)
            self.viewport().update()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._point(None)
        return super().viewportEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel scrolls along the moves where there is nothing to scroll to below."""
        turn, upright = event.angleDelta(), self.verticalScrollBar().maximum() > 0
        along = turn.x() or (turn.y() if not upright or event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0)
        if along:
            self.horizontalScrollBar().setValue(round(self._x - along * STEP_X / 120))
        elif turn.y():
            self.verticalScrollBar().setValue(round(self._y - turn.y() * STEP_Y / 120))
        event.accept()

    def press(self, event: QKeyEvent) -> bool:
        """Left and right are parent and child, up and down the branches beside, Return goes there."""
        at = self._cursor
        if at is None or at not in self.history.nodes or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(at)
            return True
        node = self.history.nodes[at]
        to: int | None
        if key == Qt.Key.Key_Left:
            to = node.parent
        elif key == Qt.Key.Key_Right:
            to = self.history.forward(at)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            to = self._branches.beside(at, -1 if key == Qt.Key.Key_Up else 1)
        else:
            return False
        if to is not None:
            self._cursor = to
            self.setAccessibleDescription(self.words(self.history.nodes[to]))
            self.show_node(to)
            self.viewport().update()
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.press(event):
            event.ignore()

    def focusInEvent(self, event: object) -> None:
        self.viewport().update()

    def focusOutEvent(self, event: object) -> None:
        self.viewport().update()

    def resizeEvent(self, event: object) -> None:
        self._reach()
        self.show_node(self._cursor)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._pictures.clear()
            self.viewport().update()
        super().changeEvent(event)
