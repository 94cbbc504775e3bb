"""Signs of life of a trainer, and a clock that stands while its process does.

A step, a measurement or the first look at many sounds can take long; who watches from another machine sees only files. So a
thread touches status.json every few seconds whatever the loop is at. It also notices when the process itself was stopped
(SIGSTOP, a sleeping computer): that time is no training time.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from studio.training.run import RunFolder

EVERY = 2.0
STOPPED = 5.0
"""Seconds without a sign beyond which the process was not running."""


class Pulse:
    """Beats inside its `with` block. `clock` counts seconds in which this process could run."""

    def __init__(self, run: RunFolder) -> None:
        self._file = run.path / "status.json"
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._last = time.monotonic()
        self.lost = 0.0
        """Seconds in which the process stood still."""
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._end.clear()
        self._last = time.monotonic()
        self._thread = threading.Thread(target=self._beat, name="pulse", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def clock(self) -> float:
        """Seconds since some moment, without those lost; never less than before."""
        with self._lock:
            now = time.monotonic()
            if self._thread is not None and now - self._last > STOPPED:  # neither the loop nor the thread has looked
                self.lost += now - self._last
            self._last = now
            return now - self.lost

    def _beat(self) -> None:
        while not self._end.wait(EVERY):
            self.clock()
            with suppress(OSError):
                os.utime(self._file)
