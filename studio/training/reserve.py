"""A little room on the disk that a run keeps for its last words: on a full disk it is given up, so that the run can say why it
paused, and whoever looks finds a status that is true."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

NAME = ".reserve"
SIZE = 64 << 10
"""Bytes; a status, some events, a pointer. Random, because some disks keep no room for zeros."""


def hold(run: Path) -> None:
    """Keep the room from now on, if there is any."""
    with suppress(OSError):
        if not (run / NAME).exists() or (run / NAME).stat().st_size < SIZE:
            (run / NAME).write_bytes(os.urandom(SIZE))


def give(run: Path) -> None:
    """Let the next words be written."""
    with suppress(OSError):
        (run / NAME).unlink(missing_ok=True)
