"""How good a model is on sounds it does not learn from, and beside it on sounds it does, in the family's own numbers."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray

from studio.library.reader import TrainingSet
from studio.models.base import Model
from studio.training import device as devices

HELD_OUT, TRAINING = 48, 24
"""At most this many sounds of each side; the same ones every time."""

SHARE = 0.04
"""Validation may cost this share of the training time."""

SOONEST = 10.0
"""Seconds between two measurements, at least."""


class Validation:
    """`name`: the number that decides which checkpoint is best; of the training sounds where nothing is held out."""

    def __init__(self, held: TrainingSet, sounds: TrainingSet, device: torch.device) -> None:
        sides = (("held-out", held, HELD_OUT), ("training", sounds, TRAINING))
        self.sides = [(name, side, _even(side, most)) for name, side, most in sides if len(side)]
        self.files = len(self.sides[0][2])
        self.device = device
        self.name = ""
        self.cost = 0.0

    def measure(self, model: Model, batch: int) -> dict[str, float]:
        """`held-out/<name>` and `training/<name>` of every number, means over the sounds; not finite where any was not.

        Empty where there is no memory even for one sound at a time.
        """
        began = perf_counter()
        found: dict[str, float] = {}
        while not found and batch >= 1:
            try:
                found = self._measure(model, batch)
            except (RuntimeError, MemoryError) as error:
                if not devices.ran_out_of_memory(error):
                    raise
                batch //= 2
            if not found:
                devices.forget()
        self.name = self.name or next(iter(found), "")
        self.cost = perf_counter() - began
        return found

    def _measure(self, model: Model, batch: int) -> dict[str, float]:
        found: dict[str, float] = {}
        for side, sounds, rows in self.sides:
            sums: dict[str, float] = {}
            torch.manual_seed(0)
            for start in range(0, len(rows), batch):
                part = rows[start : start + batch]
                with torch.no_grad():
                    numbers = model.measure(sounds.batch(part, self.device))
                for name, value in numbers.items():
                    sums[name] = sums.get(name, 0.0) + value * len(part)
            found |= {f"{side}/{name}": value / len(rows) for name, value in sums.items()}
        return found

    def every(self, spent: float) -> float:
        """Seconds between two measurements: within SHARE, but at doubling times while a run is young."""
        return max(SOONEST, min(spent, self.cost / SHARE))


def _even(sounds: TrainingSet, most: int) -> NDArray[np.int64]:
    """An even choice of rows, short sounds first so that a batch holds like lengths."""
    rows = np.unique(np.linspace(0, len(sounds) - 1, most).round().astype(np.int64))
    return rows[np.argsort(sounds.frames[rows], kind="stable")]
