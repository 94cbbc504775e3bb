"""The inverse short-time Fourier transform as a decoder's last layer, in operations that ONNX Runtime also has.

torch.istft exports to a graph that ONNX Runtime refuses; the inverse FFT of every frame, a window and shifted sums are the same
thing. Where only a few low bins sound, a product with their cosines and sines is faster than the FFT. The window is the Hann
window on both sides, the hop a quarter of it or less. B batch, F bins, N frames, T samples.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn


class ISTFT(nn.Module):
    """Real and imaginary parts (B, F, N) → (B, N·hop): frame n is centred on sample n·hop + hop/2, as `stft` below cuts it.

    `bins`: only the lowest so many of the n_fft/2 + 1 are given, fewer than n_fft/2; the others are silent.
    """

    basis: Tensor | None
    window: Tensor

    def __init__(self, n_fft: int, hop: int, bins: int | None = None) -> None:
        super().__init__()
        if n_fft % hop or n_fft // hop < 4:
            raise ValueError(f"hop {hop} must divide n_fft {n_fft} at least four times")
        self.n_fft, self.hop = n_fft, hop
        window = np.hanning(n_fft + 1)[:-1]
        window = window / (np.square(window).sum() / hop)
        self.register_buffer("window", torch.from_numpy(window).float(), persistent=False)
        k = np.arange(bins or 0)
        angle = 2 * math.pi / n_fft * (np.outer(k, np.arange(n_fft)) % n_fft)
        twice = np.where(k == 0, 1.0, 2.0)[:, None]  # each bin stands for its mirror image as well
        basis = np.concatenate([np.cos(angle) * twice, -np.sin(angle) * twice]) * window / n_fft  # (2F, n_fft)
        self.register_buffer("basis", torch.from_numpy(basis).float() if bins else None, persistent=False)

    def forward(self, real: Tensor, imaginary: Tensor) -> Tensor:
        B, _, N = real.shape
        turns = self.n_fft // self.hop
        if self.basis is not None:
            frames = torch.cat([real, imaginary], 1).transpose(1, 2) @ self.basis  # (B, N, n_fft)
        else:
            spectrum = torch.complex(real.transpose(1, 2).contiguous(), imaginary.transpose(1, 2).contiguous())
            frames = torch.fft.irfft(spectrum, n=self.n_fft) * self.window
        parts = frames.reshape(B, N, turns, self.hop)
        whole = nn.functional.pad(parts[:, :, 0], (0, 0, 0, turns - 1))
        for turn in range(1, turns):
            whole = whole + nn.functional.pad(parts[:, :, turn], (0, 0, turn, turns - 1 - turn))
        start = (self.n_fft - self.hop) // 2  # whole is (B, N + turns - 1, hop)
        return whole.reshape(B, (N + turns - 1) * self.hop)[:, start : start + N * self.hop]


def stft(audio: Tensor, n_fft: int, hop: int) -> Tensor:
    """(B, T) → complex (B, F, T/hop) with Hann window: what `ISTFT` inverts."""
    side = (n_fft - hop) // 2
    padded = nn.functional.pad(audio, (side, side))
    window = torch.hann_window(n_fft, device=audio.device)
    return torch.stft(padded, n_fft, hop, window=window, center=False, return_complex=True)
