"""Train: choose what to make, press one button, hear it learn.

Left what can be made, in the middle how the chosen run goes (words, sounds, curves), right all runs and the queue. Everything
shown is read from run folders; the trainer is a process of its own.
"""

from __future__ import annotations

import itertools
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.engine.engine import FamilyFacts
from studio.engine.training import RunView
from studio.errors import StudioError
from studio.gui import theme
from studio.gui.pages import train_words as words
from studio.gui.pages.train_log import RunLogs
from studio.gui.pages.train_numbers import NumbersDialog
from studio.gui.pages.train_runs import RunRow, RunsPanel
from studio.gui.pages.train_start import StartPanel
from studio.gui.pages.train_timeline import Timeline
from studio.gui.pages.train_verdict import VerdictPanel
from studio.gui.session import Session
from studio.gui.widgets.curve_plot import CurvePlot, Series
from studio.gui.widgets.drop_zone import Empty
from studio.gui.widgets.later import Later
from studio.training.run import Moment, Preview, RunFolder

LOOK = 1500
"""Milliseconds between two looks at the previews and checkpoints of the runs that are shown."""
HELD, LEARNED = "held-out/", "training/"


class TrainPage(QWidget):
    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._chosen: tuple[str, ...] = ()
        self._found: dict[str, _Found] = {}
        self._counts = (0, 0)
        self._numbers: NumbersDialog | None = None
        self._build()
        self._wire()
        self._show()

    # ---- building
    def _build(self) -> None:
        self.start = StartPanel()
        self.runs = RunsPanel()
        self.runs.setFixedWidth(252)
        self.verdict = VerdictPanel()
        self.timeline = Timeline(self._session)
        self.plot = CurvePlot()
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
        curves = QWidget()
        theme.mark(curves, role="panel")
        curves.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        head = QHBoxLayout()
        head.setSpacing(theme.HALF)
        head.addWidget(self.quality)
        head.addStretch(1)
        head.addWidget(self.log)
        head.addWidget(self.all)
        column = QVBoxLayout(curves)
        column.setContentsMargins(theme.SPACE, 8, theme.SPACE, 8)
        column.setSpacing(theme.SMALL)
        column.addLayout(head)
        column.addWidget(self.plot, 1)
        self.split = QSplitter(Qt.Orientation.Vertical)
        self.split.addWidget(self.timeline)
        self.split.addWidget(curves)
        self.split.setStretchFactor(0, 3)
        self.split.setStretchFactor(1, 2)
        self.split.setChildrenCollapsible(False)
        self.split.setSizes([580, 320])
        shown = QWidget()
        middle = QVBoxLayout(shown)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(theme.GAP)
        middle.addWidget(self.verdict)
        middle.addWidget(self.split, 1)
        self.empty = Empty("train", self.tr("Choose what to make and press Train"))
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(shown)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)  # the frame has the margin of every page
        row.setSpacing(theme.GAP)
        row.addWidget(self.start)
        row.addWidget(self.stack, 1)
        row.addWidget(self.runs)

    def _wire(self) -> None:
        session = self._session
        self._logs = RunLogs(self)
        self._logs.changed.connect(self._curves_grew)
        self._later = Later(self)
        self._later.done.connect(self._looked)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK)
        self._timer.timeout.connect(self.look)
        session.opened.connect(self._project_changed)
        session.closed.connect(self._project_changed)
        session.soundsChanged.connect(self._ask_families)
        session.engine.families.connect(self._families)
        session.engine.ready.connect(self._ask_families_once)
        session.training.changed.connect(self._runs_changed)
        session.training.failed.connect(session.complain)
        self.start.asked.connect(self._train)
        self.empty.pressed.connect(self._go_sounds)
        self.verdict.asked.connect(self._ask_shown)
        self.runs.asked.connect(self._ask)
        self.runs.chosen.connect(self._choose)
        self.timeline.starAsked.connect(self._star)
        self.timeline.exploreAsked.connect(self._explore)
        self.timeline.momentChanged.connect(self._mark_moment)
        self.quality.activated.connect(self._draw_curves)
        self.log.toggled.connect(self.plot.set_log)
        self.all.clicked.connect(self._open_numbers)

    # ---- the project and its families
    def showEvent(self, event: object) -> None:
        self._ask_families()
        self._runs_changed(self._session.training.views)
        self._logs.start()
        self._timer.start()
        self.look()

    def hideEvent(self, event: object) -> None:
        self._logs.stop()
        self._timer.stop()

    @Slot()
    def _project_changed(self) -> None:
        self._logs.clear()
        self._found, self._chosen = {}, ()
        self._ask_families()
        self._runs_changed(self._session.training.views)
        self._choose(self.runs.names)

    @Slot()
    def _ask_families(self) -> None:
        project = self._session.project
        if project is None or not self.isVisible():
            return
        try:
            index = self._session.index
            included = index.included()
            self._counts = (sum(included.values()), len([label for label in included if label]))
        except StudioError as error:
            self._session.complain(error)
            return
        self._session.engine.describe_families(project)
        self._show()

    @Slot(object)
    def _ask_families_once(self, _: object) -> None:
        if self.start.family is None:
            self._ask_families()

    @Slot(object)
    def _families(self, families: tuple[FamilyFacts, ...]) -> None:
        self.start.set_families(families, *self._counts)

    # ---- runs
    @Slot(object)
    def _runs_changed(self, views: tuple[RunView, ...]) -> None:
        rows = []
        for view in views:
            found = self._found.get(view.name)
            rows.append(RunRow(view, found.size, found.stars, len(found.moments)) if found else RunRow(view))
        waiting = sorted((r for r in rows if r.view.place is not None), key=lambda r: r.view.place or 0)
        working = [r for r in rows if r.view.alive]
        rest = [r for r in rows if r.view.place is None and not r.view.alive]
        self.runs.set_rows([*working, *waiting, *rest])
        self._show()
        if set(self._found) != {view.name for view in views}:
            self.look()

    @Slot(object)
    def _choose(self, names: tuple[str, ...]) -> None:
        if names == self._chosen:
            return
        self._chosen = names
        self._show()
        self.look()

    @property
    def shown(self) -> RunView | None:
        """The run in the middle."""
        return self._session.training.view(self._chosen[0]) if self._chosen else None

    @Slot()
    def look(self) -> None:
        """Read previews and checkpoints of the runs, off the GUI thread."""
        views = self._session.training.views
        self._logs.watch({v.name: v.path for v in views if v.name in self._chosen})
        stale = [v for v in views if v.alive or v.name not in self._found or self._found[v.name].state != v.state]
        if stale and not self._later.busy:
            self._later.ask(partial(_look, [(v.name, v.path, v.state) for v in stale]))

    @Slot(object)
    def _looked(self, answer: object) -> None:
        if isinstance(answer, dict):
            self._found.update(answer)
            names = {view.name for view in self._session.training.views}
            self._found = {name: found for name, found in self._found.items() if name in names}
            self._runs_changed(self._session.training.views)

    def _show(self) -> None:
        """Everything about the chosen run."""
        view = self.shown
        if view is None:
            sounds = self._counts[0]
            if self._session.project is not None and sounds < 2:
                self.empty.say(self.tr("A model needs sounds to learn from"), self.tr("Add sounds"))
            else:
                self.empty.say(self.tr("Choose what to make and press Train"), "")
            self.stack.setCurrentIndex(0)
            return
        self.stack.setCurrentIndex(1)
        found = self._found.get(view.name, _Found())
        self.verdict.show_run(view, bool(found.moments))
        self.timeline.show_run(view.name, found.previews, found.moments, self._waiting(view))
        self._draw_curves()

    def _waiting(self, view: RunView) -> str:
        """What is said where the previews will be."""
        if view.state == "failed":
            return self.tr("There is no sound of this training")
        if not view.alive:
            return (
                self.tr("The first sounds come soon after it begins") if view.place is not None else self.tr("No previews yet")
            )
        if view.status.next_preview is not None and view.status.state == "training":
            if view.status.next_preview < 1:
                return self.tr("The first sounds are being made")
            return self.tr("The first sounds in {0}").format(words.seconds(view.status.next_preview))
        return view.status.message or self.tr("Getting ready")

    # ---- curves
    @Slot(object)
    def _curves_grew(self, names: frozenset[str]) -> None:
        if names & set(self._chosen):
            self._draw_curves()
        if self._numbers is not None and self._numbers.run in names:
            self._numbers.show_curves(self._logs.curves(self._numbers.run))

    @Slot()
    def _draw_curves(self, *_: object) -> None:
        self._fill_metrics()
        metric = self.quality.currentData()
        series: list[Series] = []
        for i, name in enumerate(self._chosen[:8]):
            curves = self._logs.curves(name)
            view = self._session.training.view(name)
            title = view.title if view is not None else name
            color: str | int = "accent" if len(self._chosen) == 1 else i
            for prefix, dashed in ((HELD, False), (LEARNED, True)):
                steps, values = curves.values(f"{prefix}{metric}")
                if not len(steps):
                    continue
                kind = self.tr("learned from") if dashed else self.tr("held-out")
                series.append(
                    Series(kind if len(self._chosen) == 1 else f"{title}, {kind}", curves.minutes(steps), values, color, dashed)
                )
        self.plot.set_series(series, self.tr("min"))
        self.all.setEnabled(bool(self._chosen) and bool(self._logs.curves(self._chosen[0]).names()))

    def _fill_metrics(self) -> None:
        names: list[str] = []
        for run in self._chosen:
            names += [n.removeprefix(HELD) for n in self._logs.curves(run).names() if n.startswith(HELD)]
        names = list(dict.fromkeys(names))
        if names == [self.quality.itemData(i) for i in range(self.quality.count())]:
            return
        before = self.quality.currentData()
        self.quality.clear()
        for name in names:
            self.quality.addItem(words.metric_words(name), name)
        self.quality.setCurrentIndex(max(0, names.index(before) if before in names else 0))
        self.quality.setVisible(bool(names))

    @Slot(float)
    def _mark_moment(self, minutes: float) -> None:
        self.plot.set_marks((minutes,))

    @Slot()
    def _open_numbers(self) -> None:
        view = self.shown
        if view is None:
            return
        self._numbers = NumbersDialog(self._session, view.name, view.title or view.name, self._logs.curves(view.name), self)
        self._numbers.finished.connect(self._numbers_closed)
        self._numbers.open()

    @Slot(int)
    def _numbers_closed(self, _: int) -> None:
        self._numbers = None

    # ---- asking
    @Slot(str, object, object, str)
    def _train(self, family: str, config: dict[str, Any], plan: dict[str, Any], name: str) -> None:
        try:
            made = self._session.training.queue(family, config, plan, name or self._name(family))
        except StudioError as error:
            self._session.complain(error)
            return
        self._session.training.look()
        self.runs.choose((made,))
        view = self._session.training.view(made)
        if view is not None and view.place is not None:
            self._session.tell(self.tr("Queued: it begins when the others have ended"))

    def _name(self, family: str) -> str:
        """“One-shots 3”: the family's name and the first number that no run has."""
        facts = self.start.family
        base = facts.info.name if facts is not None and facts.info.id == family else family
        taken = {view.title for view in self._session.training.views}
        return next(name for name in (f"{base} {n}" for n in itertools.count(1)) if name not in taken)

    @Slot(str)
    def _ask_shown(self, what: str) -> None:
        if self.shown is not None:
            self._ask(what, self.shown.name)

    @Slot(str, str)
    def _ask(self, what: str, name: str) -> None:
        training = self._session.training
        try:
            if what == "pause":
                training.pause(name)
            elif what == "resume":
                training.resume(name)
            elif what == "stop":
                training.stop(name)
            elif what == "explore":
                view = training.view(name)
                if view is not None:
                    self._explore(view.path)
            elif what in ("up", "down"):
                self._move(name, -1 if what == "up" else 1)
            elif what == "remove":
                self._remove(name)
        except StudioError as error:
            self._session.complain(error)

    def _move(self, name: str, by: int) -> None:
        views = [v for v in self._session.training.views if v.place is not None]
        order = [v.name for v in sorted(views, key=lambda v: v.place or 0)]
        at = order.index(name)
        to = min(max(at + by, 0), len(order) - 1)
        order.insert(to, order.pop(at))
        self._session.training.reorder(tuple(order))

    def _remove(self, name: str) -> None:
        view = self._session.training.view(name)
        title = (view.title or view.name) if view is not None else name
        training = self._session.training
        self._session.do(self.tr("Delete “{0}”").format(title), partial(training.remove, name), partial(training.restore, name))
        self._session.tell(self.tr("“{0}” is in the trash; Undo brings it back").format(title))

    @Slot(int, bool)
    def _star(self, step: int, on: bool) -> None:
        view = self.shown
        if view is None:
            return
        if not self._session.training.star(view.name, step, on):
            self._session.tell(self.tr("The model of this moment is already gone"))
        self._found.pop(view.name, None)
        self.look()

    @Slot(object)
    def _explore(self, folder: Path) -> None:
        self._session.go("explore", folder)

    @Slot()
    def _go_sounds(self) -> None:
        self._session.go("sounds")

    def receive(self, payload: Any) -> None:
        """A run's name or folder: show that run."""
        name = payload.name if isinstance(payload, Path) else str(payload)
        self.runs.choose((name,))


class _Found:
    """What was read of a run folder beside its status."""

    def __init__(
        self, previews: list[Preview] | None = None, moments: list[Moment] | None = None, size: int = 0, state: str = ""
    ) -> None:
        self.previews, self.moments, self.size, self.state = previews or [], moments or [], size, state

    @property
    def stars(self) -> int:
        return int(np.sum([moment.starred for moment in self.moments])) if self.moments else 0


def _look(runs: list[tuple[str, Path, str]]) -> dict[str, _Found]:
    found = {}
    for name, path, state in runs:
        run = RunFolder(path)
        found[name] = _Found(run.previews(), run.checkpoints(), run.size(), state)
    return found
