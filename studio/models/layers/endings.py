"""How made sounds end and how loud they are, alike while they learn and when they play: nothing for critics to tell them by.

B batch, C channels, T samples.
"""

from __future__ import annotations

import torch
from torch import Tensor

FADE = 0.010
"""Seconds before the end in which a sound fades."""
PEAK = 10 ** (-1 / 20)
"""Of all sounds as they are learned (library/reader.py)."""


def ended(audio: Tensor, seconds: Tensor, rate: int) -> Tensor:
    """(B, C, T) around zero, silent after `seconds` (B,), with their peak where that of real sounds is."""
    time = torch.arange(audio.shape[-1], device=audio.device) / rate
    there = ((seconds[:, None] - time) / FADE).clamp(0, 1)[:, None]  # (B, 1, T)
    offset = (audio * there).sum(2, keepdim=True) / there.sum(2, keepdim=True)
    return loud((audio - offset) * there)


def loud(audio: Tensor) -> Tensor:
    """(B, C, T) with the peak of every sound that is learned from; silence stays."""
    return audio * (PEAK / audio.abs().amax((1, 2), keepdim=True).clamp_min(1e-3))
