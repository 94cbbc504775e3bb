"""Opening a clip whose steps may take a while to compute: what runs already is kept if it leads there, and can be left off.

The page asks; the desk works (clips_work.opened) and the page shows what it finds. Here it only is said how far that is.
"""

from __future__ import annotations

import time
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from studio.audio.sound import Audio
from studio.audio.steps import STEPS
from studio.engine.jobs import Ticket, Told
from studio.events import Cancelled, Progress
from studio.gui.pages import clips_work
from studio.gui.pages.clips_words import PLUGIN, name_of
from studio.gui.pages.clips_work import OPEN, SOON, is_long
from studio.gui.session import Session
from studio.gui.widgets.work_bar import WorkBar
from studio.project.folder import ProjectFolder
from studio.project.state import ClipFile

PATIENCE = 0.3
"""Seconds after which it is shown that something runs."""


class Opening(QObject):
    """`leftOff`: the hand has cancelled what was being computed, and that has ended."""

    leftOff = Signal()

    def __init__(self, session: Session, bar: WorkBar, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._bar = session.desk, bar
        self._wanted: ClipFile | None = None
        self._tickets: dict[int, tuple[Ticket, ClipFile]] = {}
        self._begun = 0.0
        self._left = False
        self._desk.event.connect(self._on_desk)
        bar.cancelled.connect(self.leave_off)

    def open(self, project: ProjectFolder, clip: ClipFile, original: Audio | None) -> None:
        """Have the clip opened; what else is on its way and does not lead to it is cancelled."""
        self._left = False
        for ticket, other in self._tickets.values():
            if (other.id, other.edits) == (clip.id, clip.edits) and not ticket.cancelled:
                return
            if other.id != clip.id or other.edits != clip.edits[: len(other.edits)]:
                ticket.cancel()
        work = partial(clips_work.opened, project, clip, original)
        ticket = self._desk.submit(work, tag=OPEN, newest=True, urgent=SOON if is_long(clip) else True)
        self._tickets[ticket.id] = (ticket, clip)
        self._begun = time.monotonic()

    @Slot()
    def leave_off(self) -> None:
        self._left = True
        for ticket, _ in self._tickets.values():
            ticket.cancel()

    @Slot(object)
    def _on_desk(self, told: Told) -> None:
        if told.ticket not in self._tickets:
            return
        event = told.event
        if isinstance(event, Progress) and time.monotonic() - self._begun > PATIENCE:
            words = name_of(event.note) if event.note in (*STEPS, PLUGIN) else self.tr("Looking through it")
            self._bar.show_progress(words, event.done, event.total or 1)
        if not told.last:
            return
        del self._tickets[told.ticket]
        if not self._tickets:
            self._bar.hide()
            if self._left and isinstance(event, Cancelled):
                self._left = False
                self.leftOff.emit()
