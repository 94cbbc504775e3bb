"""The checkpoints of a run: written so that a power cut at any moment leaves a run that goes on, and thinned as they age.

A checkpoint's folder appears whole: config.json and weights.safetensors (models/checkpoint.py) are the averaged model, which is
all that playing needs; training.json and training.safetensors are the rest of what going on needs. What is kept: the newest,
the best on held-out sounds, starred ones, and a history of about one per doubling of the training time. Only the newest two
and the best keep their optimiser.
"""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import NamedTuple

import msgspec
import safetensors
import safetensors.torch
from torch import Tensor

from studio.errors import StudioError
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
    planned: the whole plan in minutes, 0 where it is in steps
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


class Saved(NamedTuple):
    """What a run goes on from."""

    facts: TrainingFile
    tensors: dict[str, Tensor]


class Saver:
    """Writes, finds and thins the checkpoints of one run."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self.folder = run.path / "checkpoints"

    def save(self, learner: Learner, facts: TrainingFile, metrics: dict[str, float], best: bool) -> Path:
        """One whole checkpoint, then the pointers. Raises DiskFull, NotSaved; then the earlier ones are untouched."""
        path = self.folder / step_folder(facts.step)
        self.folder.mkdir(exist_ok=True)
        shutil.rmtree(path, ignore_errors=True)  # of an earlier life, or from before a rollback
        with atomic.folder(path) as partial:
            meta = {"step": facts.step, "minutes": facts.spent / 60, "metrics": metrics}
            checkpoint.write(partial, learner.average.settled(), meta=meta)
            atomic.write_bytes(partial / "training.safetensors", safetensors.torch.save(learner.tensors()))
            atomic.write_json(partial / "training.json", facts)
        self._point(path, metrics, best)
        return path

    def amend(self, facts: TrainingFile, metrics: dict[str, float], best: bool) -> Path:
        """What was measured after the save of this very step. Raises DiskFull, NotSaved."""
        path = self.folder / step_folder(facts.step)
        atomic.write_json(path / checkpoint.CONFIG, msgspec.structs.replace(checkpoint.describe(path), metrics=metrics))
        atomic.write_json(path / "training.json", facts)
        self._point(path, metrics, best)
        return path

    def _point(self, path: Path, metrics: dict[str, float], best: bool) -> None:
        pointer = Pointer(folder=f"checkpoints/{path.name}", step=int(path.name.removeprefix("step-")), metrics=metrics)
        for name in ("latest.json", "best.json")[: 1 + best]:
            atomic.write_json(self.run.path / name, pointer)

    def taken(self, step: int) -> bool:
        """Whether a starred checkpoint stands at this step, from before a rollback: it is not replaced."""
        return (self.folder / step_folder(step) / "starred").exists()

    def newest(self) -> Saved | None:
        """The newest checkpoint that a run can go on from; damaged ones are passed over."""
        return next((saved for m in reversed(self.run.checkpoints()) if m.resumable and (saved := _read(m.path))), None)

    def best(self) -> Saved | None:
        """The best one, if a run can still go on from it."""
        path = self.run.checkpoint("best")
        return _read(path) if path and (path / "training.json").exists() else None

    def forget_after(self, step: int) -> None:
        """What came after a moment that is gone back to: it must not be resumed from. Starred ones stay to be heard."""
        for moment in self.run.checkpoints():
            if moment.step > step:
                _strip(moment) if moment.starred else shutil.rmtree(moment.path, ignore_errors=True)

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
                shutil.rmtree(moment.path, ignore_errors=True)
        for path in self.folder.glob("*.partial"):
            shutil.rmtree(path, ignore_errors=True)

    def free_room(self) -> bool:
        """Delete all but the newest, the best and the starred ones. False where there is nothing to delete."""
        moments, best, found = self.run.checkpoints(), self.run.checkpoint("best"), False
        for moment in moments[:-1]:
            if moment.path != best and not moment.starred:
                shutil.rmtree(moment.path, ignore_errors=True)
                found = True
        return found


def _read(path: Path) -> Saved | None:
    with contextlib.suppress(StudioError, OSError, safetensors.SafetensorError):
        facts = atomic.read_json(path / "training.json", TrainingFile, "training")
        averaged = safetensors.torch.load_file(path / checkpoint.WEIGHTS)
        tensors = safetensors.torch.load_file(path / "training.safetensors")
        return Saved(facts, tensors | {f"average/{name}": value for name, value in averaged.items()})
    return None


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
