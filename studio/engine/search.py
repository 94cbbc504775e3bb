"""The searches of the open project as a window sees them: what their folders say, and who starts and stops them.

A search is a process of its own, `wavewright search PROJECT --resume NAME`, that outlives the window; nothing here trains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from studio.engine import trainers
from studio.errors import StudioError, TrainingError
from studio.events import failed
from studio.training import children, presets
from studio.training.presets import Preset
from studio.training.searches import WORKING, SearchFile, SearchFolder, SearchStatus, Trial, all_of, preset_of

if TYPE_CHECKING:
    from studio.project.folder import ProjectFolder

LOOK = 1000
"""Milliseconds between two looks at the folders."""

LOG = "search.log"


@dataclass(frozen=True)
class SearchView:
    """One search as it stands. alive: a process works on it, or begins to."""

    name: str
    file: SearchFile
    status: SearchStatus
    alive: bool

    @property
    def resumable(self) -> bool:
        return not self.alive and self.status.state != "finished"


class Searches(QObject):
    changed = Signal(object)
    """tuple[SearchView, ...]: the oldest first."""

    failed = Signal(object)
    """Failed: a search could not be started, or a folder could not be written."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._project: ProjectFolder | None = None
        self._files: dict[str, SearchFile] = {}
        self._started: dict[str, int] = {}  # by name the process that has said nothing yet
        self._views: tuple[SearchView, ...] = ()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK)
        self._timer.timeout.connect(self.look)

    @property
    def views(self) -> tuple[SearchView, ...]:
        return self._views

    @property
    def active(self) -> SearchView | None:
        return next((view for view in self._views if view.alive), None)

    def watch(self, project: ProjectFolder | None) -> None:
        """Watch the searches of this project; None lets go. They go on."""
        self._timer.stop()
        self._project = project
        self._files.clear()
        if project is not None:
            self._timer.start()
        self.look()

    # ---- what is asked
    def begin(self, **words: Any) -> str:
        """A new search, as SearchFolder.create wants it, begun at once. Returns its name.

        Raises BadConfig, DiskFull, NotSaved.
        """
        assert self._project is not None
        folder = SearchFolder.create(self._project, **words)
        self.go_on(folder.name)
        return folder.name

    def go_on(self, name: str) -> None:
        """Start the process of a search that has not begun, was stopped or was killed."""
        assert self._project is not None
        folder = SearchFolder(self._project.searches_dir / name)
        try:
            self._started[name] = trainers.spawn(self.command(folder), folder.path, LOG)
        except OSError as problem:
            self.failed.emit(failed(TrainingError(reason=f"the search could not be started ({problem})")))
        self.look()

    def stop(self, name: str) -> None:
        """At a safe point; `go_on` goes on there."""
        assert self._project is not None
        try:
            SearchFolder(self._project.searches_dir / name).ask_to_stop()
        except StudioError as error:
            self.failed.emit(failed(error))

    def keep(self, view: SearchView, trial: Trial) -> Preset:
        """The settings of a trial as a preset with the name of the search. Raises DiskFull, NotSaved, NewerFormat."""
        assert self._project is not None
        preset = preset_of(view.file, trial)
        presets.save(self._project, preset)
        return preset

    @staticmethod
    def command(folder: SearchFolder) -> list[str]:
        return children.command("search", folder.project, "--resume", folder.name)

    # ---- looking
    @Slot()
    def look(self) -> None:
        trainers.collect()
        found = tuple(self._view(folder) for folder in self._known()) if self._project is not None else ()
        if found != self._views:
            self._views = found
            self.changed.emit(found)

    def _known(self) -> list[SearchFolder]:
        assert self._project is not None
        there = []
        for folder in all_of(self._project):
            try:
                if folder.name not in self._files:
                    self._files[folder.name] = folder.file
            except StudioError:
                continue  # a damaged one is left where it is
            there.append(folder)
        return there

    def _view(self, folder: SearchFolder) -> SearchView:
        status, alive = folder.status(), folder.alive()
        pid = self._started.get(folder.name)
        if pid is not None:
            if status.pid == pid:
                del self._started[folder.name]
            elif trainers.exists(pid):
                alive = True
            elif status.state in ("queued", *WORKING):
                words = trainers.last_words(folder.path, log=LOG)
                status = msgspec.structs.replace(status, state="failed", error="The search ended before it began.", hint=words)
        return SearchView(folder.name, self._files[folder.name], status, alive)
