"""The trials of a search as Optuna keeps and draws them: the only door to that library.

Tree-structured Parzen estimators (Bergstra 2011; multivariate, with the trials under way counted as bad ones so that workers
do not repeat each other) draw the settings. Asynchronous successive halving (1810.05934) drops trials: after a ninth and after
a third of its time a trial goes on only if it is among the best third of those that came so far.

The study is one file in the search's folder: SQLite, or, where several machines share the folder, Optuna's journal, because
SQLite's locks can't be trusted on network disks. Both survive a kill at any moment.
"""

from __future__ import annotations

import functools
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import msgspec
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from studio.errors import BrokenFile, DiskFull, NotSaved
from studio.project.atomic import not_saved
from studio.training.searches import Role, SearchFolder
from studio.training.searches import TrialState as TheirState
from studio.training.space import Span

P = ParamSpec("P")
R = TypeVar("R")

RUNGS = (1, 3)
"""Ninths of a trial's time after which it is judged."""

WHOLE = 9
FIRST_AT_RANDOM = 6
"""Trials before the estimators draw; the usual settings are the first of them."""

NAME = "search"
YOUNG = 60.0
"""Seconds in which a trial that nobody claims may still be claimed by who began it."""


class Owner(msgspec.Struct, frozen=True):
    """Who trains a trial (training/process.py)."""

    pid: int
    born: float
    host: str
    life: str = ""


STATES: dict[TrialState, TheirState] = {
    TrialState.RUNNING: "training",
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "dropped",
    TrialState.FAIL: "failed",
}


@dataclass(frozen=True)
class Entry:
    """A trial in the study. free: who trained it let go of it; value: its distance, as far as it came; age: seconds since it
    began."""

    number: int
    settings: dict[str, Any]
    role: Role
    state: TheirState
    run: str
    owner: Owner | None
    free: bool
    value: float | None
    age: float


def _told(method: Callable[P, R]) -> Callable[P, R]:
    """What the library says of a disk that is full or gone, in our words. Raises DiskFull, NotSaved."""

    @functools.wraps(method)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except OSError as error:
            raise not_saved(Path("study"), error) from error
        except optuna.exceptions.StorageInternalError as error:
            words = str(error.__cause__ or error)
            if "is full" in words:
                raise DiskFull(name="study") from error
            raise NotSaved(name="study", reason=words.splitlines()[0][:120]) from error

    return inside


class Study:
    """Opens the study of a search, or begins an empty one. `seed` drives what is drawn; two processes need two.

    Raises BrokenFile; every method DiskFull, NotSaved.
    """

    def __init__(self, folder: SearchFolder, spans: Iterable[Span], shared: bool = False, seed: int | None = None) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._spans = {span.name: span for span in spans}
        self._space = {span.name: _distribution(span) for span in self._spans.values()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler = optuna.samplers.TPESampler(
                n_startup_trials=FIRST_AT_RANDOM, multivariate=True, constant_liar=True, seed=seed
            )
        pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=RUNGS[0], reduction_factor=RUNGS[1] // RUNGS[0])
        try:
            self._study = optuna.create_study(
                storage=_storage(folder, shared), study_name=NAME, load_if_exists=True, sampler=sampler, pruner=pruner
            )
        except Exception as error:  # SQLAlchemy's, sqlite3's, the journal's: whatever a damaged file makes them say
            raise BrokenFile(name=f"the study of {folder.name}", reason=str(error).splitlines()[0][:120]) from error
        self.look()

    @_told
    def look(self) -> None:
        """Read what others and this process have put down: `entries` and `waiting` are as of the last look."""
        self._trials = self._study.get_trials(deepcopy=False)

    @_told
    def begin(self, owner: dict[str, object]) -> Entry:
        """The next trial: what is enqueued, or what is drawn."""
        trial = self._study.ask(self._space)
        trial.set_user_attr("owner", owner)
        self.look()
        return self._entry(self._trials[trial.number])

    def usual(self) -> None:
        """Let the usual settings be trained, before anything that is drawn."""
        self._enqueue({name: span.usual for name, span in self._spans.items()}, "default")

    def check(self, settings: Mapping[str, Any]) -> None:
        """Let these settings be trained again, from a fresh seed."""
        self._enqueue(dict(settings), "check")

    @_told
    def claim(self, number: int, owner: dict[str, object]) -> Entry:
        """Take over a trial whose owner is gone."""
        self._note(number, "owner", owner)
        self.look()
        return self._entry(self._trials[number])

    @_told
    def release(self, number: int) -> None:
        """Let anyone take over a trial."""
        self._note(number, "owner", {})

    @_told
    def assign(self, number: int, run: str) -> None:
        self._note(number, "run", run)

    @_told
    def report(self, number: int, rung: int, value: float) -> bool:
        """A trial's distance after `rung` ninths of its time. Returns whether it should be dropped."""
        trial = self._trial(number)
        if rung not in self._trials[number].intermediate_values:  # else an earlier life said it
            trial.report(value, rung)
        return trial.should_prune()

    @_told
    def finish(self, number: int, value: float) -> None:
        self._study.tell(number, value, skip_if_finished=True)

    @_told
    def drop(self, number: int, value: float | None) -> None:
        """It came no further than this; that counts against its settings."""
        if value is not None:
            self._note(number, "reached", value)
        self._study.tell(number, state=TrialState.PRUNED, skip_if_finished=True)

    @_told
    def fail(self, number: int) -> None:
        """It says nothing about its settings."""
        self._study.tell(number, state=TrialState.FAIL, skip_if_finished=True)

    def entries(self) -> list[Entry]:
        """Every trial that has begun, in the order of their numbers."""
        return [self._entry(trial) for trial in self._trials if trial.state != TrialState.WAITING]

    def waiting(self, settings: Mapping[str, Any] | None = None) -> bool:
        """Whether a trial is enqueued that nobody has begun; if so asked, one with these settings."""
        there = [t.system_attrs for t in self._trials if t.state == TrialState.WAITING]
        return any(settings is None or notes.get("fixed_params") == settings for notes in there)

    # ---- inside
    @_told
    def _enqueue(self, settings: dict[str, Any], role: Role) -> None:
        self._study.enqueue_trial(settings, user_attrs={"role": role})
        self.look()

    def _trial(self, number: int) -> optuna.trial.Trial:
        return optuna.trial.Trial(self._study, self._trials[number]._trial_id)

    def _note(self, number: int, key: str, value: Any) -> None:
        self._trial(number).set_user_attr(key, value)

    def _entry(self, trial: FrozenTrial) -> Entry:
        notes = trial.user_attrs
        owner = notes.get("owner")
        return Entry(
            number=trial.number,
            settings={name: self._spans[name].tidy(value) for name, value in trial.params.items() if name in self._spans},
            role=notes.get("role", "search"),
            state=STATES[trial.state],
            run=notes.get("run", ""),
            owner=msgspec.convert(owner, Owner) if owner else None,
            free=owner == {},
            value=notes.get("reached") if trial.state == TrialState.PRUNED else trial.value,
            age=time.time() - trial.datetime_start.timestamp() if trial.datetime_start else 0.0,
        )


def _storage(folder: SearchFolder, shared: bool) -> BaseStorage:
    if shared:
        return JournalStorage(JournalFileBackend(str(folder.path / "study.journal")))
    return RDBStorage(f"sqlite:///{folder.path / 'study.sqlite'}", engine_kwargs={"connect_args": {"timeout": 60}})


def _distribution(span: Span) -> BaseDistribution:
    if span.kind == "choice":
        return CategoricalDistribution(span.choices)
    if span.kind == "int":
        return IntDistribution(int(span.low), int(span.high), log=span.log)
    return FloatDistribution(span.low, span.high, log=span.log)
