"""A row of small tabs over one area, of which one is shown. Explore's lower half is made of these."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from studio.gui import theme


class Tabs(QWidget):
    """Widgets by key. `changed` tells which one is shown, by hand or not."""

    changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[str, QPushButton] = {}
        self._widgets: dict[str, QWidget] = {}
        self._group = QButtonGroup(self)
        self._stack = QStackedWidget()
        self.row = QHBoxLayout()
        self.row.setSpacing(2)
        self.row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SMALL)
        column.addLayout(self.row)
        column.addWidget(self._stack, 1)

    def add(self, key: str, title: str, icon: str, widget: QWidget, help: str = "") -> QPushButton:
        """One more tab at the end; the first one is shown. Its key stands for it from now on."""
        button = QPushButton(title)
        button.setIcon(theme.icon(icon))
        button.setIconSize(QSize(14, 14))
        button.setToolTip(help or title)
        button.setCheckable(True)
        theme.mark(button, role="segment")
        button.clicked.connect(partial(self.show_tab, key))
        self._group.addButton(button)
        self.row.insertWidget(self.row.count() - 1, button)
        self._stack.addWidget(widget)
        self.buttons[key], self._widgets[key] = button, widget
        if len(self.buttons) == 1:
            button.setChecked(True)
        return button

    @property
    def current(self) -> str:
        """The key of what is shown."""
        return next((key for key, widget in self._widgets.items() if widget is self._stack.currentWidget()), "")

    def show_tab(self, key: str, *_: object) -> None:
        self.buttons[key].setChecked(True)
        if self.current != key:
            self._stack.setCurrentWidget(self._widgets[key])
            self.changed.emit(key)

    def press(self, event: QKeyEvent) -> bool:
        """Whether what is shown wants this key: widgets with a method `press(event) -> bool` are asked."""
        hand = getattr(self._stack.currentWidget(), "press", None)
        return hand is not None and bool(hand(event))

    def release(self, event: QKeyEvent) -> bool:
        """Whether what is shown had a use for this key's end: widgets with a method `release(event) -> bool` are asked."""
        hand = getattr(self._stack.currentWidget(), "release", None)
        return hand is not None and bool(hand(event))

    def set_offered(self, key: str, offered: bool) -> None:
        """Whether this tab can be chosen at all; what is shown then gives way to the first."""
        self.buttons[key].setVisible(offered)
        if not offered and self.current == key:
            self.show_tab(next(iter(self.buttons)))
