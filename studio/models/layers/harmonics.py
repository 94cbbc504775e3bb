"""Sounds with a known note as pictures over harmonic number and time, and back: what `gansynth` draws and what its critics see.

On an axis of multiples of the note every pitch looks alike, so that a timbre learned on some keys is there on all, and whoever
draws there is in tune from the first step on. GANSynth (1902.08710) draws magnitude and instantaneous frequency of every bin
and adds the frequencies up to phases; here the frequency of a partial is the asked harmonic's and a small drawn rest, so that
phases are coherent by construction, and the spectrum of each frame follows from partials as in inverse-FFT synthesis (Rodet
and Depalle, AES 1992). B batch, T samples, N frames, F bins, R = 64 rows, K = 128 harmonics.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from studio.models.layers.istft import ISTFT

SINGLE, STEP, ROWS = 32, 3, 64
"""The first 32 rows are one harmonic each; of the higher ones every third has a row."""
HARMONICS = SINGLE + (ROWS - SINGLE) * STEP
FLOOR = 1e-4  # −80 dB
PEAK_ENERGY = 1.5
"""Energy of a steady sine in all bins of a Hann window, in those of its highest bin."""


def row_numbers() -> Tensor:
    """The harmonic that each row stands for, (R,)."""
    return torch.cat([torch.arange(1, SINGLE + 1), SINGLE + STEP * torch.arange(1, ROWS - SINGLE + 1)]).float()


def spread() -> Tensor:
    """(K, R): what each harmonic takes of the two rows around it."""
    numbers = row_numbers()
    harmonic = torch.arange(1, HARMONICS + 1).float()
    upper = torch.searchsorted(numbers, harmonic).clamp(1, ROWS - 1)
    share = (harmonic - numbers[upper - 1]) / (numbers[upper] - numbers[upper - 1])
    place = torch.arange(HARMONICS)
    matrix = torch.zeros(HARMONICS, ROWS)
    matrix[place, upper - 1] = 1 - share
    matrix[place, upper] = share
    return matrix


def hertz(note: Tensor) -> Tensor:
    return 440.0 * torch.exp2((note.float() - 69.0) / 12.0)


def lobe(distance: Tensor) -> Tensor:
    """What a sine leaves in the bins around it through a Hann window, 1 where they meet: sin πd / (πd (1 − d²))."""
    if torch.is_grad_enabled() and distance.requires_grad:
        return _Lobe.apply(distance)
    return _shape(distance)[2]  # plain operations, which can be exported


def _shape(distance: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Distances off the places where both are zero, the denominator there, and the lobe."""
    d = distance.clamp(-8.0, 8.0)
    size = d.abs()
    close = (size < 2e-3) | ((size - 1).abs() < 2e-3)
    d = d + 4e-3 * close  # what is next to it is as good
    below = math.pi * d * (1 - d * d)
    return d, below, (math.pi * d).sin() / below


class _Lobe(torch.autograd.Function):
    """The lobe with its slope written out: a third of the work of differentiating these operations one by one."""

    @staticmethod
    def forward(ctx: Any, distance: Tensor) -> Tensor:
        d, below, lobe = _shape(distance)
        ctx.save_for_backward(d, below, lobe)
        return lobe

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        d, below, lobe = ctx.saved_tensors
        slope = ((math.pi * d).cos() - lobe * (1 - 3 * d * d)).mul_(math.pi).div_(below)
        return slope.mul_(d.abs() < 8).mul_(grad)


class _Spectra(torch.autograd.Function):
    """Real frames (…, n) → real and imaginary parts (…, n/2 + 1), with one real inverse FFT as the way back."""

    @staticmethod
    def forward(ctx: Any, frames: Tensor) -> tuple[Tensor, Tensor]:
        ctx.size = frames.shape[-1]
        parts = torch.view_as_real(torch.fft.rfft(frames))
        return parts[..., 0].contiguous(), parts[..., 1].contiguous()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, real: Tensor, imaginary: Tensor) -> Tensor:
        spectrum = torch.complex(real, imaginary)
        spectrum[..., 0] *= 2  # bins between the ends stand for their mirror images as well
        spectrum[..., -1] *= 2
        return torch.fft.irfft(spectrum, ctx.size) * (ctx.size / 2)


class Drawn(nn.Module):
    """Partials → audio. level (B, R, N) natural log of amplitudes; bend (B, R, N) distance from the harmonic in multiples of
    the note, or None; turn (B, R, 2, N) a phase as cosine and sine on top, or None; glide (B, N) semitones; note (B,); the
    number of the first frame → (B, T)."""

    spread: Tensor
    number: Tensor
    start: Tensor
    bins: Tensor
    sign: Tensor

    def __init__(self, rate: int, n_fft: int, hop: int) -> None:
        super().__init__()
        self.rate, self.n_fft, self.hop = rate, n_fft, hop
        self.istft = ISTFT(n_fft, hop)
        number = torch.arange(1, HARMONICS + 1).float()
        bins = torch.arange(n_fft // 2 + 1).float()
        for name, value in {
            "spread": spread(),
            "number": number[:, None],  # (K, 1)
            "start": torch.remainder(number * number * (0.5 / HARMONICS) * 17, 1.0)[:, None],  # spread in time, no click
            "bins": bins[:, None],  # (F, 1)
            "sign": (1 - 2 * (bins % 2))[:, None] * (n_fft / 4),  # frames count their phase from their middle
        }.items():
            self.register_buffer(name, value, persistent=False)

    def forward(
        self, level: Tensor, bend: Tensor | None, turn: Tensor | None, glide: Tensor, note: Tensor, first: int = 0
    ) -> Tensor:
        hz = hertz(note)[:, None, None]  # (B, 1, 1)
        off = self.number * (torch.exp2(glide[:, None] / 12) - 1)  # (B, K, N) in multiples of the note
        if bend is not None:
            off = off + self.spread @ bend
        frequency = hz * (self.number + off)
        loud = (self.spread @ level).clamp(max=0.7).exp() * ((0.49 * self.rate - frequency) / 400.0).clamp(0, 1)
        angle = (2 * math.pi) * self.turns(hz, off, first)
        real, imaginary = loud * angle.cos(), loud * angle.sin()
        if turn is not None:
            c, s = self.spread @ turn[:, :, 0], self.spread @ turn[:, :, 1]
            size = (c * c + s * s + 1e-6).rsqrt()
            c, s = c * size, s * size
            real, imaginary = real * c - imaginary * s, real * s + imaginary * c
        chosen = self.nearest(hz)  # (B, F, K)
        place = frequency * (self.n_fft / self.rate)
        real, imaginary, place = (chosen @ torch.cat([real, imaginary, place], 2)).chunk(3, 2)  # (B, F, N)
        shape = lobe(self.bins - place) * self.sign
        return self.istft(real * shape, imaginary * shape)

    def turns(self, hz: Tensor, off: Tensor, first: int) -> Tensor:
        """Phase of each harmonic in the middle of each frame, (B, K, N) in turns. Whole turns are dropped hop by hop, so that
        phases stay exact."""
        hops = torch.arange(off.shape[-1], device=off.device) + (first + 0.5)
        exact = torch.remainder(torch.remainder(hz * (self.hop / self.rate), 1.0) * hops, 1.0)  # (B, 1, N)
        steps = hz * (self.hop / self.rate) * off
        steps = 0.5 * (steps + F.pad(steps[:, :, :-1], (1, 0)))
        rest = (steps - steps.detach().round()).cumsum(2)
        return torch.remainder(self.number * exact, 1.0) + rest + self.start

    def nearest(self, hz: Tensor) -> Tensor:
        """(B, F, K): 1 where a harmonic is the nearest of a bin."""
        number = (self.bins * (self.rate / self.n_fft) / hz).round().clamp_min(1.0)  # (B, F, 1)
        return (number == self.number[:, 0]).float()


class HarmonicPicture(nn.Module):
    """Audio (B, T) and its note (B,) → (B, 4, R, N), float32: log10 level around each harmonic and halfway to the next, and how
    its phase turns from frame to frame against the harmonic's own turning: cosine and sine, small where it is no steady tone.

    Of these two, GANSynth's instantaneous frequency is the angle; like this it does not jump at half a turn, nor speak where
    nothing sounds.
    """

    window: Tensor
    number: Tensor
    bins: Tensor

    def __init__(self, rate: int, n_fft: int, hop: int) -> None:
        super().__init__()
        self.rate, self.n_fft, self.hop = rate, n_fft, hop
        self.register_buffer("window", torch.hann_window(n_fft) * (4 / n_fft), persistent=False)  # a sine reads its amplitude
        self.register_buffer("number", row_numbers(), persistent=False)
        self.register_buffer("bins", torch.arange(n_fft // 2 + 1).float()[:, None], persistent=False)

    def forward(self, audio: Tensor, note: Tensor) -> Tensor:
        with torch.autocast(audio.device.type, enabled=False):
            side = (self.n_fft - self.hop) // 2
            frames = F.pad(audio.float(), (side, side)).unfold(1, self.n_fft, self.hop) * self.window
            real, imaginary = _Spectra.apply(frames)  # (B, N, F)
            on, between = self.areas(hertz(note)[:, None, None])  # (B, F, R)
            power = real * real + imaginary * imaginary
            energy, rest = (power @ torch.cat([on, between], 2)).chunk(2, 2)  # (B, N, R)
            r, i, before, was = real[:, 1:], imaginary[:, 1:], real[:, :-1], imaginary[:, :-1]
            cosine = F.pad((r * before + i * was) @ on, (0, 0, 1, 0))
            sine = F.pad((i * before - r * was) @ on, (0, 0, 1, 0))
            angle = torch.remainder(hertz(note)[:, None, None] * (self.hop / self.rate) * self.number, 1.0) * (2 * math.pi)
            around = 0.5 * (energy + F.pad(energy[:, :-1], (0, 0, 1, 0))) + FLOOR**2 * 10
            steady = (cosine * angle.cos() + sine * angle.sin()) / around
            turning = (sine * angle.cos() - cosine * angle.sin()) / around
            levels = [0.5 * (x / PEAK_ENERGY + FLOOR**2).log10() for x in (energy, rest)]
            return torch.stack([*levels, steady, turning], 1).transpose(2, 3)

    def cents(self, picture: Tensor, note: Tensor) -> Tensor:
        """How far a sound is from its note, (B,), by the turning of its first eight partials, the louder the more. Beyond half
        a turn per frame it sees less than there is."""
        low = picture[:, :, :8]
        hz = hertz(note)[:, None, None] * self.number[:8, None]
        off = torch.atan2(low[:, 3], low[:, 2]) * (self.rate / self.hop / (2 * math.pi)) / hz
        cents = 1200 * (1 + off.clamp(-0.5, 0.5)).log2()
        weight = torch.pow(10.0, 2 * low[:, 0]) * low[:, 2:].square().sum(1).sqrt() + 1e-12
        return ((cents * weight).sum((1, 2)) / weight.sum((1, 2))).abs()

    def areas(self, hz: Tensor) -> tuple[Tensor, Tensor]:
        """The bins around each row's harmonic, and those halfway to the next one: (B, F, R) each, 0–1."""
        per = hz * (self.n_fft / self.rate)  # bins from harmonic to harmonic, (B, 1, 1)
        half = (0.25 * per).clamp_min(1.0) + 0.5
        on = (half - (self.bins - per * self.number).abs()).clamp(0, 1)
        return on, (half - (self.bins - per * (self.number + 0.5)).abs()).clamp(0, 1)
