"""The right side of Clips: the steps of the open clip (and the loop finder), where it has been, and its way out, as tabs."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.gui import theme
from studio.gui.pages.clips_branches import BranchList
from studio.gui.pages.clips_export import ExportPanel
from studio.gui.pages.clips_loops import LoopFinder
from studio.gui.pages.clips_rack import Rack
from studio.gui.widgets.tabs import Tabs


class ClipSide(QWidget):
    """Steps, History and Export as tabs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rack, self.loops, self.history, self.export = Rack(), LoopFinder(), BranchList(), ExportPanel()
        theme.mark(self, role="panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.tabs = Tabs()
        self.loops.hide()
        steps = QWidget()
        inside = QVBoxLayout(steps)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(theme.HALF)
        inside.addWidget(self.loops)
        inside.addWidget(self.rack, 1)
        self.tabs.add("steps", self.tr("Steps"), "sliders", steps, self.tr("What is done to this clip"))
        self.tabs.add("history", self.tr("History"), "branches", self.history, self.tr("Every state it has been in"))
        self.tabs.add("export", self.tr("Export"), "export", self.export, self.tr("Files for your DAW or sampler"))
        if (inner := self.export.layout()) is not None:
            inner.setContentsMargins(0, 0, 0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.addWidget(self.tabs)

    def show_loops(self, on: bool) -> None:
        """Show the loop finder above the steps, or put it away."""
        self.loops.setVisible(on)
        if on:
            self.tabs.show_tab("steps")
            self.loops.list.setFocus()
