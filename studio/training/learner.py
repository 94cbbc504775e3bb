"""A model while it learns: its weights, their average, one optimiser per group, and the one step. The trainer drives it.

Everything random in a step follows from (seed, step): resuming needs the tensors of `tensors()` and the numbers of `Memory`,
and goes on bit for bit on a CPU.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from studio.errors import BrokenCheckpoint
from studio.models.base import Batch, Group, Model
from studio.models.controls import DataFacts
from studio.training import device as devices
from studio.training.average import Average
from studio.training.plan import TrainerConfig, phase_at, rate_at
from studio.training.sampling import mix


class Memory(msgspec.Struct, frozen=True):
    """The numbers of a learner. rollbacks: times it went back, `wished` of them because somebody asked; slowed: share of the
    learning rate that is left; scale: of the loss, in fp16."""

    phase: int = 0
    phase_start: int = 0
    updates: int = 0
    rollbacks: int = 0
    wished: int = 0
    slowed: float = 1.0
    scale: float = 65536.0
    growth: int = 0


@dataclass
class Outcome:
    """What a step did. `values`: losses and gradient norms by name, still on the device; sound: no number was impossible."""

    values: dict[str, Tensor]
    rate: float
    sound: bool


class Sums:
    """Means of what steps report, kept on the device until asked for."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[Tensor, int]] = {}
        self._rate = 0.0

    def add(self, outcome: Outcome) -> None:
        self._rate = outcome.rate
        for name, value in outcome.values.items():
            total, count = self._values.get(name, (torch.zeros((), device=value.device), 0))
            self._values[name] = (total + value.float(), count + 1)

    def take(self) -> dict[str, float]:
        """Means since the last time, and the present rate."""
        found = {name: float(total) / count for name, (total, count) in self._values.items()}
        self._values = {}
        return found | {"rate": self._rate}


def build(family: type[Model], config: Any, data: DataFacts, plan: TrainerConfig, device: torch.device) -> Model:
    """A new model; its first weights follow from the seed."""
    torch.manual_seed(mix(plan.seed, 0))
    return family(config, data).to(device)


class Learner:
    def __init__(self, model: Model, plan: TrainerConfig, precision: str) -> None:
        self.model = model
        self.plan = plan
        self.precision = precision
        self.device = model.device
        self.average = Average(model, plan.ema)
        self.phases = model.phases()
        self.rollbacks = self.wished = 0
        self.slowed = 1.0
        self.noise: tuple[int, ...] = ()
        """What tells this learner's random numbers from those of others that hear other parts of the same batches."""
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=precision == "fp16")
        self._enter(0, 0)

    def _enter(self, phase: int, step: int) -> None:
        """Begin a phase with fresh optimisers. Weights outside its groups rest."""
        self.phase, self.phase_start = phase, step
        self.groups = self.phases[phase].groups
        fused = self.device.type in ("cpu", "cuda")  # one pass over the weights instead of a dozen
        self.optimisers = [
            torch.optim.AdamW(g.parameters, lr=g.lr, betas=g.betas, weight_decay=g.weight_decay, fused=fused)
            for g in self.groups
        ]
        self.draws = max((group.steps for group in self.groups if group.hears), default=1)
        """Batches of one step."""

    # ---- the step
    def step(self, step: int, progress: float, draw: Callable[[int], Batch]) -> Outcome:
        """One step of every group whose turn it is, at `progress` of the whole plan. `draw(n)` gives the n-th batch.

        A family whose `losses` are empty, or carry no gradient, lets that group rest.
        """
        phase, within = phase_at(progress, [p.share for p in self.phases])
        if phase != self.phase:
            self._enter(phase, step)
        torch.manual_seed(mix(self.plan.seed, 2, step, self.rollbacks, *self.noise))
        rate = rate_at(within, step - self.phase_start, self.plan.warmup) * self.plan.rate * self.slowed
        outcome = Outcome({}, rate, True)
        self.model.train()
        heard = functools.cache(draw)  # the groups of a step hear the same batches
        for group, optimiser in zip(self.groups, self.optimisers):
            if step % group.every:
                continue
            self._wake(group)
            for i in range(group.steps):
                optimiser.zero_grad(set_to_none=True)
                if self._ascend(group, heard, step * self.draws + (i if group.hears else 0), within, outcome):
                    self._descend(group, optimiser, rate, outcome)
        self.average.update()
        return outcome

    def _ascend(self, group: Group, draw: Callable[[int], Batch], number: int, progress: float, outcome: Outcome) -> bool:
        """The gradients that one batch asks for; False where there is nothing to follow."""
        weights = self.model.weights(progress)
        with devices.autocast(self.device, self.precision):
            losses = self.model.losses(draw(number), group.name, progress)
            counted = [weights[name] * value for name, value in losses.items() if weights.get(name)]
            total = torch.stack([value.float() for value in counted]).sum() if counted else None
        outcome.values.update({name: value.detach() for name, value in losses.items()})
        if total is None or not total.requires_grad:
            return False
        if not torch.isfinite(total):
            outcome.sound = False
            return False
        self.scaler.scale(total).backward()
        return True

    def _descend(self, group: Group, optimiser: torch.optim.Optimizer, rate: float, outcome: Outcome) -> None:
        """Follow the gradients."""
        self.scaler.unscale_(optimiser)
        norm = nn.utils.clip_grad_norm_(group.parameters, group.clip if group.clip > 0 else math.inf)
        outcome.values[f"gradient/{group.name}"] = norm.detach()
        for options in optimiser.param_groups:
            options["lr"] = group.lr * rate
        if torch.isfinite(norm):
            self.scaler.step(optimiser)
        else:
            outcome.sound = self.precision == "fp16" and self.scaler.get_scale() > 1  # there it only means: scale down
        self.scaler.update()
        optimiser.zero_grad(set_to_none=True)

    def _wake(self, group: Group) -> None:
        """Only this group's weights ask for gradients: a generator's step spends nothing on its critic's weights."""
        chosen = {id(p) for p in group.parameters}
        for parameter in self.model.parameters():
            parameter.requires_grad_(id(parameter) in chosen)

    def rest(self) -> None:
        """Drop gradients, after a step that broke off."""
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)

    # ---- on disk
    def memory(self) -> Memory:
        scaler = self.scaler.state_dict()
        return Memory(
            phase=self.phase,
            phase_start=self.phase_start,
            updates=self.average.updates,
            rollbacks=self.rollbacks,
            wished=self.wished,
            slowed=self.slowed,
            scale=scaler.get("scale", 65536.0),
            growth=scaler.get("_growth_tracker", 0),
        )

    def tensors(self) -> dict[str, Tensor]:
        """What a resumed run needs beside the averaged weights, which a checkpoint holds anyway; by name, on the CPU."""
        found = {f"model/{name}": value for name, value in _values(self.model).items()}
        for group, optimiser in zip(self.groups, self.optimisers):
            for index, state in optimiser.state_dict()["state"].items():
                found |= {f"optimiser/{group.name}/{index}/{key}": value for key, value in state.items()}
        return {name: value.detach().cpu().contiguous() for name, value in found.items()}

    def restore(self, tensors: dict[str, Tensor], memory: Memory) -> None:
        """Put everything back: what `tensors` gave, and the averaged weights as `average/…`.

        Raises BrokenCheckpoint where a tensor is missing or of another shape.
        """
        try:
            self._enter(memory.phase, memory.phase_start)
            with torch.no_grad():
                for name, value in _values(self.model).items():
                    _put(value, tensors[f"model/{name}"])
                for name, value in self.average.model.named_parameters():
                    _put(value, tensors[f"average/{name}"])
            for group, optimiser in zip(self.groups, self.optimisers):
                whole = optimiser.state_dict()
                states: dict[int, dict[str, Tensor]] = {}
                for name, value in tensors.items():
                    kind, _, rest = name.partition("/")
                    owner, _, place = rest.rpartition("/")
                    owner, _, index = owner.rpartition("/")
                    if kind == "optimiser" and owner == group.name:
                        states.setdefault(int(index), {})[place] = value.clone()
                optimiser.load_state_dict(whole | {"state": states})
        except (KeyError, ValueError, RuntimeError, IndexError) as error:
            raise BrokenCheckpoint(name="training.safetensors", reason=error) from error
        self.average.updates = memory.updates
        self.rollbacks, self.wished, self.slowed = memory.rollbacks, memory.wished, memory.slowed
        if self.scaler.is_enabled():
            self.scaler.load_state_dict(self.scaler.state_dict() | {"scale": memory.scale, "_growth_tracker": memory.growth})


def _values(model: nn.Module) -> dict[str, Tensor]:
    """Weights and kept buffers, each once."""
    kept = set(model.state_dict())
    return dict(model.named_parameters()) | {name: b for name, b in model.named_buffers() if name in kept}


def _put(target: Tensor, value: Tensor) -> None:
    if target.shape != value.shape:
        raise ValueError(f"a tensor has the shape {tuple(value.shape)} instead of {tuple(target.shape)}")
    target.copy_(value)
