"""Processes that measure sound files: a damaged file may crash its decoder, but never the window, and two cores are two cores.

Only importer.py comes here. The processes are never forked from a window with threads; they hold no torch and no Qt, end
with their import, and end themselves when the process that started them is gone. What they load is in worker.py.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from studio.errors import LibraryError, StudioError, UnreadableAudio

Job = tuple[str, int, int]
"""(path, size, mtime) of one file."""

R = TypeVar("R")
Answer = tuple[Job, R | StudioError]
BATCH = 8
WORKER = "studio.library.worker"


def each(function: Callable[[str, int, int], R], jobs: Sequence[Job], count: int) -> Iterator[Answer[R]]:
    """`function(*job)` of every job in `count` processes, as they become ready; errors are answers too.

    A job that kills its process is answered with UnreadableAudio, and the others go on. Closing the iterator stops all. Raises
    LibraryError where processes end whatever they read, as where there is no memory left: then no file is to blame.
    """
    todo: deque[list[Job]] = deque(list(jobs[i : i + BATCH]) for i in range(0, len(jobs), BATCH))
    suspects: deque[list[Job]] = deque()
    while todo or suspects:
        lone = bool(suspects)
        running: dict[Future[list[Answer[R]]], list[Job]] = {}
        source, width = (suspects, 1) if lone else (todo, 2 * count)
        try:
            with _pool(1 if lone else min(count, len(todo))) as pool:
                while source or running:
                    while source and len(running) < width:
                        running[_submit(pool, function, source[0])] = source[0]  # taken only once the pool has it
                        source.popleft()
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        answers = future.result()
                        del running[future]
                        yield from answers
        except BrokenProcessPool:
            if lone and not _lives():
                raise LibraryError(reason="what reads them ends at once, perhaps for want of memory") from None
            if lone:  # one process, one job: this is the one
                for job in next(iter(running.values()), []):
                    yield job, UnreadableAudio(name=Path(job[0]).name, reason="its decoder crashed on it")
            else:
                suspects.extend([job] for batch in running.values() for job in batch)


def alone(function: Callable[..., R], *arguments: Any) -> R:
    """`function(*arguments)` in a process of its own; what it raises is raised here. Raises LibraryError if it dies."""
    try:
        with _pool(1) as pool:
            return pool.submit(function, *arguments).result()
    except BrokenProcessPool as error:
        raise LibraryError(reason="comparing them stopped half-way, perhaps for want of memory") from error


def _lives() -> bool:
    """Whether a process that reads nothing does."""
    try:
        with _pool(1) as pool:
            pool.submit(_begin).result()
    except BrokenProcessPool:
        return False
    return True


@contextmanager
def _pool(count: int) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes, where the system can from one server that has loaded everything once and waits for the next import.

    A pool that breaks ends its processes itself, but in Python 3.11 not one that was just being started, for which it then
    waits for ever.
    """
    server = "forkserver" in multiprocessing.get_all_start_methods()
    context: Any = multiprocessing.get_context("forkserver" if server else "spawn")
    if server:
        context.set_forkserver_preload([WORKER])
    pool = ProcessPoolExecutor(max(1, count), mp_context=context, initializer=_begin)
    try:
        yield pool
    except BrokenProcessPool:
        for process in list((pool._processes or {}).values()):
            process.kill()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _submit(pool: ProcessPoolExecutor, function: Callable[[str, int, int], R], batch: list[Job]) -> Future[list[Answer[R]]]:
    """Raises BrokenProcessPool, also where the pool breaks while it starts one more process for this."""
    try:
        return pool.submit(_work, function, batch)
    except OSError as error:
        if pool._broken:
            raise BrokenProcessPool from error
        raise


# A worker finds these two here and its own module behind them; this process must not load that.
def _begin() -> None:
    import_module(WORKER).begin()


def _work(function: Callable[[str, int, int], R], batch: list[Job]) -> list[Answer[R]]:
    return import_module(WORKER).work(function, batch)
