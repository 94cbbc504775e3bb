"""A search for better settings: short trainings with other values, until its time is over. A generator of events.

    for event in search(SearchFolder(path)): ...

The settings one has are always the first trial; what counts is the held-out distance of a trial's best moment (the first number
of the family's `measure`, never a loss). Trials are ordinary runs in processes of their own, all equally long by the clock of
their training; hopeless ones are stopped early (study.py). Choosing the best of many flatters it, so the last part of the time
trains the usual and the best settings again, side by side, from a seed that neither has seen: only what wins there as well is
called better and becomes a preset.

It goes on by itself where it was killed: trainings that went on without it are taken over, the others are started again from
their last checkpoint. Who calls it while another process leads, here or on another machine, helps with further trials.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from contextlib import suppress
from typing import Any

import filelock
import msgspec

from studio.errors import DiskFull, StudioError, TrainingError
from studio.events import Event, Finished, Produced, Progress, Started, Work, failed
from studio.fields import decode
from studio.project.atomic import not_saved
from studio.project.folder import ProjectFolder
from studio.training import presets, process
from studio.training.plan import TrainerConfig
from studio.training.run import RunFolder
from studio.training.searches import START, WORKING, SearchFolder, SearchState, Trial, checks_take, preset_of
from studio.training.signals import listening
from studio.training.study import RUNGS, WHOLE, YOUNG, Entry, Study
from studio.training.trial import Going, brief, cores, let_go

LOOK = 1.0
"""Seconds between two looks at the trainings."""

FAILURES = 3
"""Trials in a row that fail before the search gives up."""

PATIENCE = 120.0
"""Seconds in which a training that was asked to pause has to end."""

HOPELESS = ("OutOfMemory", "Diverged")
"""Errors of a run that speak against its settings."""


def search(folder: SearchFolder, workers: int | None = None) -> Work:
    """Search until the time is over or somebody asks to stop. Closing it stops safely; calling it again goes on.

    Finished: {"search", "state", "trials", "metric", "default", "best", "better", "preset", "sentence"}; default and best are
    {"run", "value", "settings"} or None. Raises TrainingError where no trial succeeds, DiskFull, and what a broken project
    says.
    `workers`: how many trials at a time, instead of what the search says.
    """
    lock = folder.lock()
    try:
        with suppress(filelock.Timeout):
            lock.acquire(blocking=False)
    except OSError as error:
        raise not_saved(folder.path, error) from error
    asked: set[str] = set()
    try:
        with listening(asked):
            yield from _Search(folder, lock.is_locked, workers, asked).work()
    finally:
        lock.release()


class _Search:
    """One life of a search. lead: it decides what is compared and when the time is over; others only train further trials."""

    study: Study

    def __init__(self, folder: SearchFolder, lead: bool, workers: int | None, asked: set[str]) -> None:
        self.folder, self.lead, self.asked = folder, lead, asked
        self.file = folder.file
        self.project = ProjectFolder.open(folder.project, lock=False)
        self.workers = workers or self.file.workers
        self.me = process.me()
        self.status = msgspec.structs.replace(folder.status(), key="", error="", hint="")
        self.before, self.born = self.status.spent, time.monotonic()
        self.going: dict[int, Going] = {}
        self.ended: dict[int, Trial] = {}
        self.failures = 0
        self.overhead = START

    @property
    def spent(self) -> float:
        """Minutes by the clock, over all lives of the lead."""
        return self.before + (time.monotonic() - self.born) / 60

    @property
    def left(self) -> float:
        """Minutes until the comparison at the end has to begin."""
        return self.file.minutes - checks_take(self.file.trial + self.overhead, self.file.workers) - self.spent

    # ---- from start to end
    def work(self) -> Work:
        yield Started(what="search")
        if self.lead and self.status.state == "finished":
            yield Finished(result=self._result())
            return
        state: SearchState = "stopped"
        try:
            if self.lead:
                self.folder.asked_to_stop()  # not what an earlier life was asked
                self._show("searching", message="Starting")
            seed = len(self.status.trials) if self.lead else None  # the same search draws the same, and goes on with others
            self.study = Study(self.folder, self.file.spans, self.file.shared, seed)
            usual = [entry for entry in self.study.entries() if entry.role == "default" and entry.state != "failed"]
            if self.lead and not usual and not self.study.waiting():
                self.study.usual()
            state = yield from self._loop()
        except Exception as error:
            state = "stopped" if isinstance(error, DiskFull) else "failed"
            fact = failed(error)
            self.status = msgspec.structs.replace(self.status, key=fact.key, error=fact.sentence, hint=fact.hint)
            raise
        finally:
            self._rest()
            if self.lead:
                with suppress(StudioError):  # a full disk keeps the last status
                    self._show(state, pid=0)
        yield Finished(result=self._result())

    def _loop(self) -> Generator[Event, None, SearchState]:
        while True:
            yield from self._look()
            self._picture()
            state = self._decide()
            if state not in WORKING:
                return state
            self._fill(state)
            if self.lead:
                self._show(state, message="")
            done, total = min(self.spent, self.file.minutes) * 60, self.file.minutes * 60
            yield Progress(done=round(done), total=round(total), note=self._note())
            time.sleep(LOOK)

    # ---- the trainings under way
    def _look(self) -> Work:
        """Judge those that have come far enough, put down those that have ended."""
        for number, going in list(self.going.items()):
            going.look()
            if going.at_work:
                self._judge(number, going)
            elif going.vanished and not going.lost:
                going.start()
            else:
                del self.going[number]
                yield from self._put_down(number, going)

    def _judge(self, number: int, going: Going) -> None:
        if going.role == "check" or going.asked:
            return
        for rung in RUNGS[going.judged :]:
            value = going.after(self.file.trial * rung / WHOLE)
            if value is None:
                return
            going.judged += 1
            if self.study.report(number, rung, value) and going.role == "search":
                going.ask("stop")
                return

    def _put_down(self, number: int, going: Going) -> Work:
        """A training has ended: what it says of its settings."""
        status, value = going.status, going.value
        if status.state == "paused" and status.key == "DiskFull":
            self.study.release(number)
            raise DiskFull(name=going.run.name)
        if going.asked == "pause" and status.state == "paused":
            return
        if status.state == "finished" and value is not None:
            self.study.finish(number, value)
            self.failures = 0
            self.overhead = max(self.overhead, going.minutes - self.file.trial)
        elif going.role != "default" and (status.state in ("stopped", "paused") or status.key in HOPELESS):
            self.study.drop(number, value)
        else:
            self.study.fail(number)
            self.failures += 1
        self._picture()
        if going.role == "default" and (status.state != "finished" or value is None):
            raise TrainingError(reason=f"the usual settings could not be trained: {brief(status)}")
        if self.failures >= FAILURES:
            raise TrainingError(reason=f"{FAILURES} trials in a row failed: {brief(status)}")
        self._free_disk()
        yield Produced(kind="trial", path=str(going.run.path), detail=msgspec.to_builtins(self.ended[number]))

    def _free_disk(self) -> None:
        """Only the usual and the best settings keep their models."""
        for trial in self.ended.values():
            if trial.run and trial not in (self.status.default, self.status.found):
                let_go(RunFolder(self.project.run_path(trial.run)))

    def _fill(self, state: SearchState) -> None:
        """Give every free worker something to do: what nobody looks after any more, then what comes next."""
        for entry in self.study.entries():
            free = entry.number not in self.going and len(self.going) < self.workers
            if not free or entry.state != "training" or not self._orphan(entry):
                continue
            if entry.role == "search" and self.left <= 0:
                self._give_up(entry)
            else:
                self._adopt(entry)
        while len(self.going) < self.workers:
            waits = self.study.waiting()
            room = self.left >= self.overhead + self.file.trial * RUNGS[-1] / WHOLE
            if (waits and not self.lead) or not (waits or (state == "searching" and room)):
                return  # what waits is the lead's
            self._train(self.study.begin(self.me))

    def _orphan(self, entry: Entry) -> bool:
        """Whether who began this trial is gone. Only the lead takes over, so that no two do."""
        if not self.lead:
            return False
        if entry.free:
            return True
        here = process.lives(entry.owner) if entry.owner is not None else None
        if here is not None:
            return not here
        return entry.age > YOUNG and not (entry.run and RunFolder(self.project.run_path(entry.run)).alive())

    def _adopt(self, entry: Entry) -> None:
        entry = self.study.claim(entry.number, self.me)
        if set(entry.settings) != {span.name for span in self.file.spans}:  # killed while it was drawn
            self.study.fail(entry.number)
            if entry.role == "default":
                self.study.usual()
            return
        self._train(entry)

    def _give_up(self, entry: Entry) -> None:
        """There is no time left for a trial that nobody looks after."""
        self.study.drop(entry.number, None)
        if entry.run and (run := RunFolder(self.project.run_path(entry.run))).alive():
            run.request("stop")

    def _train(self, entry: Entry) -> None:
        run = RunFolder(self.project.run_path(entry.run)) if entry.run else None
        if run is None or not (run.path / "config.json").exists():  # or somebody has thrown it away
            run = self._new_run(entry)
            self.study.assign(entry.number, run.path.name)
        free = set(range(self.workers)) - {going.slot for going in self.going.values()}
        going = Going(run, entry.role, min(free))
        self.going[entry.number] = going
        going.look()
        over = ("finished", "failed", "stopped") if entry.role == "search" else ("finished", "failed")
        if going.status.state not in over:
            going.start()

    def _new_run(self, entry: Entry) -> RunFolder:
        """The run of a trial: the search's settings with its own in their place."""
        spans = {span.name: span for span in self.file.spans}
        config = self.file.config | {n: v for n, v in entry.settings.items() if not spans[n].plan}
        plan = self.file.plan | {n: v for n, v in entry.settings.items() if spans[n].plan}
        plan["minutes"] = self.file.trial
        plan["preview"] = min(plan.get("preview", math.inf), 15.0, self.file.trial * 60 / WHOLE)
        plan["threads"] = plan.get("threads") or max(1, cores() // self.workers)
        if plan.get("precision", "auto") == "auto" and self.status.default is not None:
            plan["precision"] = self._found_precision() or "auto"
        if entry.role == "check":
            plan["seed"] = plan.get("seed", 0) + 1
        name = f"{self.file.name} · {entry.number + 1}"
        return RunFolder.create(
            self.project, self.file.family, config, decode(TrainerConfig, plan), name, trial_of=self.folder.name
        )

    def _found_precision(self) -> str:
        """What the first trial found best on this machine; the others need not look for it again."""
        assert self.status.default is not None
        run = self.status.default.run
        return RunFolder(self.project.run_path(run)).status().precision if run else ""

    def _rest(self) -> None:
        """Let every training save and free the device; it goes on with the search."""
        for going in self.going.values():
            with suppress(StudioError):
                going.ask("pause")
        end = time.monotonic() + PATIENCE
        while self.going and time.monotonic() < end:
            for number, going in list(self.going.items()):
                going.look()
                if not going.at_work:
                    del self.going[number]
                    with suppress(StudioError):  # its owner will be gone, which says as much
                        self.study.release(number)
            time.sleep(0.1)

    # ---- what it comes to
    def _decide(self) -> SearchState:
        if self.asked or (self.lead and self.folder.asked_to_stop()):
            return "stopped"
        if not self.lead:
            return "searching" if self.folder.alive() and self.folder.status().state == "searching" else "stopped"
        return "searching" if self.left > 0 else self._compare()

    def _compare(self) -> SearchState:
        """The time for trying is over: train the usual and the best settings once more, unless they are the same."""
        trying = [going for going in self.going.values() if going.role != "check"]
        for going in trying:
            if going.role == "search":
                going.ask("stop")
        default, best = self.status.default, self.status.found
        if trying or default is None or default.state != "finished" or best is None:
            return "checking"
        if best.number == default.number:
            tried = sum(trial.role == "search" for trial in self.status.trials)
            self._say(False, f"None of {tried} other settings was better than the usual ones.")
            return "finished"
        checks = [self._check_of(trial) for trial in (default, best)]
        for trial, check in zip((default, best), checks):
            if check is None and not self.study.waiting(trial.settings):
                self.study.check(trial.settings)
        if all(check is not None and check.state != "training" for check in checks):
            self._conclude(default, best, *(check.value if check else None for check in checks))
            return "finished"
        return "checking"

    def _check_of(self, trial: Trial) -> Trial | None:
        return next((t for t in self.status.trials if t.role == "check" and t.settings == trial.settings), None)

    def _conclude(self, default: Trial, best: Trial, usual: float | None, again: float | None) -> None:
        """Better is what was better twice."""
        first = f"{best.value:.3g} instead of {default.value:.3g}"
        if again is None or usual is None:
            self._say(False, f"The best settings came to {first}, but training them again failed: nothing is surely better.")
        elif again >= usual:
            second = f"{again:.3g} instead of {usual:.3g}"
            self._say(False, f"The best settings came to {first}, but from a fresh seed to {second}: nothing is surely better.")
        else:
            assert default.value is not None
            sure = usual - again > abs(usual - default.value)
            doubt = "" if sure else ", which is less than two trainings of the usual settings differ by"
            second = f"from a fresh seed {again:.3g} instead of {usual:.3g}{doubt}"
            self._say(True, f"{'Better' if sure else 'Perhaps better'}: held-out distance {first}, and {second}.")
            preset = preset_of(self.file, best)
            presets.save(self.project, preset)
            self.status = msgspec.structs.replace(self.status, preset=preset.name)

    def _say(self, better: bool, sentence: str) -> None:
        self.status = msgspec.structs.replace(self.status, better=better, sentence=sentence)

    # ---- what is shown
    def _picture(self) -> None:
        """Every trial as it stands."""
        self.study.look()
        trials = tuple(self._trial(entry) for entry in self.study.entries())
        whole = [t for t in trials if t.state == "finished" and t.role != "check" and t.value is not None]
        best = min(whole, key=lambda trial: (trial.value, trial.number), default=None)
        if any(trial.role == "check" for trial in trials):
            best = self.status.found  # what is compared stays what it was
        metric = next((going.metric for going in self.going.values() if going.metric), self.status.metric)
        self.status = msgspec.structs.replace(
            self.status, trials=trials, best=best.number if best is not None else None, metric=metric
        )

    def _trial(self, entry: Entry) -> Trial:
        if entry.number in self.ended:
            return self.ended[entry.number]
        going = self.going.get(entry.number)
        trial = Trial(number=entry.number, role=entry.role, state=entry.state, run=entry.run, settings=entry.settings)
        if going is not None:
            return msgspec.structs.replace(trial, value=going.value, minutes=going.status.minutes)
        minutes = RunFolder(self.project.run_path(entry.run)).status().minutes if entry.run else 0.0
        trial = msgspec.structs.replace(trial, value=entry.value, minutes=minutes)
        if entry.state != "training":
            self.ended[entry.number] = trial
        return trial

    def _show(self, state: SearchState, **changes: Any) -> None:
        """Replace status.json. Raises DiskFull, NotSaved."""
        now = {"state": state, "spent": self.spent, "heartbeat": time.time()}
        self.status = msgspec.structs.replace(self.status, **(self.me | now | changes))
        self.folder.write_status(self.status)

    def _note(self) -> str:
        default, best = self.status.default, self.status.found
        parts = [f"{len(self.status.trials)} tried"]
        if best is not None:
            parts.append(f"best {best.value:.3g}")
        if default is not None and default.value is not None:
            parts.append(f"usual {default.value:.3g}")
        return " · ".join(parts)

    def _result(self) -> dict[str, Any]:
        status = self.status if self.lead else self.folder.status()

        def said(trial: Trial | None) -> dict[str, Any] | None:
            if trial is None:
                return None
            run = str(self.project.run_path(trial.run)) if trial.run else ""
            return {"run": run, "value": trial.value, "settings": trial.settings}

        return {
            "search": str(self.folder.path),
            "state": status.state,
            "trials": len(status.trials),
            "metric": status.metric,
            "default": said(status.default),
            "best": said(status.found),
            "better": status.better,
            "preset": status.preset,
            "sentence": status.sentence,
        }
