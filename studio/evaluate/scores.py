"""What an evaluation finds, number by number: the value, its floor, its interval, and the words that say what was compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, SupportsFloat

import numpy as np
from numpy.typing import ArrayLike

from studio import metrics

NEVER = 3.0
"""N sounds of which none did it leave room for a share of 3 / N (Hanley & Lippman-Hand 1983)."""


def room(value: float, between: tuple[float, float], count: int) -> tuple[float, float]:
    """The interval of a share of `count` sounds: between 0 and 1, and never nothing where all or none were so, because drawing
    from sounds that are all alike can't show what was not met."""
    low, high = max(0.0, between[0]), min(1.0, between[1])
    if value == 0:
        return 0.0, max(high, min(1.0, NEVER / count))
    return (min(low, max(0.0, 1 - NEVER / count)), 1.0) if value == 1 else (low, high)


@dataclass
class Scores:
    """Name → number of the model, of the floor, 95 % interval, and words. `seed` draws the sounds of the intervals."""

    seed: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    floor: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    ceiling: dict[str, float] = field(default_factory=dict)
    sets: dict[str, str] = field(default_factory=dict)

    def put(
        self,
        name: str,
        value: SupportsFloat,
        floor: SupportsFloat | None,
        words: str,
        between: tuple[SupportsFloat, SupportsFloat] | None = None,
    ) -> None:
        self.metrics[name], self.sets[name] = float(value), words
        if floor is not None:
            self.floor[name] = float(floor)
        if between is not None and np.isfinite(float(value)):
            self.intervals[name] = (float(between[0]), float(between[1]))

    def share(self, name: str, ours: ArrayLike, theirs: ArrayLike | None, words: str) -> None:
        """How many of `ours` (N,) are so, beside how many of `theirs`."""
        flags = np.asarray(ours, bool)
        floor = None if theirs is None else np.mean(np.asarray(theirs, bool))
        value = float(flags.mean())
        low, high = metrics.bootstrap(lambda rows: flags[rows].mean(), len(flags), value, seed=self.seed)
        self.put(name, value, floor, words, room(value, (float(low), float(high)), len(flags)))

    def over(
        self, name: str, ours: ArrayLike, theirs: ArrayLike | None, words: str, middle: Callable[..., Any] = np.mean
    ) -> None:
        """The mean (or another `middle`) of one number a sound."""
        values = np.asarray(ours, float)
        floor = None if theirs is None else middle(np.asarray(theirs, float))
        value = middle(values)
        self.put(name, value, floor, words, self.between(lambda rows: middle(values[rows]), len(values), value))

    def between(self, measure: Callable[..., Any], size: int, value: SupportsFloat) -> tuple[float, float]:
        """The interval of a number found from `size` sounds; `measure` finds it from some of them, by their rows."""
        low, high = metrics.bootstrap(measure, size, float(value), seed=self.seed)
        return float(low), float(high)
