"""The right side of Train: every run of the project, the queue and its order, a note, and what can be done with a run."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QMenu, QPushButton, QToolButton, QVBoxLayout, QWidget

from studio.gui import theme
from studio.gui.pages import train_words as words
from studio.gui.pages.train_run_list import RunList, RunRow, RunsModel


class RunsPanel(QWidget):
    """The list and what can be asked of the chosen run. Several chosen runs are compared in the curves and by ear."""

    chosen = Signal(object)
    """tuple of names: the one to show first, then those to compare with."""

    asked = Signal(str, str)
    """What (up, down, duplicate, compare, remove) and of which run."""

    noted = Signal(str, str)
    """Run, and the note it should have."""

    reordered = Signal(object)
    """tuple of names: the queue as it should be."""

    restAsked = Signal(str)
    """What the computer should do when all is done: "", "sleep" or "off"."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.mark(self, role="panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        head = QLabel(self.tr("Trainings"))
        theme.mark(head, role="strong")
        self.model = RunsModel(self)
        self.model.reordered.connect(self.reordered)
        self.list = RunList(self.model)
        self.list.removeAsked.connect(self._remove)
        self.list.menuAsked.connect(self._open_menu)
        self.list.selectionModel().selectionChanged.connect(self._selected)
        self.list.selectionModel().currentChanged.connect(self._selected)
        self.hint = QLabel(self.tr("Ctrl+click compares with another"))
        theme.mark(self.hint, role="caption")
        self.trials = QPushButton()
        self.trials.setCheckable(True)
        self.trials.toggled.connect(self._show_rows)
        theme.mark(self.trials, role="quiet")
        self.rest = QComboBox()
        self.rest.setAccessibleName(self.tr("When all is done"))
        self.rest.setToolTip(self.tr("What the computer does when nothing trains and nothing waits any more, once"))
        self.rest.activated.connect(self._ask_rest)
        self.rest.hide()
        self.note = QLineEdit()
        self.note.setMaxLength(400)
        self.note.setPlaceholderText(self.tr("Add a note"))
        self.note.setAccessibleName(self.tr("Note"))
        self.note.editingFinished.connect(self._tell_note)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, theme.SPACE, 12, 12)
        column.setSpacing(theme.HALF)
        column.addWidget(head)
        column.addWidget(self.list, 1)
        column.addWidget(self.hint)
        column.addWidget(self.trials)
        column.addWidget(self.rest)
        column.addWidget(self.note)
        column.addLayout(self._tools())
        self._noted = ("", "")
        self._rows: list[RunRow] = []
        self._enable()

    def _tools(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2)
        self._buttons: dict[str, QToolButton] = {}
        self._tips = {
            "up": ("up", self.tr("Earlier in the queue")),
            "down": ("down", self.tr("Later in the queue")),
            "duplicate": ("copy", self.tr("Train again with changes…")),
            "compare": ("list", self.tr("Compare all trainings…")),
            "remove": ("trash", self.tr("Move to the trash")),
        }
        for what, (icon, tip) in self._tips.items():
            button = QToolButton()
            button.setIcon(theme.icon(icon))
            button.setIconSize(QSize(16, 16))
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.setProperty("asks", what)
            theme.mark(button, role="icon")
            button.clicked.connect(self._ask)
            self._buttons[what] = button
            if what == "remove":
                row.addStretch(1)
            row.addWidget(button)
        return row

    def set_width(self, width: int) -> None:
        self.setFixedWidth(width)

    # ---- what is shown
    def set_rows(self, rows: list[RunRow]) -> None:
        """Every run of the project; the trials of searches are shown where one asks for them."""
        self._rows = rows
        self._show_rows()

    def set_rest(self, able: frozenset[str], chosen: str) -> None:
        """What this computer can do when all is done."""
        stay, sleep, off = self.tr("When done: stay on"), self.tr("When done: sleep"), self.tr("When done: switch off")
        names = {"": stay, "sleep": sleep, "off": off}
        wanted = [what for what in names if not what or what in able]
        if [self.rest.itemData(i) for i in range(self.rest.count())] != wanted:
            self.rest.clear()
            for what in wanted:
                self.rest.addItem(names[what], what)
        self.rest.setCurrentIndex(max(0, self.rest.findData(chosen)))
        self.rest.setVisible(len(wanted) > 1)

    def _ask_rest(self, at: int) -> None:
        self.restAsked.emit(self.rest.itemData(at))

    def _show_rows(self, *_: object) -> None:
        names = self.names
        trials = sum(bool(row.view.trial_of) for row in self._rows)
        rows = [row for row in self._rows if self.trials.isChecked() or not row.view.trial_of]
        text = self.tr("Hide {0} trials of searches") if self.trials.isChecked() else self.tr("Show {0} trials of searches")
        self.trials.setText(text.format(trials))
        self.trials.setVisible(trials > 0)
        self.model.set_rows(rows)
        if self.names != names or not names:
            self.choose(names)
        self.hint.setVisible(len(rows) > 1)
        self._enable()

    def choose(self, names: tuple[str, ...]) -> None:
        """Select these runs, the first one as the one that is shown; the newest where none of them is there."""
        if any(row.view.trial_of and row.view.name in names for row in self._rows):
            self.trials.setChecked(True)
        rows = {row.view.name: i for i, row in enumerate(self.model.rows)}
        found = [rows[name] for name in names if name in rows] or ([0] if self.model.rows else [])
        if not found:
            return
        selection = self.list.selectionModel()
        flag = QItemSelectionModel.SelectionFlag
        selection.setCurrentIndex(self.model.index(found[0]), flag.ClearAndSelect)
        for other in found[1:]:
            selection.select(self.model.index(other), flag.Select)

    @property
    def names(self) -> tuple[str, ...]:
        """The current run, then the others that are selected."""
        current = self.list.currentIndex()
        picked = [index.row() for index in self.list.selectedIndexes()]
        first = current.row() if current.isValid() and current.row() in picked else next(iter(picked), -1)
        order = [first, *(i for i in picked if i != first)]
        return tuple(self.model.rows[i].view.name for i in order if 0 <= i < len(self.model.rows))

    @property
    def row(self) -> RunRow | None:
        name = next(iter(self.names), None)
        return next((row for row in self.model.rows if row.view.name == name), None)

    def _selected(self, *_: object) -> None:
        self._enable()
        self.chosen.emit(self.names)

    def _able(self) -> dict[str, bool]:
        """What can be asked of the chosen run."""
        row = self.row
        waiting = [r for r in self.model.rows if r.view.place is not None]
        place = row.view.place if row is not None else None
        return {
            "up": place is not None and place > 0,
            "down": place is not None and place < len(waiting) - 1,
            "duplicate": row is not None,
            "compare": len(self.model.rows) > 1,
            "remove": row is not None and not row.view.alive,
        }

    def _enable(self) -> None:
        row = self.row
        queue = sum(r.view.place is not None for r in self.model.rows) > 1
        for what, able in self._able().items():
            self._buttons[what].setEnabled(able)
            if what in ("up", "down"):
                self._buttons[what].setVisible(queue)
        size = words.size(row.size) if row is not None and row.size else ""
        tip = self.tr("Move to the trash ({0})").format(size) if size else self.tr("Move to the trash")
        self._buttons["remove"].setToolTip(tip)
        self.note.setVisible(row is not None)
        written = (row.view.name, row.note) if row is not None else ("", "")
        if written != self._noted and not (self.note.hasFocus() and written[0] == self._noted[0]):
            self._noted = written
            self.note.setText(written[1])

    # ---- the hand
    def _ask(self) -> None:
        if self.row is not None:
            self.asked.emit(self.sender().property("asks"), self.row.view.name)

    def _remove(self) -> None:
        if self.row is not None and not self.row.view.alive:
            self.asked.emit("remove", self.row.view.name)

    def _open_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for what, able in self._able().items():
            if able:
                icon, tip = self._tips[what]
                action = menu.addAction(theme.icon(icon), tip)
                action.setProperty("asks", what)
                action.triggered.connect(self._ask)
        menu.popup(at)

    def _tell_note(self) -> None:
        name, before = self._noted
        text = self.note.text().strip()
        if name and text != before:
            self._noted = (name, text)
            self.noted.emit(name, text)
