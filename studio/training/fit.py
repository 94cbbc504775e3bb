"""Will it fit, and when is something to be heard? What the cards of the Train page know before anything is trained.

`estimate` answers at once by rules of thumb. `probe` does it: in a process of its own, the very code of a training takes a few
steps on made-up sounds of full length, with everything switched on that the family ever switches on, and tells what it held.
Where that is too much, it says with which batch, and with which shorter crop, the training fits.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from typing import Any

import msgspec
import numpy as np
import psutil

from studio.training import device as devices  # before torch: it sets how threads wait

# isort: split
import torch

from studio import fields
from studio.errors import StudioError, TrainingError
from studio.events import Finished, Progress, Started, Work
from studio.library.reader import IN_MEMORY, TrainingSet
from studio.models import base
from studio.models.base import Model
from studio.models.controls import DataFacts, Material
from studio.training.learner import Learner
from studio.training.plan import TrainerConfig
from studio.training.workshop import RESIDENT, Workshop

COPIES = 5
"""Of each weight: itself, its gradient, two moments of its optimiser, its average."""

ACTIVATIONS = 64
"""Copies of a batch's audio that a step holds, about."""

BASE = {"cpu": 500e6, "cuda": 700e6, "mps": 500e6}
"""Bytes that torch takes before anything is in it."""

START = {"cpu": 4.0, "cuda": 7.0, "mps": 6.0}
"""Seconds until torch is there and a model is built."""

READ = 0.003
"""Seconds to prepare one sound for the first time."""

TRIED = {"cpu": 5.0, "cuda": 0.0, "mps": 1.0}
"""Seconds in which the number format is chosen."""

RENDER = 1.0
SOONEST = 5.0

ROOM = 0.9
"""Share of the memory nobody holds that a training may take."""

FEWEST = 4
"""Sounds a step should hear; before it hears fewer, its crops are made shorter."""

LONGEST = 120.0
"""Seconds a probe may take."""


@dataclass(frozen=True)
class Fit:
    """What a training needs, and what there is. Bytes are of its device's memory.

    bytes: held by the training at its peak; others: held by everybody else now; total: of the device, 0 where nobody looked
    weights: numbers in the model; first_sound: seconds from Start to the first preview
    batch, precision, threads: with which it fits and is fastest; batch 0: not even one sound a step does
    changes: settings of the family to change so that it fits; seconds: of one step at its heaviest
    measured: whether steps were really done; else all of it is a rule of thumb
    """

    bytes: int
    weights: int
    first_sound: float
    total: int = 0
    others: int = 0
    batch: int = 1
    precision: str = ""
    threads: int = 0
    changes: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    measured: bool = False

    @property
    def free(self) -> int:
        """What would be left: bytes + others + free = total."""
        return max(0, self.total - self.others - self.bytes)

    @property
    def fits(self) -> bool:
        """Whether there is memory for it; true where nobody looked."""
        return not self.total or (self.batch > 0 and self.bytes + self.others <= self.total)


def estimate(family: type[Model], config: Any, data: DataFacts, plan: TrainerConfig | None = None, device: str = "cpu") -> Fit:
    """`device`: cpu, cuda or mps. Builds the model on the CPU, in some ten milliseconds: torch's meta device, which needs no
    memory, takes a second of imports the first time."""
    plan = plan or TrainerConfig()
    material = family.material(config, data)
    with torch.random.fork_rng(devices=[]):
        weights = sum(parameter.numel() for parameter in family(config, data).parameters())
    step = plan.batch * material.frames * material.channels * 4 * ACTIVATIONS
    held = int(BASE[device] + weights * 4 * COPIES + _sounds(data, material) + step)
    return Fit(held, weights, _first_sound(START[device] + TRIED[device], data, plan), batch=plan.batch)


def _sounds(data: DataFacts, material: Material, most: float = IN_MEMORY) -> float:
    """Bytes of all sounds in memory; 0 where they are more than `most` and stay in their files."""
    found = data.count * min(data.seconds, material.seconds) * material.rate * material.channels * 2
    return found if found <= most else 0.0


def _first_sound(start: float, data: DataFacts, plan: TrainerConfig) -> float:
    return max(plan.preview, start + READ * data.count + SOONEST) + RENDER


# ---- the probe
def probe(family: str, config: dict[str, Any], data: DataFacts, plan: TrainerConfig | None = None) -> Work:
    """Measure in a process of its own, at the lowest priority. Finished: {"fit": Fit}. Closing it ends the process.

    Raises TrainingError where the process did not get that far.
    """
    plan = plan or TrainerConfig()
    yield Started(what="fit")
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe(duplex=False)
    began = time.monotonic()
    child = context.Process(target=_answer, args=(theirs, family, config, data, plan), daemon=True)
    child.start()
    theirs.close()
    try:
        while not mine.poll(0.1):
            yield Progress(done=0)
            if time.monotonic() - began > LONGEST:
                raise TrainingError(reason="trying out whether it fits took too long")
        found = mine.recv()
    except (EOFError, OSError):
        child.join()
        raise TrainingError(reason=f"trying out whether it fits ended with {child.exitcode}") from None
    finally:
        mine.close()
        child.kill()
        child.join()
        child.close()
    if isinstance(found, str):
        raise TrainingError(reason=found)
    yield Finished(result={"fit": found})


def _answer(pipe: Connection, family: str, config: dict[str, Any], data: DataFacts, plan: TrainerConfig) -> None:
    """In the process of its own."""
    devices.behave(TrainerConfig(gentle=True))
    try:
        with devices.tuned():
            pipe.send(measure(base.family(family), config, data, plan))
    except (StudioError, RuntimeError, MemoryError) as error:
        pipe.send(str(error))


def measure(family: type[Model], config: dict[str, Any], data: DataFacts, plan: TrainerConfig | None = None) -> Fit:
    """Take steps here and now. On a CPU the peak is that of this whole process, so it should be a fresh one."""
    plan = plan or TrainerConfig()
    settings = fields.decode(family.Config, config)
    device = devices.choose(plan)
    total, free = devices.memory(device)
    changes: dict[str, Any] = {}
    while True:
        found = _try(family, settings, data, plan, device, ROOM * free)
        enough = found.batch >= min(FEWEST, plan.batch, data.count)
        lighter = {} if enough else family.lighter(settings)
        if not lighter:
            return replace(found, changes=changes, total=total, others=total - free)
        settings = msgspec.structs.replace(settings, **lighter)
        changes |= lighter


def _try(family: type[Model], config: Any, data: DataFacts, plan: TrainerConfig, device: torch.device, room: float) -> Fit:
    """With growing batches, as long as the next one is expected to fit into `room` bytes. Batch 0: not even one sound does."""
    born = psutil.Process().create_time()
    guess = estimate(family, config, data, plan, device.type)
    material = family.material(config, data)
    sounds = _made_up(material, data, min(plan.batch, max(1, data.count)))
    kept = _sounds(data, material, IN_MEMORY if device.type == "cpu" else RESIDENT * room / ROOM)
    shop = Workshop(family, config, plan, device, sounds, data, plan.batch)
    best = replace(guess, batch=0)
    try:
        tuning = shop.tune()
        torch.set_num_threads(tuning.threads)
        learner = Learner(shop.begin(), plan, tuning.precision)
        prepared = time.time() - born
        best = replace(best, precision=tuning.precision, threads=tuning.threads, first_sound=_first_sound(prepared, data, plan))
        peaks: list[float] = []
        for size in sorted(shop.batch >> n for n in range(shop.batch.bit_length())):
            expected = peaks[-1] + (peaks[-1] - peaks[-2]) * 2 if len(peaks) > 1 else 0.0
            if expected > room:
                break
            seconds = max(_steps(learner, sounds, size))
            peaks.append(devices.peak(device) + kept)
            best = replace(best, batch=size, bytes=int(peaks[-1]), seconds=seconds, measured=True)
    except (RuntimeError, MemoryError) as error:
        if not devices.ran_out_of_memory(error):
            raise
        devices.forget()
    return best


def _steps(learner: Learner, sounds: TrainingSet, size: int) -> Iterator[float]:
    """Seconds of the last step of each phase, when all that ever is switched on is."""
    shares = np.cumsum([phase.share for phase in learner.phases])
    for end in shares / shares[-1]:
        began = time.perf_counter()
        learner.step(0, float(end) - 1e-6, lambda _: sounds.batch(range(size), learner.device))
        devices.wait(learner.device)
        yield time.perf_counter() - began


def _made_up(material: Material, data: DataFacts, count: int) -> TrainingSet:
    """Decaying noise, each sound as long as the longest: what a step can meet at most."""
    rng = np.random.default_rng(0)
    shape = (count, material.channels, material.frames)
    audio = rng.standard_normal(shape, dtype=np.float32) * np.exp(-5 * np.linspace(0, 1, material.frames, dtype=np.float32))
    numbers = np.zeros(count, np.float32)
    return TrainingSet(
        material=material,
        labels=data.labels,
        flat=torch.from_numpy((audio * 8000).clip(-32767, 32767).astype(np.int16).reshape(-1)),
        start=np.arange(count) * material.channels * material.frames,
        frames=np.full(count, material.frames),
        label=np.arange(count) % len(data.labels) if data.labels else np.full(count, -1),
        pitch=np.full(count, 60.0 if data.pitched else np.nan, np.float32),
        loudness=numbers,
        brightness=numbers,
        gain=numbers + 1,
        level=numbers,
        ids=np.arange(count),
        paths=tuple(map(str, range(count))),
        begins=np.zeros(count, np.int64),
        velocity=np.full(count, 100.0 if data.struck else np.nan, np.float32),
    )
