"""The tab “History”: the tree of places one stood at, the way to where one stands, and clearing.

Shows what Standing remembers and asks it to jump. Lays out and paints only while it is seen.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from studio.explore.history import History
from studio.gui import theme
from studio.gui.pages.explore_open import OpenModel
from studio.gui.pages.explore_space import Space
from studio.gui.pages.explore_standing import Standing
from studio.gui.pages.explore_tree import HistoryTree


class HistoryTab(QWidget):
    """The tree, the way to where one stands, and clearing. Laid out when it is seen."""

    jumped = Signal(int)
    """Id of a node: stand there."""

    cleared = Signal()
    """Forget all but where one stands."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tree = HistoryTree()
        self.here = self._tool("fit", self.tr("Show where you stand"))
        self.clear = self._tool("trash", self.tr("Clear the history; undo brings it back"))
        self._late: tuple[History, str, tuple[str, ...], Space | None] | None = None
        self._model: OpenModel | None = None
        self._standing: Standing | None = None
        tools = QVBoxLayout()
        tools.setSpacing(theme.SMALL)
        tools.addWidget(self.here)
        tools.addWidget(self.clear)
        tools.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SMALL)
        row.addWidget(self.tree, 1)
        row.addLayout(tools)
        self.tree.chosen.connect(self.jumped)
        self.here.clicked.connect(self._show_here)
        self.clear.clicked.connect(self.cleared)

    def show_history(self, history: History, model: str = "", names: Sequence[str] = (), space: Space | None = None) -> None:
        """As the tree takes it."""
        self._late = (history, model, tuple(names), space)
        if self.isVisible():
            self._catch_up()

    def follow(self, model: OpenModel, standing: Standing) -> None:
        """Show the history of `standing` from now on, and go where one is chosen."""
        self._model, self._standing = model, standing
        standing.remembered.connect(self._remembered)
        model.spaced.connect(self._remembered)
        self.jumped.connect(standing.jump)
        self.cleared.connect(standing.forget)
        self._remembered()

    @Slot()
    def _remembered(self, *_: object) -> None:
        if self._model is not None and self._standing is not None:
            space = self._model.space if self._model.same_size else None
            model = self._model.facts.model if self._model.facts is not None else ""
            self.show_history(self._standing.history, model, space.names if space is not None else (), space)

    def press(self, event: QKeyEvent) -> bool:
        return self.tree.press(event)

    def _catch_up(self) -> None:
        if self._late is not None:
            (history, model, names, space), self._late = self._late, None
            self.tree.show_history(history, model, names, space)
            self.here.setEnabled(len(history) > 1)
            self.clear.setEnabled(len(history) > 1)

    def showEvent(self, event: object) -> None:
        self._catch_up()

    @Slot()
    def _show_here(self) -> None:
        if self.tree.history.current is not None:
            self.tree.show_node(self.tree.history.current.id)

    def _tool(self, icon: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(theme.icon(icon))
        button.setIconSize(QSize(16, 16))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        theme.mark(button, role="icon")
        return button
