"""Training in several processes: each hears a part of every batch, and all follow the same gradients.

The first process is the trainer as ever: it alone decides, reports, renders, saves and touches the run folder. The others only
`follow`: each step is an order of the first one, so that stop, pause, a halved batch or a way back need no further agreement.
What they sum is what torch's DistributedDataParallel sums (Li et al., 2006.15704): gradients after each backward. That wrapper
itself wants one set of weights, one forward and a backward that everybody makes each time; here groups take turns, some
rest, and a process that runs out of memory says so instead of leaving the others waiting.

Of a batch of B sounds each process hears every n-th. Gradients count by sounds, so the sum is the gradient of the whole batch
wherever a loss is a mean over its sounds; noise in a step is each process's own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from zlib import crc32

import filelock
import torch
from torch import Tensor, nn

from studio import fields
from studio.errors import OutOfMemory, ProcessLost, TrainingError
from studio.library import reader
from studio.models.base import Batch, Group, Model
from studio.project.folder import ProjectFolder
from studio.training import device as devices
from studio.training.learner import Learner, Memory, Outcome
from studio.training.plan import TrainerConfig
from studio.training.run import RunFolder
from studio.training.team import End, Stand, Step, Team

if TYPE_CHECKING:
    from studio.training.workshop import Workshop

BUCKET = 25 << 20
"""Bytes of gradients that are summed in one go (DistributedDataParallel's own choice)."""

HEAD = 4
"""Numbers that go before the losses: memory full, impossible numbers, has gradients, checksum of the losses' names."""

NAMED = 128
"""Losses of a group whose means over all processes are shown; of more, only the first process's are."""


class Member(Learner):
    """A learner that is one of several. `batch`: the sounds of a whole step."""

    def __init__(self, model: Model, plan: TrainerConfig, precision: str, team: Team, batch: int) -> None:
        super().__init__(model, plan, precision)
        self.team = team
        self.batch = batch
        self.noise = (team.rank,) if team.rank else ()
        self.buffers = Buffers(model, team)

    def restore(self, tensors: dict[str, Tensor], memory: Memory) -> None:
        super().restore(tensors, memory)
        self.buffers = Buffers(self.model, self.team)

    def step(self, step: int, progress: float, draw: Callable[[int], Batch]) -> Outcome:
        outcome = super().step(step, progress, draw)
        with self._ahead():
            self.buffers.agree()
        return outcome

    def _ascend(self, group: Group, draw: Callable[[int], Batch], number: int, progress: float, outcome: Outcome) -> bool:
        """The gradients of the whole batch. Raises what the family raises, and OutOfMemoryError on all if on any."""
        mine = Outcome({}, outcome.rate, True)
        asks = full = False
        try:
            asks = super()._ascend(group, draw, number, progress, mine)
        except (RuntimeError, MemoryError) as error:
            if not devices.ran_out_of_memory(error):
                raise
            full = True
        if full:
            for parameter in group.parameters:
                parameter.grad = None
        return self._sum(group.parameters, mine, outcome, asks, full)

    def _sum(self, parameters: list[nn.Parameter], mine: Outcome, outcome: Outcome, asks: bool, full: bool) -> bool:
        """Make every gradient, and what is said of them, that of the whole batch. All processes come here as often."""
        share, names = self.team.share(self.batch), sorted(mine.values)[:NAMED]
        said, used = slice(HEAD, HEAD + len(names)), HEAD + NAMED
        checksum = crc32("".join(names).encode()) % 2**20
        head = torch.zeros(used + len(parameters), dtype=torch.float64)
        head[:HEAD] = torch.tensor([full, not mine.sound, asks, checksum], dtype=torch.float64)
        if names:
            head[said] = torch.stack([mine.values[name].double() for name in names]).cpu() * share
        head[used:] = torch.tensor([parameter.grad is not None for parameter in parameters], dtype=torch.float64)
        anybody_full, anybody_broken, anybody_asks, checksums = self.team.sum(head)[:HEAD].tolist()
        if anybody_full:
            raise torch.OutOfMemoryError("out of memory on one of the devices")
        outcome.values.update(mine.values)
        if checksums == checksum * self.team.size:  # all have losses of the same names
            outcome.values.update(zip(names, head[said].float()))
        outcome.sound &= not anybody_broken
        if anybody_broken or not anybody_asks:
            return False
        with self._ahead():
            for bucket in buckets([p for p, users in zip(parameters, head[used:].tolist()) if users]):
                self._average(bucket, share)
        return True

    def _average(self, parameters: list[nn.Parameter], share: float) -> None:
        grads = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
        flat = torch.cat([g.reshape(-1) for g in grads]).mul_(share)
        self.team.sum(flat)
        for parameter, grad, part in zip(parameters, grads, flat.split([g.numel() for g in grads])):
            parameter.grad = grad.copy_(part.view_as(grad))

    def _descend(self, group: Group, optimiser: torch.optim.Optimizer, rate: float, outcome: Outcome) -> None:
        with self._ahead():
            super()._descend(group, optimiser, rate, outcome)

    @contextlib.contextmanager
    def _ahead(self) -> Iterator[None]:
        """Where the others cannot be told of a full memory any more, it ends this process: OutOfMemory."""
        try:
            yield
        except (RuntimeError, MemoryError) as error:
            if not devices.ran_out_of_memory(error):
                raise
            raise OutOfMemory(name=devices.name(self.device)) from error


class Leader(Member):
    """The first process's learner: what it does, all do. `shop` knows the batch of the moment."""

    def __init__(self, model: Model, precision: str, team: Team, shop: Workshop) -> None:
        super().__init__(model, shop.plan, precision, team, shop.batch)
        self.shop = shop
        self.told = False
        """Whether the others stand where this one stands."""

    def restore(self, tensors: dict[str, Tensor], memory: Memory) -> None:
        super().restore(tensors, memory)
        self.told = False

    def step(self, step: int, progress: float, draw: Callable[[int], Batch]) -> Outcome:
        if not self.told:
            self._tell()
        self.batch = self.shop.batch
        self.team.say(Step(step, progress, self.batch, self.rollbacks, self.slowed))
        return super().step(step, progress, draw)

    def _tell(self) -> None:
        sounds = self.shop.sounds
        stand = Stand(
            material=sounds.material,
            data=self.shop.data,
            sounds=sounds.hash(),
            precision=self.precision,
            threads=torch.get_num_threads(),
            memory=self.memory(),
        )
        average = {f"average/{name}": value.detach().cpu() for name, value in self.average.model.named_parameters()}
        self.team.say(stand, self.tensors() | average)
        self.told = True


class Buffers:
    """What a model keeps of its sounds beside its weights: a bank of latents, means and spreads.

    An element that some processes changed becomes the mean of what they made of it, one that nobody changed stays. So rows that
    each process writes for its own sounds are all kept, and running means stay means.
    """

    def __init__(self, model: Model, team: Team) -> None:
        self.team = team
        self.all = list(model.buffers())
        self.before = [(b._version, b.clone()) for b in self.all]

    @torch.no_grad()
    def agree(self) -> None:
        changed = torch.tensor([float(b._version != version) for b, (version, _) in zip(self.all, self.before)])
        if not len(changed):
            return
        self.team.sum(changed)
        for place in changed.nonzero()[:, 0].tolist():
            buffer, old = self.all[place], self.before[place][1]
            exact = buffer.float() if buffer.is_floating_point() else buffer.double()
            touched = (buffer != old).to(exact.dtype)
            both = self.team.sum(torch.cat([(exact * touched).reshape(-1), touched.reshape(-1)]))
            total, count = both.view(2, *buffer.shape)
            mean = total / count.clamp_min(1)
            buffer.copy_(torch.where(count > 0, mean if buffer.is_floating_point() else mean.round(), old.to(mean.dtype)))
            self.before[place] = (buffer._version, buffer.clone())


def buckets(parameters: list[nn.Parameter]) -> list[list[nn.Parameter]]:
    """Parameters of one type and device in their order, about BUCKET bytes at a time."""
    found: list[list[nn.Parameter]] = []
    room, kind = 0, None
    for parameter in parameters:
        size = parameter.numel() * parameter.element_size()
        if room < size or kind != (parameter.dtype, parameter.device):
            found.append([])
            room, kind = BUCKET, (parameter.dtype, parameter.device)
        found[-1].append(parameter)
        room -= size
    return found


def follow(team: Team, run: RunFolder, family: type[Model]) -> None:
    """The life of every process but the first. Raises ProcessLost when the first one is gone, TrainingError where this one
    has other sounds."""
    from studio.training.workshop import Workshop

    plan = run.plan
    devices.behave(plan)
    device = devices.choose(plan)
    config = fields.decode(family.Config, run.config.config)
    shop: Workshop | None = None
    learner: Member | None = None
    while True:
        order, tensors = team.hear()
        if isinstance(order, End):
            return
        if isinstance(order, Stand):
            torch.set_num_threads(order.threads)
            shop = shop or Workshop(family, config, plan, device, _sounds(run, order), order.data, plan.batch, team)
            learner = None  # before there is another one
            learner = Member(shop.build(), plan, order.precision, team, shop.batch)
            learner.restore(tensors, order.memory)
            continue
        if shop is None or learner is None:
            raise ProcessLost(reason="it spoke of a step before it spoke of a model")
        shop.use(order.batch)
        learner.batch, learner.rollbacks, learner.slowed = shop.batch, order.rollbacks, order.slowed
        full = False
        try:
            learner.step(order.number, order.progress, shop.draw)
        except (RuntimeError, MemoryError) as error:
            if not devices.ran_out_of_memory(error):
                raise
            full = True
        if full:  # outside the except, so that the error's frames let go of their tensors
            learner.rest()
            devices.forget()


def _sounds(run: RunFolder, order: Stand) -> reader.TrainingSet:
    """The sounds that the first process hears. Only one process of a machine prepares what its cache lacks."""
    project = ProjectFolder.open(run.project, lock=False)
    project.cache.mkdir(exist_ok=True)
    with filelock.FileLock(project.cache / ".preparing"):
        for _ in reader.prepare(project, order.material):
            pass
    sounds = reader.load(project, order.material, "train", order.data.labels)
    if sounds.hash() != order.sounds:
        raise TrainingError(reason="the processes do not see the same sounds; the project has to be the same for all")
    return sounds
