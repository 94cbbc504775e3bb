"""A little room on the disk that a run keeps for its last words: on a full disk it is given up, so that the run can say why it
paused, and whoever looks finds a status that is true."""

from __future__ import annotations

import os
from contextlib import suppress

from studio.training.run import RunFolder

SIZE = 64 << 10
"""Bytes; a status, some events, a pointer. Random, because some disks keep no room for zeros."""


class Reserve:
    def __init__(self, run: RunFolder) -> None:
        self._path = run.path / ".reserve"

    def hold(self) -> None:
        """Keep the room from now on, if there is any."""
        with suppress(OSError):
            if not self._path.exists() or self._path.stat().st_size < SIZE:
                self._path.write_bytes(os.urandom(SIZE))

    def give(self) -> None:
        """Let the next words be written."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
