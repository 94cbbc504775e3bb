"""The level of what is heard: two bars with peak hold, and the peak in dB. It is told levels; it listens to nothing itself."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.gui import theme

FLOOR = -60.0
WARM, HOT = -12.0, -3.0
FALL = 1.2
"""dB a bar falls per told level at most, so that an eye can follow."""
HOLD = 30
"""Told levels for which a peak mark stays."""


class LevelMeter(QWidget):
    """Call `set_level(left, right)` about thirty times a second while something plays, then `rest`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = [FLOOR, FLOOR]
        self._peak = [FLOOR, FLOOR]
        self._age = [0, 0]
        self.setAccessibleName(self.tr("Level"))
        self.setToolTip(self.tr("Level of what you hear, in dB below full scale"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changes().changed.connect(self._repaint)

    def sizeHint(self) -> QSize:
        return QSize(96, 28)

    @property
    def peak(self) -> float:
        """The louder held peak in dB."""
        return max(self._peak)

    def set_level(self, left: float, right: float) -> None:
        for side, value in enumerate((left, right)):
            value = max(FLOOR, min(0.0, value))
            self._shown[side] = max(value, self._shown[side] - FALL)
            self._age[side] += 1
            if value >= self._peak[side] or self._age[side] > HOLD:
                self._peak[side], self._age[side] = max(value, self._shown[side]), 0
        self.update()

    def rest(self) -> bool:
        """One step towards silence; False when it is reached."""
        self.set_level(FLOOR, FLOOR)
        return max(self._peak) > FLOOR

    def clear(self) -> None:
        self._shown, self._peak, self._age = [FLOOR, FLOOR], [FLOOR, FLOOR], [0, 0]
        self.update()

    def _repaint(self, _: str) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        width, bar, gap = self.width() - 40.0, 5.0, 3.0
        top = (self.height() - 2 * bar - gap) / 2
        for side in (0, 1):
            y = top + side * (bar + gap)
            painter.setBrush(theme.color("line"))
            painter.drawRoundedRect(QRectF(0, y, width, bar), 2.5, 2.5)
            for low, high, token in ((FLOOR, WARM, "good"), (WARM, HOT, "warn"), (HOT, 0.0, "bad")):
                upto = min(self._shown[side], high)
                if upto > low:
                    painter.setBrush(theme.color(token))
                    left, right = self._x(low, width), self._x(upto, width)
                    painter.drawRoundedRect(QRectF(left, y, right - left, bar), 2.0, 2.0)
            if self._peak[side] > FLOOR + 1:
                painter.setBrush(theme.color("text"))
                painter.drawRect(QRectF(min(self._x(self._peak[side], width), width - 1.5), y, 1.5, bar))
        painter.setPen(theme.color("dim"))
        painter.setFont(theme.font("caption"))
        text = f"{self.peak:.0f} dB".replace("-", "−") if self.peak > FLOOR + 1 else "–∞ dB"
        painter.drawText(QRectF(width, 0, 40, self.height()), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    @staticmethod
    def _x(level: float, width: float) -> float:
        return (level - FLOOR) / -FLOOR * width
