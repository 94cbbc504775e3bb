"""Curves over training: raw values faint behind a smoothed line, held-out solid and training dashed, several runs overlaid.

Used by Train. Any number of points is drawn from at most two a pixel; values that are not numbers leave gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.gui import theme
from studio.gui.widgets.canvas import Canvas, tick_step

Array = NDArray[np.float64]
RAW = 0.25
SMOOTH = 0.04
"""Share of the points that a smoothed one averages over, to either side together."""
CROWD = 2
"""Curves up to which the raw values are drawn behind each; behind more of them nobody could tell whose they are."""
LEFT, RIGHT, TOP, BELOW = 46, 12, 12, 22


@dataclass(frozen=True, eq=False)
class Series:
    """One curve. `color` is a token's name or the index of a label colour; x and y (n,), x ascending; listed: in the legend."""

    name: str
    x: Array
    y: Array
    color: str | int = "accent"
    dashed: bool = False
    smooth: bool = True
    listed: bool = True


class CurvePlot(Canvas):
    """Curves on one pair of axes with a read-out at the pointer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._series: tuple[Series, ...] = ()
        self._lines: list[tuple[Array, Array]] = []
        self._log = False
        self._unit_x = self._unit_y = ""
        self._hover: QPointF | None = None
        self._cache: QPixmap | None = None
        self._x_range, self._y_range = (0.0, 1.0), (0.0, 1.0)
        self._marks: tuple[float, ...] = ()
        self.placeholder = self.tr("The curves begin with the first measurement")
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 90)
        self.setAccessibleName(self.tr("Curves of the training"))

    def sizeHint(self) -> QSize:
        return QSize(420, 170)

    def set_series(self, series: Sequence[Series], unit_x: str = "", unit_y: str = "") -> None:
        self._series = tuple(series)
        self._unit_x, self._unit_y = unit_x, unit_y
        self._lines = [(s.x, smoothed(s.y)) if s.smooth else (s.x, s.y) for s in self._series]
        self._rescale()
        words = [f"{s.name} {_number(line[1][-1])}" for s, line in zip(self._series, self._lines) if len(line[1])]
        self.setAccessibleDescription(", ".join(words))
        self.refresh()

    def set_log(self, on: bool) -> None:
        """Logarithmic x: the first minutes are as wide as the last hours."""
        self._log = on
        self._rescale()
        self.refresh()

    def set_marks(self, xs: Sequence[float]) -> None:
        """Faint lines at these x, for instance the moment that is being heard."""
        self._marks = tuple(xs)
        self.update()

    # ---- geometry
    @property
    def _plot(self) -> QRectF:
        return QRectF(LEFT, TOP, max(1, self.width() - LEFT - RIGHT), max(1, self.height() - TOP - BELOW))

    def _rescale(self) -> None:
        xs = [s.x[np.isfinite(s.x)] for s in self._series]
        xs = [x[x > 0] if self._log else x for x in xs]
        xs = [x for x in xs if len(x)]
        if xs:
            low, high = min(float(x.min()) for x in xs), max(float(x.max()) for x in xs)
            self._x_range = (low if self._log else min(0.0, low), high if high > low else low + 1)
        values = [y[np.isfinite(y)] for _, y in self._lines]
        values = [v for v in values if len(v)]
        if values:
            every = np.concatenate(values)
            low, high = float(every.min()), float(np.percentile(every, 99)) if len(every) > 20 else float(every.max())
            pad = 0.08 * (high - low) or abs(high) * 0.1 or 1.0
            self._y_range = (low - pad, high + pad)

    def _share(self, x: Array | float) -> Array:
        low, high = self._x_range
        values = np.asarray(x, float)
        if self._log:
            low, high = np.log(max(low, 1e-9)), np.log(max(high, 1e-9))
            values = np.log(np.maximum(values, 1e-9))
        return (values - low) / max(high - low, 1e-12)

    def _xs(self, x: Array | float) -> Array:
        return self._plot.left() + self._share(x) * self._plot.width()

    def _ys(self, y: Array | float) -> Array:
        low, high = self._y_range
        return self._plot.bottom() - (np.asarray(y, float) - low) / max(high - low, 1e-12) * self._plot.height()

    # ---- painting
    def forget(self) -> None:
        self._cache = None

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._cache is None:
            self._cache = self._render()
        painter.drawPixmap(0, 0, self._cache)
        self._paint_marks(painter)
        if self._hover is not None and self._series and self._plot.contains(self._hover):
            self._paint_hover(painter, self._hover.x())

    def _render(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        page = QPixmap(max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio)))
        page.setDevicePixelRatio(ratio)
        page.fill(Qt.GlobalColor.transparent)
        painter = QPainter(page)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not any(np.isfinite(s.y).any() for s in self._series if len(s.y)):
            painter.setFont(theme.font())
            painter.setPen(self.ink("dim"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.placeholder)
            painter.end()
            return page
        self._paint_axes(painter)
        painter.setClipRect(self._plot.adjusted(0, -2, 2, 2))
        for series, line in zip(self._series, self._lines):
            tint = self._tint(series)
            if series.smooth and len(series.y) > 3 and sum(s.listed for s in self._series) <= CROWD:
                faint = QColor(tint)
                faint.setAlphaF(RAW)
                painter.setPen(QPen(faint, 1))
                painter.drawPath(self._path(series.x, series.y))
            pen = QPen(tint, 1.5)
            if series.dashed:
                pen.setDashPattern([4, 3])
            painter.setPen(pen)
            painter.drawPath(self._path(*line))
            if np.isfinite(line[1]).sum() == 1:
                at = int(np.flatnonzero(np.isfinite(line[1]))[0])
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(tint)
                painter.drawEllipse(QPointF(float(self._xs(line[0][at])), float(self._ys(line[1][at]))), 3, 3)
                painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setClipping(False)
        self._paint_legend(painter)
        painter.end()
        return page

    def _paint_marks(self, painter: QPainter) -> None:
        if any(len(series.y) for series in self._series):
            painter.setPen(QPen(self.ink("text", 0.35), 1))
            for x in (float(self._xs(mark)) for mark in self._marks):
                if self._plot.left() <= x <= self._plot.right() + 1:
                    painter.drawLine(QPointF(x, self._plot.top() + 18), QPointF(x, self._plot.bottom()))

    def _paint_legend(self, painter: QPainter) -> None:
        """What the lines are, from the right upper corner to the left, as far as there is room."""
        font = theme.font("caption")
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        right, y = self.width() - float(RIGHT), TOP + metrics.ascent() / 2
        for series in reversed([series for series in self._series if series.listed]):
            wide = metrics.horizontalAdvance(series.name)
            if right - wide - 26 < self._plot.left():
                break
            painter.setPen(self.ink("dim"))
            painter.drawText(QPointF(right - wide, y + metrics.ascent() / 2 - 1), series.name)
            pen = QPen(self._tint(series), 1.5)
            if series.dashed:
                pen.setDashPattern([4, 3])
            painter.setPen(pen)
            painter.drawLine(QPointF(right - wide - 24, y), QPointF(right - wide - 6, y))
            right -= wide + 40

    def _tint(self, series: Series) -> QColor:
        return theme.label_color(series.color) if isinstance(series.color, int) else self.ink(series.color)

    def _path(self, x: Array, y: Array) -> QPainterPath:
        """A line through the points, of more than two a pixel only the lowest and highest; gaps where there is no number."""
        good = np.isfinite(x) & ((x > 0) if self._log else True)
        px, py = self._xs(x[good]), self._ys(y[good])
        px, py = _thinned(px, np.clip(py, -1e4, 1e4), self._plot.left(), int(self._plot.width()))
        path = QPainterPath()
        down = False
        for at, value in zip(px.tolist(), py.tolist()):
            if value != value:
                down = False
            elif down:
                path.lineTo(at, value)
            else:
                path.moveTo(at, value)
                path.lineTo(at + 0.01, value)
                down = True
        return path

    def _paint_axes(self, painter: QPainter) -> None:
        plot = self._plot
        font = theme.font("caption")
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        low, high = self._y_range
        step = tick_step(high - low, max(2, int(plot.height() // 36)))
        value = np.ceil(low / step) * step
        while value <= high:
            y = float(self._ys(value))
            painter.setPen(QPen(self.ink("line", 0.7), 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(self.ink("dim"))
            painter.drawText(
                QRectF(0, y - 8, LEFT - 8, 16), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, _number(value)
            )
            value += step
        edge = -1e9
        for value in self._x_ticks():
            x = float(self._xs(value))
            text = _number(value)
            wide = metrics.horizontalAdvance(text)
            if x - wide / 2 < edge or x > plot.right() + 1:
                continue
            painter.setPen(self.ink("dim"))
            painter.drawText(QPointF(min(x - wide / 2, self.width() - wide), self.height() - 6), text)
            edge = x + wide / 2 + 14
        if self._unit_x and edge < plot.right() - metrics.horizontalAdvance(self._unit_x):
            painter.drawText(
                QRectF(plot.left(), self.height() - 18, plot.width() + RIGHT - 2, 16), Qt.AlignmentFlag.AlignRight, self._unit_x
            )

    def _x_ticks(self) -> list[float]:
        low, high = self._x_range
        if self._log:
            first, last = int(np.floor(np.log10(max(low, 1e-9)))), int(np.ceil(np.log10(max(high, 1e-9))))
            ticks = [m * 10.0**power for power in range(first, last + 1) for m in (1, 2, 5)]
            return [t for t in ticks if low <= t <= high]
        step = tick_step(high - low, max(2, int(self._plot.width() // 90)))
        return [float(v) for v in np.arange(np.ceil(low / step), high / step + 1e-9) * step]

    def _paint_hover(self, painter: QPainter, at: float) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plot = self._plot
        painter.setPen(QPen(self.ink("dim", 0.6), 1))
        painter.drawLine(QPointF(at, plot.top()), QPointF(at, plot.bottom()))
        rows: list[tuple[QColor, str]] = []
        where = 0.0
        for series, (x, y) in zip(self._series, self._lines):
            good = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
            if not len(good):
                continue
            nearest = int(good[np.abs(self._xs(x[good]) - at).argmin()])
            if abs(float(self._xs(x[nearest])) - at) > 40:
                continue
            where = float(x[nearest])
            tint = self._tint(series)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tint)
            painter.drawEllipse(QPointF(float(self._xs(x[nearest])), float(self._ys(y[nearest]))), 3.5, 3.5)
            rows.append((tint, f"{series.name}  {_number(float(y[nearest]))}{self._unit_y and ' ' + self._unit_y}"))
        if rows:
            self._paint_plate(painter, at, rows, f"{_number(where)} {self._unit_x}".strip())

    def _paint_plate(self, painter: QPainter, at: float, rows: list[tuple[QColor, str]], head: str) -> None:
        font = theme.font("caption")
        metrics = QFontMetricsF(font)
        width = max(metrics.horizontalAdvance(text) for text in [head, *(text for _, text in rows)]) + 30
        plate = QRectF(at + 12, TOP, width, (len(rows) + 1) * 16 + 10)
        if plate.right() > self.width() - 4:
            plate.moveRight(at - 12)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.ink("raised", 0.95))
        painter.drawRoundedRect(plate, 6, 6)
        painter.setFont(font)
        painter.setPen(self.ink("dim"))
        painter.drawText(QPointF(plate.left() + 10, plate.top() + 16), head)
        for i, (tint, text) in enumerate(rows):
            y = plate.top() + 32 + i * 16
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tint)
            painter.drawEllipse(QPointF(plate.left() + 13, y - 4), 3, 3)
            painter.setPen(self.ink("text"))
            painter.drawText(QPointF(plate.left() + 22, y), text)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover = event.position()
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._hover = None
        self.update()


def smoothed(y: Array) -> Array:
    """A running mean over SMOOTH of the points that ignores what is no number; the ends average over what there is."""
    values = np.asarray(y, float)
    half = max(1, round(len(values) * SMOOTH / 2))
    if len(values) < 8:
        return values
    good = np.isfinite(values)
    total = np.concatenate([[0.0], np.cumsum(np.where(good, values, 0.0))])
    count = np.concatenate([[0], np.cumsum(good)])
    at = np.arange(len(values))
    low, high = np.maximum(at - half, 0), np.minimum(at + half + 1, len(values))
    seen = count[high] - count[low]
    return np.divide(total[high] - total[low], seen, out=np.full(len(values), np.nan), where=(seen > 0) & good)


def _thinned(x: Array, y: Array, left: float, width: int) -> tuple[Array, Array]:
    """At most two points a pixel column: where there are more, the lowest and the highest of it."""
    if len(x) <= 2 * width:
        return x, y
    column = np.floor(x - left).astype(int)
    first = np.flatnonzero(np.r_[True, np.diff(column) != 0])
    low = np.fmin.reduceat(y, first)
    high = np.fmax.reduceat(y, first)
    return np.repeat(x[first], 2), np.stack([low, high], axis=1).ravel()


def _number(value: float) -> str:
    if not np.isfinite(value):
        return "–"
    if value == 0 or abs(value) < 1e-12:
        return "0"
    size = abs(value)
    text = f"{value:.3g}" if 1e-3 <= size < 1e4 else f"{value:.1e}" if size < 1e-3 or size >= 1e6 else f"{value:,.0f}"
    return text.replace("-", "−")
