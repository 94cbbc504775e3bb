"""What a project's JSON files hold, as frozen values. formats.py tells their history; folder.py and training/run.py read and
write them."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from studio.project.branches import Branches
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
    """clips/<id>.json: a kept sound. rate in Hz, frames and channels of the WAV beside it; edits: audio/steps.py;
    history: every state the edits have been in, None until they first change."""

    kind: str = "clip"
    format: int = 1
    id: str
    name: str
    tags: tuple[str, ...] = ()
    stars: int = 0
    created: float = 0.0
    recipe: Recipe | None = None
    edits: tuple[dict[str, Any], ...] = ()
    history: Branches | None = None
    rate: int
    frames: int
    channels: int

    @property
    def seconds(self) -> float:
        return self.frames / self.rate if self.rate > 0 else 0.0

    @property
    def branches(self) -> Branches:
        """Its history, or the beginning of one: also where what the file says makes no sense."""
        if self.history is not None and self.history.sound(self.edits):
            return self.history
        return Branches.begun(self.edits)

    def changed(self, edits: tuple[dict[str, Any], ...], what: str, time: float) -> ClipFile:
        """With other steps, and the state it was in kept in its history."""
        return msgspec.structs.replace(self, edits=edits, history=self.branches.add(edits, what, time))

    def gone(self, node: int) -> ClipFile:
        """In another state of its history. Raises ValueError where there is no such state."""
        there = self.branches.go(node)
        found = there.node(node)
        assert found is not None
        return msgspec.structs.replace(self, edits=found.edits, history=there)

    def beside(self, present: ClipFile) -> ClipFile:
        """The same, with the states that `present` knows of it: nothing is lost when an undo saves an older value."""
        if present.history is None and self.history is None:
            return self
        return msgspec.structs.replace(self, history=present.branches.joined(self.branches))


class RunConfig(msgspec.Struct, frozen=True, kw_only=True):
    """runs/<name>/config.json, frozen when queued: the family's own config and the trainer's plan as plain data.

    trial_of: the search that tries settings with this run (training/searches.py); empty for a run that somebody wanted
    """

    kind: str = "run"
    format: int = 1
    app: str = ""
    family: str
    name: str
    created: float = 0.0
    config: dict[str, Any] = {}
    plan: dict[str, Any] = {}
    trial_of: str = ""


class RunStatus(msgspec.Struct, frozen=True, kw_only=True):
    """runs/<name>/status.json, replaced at most twice a second by the trainer, or by who starts and stops it.

    step, planned_steps: where it is and where the plan ends as far as is known; progress: 0–1 of the plan, never falling
    minutes, planned: time spent training and time planned, both without pauses and preparation
    eta_low, eta_high: minutes to the plan's end, None until there is something to measure
    message: what is going on now; verdict, sentence: how it goes, in one word and in words; offers: what can be done about it,
        as words that a run can be asked, and "continue" for a longer plan (training/verdict.py)
    metrics: newest value of each curve; best: held-out numbers of the best checkpoint, at best_step
    step_seconds: median of recent steps; audio_speed: seconds of audio that steps hear per second
    preview_cost, save_cost: share of the training time that went into them
    next_preview: seconds until the next preview; memory_mb: what the trainer holds on its device; disk_mb: size of the run
    key, error, hint: name, sentence and advice of what paused or failed the run
    pid, born, host, life: the process, when it started, its machine, its name for ever; heartbeat: when it last wrote
    """

    kind: str = "status"
    format: int = 1
    state: RunState = "queued"
    step: int = 0
    planned_steps: int | None = None
    progress: float = 0.0
    minutes: float = 0.0
    planned: float | None = None
    eta_low: float | None = None
    eta_high: float | None = None
    message: str = ""
    verdict: str = "starting"
    sentence: str = ""
    offers: tuple[str, ...] = ()
    metrics: dict[str, float] = {}
    best: dict[str, float] = {}
    best_step: int | None = None
    phase: str = ""
    device: str = ""
    precision: str = ""
    threads: int = 0
    batch: int = 0
    memory_mb: float = 0.0
    disk_mb: float = 0.0
    step_seconds: float = 0.0
    audio_speed: float = 0.0
    preview_cost: float = 0.0
    save_cost: float = 0.0
    next_preview: float | None = None
    key: str = ""
    error: str = ""
    hint: str = ""
    pid: int = 0
    born: float = 0.0
    host: str = ""
    life: str = ""
    heartbeat: float = 0.0


class Pointer(msgspec.Struct, frozen=True, kw_only=True):
    """latest.json and best.json of a run. `folder` is relative to the run; metrics are that checkpoint's held-out numbers."""

    kind: str = "pointer"
    format: int = 1
    folder: str
    step: int = 0
    metrics: dict[str, float] = {}


class NoteFile(msgspec.Struct, frozen=True, kw_only=True):
    """note.json of a run: a person's words about it."""

    kind: str = "note"
    format: int = 1
    text: str = ""


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


class PreviewCell(msgspec.Struct, frozen=True, kw_only=True):
    """One sound of a preview; paths are relative to the run folder.

    kind: "reconstruction" of a held-out sound, "new" from a fixed seed, "probe" of the user's own
    original: what a reconstruction tries to be; distance: log-mel distance to it in dB
    """

    name: str
    kind: Literal["reconstruction", "new", "probe"]
    path: str
    seconds: float = 0.0
    label: str = ""
    original: str = ""
    seed: int | None = None
    distance: float | None = None


class PreviewFile(msgspec.Struct, frozen=True, kw_only=True):
    """previews/step-…/preview.json: the same cells at every moment, so that time can be walked through by ear.

    cost: seconds it took to make
    """

    kind: str = "preview"
    format: int = 1
    step: int
    minutes: float
    cost: float = 0.0
    cells: tuple[PreviewCell, ...] = ()
