"""Small critics without any normalisation, for generators that learn from nothing else: of grain, of waves, and of the outline.

Each looks first, which is never differentiated twice, and scores what it saw, so that the slopes of its scores can be kept
small (R3GAN, 2501.05441). Mel pictures as in discriminators.py; the spread within a batch after ProGAN (1710.10196). B batch,
C channels, T samples, K conditions, n places.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.models.layers.heads import SLOPE, Head
from studio.models.layers.losses import Mel
from studio.models.layers.pqmf import BANDS, PQMF

CROP = 16384
"""Samples that are looked at closely."""
FLOOR = 1e-4
Shape = tuple[int, int, int]
"""Window, mel bands and hop of a picture."""


def lively(layers: Iterable[nn.Module]) -> None:
    """Begin so that differences don't fade from layer to layer (He et al., 1502.01852)."""
    for layer in layers:
        nn.init.kaiming_normal_(layer.weight, SLOPE)  # type: ignore[arg-type]
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]


def cropped(audio: Tensor, place: Tensor) -> Tensor:
    """CROP samples of each (B, C, T) from `place` (B,) on."""
    index = place[:, None, None] + torch.arange(min(CROP, audio.shape[-1]), device=audio.device)
    return audio.gather(2, index.expand(-1, audio.shape[1], -1))


class PictureScorer(nn.Module):
    """Of a mel picture: of a crop, or with `whole` of all, where also the spread of the batch is seen."""

    def __init__(
        self,
        rate: int,
        channels: int,
        shape: Shape,
        width: int,
        conditions: int,
        concat: bool,
        whole: bool = False,
    ) -> None:
        super().__init__()
        self.mel, self.whole = Mel(rate, *shape), whole
        sizes = (channels, width, 2 * width, 3 * width, 4 * width)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairwise(sizes))
        self.last = nn.Conv2d(sizes[-1] + whole, sizes[-1], 3, padding=1)
        self.score = Head(sizes[-1], conditions, concat)
        lively([*self.layers, self.last])

    def look(self, audio: Tensor, place: Tensor) -> Tensor:
        """(B, C, T) → (B, C, frames, mels), about −1.5 to 2."""
        if not self.whole:
            audio = cropped(audio, place)
        mel = self.mel(audio.flatten(0, 1)).unflatten(0, audio.shape[:2])
        return ((mel + FLOOR).log10() + 2.5).contiguous(memory_format=torch.channels_last)

    def forward(self, x: Tensor, conditions: Tensor) -> Tensor:
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE)
        if self.whole:
            x = torch.cat([x, spread(x).to(x.dtype)], 1)
        return self.score(F.leaky_relu(self.last(x), SLOPE), conditions)


class BandScorer(nn.Module):
    """Of the waves themselves, in 16 bands of a crop, at a sixteenth of the rate."""

    TINY = 1e-3

    def __init__(self, channels: int, width: int, conditions: int, concat: bool) -> None:
        super().__init__()
        self.pqmf = PQMF()
        sizes = (channels * BANDS, 2 * width, 4 * width, 6 * width, 6 * width)
        self.layers = nn.ModuleList(nn.Conv1d(a, b, 7, s, padding=3) for (a, b), s in zip(pairwise(sizes), (2, 2, 3, 3)))
        self.score = Head(sizes[-1], conditions, concat)
        lively(self.layers)

    def look(self, audio: Tensor, place: Tensor) -> Tensor:
        """(B, C, T) → (B, C·16, T/16), small waves made visible."""
        with torch.autocast(audio.device.type, enabled=False):
            return (self.pqmf.analysis(cropped(audio, place).float()) / self.TINY).asinh() / 3

    def forward(self, x: Tensor, conditions: Tensor) -> Tensor:
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE)
        return self.score(x[..., None], conditions)


def spread(x: Tensor) -> Tensor:
    """How much (B, F, h, w) differs within the batch: one number, as a feature (B, 1, h, w)."""
    deviation = (x.float().var(0, correction=0) + 1e-8).sqrt().mean()
    return deviation.expand(len(x), 1, *x.shape[2:])
