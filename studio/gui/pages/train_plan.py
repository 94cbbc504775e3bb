"""How long to train: minutes, and what may end it before. Part of what starts a training."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QDoubleSpinBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.gui import theme
from studio.gui.pages import train_words as words

PLANS = (5.0, 20.0, 60.0, 240.0)
USUAL = 20.0
FLAT = 10.0
"""Minutes without getting better after which a training may end, where one does not say."""

FIELDS = ("minutes", "flat", "quality")
"""Of the trainer's settings those that are asked for here."""


class PlanBox(QWidget):
    """Four usual lengths or one's own; two ends that may come before."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SMALL)
        label = QLabel(self.tr("For how long"))
        theme.mark(label, role="caption")
        column.addWidget(label)
        row = QHBoxLayout()
        row.setSpacing(2)
        self.usual = QButtonGroup(self)
        for value in PLANS:
            button = QPushButton(f"{value:.0f}")
            button.setCheckable(True)
            button.setMinimumWidth(32)
            button.setAccessibleName(self.tr("{0} minutes").format(f"{value:.0f}"))
            button.setToolTip(words.minutes(value))
            theme.mark(button, role="segment")
            button.setStyleSheet("padding: 0 4px;")
            self.usual.addButton(button, round(value))
            row.addWidget(button)
        self.minutes = self._number(0.5, 9999, 0, self.tr(" min"), self.tr("Minutes of training"))
        self.minutes.valueChanged.connect(self._minutes_changed)
        row.addStretch(1)
        row.addWidget(self.minutes)
        column.addLayout(row)
        self.flat = self._number(1, 9999, 0, self.tr(" min"), self.tr("Minutes without getting better"))
        self.flat.setValue(FLAT)
        self.ends_flat = self._end(column, self.tr("or flat for"), self.flat)
        self.ends_flat.setToolTip(self.tr("Ends when the held-out distance has not got better for so long"))
        self.quality = self._number(0.001, 9999, 3, "", self.tr("Held-out distance to reach"))
        self.quality.setValue(0.25)
        self.ends_good = self._end(column, self.tr("or as good as"), self.quality)
        self.ends_good.setToolTip(self.tr("Ends when the held-out distance is this low; smaller is better"))
        self.usual.idClicked.connect(self._plan_chosen)
        self.minutes.setValue(USUAL)

    def _number(self, low: float, high: float, decimals: int, unit: str, name: str) -> QDoubleSpinBox:
        box = QDoubleSpinBox()
        box.setRange(low, high)
        box.setDecimals(decimals)
        box.setSuffix(unit)
        box.setAccessibleName(name)
        box.setFixedWidth(78)
        return box

    def _end(self, column: QVBoxLayout, text: str, number: QDoubleSpinBox) -> QCheckBox:
        check = QCheckBox(text)
        number.setEnabled(False)
        check.toggled.connect(number.setEnabled)
        check.toggled.connect(self._told)
        number.valueChanged.connect(self._told)
        row = QHBoxLayout()
        row.addWidget(check, 1)
        row.addWidget(number)
        column.addLayout(row)
        return check

    def _told(self, *_: object) -> None:
        self.changed.emit()

    def _plan_chosen(self, value: int) -> None:
        self.minutes.setValue(value)

    def _minutes_changed(self, value: float) -> None:
        self.usual.setExclusive(False)
        for button in self.usual.buttons():
            button.setChecked(self.usual.id(button) == round(value))
        self.usual.setExclusive(True)
        self.changed.emit()

    def suggest(self, quality: float | None) -> None:
        """The best held-out distance of the runs so far: what the next one may be asked to reach."""
        if quality is not None and not self.ends_good.isChecked():
            self.quality.setValue(quality)

    @property
    def plan(self) -> dict[str, Any]:
        found: dict[str, Any] = {"minutes": float(self.minutes.value())}
        if self.ends_flat.isChecked():
            found["flat"] = float(self.flat.value())
        if self.ends_good.isChecked():
            found["quality"] = float(self.quality.value())
        return found
