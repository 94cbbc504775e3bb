"""One trial of a search while it trains: its run folder, its process, and what it has reached by when.

A trial is an ordinary run, trained by `wavewright train RUN` in a process of its own. That process may have been started by an
earlier life of the search; then it is known by what its status says.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from studio.errors import TrainingError
from studio.project.state import RunStatus
from studio.training import children
from studio.training.curves import Curves
from studio.training.run import RUNNING, RunFolder, Word
from studio.training.searches import Role

MEASURED = ("held-out/", "training/")
"""What a family measures of itself; the first of these decides. Nothing else is ever an objective."""

LIVES = 3
"""Times that a process may vanish without a word before its trial counts as failed."""


class Going:
    """A training under way. role: why it is tried; slot: the worker's place, for machines with several GPUs; judged: rungs that
    are behind it; asked: what this search asked of it."""

    def __init__(self, run: RunFolder, role: Role, slot: int) -> None:
        self.run, self.role, self.slot = run, role, slot
        self.curves = Curves()
        self.judged = 0
        self.asked = ""
        self._offset = 0
        self._lives = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._began = time.monotonic()
        self.status = run.status()

    def start(self) -> None:
        """Start its process unless one is at work. Raises TrainingError."""
        if self.run.alive():
            return
        self._lives += 1
        try:
            self._process = children.spawn(command(self.run.path), self.run.path, **environment(self.slot))
        except OSError as problem:
            raise TrainingError(reason=f"a trial could not be started ({problem})") from problem

    def look(self) -> None:
        """Read what is new."""
        ended = self._process is not None and self._process.poll() is not None  # before its last words are read
        events, self._offset = self.run.events(self._offset)
        self.curves.add(events)
        self.status = self.run.status()
        if ended:
            self._process = None

    @property
    def at_work(self) -> bool:
        return self._process is not None or self.run.alive()

    @property
    def minutes(self) -> float:
        """Since this search began to look after it, by the clock."""
        return (time.monotonic() - self._began) / 60

    @property
    def vanished(self) -> bool:
        """Its process ended without saying so: it was killed, or never began."""
        return self.status.state in ("queued", *RUNNING)

    @property
    def lost(self) -> bool:
        """It vanished too often."""
        return self._lives >= LIVES

    def ask(self, word: Word) -> None:
        """stop or pause, once."""
        if self.asked != word:
            self.asked = word
            self.run.request(word)

    # ---- what it has reached
    @property
    def metric(self) -> str:
        """The number that decides; empty until it was measured."""
        return metric_of(self.curves)

    def after(self, minutes: float) -> float | None:
        """Its best distance after so many minutes of training; None while it has not come that far."""
        steps, values = self.curves.values(self.metric)
        return reached(self.curves.minutes(steps), values, minutes)

    @property
    def value(self) -> float | None:
        """Held-out distance of its best moment that is saved, or else of the best that was measured."""
        saved = self.status.best.get(self.metric)
        values = self.curves.values(self.metric)[1]
        values = values[np.isfinite(values)]
        return saved if saved is not None and np.isfinite(saved) else float(values.min()) if len(values) else None


def metric_of(curves: Curves) -> str:
    """The first number that the family measures, of held-out sounds where there are any."""
    return next((name for side in MEASURED for name in curves.names() if name.startswith(side)), "")


def reached(minutes: NDArray[np.float64], values: NDArray[np.float64], when: float) -> float | None:
    """The lowest value so far at the time `when`, in between two measurements on the line that joins them over log time;
    None before there is one on either side. Runs are measured at different times; this compares them at one."""
    good = np.isfinite(values)
    minutes, values = minutes[good], np.minimum.accumulate(values[good])
    if not len(minutes) or minutes[-1] < when:
        return None
    return float(np.interp(np.log(max(when, 1e-6)), np.log(np.maximum(minutes, 1e-6)), values))


def let_go(run: RunFolder) -> None:
    """Free the disk: its models go, but for starred ones. Its curves and sounds stay."""
    for moment in run.checkpoints():
        if not moment.starred:
            with suppress(OSError):
                (moment.path / "config.json").unlink()  # first: without it there is no checkpoint
                shutil.rmtree(moment.path)


def brief(status: RunStatus) -> str:
    """Why it failed, in one sentence."""
    silent = "nothing could be measured" if status.state == "finished" else "its process ended without a word"
    return status.error.rstrip(".") or silent


def command(run: Path) -> list[str]:
    """What trains the folder `run`."""
    return children.command("train", run)


def environment(slot: int) -> dict[str, str]:
    """What is different for a worker: with several GPUs each has its own."""
    visible = [g for g in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if g] or [str(g) for g in range(gpus())]
    return {"CUDA_VISIBLE_DEVICES": visible[slot % len(visible)]} if len(visible) > 1 else {}


def gpus() -> int:
    """NVIDIA GPUs of this machine."""
    try:
        import pynvml

        pynvml.nvmlInit()
        return int(pynvml.nvmlDeviceGetCount())
    except Exception:  # no driver, no library, no card: there is none
        return 0


def cores() -> int:
    """Processor cores this process may use."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, psutil.cpu_count(logical=False) or allowed))


def usual_workers(device: str = "auto") -> int:
    """How many trials at a time: one for each GPU; without one as many as leave each at least two cores, at most four."""
    if device in ("auto", "cuda") and (found := gpus()):
        return found
    if sys.platform == "darwin" and device != "cpu":
        return 1  # its GPU is shared by all
    return min(4, cores()) if cores() <= 2 else min(4, cores() // 2)
