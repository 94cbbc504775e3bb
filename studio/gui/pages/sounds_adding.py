"""Adding to Sounds: the button with its menu and dialogs, and the line that says how far the measuring is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from studio.audio.files import EXTENSIONS
from studio.engine.jobs import Told
from studio.events import Cancelled, Failed, Finished, Produced, Progress, Started
from studio.gui import theme
from studio.gui.session import Session
from studio.gui.widgets.work_bar import WorkBar
from studio.library.importer import import_folders

IMPORT = "import"


class Adding(QObject):
    begun = Signal()
    """Sounds are on their way."""

    came = Signal()
    """Some are there; the rest of the window is told once, at the end."""

    def __init__(self, session: Session, page: QWidget) -> None:
        super().__init__(page)
        self._session, self._page = session, page
        self.busy = False
        self.bar = WorkBar()
        self.bar.bar.setAccessibleName(self.tr("Progress of adding sounds"))
        self.bar.cancel.setToolTip(self.tr("Stop adding; what is measured already stays"))
        self.bar.cancelled.connect(lambda: session.desk.cancel(IMPORT))
        self.button = QPushButton(self.tr("Add sounds…"))
        self.button.setToolTip(self.tr("Add a folder or files; they stay where they are"))
        theme.mark(self.button, role="primary")
        self._menu = QMenu(self.button)
        self._menu.addAction(theme.icon("folder"), self.tr("A folder…"), self.choose_folder)
        self._menu.addAction(theme.icon("file"), self.tr("Files…"), self.choose_files)
        self._menu.addSeparator()
        self.copying = self._menu.addAction(self.tr("Copy them into the project"))
        self.copying.setCheckable(True)
        self.copying.setToolTip(self.tr("Off: the project refers to your files where they lie"))
        self.button.clicked.connect(self._show_menu)
        session.desk.event.connect(self._on_desk)
        session.closed.connect(self.bar.hide)

    def add(self, paths: Sequence[str | Path]) -> None:
        """Bring folders and files into the project, in the background."""
        project, found = self._session.project, [Path(path) for path in paths]
        if project is None or not found:
            return
        copy = self.copying.isChecked()
        self._session.desk.submit(lambda: import_folders(project, found, copy=copy), IMPORT)
        self._show_doing(self.tr("Looking through your folders…"), 0, 0)

    def choose_folder(self) -> None:
        dialog = self._dialog(self.tr("A folder of sounds"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.open()

    def choose_files(self) -> None:
        dialog = self._dialog(self.tr("Sounds"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilter(f"{self.tr('Sounds')} ({' '.join(f'*{suffix}' for suffix in sorted(EXTENSIONS))})")
        dialog.open()

    def _dialog(self, title: str) -> QFileDialog:
        dialog = QFileDialog(self._page, title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(self.add)
        return dialog

    def _show_menu(self) -> None:
        self._menu.popup(self.button.mapToGlobal(self.button.rect().bottomLeft()))

    @Slot(object)
    def _on_desk(self, told: Told) -> None:
        if told.tag != IMPORT:
            return
        event = told.event
        if isinstance(event, Started):
            self.busy = True
            self._show_doing(self.tr("Looking through your folders…"), 0, 0)
        elif isinstance(event, Progress):
            if event.total:
                text = self.tr("Measuring {0} of {1}: {2}").format(f"{event.done:,}", f"{event.total:,}", event.note)
                self._show_doing(text, event.done, event.total)
            else:
                self._show_doing(self.tr("Looking through “{0}”…").format(event.note), 0, 0)
        elif isinstance(event, Produced):
            self.came.emit()
        if told.last:
            self._end(event)

    def _end(self, event: object) -> None:
        self.busy = False
        self.bar.hide()
        if isinstance(event, Failed):
            self._session.complain(event)
        elif isinstance(event, Finished):
            self._session.tell(self._said(event.result))
        elif isinstance(event, Cancelled):
            self._session.tell(self.tr("Adding was cancelled; what was measured stays"))
        self._session.soundsChanged.emit()

    def _said(self, result: dict[str, Any]) -> str:
        new, known, bad = result["imported"], result["skipped"], len(result["problems"])
        parts = [self.tr("{0} sounds added").format(f"{new:,}") if new else self.tr("Nothing new")]
        if known:
            parts.append(self.tr("{0} known already").format(f"{known:,}"))
        if bad:
            parts.append(self.tr("{0} can't be read").format(f"{bad:,}"))
        return ", ".join(parts)

    def _show_doing(self, text: str, done: int, total: int) -> None:
        self.bar.show_progress(text, done, total)
        self.begun.emit()
