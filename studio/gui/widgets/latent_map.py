"""The map of a latent space: every sound a dot, near means similar, and a cursor whose every place can be played.

Used by Explore. Positions come from explore/map.py; this widget knows no latents, it says where the hand is and which dot is
under it. Dots are stamped with numpy (dots.py); finding the dot under the pointer is a scan over all positions (0.1 ms for
50,000), which needs no index. A path can be drawn over them (map_path.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from studio.explore.paths import Path, Timing
from studio.gui import theme
from studio.gui.widgets.canvas import RADIUS, Canvas, picture, ramp
from studio.gui.widgets.dots import stamped
from studio.gui.widgets.map_path import MapPath
from studio.gui.widgets.pull import Pull

NEAR = 9.0
"""Points within which a dot is under the pointer."""
SHADE = 0.20
Box = tuple[tuple[float, float], tuple[float, float]]


class LatentMap(Canvas):
    """Dots, density shade, clips and a cursor. Places are map units (x to the right, y upwards)."""

    moved = Signal(float, float)
    """The cursor, while it is dragged or walked with the arrow keys."""
    released = Signal(float, float)
    hovered = Signal(object)
    """The index of the dot under the pointer, or None."""
    clipHovered = Signal(object)
    picked = Signal(object)
    """The index of a dot that was double-clicked."""
    pathChanged = Signal(object)
    """Path that was drawn or changed by hand, None when it was deleted."""
    drawingChanged = Signal(bool)
    pulled = Signal(object, object)
    """A sound is dragged out: the index of the clip or of the dot under the hand, else None and None."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._places = np.zeros((0, 2), np.float32)
        self._labels = np.zeros(0, np.int64)
        self._legend: tuple[str, ...] = ()
        self._titles: Sequence[str] = ()
        self._clips = np.zeros((0, 2), np.float32)
        self._shade: NDArray[np.float32] | None = None
        self._shade_box: Box = ((-1.0, 1.0), (-1.0, 1.0))
        self._bounds: Box = ((-3.0, 3.0), (-3.0, 3.0))
        self._cursor: tuple[float, float] | None = None
        self._centre = QPointF(0.0, 0.0)
        self._zoom = 1.0  # 1: the bounds fit
        self._hover: int | None = None
        self._clip_hover: int | None = None
        self._dragging = False
        self._pull = Pull()  # of a sound, out of the window
        self._pan: QPointF | None = None
        self.way = MapPath()
        self.drawing = False
        self._footer = 0
        self._cache: QPixmap | None = None
        self.placeholder = self.tr("No map yet")
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(200, 160)
        self.setAccessibleName(self.tr("Map of the sounds"))
        keys = self.tr("Arrow keys move the cursor, Shift makes small steps, plus and minus zoom.")
        self.setAccessibleDescription(keys + " " + self.tr("Hold Alt and drag to draw a path, Ctrl to drag a sound out."))

    def sizeHint(self) -> QSize:
        return QSize(560, 420)

    # ---- what is shown
    def set_dots(
        self,
        places: ArrayLike,
        labels: ArrayLike | None = None,
        legend: Sequence[str] = (),
        titles: Sequence[str] = (),
        bounds: Box | None = None,
    ) -> None:
        """Dots at `places` (N, 2); `labels` (N,) index into `legend`, −1 for none; `titles` are shown at the pointer."""
        self._places = np.asarray(places, np.float32).reshape(-1, 2)
        self._labels = np.full(len(self._places), -1) if labels is None else np.asarray(labels, np.int64)
        self._legend, self._titles = tuple(legend), titles
        self._hover = None
        if bounds is not None:
            self._bounds = bounds
        elif len(self._places):
            low, high = self._places.min(axis=0), self._places.max(axis=0)
            pad = np.maximum(0.12 * (high - low).max(), 1e-3)
            self._bounds = ((float(low[0] - pad), float(high[0] + pad)), (float(low[1] - pad), float(high[1] + pad)))
        self.fit()

    def set_density(self, values: ArrayLike | None, box: Box = ((-1.0, 1.0), (-1.0, 1.0))) -> None:
        """Shade where the model has seen sounds: `values` (rows upwards, columns) 0–1 over the box (x, y)."""
        self._shade = None if values is None else np.asarray(values, np.float32)
        self._shade_box = box
        self.refresh()

    def set_clips(self, places: ArrayLike) -> None:
        """Kept sounds as diamonds at `places` (N, 2)."""
        self._clips = np.asarray(places, np.float32).reshape(-1, 2)
        self._clip_hover = None
        self.refresh()

    def set_footer(self, height: int) -> None:
        """Points at the lower edge that something else lies over: the legend keeps out of them."""
        if height != self._footer:
            self._footer = height
            self.refresh()

    def say(self, text: str) -> None:
        """What stands on the map while there are no dots."""
        if text != self.placeholder:
            self.placeholder = text
            self.refresh()

    @property
    def cursor_place(self) -> tuple[float, float] | None:
        return self._cursor

    def set_cursor(self, x: float, y: float) -> None:
        """Put the cursor at a place. Emits nothing."""
        self._cursor = (float(x), float(y))
        self.update()

    def clear_cursor(self) -> None:
        self._cursor = None
        self.update()

    def set_drawing(self, on: bool) -> None:
        """The hand draws a path instead of moving the cursor. Holding Alt does so for one line."""
        if on != self.drawing:
            self.drawing = on
            self.setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.ArrowCursor)
            self.drawingChanged.emit(on)
            self.update()

    def set_path(self, path: Path | None) -> None:
        """Show another path, or none. Emits nothing."""
        self.way.path, self.way.done, self.way.hovered, self.way.held = path, 0, None, None
        self.update()

    def set_steps(self, steps: int, timing: Timing = "even", done: int = 0) -> None:
        """How many places the path has, how they lie on it, and how many of them are made."""
        self.way.steps, self.way.timing, self.way.done = steps, timing, done
        self.update()

    def fit(self) -> None:
        """Show everything."""
        (left, right), (bottom, top) = self._bounds
        self._centre, self._zoom = QPointF((left + right) / 2, (bottom + top) / 2), 1.0
        self.refresh()

    # ---- geometry
    @property
    def _scale(self) -> float:
        """Points per map unit."""
        (left, right), (bottom, top) = self._bounds
        return self._zoom * min(self.width() / max(right - left, 1e-9), self.height() / max(top - bottom, 1e-9))

    def point(self, x: float, y: float) -> QPointF:
        """Where a place is on the widget."""
        return QPointF(
            self.width() / 2 + (x - self._centre.x()) * self._scale, self.height() / 2 - (y - self._centre.y()) * self._scale
        )

    def place(self, point: QPointF) -> tuple[float, float]:
        """Which place is at a point of the widget."""
        x = self._centre.x() + (point.x() - self.width() / 2) / self._scale
        y = self._centre.y() - (point.y() - self.height() / 2) / self._scale
        return x, y

    def _points(self, places: NDArray[np.float32]) -> NDArray[np.float32]:
        scale = self._scale
        offset = np.array([self.width() / 2 - self._centre.x() * scale, self.height() / 2 + self._centre.y() * scale])
        return (places * (scale, -scale) + offset).astype(np.float32)

    def _under(self, point: QPointF, places: NDArray[np.float32]) -> int | None:
        """The nearest of `places` within reach of `point`."""
        if not len(places):
            return None
        here = np.array(self.place(point), np.float32)
        apart = np.square(places - here).sum(axis=1)
        nearest = int(apart.argmin())
        return nearest if np.sqrt(apart[nearest]) * self._scale <= NEAR else None

    def zoom(self, factor: float, around: QPointF | None = None) -> None:
        """Enlarge by `factor`, keeping the place under `around` where it is."""
        at = QPointF(self.width() / 2, self.height() / 2) if around is None else around
        x, y = self.place(at)
        self._zoom = float(np.clip(self._zoom * factor, 0.5, 200.0))
        moved = self.place(at)
        self._centre += QPointF(x - moved[0], y - moved[1])
        self.refresh()

    # ---- painting
    def forget(self) -> None:
        self._cache = None

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._cache is None:
            self._cache = self._render()
        painter.drawPixmap(0, 0, self._cache)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._hover is not None:
            self._paint_ring(painter, self.point(*map(float, self._places[self._hover])))
        if self._clip_hover is not None:
            self._paint_ring(painter, self.point(*map(float, self._clips[self._clip_hover])))
        self.way.paint(painter, self, self.drawing)
        if self._cursor is not None:
            self._paint_cursor(painter, self.point(*self._cursor))
        self.paint_focus(painter)

    def _render(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        page = QPixmap(max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio)))
        page.setDevicePixelRatio(ratio)
        page.fill(Qt.GlobalColor.transparent)
        painter = QPainter(page)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = QPainterPath()
        edge.addRoundedRect(QRectF(self.rect()), RADIUS, RADIUS)
        painter.fillPath(edge, self.ink("surface"))
        painter.setClipPath(edge)
        if not len(self._places) and self._cursor is None:
            painter.setPen(self.ink("dim"))
            painter.setFont(theme.font())
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.placeholder)
        if self._shade is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self._box(self._shade_box), self._shade_image())
        dots = stamped(self._points(self._places), self._labels, page.width(), page.height(), ratio)
        painter.drawImage(QPointF(0, 0), dots)
        self._paint_clips(painter)
        self._paint_legend(painter)
        painter.end()
        return page

    def _box(self, box: Box) -> QRectF:
        (left, right), (bottom, top) = box
        return QRectF(self.point(left, top), self.point(right, bottom))

    def _shade_image(self) -> QImage:
        assert self._shade is not None
        level = np.sqrt(np.clip(self._shade, 0, 1))[::-1] * SHADE
        return picture(ramp(self.ink("accent"))[(level * 255).astype(np.uint8)])

    def _paint_clips(self, painter: QPainter) -> None:
        painter.setPen(QPen(self.ink("text"), 1.5))
        painter.setBrush(self.ink("surface"))
        for x, y in self._points(self._clips):
            painter.drawPolygon(QPolygonF([QPointF(x, y - 5), QPointF(x + 5, y), QPointF(x, y + 5), QPointF(x - 5, y)]))

    def _paint_legend(self, painter: QPainter) -> None:
        font = theme.font("caption")
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        x, y = 10.0, self.height() - 10.0 - self._footer
        for i, name in enumerate(self._legend):
            wide = metrics.horizontalAdvance(name) + 24
            if x + wide > self.width() - 8:
                break
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.ink("surface", 0.8))  # readable over dots
            painter.drawRect(QRectF(x - 6, y - metrics.ascent() - 3, wide, metrics.height() + 6))
            painter.setBrush(theme.label_color(i))
            painter.drawEllipse(QPointF(x + 4, y - metrics.ascent() / 2 + 1), 4, 4)
            painter.setPen(self.ink("dim"))
            painter.drawText(QPointF(x + 12, y), name)
            x += wide

    def _paint_ring(self, painter: QPainter, at: QPointF) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self.ink("text"), 1.5))
        painter.drawEllipse(at, 6.5, 6.5)

    def _paint_cursor(self, painter: QPainter, at: QPointF) -> None:
        painter.setPen(QPen(self.ink("accent", 0.25), 1))
        painter.drawLine(QPointF(at.x(), 0), QPointF(at.x(), self.height()))
        painter.drawLine(QPointF(0, at.y()), QPointF(self.width(), at.y()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.ink("accent", 0.22))
        painter.drawEllipse(at, 17, 17)
        painter.setPen(QPen(self.ink("surface"), 2))
        painter.setBrush(self.ink("accent"))
        painter.drawEllipse(at, 9, 9)

    # ---- the hand
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton):
            self._pan = event.position()
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._pull.press(event)
        elif event.button() == Qt.MouseButton.LeftButton and (len(self._places) or self._cursor is not None):
            node = self.way.under(self, event.position(), self.drawing)
            if node is not None:
                self.way.take(node)
            elif self.drawing or event.modifiers() & Qt.KeyboardModifier.AltModifier:
                self.way.begin(self.place(event.position()))
            else:
                self._dragging = True
                self._go(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._pan is not None:
            shift = at - self._pan
            self._centre -= QPointF(shift.x() / self._scale, -shift.y() / self._scale)
            self._pan = at
            self.refresh()
        elif self.way.busy:
            self.way.move(self.place(self._inside(at)))
            self.update()
        elif self._dragging:
            self._go(at)
        elif self._pull.begins(event):
            clip = self._under(at, self._clips)
            self.pulled.emit(clip, self._under(at, self._places) if clip is None else None)
        else:
            self._look_under(at, event)

    def _look_under(self, at: QPointF, event: QMouseEvent) -> None:
        node = self.way.under(self, at, self.drawing)
        if node != self.way.hovered:
            self.way.hovered = node
            self.update()
        clip = self._under(at, self._clips)
        if clip != self._clip_hover:
            self._clip_hover = clip
            self.clipHovered.emit(clip)
            self.update()
        dot = self._under(at, self._places) if clip is None else None
        if dot != self._hover:
            self._hover = dot
            self.hovered.emit(dot)
            if dot is not None and dot < len(self._titles):
                QToolTip.showText(event.globalPosition().toPoint(), self._titles[dot], self)
            else:
                QToolTip.hideText()
            self.update()

    def _inside(self, at: QPointF) -> QPointF:
        return QPointF(min(max(at.x(), 0.0), float(self.width())), min(max(at.y(), 0.0), float(self.height())))

    def _go(self, at: QPointF) -> None:
        self._cursor = self.place(self._inside(at))
        self.update()
        self.moved.emit(*self._cursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pan = None
        self._pull.release()
        if self.way.busy:
            drawn = self.way.stroking
            if self.way.end(self._scale):
                if drawn:
                    self.set_drawing(False)  # the next thing the hand wants is the cursor
                self.pathChanged.emit(self.way.path)
            self.update()
        if self._dragging:
            self._dragging = False
            assert self._cursor is not None
            self.released.emit(*self._cursor)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        dot = None if self.drawing else self._under(event.position(), self._places)
        if dot is not None and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(dot)

    def leaveEvent(self, event: QEvent) -> None:
        if self._hover is not None:
            self._hover = None
            self.hovered.emit(None)
        if self._clip_hover is not None:
            self._clip_hover = None
            self.clipHovered.emit(None)
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom(2 ** (event.angleDelta().y() / 360), event.position())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}
        key = Qt.Key(event.key())
        if key in steps and (self._cursor is not None or len(self._places)):
            points = 3 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 16
            x, y = self._cursor or (self._centre.x(), self._centre.y())
            self._cursor = (x + steps[key][0] * points / self._scale, y + steps[key][1] * points / self._scale)
            self.update()
            self.moved.emit(*self._cursor)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(1.5)
        elif key == Qt.Key.Key_Minus:
            self.zoom(1 / 1.5)
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.way.path is not None:
            self.set_path(None)
            self.pathChanged.emit(None)
        elif key == Qt.Key.Key_Escape and (self.way.drop() or self.drawing):
            self.set_drawing(False)
            self.update()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        arrows = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)
        if event.key() in arrows and not event.isAutoRepeat() and self._cursor is not None:
            self.released.emit(*self._cursor)
        else:
            super().keyReleaseEvent(event)
