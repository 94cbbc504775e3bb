"""What covers a page, or the window, while files are dragged over it. Raised by drop_target.py."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from studio.gui import theme


class DropCurtain(QWidget):
    """Covers its parent and says what letting go does."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._over = parent
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        frame = QFrame()
        frame.setObjectName("drop")
        self._mark = QLabel()
        self._mark.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title = QLabel()
        self._title.setProperty("role", "page")
        self._title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title.setWordWrap(True)
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

    @property
    def words(self) -> str:
        """What it says."""
        return self._title.text()

    def say(self, words: str, useful: bool = True) -> None:
        """Come down with these words; `useful`: something comes of letting go."""
        self._title.setText(words)
        self._hint.setVisible(useful)
        self._mark.setPixmap(theme.pixmap("import" if useful else "warn", "accent", 48, self.devicePixelRatioF()))
        self.setGeometry(self._over.rect())
        self.show()
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme.color("ground", 0.92))
