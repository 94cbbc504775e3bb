"""Will it fit, and when is something to be heard? Rough answers for the cards of the Train page, before anything is trained.

The weights are counted exactly; what a step needs beside them, and the speed of this machine, are rules of thumb. Memory that
runs out all the same halves the batch, so a card may be wrong and a training still succeeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from studio.models.base import Model
from studio.models.controls import DataFacts
from studio.training.plan import TrainerConfig

COPIES = 5
"""Of each weight: itself, its gradient, two moments of its optimiser, its average."""

ACTIVATIONS = 64
"""Copies of a batch's audio that a step holds, about."""

BASE = {"cpu": 500e6, "cuda": 700e6, "mps": 500e6}
"""Bytes that torch takes before anything is in it."""

START = {"cpu": 4.0, "cuda": 7.0, "mps": 6.0}
"""Seconds until torch is there and a model is built."""

READ = 0.003
"""Seconds to prepare one sound for the first time."""

TRIED = {"cpu": 5.0, "cuda": 0.0, "mps": 1.0}
"""Seconds in which the number format is chosen."""

RENDER = 1.0
SOONEST = 5.0


@dataclass(frozen=True)
class Fit:
    """bytes: memory a training will hold on its device, about; weights: numbers in the model; first_sound: seconds from Start
    to the first preview."""

    bytes: int
    weights: int
    first_sound: float

    def fits(self, free: float) -> bool:
        """Whether a training finds its memory in `free` bytes; by halving its batch a few times it may yet."""
        return self.bytes <= free


def estimate(family: type[Model], config: Any, data: DataFacts, plan: TrainerConfig | None = None, device: str = "cpu") -> Fit:
    """`device`: cpu, cuda or mps. Builds the model without its numbers, so it takes no memory and a few milliseconds."""
    plan = plan or TrainerConfig()
    material = family.material(config, data)
    with torch.device("meta"):
        weights = sum(parameter.numel() for parameter in family(config, data).parameters())
    sounds = data.count * min(data.seconds, material.seconds) * material.rate * material.channels * 2
    step = plan.batch * material.frames * material.channels * 4 * ACTIVATIONS
    first = START[device] + READ * data.count + TRIED[device] + SOONEST
    return Fit(int(BASE[device] + weights * 4 * COPIES + sounds + step), weights, max(plan.preview, first) + RENDER)
