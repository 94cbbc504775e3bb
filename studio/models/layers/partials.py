"""The harmonics of one steady note, whose frequency is told and not drawn: a decoder only says how loud each is.

Convolutions have to learn every pitch by heart; a sum of sines follows the note exactly, between the notes it learned from too.
After DDSP (2001.04643). B batch, C channels, F features, K partials, n hops of 512 samples.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

RATE = 44100
DOWN = 4
"""Partials are made at a quarter of the rate."""

HOP = 512 // DOWN
HIGHEST = 4900.0
"""Hz; where partials end, just under what the quarter of the rate can carry."""


class Partials(nn.Module):
    """Features (B, F, n), notes (B,) as MIDI, first hop (B,) → (B, C, n·128) at a quarter of the rate."""

    def __init__(self, features: int, channels: int, count: int) -> None:
        super().__init__()
        self.channels, self.count = channels, count
        self.loudness = nn.Conv1d(features, channels * count, 1)
        nn.init.normal_(self.loudness.weight, std=0.01)
        assert self.loudness.bias is not None
        with torch.no_grad():
            self.loudness.bias.copy_((-4.0 - torch.arange(1, count + 1).log()).repeat(channels))

    def forward(self, x: Tensor, note: Tensor, first: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            loud = self.loudness(x.float()).clamp(max=1.0).exp()  # (B, C·K, n)
            loud = F.interpolate(loud, scale_factor=float(HOP), mode="linear", align_corners=False)
            hz = 440.0 * torch.exp2((note.float() - 69.0) / 12.0)[:, None]  # (B, 1)
            wave = self.waves(hz, first, x.shape[-1]) * self.heard(hz)[:, :, None]  # (B, K, n·128)
            return (loud.unflatten(1, (self.channels, self.count)) * wave[:, None]).sum(2)

    def waves(self, hz: Tensor, first: Tensor, n: int) -> Tensor:
        """sin of every multiple of the phase, (B, K, n·128). Whole turns are dropped hop by hop, so that phases stay exact."""
        turns = hz * (DOWN / RATE)  # (B, 1) per sample
        hops = first[:, None] + torch.arange(n, device=hz.device)  # (B, n)
        begin = torch.remainder(torch.remainder(turns * HOP, 1.0) * hops, 1.0)
        phase = begin[:, :, None] + (turns * torch.arange(HOP, device=hz.device))[:, None]  # (B, n, 128)
        angle = (2 * math.pi) * phase.flatten(1)[:, None]
        sine, cosine = angle.sin(), angle.cos()
        while sine.shape[1] < self.count:  # sin((k + m) φ) = sin kφ · cos mφ + cos kφ · sin mφ
            s, c = sine[:, -1:], cosine[:, -1:]
            sine, cosine = (
                torch.cat([sine, sine * c + cosine * s], 1),
                torch.cat([cosine, cosine * c - sine * s], 1),
            )
        return sine[:, : self.count]

    def heard(self, hz: Tensor) -> Tensor:
        """(B, K): 1 well under HIGHEST, 0 above."""
        k = torch.arange(1, self.count + 1, device=hz.device)
        return ((HIGHEST - hz * k) / 400.0).clamp(0, 1)
