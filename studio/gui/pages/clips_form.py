"""The parameters of one step, as dials in a column: what a row of the rack unfolds to. Made from audio/step.py.

It shows a step and says what it becomes; the rack puts it into the list of steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from studio.audio.steps import kind_of
from studio.gui import theme
from studio.gui.pages.clips_dial import NAME, Dial
from studio.gui.pages.clips_dials import Dials
from studio.gui.pages.clips_presets import PresetButton, with_preset
from studio.gui.pages.clips_words import span_words

Step = Mapping[str, Any]


class StepForm(QWidget):
    """`moved` while a dial turns, `settled` when it rests. Ask `step` for what it is now."""

    moved = Signal()
    settled = Signal()
    keepWanted = Signal()
    """The step as it stands should be kept as a preset."""

    def __init__(self, step: Step, longest: float, parent: QWidget | None = None) -> None:
        """`longest`: seconds of the sound, where times end that have no limit of their own."""
        super().__init__(parent)
        self._step = dict(step)
        self._kind = kind_of(step)
        self._selection: tuple[float, float] | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.HALF, 0, theme.HALF, theme.HALF)
        column.setSpacing(2)
        sentence = QLabel(self._kind.sentence)
        sentence.setWordWrap(True)
        theme.mark(sentence, role="caption")
        head = QHBoxLayout()
        head.addWidget(sentence, 1)
        if self._kind.parameters:
            self.presets = PresetButton(step)
            self.presets.chosen.connect(self._preset)
            self.presets.keepWanted.connect(self.keepWanted)
            head.addWidget(self.presets, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        self._column = Dials(self._kind, step, longest)
        self._column.moved.connect(self.moved)
        self._column.settled.connect(self.settled)
        column.addWidget(self._column)
        if self._kind.within:
            column.addLayout(self._place())
            self._show_place()

    def _place(self) -> QHBoxLayout:
        """Where the step is done: everywhere, or on a stretch."""
        label = QLabel(self.tr("On"))
        label.setFixedWidth(NAME)
        theme.mark(label, role="dim")
        self.where = QLabel()
        self.take = self._button("fit", self.tr("Only on the selection"), self._to_selection)
        self.whole = self._button("close", self.tr("On the whole sound"), self._to_whole)
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        for widget in (label, self.where):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.take)
        row.addWidget(self.whole)
        return row

    def _button(self, icon: str, tip: str, slot: Any) -> QToolButton:
        button = QToolButton()
        button.setIcon(theme.icon(icon))
        button.setIconSize(QSize(14, 14))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        theme.mark(button, role="icon")
        button.clicked.connect(slot)
        return button

    # ---- the step
    @property
    def dials(self) -> dict[str, Dial]:
        """Those that are there, by the names of their parameters."""
        return self._column.dials

    @property
    def step(self) -> dict[str, Any]:
        """The step as the dials stand. What was left at its default and was not written stays unwritten."""
        made = dict(self._step)
        for name, dial in self.dials.items():
            value = dial.value
            if value is None:
                made.pop(name, None)
            elif name in made or value != dial.parameter.default:
                made[name] = value
        return made

    def show_step(self, step: Step) -> None:
        """Show other values of the same kind of step. Emits nothing."""
        self._step = dict(step)
        self._column.show_step(step)
        if self._kind.within:
            self._show_place()

    def set_selection(self, selection: tuple[float, float] | None) -> None:
        """What “only on the selection” would mean; None: there is none, or it would not fit this step."""
        self._selection = selection
        if self._kind.within:
            self.take.setEnabled(selection is not None)

    def _show_place(self) -> None:
        start, end = self._step.get("from"), self._step.get("to")
        limited = start is not None or end is not None
        self.where.setText(span_words(start, end) if limited else self.tr("the whole sound"))
        self.whole.setEnabled(limited)
        self.take.setEnabled(self._selection is not None)

    @Slot(object)
    def _preset(self, values: dict[str, Any]) -> None:
        self.show_step(with_preset(self.step, values))
        self.moved.emit()
        self.settled.emit()

    @Slot()
    def _to_selection(self) -> None:
        if self._selection is not None:
            start, end = self._selection
            self._step = self.step | {"from": round(start, 6), "to": round(end, 6)}
            self._placed()

    @Slot()
    def _to_whole(self) -> None:
        self._step = {key: value for key, value in self.step.items() if key not in ("from", "to")}
        self._placed()

    def _placed(self) -> None:
        self._show_place()
        self.moved.emit()
        self.settled.emit()
