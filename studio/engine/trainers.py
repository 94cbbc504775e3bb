"""The trainer processes that this process started: how they begin, and how they ended. They outlive every window object."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import psutil

from studio.errors import Interrupted
from studio.training import children
from studio.training.children import LOG, command

__all__ = ["LOG", "collect", "command", "exists", "last_words", "spawn", "why"]

_children: list[subprocess.Popen[bytes]] = []
_codes: dict[int, int] = {}
"""How those ended that this process started, by their number."""


def spawn(command: list[str], run: Path, log: str = LOG) -> int:
    """Start a trainer, or a search, whose output goes to a file of its folder. Returns its number. Raises OSError."""
    process = children.spawn(command, run, log)
    _children.append(process)
    _codes.pop(process.pid, None)
    return process.pid


def collect() -> None:
    """Notice those that ended."""
    for child in [child for child in _children if child.poll() is not None]:
        _children.remove(child)
        _codes[child.pid] = child.returncode


def exists(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def why(pid: int) -> Interrupted:
    """How a trainer ended that said nothing."""
    code = _codes.get(pid)
    if code is None:
        return Interrupted(reason="its process or the computer stopped without a word")
    if code == -getattr(signal, "SIGKILL", 9):
        return Interrupted(reason="its process was killed, by hand or because the computer ran out of memory")
    return Interrupted(reason=f"its process crashed ({code})")


def last_words(run: Path, lines: int = 3, log: str = LOG) -> str:
    """The end of what it printed."""
    path = run / log
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4000))
            return "\n".join(file.read().decode("utf-8", "replace").strip().splitlines()[-lines:])
    except OSError:
        return ""
