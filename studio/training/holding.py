"""Having a run to oneself: one trainer at a time, also from several machines, and nothing half-written of the one before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import filelock

from studio.errors import TrainingError
from studio.project import atomic
from studio.training import process
from studio.training.pulse import Pulse
from studio.training.run import RunFolder


@contextmanager
def alone(run: RunFolder) -> Iterator[Pulse]:
    """Ours alone until the block ends, and showing it. Raises TrainingError where somebody else trains it, DiskFull, NotSaved.

    The system's lock decides on one machine and drops with its process; not every shared folder has locks, so a trainer
    elsewhere also counts while it gives signs of life.
    """
    status = run.status()
    if process.lives(status) is None and run.alive():
        raise TrainingError(reason=f"“{run.name}” is already being trained on {status.host}")
    lock = run.lock()
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        raise TrainingError(reason=f"“{run.name}” is already being trained") from None
    except OSError as error:
        raise atomic.not_saved(run.path, error) from error
    try:
        run.tidy()
        with Pulse(run) as pulse:
            yield pulse
    finally:
        lock.release()
