"""The left edge of the window: the four pages in the order of the work, settings and help."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QButtonGroup, QToolButton, QVBoxLayout, QWidget

from studio.gui import theme
from studio.gui.actions import PAGES, Actions


class Rail(QWidget):
    """The pages from left to right of the work, from top to bottom of the window."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(theme.RAIL)
        self._buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, theme.HALF, 5, theme.HALF)
        column.setSpacing(4)
        for name in (*PAGES, "", "settings", "help"):
            if not name:
                column.addStretch(1)
                continue
            button = QToolButton()
            button.setObjectName("rail-page")
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setIcon(theme.icon(name, "dim"))
            button.setIconSize(QSize(22, 22))
            button.setText(actions[name].text() if name != "help" else self.tr("Help"))
            button.setToolTip(actions[name].toolTip())
            button.setAccessibleName(actions[name].text())
            button.clicked.connect(actions[name].trigger)
            column.addWidget(button)
            if name != "help":
                button.setCheckable(True)
                self._group.addButton(button)
                self._buttons[name] = button

    def show_page(self, name: str) -> None:
        """Mark the page that is shown; "" marks none."""
        self._group.setExclusive(bool(name))
        for page, button in self._buttons.items():
            button.setChecked(page == name)
