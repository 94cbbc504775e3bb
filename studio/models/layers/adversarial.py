"""What a critic and the one it teaches learn from scores, in the four usual ways, and what keeps a critic's slopes in bounds.

Scores are tensors (B, …), large for what the critic takes for real; everything here is computed in float32. The slopes of a
critic are differentiated once more, which half precision does not survive: call it outside of autocast. Used by the adversarial
families.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

LOSSES = Literal["nonsaturating", "hinge", "wasserstein", "relativistic"]
"""Goodfellow et al. (1406.2661); Lim and Ye (1705.02894); Arjovsky et al. (1701.07875); paired as in R3GAN (2501.05441)."""


def critic_loss(kind: LOSSES, real: Tensor, made: Tensor) -> Tensor:
    """What the critic makes small, given its scores (B, …) of real and made sounds. Relativistic: in pairs."""
    real, made = real.float(), made.float()
    if kind == "relativistic":
        return F.softplus(made - real).mean()
    if kind == "wasserstein":
        return made.mean() - real.mean()
    if kind == "hinge":
        return F.relu(1 - real).mean() + F.relu(1 + made).mean()
    return F.softplus(-real).mean() + F.softplus(made).mean()


def maker_loss(kind: LOSSES, real: Tensor, made: Tensor) -> Tensor:
    """What the generator makes small. Only the relativistic one looks at `real`."""
    real, made = real.float(), made.float()
    if kind == "relativistic":
        return F.softplus(real - made).mean()
    return F.softplus(-made).mean() if kind == "nonsaturating" else -made.mean()


def margin(kind: LOSSES, real: Tensor, made: Tensor) -> Tensor:
    """How far real sounds are on the real side: their scores; for critics that only know differences, the difference."""
    return (real - made if kind in ("relativistic", "wasserstein") else real).detach().float()


def slopes(scores: Tensor, x: Tensor) -> Tensor:
    """Gradient of each example's mean score with respect to `x` (B, …), which can be differentiated again."""
    with torch.autocast(x.device.type, enabled=False):
        total = scores.float().flatten(1).mean(1).sum() if scores.ndim > 1 else scores.float().sum()
        return torch.autograd.grad(total, x, create_graph=True)[0]


def zero_centred(scores: Tensor, x: Tensor) -> Tensor:
    """Mean squared slope E‖∇D(x)‖²: R1 where `x` (B, …) is real, R2 where it is made (Mescheder et al., 1801.04406).

    `scores` follow from `x`, which asks for gradients.
    """
    return slopes(scores, x).flatten(1).square().sum(1).mean()


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, made: Tensor) -> tuple[Tensor, Tensor]:
    """E(‖∇D‖ − 1)² at points between pairs of real and made (B, …), and the mean norm ‖∇D‖, the critic's Lipschitz norm there.

    WGAN-GP (Gulrajani et al., 1704.00028), one point for each example. The weight (10 in the paper) is the caller's.
    """
    with torch.autocast(real.device.type, enabled=False):
        real, made = real.detach().float(), made.detach().float()
        place = torch.rand(len(real), *[1] * (real.ndim - 1), device=real.device)
        between = torch.lerp(real, made, place).requires_grad_()
        norm = (slopes(critic(between), between).flatten(1).square().sum(1) + 1e-12).sqrt()
    return (norm - 1).square().mean(), norm.detach().mean()
