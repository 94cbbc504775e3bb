"""The one training loop, for every family: a run folder in; events, previews and checkpoints out.

    for event in train(RunFolder(path)): ...

`train` writes status.json, events.jsonl, previews and checkpoints itself, so every driver (the `train` verb, which is also what
the window starts; a test) leaves the same folder and only shows what is yielded. It goes on by itself where checkpoints exist.
A step and everything random in it follow from (seed, step), so a run that was killed goes on bit for bit on a CPU.
"""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import time
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from statistics import median
from types import FrameType

from studio.training import device as devices  # before torch: it sets how threads wait

# isort: split
import filelock
import msgspec
import numpy as np
import psutil
import torch

from studio import fields
from studio.errors import DiskFull, Diverged, NothingToLearn, OutOfMemory, StudioError, TrainingError
from studio.events import Event, Finished, Metric, Produced, Progress, Started, Work, failed
from studio.library import reader
from studio.library.reader import TrainingSet
from studio.models import base
from studio.models.base import Batch, Model
from studio.project.folder import ProjectFolder
from studio.project.state import RunState
from studio.training import plan as plans
from studio.training.curves import CLOCK, Curves
from studio.training.learner import Learner
from studio.training.plan import Schedule, TrainerConfig
from studio.training.previews import Previews
from studio.training.run import RunFolder
from studio.training.sampling import Sampler, mix
from studio.training.saving import Saver, TrainingFile
from studio.training.verdict import judge

__all__ = ["TrainerConfig", "train"]

HELD_OUT = 64
"""At most this many sounds judge the model; the same ones every time."""

VALIDATION_SHARE = 0.03
PATIENCE = 5
"""Steps in a row with impossible numbers before the run goes back to a good moment."""

ROLLBACKS = 4
EXPLODED = 4.0
"""A held-out distance this many times the best counts as an explosion, though every number is finite."""

PREPARED = 24
"""Batches from which a model takes its statistics."""


def train(run: RunFolder, family: type[Model] | None = None) -> Work:
    """Train a run to the end of its plan, or until it is asked to stop or pause.

    Finished: {"run", "state", "steps", "minutes", "best"}. Raises TrainingError (also: it is already being trained), Diverged,
    OutOfMemory, and what reading the project raises. A full disk does not raise: it pauses the run.
    `family` overrides the lookup by the run's family id.
    """
    lock = run.lock()
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        raise TrainingError(reason=f"“{run.name}” is already being trained") from None
    training = _Training(run, family)
    try:
        with _signals(training):
            yield from training.work()
    finally:
        lock.release()


@contextmanager
def _signals(training: _Training) -> Iterator[None]:
    """SIGTERM and Ctrl-C ask for a safe stop; a second Ctrl-C is the usual one."""

    def ask(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and "stop" in training.asked:
            raise KeyboardInterrupt
        training.asked.add("stop")

    before = {}
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(ValueError):  # not the main thread: whoever runs us handles them
            before[number] = signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Training:
    """One life of a run, from its start or its newest checkpoint to wherever it ends."""

    def __init__(self, run: RunFolder, family: type[Model] | None) -> None:
        self.run = run
        self.config = run.config
        self.plan = run.plan
        self.family = family or base.family(self.config.family)
        self.saver = Saver(run)
        self.curves = Curves()
        self.asked: set[str] = set()
        self.status = msgspec.structs.replace(
            run.status(),
            state="preparing",
            message="Starting",
            key="",
            error="",
            hint="",
            pid=os.getpid(),
            born=psutil.Process().create_time(),
            host=socket.gethostname(),
        )
        self.born = time.monotonic()
        self.step = 0
        self.batch = self.plan.batch
        self.best: float | None = None
        self.spent_before = 0.0
        self.began: float | None = None
        self.previewed = -1.0
        self.preview_cost = self.preview_total = self.save_cost = self.save_total = 0.0
        self.saved = 0.0
        self.validated = -1e9
        self.validation_cost = 0.0
        self.metrics: dict[str, float] = {}
        self.times: deque[float] = deque(maxlen=200)
        self.pace: deque[float] = deque(maxlen=24)
        self.pace_mark = (0, 0.0)
        self.knot = (0, 0.0)
        self.bad = 0
        self.troubles: deque[bool] = deque(maxlen=200)
        self.went_back = -1e9

    @property
    def spent(self) -> float:
        """Seconds of training over all lives."""
        return self.spent_before + (time.monotonic() - self.began if self.began is not None else 0.0)

    # ---- from start to end
    def work(self) -> Work:
        state: RunState = "failed"
        try:
            for word in self.run.take_requests():  # asked of an earlier life, unless it came after this process
                if word == "star":
                    self.asked.add("star")
            self._show(force=True)
            yield from self._told(Started(what="train", total=self.plan.steps))
            yield from self._prepare()
            self.began = time.monotonic()
            state = yield from self._loop()
        except GeneratorExit:
            state = "stopped"
            with suppress(StudioError):
                self._save(best=False)
            raise
        except DiskFull as error:
            state = "paused"
            yield from self._pause_full(error)
        except StudioError as error:
            self._fail(error)
            raise
        except Exception as error:
            self._fail(error)
            raise
        finally:
            message = {"paused": "Paused", "stopped": "Stopped", "finished": "Finished"}.get(state, "Failed")
            self._show(force=True, state=state, message=message, eta_low=None, eta_high=None, next_preview=None, pid=0)
        yield from self._told(
            Finished(
                result={
                    "run": str(self.run.path),
                    "state": state,
                    "steps": self.step,
                    "minutes": self.spent / 60,
                    "best": self.status.best,
                }
            )
        )

    def _prepare(self) -> Work:
        """Sounds, model, schedule: fresh, or as the newest checkpoint has them."""
        devices.behave(self.plan)
        self.device = devices.choose(self.plan)
        project = ProjectFolder.open(self.run.project, lock=False)
        resumed = self.saver.newest()
        self.curves.add(self.run.events()[0])
        old = resumed[1] if resumed else None
        config = fields.decode(self.family.Config, self.config.config)
        if old:
            material, labels = old.material, old.data.labels
        else:
            facts = reader.facts(project)
            material, labels = self.family.material(config, facts), facts.labels
        self._show(message="Reading the sounds")
        for event in reader.prepare(project, material):
            if isinstance(event, Progress):
                self._show(message=f"Reading the sounds: {event.done} of {event.total}")
                yield event
            elif isinstance(event, Finished):
                for problem in event.result["problems"]:
                    yield from self._notice(
                        "SoundLeftOut", f"“{os.path.basename(problem['path'])}” was left out: {problem['reason']}"
                    )
        self.sounds = self._reside(reader.load(project, material, "train", labels))
        self.held = reader.load(project, material, "validation", labels)
        if not len(self.sounds):
            raise NothingToLearn
        self.fingerprint = _fingerprint(self.sounds)
        self.data = old.data if old else reader.measured(self.sounds)
        threads = old.threads if old and old.device == "cpu" and self.device.type == "cpu" else devices.threads_for(self.plan)
        devices.use_threads(threads)
        self._show(message="Building the model", device=devices.name(self.device), threads=threads)
        self.model_config, self.material = config, material
        self.threads = threads
        if old and resumed:
            yield from self._resume(resumed[0], old)
        else:
            yield from self._begin()
        self.previews = Previews(self.run, self.held if len(self.held) else self.sounds)

    def _reside(self, sounds: TrainingSet) -> TrainingSet:
        """Device memory first, where less than a third of it is enough."""
        if self.device.type != "cpu" and sounds.bytes < 0.3 * devices.free_bytes(self.device):
            return sounds.on(self.device)
        return sounds

    def _build(self) -> Model:
        torch.manual_seed(mix(self.plan.seed, 0))
        return self.family(self.model_config, self.data).to(self.device)

    def _begin(self) -> Work:
        model = self._build()
        self.sampler = self._sampler()
        model.eval()
        model.prepare(self._draw(n) for n in range(min(PREPARED, self.sampler.per_epoch)))
        self._show(message="Measuring this machine")
        precision, seconds = devices.precision_for(self.plan, self.device, self._probe)
        self.learner = Learner(model, self.plan, precision)
        minutes = self._minutes()
        total = self.plan.steps or plans.steps_for(0, 0.0, minutes or 1.0, seconds or 0.1)
        self.schedule = Schedule(total=max(1, total))
        yield from self._told(Produced(kind="began", detail={"precision": precision, "sounds": len(self.sounds)}))

    def _resume(self, path, old: TrainingFile) -> Work:
        precision = old.precision if old.device == self.device.type else "fp32"
        self.batch = old.batch
        self.sampler = self._sampler()
        self.learner = Learner(self._build(), self.plan, precision)
        self.learner.restore(self.saver.tensors(path), old.memory)
        self.step, self.schedule, self.best = old.step, old.schedule, old.best
        self.spent_before, self.saved = old.spent, old.spent
        self.knot = self.pace_mark = (old.step, old.spent)
        self.previewed, self.preview_cost = old.previewed, old.preview_cost
        self.preview_total, self.save_total = old.preview_total, old.save_total
        self.saver.forget_after(old.step)
        self.curves.forget_after(old.step)
        yield from self._told(Produced(kind="resumed", detail={"step": old.step, "minutes": old.spent / 60}))
        if old.sounds != self.fingerprint:
            yield from self._notice("SoundsChanged", "The sounds changed since this run began; it goes on with the new ones.")

    def _probe(self, precision: str) -> None:
        """One step on a throwaway copy."""
        learner = getattr(self, "_throwaway", None)
        if learner is None or learner.precision != precision:
            learner = self._throwaway = Learner(self._build(), self.plan, precision)
        learner.step(0, 0.0, self._draw)

    # ---- the loop
    def _loop(self) -> Iterator[Event]:
        self._throwaway = None
        logged, sums = 0.0, _Sums()
        yield from self._told(Metric(step=self.step, name=CLOCK, value=self.spent / 60))
        while True:
            state = self._answer()
            if "star" in self.asked:
                self.asked.discard("star")
                yield from self._checkpoint(star=True)
            if state is None and self.schedule.at(self.step) >= 1:
                state = "finished"
            if state is not None:
                yield from self._last_words(state)
                return state
            start = time.monotonic()
            try:
                outcome = self.learner.step(self.step, self.schedule.at(self.step), self._draw)
            except (RuntimeError, MemoryError) as error:
                if not devices.ran_out_of_memory(error):
                    raise
                yield from self._halve(error)
                continue
            self.times.append(time.monotonic() - start)
            self.troubles.append(not outcome.sound)
            self.bad = 0 if outcome.sound else self.bad + 1
            if self.bad >= PATIENCE:
                yield from self._go_back("Impossible numbers several times in a row")
                continue
            self.step += 1
            if outcome.sound:
                sums.add(outcome.values, outcome.rate)
            if self.spent - logged >= max(self.plan.log, self.spent / 600):
                logged = self.spent
                yield from self._log(sums)
            yield from self._look_around()
            self._show()

    def _look_around(self) -> Work:
        """Everything that is due between two steps by the clock."""
        spent = self.spent
        first = max(min(5.0, self.plan.preview), self.plan.preview - (self.began or 0.0) + self.born)
        if self.previewed < 0 or spent >= plans.next_preview(self.previewed, first, self.preview_cost):
            if spent >= first:
                yield from self._validate()
                yield from self._checkpoint()
                yield from self._preview()
        elif spent - self.saved >= plans.save_every(self.plan.save, self._minutes(), self.save_cost):
            yield from self._validate()
            yield from self._checkpoint()
        elif spent - self.validated >= min(60.0, max(10.0, self.validation_cost / VALIDATION_SHARE)):
            yield from self._validate()
        if self._minutes() and spent >= (self._minutes() or 0) * 60:
            self.schedule = self.schedule.replan(self.step, self.step)
        if spent - self.pace_mark[1] >= 5 and self.step > self.pace_mark[0]:
            self.pace.append((spent - self.pace_mark[1]) / (self.step - self.pace_mark[0]))
            self.pace_mark = (self.step, spent)

    def _last_words(self, state: RunState) -> Work:
        self._show(message="Saving", force=True)
        yield from self._validate()
        yield from self._checkpoint(replan=False)
        if state == "finished":
            yield from self._preview()

    def _answer(self) -> RunState | None:
        """What was asked for, looked up five times a second."""
        if time.monotonic() - getattr(self, "_looked", 0.0) > 0.2:
            self._looked = time.monotonic()
            self.asked.update(self.run.take_requests())
        self.asked.discard("resume")
        return "stopped" if "stop" in self.asked else "paused" if "pause" in self.asked else None

    # ---- numbers
    def _log(self, sums: _Sums) -> Work:
        values, rate = sums.take()
        values["rate"] = rate
        if self.times:
            values["speed/sounds"] = self.sampler.batch / max(1e-6, median(self.times))
        yield from self._told(*self._metrics(values))

    def _metrics(self, values: dict[str, float]) -> list[Event]:
        self.metrics.update(values)
        clock = Metric(step=self.step, name=CLOCK, value=self.spent / 60)
        return [clock, *(Metric(step=self.step, name=name, value=value) for name, value in values.items())]

    def _validate(self) -> Work:
        """Held-out quality of the averaged model, and the same number on training sounds. Once per step at most."""
        if getattr(self, "_validated_at", None) == self.step:
            return
        self._validated_at = self.step
        began = time.monotonic()
        model = self.learner.average.settled()
        found: dict[str, float] = {}
        for name, sounds in (("held-out", self.held), ("training", self.sounds)):
            if len(sounds):
                found |= {
                    f"{name}/{key}": value for key, value in _measure(model, sounds, self.device, self.sampler.batch).items()
                }
        self.judged = next(iter(found), "")
        self.validation_cost, self.validated = time.monotonic() - began, self.spent
        yield from self._told(*self._metrics(found))
        value = found.get(self.judged, float("nan"))
        if not np.isfinite(value) or (self.best is not None and self.best > 0 and value > EXPLODED * self.best):
            yield from self._go_back("The model fell apart")

    def _judge(self) -> None:
        name = getattr(self, "judged", "")
        steps, held = self.curves.values(name)
        other, train = self.curves.values(name.replace("held-out", "training"))
        verdict = judge(
            self.curves.minutes(steps),
            held,
            train if np.array_equal(steps, other) else (),
            files=min(HELD_OUT, len(self.held)),
            silent=self.metrics.get("new/silent", 0.0),
            impossible=sum(self.troubles) / len(self.troubles) if self.troubles else 0.0,
            rollbacks=int(self.spent - self.went_back < 120),
        )
        self.status = msgspec.structs.replace(self.status, verdict=verdict.word, sentence=verdict.sentence)

    # ---- what is kept
    def _preview(self) -> Work:
        self._show(message="Rendering a preview")
        try:
            file, numbers = self.previews.make(self.learner.average.settled(), self.step, self.spent / 60)
        except (RuntimeError, MemoryError) as error:
            if not devices.ran_out_of_memory(error):
                raise
            devices.forget()
            yield from self._notice("PreviewLeftOut", "A preview was left out: there was no memory for it.")
        else:
            self.preview_cost = file.cost
            self.preview_total += file.cost
            path = str(self.previews.folder / f"step-{self.step:08d}")
            yield from self._told(
                Produced(kind="preview", path=path, detail={"step": self.step, "minutes": file.minutes, "cost": file.cost}),
                *self._metrics(numbers),
            )
        self.previewed = self.spent

    def _checkpoint(self, star: bool = False, replan: bool = True) -> Work:
        """Save; with a plan in minutes, this is also where its end is estimated anew, so that the estimate is in the save."""
        if replan:
            self._replan()
        if not self.learner.average.finite():
            return
        value = self.metrics.get(getattr(self, "judged", ""))
        best = value is not None and np.isfinite(value) and (self.best is None or value < self.best)
        if best:
            self.best = value
        try:
            path = self._save(best)
        except DiskFull:
            if not self.saver.free_room():
                raise
            path = self._save(best)
        if star:
            self.run.star(self.step)
        self.saver.thin()
        detail = {"step": self.step, "minutes": self.spent / 60, "best": best, "starred": star}
        yield from self._told(Produced(kind="checkpoint", path=str(path), detail=detail))

    def _save(self, best: bool):
        began = time.monotonic()
        held = {k: v for k, v in self.metrics.items() if k.startswith(("held-out/", "training/"))}
        facts = TrainingFile(
            step=self.step,
            spent=self.spent,
            schedule=self.schedule,
            memory=self.learner.memory(),
            batch=self.batch,
            precision=self.learner.precision,
            threads=self.threads,
            device=self.device.type,
            material=self.material,
            data=self.data,
            previewed=self.previewed,
            preview_cost=self.preview_cost,
            preview_total=self.preview_total,
            save_total=self.save_total,
            best=self.best,
            sounds=self.fingerprint,
        )
        path = self.saver.save(self.learner, self.learner.average.settled(), facts, held, best)
        self.save_cost = time.monotonic() - began
        self.save_total += self.save_cost
        self.saved = self.spent
        if best:
            self.status = msgspec.structs.replace(self.status, best=held, best_step=self.step)
        return path

    def _replan(self) -> None:
        minutes = self._minutes()
        step, spent = self.step - self.knot[0], self.spent - self.knot[1]
        if minutes and self.plan.steps is None and step >= 5:
            self.schedule = self.schedule.replan(self.step, plans.steps_for(self.step, self.spent, minutes, spent / step))
            self.knot = (self.step, self.spent)

    # ---- when things go wrong
    def _go_back(self, why: str) -> Work:
        """Return to the last good moment with half the rate."""
        learner = self.learner
        rollbacks, slowed = learner.rollbacks + 1, learner.slowed * 0.5
        if rollbacks > ROLLBACKS:
            raise Diverged
        good = self.saver.newest()
        if good:
            path, old = good
            learner.restore(self.saver.tensors(path), old.memory)
            self.step = old.step
        else:
            self.learner = learner = Learner(self._fresh(), self.plan, learner.precision)
            self.step = 0
        learner.rollbacks, learner.slowed = rollbacks, slowed
        self.bad = 0
        self.went_back = self.spent
        self.saved = -1e9  # so that the lower rate is saved after the next step
        self.saver.forget_after(self.step)
        self.curves.forget_after(self.step)
        detail = {"step": self.step, "minutes": self.spent / 60}
        yield from self._told(Produced(kind="resumed", detail=detail))
        yield from self._notice(
            "RolledBack", f"{why}: it went back to step {self.step} and goes on at {slowed:.0%} of the rate."
        )

    def _fresh(self) -> Model:
        model = self._build()
        model.eval()
        model.prepare(self._draw(n) for n in range(min(PREPARED, self.sampler.per_epoch)))
        return model

    def _halve(self, error: BaseException) -> Work:
        self.learner.rest()
        del error
        devices.forget()
        if self.sampler.batch <= 1:
            raise OutOfMemory(name=devices.name(self.device))
        self.batch = self.sampler.batch // 2
        self.sampler = self._sampler()
        yield from self._notice("BatchHalved", f"The memory was not enough: it goes on with {self.batch} sounds a step.")

    def _pause_full(self, error: DiskFull) -> Work:
        self.status = msgspec.structs.replace(self.status, key=error.key, error=error.message, hint=error.advice)
        with suppress(StudioError):
            yield from self._notice(error.key, error.message)

    def _fail(self, error: Exception) -> None:
        fact = failed(error, "".join(traceback.format_exception(error)))
        self.status = msgspec.structs.replace(self.status, key=fact.key, error=fact.sentence, hint=fact.hint)
        with suppress(StudioError):
            self.run.append(fact)

    # ---- small
    def _minutes(self) -> float | None:
        """The plan in minutes; None where it is in steps."""
        if self.plan.steps is not None:
            return None
        return self.plan.minutes or plans.DEFAULT_MINUTES[self.device.type]

    def _sampler(self) -> Sampler:
        labels = self.sounds.label if self.plan.balanced else None
        return Sampler(self.sounds.frames, self.batch, self.plan.seed, labels)

    def _draw(self, draw: int) -> Batch:
        return self.sounds.batch(self.sampler.rows(draw), self.device)

    def _notice(self, key: str, sentence: str) -> Work:
        yield from self._told(Produced(kind="notice", detail={"key": key, "sentence": sentence, "step": self.step}))

    def _told(self, *events: Event) -> Work:
        """Write events down, keep them for the verdict, and yield them."""
        self.run.append(*events)
        self.curves.add(events)
        if any(isinstance(e, Metric) and e.name == getattr(self, "judged", "") for e in events):
            self._judge()
        yield from events

    def _show(self, force: bool = False, **changes) -> None:
        """Replace status.json, at most twice a second unless something is said."""
        now = time.monotonic()
        if not (force or changes) and now - getattr(self, "_shown", 0.0) < 0.5:
            return
        self._shown = now
        if self.began is not None and "state" not in changes:
            changes = self._numbers() | {"state": "training", "message": ""} | changes
        self.status = msgspec.structs.replace(self.status, heartbeat=time.time(), **changes)
        try:
            self.run.write_status(self.status)
        except StudioError:
            if not force:  # the last word of a run on a full disk may stay unsaid
                raise

    def _numbers(self) -> dict:
        spent = max(self.spent, 1e-9)
        low, high = plans.eta(self.step, self.schedule.total, list(self.pace)) if self.step >= 30 else (None, None)
        first = max(self.previewed, 0.0)
        return {
            "step": self.step,
            "planned_steps": self.schedule.total,
            "progress": max(self.status.progress, self.schedule.at(self.step)),
            "minutes": spent / 60,
            "planned": self._minutes(),
            "eta_low": None if low is None else low / 60,
            "eta_high": None if high is None else high / 60,
            "metrics": dict(self.metrics),
            "phase": self.learner.phases[self.learner.phase].name,
            "precision": self.learner.precision,
            "batch": self.sampler.batch,
            "memory_mb": devices.held_mb(self.device),
            "step_seconds": median(self.times) if self.times else 0.0,
            "preview_cost": self.preview_total / spent,
            "save_cost": self.save_total / spent,
            "next_preview": max(0.0, plans.next_preview(first, self.plan.preview, self.preview_cost) - spent),
        }


class _Sums:
    """Means of what steps report, kept on the device until asked for."""

    def __init__(self) -> None:
        self.values: dict[str, tuple[torch.Tensor, int]] = {}
        self.rate = 0.0

    def add(self, values: dict[str, torch.Tensor], rate: float) -> None:
        self.rate = rate
        for name, value in values.items():
            total, count = self.values.get(name, (torch.zeros((), device=value.device), 0))
            self.values[name] = (total + value.float(), count + 1)

    def take(self) -> tuple[dict[str, float], float]:
        found = {name: float(total) / count for name, (total, count) in self.values.items()}
        self.values = {}
        return found, self.rate


@torch.no_grad()
def _measure(model: Model, sounds: TrainingSet, device: torch.device, batch: int) -> dict[str, float]:
    """The family's own numbers on an even choice of sounds, batches of like length."""
    torch.manual_seed(0)
    rows = np.unique(np.linspace(0, len(sounds) - 1, HELD_OUT).round().astype(np.int64))
    rows = rows[np.argsort(sounds.frames[rows], kind="stable")]
    sums: dict[str, float] = {}
    for start in range(0, len(rows), batch):
        part = rows[start : start + batch]
        for name, value in model.measure(sounds.batch(part, device)).items():
            sums[name] = sums.get(name, 0.0) + value * len(part)
    return {name: value / len(rows) for name, value in sums.items()}


def _fingerprint(sounds: TrainingSet) -> str:
    """Tells whether a resumed run hears the same examples in the same order."""
    data = hashlib.sha256(np.ascontiguousarray(sounds.frames).tobytes())
    data.update(np.ascontiguousarray(sounds.label).tobytes())
    data.update(sounds.gain.tobytes())
    return data.hexdigest()[:16]
