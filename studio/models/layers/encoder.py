"""From a sound to one latent: two towers of convolutions over log-mel spectra, fine at the beginning, coarse over the whole.

B batch, C channels (middle and side), T samples, D latent size, N frames of 2,048 samples, n frames of a tower, d its width.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from studio.models.layers.blocks import SLOPE, ConvNeXt
from studio.models.layers.decoders import FRAME
from studio.models.layers.losses import FLOOR, Mel


class Tower(nn.Module):
    """Log-mel (B, C·96, n) → (B, parts·d): ConvNeXt blocks at two rates, then means over stretches that widen with time."""

    EDGES = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 44)

    def __init__(self, rows: int, frames: int, d: int) -> None:
        super().__init__()
        self.enter = nn.Conv1d(rows, d, 5, padding=2)
        self.fine = ConvNeXt(d, 3 * d)
        self.halve = nn.Conv1d(d, d, 4, stride=2, padding=1)
        self.coarse = ConvNeXt(d, 3 * d)
        self.norm = nn.LayerNorm(d, eps=1e-6)
        self.spans = [(a, b) for a, b in pairwise(self.EDGES) if a < frames // 2]
        self.size = len(self.spans) * d

    def forward(self, mel: Tensor) -> Tensor:
        x = self.coarse(self.halve(self.fine(self.enter(mel))))
        x = self.norm(x.transpose(1, 2))  # (B, n/2, d)
        return torch.cat([x[:, a:b].mean(1) for a, b in self.spans], 1)


class Encoder(nn.Module):
    """Audio as middle and side (B, C, T) → mean and log variance (B, D). One tower hears the first 0.37 s in steps of 6 ms, the
    other everything in steps of 46 ms: a hit says most about itself at once."""

    MELS, D = 96, 192
    loudness: Tensor  # mean and spread of log-mels

    def __init__(self, rate: int, latent: int, channels: int, frames: int) -> None:
        super().__init__()
        self.near, self.far = Mel(rate, 1024, self.MELS, 256), Mel(rate, 4096, self.MELS, FRAME)
        self.beginning = Tower(channels * self.MELS, 64, self.D)
        self.whole = Tower(channels * self.MELS, frames, self.D)
        size = self.beginning.size + self.whole.size
        self.leave = nn.Sequential(nn.Linear(size, 256), nn.LeakyReLU(SLOPE), nn.Linear(256, 2 * latent))
        self.register_buffer("loudness", torch.tensor([-3.0, 1.5]))

    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        first, every = self.hear(audio)
        first, every = ((x - self.loudness[0]) / self.loudness[1] for x in (first, every))
        both = torch.cat([self.beginning(first), self.whole(every)], 1)
        mean, logvar = self.leave(both).float().chunk(2, 1)
        return mean, logvar.clamp(-12, 4)

    def hear(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """Log-mels (B, C·96, 64) of the beginning and (B, C·96, N) of all, down to 80 dB under the peak."""
        C, T = audio.shape[1:]
        parts = ((self.near, audio[..., :16384], 64), (self.far, audio, T // FRAME))
        mels = [mel(x.flatten(0, 1))[:, :n].unflatten(0, (-1, C)) for mel, x, n in parts]  # (B, C, n, 96)
        floors = [(mel.amax((1, 2, 3), keepdim=True) * FLOOR).clamp_min(1e-7) for mel in mels]
        first, every = ((mel + floor).log10().transpose(2, 3).flatten(1, 2) for mel, floor in zip(mels, floors))
        return first, every
