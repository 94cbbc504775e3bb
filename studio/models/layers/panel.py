"""Several critics that see the same sounds, each in its own way: what they say of them, how they learn, and how steep they are.

B batch, C channels, T samples, K conditions. What they see is never differentiated twice, their scores are.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from studio.models.layers.adversarial import LOSSES, critic_loss, gradient_penalty, maker_loss, margin, zero_centred
from studio.models.layers.scorers import CROP

PENALTIES = Literal["r1", "r1+r2", "gradient"]
Seen = tuple[list[Tensor], list[Tensor]]
"""What each critic sees of real and of made sounds."""


class Panel(nn.ModuleList):
    """Critics that have `look` and score what they saw, told conditions (B, K); each counts alike."""

    def __init__(self, critics: Iterable[nn.Module], loss: LOSSES, penalty: PENALTIES) -> None:
        super().__init__(critics)
        self.loss, self.penalty = loss, penalty

    def look(self, real: Tensor, made: Tensor, last: Tensor) -> Seen:
        """Of (B, C, T) each, at the same places: half of the crops begin where the sounds do, others by `last` (B,) samples."""
        later = torch.rand(len(real), device=real.device) < 0.5
        last = last.clamp(0, real.shape[-1] - CROP)
        place = (torch.rand(len(real), device=real.device) * last * later).long()
        with torch.no_grad():
            real_seen = [critic.look(real, place) for critic in self]  # type: ignore[operator]
        return real_seen, [critic.look(made, place) for critic in self]  # type: ignore[operator]

    def teach(self, seen: Seen, conditions: Tensor) -> Tensor:
        """What the generator of the made ones makes small."""
        score = conditions.new_zeros((), dtype=torch.float32)
        for critic, real, made in zip(self, *seen):
            with torch.no_grad():
                yes = critic(real, conditions)
            score = score + maker_loss(self.loss, yes, critic(made, conditions))
        return score / len(self)

    def learn(self, seen: Seen, conditions: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """What they make small themselves, and how sure they are of each pair, (B,)."""
        total, margins = conditions.new_zeros(()), []
        for critic, real, made in zip(self, *seen):
            yes, no = critic(real, conditions), critic(made, conditions)
            total = total + critic_loss(self.loss, yes, no)
            margins.append(margin(self.loss, yes, no).mean(1))
        sure = torch.stack(margins)  # (critics, B)
        return {"critic/loss": total / len(self), "critic/right": (sure > 0).float().mean()}, sure.mean(0)

    def slopes(self, seen: Seen, conditions: Tensor) -> dict[str, Tensor]:
        """What keeps them small: WGAN-GP, or the slope at real sounds, and at made ones; in float32."""
        total, norms = conditions.new_zeros(()), conditions.new_zeros(())
        with torch.autocast(conditions.device.type, enabled=False):
            for critic, real, made in zip(self, *seen):
                if self.penalty == "gradient":
                    penalty, norm = gradient_penalty(partial(_told, critic, conditions), real, made)
                    total, norms = total + penalty, norms + norm
                    continue
                for part in (real, made) if self.penalty == "r1+r2" else (real,):
                    x = part.detach().float().requires_grad_()
                    total = total + zero_centred(critic(x, conditions), x) / 2
        found = {"critic/penalty": total / len(self)}
        return found | ({"critic/norm": norms / len(self)} if self.penalty == "gradient" else {})


def _told(critic: nn.Module, conditions: Tensor, x: Tensor) -> Tensor:
    return critic(x, conditions)
