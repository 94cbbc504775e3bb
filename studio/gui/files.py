"""Files between Wavewright and the desktop: the finished WAV of a sound, showing it in its folder, and what a drop means."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QMimeData, QProcess, QUrl

from studio.errors import StudioError, UnreadableAudio, UnwritableAudio, UsageError
from studio.project.recipe import Recipe, from_json

if TYPE_CHECKING:
    from studio.gui.session import Current, Session

PATIENCE = 1.5
"""Seconds that a file manager has to answer."""
MANY = 500
"""Files that are looked at one by one when they are dropped."""
LONGEST = 20_000
"""Letters of a dropped text that are looked at."""
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')


def exports(session: Session) -> Path | None:
    """Where finished sounds go: the folder of the settings, else that of the open project; None without either."""
    own, project = session.settings.exports, session.project
    return Path(own) if own else project.exports if project is not None else None


def finished(folder: Path | None, current: Current) -> Path:
    """A finished 24-bit WAV of `current` with its recipe inside, in `folder`: the one that lies there with just this content
    and name, else a new one. Raises StudioError."""
    from studio.audio import files

    if folder is None:
        raise UsageError(reason="Open a project first")
    if current.path is not None and current.path.parent == folder and current.path.suffix.lower() == ".wav":
        return there(current.path)
    info = {"INAM": current.name} if current.name else {}
    if current.recipe is not None:
        info["ICMT"] = current.recipe.short()
    recipe = current.recipe.to_json() if current.recipe is not None else None
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableAudio(name=folder.name, reason=(error.strerror or str(error)).lower()) from error
    return files.write(folder / f"{safe_name(current.name)}.wav", current.sound, info=info, recipe=recipe, reuse=True)


def there(path: Path) -> Path:
    """`path` itself. Raises UnreadableAudio where no such file or folder is left."""
    if not path.exists():
        raise UnreadableAudio(name=path.name, reason="it is gone")
    return path


def named(path: Path, name: str) -> bool:
    """Whether `finished` calls a sound with this name so, or with a number behind."""
    stem = safe_name(name)
    return path.stem == stem or bool(re.fullmatch(re.escape(stem) + r" \d+", path.stem))


def safe_name(name: str) -> str:
    """A file name without its suffix that every system takes."""
    cleaned = _UNSAFE.sub(" ", name).strip(" .")[:64].strip(" .")
    return cleaned or "Sound"


def reveal(path: Path) -> None:
    """Show a file or folder in the system's file manager, selected where the system can. Takes a moment on Linux, so the desk
    calls it. Raises UsageError, with the way there, where nothing can show it."""
    if sys.platform == "darwin":
        shown = QProcess.startDetached("open", ["-R", str(path)])
    elif sys.platform == "win32":
        shown = QProcess.startDetached("explorer", ["/select,", str(path)])
    else:
        folder = path if path.is_dir() else path.parent
        shown = _selected(path) or (_manager() and QProcess.startDetached("xdg-open", [str(folder)]))
    if not shown:
        raise UsageError(reason=f"No file manager is there to show it; it lies at {path}")


def _selected(path: Path) -> bool:
    """Whether a file manager was there to open the folder with `path` selected."""
    command = ["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.FileManager1", "--type=method_call"]
    command += ["/org/freedesktop/FileManager1", "org.freedesktop.FileManager1.ShowItems"]
    return path.is_file() and _answer([*command, f"array:string:{path.as_uri()}", "string:"]) is not None


def _manager() -> bool:
    """Whether the desktop knows a program for folders; where it can't say, it may."""
    asked = _answer(["xdg-mime", "query", "default", "inode/directory"])
    return shutil.which("xdg-open") is not None and asked != ""


def _answer(command: list[str]) -> str | None:
    """What a small program says; None where it isn't there, fails or takes too long."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


Kind = Literal["project", "recipe", "sounds", "nothing", "gone", "elsewhere", "foreign"]


@dataclass(frozen=True)
class Dropped:
    """What a drag is: a project to open, a sound of ours with its recipe, sounds to take in, or nothing of use.

    kind: "gone": files that are not there; "elsewhere": addresses on the web; "foreign": neither files nor text
    """

    kind: Kind
    paths: tuple[Path, ...] = ()
    recipe: Recipe | None = None

    @property
    def useful(self) -> bool:
        return self.kind in ("project", "recipe", "sounds")


def dropped(data: QMimeData) -> Dropped:
    """Look at what is dragged. Some programs give paths as mere text."""
    if data.hasUrls():
        paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
        return understand(paths) if paths else Dropped("elsewhere")
    if not data.hasText():
        return Dropped("foreign")
    lines = data.text()[:LONGEST].splitlines()
    paths = [Path(QUrl(line).toLocalFile() if line.startswith("file:") else line) for line in lines if line.strip()]
    found = understand([path for path in paths if path.is_absolute()][:MANY])
    return found if found.useful else Dropped("nothing")


def understand(paths: Sequence[Path]) -> Dropped:
    """Look at dropped files and folders without reading sounds; of very many only that they are: the importer looks closer."""
    from studio.audio import files, riff

    if len(paths) > MANY:
        return Dropped("sounds", tuple(paths))
    try:
        there = [path for path in paths if path.exists()]
    except (OSError, ValueError):  # a name that no file can have
        there = []
    for path in there:
        folder = path.parent if path.name == "project.json" else path
        if (folder / "project.json").is_file():
            return Dropped("project", (folder,))
    sounds = tuple(p for p in there if p.is_dir() or (p.suffix.lower() in files.EXTENSIONS and p.is_file()))
    if len(sounds) == 1 and sounds[0].is_file():
        try:
            data = riff.embedded_recipe(sounds[0])
            if data:
                return Dropped("recipe", sounds, from_json(data).asleep())
        except StudioError:
            pass  # a damaged recipe does not make the sound less of a sound
    return Dropped("sounds" if sounds else "nothing" if there or not paths else "gone", sounds)
