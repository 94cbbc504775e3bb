"""Where sounds come in: by drag, by a dialog; and what an empty page says: one sentence, one button.

Used by every page that takes files or can be empty.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.audio.files import EXTENSIONS
from studio.gui import theme


def audio_paths(data: QMimeData, most: int) -> list[Path]:
    """Files of a drag that look like sounds; empty if anything else is among them, or more than `most`."""
    found = [Path(url.toLocalFile()) for url in data.urls()[: most + 1] if url.isLocalFile()]
    few = 0 < len(found) <= most
    return found if few and all(path.suffix.lower() in EXTENSIONS and path.is_file() for path in found) else []


def pick_sound(parent: QWidget, title: str, chosen: Callable[[Path], None]) -> QFileDialog:
    """Ask for one sound file without stopping the window; `chosen` is a bound method of `parent`."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilter(f"{parent.tr('Sounds')} ({' '.join(f'*{suffix}' for suffix in sorted(EXTENSIONS))})")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    picker = _Picked(dialog, chosen)
    dialog.fileSelected.connect(picker.take)
    dialog.open()
    return dialog


class _Picked(QWidget):
    """Turns the dialog's text into a path; lives as long as the dialog."""

    def __init__(self, parent: QWidget, chosen: Callable[[Path], None]) -> None:
        super().__init__(parent)
        self.hide()
        self._chosen = chosen

    def take(self, text: str) -> None:
        self._chosen(Path(text))


class Empty(QWidget):
    """An empty state: an icon, one sentence, one button."""

    pressed = Signal()

    def __init__(self, icon: str, sentence: str, button: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = icon
        self.picture = QLabel()
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.sentence = QLabel(sentence)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.sentence.setWordWrap(True)
        theme.mark(self.sentence, role="title")
        self.button = QPushButton(button)
        self.button.setVisible(bool(button))
        theme.mark(self.button, role="primary")
        self.button.clicked.connect(self.pressed)
        column = QVBoxLayout(self)
        column.setSpacing(theme.SPACE)
        column.addStretch(1)
        column.addWidget(self.picture)
        column.addWidget(self.sentence)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        self._draw_icon()
        theme.changes().changed.connect(self._draw_icon)

    def say(self, sentence: str, button: str) -> None:
        self.sentence.setText(sentence)
        self.button.setText(button)
        self.button.setVisible(bool(button))

    def _draw_icon(self, theme_name: str = "") -> None:
        self.picture.setPixmap(theme.pixmap(self._icon, "dim", 40, self.devicePixelRatioF()))
