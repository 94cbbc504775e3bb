"""What families share that make one sound from one latent and the weights of its classes: which requests they take, how a class
is drawn, how stereo is learned, and how a sound ends. No family itself.

B batch, C channels, T samples, D latent size, K classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from studio.errors import NotOffered
from studio.models.base import Model
from studio.models.controls import DataFacts
from studio.project.recipe import Request

SHORTEST = 0.05
"""Seconds of the shortest sound."""
FADE = 0.010


class Labelled(Model):
    """A model with a global latent; subclasses fill `share` when they prepare, and say what `draw` draws."""

    share: Tensor  # (K + 1,) how often each class occurs; the last is "unknown"

    def __init__(self, config: Any, data: DataFacts) -> None:
        super().__init__(config, data)
        self.register_buffer("share", torch.ones(len(data.labels) + 1))

    def draw(self, request: Request, rng: np.random.Generator, classes: Tensor) -> Tensor:
        """A latent (D,) from the prior, on the CPU, for class weights (1, K)."""
        raise NotImplementedError

    def resolve(self, request: Request) -> Iterator[Request]:
        self.check(request)
        for i in range(request.count):
            one = msgspec.structs.replace(request, seed=request.seed + i, count=1)
            if one.latent is None:
                rng = np.random.Generator(np.random.PCG64([one.seed % 2**64, 0]))
                latent = self.draw(one, rng, self.drawn(one, rng))
                one = msgspec.structs.replace(one, latent=(tuple(latent.tolist()),))
            yield one

    def check(self, request: Request) -> None:
        """Raises NotOffered where the request asks for what this model does not have."""
        controls = self.controls
        offered = controls.offered()
        asked: Mapping[str, Any] = {
            "pitch": request.pitch, "velocity": request.velocity, "text": request.text, "speakers": request.speaker,
            "prompt": request.prompt, "input": request.input,
        }  # fmt: skip
        for name, value in asked.items():
            if value not in (None, "") and name not in offered:
                raise NotOffered(name=name, known=", ".join(offered))
        for name in request.classes:
            if name not in self.data.labels:
                raise NotOffered(name=f"the class “{name}”", known=", ".join(self.data.labels) or "no classes")
        size = controls.latent.size if controls.latent else 0
        if request.latent is not None and (len(request.latent) != 1 or len(request.latent[0]) != size):
            raise NotOffered(name="a latent of this shape", known=f"1 row of {size} numbers")

    def mixture(self, classes: Mapping[str, float]) -> Tensor:
        """Class weights that sum to one, (1, K); all zero means unknown."""
        weights = torch.zeros(1, len(self.data.labels))
        for name, weight in classes.items():
            weights[0, self.data.labels.index(name)] = max(0.0, weight)
        return (weights / weights.sum().clamp_min(1e-9)).to(self.device)

    def drawn(self, request: Request, rng: np.random.Generator) -> Tensor:
        """The class weights (1, K) that are asked for, else one class as often as it occurs."""
        share = self.share.double().cpu().numpy() + 1e-9
        chosen = int(np.searchsorted(np.cumsum(share) / share.sum(), rng.random()))
        classes = self.mixture(request.classes)
        if not request.classes and chosen < classes.shape[1]:
            classes[0, chosen] = 1
        return classes

    def one_hot(self, label: Tensor) -> Tensor:
        """Labels (B,) → class weights (B, K); zero for −1."""
        K = len(self.data.labels)
        return F.one_hot(label.clamp_min(0), max(1, K))[:, :K].float() * (label >= 0)[:, None]

    def counted(self, label: Tensor) -> Tensor:
        """How often each label (B,) occurs, as `share` has it."""
        K = len(self.data.labels)
        return torch.bincount(torch.where(label < 0, K, label).cpu(), minlength=K + 1).float()


def middle_side(audio: Tensor) -> Tensor:
    """Left and right (B, 2, T) → middle and side; mono stays."""
    if audio.shape[1] == 1:
        return audio
    left, right = audio[:, :1], audio[:, 1:]
    return torch.cat([left + right, left - right], 1) / 2


def finish(audio: Tensor, frames: int, rate: int, trim: bool) -> Tensor:
    """Cut (C, T) to `frames`, or where it falls for good to 60 dB under its peak, with a 10 ms fade, and keep it within ±1."""
    audio = torch.nan_to_num(audio[:, :frames].float(), posinf=0.0, neginf=0.0).clone()
    if trim:
        level = audio.abs().amax(0)
        heard = (level > level.max() * 1e-3).nonzero()
        end = int(heard[-1]) + 1 + round(FADE * rate) if len(heard) else 0
        audio = audio[:, : max(end, round(SHORTEST * rate))]
    fade = min(audio.shape[1], round(FADE * rate))
    audio[:, -fade:] *= torch.linspace(1, 0, fade)
    return audio / audio.abs().max().clamp_min(1.0)
