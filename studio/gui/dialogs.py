"""The few questions that can't be a quiet bar, because the answer is needed now."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.gui import theme

Answer = Literal["keep", "stop", "cancel"]


class Closing(QDialog):
    """The window closes while a training runs, or a search with its trials."""

    def __init__(self, parent: QWidget, run: str, waiting: int = 0, searching: bool = False) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Close Wavewright"))
        self.answer: Answer = "cancel"
        still = self.tr("“{run}” is still training")
        if searching:
            still = self.tr("The search for better settings is still at work")
        title = QLabel(still.format(run=run))
        title.setProperty("role", "title")
        text = self.tr(
            "It can go on in the background: open Wavewright again to see how it is doing. "
            "Or it stops at the next safe point, and you can resume it exactly there."
        )
        if waiting:
            queue = self.tr("The one that waits follows it") if waiting == 1 else self.tr("The {0} that wait follow it")
            text += "\n\n" + self.tr("{0} in the background, or when Wavewright is open again.").format(queue.format(waiting))
        words = QLabel(text)
        words.setWordWrap(True)
        words.setProperty("role", "dim")
        words.setFixedWidth(440)
        self._keep = QPushButton(self.tr("Keep training in the background"))
        self._keep.setProperty("role", "primary")
        self._stop = QPushButton(self.tr("Stop at a safe point"))
        cancel = QPushButton(self.tr("Cancel"))
        cancel.setProperty("role", "quiet")
        self._keep.clicked.connect(self._choose_keep)
        self._stop.clicked.connect(self._choose_stop)
        cancel.clicked.connect(self.reject)
        self._keep.setDefault(True)
        row = QHBoxLayout()
        row.setSpacing(theme.HALF)
        row.addWidget(cancel)
        row.addStretch(1)
        row.addWidget(self._stop)
        row.addWidget(self._keep)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.SPACE)
        column.setSpacing(theme.HALF)
        column.addWidget(title)
        column.addWidget(words)
        column.addSpacing(theme.SPACE)
        column.addLayout(row)

    def _choose_keep(self) -> None:
        self.answer = "keep"
        self.accept()

    def _choose_stop(self) -> None:
        self.answer = "stop"
        self.accept()


def closing_answer(parent: QWidget, run: str, waiting: int = 0, searching: bool = False) -> Answer:
    """Ask what becomes of the training `run` when the window closes, while so many wait. Without anyone to ask it goes on."""
    if QCoreApplication.closingDown():
        return "keep"
    dialog = Closing(parent, run, waiting, searching)
    dialog.exec()
    answer = dialog.answer
    dialog.deleteLater()
    return answer
