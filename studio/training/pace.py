"""The time of a run: how long it has trained over all its lives, how fast it goes, and when it will be over."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from statistics import median
from time import monotonic

from studio.training.plan import Schedule, eta, steps_for

WINDOW = 5.0
"""Seconds of one sample of the pace."""

FEWEST = 30
"""Steps before an end is foretold."""


class Pace:
    """Starts to count with `start`. `minutes`: the plan, None where it is in steps; `clock` gives seconds and never jumps."""

    def __init__(self, minutes: float | None, clock: Callable[[], float] = monotonic) -> None:
        self.minutes = minutes
        self._clock = clock
        self.steps: deque[float] = deque(maxlen=200)
        self._windows: deque[float] = deque(maxlen=24)
        self._before = 0.0
        self._began: float | None = None
        self._mark = self._knot = (0, 0.0)

    def start(self, step: int = 0, spent: float = 0.0) -> None:
        """Training begins, or goes on after `spent` seconds of earlier lives."""
        self._before, self._began = spent, self._clock()
        self._mark = self._knot = (step, spent)

    @property
    def spent(self) -> float:
        """Seconds of training: steps, previews, saves; no pause and no preparation."""
        return self._before + (self._clock() - self._began if self._began is not None else 0.0)

    @property
    def step_seconds(self) -> float:
        return median(self.steps) if self.steps else 0.0

    def stepped(self, step: int, seconds: float) -> None:
        """`step` steps are done, the last one took `seconds`."""
        self.steps.append(seconds)
        spent = self.spent
        if spent - self._mark[1] >= WINDOW and step > self._mark[0]:
            self._windows.append((spent - self._mark[1]) / (step - self._mark[0]))
            self._mark = (step, spent)

    def went_back(self, step: int) -> None:
        self._mark = self._knot = (step, self.spent)

    def over(self) -> bool:
        return self.minutes is not None and self.spent >= self.minutes * 60

    def replan(self, schedule: Schedule, step: int, tail: float) -> Schedule:
        """The schedule with its end where the minutes end at the pace since last time; `tail`: seconds of last words."""
        steps, seconds = step - self._knot[0], self.spent - self._knot[1]
        if self.minutes is None or steps < 5:
            return schedule
        self._knot = (step, self.spent)
        return schedule.replan(step, steps_for(step, self.spent + tail, self.minutes, seconds / steps))

    def whole(self, step: int, steps: int | None) -> tuple[int, float]:
        """The last step of the whole plan at the pace so far, and the share of it that is over. `steps`: a plan in steps."""
        if steps or self.minutes is None:
            total = steps or step
            return total, step / max(1, total)
        total = steps_for(step, self.spent, self.minutes, self.spent / max(1, step))
        return total, min(1.0, self.spent / (self.minutes * 60))

    def left(self, step: int, total: int) -> tuple[float | None, float | None]:
        """Minutes to the end as a range."""
        low, high = eta(step, total, list(self._windows)) if step >= FEWEST else (None, None)
        return (None, None) if low is None or high is None else (low / 60, high / 60)
