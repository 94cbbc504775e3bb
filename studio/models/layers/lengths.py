"""How long a sound is, as the first number of its latent: generators are told it, critics compare sounds of one length.

The number is the logarithm of the seconds at zero mean and unit spread, so that it goes with the others, which are normal; a
prior draws it as it is spread among the sounds of a class. B batch, K classes, Q quantiles.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

QUANTILES = 33
LEAST_SPREAD = 0.1
MOST = 3.0


class Lengths(nn.Module):
    """`seconds`: of the longest sound there can be."""

    scale: Tensor  # mean and spread of log seconds
    table: Tensor  # (K + 1, Q) the number at even probabilities, of each class and of all

    def __init__(self, classes: int, shortest: float, longest: float) -> None:
        super().__init__()
        self.shortest, self.longest = shortest, longest
        middle = math.log(max(shortest, longest / 2))
        self.register_buffer("scale", torch.tensor([middle, 0.5]))
        normal = torch.distributions.Normal(0.0, 1.0).icdf(torch.linspace(0.02, 0.98, QUANTILES))
        self.register_buffer("table", normal.repeat(classes + 1, 1))

    @torch.no_grad()
    def fit(self, seconds: Tensor, label: Tensor) -> None:
        """Learn from lengths (N,) with their labels (N,), −1 for none."""
        logs = seconds.float().clamp(self.shortest, self.longest).log().cpu()
        self.scale.copy_(torch.stack([logs.mean(), logs.std(correction=0).clamp_min(LEAST_SPREAD)]))
        numbers, label = self.number(seconds).cpu(), label.cpu()
        even = torch.linspace(0, 1, QUANTILES)
        for row in range(len(self.table)):
            mine = numbers[label == row]
            self.table[row] = torch.quantile(mine if len(mine) else numbers, even).to(self.table.device)

    def number(self, seconds: Tensor) -> Tensor:
        logs = seconds.float().clamp(self.shortest, self.longest).log()
        return ((logs - self.scale[0].to(logs.device)) / self.scale[1].to(logs.device)).clamp(-MOST, MOST)

    def seconds(self, number: Tensor) -> Tensor:
        return (number.float() * self.scale[1] + self.scale[0]).exp().clamp(self.shortest, self.longest)

    def draw(self, normal: Tensor, classes: Tensor) -> Tensor:
        """Standard normal numbers (B,) → numbers (B,) as spread as those of the class weights (B, K)."""
        others = 1 - classes.sum(1, keepdim=True)
        table = torch.cat([classes, others], 1) @ self.table  # (B, Q)
        place = torch.special.ndtr(normal) * (QUANTILES - 1)
        first = place.floor().clamp(0, QUANTILES - 2)
        low, high = (table.gather(1, index.long()[:, None])[:, 0] for index in (first, first + 1))
        return torch.lerp(low, high, place - first)
