"""The second half of “Find better settings”: how far it is, the best beside the usual settings, and every trial."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.engine.search import SearchView
from studio.gui import theme
from studio.gui.pages import train_words as words
from studio.gui.widgets.config_form import pretty, shown
from studio.training.searches import Trial

RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
NUMBERS = (0, 2, 3)
"""Columns."""


class Side(QWidget):
    """One of the two that are compared: its distance, large, and its settings."""

    def __init__(self, title: str) -> None:
        super().__init__()
        theme.mark(self, role="panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.title = QLabel(title)
        theme.mark(self.title, role="caption")
        self.value = QLabel()
        theme.mark(self.value, role="page")
        self.settings = QLabel()
        self.settings.setWordWrap(True)
        theme.mark(self.settings, role="dim")
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE, theme.HALF, theme.SPACE, theme.HALF)
        column.setSpacing(theme.SMALL)
        column.addWidget(self.title)
        column.addWidget(self.value)
        column.addWidget(self.settings)
        column.addStretch(1)


class TrialsPanel(QWidget):
    opened = Signal(str)
    """A run's name: show this trial on the page."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[Trial, ...] = ()
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(4)
        self.bar.setAccessibleName(self.tr("Time of the search"))
        self.usual = Side(self.tr("Usual settings"))
        self.best = Side(self.tr("Best so far"))
        sides = QHBoxLayout()
        sides.setSpacing(theme.GAP)
        sides.addWidget(self.usual, 1)
        sides.addWidget(self.best, 1)
        self.table = QTableWidget(0, 5)
        titles = (self.tr("Trial"), self.tr("State"), self.tr("Distance"), self.tr("Trained"), self.tr("Settings"))
        for at, text in enumerate(titles):
            item = QTableWidgetItem(text)
            item.setTextAlignment(RIGHT if at in NUMBERS else LEFT)
            self.table.setHorizontalHeaderItem(at, item)
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setAccessibleName(self.tr("Trials"))
        self.table.setToolTip(self.tr("Double-click: hear this trial, see its curves"))
        header = self.table.horizontalHeader()
        for at, width in enumerate((52, 150, 84, 76)):
            header.setSectionResizeMode(at, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(at, width)
        header.setSectionResizeMode(4, QHeaderView.ResizeMode.Stretch)
        self.table.itemActivated.connect(self._open)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.HALF)
        column.addWidget(self.state)
        column.addWidget(self.bar)
        column.addLayout(sides)
        column.addWidget(self.table, 1)

    # ---- what is shown
    def show_view(self, view: SearchView) -> None:
        status = view.status
        self.state.setText(self._state(view))
        self.bar.setVisible(status.state != "finished")
        self.bar.setRange(0, max(1, round(view.file.minutes * 60)))
        self.bar.setValue(min(round(status.spent * 60), self.bar.maximum()))
        self.best.title.setText(self.tr("Best found") if status.state == "finished" else self.tr("Best so far"))
        self._side(self.usual, status.default, None)
        best = status.found if status.found is not None and status.found != status.default else None
        self._side(self.best, best, status.default)
        self._rows = tuple(reversed(status.trials))
        self.table.setRowCount(len(self._rows))
        for row, trial in enumerate(self._rows):
            self._fill(row, trial, status.default, status.best)

    def _state(self, view: SearchView) -> str:
        status = view.status
        if status.sentence:
            return status.sentence
        time = self.tr("{0} of {1}").format(words.minutes(status.spent), words.minutes(view.file.minutes))
        if not view.alive:
            return (self.tr("Failed after {0}") if status.state == "failed" else self.tr("Stopped after {0}")).format(time)
        if status.state == "checking":
            return self.tr("Training the usual and the best settings once more, to be sure · {0}").format(time)
        return self.tr("Searching · {0} · {1} trials").format(time, len(status.trials))

    def _side(self, side: Side, trial: Trial | None, beside: Trial | None) -> None:
        if trial is None or trial.value is None:
            side.value.setText("–")
            side.settings.setText("" if beside is None else self.tr("Nothing better yet"))
            return
        text = f"{trial.value:.3g}"
        if beside is not None and beside.value:
            text += f"   {trial.value / beside.value - 1:+.0%}".replace("-", "−")
        side.value.setText(text)
        side.settings.setText(settings_words(trial.settings, beside.settings if beside is not None else None))

    def _fill(self, row: int, trial: Trial, default: Trial | None, best: int | None) -> None:
        texts = (
            str(trial.number + 1),
            self._kind(trial),
            "–" if trial.value is None else f"{trial.value:.3g}",
            words.minutes(trial.minutes),
            settings_words(trial.settings, default.settings if default is not None else {}) or self.tr("the usual ones"),
        )
        for at, text in enumerate(texts):
            item = self.table.item(row, at)
            if item is None:
                item = QTableWidgetItem()
                item.setTextAlignment(RIGHT if at in NUMBERS else LEFT)
                self.table.setItem(row, at, item)
            item.setText(text)
            item.setForeground(theme.color("good" if trial.number == best else "dim" if trial.state == "dropped" else "text"))
            item.setToolTip(texts[4] if at == 4 else "")

    def _kind(self, trial: Trial) -> str:
        state = {
            "training": self.tr("training"),
            "finished": self.tr("finished"),
            "dropped": self.tr("dropped early"),
            "failed": self.tr("failed"),
        }[trial.state]
        role = {"default": self.tr("usual, {0}"), "check": self.tr("again, {0}"), "search": "{0}"}[trial.role]
        return role.format(state)

    def _open(self, item: QTableWidgetItem) -> None:
        run = self._rows[item.row()].run
        if run:
            self.opened.emit(run)


def settings_words(settings: dict[str, Any], beside: dict[str, Any] | None = None) -> str:
    """ "Rate 2.6 · Batch 9"; only what differs, where there is something beside it."""
    mine = settings if beside is None else {n: v for n, v in settings.items() if v != beside.get(n)}
    return " · ".join(f"{pretty(name)} {shown(value)}" for name, value in mine.items())
