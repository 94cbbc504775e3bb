"""The top bar: the project and its menu, undo and redo, and the chips of training and device."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QToolButton, QWidget

from studio.gui import theme
from studio.gui.actions import Actions
from studio.gui.session import Session
from studio.gui.widgets.chips import DeviceChip, SilenceChip, TrainingChip


class TopBar(QWidget):
    recentChosen = Signal(str)

    def __init__(self, session: Session, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setObjectName("top-bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(theme.TOP_BAR)
        self._menu = QMenu(self)
        self._recent = QMenu(self.tr("Recent projects"), self)
        self._recent.setIcon(theme.icon("clock"))
        self._recent.aboutToShow.connect(self._fill_recent)
        self._recent.triggered.connect(self._choose)
        for name in ("new", "open"):
            self._menu.addAction(actions[name])
        self._menu.addMenu(self._recent)
        self._menu.addSeparator()
        for name in ("add", "rename", "reveal", "close"):
            self._menu.addAction(actions[name])
        self._menu.addSeparator()
        for name in ("theme", "settings", "help", "quit"):
            self._menu.addAction(actions[name])
        self._project = QPushButton()
        self._project.setProperty("role", "quiet")
        self._project.setIcon(theme.icon("project", "dim"))
        self._project.setMenu(self._menu)
        self._project.setStyleSheet("QPushButton { font-weight: 600; padding: 0 26px 0 8px; }")
        self._project.setAccessibleName(self.tr("Project menu"))
        self.training = TrainingChip()
        self.device = DeviceChip()
        self.silence = SilenceChip()
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.HALF, 0, theme.MARGIN, 0)
        row.setSpacing(theme.HALF)
        row.addWidget(self._project)
        row.addWidget(self._button(actions["undo"]))
        row.addWidget(self._button(actions["redo"]))
        row.addStretch(1)
        row.addWidget(self.training)
        row.addWidget(self.silence)
        row.addWidget(self.device)
        session.opened.connect(self.refresh)
        session.closed.connect(self.refresh)
        session.settingsChanged.connect(self._fill_recent)
        self.refresh()

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton()
        button.setProperty("role", "icon")
        button.setDefaultAction(action)
        button.setIconSize(QSize(16, 16))
        button.setAccessibleName(action.text())
        return button

    @property
    def title(self) -> str:
        return self._project.text()

    @Slot()
    def refresh(self) -> None:
        """Show the project's name."""
        project = self._session.project
        self._project.setText(self._short(project.name) if project else self.tr("No project"))
        self._project.setToolTip(str(project.root) if project else self.tr("Open or make a project"))
        self._fill_recent()

    def _short(self, name: str) -> str:
        name = name.replace("&", "&&")
        return name if len(name) <= 32 else name[:31] + "…"

    def _fill_recent(self, _: object = None) -> None:
        self._recent.clear()
        here = str(self._session.project.root) if self._session.project else ""
        for path in self._session.settings.recent:
            if path != here:
                action = self._recent.addAction(Path(path).name.replace("&", "&&"))
                action.setToolTip(path)
                action.setData(path)
        self._recent.setEnabled(not self._recent.isEmpty())

    @Slot(object)
    def _choose(self, action: QAction) -> None:
        self.recentChosen.emit(action.data())
