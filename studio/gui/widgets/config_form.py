"""A form made from typed fields: every setting of a model or of the trainer with its unit, range, help and the way back.

Built from studio.fields.Field lists, so a form is never written by hand. Values leave it as plain data for `fields.decode`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.fields import Field
from studio.gui import theme

LARGEST = 2**31 - 1


class _Whole(QSpinBox):
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the page scrolls, the value stays


class _Real(QDoubleSpinBox):
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def textFromValue(self, value: float) -> str:
        return f"{value:.{self.decimals()}f}".rstrip("0").rstrip(".") or "0"


class _Choice(QComboBox):
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class _Row(QWidget):
    """One setting: name, control with unit, reset, and its help below."""

    changed = Signal()

    def __init__(self, field: Field, recommended: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field, self.recommended = field, recommended
        self.own: QCheckBox | None = None
        label = QLabel(pretty(field.name))
        label.setToolTip(field.help)
        self.control = self._make(field)
        self.control.setAccessibleName(pretty(field.name))
        self.control.setAccessibleDescription(field.help)
        self.control.setToolTip(_range_of(field))
        label.setBuddy(self.control)
        self.reset = QToolButton()
        self.reset.setIcon(theme.icon("undo", "dim"))
        self.reset.setIconSize(QSize(14, 14))
        self.reset.setToolTip(self.tr("Back to the recommended value: {0}").format(shown(recommended)))
        self.reset.setAccessibleName(self.tr("Reset {0}").format(pretty(field.name)))
        theme.mark(self.reset, role="icon")
        self.reset.clicked.connect(self._reset)
        policy = self.reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(policy)
        help = QLabel(" · ".join(filter(None, (field.help, _range_of(field)))))
        help.setWordWrap(True)
        theme.mark(help, role="caption")
        row = QHBoxLayout()
        row.setSpacing(theme.HALF)
        row.addWidget(label, 1)
        if field.optional:
            self.own = QCheckBox(self.tr("own"))
            self.own.setToolTip(self.tr("Off: chosen for you"))
            self.own.setAccessibleName(self.tr("Own value of {0}").format(pretty(field.name)))
            self.own.toggled.connect(self._own_toggled)
            row.addWidget(self.own)
        row.addWidget(self.control)
        row.addWidget(self.reset)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(help)

    def _make(self, field: Field) -> QWidget:
        if field.kind == "bool":
            tick = QCheckBox()
            tick.toggled.connect(self._edited)
            return tick
        if field.kind == "choice":
            choice = _Choice()
            choice.addItems(list(field.choices))
            choice.activated.connect(self._edited)
            choice.setMinimumWidth(112)
            return choice
        if field.kind in ("int", "float"):
            box: QSpinBox | QDoubleSpinBox = _Whole() if field.kind == "int" else _Real()
            if isinstance(box, QDoubleSpinBox):
                box.setDecimals(_decimals(field, self.recommended))
                box.setRange(field.low if field.low is not None else -1e9, field.high if field.high is not None else 1e9)
                box.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
            else:
                low = -LARGEST if field.low is None else math.ceil(field.low)
                box.setRange(low, LARGEST if field.high is None else min(int(field.high), LARGEST))
            box.setSuffix(f" {field.unit}" if field.unit else "")
            box.setKeyboardTracking(False)
            box.setFixedWidth(112)
            box.valueChanged.connect(self._edited)
            return box
        line = QLineEdit()
        line.editingFinished.connect(self._edited)
        line.setMinimumWidth(112)
        return line

    @property
    def value(self) -> Any:
        control = self.control
        if self.own is not None and not self.own.isChecked():
            return None
        if isinstance(control, QCheckBox):
            return control.isChecked()
        if isinstance(control, QComboBox):
            return control.currentText()
        if isinstance(control, (QSpinBox, QDoubleSpinBox)):
            return control.value()
        assert isinstance(control, QLineEdit)
        return control.text()

    def set_value(self, value: Any) -> None:
        """Show a value. Emits nothing."""
        control = self.control
        blocked = control.blockSignals(True)
        if self.own is not None:
            own = self.own.blockSignals(True)
            self.own.setChecked(value is not None)
            self.own.blockSignals(own)
            control.setEnabled(value is not None)
        if value is not None:
            if isinstance(control, QCheckBox):
                control.setChecked(bool(value))
            elif isinstance(control, QComboBox):
                control.setCurrentText(str(value))
            elif isinstance(control, QSpinBox):
                control.setValue(int(value))
            elif isinstance(control, QDoubleSpinBox):
                control.setValue(float(value))
            elif isinstance(control, QLineEdit):
                control.setText(str(value))
        control.blockSignals(blocked)
        self.reset.setVisible(not _same(self.value, self.recommended))

    def _edited(self, *_: object) -> None:
        self.reset.setVisible(not _same(self.value, self.recommended))
        self.changed.emit()

    def _own_toggled(self, on: bool) -> None:
        self.control.setEnabled(on)
        self._edited()

    def _reset(self) -> None:
        self.set_value(self.recommended)
        self.changed.emit()


class ConfigForm(QWidget):
    """All fields of one config; those for experts behind a button."""

    changed = Signal(object)
    """dict: every value by its field's name."""

    def __init__(
        self,
        fields: Sequence[Field],
        values: Mapping[str, Any] | None = None,
        recommended: Mapping[str, Any] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        defaults = {field.name: field.default for field in fields}
        self._recommended = {**defaults, **(recommended or {})}
        self._rows: dict[str, _Row] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE - 4)
        self._expert = QWidget()
        inside = QVBoxLayout(self._expert)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(theme.SPACE - 4)
        for field in fields:
            row = _Row(field, self._recommended[field.name])
            row.changed.connect(self._edited)
            self._rows[field.name] = row
            (inside if field.expert else column).addWidget(row)
        self._more = QToolButton()
        self._more.setText(self.tr("For experts"))
        self._more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._more.setIcon(theme.icon("right", "dim"))
        self._more.setCheckable(True)
        theme.mark(self._more, role="quiet")
        self._more.toggled.connect(self._show_expert)
        if any(field.expert for field in fields):
            column.addWidget(self._more)
            column.addWidget(self._expert)
        self._expert.hide()
        self.set_values({**self._recommended, **(values or {})})

    @property
    def values(self) -> dict[str, Any]:
        return {name: row.value for name, row in self._rows.items()}

    def changes(self) -> dict[str, Any]:
        """Only what differs from the recommended values."""
        return {name: value for name, value in self.values.items() if not _same(value, self._recommended[name])}

    def set_values(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            if name in self._rows:
                self._rows[name].set_value(value)

    def row(self, name: str) -> QWidget:
        """The control of one field."""
        return self._rows[name].control

    def reset(self) -> None:
        """Everything back to recommended."""
        self.set_values(self._recommended)
        self._edited()

    def _edited(self) -> None:
        self.changed.emit(self.values)

    def _show_expert(self, on: bool) -> None:
        self._expert.setVisible(on)
        self._more.setIcon(theme.icon("down" if on else "right", "dim"))


def pretty(name: str) -> str:
    """A field's name for people: "free_bits" → "Free bits"."""
    words = name.replace("_", " ")
    return words if words.isupper() else words[:1].upper() + words[1:]


def shown(value: Any) -> str:
    if value is None:
        return "auto"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _range_of(field: Field) -> str:
    if field.kind not in ("int", "float") or (field.low is None and field.high is None):
        return ""
    low, high = ("" if v is None else f"{v:g}" for v in (field.low, field.high))
    span = f"{low} – {high}" if low and high else f"≥ {low}" if low else f"≤ {high}"
    return f"{span} {field.unit}".strip()


def _decimals(field: Field, recommended: Any) -> int:
    """Enough places for the smallest number that matters here."""
    smallest = min((abs(v) for v in (recommended, field.default, field.low) if isinstance(v, (int, float)) and v), default=1.0)
    return int(min(8, max(2, math.ceil(-math.log10(smallest)) + 2)))


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, (int, float)) and isinstance(second, (int, float)):
        return math.isclose(first, second, rel_tol=1e-6, abs_tol=1e-12)
    return bool(first == second)
