"""One parameter of a step by hand: a track to turn and a field for the exact value, or a choice. Made from audio/step.py.

A form of a step (clips_form.py) is a column of these. The number turns in equal steps, or in equal ratios where the parameter
says so.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFontMetrics, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QHBoxLayout, QLabel, QSizePolicy, QWidget

from studio.audio.step import Parameter
from studio.gui import theme
from studio.gui.widgets.fader import TICKS, Track

NAME, NUMBER = 84, 84
FAR = 1e6
"""Where a number without a limit ends."""

Value = float | str | None


class _Number(QDoubleSpinBox):
    """Says no more digits than it needs; the wheel belongs to the page."""

    def textFromValue(self, value: float) -> str:
        text = f"{value:.{self.decimals()}f}"
        bare = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if bare == "-0" else bare

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class Dial(QWidget):
    """`moved` while the value changes, `settled` when a change is finished. An optional value may be None."""

    moved = Signal()
    settled = Signal()

    def __init__(self, parameter: Parameter, label: str, value: Value, longest: float, parent: QWidget | None = None) -> None:
        """`longest`: seconds; where a time that has no limit of its own ends."""
        super().__init__(parent)
        self.parameter, self.label = parameter, label
        self._low = parameter.low if parameter.low is not None else -FAR
        unbound = longest if parameter.unit == "s" else FAR
        self._high = parameter.high if parameter.high is not None else max(unbound, self._low)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme.SMALL)
        self.name = self._named()
        self._row.addWidget(self.name)
        self.choice: QComboBox | None = None
        self.number: QDoubleSpinBox | None = None
        self.track: Track | None = None
        if parameter.choices:
            self._build_choice()
        else:
            self._build_number()
        self.set_value(value)

    # ---- building
    def _named(self) -> QWidget:
        text = self.label
        name: QLabel | QCheckBox = QCheckBox(text) if self.parameter.optional else QLabel(text)
        name.setFixedWidth(NAME)
        name.setToolTip(self.parameter.help or text)
        if isinstance(name, QCheckBox):
            name.setAccessibleName(self.tr("Own value of {0}").format(text))
            name.toggled.connect(self._own)
        else:
            name.setText(QFontMetrics(theme.font()).elidedText(text, Qt.TextElideMode.ElideRight, NAME))
            theme.mark(name, role="dim")
        return name

    def _build_choice(self) -> None:
        self.choice = QComboBox()
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(6)  # a plug-in's words may be long
        for choice in self.parameter.choices:
            self.choice.addItem(choice.replace("-", " ").replace("_", " "), choice)
        self._describe(self.choice)
        self.choice.activated.connect(self._chosen)
        self._row.addWidget(self.choice, 1)

    def _build_number(self) -> None:
        self.number = _Number()
        theme.mark(self.number, bare=True)
        self.number.setDecimals(self._digits())
        self.number.setRange(self._low, self._high)
        self.number.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.number.setSuffix(f" {self.parameter.unit}" if self.parameter.unit else "")
        self.number.setKeyboardTracking(False)
        self.number.setFixedWidth(NUMBER)
        self._describe(self.number)
        self.number.valueChanged.connect(self._typed)
        if self._high - self._low < FAR:
            self.track = Track(middle=self._low < 0 < self._high and math.isclose(-self._low, self._high))
            self._describe(self.track)
            self.track.valueChanged.connect(self._turned)
            self.track.settled.connect(self.settled)
            self.track.reset.connect(self._reset)
            self._row.addWidget(self.track, 1)
        else:
            space = QWidget()
            space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            self._row.addWidget(space, 1)
        self._row.addWidget(self.number)

    def _describe(self, widget: QWidget) -> None:
        widget.setAccessibleName(self.label)
        widget.setAccessibleDescription(self.parameter.help)
        widget.setToolTip(self.parameter.help or self.label)

    def _digits(self) -> int:
        """Enough places for the smallest number that matters."""
        known = (self.parameter.default, self.parameter.low)
        small = min((abs(v) for v in known if isinstance(v, int | float) and v), default=1.0)
        least = 4 if self.parameter.unit == "s" else 1
        return int(min(6, max(least, math.ceil(-math.log10(small)) + 1)))

    # ---- the value
    @property
    def value(self) -> Value:
        if isinstance(self.name, QCheckBox) and not self.name.isChecked():
            return None
        if self.choice is not None:
            return str(self.choice.currentData())
        assert self.number is not None
        return self.number.value()

    def set_value(self, value: Value) -> None:
        """Show a value. Emits nothing."""
        if isinstance(self.name, QCheckBox):
            with QSignalBlocker(self.name):
                self.name.setChecked(value is not None)
            for widget in (self.choice, self.number, self.track):
                if widget is not None:
                    widget.setEnabled(value is not None)
        if value is None:
            return
        if self.choice is not None:
            self.choice.setCurrentIndex(max(0, self.choice.findData(value)))
        elif self.number is not None and not isinstance(value, str):
            with QSignalBlocker(self.number):
                self.number.setValue(value)
            self._show_track()

    def _show_track(self) -> None:
        if self.track is not None and self.number is not None:
            with QSignalBlocker(self.track):
                self.track.setValue(round(self._share(self.number.value()) * TICKS))
            self.track.update()

    @property
    def _log(self) -> bool:
        return self.parameter.log and self._low > 0

    def _share(self, value: float) -> float:
        if self._high <= self._low:
            return 0.0
        if self._log:
            return math.log(max(value, self._low) / self._low) / math.log(self._high / self._low)
        return (value - self._low) / (self._high - self._low)

    def _at(self, share: float) -> float:
        """The value `share` of the way, rounded to what the eye can tell apart."""
        value = self._low * (self._high / self._low) ** share if self._log else self._low + share * (self._high - self._low)
        if value in (self._low, self._high) or value == 0:
            return value
        fine = (self._high - self._low) / TICKS if not self._log else abs(value) * 1e-2
        return round(value, max(0, min(6, math.ceil(-math.log10(max(fine, 1e-9))))))

    # ---- the hand
    def _turned(self, ticks: int) -> None:
        assert self.number is not None
        with QSignalBlocker(self.number):
            self.number.setValue(self._at(ticks / TICKS))
        self.moved.emit()

    def _typed(self, *_: object) -> None:
        self._show_track()
        self.moved.emit()
        self.settled.emit()

    def _chosen(self, *_: object) -> None:
        self.moved.emit()
        self.settled.emit()

    def _own(self, on: bool) -> None:
        value = self.parameter.default if self.parameter.default is not None else self._high if self.number else None
        self.set_value(value if on else None)
        self.moved.emit()
        self.settled.emit()

    def _reset(self) -> None:
        if self.parameter.default is not None:
            self.set_value(self.parameter.default)
            self.moved.emit()
            self.settled.emit()
