"""What covers the window while files are dragged over it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from studio.gui import files, theme


class DropCurtain(QWidget):
    """Covers the window while files are dragged over it and says what letting go does."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        frame = QFrame()
        frame.setObjectName("drop")
        self._mark = QLabel()
        self._mark.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title = QLabel()
        self._title.setProperty("role", "page")
        self._title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._hint = QLabel(self.tr("Nothing on your disk is changed."))
        self._hint.setProperty("role", "dim")
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        inner = QVBoxLayout(frame)
        inner.addStretch(1)
        inner.addWidget(self._mark)
        inner.addSpacing(theme.HALF)
        inner.addWidget(self._title)
        inner.addWidget(self._hint)
        inner.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.WIDE)
        outer.addWidget(frame)
        self.hide()

    def open(self, dropped: files.Dropped) -> None:
        words = {
            "project": self.tr("Drop to open this project"),
            "recipe": self.tr("Drop to go back to where this sound was made"),
            "sounds": self.tr("Drop to add these sounds to your project"),
            "nothing": self.tr("There is no sound in this"),
        }
        self._title.setText(words[dropped.kind])
        self._mark.setPixmap(theme.pixmap("import" if dropped.kind != "nothing" else "warn", "accent", 48))
        self.show()
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme.color("ground", 0.92))
