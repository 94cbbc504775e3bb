"""A family small enough to train in a second: a linear autoencoder of 0.1 s at 4 kHz, with noise in its steps, a buffer that
moves, a second group and a second phase. The trainer's tests use it so that they test the trainer alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from studio.models.base import Batch, Group, Model, Phase
from studio.models.controls import Controls, DataFacts, Info, Latent, Material
from studio.project.recipe import Request

RATE, FRAMES = 4000, 400


class Config(msgspec.Struct, frozen=True):
    """noise: share of the usual one in its steps; trouble: what goes wrong: "always-nan", or "memory:16" (no memory for more
    than that many sounds)."""

    latent: int = 6
    rate: float = 1e-3
    phases: int = 1
    noise: float = 1.0
    trouble: str = ""


class Tiny(Model):
    info = Info(id="tiny", name="Tiny", sentence="", method="", wants="")
    Config = Config
    poisoned = 0
    """This many steps to come give impossible numbers, in any model of this process."""

    def __init__(self, config: Config, data: DataFacts) -> None:
        super().__init__(config, data)
        self.enter = nn.Linear(FRAMES, config.latent)
        self.leave = nn.Linear(config.latent, FRAMES)
        self.critic = nn.Linear(FRAMES, 1)
        self.register_buffer("seen", torch.zeros(()))
        self.register_buffer("level", torch.zeros(()))

    @classmethod
    def material(cls, config: Any, data: DataFacts) -> Material:
        return Material(rate=RATE, channels=1, seconds=FRAMES / RATE)

    @property
    def controls(self) -> Controls:
        return Controls(latent=Latent("global", self.config.latent), classes=self.data.labels)

    def prepare(self, batches: Iterator[Batch]) -> None:
        self.level.copy_(torch.stack([b.audio.abs().mean() for b in batches]).mean())

    def phases(self) -> tuple[Phase, ...]:
        sound = [*self.enter.parameters(), *self.leave.parameters()]
        first = Group("sound", sound, lr=self.config.rate)
        second = Group("critic", list(self.critic.parameters()), lr=1e-3, every=2, steps=2)
        if self.config.phases == 1:
            return (Phase("both", (first, second)),)
        return (Phase("sound", (first,), share=3.0), Phase("critic", (second,), share=1.0))

    def weights(self, progress: float) -> dict[str, float]:
        return {"mel": 1.0, "critic/score": 1.0 - progress}

    def losses(self, batch: Batch, group: str, progress: float) -> dict[str, Tensor]:
        x = batch.audio[:, 0]
        kind, _, number = self.config.trouble.partition(":")
        if kind == "memory" and len(x) > int(number):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        if group == "critic":
            return {"critic/score": (self.critic(x) - self.config.noise * torch.rand(len(x), 1)).square().mean()}
        self.seen += len(x)
        code = self.enter(x)
        loss = (self.leave(code + 0.01 * self.config.noise * torch.randn_like(code)) - x).square().mean()
        if kind == "always-nan" or Tiny.poisoned > 0:
            Tiny.poisoned -= 1
            loss = loss * float("nan")
        return {"mel": loss, "noise": torch.rand(())}

    def measure(self, batch: Batch) -> dict[str, float]:
        x = batch.audio[:, 0]
        return {"mel": float((self.leave(self.enter(x)) - x).square().mean())}

    @torch.no_grad()
    def encode(self, audio: Tensor, label: Tensor | None = None) -> Tensor:
        return self.enter(audio[:, 0])

    @torch.no_grad()
    def generate(self, request: Request, backend: Any = None) -> Iterator[Tensor]:
        for i in range(request.count):
            if request.latent is not None:
                code = torch.tensor(request.latent)
            else:
                code = torch.randn(1, self.config.latent, generator=torch.Generator().manual_seed(request.seed + i))
            yield self.leave(code)[None]
