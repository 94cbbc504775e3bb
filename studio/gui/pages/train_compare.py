"""All trainings of the project beside each other: what came out, what each was told differently, and a note to each."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.errors import StudioError
from studio.gui import theme
from studio.gui.pages import train_words as words
from studio.gui.pages.train_run_list import RunRow, quality, variety
from studio.gui.widgets.config_form import pretty, shown
from studio.training.plan import TrainerConfig
from studio.training.run import RunFolder

SORT = Qt.ItemDataRole.UserRole
NAME = Qt.ItemDataRole.UserRole + 1


class Number(QTableWidgetItem):
    """Words on the right, sorted by the number behind them; what has none comes last."""

    def __init__(self, text: str, value: float | None) -> None:
        super().__init__(text)
        self.setData(SORT, float("inf") if value is None else float(value))
        self.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setFlags(self.flags() & ~Qt.ItemFlag.ItemIsEditable)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        return bool(self.data(SORT) < other.data(SORT))


def settings_of(row: RunRow) -> dict[str, Any]:
    """Everything the run was told, by name; {} where its config.json can't be read."""
    try:
        config = RunFolder(row.view.path).config
    except StudioError:
        return {}
    plan = {**msgspec.to_builtins(TrainerConfig()), **config.plan}
    return {**{key: value for key, value in config.config.items() if not isinstance(value, dict)}, **plan}


def differing(told: list[dict[str, Any]]) -> list[str]:
    """Names of the settings that are not the same everywhere, in the order in which they are declared."""
    names = list(dict.fromkeys(name for one in told for name in one))
    return [name for name in names if len({shown(one.get(name)) for one in told}) > 1]


class CompareDialog(QDialog):
    """A table that is sorted by a click, and under it what the chosen ones (or all) were told differently."""

    noted = Signal(str, str)
    """Run, and the note it should have."""

    chosen = Signal(object)
    """tuple of names: the runs to show on the page."""

    def __init__(self, rows: list[RunRow], names: tuple[str, ...], parent: QWidget) -> None:
        super().__init__(parent)
        self._rows = {row.view.name: row for row in rows}
        self._told = {row.view.name: settings_of(row) for row in rows}
        self.setWindowTitle(self.tr("Compare trainings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(980, 560)
        self.table = self._table(
            [
                self.tr("Name"),
                self.tr("State"),
                self.tr("Minutes"),
                self.tr("Held-out"),
                self.tr("Variety"),
                self.tr("Stars"),
                self.tr("Size"),
                self.tr("Note"),
            ],
            self.tr("All trainings"),
        )
        self._fill(rows)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(3, Qt.SortOrder.AscendingOrder)
        self.table.horizontalHeader().setSectionResizeMode(7, QHeaderView.ResizeMode.Stretch)
        self.table.itemSelectionChanged.connect(self._show_told)
        self.table.itemChanged.connect(self._changed)
        self.differ = QLabel()
        theme.mark(self.differ, role="strong")
        self.told = self._table([], self.tr("What they were told differently"))
        hint = QLabel(self.tr("Held-out: smaller is better, on sounds it never heard. Variety: 100 % is that of your sounds."))
        theme.mark(hint, role="caption")
        show = QPushButton(self.tr("Show these"))
        show.setToolTip(self.tr("Lay their curves over each other, and hear the same sounds in both"))
        theme.mark(show, role="primary")
        show.clicked.connect(self._choose)
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.HALF)
        buttons.addWidget(hint, 1)
        buttons.addWidget(close)
        buttons.addWidget(show)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        column.setSpacing(theme.HALF)
        column.addWidget(self.table, 3)
        column.addWidget(self.differ)
        column.addWidget(self.told, 2)
        column.addLayout(buttons)
        for at in range(self.table.rowCount()):
            if self._name(at) in names:
                self.table.selectRow(at) if len(names) == 1 else self._select(at)
        self._show_told()

    def _table(self, columns: list[str], name: str) -> QTableWidget:
        table = QTableWidget(0, len(columns))
        table.setHorizontalHeaderLabels(columns)
        table.verticalHeader().hide()
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        table.setShowGrid(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setAccessibleName(name)
        return table

    def _fill(self, rows: list[RunRow]) -> None:
        self.table.setRowCount(len(rows))
        for at, row in enumerate(rows):
            status, held, varied = row.view.status, quality(row.view), variety(row.view)
            name = QTableWidgetItem(row.title)
            name.setData(NAME, row.view.name)
            state = QTableWidgetItem(words.state_words(row.view))
            for item in (name, state):
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
            note = QTableWidgetItem(row.note)
            note.setToolTip(row.note)
            items = [
                name,
                state,
                Number(_minutes(status.minutes), status.minutes),
                Number(f"{held:.3g}" if held is not None else "–", held),
                Number(f"{100 * varied:.0f} %" if varied is not None else "–", None if varied is None else -varied),
                Number(str(row.stars) if row.stars else "", -row.stars),
                Number(words.size(row.size), row.size),
                note,
            ]
            for column, item in enumerate(items):
                self.table.setItem(at, column, item)
        header = self.table.horizontalHeader()
        for column, width in enumerate((190, 120, 84, 96, 84, 68, 84, 200)):
            header.resizeSection(column, width)
            if column > 1:
                head = self.table.horizontalHeaderItem(column)
                assert head is not None
                right = Qt.AlignmentFlag.AlignRight if column < 7 else Qt.AlignmentFlag.AlignLeft
                head.setTextAlignment(right | Qt.AlignmentFlag.AlignVCenter)

    def _name(self, at: int) -> str:
        item = self.table.item(at, 0)
        return str(item.data(NAME)) if item is not None else ""

    def _select(self, at: int) -> None:
        for column in range(self.table.columnCount()):
            item = self.table.item(at, column)
            if item is not None:
                item.setSelected(True)

    @property
    def names(self) -> tuple[str, ...]:
        """The chosen runs, from above."""
        return tuple(self._name(index.row()) for index in self.table.selectionModel().selectedRows())

    def _show_told(self) -> None:
        names = self.names if len(self.names) > 1 else tuple(self._name(at) for at in range(self.table.rowCount()))
        told = [self._told[name] for name in names]
        fields = differing(told)
        self.differ.setText(self.tr("What they were told differently") if fields else self.tr("They were all told the same"))
        self.told.setVisible(bool(fields))
        self.told.setColumnCount(1 + len(names))
        self.told.setHorizontalHeaderLabels([self.tr("Setting"), *(self._rows[name].title for name in names)])
        self.told.setRowCount(len(fields))
        for at, field in enumerate(fields):
            for column, text in enumerate((pretty(field), *(shown(one.get(field)) for one in told))):
                item = QTableWidgetItem(text)
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                self.told.setItem(at, column, item)
        self.told.resizeColumnsToContents()

    def _changed(self, item: QTableWidgetItem) -> None:
        if item.column() == 7:
            self.noted.emit(self._name(item.row()), item.text().strip())

    def _choose(self) -> None:
        if self.names:
            self.chosen.emit(self.names)
        self.accept()


def _minutes(value: float) -> str:
    return "–" if not value else f"{value:.1f}" if value < 10 else f"{value:.0f}"
