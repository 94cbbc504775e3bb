"""Processes that measure sound files: a damaged file may crash its decoder, but never the window, and two cores are two cores.

Only importer.py comes here. The processes are started afresh (never forked from a window with threads), hold no torch and no
Qt, end with their import, and end themselves when the process that started them is gone.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import TypeVar

from studio.errors import StudioError, UnreadableAudio
from studio.events import failed

Job = tuple[str, int, int]
"""(path, size, mtime) of one file."""

R = TypeVar("R")
Answer = tuple[Job, R | StudioError]
BATCH = 8


def each(function: Callable[[str, int, int], R], jobs: Sequence[Job], count: int) -> Iterator[Answer[R]]:
    """`function(*job)` of every job in `count` processes, as they become ready; errors are answers too.

    A job that kills its process is answered with UnreadableAudio, and the others go on. Closing the iterator stops all.
    """
    todo: deque[list[Job]] = deque(list(jobs[i : i + BATCH]) for i in range(0, len(jobs), BATCH))
    suspects: deque[list[Job]] = deque()
    while todo or suspects:
        alone = bool(suspects)
        pool = _pool(1 if alone else min(count, len(todo)))
        running: dict[Future[list[Answer[R]]], list[Job]] = {}
        source, width = (suspects, 1) if alone else (todo, 2 * count)
        try:
            while source or running:
                while source and len(running) < width:
                    batch = source.popleft()
                    running[pool.submit(_work, function, batch)] = batch
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    answers = future.result()
                    del running[future]
                    yield from answers
        except BrokenProcessPool:
            if alone:  # one process, one job: this is the one
                for job in next(iter(running.values()), []):
                    yield job, UnreadableAudio(name=Path(job[0]).name, reason="its decoder crashed on it")
            else:
                suspects.extend([job] for batch in running.values() for job in batch)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _pool(count: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(max(1, count), mp_context=multiprocessing.get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """First thing in a worker: one thread of arithmetic, no Ctrl+C of the terminal's, and an eye on the parent."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)


def _work(function: Callable[[str, int, int], R], batch: list[Job]) -> list[Answer[R]]:
    answers: list[Answer[R]] = []
    for job in batch:
        try:
            answers.append((job, function(*job)))
        except StudioError as error:
            answers.append((job, error))
        except Exception as error:  # a file that finds a bug in us is that file's problem, not the import's
            answers.append((job, UnreadableAudio(name=Path(job[0]).name, reason=failed(error).sentence)))
    return answers
