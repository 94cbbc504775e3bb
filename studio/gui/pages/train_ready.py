"""Whether everything is ready for a training, before it begins: families, sounds, presets, memory.

Asks the library and the engine for the left side of Train, off the GUI thread. A fit is tried while nothing trains, when nobody
has changed anything for a moment, and once for the same settings.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from studio.engine.engine import FamilyFacts, FitFacts
from studio.errors import StudioError
from studio.fields import decode
from studio.gui.pages.train_plan import FIELDS
from studio.gui.pages.train_start import StartPanel
from studio.gui.session import Session
from studio.gui.widgets.later import Later
from studio.library import check
from studio.training import presets
from studio.training.plan import TrainerConfig

REST = 1500
"""Milliseconds after the last change until a fit is tried."""


class Readiness(QObject):
    counted = Signal()
    """`sounds` is known anew."""

    def __init__(self, session: Session, start: StartPanel, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._start, self._page = session, start, parent
        self.sounds, self.labels = 0, 0
        self._busy = False
        self._asked = b""
        self._tried: dict[bytes, FitFacts | None] = {}
        self._checking = Later(self)
        self._checking.done.connect(self._checked)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST)
        self._rest.timeout.connect(self._try_fit)
        session.opened.connect(self._anew)
        session.closed.connect(self._anew)
        session.soundsChanged.connect(self._anew)
        session.engine.families.connect(self._families)
        session.engine.ready.connect(self._look_once)
        session.engine.fitted.connect(self._fitted)
        start.changed.connect(self._changed)

    @Slot()
    def _anew(self) -> None:
        self._tried.clear()
        self.look()

    @Slot(object)
    def _look_once(self, _: object) -> None:
        if self._start.family is None:
            self.look()

    @Slot()
    def look(self) -> None:
        """Ask for everything again."""
        project = self._session.project
        if project is None or not self._page.isVisible():
            return
        try:
            included = self._session.index.included()
            self.sounds, self.labels = sum(included.values()), len([label for label in included if label])
            self._start.set_presets(presets.read(project))
        except StudioError as error:
            self._session.complain(error)
            return
        self._session.engine.describe_families(project)
        self._checking.ask(partial(check.findings, project))
        self.counted.emit()

    @Slot(object)
    def _families(self, families: tuple[FamilyFacts, ...]) -> None:
        self._start.set_families(families, self.sounds, self.labels)

    @Slot(object)
    def _checked(self, answer: object) -> None:
        self._start.set_findings(answer if isinstance(answer, list) else [])

    # ---- the memory
    def set_busy(self, busy: bool) -> None:
        """While something trains, nothing is tried: it would take the device from it."""
        if busy != self._busy:
            self._busy = busy
            self._changed()

    @Slot()
    def _changed(self) -> None:
        known = self._tried.get(self._settings())
        if known is not None:
            self._start.show_fit(known)
        elif not self._busy:
            self._rest.start()

    def _settings(self) -> bytes:
        """Names what is chosen, without how long it is trained: that takes no memory."""
        family = self._start.family
        plan = {name: value for name, value in self._start.plan.items() if name not in FIELDS}
        asked: Any = (family.info.id, self._start.own_config, plan) if family is not None else None
        return msgspec.json.encode(asked)

    @Slot()
    def _try_fit(self) -> None:
        family, project = self._start.family, self._session.project
        settings = self._settings()
        if family is None or project is None or not family.ready or self._busy or not self._page.isVisible():
            return
        if settings not in self._tried:
            self._tried[settings], self._asked = None, settings
            try:
                plan = decode(TrainerConfig, self._start.plan)
            except StudioError:
                return
            self._session.engine.try_fit(project, family.info.id, self._start.own_config, plan)

    @Slot(object)
    def _fitted(self, facts: FitFacts) -> None:
        self._tried[self._asked] = facts
        self._start.show_fit(facts)
