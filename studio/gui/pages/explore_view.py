"""How Explore is laid out: the map over the sound on the left, the controls on the right, a line of tools above.

Widgets only; explore.py says what they show and what happens when a hand moves them.
"""

from __future__ import annotations

import itertools

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.engine.engine import Engine
from studio.gui import theme
from studio.gui.pages.explore_brought import StepsBar
from studio.gui.pages.explore_controls import ControlPanel
from studio.gui.pages.explore_history import HistoryTab
from studio.gui.pages.explore_map import ViewSwitch
from studio.gui.pages.explore_models import ModelPicker
from studio.gui.pages.explore_nine import Nine
from studio.gui.pages.explore_path_bar import PathBar
from studio.gui.pages.explore_said import SaidBar
from studio.gui.widgets.latent_map import LatentMap
from studio.gui.widgets.sound_view import SoundView
from studio.gui.widgets.tabs import Tabs

PANEL = 384


class ExploreView(QWidget):
    """The full page, as it is when there is a model."""

    def __init__(self, engine: Engine, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picker = ModelPicker()
        self.state = QLabel()
        self.state.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        theme.mark(self.state, role="dim")
        self.encode = QPushButton(self.tr("Start from a sound…"))
        self.encode.setIcon(theme.icon("file"))
        self.encode.setToolTip(self.tr("Find one of your files in the model's space; dropping it here does the same"))
        self.hear = self._tool("speaker", self.tr("Hear a dot when the pointer rests on it"))
        self.hear.setCheckable(True)
        self.hear.setChecked(True)
        self.even = self._tool("normalise", self.tr("Hear everything equally loud; what is kept stays as it is"))
        self.fit = self._tool("fit", self.tr("Show the whole map (0)"))
        self.draw = self._tool("path", self.tr("Draw a path over the map (P, or hold Alt and draw)"))
        self.draw.setCheckable(True)
        self.switch = ViewSwitch()
        self.path_bar = PathBar()
        self.map = LatentMap()
        self.sound = SoundView(selectable=False)
        self.sound.wave.placeholder = self.tr("Drag the dot to make a sound")
        self.came = StepsBar()
        self.said = SaidBar()
        self.nine = Nine(engine)
        self.history = HistoryTab()
        self.panel = ControlPanel()
        self.panel.setFixedWidth(PANEL)
        head = QHBoxLayout()
        head.setSpacing(theme.HALF)
        head.addWidget(self.picker)
        head.addWidget(self.state, 1)
        head.addWidget(self.encode)
        head.addWidget(self.switch)
        head.addWidget(self.draw)
        head.addWidget(self.even)
        head.addWidget(self.hear)
        head.addWidget(self.fit)
        body = QHBoxLayout()
        body.setSpacing(theme.GAP)
        body.addWidget(self._left(), 1)
        body.addWidget(self.panel)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)  # the frame has the margin of every page
        page.setSpacing(theme.GAP)
        page.addLayout(head)
        page.addLayout(body, 1)
        switch = (self.switch.even, self.switch.near, self.draw)
        order = (self.picker.box, self.picker.newest, self.encode, *switch, self.even, self.hear, self.fit, self.map)
        for first, second in itertools.pairwise(
            (*order, *self.tabs.buttons.values(), self.sound.wave, self.came.button, self.said.button)
        ):
            QWidget.setTabOrder(first, second)

    def _left(self) -> QSplitter:
        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SMALL)
        self.tabs = Tabs()
        self.tabs.add("sound", self.tr("Sound"), "wave", self.sound, self.tr("The sound one stands at"))
        self.tabs.add("nine", self.tr("Nine"), "grid", self.nine, self.tr("Nine candidates around this sound (N)"))
        self.tabs.add("history", self.tr("History"), "clock", self.history, self.tr("Every place you stood at, and back to it"))
        column.addWidget(self.tabs, 1)
        column.addWidget(self.came)
        column.addWidget(self.said)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.map)
        split.addWidget(below)
        split.setStretchFactor(0, 5)
        split.setStretchFactor(1, 3)
        split.setChildrenCollapsible(False)
        return split

    def _tool(self, icon: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(theme.icon(icon))
        button.setIconSize(QSize(18, 18))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        theme.mark(button, role="icon")
        return button
