"""A smoothed copy of a model in training: what is heard, measured and kept.

An exponential moving average of the weights (MODELS: "EMA 0.999 with warm-up"); statistics that a model keeps in buffers are
copied as they are.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from studio.models.base import Model
from studio.training.plan import ema_decay


class Average:
    """`model` is a full model of its own, in eval mode; call `settled()` before using it."""

    def __init__(self, source: Model, decay: float) -> None:
        self.source = source
        self.decay = decay
        self.updates = 0
        self.model = copy.deepcopy(source).eval().requires_grad_(False)
        self._mine: list[Tensor] = list(self.model.parameters())
        self._theirs: list[Tensor] = list(source.parameters())

    @torch.no_grad()
    def update(self) -> None:
        """After each step."""
        torch._foreach_lerp_(self._mine, self._theirs, 1 - ema_decay(self.decay, self.updates))
        self.updates += 1

    @torch.no_grad()
    def settled(self) -> Model:
        """The averaged model with today's buffers."""
        for mine, theirs in zip(self.model.buffers(), self.source.buffers()):
            mine.copy_(theirs)
        return self.model

    def finite(self) -> bool:
        return all(bool(torch.isfinite(p).all()) for p in self._mine)
