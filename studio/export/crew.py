"""Many small jobs at a time, their results in order. Reading, resampling and encoding leave Python's lock to others, so a few
threads keep the cores and the disk busy; formats use it for one file each.

A job may also be one file of an hour. What it reads comes through `watched`: so whoever waits for it hears how far it is, and
it ends within a piece of the sound when nobody wants it any more.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from typing import TypeVar

from studio.audio.sound import Audio, Samples, Sound, Wrapped

J = TypeVar("J")
R = TypeVar("R")

MOST = 4
"""Threads; more only wait for each other's disk."""
_PATIENCE = 0.1
"""Seconds after which it is said that a job is still under way."""


@dataclass(frozen=True)
class Reading:
    """The job whose turn it is has read this share of its sound, 0 to 1."""

    share: float


class _Left(BaseException):
    """Ends a job that nobody wants any more; no job catches it."""


class _Duty:
    """What a thread is doing for `in_order`."""

    def __init__(self, gone: threading.Event) -> None:
        self.gone, self.share = gone, 0.0


_here = threading.local()


def in_order(jobs: Sequence[J], run: Callable[[J], R]) -> Generator[R | Reading, None, None]:
    """`run` of each job, a few at a time, in the order of `jobs`; in between Reading, where one takes long. Closing it, or an
    error of one, waits for those under way, which read no further, and begins no other."""
    gone = threading.Event()

    def on_duty(job: J, duty: _Duty) -> R:
        _here.duty = duty
        try:
            return run(job)
        finally:
            del _here.duty

    crew = max(1, min(MOST, os.cpu_count() or 1, len(jobs)))
    with ThreadPoolExecutor(crew, thread_name_prefix="export") as pool:
        waiting: deque[tuple[Future[R], _Duty]] = deque()
        left = iter(jobs)
        try:
            while True:
                while len(waiting) <= crew and (job := next(left, None)) is not None:
                    duty = _Duty(gone)
                    waiting.append((pool.submit(on_duty, job, duty), duty))
                if not waiting:
                    return
                future, duty = waiting[0]
                try:
                    found = future.result(_PATIENCE)
                except NotYet:
                    if not future.done():
                        yield Reading(duty.share)
                        continue
                    found = future.result()
                waiting.popleft()
                yield found
        finally:
            gone.set()
            for future, _ in waiting:
                future.cancel()


def watched(audio: Audio) -> Audio:
    """`audio`, such that reading it counts for the job that this thread is doing; what is in memory already does not."""
    duty: _Duty | None = getattr(_here, "duty", None)
    return audio if duty is None or isinstance(audio, Sound) else _Watched(audio, duty)


@dataclass(frozen=True, eq=False)
class _Watched(Wrapped):
    duty: _Duty

    def read(self, start: int, frames: int) -> Samples:
        if self.duty.gone.is_set():
            raise _Left
        self.duty.share = start / max(1, self.frames)
        return self.audio.read(start, frames)
