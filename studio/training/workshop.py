"""Where a run's learner is made: its device, its sounds, the batches it hears, the models it starts from."""

from __future__ import annotations

from typing import Any

import torch

from studio.errors import OutOfMemory
from studio.library.reader import TrainingSet
from studio.models.base import Batch, Model
from studio.models.controls import DataFacts
from studio.training import device as devices
from studio.training.learner import Learner, build
from studio.training.plan import TrainerConfig
from studio.training.sampling import Sampler

PREPARED = 16
"""Batches from which a model takes its statistics."""

TRIAL = 4
"""A trial takes every fourth sound of a batch."""

RESIDENT = 0.3
"""Sounds that need less than this share of the device's free memory lie there; others are sent batch by batch."""


class Workshop:
    """`sounds` (at least one) and what a family makes of them. `batch`: sounds per step, as far as memory allowed so far."""

    def __init__(
        self,
        family: type[Model],
        config: Any,
        plan: TrainerConfig,
        device: torch.device,
        sounds: TrainingSet,
        data: DataFacts,
        batch: int,
    ) -> None:
        self.family, self.config, self.plan, self.device, self.data = family, config, plan, device, data
        near = device.type != "cpu" and sounds.bytes < RESIDENT * devices.memory(device)[1]
        self.sounds = sounds.on(device) if near else sounds
        self._use(batch)

    def _use(self, batch: int) -> None:
        labels = self.sounds.label if self.plan.balanced else None
        self.sampler = Sampler(self.sounds.frames, batch, self.plan.seed, labels)
        self.batch = self.sampler.batch

    def draw(self, number: int) -> Batch:
        """The batch of that number, on the device."""
        return self.sounds.batch(self.sampler.rows(number), self.device)

    def halve(self) -> None:
        """Make do with half the memory. Raises OutOfMemory where a batch is one sound already."""
        devices.forget()
        if self.batch <= 1:
            raise OutOfMemory(name=devices.name(self.device))
        self._use(self.batch // 2)

    def build(self) -> Model:
        """A model whose weights somebody will put in."""
        return build(self.family, self.config, self.data, self.plan, self.device)

    def begin(self) -> Model:
        """A model that knows the statistics of its sounds and nothing else."""
        model = self.build().eval()
        model.prepare(self.draw(n) for n in range(min(PREPARED, self.sampler.per_epoch)))
        return model

    def tune(self) -> devices.Tuning:
        """Number format and threads; seconds are those of a whole step. May run out of memory as a step may."""
        copies: dict[str, Learner] = {}
        some = self.sampler.rows(0)[::TRIAL]

        def trial(precision: str) -> None:
            if precision not in copies:
                copies.clear()
                copies[precision] = Learner(self.build(), self.plan, precision)
            copies[precision].step(0, 0.0, lambda draw: self.sounds.batch(some, self.device))

        found = devices.tune(self.plan, self.device, trial)
        return devices.Tuning(found.precision, found.threads, found.seconds * self.batch / len(some))
