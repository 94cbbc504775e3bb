"""Trainings that take no time: run folders filled as the trainer fills them, by a clock that a test moves.

A search under this clock sees what it would see of real processes, in the same files, and always the same; how good a training
is follows from a formula of its settings.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from studio.events import Metric
from studio.project.state import RunConfig
from studio.training import process, search, trial
from studio.training.curves import CLOCK
from studio.training.run import RunFolder

Formula = Callable[[RunConfig], float]


class World:
    """`quality(config)`: what a training comes to in the end, not finite where nothing is measured; `fate(config)`: the key of
    the error it dies of at once, or "killed", or nothing. A training that is paused and started again goes on.

    begun: how often each run was started.
    """

    def __init__(self, quality: Formula, fate: Callable[[RunConfig], str] = lambda config: "") -> None:
        self.quality, self.fate = quality, fate
        self.now = 1000.0
        self.trainings: dict[str, _Training] = {}
        self.begun: dict[str, int] = {}
        self.killed: set[str] = set()
        self.at: list[tuple[float, Callable[[], None]]] = []
        """What happens when, in seconds from the start."""

    # ---- the clock, in place of the module `time`
    def monotonic(self) -> float:
        return self.now

    time = monotonic

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for training in list(self.trainings.values()):
            training.go_on(seconds)
        for when, what in [one for one in self.at if 1000 + one[0] <= self.now]:
            self.at = [one for one in self.at if one[0] != when]
            what()

    def start(self, going: trial.Going) -> None:
        """In place of Going.start."""
        if going.run.alive():
            return
        name = going.run.name
        going._lives += 1
        self.begun[name] = self.begun.get(name, 0) + 1
        self.trainings[name] = _Training(self, going.run)

    def rule(self, monkeypatch: pytest.MonkeyPatch) -> World:
        monkeypatch.setattr(search, "time", self)
        monkeypatch.setattr(trial, "time", self)
        monkeypatch.setattr(trial.Going, "start", lambda going: self.start(going))
        return self


class _Training:
    def __init__(self, world: World, run: RunFolder) -> None:
        self.world, self.run, self.config = world, run, run.config
        status = run.status()
        self.step, self.spent = status.step, status.minutes * 60
        self.best = dict(status.best)
        run.take_requests()
        self.show("training", key="", error="")

    def show(self, state: str, **more: Any) -> None:
        mine = process.me() if state == "training" else {"pid": 0}
        values = {"state": state, "step": self.step, "minutes": self.spent / 60, "best": self.best, "precision": "fp32"}
        self.run.write_status(msgspec.structs.replace(self.run.status(), **(mine | values | more)))

    def go_on(self, seconds: float) -> None:
        asked = self.run.take_requests()
        fate = self.world.fate(self.config)
        if fate == "killed" and self.run.name not in self.world.killed:
            self.world.killed.add(self.run.name)
            self.end("training", pid=os.getppid(), born=1.0, life="")
        elif fate and fate != "killed":
            self.end("paused" if fate == "DiskFull" else "failed", key=fate, error=f"It died of {fate}.")
        elif "pause" in asked:
            self.end("paused")
        elif "stop" in asked:
            self.end("stopped")
        else:
            self.train(seconds)

    def train(self, seconds: float) -> None:
        self.spent += seconds
        self.step += 1
        share = min(1.0, self.spent / 60 / self.config.plan["minutes"])
        value = self.world.quality(self.config) + (1 - share)  # a straight line down to it
        clock = Metric(step=self.step, name=CLOCK, value=self.spent / 60)
        losses = [Metric(step=self.step, name="adversarial/score", value=-1000.0 * self.step)]
        self.run.append(clock, *losses)
        if math.isfinite(value):
            self.run.append(Metric(step=self.step, name="held-out/mel", value=value))
            self.best = {"held-out/mel": value}
        if share >= 1:
            self.end("finished")
        else:
            self.show("training")

    def end(self, state: str, **more: Any) -> None:
        self.show(state, **more)
        del self.world.trainings[self.run.name]
