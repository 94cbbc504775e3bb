"""The sounds of one preview as cells: four rebuilt ones above, four new ones below, the user's own beside them.

Knows where a cell stands and what is in it; what is heard, and when, is the timeline's.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QWidget

from studio.gui import theme
from studio.gui.widgets.preview_cell import AddCell, PreviewCell
from studio.project.state import PreviewCell as CellFile

ACROSS = 5
"""Columns: four of the training's own, one of the user's."""
LEAST = 56
"""Points: the lowest a cell may be."""

Key = tuple[str, str]
"""Kind and name of a cell: the same sound at every moment and in every run of a project."""


def key_of(file: CellFile) -> Key:
    return file.kind, file.name


class SoundGrid(QScrollArea):
    """Cells by key. More than two sounds of one's own make a third row, to which one scrolls where it has no room."""

    pressed = Signal(object)
    """Key: this sound should be heard."""

    stepped = Signal(int)
    """−1 or +1, to walk through time."""

    removed = Signal(object)
    """Key of a sound of the user's that should go."""

    addAsked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cells: dict[Key, PreviewCell] = {}
        inside = QWidget()
        theme.mark(inside, role="clear")
        self._grid = QGridLayout(inside)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(6)
        for at in range(ACROSS):
            self._grid.setColumnStretch(at, 1)
        self.add = AddCell(self.tr("Drop a sound of yours"), inside)
        self.add.setToolTip(self.tr("Hear at every moment how the model says a sound of yours"))
        self.add.pressed.connect(self.addAsked)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumHeight(2 * LEAST + 6)
        self.setWidget(inside)

    def lay_out(self, wanted: list[Key], addable: bool) -> None:
        """Exactly these cells, and where there is a place left, that for one more of the user's."""
        for key in [key for key in self.cells if key not in wanted]:
            cell = self.cells.pop(key)
            self._grid.removeWidget(cell)
            cell.hide()
            cell.deleteLater()
        places = places_of(wanted)
        for key in wanted:
            cell = self.cells.get(key) or self._make(key)
            self._grid.addWidget(cell, *places[key])
            cell.show()
        free = [row for row in (0, 1) if (row, ACROSS - 1) not in places.values()]
        if free and addable:
            self._grid.addWidget(self.add, free[0], ACROSS - 1)
        self.add.setVisible(bool(free and addable))

    def _make(self, key: Key) -> PreviewCell:
        cell = PreviewCell(self.widget(), removable=key[0] == "probe")
        cell.key = key
        cell.pressed.connect(self._pressed)
        cell.stepped.connect(self.stepped)
        cell.removed.connect(self._removed)
        self.cells[key] = cell
        return cell

    def show_position(self, playing: Key | None, seconds: float | None) -> None:
        """Which cell sounds, and how far it is."""
        for key, cell in self.cells.items():
            cell.set_playing(key == playing, seconds if key == playing else None)

    def title_of(self, file: CellFile) -> str:
        names = {
            "lowest": self.tr("Lowest"),
            "highest": self.tr("Highest"),
            "loudest": self.tr("Loudest"),
            "quietest": self.tr("Quietest"),
        }
        if file.kind == "new":
            return self.tr("New {0}").format((file.seed or 0) + 1)
        if file.kind == "probe":
            return file.name
        name = names.get(file.name, file.name)
        return f"{name} {file.label}" if file.label else name

    def _pressed(self, cell: PreviewCell) -> None:
        self.pressed.emit(cell.key)

    def _removed(self, cell: PreviewCell) -> None:
        self.removed.emit(cell.key)


def places_of(keys: list[Key]) -> dict[Key, tuple[int, int]]:
    """Row and column of each cell: rebuilt sounds above, new ones below, the user's own in the last column and then beneath."""
    rebuilt = [key for key in keys if key[0] == "reconstruction"]
    new = [key for key in keys if key[0] == "new"]
    own = [key for key in keys if key[0] == "probe"]
    below = 1 if rebuilt else 0
    places = {key: (0, i) for i, key in enumerate(rebuilt)} | {key: (below, i) for i, key in enumerate(new)}
    for i, key in enumerate(own):
        places[key] = (i, ACROSS - 1) if i < 2 else (2 + (i - 2) // ACROSS, (i - 2) % ACROSS)
    return places
