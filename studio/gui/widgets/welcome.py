"""The card of the first start: three steps, each a button to the page where it happens, and beside them the second starter. It
goes when it is told to."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QToolButton, QWidget

from studio.gui import theme

NOTES = "Starter notes"
"""The second starter's name, as a project and as its folder."""


class Step(QPushButton):
    """A numbered step; `page` is where it leads."""

    def __init__(self, number: int, text: str, page: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.page, self._number = page, number
        self.setProperty("role", "quiet")
        self.setStyleSheet("QPushButton { padding: 0 12px 0 40px; text-align: left; min-height: 34px; font-weight: 500; }")

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent"))
        disc = self.rect().adjusted(10, (self.height() - 22) // 2, 0, 0)
        disc.setSize(QSize(22, 22))
        painter.drawEllipse(disc)
        painter.setPen(theme.color("on_accent"))
        painter.setFont(theme.font("caption", strong=True))
        painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, str(self._number))


class Welcome(QFrame):
    wanted = Signal(str)
    opened = Signal(str)
    """Another project is to be opened: its path."""

    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName(self.tr("First steps"))
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.HALF, theme.HALF, theme.HALF, theme.HALF)
        row.setSpacing(theme.HALF)
        steps = (
            (self.tr("Move the dot to hear a sound"), "explore"),
            (self.tr("Drop your own folder"), "sounds"),
            (self.tr("Press Train"), "train"),
        )
        self.steps: list[Step] = []
        for number, (text, page) in enumerate(steps, 1):
            step = Step(number, text, page)
            step.clicked.connect(self._go)
            row.addWidget(step)
            self.steps.append(step)
        row.addStretch(1)
        self._notes = ""
        self.notes = QPushButton(self.tr("Or play notes on keys"))
        self.notes.setProperty("role", "quiet")
        self.notes.setIcon(theme.icon("piano", "text"))
        self.notes.setToolTip(self.tr("Opens the project “%s”: twelve instruments, and all between them") % NOTES)
        self.notes.clicked.connect(lambda: self.opened.emit(self._notes))
        self.notes.hide()
        row.addWidget(self.notes)
        close = QToolButton()
        close.setProperty("role", "icon")
        close.setIcon(theme.icon("close", "dim"))
        close.setAccessibleName(self.tr("Dismiss these steps"))
        close.setToolTip(self.tr("Dismiss"))
        close.clicked.connect(self.dismissed)
        row.addWidget(close)
        self.hide()

    def offer(self, path: str) -> None:
        """Offer the project of notes at `path`; "" where it is open, or not there."""
        self._notes = path
        self.notes.setVisible(bool(path))

    def _go(self) -> None:
        step = self.sender()
        if isinstance(step, Step):
            self.wanted.emit(step.page)
