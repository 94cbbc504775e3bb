"""The last layer of a critic, which is told what a sound should be. B batch, F features, K conditions, n places."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SLOPE = 0.2


class Head(nn.Module):
    """Features (B, F, h, w) and conditions (B, K), class weights for one → scores (B, n), n = h·w.

    By projection (Miyato and Koyama, 1802.05637): the conditions choose a direction in the features' mean. Or concatenated:
    they are features everywhere, before one hidden layer.
    """

    def __init__(self, features: int, conditions: int, concat: bool) -> None:
        super().__init__()
        self.concat = concat and conditions > 0
        self.told = None if self.concat or conditions == 0 else nn.Parameter(torch.randn(conditions, features) / features)
        hidden = min(features, 128)
        self.hidden = nn.Conv2d(features + conditions, hidden, 1) if self.concat else None
        self.score = nn.Conv2d(hidden if self.concat else features, 1, 1)

    def forward(self, x: Tensor, conditions: Tensor) -> Tensor:
        if self.hidden is not None:
            beside = conditions[:, :, None, None].to(x.dtype).expand(-1, -1, *x.shape[2:])
            x = F.leaky_relu(self.hidden(torch.cat([x, beside], 1)), SLOPE)
        scores = self.score(x).float().flatten(1)
        if self.told is not None:
            scores = scores + ((conditions @ self.told) * x.mean((2, 3)).float()).sum(1, keepdim=True)
        return scores
