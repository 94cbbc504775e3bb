"""A run folder: everything the trainer and the rest of Wavewright tell each other, as files. No torch, no Qt.

    runs/<date>-<family>-<n>/
        config.json          what is trained and how, frozen when the run is queued
        status.json          where it is now, replaced while the trainer lives
        events.jsonl         what happened, one JSON line an event, append-only; a torn last line means nothing
        trainer.log          what the process printed
        requests/            files by which others ask: stop, pause, resume, star, slower, best, longer
        probes/              the user's own sounds, heard again in every preview
        previews/step-…/     preview.json and WAVs; previews/originals/ what reconstructions try to be
        checkpoints/step-…/  config.json and weights.safetensors to play; training.json and training.safetensors to go on
        evaluations/         evaluation.json and picture.png of each measurement; evaluate.log what the newest one said
        latest.json best.json  pointers to checkpoints
        .reserve             room on the disk for last words (training/reserve.py)
        note.json            what a person wrote about it, in the window or by hand

Only the trainer writes events, previews and checkpoints. Its driver adds nothing to these files: whoever iterates `train(run)`
leaves the same folder behind.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import filelock
import msgspec

import studio
from studio import events
from studio.errors import BadConfig, BrokenFile, NotAProject, StudioError
from studio.events import Event
from studio.project import atomic
from studio.project.folder import ProjectFolder
from studio.project.state import NoteFile, Pointer, PreviewCell, PreviewFile, RunConfig, RunState, RunStatus
from studio.training import process, reserve
from studio.training.plan import DEFAULT_MINUTES, TrainerConfig

Word = Literal["stop", "pause", "resume", "star", "slower", "best", "longer"]
WORDS: tuple[Word, ...] = ("stop", "pause", "resume", "star", "slower", "best", "longer")
"""slower: half the rate from here; best: back to the best moment, and from there at half the rate; longer: `minutes` more."""

RUNNING: tuple[RunState, ...] = ("preparing", "training")
"""States that claim a living process; `alive` checks the claim."""

SILENCE = 60.0
"""Seconds without a heartbeat after which a trainer on another machine counts as gone."""


LONGEST = 60
"""Characters of a probe's name, so that every system takes the names that are made of it."""


@dataclass(frozen=True)
class Moment:
    """A checkpoint. `resumable`: the optimiser is still beside the weights; `starred`: kept for ever."""

    step: int
    path: Path
    starred: bool
    resumable: bool


@dataclass(frozen=True)
class Preview:
    """What the model sounded like at `step`. `folder` is the run's, to which the cells' paths are relative."""

    step: int
    minutes: float
    cost: float
    cells: tuple[PreviewCell, ...]
    folder: Path

    def path(self, cell: PreviewCell) -> Path:
        return self.folder / cell.path

    def original(self, cell: PreviewCell) -> Path | None:
        return self.folder / cell.original if cell.original else None


class RunFolder:
    """One training run on disk. Cheap to make; reads when asked."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).absolute()
        self._healed = False

    @classmethod
    def create(
        cls,
        project: ProjectFolder,
        family: str,
        config: dict[str, Any],
        plan: TrainerConfig | None = None,
        name: str = "",
        trial_of: str = "",
    ) -> RunFolder:
        """A queued run. `config` is plain data of the family's Config; `name` is for people, the folder gets its own."""
        project.runs_dir.mkdir(exist_ok=True)
        with filelock.FileLock(project.runs_dir / ".new", thread_local=False):  # two makers, two names
            path = project.run_path(project.new_run_name(family))
            value = RunConfig(
                app=studio.__version__,
                family=family,
                name=name or path.name,
                created=time.time(),
                config=config,
                plan=msgspec.to_builtins(plan or TrainerConfig()),
                trial_of=trial_of,
            )
            with atomic.folder(path) as folder:
                atomic.write_json(folder / "config.json", value)
                reserve.hold(folder)
                atomic.write_json(folder / "status.json", RunStatus(message="Waiting its turn"))
                for part in ("requests", "probes", "previews", "checkpoints"):
                    (folder / part).mkdir()
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
    def config(self) -> RunConfig:
        """Raises NotAProject where there is no run, BrokenFile, NewerFormat."""
        try:
            return atomic.read_json(self.path / "config.json", RunConfig, "run")
        except (FileNotFoundError, NotADirectoryError):
            raise NotAProject(name=self.name) from None

    @property
    def plan(self) -> TrainerConfig:
        try:
            return msgspec.convert(self.config.plan, TrainerConfig)
        except msgspec.ValidationError as error:
            raise BrokenFile(name="config.json", reason=error) from error

    # ---- where it is
    def status(self) -> RunStatus:
        """The newest status. Where the file is missing or damaged, as after a power cut, what the checkpoints tell."""
        try:
            return atomic.read_json(self.path / "status.json", RunStatus, "status")
        except (OSError, StudioError):
            moments = self.checkpoints()
            return RunStatus(state="stopped", step=moments[-1].step) if moments else RunStatus()

    def write_status(self, status: RunStatus) -> None:
        """Replace status.json in one step, without waiting for the disk: it is written twice a second and means nothing
        after a power cut."""
        temp = self.path / f".status.json.{os.getpid()}.partial"
        try:
            temp.write_bytes(msgspec.json.encode(status))
            atomic.put(temp, self.path / "status.json")
        except OSError as error:
            with contextlib.suppress(OSError):
                temp.unlink()
            raise atomic.not_saved(self.path / "status.json", error) from error

    def tidy(self) -> None:
        """Delete what a killed trainer left half-written. For who holds the lock."""
        ours = [self.path.glob(f".{name}.json.*.partial") for name in ("status", "latest", "best")]
        for path in chain(*ours, *((self.path / part).glob("*.partial") for part in ("checkpoints", "previews"))):
            with contextlib.suppress(OSError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def alive(self) -> bool:
        """Whether a trainer is at work here. A killed one is noticed at once on its machine, by its silence on another."""
        status = self.status()
        if status.state not in RUNNING or not status.pid:
            return False
        here = process.lives(status)
        return self._fresh() if here is None else here

    def _fresh(self) -> bool:
        """Whether status.json was touched lately, by the clock of the disk it lies on: machines have clocks of their own."""
        try:
            touched = (self.path / "status.json").stat().st_mtime
            if abs(time.time() - touched) < SILENCE / 2:
                return True
            mark = self.path / "requests" / ".now"
            mark.touch()
            return abs(mark.stat().st_mtime - touched) < SILENCE
        except OSError:
            return abs(time.time() - self.status().heartbeat) < SILENCE

    def lock(self) -> filelock.BaseFileLock:
        """Held by the trainer, dropped by the system however it ends."""
        return filelock.FileLock(self.path / ".lock", thread_local=False)

    # ---- what happened
    def append(self, *new: Event) -> None:
        """Add to events.jsonl. Raises DiskFull or NotSaved."""
        path = self.path / "events.jsonl"
        data = b"".join(events.to_json(event) + b"\n" for event in new)
        try:
            if not self._healed:
                data = _end_torn_line(path) + data
            with path.open("ab") as file:
                file.write(data)
            self._healed = True
        except OSError as error:
            self._healed = False  # half a line may stand there
            raise atomic.not_saved(path, error) from error

    def events(self, since: int = 0) -> tuple[list[Event], int]:
        """Events after byte `since`, and the byte to ask from next time. Torn and foreign lines are skipped."""
        try:
            with (self.path / "events.jsonl").open("rb") as file:
                file.seek(since)
                data = file.read()
        except OSError:
            return [], since
        whole = data.rfind(b"\n") + 1
        found: list[Event] = []
        for line in data[:whole].splitlines():
            with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
                found.append(events.from_json(line))
        return found, since + whole

    # ---- what others ask
    def request(self, word: Word, **payload: Any) -> None:
        """Ask the trainer; it looks between two steps. `resume` takes an open stop or pause back; `longer` needs minutes."""
        if word not in WORDS:
            raise ValueError(word)
        folder = self.path / "requests"
        folder.mkdir(exist_ok=True)
        if word == "resume":
            for other in ("stop", "pause"):
                (folder / other).unlink(missing_ok=True)
        atomic.write_bytes(folder / word, json.dumps({"time": time.time(), **payload}).encode())

    def requests(self) -> list[Word]:
        """What is asked and not yet taken."""
        return [word for word in WORDS if (self.path / "requests" / word).exists()]

    def take_requests(self, since: float = 0.0) -> dict[str, dict[str, Any]]:
        """What was asked, with what came along; each is taken once. What was asked before the time `since` is dropped."""
        found: dict[str, dict[str, Any]] = {}
        for word in WORDS:
            path = self.path / "requests" / word
            with contextlib.suppress(OSError):
                asked, text = path.stat().st_mtime, path.read_bytes()
                path.unlink()
                if asked >= since:
                    found[word] = _payload(text)
        return found

    def lengthen(self, minutes: float) -> TrainerConfig:
        """Put so many minutes more into the plan of config.json; a plan in steps grows at the pace it had. Raises DiskFull,
        NotSaved, BadConfig."""
        plan, status = self.plan, self.status()
        if not (math.isfinite(minutes) and minutes > 0):
            raise BadConfig(name="minutes", reason="it must be more than 0")
        if plan.steps:
            more = round(minutes / status.minutes * status.step) if status.minutes else 0
            plan = msgspec.structs.replace(plan, steps=plan.steps + max(1, more))
        else:
            plan = msgspec.structs.replace(plan, minutes=(plan.minutes or status.planned or DEFAULT_MINUTES["cpu"]) + minutes)
        config = msgspec.structs.replace(self.config, plan=msgspec.to_builtins(plan))
        atomic.write_json(self.path / "config.json", config)
        return plan

    # ---- what came out
    def checkpoints(self) -> list[Moment]:
        """Whole checkpoints, oldest first."""
        return [
            Moment(step, path, (path / "starred").exists(), (path / "training.json").exists())
            for step, path in _steps(self.path / "checkpoints", "config.json")
        ]

    def checkpoint(self, which: Literal["latest", "best"] = "best") -> Path | None:
        """The folder that latest.json or best.json points to, or the newest whole one if that pointer leads nowhere."""
        with contextlib.suppress(OSError, StudioError):
            pointer = atomic.read_json(self.path / f"{which}.json", Pointer, "pointer")
            path = self.path / "checkpoints" / Path(pointer.folder).name
            if (path / "config.json").exists():
                return path
        moments = self.checkpoints()
        return moments[-1].path if moments else None

    def previews(self) -> list[Preview]:
        """Whole previews, oldest first; damaged ones are left out, and so are cells whose paths lead out of the run."""
        found = []
        for step, path in _steps(self.path / "previews", "preview.json"):
            with contextlib.suppress(OSError, StudioError):
                file = atomic.read_json(path / "preview.json", PreviewFile, "preview")
                cells = tuple(c for c in file.cells if _inside(c.path) and _inside(c.original))
                found.append(Preview(step, file.minutes, file.cost, cells, self.path))
        return found

    def star(self, step: int, on: bool = True) -> bool:
        """Keep the checkpoint of `step` for ever, or no longer. False where it is already gone. Raises DiskFull, NotSaved."""
        for moment in self.checkpoints():
            if moment.step == step:
                mark = moment.path / "starred"
                try:
                    mark.touch() if on else mark.unlink(missing_ok=True)
                except OSError as error:
                    raise atomic.not_saved(mark, error) from error
                return True
        return False

    def add_probe(self, source: Path) -> Path:
        """Copy a sound of the user's into the run; every later preview says how the model says it."""
        folder = self.path / "probes"
        folder.mkdir(exist_ok=True)
        taken = {path.stem for path in self.probes()}  # a probe goes by its stem
        named = Path(source.stem[:LONGEST] + source.suffix)
        target = next(p for p in _names(folder, named) if p.stem not in taken)
        try:
            shutil.copyfile(source, target)
        except OSError as error:
            raise atomic.not_saved(target, error) from error
        return target

    def probes(self) -> list[Path]:
        folder = self.path / "probes"
        return sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")) if folder.is_dir() else []

    def hide_probe(self, name: str, hidden: bool = True) -> None:
        """Take a sound of the user's out of the previews to come, or bring it back. One that is not there stays so."""
        shown, away = self.path / "probes" / name, self.path / "probes" / f".{name}"
        source, target = (shown, away) if hidden else (away, shown)
        with contextlib.suppress(FileNotFoundError):
            source.replace(target)

    # ---- what people say of it
    def note(self) -> str:
        """A person's words about this run; "" where there are none."""
        try:
            return atomic.read_json(self.path / "note.json", NoteFile, "note").text
        except (OSError, StudioError):
            return ""

    def set_note(self, text: str) -> None:
        """Raises DiskFull, NotSaved."""
        atomic.write_json(self.path / "note.json", NoteFile(text=text.strip()))

    def size(self) -> int:
        """Bytes on disk."""
        total = 0
        for root, _, names in os.walk(self.path):
            for name in names:
                with contextlib.suppress(OSError):
                    total += Path(root, name).lstat().st_size
        return total


def _payload(text: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}


def step_folder(step: int) -> str:
    return f"step-{step:08d}"


def _steps(folder: Path, needed: str) -> list[tuple[int, Path]]:
    if not folder.is_dir():
        return []
    found = []
    for path in folder.iterdir():
        number = path.name.removeprefix("step-")
        if path.name.startswith("step-") and number.isdecimal() and (path / needed).exists():
            found.append((int(number), path))
    return sorted(found)


def _inside(path: str) -> bool:
    """Run folders come from strangers too: no absolute path, no way up."""
    return not Path(path).is_absolute() and ".." not in Path(path).parts and "\\" not in path and ":" not in path


def _end_torn_line(path: Path) -> bytes:
    """What has to stand before new lines if the last writer died in the middle of one."""
    try:
        with path.open("rb") as file:
            if file.seek(0, os.SEEK_END) == 0:
                return b""
            file.seek(-1, os.SEEK_END)
            return b"" if file.read(1) == b"\n" else b"\n"
    except FileNotFoundError:
        return b""


def _names(folder: Path, source: Path) -> Iterator[Path]:
    yield folder / source.name
    for number in range(2, 10_000):
        yield folder / f"{source.stem} {number}{source.suffix}"
