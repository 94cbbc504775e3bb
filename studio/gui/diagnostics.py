"""Facts to copy when something is wrong: versions, devices, what doctor finds, the end of the log. Nothing is sent anywhere."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from pathlib import Path

import studio
from studio import settings as preferences
from studio.events import Finished, Progress, Started, Work

PARTS = ("PySide6-Essentials", "torch", "onnxruntime", "numpy", "scipy", "soundfile", "sounddevice", "rtmixer", "pyqtgraph")
LINES = 60


def versions() -> list[str]:
    """One line for Wavewright, the system, Python and each library that matters."""
    lines = [f"Wavewright {studio.__version__}", platform.platform(), f"Python {sys.version.split()[0]}"]
    for part in PARTS:
        try:
            lines.append(f"{part} {metadata.version(part)}")
        except metadata.PackageNotFoundError:
            lines.append(f"{part} is missing")
    return lines


def log_tail(folder: Path | None = None, lines: int = LINES) -> list[str]:
    """The last lines of the log, the user's own folder shortened to ~."""
    file = (folder or preferences.log_folder()) / "wavewright.log"
    try:
        with file.open("rb") as opened:
            opened.seek(max(0, file.stat().st_size - 40_000))
            found = opened.read().decode("utf-8", "replace").splitlines()[-lines:]
    except OSError:
        return []
    home = str(Path.home())
    return [line.replace(home, "~") if len(home) > 1 else line for line in found]


def bundle(folder: Path | None = None) -> Work:
    """Collect everything. Finished.result: {"text": all of it}. Takes seconds: each check looks at its part in a process."""
    from studio import doctor

    yield Started(what="diagnostics")
    yield Progress(done=0, total=2, note="versions")
    parts = ["\n".join(versions())]
    yield Progress(done=1, total=2, note="devices")
    marks = {"good": "+", "warn": "?", "bad": "!"}
    checks = doctor.report(folder)
    parts.append("\n".join(f"{marks[c.state]} {c.name}: {c.sentence} {c.hint}".rstrip() for c in checks))
    parts.append("\n".join(log_tail()))
    yield Finished(result={"text": "\n\n".join(filter(None, parts))})
