"""What a worker process of workers.py loads first. Importing this module is what makes a process one: do so nowhere else."""

from __future__ import annotations

import os
import signal
import threading

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # as many processes as cores do the arithmetic; must be said before numpy is loaded

import multiprocessing  # noqa: E402
from collections.abc import Callable  # noqa: E402
from multiprocessing.connection import wait  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import scipy.signal  # noqa: E402  loaded once here instead of once in every worker
import scipy.sparse.csgraph  # noqa: E402
import scipy.spatial  # noqa: E402, F401

import studio.library.measure  # noqa: E402, F401
from studio.errors import StudioError, UnreadableAudio  # noqa: E402
from studio.events import failed  # noqa: E402


def begin() -> None:
    """No Ctrl+C of the terminal's, and an eye on the process this one works for: its end is ours."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def work(function: Callable[[str, int, int], Any], batch: list[tuple[str, int, int]]) -> list[Any]:
    """(job, `function(*job)` or the named error) of each job."""
    answers: list[Any] = []
    for job in batch:
        try:
            answers.append((job, function(*job)))
        except StudioError as error:
            answers.append((job, error))
        except Exception as error:  # a file that finds a bug in us is that file's problem, not the import's
            answers.append((job, UnreadableAudio(name=Path(job[0]).name, reason=failed(error).sentence)))
    return answers
