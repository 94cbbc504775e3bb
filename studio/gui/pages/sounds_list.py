"""The table of sounds as the hand and the keys meet it: arrows walk, Delete leaves out, Return plays, letters filter."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from studio.gui import theme
from studio.gui.tables.sounds import COLUMNS, ROW

WIDTHS = {
    "include": 36,
    "thumbnail": 104,
    "name": 176,
    "label": 88,
    "seconds": 74,
    "problems": 132,
    "loudness": 100,
    "brightness": 88,
    "pitch": 64,
    "rate": 84,
    "channels": 84,
}
"""Pixels of each column to begin with."""

LEAST, MOST = WIDTHS["name"], 320


class SoundsView(QTableView):
    """The table as the hand and the keys meet it."""

    deleted = Signal()
    replayed = Signal()
    typed = Signal(str)
    dragWanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.placeholder = ""
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSortingEnabled(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # names of one pack begin and end alike
        self._fitted = LEAST
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setSectionsMovable(True)
        self.horizontalHeader().setMinimumSectionSize(32)
        self.setAccessibleName(self.tr("Sounds"))

    def dress(self) -> None:
        """Give the columns their widths, once there is a model."""
        for column, name in enumerate(COLUMNS):
            self.setColumnWidth(column, WIDTHS[name])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Names get what the first columns leave, until somebody drags their edge."""
        super().resizeEvent(event)
        name = COLUMNS.index("name")
        if self.model() is not None and self.columnWidth(name) == self._fitted:
            others = sum(WIDTHS[column] for column in ("include", "thumbnail", "label", "seconds", "problems"))
            self._fitted = min(max(self.viewport().width() - others, LEAST), MOST)
            self.setColumnWidth(name, self._fitted)

    def startDrag(self, actions: Qt.DropAction) -> None:
        self.dragWanted.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier)
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.deleted.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.replayed.emit()
        elif plain and event.text() and event.text().isprintable() and not event.text().isspace():
            self.typed.emit(event.text())
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.model() is not None and not self.model().rowCount() and self.placeholder:
            painter = QPainter(self.viewport())
            painter.setPen(theme.color("dim"))
            painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, self.placeholder)
