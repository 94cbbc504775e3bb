"""One-shots: single hits and notes up to four seconds, learned from tens to thousands of files.

A variational autoencoder whose decoder draws 16 filter-bank bands (or an inverse STFT) from one small latent, judged by log-mel
distances over seven windows and, later in training, by small discriminators on onset-weighted crops. Where most sounds have a
pitch, harmonics of one note lie beside the bands: the note as it was measured while they learn, later the latent's own or the
one that is asked for. A flow-matching prior learns how the latents of each class are spread, and a length head how long each
sound is. After RAVE (2111.05011), Vocos (2306.00814), DrumGAN VST (2206.14723), DDSP (2001.04643) and rectified flow
(2209.03003).

Tried on 534 recorded drum hits (held out: 132), 8 minutes of one core each, bf16, batch 16, one seed; mel distance of held-out
sounds in log10, and new sounds by Fréchet distance over its floor, coverage and recall (tests/bench/RESULTS.md has more):

                                        steps   mel    × floor  coverage  recall
    plain transposed convolutions        863   0.397    4.6      0.49      0.21
    inverse STFT                         561   0.314    3.1      0.82      0.53
    bands, no critics                    898   0.352    2.9      0.72      0.49
    bands, latents held loosely (1e-4)   738   0.307    2.0      0.86      0.73
    bands                                794   0.311    2.6      0.83      0.57
    bands, spectral energy distance      662   0.355    3.2      0.71      0.33
    again: bands                         810   0.306    2.5      0.82      0.61
    and roughness (default)              796   0.309    2.5      0.86      0.70

So critics pay for themselves within minutes. Two true recordings of one white noise are 0.20 apart and a sound with the phases
of another 0.23: that is where this distance ends. The decoder barely uses its noise (two draws differ by 0.05); the energy
distance of two draws (2008.01160) makes it (0.13), and cost more than it gave at this length; comparing how rough spectra are
gives coverage and recall for 2 % of the steps, though by rough waves, not by noise (0.05 still). Outlines were worth
0.03 over bands alone, low tones 0.01. Two thirds of a step's work were saved by hearing less: windows of 0.74 s, cut to the
sounds, a two-rate encoder, half-overlapping spectra.

Letters: B batch, C channels, T samples, D latent size, K classes, N frames of 2,048 samples, W frames of a training window.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.fields import setting
from studio.models.base import Backend, Batch, Group, Phase
from studio.models.controls import Controls, DataFacts, Info, Latent, Material, Range
from studio.models.labelled import SHORTEST, finish, middle_side
from studio.models.layers.augment import augment
from studio.models.layers.blocks import SLOPE
from studio.models.layers.decoders import DECODERS, FRAME
from studio.models.layers.discriminators import Critics
from studio.models.layers.encoder import Encoder
from studio.models.layers.losses import MelDistance
from studio.models.layers.pqmf import BANDS, PQMF
from studio.models.placed import Placed
from studio.project.recipe import Request

RATE = 44100
BUCKETS = (16384, 32768, 65536, 131072, 180224)
"""Lengths in samples that a model can have: 0.37, 0.74, 1.5, 3 and 4.1 seconds."""
CROP = 16384
"""Samples that critics look at: the beginning of a sound, or a later piece of a long one."""
LOWEST, TOP = 24.0, 96.0
"""Notes that a model with partials can be asked for."""


class OneShotConfig(msgspec.Struct, frozen=True):
    seconds: Annotated[float, setting("Longest sound; rounded up to 0.37, 0.74, 1.5, 3 or 4.1", unit="s", ge=0.05, le=4.0)] = (
        1.4
    )
    channels: Annotated[int, setting("1 for mono, 2 for stereo", ge=1, le=2)] = 1
    latent: Annotated[int, setting("Numbers that describe a sound; more keep more detail", ge=2, le=256)] = 64
    decoder: Annotated[
        Literal["pqmf", "istft"],
        setting("How sounds are drawn: 16 bands (drums) or spectrum frames (steady tones)", search=True),
    ] = "pqmf"
    partials: Annotated[
        int, setting("Harmonics that follow a note exactly; 0 for sounds without a pitch", ge=0, le=64, expert=True)
    ] = 0
    width: Annotated[int, setting("Channels of the decoder's first layer", ge=32, le=1024, expert=True, search=(256, 768))] = (
        512
    )
    window: Annotated[
        int, setting("Frames of 46 ms that one training step looks at", ge=2, le=88, expert=True, search=(6, 24))
    ] = 16
    rate: Annotated[float, setting("Learning rate of the autoencoder", gt=0, le=0.01, expert=True)] = 1e-3
    kl: Annotated[float, setting("How strongly latents are pulled together", ge=0, le=1, expert=True)] = 1e-3
    adversarial: Annotated[float, setting("Weight of the critics; 0 leaves them out", ge=0, le=10, expert=True)] = 1.0
    critics: Annotated[
        float, setting("Share of the time after which critics come in", ge=0, le=1, expert=True, search=(0.1, 0.9))
    ] = 0.3
    critic_width: Annotated[int, setting("Channels of the critics' first layer", ge=4, le=64, expert=True)] = 24
    free_bits: Annotated[float, setting("Nats per latent number that cost nothing", ge=0, le=5, expert=True)] = 0.1

    @property
    def frames(self) -> int:
        """N of the whole sound."""
        wanted = round(self.seconds * RATE)
        return next((b for b in BUCKETS if b >= wanted), BUCKETS[-1]) // FRAME


class OneShot(Placed):
    info = Info(
        id="oneshot",
        name="One-shots",
        sentence="Learns single hits and notes from a folder and plays everything between them.",
        method="Conditional VAE-GAN on PQMF bands with a latent flow prior",
        wants="30 to 3,000 single sounds of up to 4 seconds; folders become classes",
    )
    Config = OneShotConfig
    config: OneShotConfig

    def __init__(self, config: OneShotConfig, data: DataFacts) -> None:
        super().__init__(config, data)
        D, K, C = config.latent, len(data.labels), config.channels
        self.distance = MelDistance(RATE)
        self.pqmf = PQMF()
        self.encoder = Encoder(RATE, D, C, config.frames)
        self.decode = DECODERS[config.decoder](D, K, C, config.frames, config.width, config.partials)
        self.length = nn.Sequential(nn.Linear(D + K, 128), nn.LeakyReLU(SLOPE), nn.Linear(128, 1))
        self.critics = Critics(RATE, C, K, config.critic_width)
        self.shown: tuple[list[Tensor], list[Tensor], Tensor] | None = None  # what critics see of this step's real and made

    # ---- before training
    @classmethod
    def recommended(cls, data: DataFacts) -> OneShotConfig:
        return OneShotConfig(
            seconds=min(4.0 if data.pitched > 0.5 else 2.9, max(SHORTEST, data.seconds)),
            channels=min(2, data.channels),
            latent=128 if data.pitched > 0.5 else 64,
            partials=32 if data.pitched > 0.5 else 0,
        )

    @classmethod
    def material(cls, config: OneShotConfig, data: DataFacts) -> Material:
        return Material(rate=RATE, channels=config.channels, seconds=config.frames * FRAME / RATE)

    @classmethod
    def lighter(cls, config: OneShotConfig) -> dict[str, Any]:
        window = min(config.window, config.frames) // 2
        return {"window": window} if window >= CROP // FRAME // 2 else {}

    @property
    def controls(self) -> Controls:
        return Controls(
            latent=Latent("global", self.config.latent, prior="flow"),
            classes=self.data.labels,
            pitch=Range(LOWEST, TOP, 60.0, "MIDI") if self.config.partials else None,
            seconds=Range(SHORTEST, self.config.frames * FRAME / RATE, min(self.data.seconds, 1.0), "s"),
            temperature=Range(0.0, 1.5, 1.0),
        )

    @torch.no_grad()
    def prepare(self, batches: Iterator[Batch]) -> None:
        """Output level of each band, mean and spread of the log-mels, mean length, and how often each class occurs."""
        power, count = torch.zeros(self.config.channels * BANDS), torch.zeros(len(self.share))
        mels: list[Tensor] = []
        lengths: list[Tensor] = []
        total = 0.0
        for batch in batches:
            audio = middle_side(batch.audio)
            within = (batch.seconds * RATE / BANDS).ceil().clamp(1, audio.shape[-1] // BANDS)
            power += (self.pqmf.analysis(audio).square().sum((0, 2))).cpu()
            total += float(within.sum())
            mels.extend(x.flatten().cpu() for x in self.encoder.hear(audio))
            lengths.append(batch.seconds.cpu())
            count += self.counted(batch.label)
        if not mels:
            return
        self.decode.set_level((power / total).sqrt().to(self.device))
        values = torch.cat(mels)
        self.encoder.loudness.copy_(torch.stack([values.mean(), values.std().clamp_min(0.1)]))
        self.length[-1].bias.fill_(float(torch.cat(lengths).clamp_min(SHORTEST).log().mean()))  # type: ignore[operator]
        self.share.copy_(count)

    # ---- training
    def phases(self) -> tuple[Phase, ...]:
        learner = [*self.encoder.parameters(), *self.decode.parameters(), *self.length.parameters()]
        groups = (
            Group("sound", learner, lr=self.config.rate, betas=(0.8, 0.99), weight_decay=1e-2),
            Group("critics", list(self.critics.parameters()), lr=2e-4, betas=(0.8, 0.99), every=2, hears=False),
            self.prior_group(),
        )
        return (Phase("learn", groups),)

    def weights(self, progress: float) -> dict[str, float]:
        ramp = self.config.adversarial * min(1.0, max(0.0, (progress - self.config.critics) / 0.1))
        return {
            "adversarial/score": 0.1 * ramp,
            "adversarial/match": 1.0 * ramp,
            "critic/hinge": 1.0,
            "spectral/mel": 1.0,
            "latent/kl": self.config.kl * min(1.0, 20 * progress),
            "length/log": 0.05,
            "note/octaves": 0.3,
            "prior/velocity": 1.0,
        }

    def losses(self, batch: Batch, group: str, progress: float) -> dict[str, Tensor]:
        if group == "sound":
            return self._sound_losses(batch, progress)
        return self._critic_losses() if group == "critics" else self.prior_losses()

    def _sound_losses(self, batch: Batch, progress: float) -> dict[str, Tensor]:
        audio = middle_side(batch.audio)
        classes = self.one_hot(batch.label)
        mean, logvar = self.encoder(audio)
        latent = mean + (0.5 * logvar).exp() * torch.randn_like(mean)
        known = classes * (torch.rand(len(classes), 1, device=classes.device) > 0.5)
        columns = self.decode.columns(latent, known)
        note = self._note(columns[0], batch.pitch)
        distance, shown = mean.new_zeros(()), []
        for rows, start, n in self._windows(batch.seconds):
            made = self._window(columns, rows, start, n, note)
            real = torch.stack([a[:, s * FRAME : (s + n) * FRAME] for a, s in zip(audio[rows], start)])
            distance = distance + self.distance(made, real).sum() / len(audio)
            shown.append((real, made, classes[rows]))
        self.remember(batch, mean)
        kl = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).mean(0)  # (D,)
        wanted = batch.seconds.clamp_min(SHORTEST).log()
        return (
            self._teaching(shown, progress)
            | {
                "spectral/mel": distance,
                "latent/kl": kl.clamp_min(self.config.free_bits).sum(),
                "latent/nats": kl.detach().sum(),
                "latent/active": self.active(),
                "length/log": (self._log_seconds(latent, known) - wanted).abs().mean(),
            }
            | self._note_loss(columns[0], batch.pitch)
        )

    def _note(self, style: Tensor, pitch: Tensor) -> Tensor | None:
        """The note that partials follow while they learn: as it was measured, else as the model has it."""
        if self.config.partials == 0:
            return None
        return torch.where(pitch.isfinite(), pitch, self.decode.note(style).detach()).float()

    def _note_loss(self, style: Tensor, pitch: Tensor) -> dict[str, Tensor]:
        if self.config.partials == 0:
            return {}
        known = pitch.isfinite()
        off = (self.decode.note(style) - pitch.nan_to_num(60.0)).abs() / 12
        return {"note/octaves": (off * known).sum() / known.sum().clamp_min(1)}

    def _teaching(self, shown: list[tuple[Tensor, Tensor, Tensor]], progress: float) -> dict[str, Tensor]:
        """What the critics say of crops of this step's sounds, and keep them for the critics' own turn."""
        self.shown = None
        if self.config.adversarial == 0 or progress < self.config.critics - 0.05:
            return {}
        crops = [F.pad(x, (0, max(0, CROP - x.shape[-1])))[..., :CROP] for real, made, _ in shown for x in (real, made)]
        real, made = (self.critics.look(x) for x in augment(torch.cat(crops[::2]), torch.cat(crops[1::2])))
        classes = torch.cat([c for _, _, c in shown])
        self.shown = real, [x.detach() for x in made], classes
        if progress < self.config.critics:
            return {}
        return self.critics.teach(real, made, classes)

    def _critic_losses(self) -> dict[str, Tensor]:
        return self.critics.judge(*self.shown) if self.shown else {}

    def _windows(self, seconds: Tensor) -> Iterator[tuple[list[int], list[int], int]]:
        """What one step decodes: (rows, start frame of each, frames). Every beginning, in two groups of like length so that
        short sounds cost little; and pieces from later on of up to a quarter of the sounds."""
        W, last = self.config.window, self.config.frames
        lengths = [min(last, math.ceil(s * 1.1 * RATE / FRAME) + 1) for s in seconds.tolist()]
        order = sorted(range(len(lengths)), key=lengths.__getitem__)
        half = (len(order) + 1) // 2
        for rows in (order[:half], order[half:]):
            if rows:
                yield rows, [0] * len(rows), min(W, lengths[rows[-1]])
        piece = max(1, W // 2)
        long = [row for row in order if lengths[row] > W]
        if long:
            picked = torch.randperm(len(long))[: max(1, len(order) // 4)].tolist()
            rows = [long[i] for i in picked]
            reach = torch.rand(len(rows)).tolist()
            yield rows, [W - piece + round(r * (lengths[row] - W)) for r, row in zip(reach, rows)], piece

    def _window(self, columns: tuple[Tensor, Tensor], rows: list[int], start: list[int], n: int, note: Tensor | None) -> Tensor:
        """Frames [start, start + n) of these rows → middle and side (B', C, n·2048)."""
        style, seed = columns
        left = min(3, min(start))
        right = 0 if max(start) + n >= seed.shape[-1] else 1
        part = torch.stack([seed[row, :, s - left : s + n + right] for row, s in zip(rows, start)])
        noise = torch.randn(len(rows), self.config.channels * BANDS, part.shape[-1] * FRAME // BANDS, device=part.device)
        first = None if note is None else torch.tensor(start, device=part.device) - left
        note = None if note is None else note[rows]
        made = self.decode.grow(self.decode.widen(part), style[rows], noise, note, first)
        return made[..., left * FRAME : (left + n) * FRAME]

    @torch.no_grad()
    def measure(self, batch: Batch) -> dict[str, float]:
        audio = middle_side(batch.audio)
        classes = self.one_hot(torch.full_like(batch.label, -1))
        mean, _ = self.encoder(audio)
        generator = torch.Generator().manual_seed(0)
        shape = (1, self.config.channels * BANDS, self.config.frames * FRAME // BANDS)
        noise = torch.randn(shape, generator=generator).to(audio.device).expand(len(audio), -1, -1)
        style, seed = self.decode.columns(mean, classes)
        errors, levels = [], []
        for row, seconds in enumerate(batch.seconds.tolist()):
            n = min(self.config.frames, math.ceil(seconds * RATE / FRAME))
            made = self.decode.grow(
                self.decode.widen(seed[row : row + 1, :, :n]),
                style[row : row + 1],
                noise[row : row + 1, :, : n * FRAME // BANDS],
            )
            real = audio[row : row + 1, :, : n * FRAME]
            errors.append(float(self.distance(made, real)))
            levels.append(
                abs(20 * math.log10((float(made.square().mean()) + 1e-12) / (float(real.square().mean()) + 1e-12)) / 2)
            )
        wanted = batch.seconds.clamp_min(SHORTEST).log()
        return {
            "mel": float(np.mean(errors)),
            "level_db": float(np.mean(levels)),
            "length": float((self._log_seconds(mean, classes) - wanted).abs().mean()),
        }

    # ---- use
    def decoder(self) -> nn.Module:
        return self.decode

    def example_inputs(self) -> dict[str, np.ndarray]:
        return self._inputs(torch.zeros(1, self.config.latent), torch.zeros(1, len(self.data.labels)), 0, self.config.frames, 0)

    def dynamic_axes(self) -> dict[str, dict[int, Any]]:
        frames = torch.export.Dim("frames", min=2, max=self.config.frames)
        return {"noise": {2: FRAME // BANDS * frames}}

    @torch.no_grad()
    def generate(self, request: Request, backend: Backend | None = None) -> Iterator[Tensor]:
        for one in self.resolve(request):
            assert one.latent is not None
            latent, classes = torch.tensor(one.latent, device=self.device), self.mixture(one.classes)
            longest = self.config.frames * FRAME / RATE
            seconds = one.seconds if one.seconds is not None else float(self._log_seconds(latent, classes).exp())
            seconds = min(longest, max(SHORTEST, seconds))
            frames = min(self.config.frames, math.ceil(seconds * RATE / FRAME) + 1)
            inputs = self._inputs(latent, classes, one.seed, frames, one.pitch or 0)
            if backend is None:
                audio = self.decode(**{name: torch.from_numpy(x).to(self.device) for name, x in inputs.items()}).cpu()
            else:
                audio = torch.from_numpy(backend(inputs))
            yield finish(audio[0], round(seconds * RATE), RATE, trim=one.seconds is None)[None]

    @torch.no_grad()
    def encode(self, audio: Tensor, label: Tensor | None = None) -> Tensor:
        wanted = self.config.frames * FRAME
        audio = F.pad(audio[..., :wanted], (0, max(0, wanted - audio.shape[-1]))).to(self.device)
        mean, _ = self.encoder(middle_side(audio))
        return mean

    def draw(self, request: Request, rng: np.random.Generator, classes: Tensor) -> Tensor:
        noise = rng.standard_normal((1, self.config.latent), dtype=np.float32) * request.temperature
        return self.place(torch.from_numpy(noise.astype(np.float32)).to(self.device), classes)[0].cpu()

    def _inputs(self, latent: Tensor, classes: Tensor, seed: int, frames: int, note: float) -> dict[str, np.ndarray]:
        """Latent, classes, note and the seed's noise: the same numbers on every device, and the same start at every length."""
        rng = np.random.Generator(np.random.PCG64([seed % 2**64, 1]))
        rows = self.config.channels * BANDS
        noise = rng.standard_normal((1, frames * FRAME // BANDS, rows), dtype=np.float32)
        inputs = {
            "latent": latent.cpu().numpy().astype(np.float32),
            "classes": classes.cpu().numpy().astype(np.float32),
            "noise": np.ascontiguousarray(noise.transpose(0, 2, 1)),
        }
        return inputs | ({"note": np.array([note], np.float32)} if self.config.partials else {})

    def _log_seconds(self, latent: Tensor, classes: Tensor) -> Tensor:
        return self.length(torch.cat([latent, classes], 1)).float()[:, 0]
