"""The user's preferences: one frozen value, kept as JSON in the place the system has for it. Nothing here belongs to a project.

`load` never raises: a window must open with a missing, broken or newer file. A broken or newer file is set aside, not lost.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import platformdirs

from studio.fields import configure, setting

FORMAT = 1
"""Formats. 1: the first."""

RECENT = 12
"""How many projects the menu remembers."""


class Settings(msgspec.Struct, frozen=True):
    """Everything a person can prefer. `device` and `compute` are names; empty means the system's choice."""

    kind: str = "settings"
    format: int = FORMAT
    theme: Annotated[Literal["dark", "light"], setting("Dark or light window")] = "dark"
    language: Annotated[Literal["system", "en"], setting("Language of the window")] = "system"
    device: Annotated[str, setting("Sound output; empty: the system's choice")] = ""
    buffer: Annotated[float, setting("Sound buffer: raise it if you hear drop-outs", unit="ms", ge=5, le=500)] = 15.0
    volume: Annotated[float, setting("Listening volume", ge=0, le=1)] = 0.8
    loudness_match: Annotated[bool, setting("Play sounds at the same loudness while comparing")] = True
    loop: Annotated[bool, setting("Start again at the end")] = False
    compute: Annotated[Literal["auto", "cpu", "gpu"], setting("Where models run")] = "auto"
    gentle: Annotated[bool, setting("Leave more of the computer to other programs while training")] = False
    midi_input: Annotated[str, setting("MIDI input; empty: every one, “none”: none")] = ""
    midi_controls: dict[str, int] = {}
    """Fader → control that moves it (channel × 128 + number)."""

    let_ring: Annotated[bool, setting("Notes sound to their end after their key is up")] = True
    exports: Annotated[str, setting("Folder for exported and dragged sounds; empty: the project's exports folder")] = ""
    recent: tuple[str, ...] = ()
    welcomed: bool = False
    seen_version: str = ""
    page: str = ""
    folded: tuple[str, ...] = ()
    geometry: str = ""

    def opened(self, project: Path) -> Settings:
        """These settings with `project` as the most recent one."""
        path = str(Path(project).resolve())
        return msgspec.structs.replace(self, recent=(path, *(p for p in self.recent if p != path))[:RECENT])

    def without(self, project: Path | str) -> Settings:
        """These settings without a project that is gone."""
        return msgspec.structs.replace(self, recent=tuple(p for p in self.recent if p != str(project)))

    def changed(self, **values: Any) -> Settings:
        """Raises BadConfig naming the setting that can't be."""
        return configure(self, values)


def default_path() -> Path:
    """Where this user's settings are. WAVEWRIGHT_HOME moves settings and log, for tests and portable use."""
    return home() / "settings.json"


def home() -> Path:
    if override := os.environ.get("WAVEWRIGHT_HOME"):
        return Path(override)
    return Path(platformdirs.user_config_dir("Wavewright", appauthor=False))


def log_folder() -> Path:
    if override := os.environ.get("WAVEWRIGHT_HOME"):
        return Path(override) / "log"
    return Path(platformdirs.user_log_dir("Wavewright", appauthor=False))


def cache_folder() -> Path:
    if override := os.environ.get("WAVEWRIGHT_HOME"):
        return Path(override) / "cache"
    return Path(platformdirs.user_cache_dir("Wavewright", appauthor=False))


def projects_folder() -> Path:
    """Where new projects go unless the user says otherwise."""
    if override := os.environ.get("WAVEWRIGHT_HOME"):
        return Path(override) / "projects"
    return Path(platformdirs.user_documents_dir()) / "Wavewright"


def load(path: Path | None = None) -> Settings:
    """The saved settings, or the defaults where there are none that this version reads."""
    path = path or default_path()
    try:
        data = path.read_bytes()
    except OSError:
        return Settings()
    try:
        found = msgspec.json.decode(data, type=Settings)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = None
    if found is None or found.kind != "settings" or found.format > FORMAT:
        with contextlib.suppress(OSError):
            path.replace(path.with_suffix(".unreadable.json"))
        return Settings()
    return found


def save(settings: Settings, path: Path | None = None) -> None:
    """Whole or not at all. Raises OSError where the folder can't be written."""
    write(path or default_path(), msgspec.json.format(msgspec.json.encode(settings), indent=2))


def write(path: Path, data: bytes) -> None:
    """A file of the user's preferences, whole or not at all. Raises OSError where the folder can't be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
