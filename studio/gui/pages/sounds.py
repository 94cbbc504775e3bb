"""Sounds: what the project learns from. Add folders, hear and sort them, say what stays in, mend what a model would mishear.

The page asks and shows; the index remembers, the desk imports and checks, small look-ups run in the thread pool. Every change
is one undoable step that ends in the session's `soundsChanged`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt, QTimer, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.audio import files
from studio.audio.sound import Sound
from studio.engine.jobs import Told
from studio.errors import StudioError
from studio.events import Failed, Finished, Produced, Started, Work
from studio.gui import theme
from studio.gui.drags import as_they_are
from studio.gui.pages.sounds_adding import Adding
from studio.gui.pages.sounds_edits import SPLIT, Edits
from studio.gui.pages.sounds_heard import HeardPanel, Unreadable
from studio.gui.pages.sounds_labels import LabelFacts, LabelPanel
from studio.gui.pages.sounds_large import LargeSound
from studio.gui.pages.sounds_list import SoundsView
from studio.gui.pages.sounds_map import SoundsMap
from studio.gui.session import Current, Session
from studio.gui.tables.sounds import COLUMNS, LabelDelegate, SoundTable, ThumbnailDelegate, Wanted, query
from studio.gui.widgets.drop_zone import Empty
from studio.gui.widgets.later import Later
from studio.library import check
from studio.library.check import Finding
from studio.library.index import Index, SoundRow
from studio.project.folder import ProjectFolder

CHECK = "sounds-check"
LOOK, THINK = 60, 400
"""Milliseconds after a change until the table, and until the findings, are asked for anew."""

LONGEST = 180.0
"""Seconds of a long recording that are heard and drawn here."""


@dataclass(frozen=True, eq=False)
class Shown:
    """The answer to `Wanted`: ids in order, and the labels with their counts."""

    wanted: Wanted
    ids: NDArray[np.int64]
    labels: tuple[LabelFacts, ...]
    total: int


def look_up(project: ProjectFolder, wanted: Wanted) -> Shown:
    """What the table and the labels show now. Safe in any thread."""
    with Index(project) as index:
        included = index.included()
        labels = tuple(LabelFacts(label, count, included.get(label, 0)) for label, count in index.labels())
    return Shown(wanted, query(project, wanted), labels, sum(facts.count for facts in labels))


@dataclass(frozen=True, eq=False)
class Heard:
    """A sound that was read to be heard."""

    row: SoundRow
    sound: Sound | None
    error: StudioError | None = None


def read(row: SoundRow) -> Heard:
    """The sound of a row, at most its first `LONGEST` seconds."""
    try:
        return Heard(row, files.read(row.path, frames=int(LONGEST * row.rate)))
    except StudioError as error:
        return Heard(row, None, error)


class SoundsPage(QWidget):
    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.wanted = Wanted()
        self._chosen = 0  # id of the sound shown large
        self._current: Current | None = None
        self._looked = False  # the first findings look whether the files are there
        self._silent = False  # the selection moves by itself, not by the hand
        self._meant = ""
        self.edits = Edits(session, self)
        self.adding = Adding(session, self)
        self._build()
        self._wire()
        self._on_opened()

    # ---- building
    def _build(self) -> None:
        self.table = SoundTable(self)
        self.view = SoundsView()
        self.view.setModel(self.table)
        self.view.setItemDelegateForColumn(COLUMNS.index("thumbnail"), ThumbnailDelegate(self.view))
        self.view.setItemDelegateForColumn(COLUMNS.index("label"), LabelDelegate(self.view))
        self.view.dress()
        self.view.horizontalHeader().setSortIndicator(COLUMNS.index("name"), Qt.SortOrder.AscendingOrder)
        self.labels = LabelPanel()
        self.large = LargeSound()
        self.heard = HeardPanel()

        middle = QWidget()
        inside = QVBoxLayout(middle)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(theme.HALF)
        inside.addLayout(self._head())
        inside.addWidget(self.adding.bar)
        self.map = SoundsMap()
        self.views = QStackedLayout()
        self.views.addWidget(self.view)
        self.views.addWidget(self.map)
        inside.addLayout(self.views, 1)
        right = QSplitter(Qt.Orientation.Vertical)
        right.addWidget(self.large)
        right.addWidget(self.heard)
        right.setStretchFactor(0, 1)
        right.setStretchFactor(1, 1)
        right.setSizes([300, 260])
        right.setChildrenCollapsible(False)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        for widget, least, stretch in ((self.labels, 150, 0), (middle, 320, 3), (right, 328, 1)):
            widget.setMinimumWidth(least)
            self.split.addWidget(widget)
            self.split.setStretchFactor(self.split.indexOf(widget), stretch)
        self.split.setChildrenCollapsible(False)
        self.split.setSizes([176, 540, 330])
        sentence = self.tr("Drop a folder of your sounds anywhere in this window, or choose one.")
        self.empty = Empty("import", sentence, self.tr("Choose a folder…"))
        self.stack = QStackedLayout(self)
        self.stack.setContentsMargins(0, 0, 0, 0)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.split)

    def _head(self) -> QHBoxLayout:
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(self.tr("Filter by name, folder or label"))
        self.filter.setAccessibleName(self.tr("Filter"))
        self.filter.setClearButtonEnabled(True)
        self.only = QPushButton()
        self.only.setIcon(theme.icon("close", "dim"))
        self.only.setToolTip(self.tr("Show all sounds again"))
        self.only.hide()
        theme.mark(self.only, role="chip")
        self.count = QLabel()
        theme.mark(self.count, role="dim")
        self.map_button = QToolButton()
        self.map_button.setIcon(theme.icon("map"))
        self.map_button.setCheckable(True)
        self.map_button.setToolTip(self.tr("Show these sounds as a map: near means alike"))
        self.map_button.setAccessibleName(self.tr("Map"))
        theme.mark(self.map_button, role="icon")
        row = QHBoxLayout()
        row.setSpacing(theme.HALF)
        row.addWidget(self.filter, 1)
        row.addWidget(self.only)
        row.addWidget(self.count)
        row.addWidget(self.map_button)
        row.addWidget(self.adding.button)
        return row

    def _wire(self) -> None:
        session = self.session
        session.opened.connect(self._on_opened)
        session.closed.connect(self._on_closed)
        session.soundsChanged.connect(self._changed)
        session.positionChanged.connect(self._on_position)
        session.desk.event.connect(self._on_desk)
        theme.changes().changed.connect(self._redress)
        self._looking, self._reading = Later(self), Later(self)
        self._looking.done.connect(self._on_shown)
        self._reading.done.connect(self._on_read)
        self._look, self._think = QTimer(self), QTimer(self)
        for timer, wait, slot in ((self._look, LOOK, self._ask), (self._think, THINK, self._check)):
            timer.setSingleShot(True)
            timer.setInterval(wait)
            timer.timeout.connect(slot)
        self.table.ticked.connect(self._on_ticked)
        self.table.ordered.connect(self._on_ordered)
        self.view.selectionModel().currentRowChanged.connect(self._on_row)
        self.view.clicked.connect(self._on_clicked)
        self.view.deleted.connect(self.toggle_chosen)
        self.view.replayed.connect(self.hear)
        self.view.typed.connect(self._on_typed)
        self.view.dragWanted.connect(self._drag)
        self.view.customContextMenuRequested.connect(self._show_menu)
        self.map_button.toggled.connect(self._show_map)
        self.map.heard.connect(self.choose)
        self.filter.textChanged.connect(self._on_filter)
        self.filter.returnPressed.connect(self.view.setFocus)
        self.only.clicked.connect(self.show_all)
        self.labels.chosen.connect(self._on_label)
        self.labels.renamed.connect(self.rename_label)
        self.labels.included.connect(self._on_label_included)
        self.large.seeked.connect(self._on_seeked)
        self.heard.fixed.connect(self.fix)
        self.heard.shown.connect(self.show_finding)
        self.empty.pressed.connect(self.adding.choose_folder)
        self.adding.begun.connect(lambda: self.stack.setCurrentWidget(self.split))
        self.adding.came.connect(self._changed)
        find = QAction(self.tr("Filter"), self)
        find.setShortcuts([QKeySequence(QKeySequence.StandardKey.Find), QKeySequence("/")])
        find.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.triggered.connect(self.filter.setFocus)
        self.addAction(find)

    def receive(self, payload: Any) -> None:
        """The window shows this page with something for it: paths to add."""
        self.adding.add(payload)

    @Slot(object)
    def _on_desk(self, told: Told) -> None:
        if told.tag == CHECK and isinstance(told.event, Produced):
            project, heard, findings = told.event.value
            if project is self.session.project:
                self.heard.show_heard(heard, findings)
                self.table.forget_rows()
        elif told.tag in (CHECK, SPLIT) and isinstance(told.event, Failed):
            self.session.complain(told.event)

    # ---- what is shown
    @Slot()
    def _on_opened(self) -> None:
        self._looked = False
        if self.session.project is not None:
            self._ask()
            self._think.start()

    @Slot()
    def _on_closed(self) -> None:
        self._look.stop()
        self._think.stop()
        self._chosen, self._current = 0, None
        self.table.show_ids(np.zeros(0, np.int64), None)
        self.map.clear()
        self.labels.show_labels(())
        self.heard.show_heard(check.Heard(), ())
        self.large.show_sound(None, None, ())
        self.filter.clear()
        self.show_all()
        self.stack.setCurrentWidget(self.empty)

    @Slot()
    def _changed(self) -> None:
        """Something about the sounds is new: show it soon, and think about it a little later."""
        if not self._look.isActive():
            self._look.start()
        self._think.start()

    @Slot()
    def _ask(self) -> None:
        if self.session.project is not None:
            self._looking.ask(partial(look_up, self.session.project, self.wanted))

    @Slot(object)
    def _on_shown(self, answer: object) -> None:
        if isinstance(answer, StudioError):
            self.session.complain(answer)
        if not isinstance(answer, Shown) or self.session.project is None:
            return
        self.table.set_labels([facts.label for facts in answer.labels if facts.label])
        self.labels.show_labels(answer.labels)
        if answer.wanted != self.wanted:
            return
        if np.array_equal(answer.ids, self.table.ids):
            self.table.forget_rows()
        else:
            self._show_ids(answer.ids)
        self._say_count(len(answer.ids), answer.total)
        busy = self.adding.busy or self.adding.bar.isVisibleTo(self)
        self.stack.setCurrentWidget(self.split if answer.total or busy else self.empty)

    def _show_ids(self, ids: NDArray[np.int64]) -> None:
        """Other rows, or in another order; the chosen sound and the place on the screen stay where they can."""
        top = self.view.verticalScrollBar().value()
        self._silent = True
        self.table.show_ids(ids, self.session.index.fetch)
        row = self.table.row_of(self._chosen)
        if row >= 0:
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.view.selectionModel().setCurrentIndex(self.table.index(row, COLUMNS.index("name")), flags)
        self._silent = False
        self.view.verticalScrollBar().setValue(top)
        if row >= 0:
            self.view.scrollTo(self.table.index(row, COLUMNS.index("name")))
        self._draw_map()

    def _show_map(self, on: bool) -> None:
        self.views.setCurrentWidget(self.map if on else self.view)
        self._draw_map()

    def _draw_map(self) -> None:
        if self.map_button.isChecked() and self.session.project is not None:
            self.map.show_sounds(self.session.project, self.table.ids)

    def _say_count(self, shown: int, total: int) -> None:
        if shown == total:
            self.count.setText(self.tr("{0} sounds").format(f"{total:,}"))
        else:
            self.count.setText(self.tr("{0} of {1}").format(f"{shown:,}", f"{total:,}"))
        self.view.placeholder = "" if shown else self.tr("No sound matches")

    def _want(self, **changes: Any) -> None:
        wanted = replace(self.wanted, **changes)
        if wanted != self.wanted:
            self.wanted = wanted
            self._ask()

    def _on_filter(self, text: str) -> None:
        self._want(filter=text.strip())

    def _on_typed(self, text: str) -> None:
        self.filter.setText(self.filter.text() + text)
        self.filter.setFocus()

    def _on_label(self, label: str | None) -> None:
        self._want(label=label)

    def _on_ordered(self, order: str, descending: bool) -> None:
        self._want(order=order, descending=descending)

    def show_finding(self, finding: Finding) -> None:
        """Show only the sounds a finding means, or the list of files that can't be read."""
        if finding.key == "unreadable":
            Unreadable([(path, reason) for path, reason in finding.values.items() if path != "n"], self).open()
            return
        self._meant = finding.key
        self.only.setText(self.table.problems.get(finding.key, finding.key))
        self.only.show()
        self.labels.choose(None)
        self.filter.clear()
        self._want(only=frozenset(finding.ids), label=None, filter="")

    def show_all(self) -> None:
        self._meant = ""
        self.only.hide()
        self._want(only=None)

    def _redress(self, _: str) -> None:
        self.view.viewport().update()
        self.labels.list.viewport().update()
        findings, self.heard.findings = self.heard.findings, ()
        if findings:
            self._think.start()

    # ---- findings
    @Slot()
    def _check(self) -> None:
        """Ask the desk what a model would hear; while sounds come in there is no point in that."""
        project, look = self.session.project, not self._looked
        if project is None:
            return
        if self.adding.busy:
            self._think.start()
            return
        self._looked = True

        def work() -> Work:
            yield Started(what="check")
            found = check.findings(project, look=look)
            with Index(project) as index:
                yield Produced(kind="findings", value=(project, check.heard(index), found))
            yield Finished()

        self.session.desk.submit(work, CHECK, newest=True, urgent=True)

    def fix(self, finding: Finding) -> None:
        """Do what a finding's button says, undoably."""
        self.edits.fix(finding, f"{self.heard.fix_label(finding)}: {self.heard.sentence(finding)}")
        if self._meant == finding.key:
            self.show_all()

    # ---- hearing
    def choose(self, id: int) -> None:
        """Make a sound the chosen one, in the table too, and hear it."""
        row = self.table.row_of(id)
        if row < 0:
            return
        self._silent = True
        self.view.setCurrentIndex(self.table.index(row, COLUMNS.index("name")))
        self._silent = False
        self._chosen = id
        self.hear()

    def chosen(self) -> SoundRow | None:
        """The sound shown large."""
        return self.table.sound(self.table.row_of(self._chosen)) if self._chosen else None

    def _selected_rows(self) -> list[int]:
        """From top to bottom."""
        chosen = self.view.selectionModel().selection()
        parts = [chosen.at(i) for i in range(chosen.count())]
        return sorted({row for part in parts for row in range(part.top(), part.bottom() + 1)})

    def selected_ids(self) -> list[int]:
        """Ids of the selected rows, from top to bottom."""
        rows = self._selected_rows()
        return self.table.ids[rows].tolist() if rows else []

    def _on_row(self, index: QModelIndex, _: QModelIndex) -> None:
        if not self._silent and index.isValid():
            self._chosen = self.table.id_at(index.row())
            self.hear()

    def _on_clicked(self, index: QModelIndex) -> None:
        """A click on the row that is current already says: again."""
        if COLUMNS[index.column()] != "include" and self._current is not None and not self._reading.busy:
            row = self.table.sound(index.row())
            if row is not None and self._current.path == Path(row.path) and not self.session.playing:
                self.hear()

    def hear(self) -> None:
        """Read the chosen sound, show it large and play it."""
        row = self.chosen()
        if row is not None:
            self._reading.ask(partial(read, row))

    @Slot(object)
    def _on_read(self, answer: object) -> None:
        if not isinstance(answer, Heard) or answer.row.id != self._chosen or self.session.project is None:
            return
        if answer.sound is None:
            self.large.show_sound(answer.row, None, (answer.error.message if answer.error else "",))
            self.edits.look_for(answer.row)
            if answer.error is not None:
                self.session.complain(answer.error)
            return
        self._current = Current(answer.sound, Path(answer.row.path).stem, path=Path(answer.row.path))
        self.large.show_sound(answer.row, answer.sound, self._facts(answer.row))
        self.session.play(self._current)

    def _facts(self, row: SoundRow) -> tuple[str, ...]:
        names = ("label", "seconds", "rate", "channels", "loudness", "pitch", "problems")
        first = self.tr("the first 3 minutes are shown") if row.seconds > LONGEST else ""
        return (*(self.table.text(row, name) for name in names), first)

    def _on_seeked(self, seconds: float) -> None:
        if self._current is not None:
            self.session.play(self._current, at=seconds)

    @Slot(object)
    def _on_position(self, seconds: float | None) -> None:
        mine = self._current is not None and self.session.current is self._current
        self.large.view.set_playhead(seconds if mine else None)

    # ---- changing
    def toggle_chosen(self) -> None:
        """Delete: leave the selected sounds out; take them in when all of them are out already."""
        ids = self.selected_ids()
        if ids:
            self.edits.set_include(ids, not any(self.session.index.values("include", ids).values()))

    def _on_ticked(self, id: int, include: bool) -> None:
        ids = self.selected_ids()
        self.edits.set_include(ids if id in ids else [id], include)

    def _on_label_included(self, label: str | None, include: bool) -> None:
        self.edits.set_include(self.session.index.ids(label=label).tolist(), include)

    def rename_label(self, old: str, new: str) -> None:
        """Give all sounds of a label another; where that exists they are merged."""
        self.edits.set_label(self.session.index.ids(label=old).tolist(), new)
        if self.wanted.label == old:
            self._want(label=new)

    def forget_chosen(self) -> None:
        """Take the selected sounds out of the project; their files stay."""
        self.edits.forget(self.selected_ids())

    def _ask_label(self) -> None:
        ids = self.selected_ids()
        names = [name for name, _ in self.session.index.labels() if name]
        title = self.tr("Label {0} sounds").format(len(ids))
        label, good = QInputDialog.getItem(self, title, self.tr("Label"), names, 0, True)
        if good:
            self.edits.set_label(ids, label.strip())

    def menu(self) -> QMenu:
        """What can be done with the selected sounds."""
        menu = QMenu(self)
        row = self.chosen()
        menu.addAction(theme.icon("play"), self.tr("Play"), self.hear)
        menu.addAction(theme.icon("eye"), self.tr("Leave out or take in (Delete)"), self.toggle_chosen)
        menu.addAction(theme.icon("tag"), self.tr("Label…"), self._ask_label)
        menu.addSeparator()
        menu.addAction(theme.icon("reveal"), self.tr("Show in its folder"), self._reveal).setEnabled(row is not None)
        menu.addAction(theme.icon("copy"), self.tr("Copy path"), self._copy_paths)
        menu.addAction(theme.icon("trash"), self.tr("Forget (the file stays)"), self.forget_chosen)
        return menu

    def _reveal(self) -> None:
        row = self.chosen()
        if row is not None:
            self.session.drags.reveal(as_they_are([Path(row.path)]))

    def _copy_paths(self) -> None:
        self.session.drags.copy(as_they_are(self._selected_paths()))

    def _drag(self) -> None:
        self.session.drags.carry(self.view, as_they_are(self._selected_paths()))

    def _selected_paths(self) -> list[Path]:
        return [Path(row.path) for row in map(self.table.sound, self._selected_rows()) if row is not None]

    def _show_menu(self, at: QPoint) -> None:
        if self.view.indexAt(at).isValid():
            menu = self.menu()
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.view.viewport().mapToGlobal(at))
