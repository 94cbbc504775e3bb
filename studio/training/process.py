"""Which process a trainer is. On its own machine nobody else is ever taken for it; on another nothing can be said here.

A number of a process is given again, clocks are set, machines share a name: on Linux a process is named by the boot of its
machine and by its start counted from there, elsewhere by the machine's name and by the time of its start.
"""

from __future__ import annotations

import functools
import os
import socket
import sys
from pathlib import Path
from typing import Any, Protocol

import psutil

SAME = 2.0
"""Seconds by which two readings of the start of a process may differ where it is a time of the clock."""


class Named(Protocol):
    """What a process says of itself: a RunStatus, the status of a search."""

    @property
    def pid(self) -> int: ...
    @property
    def born(self) -> float: ...
    @property
    def host(self) -> str: ...
    @property
    def life(self) -> str: ...


def me() -> dict[str, Any]:
    """The fields by which this process is Named."""
    pid = os.getpid()
    return {"pid": pid, "born": psutil.Process(pid).create_time(), "host": socket.gethostname(), "life": life(pid)}


def lives(status: Named) -> bool | None:
    """Whether the process that wrote `status` is there; None where it is of another machine, or of an earlier boot of one."""
    if status.host != socket.gethostname() or (status.life and boot() and not status.life.startswith(boot() + "/")):
        return None
    try:
        process = psutil.Process(status.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        if status.life:
            return life(status.pid) == status.life
        return abs(process.create_time() - status.born) < SAME
    except psutil.Error:
        return False


def kill(status: Named) -> bool:
    """End the process that wrote `status` at once. False where it is not of this machine, or not there."""
    if not lives(status):
        return False
    try:
        psutil.Process(status.pid).kill()
    except psutil.Error:
        return False
    return True


def life(pid: int) -> str:
    """A name that this process alone ever has; empty where only `born` tells. Raises psutil.Error where there is none."""
    if not boot():
        return ""
    try:
        start = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]  # field 22, in ticks since the boot
    except (OSError, IndexError):
        raise psutil.NoSuchProcess(pid) from None
    return f"{boot()}/{start}"


@functools.cache
def boot() -> str:
    """Names this boot of this machine; empty where the system does not."""
    if sys.platform != "linux":
        return ""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
