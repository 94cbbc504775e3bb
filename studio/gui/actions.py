"""Every action with a key, in one table: menus, buttons and the list under F1 show the same thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from studio.gui import theme

PAGES = ("sounds", "train", "explore", "clips")


@dataclass(frozen=True)
class Entry:
    """A row of the shortcut list."""

    keys: str
    text: str


class Actions(QObject):
    """The window's actions by name; `window` carries them, so their keys work on every page."""

    def __init__(self, window: QWidget, slots: dict[str, Callable[[], None]]) -> None:
        super().__init__(window)
        self._all: dict[str, QAction] = {}
        for name, text, icon, keys in self._table():
            action = QAction(theme.icon(icon), text, window)
            action.setShortcuts([QKeySequence(key) for key in keys])
            shown = f" ({action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)})" if keys else ""
            action.setToolTip(text.rstrip("…") + shown)
            action.triggered.connect(slots[name])
            window.addAction(action)
            self._all[name] = action

    def __getitem__(self, name: str) -> QAction:
        return self._all[name]

    def _table(self) -> tuple[tuple[str, str, str, tuple[str, ...]], ...]:
        return (
            ("sounds", self.tr("Sounds"), "sounds", ("Ctrl+1",)),
            ("train", self.tr("Train"), "train", ("Ctrl+2",)),
            ("explore", self.tr("Explore"), "explore", ("Ctrl+3",)),
            ("clips", self.tr("Clips"), "clips", ("Ctrl+4",)),
            ("settings", self.tr("Settings"), "settings", ("Ctrl+,",)),
            ("play", self.tr("Play or stop"), "play", ("Space",)),
            ("loop", self.tr("Loop"), "loop", ("L",)),
            ("keep", self.tr("Keep this sound as a clip"), "keep", ("K",)),
            ("undo", self.tr("Undo"), "undo", ("Ctrl+Z",)),
            ("redo", self.tr("Redo"), "redo", ("Ctrl+Shift+Z", "Ctrl+Y")),
            ("new", self.tr("New project…"), "plus", ("Ctrl+N",)),
            ("open", self.tr("Open project…"), "folder", ("Ctrl+O",)),
            ("add", self.tr("Add a folder of sounds…"), "import", ("Ctrl+I",)),
            ("rename", self.tr("Rename project…"), "edit", ()),
            ("reveal", self.tr("Show the project’s folder"), "reveal", ()),
            ("close", self.tr("Close project"), "close", ("Ctrl+W",)),
            ("theme", self.tr("Dark or light"), "moon", ("Ctrl+Shift+L",)),
            ("help", self.tr("Help and shortcuts"), "help", ("F1",)),
            ("quit", self.tr("Quit"), "close", ("Ctrl+Q",)),
        )

    def shortcuts(self) -> tuple[Entry, ...]:
        """Every key of the window and of its pages' common gestures, for the list under F1."""
        rows = [
            Entry(action.shortcut().toString(QKeySequence.SequenceFormat.NativeText), action.text().rstrip("…"))
            for action in self._all.values()
            if not action.shortcut().isEmpty()
        ]
        rows += [
            Entry(self.tr("Tab, Shift+Tab"), self.tr("Next or previous control")),
            Entry(self.tr("Return"), self.tr("Press the control that has the focus")),
            Entry(self.tr("↑ ↓"), self.tr("Walk through sounds and hear each")),
            Entry(self.tr("← → ↑ ↓"), self.tr("Walk the history on Explore, Return goes there")),
            Entry(self.tr("1 … 9, 0, M"), self.tr("Hear a candidate on Explore, hear all nine, mark one")),
            Entry(self.tr("Shift+A … H"), self.tr("Pin the sound on Explore; the letter alone goes back to it")),
            Entry(self.tr("Z S X …, Q 2 W …"), self.tr("Play notes while Explore shows its keys")),
            Entry(self.tr("Ctrl+drag"), self.tr("Carry a sound out of the map on Explore, into a DAW or a folder")),
            Entry(self.tr("Wheel, Shift+drag"), self.tr("Zoom and move in a waveform")),
            Entry(self.tr("Ctrl+X, C, V"), self.tr("Cut, copy and paste sound on Clips; with Shift, C and V are for steps")),
            Entry(self.tr("T, Delete, I, U, N, R"), self.tr("Trim, cut out, fade in, fade out, normalise, reverse on Clips")),
            Entry(self.tr("A, F, B"), self.tr("Find an edit or effect on Clips, find loops, hear it before the edits")),
            Entry(self.tr("P, Shift+P"), self.tr("Hear the selection on Clips, or loop it")),
            Entry(self.tr("Shift+← →, Alt+← →"), self.tr("Move the end or the start of the selection, with Ctrl by a sample")),
            Entry(self.tr("G"), self.tr("What edges of the selection snap to on Clips")),
            Entry(self.tr("Alt+↑ ↓, O, Delete"), self.tr("Move a step, leave it out, remove it on Clips")),
        ]
        return tuple(rows)
