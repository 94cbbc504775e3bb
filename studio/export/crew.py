"""Many small jobs at a time, their results in order. Reading, resampling and encoding leave Python's lock to others, so a few
threads keep the cores and the disk busy; formats use it for one file each."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

J = TypeVar("J")
R = TypeVar("R")

MOST = 4
"""Threads; more only wait for each other's disk."""


def in_order(jobs: Sequence[J], run: Callable[[J], R]) -> Generator[R, None, None]:
    """`run` of each job, a few at a time, in the order of `jobs`. Closing it, or an error of one, waits for those under way and
    begins no other."""
    crew = min(MOST, os.cpu_count() or 1, len(jobs))
    if crew < 2:
        yield from map(run, jobs)
        return
    with ThreadPoolExecutor(crew, thread_name_prefix="export") as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for job in jobs:
                waiting.append(pool.submit(run, job))
                if len(waiting) > crew:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
