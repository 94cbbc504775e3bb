"""The expert drawer: every number a training logs, its curve, and all of it as CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.audio.files import unused
from studio.errors import StudioError
from studio.gui import theme
from studio.gui.session import Session
from studio.gui.widgets.curve_plot import CurvePlot, Series
from studio.project import atomic
from studio.training.curves import Curves


def table_of(curves: Curves) -> bytes:
    """All measurements as CSV: step, minutes, name, value; in the order of steps."""
    rows: list[tuple[int, float, str, float]] = []
    for name in curves.names():
        steps, values = curves.values(name)
        rows += list(zip(steps.tolist(), curves.minutes(steps).round(4).tolist(), [name] * len(steps), values.tolist()))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("step", "minutes", "name", "value"))
    writer.writerows(sorted(rows))
    return text.getvalue().encode()


class NumbersDialog(QDialog):
    """A table of curves by name and the plot of the chosen ones."""

    def __init__(self, session: Session, name: str, title: str, curves: Curves, parent: QWidget) -> None:
        super().__init__(parent)
        self.run = name
        self._session, self._title, self._curves = session, title, curves
        self.setWindowTitle(self.tr("All numbers of {0}").format(title))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(900, 560)
        self.table = QTableWidget(0, 4)
        self.table.setHorizontalHeaderLabels([self.tr("Name"), self.tr("Last"), self.tr("Lowest"), self.tr("Highest")])
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setAccessibleName(self.tr("Logged numbers"))
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for number in (1, 2, 3):
            header.setSectionResizeMode(number, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(number, 92)
        self.table.itemSelectionChanged.connect(self._plot)
        self.plot = CurvePlot()
        self.log = QPushButton(self.tr("Log time"))
        self.log.setCheckable(True)
        self.log.toggled.connect(self.plot.set_log)
        theme.mark(self.log, role="segment")
        save = QPushButton(self.tr("Save as CSV…"))
        save.setIcon(theme.icon("save"))
        save.clicked.connect(self._choose_file)
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.accept)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.table)
        split.addWidget(self.plot)
        split.setStretchFactor(1, 1)
        split.setSizes([420, 480])
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.HALF)
        buttons.addWidget(save)
        buttons.addWidget(self.log)
        buttons.addStretch(1)
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        column.setSpacing(theme.HALF)
        column.addWidget(split, 1)
        column.addLayout(buttons)
        self.show_curves(curves)
        if self.table.rowCount():
            self.table.selectRow(0)

    def show_curves(self, curves: Curves) -> None:
        """Newer values of the same run."""
        self._curves = curves
        names = sorted(curves.names())
        for row, name in enumerate(names):
            if row == self.table.rowCount():
                self.table.insertRow(row)
            _, values = curves.values(name)
            good = values[np.isfinite(values)]
            numbers = (values[-1], good.min(), good.max()) if len(good) else (np.nan,) * 3
            for at, text in enumerate((name, *(f"{v:.4g}".replace("-", "−") for v in numbers))):
                item = self.table.item(row, at)
                if item is None:
                    item = QTableWidgetItem()
                    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                    item.setTextAlignment(right if at else Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
                    self.table.setItem(row, at, item)
                item.setText(text)
        self._plot()

    def _plot(self) -> None:
        items = [self.table.item(index.row(), 0) for index in self.table.selectionModel().selectedRows()]
        names = [item.text() for item in items if item is not None]
        series = []
        for i, name in enumerate(names[:8]):
            steps, values = self._curves.values(name)
            series.append(Series(name, self._curves.minutes(steps), values, "accent" if len(names) == 1 else i))
        self.plot.set_series(series, self.tr("min"))

    def _choose_file(self) -> None:
        dialog = QFileDialog(self, self.tr("Save all numbers"), str(Path.home() / f"{self._title}.csv"), "CSV (*.csv)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)  # nothing is overwritten: a taken name gets a number
        dialog.setDefaultSuffix("csv")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.save)
        dialog.open()

    def save(self, path: str) -> Path | None:
        """Write the CSV under `path`, or the next free name beside it."""
        try:
            target = unused(Path(path))
            atomic.write_bytes(target, table_of(self._curves))
        except StudioError as error:
            self._session.complain(error)
            return None
        self._session.tell(self.tr("Saved {0}").format(target.name))
        return target
