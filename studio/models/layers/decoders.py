"""From one latent to a sound: two decoders with one face, chosen by the one-shot config's field `decoder`.

Both map the latent and the class weights to a style vector, the style to one column per 2,048 samples, and grow these columns
by convolution, so that any stretch of a sound can be made alone: exact at its beginning, and needing some columns of context
elsewhere.
B batch, C channels, D latent size, K classes, S style size, N frames of 2,048 samples, M = 16 bands, T = 2048·N samples.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.models.layers.blocks import SLOPE, ConvNeXt, Residual, Upsample
from studio.models.layers.istft import ISTFT
from studio.models.layers.partials import Partials
from studio.models.layers.pqmf import BANDS, PQMF, low_pass

FRAME = 2048
STYLE = 256
SEED = 64
HISS = -2.5
"""Where the loudness of noise starts, in nats from the mean level of its band: noise that no sound has must be unlearned."""
TONE = -5.5
"""Where the loudness of steady tones starts, in nats."""


class Decoder(nn.Module):
    """forward: latent (B, D), classes (B, K), noise (B, C·16, T/16) → audio (B, C, T), T given by the noise's length.

    With `partials`, also note (B,): the MIDI note it sounds at, 0 where the model shall choose."""

    partials: Partials | None

    def __init__(self, latent: int, classes: int, channels: int, frames: int, width: int, partials: int = 0) -> None:
        super().__init__()
        self.channels, self.frames = channels, frames
        self.style = nn.Sequential(
            nn.Linear(latent + classes, STYLE), nn.LeakyReLU(SLOPE), nn.Linear(STYLE, STYLE), nn.LeakyReLU(SLOPE)
        )
        self.seed = nn.Linear(STYLE, SEED * frames)
        self.widen = nn.Conv1d(SEED, width, 3, padding=1)
        self.pqmf = PQMF()
        self.height = nn.Linear(STYLE, 1) if partials else None

    def forward(self, latent: Tensor, classes: Tensor, noise: Tensor, note: Tensor | None = None) -> Tensor:
        style, seed = self.columns(latent, classes)
        if self.partials is not None and note is not None:
            note = torch.where(note > 0, note, self.note(style))
        return self.window((style, seed), noise, note)

    def note(self, style: Tensor) -> Tensor:
        """The MIDI note that the sound has of itself, (B,)."""
        assert self.height is not None
        return 60 + 12 * self.height(style).float()[:, 0]

    def columns(self, latent: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """→ style (B, S) and columns (B, 64, N): all of the sound before any convolution."""
        style = self.style(torch.cat([latent, classes], 1))
        return style, self.seed(style).unflatten(1, (SEED, self.frames))

    def window(self, columns: tuple[Tensor, Tensor], noise: Tensor, note: Tensor | None = None) -> Tensor:
        """The first frames of the columns, as many as the noise is long → audio (B, C, T)."""
        style, seed = columns
        n = noise.shape[-1] // (FRAME // BANDS)
        audio = self.grow(self.widen(seed[:, :, :n]), style, noise, note)
        if self.channels == 1:
            return audio
        middle, side = audio[:, :1], audio[:, 1:]
        return torch.cat([middle + side, middle - side], 1)

    def grow(self, x: Tensor, style: Tensor, noise: Tensor, note: Tensor | None = None, first: Tensor | None = None) -> Tensor:
        """Columns (B, width, n), style (B, S), noise (B, C·16, T/16), and where there are partials notes (B,) and the number of
        the first column (B,) → middle and side (B, C, T)."""
        raise NotImplementedError

    def harmonics(self, x: Tensor, style: Tensor, note: Tensor | None, first: Tensor | None) -> Tensor | None:
        """What the partials make of features at a hop of 512, at a quarter of the rate: (B, C, T/4)."""
        if self.partials is None:
            return None
        note = self.note(style).detach() if note is None else note
        first = torch.zeros_like(note) if first is None else first
        return self.partials(x, note, first * (FRAME // 512))

    def set_level(self, bands: Tensor) -> None:
        """Start at the data's mean level: RMS of each band, (C·16,)."""
        raise NotImplementedError


class Stage(nn.Module):
    """Upsampling, two dilated residual units, and the style's say: a gain and an offset for every channel."""

    def __init__(self, channels: int, out: int, factor: int) -> None:
        super().__init__()
        self.up = Upsample(channels, out, factor)
        self.tell = nn.Linear(STYLE, 2 * out)
        self.units = nn.Sequential(Residual(out, 1), Residual(out, 3))
        nn.init.zeros_(self.tell.weight)
        nn.init.zeros_(self.tell.bias)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        gain, offset = self.tell(style).unsqueeze(-1).chunk(2, 1)  # (B, out, 1)
        return self.units(self.up(x) * (1 + gain) + offset)


class Between(nn.Module):
    """Four times the rate by a fixed interpolation: (R, 1, m) → (R, 4·m)."""

    UP, REACH = 4, 12
    between: Tensor

    def __init__(self) -> None:
        super().__init__()
        filter = self.UP * low_pass(2 * self.REACH * self.UP + 1, 1 / self.UP, 8.0)
        taps = np.zeros((self.UP, 1, 2 * self.REACH + 1), np.float32)  # y[4 n + phase] = Σ taps[phase, 0, i] · x[n + i − REACH]
        for phase in range(self.UP):
            for i in range(2 * self.REACH + 1):
                lag = phase - (i - self.REACH) * self.UP
                if abs(lag) <= self.REACH * self.UP:
                    taps[phase, 0, i] = filter[self.REACH * self.UP + lag]
        self.register_buffer("between", torch.from_numpy(taps), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv1d(x, self.between, padding=self.REACH).transpose(1, 2).flatten(1)  # phases (R, 4, m)


class Tones(nn.Module):
    """Steady partials below 5 kHz: features (B, F, n) at a hop of 512 → audio (B, C, n·512).

    An inverse STFT at a quarter of the rate and a fixed interpolation. Phases are told relative to each bin's own turning, so
    that constant features give a constant tone, which convolutions at the sample rate find hard.
    """

    N_FFT, HOP, BINS = 512, 128, 232
    cosine: Tensor
    sine: Tensor

    def __init__(self, features: int, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.out = nn.Conv1d(features, 3 * channels * self.BINS, 1)
        self.istft = ISTFT(self.N_FFT, self.HOP, self.BINS)
        turn = np.outer(np.arange(self.BINS), np.arange(4)) * (math.pi / 2)  # (BINS, 4): a bin turns k/4 per hop
        self.register_buffer("cosine", torch.from_numpy(np.cos(turn)[:, None]).float(), persistent=False)
        self.register_buffer("sine", torch.from_numpy(np.sin(turn)[:, None]).float(), persistent=False)
        self.between = Between()
        nn.init.normal_(self.out.weight, std=0.01)
        assert self.out.bias is not None
        with torch.no_grad():
            bias = self.out.bias.view(channels, 3, self.BINS)
            bias[:, 0] = TONE
            angle = torch.rand(channels, self.BINS) * 2 * math.pi  # bins in step would click
            bias[:, 1], bias[:, 2] = angle.cos(), angle.sin()

    def forward(self, x: Tensor, beside: Tensor | None = None) -> Tensor:
        """`beside`: more at a quarter of the rate, (B, C, n·128)."""
        with torch.autocast(x.device.type, enabled=False):
            y = self.out(x.float()).unflatten(1, (self.channels, 3, self.BINS)).flatten(0, 1)  # (B·C, 3, BINS, n)
            size, cosine, sine = y.unflatten(3, (-1, 4)).unbind(1)  # (B·C, BINS, n/4, 4)
            size = size.clamp(max=5.0).exp() * (cosine.square() + sine.square() + 1e-6).rsqrt()
            real = (size * (cosine * self.cosine - sine * self.sine)).flatten(2)
            imaginary = (size * (cosine * self.sine + sine * self.cosine)).flatten(2)
            slow = self.istft(real, imaginary)[:, None]  # (B·C, 1, n·128)
            if beside is not None:
                slow = slow + beside.flatten(0, 1)[:, None]
            return self.between(slow).unflatten(0, (-1, self.channels))


class BandDecoder(Decoder):
    """Decoder A: each of 16 bands is tanh × sigmoid (a wave and its loudness) plus noise × sigmoid, joined by a fixed filter
    bank; and steady tones beside them.

    Loudnesses are drawn in outline at 86 and 344 frames a second already, and only refined by the finest layer: the shape of a
    sound is learned in half the steps, and nothing buzzes at the rate of the columns.
    """

    def __init__(self, latent: int, classes: int, channels: int, frames: int, width: int, partials: int = 0) -> None:
        super().__init__(latent, classes, channels, frames, width, partials)
        widths = [width, width // 2, width // 4, width // 8, max(32, width // 16)]
        self.stages = nn.ModuleList(Stage(a, b, factor) for a, b, factor in zip(widths, widths[1:], (4, 4, 4, 2)))
        self.out = nn.Conv1d(widths[-1], 3 * channels * BANDS, 7, padding=3)
        self.outlines = nn.ModuleList(nn.Conv1d(w, 2 * channels * BANDS, 1) for w in widths[1:3])
        for parameter in self.outlines.parameters():
            nn.init.zeros_(parameter)
        self.tones = Tones(widths[1], channels)
        self.partials = Partials(widths[1], channels, partials) if partials else None

    def grow(self, x: Tensor, style: Tensor, noise: Tensor, note: Tensor | None = None, first: Tensor | None = None) -> Tensor:
        features = []
        for stage in self.stages:
            x = stage(x, style)
            features.append(F.leaky_relu(x, SLOPE))
        with torch.autocast(x.device.type, enabled=False):  # 8 bits of a wave would be heard
            wave, loudness, hiss = self.out(features[-1].float()).chunk(3, 1)
            coarse, fine = (outline(f.float()) for outline, f in zip(self.outlines, features))
            both = F.interpolate(coarse, scale_factor=4.0, mode="linear", align_corners=False) + fine
            outlines = F.interpolate(both, scale_factor=8.0, mode="linear", align_corners=False).chunk(2, 1)
            bands = wave.tanh() * (loudness + outlines[0]).sigmoid() + noise * (hiss + outlines[1]).sigmoid()
        return self.pqmf.synthesis(bands) + self.tones(features[0], self.harmonics(features[0], style, note, first))

    def set_level(self, bands: Tensor) -> None:
        level = bands.clamp(1e-5, 0.5)
        rows = len(level)
        assert self.out.bias is not None
        with torch.no_grad():
            bias = self.out.bias.view(3, rows)
            bias[1] = torch.logit((2 * level).clamp(max=0.5))
            bias[2] = torch.logit(level) + HISS


def vary(decoder: BandDecoder, latent: int) -> None:
    """Let latents differ audibly from the start: critics learn from nothing else than differences."""
    for layer in decoder.style:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, SLOPE)
    with torch.no_grad():
        decoder.style[0].weight[:, latent:] *= 4.0  # type: ignore[operator,index]
    nn.init.kaiming_normal_(decoder.seed.weight, 0.0)
    nn.init.kaiming_normal_(decoder.widen.weight, 0.0)
    for stage in decoder.stages:
        nn.init.normal_(stage.tell.weight, std=0.05)  # type: ignore[union-attr,arg-type]
    for outline in decoder.outlines:
        nn.init.kaiming_normal_(outline.weight, 0.0)  # type: ignore[arg-type]


class SpectrumDecoder(Decoder):
    """Decoder B: ConvNeXt blocks at a hop of 256, then magnitudes and phases of an inverse STFT, plus noise in 16 bands."""

    N_FFT, HOP, BLOCKS = 1024, 256, 8

    def __init__(self, latent: int, classes: int, channels: int, frames: int, width: int, partials: int = 0) -> None:
        super().__init__(latent, classes, channels, frames, width, partials)
        d, bins = width // 2, self.N_FFT // 2 + 1
        self.stages = nn.ModuleList([Stage(width, d, 4), Stage(d, d, 2)])
        self.blocks = nn.Sequential(*(ConvNeXt(d, 3 * d) for _ in range(self.BLOCKS)))
        self.norm = nn.LayerNorm(d, eps=1e-6)
        self.noise_rate = 4  # noise levels per hop
        self.bins = bins
        self.out = nn.Linear(d, channels * (3 * bins + self.noise_rate * BANDS))
        self.istft = ISTFT(self.N_FFT, self.HOP)
        self.partials = Partials(d, channels, partials) if partials else None
        self.between = Between()

    def grow(self, x: Tensor, style: Tensor, noise: Tensor, note: Tensor | None = None, first: Tensor | None = None) -> Tensor:
        x = self.stages[0](x, style)
        sung = self.harmonics(F.leaky_relu(x, SLOPE), style, note, first)
        x = self.stages[1](x, style)
        x = self.norm(self.blocks(x).transpose(1, 2))
        with torch.autocast(x.device.type, enabled=False):
            y = self.out(x.float())  # (B, n, C·(3F + 64))
        B, C, bins = len(y), self.channels, self.bins
        y = y.unflatten(2, (C, 3 * bins + self.noise_rate * BANDS)).transpose(1, 2).flatten(0, 1)  # (B·C, n, …)
        magnitude, cosine, sine = y[..., : 3 * bins].transpose(1, 2).chunk(3, 1)  # (B·C, F, n)
        magnitude = magnitude.clamp(max=6.0).exp()
        unit = (cosine.square() + sine.square() + 1e-6).rsqrt()
        tone = self.istft(magnitude * cosine * unit, magnitude * sine * unit).unflatten(0, (B, C))
        hiss = y[..., 3 * bins :].unflatten(2, (self.noise_rate, BANDS)).flatten(1, 2).transpose(1, 2)  # (B·C, 16, 4n)
        hiss = hiss.sigmoid().repeat_interleave(self.HOP // self.noise_rate // BANDS, 2).reshape(B, C * BANDS, -1)
        if sung is not None:
            tone = tone + self.between(sung.flatten(0, 1)[:, None]).unflatten(0, (B, C))
        return tone + self.pqmf.synthesis(noise * hiss)

    def set_level(self, bands: Tensor) -> None:
        level = bands.clamp(1e-5, 0.5).reshape(self.channels, BANDS)
        with torch.no_grad():
            bias = self.out.bias.view(self.channels, -1)
            spectrum = level.repeat_interleave(math.ceil(self.bins / BANDS), 1)[:, : self.bins]
            bias[:, : self.bins] = (spectrum * BANDS**0.5 * (self.N_FFT * 0.375) ** 0.5).log() - 1
            bias[:, 3 * self.bins :] = torch.logit(level).repeat(1, self.noise_rate)


DECODERS: dict[str, type[Decoder]] = {"pqmf": BandDecoder, "istft": SpectrumDecoder}
