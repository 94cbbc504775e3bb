"""What a trainer says while it works: events, the status, the verdict. All that the window sees of a run goes through here."""

from __future__ import annotations

import time
import traceback
from contextlib import suppress
from typing import Any

import msgspec

from studio.errors import StudioError
from studio.events import Event, Metric, Produced, Work, failed
from studio.models.controls import Latent
from studio.training import process
from studio.training.curves import CLOCK, Curves
from studio.training.run import RUNNING, RunFolder
from studio.training.verdict import Evidence, Offer, Verdict, judge

EVERY = 0.5
"""Seconds between two writes of status.json."""

SORE = 120.0
"""Seconds of training for which a rollback makes a run unstable."""


LATE = 0.7
"""Progress of the plan from which a longer one is offered."""


class Report:
    """Writes events.jsonl and status.json of one run. `metrics`: newest value of each curve; `judged`: the one that decides."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self.curves = Curves()
        self.curves.add(run.events()[0])
        self.metrics: dict[str, float] = {}
        self.judged = ""
        self.files = self.sounds = self.latents = 0
        self.verdict: Verdict | None = None
        self.impossible = 0.0
        self.went_back = -1e9
        self._shown = 0.0
        self._unsaid: list[Event] = []
        self.status = msgspec.structs.replace(
            run.status(),
            state="preparing",
            message="Starting",
            key="",
            error="",
            hint="",
            **process.me(),
        )

    def knows(self, files: int, sounds: int, latent: Latent | None) -> None:
        """On how many held-out and new sounds the verdict will rest, and how many numbers a latent has."""
        self.files, self.sounds, self.latents = files, sounds, latent.size if latent else 0

    # ---- events
    def tell(self, *events: Event) -> Work:
        """Write events down, then yield them. Those that the disk refused come with the next that it takes."""
        self.curves.add(events)
        self._unsaid += events
        self.run.append(*self._unsaid)
        self._unsaid.clear()
        yield from events

    def measured(self, step: int, spent: float, values: dict[str, float]) -> Work:
        """Points of curves, with the clock beside them."""
        self.metrics.update(values)
        clock = Metric(step=step, name=CLOCK, value=spent / 60)
        yield from self.tell(clock, *(Metric(step=step, name=name, value=value) for name, value in values.items()))
        if self.judged and (self.judged in values or "new/silent" in values):
            self._judge(spent)

    def notice(self, key: str, sentence: str, step: int) -> Work:
        """Something worth a sentence that ends nothing."""
        yield from self.tell(Produced(kind="notice", detail={"key": key, "sentence": sentence, "step": step}))

    def resumed(self, step: int, spent: float) -> Work:
        """The run goes on from an earlier step: what was measured after it no longer counts."""
        self.curves.forget_after(step)
        yield from self.tell(Produced(kind="resumed", detail={"step": step, "minutes": spent / 60}))

    def forget_measured(self) -> None:
        """The numbers of weights that are no longer there."""
        self.metrics = {n: v for n, v in self.metrics.items() if not n.startswith(("held-out/", "training/"))}

    def fail(self, error: Exception) -> None:
        """The last words of a run that ends in an error; they may stay unsaid on a full disk."""
        fact = failed(error, "".join(traceback.format_exception(error)))
        self.status = msgspec.structs.replace(self.status, key=fact.key, error=fact.sentence, hint=fact.hint)
        with suppress(StudioError):
            self.run.append(fact)

    # ---- status
    def due(self) -> bool:
        return time.monotonic() - self._shown >= EVERY

    def show(self, **changes: Any) -> None:
        """Replace status.json. Raises DiskFull, NotSaved."""
        self._shown = time.monotonic()
        self.status = msgspec.structs.replace(self.status, heartbeat=time.time(), **changes)
        self.status = msgspec.structs.replace(self.status, offers=self._offers())
        self.run.write_status(self.status)

    def _judge(self, spent: float) -> None:
        self.verdict = judge(
            Evidence.of(
                self.curves,
                self.judged,
                files=self.files,
                sounds=self.sounds,
                latents=self.latents,
                impossible=self.impossible,
                rollbacks=int(spent - self.went_back < SORE),
            )
        )
        self.status = msgspec.structs.replace(self.status, verdict=self.verdict.word, sentence=self.verdict.sentence)

    def _offers(self) -> tuple[Offer, ...]:
        """What can be done now: to go back needs a better moment, and a longer plan is a question only towards its end."""
        best, living = self.status.best_step, self.status.state in RUNNING
        able = {
            "continue": self.status.progress >= LATE and self.status.state != "failed",
            "slower": living,
            "best": living and best is not None and best < self.status.step,
            "stop": living,
        }
        return tuple(offer for offer in (self.verdict.offers if self.verdict else ()) if able[offer])
