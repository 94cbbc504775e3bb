"""The generator of `gansynth`: from a latent, a note and a velocity to a sound, drawn as partials over harmonic number and time
and as noise over frequency and time.

What a timbre does to harmonics (by number and by frequency) and what it does over time are drawn apart, multiplied out to a
picture, and refined there by a few convolutions: a picture from the first step on, for a tenth of the work of a pyramid.
B batch, D latent size, S style, R = 64 rows, N frames, C channels, T samples.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.models.layers.blocks import SLOPE
from studio.models.layers.decoders import STYLE, Stage
from studio.models.layers.harmonics import ROWS, Drawn, hertz, row_numbers
from studio.models.layers.istft import ISTFT
from studio.models.layers.losses import mel_filters

Representation = Literal["if", "complex"]
OCTAVES = 5
BANDS, SUB = 32, 4
"""Noise: bands, and its frames in one frame of the partials."""
CONTEXT = 4
"""Frames on either side that a frame's sound depends on."""
GLIDE = 0.6
"""Semitones that a whole sound may slide or shake."""
BEND = 0.45
"""How far a partial may be from its harmonic, in multiples of the note; the first stays within half a semitone."""


def told(note: Tensor, velocity: Tensor) -> Tensor:
    """What style knows of a note (B,) and a velocity (B,), negative where unknown: (B, 7)."""
    x = (note.float() - 60) / 24
    known = (velocity >= 0).float()
    angle = math.pi / 2 * x
    return torch.stack(
        [x, angle.sin(), angle.cos(), (2 * angle).sin(), (2 * angle).cos(), known * (velocity / 64 - 1), known], 1
    )


TOLD = 7


def positions(note: Tensor) -> Tensor:
    """Where each row lies for a note (B,): (B, 22, R), of its frequency, of its number, and odd or even."""
    number = row_numbers().to(note.device)
    hz = hertz(note)[:, None] * number  # (B, R)
    height = (hz.log2() - 9.5) * (math.pi / 8)
    count = number.log2().expand_as(hz) * (math.pi / 7)
    waves = [f(x * 2**i) for x in (height, count) for i in range(OCTAVES) for f in (torch.sin, torch.cos)]
    odd = (math.pi * number).cos().expand_as(hz)
    return torch.stack([*waves, odd, height.clamp(-3, 3)], 1)


POSITIONS = 4 * OCTAVES + 2


class Told(nn.Module):
    """Convolution over rows, with the style's say: a gain and an offset for every channel."""

    def __init__(self, channels: int, out: int, taps: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, out, taps, padding=taps // 2)
        self.tell = nn.Linear(STYLE, 2 * out)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        gain, offset = self.tell(style).unsqueeze(-1).chunk(2, 1)
        return F.leaky_relu(self.conv(x) * (1 + gain) + offset, SLOPE)


class Refine(nn.Module):
    """Two 3 × 3 convolutions, added to what comes in, (B, C, R, N)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.spread = nn.Conv2d(channels, channels, 3, padding=1)
        self.mix = nn.Conv2d(channels, channels, 3, padding=1)
        with torch.no_grad():
            self.mix.weight.mul_(0.5)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.mix(F.leaky_relu(self.spread(F.leaky_relu(x, SLOPE)), SLOPE))


class Hiss(nn.Module):
    """Log gains of noise (B, bands, M) and white complex noise (B, 2, F', M) → audio (B, M·hop)."""

    bands: Tensor

    def __init__(self, rate: int, n_fft: int, hop: int) -> None:
        super().__init__()
        self.istft = ISTFT(n_fft, hop)
        centres = mel_filters(rate, 16 * n_fft, BANDS).argmax(1) / 16
        bins = np.arange(n_fft // 2 + 1)
        rows = np.stack([np.interp(bins, centres, row) for row in np.eye(BANDS)], 1)
        self.register_buffer("bands", torch.from_numpy(rows).float(), persistent=False)  # (F', bands)
        self.size = math.sqrt(n_fft * 0.375 / 2)

    def forward(self, gain: Tensor, noise: Tensor) -> Tensor:
        loud = (self.bands @ gain).clamp(max=1.0).exp() * self.size
        return self.istft(loud * noise[:, 0], loud * noise[:, 1])


class NoteMaker(nn.Module):
    """forward: latent (B, D), note (B,), velocity (B,) 0–127 or negative for unknown, noise (B, 2, F', 4N) → audio (B, 1, T).

    `span`: only these frames, from the first to before the last; the noise is that of the frames `around` them."""

    bound: Tensor
    base: Tensor  # (R, N) natural log of the mean level of the data, which drawings start from

    def __init__(self, latent: int, rate: int, n_fft: int, hop: int, frames: int, width: int, kind: Representation) -> None:
        super().__init__()
        self.frames, self.kind, self.hop = frames, kind, hop
        self.bins = n_fft // SUB // 2 + 1
        self.style = nn.Sequential(
            nn.Linear(latent + TOLD, STYLE), nn.LeakyReLU(SLOPE), nn.Linear(STYLE, STYLE), nn.LeakyReLU(SLOPE),
            nn.Linear(STYLE, STYLE), nn.LeakyReLU(SLOPE),
        )  # fmt: skip
        self.own = nn.Parameter(0.3 * torch.randn(POSITIONS, ROWS))
        self.rows = nn.ModuleList((Told(2 * POSITIONS, 96, 1), Told(96, 96, 3), Told(96, 96, 3)))
        self.seed = nn.Linear(STYLE, 64 * (frames // 8))
        self.widen = nn.Conv1d(64, 160, 3, padding=1)
        self.times = nn.ModuleList((Stage(160, 112, 2), Stage(112, 80, 2), Stage(80, 64, 2)))
        self.over_rows, self.over_time = nn.Conv1d(96, 2 * width, 1), nn.Conv1d(64, 2 * width, 1)
        self.refine = nn.Sequential(Refine(width))
        self.out = nn.Conv2d(width, 2 if kind == "if" else 3, 1)
        self.slow = nn.Conv1d(64, 1 + SUB + SUB * BANDS, 3, padding=1)  # glide, outline, noise
        self.drawn, self.hiss = Drawn(rate, n_fft, hop), Hiss(rate, n_fft // SUB, hop // SUB)
        self.register_buffer("base", torch.full((ROWS, frames), -5.0))
        bound = torch.full((ROWS, 1), BEND)
        bound[0] = 2 ** (0.5 / 12) - 1
        self.register_buffer("bound", bound, persistent=False)
        with torch.no_grad():
            for layer in (self.out, self.slow):
                layer.weight.mul_(0.3)
                assert layer.bias is not None
                layer.bias.zero_()
            self.slow.bias[1 + SUB :] = -8.0  # type: ignore[index]
            if kind == "complex":
                self.out.bias[1] = 1.0  # type: ignore[index]

    def forward(
        self, latent: Tensor, note: Tensor, velocity: Tensor, noise: Tensor, span: tuple[int, int] | None = None
    ) -> Tensor:
        style = self.style(torch.cat([latent, told(note, velocity)], 1))
        x = torch.cat([positions(note), self.own.expand(len(note), -1, -1)], 1)
        for layer in self.rows:
            x = layer(x, style)  # (B, 96, R)
        t = self.widen(self.seed(style).unflatten(1, (64, -1)))
        for layer in self.times:
            t = layer(t, style)  # (B, 64, N)
        a, b = (0, self.frames) if span is None else span
        first, last = self.around((a, b))
        t = t[:, :, first:last]
        (p, q), (u, v) = self.over_rows(x).chunk(2, 1), self.over_time(t).chunk(2, 1)
        picture = p[:, :, :, None] * u[:, :, None] + q[:, :, :, None] + v[:, :, None]  # (B, C, R, N)
        picture = self.out(self.refine(picture.contiguous(memory_format=torch.channels_last))).float()
        slow = self.slow(t).float()
        with torch.autocast(latent.device.type, enabled=False):
            audio = self.sound(picture, slow, note, noise, first)
        return audio[:, :, (a - first) * self.hop : (b - first) * self.hop]

    def sound(self, picture: Tensor, slow: Tensor, note: Tensor, noise: Tensor, first: int) -> Tensor:
        level = (self.base[:, first : first + picture.shape[-1]] + 2 * picture[:, 0]).clamp(min=-14.0)
        glide, outline, hiss = slow[:, 0], slow[:, 1 : 1 + SUB], slow[:, 1 + SUB :]
        glide = GLIDE * (0.3 * glide).tanh()
        if self.kind == "if":
            partials = self.drawn(level, self.bound * (0.3 * picture[:, 1]).tanh(), None, glide, note, first)
        else:
            partials = self.drawn(level, None, picture[:, 1:].transpose(1, 2), glide, note, first)
        outline = outline.transpose(1, 2).flatten(1)[:, None].clamp(-8, 1)  # (B, 1, 4N)
        outline = F.interpolate(outline, scale_factor=float(self.hop // SUB), mode="linear", align_corners=False)[:, 0]
        gain = hiss.unflatten(1, (BANDS, SUB)).transpose(2, 3).flatten(2)  # (B, bands, 4N)
        return (partials * outline.exp() + self.hiss(gain, noise))[:, None]

    def around(self, span: tuple[int, int]) -> tuple[int, int]:
        """The frames that those of `span` depend on."""
        return max(0, span[0] - CONTEXT), min(self.frames, span[1] + CONTEXT)

    def white(self, latent: Tensor, span: tuple[int, int]) -> Tensor:
        """Noise for these latents and frames from torch's global generator."""
        first, last = self.around(span)
        return torch.randn(len(latent), 2, self.bins, SUB * (last - first), device=latent.device)
