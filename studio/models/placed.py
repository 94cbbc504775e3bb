"""Families that remember where their encoder hears each sound they learn from, and learn how these places are spread.

New latents come from a flow through the places, class by class, so that a decoder that plays is not asked for what lies where
no sound does; and they follow their class more than the flow has learned, for what lies between classes is heard as neither.

B batch, D latent size, K classes, R places.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from studio.models.base import Batch, Group
from studio.models.controls import DataFacts
from studio.models.labelled import Labelled
from studio.models.layers.flow import Flow

BANK = 4096
AT_ONCE = 256
"""Places that a step of the flow learns from."""
NAMELESS = 0.2
"""Share of them whose class the flow is not told."""
GUIDANCE = 4.0
"""How many times as much as the flow has learned: with 3 labels are heard less often (tests/bench/guidance.py)."""
ALIKE = 0.3
"""How far apart the lengths of sounds may be, in their number, that stand for each other."""
WAY = 0.5
"""A latent between two places lies up to so far on the way from one to the other."""


class Placed(Labelled):
    """A model with an encoder; subclasses say `remember` when they have heard a batch."""

    flow: Flow
    bank: Tensor  # (R, D) newest posterior mean of each training sound
    bank_label: Tensor  # (R,) its class, −1 unknown, −2 not seen yet

    def __init__(self, config: Any, data: DataFacts, places: bool = True) -> None:
        """places: False for settings that draw latents in another way."""
        super().__init__(config, data)
        if not places:
            return
        rows = max(1, min(BANK, data.count))
        self.flow = Flow(config.latent, len(data.labels), 256)
        self.register_buffer("bank", torch.zeros(rows, config.latent))
        self.register_buffer("bank_label", torch.full((rows,), -2))

    def prior_group(self) -> Group:
        return Group("prior", list(self.flow.parameters()), lr=1e-3, betas=(0.9, 0.99), steps=3, hears=False)

    @torch.no_grad()
    def remember(self, batch: Batch, mean: Tensor) -> None:
        rows = batch.index % len(self.bank)
        self.bank[rows] = mean.detach().to(self.bank.dtype)
        self.bank_label[rows] = batch.label

    def prior_losses(self) -> dict[str, Tensor]:
        seen = self.bank_label.ge(-1).nonzero()[:, 0]
        if len(seen) < 2:
            return {}
        self.flow.mean.copy_(self.bank[seen].mean(0))
        self.flow.std.copy_(self.bank[seen].std(0).clamp_min(1e-2))
        rows = seen[torch.randint(len(seen), (AT_ONCE,), device=seen.device)]
        classes = self.one_hot(self.bank_label[rows])
        classes = classes * (torch.rand(len(classes), 1, device=rows.device) >= NAMELESS)
        return {"prior/velocity": self.flow.loss(self.bank[rows], classes)}

    def between(self, label: Tensor, length: Tensor) -> Tensor:
        """Latents (B, D) on the way from one sound's place to another's of the same class, both about as long; length (B,) is
        what stands first in a latent."""
        off = (length[:, None] - self.bank[None, :, 0]) / ALIKE  # (B, R)
        same = label[:, None] == self.bank_label[None]
        fit = same * (torch.exp(-0.5 * off.square()) + 1e-6) + 1e-12  # the last for where there is none yet
        first, other = self.bank[fit.multinomial(2, replacement=True)].unbind(1)
        return torch.lerp(first, other, WAY * torch.rand(len(first), 1, device=self.device))

    def place(self, normal: Tensor, classes: Tensor) -> Tensor:
        """Where a new sound of these class weights (B, K) lies, (B, D), for standard normal numbers (B, D)."""
        return self.flow.draw(normal, classes, GUIDANCE)

    def active(self) -> Tensor:
        """How many latent numbers differ from sound to sound."""
        seen = self.bank[self.bank_label >= -1]
        return (seen.var(0) > 0.01).sum().float() if len(seen) > 1 else seen.new_zeros(())
