"""What becomes of the steps of the chosen clips: added, turned, pasted, given to others, gone back to.

Each change is a new ClipFile and one undo step, which the page saves; what is only tried is rendered by the desk and heard.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QCursor, QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from studio.audio.sound import Audio, Sound
from studio.engine.jobs import Told
from studio.events import Failed, Produced
from studio.gui import theme
from studio.gui.pages import clips_try
from studio.gui.pages.clips_begin import begun
from studio.gui.pages.clips_clipboard import Clipboard
from studio.gui.pages.clips_editor import ClipEditor, Opened
from studio.gui.pages.clips_list import ClipList
from studio.gui.pages.clips_side import ClipSide
from studio.gui.pages.clips_try import BRING, TRY, Prefix, stretch_of
from studio.gui.pages.clips_words import called
from studio.gui.pages.clips_work import sound_of
from studio.gui.session import Session
from studio.project.state import ClipFile

OTHERS = 20
"""Other clips that are offered to be brought in."""
Changed = Sequence[tuple[ClipFile, ClipFile]]
Steps = Sequence[dict[str, Any]]


class ClipEdits(QObject):
    """Joins the editor, the rack and the history to the page's way of saving."""

    tried = Signal(object)
    """Opened: how the open clip sounds with steps that are not saved (yet)."""

    excerpted = Signal(object, float)
    """The same of a long clip: a few seconds of it as a Sound, and where they begin."""

    def __init__(
        self,
        session: Session,
        parts: tuple[ClipList, ClipEditor, ClipSide],
        change: Callable[[str, Changed], None],
        page: QWidget,
    ) -> None:
        """`change` saves clips before and after, undoably, under a name."""
        super().__init__(page)
        self._session, self._change = session, change
        self._list, self._editor, self._side = parts
        self._rack, self._history, self._loops = self._side.rack, self._side.history, self._side.loops
        self.clipboard = Clipboard(self)
        self._prefix = Prefix()
        self._trying: tuple[dict[str, Any], ...] | None = None
        self._unfold = False
        self._waiting: dict[str, Any] | None = None  # a step for which a file is being chosen
        editor, rack = self._editor, self._rack
        session.desk.event.connect(self._on_desk)
        self.clipboard.changed.connect(self._show_clipboard)
        editor.stepWanted.connect(self.add)
        editor.materialWanted.connect(self._ask_material)
        editor.clipboardWanted.connect(self._clip)
        editor.selected.connect(rack.set_selection)
        editor.told.connect(session.tell)
        rack.tried.connect(self._try)
        rack.wanted.connect(self._take)
        rack.copyWanted.connect(self.clipboard.put_steps)
        rack.pasteWanted.connect(self.paste_steps)
        rack.shareWanted.connect(self._share)
        rack.clearWanted.connect(self.clear)
        rack.chains.chosen.connect(self.add_chain)
        rack.chains.told.connect(session.tell)
        rack.chains.problem.connect(session.complain)
        self._history.chosen.connect(self._go)
        editor.loopsWanted.connect(self.find_loops)
        self._loops.shown.connect(editor.select)
        self._loops.wanted.connect(self._use_loop)
        self._loops.closed.connect(self._close_loops)
        for keys, slot in (
            ("Ctrl+C", self.copy),
            ("Ctrl+X", self.cut),
            ("Ctrl+V", self.paste),
            ("Ctrl+Shift+C", self.copy_steps),
            ("Ctrl+Shift+V", self.paste_steps),
        ):
            shortcut = QShortcut(QKeySequence(keys), page, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(slot)

    # ---- what is shown
    def show(self) -> None:
        """The steps and the history of the clip that is open, once it is chosen or has changed."""
        clip = self._list.current
        self._trying = None
        seconds = self._editor.opened.sound.seconds if self._editor.opened is not None else clip.seconds if clip else 1.0
        self._rack.show_steps(clip.edits if clip is not None else (), max(seconds, clip.seconds if clip else 0.0))
        self._history.show_branches(clip.branches if clip is not None else None)
        if self._unfold:
            self._unfold = False
            self._rack.unfold_last()
        self._show_clipboard()

    @Slot()
    def _show_clipboard(self) -> None:
        self._editor.set_pasteable(self.clipboard.sound is not None or self.clipboard.file is not None)
        clip = self._list.current
        self._rack.set_chosen(len(self._list.selection), clip.name if clip is not None else "", bool(self.clipboard.steps))

    # ---- loops
    @Slot()
    def find_loops(self) -> None:
        """Show the loop finder, which searches the open clip."""
        self._side.show_loops(True)
        self.follow()

    def follow(self) -> None:
        """Another sound is open: the loop finder searches that one."""
        opened = self._editor.opened
        if self._loops.isVisible() and opened is not None:
            self._loops.look_at(opened.sound, self._editor.selection or self._editor.view.wave.view)

    @Slot(object)
    def _use_loop(self, step: dict[str, Any]) -> None:
        self._close_loops()
        self.add(step, unfold=True)

    @Slot()
    def _close_loops(self) -> None:
        self._side.show_loops(False)

    # ---- steps
    def _each(self, text: str, change: Callable[[ClipFile], Steps], clips: Sequence[ClipFile] | None = None) -> None:
        """Other steps for every chosen clip (or for `clips`), as one change."""
        chosen = self._list.selection if clips is None else clips
        now = time.time()
        pairs = [(clip, clip.changed(tuple(change(clip)), text, now)) for clip in chosen]
        self._change(text, [(old, new) for old, new in pairs if old.edits != new.edits])

    @Slot(object, bool)
    def add(self, step: dict[str, Any], unfold: bool = False) -> None:
        """One more step at the end, for every chosen clip."""
        self._unfold = unfold
        self._each(called(step), lambda clip: (*clip.edits, step))

    @Slot(object, str)
    def _take(self, edits: Steps, text: str) -> None:
        clip = self._list.current
        if clip is not None:
            self._each(text, lambda _: edits, [clip])

    @Slot(object)
    def _try(self, edits: tuple[dict[str, Any], ...]) -> None:
        """Render what a dial says now; the newest wins."""
        opened, clip, project = self._editor.opened, self._list.current, self._session.project
        if opened is None or clip is None or project is None or opened.clip.id != clip.id:
            return
        self._trying = edits
        fixed = next((at for at, (a, b) in enumerate(zip(edits, clip.edits)) if a != b), len(edits))
        at = self._editor.view.wave.playhead or 0.0
        work = partial(clips_try.tried, project, opened, edits, fixed, self._prefix, at)
        self._session.desk.submit(work, tag=TRY, newest=True, urgent=True)

    @Slot(object)
    def _on_desk(self, told: Told) -> None:
        event = told.event
        if told.tag not in (TRY, BRING):
            return
        if isinstance(event, Failed):
            self._session.complain(event)
        elif isinstance(event, Produced) and event.value[0] is self._session.project:
            take: dict[str, Callable[[Any], None]] = {
                "clip": self._tried,
                "excerpt": self._excerpted,
                "step": self._brought,
            }
            take[event.kind](event.value[1])

    def _tried(self, opened: Opened) -> None:
        if self._trying == opened.clip.edits:
            self.tried.emit(opened)

    def _excerpted(self, value: tuple[tuple[dict[str, Any], ...], Sound, float]) -> None:
        edits, sound, at = value
        if self._trying == edits:
            self.excerpted.emit(sound, at)

    def paste_steps(self) -> None:
        """The copied steps at the end of those of every chosen clip."""
        if steps := self.clipboard.steps:
            self._each(self.tr("Paste {0} steps").format(len(steps)), lambda clip: (*clip.edits, *steps))

    @Slot(str, object)
    def add_chain(self, name: str, steps: Steps) -> None:
        """The steps of a chain at the end of those of every chosen clip."""
        self._each(name, lambda clip: (*clip.edits, *(dict(step) for step in steps)))

    def copy_steps(self) -> None:
        clip = self._list.current
        if clip is not None and clip.edits:
            self.clipboard.put_steps(clip.edits)
            self._session.tell(self.tr("{0} steps copied").format(len(clip.edits)))

    @Slot()
    def _share(self) -> None:
        """All chosen clips get the steps of the one that is open."""
        clip = self._list.current
        if clip is not None:
            self._each(self.tr("Same steps for {0} clips").format(len(self._list.selection)), lambda _: clip.edits)

    @Slot()
    def clear(self) -> None:
        """No steps any more."""
        self._each(self.tr("Remove all steps"), lambda _: ())

    @Slot(int)
    def _go(self, node: int) -> None:
        clip = self._list.current
        there = clip.branches.node(node) if clip is not None else None
        if clip is not None and there is not None:
            self._change(self.tr("Go to “{0}”").format(there.what or self.tr("As it was kept")), [(clip, clip.gone(node))])

    # ---- sounds that come and go
    @Slot(str)
    def _clip(self, what: str) -> None:
        {"copy": self.copy, "cut": self.cut, "paste": self.paste}[what]()

    def copy(self) -> None:
        """The selection, or the whole sound, for pasting."""
        opened, selection = self._editor.opened, self._editor.selection
        if opened is None:
            return
        sound = stretch_of(opened.sound, selection) if selection is not None else opened.sound
        self.clipboard.put_sound(sound)
        self._session.tell(self.tr("{0} s copied").format(f"{sound.seconds:.3f}"))

    def cut(self) -> None:
        """Copy the selection and take it out."""
        if self._editor.selection is not None:
            self.copy()
            self._editor.remove()

    def paste(self) -> None:
        """What was copied, in place of the selection or where the hand was."""
        opened, clip = self._editor.opened, self._list.current
        if opened is None or clip is None:
            return
        sound, path = self.clipboard.sound, self.clipboard.file
        do = "insert" if self._editor.selection is None else "replace"
        step = begun(do, opened.sound.seconds, self._editor.selection, self._editor.hand)
        if sound is not None:
            self._bring(partial(_same, sound), step, (clip,))
        elif path is not None:
            self._bring(partial(clips_try.read, path), step, (clip,))

    def _bring(self, source: Callable[[], Audio], step: dict[str, Any], clips: Sequence[ClipFile]) -> None:
        project = self._session.project
        if project is not None:
            self._session.desk.submit(partial(clips_try.brought, project, source, tuple(clips), step), tag=BRING, urgent=True)

    def _brought(self, value: tuple[tuple[ClipFile, ...], dict[str, Any]]) -> None:
        """The other sound is kept: the step can be done. Clips that have changed meanwhile get it after their new steps."""
        clips, step = value
        wanted = {clip.id for clip in clips}
        self._each(called(step), lambda clip: (*clip.edits, step), [c for c in self._list.clips if c.id in wanted])

    @Slot(object)
    def _ask_material(self, step: dict[str, Any]) -> None:
        self.materials(step).popup(QCursor.pos())

    def materials(self, step: dict[str, Any]) -> QMenu:
        """Where the other sound of a step can come from: the clipboard, a file, another clip."""
        menu = QMenu(self._editor)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addSection(self.tr("{0}: which sound?").format(called(step)))
        if (sound := self.clipboard.sound) is not None:
            source = partial(_same, sound)
            menu.addAction(theme.icon("paste"), self.tr("What was copied"), partial(self._bring_here, source, step))
        menu.addAction(theme.icon("file"), self.tr("A file…"), partial(self._ask_file, step))
        menu.addSeparator()
        for clip in [c for c in self._list.clips if c not in self._list.selection][:OTHERS]:
            menu.addAction(theme.icon("clips"), clip.name, partial(self._bring_clip, clip, step))
        return menu

    def bring(self, do: str, path: Path, at: float) -> None:
        """A file into the open clip, by this step, from `at` seconds on or in place of the selection."""
        if (opened := self._editor.opened) is not None:
            selection = self._editor.selection if do == "replace" else None
            self._bring_here(partial(clips_try.read, path), begun(do, opened.sound.seconds, selection, at))

    def _bring_here(self, source: Callable[[], Audio], step: dict[str, Any]) -> None:
        self._unfold = True
        self._bring(source, step, self._list.selection)

    def _bring_clip(self, clip: ClipFile, step: dict[str, Any]) -> None:
        project = self._session.project
        if project is not None:
            self._bring_here(partial(sound_of, project, clip), step)

    def _ask_file(self, step: dict[str, Any]) -> None:
        dialog = QFileDialog(self._editor, self.tr("Sound to bring in"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        self._waiting = step
        dialog.fileSelected.connect(self._bring_file)
        dialog.open()

    @Slot(str)
    def _bring_file(self, text: str) -> None:
        if self._waiting is not None:
            self._bring_here(partial(clips_try.read, Path(text)), self._waiting)


def _same(sound: Audio) -> Audio:
    return sound
