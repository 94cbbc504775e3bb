"""From requests to sounds, newest first, and from dots to what they sound like. Explore's two ways to make itself heard."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot

from studio.audio import files
from studio.engine.engine import Engine
from studio.engine.jobs import Ticket, Told
from studio.errors import StudioError
from studio.gui.session import Current, Session
from studio.gui.widgets.later import Later
from studio.project.folder import ProjectFolder
from studio.project.recipe import Request
from studio.project.state import ClipFile

DWELL = 70
"""Milliseconds the pointer rests on a dot before it is heard."""
LONGEST = 8.0
"""Seconds of a file that a dot plays at most."""


class Rendering(QObject):
    """One request at a time is with the engine; of those that come meanwhile only the newest is kept.

    Dropping running ones instead would leave a fast hand without any sound until it rests.
    """

    def __init__(self, engine: Engine, parent: QObject) -> None:
        super().__init__(parent)
        self._engine = engine
        self.asked: Request | None = None  # what is with the engine
        self._ticket: Ticket | None = None
        self._wish: tuple[Request, str, str] | None = None
        engine.runner.event.connect(self._told)

    def ask(self, request: Request, tag: str, backend: str = "") -> None:
        """The answer comes by the engine's `rendered`."""
        if self._ticket is not None:
            self._wish = (request, tag, backend)
        else:
            self.asked, self._ticket = request, self._engine.render(request, tag, backend=backend)

    @property
    def busy(self) -> bool:
        """Something is asked for that has not come."""
        return self._ticket is not None

    def drop(self) -> None:
        self._wish = None

    @Slot(object)
    def _told(self, told: Told) -> None:
        if self._ticket is None or told.ticket != self._ticket.id or not told.last:
            return
        self._ticket = None
        if self._wish is not None:
            wish, self._wish = self._wish, None
            self.ask(*wish)


class DotPlayer(QObject):
    """Plays the sound behind a dot or a clip once the pointer has rested there, or at once when asked."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._over: Path | ClipFile | None = None
        self._later = Later(self)
        self._later.done.connect(self._read)
        self._dwell = QTimer(self)
        self._dwell.setSingleShot(True)
        self._dwell.setInterval(DWELL)
        self._dwell.timeout.connect(self._rested)

    def point_at(self, what: Path | ClipFile | None) -> None:
        """The pointer is over this sound; None: over nothing."""
        self._over = what
        if what is None:
            self._dwell.stop()
        else:
            self._dwell.start()

    @Slot()
    def _rested(self) -> None:
        if self._over is not None:
            self.hear(self._over)

    def hear(self, what: Path | ClipFile) -> None:
        project = self._session.project
        if isinstance(what, Path):
            self._later.ask(partial(file_sound, what))
        elif project is not None:
            self._later.ask(partial(_clip, project, what))

    @Slot(object)
    def _read(self, answer: object) -> None:
        if isinstance(answer, Current):
            self._session.play(answer)
        elif isinstance(answer, StudioError):
            self._session.complain(answer)


def file_sound(path: Path) -> Current:
    """The beginning of a file, to be heard. Raises what files.read raises."""
    info = files.probe(path)
    return Current(files.read(path, frames=min(info.frames, int(LONGEST * info.rate))), path.name, None, path, even=True)


def _clip(project: ProjectFolder, clip: ClipFile) -> Current:
    return Current(project.clip_sound(clip.id), clip.name, clip.recipe, project.clip_path(clip.id), even=True)
