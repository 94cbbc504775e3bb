"""A search for better settings on disk: what it may try, how far it is, what it found. No torch, no Optuna, no Qt.

    searches/<date>-<family>-<n>/
        search.json          what is searched and for how long, frozen when it begins
        status.json          how far it is and every trial, replaced while it lives
        study.sqlite         the trials as Optuna keeps them; study.journal instead where several machines share the folder
        search.log           what the process printed
        requests/stop        asks it to stop at a safe point

Its trials are ordinary runs in runs/, whose config says `trial_of`. The window reads these files; training/search.py does the
work, as the process of `wavewright search`.
"""

from __future__ import annotations

import math
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import filelock
import msgspec

import studio
from studio.errors import BadConfig, NotAProject, StudioError
from studio.project import atomic
from studio.project.folder import ProjectFolder
from studio.training import presets, process
from studio.training.presets import Preset
from studio.training.space import Span

SearchState = Literal["queued", "searching", "checking", "stopped", "finished", "failed"]
TrialState = Literal["training", "finished", "dropped", "failed"]
Role = Literal["default", "search", "check"]

WORKING: tuple[SearchState, ...] = ("searching", "checking")
"""States that claim a living process; `alive` checks the claim."""

SILENCE = 60.0
"""Seconds without a heartbeat after which a search on another machine counts as gone."""

SHARE = 12.0
"""A budget is worth this many whole trials; dropped ones make room for more."""

SHORTEST, LONGEST = 0.5, 60.0
"""Minutes of one trial, where nobody asked for another length and the budget allows."""

OF_THE_MODEL = ("batch", "rate", "balanced", "ema", "warmup")
"""Settings of the trainer that belong into a preset; the others are about time and machine."""

ENDS = ("minutes", "steps", "quality", "flat")
"""Settings by which a training ends: those of a search are all equally long."""

START = 0.2
"""Minutes that a trial takes beside its training: imports, sounds, the last measurement."""


class SearchFile(msgspec.Struct, frozen=True, kw_only=True):
    """search.json. config, plan: the settings a trial starts from, as plain data; own: those of the config that are not the
    recommended ones; minutes: of the whole search, by the clock; trial: minutes of training of each trial; workers: how many
    train at a time; shared: several machines work on it."""

    kind: str = "search"
    format: int = 1
    app: str = ""
    name: str
    family: str
    created: float = 0.0
    config: dict[str, Any] = {}
    own: dict[str, Any] = {}
    plan: dict[str, Any] = {}
    spans: tuple[Span, ...]
    minutes: float
    trial: float
    workers: int = 1
    shared: bool = False


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One training with its settings.

    role: "default" is the first, with the usual settings; "check" trains the usual or the best ones again from a fresh seed
    settings: values of the spans by name; value: held-out distance of its best moment, of the newest one while it trains
    """

    number: int
    role: Role = "search"
    state: TrialState = "training"
    run: str = ""
    settings: dict[str, Any] = {}
    value: float | None = None
    minutes: float = 0.0


class SearchStatus(msgspec.Struct, frozen=True, kw_only=True):
    """status.json. spent: minutes by the clock over all lives; metric: the number that is made small, such as held-out/mel;
    best: number of the best trial; better: whether it beat the usual settings, from a fresh seed too; preset: where the best
    settings were put; sentence: what came out, in words; key, error, hint: what ended it. pid, born, host, life: the
    process (training/process.py); heartbeat: when it last wrote."""

    kind: str = "search-status"
    format: int = 1
    state: SearchState = "queued"
    message: str = ""
    metric: str = ""
    spent: float = 0.0
    trials: tuple[Trial, ...] = ()
    best: int | None = None
    better: bool | None = None
    preset: str = ""
    sentence: str = ""
    key: str = ""
    error: str = ""
    hint: str = ""
    pid: int = 0
    born: float = 0.0
    host: str = ""
    life: str = ""
    heartbeat: float = 0.0

    @property
    def default(self) -> Trial | None:
        return next((trial for trial in self.trials if trial.role == "default" and trial.state != "failed"), None)

    @property
    def found(self) -> Trial | None:
        return next((trial for trial in self.trials if trial.number == self.best), None)


class SearchFolder:
    """One search on disk. Cheap to make; reads when asked."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).absolute()

    @classmethod
    def create(
        cls,
        project: ProjectFolder,
        family: str,
        spans: tuple[Span, ...],
        minutes: float,
        *,
        config: dict[str, Any],
        own: dict[str, Any] | None = None,
        plan: dict[str, Any] | None = None,
        trial: float | None = None,
        workers: int = 1,
        shared: bool = False,
    ) -> SearchFolder:
        """A search that has not begun. Raises BadConfig where there is no time or nothing to try, DiskFull, NotSaved."""
        if not spans:
            raise BadConfig(name="over", reason="there is no setting to try")
        length = trial_length(minutes, workers, trial)
        project.searches_dir.mkdir(exist_ok=True)
        with filelock.FileLock(project.searches_dir / ".new", thread_local=False):  # two makers, two names
            taken = {path.name.removesuffix(".partial") for path in project.searches_dir.iterdir()}
            stem = f"{time.strftime('%Y-%m-%d')}-{family}-"
            path = next(p for n in range(1, len(taken) + 2) if (p := project.searches_dir / f"{stem}{n}").name not in taken)
            names = _names(project)
            value = SearchFile(
                app=studio.__version__,
                name=next(name for n in range(1, len(names) + 2) if (name := f"Search {n}") not in names),
                family=family,
                created=time.time(),
                config=config,
                own=own or {},
                plan={name: value for name, value in (plan or {}).items() if name not in ENDS},
                spans=spans,
                minutes=minutes,
                trial=length,
                workers=workers,
                shared=shared,
            )
            with atomic.folder(path) as folder:
                atomic.write_json(folder / "search.json", value)
                (folder / "requests").mkdir()
        return cls(path)

    # ---- what it is
    @property
    def name(self) -> str:
        return self.path.name

    @property
    def project(self) -> Path:
        """The project's folder."""
        return self.path.parent.parent

    @property
    def file(self) -> SearchFile:
        """Raises NotAProject where there is no search, BrokenFile, NewerFormat."""
        try:
            return atomic.read_json(self.path / "search.json", SearchFile, "search")
        except (FileNotFoundError, NotADirectoryError):
            raise NotAProject(name=self.name) from None

    def lock(self) -> filelock.BaseFileLock:
        """Held by the process that leads the search, dropped by the system however it ends."""
        return filelock.FileLock(self.path / ".lock", thread_local=False)

    # ---- how far it is
    def status(self) -> SearchStatus:
        """The newest status; an empty one where the file is missing or damaged, because the search will write another."""
        try:
            return atomic.read_json(self.path / "status.json", SearchStatus, "search-status")
        except (OSError, StudioError):
            return SearchStatus()

    def write_status(self, status: SearchStatus) -> None:
        """Raises DiskFull, NotSaved."""
        temp = self.path / f".status.json.{os.getpid()}.partial"
        try:
            temp.write_bytes(msgspec.json.encode(status))
            temp.replace(self.path / "status.json")
        except OSError as error:
            raise atomic.not_saved(self.path / "status.json", error) from error

    def alive(self) -> bool:
        """Whether a process works on it; one on another machine counts as gone after SILENCE."""
        status = self.status()
        if status.state not in WORKING or not status.pid:
            return False
        here = process.lives(status)
        return time.time() - status.heartbeat < SILENCE if here is None else here

    # ---- what others ask
    def ask_to_stop(self) -> None:
        """Raises DiskFull, NotSaved."""
        (self.path / "requests").mkdir(exist_ok=True)
        atomic.write_bytes(self.path / "requests" / "stop", b"{}")

    def asked_to_stop(self) -> bool:
        """Once: the request is taken."""
        with suppress(OSError):
            (self.path / "requests" / "stop").unlink()
            return True
        return False


def all_of(project: ProjectFolder) -> list[SearchFolder]:
    """Every search of a project, the oldest first."""
    if not project.searches_dir.is_dir():
        return []
    files = [p / "search.json" for p in project.searches_dir.iterdir() if p.suffix != ".partial"]
    there = [path for path in files if path.is_file()]
    return [SearchFolder(path.parent) for path in sorted(there, key=lambda path: (path.stat().st_mtime_ns, path.parent.name))]


def _names(project: ProjectFolder) -> set[str]:
    """What searches and presets of a project are called already."""
    found: set[str] = set()
    for search in all_of(project):
        with suppress(StudioError):
            found.add(search.file.name)
    with suppress(StudioError):
        found |= {preset.name for preset in presets.read(project)}
    return found


def preset_of(file: SearchFile, trial: Trial) -> Preset:
    """The settings of a trial under the name of its search."""
    spans = {span.name: span for span in file.spans}
    config = {name: value for name, value in trial.settings.items() if not spans[name].plan}
    plan = {name: value for name, value in trial.settings.items() if spans[name].plan}
    ours = {name: value for name, value in file.plan.items() if name in OF_THE_MODEL}
    return Preset(name=file.name, family=file.family, config=file.own | config, plan=ours | plan)


def going(project: ProjectFolder) -> SearchFolder | None:
    """The search that is at work in a project, here or elsewhere."""
    return next((search for search in all_of(project) if search.alive()), None)


def checks_take(trial: float, workers: int) -> float:
    """Minutes that the comparison at the end takes, if one training takes `trial` by the clock."""
    return math.ceil(2 / workers) * trial


def trial_length(minutes: float, workers: int, wanted: float | None = None) -> float:
    """Minutes of each trial, so that the usual settings, another trial and the comparison fit into the budget.

    Raises BadConfig where they can't.
    """
    rounds = math.ceil(2 / workers)
    longest = minutes / (2 * rounds) - START
    trial = wanted or min(longest, LONGEST, max(SHORTEST, minutes * workers / SHARE))
    if trial > longest or trial < 0.05:
        least = 2 * rounds * ((wanted or 0.1) + START)
        raise BadConfig(name="minutes", reason=f"a search like this needs at least {math.ceil(least)} minutes")
    return trial
