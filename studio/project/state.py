"""What a project's JSON files hold, as frozen values. formats.py tells their history; folder.py and training/run.py read and
write them."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from studio.project.recipe import Recipe

RunState = Literal["queued", "preparing", "training", "paused", "stopped", "finished", "failed"]


class ProjectFile(msgspec.Struct, frozen=True, kw_only=True):
    """project.json. `created` is in seconds since the epoch, like every time below."""

    kind: str = "project"
    format: int = 1
    app: str = ""
    id: str
    name: str
    created: float = 0.0


class ClipFile(msgspec.Struct, frozen=True, kw_only=True):
    """clips/<id>.json: a kept sound. rate in Hz, frames and channels of the WAV beside it; edits are steps of audio/edit.py."""

    kind: str = "clip"
    format: int = 1
    id: str
    name: str
    tags: tuple[str, ...] = ()
    stars: int = 0
    created: float = 0.0
    recipe: Recipe | None = None
    edits: tuple[dict[str, Any], ...] = ()
    rate: int
    frames: int
    channels: int

    @property
    def seconds(self) -> float:
        return self.frames / self.rate if self.rate > 0 else 0.0


class RunConfig(msgspec.Struct, frozen=True, kw_only=True):
    """runs/<name>/config.json, frozen when queued: the family's own config and the trainer's plan as plain data."""

    kind: str = "run"
    format: int = 1
    app: str = ""
    family: str
    name: str
    created: float = 0.0
    config: dict[str, Any] = {}
    plan: dict[str, Any] = {}


class RunStatus(msgspec.Struct, frozen=True, kw_only=True):
    """runs/<name>/status.json, rewritten by the trainer. eta_low and eta_high in minutes from now; heartbeat is a time."""

    kind: str = "status"
    format: int = 1
    state: RunState = "queued"
    step: int = 0
    minutes: float = 0.0
    planned: float | None = None
    planned_steps: int | None = None
    message: str = ""
    sentence: str = ""
    eta_low: float | None = None
    eta_high: float | None = None
    best: dict[str, float] = {}
    best_step: int | None = None
    device: str = ""
    pid: int = 0
    host: str = ""
    heartbeat: float = 0.0
    updated: float = 0.0


class CheckpointFile(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint's config.json: with weights.safetensors beside it, everything that rebuilds the model.

    data: DataFacts as plain data (models/controls.py); model: hash of the weights; minutes: trained so far
    """

    kind: str = "checkpoint"
    format: int = 1
    app: str = ""
    family: str
    config: dict[str, Any] = {}
    data: dict[str, Any] = {}
    step: int = 0
    minutes: float = 0.0
    metrics: dict[str, float] = {}
    model: str = ""


class PreviewCell(msgspec.Struct, frozen=True):
    """One sound of a preview: kind "reconstruction", "original" or "new"; path relative to the preview's folder."""

    name: str
    kind: str
    path: str
    detail: dict[str, Any] = {}


class PreviewFile(msgspec.Struct, frozen=True, kw_only=True):
    """previews/step-…/preview.json: what the model sounded like at one moment of its training."""

    kind: str = "preview"
    format: int = 1
    step: int
    minutes: float
    cells: tuple[PreviewCell, ...] = ()
