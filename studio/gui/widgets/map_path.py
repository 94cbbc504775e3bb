"""The path on a map: drawing it with the hand, its look, and its ends, which can be dragged. Owned by latent_map.py.

Knows points of the widget only through the map it is painted on; what becomes of the path is for others to say.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPolygonF

from studio.explore.paths import Path, Timing

if TYPE_CHECKING:
    from studio.gui.widgets.latent_map import LatentMap

Place = tuple[float, float]
TOLERANCE = 3.0
"""Points that the line of the hand may be straightened by."""
SHORTEST = 12.0
"""A stroke of fewer points is a click."""
GRIP = 10.0
"""Points within which a node is under the pointer."""


class MapPath:
    """`path` in map units or None; `steps` places on it are marked, `done` of them filled."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.steps, self.done = 16, 0
        self.timing: Timing = "even"
        self.held: int | None = None  # the node that the hand drags
        self.hovered: int | None = None
        self._stroke: list[tuple[float, float, float]] | None = None

    @property
    def busy(self) -> bool:
        """The hand is drawing or dragging."""
        return self._stroke is not None or self.held is not None

    def places(self) -> np.ndarray:
        """Where its sounds are, (steps, 2)."""
        return np.zeros((0, 2)) if self.path is None else self.path.steps(self.steps, self.timing)

    # ---- the hand
    def begin(self, place: Place) -> None:
        self._stroke = [(*place, time.monotonic())]

    def take(self, node: int) -> None:
        self.held = node

    def move(self, place: Place) -> None:
        if self._stroke is not None:
            self._stroke.append((*place, time.monotonic()))
        elif self.held is not None and self.path is not None:
            self.path = self.path.moved(self.held, place)

    @property
    def stroking(self) -> bool:
        """The hand is drawing a line."""
        return self._stroke is not None

    def end(self, scale: float) -> bool:
        """The hand lets go; `scale`: points per map unit. Whether there is another path now."""
        stroke, self._stroke = self._stroke, None
        node, self.held = self.held, None
        if stroke is None:
            return node is not None
        points = np.array(stroke)
        if np.linalg.norm(np.diff(points[:, :2], axis=0), axis=1).sum() * scale < SHORTEST:
            return False
        self.path, self.done = Path.drawn(points[:, :2], points[:, 2], TOLERANCE / scale), 0
        return True

    def drop(self) -> bool:
        """Forget the stroke under way; whether there was one."""
        was, self._stroke = self._stroke is not None, None
        return was

    def under(self, map: LatentMap, at: QPointF, every: bool) -> int | None:
        """The node under a point of the widget: one of the two ends, or with `every` any."""
        if self.path is None:
            return None
        last = len(self.path) - 1
        nodes = range(last + 1) if every else sorted({0, last})
        apart = {node: (map.point(*self.path.nodes[node]) - at).manhattanLength() for node in nodes}
        nearest = min(apart, key=lambda node: apart[node])
        return nearest if apart[nearest] <= GRIP else None

    # ---- the look
    def paint(self, painter: QPainter, map: LatentMap, drawing: bool) -> None:
        if self._stroke is not None:
            self._line(painter, map, [map.point(x, y) for x, y, _ in self._stroke])
        elif self.path is not None:
            line = [map.point(x, y) for x, y in self.path.line()]
            self._line(painter, map, line)
            if drawing:
                self._nodes(painter, map)
            else:
                self._marks(painter, map)
            self._ends(painter, map, line)

    def _line(self, painter: QPainter, map: LatentMap, points: list[QPointF]) -> None:
        way = QPainterPath(points[0])
        for point in points[1:]:
            way.lineTo(point)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for ink, width in ((map.ink("surface", 0.85), 5.0), (map.ink("text"), 2.0)):
            painter.setPen(QPen(ink, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
            painter.drawPath(way)

    def _marks(self, painter: QPainter, map: LatentMap) -> None:
        size = 3.5 if self.steps <= 32 else 2.5
        painter.setPen(QPen(map.ink("text"), 1.25))
        for number, (x, y) in enumerate(self.places()):
            painter.setBrush(map.ink("accent" if number < self.done else "surface"))
            painter.drawEllipse(map.point(x, y), size, size)

    def _ends(self, painter: QPainter, map: LatentMap, line: list[QPointF]) -> None:
        """A ring where it begins, an arrow where it ends."""
        painter.setPen(QPen(map.ink("text"), 2))
        painter.setBrush(map.ink("surface"))
        painter.drawEllipse(line[0], 6, 6)
        tip = line[-1]
        tail = next((p for p in reversed(line) if (p - tip).manhattanLength() > 8), line[0])
        way = np.array([tip.x() - tail.x(), tip.y() - tail.y()])
        way = way / (np.linalg.norm(way) or 1.0)
        side = np.array([-way[1], way[0]])
        corners = [way * 8, -way * 6 + side * 7, -way * 3, -way * 6 - side * 7]
        painter.setPen(QPen(map.ink("surface"), 1.5))
        painter.setBrush(map.ink("text"))
        painter.drawPolygon(QPolygonF([QPointF(tip.x() + x, tip.y() + y) for x, y in corners]))
        for node in {self.hovered, self.held} - {None}:
            assert self.path is not None and node is not None
            painter.setPen(QPen(map.ink("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(map.point(*self.path.nodes[node]), 9.5, 9.5)

    def _nodes(self, painter: QPainter, map: LatentMap) -> None:
        assert self.path is not None
        painter.setPen(QPen(map.ink("text"), 1.25))
        painter.setBrush(map.ink("surface"))
        for x, y in self.path.nodes[1:-1]:
            at = map.point(x, y)
            painter.drawRect(int(at.x()) - 3, int(at.y()) - 3, 6, 6)
