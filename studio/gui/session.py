"""The open project as the window sees it: what is open, what sounds now, what can be undone, and who does the work.

Pages get one Session and nothing else. They call its methods (requests) and listen to its signals (facts):

    session.play(Current(sound, "Kick 12"))        hear something through the transport
    session.tell(self.tr("12 sounds kept"))        a fact, as a toast
    session.complain(failed_event_or_error)        a problem, in the quiet bar
    session.go("explore", recipe)                  show a page; its `receive(payload)` is called where it has one
    session.do(text, forward, back)                one undoable step: `forward` is run now, on redo again
    session.desk.submit(lambda: work(), tag=...)   files, import, export; never in the window's thread
    session.drags.carry(widget, [...])             out of the window: drag, reveal, copy the path
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from studio import settings as preferences
from studio.audio.sound import Audio, Sound
from studio.engine.jobs import JobRunner, Told
from studio.errors import DeviceError, StudioError
from studio.events import Failed, Finished, Produced, Started, Work, failed
from studio.gui.drags import Drags
from studio.gui.loudness import even_gain
from studio.gui.sound_output import SoundOutput
from studio.gui.undo import Kept, Step, UndoStack
from studio.project.recipe import Recipe
from studio.settings import Settings

if TYPE_CHECKING:
    from studio.audio.player import Player
    from studio.engine.engine import Engine
    from studio.engine.training import Training
    from studio.library.index import Index
    from studio.project.folder import ProjectFolder
    from studio.project.state import ClipFile

log = logging.getLogger(__name__)
FRAME = 33
"""Milliseconds between two looks at the player."""


@dataclass(frozen=True, eq=False)
class Current:
    """What the transport holds: a sound, what to call it, and where it comes from, if anywhere."""

    sound: Audio
    name: str = ""
    recipe: Recipe | None = None
    path: Path | None = None
    even: bool = False
    """It is tried out among others: heard as loud as they are where the user wants that."""

    original: Sound | None = None
    """The sound before the edits of its recipe, where they are steps that can still be taken back."""


@dataclass(frozen=True)
class Problem:
    """Something for the quiet bar: one sentence, one hint, at most one button, details behind “more”."""

    sentence: str
    hint: str = ""
    details: str = ""
    button: str = ""
    action: Callable[[], None] | None = None
    state: str = "warn"


@dataclass(frozen=True)
class Wanted:
    """A page that should be shown, and what it should do with `payload`."""

    page: str
    payload: Any = field(default=None)


class Session(QObject):
    opened = Signal()
    closing = Signal()
    """The project is about to be let go: what is not written yet is written now."""

    closed = Signal()
    renamed = Signal(str)
    soundsChanged = Signal()
    clipsChanged = Signal()
    currentChanged = Signal(object)
    """Current: another sound is in the transport."""

    playingChanged = Signal(bool)
    positionChanged = Signal(object)
    """float: seconds into the current sound, about thirty times a second while it plays; None when it has ended."""

    settingsChanged = Signal(object)
    """Settings: the new value."""

    told = Signal(str)
    problem = Signal(object)
    """Problem, for the quiet bar."""

    wanted = Signal(object)
    """Wanted: somebody asked for a page."""

    noted = Signal()
    """Notes are played over whatever plays."""

    playerChanged = Signal(object)
    """Player or None: the sound output was opened, or lost."""

    def __init__(
        self,
        settings: Settings,
        *,
        desk: JobRunner,
        engine: Engine,
        training: Training,
        settings_path: Path | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.settings = settings
        self.desk, self.engine, self.training = desk, engine, training
        self.project: ProjectFolder | None = None
        self.player: Player | None = None
        self.current: Current | None = None
        self.undo = UndoStack(self)
        self.undo.setUndoLimit(500)
        self._settings_path = settings_path
        self._index: Index | None = None
        self.drags = Drags(self)
        self.output = SoundOutput(self)
        self._lost = False
        self._watch = QTimer(self)
        self._watch.setInterval(FRAME)
        self._watch.setTimerType(Qt.TimerType.PreciseTimer)
        self._watch.timeout.connect(self._follow)
        desk.event.connect(self._on_desk)
        engine.failed.connect(self.complain)
        training.failed.connect(self.complain)

    # ---- the project
    def open(self, path: Path | str) -> bool:
        """Close what is open and open `path`. Problems are told in the quiet bar; then what was open stays open."""
        from studio.project.folder import ProjectFolder

        path = Path(path)
        if self.project is not None and self.project.root.resolve() == path.resolve():
            return True
        try:
            project = ProjectFolder.open(path)
        except StudioError as error:
            self.complain(error)
            if not path.exists():
                self._save(self.settings.without(path))
            return False
        self._take(project)
        return True

    def create(self, path: Path | str, name: str = "") -> bool:
        """Make a new project folder and open it."""
        from studio.project.folder import ProjectFolder

        path = Path(path)
        try:
            project = ProjectFolder.create(path, name or path.name)
        except StudioError as error:
            self.complain(error)
            return False
        self._take(project)
        return True

    def close(self) -> None:
        """Let go of the project: its lock, its index, its undo history. Training goes on."""
        if self.project is None:
            return
        self.closing.emit()
        self.stop()
        self.desk.cancel("import")
        self.undo.clear()
        self.training.watch(None)
        if self._index is not None:
            self._index.close()
            self._index = None
        project, self.project = self.project, None
        project.close()
        self.current = None
        self.closed.emit()

    def _take(self, project: ProjectFolder) -> None:
        self.close()
        self.project = project
        self._save(self.settings.opened(project.root))
        self.training.watch(project)
        log.info("opened %s", project.root)
        self.opened.emit()

    def rename(self, name: str) -> None:
        """Give the open project another name; undoable. Its folder keeps its own."""
        project = self.project
        if project is None or not name.strip() or name.strip() == project.name:
            return
        old, new = project.name, name.strip()
        self.do(self.tr("Rename project"), lambda: self._rename(project, new), lambda: self._rename(project, old))

    def _rename(self, project: ProjectFolder, name: str) -> None:
        try:
            project.rename(name)
        except StudioError as error:
            self.complain(error)
        self.renamed.emit(name)

    @property
    def index(self) -> Index:
        """The sounds of the open project, for the window's thread only. Ask `project is None` first."""
        from studio.library.index import Index

        if self.project is None:
            raise StudioError(reason="no project is open")
        if self._index is None:
            self._index = Index(self.project)
        return self._index

    # ---- preferences
    def change(self, **values: Any) -> None:
        """Change settings by name; they are checked, saved and told."""
        try:
            self._save(self.settings.changed(**values))
        except StudioError as error:
            self.complain(error)

    def _save(self, settings: Settings) -> None:
        if settings == self.settings:
            return
        self.settings = settings
        try:
            preferences.save(settings, self._settings_path)
        except OSError as error:
            log.warning("settings not saved: %s", error)
        self.settingsChanged.emit(settings)

    # ---- listening
    def set_player(self, player: Player | None) -> None:
        """The sound output, once it is open; None where there is none."""
        self.player, self._lost = player, False
        if player is not None:
            player.set_volume(self.settings.volume**2)
        self.playerChanged.emit(player)

    def set_current(self, current: Current) -> None:
        """Put a sound into the transport without playing it."""
        self.current = current
        self.currentChanged.emit(current)

    def play(self, current: Current | None = None, *, at: float = 0.0, compare: bool = False) -> None:
        """Hear `current` (or what is in the transport) from second `at`. Without a sound output it is only shown.

        `compare`: it is held against another one, so it plays at the common loudness in any case."""
        if current is not None:
            self.set_current(current)
        if self.current is None or self.player is None:
            return
        try:
            gain = self._gain(self.current, compare)
            self.player.play(self.current.sound, loop=self.settings.loop, gain=gain, at=at)
        except StudioError as error:
            self._lose(error)
            return
        self._watch.start()
        self.playingChanged.emit(True)

    def exchange(self, current: Current, *, shift: float = 0.0) -> None:
        """`current` takes the place of what is in the transport; where that plays, it goes on from the same moment, or `shift`
        seconds from there, without a seam."""
        self.set_current(current)
        if self.player is None or not self.playing:
            return
        try:
            self.player.exchange(current.sound, gain=self._gain(current), shift=shift)
        except StudioError as error:
            self._lose(error)

    def _gain(self, current: Current, compare: bool = False) -> float:
        even = compare or (current.even and self.settings.loudness_match)
        return even_gain(current.sound) if even and isinstance(current.sound, Sound) else 1.0

    def stop(self) -> None:
        if self.player is not None:
            self.player.stop()
        self._end()

    def toggle(self) -> None:
        """Space: play what is in the transport, or stop it."""
        if self.playing:
            self.stop()
        else:
            self.play()

    def set_loop(self, on: bool) -> None:
        """L: what plays goes round and round, from now on."""
        self.change(loop=on)
        if self.player is not None:
            self.player.set_loop(on)

    @property
    def playing(self) -> bool:
        return self.player is not None and self.player.playing

    @Slot()
    def _follow(self) -> None:
        player = self.player
        if player is None or player.lost:
            self._lose(DeviceError(reason="the sound device went away"))
        elif player.playing:
            self.positionChanged.emit(player.position)
        else:
            self._end()

    def _end(self) -> None:
        self._watch.stop()
        self.positionChanged.emit(None)
        self.playingChanged.emit(False)

    def _lose(self, error: StudioError) -> None:
        self._end()
        if not self._lost:
            self._lost = True
            again = Problem(error.message, error.advice, button=self.tr("Settings"), action=self._show_settings)
            self.complain(again)

    def _show_settings(self) -> None:
        self.go("settings")

    # ---- keeping
    def keep(self, current: Current | None = None) -> None:
        """K: the sound becomes a clip of the project. Written by the desk; undoable."""
        current = current or self.current
        project = self.project
        if current is None or project is None:
            return

        def work() -> Work:
            yield Started(what="keep")
            clip = as_clip(project, current)
            yield Produced(kind="clip", value=clip)
            yield Finished()

        self.desk.submit(work, tag="keep")

    @Slot(object)
    def _on_desk(self, told: Told) -> None:
        if told.tag != "keep":
            return
        if isinstance(told.event, Produced) and self.project is not None:
            clip = told.event.value
            self.undo.push(Kept(self, clip.id, self.tr("Keep “{name}”").format(name=clip.name)))
            self.tell(self.tr("Kept “{name}” in Clips").format(name=clip.name))
            self.clipsChanged.emit()
        elif isinstance(told.event, Failed):
            self.complain(told.event)

    # ---- undo
    def do(self, text: str, forward: Callable[[], Any], back: Callable[[], Any]) -> None:
        """Run `forward` now and remember how to take it `back`. Both say what changed by emitting the session's signals."""
        self.undo.push(Step(text, forward, back))

    # ---- saying things
    def tell(self, text: str) -> None:
        """A fact, past tense, as a toast."""
        self.told.emit(text)

    @Slot(object)
    def complain(self, what: StudioError | Failed | Problem | BaseException) -> None:
        """A problem, in the quiet bar."""
        if isinstance(what, BaseException):
            what = failed(what, "" if isinstance(what, StudioError) else "".join(traceback.format_exception(what)))
        if isinstance(what, Failed):
            what = Problem(what.sentence, what.hint, what.details)
        self.problem.emit(what)

    def go(self, page: str, payload: Any = None) -> None:
        """Show a page: sounds, train, explore, clips or settings. `payload` goes to its `receive` method."""
        self.wanted.emit(Wanted(page, payload))


def as_clip(project: ProjectFolder, current: Current) -> ClipFile:
    """`current` as a clip of the project: an untouched original and its edits as steps where it has one. Raises StudioError."""
    if current.original is None or current.recipe is None:
        return project.keep(current.sound, current.recipe, current.name)
    made, steps = current.recipe.parted()
    return project.keep(current.original, made, current.name, edits=steps)
