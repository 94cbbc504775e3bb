"""Changes that don't make a sound less real, done alike to what critics see of real and of made sounds.

With few files critics learn them by heart; they can't learn every level, polarity and shift by heart. Differentiable, after
DiffAugment (2006.10738). B batch, C channels, T samples. Randomness from torch's global generator.
"""

from __future__ import annotations

import torch
from torch import Tensor

LEVEL_DB, SHIFT = 6.0, 64


def augment(*sounds: Tensor) -> list[Tensor]:
    """Each (B, C, T) with the same random level (±6 dB), polarity and shift (up to 1.5 ms) per example."""
    B, _, T = sounds[0].shape
    device = sounds[0].device
    level = 10 ** ((torch.rand(B, 1, 1) * 2 - 1) * LEVEL_DB / 20)
    sign = torch.where(torch.rand(B, 1, 1) < 0.5, -1.0, 1.0)
    shift = torch.randint(-SHIFT, SHIFT + 1, (B, 1, 1))
    place = torch.arange(T) - shift  # (B, 1, T)
    inside = (place >= 0) & (place < T)
    place, scale = place.clamp(0, T - 1).to(device), (level * sign * inside).to(device)
    return [sound.gather(2, place.expand(-1, sound.shape[1], -1)) * scale for sound in sounds]
