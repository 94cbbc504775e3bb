"""What a person asks of the runs, carried out: begin, repeat, order, note, star, delete. What loses something can be undone.

Knows the session and no widget but those it opens; the page tells it which run is meant.
"""

from __future__ import annotations

import itertools
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from studio.engine.evaluations import Measured
from studio.engine.training import RunView
from studio.errors import StudioError
from studio.gui.pages.train_evaluate import EvaluateDialog
from studio.gui.pages.train_search import SearchDialog
from studio.gui.pages.train_settings import SettingsDialog
from studio.gui.pages.train_start import StartPanel
from studio.gui.pages.train_trouble import TroubleDialog, details, safe_plan
from studio.gui.pages.train_verdict import MORE
from studio.gui.session import Session
from studio.training import presets
from studio.training.presets import Preset
from studio.training.run import RunFolder


class Asks(QObject):
    made = Signal(str)
    """A run was queued: its name."""

    touched = Signal(str)
    """Something of this run's folder was changed: it should be read anew."""

    compareAsked = Signal()

    def __init__(self, session: Session, start: StartPanel, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._start, self._window = session, start, parent
        session.engine.evaluations.ended.connect(self._measured)

    @Slot(str, str)
    def ask(self, what: str, name: str) -> None:
        """Do `what` with the run `name`; a problem is told in the quiet bar."""
        training = self._session.training
        view = training.view(name)
        if view is None:
            return
        try:
            if what in ("pause", "resume", "stop"):
                getattr(training, what)(name)
            elif what == "continue":
                training.extend(name, MORE)
            elif what in ("slower", "best"):
                training.ask(name, what)  # type: ignore[arg-type]
                self._session.tell(self.tr("It does so before its next step"))
            elif what == "explore":
                self._session.go("explore", view.path)
            elif what == "measure":
                EvaluateDialog(self._session, view, self._window).open()
            elif what in ("up", "down"):
                self._move(name, -1 if what == "up" else 1)
            elif what == "duplicate":
                self.duplicate(view)
            elif what == "compare":
                self.compareAsked.emit()
            elif what == "retry":
                config = RunFolder(view.path).config
                self.train(config.family, config.config, safe_plan(config.plan), self.tr("{0}, safer").format(view.title))
            elif what == "details":
                TroubleDialog(view, details(view), self._window).open()
            elif what == "end":
                training.end(name)
            elif what == "remove":
                self._remove(view)
        except StudioError as error:
            self._session.complain(error)

    # ---- new runs
    @Slot(str, object, object, str)
    def train(self, family: str, config: dict[str, Any], plan: dict[str, Any], name: str) -> None:
        """Queue a run; it hears the own probes that were heard last."""
        training = self._session.training
        probes = self._probes()
        try:
            made = training.queue(family, config, plan, name or self._name(family))
            for probe in probes:
                RunFolder(self._folder(made)).add_probe(probe)
        except StudioError as error:
            self._session.complain(error)
            return
        training.look()
        self.made.emit(made)
        view = training.view(made)
        if view is not None and view.place is not None:
            self._session.tell(self.tr("Queued: it begins when the others have ended"))

    def duplicate(self, view: RunView) -> None:
        """Train again with changes: the run's own settings, to be changed first."""
        facts = self._start.facts(view.family)
        if facts is None:
            self._session.tell(self.tr("Wavewright is still looking at what this machine can do"))
            return
        config = RunFolder(view.path).config
        known = {field.name for field in facts.fields}
        dialog = SettingsDialog(
            facts,
            {key: value for key, value in config.config.items() if key in known},
            config.plan,
            self._free(view.title or view.name),
            self._window,
            title=self.tr("Train “{0}” again").format(view.title or view.name),
            button=self.tr("Train"),
        )
        dialog.taken.connect(self._again)
        dialog.open()

    @Slot(object, object, str)
    def _again(self, changes: dict[str, Any], plan: dict[str, Any], name: str) -> None:
        dialog = self.sender()
        assert isinstance(dialog, SettingsDialog)
        self.train(dialog.family.info.id, {**dialog.family.recommended, **changes}, plan, name)

    def _name(self, family: str) -> str:
        """“One-shots 3”: the family's name and the first number that no run has."""
        facts = self._start.facts(family)
        base = facts.info.name if facts is not None else family
        taken = {view.title for view in self._session.training.views}
        return next(name for name in (f"{base} {n}" for n in itertools.count(1)) if name not in taken)

    def _free(self, title: str) -> str:
        """“Night kit 2”, or the next number that no run has."""
        head, _, tail = title.rpartition(" ")
        base = head if head and tail.isdecimal() else title
        taken = {view.title for view in self._session.training.views}
        return next(name for name in (f"{base} {n}" for n in itertools.count(2)) if name not in taken)

    def _folder(self, name: str) -> Path:
        project = self._session.project
        assert project is not None
        return project.run_path(name)

    def _probes(self) -> list[Path]:
        for view in self._session.training.views:  # newest first
            if view.trial_of:
                continue
            if found := RunFolder(view.path).probes():
                return found
        return []

    @Slot()
    def search(self) -> None:
        """Look for better settings; what is found can be used at once."""
        family = self._start.family
        if family is None or self._session.project is None:
            return
        dialog = SearchDialog(self._session, family, self._start.own_config, self._start.plan, self._window)
        dialog.used.connect(self._use)
        dialog.open()

    @Slot(object)
    def _use(self, preset: Preset) -> None:
        project = self._session.project
        try:
            self._start.set_presets(presets.read(project) if project is not None else ())
        except StudioError as error:
            self._session.complain(error)
        self._start.use(preset)

    # ---- the queue
    @Slot(object)
    def reorder(self, names: tuple[str, ...]) -> None:
        try:
            self._session.training.reorder(names)
        except StudioError as error:
            self._session.complain(error)

    def _move(self, name: str, by: int) -> None:
        views = [v for v in self._session.training.views if v.place is not None]
        order = [v.name for v in sorted(views, key=lambda v: v.place or 0)]
        at = order.index(name)
        to = min(max(at + by, 0), len(order) - 1)
        order.insert(to, order.pop(at))
        self._session.training.reorder(tuple(order))

    @Slot(object)
    def _measured(self, measured: Measured) -> None:
        """Told also where nobody has the dialog open any more."""
        view = next((view for view in self._session.training.views if view.path == measured.run), None)
        if measured.problem is not None:
            self._session.complain(measured.problem)
        elif measured.folder is not None and view is not None:
            self._session.tell(self.tr("“{0}” was measured").format(view.title or view.name))

    # ---- what is kept of a run
    def _remove(self, view: RunView) -> None:
        title, training = view.title or view.name, self._session.training
        text = self.tr("Delete “{0}”").format(title)
        self._session.do(text, partial(training.remove, view.name), partial(training.restore, view.name))
        self._session.tell(self.tr("“{0}” is in the trash; Undo brings it back").format(title))

    @Slot(str, int, bool)
    def star(self, name: str, step: int, on: bool) -> None:
        if not self._session.training.star(name, step, on):
            self._session.tell(self.tr("The model of this moment is already gone"))
        self.touched.emit(name)

    @Slot(str, str)
    def note(self, name: str, text: str) -> None:
        before = RunFolder(self._folder(name)).note()
        if text != before:
            self._session.do(self.tr("Write a note"), partial(self._write, name, text), partial(self._write, name, before))

    def _write(self, name: str, text: str) -> None:
        self._try(name, partial(RunFolder(self._folder(name)).set_note, text))

    def add_probes(self, name: str, paths: list[Path]) -> None:
        """Sounds of the user's, to be heard in every preview from now on."""
        run = RunFolder(self._folder(name))
        added: list[Path] = []
        for path in paths:
            self._try(name, lambda path=path: added.append(run.add_probe(path)))
        if added:
            names = ", ".join(path.stem for path in added)
            hide, show = (partial(self._hide, name, tuple(path.name for path in added), on) for on in (True, False))
            self._session.do(self.tr("Add “{0}” to the previews").format(names), show, hide)

    def drop_probe(self, name: str, path: Path) -> None:
        hide, show = (partial(self._hide, name, (path.name,), on) for on in (True, False))
        self._session.do(self.tr("Take “{0}” out of the previews").format(path.stem), hide, show)

    def _hide(self, name: str, probes: tuple[str, ...], hidden: bool) -> None:
        run = RunFolder(self._folder(name))
        for probe in probes:
            self._try(name, partial(run.hide_probe, probe, hidden))

    def _try(self, name: str, work: Any) -> None:
        try:
            work()
        except StudioError as error:
            self._session.complain(error)
        self.touched.emit(name)
