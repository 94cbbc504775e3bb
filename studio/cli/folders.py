"""From what people type to what the core wants: paths to projects, runs and trained models, texts to settings and labels."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.errors import AlreadyThere, NothingTrained, StudioError, UsageError
from studio.project.folder import ProjectFolder
from studio.project.recipe import Recipe, from_json

if TYPE_CHECKING:
    from studio.generate import Instrument
    from studio.training.run import RunFolder


def open_project(path: str | Path) -> ProjectFolder:
    """For reading, also while a window has it open."""
    return ProjectFolder.open(Path(path), lock=False)


def find_run(path: str | Path) -> RunFolder:
    """The run at a path, or a project's newest that is no trial of a search. Raises NotAProject, NothingTrained."""
    from studio.training.run import RunFolder

    path = Path(path).absolute()
    if (path / "project.json").is_file():
        runs = _wanted(path)
        if not runs:
            raise NothingTrained(name=path.name)
        return runs[0]
    run = RunFolder(path)
    _ = run.config  # says what it is if it is none
    return run


def playable(path: str | Path) -> Path:
    """A checkpoint: itself, the best of a run, or that of a project's newest run that has one. Raises NothingTrained."""

    path = Path(path).absolute()
    if (path / "weights.safetensors").is_file():
        return path
    if (path / "project.json").is_file():
        runs = _wanted(path)
    else:
        runs = [find_run(path)]
    found = next((checkpoint for run in runs if (checkpoint := run.checkpoint("best")) is not None), None)
    if found is None:
        raise NothingTrained(name=path.name)
    return found


def _wanted(project: Path) -> list[RunFolder]:
    """Runs that somebody wanted, the newest first."""
    from studio.training.run import RunFolder

    runs = [RunFolder(run) for run in open_project(project).runs()]
    return sorted((run for run in runs if not run.config.trial_of), key=lambda run: -run.config.created)


def instrument_of(args: Namespace, compile: bool) -> Instrument:
    from studio.generate import Instrument

    return Instrument.open(playable(args.run), device=device_of(args.device), cache=cache(), compile=compile)


def settings_of(pairs: Iterable[str]) -> dict[str, str]:
    """["batch=8"] → {"batch": "8"}. Raises UsageError."""
    found = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise UsageError(reason=f"“{pair}” is not KEY=VALUE")
        found[key.strip().replace("-", "_")] = value.strip()
    return found


def classes_of(text: str) -> dict[str, float]:
    """ "kick=2,hat" → {"kick": 2, "hat": 1}. Raises UsageError."""
    found: dict[str, float] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, _, weight = part.rpartition("=") if "=" in part else (part, "", "1")
        try:
            found[name.strip()] = float(weight)
        except ValueError:
            raise UsageError(reason=f"“{weight}” is not a weight for the class “{name}”") from None
    return found


def at_least(value: int, least: int, name: str) -> int:
    if value < least:
        raise UsageError(reason=f"{name} must be {least} or more")
    return value


def unwritten(path: str, suffix: str) -> Path:
    """Where a new file goes. Raises AlreadyThere, UsageError."""
    out = Path(path).absolute()
    if out.suffix.lower() != suffix:
        raise UsageError(reason=f"“{out.name}” should end in {suffix}")
    if out.exists():
        raise AlreadyThere(name=out.name)
    return out


def absolute(path: str) -> str:
    return str(Path(path).absolute()) if path else ""


def device_of(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def cache() -> Path:
    from studio import settings

    return settings.cache_folder()


def short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def recipe_of(data: bytes | None) -> Recipe | None:
    """The recipe in a WAV's chunk, if there is one that this version reads."""
    if data is None:
        return None
    with contextlib.suppress(StudioError):
        return from_json(data)
    return None
