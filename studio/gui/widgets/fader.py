"""One number by hand: a named horizontal fader with its value, a lock and the way back to its default.

Explore builds its right side from these. Drag, arrow keys, Page keys or the wheel move it; a double click resets it; a locked
one is left alone by everything that draws at random. One that only asks (for brightness, say) also shows what came of it: a
mark on its line, and the number. A double click on the name (or F2) renames one that may be renamed.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QAbstractSlider, QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QToolButton, QWidget

from studio.gui import theme

TICKS = 1000
KNOB = 7.0
SETTLE = 500
"""Milliseconds after the last key or wheel step until a move counts as finished."""


class Track(QAbstractSlider):
    """The line and its knob. `middle`: the bar grows from the centre; `ghost`: where the sound really is, if elsewhere."""

    reset = Signal()
    settled = Signal()

    def __init__(self, middle: bool = False, label: int | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._middle, self._label = middle, label
        self._ghost: float | None = None
        self._held = False
        self._hot = False
        self._waiting = False
        self.setRange(0, TICKS)
        self.setSingleStep(TICKS // 50)
        self.setPageStep(TICKS // 10)
        self.setOrientation(Qt.Orientation.Horizontal)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE)
        self._timer.timeout.connect(self.settled)

    def sizeHint(self) -> QSize:
        return QSize(120, theme.CONTROL)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, theme.CONTROL)

    def touch(self) -> None:
        """A hand was on it: it has settled when nothing follows."""
        self._timer.start()

    def set_waiting(self, on: bool) -> None:
        """Show that it waits for a MIDI control to be moved."""
        self._waiting = on
        self.update()

    @property
    def held(self) -> bool:
        """A hand is on it."""
        return self._held or self._timer.isActive()

    def set_ghost(self, ticks: float | None) -> None:
        """Mark where the sound really is; None: nowhere else than the knob."""
        if ticks != self._ghost:
            self._ghost = ticks
            self.update()

    def _x(self, value: float) -> float:
        return KNOB + 1 + value / TICKS * (self.width() - 2 * KNOB - 2)

    def _tint(self) -> QColor:
        if not self.isEnabled():
            return theme.color("line")
        return theme.color("accent") if self._label is None else theme.label_color(self._label)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        y = self.height() / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("line"))
        painter.drawRoundedRect(QRectF(KNOB, y - 2, self.width() - 2 * KNOB, 4), 2, 2)
        here, start = self._x(self.value()), self._x(TICKS / 2 if self._middle else 0)
        if self._middle:
            painter.setBrush(theme.color("dim", 0.6))
            painter.drawRect(QRectF(start - 0.75, y - 4, 1.5, 8))
        painter.setBrush(self._tint())
        painter.drawRoundedRect(QRectF(min(here, start), y - 2, abs(here - start), 4), 2, 2)
        if self._ghost is not None and abs(self._x(self._ghost) - here) > 2:
            self._paint_ghost(painter, here, self._x(self._ghost), y)
        painter.setBrush(theme.color("text") if self.isEnabled() else theme.color("dim"))
        painter.drawEllipse(QPointF(here, y), KNOB - 1, KNOB - 1)
        if self.hasFocus() or self._hot:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent", 1.0 if self.hasFocus() else 0.5), 2))
            painter.drawEllipse(QPointF(here, y), KNOB, KNOB)

        if self._waiting:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 1.5, Qt.PenStyle.DashLine))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 2, -1, -2), theme.RADIUS, theme.RADIUS)

    def _paint_ghost(self, painter: QPainter, here: float, there: float, y: float) -> None:
        """What was asked for reaches to the knob, what came of it to an upright mark; what is missing lies between, faint."""
        painter.setBrush(theme.color("dim", 0.45))
        painter.drawRect(QRectF(min(here, there), y - 2, abs(here - there), 4))
        painter.setBrush(theme.color("ground"))
        painter.drawRoundedRect(QRectF(there - 2.5, y - 8, 5, 16), 2.5, 2.5)
        painter.setBrush(theme.color("text", 0.85))
        painter.drawRoundedRect(QRectF(there - 1.25, y - 7, 2.5, 14), 1.25, 1.25)

    def _go(self, x: float) -> None:
        self.setValue(round((x - KNOB - 1) / max(self.width() - 2 * KNOB - 2, 1) * TICKS))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._held = True
            self._go(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held:
            self._go(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._held:
            self._held = False
            self.settled.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.reset.emit()
        self.settled.emit()

    def enterEvent(self, event: object) -> None:
        self._hot = True
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._hot = False
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not self.hasFocus():  # the list scrolls; only a chosen fader turns
            event.ignore()
            return
        self.setValue(self.value() + round(event.angleDelta().y() / 120 * self.singleStep()))
        self._timer.start()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.reset.emit()
            self._timer.start()
            return
        before = self.value()
        super().keyPressEvent(event)
        if self.value() != before:
            self._timer.start()


class Name(QLabel):
    """The name of a fader. A double click on it, where it may be renamed, puts a line to write on in its place."""

    pressed = Signal()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit()


class NameLine(QLineEdit):
    """Where the new name is written: Enter or going elsewhere takes it, Escape leaves the old one."""

    taken = Signal(str)

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(text, parent)
        self._open = True
        self.setMaxLength(40)
        self.selectAll()
        self.editingFinished.connect(self._take)

    def _take(self) -> None:
        if self._open:
            self._open = False
            self.taken.emit(self.text().strip())
            self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._open = False
            self.deleteLater()
        else:
            super().keyPressEvent(event)


class Fader(QWidget):
    """A named number between `low` and `high`. `moved` while it moves, `released` when a move is finished."""

    moved = Signal(float)
    released = Signal()
    lockChanged = Signal(bool)
    renamed = Signal(str)
    """What was written in place of the name, "" to have the old one back."""

    def __init__(
        self,
        name: str,
        low: float,
        high: float,
        default: float,
        *,
        unit: str = "",
        digits: int = 2,
        middle: bool = False,
        label: int | None = None,
        lockable: bool = True,
        renamable: bool = False,
        note: str = "",
        words: Callable[[float], str] | None = None,
        help: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """`note`: a few letters beside the number; `words`: how a value is said, instead of `digits` and `unit`."""
        super().__init__(parent)
        self._low, self._high, self._default = float(low), float(high), float(default)
        self._unit, self._digits, self._signed = unit, digits, middle
        self._words, self._renamable = words, renamable
        self._value = self._default
        self.name = Name(name)
        self.name.pressed.connect(self.rename)
        self.name.setToolTip(help or name)
        self.track = Track(middle, label)
        self.track.setAccessibleName(name)
        self.track.setAccessibleDescription(help)
        self.track.setToolTip(help)
        self.number = QLabel()
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        theme.mark(self.number, role="dim")
        self.note = QLabel(note)
        theme.mark(self.note, role="caption")
        self.lock = QToolButton()
        self.lock.setCheckable(True)
        self.lock.setIconSize(QSize(14, 14))
        self.lock.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.lock.setToolTip(self.tr("Locked: Random leaves it as it is"))
        self.lock.setAccessibleName(self.tr("Lock {0}").format(name))
        theme.mark(self.lock, role="icon")
        self.lock.setVisible(lockable)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.HALF)
        row.addWidget(self.name)
        row.addWidget(self.track, 1)
        numbers = QHBoxLayout()
        numbers.setSpacing(0)
        numbers.addWidget(self.note)
        numbers.addWidget(self.number)
        row.addLayout(numbers)
        row.addWidget(self.lock)
        self.set_columns(110, 52)
        self._show_lock(False)
        self.track.valueChanged.connect(self._by_hand)
        self.track.reset.connect(self._reset)
        self.track.settled.connect(self.released)
        self.lock.toggled.connect(self._show_lock)
        self.lock.toggled.connect(self.lockChanged)
        self.set_value(default)

    def set_columns(self, name: int, number: int) -> None:
        """Widths of the name and the number in points, so that faders stand in line."""
        self._name_width = name
        self._number_width = number
        self.name.setFixedWidth(name)
        self.set_note(self.note.text())
        self._elide()

    def set_note(self, note: str) -> None:
        """A few letters beside the number, or none."""
        beside = self._number_width // 2 if note else 0
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self.note.setFixedWidth(beside)
        self.number.setFixedWidth(self._number_width - beside)

    def set_name(self, name: str, help: str = "") -> None:
        self.name.setToolTip(help or name)
        self.track.setToolTip(help)
        self.track.setAccessibleName(name)
        self.track.setAccessibleDescription(help)
        self._full = name
        self._elide()

    @property
    def value(self) -> float:
        return self._value

    @property
    def locked(self) -> bool:
        return self.lock.isChecked()

    @property
    def share(self) -> float:
        """Where its knob stands, 0 to 1."""
        return self.track.value() / TICKS

    def turn(self, share: float) -> None:
        """Move the knob to `share` of the way as a hand does: `moved` at once, `released` when nothing follows."""
        self.track.setValue(round(min(max(share, 0.0), 1.0) * TICKS))
        self.track.touch()

    def set_value(self, value: float) -> None:
        """Show `value`; beyond the ends the knob stops and the number goes on. Emits nothing."""
        self._value = float(value)
        share = (self._value - self._low) / max(self._high - self._low, 1e-12)
        blocked = self.track.blockSignals(True)
        self.track.setValue(round(min(max(share, 0.0), 1.0) * TICKS))
        self.track.blockSignals(blocked)
        self.track.update()
        self._show_number()

    def set_achieved(self, value: float | None, help: str = "") -> None:
        """What the sound measures, as a mark and as the number; None: not known (yet). Under the hand the number says what is
        asked."""
        there = value is not None and math.isfinite(value)
        share = (value - self._low) / max(self._high - self._low, 1e-12) if value is not None and there else None
        self.track.set_ghost(None if share is None else min(max(share, 0.0), 1.0) * TICKS)
        if not self.track.held:
            self._show_number(value)
        self.number.setToolTip(help)

    def rename(self) -> None:
        """Write a new name in place."""
        if not self._renamable:
            return
        line = NameLine(self._full, self)
        line.setAccessibleName(self.tr("New name of {0}").format(self._full))
        line.setPlaceholderText(self.tr("Measured name"))
        line.taken.connect(self._renamed)
        line.setGeometry(0, (self.height() - theme.CONTROL) // 2, self.track.x(), theme.CONTROL)
        line.show()
        line.setFocus()

    def _renamed(self, text: str) -> None:
        if text != self._full:
            self.renamed.emit(text)
        self.track.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F2 and self._renamable:
            self.rename()
        else:
            super().keyPressEvent(event)

    def _elide(self) -> None:
        text = getattr(self, "_full", self.name.text())
        self._full = text
        metrics = QFontMetrics(theme.font())
        self.name.setText(metrics.elidedText(text, Qt.TextElideMode.ElideRight, self._name_width))

    def _show_number(self, value: float | None = None) -> None:
        value = self._value if value is None else value
        if self._words is not None:
            self.number.setText(self._words(value))
            return
        sign = "+" if self._signed else ""
        text = f"{value:{sign}.{self._digits}f}".replace("-", "−")
        if float(text.replace("−", "-")) == 0:
            text = f"{0:.{self._digits}f}"
        self.number.setText(f"{text} {self._unit}".strip())

    def _show_lock(self, locked: bool) -> None:
        self.lock.setIcon(theme.icon("lock" if locked else "unlock", "text" if locked else "dim"))

    def _by_hand(self, ticks: int) -> None:
        self._value = self._low + ticks / TICKS * (self._high - self._low)
        self._show_number()
        self.moved.emit(self._value)

    def _reset(self) -> None:
        self.set_value(self._default)
        self.moved.emit(self._value)
