"""Distances between sounds that follow hearing: log-mel spectra over several windows, in float32 whatever the autocast.

The windows and mel counts are those of DAC (2306.06546). Levels are compared down to 80 dB under the sound's own peak: what
lies below is inaudible and would otherwise dominate. B batch, T samples.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

WINDOWS = (32, 64, 128, 256, 512, 1024, 2048)
MELS = (5, 10, 20, 40, 80, 160, 320)
FLOOR = 1e-4  # −80 dB
_TINY = 1e-14  # under the root: its slope at silence stays finite


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


class Mel(nn.Module):
    """(B, T) → mel amplitudes (B, n_mels, T/hop); a full-scale sine reads about 1 in its band."""

    bank: Tensor
    window: Tensor

    def __init__(self, rate: int, n_fft: int, n_mels: int, hop: int | None = None) -> None:
        super().__init__()
        self.n_fft, self.hop = n_fft, hop or n_fft // 4
        self.register_buffer("bank", torch.from_numpy(mel_filters(rate, n_fft, n_mels)), persistent=False)
        window = torch.hann_window(n_fft)
        self.register_buffer("window", window * 2 / window.sum(), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        with torch.autocast(audio.device.type, enabled=False):
            side = (self.n_fft - self.hop) // 2
            padded = nn.functional.pad(audio.float(), (side, side))
            spectrum = torch.stft(padded, self.n_fft, self.hop, window=self.window, center=False, return_complex=True)
            power = torch.view_as_real(spectrum).square().sum(-1)
            return self.bank @ (power + _TINY).sqrt()


class MelDistance(nn.Module):
    """Mean absolute difference of log10 mel amplitudes over all windows. 0.1 is 2 dB."""

    def __init__(self, rate: int, windows: tuple[int, ...] = WINDOWS, mels: tuple[int, ...] = MELS) -> None:
        super().__init__()
        self.scales = nn.ModuleList(Mel(rate, n_fft, n_mels) for n_fft, n_mels in zip(windows, mels))

    def forward(self, made: Tensor, real: Tensor) -> Tensor:
        """Two (B, C, T) → (B,). The channels share one floor, so that a faint side channel counts as little as it is heard."""
        B, C, T = made.shape
        total = made.new_zeros(B, dtype=torch.float32)
        for scale in self.scales:
            with torch.no_grad():
                target = scale(real.reshape(B * C, T)).unflatten(0, (B, C))
                floor = (target.amax((1, 2, 3), keepdim=True) * FLOOR).clamp_min(1e-7)
                target = (target + floor).log10()
            heard = (scale(made.reshape(B * C, T)).unflatten(0, (B, C)) + floor).log10()
            total = total + (heard - target).abs().mean((1, 2, 3))
        return total / len(self.scales)
