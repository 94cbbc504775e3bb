"""Changes that don't make a sound less real, as many as it takes that critics don't learn few sounds by heart.

Adaptive discriminator augmentation (Karras et al., 2006.06676) for waveforms: gain, polarity, a small shift, an all-pass that
turns phases about, a few cents of pitch and a tilted spectrum, each with probability `strength`, done alike to what critics see
of real and of made sounds. Rarely enough done they don't show in what is made. B batch, C channels, T samples; randomness from
torch's global generator.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

GAIN_DB, SHIFT_SECONDS, CENTS, TILT_DB = 6.0, 0.002, 30.0, 1.0
"""The most that is done: TILT_DB per octave."""
POLE_HZ, POLE_RADIUS = (20.0, 2000.0), 0.99
TILT_HZ = (60.0, 1000.0, 12000.0)
"""A tilted spectrum is level below the first, keeps its gain at the second, and is level above the third."""
TAIL = 1024
"""Samples in which an all-pass dies away: 0.99^1024 is −89 dB."""
MOST = 0.8
"""Beyond this strength changes begin to be learned as what sounds are like."""
SMOOTH = 0.9


class Ada(nn.Module):
    """forward: sounds (B, C, T) each → the same, each example changed as its like of the other tensors is.

    `strength` is the probability of each change; `overfit` the smoothed share by which the critics recognise real sounds,
    E[sign D(real)], 1 when they are sure of all. `ramp`: sounds that it takes from 0 to 1. A target of 1 is never passed.
    """

    strength: Tensor
    overfit: Tensor

    def __init__(self, rate: int, target: float = 0.6, ramp: int = 20_000) -> None:
        super().__init__()
        self.rate, self.target, self.ramp = rate, target, ramp
        self.register_buffer("strength", torch.zeros(()))
        self.register_buffer("overfit", torch.zeros(()))

    @torch.no_grad()
    def adapt(self, margin: Tensor) -> dict[str, Tensor]:
        """Become stronger where more real sounds than the target lie on the real side of zero; `margin` as of adversarial.py.

        Returns what is worth a curve.
        """
        self.overfit.lerp_(margin.sign().mean(), 1 - SMOOTH)
        way = torch.sign(self.overfit - self.target) * len(margin) / self.ramp
        self.strength.add_(way).clamp_(0, MOST)
        target = torch.full_like(self.strength, self.target)
        return {"ada/strength": self.strength.clone(), "ada/overfit": self.overfit.clone(), "ada/target": target}

    def forward(self, *sounds: Tensor) -> list[Tensor]:
        p = float(self.strength)
        if p == 0:
            return list(sounds)
        B, T = sounds[0].shape[0], sounds[0].shape[-1]
        with torch.autocast(sounds[0].device.type, enabled=False):
            cents = CENTS * _mostly(B, p)
            response = self._response(B, T, p)
            return [self._filter(self._bend(x.float(), cents), response) for x in sounds]

    def _bend(self, x: Tensor, cents: Tensor) -> Tensor:
        """Play faster or slower by linear interpolation; the beginning stays where it is."""
        bent = cents.nonzero()[:, 0].tolist()
        if not bent:
            return x
        T = x.shape[-1]
        place = torch.arange(T) * 2 ** (cents[bent, None] / 1200)  # (B', T)
        first = place.floor()
        rest = (place - first).to(x.device)[:, None]
        index = first.long().clamp_max(T)[:, None].to(x.device).expand(-1, x.shape[1], -1)
        longer = F.pad(x[bent], (0, 2))
        y = torch.lerp(longer.gather(2, index), longer.gather(2, index + 1), rest)
        return x.index_copy(0, torch.tensor(bent, device=x.device), y)

    def _response(self, B: int, T: int, p: float) -> tuple[list[int], Tensor]:
        """Rows that are filtered, and what each of their frequencies is multiplied with: (B', bins)."""
        shift = (SHIFT_SECONDS * self.rate * _mostly(B, p)).round()
        gain, tilt = GAIN_DB * _mostly(B, p), TILT_DB * _mostly(B, p)
        sign = torch.where(torch.rand(B) < p / 2, -1.0, 1.0)  # one of two polarities, with probability p
        turned, height = torch.rand(B) < p, torch.rand(B)
        rows = ((shift != 0) | (gain != 0) | (tilt != 0) | (sign < 0) | turned).nonzero()[:, 0]
        bins = torch.arange(self._size(T) // 2 + 1)
        angle = bins * (2 * math.pi / self._size(T))
        hertz = (angle * self.rate / (2 * math.pi)).clamp(TILT_HZ[0], TILT_HZ[2])
        decibels = gain[rows, None] + tilt[rows, None] * (hertz / TILT_HZ[1]).log2()
        response = torch.polar(10 ** (decibels / 20) * sign[rows, None], -angle * shift[rows, None])
        low, high = (math.log(h) for h in POLE_HZ)
        pole = 2 * math.pi / self.rate * (low + (high - low) * height[rows, None]).exp()
        z = torch.polar(torch.ones_like(angle), -angle)
        linear = -2 * POLE_RADIUS * pole.cos()
        around = (POLE_RADIUS**2 + linear * z + z * z) / (1 + linear * z + POLE_RADIUS**2 * z * z)
        return rows.tolist(), response * torch.where(turned[rows, None], around, torch.ones_like(around))

    def _filter(self, x: Tensor, response: tuple[list[int], Tensor]) -> Tensor:
        rows, factors = response
        if not rows:
            return x
        T, size = x.shape[-1], self._size(x.shape[-1])
        spectrum = torch.fft.rfft(x[rows], size) * factors[:, None].to(x.device)
        return x.index_copy(0, torch.tensor(rows, device=x.device), torch.fft.irfft(spectrum, size)[..., :T])

    def _size(self, T: int) -> int:
        """Long enough that nothing comes in at the other end."""
        reach = T + TAIL + math.ceil(SHIFT_SECONDS * self.rate)
        return -(-reach // 2048) * 2048


def _mostly(B: int, p: float) -> Tensor:
    """B numbers from −1 to 1, and 0 with probability 1 − p."""
    return (2 * torch.rand(B) - 1) * (torch.rand(B) < p)
