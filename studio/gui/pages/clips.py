"""Clips: the kept sounds. Choose and hear them, edit them without touching the original, export them for others.

A clip is a WAV that never changes and a JSON with its name, tags, stars and edit steps. Every change here is a new JSON and an
undo step; sounds are read, edited and exported by the desk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QSplitter, QStackedLayout, QVBoxLayout, QWidget

from studio.engine.jobs import Ticket, Told
from studio.errors import StudioError
from studio.events import Cancelled, Failed, Finished, Produced, Progress
from studio.export import items
from studio.export.base import Exporter
from studio.gui.drags import Leaving, as_they_are
from studio.gui.pages import clips_work
from studio.gui.pages.clips_drop import ClipDrops
from studio.gui.pages.clips_editor import ClipEditor, Opened
from studio.gui.pages.clips_edits import ClipEdits
from studio.gui.pages.clips_hear import ClipHearing
from studio.gui.pages.clips_list import ClipList
from studio.gui.pages.clips_opening import Opening
from studio.gui.pages.clips_side import ClipSide
from studio.gui.pages.clips_work import LIST, OPEN, PICTURES, as_current, recipe_of
from studio.gui.session import Problem, Session
from studio.gui.tables.clips import ClipModel
from studio.gui.widgets.drop_zone import Empty
from studio.project.state import ClipFile

EXPORT = "clips-export"
PORTION = 12
"""Thumbnails made in one go."""
Changed = Sequence[tuple[ClipFile, ClipFile]]
"""Clips before and after a change."""


class ClipsPage(QWidget):
    """The kept sounds of the open project."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._hear = False  # play the clip that is being opened
        self._wanted: tuple[str, ...] = ()  # to select once they are listed
        self._row = 0  # where the last selection was, for after a deletion
        self._export: Ticket | None = None
        self._made: list[Path] = []  # what it has made so far
        self._asked = 0  # clips in it
        self._build()
        self._wire()
        self.drops = ClipDrops(session, self)
        self._open_project()

    # ---- building
    def _build(self) -> None:
        self.model = ClipModel(self)
        self.list = ClipList(self.model)
        self.editor = ClipEditor()
        self.side = ClipSide()
        self.export = self.side.export
        self.edits = ClipEdits(self._session, (self.list, self.editor, self.side), self._change, self)
        self.opening = Opening(self._session, self.editor.work, self)
        self.hearing = ClipHearing(self._session, self.editor, self.side.rack, self)
        self.side.loops.heard.connect(self.hearing.play_loop)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        parts: tuple[tuple[QWidget, int, int], ...] = ((self.list, 200, 0), (self.editor, 400, 1), (self.side, 264, 0))
        for widget, least, stretch in parts:
            widget.setMinimumWidth(least)
            self.split.addWidget(widget)
            self.split.setStretchFactor(self.split.count() - 1, stretch)
        self.split.setChildrenCollapsible(False)
        self.split.setSizes([232, 600, 304])
        full = QWidget()
        column = QVBoxLayout(full)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.split)
        self.empty = Empty("clips", self.tr("No clips yet — press Keep on a sound you like"), self.tr("Go to Explore"))
        self.waiting = QWidget()
        self.stack = QStackedLayout(self)
        self.stack.setContentsMargins(0, 0, 0, 0)
        for layer in (self.waiting, self.empty, full):
            self.stack.addWidget(layer)
        self._full = full

    def _wire(self) -> None:
        session = self._session
        session.opened.connect(self._open_project)
        session.closed.connect(self._close_project)
        session.clipsChanged.connect(self._reload)
        session.settingsChanged.connect(self._show_home)
        session.desk.event.connect(self._on_desk)
        self.empty.pressed.connect(self._go_explore)
        self.model.renamed.connect(self._rename_clip)
        self.list.chosen.connect(self._choose)
        self.list.walked.connect(self._walk)
        self.list.deleteWanted.connect(self._delete)
        self.list.starsWanted.connect(self._star)
        self.list.dragWanted.connect(self._drag)
        self.list.recipeWanted.connect(self._open_recipe)
        self.list.revealWanted.connect(self._reveal)
        self.list.copyWanted.connect(self._copy)
        self.editor.renamed.connect(self._rename)
        self.editor.starred.connect(self._star)
        self.editor.tagged.connect(self._tag)
        self.editor.recipeWanted.connect(self._open_recipe)
        self.opening.leftOff.connect(self._leave_off)
        self.edits.tried.connect(self._show_tried)
        self.edits.excerpted.connect(self.hearing.play_excerpt)
        self.export.exportWanted.connect(self._start_export)
        self.export.cancelWanted.connect(self._cancel_export)
        self.export.problem.connect(session.complain)
        self.export.dragWanted.connect(self._drag_files)
        self.export.revealWanted.connect(self._reveal_files)
        self.export.copyWanted.connect(self._copy_files)

    # ---- the project
    @Slot()
    def _open_project(self) -> None:
        self._show_home()
        self._reload()

    @Slot()
    def _close_project(self) -> None:
        self.model.set_clips(())
        self.editor.choose(())
        self.edits.show()
        self.hearing.forget()
        self.stack.setCurrentWidget(self.waiting)

    @Slot()
    def _show_home(self, *_: object) -> None:
        project = self._session.project
        if project is not None:
            own = self._session.settings.exports
            self.export.set_home(Path(own) if own else project.exports)

    @Slot()
    def _reload(self) -> None:
        """List the clips again; the answer comes from the desk."""
        if (project := self._session.project) is not None:
            self._session.desk.submit(partial(clips_work.listed, project), tag=LIST, newest=True, urgent=True)

    def receive(self, payload: Any) -> None:
        """From other pages: the id of a clip to show."""
        if isinstance(payload, str):
            self._wanted = (payload,)
            self._reload()

    @Slot(object)
    def _on_desk(self, told: Told) -> None:
        event = told.event
        if told.tag == EXPORT:
            if self._export is not None and told.ticket == self._export.id:
                self._exported(event)
        elif told.tag in (LIST, OPEN, PICTURES) and isinstance(event, Produced):
            project, value = event.value
            if project is self._session.project:
                take: dict[object, Callable[[Any], None]] = {LIST: self._list, OPEN: self._show, PICTURES: self._picture}
                take[told.tag](value)
        elif told.tag == PICTURES and isinstance(event, Finished):
            self._draw()
        elif told.tag == OPEN and isinstance(event, Failed):
            self.editor.refuse(event.sentence, event.hint)
        elif told.tag == LIST and isinstance(event, Failed):
            self._session.complain(event)

    def _list(self, clips: list[ClipFile]) -> None:
        chosen = self._wanted or tuple(c.id for c in self.list.selection)
        current = self.list.current
        if self.model.set_clips(clips) or self._wanted:
            known = {c.id for c in clips}
            left = [id for id in chosen if id in known]
            if not left and clips:
                near = self.list.at(min(self._row, len(clips) - 1)) or clips[0]
                left = [near.id]
            self.list.select(left, current.id if current else "")
            self._wanted = ()
        else:
            self._choose()
        self.stack.setCurrentWidget(self._full if clips else self.empty)
        self._draw()

    def _draw(self) -> None:
        """Ask for the next few thumbnails; in small portions, so that a click never waits for many."""
        missing = self.model.without_picture()[:PORTION]
        project = self._session.project
        if missing and project is not None:
            self._session.desk.submit(partial(clips_work.pictured, project, missing), tag=PICTURES, newest=True, urgent=True)

    def _picture(self, value: tuple[ClipFile, Any]) -> None:
        self.model.set_picture(*value)

    # ---- choosing and hearing
    @Slot()
    def _choose(self) -> None:
        """Show what is selected; the sound comes from the desk, which is asked first of all."""
        clips, clip = self.list.selection, self.list.current
        opened = self.editor.opened
        same = opened is not None and clip is not None and (opened.clip.id, opened.clip.edits) == (clip.id, clip.edits)
        project = self._session.project
        if clip is not None and not same and project is not None:
            original = opened.original if opened is not None and opened.clip.id == clip.id else None
            self.opening.open(project, clip, original)
        self.editor.choose(clips)
        self.export.set_items([items.of_clip(clip) for clip in clips])
        self.edits.show()
        if clip is not None:
            self._row = self.list.row_of(clip.id)
            if same and opened is not None:
                self.editor.open(replace(opened, clip=clip))

    def _show(self, opened: Opened) -> None:
        clip = self.list.current
        if clip is None or (clip.id, clip.edits) != (opened.clip.id, opened.clip.edits):
            return  # it has changed meanwhile: that is on its way
        fresh = self.editor.opened is None or self.editor.opened.sound is not opened.sound
        self.editor.open(replace(opened, clip=clip))
        self.edits.follow()
        if not fresh:
            return
        if self._hear:
            self._hear = False
            self.hearing.play()
        else:
            self.hearing.follow()

    @Slot()
    def _leave_off(self) -> None:
        """The hand did not want to wait for the steps of the open clip: it is again what is heard of it."""
        clip, opened = self.list.current, self.editor.opened
        if clip is None:
            return
        if opened is None or opened.clip.id != clip.id:
            self.editor.refuse(self.tr("Left off: choose it again to compute it"))
            return
        text = self.tr("Leave off")
        self._change(text, [(clip, clip.changed(opened.clip.edits, text, time.time()))])

    @Slot(object)
    def _show_tried(self, opened: Opened) -> None:
        """How it sounds while a dial turns."""
        if self.list.current is not None and self.list.current.id == opened.clip.id:
            self.editor.open(opened)
            self.hearing.follow()

    @Slot()
    def _walk(self) -> None:
        """The hand is on a clip: hear it."""
        clip, opened = self.list.current, self.editor.opened
        if clip is None or len(self.list.selection) > 1:
            return
        if opened is not None and (opened.clip.id, opened.clip.edits) == (clip.id, clip.edits):
            self.hearing.play()
        else:
            self._hear = True

    # ---- changes, each undoable
    def _change(self, text: str, changed: Changed) -> None:
        if changed:
            after, before = [new for _, new in changed], [old for old, _ in changed]
            self._session.do(text, partial(self._save, after), partial(self._save, before))

    def _save(self, clips: Sequence[ClipFile]) -> None:
        project = self._session.project
        if project is None:
            return
        present = {clip.id: clip for clip in self.model.clips}
        clips = [clip.beside(present.get(clip.id, clip)) for clip in clips]
        try:
            for clip in clips:
                project.update_clip(clip)
        except StudioError as error:
            self._session.complain(error)
        known = {clip.id: clip for clip in clips}
        self.model.set_clips([known.get(clip.id, clip) for clip in self.model.clips])  # seen at once, confirmed by the reload
        self._choose()
        self._session.clipsChanged.emit()

    def _each(self, text: str, change: Callable[[ClipFile], ClipFile]) -> None:
        """Change every chosen clip."""
        pairs = [(clip, change(clip)) for clip in self.list.selection]
        self._change(text, [(old, new) for old, new in pairs if old != new])

    @Slot(str)
    def _rename(self, name: str) -> None:
        if len(self.list.selection) == 1:
            self._rename_clip(self.list.selection[0], name)

    @Slot(object, str)
    def _rename_clip(self, clip: ClipFile, name: str) -> None:
        self._change(self.tr("Rename clip"), [(clip, msgspec.structs.replace(clip, name=name))])

    @Slot(int)
    def _star(self, stars: int) -> None:
        self._each(self.tr("Stars"), lambda clip: msgspec.structs.replace(clip, stars=stars))

    @Slot(object)
    def _tag(self, difference: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
        added, removed = difference

        def change(clip: ClipFile) -> ClipFile:
            kept = [tag for tag in clip.tags if tag not in removed]
            return msgspec.structs.replace(clip, tags=tuple(dict.fromkeys((*kept, *added))))

        self._each(self.tr("Tags"), change)

    @Slot()
    def _delete(self) -> None:
        clips = self.list.selection
        if not clips:
            return
        ids = [clip.id for clip in clips]
        self._row = self.list.row_of(ids[0])
        text = self.tr("Delete “{0}”").format(clips[0].name) if len(ids) == 1 else self.tr("Delete {0} clips").format(len(ids))
        self._session.do(text, partial(self._trash, ids), partial(self._restore, ids))
        gone = (
            self.tr("“{0}” deleted").format(clips[0].name) if len(ids) == 1 else self.tr("{0} clips deleted").format(len(ids))
        )
        self._session.tell(self.tr("{0}, Ctrl+Z undoes it").format(gone))

    def _trash(self, ids: Sequence[str]) -> None:
        self._move(ids, "trash_clip")

    def _restore(self, ids: Sequence[str]) -> None:
        self._wanted = tuple(ids)
        self._move(ids, "restore_clip")

    def _move(self, ids: Sequence[str], how: str) -> None:
        project = self._session.project
        if project is None:
            return
        try:
            for id in ids:
                getattr(project, how)(id)
        except StudioError as error:
            self._session.complain(error)
        self._session.clipsChanged.emit()

    # ---- out of here
    @Slot()
    def _go_explore(self) -> None:
        self._session.go("explore")

    @Slot()
    def _open_recipe(self) -> None:
        clip = self.list.current
        if clip is not None and clip.recipe is not None:
            self._session.go("explore", recipe_of(clip))  # with its edits, which are heard there

    @Slot(object, object, str, object)
    def _start_export(self, exporter: Exporter, options: msgspec.Struct, template: str, folder: Path) -> None:
        project, clips = self._session.project, self.list.selection
        if project is None or not clips or self._export is not None:
            return
        self._made, self._asked = [], len(clips)
        self.export.set_running(True)
        self.export.set_progress(0, len(clips), self.tr("Waiting for other work"))
        write = partial(exporter.write, folder=folder, options=options, template=template)
        self._export = self._session.desk.submit(partial(clips_work.exported, project, clips, write), tag=EXPORT)

    @Slot()
    def _cancel_export(self) -> None:
        if self._export is not None:
            self._export.cancel()

    def _exported(self, event: object) -> None:
        if isinstance(event, Progress):
            self.export.set_progress(event.done, event.total or 1, event.note)
        elif isinstance(event, Produced):
            self._made.append(Path(event.path))
        elif isinstance(event, Finished | Failed | Cancelled):
            self._export = None
            self.export.set_running(False)
            if isinstance(event, Failed):
                self._session.complain(event)
            elif isinstance(event, Cancelled):
                self._session.tell(self.tr("Export cancelled, nothing was left behind"))
            else:
                self._written(event.result)

    def _written(self, result: dict[str, Any]) -> None:
        count, problems = len(result.get("files", ())), result.get("problems", ())
        self.export.add_results(self._made)
        self._session.tell(self.tr("1 file exported") if count == 1 else self.tr("{0} files exported").format(count))
        if problems:
            details = "\n".join(f"{p['name']}: {p['reason']}" for p in problems)
            sentence = self.tr("{0} of {1} clips could not be exported.").format(len(problems), self._asked)
            self._session.complain(Problem(sentence, self.tr("The others were."), details))

    def leaving(self) -> list[Leaving]:
        """The chosen clips with their edits, to be dragged out."""
        project, opened = self._session.project, self.editor.opened
        if project is None:
            return []
        found: list[Leaving] = []
        for clip in self.list.selection:
            ready = opened is not None and (opened.clip.id, opened.clip.edits) == (clip.id, clip.edits)
            found.append(partial(as_current, project, clip, opened.sound if opened is not None and ready else None))
        return found

    @Slot()
    def _drag(self) -> None:
        self._session.drags.carry(self.list.view, self.leaving())

    @Slot()
    def _reveal(self) -> None:
        self._session.drags.reveal(self.leaving())

    @Slot()
    def _copy(self) -> None:
        self._session.drags.copy(self.leaving())

    @Slot(object)
    def _drag_files(self, paths: Sequence[Path]) -> None:
        self._session.drags.carry(self.export.results, as_they_are(paths))

    @Slot(object)
    def _reveal_files(self, paths: Sequence[Path]) -> None:
        self._session.drags.reveal(as_they_are(paths))

    @Slot(object)
    def _copy_files(self, paths: Sequence[Path]) -> None:
        self._session.drags.copy(as_they_are(paths))

    # ---- keys
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys of the editor work wherever the focus is on the page, except where something is written."""
        if not (self.hearing.press(event) or self.editor.press(event)):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not self.hearing.release(event):
            super().keyReleaseEvent(event)
