"""Train: choose what to make, press one button, hear it learn.

Left what can be made, in the middle how the chosen run goes (words, sounds, curves), right all runs and the queue. Everything
shown is read from run folders; the trainer is a process of its own. What is asked of a run is carried out by train_asks.py.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from studio.engine.training import RunView
from studio.errors import StudioError
from studio.gui import theme
from studio.gui.pages import train_words as words
from studio.gui.pages.train_asks import Asks
from studio.gui.pages.train_blind import BlindDialog, Tally, takes_of
from studio.gui.pages.train_compare import CompareDialog
from studio.gui.pages.train_curves import CurvesPanel
from studio.gui.pages.train_log import RunLogs
from studio.gui.pages.train_ready import Readiness
from studio.gui.pages.train_run_list import RunRow, quality
from studio.gui.pages.train_runs import RunsPanel
from studio.gui.pages.train_start import StartPanel
from studio.gui.pages.train_timeline import Timeline, Told
from studio.gui.pages.train_verdict import VerdictPanel
from studio.gui.session import Session
from studio.gui.widgets.drop_zone import Empty
from studio.gui.widgets.later import Later
from studio.training.run import Moment, Preview, RunFolder

LOOK = 1500
"""Milliseconds between two looks at the previews and checkpoints of the runs that are shown."""
START, RUNS = (248, 340), (244, 420)
"""Points: the narrowest and the widest of the left and of the right side."""


class TrainPage(QWidget):
    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._chosen: tuple[str, ...] = ()
        self._found: dict[str, _Found] = {}
        self._tallies: dict[tuple[object, object], Tally] = {}
        self._build()
        self._wire()
        self._show()

    # ---- building
    def _build(self) -> None:
        self.start = StartPanel()
        self.runs = RunsPanel()
        self.verdict = VerdictPanel()
        self.timeline = Timeline(self._session)
        self._logs = RunLogs(self)
        self.curves = CurvesPanel(self._session, self._logs)
        self.asks = Asks(self._session, self.start, self)
        self.ready = Readiness(self._session, self.start, self)
        self.split = QSplitter(Qt.Orientation.Vertical)
        self.split.addWidget(self.timeline)
        self.split.addWidget(self.curves)
        self.split.setStretchFactor(0, 3)
        self.split.setStretchFactor(1, 2)
        self.split.setChildrenCollapsible(False)
        self.split.setSizes([580, 300])
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
        self._later = Later(self)
        self._later.done.connect(self._looked)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK)
        self._timer.timeout.connect(self.look)
        session.opened.connect(self._project_changed)
        session.closed.connect(self._project_changed)
        session.training.changed.connect(self._runs_changed)
        self.ready.counted.connect(self._show)
        self.start.asked.connect(self.asks.train)
        self.start.soundsAsked.connect(self._go_sounds)
        self.start.searchAsked.connect(self.asks.search)
        self.empty.pressed.connect(self._go_sounds)
        self.verdict.asked.connect(self._ask_shown)
        self.runs.asked.connect(self.asks.ask)
        self.runs.noted.connect(self.asks.note)
        self.runs.reordered.connect(self.asks.reorder)
        self.runs.chosen.connect(self._choose)
        self.runs.restAsked.connect(self._ask_rest)
        self.asks.made.connect(self._made)
        self.asks.touched.connect(self._touched)
        self.asks.compareAsked.connect(self.open_compare)
        self.timeline.starAsked.connect(self.asks.star)
        self.timeline.exploreAsked.connect(self._explore)
        self.timeline.momentChanged.connect(self.curves.mark)
        self.timeline.probesAsked.connect(self._add_probes)
        self.timeline.probeDropped.connect(self._drop_probe)
        self.timeline.blindAsked.connect(self.open_blind)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """On a wide screen the sides take their part of it."""
        for side, share, (low, high) in ((self.start, 0.15, START), (self.runs, 0.18, RUNS)):
            side.set_width(round(min(max(share * self.width(), low), high)))

    # ---- the project
    def showEvent(self, event: object) -> None:
        self.ready.look()
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
        self._tallies.clear()
        self._runs_changed(self._session.training.views)
        self._choose(self.runs.names)

    # ---- runs
    @Slot(object)
    def _runs_changed(self, views: tuple[RunView, ...]) -> None:
        rows = []
        for view in views:
            found = self._found.get(view.name, _Found())
            rows.append(RunRow(view, found.size, found.stars, len(found.moments), found.note))
        waiting = sorted((r for r in rows if r.view.place is not None), key=lambda r: r.view.place or 0)
        working = [r for r in rows if r.view.alive and r.view.place is None]
        rest = [r for r in rows if r.view.place is None and not r.view.alive]
        self.runs.set_rows([*working, *waiting, *rest])
        family = self.start.family
        reached = [quality(view) for view in views if family is not None and view.family == family.info.id]
        self.start.plan_box.suggest(min((number for number in reached if number is not None), default=None))
        training = self._session.training
        self.runs.set_rest(training.power.able if working or waiting else frozenset(), training.after or "")
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
        """Read previews, checkpoints and notes of the runs, off the GUI thread."""
        views = self._session.training.views
        self._logs.watch({v.name: v.path for v in views if v.name in self._chosen})
        stale = [v for v in views if v.alive or v.name not in self._found or self._found[v.name].state != v.state]
        if stale and not self._later.busy:
            self._later.ask(partial(_look, [(v.name, v.path, v.state, self._found.get(v.name)) for v in stale]))

    @Slot(object)
    def _looked(self, answer: object) -> None:
        if isinstance(answer, dict) and answer:
            self._found.update(answer)
            names = {view.name for view in self._session.training.views}
            self._found = {name: found for name, found in self._found.items() if name in names}
            self._runs_changed(self._session.training.views)

    @Slot(str)
    def _touched(self, name: str) -> None:
        self._found.pop(name, None)
        self.look()

    @Slot(str)
    def _made(self, name: str) -> None:
        self.runs.choose((name,))

    @Slot()
    def _show(self) -> None:
        """Everything about the chosen run, and the one it is compared with."""
        view = self.shown
        self.ready.set_busy(self._session.training.active is not None)
        if view is None:
            if self._session.project is not None and self.ready.sounds < 2:
                self.empty.say(self.tr("A model needs sounds to learn from"), self.tr("Add sounds"))
            else:
                self.empty.say(self.tr("Choose what to make and press Train"), "")
            self.stack.setCurrentIndex(0)
            return
        self.stack.setCurrentIndex(1)
        found = self._found.get(view.name, _Found())
        chosen = [other for name in self._chosen if (other := self._session.training.view(name)) is not None]
        self.verdict.show_run(view, found.moments, found.plan)
        second = self._told(chosen[1]) if len(chosen) > 1 else None
        self.timeline.show_runs(self._told(view), second)
        self.curves.show_runs(tuple(chosen))

    def _told(self, view: RunView) -> Told:
        found = self._found.get(view.name, _Found())
        return Told(
            view.name,
            view.title or view.name,
            found.previews,
            found.moments,
            found.own,
            self._waiting(view),
            self.tr("in the next preview") if view.alive or view.place is not None else self.tr("from the next training on"),
            self._kept(view, found),
        )

    def _waiting(self, view: RunView) -> str:
        """What is said where the previews will be."""
        if view.state == "failed":
            return self.tr("There is no sound of this training")
        if not view.alive:
            if view.place is None:
                return self.tr("No previews yet")
            return self.tr("The first sounds come soon after it begins.\nDrop one of yours here to hear it among them.")
        if view.status.next_preview is not None and view.status.state == "training":
            if view.status.next_preview < 1:
                return self.tr("The first sounds are being made")
            return self.tr("The first sounds in {0}").format(words.seconds(view.status.next_preview))
        return view.status.message or self.tr("Getting ready")

    def _kept(self, view: RunView, found: _Found) -> str:
        """What the previews cost and what lies on the disk."""
        parts = []
        if view.status.preview_cost:
            parts.append(self.tr("Previews take {0} % of the time").format(f"{100 * view.status.preview_cost:.1f}"))
        if found.moments:
            kept = self.tr("{0} models kept").format(len(found.moments)) if len(found.moments) > 1 else self.tr("1 model kept")
            parts.append(f"{kept}, {words.size(found.size)}")
        return "  ·  ".join(parts)

    # ---- asking
    @Slot(str)
    def _ask_shown(self, what: str) -> None:
        if self.shown is not None:
            self.asks.ask(what, self.shown.name)

    @Slot(str)
    def _ask_rest(self, what: str) -> None:
        self._session.training.after = what if what in self._session.training.power.able else None

    @Slot(object)
    def _add_probes(self, paths: list[Path]) -> None:
        if self.timeline.told.name:
            self.asks.add_probes(self.timeline.told.name, paths)

    @Slot(object)
    def _drop_probe(self, path: Path) -> None:
        self.asks.drop_probe(self.timeline.told.name, path)

    @Slot()
    def open_blind(self) -> None:
        """Compare the moment that is shown with the newest one of the other run; alone, with the best-known earlier one."""
        sides = [self.timeline.told, *(side for side in self.timeline.sides if side is not self.timeline.told)]
        takes, preview = takes_of(sides), self.timeline.preview
        if len(takes) < 2 or preview is None:
            return
        first = next((i for i, take in enumerate(takes) if take.preview is preview), 0)
        last = len(takes) - 1
        own = len(sides[0].previews) - 1
        second = last if first != last else max(0, own - 1 if len(sides) == 1 else own)
        BlindDialog(self._session, takes, first, second, self._tallies, self).open()

    @Slot()
    def open_compare(self) -> None:
        dialog = CompareDialog(self.runs.model.rows, self._chosen, self)
        dialog.noted.connect(self.asks.note)
        dialog.chosen.connect(self.runs.choose)
        dialog.open()

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


@dataclass(frozen=True)
class _Found:
    """What was read of a run folder beside its status. size in bytes; plan as plain data."""

    previews: tuple[Preview, ...] = ()
    moments: tuple[Moment, ...] = ()
    own: tuple[Path, ...] = ()
    size: int = 0
    note: str = ""
    plan: dict[str, Any] | None = None
    state: str = ""
    stamp: tuple[int, ...] = ()

    @property
    def stars(self) -> int:
        return sum(moment.starred for moment in self.moments)


def _look(runs: list[tuple[str, Path, str, _Found | None]]) -> dict[str, _Found]:
    """Of each run its name, folder, state and what was found before; only what is different now."""
    found = {}
    for name, path, state, before in runs:
        run, stamp = RunFolder(path), _stamp(path)
        if before is not None and (before.state, before.stamp) == (state, stamp):
            continue
        try:
            plan = run.config.plan
        except StudioError:
            plan = {}
        moments = tuple(run.checkpoints())
        found[name] = _Found(tuple(run.previews()), moments, tuple(run.probes()), run.size(), run.note(), plan, state, stamp)
    return found


def _stamp(path: Path) -> tuple[int, ...]:
    """Changes whenever a preview, a checkpoint, a star, a probe, the plan or the note does."""
    watched = [path / part for part in ("previews", "checkpoints", "probes", "note.json", "config.json")]
    with contextlib.suppress(OSError):
        watched += sorted((path / "checkpoints").iterdir())
    return tuple(_changed(one) for one in watched)


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
