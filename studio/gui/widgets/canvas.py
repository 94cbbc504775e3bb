"""What every painted widget shares: the theme's inks, forgetting pictures when the look changes, and pictures from numbers.

Used by the widgets of this folder only. A widget keeps its finished picture and paints cheap things (playhead, cursor) over it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFocusEvent, QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import QWidget

from studio.gui import theme

RADIUS = float(theme.RADIUS)


def spectrum() -> NDArray[np.uint32]:
    """The theme's 256 spectrogram colours as opaque ARGB32."""
    red, green, blue = (theme.spectrum(theme.name())[:, i].astype(np.uint32) for i in range(3))
    return (0xFF000000 | red << 16 | green << 8 | blue).astype(np.uint32)


def ramp(color: QColor) -> NDArray[np.uint32]:
    """256 premultiplied ARGB32 values from clear to `color`, the look-up of alpha pictures."""
    alpha = np.arange(256, dtype=np.uint32) * color.alpha() // 255
    red, green, blue = (alpha * value // 255 for value in (color.red(), color.green(), color.blue()))
    return (alpha << 24 | red << 16 | green << 8 | blue).astype(np.uint32)


def picture(pixels: NDArray[np.uint32], ratio: float = 1.0) -> QImage:
    """A QImage of its own memory from premultiplied ARGB32 (height, width)."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape
    image = QImage(pixels.data, width, height, width * 4, QImage.Format.Format_ARGB32_Premultiplied).copy()
    image.setDevicePixelRatio(ratio)
    return image


class Canvas(QWidget):
    """A painted widget. Subclasses override `forget` to drop what depends on size, theme or pixel ratio."""

    _walked = False  # the focus came by keyboard

    def ink(self, token: str, share: float = 1.0) -> QColor:
        return theme.color(token, share)

    def forget(self) -> None:
        """Drop cached pictures."""

    def refresh(self) -> None:
        self.forget()
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        look = (QEvent.Type.PaletteChange, QEvent.Type.StyleChange, QEvent.Type.FontChange, QEvent.Type.EnabledChange)
        if event.type() in look:
            self.refresh()
        super().changeEvent(event)

    def resizeEvent(self, event: object) -> None:
        self.forget()

    def focusInEvent(self, event: QFocusEvent) -> None:
        walked = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
        self._walked = event.reason() in walked
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusOutEvent(event)

    def paint_focus(self, painter: QPainter, radius: float = RADIUS) -> None:
        """A quiet ring for whoever walks with the keyboard."""
        if not (self.hasFocus() and self._walked):
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self.ink("accent", 0.8))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)

    def paint_note(self, painter: QPainter, text: str, right_top: QPointF) -> None:
        """A read-out on a soft plate whose right upper corner is at `right_top`, kept inside the widget."""
        font = theme.font("caption")
        metrics = QFontMetricsF(font)
        plate = QRectF(0, 0, metrics.horizontalAdvance(text) + 12, metrics.height() + 6)
        plate.moveTopRight(right_top)
        plate.moveLeft(max(4.0, min(plate.left(), self.width() - plate.width() - 4)))
        plate.moveTop(max(4.0, min(plate.top(), self.height() - plate.height() - 4)))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.ink("raised", 0.92))
        painter.drawRoundedRect(plate, 4, 4)
        painter.setFont(font)
        painter.setPen(self.ink("text"))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)


def tick_step(span: float, wanted: int) -> float:
    """The 1–2–5 step that cuts `span` into about `wanted` parts."""
    if not np.isfinite(span) or span <= 0:
        return 1.0
    raw = span / max(wanted, 1)
    power = 10.0 ** np.floor(np.log10(raw))
    return float(next(power * m for m in (1, 2, 5, 10) if power * m >= raw * 0.999))


def clock(seconds: float, step: float = 0.001) -> str:
    """A time as a musician reads it, as fine as `step`: "0.25", "1:05.2", "59:03"."""
    digits = int(min(6, max(0, np.ceil(-np.log10(max(step, 1e-6)) - 1e-9))))
    if seconds < 60:
        return f"{seconds:.{digits}f}"
    minutes, rest = divmod(round(seconds, digits), 60)
    width = 3 + digits if digits else 2
    if minutes < 60:
        return f"{int(minutes)}:{rest:0{width}.{digits}f}"
    return f"{int(minutes) // 60}:{int(minutes) % 60:02d}:{rest:0{width}.{digits}f}"


def lasting(seconds: float, step: float = 0.001) -> str:
    """The same with its unit, where it is no clock's: "0.25 s", "1:05.2"."""
    return f"{clock(seconds, step)} s" if seconds < 60 else clock(seconds, step)
