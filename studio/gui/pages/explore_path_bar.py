"""The bar of a drawn path: how many steps it has, what is made of it, and how far that is. Lies over the map's lower edge."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QStackedWidget,
    QToolButton,
    QWidget,
)

from studio.explore.paths import Timing
from studio.gui import theme

Kind = Literal["morph", "chain", "sounds", "table"]
STEPS = 16
MOST = 128


class PathBar(QFrame):
    """Shown while there is a path. `asked` says what is to be made of it."""

    asked = Signal(str)
    """Kind"""

    stepsChanged = Signal()
    cancelled = Signal()
    cleared = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.mark(self, role="raised")
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setAccessibleName(self.tr("Path"))
        self.steps = QSpinBox()
        self.steps.setRange(2, MOST)
        self.steps.setValue(STEPS)
        self.steps.setFixedWidth(104)
        self.steps.setSuffix(self.tr(" steps"))
        self.steps.setToolTip(self.tr("Sounds along the path"))
        self.steps.setAccessibleName(self.steps.toolTip())
        self.steps.valueChanged.connect(self._say_steps)
        self.one = QPushButton(self.tr("As one sound"))
        self.one.setToolTip(self.tr("One sound that changes along the path, from its beginning to its end"))
        self.one.clicked.connect(self._ask_one)
        self.how = self._tool("sliders", self.tr("How the steps become one sound, and where they lie"))
        self.how.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.how.setMenu(self._menu())
        self.many = self._button("", self.tr("Keep every step as a clip"), "sounds")
        self.table = self._button(
            self.tr("Wavetable"), self.tr("Write a wavetable for Serum, Vital, Surge…: one cycle of every step"), "table"
        )
        self.close_button = self._tool("close", self.tr("Delete the path (Del)"))
        self.close_button.clicked.connect(self.cleared)
        self.note = QLabel()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(120)
        self.bar.setAccessibleName(self.tr("Progress of the path"))
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.clicked.connect(self.cancelled)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._row(self.steps, self.one, self.how, self.many, self.table, self.close_button))
        self._stack.addWidget(self._row(self.note, self.bar, self.cancel))
        self.cancel.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 6, 4)
        row.addWidget(self._stack)
        self._say_steps()
        self.hide()

    def _row(self, *widgets: QWidget) -> QWidget:
        inside = QWidget()
        row = QHBoxLayout(inside)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.HALF)
        for widget in widgets:
            row.addWidget(widget)
        return inside

    def _button(self, text: str, tip: str, kind: Kind) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setProperty("kind", kind)
        button.clicked.connect(self._ask)
        return button

    def _tool(self, icon: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(theme.icon(icon))
        button.setIconSize(QSize(16, 16))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        theme.mark(button, role="icon")
        return button

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        group = QActionGroup(menu)
        self.morph = self._choice(menu, self.tr("Morphing all the way"))
        self.chain = self._choice(menu, self.tr("One step after another"))
        for action in (self.morph, self.chain):
            group.addAction(action)
        self.morph.setChecked(True)
        menu.addSeparator()
        self.follow = self._choice(menu, self.tr("As fast as it was drawn"))
        self.follow.toggled.connect(self.stepsChanged)
        return menu

    def _choice(self, menu: QMenu, text: str) -> QAction:
        action = menu.addAction(text)
        action.setCheckable(True)
        return action

    # ---- what is shown
    @property
    def timing(self) -> Timing:
        """Steps lie close together where the hand was slow, or evenly."""
        return "drawn" if self.follow.isChecked() else "even"

    @property
    def count(self) -> int:
        return self.steps.value()

    def set_progress(self, done: int, total: int, words: str) -> None:
        """Something is being made; `total` 0: no longer."""
        self._stack.setCurrentIndex(1 if total else 0)
        self.bar.setRange(0, max(total, 1))
        self.bar.setValue(done)
        self.note.setText(words)

    @property
    def running(self) -> bool:
        return self._stack.currentIndex() == 1

    @Slot()
    def _say_steps(self) -> None:
        self.many.setText(self.tr("As {0} sounds").format(self.count))
        self.stepsChanged.emit()

    # ---- what is asked
    @Slot()
    def _ask_one(self) -> None:
        self.asked.emit("morph" if self.morph.isChecked() else "chain")

    @Slot()
    def _ask(self) -> None:
        self.asked.emit(self.sender().property("kind"))
