"""Files between Wavewright and the desktop: the finished WAV of a sound, showing it in its folder, and what a drop means."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QProcess, QUrl
from PySide6.QtGui import QDesktopServices

from studio.errors import StudioError, UsageError
from studio.gui.session import Current, Session
from studio.project.recipe import Recipe, from_json

_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')


def written(session: Session, current: Current) -> Path:
    """A finished 24-bit WAV of `current` with its recipe inside: where it already is one in the exports folder that one,
    else a new file there. Raises StudioError."""
    from studio.audio import files

    if session.project is None:
        raise UsageError(reason="Open a project first")
    folder = Path(session.settings.exports) if session.settings.exports else session.project.exports
    if current.path is not None and current.path.parent == folder and current.path.suffix.lower() == ".wav":
        return current.path
    known = session.written.get(id(current.sound))
    if known is not None and known[0] is current.sound and known[1].is_file():
        return known[1]
    folder.mkdir(parents=True, exist_ok=True)
    info = {"INAM": current.name} if current.name else {}
    if current.recipe is not None:
        info["ICMT"] = current.recipe.short()
    recipe = current.recipe.to_json() if current.recipe is not None else None
    path = files.unused(folder / f"{safe_name(current.name)}.wav")
    files.write(path, current.sound, subtype="PCM_24", info=info, recipe=recipe)
    session.written[id(current.sound)] = (current.sound, path)
    return path


def safe_name(name: str) -> str:
    """A file name without its suffix that every system takes."""
    cleaned = _UNSAFE.sub(" ", name).strip(" .")[:64].strip(" .")
    return cleaned or "Sound"


def reveal(path: Path | str) -> None:
    """Show a file or folder in the system's file manager, selected where the system can."""
    path = Path(path)
    if sys.platform == "darwin":
        QProcess.startDetached("open", ["-R", str(path)])
    elif sys.platform == "win32":
        QProcess.startDetached("explorer", ["/select,", str(path)])
    elif path.is_file() and (bus := shutil.which("dbus-send")):
        command = [bus, "--session", "--print-reply", "--dest=org.freedesktop.FileManager1", "--type=method_call"]
        command += ["/org/freedesktop/FileManager1", "org.freedesktop.FileManager1.ShowItems"]
        command += [f"array:string:{path.as_uri()}", "string:"]
        try:
            done = subprocess.run(command, capture_output=True, timeout=1.5, check=False).returncode == 0
        except (OSError, subprocess.TimeoutExpired):
            done = False
        if not done:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))
    else:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path if path.is_dir() else path.parent)))


@dataclass(frozen=True)
class Dropped:
    """What a drop is: a project to open, a sound of ours with its recipe, sounds to import, or nothing of use."""

    kind: Literal["project", "recipe", "sounds", "nothing"]
    paths: tuple[Path, ...] = ()
    recipe: Recipe | None = None


def understand(paths: Sequence[Path]) -> Dropped:
    """Look at dropped files and folders without reading sounds."""
    from studio.audio import files, riff

    for path in paths:
        folder = path.parent if path.name == "project.json" else path
        if (folder / "project.json").is_file():
            return Dropped("project", (folder,))
    sounds = tuple(p for p in paths if p.is_dir() or p.suffix.lower() in files.EXTENSIONS)
    if len(sounds) == 1 and sounds[0].is_file():
        try:
            data = riff.embedded_recipe(sounds[0])
            if data:
                return Dropped("recipe", sounds, from_json(data))
        except StudioError:
            pass  # a damaged recipe does not make the sound less of a sound
    return Dropped("sounds" if sounds else "nothing", sounds)
