"""Notes with pitch: instruments that play any key, each a point among those that were learned.

A generative adversarial network whose generator draws a note as partials over harmonic number and time and as noise, its
critics seeing pictures of magnitudes and of how phases turn; a latent, a note and a velocity go in. Labels are not given to the
generator but are where the latents lie: each has a centre and a spread of its own, so that the way from piano to violin leads
through what is between them, on every key. An encoder learns beside it where sounds lie. After GANSynth (1902.08710), with the
losses of R3GAN (2501.05441) among others, the spectral energy distance (2008.01160), adaptive augmentation (2006.06676), and
real notes moved to other keys together with what they are called.

Tried on 971 notes of 20 instruments (held out: 229), three minutes of one core each, bf16, batch 16, one seed; energy distance
of training sounds around step 145 and in the last twentieth part, Fréchet distance over its floor, coverage, recall, and how
many new sounds have a training sound of their own instrument as the nearest:

                                             at 145   steps   energy  × floor  coverage  recall  instrument
    critics from the start, labels wide (0.4)  0.82   stopped
    after a quarter of the time, 0.25          0.77     363    0.55
    the same, twice the learning rate          0.88   stopped
    no critics, 0.15                           0.75     438    0.45     1.73     0.93     0.86      0.59
    after a quarter, 0.15 (default)            0.70     320    0.52     1.55     0.94     0.92      0.59

The first, begun anew and kept for 514 steps, came to an energy of 0.53, 1.33 × its floor, coverage 0.93, recall 0.93; all of 80
notes asked of it, from 24 to 96, were within 50 cents (median 5), and a judge that learned the labels heard 34 % as what they
were made for. So the energy distance, which looks at one frame at a time, makes sounds like the real ones, and critics make
them as various.

Letters: B batch, T samples, D latent size, K classes, N frames, W frames of a training window, M what critics are told of a
sound.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.errors import NoNotes
from studio.fields import setting
from studio.models.base import Backend, Batch, Group, Phase
from studio.models.controls import Controls, DataFacts, Info, Latent, Material, Range
from studio.models.labelled import SHORTEST, Labelled, finish
from studio.models.layers.ada import Ada
from studio.models.layers.adversarial import LOSSES, critic_loss, gradient_penalty, maker_loss, margin, zero_centred
from studio.models.layers.note_critic import NOTES, NoteCritics, NoteEncoder, Pictures, apart
from studio.models.layers.note_maker import TOLD, NoteMaker, Representation, told
from studio.models.layers.transpose import transposed
from studio.project.recipe import Request

LOWEST, TOP = 24.0, 96.0
MIDDLE = 60.0
PEAK = 10 ** (-1 / 20)
LAZY = 4
"""Slopes are looked at in every so-manieth step, so many times as hard."""
RAMP = 0.1
"""Share of the time in which the critics' weight rises; for half as long they learn before."""
TWINS = 4
"""One in so many notes is drawn twice, to see how far two of a kind are apart."""


class GanSynthConfig(msgspec.Struct, frozen=True):
    seconds: Annotated[float, setting("Length of a note; longer ones are cut", unit="s", ge=0.3, le=4.0)] = 3.0
    rate: Annotated[int, setting("Samples per second; half of it is the highest frequency", unit="Hz", ge=16000, le=48000)] = (
        22050
    )
    latent: Annotated[int, setting("Numbers that describe a timbre", ge=2, le=256)] = 32
    representation: Annotated[
        Representation,
        setting("What is drawn of each harmonic: magnitude and frequency, or a complex number", expert=True, search=True),
    ] = "if"
    pitch_condition: Annotated[
        Literal["classifier", "projection"],
        setting("How critics judge the note: by naming it, or by knowing what was asked for", expert=True, search=True),
    ] = "projection"
    loss: Annotated[LOSSES, setting("What critics and generator learn from", expert=True, search=True)] = "relativistic"
    adversarial: Annotated[float, setting("Weight of the critics", ge=0, le=10, expert=True)] = 1.0
    critics: Annotated[
        float, setting("Share of the time after which critics come in", ge=0, le=1, expert=True, search=(0.0, 0.6))
    ] = 0.25
    energy: Annotated[
        float, setting("Weight of the spectral energy distance; 0 leaves all to the critics", ge=0, le=10, expert=True)
    ] = 1.0
    penalty: Annotated[float, setting("How hard steep critics are held back", ge=0, le=100, expert=True, search=(0.1, 10))] = (
        1.0
    )
    shift: Annotated[
        float, setting("Real notes are moved by up to so many semitones, and their names with them", ge=0, le=12, expert=True)
    ] = 6.0
    adapt: Annotated[bool, setting("Change sounds before critics see them, when few are learned by heart", expert=True)] = False
    window: Annotated[
        int, setting("Frames that one training step looks at; 43 are a second", ge=16, le=512, expert=True, search=(32, 128))
    ] = 48
    width: Annotated[int, setting("Channels of the picture that the generator draws", ge=4, le=128, expert=True)] = 24
    critic_width: Annotated[int, setting("Channels of the critics' first layer", ge=4, le=128, expert=True)] = 24
    step: Annotated[float, setting("Learning rate of the generator", gt=0, le=0.01, expert=True)] = 1e-3

    @property
    def n_fft(self) -> int:
        return 2048 if self.rate < 32000 else 4096

    @property
    def hop(self) -> int:
        return self.n_fft // 4

    @property
    def frames(self) -> int:
        """N, a multiple of 8."""
        return max(16, math.ceil(self.seconds * self.rate / self.hop / 8) * 8)

    @property
    def near(self) -> int:
        """W: frames of the beginning, which says most about a sound; the encoder hears no more."""
        return min(self.window, self.frames)


@dataclass(frozen=True)
class Shown:
    """What one step's sounds looked like: pictures of real and of made ones, and what both were asked to be. first: the number
    of the first frame in the pictures."""

    real: list[Tensor]
    made: list[Tensor]
    note: Tensor
    velocity: Tensor
    asked: Tensor
    latent: Tensor
    first: int


class GanSynth(Labelled):
    info = Info(
        id="gansynth",
        name="Notes with pitch",
        sentence="Learns instruments note by note and plays what lies between them on every key.",
        method="Pitch-conditional GAN on harmonic magnitude and instantaneous-frequency pictures",
        wants="100 to 5,000 single notes with a known pitch; folders become instruments",
    )
    Config = GanSynthConfig
    config: GanSynthConfig
    heard: Tensor  # (K + 1, 128) how often each note occurs in each class; the last is "unknown"
    strokes: Tensor  # (128,) how often each velocity

    def __init__(self, config: GanSynthConfig, data: DataFacts) -> None:
        super().__init__(config, data)
        D, K, c = config.latent, len(data.labels), config
        self.maker = NoteMaker(D, c.rate, c.n_fft, c.hop, c.frames, c.width, c.representation)
        self.centre = nn.Parameter(torch.randn(K, D))
        self.scatter = nn.Parameter(torch.full((K, D), math.log(0.15)))
        self.pictures = Pictures(c.rate, c.n_fft, c.hop)
        self.critics = NoteCritics(c.critic_width, K + TOLD + 1, c.pitch_condition == "classifier")
        self.encoder = NoteEncoder(D, c.critic_width, c.frames)
        self.ada = Ada(c.rate)
        self.shown: Shown | None = None
        self.register_buffer("heard", torch.zeros(K + 1, NOTES))
        self.register_buffer("strokes", torch.zeros(NOTES))

    # ---- before training
    @classmethod
    def recommended(cls, data: DataFacts) -> GanSynthConfig:
        return GanSynthConfig(seconds=min(3.0, max(0.3, data.seconds)))

    @classmethod
    def missing(cls, data: DataFacts) -> str:
        if data.count >= 2 and data.pitched * data.count < 2:
            return "needs notes: no pitch was found in these sounds, and none is in their names"
        return super().missing(data)

    @classmethod
    def material(cls, config: GanSynthConfig, data: DataFacts) -> Material:
        return Material(rate=config.rate, channels=1, seconds=config.frames * config.hop / config.rate)

    @classmethod
    def lighter(cls, config: GanSynthConfig) -> dict[str, Any]:
        return {"window": config.near // 2} if config.near >= 32 else {}

    @property
    def controls(self) -> Controls:
        often = self.heard.sum(0)
        usual = float(torch.searchsorted(often.cumsum(0), often.sum() / 2)) if float(often.sum()) else MIDDLE
        return Controls(
            latent=Latent("global", self.config.latent),
            classes=self.data.labels,
            pitch=Range(LOWEST, TOP, min(TOP, max(LOWEST, usual)), "MIDI"),
            velocity=Range(1.0, 127.0, 100.0, "MIDI") if self.data.struck > 0 else None,
            seconds=Range(SHORTEST, self.config.frames * self.config.hop / self.config.rate, self.config.seconds, "s"),
            temperature=Range(0.0, 1.5, 1.0),
        )

    @torch.no_grad()
    def prepare(self, batches: Iterator[Batch]) -> None:
        """How often each note and each velocity occurs, and the mean picture. Raises NoNotes where no note is known."""
        heard, strokes = torch.zeros_like(self.heard).cpu(), torch.zeros_like(self.strokes).cpu()
        share = torch.zeros_like(self.share).cpu()
        total, count = torch.zeros_like(self.maker.base), 0
        for batch in batches:
            known = batch.pitch.isfinite()
            share += self.counted(batch.label[known])
            place = torch.where(batch.label < 0, len(heard) - 1, batch.label)[known].cpu()
            note = batch.pitch[known]
            heard.index_put_((place, note.round().long().clamp(0, NOTES - 1).cpu()), torch.ones(len(note)), accumulate=True)
            struck = batch.velocity[known & batch.velocity.isfinite()].round().long().clamp(0, NOTES - 1).cpu()
            strokes += torch.bincount(struck, minlength=NOTES)
            if len(note):
                level = self.pictures.harmonic(batch.audio[known][:, 0], note)[:, 0]
                total += level.sum(0)
                count += len(note)
        if not count:
            raise NoNotes
        self.share.copy_(share)
        self.heard.copy_(heard)
        self.strokes.copy_(strokes)
        self.maker.base.copy_(total / count * math.log(10))

    # ---- training
    def phases(self) -> tuple[Phase, ...]:
        maker = [*self.maker.parameters(), self.centre, self.scatter]
        groups = (
            Group("maker", maker, lr=self.config.step, betas=(0.5, 0.99)),
            Group("critics", list(self.critics.parameters()), lr=5e-4, betas=(0.0, 0.99), hears=False, clip=5.0),
            Group("encoder", list(self.encoder.parameters()), lr=1e-3, hears=False),
        )
        return (Phase("learn", groups),)

    def weights(self, progress: float) -> dict[str, float]:
        ramp = self.config.adversarial * min(1.0, max(0.0, (progress - self.config.critics) / RAMP))
        return {
            "adversarial/score": ramp,
            "adversarial/note": 0.1 * ramp,
            "energy/spectral": self.config.energy,
            "critic/score": 1.0,
            "critic/note": 0.1,
            "critic/slope": 0.5 * self.config.penalty,
            "place/latent": 1.0,
            "place/real": 1.0,
        }

    def losses(self, batch: Batch, group: str, progress: float) -> dict[str, Tensor]:
        if group == "maker":
            return self._maker_losses(batch, progress)
        if self.shown is None:
            return {}
        if group == "encoder":
            return self._encoder_losses(self.shown)
        asked = self.config.adversarial and progress >= self.config.critics - RAMP / 2
        return self._critic_losses(self.shown) if asked else {}

    def _maker_losses(self, batch: Batch, progress: float) -> dict[str, Tensor]:
        self.shown = None
        known = batch.pitch.isfinite().nonzero()[:, 0]
        if not len(known):
            return {}
        real, note, velocity = batch.audio[known], batch.pitch[known].float(), batch.velocity[known].nan_to_num(-1.0)
        label, twins = batch.label[known], -(-len(known) // TWINS)
        if self.config.shift:
            real, note = transposed(real, note, self.config.shift)
        W, first = self.config.near, self._first()
        real = real[..., first * self.config.hop : (first + W) * self.config.hop]
        asked = self._asked(note, velocity, label, first)
        latent = self._prior(torch.cat([label, label[:twins]]))
        notes, velocities = torch.cat([note, note[:twins]]), torch.cat([velocity, velocity[:twins]])
        span = first, first + W
        made, twin = self.maker(latent, notes, velocities, self.maker.white(latent, span), span).split((len(real), twins))
        if self.config.adapt:
            real, made, twin = self.ada(real, made, torch.cat([twin, made[twins:].detach()]))
        with torch.no_grad():
            wanted = self.pictures(real, note, not first)
        drawn = self.pictures(torch.cat([made, twin[:twins]]), notes, not first)
        found, others = zip(*(x.split((len(real), twins)) for x in drawn))
        self.shown = Shown(wanted, [x.detach() for x in found], note, velocity, asked, latent[: len(real)].detach(), first)
        near = apart(drawn, [torch.cat([x, x[:twins]]) for x in wanted])
        share = torch.ones_like(near)
        share[:twins] = share[len(real) :] = 0.5
        spread = apart([x[:twins] for x in found], list(others)).mean()
        losses = {"energy/spectral": (near * share).sum() / len(real) - 0.5 * spread, "energy/spread": spread.detach()}
        if self.config.adversarial and progress >= self.config.critics:
            no, named = self.critics(list(found), note, asked)
            with torch.no_grad():
                yes, _ = self.critics(wanted, note, asked)
            score = torch.stack([maker_loss(self.config.loss, a, b) for a, b in zip(yes, no)]).mean()
            losses |= {"adversarial/score": score, "adversarial/note": named}
        return losses

    def _critic_losses(self, shown: Shown) -> dict[str, Tensor]:
        yes, named = self.critics(shown.real, shown.note, shown.asked)
        no, _ = self.critics(shown.made, shown.note, shown.asked)
        kind = self.config.loss
        losses = {"critic/score": torch.stack([critic_loss(kind, a, b) for a, b in zip(yes, no)]).mean()}
        losses["critic/right"] = torch.stack([(margin(kind, a, b) > 0).float().mean() for a, b in zip(yes, no)]).mean()
        if self.critics.note is not None:
            losses["critic/note"] = named
        if self.config.adapt:
            losses |= self.ada.adapt(torch.stack([margin(kind, a, b) for a, b in zip(yes, no)]).mean(0))
        if float(torch.rand(())) < 1 / LAZY:
            losses["critic/slope"] = LAZY * self._slope(shown)
        return losses

    def _slope(self, shown: Shown) -> Tensor:
        """Mean squared slope of each critic at what is real and at what is made, of half of the sounds; of "wasserstein" its
        distance from 1, twenty times as hard."""
        half = slice(0, -(-len(shown.note) // 2))
        total = shown.note.new_zeros(())
        with torch.autocast(shown.note.device.type, enabled=False):
            for part, (real, made) in enumerate(zip(shown.real, shown.made)):

                def judge(x: Tensor, part: int = part) -> Tensor:
                    return self.critics.judge(part, x, shown.note[half], shown.asked[half])[0]

                if self.config.loss == "wasserstein":
                    total = total + 20 * gradient_penalty(judge, real[half], made[half])[0]
                    continue
                for picture in (real, made):
                    x = picture[half].detach().float().requires_grad_()
                    total = total + zero_centred(judge(x), x)
        return total / len(shown.real)

    def _encoder_losses(self, shown: Shown) -> dict[str, Tensor]:
        if shown.first:
            return {}
        off = (self.encoder(shown.made[1:]) - shown.latent).square().mean()
        few = slice(0, -(-len(shown.note) // TWINS))
        latent = self.encoder([x[few] for x in shown.real[1:]])
        span = 0, self.config.near
        again = self.maker(latent, shown.note[few], shown.velocity[few], self.maker.white(latent, span), span)
        found = self.pictures(again, shown.note[few])
        return {"place/latent": off, "place/real": apart(found, [x[few] for x in shown.real]).mean()}

    @torch.no_grad()
    def measure(self, batch: Batch) -> dict[str, float]:
        """energy: how far new notes are from the held-out one of their kind, less half of how far they are from each other,
        which is least where both are spread alike; mel: of held-out sounds placed by the encoder; both in log10 steps; cents:
        how far new notes are from the asked one; spread: how far two of a kind are apart."""
        note = batch.pitch.float().nan_to_num(MIDDLE)
        velocity = batch.velocity.nan_to_num(-1.0)
        generator = torch.Generator().manual_seed(0)
        wanted = self.pictures(batch.audio, note)
        found = []
        for _ in range(2):
            noise = torch.randn(len(note), self.config.latent, generator=generator).to(note.device)
            found.append(self.pictures(self._quiet(self._prior(batch.label, noise), note, velocity), note))
        energy = 0.5 * (apart(found[0], wanted) + apart(found[1], wanted) - apart(*found))
        again = self.pictures(self._quiet(self.encode(batch.audio), note, velocity), note)
        return {
            "energy": float(energy.mean()),
            "mel": float(apart(again[1:], wanted[1:]).mean()) / 2,
            "cents": float(self.pictures.harmonic.cents(found[0][0], note).mean()),
            "spread": float(apart(*found).mean()),
        }

    def _quiet(self, latent: Tensor, note: Tensor, velocity: Tensor) -> Tensor:
        """Sounds with the same noise every time."""
        noise = torch.randn(1, 2, self.maker.bins, 4 * self.config.frames, generator=torch.Generator().manual_seed(1))
        return self.maker(latent, note, velocity, noise.to(note.device).expand(len(note), -1, -1, -1))

    def _prior(self, label: Tensor, noise: Tensor | None = None) -> Tensor:
        """Latents (B, D) of these classes; of unknown ones any class."""
        noise = torch.randn(len(label), self.config.latent, device=label.device) if noise is None else noise
        K = len(self.data.labels)
        if not K:
            return noise
        label = torch.where(label < 0, torch.randint(K, label.shape, device=label.device), label)
        return self.centre[label] + self.scatter[label].exp() * noise

    def _first(self) -> int:
        """The frame that a step looks from: every other time the beginning."""
        rest = self.config.frames - self.config.near
        return int(torch.randint(1, rest + 1, ())) if rest and float(torch.rand(())) < 0.5 else 0

    def _asked(self, note: Tensor, velocity: Tensor, label: Tensor, first: int) -> Tensor:
        """What critics are told, (B, M), and how far from the beginning. A classifier finds the note by itself."""
        rest = told(note, velocity)
        if self.config.pitch_condition == "classifier":
            rest = torch.cat([torch.zeros_like(rest[:, :-2]), rest[:, -2:]], 1)
        return torch.cat([self.one_hot(label), rest, torch.full_like(rest[:, :1], 2 * first / self.config.frames)], 1)

    # ---- use
    def decoder(self) -> nn.Module:
        return self.maker

    def example_inputs(self) -> dict[str, np.ndarray]:
        return self._inputs(Request(latent=((0.0,) * self.config.latent,), pitch=MIDDLE))

    def resolve(self, request: Request) -> Iterator[Request]:
        for one in super().resolve(request):
            first, other = (np.random.Generator(np.random.PCG64([one.seed % 2**64, i])) for i in (0, 2))
            classes, place = self.drawn(one, first), other.random(2)  # the class that the latent was drawn for
            if one.pitch is None:
                one = msgspec.structs.replace(one, pitch=self._note(classes, place[0]))
            if one.velocity is None and self.data.struck > 0:
                stroke = _counted(self.strokes, place[1])
                one = msgspec.structs.replace(one, velocity=100.0 if stroke is None else stroke)
            yield one

    def draw(self, request: Request, rng: np.random.Generator, classes: Tensor) -> Tensor:
        """A latent (D,) of these classes; a mixture lies between their centres."""
        noise = torch.from_numpy(rng.standard_normal(self.config.latent, dtype=np.float32)) * request.temperature
        if not float(classes.sum()):
            return noise
        return ((classes @ self.centre)[0] + (classes @ self.scatter.exp())[0] * noise.to(self.device)).detach().cpu()

    @torch.no_grad()
    def generate(self, request: Request, backend: Backend | None = None) -> Iterator[Tensor]:
        for one in self.resolve(request):
            inputs = self._inputs(one)
            if backend is None:
                audio = self.maker(**{name: torch.from_numpy(x).to(self.device) for name, x in inputs.items()}).cpu()
            else:
                audio = torch.from_numpy(backend(inputs))
            audio = audio[0] * (PEAK / audio.abs().max().clamp_min(1e-4))
            wanted = audio.shape[1] if one.seconds is None else round(max(SHORTEST, one.seconds) * self.config.rate)
            yield finish(audio, wanted, self.config.rate, trim=one.seconds is None)[None]

    @torch.no_grad()
    def encode(self, audio: Tensor, label: Tensor | None = None) -> Tensor:
        wanted = self.config.near * self.config.hop
        audio = F.pad(audio[..., :wanted], (0, max(0, wanted - audio.shape[-1]))).to(self.device)
        return self.encoder(self.pictures.heard(audio.mean(1, keepdim=True)))

    def _note(self, classes: Tensor, at: float) -> float:
        """A note that these classes (1, K) were heard at, else one that any was heard at."""
        note = _counted((classes @ self.heard[:-1])[0], at)
        note = _counted(self.heard.sum(0), at) if note is None else note
        return min(TOP, max(LOWEST, MIDDLE if note is None else note))

    def _inputs(self, one: Request) -> dict[str, np.ndarray]:
        """A resolved request as the generator takes it: the same numbers on every device."""
        rng = np.random.Generator(np.random.PCG64([one.seed % 2**64, 1]))
        shape = (1, 2, self.maker.bins, 4 * self.config.frames)
        assert one.pitch is not None
        return {
            "latent": np.array(one.latent, np.float32),
            "note": np.array([min(127.0, max(0.0, one.pitch))], np.float32),
            "velocity": np.array([-1.0 if one.velocity is None else one.velocity], np.float32),
            "noise": rng.standard_normal(shape, dtype=np.float32),
        }


def _counted(often: Tensor, at: float) -> float | None:
    """The number at 0–1 of all that were counted; None where nothing was."""
    sums = often.double().cpu().numpy().cumsum()
    return float(np.searchsorted(sums, at * sums[-1], side="right")) if sums[-1] > 0 else None
