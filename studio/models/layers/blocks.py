"""Convolution blocks shared by the families. B batch, C channels, N frames."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SLOPE = 0.2


class Residual(nn.Module):
    """LeakyReLU → dilated 3-tap convolution → LeakyReLU → 1-tap convolution, added to the input."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.spread = nn.Conv1d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.mix = nn.Conv1d(channels, channels, 1)
        with torch.no_grad():
            self.mix.weight.mul_(0.5)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.mix(F.leaky_relu(self.spread(F.leaky_relu(x, SLOPE)), SLOPE))


class Upsample(nn.Module):
    """Sub-pixel convolution: (B, C, N) → (B, out, N·factor). No zero-stuffing, so no imaging to unlearn."""

    def __init__(self, channels: int, out: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.conv = nn.Conv1d(channels, out * factor, 3, padding=1)
        with torch.no_grad():  # every phase starts alike: a held sample, not a buzz at the frame rate
            self.conv.weight.copy_(self.conv.weight[:out].repeat_interleave(factor, 0))
            if self.conv.bias is not None:
                self.conv.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        B, _, N = x.shape
        y = self.conv(F.leaky_relu(x, SLOPE))  # (B, out·factor, N)
        return y.reshape(B, -1, self.factor, N).transpose(2, 3).reshape(B, -1, N * self.factor)


class ConvNeXt(nn.Module):
    """Depthwise 7-tap convolution, LayerNorm, two pointwise layers, scaled and added (2201.03545, in one dimension)."""

    def __init__(self, channels: int, hidden: int, scale: float = 0.1) -> None:
        super().__init__()
        self.depth = nn.Conv1d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.inner = nn.Linear(channels, hidden)
        self.outer = nn.Linear(hidden, channels)
        self.scale = nn.Parameter(torch.full((channels,), scale))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.depth(x).transpose(1, 2))  # (B, N, C)
        y = self.scale * self.outer(F.gelu(self.inner(y)))
        return x + y.transpose(1, 2)
