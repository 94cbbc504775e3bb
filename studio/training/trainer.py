"""The one training loop, for every family: a run folder in; events, previews and checkpoints out.

    for event in train(RunFolder(path)): ...

`train` writes status.json, events.jsonl, previews and checkpoints itself, so every driver (the `train` verb, which is also what
the window starts; a test) leaves the same folder and only shows what is yielded. It goes on by itself where checkpoints exist.
A step and everything random in it follow from (seed, step), so a run that was killed goes on bit for bit on a CPU.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

from studio.training import device as devices  # before torch: it sets how threads wait

# isort: split
import msgspec
import torch

from studio import fields
from studio.errors import BadConfig, DiskFull, Diverged, NothingToLearn, NotSaved, StudioError
from studio.events import Event, Finished, Produced, Progress, Started, Work
from studio.library import reader
from studio.models import base
from studio.models.base import Model
from studio.project.folder import ProjectFolder
from studio.project.state import RunState
from studio.training import distributed, reserve, trouble
from studio.training import plan as plans
from studio.training import team as teams
from studio.training.asked import Asked
from studio.training.compiling import Compiler
from studio.training.goals import Goals
from studio.training.holding import alone
from studio.training.learner import Learner, Sums
from studio.training.pace import Pace
from studio.training.plan import Schedule, TrainerConfig
from studio.training.previews import SPREAD, Previews
from studio.training.pulse import Pulse
from studio.training.report import Report
from studio.training.run import RunFolder
from studio.training.saving import Saved, Saver, TrainingFile
from studio.training.signals import deaf, listening
from studio.training.team import Team
from studio.training.validation import Validation
from studio.training.verdict import TOO_SHORT
from studio.training.workshop import Workshop

__all__ = ["TrainerConfig", "train"]

PATIENCE = 5
"""Steps in a row with impossible numbers before the run goes back to a good moment."""

ROLLBACKS = 4
EXPLODED = 4.0
"""A held-out distance this many times the best counts as an explosion, though every number is finite."""

SOONEST = 5.0
"""Seconds of training before the first preview, however long the preparation took."""


def train(run: RunFolder, family: type[Model] | None = None) -> Work:
    """Train a run to the end of its plan, or until it is asked to stop or pause.

    Finished: {"run", "state", "steps", "minutes", "best", "problem"}. Raises TrainingError (somebody else trains it), Diverged,
    OutOfMemory, DeviceLost, and what reading the project raises. A disk that is full or gone does not raise: it pauses the run.
    Closing it stops the run safely. `family` overrides the lookup by the run's family id. One of several processes trains its
    part (training/team.py); all but the first say nothing.
    """
    with teams.met(run.plan) as team:
        if team is None or team.leads:
            yield from _trained(run, family, team)
        else:
            with deaf(), devices.tuned():
                distributed.follow(team, run, family or base.family(run.config.family))


def _trained(run: RunFolder, family: type[Model] | None, team: Team | None) -> Work:
    with alone(run) as pulse:
        report = Report(run)
        try:
            training = _Training(run, family or base.family(run.config.family), report, team, pulse)
        except StudioError as error:
            report.fail(error)
            with suppress(StudioError):
                report.show(state="failed", message="Failed", pid=0)
            raise
        with listening(training.asked), devices.tuned():
            yield from training.work()


class _Training:
    """One life of a run, from its start or its newest checkpoint to wherever it ends."""

    shop: Workshop
    learner: Learner | None = None
    compiler: Compiler | None = None
    schedule: Schedule
    validation: Validation
    previews: Previews

    def __init__(self, run: RunFolder, family: type[Model], report: Report, team: Team | None, pulse: Pulse) -> None:
        self.run = run
        self.team = team
        self.plan = run.plan
        self.family = family
        self.config = fields.decode(family.Config, run.config.config)
        self.saver = Saver(run)
        self.goals = Goals(run.plan)
        self.report = report
        self.pulse = pulse
        self.asked = Asked(run)
        self.born = time.monotonic()
        self.step = self.start = 0
        self.best: float | None = None
        self.previewed: float | None = None
        self.preview_cost = self.preview_total = self.save_cost = self.save_total = 0.0
        self.saved = 0.0
        self.validated: float | None = None
        self.measured_at = -1
        self.saved_as = (-1, -1)
        """The step of the newest save, and that of the newest measurement in it."""
        self.bad = 0
        self.troubles: deque[bool] = deque(maxlen=200)

    # ---- from start to end
    def work(self) -> Work:
        state: RunState = "stopped"
        try:
            self.asked.look(since=self.report.status.born)  # not what an earlier life was asked
            self.report.show()
            reserve.hold(self.run.path)
            yield from self.report.tell(Started(what="train", total=self.plan.steps))
            yield from self._prepare()
            self.pace.start(self.step, self.pace.spent)
            state = yield from self._loop()
        except GeneratorExit:
            if self.saved_as[0] != self.step:
                with suppress(StudioError):
                    self._save(best=False)
            raise
        except Exception as problem:
            error = trouble.named(problem)
            if isinstance(error, DiskFull | NotSaved):
                state = "paused"
                yield from self._without_disk(error)
            else:
                state = "failed"
                self.report.fail(error)
                raise error from error.__cause__
        finally:
            endings = {"paused": "Paused", "stopped": "Stopped", "finished": self.goals.reached or "Finished"}
            message = endings.get(state, "Failed")
            with suppress(StudioError):  # a full disk keeps the last status
                over = {"sentence": TOO_SHORT} if state != "paused" and self.report.status.verdict == "starting" else {}
                self._show(state=state, message=message, eta_low=None, eta_high=None, next_preview=None, pid=0, **over)
        result = {"run": str(self.run.path), "state": state, "steps": self.step, "best": self.report.status.best}
        finished = Finished(result=result | {"minutes": self.report.status.minutes, "problem": self.report.status.error})
        if state == "finished":
            reserve.give(self.run.path)
        with suppress(StudioError):
            self.run.append(finished)
        yield finished

    def _without_disk(self, error: StudioError) -> Work:
        """Save if that goes after all, and say why the run pauses."""
        if self.learner is not None and self.saved_as[0] != self.step:
            with suppress(StudioError, OSError):
                yield from self._checkpoint(replan=False)
        reserve.give(self.run.path)
        self.report.status = msgspec.structs.replace(self.report.status, key=error.key, error=error.message, hint=error.advice)
        with suppress(StudioError):
            yield from self.report.notice(error.key, error.message, self.step)

    def _prepare(self) -> Work:
        """Sounds, model, schedule: fresh, or as the newest checkpoint has them."""
        report = self.report
        devices.behave(self.plan)
        self.device = devices.choose(self.plan)
        minutes = None if self.plan.steps else self.plan.minutes or plans.DEFAULT_MINUTES[self.device.type]
        self.pace = Pace(minutes, self.pulse.clock)
        project = ProjectFolder.open(self.run.project, lock=False)
        resumed = self.saver.newest()
        if resumed:
            material, labels = resumed.facts.material, resumed.facts.data.labels
        else:
            facts = reader.facts(project)
            material, labels = self.family.material(self.config, facts), facts.labels
        for event in reader.prepare(project, material):
            if isinstance(event, Progress):
                report.show(message=f"Reading the sounds: {event.done} of {event.total}")
                yield event
            elif isinstance(event, Finished):
                for problem in event.result["problems"]:
                    name, reason = Path(problem["path"]).name, problem["reason"]
                    yield from report.notice("SoundLeftOut", f"“{name}” was left out: {reason}", self.step)
        report.show(message="Building the model")
        sounds = reader.load(project, material, "train", labels)
        held = reader.load(project, material, "validation", labels)
        if not len(sounds):
            raise NothingToLearn
        self.heard = sounds.hash()
        data = resumed.facts.data if resumed else reader.measured(sounds)
        batch = resumed.facts.batch if resumed else self.plan.batch
        self.shop = Workshop(self.family, self.config, self.plan, self.device, sounds, data, batch, self.team)
        self.validation = Validation(held, self.shop.sounds, self.device)
        yield from self._resume(resumed) if resumed else self._begin()
        report.show(
            device=devices.name(self.device) + (f" × {self.team.size}" if self.team else ""), threads=torch.get_num_threads()
        )
        self.previews = Previews(self.run, held if len(held) else sounds, sounds)

    def _begin(self) -> Work:
        self.report.show(message="Measuring this machine")
        tuning = None
        while tuning is None:
            try:
                tuning = self.shop.tune()
            except (RuntimeError, MemoryError) as error:
                if not devices.ran_out_of_memory(error):
                    raise
            if tuning is None:
                yield from self._halve()
        torch.set_num_threads(tuning.threads)
        self.report.show(message="Building the model")
        total = self.plan.steps or plans.steps_for(0, 0.0, self.pace.minutes or 1.0, tuning.seconds or 0.1)
        self.schedule = Schedule(total=max(1, total))
        self.learner = self.shop.learner(self.shop.begin(), tuning.precision)
        detail = {"precision": tuning.precision, "threads": tuning.threads, "sounds": len(self.shop.sounds)}
        yield from self.report.tell(Produced(kind="began", detail=detail))

    def _resume(self, saved: Saved) -> Work:
        old = saved.facts
        self.step = self.start = old.step
        self.schedule, self.saved_as = old.schedule, (old.step, -1)
        self.saved = self.validated = old.spent
        self.goals = Goals(self.plan, old.goals)
        self.previewed, self.preview_cost = old.previewed, old.preview_cost
        self.preview_total, self.save_total = old.preview_total, old.save_total
        self.pace.start(old.step, old.spent)
        if old.device == self.device.type == "cpu":
            torch.set_num_threads(old.threads)  # sums in another order differ in their last bit
        learner = self.shop.learner(self.shop.build(), old.precision if old.device == self.device.type else "fp32")
        learner.restore(saved.tensors, old.memory)
        self.learner = learner
        self.saver.forget_after(old.step)
        best = self.saver.best_pointer()
        self.best = old.best if best else None
        self.report.status = msgspec.structs.replace(
            self.report.status, best=best.metrics if best else {}, best_step=best.step if best else None
        )
        yield from self.report.resumed(old.step, old.spent)
        if self.saver.damaged:
            sentence = f"The newest save was damaged: it goes on from the one before, at step {old.step}."
            yield from self.report.notice("DamagedSave", sentence, self.step)
        if (self.plan.steps or 0) > old.schedule.total or (self.pace.minutes or 0) > old.planned > 0:
            self._lengthen()
        if old.sounds != self.heard:
            sentence = "The sounds changed since this run began; it goes on with the new ones."
            yield from self.report.notice("SoundsChanged", sentence, self.step)

    # ---- the loop
    def _loop(self) -> Generator[Event, None, RunState]:
        assert self.learner is not None
        self.report.knows(self.validation.files, SPREAD, self.learner.model.controls.latent)
        logged, sums = 0.0, Sums()
        yield from self.report.measured(self.step, self.pace.spent, {})
        while True:
            self.asked.look()
            yield from self._heed()
            state = self.asked.ending
            if state is None and (self.schedule.at(self.step) >= 1 or self.pace.over()):
                state = "finished"
                self.schedule = self.schedule.replan(self.step, self.step)
            if state is None and self.goals.reached:  # the plan stays, for whoever lets it go on
                state = "finished"
                yield from self.report.notice("GoalReached", self.goals.reached, self.step)
            if state is not None:
                end = self.step
                yield from self._last_words(state)
                if state == "finished" and self.step < end and not self.pace.over():
                    continue  # it fell apart at the very end and went back
                self.asked.look(now=True)
                if state == "finished" and "longer" in self.asked:
                    continue
                return state
            began = time.monotonic()
            try:
                outcome = self.learner.step(self.step, self.schedule.at(self.step), self.shop.draw)
            except (RuntimeError, MemoryError) as error:
                if self.compiler is not None and self.compiler.compiled and not devices.ran_out_of_memory(error):
                    self.compiler.undo()
                    self.learner.rest()
                    continue
                if not devices.ran_out_of_memory(error):
                    raise
                outcome = None
            if outcome is None:  # outside the except, so that the error's frames let go of their tensors
                yield from self._halve()
                continue
            self.troubles.append(not outcome.sound)
            self.report.impossible = sum(self.troubles) / len(self.troubles)
            self.bad = 0 if outcome.sound else self.bad + 1
            if self.bad >= PATIENCE:
                yield from self._go_back("Impossible numbers several times in a row", self.saver.newest())
                continue
            self.step += 1
            self.pace.stepped(self.step, time.monotonic() - began)
            if self.plan.compile:
                yield from self._quicken(time.monotonic() - began)
            if outcome.sound:
                sums.add(outcome)
            if self.pace.spent - logged >= plans.log_every(self.plan.log, self.pace.spent):
                logged = self.pace.spent
                yield from self.report.measured(self.step, logged, sums.take() | self._speed())
            yield from self._look_around()
            if self.report.due():
                self._show()

    def _look_around(self) -> Work:
        """What is due between two steps by the clock. The first preview comes before anything is measured."""
        spent, step = self.pace.spent, self.step
        heard = spent >= self._next_preview()
        since = spent - self.validated if self.validated is not None else math.inf if heard else 0.0
        save = heard or spent - self.saved >= plans.save_every(self.plan.save, self.pace.minutes, self.save_cost)
        if heard:
            yield from self._preview()
        if since >= self.validation.every(spent) * (0.5 if save else 1.0):
            yield from self._validate()
        if save and self.step >= step:  # else it has just gone back, and saves after the next step
            yield from self._checkpoint()

    def _last_words(self, state: RunState) -> Work:
        """Measure, save, and be heard once more; a pause only saves, because somebody waits for the device."""
        if self.step > self.start or self.best is None:
            self._show(message="Saving")
            end = self.step
            if state != "paused" and "hurry" not in self.asked:
                yield from self._validate()
            if self.step < end:  # it has gone back to a moment that is saved
                return
            yield from self._checkpoint(replan=False)
            if state == "finished":
                yield from self._preview()

    # ---- what was asked
    def _heed(self) -> Work:
        """Do what was asked, between two steps; `asked.ending` is for the loop."""
        assert self.learner is not None
        if self.asked.take("star") is not None:
            yield from self._checkpoint(star=True)
        best = self.saver.best() if self.asked.take("best") is not None else None
        if best and best.facts.step < self.step:
            yield from self._go_back("As asked", best, asked=True)
        elif self.asked.take("slower") is not None:
            self.learner.slowed *= 0.5
            self.saved = -math.inf
            sentence = f"As asked, it goes on at {self.learner.slowed:.0%} of the rate."
            yield from self.report.notice("Slowed", sentence, self.step)
        more = self.asked.take("longer")
        if more is not None:
            with suppress(BadConfig):
                self.plan = self.run.lengthen(float(more.get("minutes", 0.0)))
                self._lengthen()

    def _lengthen(self) -> None:
        """Follow a plan that has become longer."""
        assert self.learner is not None
        self.goals.reached = ""
        self.pace.minutes = None if self.plan.steps else self.plan.minutes
        total, share = self.pace.whole(self.step, self.plan.steps)
        self.schedule = self.schedule.lengthen(self.step, total, share, [phase.share for phase in self.learner.phases])
        self.saved = -math.inf  # soon, so that a later life knows
        self.report.status = msgspec.structs.replace(self.report.status, progress=self.schedule.at(self.step))

    # ---- what is heard, measured and kept
    def _next_preview(self) -> float:
        """Seconds of training at which the next one is due. The first counts from the start of the process."""
        if self.previewed is None:
            prepared = time.monotonic() - self.born - self.pace.spent
            return min(self.plan.preview, max(SOONEST, self.plan.preview - prepared))
        return plans.next_preview(self.previewed, self.plan.preview, self.preview_cost)

    def _preview(self) -> Work:
        assert self.learner is not None
        self._show(message="Rendering a preview")
        self.previewed = self.pace.spent
        try:
            file, numbers = self.previews.make(self.learner.average.settled(), self.step, self.pace.spent / 60)
        except (RuntimeError, MemoryError) as error:
            if not devices.ran_out_of_memory(error):
                raise
            devices.forget()
            sentence = "A preview was left out: there was no memory for it."
            yield from self.report.notice("PreviewLeftOut", sentence, self.step)
            return
        self.preview_cost = file.cost
        self.preview_total += file.cost
        detail = {"step": self.step, "minutes": file.minutes, "cost": file.cost}
        yield from self.report.tell(Produced(kind="preview", path=str(self.previews.place(self.step)), detail=detail))
        yield from self.report.measured(self.step, self.pace.spent, numbers)

    def _validate(self) -> Work:
        """Held-out quality of the averaged model, once per step at most."""
        assert self.learner is not None
        if self.measured_at == self.step:
            return
        self.measured_at = self.step
        found = self.validation.measure(self.learner.average.settled(), self.shop.batch)
        self.validated = self.pace.spent
        if not found:
            yield from self.report.notice("NotMeasured", "There was no memory to measure the model.", self.step)
            return
        self.report.judged = self.validation.name
        yield from self.report.measured(self.step, self.pace.spent, found)
        value = found.get(self.validation.name, 0.0)
        if not math.isfinite(value) or (self.best is not None and 0 < EXPLODED * self.best < value):
            yield from self._go_back("The model fell apart", self.saver.best() or self.saver.newest())
        else:
            self.goals.measured(value, self.report.status.verdict, self.pace.spent)

    def _checkpoint(self, star: bool = False, replan: bool = True) -> Work:
        """Save. With a plan in minutes its end is estimated anew just before, so that the estimate is in the save."""
        assert self.learner is not None
        if replan:
            self.schedule = self.pace.replan(
                self.schedule, self.step, self.validation.cost + self.save_cost + self.preview_cost
            )
        if not self.learner.average.finite() or self.saver.taken(self.step) or self.saved_as == (self.step, self.measured_at):
            if star:
                self.run.star(self.step)
            return
        value = self.report.metrics.get(self.validation.name, math.nan) if self.measured_at == self.step else math.nan
        best = math.isfinite(value) and (self.best is None or value < self.best)
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
        self.report.status = msgspec.structs.replace(self.report.status, disk_mb=self.run.size() / 1e6)
        detail = {"step": self.step, "minutes": self.pace.spent / 60, "best": best, "starred": star}
        yield from self.report.tell(Produced(kind="checkpoint", path=str(path), detail=detail))

    def _save(self, best: bool) -> Path | None:
        if self.learner is None:
            return None
        began = time.monotonic()
        held = {k: v for k, v in self.report.metrics.items() if k.startswith(("held-out/", "training/"))}
        facts = TrainingFile(
            step=self.step,
            spent=self.pace.spent,
            schedule=self.schedule,
            memory=self.learner.memory(),
            batch=self.shop.batch,
            precision=self.learner.precision,
            threads=torch.get_num_threads(),
            device=self.device.type,
            material=self.shop.sounds.material,
            data=self.shop.data,
            previewed=self.previewed,
            preview_cost=self.preview_cost,
            preview_total=self.preview_total,
            save_total=self.save_total,
            best=self.best,
            sounds=self.heard,
            goals=self.goals.progress,
            planned=self.pace.minutes or 0.0,
        )
        if self.saved_as[0] == self.step:  # the same weights, measured since
            path = self.saver.amend(facts, held, best)
        else:
            path = self.saver.save(self.learner, facts, held, best)
        self.save_cost = time.monotonic() - began
        self.save_total += self.save_cost
        self.saved = self.pace.spent
        self.saved_as = (self.step, self.measured_at)
        if best:
            self.report.status = msgspec.structs.replace(self.report.status, best=held, best_step=self.step)
        return path

    # ---- when things go wrong
    def _go_back(self, why: str, good: Saved | None, asked: bool = False) -> Work:
        """Return to a good moment, or to the start, with half the rate."""
        assert self.learner is not None
        rollbacks, wished = self.learner.rollbacks + 1, self.learner.wished + asked
        slowed = self.learner.slowed * 0.5
        if rollbacks - wished > ROLLBACKS:
            raise Diverged
        if good:
            self.learner.restore(good.tensors, good.facts.memory)
            self.step, self.schedule = good.facts.step, good.facts.schedule
        else:
            self.learner = self.shop.learner(self.shop.begin(), self.learner.precision)
            self.step, self.schedule = 0, Schedule(total=max(1, self.schedule.total))
        self.learner.rollbacks, self.learner.wished, self.learner.slowed = rollbacks, wished, slowed
        self.bad = 0
        self.measured_at, self.saved_as = -1, (-1, -1)
        self.report.forget_measured()
        if not asked:
            self.report.went_back = self.pace.spent
        self.pace.went_back(self.step)
        self.saved = -math.inf  # the lower rate is saved after the next step
        self.saver.forget_after(self.step)
        yield from self.report.resumed(self.step, self.pace.spent)
        sentence = f"{why}: it went back to step {self.step} and goes on at {slowed:.0%} of the rate."
        yield from self.report.notice("RolledBack", sentence, self.step)

    def _halve(self) -> Work:
        if self.learner is not None:
            self.learner.rest()
        self.shop.halve()
        sentence = f"The memory was not enough: it goes on with {self.shop.batch} sounds a step."
        yield from self.report.notice("BatchHalved", sentence, self.step)

    # ---- small
    def _quicken(self, seconds: float) -> Work:
        assert self.learner is not None
        if self.compiler is None or self.compiler.model is not self.learner.model:
            self.compiler = Compiler(self.learner.model)
        if sentence := self.compiler.stepped(seconds):
            yield from self.report.notice("Compiled", sentence, self.step)

    def _speed(self) -> dict[str, float]:
        """Sounds, and seconds of audio, that go into steps in a second."""
        step = max(1e-6, self.pace.step_seconds)
        return {"speed/sounds": self.shop.batch / step, "speed/audio": self.shop.seconds / step}

    def _show(self, **changes: Any) -> None:
        """status.json with every number of the moment."""
        if self.learner is None:
            self.report.show(**changes)
            return
        spent = max(self.pace.spent, 1e-9)
        low, high = self.pace.left(self.step, self.schedule.total)
        numbers = {
            "state": "training",
            "message": "",
            "step": self.step,
            "planned_steps": self.schedule.total,
            "progress": max(self.report.status.progress, self.schedule.at(self.step)),
            "minutes": spent / 60,
            "planned": self.pace.minutes,
            "eta_low": low,
            "eta_high": high,
            "metrics": dict(self.report.metrics),
            "phase": self.learner.phases[self.learner.phase].name,
            "precision": self.learner.precision,
            "batch": self.shop.batch,
            "memory_mb": devices.held_mb(self.device),
            "step_seconds": self.pace.step_seconds,
            "audio_speed": self._speed()["speed/audio"] if self.pace.steps else 0.0,
            "preview_cost": self.preview_total / spent,
            "save_cost": self.save_total / spent,
            "next_preview": max(0.0, self._next_preview() - spent),
        }
        self.report.show(**(numbers | changes))
