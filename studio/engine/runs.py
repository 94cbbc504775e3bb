"""What the engine tells of training runs: how one stands, and what it has just written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from studio.events import Event
from studio.project.state import RunStatus


@dataclass(frozen=True)
class RunView:
    """One run as it stands. `place`: 0 is next in the queue, None is not waiting; `interrupted`: its process was killed, which
    `status` then says as it says what failed; `quiet`: seconds since its living trainer last wrote, 0 while that is usual;
    `trial_of`: the search that it is a trial of."""

    name: str
    family: str
    path: Path
    status: RunStatus
    alive: bool
    verdict: str
    title: str = ""
    created: float = 0.0
    place: int | None = None
    interrupted: bool = False
    quiet: float = 0.0
    trial_of: str = ""

    @property
    def state(self) -> str:
        """queued, preparing, training, paused, stopped, finished, failed; or interrupted."""
        return "interrupted" if self.interrupted else self.status.state

    @property
    def resumable(self) -> bool:
        """Whether `resume` goes on with it, or begins it where nothing else would."""
        forgotten = self.state == "queued" and self.place is None
        return not self.alive and (forgotten or self.state in ("paused", "stopped", "failed", "interrupted"))


@dataclass(frozen=True)
class RunEvent:
    """A new line of a run's events.jsonl."""

    run: str
    event: Event
