"""The spectrogram: what sounds when, on a pitch axis with note names, with a read-out under the pointer.

Used beside a Waveform, whose view and playhead it follows. The picture is computed off the GUI thread, newest sound first.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetricsF, QImage, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.audio.analysis import hz_to_midi, midi_to_hz, note_name
from studio.audio.peaks import spectrogram
from studio.audio.sound import Audio, Sound
from studio.gui import theme
from studio.gui.widgets.canvas import RADIUS, Canvas, lasting, picture, spectrum
from studio.gui.widgets.later import Later

GUTTER = 36
"""Points left of the picture for note names."""
BINS = 256
MOST_COLUMNS = 1024
RANGE_DB = 90.0
PAUSE = 60
"""Milliseconds in which a sound that is not in memory is left alone: its waveform is painted first, and the hand goes on."""
AROUND, LEAST = 0.03, 0.12
"""Seconds analysed on both sides of the view, and at least: a window needs its surroundings."""
NOTES = tuple(range(24, 133, 12))
"""MIDI numbers of the C of each octave."""

Heat = tuple[NDArray[np.float32], NDArray[np.float64]]
"""dB (bins, columns), lowest frequency first, and the bins' frequencies in Hz."""


def heat_image(decibels: NDArray[np.float32], colors: NDArray[np.uint32]) -> QImage:
    """A picture of dB values (bins, columns), highest frequency on top; the loudest point is the brightest."""
    top = float(decibels.max(initial=-120.0))
    share = np.clip((decibels - (top - RANGE_DB)) / RANGE_DB, 0, 1)
    return picture(colors[(share[::-1] * 255).astype(np.uint8)])


def _heat_of(sound: Audio, start: int, end: int, columns: int) -> tuple[Heat, tuple[float, float]]:
    heat = spectrogram(sound, bins=BINS, columns=columns, start=start, end=end)
    return heat, (start / sound.rate, end / sound.rate)


class Spectrogram(Canvas):
    """One sound over time and frequency. Times are seconds."""

    seeked = Signal(float)

    def __init__(self, parent: QWidget | None = None, *, axis: bool = True) -> None:
        super().__init__(parent)
        self._sound: Audio | None = None
        self._heat: Heat | None = None
        self._image: QImage | None = None
        self._whole: Heat | None = None  # of a sound that was seen whole: drawn where nothing finer is there yet
        self._whole_image: QImage | None = None
        self._span = (0.0, 1.0)  # seconds that the picture covers
        self._view = (0.0, 1.0)  # seconds that are visible
        self._playhead: float | None = None
        self._hover: QPointF | None = None
        self._axis = axis
        self._later = Later(self)
        self._later.done.connect(self._arrived)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(PAUSE)
        self._soon.timeout.connect(self._analyse)
        self.placeholder = ""
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(32)
        self.setAccessibleName(self.tr("Spectrogram"))

    def sizeHint(self) -> QSize:
        return QSize(480, 180)

    # ---- what is shown
    def set_sound(self, sound: Audio | None) -> None:
        """Show a sound, whole. The old picture stays until the new one is ready."""
        self._sound = sound if sound is not None and sound.frames else None
        self._playhead = None
        self._whole = self._whole_image = None
        if self._sound is None:
            self._later.drop()
            self._soon.stop()
            self._heat = self._image = None
        else:
            self._view = (0.0, self._sound.seconds)
            self._ask()
        self.update()

    def set_view(self, start: float, end: float) -> None:
        """Follow a waveform's view; the picture is stretched at once and made sharp a moment later."""
        if (start, end) == self._view or end <= start:
            return
        self._view = (start, end)
        if self._sound is not None:
            self._ask()
        self.update()

    def set_playhead(self, seconds: float | None) -> None:
        if seconds == self._playhead:
            return
        for at in (self._playhead, seconds):
            if at is not None:
                self.update(int(self._x(at)) - 3, 0, 7, self.height())
        self._playhead = seconds

    @property
    def pending(self) -> bool:
        """A picture is still being made."""
        return self._later.busy or self._soon.isActive()

    def _ask(self) -> None:
        if isinstance(self._sound, Sound):
            self._analyse()
        elif not self._soon.isActive():
            self._soon.start()

    def _analyse(self) -> None:
        sound = self._sound
        if sound is None:
            return
        spare = max(AROUND, (LEAST - (self._view[1] - self._view[0])) / 2)
        start = max(0, int((self._view[0] - spare) * sound.rate))
        end = max(start + 1, min(int(np.ceil((self._view[1] + spare) * sound.rate)), sound.frames))
        share = (end - start) / sound.rate / max(self._view[1] - self._view[0], 1e-6)
        columns = int(np.clip(self._plot.width() * self.devicePixelRatioF() * share, 16, MOST_COLUMNS))
        self._later.ask(partial(_heat_of, sound, start, end, columns))

    def _arrived(self, answer: object) -> None:
        if self._sound is None:
            return
        if isinstance(answer, Exception):
            self._heat = self._image = None
            self.placeholder = self.tr("This sound has no picture: {0}").format(answer)
        else:
            self._heat, self._span = answer  # type: ignore[misc]
            self._image = None
            if self._span[0] <= 0 and self._span[1] >= self._sound.seconds:
                self._whole, self._whole_image = self._heat, None
        self.update()

    # ---- geometry
    @property
    def _plot(self) -> QRectF:
        left = GUTTER if self._axis else 0
        return QRectF(left, 0, max(1, self.width() - left), self.height())

    def _x(self, seconds: float) -> float:
        start, end = self._view
        return self._plot.left() + (seconds - start) / max(end - start, 1e-9) * self._plot.width()

    def _y(self, hertz: float) -> float:
        assert self._heat is not None
        frequencies = self._heat[1]
        place = float(np.interp(hertz, frequencies, np.arange(len(frequencies))))
        return self._plot.height() * (1 - (place + 0.5) / len(frequencies))

    # ---- painting
    def forget(self) -> None:
        self._image = self._whole_image = None

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._sound is None and not self.placeholder:
            return
        plot = self._plot
        corners = QPainterPath()
        corners.addRoundedRect(plot, RADIUS, RADIUS)
        painter.fillPath(corners, self.ink("surface"))
        if self._heat is None:
            painter.setPen(self.ink("dim"))
            painter.drawText(plot, Qt.AlignmentFlag.AlignCenter, self.placeholder)
            return
        if self._image is None:
            self._image = heat_image(self._heat[0], spectrum())
        painter.save()
        painter.setClipPath(corners)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._whole is not None and self._whole is not self._heat and self._sound is not None:
            self._whole_image = self._whole_image or heat_image(self._whole[0], spectrum())
            self._paint_picture(painter, self._whole_image, (0.0, self._sound.seconds))
        self._paint_picture(painter, self._image, self._span)
        painter.restore()
        if self._axis:
            self._paint_axis(painter, plot)
        if self._playhead is not None:
            painter.setPen(QPen(self.ink("text"), theme.PLAYHEAD))
            x = self._x(self._playhead)
            painter.drawLine(QPointF(x, 0), QPointF(x, plot.height()))
        if self._hover is not None and plot.contains(self._hover):
            self._paint_hover(painter, plot, self._hover)

    def _paint_picture(self, painter: QPainter, image: QImage, span: tuple[float, float]) -> None:
        """What is visible of a picture of that span of seconds; the rest of it is not looked at, however far it reaches."""
        start, end = max(span[0], self._view[0]), min(span[1], self._view[1])
        if start >= end:
            return
        scale = image.width() / max(span[1] - span[0], 1e-9)
        source = QRectF((start - span[0]) * scale, 0, (end - start) * scale, image.height())
        painter.drawImage(QRectF(self._x(start), 0, self._x(end) - self._x(start), self._plot.height()), image, source)

    def _paint_axis(self, painter: QPainter, plot: QRectF) -> None:
        assert self._heat is not None
        font = theme.font("caption")
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        low, high = float(self._heat[1][0]), float(self._heat[1][-1])
        last = plot.height() + metrics.height()
        for note in NOTES:
            hertz = float(midi_to_hz(note))
            if not low <= hertz <= high:
                continue
            y = self._y(hertz)
            if last - y < metrics.height() or y < metrics.height() / 2:
                continue
            last = y
            painter.setPen(self.ink("dim"))
            base = min(y + metrics.ascent() / 2 - 1, plot.height() - 2)
            painter.drawText(
                QRectF(0, base - metrics.ascent(), plot.left() - 8, metrics.height()),
                Qt.AlignmentFlag.AlignRight,
                note_name(note),
            )
            painter.setPen(QPen(self.ink("dim", 0.7), 1))
            painter.drawLine(QPointF(plot.left() - 5, y), QPointF(plot.left() - 1, y))

    def _paint_hover(self, painter: QPainter, plot: QRectF, at: QPointF) -> None:
        assert self._heat is not None
        decibels, frequencies = self._heat
        start, end = self._view
        seconds = start + (at.x() - plot.left()) / plot.width() * (end - start)
        place = (1 - at.y() / plot.height()) * len(frequencies) - 0.5
        hertz = float(np.interp(place, np.arange(len(frequencies)), frequencies))
        column = (seconds - self._span[0]) / max(self._span[1] - self._span[0], 1e-9) * decibels.shape[1]
        row, column = int(np.clip(round(place), 0, len(frequencies) - 1)), int(np.clip(column, 0, decibels.shape[1] - 1))
        painter.setPen(QPen(self.ink("text"), 1, Qt.PenStyle.DotLine))
        painter.setOpacity(0.5)
        painter.drawLine(QPointF(at.x(), 0), QPointF(at.x(), plot.height()))
        painter.drawLine(QPointF(plot.left(), at.y()), QPointF(plot.right(), at.y()))
        painter.setOpacity(1.0)
        level = f"{decibels[row, column]:.0f}".replace("-", "−")
        pitch = f"{hertz / 1000:.2f} kHz" if hertz >= 1000 else f"{hertz:.0f} Hz"
        note = note_name(round(float(hz_to_midi(hertz))))
        text = self.tr("{0}   {1}   {2}   {3} dB").format(lasting(max(0.0, seconds)), pitch, note, level)
        self.paint_note(painter, text, QPointF(self.width() - 6, 6))

    # ---- the hand
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover = event.position()
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._hover = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        plot = self._plot
        if event.button() == Qt.MouseButton.LeftButton and self._sound is not None and plot.contains(event.position()):
            start, end = self._view
            self.seeked.emit(start + (event.position().x() - plot.left()) / plot.width() * (end - start))
