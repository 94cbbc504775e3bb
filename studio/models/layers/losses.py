"""Distances between sounds that follow hearing: log-mel spectra over several windows, in float32 whatever the autocast.

The windows and mel counts are those of DAC (2306.06546). Levels are compared down to 80 dB under the sound's own peak: what
lies below is inaudible and would otherwise dominate. B batch, T samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

WINDOWS = (32, 64, 128, 256, 512, 1024, 2048)
MELS = (5, 10, 20, 40, 80, 160, 320)
FLOOR = 1e-4  # −80 dB
SMALL = 1e-12
PARTS = 4
"""A mel bank is nearly empty: cut into this many groups of neighbouring bands, a third of the products remains."""


def mel_filters(rate: int, n_fft: int, n_mels: int) -> np.ndarray:
    """Triangular filters, (n_mels, n_fft/2 + 1), each with unit sum; a band narrower than one bin takes its nearest bin."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, n_mels + 2) / 2595) - 1)
    bins = np.arange(n_fft // 2 + 1) * rate / n_fft
    rise = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    bank = np.maximum(0, np.minimum(rise, fall))
    for row in np.flatnonzero(bank.sum(1) == 0):
        bank[row, np.abs(bins - edges[row + 1]).argmin()] = 1
    return (bank / bank.sum(1, keepdims=True)).astype(np.float32)


def roughness(mel: Tensor) -> Tensor:
    """Mean deviation within patches of up to 8 frames × 4 bands, (B, C, frames, mels) → (B, C, …); noise is rough."""
    frames, mels = min(8, mel.shape[2]), min(4, mel.shape[3])
    mean = F.avg_pool2d(mel, (frames, mels))
    there = mel[:, :, : mean.shape[2] * frames, : mean.shape[3] * mels]
    return F.avg_pool2d((there - F.interpolate(mean, scale_factor=(frames, mels), mode="nearest")).abs(), (frames, mels))


class Mel(nn.Module):
    """(B, T) → mel amplitudes (B, frames, n_mels); a full-scale sine reads about 1 in its band.

    Frame n is centred on sample n·hop. |·| has slope 0 at silence, where the square root of a power has none.
    """

    taper: Tensor

    def __init__(self, rate: int, n_fft: int, n_mels: int, hop: int) -> None:
        super().__init__()
        self.n_fft, self.hop = n_fft, hop
        window = np.hanning(n_fft + 1)[:-1]
        self.register_buffer("taper", torch.from_numpy(window * 2 / window.sum()).float(), persistent=False)
        self.starts = []
        for part, (start, weights) in enumerate(_parts(mel_filters(rate, n_fft, n_mels).T)):
            self.starts.append(start)
            self.register_buffer(f"bank{part}", torch.from_numpy(weights), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        half, short = self.n_fft // 2, -audio.shape[-1] % self.hop
        with torch.autocast(audio.device.type, enabled=False):
            padded = F.pad(audio.float(), (half, half + short))
            banks = [getattr(self, f"bank{part}") for part in range(len(self.starts))]
            if torch.is_grad_enabled() and padded.requires_grad:
                return _Mel.apply(padded, self.taper, self.hop, self.starts, *banks)
            return _hear(padded, self.taper, self.hop, self.starts, banks)[2]  # plain operations, which can be exported


def _parts(bank: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """(bins, n_mels) → for each group of bands the first bin it hears, and the weights of those it hears."""
    found = []
    for columns in np.array_split(bank, PARTS if bank.shape[1] >= 8 * PARTS else 1, axis=1):
        heard = np.flatnonzero(columns.any(1))
        found.append((int(heard[0]), columns[heard[0] : heard[-1] + 1].copy()))
    return found


def _hear(audio: Tensor, taper: Tensor, hop: int, starts: list[int], banks: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Padded (B, T) → spectra (B, F, K), their amplitudes, and bands (B, F, M)."""
    spectrum = torch.fft.rfft(audio.unfold(1, len(taper), hop) * taper)
    real, imaginary = torch.view_as_real(spectrum).unbind(-1)
    size = (real * real).addcmul_(imaginary, imaginary).sqrt_()
    flat = size.flatten(0, 1)
    parts = [flat[:, a : a + len(bank)] @ bank for a, bank in zip(starts, banks)]
    return spectrum, size, torch.cat(parts, 1).unflatten(0, size.shape[:2])


class _Mel(torch.autograd.Function):
    """Tapered frames → |FFT| → bands, with the way back written out: one real inverse FFT and an overlap-add, half the work of
    differentiating torch.stft or these operations one by one. Not twice differentiable, and says so when asked.

    audio (B, T) padded; taper (n_fft,); starts and banks as of `_parts`; F frames, K bins, M bands.
    """

    @staticmethod
    def forward(ctx: Any, audio: Tensor, taper: Tensor, hop: int, starts: list[int], *banks: Tensor) -> Tensor:
        spectrum, size, mel = _hear(audio, taper, hop, starts, banks)
        ctx.save_for_backward(spectrum, size, taper, *banks)
        ctx.hop, ctx.starts = hop, starts
        return mel

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        spectrum, size, taper, *banks = ctx.saved_tensors
        B, count, _ = size.shape
        n_fft, hop = len(taper), ctx.hop
        slope = torch.zeros_like(size).flatten(0, 1)  # (B·F, K)
        parts = grad.flatten(0, 1).split([bank.shape[1] for bank in banks], 1)
        for a, bank, part in zip(ctx.starts, banks, parts):
            slope[:, a : a + len(bank)].addmm_(part, bank.T)
        slope = slope.view_as(size) * (n_fft / 2) / size.clamp_min(SMALL)
        slope[..., 0] *= 2
        slope[..., -1] *= 2
        frames = torch.fft.irfft(spectrum * slope, n_fft) * taper  # the adjoint of rfft: bins between the ends count once
        turns = n_fft // hop
        audio = frames.new_zeros(B, count + turns - 1, hop)
        for turn in range(turns):
            audio[:, turn : turn + count] += frames[..., turn * hop : (turn + 1) * hop]
        return audio.flatten(1), None, None, None, *(None for _ in banks)


class MelDistance(nn.Module):
    """Mean absolute difference of log10 mel amplitudes over all windows. 0.1 is 2 dB.

    Training takes half-overlapping frames at a random shift: on average the same distance for a third of the work. And there
    half of the weight follows the square root of a frame's amplitude: with all frames alike a hit of 10 ms before a tail of a
    second counts for nothing, and drums came out 5 dB too soft. And there the roughness of both is compared: of two draws of
    one noise the distance sees a difference where the ear hears none, so that a smooth sound between all draws scored best.
    """

    def __init__(self, rate: int) -> None:
        super().__init__()
        self.dense = nn.ModuleList(Mel(rate, n_fft, n_mels, n_fft // 4) for n_fft, n_mels in zip(WINDOWS, MELS))
        self.sparse = nn.ModuleList(Mel(rate, n_fft, n_mels, n_fft // 2) for n_fft, n_mels in zip(WINDOWS, MELS))

    def forward(self, made: Tensor, real: Tensor) -> Tensor:
        """Two (B, C, T) → (B,). The channels share one floor, so that a faint side channel counts as little as it is heard."""
        shape = made.shape[:2]
        made, real = made.float().flatten(0, 1), real.float().flatten(0, 1)
        total = made.new_zeros(shape[0])
        for scale in self.sparse if self.training else self.dense:
            assert isinstance(scale, Mel)
            shift = int(torch.randint(scale.hop, ())) if self.training else 0
            with torch.no_grad():
                target = scale(F.pad(real, (shift, 0))).unflatten(0, shape)  # (B, C, frames, mels)
                floor = (target.amax((1, 2, 3), keepdim=True) * FLOOR).clamp_min(1e-7)
                loud = (target.mean((1, 3), keepdim=True) + floor).sqrt()
                weight = 0.5 + 0.5 * loud / loud.mean(2, keepdim=True) if self.training else 1.0
                target = (target + floor).log10()
            heard = (scale(F.pad(made, (shift, 0))).unflatten(0, shape) + floor).log10()
            total = total + (weight * (heard - target).abs()).mean((1, 2, 3))
            if self.training:
                total = total + (roughness(heard) - roughness(target)).abs().mean((1, 2, 3))
        return total / len(WINDOWS)
