"""The trainer processes that this process started: how they begin, and how they ended. They outlive every window object."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from studio.errors import Interrupted

DETACHED = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)

LOG = "trainer.log"
_children: list[subprocess.Popen[bytes]] = []
_codes: dict[int, int] = {}
"""How those ended that this process started, by their number."""


def command(*words: object) -> list[str]:
    """What says `words` on the command line."""
    python = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "studio"]
    return [*python, *map(str, words)]


def spawn(command: list[str], run: Path, log: str = LOG) -> int:
    """Start a trainer, or a search, whose output goes to a file of its folder. Returns its number. Raises OSError."""
    with (run / log).open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=run,
            env=_environment(),
            start_new_session=True,
            creationflags=DETACHED,
        )
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


def _environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    return {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "PYTHONUNBUFFERED": "1", "PYTHONPATH": path}
