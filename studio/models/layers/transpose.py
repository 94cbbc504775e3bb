"""Notes moved to other keys by playing them faster or slower, and what they are called with them: more notes to learn from.

Used by `gansynth` while it learns. B batch, T samples; randomness from torch's global generator.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

SHARE = 1 / 3
"""How many notes are moved: enough to fill the keyboard, few enough that most timbres are their own."""

GRAIN = 128
"""Lengths are rounded to so many samples, for which a Fourier transform is quick."""


def transposed(audio: Tensor, note: Tensor, most: float) -> tuple[Tensor, Tensor]:
    """(B, 1, T), notes (B,) → the same, a third of them moved by up to `most` semitones."""
    chosen = torch.rand(len(note)) < SHARE
    semitones = (2 * torch.rand(len(note)) - 1) * most * chosen
    audio, note = audio.clone(), note.clone()
    for row in chosen.nonzero()[:, 0].tolist():
        audio[row], moved = resampled(audio[row], float(semitones[row]))
        note[row] += moved
    return audio, note


def resampled(audio: Tensor, semitones: float) -> tuple[Tensor, float]:
    """(C, T) → (C, T) played faster or slower, with silence or a cut at its end, and by how many semitones exactly."""
    T = audio.shape[-1]
    whole = -(-T // GRAIN) * GRAIN + GRAIN  # silence between the end and the beginning, which are neighbours here
    size = round(whole / 2 ** (semitones / 12) / GRAIN) * GRAIN
    spectrum = torch.fft.rfft(F.pad(audio.float(), (0, whole - T)))
    moved = torch.fft.irfft(F.pad(spectrum, (0, max(0, size // 2 - whole // 2)))[..., : size // 2 + 1], size)
    moved = F.pad(moved * (size / whole), (0, max(0, T - size)))[..., :T]
    exact = 12 * torch.log2(torch.tensor(whole / size, dtype=torch.float64))
    return moved.clamp(-1, 1), float(exact)
