"""From a path on the map to sounds: rendered one by one, so that the cursor stays alive, then made one, kept, or a wavetable.

Knows no page: it asks for the requests of the path's places and gives its sounds to the session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QVBoxLayout

from studio.audio.sound import Sound
from studio.engine.engine import Rendered
from studio.engine.jobs import Ticket, Told
from studio.events import Failed, Finished, Produced, Progress, Started, Work
from studio.explore import paths
from studio.gui.drags import as_they_are
from studio.gui.pages.explore_path_bar import PathBar
from studio.gui.session import Current, Problem, Session
from studio.gui.undo import Kept
from studio.gui.widgets.latent_map import LatentMap
from studio.gui.widgets.later import Later
from studio.project.folder import ProjectFolder
from studio.project.recipe import Request
from studio.project.state import ClipFile

TAG, KEEP, TABLE = "explore-path", "keep-path", "path-table"


class PathMaker(QObject):
    placesWanted = Signal(object)
    """(steps, 2): places whose requests `render` is to be called with."""

    def __init__(self, session: Session, map: LatentMap, bar: PathBar, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._map, self._bar = session, map, bar
        self._kind = "morph"
        self._waiting: list[Request] = []
        self._made: list[Rendered] = []
        self._kept: dict[int, tuple[ProjectFolder, list[ClipFile]]] = {}  # by the ticket that keeps them
        self._total = self._round = 0
        self._ticket: Ticket | None = None
        self._joining = Later(self)
        self._joining.done.connect(self._joined)
        home = QVBoxLayout(map)
        home.setContentsMargins(8, 8, 8, 8)
        home.addStretch(1)
        home.addWidget(bar, 0, Qt.AlignmentFlag.AlignHCenter)
        map.pathChanged.connect(self._changed)
        bar.asked.connect(self._asked)
        bar.stepsChanged.connect(self._mark)
        bar.cancelled.connect(self.cancel)
        bar.cleared.connect(self.clear)
        session.engine.runner.event.connect(self._told)
        session.engine.rendered.connect(self._rendered)
        session.desk.event.connect(self._on_desk)
        self._mark()

    # ---- the path
    @Slot()
    def clear(self) -> None:
        """No path any more."""
        self._map.set_path(None)
        self._changed(None)

    @Slot(object)
    def _changed(self, path: paths.Path | None) -> None:
        self.cancel()
        self._bar.setVisible(path is not None)
        self._map.set_footer(self._bar.sizeHint().height() + 4 if path is not None else 0)
        self._mark()

    @Slot()
    def _mark(self) -> None:
        self._map.set_steps(self._bar.count, self._bar.timing, len(self._made) if self._bar.running else 0)

    # ---- its sounds
    @Slot(str)
    def _asked(self, kind: str) -> None:
        self._kind = kind
        self.placesWanted.emit(self._map.way.places())

    def render(self, requests: Sequence[Request]) -> None:
        """Make these, one after the other, and then of them what was asked for."""
        self.cancel()
        self._waiting, self._made, self._total = list(requests), [], len(requests)
        self._round += 1
        self._next()

    def _next(self) -> None:
        self._show(len(self._made), self.tr("Making the sounds…"))
        if self._waiting:
            self._ticket = self._session.engine.render(self._waiting.pop(0), (TAG, self._round), newest=False)
        elif self._made:
            self._finish()

    @Slot()
    def cancel(self) -> None:
        """Make no more of it; what was kept stays."""
        ticket, self._ticket = self._ticket, None
        if ticket is not None:
            ticket.cancel()
        self._joining.drop()
        self._end()

    def _end(self) -> None:
        self._waiting, self._made, self._total = [], [], 0
        self._bar.set_progress(0, 0, "")
        self._mark()

    def _show(self, done: int, words: str) -> None:
        self._bar.set_progress(done, self._total, words)
        self._mark()

    @Slot(object)
    def _rendered(self, made: Rendered) -> None:
        if made.tag == (TAG, self._round) and self._total:
            self._made.append(made)

    @Slot(object)
    def _told(self, told: Told) -> None:
        if self._ticket is None or told.ticket != self._ticket.id or not told.last:
            return
        self._ticket = None
        if isinstance(told.event, Finished):
            self._next()
        else:
            self._end()  # the engine has said why

    # ---- what becomes of them
    def _finish(self) -> None:
        project, sounds = self._session.project, [made.sound for made in self._made]
        if self._kind in ("morph", "chain"):
            join = paths.morphing if self._kind == "morph" else paths.chain
            self._joining.ask(partial(_join, self._round, join, sounds))
        elif project is not None and self._kind == "sounds":
            self._ticket = self._session.desk.submit(partial(_keep, project, self._currents()), KEEP)
            self._kept[self._ticket.id] = (project, [])
        elif project is not None:
            folder = Path(self._session.settings.exports) if self._session.settings.exports else project.exports
            self._ticket = self._session.desk.submit(partial(_table, self._currents(), self._name(), folder), TABLE)

    def _name(self) -> str:
        first, last = (_label(made) for made in (self._made[0], self._made[-1]))
        if not first or not last:
            return self.tr("Path")
        return self.tr("{0} path").format(first) if first == last else self.tr("{0} to {1}").format(first, last)

    def _currents(self) -> list[Current]:
        """Every step under a numbered name, with its recipe."""
        name, wide = self._name(), len(str(self._total))
        return [Current(made.sound, f"{name} {i:0{wide}}", made.recipe) for i, made in enumerate(self._made, 1)]

    @Slot(object)
    def _joined(self, answer: object) -> None:
        number, sound = answer if isinstance(answer, tuple) else (self._round, answer)
        if not self._made or number != self._round:  # cancelled meanwhile
            return
        if isinstance(sound, Sound):
            name = self.tr("{0}, {1} steps").format(self._name(), self._total)
            self._session.play(Current(sound, name))  # many recipes made it, so it has none of its own
            self._session.tell(self.tr("One sound of {0} steps — K keeps it").format(self._total))
        elif isinstance(sound, Exception):
            self._session.complain(sound)
        self._end()

    @Slot(object)
    def _on_desk(self, told: Told) -> None:
        if told.tag not in (KEEP, TABLE):
            return
        mine, event = self._ticket is not None and told.ticket == self._ticket.id, told.event
        if isinstance(event, Produced) and told.ticket in self._kept:
            self._kept[told.ticket][1].append(event.value)
        elif isinstance(event, Progress) and mine:
            words = self.tr("Keeping…") if told.tag == KEEP else self.tr("Making the wavetable…")
            self._bar.set_progress(event.done, event.total or 1, words)
        elif isinstance(event, Failed):
            self._session.complain(event)
        elif isinstance(event, Finished) and told.tag == TABLE:
            self._tell_table(Path(event.result["files"][0]))
        if told.last and told.ticket in self._kept:
            self._tell_kept(*self._kept.pop(told.ticket))
        if told.last and mine:
            self._ticket = None
            self._end()

    def _tell_kept(self, project: ProjectFolder, clips: list[ClipFile]) -> None:
        if not clips or self._session.project is not project:
            return
        self._session.undo.beginMacro(self.tr("Keep {0} sounds").format(len(clips)))
        for clip in clips:
            self._session.undo.push(Kept(self._session, clip.id, clip.name))
        self._session.undo.endMacro()
        self._session.tell(self.tr("Kept {0} sounds in Clips").format(len(clips)))
        self._session.clipsChanged.emit()

    def _tell_table(self, path: Path) -> None:
        words = self.tr("The wavetable “{0}” is in the exports folder.").format(path.name)
        button = self.tr("Show in folder")
        show = partial(self._session.drags.reveal, as_they_are([path]))
        self._session.complain(Problem(words, button=button, action=show, state="info"))


def _label(made: Rendered) -> str:
    return max(made.request.classes, key=lambda name: made.request.classes[name], default="")


def _join(number: int, join: Callable[[Sequence[Sound]], Sound], sounds: Sequence[Sound]) -> tuple[int, Sound]:
    return number, join(sounds)


def _keep(project: ProjectFolder, sounds: list[Current]) -> Work:
    yield Started(what="keep", total=len(sounds))
    for done, current in enumerate(sounds, 1):
        yield Produced(kind="clip", value=project.keep(current.sound, current.recipe, current.name))
        yield Progress(done=done, total=len(sounds))
    yield Finished()


def _table(sounds: list[Current], name: str, folder: Path) -> Work:
    from studio.export.base import Item, exporter

    format = exporter("wavetable")
    items = [Item(current.sound, name if i == 0 else current.name, current.recipe) for i, current in enumerate(sounds)]
    yield from format.write(items, folder, format.Options(table="together"))
