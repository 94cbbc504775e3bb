"""How far made sounds are from real ones as a whole, by distances between pairs: never of a sound to the one it should be.

The energy score (Gneiting and Raftery, 2007) is lowest, on average, where sounds are drawn as the real ones are: nearness to
real sounds counts, and so does distance between two made ones. The energy distance is the same between two sets (Székely and
Rizzo, 2013; of spectra of speech in 2008.01160). B batch, C channels, T samples, F features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.models.layers.losses import Mel

FLOOR = 1e-3
ONSET = 8192
SMALL = 1e-9


class Ears(nn.Module):
    """(B, C, T) → log-mel features (B, F): of the whole sound in outline, and of its beginning in finer steps."""

    def __init__(self, rate: int, samples: int) -> None:
        super().__init__()
        self.samples = samples
        self.whole, self.onset = Mel(rate, 2048, 40, 1024), Mel(rate, 512, 24, 256)

    def forward(self, audio: Tensor) -> Tensor:
        audio = F.pad(audio, (0, max(0, self.samples - audio.shape[-1])))[..., : self.samples].float()
        B, C, T = audio.shape
        flat = audio.reshape(B * C, T)
        parts = (self.whole(flat), self.onset(flat[:, :ONSET]))
        return torch.cat([((part + FLOOR).log10() / part[0].numel() ** 0.5).reshape(B, -1) for part in parts], 1)


def apart(a: Tensor, b: Tensor) -> Tensor:
    """Distances between rows, (N, F) and (M, F) → (N, M), with a slope everywhere."""
    return ((a[:, None] - b[None]).square().sum(2) + SMALL).sqrt()


def energy_score(real: Tensor, made: Tensor, other: Tensor) -> Tensor:
    """Of each real row (B, F), given two made ones for it, (B, F) each."""
    pairs = ((real, made), (real, other), (made, other))
    first, second, between = ((a - b).square().sum(1).add(SMALL).sqrt() for a, b in pairs)
    return (first + second - between) / 2


def energy_distance(real: Tensor, made: Tensor, label: Tensor) -> Tensor:
    """2 E|x − y| − E|y − y'| between real and made rows (B, F) of the same label (B,), over labels that occur twice; the part
    that depends on `made`, without bias."""
    same = label[:, None] == label[None]  # (B, B)
    often = same.sum(1)
    used = often > 1
    across = (apart(real, made) * same).sum(1) / often
    within = (apart(made, made) * same * ~torch.eye(len(made), dtype=torch.bool, device=made.device)).sum(1)
    return ((2 * across - within / (often - 1).clamp_min(1)) * used).sum() / len(made)


def natural(features: Tensor, label: Tensor) -> Tensor:
    """What real rows (N, F) would score: half the mean distance of two of one label (N,); of any two where no label has two."""
    distances = torch.cdist(features, features)  # (N, N): a thousand sounds are too many for `apart`
    others = ~torch.eye(len(features), dtype=torch.bool, device=features.device)
    same = (label[:, None] == label[None]) & others
    chosen = same if same.any() else others
    return distances[chosen].mean() / 2 if chosen.any() else distances.new_ones(())
