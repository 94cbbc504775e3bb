"""Problems, quietly: one sentence, one hint, at most one button, details behind “more”. The newest one stands; no stack."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.gui import theme

LONGEST = 240
"""Letters of a sentence; what is longer is in the details."""


class QuietBar(QFrame):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("quiet-bar")
        self.setAccessibleName(self.tr("Problem"))
        self._action: Callable[[], None] | None = None
        self._mark = QLabel()
        self._sentence = QLabel()
        self._sentence.setProperty("role", "strong")
        self._hint = QLabel()
        self._hint.setProperty("role", "dim")
        for label in (self._sentence, self._hint):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self._button = QPushButton()
        self._button.clicked.connect(self._press)
        self._more = QPushButton(self.tr("More"))
        self._more.setProperty("role", "quiet")
        self._more.setCheckable(True)
        self._more.toggled.connect(self._toggle)
        self._copy = QPushButton(self.tr("Copy"))
        self._copy.setProperty("role", "quiet")
        self._copy.clicked.connect(self._copy_details)
        self._close = QToolButton()
        self._close.setProperty("role", "icon")
        self._close.setIcon(theme.icon("close", "dim"))
        self._close.setAccessibleName(self.tr("Dismiss"))
        self._close.setToolTip(self.tr("Dismiss"))
        self._close.clicked.connect(self.hide)
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setMaximumHeight(180)
        self._details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._details.setAccessibleName(self.tr("Details"))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._sentence)
        words.addWidget(self._hint)
        row = QHBoxLayout()
        row.setSpacing(theme.HALF)
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        for widget in (self._button, self._copy, self._more, self._close):
            row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, theme.HALF, theme.HALF, theme.HALF)
        column.addLayout(row)
        column.addWidget(self._details)
        self._details.hide()
        self.hide()

    @property
    def sentence(self) -> str:
        return self._sentence.text()

    def say(
        self,
        sentence: str,
        hint: str = "",
        details: str = "",
        button: str = "",
        action: Callable[[], None] | None = None,
        state: str = "warn",
    ) -> None:
        """`state` is warn, bad or info."""
        self._action = action
        self._mark.setPixmap(theme.pixmap("info" if state == "info" else "warn", "accent" if state == "info" else state, 20))
        sentence = " ".join(sentence.split())
        self._sentence.setText(sentence if len(sentence) <= LONGEST else f"{sentence[:LONGEST]}…")
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self._button.setText(button)
        self._button.setVisible(bool(button))
        self._details.setPlainText(details)
        for widget in (self._more, self._copy):
            widget.setVisible(bool(details))
        self._more.setChecked(False)
        theme.mark(self, state=state)
        self.show()

    def _press(self) -> None:
        self.hide()
        if self._action is not None:
            self._action()

    def _toggle(self, on: bool) -> None:
        self._details.setVisible(on)
        self._more.setText(self.tr("Less") if on else self.tr("More"))

    def _copy_details(self) -> None:
        text = "\n".join(filter(None, (self._sentence.text(), self._hint.text(), self._details.toPlainText())))
        QGuiApplication.clipboard().setText(text)
