"""How a run is trained: the settings of the one loop, and the schedules that follow from them. Pure; no torch.

Everything here is a function of steps and of times that are handed in, so that a resumed run does what an unbroken one does.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec

from studio.fields import setting

DEFAULT_MINUTES = {"cuda": 20.0, "mps": 30.0, "cpu": 30.0}
"""Where neither minutes nor steps are asked for."""

LOWEST_RATE = 0.1
"""The cosine ends at this share of the learning rate."""

PREVIEW_SHARE = 0.03
"""Previews may cost this share of the training time."""


class TrainerConfig(msgspec.Struct, frozen=True):
    """Settings of the trainer, the same for every family."""

    minutes: Annotated[float, setting("Time to train, without pauses; none: by device", unit="min", gt=0, le=9999)] | None = (
        None
    )
    steps: Annotated[int, setting("Steps to train, instead of minutes", ge=1, le=100_000_000, expert=True)] | None = None
    batch: Annotated[
        int, setting("Sounds per step; halved when memory runs out", ge=1, le=1024, expert=True, search=(6, 48))
    ] = 16
    seed: Annotated[int, setting("Drives every random draw; the same seed gives the same training", ge=0, lt=2**31)] = 0
    device: Annotated[Literal["auto", "cpu", "cuda", "mps"], setting("Where to train")] = "auto"
    precision: Annotated[Literal["auto", "fp32", "bf16", "fp16"], setting("Number format of heavy parts", expert=True)] = "auto"
    gentle: Annotated[bool, setting("Leave room for other programs: one core fewer, lower priority")] = False
    threads: Annotated[int, setting("Processor threads; none: all cores", ge=1, le=1024, expert=True)] | None = None
    rate: Annotated[
        float, setting("Learning rate, as a multiple of the family's own", gt=0, le=10, expert=True, search=(0.3, 4))
    ] = 1.0
    balanced: Annotated[bool, setting("Hear every label equally often")] = False
    compile: Annotated[
        bool, setting("Compile heavy parts if that is faster; resuming is then exact but for float noise", expert=True)
    ] = False
    ema: Annotated[float, setting("Smoothing of the weights that are heard and kept", ge=0, lt=1, expert=True)] = 0.999
    warmup: Annotated[int, setting("Steps until the full learning rate", unit="steps", ge=0, le=100_000, expert=True)] = 50
    preview: Annotated[float, setting("First preview after", unit="s", gt=0, le=3600, expert=True)] = 15.0
    save: Annotated[float, setting("Save at least every", unit="s", gt=0, le=3600, expert=True)] = 120.0
    quality: Annotated[float, setting("Stop when the held-out distance is this low; none: never", gt=0)] | None = None
    flat: (
        Annotated[float, setting("Stop when nothing has improved for so long; none: never", unit="min", gt=0, le=9999)] | None
    ) = None
    log: Annotated[float, setting("Write training numbers every", unit="s", ge=0, le=60, expert=True)] = 1.0


class Schedule(msgspec.Struct, frozen=True):
    """Progress as a function of the step: linear from (`step`, `progress`) to 1 at `total`. It falls only where a plan is made
    longer."""

    total: int
    step: int = 0
    progress: float = 0.0

    def at(self, step: int) -> float:
        """0–1, exactly 1 from `total` on."""
        if step >= self.total:
            return 1.0
        return self.progress + (1 - self.progress) * (step - self.step) / (self.total - self.step)

    def replan(self, step: int, total: int) -> Schedule:
        """The same progress at `step`, but the end at `total`."""
        return Schedule(total=max(total, step), step=step, progress=self.at(step))

    def lengthen(self, step: int, total: int, share: float, shares: list[float]) -> Schedule:
        """A plan that was made longer, so that only `share` of its time is over at `step`: the progress goes back to that, but
        not out of its phase, nor before the middle of it. The rate rises again; what begins halfway does not begin anew."""
        reached = self.at(step)
        phase, _ = phase_at(reached, shares)
        middle = (sum(shares[:phase]) + 0.5 * shares[phase]) / sum(shares)
        return Schedule(total=max(total, step + 1), step=step, progress=min(reached, max(share, middle)))


def steps_for(step: int, spent: float, minutes: float, seconds_per_step: float) -> int:
    """The step at which `minutes` are over, if `spent` seconds are gone at `step`."""
    return step + max(0, round((minutes * 60 - spent) / max(seconds_per_step, 1e-6)))


def phase_at(progress: float, shares: list[float]) -> tuple[int, float]:
    """Which phase a run is in at `progress` of its whole plan, and the progress within that phase."""
    whole = sum(shares)
    start = 0.0
    for index, share in enumerate(shares):
        part = share / whole
        if progress < start + part or index == len(shares) - 1:
            return index, min(1.0, max(0.0, (progress - start) / part))
        start += part
    raise ValueError("a model needs at least one phase")


def rate_at(progress: float, phase_step: int, warmup: int) -> float:
    """Share of the learning rate: a linear warm-up in steps, a cosine over the phase down to LOWEST_RATE."""
    rise = min(1.0, (phase_step + 1) / warmup) if warmup else 1.0
    fall = LOWEST_RATE + (1 - LOWEST_RATE) * 0.5 * (1 + math.cos(math.pi * progress))
    return rise * fall


def ema_decay(decay: float, updates: int) -> float:
    """The average's decay after `updates`: young averages forget faster, so that the first preview is not the first weights."""
    return min(decay, (1 + updates) / (10 + updates))


def next_preview(spent: float, first: float, cost: float) -> float:
    """When the preview after `spent` seconds is due: first, 2 ×, 4 × …, then every 10 minutes, but within PREVIEW_SHARE."""
    due = first
    while due <= spent:
        due = due * 2 if due < 480 else due + 600
    return max(due, spent + cost / PREVIEW_SHARE) if spent >= first else due


def save_every(seconds: float, minutes: float | None, cost: float) -> float:
    """Seconds between saves: as asked, but ten times within a short plan, and never above 5 % of the time."""
    wished = min(seconds, max(15.0, minutes * 6.0)) if minutes else seconds
    return max(wished, cost * 20)


def log_every(seconds: float, spent: float) -> float:
    """Seconds between two points of the training curves: as asked, and fewer points as a run grows long. 0 is every step."""
    return max(seconds, spent / 600) if seconds else 0.0


def eta(step: int, total: int, pace: list[float]) -> tuple[float, float] | tuple[None, None]:
    """Seconds to the end as a range, from recent seconds per step with every pause for previews and saves in them."""
    if len(pace) < 3:
        return None, None
    ordered = sorted(pace)
    left = max(0, total - step)
    return left * ordered[len(ordered) // 4], left * ordered[(len(ordered) * 3) // 4]
