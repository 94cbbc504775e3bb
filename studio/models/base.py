"""The contract between a model family and everything else. One family per file beside this one, found by scanning.

The trainer, previews, search, evaluation, checkpoints, explorer and exports know a family only through `Model`.
Shapes: B batch, C channels, T samples, D latent size.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from studio.errors import NotOffered, UnknownFamily
from studio.models.controls import Controls, DataFacts, Info, Material
from studio.project.recipe import Request

Backend = Callable[[Mapping[str, np.ndarray]], np.ndarray]
"""A compiled decoder: named float32 inputs of batch 1 → audio (1, C, T). See models/fast.py."""


FIRST = "oneshot"


@dataclass(frozen=True)
class Batch:
    """Training examples on the model's device.

    audio (B, C, T) in ±1, zero after the sound's end; seconds (B,) length of each before padding;
    label (B,) int64 index into DataFacts.labels, −1 unknown; pitch (B,) MIDI note, NaN unknown; index (B,) row in the dataset;
    velocity (B,) 0–127, NaN unknown
    """

    audio: Tensor
    seconds: Tensor
    label: Tensor
    pitch: Tensor
    index: Tensor
    velocity: Tensor


@dataclass(frozen=True)
class Group:
    """Parameters that share one optimiser. `every`: steps once per that many trainer steps; `steps`: that many times then;
    `hears`: false where its losses look at no batch but at what the model kept, so that none is drawn for it."""

    name: str
    parameters: list[nn.Parameter]
    lr: float
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 0.0
    every: int = 1
    steps: int = 1
    clip: float = 1.0
    hears: bool = True


@dataclass(frozen=True)
class Phase:
    """A stretch of training; `share` is its part of the whole budget, `groups` step in this order."""

    name: str
    groups: tuple[Group, ...]
    share: float = 1.0


class Model(nn.Module):
    """Base of all families. Subclasses set the class variables and implement the methods; `config` and `data` rebuild them."""

    info: ClassVar[Info]
    Config: ClassVar[type[msgspec.Struct]]
    presets: ClassVar[Mapping[str, dict[str, Any]]] = {}
    """Settings with a name that come with the family: what differs from the recommended ones."""

    def __init__(self, config: Any, data: DataFacts) -> None:
        super().__init__()
        self.config = config
        self.data = data

    # ---- before training
    @classmethod
    def recommended(cls, data: DataFacts) -> Any:
        """The config to start with for this data, zero questions asked."""
        return cls.Config()

    @classmethod
    def missing(cls, data: DataFacts) -> str:
        """What this data lacks so that the family can learn from it, as a half-sentence; empty where it lacks nothing."""
        return "" if data.count >= 2 else "needs at least two sounds"

    @classmethod
    def material(cls, config: Any, data: DataFacts) -> Material:
        raise NotImplementedError

    @classmethod
    def lighter(cls, config: Any) -> dict[str, Any]:
        """Settings with which one step holds less: a shorter crop, mostly. Empty: nothing is left to take away."""
        return {}

    @property
    def controls(self) -> Controls:
        raise NotImplementedError

    # ---- training
    def prepare(self, batches: Iterator[Batch]) -> None:
        """Set output level and other statistics from the data, once, before the first step."""

    def phases(self) -> tuple[Phase, ...]:
        raise NotImplementedError

    def losses(self, batch: Batch, group: str, progress: float) -> dict[str, Tensor]:
        """Named losses of one group at `progress` (0–1 of the phase). Names in `weights` are summed, others only logged.

        Only this group's parameters ask for gradients while it is called. No name of `weights` among them: this group
        has nothing to learn now and its step is left out. All randomness is from torch's global generators, so that a resumed
        run repeats itself. A loss is a mean over the batch's sounds, so that several processes can share them; what they keep
        in buffers is then agreed upon (training/distributed.py).
        """
        raise NotImplementedError

    def weights(self, progress: float) -> dict[str, float]:
        raise NotImplementedError

    def measure(self, batch: Batch) -> dict[str, float]:
        """Held-out quality, lower is better for the first name: the trainer keeps the checkpoint where it is lowest."""
        raise NotImplementedError

    # ---- use
    def decoder(self) -> nn.Module | None:
        """A plain tensor function for models/fast.py: forward(**inputs) → (1, C, T). None: there is nothing to compile."""
        return None

    def example_inputs(self) -> dict[str, np.ndarray]:
        """Inputs of the decoder for tracing, at full length."""
        raise NotImplementedError

    def dynamic_axes(self) -> dict[str, dict[int, Any]]:
        """Which axes of which decoder inputs may vary, as torch.export.Dim; none: every call is as long as the example."""
        return {}

    def generate(self, request: Request, backend: Backend | None = None) -> Iterator[Tensor]:
        """`request.count` sounds, each (1, C, T') float32 on the CPU, one by one. Same request, same sounds."""
        raise NotImplementedError

    def resolve(self, request: Request) -> Iterator[Request]:
        """`request.count` requests of one sound each, with every draw from the prior filled in. Each gives the same sound."""
        for i in range(request.count):
            yield msgspec.structs.replace(request, seed=request.seed + i, count=1)

    def encode(self, audio: Tensor, label: Tensor | None = None) -> Tensor:
        """(B, C, T) → latent (B, D), or (B, frames, D) for a series. Raises NotOffered where the family has no encoder."""
        raise NotOffered(name="encoding", known=", ".join(self.controls.offered()))

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device


def families() -> dict[str, type[Model]]:
    """Every family in this folder by id: first the one that suits most folders, then in the order of their file names."""
    import studio.models as package

    found: dict[str, type[Model]] = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: (m.name != FIRST, m.name)):
        if module.ispkg:
            continue
        for value in vars(importlib.import_module(f"studio.models.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, Model) and "info" in vars(value):
                found[value.info.id] = value
    return found


def family(name: str) -> type[Model]:
    """Raises UnknownFamily."""
    known = families()
    if name not in known:
        raise UnknownFamily(name=name, known=", ".join(known))
    return known[name]
