"""WaveGAN's two networks, as Donahue, McAuley and Puckette drew them (1802.04208): transposed convolutions of 25 taps.

Beside them, for comparison, stand the family's own. B batch, C channels, T samples, D latent size, K classes, d the model size.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.models.layers.heads import Head

TAPS, SLOPE = 25, 0.2


def plan(samples: int) -> tuple[int, list[int], int]:
    """For 16384, 32768, 65536 or 131072 samples: columns of the first layer, strides of those after it, and the first layer's
    channels as a multiple of d. The paper's for the first three."""
    strides = {16384: [4] * 5, 32768: [4] * 5 + [2], 65536: [4] * 6, 131072: [4] * 6 + [2]}[samples]
    columns = samples
    for stride in strides:
        columns //= stride
    return columns, strides, 16 if samples == 16384 else 32


def widths(samples: int, d: int) -> list[int]:
    """Channels between the layers from the slowest to the fastest."""
    _, strides, most = plan(samples)
    return [max(d, most * d >> i) for i in range(len(strides))]


class WaveGenerator(nn.Module):
    """forward: latent (B, D) and classes (B, K) → audio (B, C, T) in ±1."""

    def __init__(self, latent: int, classes: int, channels: int, samples: int, d: int) -> None:
        super().__init__()
        self.columns, strides, _ = plan(samples)
        sizes = widths(samples, d)
        self.enter = nn.Linear(latent + classes, self.columns * sizes[0])
        self.layers = nn.ModuleList(
            nn.ConvTranspose1d(a, b, TAPS, stride, padding=(TAPS - stride + 1) // 2, output_padding=(TAPS - stride) % 2)
            for (a, b), stride in zip(pairwise([*sizes, channels]), strides)
        )

    def forward(self, latent: Tensor, classes: Tensor) -> Tensor:
        x = self.enter(torch.cat([latent, classes], 1)).unflatten(1, (-1, self.columns))
        for layer in self.layers[:-1]:
            x = layer(F.relu(x))
        with torch.autocast(x.device.type, enabled=False):  # 8 bits of a wave would be heard
            return self.layers[-1](F.relu(x.float())).tanh()


class WaveCritic(nn.Module):
    """Audio (B, C, T) and conditions (B, K) → one score each, (B, 1)."""

    def __init__(self, channels: int, samples: int, d: int, shuffle: int, conditions: int, concat: bool) -> None:
        super().__init__()
        columns, strides, _ = plan(samples)
        sizes = [channels, *widths(samples, d)[::-1]]
        self.samples, self.shuffle = samples, shuffle
        self.layers = nn.ModuleList(
            nn.Conv1d(a, b, TAPS, stride, padding=TAPS // 2 if stride == 2 else 11)
            for (a, b), stride in zip(pairwise(sizes), strides)
        )
        self.score = Head(sizes[-1] * columns, conditions, concat)

    def look(self, audio: Tensor, place: Tensor) -> Tensor:
        """All of it, and silence up to the end."""
        return F.pad(audio, (0, self.samples - audio.shape[-1]))

    def forward(self, x: Tensor, conditions: Tensor) -> Tensor:
        for number, layer in enumerate(self.layers):
            x = F.leaky_relu(layer(x), SLOPE)
            if self.shuffle and number < len(self.layers) - 1:
                x = shuffled(x, self.shuffle)
        return self.score(x.flatten(1)[..., None, None], conditions)


def shuffled(x: Tensor, most: int) -> Tensor:
    """Phase shuffle: each example (B, F, n) moved by −most to most frames, its edge mirrored into the gap."""
    B, _, n = x.shape
    place = torch.arange(n)[None] - torch.randint(-most, most + 1, (B, 1))
    place = place.abs()
    place = torch.where(place > n - 1, 2 * (n - 1) - place, place).clamp(0, n - 1).to(x.device)
    return x.gather(2, place[:, None].expand(-1, x.shape[1], -1))
