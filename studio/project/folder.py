"""The project on disk: the only module that knows its file names. The window, the CLI and every long work go through here.

    with ProjectFolder.create(Path("My drums")) as project:
        clip = project.keep(sound, recipe, "Soft kick")

A project that opens stays open-able: each write is whole or not there (atomic.py), a clip is finished once its JSON stands,
and what is deleted waits in `.studio/trash` for an undo.
"""

from __future__ import annotations

import os
import re
import socket
import time
import uuid
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import filelock
import msgspec

import studio
from studio.audio import files, riff
from studio.audio.sound import Audio, Sound
from studio.errors import AlreadyThere, BrokenFile, NotAProject, ProjectBusy, StudioError, UnwritableAudio
from studio.project import atomic, materials, recipe
from studio.project.formats import current
from studio.project.recipe import Recipe
from studio.project.renders import Renders
from studio.project.state import ClipFile, ProjectFile

_FOLDERS = ("cache", "runs", "clips", "exports", ".studio")
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")
_RUN = re.compile(r"[^/\\:*?\"<>|\x00-\x1f.][^/\\:*?\"<>|\x00-\x1f]{0,120}")


class Holder(msgspec.Struct, frozen=True):
    """.studio/holder.json: who has the project open, for the sentence of ProjectBusy. The lock itself is the system's."""

    kind: str = "holder"
    format: int = 1
    pid: int = 0
    host: str = ""
    since: float = 0.0


class ProjectFolder:
    """An open project. One process opens it with its lock and writes; readers open it with `lock=False`."""

    def __init__(self, root: Path, file: ProjectFile, lock: filelock.BaseFileLock | None) -> None:
        self.root = root
        self._file = file
        self._lock = lock
        self._seen: dict[str, tuple[tuple[int, int], ClipFile]] = {}
        self.broken: list[StudioError] = []
        """Why clips that `clips()` left out could not be read."""

    # ---- open and close
    @classmethod
    def create(cls, path: Path | str, name: str = "") -> Self:
        """A new project in a folder that is not there yet, or empty. Raises AlreadyThere, NotSaved, DiskFull."""
        root = Path(path).absolute()
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise AlreadyThere(name=root.name)
        file = ProjectFile(app=studio.__version__, id=uuid.uuid4().hex, name=name or root.name, created=time.time())
        try:
            for folder in _FOLDERS:
                (root / folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise atomic.not_saved(root, error) from error
        atomic.write_json(root / "project.json", file)
        return cls.open(root)

    @classmethod
    def open(cls, path: Path | str, lock: bool = True) -> Self:
        """Raises NotAProject, NewerFormat, BrokenFile; with `lock` also ProjectBusy, NotSaved."""
        root = Path(path).absolute()
        try:
            file = atomic.read_json(root / "project.json", ProjectFile, "project")
        except (FileNotFoundError, NotADirectoryError):
            raise NotAProject(name=root.name) from None
        for folder in ("clips", "clips/material", ".studio"):  # nothing is done through a link that a stranger's project holds
            if (root / folder).is_symlink():
                raise BrokenFile(name=root.name, reason=f"its folder “{folder}” leads somewhere else")
        if not lock:
            return cls(root, file, None)
        try:
            for folder in _FOLDERS:
                (root / folder).mkdir(exist_ok=True)
        except OSError as error:
            raise atomic.not_saved(root, error) from error
        held = _take_lock(root, file.name)
        project = cls(root, file, held)
        try:
            atomic.write_json(
                root / ".studio" / "holder.json", Holder(pid=os.getpid(), host=socket.gethostname(), since=time.time())
            )
            project._tidy()
        except BaseException:
            held.release()
            raise
        return project

    def held(self) -> bool:
        """Whether somebody else has it open with its lock: a window, mostly."""
        if self._lock is not None or not (self.root / ".studio" / "holder.json").exists():
            return False
        try:
            _take_lock(self.root, self.name).release()
        except ProjectBusy:
            return True
        except StudioError:
            return False
        return False

    def close(self) -> None:
        """Let others open it. Closing twice is fine."""
        if self._lock is not None:
            with suppress(OSError):
                (self.root / ".studio" / "holder.json").unlink(missing_ok=True)
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # ---- names
    @property
    def id(self) -> str:
        return self._file.id

    @property
    def name(self) -> str:
        return self._file.name

    @property
    def library_path(self) -> Path:
        return self.root / "library.sqlite"

    @property
    def sounds(self) -> Path:
        """Where sounds go that are copied into the project."""
        return self.root / "sounds"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @cached_property
    def renders(self) -> Renders:
        """Clips too long to be read whole, and what was computed for them."""
        return Renders(self.cache / "clips", self.material)

    @property
    def runs_dir(self) -> Path:
        return self.root / "runs"

    @property
    def searches_dir(self) -> Path:
        """Searches for better settings (training/searches.py)."""
        return self.root / "searches"

    @property
    def presets_path(self) -> Path:
        """Settings with a name (training/presets.py)."""
        return self.root / "presets.json"

    @property
    def clips_dir(self) -> Path:
        return self.root / "clips"

    @property
    def material_dir(self) -> Path:
        return self.clips_dir / "material"

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    @property
    def pins_path(self) -> Path:
        return self.root / "pins.json"

    @property
    def axes_path(self) -> Path:
        return self.root / "axes.json"

    @property
    def history_path(self) -> Path:
        """Where one has been in Explore (explore/history.py)."""
        return self.root / "history.json"

    @property
    def trash(self) -> Path:
        return self.root / ".studio" / "trash"

    @property
    def backup(self) -> Path:
        return self.root / ".studio" / "backup"

    def rename(self, name: str) -> None:
        """Give the project another name; its folder keeps its own."""
        file = msgspec.structs.replace(self._file, name=name.strip() or self.name, app=studio.__version__)
        self._save(self.root / "project.json", file)
        self._file = file

    # ---- clips
    def clips(self) -> list[ClipFile]:
        """Every finished clip, newest first. What can't be read is left where it is and told in `broken`."""
        found: dict[str, tuple[tuple[int, int], ClipFile]] = {}
        broken: list[StudioError] = []
        for path in _jsons(self.clips_dir):
            try:
                facts = path.stat()
                stamp = (facts.st_mtime_ns, facts.st_size)
                known = self._seen.get(path.stem)
                clip = known[1] if known and known[0] == stamp else self._read_clip(path)
            except FileNotFoundError:
                continue  # trashed in between
            except StudioError as error:
                broken.append(error)
            else:
                found[path.stem] = (stamp, clip)
        self._seen, self.broken = found, broken
        return sorted((clip for _, clip in found.values()), key=lambda clip: (-clip.created, clip.id))

    def clip(self, id: str) -> ClipFile:
        """Raises BrokenFile, also where there is no such clip, and NewerFormat."""
        try:
            return self._read_clip(self._clip_json(id))
        except FileNotFoundError:
            raise BrokenFile(name=id[:64], reason="there is no such clip") from None

    def keep(
        self,
        sound: Audio,
        recipe: Recipe | None,
        name: str,
        tags: tuple[str, ...] = (),
        edits: tuple[dict[str, Any], ...] = (),
    ) -> ClipFile:
        """Make `sound` a clip, with `edits` as its steps: finished, and safe from every crash, when this returns. Raises
        DiskFull, NotSaved."""
        clip = ClipFile(
            id=uuid.uuid4().hex,
            name=name,
            tags=tags,
            created=time.time(),
            recipe=recipe,
            edits=edits,
            rate=sound.rate,
            frames=sound.frames,
            channels=sound.channels,
        )
        path = self.clip_path(clip.id)
        info = {"INAM": name} | ({"ICMT": recipe.short()} if recipe else {})
        try:
            files.write(path, sound, subtype="FLOAT", info=info, recipe=recipe.to_json() if recipe else None)
        except UnwritableAudio as error:
            with suppress(OSError):
                path.unlink(missing_ok=True)
            if isinstance(error.__cause__, OSError):
                raise atomic.not_saved(path, error.__cause__) from error
            raise
        try:
            self._save(self._clip_json(clip.id), clip)
        except StudioError:
            if not self._clip_json(clip.id).exists():
                with suppress(OSError):
                    path.unlink()
            raise
        return clip

    def update_clip(self, clip: ClipFile) -> None:
        """Save another name, tags, stars or edits. Raises BrokenFile where there is no such clip, DiskFull, NotSaved."""
        if not self._clip_json(clip.id).exists():
            raise BrokenFile(name=clip.name, reason="there is no such clip")
        self._save(self._clip_json(clip.id), clip)

    def clip_path(self, id: str) -> Path:
        """The WAV as it was kept. Raises BrokenFile on an id that could lead out of the project."""
        return self.clips_dir / f"{_checked(id, _ID)}.wav"

    def clip_sound(self, id: str) -> Sound:
        """The sound as it was kept, without its edits. Raises UnreadableAudio."""
        return files.read(self.clip_path(id))

    def keep_material(self, sound: Sound) -> str:
        """Keep a sound that an edit brings in; what the step calls it. Raises EmptyAudio, DiskFull, NotSaved."""
        return materials.keep(self.material_dir, sound)

    def material(self, id: str) -> Sound:
        """The sound a step calls `id`: the `materials` of steps.apply. Raises MissingMaterial."""
        return materials.read(self.material_dir, id)

    def trash_clip(self, id: str) -> None:
        """Take a clip away until `restore_clip`. Raises BrokenFile where there is no such clip, NotSaved."""
        if not self._clip_json(id).exists():
            raise BrokenFile(name=id, reason="there is no such clip")
        self._move_clip(id, self.clips_dir, self.trash, json_first=True)

    def restore_clip(self, id: str) -> ClipFile:
        """Undo `trash_clip`. Raises BrokenFile where it is not in the trash, NotSaved."""
        if not (self.trash / f"{_checked(id, _ID)}.json").exists():
            raise BrokenFile(name=id, reason="it is not in the trash")
        self._move_clip(id, self.trash, self.clips_dir, json_first=False)
        return self.clip(id)

    # ---- runs
    def runs(self) -> list[Path]:
        """Folders of all training runs, oldest name first."""
        if not self.runs_dir.is_dir():
            return []
        return sorted(p for p in self.runs_dir.iterdir() if p.suffix != ".partial" and (p / "config.json").is_file())

    def run_path(self, name: str) -> Path:
        """Where the run of that name is or would be. Raises BrokenFile on a name that could lead out of the project."""
        return self.runs_dir / _checked(name, _RUN)

    def new_run_name(self, family: str) -> str:
        """The first free `<date>-<family>-<n>`; runs in the trash keep theirs, so that they can come back."""
        stem = f"{time.strftime('%Y-%m-%d')}-{family}-"
        folders = [folder for folder in (self.runs_dir, self.trash) if folder.is_dir()]
        taken = {path.name.removesuffix(".partial") for folder in folders for path in folder.iterdir()}
        return next(f"{stem}{n}" for n in range(1, len(taken) + 2) if f"{stem}{n}" not in taken)

    def trash_run(self, name: str) -> None:
        """Take a run away until `restore_run`. Raises NotSaved, AlreadyThere."""
        atomic.move(self.run_path(name), self.trash / name)

    def restore_run(self, name: str) -> Path:
        """Undo `trash_run`. Raises NotSaved, AlreadyThere."""
        atomic.move(self.trash / _checked(name, _RUN), self.run_path(name))
        return self.run_path(name)

    # ---- inside
    def _clip_json(self, id: str) -> Path:
        return self.clips_dir / f"{_checked(id, _ID)}.json"

    def _read_clip(self, path: Path) -> ClipFile:
        clip = atomic.read_json(path, ClipFile, "clip")
        if clip.id != path.stem or not _ID.fullmatch(clip.id):
            raise BrokenFile(name=path.name, reason="it carries the name of another clip")
        if clip.rate <= 0 or clip.frames < 0 or not 0 < clip.channels <= 16:
            raise BrokenFile(name=path.name, reason="its rate, frames or channels are impossible")
        if not self.clip_path(clip.id).is_file():
            raise BrokenFile(name=path.name, reason="its sound is gone")
        return clip

    def _save(self, path: Path, value: ProjectFile | ClipFile) -> None:
        """Write, after a copy of an older format went to `.studio/backup`."""
        with suppress(OSError, msgspec.MsgspecError):
            old = path.read_bytes()
            header = msgspec.json.decode(old, type=atomic.Header)
            if header.format < current(header.kind):
                self.backup.mkdir(parents=True, exist_ok=True)
                atomic.write_bytes(self.backup / f"{path.stem}.format{header.format}.json", old)
        atomic.write_json(path, value)

    def _move_clip(self, id: str, source: Path, target: Path, *, json_first: bool) -> None:
        suffixes = (".json", ".wav") if json_first else (".wav", ".json")
        for suffix in suffixes:
            if (source / f"{id}{suffix}").exists():
                atomic.move(source / f"{id}{suffix}", target / f"{id}{suffix}")

    def _tidy(self) -> None:
        """Finish what a killed process left half-way: its partial files go, a trashed clip's WAV follows, a kept WAV whose
        JSON was never written becomes a clip."""
        for folder in (self.root, self.clips_dir, self.material_dir, self.root / ".studio"):
            for path in folder.glob(".*.partial"):
                if f".{os.getpid()}-" in path.name:  # being written by another thread, for the project closed just before
                    continue
                with suppress(OSError):
                    path.unlink()
        for path in self.clips_dir.glob("*.wav"):
            if _ID.fullmatch(path.stem) and not path.with_suffix(".json").exists():
                with suppress(StudioError, OSError):
                    if (self.trash / f"{path.stem}.json").exists():
                        atomic.move(path, self.trash / path.name)
                    else:
                        self._adopt(path)

    def _adopt(self, path: Path) -> None:
        data = riff.embedded_recipe(path)
        info = files.probe(path)
        made = None
        with suppress(BrokenFile):
            made = recipe.from_json(data) if data else None
        clip = ClipFile(
            id=path.stem,
            name=made.short() if made else path.stem[:8],
            created=path.stat().st_mtime,
            recipe=made,
            rate=info.rate,
            frames=info.frames,
            channels=info.channels,
        )
        self._save(path.with_suffix(".json"), clip)


def _take_lock(root: Path, name: str) -> filelock.BaseFileLock:
    """The system drops this lock when its process ends, however it ends, so a stale one is simply free."""
    lock = filelock.FileLock(root / ".studio" / "lock", thread_local=False)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        try:
            holder = atomic.read_json(root / ".studio" / "holder.json", Holder, "holder", ())
            who = f"process {holder.pid} on {holder.host}"
        except (StudioError, OSError):
            who = "another process"
        raise ProjectBusy(name=name, holder=who) from None
    except OSError as error:
        raise atomic.not_saved(root, error) from error
    return lock


def _jsons(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [Path(entry.path) for entry in os.scandir(folder) if entry.name.endswith(".json") and not entry.name.startswith(".")]


def _checked(name: str, shape: re.Pattern[str]) -> str:
    if not shape.fullmatch(name) or name in (".", "..") or name.endswith((".partial", ".")):
        raise BrokenFile(name=name[:64], reason="that is not a name of this project's")
    return name
