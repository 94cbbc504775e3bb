"""The person's list of plug-ins in Settings: find those that are installed, add one, remove one, see why one is refused.

The desk looks at each in a process of its own (audio/plugins/finding.py); until this asks, none is ever loaded.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
)

from studio.audio.plugins import finding, table
from studio.audio.plugins.table import Not, Plugin
from studio.engine.jobs import Ticket, Told
from studio.errors import StudioError
from studio.events import Cancelled, Failed, Finished, Produced, Progress
from studio.gui import theme
from studio.gui.session import Session

TAG = "plugins"
ROWS = 6
PATH = Qt.ItemDataRole.UserRole


class PluginPanel(QFrame):
    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._ticket: Ticket | None = None
        self._shown: table.Table | None = None
        theme.mark(self, role="panel")
        title = QLabel(self.tr("Plug-ins"))
        theme.mark(title, role="title")
        words = self.tr(
            "Effects of other makers (VST3, on a Mac also Audio Units), as steps on Clips. Each runs in a process of its own."
        )
        hint = QLabel(words)
        hint.setWordWrap(True)
        theme.mark(hint, role="dim")
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Your plug-ins"))
        self.list.setFixedHeight(ROWS * theme.CONTROL)
        self.list.itemSelectionChanged.connect(self._show_buttons)
        self.search = self._button(self.tr("Find plug-ins"), "search", self._find)
        self.search.setToolTip(self.tr("Look where they are installed: {0}").format(", ".join(map(str, finding.folders()))))
        self.add = self._button(self.tr("Add a plug-in file…"), "plus", self._ask)
        self.remove = self._button(self.tr("Remove"), "trash", self._remove)
        self.remove.setToolTip(self.tr("Use it no more; the file stays"))
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(4)
        self.bar.hide()
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.state.hide()
        theme.mark(self.state, role="dim")
        line = QHBoxLayout()
        line.setSpacing(theme.HALF)
        for button in (self.search, self.add, self.remove):
            line.addWidget(button)
        line.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE, theme.SPACE - 4, theme.SPACE, theme.SPACE)
        column.setSpacing(theme.HALF)
        for widget in (title, hint, self.list):
            column.addWidget(widget)
        column.addLayout(line)
        column.addWidget(self.bar)
        column.addWidget(self.state)
        session.desk.event.connect(self._on_desk)
        theme.changes().changed.connect(self._dress)
        self.show_list()

    def _button(self, text: str, icon: str, slot: object) -> QPushButton:
        button = QPushButton(text)
        button.setIcon(theme.icon(icon))
        button.clicked.connect(slot)
        return button

    # ---- what is shown
    def show_list(self) -> None:
        """The list as it is kept now."""
        try:
            kept = table.load()
        except StudioError as error:
            self._say(f"{error.message} {error.advice}")
            return
        if kept is not self._shown:
            self._shown = kept
            self._dress()

    @Slot()
    def _dress(self, *_: object) -> None:
        self.list.clear()
        for plugin in self._shown.plugins if self._shown is not None else ():
            words = " ".join(filter(None, (plugin.version, self.tr("by {0}").format(plugin.maker) if plugin.maker else "")))
            self._row("plugin", f"{plugin.name}   {words}".rstrip(), plugin.path, plugin.path)
        for no in self._shown.refused if self._shown is not None else ():
            text = self.tr("{0}   not used: {1}").format(Path(no.path).stem, no.reason)
            self._row("warn", text, f"{no.path}\n{no.reason}", no.path)
        if not self.list.count():
            item = QListWidgetItem(self.tr("None yet. Nothing is loaded before you look for it."))
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
        self._show_buttons()

    def _row(self, icon: str, text: str, tip: str, path: str) -> None:
        item = QListWidgetItem(theme.icon(icon), text)
        item.setToolTip(tip)
        item.setData(PATH, path)
        if icon == "warn":
            item.setForeground(theme.color("dim"))
        self.list.addItem(item)

    @Slot()
    def _show_buttons(self) -> None:
        idle = self._ticket is None
        self.search.setText(self.tr("Find plug-ins") if idle else self.tr("Stop"))
        self.add.setEnabled(idle)
        self.remove.setEnabled(idle and bool(self.list.selectedItems()))
        self.bar.setVisible(not idle)

    def _say(self, words: str) -> None:
        self.state.setText(words)
        self.state.setVisible(bool(words))

    # ---- what is asked
    @Slot()
    def _find(self) -> None:
        if self._ticket is None:
            self.look(None)
        else:
            self._ticket.cancel()

    @Slot()
    def _ask(self) -> None:
        """A bundle is a folder on Linux, and looks like a file on a Mac."""
        dialog = QFileDialog(self, self.tr("Add a plug-in"))
        if sys.platform.startswith("linux"):
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        else:
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
            dialog.setNameFilter(self.tr("Plug-ins (*.vst3 *.component)"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._chosen)
        dialog.open()

    @Slot(str)
    def _chosen(self, path: str) -> None:
        self.look((Path(path),))

    def look(self, paths: tuple[Path, ...] | None) -> None:
        """Look at these, or where plug-ins are installed."""
        self._say("")
        self.bar.setRange(0, 0)
        self._ticket = self._session.desk.submit(partial(finding.find, paths), tag=TAG)
        self._show_buttons()

    @Slot()
    def _remove(self) -> None:
        paths = [item.data(PATH) for item in self.list.selectedItems()]
        try:
            for path in paths:
                table.change(partial(table.Table.without, path=path))
        except StudioError as error:
            self._session.complain(error)
        self.show_list()

    # ---- what is told
    @Slot(object)
    def _on_desk(self, told: Told) -> None:
        event = told.event
        if told.tag != TAG:
            return
        if isinstance(event, Progress):
            self.bar.setRange(0, int(event.total or 0))
            self.bar.setValue(int(event.done))
            self._say(self.tr("Looking at {0}").format(event.note))
        elif isinstance(event, Produced) and isinstance(event.value, Plugin | Not):
            self.show_list()
        elif isinstance(event, Finished | Failed | Cancelled):
            self._ticket = None
            self._say(self._result(event.result) if isinstance(event, Finished) else "")
            if isinstance(event, Failed):
                self._session.complain(event)
            self.show_list()
            self._show_buttons()

    def _result(self, result: dict[str, int]) -> str:
        if not any(result.values()):
            return self.tr("Nothing new was found.")
        words = self.tr("1 plug-in found") if result["found"] == 1 else self.tr("{0} plug-ins found").format(result["found"])
        if result["refused"]:
            words += self.tr(", {0} can't be used").format(result["refused"])
        if result["gone"]:
            words += self.tr(", {0} gone").format(result["gone"])
        return f"{words}."
