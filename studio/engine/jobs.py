"""Long work off the window's thread: one QThread, one generator at a time, every event told in the window's thread.

    ticket = runner.submit(lambda: import_folders(project, paths), tag="import")
    runner.event.connect(self.on_event)      # Told(ticket id, tag, event); a bound method of a QObject
    ticket.cancel()                          # from any thread; the generator is closed after its present step

Whatever happens, each ticket gets exactly one terminal fact: Finished, Failed or Cancelled. Progress is thinned to what an eye
can follow; everything else is told completely and in order.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, QThread, Signal, Slot

from studio.errors import StudioError
from studio.events import Cancelled, Event, Failed, Finished, Progress, Work, failed

log = logging.getLogger(__name__)
TERMINAL = (Finished, Failed, Cancelled)
GLANCE = 0.04
"""Seconds between two told Progress events of one ticket."""

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Told:
    """One event of one ticket."""

    ticket: int
    tag: Hashable
    event: Event

    @property
    def last(self) -> bool:
        """Nothing more comes from this ticket."""
        return isinstance(self.event, TERMINAL)


class Ticket:
    """A piece of submitted work. `cancel` is safe from every thread, at every moment, as often as you like."""

    def __init__(self, tag: Hashable) -> None:
        self.id = next(_numbers)
        self.tag = tag
        self._cancelled = threading.Event()
        self._wake: Callable[[], None] = lambda: None

    def cancel(self) -> None:
        self._cancelled.set()
        self._wake()

    @property
    def cancelled(self) -> bool:
        """Cancelling was asked for; the fact itself comes as an event."""
        return self._cancelled.is_set()


@dataclass
class _Job:
    ticket: Ticket
    factory: Callable[[], Work]
    urgent: float
    told: float = 0.0
    pending: Progress | None = None


class JobRunner(QObject):
    """Runs generators of events one after the other in its own thread. Call its methods from the thread that made it."""

    event = Signal(object)  # type: ignore[assignment]  # QObject.event is a method that only C++ calls
    """Told: one event of one ticket, in the runner's own thread."""

    idle = Signal()
    """Nothing is running or waiting any more."""

    _posted = Signal(object)

    def __init__(self, name: str = "desk", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._jobs: deque[_Job] = deque()
        self._change = threading.Condition()
        self._closing = False
        self._running: list[Ticket] = []
        self._thread = _Thread(self._loop, name)
        self._posted.connect(self._tell, Qt.ConnectionType.QueuedConnection)

    # ---- asked from outside
    def submit(self, factory: Callable[[], Work], tag: Hashable = None, *, newest: bool = False, urgent: float = 0) -> Ticket:
        """Queue `factory()`, called in the runner's thread. `newest` cancels waiting work with the same tag; more `urgent` work
        goes first and is done between two events of what is less so."""
        ticket = Ticket(tag)
        ticket._wake = self._nudge
        with self._change:
            if newest:
                for job in self._jobs:
                    if job.ticket.tag == tag:
                        job.ticket._cancelled.set()
            self._jobs.append(_Job(ticket, factory, urgent))
            if self._closing:
                ticket._cancelled.set()
            self._change.notify_all()
        if not self._thread.isRunning() and not self._closing:
            self._thread.start(QThread.Priority.LowPriority)
        elif self._closing:
            self._sweep()
        return ticket

    def cancel(self, tag: Hashable) -> None:
        """Cancel everything with this tag, running or waiting."""
        with self._change:
            tickets = [t for t in self._running + [job.ticket for job in self._jobs] if t.tag == tag]
        for ticket in tickets:
            ticket.cancel()

    @property
    def busy(self) -> bool:
        """Something is running or waiting."""
        with self._change:
            return bool(self._running or self._jobs)

    def close(self, milliseconds: int = 10_000) -> bool:
        """Cancel everything and end the thread. False if the present step did not end in time."""
        with self._change:
            self._closing = True
            for ticket in self._running + [job.ticket for job in self._jobs]:
                ticket._cancelled.set()
            self._change.notify_all()
        return self._thread.wait(milliseconds) if self._thread.isRunning() else True

    # ---- in the runner's thread
    def _loop(self) -> None:
        while True:
            with self._change:
                while not self._jobs and not self._closing:
                    self._change.wait()
                if not self._jobs:
                    return
                job = self._pop()
            self._work(job)

    def _pop(self, above: float | None = None) -> _Job | None:
        """The oldest of the most urgent jobs that are more so than `above`; the lock is held."""
        job = max(self._jobs, key=lambda job: job.urgent, default=None)
        if job is None or (above is not None and job.urgent <= above):
            return None
        self._jobs.remove(job)
        self._running.append(job.ticket)
        return job

    def _work(self, job: _Job | None) -> None:
        if job is None:
            return
        end: Event
        work: Work | None = None
        try:
            end = Cancelled()
            if not job.ticket.cancelled:
                work = job.factory()
                end = self._drive(job, work)
        except Exception as error:
            if not isinstance(error, StudioError):
                log.error("%s failed", job.ticket.tag, exc_info=True)
            else:
                log.info("%s: %s", job.ticket.tag, error)
            end = failed(error, traceback.format_exc())
        try:
            if work is not None and hasattr(work, "close"):
                work.close()
        except Exception as error:
            log.error("%s failed while it was closed", job.ticket.tag, exc_info=True)
            end = failed(error, traceback.format_exc())
        with self._change:
            self._running.remove(job.ticket)
        self._flush(job)
        self._post(job, end)

    def _drive(self, job: _Job, work: Work) -> Event:
        for event in work:
            if isinstance(event, TERMINAL):
                return event
            if isinstance(event, Progress):
                self._thin(job, event)
            else:
                self._flush(job)
                self._post(job, event)
            self._sweep()
            self._let_pass(job.urgent)
            if job.ticket.cancelled:
                return Cancelled()
        return Cancelled() if job.ticket.cancelled else Finished()

    def _let_pass(self, urgent: float) -> None:
        while True:
            with self._change:
                job = self._pop(above=urgent)
            if job is None:
                return
            self._work(job)

    def _thin(self, job: _Job, event: Progress) -> None:
        now = time.monotonic()
        if now - job.told >= GLANCE:
            job.told, job.pending = now, None
            self._post(job, event)
        else:
            job.pending = event

    def _flush(self, job: _Job) -> None:
        if job.pending is not None:
            self._post(job, job.pending)
            job.pending = None

    # ---- in any thread
    def _nudge(self) -> None:
        """A ticket was cancelled: waiting work need not wait for the present step to be told so."""
        self._sweep()

    def _sweep(self) -> None:
        """Tell the end of cancelled work that never began."""
        with self._change:
            dropped = [job for job in self._jobs if job.ticket.cancelled]
            for job in dropped:
                self._jobs.remove(job)
        for job in dropped:
            self._post(job, Cancelled())

    def _post(self, job: _Job, event: Event) -> None:
        self._posted.emit(Told(job.ticket.id, job.ticket.tag, event))

    @Slot(object)
    def _tell(self, told: Told) -> None:
        self.event.emit(told)
        if told.last and not self.busy:
            self.idle.emit()


class _Thread(QThread):
    def __init__(self, loop: Callable[[], None], name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._loop = loop

    def run(self) -> None:
        threading.current_thread().name = self.objectName()
        self._loop()
