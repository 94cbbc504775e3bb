"""Several processes that train one run together: how they find each other and what passes between them.

`torchrun --nproc-per-node 8 -m studio train RUN` starts them and says in the environment who is who; without it there is no
team, and nothing of this costs anything. Two kinds of things pass between them: orders of the first process, over a line of
their own (a few hundred bytes a step, through the processor, so that nobody's device waits while the first one renders a
preview), and sums over all, on the devices (NCCL between NVIDIA cards, Gloo elsewhere).
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import safetensors.torch
import torch
from torch import Tensor
from torch import distributed as dist

from studio.errors import ProcessLost, TrainingError
from studio.models.controls import DataFacts, Material
from studio.training import device as devices
from studio.training import trouble
from studio.training.learner import Memory
from studio.training.plan import TrainerConfig
from studio.training.ranks import Ranks, ranks

MEETING = timedelta(minutes=30)
"""Until all processes are there."""

PATIENCE = timedelta(days=1)
"""For the next order: preparing a million sounds takes hours, and a paused first process is not a lost one."""

INLINE = 504
"""Bytes of an order that travel with its length; longer ones need a second message."""


class Orders(msgspec.Struct, frozen=True, tag_field="order", tag=str.lower):
    """What the first process tells the others."""


class Stand(Orders, frozen=True):
    """Be where I am: build the model and put in the tensors that follow. sounds: hash of what all have to hear."""

    material: Material
    data: DataFacts
    sounds: str
    precision: str
    threads: int
    memory: Memory


class Step(Orders, frozen=True):
    """Make this step of `batch` sounds in all. rollbacks, slowed: as in Memory."""

    number: int
    progress: float
    batch: int
    rollbacks: int
    slowed: float


class End(Orders, frozen=True):
    """The run is over, or it rests."""


Order = Stand | Step | End
_decoder = msgspec.json.Decoder(Order)


class Team:
    """This process, `rank` of `size`, and the line to the others. The first one, 0, leads."""

    def __init__(self, rank: int, size: int) -> None:
        self.rank, self.size = rank, size
        self._line: Any = dist.new_group(backend="gloo", timeout=PATIENCE)

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def part(self, rows: Any) -> Any:
        """This process's share of an array. Every n-th, because batches are sorted by length: all get as much to do."""
        return rows[self.rank :: self.size]

    def share(self, count: int) -> float:
        """How much of `count` rows that is, 0–1."""
        return len(range(self.rank, count, self.size)) / count

    # ---- orders
    def say(self, order: Order, tensors: dict[str, Tensor] | None = None) -> None:
        """Only the first process. A Stand brings its tensors. Raises ProcessLost."""
        self._send(msgspec.json.encode(order))
        if tensors is not None:
            self._send(safetensors.torch.save(tensors))

    def hear(self) -> tuple[Order, dict[str, Tensor]]:
        """The next order, with the tensors of a Stand. Raises ProcessLost."""
        order = _decoder.decode(self._send(b""))
        return order, safetensors.torch.load(self._send(b"")) if isinstance(order, Stand) else {}

    def _send(self, data: bytes) -> bytes:
        """`data` of the first process, for everybody."""
        head = torch.zeros(8 + INLINE, dtype=torch.uint8)
        head[:8] = torch.tensor([len(data)]).view(torch.uint8)
        short = data[:INLINE]
        if short:
            head[8 : 8 + len(short)] = torch.frombuffer(bytearray(short), dtype=torch.uint8)
        with _together():
            dist.broadcast(head, 0, group=self._line)
        length = int(head[:8].view(torch.int64))
        if length <= INLINE:
            return bytes(head[8 : 8 + length].tolist())
        body = torch.frombuffer(bytearray(data), dtype=torch.uint8) if data else torch.empty(length, dtype=torch.uint8)
        with _together():
            dist.broadcast(body, 0, group=self._line)
        return body.numpy().tobytes()

    # ---- sums
    def sum(self, values: Tensor) -> Tensor:
        """`values` becomes the sum over all processes, the same to the bit on each of them. Raises ProcessLost."""
        with _together():
            dist.all_reduce(values)
        return values


@contextlib.contextmanager
def met(plan: TrainerConfig) -> Iterator[Team | None]:
    """The others for as long as a training lasts; None where there are none.

    Raises TrainingError where each needs a card and there are fewer, ProcessLost.
    """
    who = ranks()
    if who.size == 1:
        yield None
        return
    if not dist.is_available() or not dist.is_gloo_available():
        raise TrainingError(reason="this build of torch cannot train in several processes")
    cards = devices.choose(plan).type == "cuda"
    if cards:
        if who.here > torch.cuda.device_count():
            raise TrainingError(reason=f"{who.here} processes need as many cards, and there are {torch.cuda.device_count()}")
        torch.cuda.set_device(who.place)
    with _together():
        store, _, _ = next(dist.rendezvous("env://"))
        store = dist.PrefixStore(fresh(store, who), store)
        backend = "cpu:gloo,cuda:nccl" if cards and dist.is_nccl_available() else "gloo"
        dist.init_process_group(backend, store=store, rank=who.rank, world_size=who.size)
        team = Team(who.rank, who.size)
    try:
        yield team
    finally:
        if team.leads:
            with contextlib.suppress(ProcessLost):
                team.say(End())
        dist.destroy_process_group()


def fresh(store: dist.Store, who: Ranks) -> str:
    """A name under which nobody has met in this store, agreed by all.

    torchrun keeps one store through all its starts, and torch would read in it where the processes of an earlier life were
    listening: then two of them wait for each other for ever. So each process but the first asks under a word of its own, which
    only this life can answer, and the first one answers whatever is asked until all have said that they heard it.
    Raises ProcessLost where somebody does not come.
    """
    name = f"life-{uuid.uuid4().hex}"
    if who.rank:
        store.set(f"asks-{who.rank}", name)
        store.wait([f"answer-{name}"], MEETING)
        answer = store.get(f"answer-{name}").decode()
        store.set(f"heard-{answer}-{who.rank}", "")
        return answer
    missing, end = set(range(1, who.size)), time.monotonic() + MEETING.total_seconds()
    while missing:
        if time.monotonic() > end:
            raise ProcessLost(reason=f"{len(missing)} of {who.size} did not come")
        for rank in sorted(missing):
            if store.check([f"heard-{name}-{rank}"]):
                missing.remove(rank)
            elif store.check([f"asks-{rank}"]):
                store.set(f"answer-{store.get(f'asks-{rank}').decode()}", name)
        time.sleep(0.02)
    return name


@contextlib.contextmanager
def _together() -> Iterator[None]:
    """What torch raises when another process is gone, by our name."""
    try:
        yield
    except RuntimeError as error:
        if trouble.named(error) is not error:  # of this machine; whoever catches it names it
            raise
        raise ProcessLost(reason=str(error).splitlines()[0][:200]) from error
