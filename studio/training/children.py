"""How this program starts itself for long work: a process that outlives who started it, its words in a file.

The window starts trainers and searches so, a search its trials. Nobody reads a pipe, so nobody can make it wait.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

DETACHED = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
LOG = "trainer.log"


def command(*words: object) -> list[str]:
    """What says `words` on the command line."""
    python = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "studio"]
    return [*python, *map(str, words)]


def spawn(command: list[str], folder: Path, log: str = LOG, **environment: str) -> subprocess.Popen[bytes]:
    """Start it in `folder`, where its output goes to `log`, with these variables beside ours. Raises OSError."""
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    ours = {"OMP_WAIT_POLICY": "PASSIVE", "PYTHONUNBUFFERED": "1", "PYTHONPATH": path}
    with (folder / log).open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **ours, **environment},
            start_new_session=True,
            creationflags=DETACHED,
        )
