"""The tool row of the clip editor: the frequent edits as buttons, and “Add”, where every step of audio/steps.py can be found.

It only says what was pressed; the editor knows what is selected and makes a step of it.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QListWidget, QListWidgetItem, QToolButton, QVBoxLayout, QWidget

from studio.audio.plugins import table
from studio.audio.plugins.step import DO as PLUGIN
from studio.audio.steps import STEPS
from studio.errors import StudioError
from studio.gui import theme
from studio.gui.pages.clips_words import GROUPS, group_words, icon_of, name_of

ROOMY = 620
"""Points of width from which the buttons say their names."""
DO, WHICH, SENTENCE = (Qt.ItemDataRole.UserRole + at for at in range(3))
"""Of an entry of the finder: its step, the plug-in that does it, what is searched beside its name."""


class Tools(QWidget):
    """A row of buttons. `buttons` by name; `pressed` tells the name."""

    pressed = Signal(str)
    addWanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[str, QToolButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for group in self._table():
            for name, icon, text, tip in group:
                self.buttons[name] = button = self._button(icon, text, tip)
                button.clicked.connect(partial(self.pressed.emit, name))
                row.addWidget(button)
            line = QFrame()
            theme.mark(line, role="vline")
            line.setFixedHeight(20)
            row.addWidget(line)
        self.add = self._button("plus", self.tr("Add"), self.tr("Find any edit, effect or repair (A)"))
        self.add.clicked.connect(self.addWanted)
        row.addWidget(self.add)
        row.addStretch(1)
        self._style(False)

    def _table(self) -> tuple[tuple[tuple[str, str, str, str], ...], ...]:
        """Of each button: name, icon, text, what it does."""
        paste = self.tr("Insert what was copied, or put it in the place of the selection (Ctrl+V)")
        return (
            (
                ("trim", "trim", self.tr("Trim"), self.tr("Keep only the selection (T)")),
                ("cut", "cut", self.tr("Cut"), self.tr("Cut the selection out and keep it for pasting (X, Ctrl+X)")),
                ("copy", "copy", self.tr("Copy"), self.tr("Copy the selection, or all of it (Ctrl+C)")),
                ("paste", "paste", self.tr("Paste"), paste),
            ),
            (
                ("fade-in", "fade-in", self.tr("Fade in"), self.tr("Fade in up to the end of the selection (I)")),
                ("fade-out", "fade-out", self.tr("Fade out"), self.tr("Fade out from the start of the selection (U)")),
                ("normalise", "normalise", self.tr("Normalise"), self.tr("Bring the peak to −1 dB (N)")),
                ("reverse", "reverse", self.tr("Reverse"), self.tr("Play it backwards (R)")),
                ("loops", "loop", self.tr("Loop"), self.tr("Find places where it can go round and round (F)")),
            ),
        )

    def _button(self, icon: str, text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(theme.icon(icon))
        button.setIconSize(QSize(18, 18))
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        button.setAccessibleDescription(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme.mark(button, role="tool")
        return button

    def _style(self, roomy: bool) -> None:
        style = Qt.ToolButtonStyle.ToolButtonTextUnderIcon if roomy else Qt.ToolButtonStyle.ToolButtonIconOnly
        for button in self.buttons.values():
            button.setToolButtonStyle(style)
        self.add.setToolButtonStyle(style if roomy else Qt.ToolButtonStyle.ToolButtonTextBesideIcon)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._style(self.width() >= ROOMY)
        super().resizeEvent(event)


class StepFinder(QFrame):
    """A popup with every step and plug-in under its group's heading; typing narrows it, Return takes the one that is marked."""

    chosen = Signal(str, str)
    """The name of the step, and the identifier of the plug-in that does it, if one does."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        theme.mark(self, role="popup")
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Type to find an edit or effect"))
        self.search.setAccessibleName(self.tr("Find an edit"))
        self.search.addAction(theme.icon("search", "dim"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._filter)
        self.search.installEventFilter(self)
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Edits and effects"))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.itemClicked.connect(self._take)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.HALF, theme.HALF, theme.HALF, theme.HALF)
        column.setSpacing(theme.SMALL)
        column.addWidget(self.search)
        column.addWidget(self.list)
        self.setFixedWidth(300)
        self._plugins = table.Table()
        for group in GROUPS:
            steps = [do for do, step in STEPS.items() if step.group == group]
            if steps:
                self._add_head(group_words(group))
            for do in steps:
                self._add(icon_of(do), name_of(do), STEPS[do].sentence, do)
        self._own = self.list.count()
        self._list_plugins()

    def _add_head(self, words: str) -> None:
        head = QListWidgetItem(words)
        head.setFlags(Qt.ItemFlag.NoItemFlags)
        head.setFont(theme.font("caption"))
        self.list.addItem(head)

    def _add(self, icon: str, name: str, sentence: str, do: str, which: str = "") -> None:
        item = QListWidgetItem(theme.icon(icon), name)
        item.setToolTip(sentence)
        for role, value in ((DO, do), (WHICH, which), (SENTENCE, sentence)):
            item.setData(role, value)
        self.list.addItem(item)

    def _list_plugins(self) -> None:
        """Those of the person's list as it is now, after our own steps."""
        while self.list.count() > self._own:
            self.list.takeItem(self.list.count() - 1)
        plugins = self._plugins.plugins
        self._add_head(self.tr("Plug-ins") if plugins else self.tr("Plug-ins: find yours in Settings"))
        for plugin in plugins:
            words = self.tr("by {0}").format(plugin.maker) if plugin.maker else plugin.name
            self._add(PLUGIN, plugin.name, words, PLUGIN, plugin.identifier)

    def _filter(self, text: str) -> None:
        """Show what has all these words; Return takes the first that is called so, before those that only speak of it."""
        words = text.casefold().split()
        head: QListWidgetItem | None = None
        first: QListWidgetItem | None = None
        called: QListWidgetItem | None = None
        for row in range(self.list.count()):
            item = self.list.item(row)
            do = item.data(DO)
            if do is None:
                head = item
                item.setHidden(True)
                continue
            group = head.text() if head is not None else ""
            found = all(word in f"{item.text()} {item.data(SENTENCE)} {group}".casefold() for word in words)
            item.setHidden(not found)
            if found and head is not None:
                head.setHidden(False)
                first = first or item
                if all(word in item.text().casefold() for word in words):
                    called = called or item
        chosen = called or first
        self.list.setCurrentRow(self.list.row(chosen) if words and chosen is not None else -1)

    def open_at(self, button: QWidget) -> None:
        """Below (or above) `button`, with everything in view again."""
        with suppress(StudioError):  # a list that can't be read is complained of where it is changed
            if (now := table.load()) is not self._plugins:
                self._plugins = now
                self._list_plugins()
        self.search.clear()
        self._filter("")
        self.list.scrollToTop()
        self.setFixedHeight(min(480, max(240, button.window().height() - 160)))
        corner = button.mapToGlobal(QPoint(0, button.height() + 4))
        screen = button.screen().availableGeometry()
        x = min(corner.x(), screen.right() - self.width())
        y = min(corner.y(), screen.bottom() - self.height())
        self.move(max(screen.left(), x), max(screen.top(), y))
        self.show()
        self.search.setFocus()

    def _take(self, item: QListWidgetItem | None) -> None:
        if item is not None and item.data(DO) is not None:
            self.hide()
            self.chosen.emit(item.data(DO), item.data(WHICH))

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Arrows and Return in the search line belong to the list."""
        if isinstance(event, QKeyEvent) and event.type() == QKeyEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
                self._walk(1 if event.key() == Qt.Key.Key_Down else -1)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._take(self.list.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _walk(self, by: int) -> None:
        rows = [row for row in range(self.list.count()) if self.list.item(row).data(DO) and not self.list.item(row).isHidden()]
        if not rows:
            return
        here = self.list.currentRow()
        at = rows.index(here) + by if here in rows else (0 if by > 0 else len(rows) - 1)
        self.list.setCurrentRow(rows[at % len(rows)])
