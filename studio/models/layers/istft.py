"""The inverse short-time Fourier transform as a decoder's last layer, in operations that ONNX Runtime also has.

torch.istft exports to a graph that ONNX Runtime refuses; the inverse FFT of every frame, a window and shifted sums are the same
thing. The window is the Hann window on both sides, the hop a quarter of it or less. B batch, F bins, N frames, T samples.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ISTFT(nn.Module):
    """Real and imaginary parts (B, F, N) → (B, N·hop): frame n is centred on sample n·hop + hop/2, as `stft` below cuts it."""

    window: Tensor

    def __init__(self, n_fft: int, hop: int) -> None:
        super().__init__()
        if n_fft % hop or n_fft // hop < 4:
            raise ValueError(f"hop {hop} must divide n_fft {n_fft} at least four times")
        self.n_fft, self.hop = n_fft, hop
        window = torch.hann_window(n_fft)
        self.register_buffer("window", window / (window.square().sum() / hop), persistent=False)

    def forward(self, real: Tensor, imaginary: Tensor) -> Tensor:
        B, _, N = real.shape
        turns = self.n_fft // self.hop
        spectrum = torch.complex(real.transpose(1, 2).contiguous(), imaginary.transpose(1, 2).contiguous())
        frames = torch.fft.irfft(spectrum, n=self.n_fft) * self.window  # (B, N, n_fft)
        parts = frames.reshape(B, N, turns, self.hop)
        whole = sum(
            nn.functional.pad(parts[:, :, turn], (0, 0, turn, turns - 1 - turn)) for turn in range(turns)
        )  # (B, N + turns - 1, hop)
        start = (self.n_fft - self.hop) // 2
        return whole.reshape(B, (N + turns - 1) * self.hop)[:, start : start + N * self.hop]  # type: ignore[union-attr]


def stft(audio: Tensor, n_fft: int, hop: int) -> Tensor:
    """(B, T) → complex (B, F, T/hop) with Hann window: what `ISTFT` inverts."""
    side = (n_fft - hop) // 2
    padded = nn.functional.pad(audio, (side, side))
    window = torch.hann_window(n_fft, device=audio.device)
    return torch.stft(padded, n_fft, hop, window=window, center=False, return_complex=True)
