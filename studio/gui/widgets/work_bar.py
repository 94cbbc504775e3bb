"""One line that says what is being made, how far it is, and that it can be left off. Hidden while nothing is."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QSizePolicy, QWidget

from studio.gui import theme
from studio.gui.widgets.chips import Elided


class WorkBar(QWidget):
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.note = Elided(widest=100_000)
        theme.mark(self.note, role="caption")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMinimumWidth(120)
        self.bar.setAccessibleName(self.tr("How far it is"))
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.cancel.clicked.connect(self._leave_off)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.HALF)
        row.addWidget(self.note)
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        self.hide()

    def show_progress(self, words: str, done: int, total: int) -> None:
        """`total` 0: nobody knows yet."""
        self.note.set_words(words)
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.show()

    def _leave_off(self) -> None:
        """Work ends where it can, which may be a second later: until then the button says that it has been heard."""
        self.cancel.setEnabled(False)
        self.cancelled.emit()

    def hideEvent(self, event: QHideEvent) -> None:
        self.cancel.setEnabled(True)
        super().hideEvent(event)
