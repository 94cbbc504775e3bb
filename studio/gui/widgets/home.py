"""What stands in the window while no project is open: recent ones, and two buttons."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from studio.gui import theme
from studio.gui.session import Session


class Home(QWidget):
    newWanted = Signal()
    openWanted = Signal()
    chosen = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        title = QLabel(self.tr("Make an instrument out of your own sounds"))
        title.setProperty("role", "page")
        hint = QLabel(self.tr("Start a project and drop a folder of sounds on it."))
        hint.setProperty("role", "dim")
        new = QPushButton(self.tr("New project"))
        new.setProperty("role", "primary")
        new.clicked.connect(self.newWanted)
        other = QPushButton(self.tr("Open a project folder"))
        other.clicked.connect(self.openWanted)
        self._recent_title = QLabel(self.tr("Recent projects"))
        self._recent_title.setProperty("role", "caption")
        self._recent = QListWidget()
        self._recent.setAccessibleName(self.tr("Recent projects"))
        self._recent.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._recent.itemActivated.connect(self._choose)
        self._recent.itemClicked.connect(self._choose)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.HALF)
        buttons.addWidget(new)
        buttons.addWidget(other)
        buttons.addStretch(1)
        card = QFrame()
        card.setProperty("role", "panel")
        card.setFixedWidth(560)
        inside = QVBoxLayout(card)
        inside.setContentsMargins(theme.WIDE + 8, theme.WIDE + 8, theme.WIDE + 8, theme.WIDE)
        inside.setSpacing(theme.HALF)
        inside.addWidget(title)
        inside.addWidget(hint)
        inside.addSpacing(theme.SPACE)
        inside.addLayout(buttons)
        inside.addSpacing(theme.SPACE)
        inside.addWidget(self._recent_title)
        inside.addWidget(self._recent)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(card)
        middle.addStretch(1)
        column = QVBoxLayout(self)
        column.addStretch(1)
        column.addLayout(middle)
        column.addStretch(2)
        session.settingsChanged.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """List the projects that were open before."""
        self._recent.clear()
        for path in self._session.settings.recent[:6]:
            item = QListWidgetItem(theme.icon("project", "dim"), Path(path).name)
            item.setToolTip(path)
            item.setData(Qt.ItemDataRole.UserRole, path)
            self._recent.addItem(item)
        some = self._recent.count() > 0
        self._recent.setVisible(some)
        self._recent_title.setVisible(some)
        self._recent.setFixedHeight(30 * max(1, self._recent.count()) + 4)

    def _choose(self, item: QListWidgetItem) -> None:
        self.chosen.emit(item.data(Qt.ItemDataRole.UserRole))
