"""The checkpoints of a run: written so that a power cut at any moment leaves a run that goes on, and thinned as they age.

A checkpoint's folder appears whole: config.json and weights.safetensors (models/checkpoint.py) are the averaged model, which is
all that playing needs; training.json and training.safetensors are the rest of what going on needs. What is kept: the newest,
the best on held-out sounds, starred ones, and a history of about one per doubling of the training time. Only the newest two
and the best keep their optimiser.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from pathlib import Path
from typing import NamedTuple

import msgspec
import safetensors
import safetensors.torch
from torch import Tensor

from studio.errors import BrokenCheckpoint, OnlyToPlay, StudioError
from studio.models import checkpoint
from studio.models.controls import DataFacts, Material
from studio.project import atomic
from studio.project.state import Pointer
from studio.training.goals import Progress
from studio.training.learner import Learner, Memory
from studio.training.plan import Schedule
from studio.training.run import Moment, RunFolder, step_folder


class TrainingFile(msgspec.Struct, frozen=True, kw_only=True):
    """training.json: the numbers from which a run goes on; training.safetensors beside it holds the tensors.

    spent: seconds of training so far; previewed: the `spent` of the newest preview; sounds: hash of the examples it heard;
    planned: the whole plan in minutes, 0 where it is in steps; hash: of training.safetensors
    """

    kind: str = "training"
    format: int = 1
    step: int
    spent: float
    schedule: Schedule
    memory: Memory
    batch: int
    precision: str
    threads: int
    device: str
    material: Material
    data: DataFacts
    previewed: float | None = None
    preview_cost: float = 0.0
    preview_total: float = 0.0
    save_total: float = 0.0
    best: float | None = None
    sounds: str = ""
    planned: float = 0.0
    goals: Progress = Progress()
    hash: str = ""


class Saved(NamedTuple):
    """What a run goes on from."""

    facts: TrainingFile
    tensors: dict[str, Tensor]


class Saver:
    """Writes, finds and thins the checkpoints of one run."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self.folder = run.path / "checkpoints"
        self.damaged: list[int] = []
        """Steps of the saves that `newest` passed over."""

    def save(self, learner: Learner, facts: TrainingFile, metrics: dict[str, float], best: bool) -> Path:
        """One whole checkpoint, then the pointers. Raises DiskFull, NotSaved; then the earlier ones are untouched."""
        path = self.folder / step_folder(facts.step)
        self.folder.mkdir(exist_ok=True)
        with atomic.folder(path, replace=True) as partial:  # of an earlier life, or from before a rollback
            meta = {"step": facts.step, "minutes": facts.spent / 60, "metrics": metrics}
            checkpoint.write(partial, learner.average.settled(), meta=meta)
            data = safetensors.torch.save(learner.tensors())
            atomic.write_bytes(partial / "training.safetensors", data)
            atomic.write_json(partial / "training.json", msgspec.structs.replace(facts, hash=_hash(data)))
        self._point(path, metrics, best)
        return path

    def amend(self, facts: TrainingFile, metrics: dict[str, float], best: bool) -> Path:
        """What was measured after the save of this very step. Raises DiskFull, NotSaved."""
        path = self.folder / step_folder(facts.step)
        atomic.write_json(path / checkpoint.CONFIG, msgspec.structs.replace(checkpoint.describe(path), metrics=metrics))
        before = atomic.read_json(path / "training.json", TrainingFile, "training")
        atomic.write_json(path / "training.json", msgspec.structs.replace(facts, hash=before.hash))
        self._point(path, metrics, best)
        return path

    def _point(self, path: Path, metrics: dict[str, float], best: bool) -> None:
        with contextlib.suppress(OSError):
            atomic.settle(self.run.path / "events.jsonl")  # after a power cut the curves reach as far as the save
        pointer = Pointer(folder=f"checkpoints/{path.name}", step=int(path.name.removeprefix("step-")), metrics=metrics)
        for name in ("latest.json", "best.json")[: 1 + best]:
            atomic.write_json(self.run.path / name, pointer)

    def taken(self, step: int) -> bool:
        """Whether a starred checkpoint stands at this step, from before a rollback: it is not replaced."""
        return (self.folder / step_folder(step) / "starred").exists()

    def newest(self) -> Saved | None:
        """The newest checkpoint that a run can go on from; damaged ones are passed over. Raises BrokenCheckpoint where all are,
        OnlyToPlay where there are none beside the models: to begin anew would put the first steps beside the last."""
        self.damaged = []
        moments = self.run.checkpoints()
        for moment in reversed(moments):
            if moment.resumable:
                if saved := _read(moment.path):
                    return saved
                self.damaged.append(moment.step)
        if self.damaged:
            raise BrokenCheckpoint(name=self.run.name, reason="no save that it could go on from is whole")
        if moments:
            raise OnlyToPlay(name=self.run.name)
        return None

    def best(self) -> Saved | None:
        """The best one, if a run can still go on from it."""
        path = self.run.checkpoint("best")
        return _read(path) if path and (path / "training.json").exists() else None

    def best_pointer(self) -> Pointer | None:
        """Which one is the best, if it is still there."""
        with contextlib.suppress(OSError, StudioError):
            pointer = atomic.read_json(self.run.path / "best.json", Pointer, "pointer")
            if (self.folder / step_folder(pointer.step) / checkpoint.CONFIG).exists():
                return pointer
        return None

    def forget_after(self, step: int) -> None:
        """What came after a moment that is gone back to: it must not be resumed from. Starred ones stay to be heard."""
        for moment in self.run.checkpoints():
            if moment.step > step:
                _strip(moment) if moment.starred else atomic.drop(moment.path)

    def thin(self) -> None:
        """Delete what is not worth its room any more."""
        moments = self.run.checkpoints()
        best = self.run.checkpoint("best")
        keep = history([m.step for m in moments])
        for age, moment in enumerate(reversed(moments)):
            if age < 2 or moment.path == best:
                continue
            if moment.starred or moment.step in keep:
                _strip(moment)
            else:
                atomic.drop(moment.path)
        for path in self.folder.glob("*.partial"):
            shutil.rmtree(path, ignore_errors=True)

    def free_room(self) -> bool:
        """Delete all but the newest, the best and the starred ones. False where there is nothing to delete."""
        moments, best, found = self.run.checkpoints(), self.run.checkpoint("best"), False
        for moment in moments[:-1]:
            if moment.path != best and not moment.starred:
                atomic.drop(moment.path)
                found = True
        return found


def _read(path: Path) -> Saved | None:
    """A save to go on from; None where a file of it is missing, torn, or not what was written."""
    with contextlib.suppress(StudioError, OSError, safetensors.SafetensorError):
        facts = atomic.read_json(path / "training.json", TrainingFile, "training")
        averaged, rest = (path / checkpoint.WEIGHTS).read_bytes(), (path / "training.safetensors").read_bytes()
        hashes = (checkpoint.describe(path).model, averaged), (facts.hash, rest)
        if all(wanted in ("", _hash(data)) for wanted, data in hashes):
            tensors = {f"average/{name}": value for name, value in safetensors.torch.load(averaged).items()}
            return Saved(facts, tensors | safetensors.torch.load(rest))
    return None


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def history(steps: list[int]) -> set[int]:
    """About one step per doubling: the first at or after 1/2, 1/4, 1/8 … of the newest."""
    keep: set[int] = set()
    if not steps:
        return keep
    mark = float(steps[-1])
    while mark >= 1:
        mark /= 2
        keep.add(min(step for step in steps if step >= mark))
    return keep


def _strip(moment: Moment) -> None:
    """Leave only what is needed to play it."""
    for name in ("training.json", "training.safetensors"):
        with contextlib.suppress(OSError):
            (moment.path / name).unlink()
