"""Where a run's learner is made: its device, its sounds, the batches it hears, the models it starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from studio.errors import OutOfMemory, TrainingError
from studio.library.reader import TrainingSet
from studio.models.base import Batch, Model
from studio.models.controls import DataFacts
from studio.training import device as devices
from studio.training.learner import Learner, build
from studio.training.plan import TrainerConfig
from studio.training.sampling import Sampler

if TYPE_CHECKING:
    from studio.training.team import Team

PREPARED = 1024
"""Sounds from which a model takes its statistics."""

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
        team: Team | None = None,
    ) -> None:
        self.family, self.config, self.plan, self.device, self.data = family, config, plan, device, data
        self.team = team
        near = device.type != "cpu" and sounds.bytes < RESIDENT * devices.memory(device)[1]
        self.sounds = sounds.on(device) if near else sounds
        self.batch, self.seconds = 0, 0.0
        self.use(batch)

    def use(self, batch: int) -> None:
        """From now on this many sounds a step, or all there are. Raises TrainingError where they are too few to share."""
        if batch == self.batch:
            return
        labels = self.sounds.label if self.plan.balanced else None
        self.sampler = Sampler(self.sounds.frames, batch, self.plan.seed, labels)
        self.batch = self.sampler.batch
        self.seconds = self.batch * float(np.average(self.sounds.seconds, weights=self.sampler.weights))
        """Of audio in a step, on average."""
        if self.team and self.batch < self.team.size:
            raise TrainingError(reason=f"{self.team.size} processes cannot share {self.batch} sounds")

    def draw(self, number: int) -> Batch:
        """The batch of that number, or this process's part of it, on the device."""
        return self.sounds.batch(self._mine(number), self.device)

    def _mine(self, number: int) -> NDArray[np.int64]:
        rows = self.sampler.rows(number)
        return self.team.part(rows) if self.team else rows

    def halve(self) -> None:
        """Make do with half the memory. Raises OutOfMemory where a batch is one sound already, for each process."""
        devices.forget()
        if self.batch // 2 < (self.team.size if self.team else 1):
            raise OutOfMemory(name=devices.name(self.device))
        self.use(self.batch // 2)

    def build(self) -> Model:
        """A model whose weights somebody will put in."""
        return build(self.family, self.config, self.data, self.plan, self.device)

    def begin(self) -> Model:
        """A model that knows the statistics of its sounds and nothing else."""
        model = self.build().eval()
        model.prepare(self.sounds.batch(rows, self.device) for rows in self.sampler.some(PREPARED))
        return model

    def learner(self, model: Model, precision: str) -> Learner:
        """What trains the model: here, or with the others of the team."""
        if self.team:
            from studio.training.distributed import Leader

            return Leader(model, precision, self.team, self)
        return Learner(model, self.plan, precision)

    def tune(self) -> devices.Tuning:
        """Number format and threads; seconds are those of a whole step. May run out of memory as a step may."""
        copies: dict[str, Learner] = {}
        mine = self._mine(0)
        some = mine[::TRIAL]

        def trial(precision: str) -> None:
            if precision not in copies:
                copies.clear()
                copies[precision] = Learner(self.build(), self.plan, precision)
            copies[precision].step(0, 0.0, lambda draw: self.sounds.batch(some, self.device))

        found = devices.tune(self.plan, self.device, trial)
        return devices.Tuning(found.precision, found.threads, found.seconds * len(mine) / len(some))
