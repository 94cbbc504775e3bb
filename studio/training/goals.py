"""When a run has done what was asked of it before its time is over: it is good enough, or has been flat for long. Pure.

The trainer tells every measurement; a goal that ended a run once does not end it again when somebody lets it go on.
"""

from __future__ import annotations

import msgspec

from studio.training.plan import TrainerConfig

STILL, GAINS = ("flat", "overfitting"), ("starting", "improving", "slow")
"""Verdicts under which the held-out distance does not get better, and under which it does; others say nothing of it."""


class Progress(msgspec.Struct, frozen=True):
    """since: seconds of training since which nothing improves; met: a goal has ended the run."""

    since: float | None = None
    met: bool = False


class Goals:
    """`reached`: the sentence with which the run may end now; empty before."""

    def __init__(self, plan: TrainerConfig, before: Progress | None = None) -> None:
        self.plan = plan
        self.progress = before or Progress()
        self.reached = ""

    def measured(self, value: float, verdict: str, spent: float) -> None:
        """The number that decides was `value` after `spent` seconds of training, and the verdict is now `verdict`."""
        since = None if verdict in GAINS else self.progress.since
        if since is None and verdict in STILL:
            since = spent
        self.progress = msgspec.structs.replace(self.progress, since=since)
        if self.progress.met:
            return
        if self.plan.quality is not None and value <= self.plan.quality:
            self._end(f"It is as good as asked: its held-out distance is {value:.3g}, the goal {self.plan.quality:.3g}.")
        elif self.plan.flat is not None and since is not None and spent - since >= self.plan.flat * 60:
            self._end(f"Nothing has improved for {(spent - since) / 60:.3g} min.")

    def _end(self, sentence: str) -> None:
        self.reached = sentence
        self.progress = msgspec.structs.replace(self.progress, met=True)
