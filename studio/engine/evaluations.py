"""Measuring runs beside the window: each time a process of its own, `wavewright evaluate RUN --json`, whose words are followed.

    evaluations.start(run)        progress by `changed`, the end by `ended`
    evaluations.cancel(run)       ends the process; what it had not written is not there

One after another; the results lie in the run's `evaluations` folder and are read from there (project/evaluation.py).
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil
from PySide6.QtCore import QObject, Signal, Slot

from studio.engine.jobs import JobRunner, Ticket, Told
from studio.errors import NotMeasured
from studio.events import Event, Failed, Finished, Produced, Progress, Started, Work, from_json
from studio.training import children

LOG = "evaluate.log"
LOOK = 0.1
"""Seconds between two looks at what the process said."""

PATIENCE = 5.0
"""Seconds in which a process may end that is asked to."""

SHARES = (
    ("making new sounds", 0.0, 0.6),
    ("comparing", 0.6, 0.6),
    ("learning the labels", 0.6, 0.8),
    ("reconstructing", 0.8, 0.95),
    ("playing notes", 0.95, 1.0),
)
"""How an evaluation's stages lie in its time, by the beginning of what it says."""


@dataclass(frozen=True)
class Measuring:
    """A run whose measurement waits or is at work: what is being done, and how far it is (0–1)."""

    run: Path
    note: str = ""
    share: float = 0.0


@dataclass(frozen=True)
class Measured:
    """The end of a measurement. folder: the evaluation, None where there is none; problem: why, None where it was cancelled."""

    run: Path
    folder: Path | None = None
    problem: Failed | None = None


class Evaluations(QObject):
    changed = Signal(object)
    """Measuring"""

    ended = Signal(object)
    """Measured"""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = JobRunner("evaluations", self)
        self._runner.event.connect(self._on_event)
        self._tickets: dict[Path, Ticket] = {}
        self._now: dict[Path, Measuring] = {}
        self._folders: dict[Path, Path] = {}

    def of(self, run: Path) -> Measuring | None:
        """The measurement of this run that waits or is at work."""
        return self._now.get(run)

    def start(self, run: Path, device: str = "auto") -> None:
        """Measure its best checkpoint; nothing more where that is being done. `device` as on the command line."""
        if run not in self._now:
            self._now[run] = Measuring(run)
            self._tickets[run] = self._runner.submit(lambda: measure(run, device), tag=run)
            self.changed.emit(self._now[run])

    def cancel(self, run: Path) -> None:
        if run in self._tickets:
            self._tickets[run].cancel()

    def close(self) -> bool:
        """End all of it."""
        return self._runner.close()

    @Slot(object)
    def _on_event(self, told: Told) -> None:
        run, event = told.tag, told.event
        assert isinstance(run, Path)
        if isinstance(event, Progress):
            self._now[run] = Measuring(run, event.note, share_of(event))
            self.changed.emit(self._now[run])
        elif isinstance(event, Produced):
            self._folders[run] = Path(event.path)
        elif told.last:
            self._now.pop(run, None)
            self._tickets.pop(run, None)
            folder = self._folders.pop(run, None)
            self.ended.emit(Measured(run, folder, event if isinstance(event, Failed) else None))


def share_of(event: Progress) -> float:
    """How far the whole is when one of its stages says this."""
    within = event.done / event.total if event.total else 0.0
    begin, end = next(((low, high) for note, low, high in SHARES if event.note.startswith(note)), (0.0, 0.0))
    return begin + (end - begin) * min(1.0, within)


def command(run: Path, device: str) -> list[str]:
    return children.command("evaluate", run, "--json", "--device", device)


def measure(run: Path, device: str = "auto") -> Work:
    """Follow the process until it ends. Closing this ends the process. Produced: the evaluation's folder."""
    yield Started(what="evaluate")
    log = run / LOG
    with contextlib.suppress(OSError):
        log.unlink()
    try:
        process = children.spawn(command(run, device), run, LOG)
    except OSError as problem:
        raise NotMeasured(name=run.name, reason=f"it could not be started ({problem})") from problem
    try:
        with contextlib.suppress(psutil.Error, OSError):
            psutil.Process(process.pid).nice(getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", 10))
        yield from _followed(process, log)
    finally:
        _end(process)


def _followed(process: subprocess.Popen[bytes], log: Path) -> Iterator[Event]:
    read, rest = 0, b""
    latest, done = Progress(done=0), False
    while True:
        over = process.poll() is not None  # asked first: what it said before it ended is read after
        with contextlib.suppress(OSError), log.open("rb") as file:
            file.seek(read)
            data = file.read()
            read += len(data)
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                event = _event(line)
                if isinstance(event, Progress):
                    latest = event
                elif event is not None:
                    yield event
                    if isinstance(event, Failed):
                        return
                    done = True
        if done and over:
            yield Finished()
            return
        if over:
            raise NotMeasured(name=log.parent.name, reason=f"its process ended without a result ({process.returncode})")
        yield latest
        time.sleep(LOOK)


def _event(line: bytes) -> Event | None:
    """What a line of the command line says: progress, a failure, or the folder of the result; None for anything else."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        data = json.loads(line)
        if data.get("event") == "result":
            return Produced(kind="evaluated", path=str(Path(data["result"]["picture"]).parent))
    with contextlib.suppress(msgspec.MsgspecError):
        event = from_json(line)
        return event if isinstance(event, (Progress, Failed)) else None
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
