"""The curves of a run out of its events: name → steps, values and the minutes of training at which they were measured.

A run that was killed and went on from a checkpoint repeats some steps: what it measured after that checkpoint in its earlier
life is forgotten. Read by the trainer, the dashboard and the verdict; pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from studio.events import Event, Metric, Produced

CLOCK = "time/minutes"
"""The metric that tells the minutes of training at a step."""


@dataclass
class Curve:
    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


@dataclass
class Curves:
    """Grows as events come in."""

    by_name: dict[str, Curve] = field(default_factory=dict)

    def add(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, Metric):
                curve = self.by_name.setdefault(event.name, Curve())
                curve.steps.append(event.step)
                curve.values.append(event.value)
            elif isinstance(event, Produced) and event.kind == "resumed":
                self.forget_after(int(event.detail.get("step", 0)))

    def forget_after(self, step: int) -> None:
        for curve in self.by_name.values():
            while curve.steps and curve.steps[-1] > step:
                curve.steps.pop()
                curve.values.pop()

    def names(self) -> list[str]:
        return [name for name in self.by_name if name != CLOCK]

    def values(self, name: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Steps and values, empty where nothing was measured."""
        curve = self.by_name.get(name, Curve())
        return np.array(curve.steps, np.int64), np.array(curve.values, np.float64)

    def at(self, name: str, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """The values measured at `steps`, NaN where none was."""
        found = dict(zip(*(part.tolist() for part in self.values(name))))
        return np.array([found.get(step, np.nan) for step in steps.tolist()], np.float64)

    def minutes(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """Minutes of training at `steps`, between the moments at which the clock was read."""
        at, clock = self.values(CLOCK)
        return np.interp(steps, at, clock) if len(at) else np.zeros(len(steps))

    def last(self, name: str) -> float | None:
        curve = self.by_name.get(name)
        return curve.values[-1] if curve and curve.values else None
