"""The training runs of the open project: a queue, one trainer process at a time, and what the run folders say.

The window only reads run folders. A trainer is a process of its own that outlives the window; its output goes to trainer.log,
never into a pipe, and after a restart it is found again by what status.json says of it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from studio.engine import trainers
from studio.engine.runs import RunEvent, RunView
from studio.errors import BadConfig, StudioError, TrainingError
from studio.events import Event, failed
from studio.fields import decode
from studio.project.state import RunConfig, RunStatus
from studio.training import process, searches
from studio.training import queue as waiting
from studio.training.plan import TrainerConfig
from studio.training.power import Power, Rest
from studio.training.run import RUNNING, RunFolder

if TYPE_CHECKING:
    from studio.project.folder import ProjectFolder

__all__ = ["RunEvent", "RunView", "Training"]

log = logging.getLogger(__name__)
LOOK = 500
"""Milliseconds between two looks at the run folders."""

START = 90.0
"""Seconds a new trainer may take to say its first word."""

AGAIN = 30.0
"""Seconds until the queue is tried again that could not go on."""

QUIET, QUIET_STEP = 15.0, 5.0
"""Seconds without a word after which a living trainer counts as quiet, and the steps in which they are told."""


@dataclass
class _Known:
    """What was read of a run, and when its files were last different.

    pid, started, before: the trainer that was started here and has not spoken yet, since when, heartbeat and state before it;
    heard: when its heartbeat was last another. Times are of a clock that nobody sets.
    """

    folder: RunFolder
    config: RunConfig
    status: RunStatus
    stamp: int = -1
    offset: int = 0
    pid: int = 0
    started: float | None = None
    before: tuple[float, str] = (0.0, "")
    heard: float = field(default_factory=time.monotonic)


class Training(QObject):
    changed = Signal(object)
    """tuple[RunView, ...]: newest first."""

    event = Signal(object)  # type: ignore[assignment]  # QObject.event is a method that only C++ calls
    """RunEvent: something a running trainer wrote."""

    failed = Signal(object)
    """Failed: a trainer could not be started, or a run folder could not be written."""

    ended = Signal(object)
    """RunView: a trainer that was at work is no more; what is told to a musician who went for coffee."""

    leaving = Signal(object)
    """Rest: the last training is done, nothing waits, and `after` was to be done then. Whoever shows a window counts down."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.gentle = False
        """New runs leave room for other programs unless their plan says otherwise."""

        self.after: Rest | None = None
        """What the computer does when the last training is done, once; one of `power.able`."""

        self.power = Power()
        self._project: ProjectFolder | None = None
        self._known: dict[str, _Known] = {}
        self._queue: tuple[str, ...] = ()
        self._queue_stamp = 0
        self._retry = 0.0
        self._views: tuple[RunView, ...] = ()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK)
        self._timer.timeout.connect(self.look)

    # ---- what is there
    @property
    def views(self) -> tuple[RunView, ...]:
        return self._views

    @property
    def active(self) -> RunView | None:
        """The run whose trainer is at work."""
        return next((view for view in self._views if view.alive), None)

    def view(self, name: str) -> RunView | None:
        return next((view for view in self._views if view.name == name), None)

    def folder(self, name: str) -> RunFolder:
        return self._known[name].folder

    def history(self, name: str) -> list[Event]:
        """Every event of a run up to the last one told, so that those told later follow without a gap or a repeat."""
        known = self._known[name]
        events, end = known.folder.events(0)
        if end > known.offset:
            later, _ = known.folder.events(known.offset)
            events = events[: len(events) - len(later)]
        return events

    # ---- what is asked
    def watch(self, project: ProjectFolder | None) -> None:
        """Watch the runs of this project; None lets go. Trainers go on."""
        self._timer.stop()
        self._project = project
        self._known.clear()
        self._queue, self._queue_stamp, self._retry = (), 0, 0.0
        if project is not None:
            self._timer.start()
        else:
            self.after = None
            self.power.close()
        self.look()

    def queue(self, family: str, config: dict[str, Any], plan: dict[str, Any] | None = None, name: str = "") -> str:
        """Freeze a run and let it wait its turn. Returns its folder's name. Raises BadConfig, DiskFull, NotSaved."""
        project = self._need()
        run = RunFolder.create(project, family, config, decode(TrainerConfig, {"gentle": self.gentle, **(plan or {})}), name)
        self._change(lambda names: (*names, run.path.name))
        self.start_next()
        return run.path.name

    @Slot()
    def start_next(self) -> None:
        """Start the next waiting run unless one is at work, or a search is."""
        self.look()
        while self._queue and self.active is None and self._project is not None and searches.going(self._project) is None:
            try:
                name = waiting.take(self._project)
                self._queue = waiting.read(self._project)
            except StudioError as error:
                self._retry = time.monotonic() + AGAIN
                self.failed.emit(failed(error))
                return
            if name in self._known:
                self._start(self._known[name])
            self._show()

    def stop(self, name: str) -> None:
        """End a run at its next safe point; a waiting one leaves the queue."""
        self._ask_or_write(name, "stop", "stopped")

    def pause(self, name: str) -> None:
        """Free the device; `resume` goes on exactly where it was."""
        self._ask_or_write(name, "pause", "paused")

    def resume(self, name: str) -> None:
        """Go on with a paused, stopped or interrupted run, before everything that waits."""
        known = self._known.get(name)
        if known is None:
            return
        try:
            known.folder.request("resume")
            if not self._alive(known):
                self._change(lambda names: (name, *(n for n in names if n != name)))
                self.start_next()
        except StudioError as error:
            self.failed.emit(failed(error))

    def ask(self, name: str, word: Literal["slower", "best"]) -> None:
        """Have a run at work halve its rate from here, or go back to its best moment and on from there at half the rate."""
        try:
            if name in self._known and self._alive(self._known[name]):
                self._known[name].folder.request(word)
        except StudioError as error:
            self.failed.emit(failed(error))

    def extend(self, name: str, minutes: float) -> None:
        """Let a run train so many minutes longer than planned; one that has ended goes on before everything that waits."""
        known = self._known.get(name)
        if known is None:
            return
        try:
            if self._alive(known):
                known.folder.request("longer", minutes=minutes)
                return
            known.folder.lengthen(minutes)
            if known.status.state != "queued":
                self.resume(name)
        except StudioError as error:
            self.failed.emit(failed(error))

    def star(self, name: str, step: int, on: bool = True) -> bool:
        """Keep the checkpoint of this moment for ever, or no longer."""
        try:
            return name in self._known and self._known[name].folder.star(step, on)
        except StudioError as error:
            self.failed.emit(failed(error))
            return False

    def end(self, name: str) -> bool:
        """Kill a trainer of this machine that does not answer; its last save is kept. False where it is none."""
        known = self._known.get(name)
        return known is not None and process.kill(known.folder.status())

    def reorder(self, names: tuple[str, ...]) -> None:
        """Put the waiting runs into this order; names that are left out leave the queue, unless they have come just now."""
        seen = self._queue
        self._change(lambda now: (*(n for n in names if n in now or n not in seen), *(n for n in now if n not in seen)))
        self._show()

    def remove(self, name: str) -> None:
        """Move a run that is not at work into the project's trash; `restore` brings it back. Raises NotSaved."""
        view = self.view(name)
        if view is None or view.alive:
            raise TrainingError(reason="it is still at work, stop it first")
        self._change(lambda names: (n for n in names if n != name))
        self._need().trash_run(name)
        self._known.pop(name, None)
        self.look()

    def restore(self, name: str) -> None:
        self._need().restore_run(name)
        self.look()

    def carry_on(self) -> None:
        """Have what waits trained after this window is gone, and `after` done then; the next window takes over. A run at work
        goes on anyway."""
        if self._project is None or not (self._queue or self.after):
            return
        words = ("queue", self._project.root, "--run", *(("--then", self.after) if self.after else ()))
        try:
            trainers.spawn(trainers.command(*words), self._project.runs_dir, "queue.log")
        except OSError as problem:
            self.failed.emit(failed(TrainingError(reason=f"nobody goes on with the queue ({problem})")))

    # ---- looking
    @Slot()
    def look(self) -> None:
        """Read what changed in the run folders."""
        trainers.collect()
        self.power.look()
        if self._project is None:
            if self._views:
                self._views = ()
                self.changed.emit(())
            return
        there = {path.name: path for path in self._project.runs()}
        for name in [name for name in self._known if name not in there]:
            del self._known[name]
        for name, path in there.items():
            if name not in self._known:
                self._meet(name, path)
        for name, known in self._known.items():
            self._read(name, known)
        if (stamp := waiting.stamp(self._project)) != self._queue_stamp:
            self._queue_stamp, self._queue = stamp, waiting.read(self._project)
        self._show()
        if self._queue and self.active is None:
            QTimer.singleShot(0, self, self._go_on)

    @Slot()
    def _go_on(self) -> None:
        if time.monotonic() >= self._retry:
            self.start_next()

    def _meet(self, name: str, path: Path) -> None:
        folder = RunFolder(path)
        try:
            config = folder.config
        except StudioError as error:
            log.info("run %s left out: %s", name, error)
            return
        events = path / "events.jsonl"
        self._known[name] = _Known(folder, config, RunStatus(), offset=events.stat().st_size if events.exists() else 0)

    def _read(self, name: str, known: _Known) -> None:
        try:
            stamp = (known.folder.path / "status.json").stat().st_mtime_ns
        except OSError:
            stamp = 0
        if stamp != known.stamp:
            heartbeat = known.status.heartbeat
            known.stamp, known.status = stamp, known.folder.status()
            if known.status.heartbeat != heartbeat:
                known.heard = time.monotonic()
            fresh, known.offset = known.folder.events(known.offset)
            for event in fresh:
                self.event.emit(RunEvent(name, event))
        if known.started is not None:
            self._watch_start(known)

    def _watch_start(self, known: _Known) -> None:
        """A new trainer has said its first word, or died before it."""
        assert known.started is not None
        if (known.status.heartbeat, known.status.state) != known.before:
            known.started = None
        elif not trainers.exists(known.pid) or time.monotonic() - known.started > START:
            known.started = None
            self._write(
                known,
                state="failed",
                key="TrainingError",
                error="The trainer ended before it began.",
                hint=trainers.last_words(known.folder.path) or "Its log is empty.",
            )

    def _alive(self, known: _Known) -> bool:
        if known.started is not None and trainers.exists(known.pid):
            return True
        return known.status.state in RUNNING and known.folder.alive()

    def _quiet(self, known: _Known) -> float:
        """In steps, so that not every look shows something new."""
        silent = time.monotonic() - known.heard
        return silent // QUIET_STEP * QUIET_STEP if known.status.state == "training" and silent >= QUIET else 0.0

    def _show(self) -> None:
        views = []
        for name, known in self._known.items():
            alive = self._alive(known)
            status, interrupted = known.status, known.status.state in RUNNING and not alive
            if interrupted:
                error = trainers.why(status.pid)
                status = msgspec.structs.replace(status, key=error.key, error=error.message, hint=error.advice)
            views.append(
                RunView(
                    name=name,
                    family=known.config.family,
                    path=known.folder.path,
                    status=status,
                    alive=alive,
                    verdict=status.sentence,
                    title=known.config.name or name,
                    created=known.config.created,
                    place=self._queue.index(name) if name in self._queue else None,
                    interrupted=interrupted,
                    quiet=self._quiet(known) if alive else 0.0,
                    trial_of=known.config.trial_of,
                )
            )
        found = tuple(sorted(views, key=lambda view: (-view.created, view.name)))
        if any(view.alive for view in found):
            self.power.ask()
        if found != self._views:
            before, self._views = self._views, found
            self.changed.emit(found)
            self._tell_ended(before)

    def _tell_ended(self, before: tuple[RunView, ...]) -> None:
        worked = {view.path for view in before if view.alive}
        done = [view for view in self._views if view.path in worked and not view.alive and not view.trial_of]
        for view in done:
            self.ended.emit(view)
        by_itself = any(view.state in ("finished", "failed", "interrupted") for view in done)
        if self.after is not None and by_itself and not self._queue and self.active is None and self._project is not None:
            if searches.going(self._project) is not None:
                return
            rest, self.after = self.after, None
            self.leaving.emit(rest)

    # ---- doing
    @staticmethod
    def command(run: Path) -> list[str]:
        """What starts a trainer for the folder `run`."""
        return trainers.command("train", run)

    def _start(self, known: _Known) -> None:
        known.before = known.status.heartbeat, known.status.state
        try:
            known.pid = trainers.spawn(self.command(known.folder.path), known.folder.path)
        except OSError as problem:
            error = TrainingError(reason=f"the trainer could not be started ({problem})")
            self._write(known, state="failed", key=error.key, error=error.message, hint=error.advice)
            self.failed.emit(failed(error))
            return
        known.started = known.heard = time.monotonic()
        log.info("started trainer %d for %s", known.pid, known.folder.path.name)

    def _ask_or_write(self, name: str, word: Any, state: str) -> None:
        known = self._known.get(name)
        if known is None:
            return
        try:
            if self._alive(known):
                known.folder.request(word)
                return
            self._change(lambda names: (n for n in names if n != name))
            if known.status.state in ("queued", "paused", *RUNNING):
                self._write(known, state=state, message="")
            self._show()
        except StudioError as error:
            self.failed.emit(failed(error))

    def _write(self, known: _Known, **values: Any) -> None:
        known.status = msgspec.structs.replace(known.status, **values)
        try:
            known.folder.write_status(known.status)
        except StudioError as error:
            self.failed.emit(failed(error))

    def _change(self, edit: Callable[[tuple[str, ...]], Iterable[str]]) -> None:
        """Another queue. Raises DiskFull, NotSaved; then it is as before."""
        self._queue = waiting.change(self._need(), edit)

    def _need(self) -> ProjectFolder:
        if self._project is None:
            raise BadConfig(name="project", reason="no project is open")
        return self._project
