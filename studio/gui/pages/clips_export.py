"""The right side of Clips: format, its own options, names with a live preview, destination, and the files that came out.

Builds itself from export/base.py; a new format needs nothing here. The page runs the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.audio import files as sounds
from studio.errors import StudioError
from studio.export import making, names
from studio.export.base import Exporter, Item, exporters
from studio.fields import decode
from studio.gui import theme
from studio.gui.widgets.chips import Elided
from studio.gui.widgets.config_form import ConfigForm


class Results(QListWidget):
    """Files and folders that were written, newest first; they can be dragged out as they are."""

    dragWanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragEnabled(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Exported files"))
        self.setToolTip(self.tr("Drag these into your DAW or a folder"))

    def add(self, paths: Sequence[Path]) -> None:
        for path in reversed(paths):
            item = QListWidgetItem(theme.icon("folder" if path.is_dir() else "file", "dim"), path.name)
            item.setData(Qt.ItemDataRole.UserRole, path)
            item.setToolTip(str(path))
            self.insertItem(0, item)
        self.clearSelection()
        for row in range(len(paths)):
            self.item(row).setSelected(True)
        if paths:
            self.setCurrentRow(0, self.selectionModel().SelectionFlag.NoUpdate)

    @property
    def chosen(self) -> list[Path]:
        """Paths of the selected rows that are still there; all of the list where none is selected."""
        items = [self.item(row) for row in range(self.count())]
        wanted = [i for i in items if i.isSelected()] or items
        return [path for path in (i.data(Qt.ItemDataRole.UserRole) for i in wanted) if path.exists()]

    def startDrag(self, actions: Qt.DropAction) -> None:
        self.dragWanted.emit()


class ExportPanel(QWidget):
    """What to export as, under which names, where to."""

    exportWanted = Signal(object, object, str, object)
    """Exporter, its options, the name template, the folder."""

    cancelWanted = Signal()
    dragWanted = Signal(object)
    revealWanted = Signal(object)
    copyWanted = Signal(object)
    """list[Path]: exported files that should be dragged out, shown in their folder, have their paths copied."""

    problem = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: tuple[Item, ...] = ()
        self._home = Path()
        self._folder: Path | None = None
        self._running = False
        self._fits = True
        theme.mark(self, role="panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        title = QLabel(self.tr("Export"))
        theme.mark(title, role="title")
        self.format = QComboBox()
        self.format.setAccessibleName(self.tr("Format"))
        for exporter in exporters().values():
            self.format.addItem(exporter.name, exporter.id)
            self.format.setItemData(self.format.count() - 1, exporter.sentence, Qt.ItemDataRole.ToolTipRole)
        self.format.currentIndexChanged.connect(self._build_form)
        self.form = ConfigForm(())
        self._form_home = QVBoxLayout()
        self.template = QLineEdit(names.DEFAULT)
        self.template.setAccessibleName(self.tr("Name template"))
        self.template.textChanged.connect(self._show_preview)
        self.token = QToolButton()
        self.token.setIcon(theme.icon("plus"))
        self.token.setToolTip(self.tr("Put in a part of the name"))
        self.token.setAccessibleName(self.token.toolTip())
        self.token.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        theme.mark(self.token, role="icon")
        self.token.setMenu(self._token_menu())
        self.preview = Elided(widest=100_000)
        theme.mark(self.preview, role="caption")
        self.needed = Elided(widest=100_000)
        theme.mark(self.needed, role="caption")
        self.place = Elided(widest=100_000)
        self.choose = self._icon("folder", self.tr("Choose another folder"), self._choose_folder)
        self.home = self._icon("undo", self.tr("Back to the project’s exports folder"), self._go_home)
        self.start = QPushButton()
        theme.mark(self.start, role="primary")
        self.start.clicked.connect(self._ask)
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.clicked.connect(self.cancelWanted)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress of the export"))
        self.note = Elided(widest=100_000)
        theme.mark(self.note, role="caption")
        self.results = Results()
        self.results.itemSelectionChanged.connect(self._show_results)
        self.results.dragWanted.connect(self._drag)
        self.reveal = self._icon("reveal", self.tr("Show in folder"), self._reveal)
        self.copy = self._icon("copy", self.tr("Copy the paths"), self._copy)
        self._lay_out(title)
        self._build_form()
        self.set_running(False)
        self._show_results()

    # ---- building
    def _lay_out(self, title: QLabel) -> None:
        inside = QWidget()
        theme.mark(inside, role="clear")
        upper = QVBoxLayout(inside)
        upper.setContentsMargins(12, 4, 8, 4)
        upper.setSpacing(theme.HALF)
        upper.addLayout(self._form_home)
        upper.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inside)
        name = self._row(self._caption(self.tr("File names"), self.template), None)
        template = self._row(self.template, self.token)
        place = self._row(self.place, self.choose, self.home)
        going = self._row(self.start, self.cancel)
        done = self._row(self._caption(self.tr("Exported files"), self.results), self.reveal, self.copy)
        self._done = QWidget()
        lower = QVBoxLayout(self._done)
        lower.setContentsMargins(0, 0, 0, 0)
        lower.setSpacing(theme.SMALL)
        lower.addLayout(done)
        lower.addWidget(self.results, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 12)
        column.setSpacing(theme.HALF)
        head = QHBoxLayout()
        head.setContentsMargins(12, 0, 12, 0)
        head.addWidget(title, 1)
        head.addWidget(self.format)
        column.addLayout(head)
        column.addWidget(scroll, 3)
        foot = QVBoxLayout()
        foot.setContentsMargins(12, 0, 12, 0)
        foot.setSpacing(theme.HALF)
        rule = QFrame()
        theme.mark(rule, role="line")
        foot.addWidget(rule)
        foot.addLayout(name)
        foot.addLayout(template)
        foot.addWidget(self.preview)
        foot.addWidget(self._caption(self.tr("Into"), self.choose))
        foot.addLayout(place)
        foot.addWidget(self.needed)
        foot.addLayout(going)
        foot.addWidget(self.bar)
        foot.addWidget(self.note)
        column.addLayout(foot)
        below = QVBoxLayout()
        below.setContentsMargins(12, 0, 12, 0)
        below.addWidget(self._done)
        column.addLayout(below, 2)

    def _row(self, first: QWidget, *rest: QWidget | None) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        row.addWidget(first, 1)
        for widget in rest:
            if widget is not None:
                row.addWidget(widget)
        return row

    def _caption(self, text: str, buddy: QWidget) -> QLabel:
        label = QLabel(text)
        label.setBuddy(buddy)
        theme.mark(label, role="dim")
        return label

    def _icon(self, icon: str, tip: str, slot: Any) -> QToolButton:
        button = QToolButton()
        button.setIcon(theme.icon(icon))
        button.setIconSize(QSize(16, 16))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        theme.mark(button, role="icon")
        button.clicked.connect(slot)
        return button

    def _token_menu(self) -> QMenu:
        words = {
            "name": self.tr("the sound’s own name"),
            "model": self.tr("the model that made it"),
            "step": self.tr("the moment of training"),
            "seed": self.tr("the seed it was drawn with"),
            "label": self.tr("its strongest label"),
            "tag": self.tr("its first tag"),
            "note": self.tr("its root note, as in C3"),
            "key": self.tr("its root note without the octave"),
            "bpm": self.tr("its tempo, as in 120bpm"),
            "velocity": self.tr("how hard it was struck, as in v100"),
            "rate": self.tr("its sample rate, as in 48k"),
            "pack": self.tr("the pack or instrument it belongs to"),
            "take": self.tr("its number among sounds of the same name"),
            "n": self.tr("its number in this export"),
            "date": self.tr("today"),
        }
        menu = QMenu(self)
        for token in names.TOKENS:
            action = menu.addAction(f"{{{token}}}   {words.get(token, '')}")
            action.setData(f"{{{token}}}")
        menu.triggered.connect(self._insert)
        return menu

    def _insert(self, action: Any) -> None:
        self.template.insert(action.data())
        self.template.setFocus()

    def _build_form(self) -> None:
        old, self.form = self.form, ConfigForm(self.exporter.fields)
        self.form.changed.connect(self._show_size)
        self._form_home.addWidget(self.form)
        old.setParent(None)
        old.deleteLater()
        self.format.setToolTip(self.exporter.sentence)
        self._show_size()

    # ---- what is shown
    @property
    def exporter(self) -> Exporter:
        return exporters()[self.format.currentData()]

    @property
    def folder(self) -> Path:
        return self._folder or self._home

    def set_home(self, folder: Path) -> None:
        """The project's exports folder, or the one of the settings."""
        self._home, self._folder = folder, None
        self._show_place()

    def set_items(self, items: Sequence[Item]) -> None:
        """What would be exported; only names, notes and recipes are looked at."""
        self._items = tuple(items)
        self._show_size()

    def set_running(self, on: bool) -> None:
        self._running = on
        self.cancel.setVisible(on)
        self.bar.setVisible(on)
        self.note.setVisible(on)
        if not on:
            self.bar.reset()
        self._show_preview()

    def set_progress(self, done: int, total: int, note: str) -> None:
        self.bar.setRange(0, max(1, total))
        self.bar.setValue(done)
        self.note.set_words(note)

    def add_results(self, paths: Sequence[Path]) -> None:
        self.results.add(paths)
        self._show_results()
        self._show_size()

    def _show_results(self) -> None:
        some = self.results.count() > 0
        self._done.setVisible(some)
        for button in (self.reveal, self.copy):
            button.setEnabled(some)

    def _show_place(self) -> None:
        inside = self.folder == self._home
        self.place.set_words(self.folder.name if inside else str(self.folder))
        self.place.setToolTip(str(self.folder))
        self.home.setEnabled(not inside)
        self._show_size()

    @Slot()
    def _show_preview(self, *_: object) -> None:
        count = len(self._items)
        words, good = "", True
        try:
            if self._items:
                words = self._promised()
            else:
                names.check(self.template.text())
                words = self.tr("Choose clips on the left")
        except StudioError as error:
            words, good = error.message, False
        self.preview.set_words(words)
        theme.mark(self.preview, state="" if good else "bad")
        text = self.tr("Export") if count == 0 else self.tr("Export 1 sound") if count == 1 else ""
        self.start.setText(text or self.tr("Export {0} sounds").format(count))
        self.start.setEnabled(good and self._fits and count > 0 and not self._running)

    def _promised(self) -> str:
        """The first name of what would be made, and how many more. Raises StudioError."""
        name = self.exporter.first(self._items, self.options(), self.template.text())
        free = sounds.unused(self.folder / name).relative_to(self.folder).as_posix() + "/" * name.endswith("/")
        more = 0 if self.exporter.whole else len(self._items) - 1
        return free if not more else self.tr("{0} and {1} more").format(free, more)

    @Slot()
    def _show_size(self, *_: object) -> None:
        """Say how large it will be, and whether there is room for it; then the name of the first."""
        try:
            needed = self.exporter.predict(self._items, self.options()) if self._items else 0
        except StudioError:  # an option that can't be: pressing Export says why
            needed = 0
        free = making.room(self.folder)
        self._fits = needed <= free
        words = self.tr("About {0}") if self._fits else self.tr("About {0}, and only {1} are free there")
        self.needed.set_words(words.format(making.said(needed), making.said(free)))
        self.needed.setVisible(bool(needed))
        theme.mark(self.needed, state="" if self._fits else "bad")
        self._show_preview()

    # ---- what is asked
    def options(self) -> msgspec.Struct:
        """Of the format, as the form has them. Raises BadConfig."""
        return decode(self.exporter.Options, self.form.values)

    def _ask(self) -> None:
        try:
            options = self.options()
        except StudioError as error:
            self.problem.emit(error)
            return
        self.exportWanted.emit(self.exporter, options, self.template.text(), self.folder)

    def _choose_folder(self) -> None:
        dialog = QFileDialog(self, self.tr("Where exported sounds go"), str(self.folder))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.go_to)
        dialog.open()

    def go_to(self, folder: str) -> None:
        """Export into another folder from now on."""
        self._folder = Path(folder) if Path(folder) != self._home else None
        self._show_place()

    def _go_home(self) -> None:
        self._folder = None
        self._show_place()

    def _drag(self) -> None:
        self.dragWanted.emit(self.results.chosen)

    def _reveal(self) -> None:
        self.revealWanted.emit(self.results.chosen)

    def _copy(self) -> None:
        self.copyWanted.emit(self.results.chosen)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.template.hasFocus() and self.start.isEnabled():
            self.start.click()
        else:
            super().keyPressEvent(event)
