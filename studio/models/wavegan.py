"""Drum & FX morphing: a generator that critics teach, which hear all the sounds there are.

The generator draws a sound from one latent and class weights. Recommended: the bands of the one-shot decoder. An encoder finds
where in the latent space a sound lies, both learn to say real sounds again, and a flow through these places says where new ones
lie. While the generator learns, new ones lie on the way from one real sound to another of its class, so that what is between
them is taught as well: by an energy distance that compares the sets of real and new sounds of a class, never a sound with the
one it should be, and after a while by critics that learn to tell new sounds from real ones of the same class and length: small
ones of pictures, bands and outlines that compare in pairs (R3GAN, 2501.05441), slopes kept small every few steps, adaptive
augmentation (2006.06676). To choose instead: WaveGAN as it was published (1802.04208), where critics are all there is. The
first latent number is the length.

What was tried on the way is in tests/bench/RESULTS.md.

Letters: B batch, C channels, T samples, D latent size, K classes, N frames of 2,048 samples.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from studio.fields import setting
from studio.models.base import Backend, Batch, Group, Phase
from studio.models.controls import Controls, DataFacts, Info, Latent, Material, Range
from studio.models.labelled import SHORTEST, finish, middle_side
from studio.models.layers.ada import Ada
from studio.models.layers.adversarial import LOSSES
from studio.models.layers.decoders import FRAME, BandDecoder, vary
from studio.models.layers.encoder import Encoder
from studio.models.layers.endings import ended, loud
from studio.models.layers.energy import Ears, energy_distance, energy_score, natural
from studio.models.layers.lengths import Lengths
from studio.models.layers.losses import MelDistance
from studio.models.layers.panel import PENALTIES, Panel, Seen
from studio.models.layers.pqmf import BANDS
from studio.models.layers.scorers import CROP, BandScorer, PictureScorer
from studio.models.layers.wavegan import WaveCritic, WaveGenerator
from studio.models.placed import Placed
from studio.project.recipe import Request

BUCKETS = (16384, 32768, 65536, 131072)
"""Lengths in samples that a model can have: 0.37, 0.74, 1.5 and 3 seconds at 44.1 kHz."""
LEAST = CROP // FRAME
"""Frames that are made at least while it learns: what critics look at closely."""
NAMELESS = 0.1
"""Share of the sounds whose class nobody is told, so that no class is one too."""
FREE = 0.1
"""Nats that each latent number may cost freely."""
HEARD = 4
"""Real sounds of a step that the encoder listens to through the generator."""
GROUPS = 4
"""Groups of like length in which the sounds of a step are made."""
SOON, OFTEN = 16, 0.75
"""Frames of a beginning, and the share of the steps that go no further: new sounds are made twice as far."""
PICTURES = ((512, 64, 128), (2048, 128, 512))
OUTLINE = (1024, 64, 512)


class WaveGANConfig(msgspec.Struct, frozen=True):
    seconds: Annotated[
        float, setting("Longest sound; rounded up to 16384, 32768, 65536 or 131072 samples", unit="s", ge=0.05, le=8.0)
    ] = 1.4
    rate: Annotated[int, setting("Samples per second", unit="Hz", ge=16000, le=48000)] = 44100
    channels: Annotated[int, setting("1 for mono, 2 for stereo", ge=1, le=2)] = 1
    latent: Annotated[int, setting("Numbers that describe a sound", ge=2, le=256)] = 64
    generator: Annotated[
        Literal["modern", "classic"], setting("How sounds are drawn: 16 bands with a length of their own, or WaveGAN's layers")
    ] = "modern"
    critic: Annotated[
        Literal["modern", "classic"], setting("Who teaches: small critics of pictures and waves, or WaveGAN's", expert=True)
    ] = "modern"
    loss: Annotated[LOSSES, setting("How critics compare real and made sounds", expert=True)] = "relativistic"
    penalty: Annotated[PENALTIES, setting("What keeps the critics' slopes small; gradient is WGAN-GP", expert=True)] = "r1+r2"
    weight: Annotated[float, setting("Weight of that penalty", ge=0, le=100, expert=True, search=(1, 100))] = 20.0
    lazy: Annotated[int, setting("Steps of the critics from one penalty to the next", ge=1, le=64, expert=True)] = 8
    critic_steps: Annotated[int, setting("Steps of the critics for each of the generator", ge=1, le=10, expert=True)] = 1
    conditioning: Annotated[Literal["projection", "concat"], setting("How critics are told the class", expert=True)] = (
        "projection"
    )
    width: Annotated[int, setting("Channels of the modern generator's first layer", ge=32, le=1024, expert=True)] = 256
    dim: Annotated[int, setting("Model size of the classic networks; 64 is the paper's", ge=2, le=128, expert=True)] = 64
    critic_width: Annotated[int, setting("Channels of the modern critics' first layer", ge=4, le=64, expert=True)] = 24
    shuffle: Annotated[int, setting("Frames of phase shuffle in the classic critic", ge=0, le=8, expert=True)] = 2
    rate_generator: Annotated[
        float, setting("Learning rate of the generator", gt=0, le=0.01, expert=True, search=(2e-4, 4e-3))
    ] = 6e-4
    rate_critics: Annotated[float, setting("Learning rate of the critics", gt=0, le=0.01, expert=True, search=(1e-4, 2e-3))] = (
        5e-4
    )
    beta: Annotated[float, setting("Adam's first beta", ge=0, lt=1, expert=True)] = 0.5
    ada: Annotated[
        float, setting("Certainty of the critics above which sounds are augmented more; 1: never", ge=0, le=1, expert=True)
    ] = 0.6
    anchor: Annotated[
        float, setting("Weight of saying real sounds again by the encoder; 0: critics alone teach", ge=0, le=10, expert=True)
    ] = 1.0
    kl: Annotated[float, setting("How strongly latents of real sounds are pulled together", ge=0, le=1, expert=True)] = 2e-3
    critics: Annotated[
        float, setting("Share of the time after which critics come in", ge=0, le=1, expert=True, search=(0.0, 0.6))
    ] = 0.4
    matching: Annotated[
        float, setting("Weight of the distance between the sets of real and made sounds", ge=0, le=100, expert=True)
    ] = 5.0

    @property
    def samples(self) -> int:
        """T of the whole sound."""
        wanted = round(self.seconds * self.rate)
        return next((b for b in BUCKETS if b >= wanted), BUCKETS[-1])


class WaveGAN(Placed):
    info = Info(
        id="wavegan",
        name="Drum & FX morphing",
        sentence="Invents single hits and effects that were in none of your sounds, and morphs between their classes.",
        method="Conditional GAN on PQMF bands, or WaveGAN with WGAN-GP",
        wants="200 or more single sounds of up to 3 seconds; folders become classes",
    )
    Config = WaveGANConfig
    presets: ClassVar[Mapping[str, dict[str, Any]]] = {
        "WaveGAN as published": {
            "generator": "classic", "critic": "classic", "loss": "wasserstein", "penalty": "gradient", "weight": 10.0,
            "lazy": 1, "critic_steps": 5, "latent": 100, "dim": 64, "shuffle": 2, "rate_generator": 1e-4,
            "rate_critics": 1e-4, "beta": 0.5, "ada": 1.0, "matching": 0.0, "conditioning": "concat", "anchor": 0.0,
            "critics": 0.0,
        }
    }  # fmt: skip
    config: WaveGANConfig
    turn: Tensor  # how often critics have learned
    natural: Tensor  # energy score of real sounds among themselves

    def __init__(self, config: WaveGANConfig, data: DataFacts) -> None:
        self.modern = config.generator == "modern"
        self.placed = self.modern and config.anchor > 0  # the encoder learns with the generator and says where latents lie
        super().__init__(config, data, places=self.placed)
        D, K, C, T = config.latent, len(data.labels), config.channels, config.samples
        self.distance = MelDistance(config.rate)
        self.ears = Ears(config.rate, T)
        self.decode: BandDecoder | WaveGenerator = (
            BandDecoder(D, K, C, T // FRAME, config.width) if self.modern else WaveGenerator(D, K, C, T, config.dim)
        )
        if isinstance(self.decode, BandDecoder):
            vary(self.decode, D)
        self.encoder = Encoder(config.rate, D, C, T // FRAME)
        self.lengths = Lengths(K, SHORTEST, T / config.rate)
        self.ada = Ada(config.rate, config.ada)
        self.critics = Panel(_critics(config, K + self.modern), config.loss, config.penalty)
        self.shown: tuple[Seen, Tensor] | None = None  # what critics see of this step's sounds, and are told of them
        self.made: tuple[Tensor, Tensor] | None = None  # this step's sounds and their latents
        self.register_buffer("turn", torch.zeros((), dtype=torch.int64))
        self.register_buffer("natural", torch.ones(()))

    # ---- before training
    @classmethod
    def recommended(cls, data: DataFacts) -> WaveGANConfig:
        return WaveGANConfig(seconds=min(2.9, max(SHORTEST, data.seconds)), channels=min(2, data.channels))

    @classmethod
    def material(cls, config: WaveGANConfig, data: DataFacts) -> Material:
        return Material(rate=config.rate, channels=config.channels, seconds=config.samples / config.rate)

    @property
    def _kind(self) -> Literal["flow", "normal", "uniform"]:
        return "flow" if self.placed else "normal" if self.modern else "uniform"

    @property
    def controls(self) -> Controls:
        longest = self.config.samples / self.config.rate
        return Controls(
            latent=Latent("global", self.config.latent, prior=self._kind),
            classes=self.data.labels,
            seconds=Range(SHORTEST, longest, min(self.data.seconds, 1.0, longest), "s") if self.modern else None,
            temperature=Range(0.0, 1.5 if self.modern else 1.0, 1.0),
        )

    @torch.no_grad()
    def prepare(self, batches: Iterator[Batch]) -> None:
        """Lengths by class, output level of each band, levels the encoder hears, and how far real sounds are apart."""
        features: list[Tensor] = []
        mels: list[Tensor] = []
        facts: list[tuple[Tensor, Tensor]] = []
        count, power = torch.zeros(len(self.share)), torch.zeros(self.config.channels * BANDS)
        for batch in batches:
            audio = middle_side(batch.audio)
            features.append(self.ears(audio).cpu())
            mels.extend(x.flatten().cpu() for x in self.encoder.hear(audio))
            facts.append((batch.seconds.cpu(), batch.label.cpu()))
            count += self.counted(batch.label)
            if isinstance(self.decode, BandDecoder):
                power += self.decode.pqmf.analysis(audio).square().sum((0, 2)).cpu()
        if not features:
            return
        seconds, label = (torch.cat(part) for part in zip(*facts))
        self.share.copy_(count)
        self.lengths.fit(seconds, label)
        self.natural.copy_(natural(torch.cat(features), label))
        values = torch.cat(mels)
        self.encoder.loudness.copy_(torch.stack([values.mean(), values.std().clamp_min(0.1)]))
        if isinstance(self.decode, BandDecoder):
            total = float(seconds.clamp_min(SHORTEST).sum()) * self.config.rate / BANDS
            self.decode.set_level((power / total).sqrt().to(self.device))

    # ---- training
    def phases(self) -> tuple[Phase, ...]:
        config = self.config
        betas = (config.beta, 0.99 if self.modern else 0.9)
        many = config.critic_steps > 1
        learner = [*self.decode.parameters(), *(self.encoder.parameters() if config.anchor else ())]
        maker = Group("maker", learner, lr=config.rate_generator, betas=betas, clip=10.0)
        critics = Group(
            "critics", list(self.critics.parameters()), lr=config.rate_critics, betas=betas, steps=config.critic_steps,
            clip=10.0, hears=many,
        )  # fmt: skip
        groups = [critics, maker] if many else [maker, critics]
        if not config.anchor:
            groups.append(Group("encoder", list(self.encoder.parameters()), lr=1e-3, every=4))
        if self.placed:
            groups.append(self.prior_group())
        return (Phase("learn", tuple(groups)),)

    def weights(self, progress: float) -> dict[str, float]:
        return {
            "adversarial/score": min(1.0, max(0.0, (progress - self.config.critics) / 0.05)) if self.config.critics else 1.0,
            "anchor/mel": self.config.anchor,
            "anchor/kl": self.config.anchor * self.config.kl,
            "adversarial/matching": self.config.matching,
            "critic/loss": 1.0,
            "critic/penalty": self.config.weight * self.config.lazy,
            "encoder/latent": 1.0,
            "encoder/mel": 1.0,
            "encoder/prior": 0.01,
            "prior/velocity": 1.0,
        }

    def losses(self, batch: Batch, group: str, progress: float) -> dict[str, Tensor]:
        if group == "maker":
            return self._maker_losses(batch, progress)
        if group == "prior":
            return self.prior_losses()
        return self._critic_losses(batch, progress) if group == "critics" else self._encoder_losses(batch)

    def _maker_losses(self, batch: Batch, progress: float) -> dict[str, Tensor]:
        found = self._anchor_losses(batch) if self.config.anchor else {}
        real, made, conditions, latent = self._pair(batch)
        if self.config.matching > 0:
            found["adversarial/matching"] = energy_distance(self.ears(real), self.ears(made), batch.label)
        self.made, self.shown = (made.detach(), latent), None
        if progress < self.config.critics:
            return found
        seen = self._look(real, made, batch.seconds)
        self.shown = (seen[0], [x.detach() for x in seen[1]]), conditions
        return found | {"adversarial/score": self.critics.teach(seen, conditions)}

    def _anchor_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Real sounds said again from where the encoder hears them, mostly their beginnings, and what that place costs."""
        real = middle_side(batch.audio)
        mean, logvar = self.encoder(self._whole(real))
        place = self._measured(mean + (0.5 * logvar).exp() * torch.randn_like(mean), batch.seconds)
        if self.placed:
            self.remember(batch, self._measured(mean, batch.seconds))
        classes = self.one_hot(batch.label)
        classes = classes * (torch.rand(len(classes), 1, device=classes.device) >= NAMELESS)
        distance = mean.new_zeros(())
        for rows, frames in self._groups(batch.seconds, self._reach(batch.seconds, SOON)):
            again = self._ended(self._decode(place[rows], classes[rows], frames), batch.seconds[rows])
            there = loud(real[rows, :, : frames * FRAME])
            distance = distance + self.distance(again, there).sum() / len(real)
        kl = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).mean(0)[self.modern :]  # the length stands by itself
        return {"anchor/mel": distance, "anchor/kl": kl.clamp_min(FREE).sum(), "latent/nats": kl.detach().sum()}

    def _critic_losses(self, batch: Batch, progress: float) -> dict[str, Tensor]:
        if progress < self.config.critics:
            return {}
        shown, self.shown = self.shown, None
        if shown is None:
            with torch.no_grad():
                real, made, conditions, _ = self._pair(batch)
                shown = self._look(real, made, batch.seconds), conditions
        found, sure = self.critics.learn(*shown)
        if self.config.weight and int(self.turn) % self.config.lazy == 0:
            found |= self.critics.slopes(*shown)
        self.turn.add_(1)
        return found | self.ada.adapt(sure)

    def _encoder_losses(self, batch: Batch) -> dict[str, Tensor]:
        """The latents of what was made, and real sounds near what the generator, which rests, makes of theirs."""
        if self.made is None:
            return {}
        audio, latent = self.made
        guess, _ = self.encoder(self._whole(audio))
        found = {"encoder/latent": (guess - latent).square().mean()}
        real = middle_side(batch.audio[:HEARD])
        seconds, classes = batch.seconds[:HEARD], self.one_hot(batch.label[:HEARD])
        place = self._measured(self.encoder(self._whole(real))[0], seconds)
        frozen = {name: value.detach() for name, value in self.decode.state_dict().items()}
        again = self._decode(place, classes, self._frames(seconds), frozen)
        again = self._ended(again, seconds)
        real = real[..., : again.shape[-1]]
        found["encoder/mel"] = self.distance(again, real).mean()
        found["encoder/prior"] = place.square().mean()
        return found

    # ---- pairs
    def _pair(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Real sounds, as many made ones of the same classes and lengths, both (B, C, n·2048) as middle and side; what critics
        are told of them (B, K + 1); and the latents (B, D)."""
        classes = self.one_hot(batch.label)
        classes = classes * (torch.rand(len(classes), 1, device=classes.device) >= NAMELESS)
        latent = self._measured(self._prior(batch), batch.seconds)
        frames = self._reach(batch.seconds, 2 * SOON)
        made = self._made(latent, classes, batch.seconds, frames)
        real = middle_side(batch.audio)[..., : frames * FRAME]
        if frames < self._frames(batch.seconds):
            real = loud(real)
        conditions = torch.cat([classes, latent[:, :1]], 1) if self.modern else classes
        return real, made, conditions, latent

    def _prior(self, batch: Batch) -> Tensor:
        """Latents (B, D) for new sounds of a batch's classes: where there are places, on the way from one to another of a
        class, both of sounds about as long."""
        shape = (len(batch.label), self.config.latent)
        if not self.placed:
            return torch.randn(shape, device=self.device) if self.modern else torch.rand(shape, device=self.device) * 2 - 1
        return self.between(batch.label, self.lengths.number(batch.seconds))

    def _measured(self, latent: Tensor, seconds: Tensor) -> Tensor:
        """The latent with the first number that stands for this length."""
        if not self.modern:
            return latent
        return torch.cat([self.lengths.number(seconds)[:, None].to(latent.dtype), latent[:, 1:]], 1)

    def _made(self, latent: Tensor, classes: Tensor, seconds: Tensor, frames: int) -> Tensor:
        """Sounds (B, C, frames·2048) of latents, silent after their ends, which costs no more than what can be heard."""
        if not self.modern:
            return self._decode(latent, classes, frames)
        parts, order = [], []
        for rows, n in self._groups(seconds, frames):
            part = self._ended(self._decode(latent[rows], classes[rows], n), seconds[rows])
            parts.append(F.pad(part, (0, (frames - n) * FRAME)))
            order.append(rows)
        return torch.cat(parts)[torch.cat(order).argsort()]

    def _groups(self, seconds: Tensor, most: int) -> Iterator[tuple[Tensor, int]]:
        """Rows of like length, and the frames that the longest of them needs, up to `most`."""
        for rows in seconds.argsort().chunk(GROUPS if self.modern else 1):
            yield rows, min(most, self._frames(seconds[rows]))

    def _reach(self, seconds: Tensor, soon: int) -> int:
        """Frames of a step: mostly no more than `soon`, for beginnings have most to learn."""
        frames = self._frames(seconds)
        return min(frames, soon) if self.config.anchor and torch.rand(()) < OFTEN else frames

    def _frames(self, seconds: Tensor) -> int:
        """Frames that the longest of them needs; all, for a generator that can't make less."""
        last = self.config.samples // FRAME
        if not self.modern:
            return last
        return min(last, max(LEAST, math.ceil(float(seconds.max()) * self.config.rate / FRAME)))

    def _decode(self, latent: Tensor, classes: Tensor, frames: int, weights: dict[str, Tensor] | None = None) -> Tensor:
        """→ middle and side (B, C, frames·2048); with other weights where they are given."""
        inputs = (latent, classes, self._noise(len(latent), frames)) if self.modern else (latent, classes)
        made = functional_call(self.decode, weights, inputs) if weights else self.decode(*inputs)
        return middle_side(made)

    def _noise(self, count: int, frames: int) -> Tensor:
        return torch.randn(count, self.config.channels * BANDS, frames * FRAME // BANDS, device=self.device)

    def _ended(self, audio: Tensor, seconds: Tensor) -> Tensor:
        return ended(audio, seconds, self.config.rate) if self.modern else audio

    def _look(self, real: Tensor, made: Tensor, seconds: Tensor) -> Seen:
        """What each critic sees of both, augmented alike."""
        real, made = self.ada(real, made)
        return self.critics.look(real, made, seconds * self.config.rate - CROP)

    def _whole(self, audio: Tensor) -> Tensor:
        wanted = self.config.samples
        return F.pad(audio[..., :wanted], (0, max(0, wanted - audio.shape[-1])))

    @torch.no_grad()
    def measure(self, batch: Batch) -> dict[str, float]:
        """mel: distance of sounds to what their latents give, which decides where real sounds are said again: it knows details;
        energy: the energy score of new sounds of the same labels, as a share of what real sounds of one label score among
        themselves, so that 1 is as good as real. It knows outlines, and decides where critics alone teach."""
        audio, classes = middle_side(batch.audio), self.one_hot(batch.label)
        rng = np.random.Generator(np.random.PCG64(batch.index.tolist()))
        made = []
        for _ in range(2):
            latent = self._from(rng, classes, 1.0)
            made.append(self.ears(self._render(latent, classes, rng)))
        score = energy_score(self.ears(audio), *made)
        place = self._measured(self.encoder(self._whole(audio))[0], batch.seconds)
        again = self._render(place, classes, rng)
        energy = float(score.mean() / self.natural)
        mel = float(self.distance(again, audio[..., : again.shape[-1]]).mean())
        return {"mel": mel, "energy": energy} if self.config.anchor else {"energy": energy, "mel": mel}

    def _render(self, latent: Tensor, classes: Tensor, rng: np.random.Generator) -> Tensor:
        """Whole sounds of latents (B, D), each as long as it says, as middle and side."""
        frames = self.config.samples // FRAME
        inputs: tuple[Tensor, ...] = (latent, classes)
        if self.modern:
            noise = rng.standard_normal((len(latent), self.config.channels * BANDS, frames * FRAME // BANDS), dtype=np.float32)
            inputs = (*inputs, torch.from_numpy(noise).to(latent.device))
        return self._ended(middle_side(self.decode(*inputs)), self.lengths.seconds(latent[:, 0]))

    # ---- use
    def decoder(self) -> nn.Module:
        return self.decode

    def example_inputs(self) -> dict[str, np.ndarray]:
        latent, classes = torch.zeros(1, self.config.latent), torch.zeros(1, len(self.data.labels))
        return self._inputs(latent, classes, 0, self.config.samples // FRAME)

    def dynamic_axes(self) -> dict[str, dict[int, Any]]:
        if not self.modern:
            return {}
        frames = torch.export.Dim("frames", min=2, max=self.config.samples // FRAME)
        return {"noise": {2: FRAME // BANDS * frames}}

    @torch.no_grad()
    def generate(self, request: Request, backend: Backend | None = None) -> Iterator[Tensor]:
        rate, samples = self.config.rate, self.config.samples
        for one in self.resolve(request):
            assert one.latent is not None
            latent, classes = torch.tensor(one.latent, device=self.device), self.mixture(one.classes)
            asked = one.seconds if self.modern else None
            if asked is not None:
                latent = self._measured(latent, torch.tensor([asked], device=self.device))
            seconds = samples / rate
            if self.modern:
                seconds = min(seconds, max(SHORTEST, asked or float(self.lengths.seconds(latent[:, 0]))))
            inputs = self._inputs(latent, classes, one.seed, min(samples // FRAME, math.ceil(seconds * rate / FRAME) + 1))
            if backend is None:
                audio = self.decode(**{name: torch.from_numpy(x).to(self.device) for name, x in inputs.items()}).cpu()
            else:
                audio = torch.from_numpy(backend(inputs))
            length = round(seconds * rate)
            if self.modern:
                audio = audio - audio[..., :length].mean(2, keepdim=True)
            audio = finish(audio[0], length, rate, trim=asked is None)[None]
            yield loud(audio) if self.modern else audio

    @torch.no_grad()
    def encode(self, audio: Tensor, label: Tensor | None = None) -> Tensor:
        audio = self._whole(audio.to(self.device))
        level = audio.abs().amax(1)
        heard = level > level.amax(1, keepdim=True) * 1e-3
        last = (heard * torch.arange(1, level.shape[1] + 1, device=level.device)).amax(1)
        mean, _ = self.encoder(middle_side(audio))
        return self._measured(mean, last / self.config.rate)

    def draw(self, request: Request, rng: np.random.Generator, classes: Tensor) -> Tensor:
        return self._from(rng, classes, request.temperature)[0].detach().cpu()

    def _from(self, rng: np.random.Generator, classes: Tensor, temperature: float) -> Tensor:
        """Latents (B, D) from the prior for class weights (B, K); between classes, between what one noise gives in each."""
        shape = (len(classes), self.config.latent)
        if not self.modern:
            return torch.from_numpy(rng.uniform(-1, 1, shape).astype(np.float32)).to(classes.device) * min(1.0, temperature)
        normal = torch.from_numpy(rng.standard_normal(shape, dtype=np.float32) * np.float32(temperature)).to(classes.device)
        if not self.placed:
            return torch.cat([self.lengths.draw(normal[:, 0], classes)[:, None], normal[:, 1:]], 1)
        found = torch.zeros_like(normal)
        known = torch.cat([classes, 1 - classes.sum(1, keepdim=True)], 1)  # (B, K + 1), the last for no class
        for k, weight in enumerate(known.unbind(1)):
            if float(weight.abs().max()) > 1e-6:
                asked = torch.zeros_like(classes)
                asked[:, k : k + 1] = 1  # nothing for no class
                found = found + weight[:, None] * self.place(normal, asked)
        return found

    def _inputs(self, latent: Tensor, classes: Tensor, seed: int, frames: int) -> dict[str, np.ndarray]:
        """Latent, classes and the seed's noise: the same numbers on every device, and the same start at every length."""
        inputs = {"latent": latent.cpu().numpy().astype(np.float32), "classes": classes.cpu().numpy().astype(np.float32)}
        if not self.modern:
            return inputs
        rng = np.random.Generator(np.random.PCG64([seed % 2**64, 1]))
        noise = rng.standard_normal((1, frames * FRAME // BANDS, self.config.channels * BANDS), dtype=np.float32)
        return inputs | {"noise": np.ascontiguousarray(noise.transpose(0, 2, 1))}


def _critics(config: WaveGANConfig, conditions: int) -> Iterator[nn.Module]:
    rate, C, width, concat = config.rate, config.channels, config.critic_width, config.conditioning == "concat"
    if config.critic == "classic":
        yield WaveCritic(C, config.samples, config.dim, config.shuffle, conditions, concat)
        return
    for shape in PICTURES:
        yield PictureScorer(rate, C, shape, width, conditions, concat)
    yield PictureScorer(rate, C, OUTLINE, width, conditions, concat, whole=True)
    yield BandScorer(C, width, conditions, concat)
