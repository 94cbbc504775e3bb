"""The waveform: peaks and RMS of a sound, from an hour down to single samples, with selection, playhead and markers.

Used by the transport and by every page. It draws what it is given and tells what the hand does; it plays nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.audio import peaks as pyramid
from studio.audio.peaks import Peaks
from studio.audio.sound import Audio, Sound
from studio.gui import theme
from studio.gui.widgets.canvas import RADIUS, Canvas, clock, lasting, tick_step
from studio.gui.widgets.later import Later
from studio.gui.widgets.shape import OnDisk, Outline, outline_of, picture_of

RULER = 18
LONG = 20.0
"""Seconds from which a sound is drawn from a pyramid, built off the GUI thread, instead of its samples."""
FEWEST = 16
"""Frames in the closest view."""
GRIP = 5.0
"""Pixels around a selection's edge that take hold of it."""
EDGES = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.AltModifier
"""With these, arrow keys are for whoever shows the waveform: they move the edges of the selection in the clip editor."""
REACH = 12.0
"""Pixels that an edge snaps at most."""


class Waveform(Canvas):
    """One sound over time. All times in signals and properties are seconds."""

    selectionChanged = Signal(object)
    """(start, end), or None."""
    seeked = Signal(float)
    viewChanged = Signal(float, float)

    def __init__(self, parent: QWidget | None = None, *, ruler: bool = True, selectable: bool = True) -> None:
        super().__init__(parent)
        self._outline: Outline | None = None
        self._start, self._end = 0.0, 1.0  # the view, in frames
        self._selection: tuple[float, float] | None = None  # frames
        self._markers: tuple[float, ...] = ()
        self._playhead: float | None = None
        self._hover: float | None = None
        self._gain = 1.0
        self._ruler, self._selectable = ruler, selectable
        self._anchor: float | None = None
        self._pressed: QPointF | None = None
        self._pan: QPointF | None = None
        self._cache: QPixmap | None = None
        self._later = Later(self)
        self._wanted: Audio | None = None  # a long one whose pyramid is being built
        self._later.done.connect(self._built)
        self.placeholder = self.tr("No sound yet")
        self.snap: Callable[[float], float] | None = None
        """Where an edge of the selection goes that the hand moves to a second; None: exactly there."""
        self.between: Callable[[float], tuple[float, float]] | None = None
        """What a double click at a second selects; None: it shows everything."""

        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(32)
        self.setAccessibleName(self.tr("Waveform"))

    def sizeHint(self) -> QSize:
        return QSize(480, 140)

    # ---- what is shown
    def set_placeholder(self, text: str) -> None:
        """What stands here while there is no sound."""
        if text != self.placeholder:
            self.placeholder = text
            self.refresh()

    def set_sound(self, sound: Audio | None, *, stay: bool = False) -> None:
        """Show a sound, whole, or where it is seen now if we `stay`. None shows the placeholder."""
        start, end = self._start, self._end
        whole = (start, end) == (0.0, float(self._outline.frames if self._outline else 1))
        self._take(sound)
        if stay and not whole:
            self._look(start, end)

    def _take(self, sound: Audio | None) -> None:
        if sound is None or sound.frames == 0:
            self._show(None)
        elif isinstance(sound, Sound) and sound.seconds > LONG:
            self._show(None)
            self._wanted = sound
            self._later.ask(partial(pyramid.build, sound))
        else:
            self._show(outline_of(sound))

    def set_peaks(self, peaks: Peaks | None) -> None:
        """Show a sound by its pyramid, whole, however long; close up by the samples of its `source`."""
        self._show(None if peaks is None else OnDisk(peaks))

    def _built(self, peaks: object) -> None:
        if isinstance(peaks, Peaks) and peaks.source is self._wanted:
            self._show(OnDisk(peaks))

    def _show(self, outline: Outline | None) -> None:
        self._later.drop()
        self._wanted = None
        self._outline = outline
        self._selection, self._playhead, self._markers, self._gain = None, None, (), 1.0
        self._start, self._end = 0.0, float(outline.frames if outline else 1)
        self.setAccessibleDescription(self.tr("{0} seconds").format(clock(self.seconds)) if outline else self.placeholder)
        self.refresh()
        if outline:
            self.viewChanged.emit(0.0, self.seconds)

    @property
    def seconds(self) -> float:
        return self._outline.frames / self._outline.rate if self._outline else 0.0

    @property
    def view(self) -> tuple[float, float]:
        """Start and end of what is visible, in seconds."""
        rate = self._rate
        return self._start / rate, self._end / rate

    def set_view(self, start: float, end: float) -> None:
        self._look(start * self._rate, end * self._rate)

    @property
    def selection(self) -> tuple[float, float] | None:
        return None if self._selection is None else (self._selection[0] / self._rate, self._selection[1] / self._rate)

    def set_selection(self, selection: tuple[float, float] | None) -> None:
        """Select (start, end), or nothing. Emits nothing."""
        self._selection = None if selection is None else tuple(self._clamp(t * self._rate) for t in selection)  # type: ignore[assignment]
        self.update()

    @property
    def playhead(self) -> float | None:
        return self._playhead

    def set_playhead(self, seconds: float | None) -> None:
        """Move the playhead; repaints two narrow strips only."""
        if seconds == self._playhead:
            return
        for at in (self._playhead, seconds):
            if at is not None and self._outline:
                self.update(int(self._x(at * self._rate)) - 3, 0, 7, self.height())
        self._playhead = seconds

    def set_markers(self, seconds: Sequence[float]) -> None:
        """Thin lines, for instance where slices begin."""
        self._markers = tuple(seconds)
        self.refresh()

    # ---- geometry
    @property
    def _rate(self) -> int:
        return self._outline.rate if self._outline else 1

    @property
    def _wave(self) -> QRectF:
        below = RULER if self._ruler and self.height() >= 70 else 0
        return QRectF(0, 0, self.width(), self.height() - below)

    def _x(self, frame: float) -> float:
        return (frame - self._start) / max(self._end - self._start, 1e-9) * self.width()

    def moment(self, x: float) -> float:
        """Seconds at a place across the widget."""
        return self._clamp(self._frame(x)) / self._rate if self._outline is not None else 0.0

    def _frame(self, x: float) -> float:
        return self._start + x / max(self.width(), 1) * (self._end - self._start)

    def _clamp(self, frame: float) -> float:
        return min(max(frame, 0.0), float(self._outline.frames if self._outline else 0))

    def _look(self, start: float, end: float) -> None:
        if self._outline is None:
            return
        total = float(self._outline.frames)
        span = min(max(end - start, min(FEWEST, total)), total)
        start = min(max(start, 0.0), total - span)
        if (start, start + span) == (self._start, self._end):
            return
        self._start, self._end = start, start + span
        self.refresh()
        self.viewChanged.emit(*self.view)

    def zoom(self, factor: float, around: float | None = None) -> None:
        """Show `factor` times as much time, keeping the second `around` where it is (default: the middle)."""
        total = float(self._outline.frames if self._outline else 1)
        span = self._end - self._start
        factor = min(max(span * factor, min(FEWEST, total)), total) / max(span, 1e-9)
        at = (self._start + self._end) / 2 if around is None else around * self._rate
        self._look(at - (at - self._start) * factor, at + (self._end - at) * factor)

    def show_all(self) -> None:
        self._gain = 1.0
        self._look(0.0, float(self._outline.frames if self._outline else 1))

    # ---- painting
    def forget(self) -> None:
        self._cache = None

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._cache is None:
            self._cache = self._render()
        painter.drawPixmap(0, 0, self._cache)
        if self._outline is not None:
            self._paint_selection(painter)
            if self._playhead is not None:
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                painter.setPen(QPen(self.ink("text"), theme.PLAYHEAD))
                x = self._x(self._playhead * self._rate)
                painter.drawLine(QPointF(x, 0), QPointF(x, self._wave.height()))
            if self._hover is not None and self._ruler:
                self._paint_hover(painter)
        self.paint_focus(painter)

    def _render(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        page = QPixmap(max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio)))
        page.setDevicePixelRatio(ratio)
        page.fill(Qt.GlobalColor.transparent)
        painter = QPainter(page)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        wave = self._wave
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.ink("surface") if self._ruler else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(wave, RADIUS, RADIUS)
        if self._outline is None:
            painter.setPen(self.ink("dim"))
            painter.setFont(theme.font())
            painter.drawText(wave, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.placeholder)
            painter.end()
            return page
        middle = wave.height() / 2
        painter.setPen(QPen(self.ink("line"), 1))
        painter.drawLine(QPointF(0, middle), QPointF(self.width(), middle))
        if wave.height() < self.height():
            self._paint_ruler(painter, wave)
        if (self._end - self._start) / max(self.width() * ratio, 1) < 1:
            self._paint_samples(painter, wave, ratio)
        else:
            start, end = int(self._start), int(np.ceil(self._end))
            columns = self._outline.view(start, end, max(1, round(self.width() * ratio)))
            image = picture_of(columns, max(2, round(wave.height() * ratio)), self.ink("accent"), gain=self._gain, ratio=ratio)
            painter.drawImage(QPointF(0, 0), image)
        painter.setPen(QPen(self.ink("warn", 0.9), 1))
        for x in (self._x(seconds * self._rate) for seconds in self._markers):
            if -1 <= x <= self.width() + 1:
                painter.drawLine(QPointF(x, 0), QPointF(x, wave.height()))
        painter.end()
        return page

    def _paint_samples(self, painter: QPainter, wave: QRectF, ratio: float) -> None:
        """Closer than one sample a pixel: the line through the samples, and each of them once there is room."""
        assert self._outline is not None
        first = max(0, int(self._start) - 1)
        values = np.clip(self._outline.samples(first, int(np.ceil(self._end)) + 2) * self._gain, -1, 1)
        middle, reach = wave.height() / 2, wave.height() / 2 - 1
        points = [QPointF(self._x(first + i), middle - float(v) * reach) for i, v in enumerate(values)]
        path = QPainterPath()
        for i, point in enumerate(points):
            path.lineTo(point) if i else path.moveTo(point)
        painter.setPen(QPen(self.ink("accent"), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        if self.width() / max(self._end - self._start, 1) > 6:
            painter.setBrush(self.ink("accent"))
            for point in points:
                painter.drawEllipse(point, 2.5, 2.5)

    def _paint_ruler(self, painter: QPainter, wave: QRectF) -> None:
        start, end = self.view
        step = tick_step(end - start, max(2, self.width() // 110))
        font = theme.font("caption")
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        tick = np.ceil(start / step - 1e-6) * step
        edge = 0.0
        while tick <= end + 1e-9:
            x = self._x(tick * self._rate)
            text = clock(max(0.0, float(tick)), step)
            wide = metrics.horizontalAdvance(text)
            left = min(max(x - wide / 2, 0), self.width() - wide)
            painter.setPen(self.ink("line"))
            painter.drawLine(QPointF(x, wave.bottom() + 1), QPointF(x, wave.bottom() + 4))
            if left >= edge:
                painter.setPen(self.ink("dim"))
                painter.drawText(QPointF(left, wave.bottom() + 5 + metrics.ascent()), text)
                edge = left + wide + 8
            tick += step

    def _paint_selection(self, painter: QPainter) -> None:
        if self._selection is None:
            return
        left, right = (self._x(f) for f in self._selection)
        area = QRectF(left, 0, max(1.0, right - left), self._wave.height())
        painter.fillRect(area, self.ink("accent", 0.18))
        painter.setPen(QPen(self.ink("accent"), 1))
        painter.drawLine(area.topLeft(), area.bottomLeft())
        painter.drawLine(area.topRight(), area.bottomRight())

    def _paint_hover(self, painter: QPainter) -> None:
        assert self._hover is not None and self._outline is not None
        start, end = self.view
        at = int(self._clamp(self._hover))
        width = max(1, round((self._end - self._start) / max(self.width(), 1)))
        low, high, _ = self._outline.view(at, min(at + width, self._outline.frames), 1)
        loud = max(abs(float(low[0])), abs(float(high[0])))
        level = self.tr("{0} dB").format(f"{20 * np.log10(loud):.1f}".replace("-", "−")) if loud > 1e-6 else self.tr("silent")
        time = clock(at / self._rate, max((end - start) / max(self.width(), 1), 1 / self._rate))
        text = self.tr("{0} s   {1}").format(time, level)
        if self._selection is not None:
            length = (self._selection[1] - self._selection[0]) / self._rate
            text = self.tr("{0}   selected {1}").format(text, lasting(length))
        x = self._x(self._hover)
        painter.setPen(QPen(self.ink("dim", 0.6), 1))
        painter.drawLine(QPointF(x, 0), QPointF(x, self._wave.height()))
        self.paint_note(painter, text, QPointF(self.width() - 6, 6))

    # ---- the hand
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._outline is None:
            return
        if event.button() == Qt.MouseButton.MiddleButton:
            self._pan = event.position()
        elif event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position()
            self._anchor = self._clamp(self._frame(event.position().x()))
            if self._selection is not None:
                start, end = self._selection
                if abs(self._x(start) - event.position().x()) <= GRIP:
                    self._anchor = end
                elif abs(self._x(end) - event.position().x()) <= GRIP:
                    self._anchor = start

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._outline is None:
            return
        x = event.position().x()
        if self._pan is not None:
            shift = (self._pan.x() - x) / max(self.width(), 1) * (self._end - self._start)
            self._pan = event.position()
            self._look(self._start + shift, self._end + shift)
        elif self._pressed is not None and self._selectable:
            self._select_to(x)
        self._hover = self._frame(x)
        grip = self._selectable and self._grips(x)
        self.setCursor(Qt.CursorShape.SizeHorCursor if grip else Qt.CursorShape.ArrowCursor)
        self.update()

    def _select_to(self, x: float) -> None:
        assert self._pressed is not None and self._anchor is not None
        if abs(x - self._pressed.x()) >= 3 or self._grips(self._pressed.x()):
            at = self._snapped(self._frame(x))
            if self._selection is None:
                self._anchor = self._snapped(self._anchor)
            self._selection = (min(self._anchor, at), max(self._anchor, at))
            self.selectionChanged.emit(self.selection)

    def _snapped(self, frame: float) -> float:
        """Where an edge goes that the hand moves to `frame`; no further from it than the hand could mean."""
        frame = self._clamp(frame)
        if self.snap is None:
            return frame
        found = self._clamp(self.snap(frame / self._rate) * self._rate)
        return found if abs(self._x(found) - self._x(frame)) <= REACH else frame

    def _grips(self, x: float) -> bool:
        return self._selection is not None and any(abs(self._x(f) - x) <= GRIP for f in self._selection)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.MiddleButton:
            self._pan = None
        pressed, self._pressed, self._anchor = self._pressed, None, None
        if pressed is None or event.button() != Qt.MouseButton.LeftButton or self._outline is None:
            return
        if abs(event.position().x() - pressed.x()) < 3 and not self._grips(pressed.x()):
            if self._selection is not None:
                self._selection = None
                self.selectionChanged.emit(None)
            self.seeked.emit(self._clamp(self._frame(event.position().x())) / self._rate)
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._outline is None or event.button() != Qt.MouseButton.LeftButton:
            return
        if self.between is None or not self._wave.contains(event.position()):
            self.show_all()
            return
        start, end = self.between(self._frame(event.position().x()) / self._rate)
        self._selection = (self._clamp(start * self._rate), self._clamp(end * self._rate))
        self.selectionChanged.emit(self.selection)
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._hover = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._outline is None:
            event.ignore()
            return
        down, across = event.angleDelta().y(), event.angleDelta().x()
        keys = event.modifiers()
        if keys & Qt.KeyboardModifier.ControlModifier:
            self._gain = float(np.clip(self._gain * 2 ** (down / 240), 1.0, 256.0))
            self.refresh()
        elif across or keys & Qt.KeyboardModifier.ShiftModifier:
            shift = -(across or down) / 1200 * (self._end - self._start)
            self._look(self._start + shift, self._end + shift)
        else:
            self.zoom(2 ** (-down / 240), self._frame(event.position().x()) / self._rate)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._outline is None:
            super().keyPressEvent(event)
            return
        span = self._end - self._start
        key = event.key()
        if key == Qt.Key.Key_A and event.modifiers() & Qt.KeyboardModifier.ControlModifier and self._selectable:
            self._selection = (0.0, float(self._outline.frames))
            self.selectionChanged.emit(self.selection)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and not event.modifiers() & EDGES:
            shift = span / 10 * (1 if key == Qt.Key.Key_Right else -1)
            self._look(self._start + shift, self._end + shift)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Up):
            self.zoom(0.5)
        elif key in (Qt.Key.Key_Minus, Qt.Key.Key_Down):
            self.zoom(2.0)
        elif key == Qt.Key.Key_Home:
            self._look(0.0, span)
        elif key == Qt.Key.Key_End:
            self._look(self._outline.frames - span, float(self._outline.frames))
        elif key == Qt.Key.Key_0:
            self.show_all()
        elif key == Qt.Key.Key_Escape and self._selection is not None:
            self._selection = None
            self.selectionChanged.emit(None)
        else:
            super().keyPressEvent(event)
            return
        self.update()
