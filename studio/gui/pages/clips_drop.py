"""What is dropped on Clips becomes kept clips: files and folders, walked and read by the desk, one undo step for all of them.
One sound dropped on the open clip can be brought into that instead, where it was let go.

The page makes it and knows nothing else of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QMenu

from studio.audio import files as audio
from studio.audio import riff
from studio.engine.jobs import Told
from studio.errors import StudioError, UsageError
from studio.events import Cancelled, Failed, Finished, Produced, Progress, Started, Work
from studio.gui import theme
from studio.gui.session import Problem, Session
from studio.gui.undo import Kept
from studio.gui.widgets.drop_target import DropTarget, Hand
from studio.library.importer import Found, walk
from studio.project.folder import ProjectFolder
from studio.project.recipe import Recipe, from_json
from studio.project.state import ClipFile

if TYPE_CHECKING:
    from studio.gui.pages.clips import ClipsPage

TAG = "clips-drop"
MOST = 200
"""Sounds that one drop may make clips of; more are a collection."""


class ClipDrops(DropTarget):
    """Lets the page take drops."""

    def __init__(self, session: Session, page: ClipsPage) -> None:
        super().__init__(page, self._offers, self._take)
        self._session, self._clips = session, page
        self._kept: list[ClipFile] = []
        self._problems: list[str] = []
        session.desk.event.connect(self._told)

    def _offers(self, hand: Hand) -> str:
        dropped = hand.dropped
        if dropped.kind not in ("sounds", "recipe"):
            return ""
        one = len(dropped.paths) == 1 and not dropped.paths[0].is_dir()
        if one and (at := self._moment(hand)) is not None:
            name = self._clips.editor.opened.clip.name  # type: ignore[union-attr]
            return self.tr("Drop to bring this sound into “{0}” at {1} s").format(name, f"{at:.3f}")
        if hand.own:
            return ""
        return self.tr("Drop to keep this sound as a clip") if one else self.tr("Drop to keep these sounds as clips")

    def _take(self, hand: Hand) -> None:
        paths = hand.dropped.paths
        at = self._moment(hand) if len(paths) == 1 and not paths[0].is_dir() else None
        if at is None:
            self._keep(paths)
        else:
            self.ways(paths[0], at, hand.own).popup(self._clips.mapToGlobal(hand.at))

    def _keep(self, paths: Sequence[Path]) -> None:
        if (project := self._session.project) is not None:
            self._session.desk.submit(partial(kept, project, tuple(paths)), tag=TAG)

    def _moment(self, hand: Hand) -> float | None:
        """Seconds of the open clip under the hand; None where it is over something else."""
        editor = self._clips.editor
        view, wave = editor.view, editor.view.wave
        over = view.rect().contains(view.mapFrom(self._clips, hand.at)) and view.isVisible()
        return wave.moment(wave.mapFrom(self._clips, hand.at).x()) if over and editor.opened is not None else None

    def ways(self, path: Path, at: float, own: bool) -> QMenu:
        """What can become of a sound that was dropped on the open clip at `at` seconds."""
        menu = QMenu(self._clips)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        bring = self._clips.edits.bring
        menu.addAction(theme.icon("paste"), self.tr("Insert it here"), partial(bring, "insert", path, at))
        menu.addAction(self.tr("Mix it in from here"), partial(bring, "mix", path, at))
        if self._clips.editor.selection is not None:
            menu.addAction(self.tr("Put it in place of the selection"), partial(bring, "replace", path, at))
        menu.addAction(self.tr("Append it at the end"), partial(bring, "splice", path, at))
        if not own:
            menu.addSeparator()
            menu.addAction(theme.icon("clips"), self.tr("Keep it as a clip"), partial(self._keep, (path,)))
        return menu

    @Slot(object)
    def _told(self, told: Told) -> None:
        event = told.event
        if told.tag != TAG:
            return
        if isinstance(event, Produced) and event.kind == "clip":
            self._kept.append(event.value)
        elif isinstance(event, Produced):
            self._problems.append(event.value)
        elif isinstance(event, Failed):
            self._session.complain(event)
        if isinstance(event, Finished | Failed | Cancelled):
            self._finish()

    def _finish(self) -> None:
        clips, self._kept = self._kept, []
        problems, self._problems = self._problems, []
        if clips:
            name, stack = clips[0].name, self._session.undo
            several = self.tr("{0} sounds kept in Clips").format(len(clips))
            stack.beginMacro(self.tr("Keep “{name}”").format(name=name) if len(clips) == 1 else several)
            for clip in clips:
                stack.push(Kept(self._session, clip.id, several))
            stack.endMacro()
            self._session.tell(self.tr("Kept “{name}” in Clips").format(name=name) if len(clips) == 1 else several)
            self._session.clipsChanged.emit()
            self._clips.receive(clips[0].id)
        if problems:
            words = self.tr("{0} of {1} files could not be kept.").format(len(problems), len(problems) + len(clips))
            self._session.complain(Problem(words, problems[0], "\n".join(problems)))


def kept(project: ProjectFolder, paths: Sequence[Path]) -> Work:
    """Every sound under `paths` as a clip, with the recipe that it carries; told as clips, and sentences for what could not be.

    Raises UsageError where there are none, or more than MOST.
    """
    yield Started(what=TAG)
    found = list(itertools.islice(walk(paths, project.root), MOST + 1))
    if len(found) > MOST:
        raise UsageError(reason=f"There are more than {MOST} sounds in this; drop it on Sounds, which is for collections")
    if not found:
        raise UsageError(reason="There is no sound in what was dropped")
    for done, file in enumerate(found):
        yield Progress(done=done, total=len(found), note=Path(file.path).name)
        if not isinstance(file, Found):
            yield Produced(kind="problem", value=f"{Path(file.path).name}: {file.reason}")
            continue
        path = Path(file.path)
        try:
            clip = project.keep(audio.read(path), _recipe(path), path.stem)
        except StudioError as error:
            yield Produced(kind="problem", value=error.message)
        else:
            yield Produced(kind="clip", value=clip)
    yield Finished()


def _recipe(path: Path) -> Recipe | None:
    """What the file says of how it was made; a damaged recipe makes it no less of a sound."""
    try:
        data = riff.embedded_recipe(path)
        return from_json(data).asleep() if data else None
    except StudioError:
        return None
