"""The first half of “Find better settings”: which settings may change, and for how long."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.engine.engine import FamilyFacts
from studio.errors import StudioError
from studio.fields import describe
from studio.gui import theme
from studio.gui.pages import train_words as words
from studio.gui.widgets.config_form import pretty, shown
from studio.training import space
from studio.training.plan import TrainerConfig
from studio.training.searches import trial_length
from studio.training.space import Span
from studio.training.trial import usual_workers

BUDGETS = (20, 60, 240)
USUAL = 60.0


class AskPanel(QWidget):
    changed = Signal()

    def __init__(self, family: FamilyFacts, config: dict[str, Any], plan: dict[str, Any]) -> None:
        super().__init__()
        self._workers = usual_workers(plan.get("device", "auto"))
        trainers = describe(TrainerConfig)
        trainer = {**msgspec.to_builtins(TrainerConfig()), **plan}
        self._spans = (*space.offered(trainers, trainer, plan=True), *space.offered(family.fields, config))
        help = {(f.name, True): f.help for f in trainers} | {(f.name, False): f.help for f in family.fields}
        text = QLabel(
            self.tr(
                "Many short trainings with other settings: the one that says sounds best which it never heard wins. The "
                "settings you have now are tried first; in the end the best is trained once more beside them, to be sure it "
                "was not luck."
            )
        )
        text.setWordWrap(True)
        theme.mark(text, role="dim")
        head = QLabel(self.tr("What may change"))
        theme.mark(head, role="strong")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.HALF)
        column.addWidget(text)
        column.addSpacing(theme.HALF)
        column.addWidget(head)
        column.addWidget(self._choices(help), 100)
        column.addSpacing(theme.HALF)
        column.addLayout(self._time())
        self.length = QLabel()
        self.length.setWordWrap(True)
        theme.mark(self.length, role="caption")
        column.addWidget(self.length)
        column.addStretch(1)
        self.minutes.setValue(USUAL)

    def _choices(self, help: dict[tuple[str, bool], str]) -> QScrollArea:
        inside = QWidget()
        theme.mark(inside, role="clear")
        grid = QGridLayout(inside)
        grid.setContentsMargins(0, 0, theme.SPACE, 0)
        grid.setHorizontalSpacing(theme.SPACE)
        grid.setVerticalSpacing(theme.HALF)
        grid.setColumnStretch(2, 1)
        self._ticks: dict[str, QCheckBox] = {}
        for row, span in enumerate(self._spans):
            tick = QCheckBox(pretty(span.name))
            tick.setChecked(True)
            tick.setAccessibleDescription(help[span.name, span.plan])
            tick.toggled.connect(self._edited)
            values = QLabel(span_words(span))
            about = QLabel(help[span.name, span.plan])
            about.setWordWrap(True)
            theme.mark(about, role="caption")
            self._ticks[span.name] = tick
            for at, widget in enumerate((tick, values, about)):
                grid.addWidget(widget, row, at, Qt.AlignmentFlag.AlignVCenter)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        area.setMaximumHeight(inside.sizeHint().height())
        return area

    def _time(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2)
        label = QLabel(self.tr("For how long"))
        theme.mark(label, role="strong")
        row.addWidget(label)
        row.addSpacing(theme.SPACE)
        self._budgets = QButtonGroup(self)
        for value in BUDGETS:
            button = QPushButton(words.minutes(value))
            button.setCheckable(True)
            theme.mark(button, role="segment")
            self._budgets.addButton(button, value)
            row.addWidget(button)
        self._budgets.idClicked.connect(self._budget_chosen)
        self.minutes = QDoubleSpinBox()
        self.minutes.setRange(1, 9999)
        self.minutes.setDecimals(0)
        self.minutes.setSuffix(self.tr(" min"))
        self.minutes.setAccessibleName(self.tr("Minutes of the whole search"))
        self.minutes.setFixedWidth(92)
        self.minutes.valueChanged.connect(self._edited)
        row.addSpacing(theme.HALF)
        row.addWidget(self.minutes)
        row.addStretch(1)
        return row

    def _budget_chosen(self, value: int) -> None:
        self.minutes.setValue(value)

    def _edited(self, *_: object) -> None:
        self._budgets.setExclusive(False)
        for button in self._budgets.buttons():
            button.setChecked(self._budgets.id(button) == round(self.minutes.value()))
        self._budgets.setExclusive(True)
        try:
            trial = trial_length(self.minutes.value(), self._workers)
        except StudioError:
            self.length.setText("")
        else:
            at_once = self.tr("{0} at a time").format(self._workers) if self._workers > 1 else self.tr("one after another")
            self.length.setText(
                self.tr("Trainings of {0} each, {1}; those without hope end early. The computer is busy all that time.").format(
                    words.minutes(trial), at_once
                )
            )
        self.changed.emit()

    # ---- what is asked for
    def problem(self) -> str:
        """Why this can't be searched; empty where it can."""
        if not any(tick.isChecked() for tick in self._ticks.values()):
            return self.tr("Choose at least one setting that may change.")
        try:
            trial_length(self.minutes.value(), self._workers)
        except StudioError as error:
            return error.message
        return ""

    def wanted(self) -> dict[str, Any]:
        """Words for SearchFolder.create."""
        spans = tuple(span for span in self._spans if self._ticks[span.name].isChecked())
        return {"spans": spans, "minutes": self.minutes.value(), "workers": self._workers}


def span_words(span: Span) -> str:
    """ "6 – 48", "pqmf, istft"."""
    if span.choices:
        return ", ".join(shown(choice) for choice in span.choices)
    return f"{span.low:g} – {span.high:g}"
