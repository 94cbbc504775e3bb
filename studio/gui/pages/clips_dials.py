"""The dials of one step in a column. A plug-in may have hundreds of parameters: then a few are shown, typing finds the others,
and a dial is only made once it is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from studio.audio.step import Parameter
from studio.audio.step import Step as Kind
from studio.gui import theme
from studio.gui.pages.clips_dial import Dial
from studio.gui.pages.clips_words import labels_of

MANY = 16
"""Parameters from which not all are shown at once."""
PORTION = 12
"""How many are then shown, and come with “Show more”."""


class Dials(QWidget):
    """`moved` while a dial turns, `settled` when it rests."""

    moved = Signal()
    settled = Signal()

    def __init__(self, kind: Kind, step: Mapping[str, Any], longest: float, parent: QWidget | None = None) -> None:
        """`longest`: seconds, where times end that have no limit of their own."""
        super().__init__(parent)
        self.dials: dict[str, Dial] = {}
        self._parameters, self._labels = kind.parameters, labels_of(kind)
        self._step, self._longest = step, longest
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self._many = len(self._parameters) > MANY
        self._room = PORTION if self._many else MANY
        self._list = QVBoxLayout()
        self._list.setSpacing(2)
        if self._many:
            self._add_search()
        self._column.addLayout(self._list)
        if self._many:
            self._add_more()
        self._fill()

    def _add_search(self) -> None:
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Type to find one of {0} parameters").format(len(self._parameters)))
        self.search.setAccessibleName(self.tr("Find a parameter"))
        self.search.addAction(theme.icon("search", "dim"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._find)
        self._column.addWidget(self.search)

    def _add_more(self) -> None:
        self.more = QPushButton()
        theme.mark(self.more, role="quiet", small=True)
        self.more.clicked.connect(self._show_more)
        self.rest = QLabel()
        theme.mark(self.rest, role="caption")
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.rest, 1)
        row.addWidget(self.more)
        self._column.addLayout(row)

    def _matching(self) -> list[Parameter]:
        """Those whose names hold every word that was typed."""
        if not self._many:
            return list(self._parameters)
        words = self.search.text().casefold().split()
        return [p for p in self._parameters if all(word in self._labels[p.name].casefold() for word in words)]

    def _fill(self) -> None:
        """Show what matches, as far as there is room."""
        matching = self._matching()
        shown = matching[: self._room]
        names = {parameter.name for parameter in shown}
        for parameter in shown:
            if parameter.name not in self.dials:
                self._make(parameter)
        for name, dial in self.dials.items():
            dial.setVisible(name in names)
        if self._many:
            left = len(matching) - len(shown)
            self.rest.setText(
                self.tr("{0} of {1}").format(len(shown), len(matching)) if matching else self.tr("None is called so")
            )
            self.more.setText(self.tr("Show {0} more").format(min(left, PORTION)))
            self.more.setVisible(left > 0)

    def _make(self, parameter: Parameter) -> None:
        """A new dial, in its place among those that are there."""
        value = self._step.get(parameter.name, parameter.default)
        dial = Dial(parameter, self._labels[parameter.name], value, self._longest)
        dial.moved.connect(self.moved)
        dial.settled.connect(self.settled)
        self.dials[parameter.name] = dial
        order = [p.name for p in self._parameters if p.name in self.dials]
        self._list.insertWidget(order.index(parameter.name), dial)

    @Slot()
    def _find(self) -> None:
        self._room = PORTION
        self._fill()

    @Slot()
    def _show_more(self) -> None:
        self._room += PORTION
        self._fill()

    def show_step(self, step: Mapping[str, Any]) -> None:
        """Show other values of the same kind of step. Emits nothing."""
        self._step = step
        for name, dial in self.dials.items():
            if dial.value != (value := step.get(name, dial.parameter.default)):
                dial.set_value(value)
