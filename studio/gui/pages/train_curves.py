"""The curves of the chosen runs: one quality over the minutes, held-out solid and training dashed, several runs overlaid.

The raw numbers are one click away.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from studio.engine.training import RunView
from studio.gui import theme
from studio.gui.pages import train_words as words
from studio.gui.pages.train_log import RunLogs
from studio.gui.pages.train_numbers import NumbersDialog
from studio.gui.session import Session
from studio.gui.widgets.curve_plot import CurvePlot, Series

HELD, LEARNED = "held-out/", "training/"
MOST = 8
"""Runs that are drawn at a time."""


class CurvesPanel(QWidget):
    def __init__(self, session: Session, logs: RunLogs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.mark(self, role="panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._session, self._logs = session, logs
        self._views: tuple[RunView, ...] = ()
        self._series: list[Series] = []
        self._numbers: NumbersDialog | None = None
        self.plot = CurvePlot()
        self.plot.setMinimumHeight(56)  # the words and the sounds come first where there is little room
        self.quality = QComboBox()
        self.quality.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.quality.setMinimumContentsLength(12)
        self.quality.setAccessibleName(self.tr("Which quality"))
        self.quality.setToolTip(self.tr("Measured on held-out sounds (solid) and on sounds it learns from (dashed)"))
        self.log = QPushButton(self.tr("Log time"))
        self.log.setCheckable(True)
        self.log.setToolTip(self.tr("The first minutes as wide as the last hours"))
        theme.mark(self.log, role="segment")
        self.all = QPushButton(self.tr("All numbers…"))
        self.all.setToolTip(self.tr("Every loss, rate and speed that was logged, and CSV"))
        theme.mark(self.all, role="quiet")
        head = QHBoxLayout()
        head.setSpacing(theme.HALF)
        head.addWidget(self.quality)
        head.addStretch(1)
        head.addWidget(self.log)
        head.addWidget(self.all)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE, 8, theme.SPACE, 8)
        column.setSpacing(theme.SMALL)
        column.addLayout(head)
        column.addWidget(self.plot, 1)
        self.quality.activated.connect(self._draw)
        self.log.toggled.connect(self.plot.set_log)
        self.all.clicked.connect(self._open_numbers)
        logs.changed.connect(self._grew)

    def show_runs(self, views: tuple[RunView, ...]) -> None:
        """The first is the run that is shown, the others are laid over it."""
        names = tuple(view.name for view in views)
        same = names == tuple(view.name for view in self._views)
        self._views = views
        if not same:
            self._draw()

    @Slot(float)
    def mark(self, minutes: float) -> None:
        """The moment that is heard."""
        self.plot.set_marks((minutes,))

    @Slot(object)
    def _grew(self, names: frozenset[str]) -> None:
        if names & {view.name for view in self._views}:
            self._draw()
        if self._numbers is not None and self._numbers.run in names:
            self._numbers.show_curves(self._logs.curves(self._numbers.run))

    @Slot()
    def _draw(self, *_: object) -> None:
        self._fill_metrics()
        metric = self.quality.currentData()
        alone = len(self._views) == 1
        series: list[Series] = []
        for i, view in enumerate(self._views[:MOST]):
            curves = self._logs.curves(view.name)
            for prefix, dashed in ((HELD, False), (LEARNED, True)):
                steps, values = curves.values(f"{prefix}{metric}")
                if not len(steps) or (dashed and len(self._views) > 2):
                    continue  # of many runs only what decides
                kind = self.tr("learned from") if dashed else self.tr("held-out")
                name = kind if alone else f"{view.title}, {kind}" if dashed else view.title
                color: str | int = "accent" if alone else i
                series.append(Series(name, curves.minutes(steps), values, color, dashed, listed=alone or not dashed))
        if not _same(series, self._series):  # held-out sounds are measured far more seldom than the rest
            self._series = series
            self.plot.set_series(series, self.tr("min"))
        self.all.setEnabled(bool(self._views) and bool(self._logs.curves(self._views[0].name).names()))

    def _fill_metrics(self) -> None:
        names: list[str] = []
        for view in self._views:
            names += [n.removeprefix(HELD) for n in self._logs.curves(view.name).names() if n.startswith(HELD)]
        names = list(dict.fromkeys(names))
        if names == [self.quality.itemData(i) for i in range(self.quality.count())]:
            return
        before = self.quality.currentData()
        self.quality.clear()
        for name in names:
            self.quality.addItem(words.metric_words(name), name)
        self.quality.setCurrentIndex(max(0, names.index(before) if before in names else 0))
        self.quality.setVisible(bool(names))

    @Slot()
    def _open_numbers(self) -> None:
        if not self._views:
            return
        view = self._views[0]
        self._numbers = NumbersDialog(self._session, view.name, view.title or view.name, self._logs.curves(view.name), self)
        self._numbers.finished.connect(self._numbers_closed)
        self._numbers.open()

    @Slot(int)
    def _numbers_closed(self, _: int) -> None:
        self._numbers = None


def _same(first: list[Series], second: list[Series]) -> bool:
    return len(first) == len(second) and all(
        (a.name, a.color, a.dashed) == (b.name, b.color, b.dashed) and np.array_equal(a.x, b.x) and np.array_equal(a.y, b.y)
        for a, b in zip(first, second)
    )
