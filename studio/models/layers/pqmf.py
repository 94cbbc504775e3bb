"""A fixed bank of 16 near-perfect cosine-modulated filters: what a decoder has to draw becomes 16 slow bands.

After Nguyen, "Near-perfect-reconstruction pseudo-QMF banks" (1994), as RAVE (2111.05011) uses it; it rebuilds a signal to −59
dB. Both directions are one 16 → 16 convolution at the low rate and a reshape (the polyphase form), a hundredth of the
work of one long filter over zero-stuffed bands. B batch, C channels, M bands, T samples.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

BANDS = 16
_TAPS = 257
_CUTOFF = 0.0351019932745425  # of Nyquist; minimises the overlap of neighbouring bands for this length and 80 dB


def low_pass(taps: int, cutoff: float, beta: float) -> np.ndarray:
    """A windowed-sinc filter (taps,) that passes 0 Hz at 1 and half at `cutoff` (of Nyquist); `beta` shapes the Kaiser window.

    Here and not from scipy.signal, whose import takes half a second of every start.
    """
    n = np.arange(taps) - (taps - 1) / 2
    response = cutoff * np.sinc(cutoff * n) * np.kaiser(taps, beta)
    return response / response.sum()


def filters() -> tuple[np.ndarray, np.ndarray]:
    """Analysis and synthesis filters, each (M, 257)."""
    prototype = low_pass(_TAPS, _CUTOFF, 0.1102 * (80 - 8.7))
    n = np.arange(_TAPS) - (_TAPS - 1) / 2
    k = np.arange(BANDS)[:, None]
    angle, phase = (2 * k + 1) * np.pi / (2 * BANDS) * n, (-1.0) ** k * np.pi / 4
    return 2 * prototype * np.cos(angle + phase), 2 * prototype * np.cos(angle - phase)


class PQMF(nn.Module):
    """`analysis` (B, C, T) → (B, C·16, T/16); `synthesis` back. T is a multiple of 16. Not delayed against each other."""

    forward_weight: Tensor
    inverse_weight: Tensor

    def __init__(self) -> None:
        super().__init__()
        analysis, synthesis = filters()
        half = (_TAPS - 1) // 2  # 128 = 8 · 16
        reach = half // BANDS
        forward = np.zeros((BANDS, BANDS, 2 * reach + 1))  # [band, phase, tap]
        inverse = np.zeros((BANDS, BANDS, 2 * reach + 1))  # [phase, band, tap]
        for phase in range(BANDS):
            for tap in range(2 * reach + 1):
                lag = (tap - reach) * BANDS + phase  # x[16 n + lag] is heard by u[n]
                if abs(lag) <= half:
                    forward[:, phase, tap] = analysis[:, half - lag]
                lag = phase - (tap - reach) * BANDS  # y[16 n + phase] is fed by u[n + tap - reach]
                if abs(lag) <= half:
                    inverse[phase, :, tap] = BANDS * synthesis[:, half + lag]
        self.register_buffer("forward_weight", torch.from_numpy(forward).float(), persistent=False)
        self.register_buffer("inverse_weight", torch.from_numpy(inverse).float(), persistent=False)

    def analysis(self, audio: Tensor) -> Tensor:
        B, C, T = audio.shape
        phases = audio.reshape(B * C, T // BANDS, BANDS).transpose(1, 2)  # (B·C, 16, T/16)
        bands = F.conv1d(phases, self.forward_weight, padding=self.forward_weight.shape[-1] // 2)
        return bands.reshape(B, C * BANDS, T // BANDS)

    def synthesis(self, bands: Tensor) -> Tensor:
        B, rows, n = bands.shape
        C = rows // BANDS
        phases = F.conv1d(bands.reshape(B * C, BANDS, n), self.inverse_weight, padding=self.inverse_weight.shape[-1] // 2)
        return phases.transpose(1, 2).reshape(B, C, n * BANDS)
