"""One quiet line under the sound: how near it is to a known one, and how well the model says a file it was given."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from studio.gui import theme

WORDS = ((4.0, "nearly exactly"), (8.0, "well"), (14.0, "roughly"))
"""Mean log-mel distance in dB up to which the model says a sound this well."""


class SaidBar(QWidget):
    """A sentence and a button that goes to the sound it speaks of and back."""

    asked = Signal(object)
    """Path of the sound to hear."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path: Path | None = None
        self._ask_text = ""
        self._text = ""
        self._held = False
        self.label = QLabel()
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        theme.mark(self.label, role="dim")
        self.button = QPushButton()
        self.button.setIcon(theme.icon("play"))
        theme.mark(self.button, role="quiet")
        self.button.clicked.connect(self._ask)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.HALF)
        row.addWidget(self.label, 1)
        row.addWidget(self.button)
        self.setFixedHeight(theme.CONTROL + 2)
        self.clear()

    def clear(self) -> None:
        self._path = None
        self._held = False
        self._say("")
        self.button.hide()

    def tell_nearest(self, path: Path, ratio: float, copy: bool) -> None:
        """`ratio`: distance in usual distances between neighbours of the library. A fresh reconstruction has its say first."""
        if self._held:
            self._held = False
            return
        if copy:
            text = self.tr("This is almost a copy of {0}").format(path.name)
        elif ratio < 0.8:
            text = self.tr("Close to {0}: {1} of the usual distance").format(path.name, f"{ratio:.0%}")
        elif ratio < 2:
            text = self.tr("Nearest of yours: {0}, as near as your sounds usually are").format(path.name)
        else:
            text = self.tr("Nearest of yours: {0}, {1} times the usual distance").format(path.name, f"{ratio:.1f}")
        theme.mark(self.label, state="warn" if copy else "")
        self._offer(path, self.tr("Hear that one"))
        self._say(text)

    def tell_reconstruction(self, path: Path | None, distance: float) -> None:
        """How well the model says a file: `distance` is the mean log-mel difference in dB."""
        words = {"nearly exactly": self.tr("nearly exactly"), "well": self.tr("well"), "roughly": self.tr("roughly")}
        how = next((words[word] for most, word in WORDS if distance <= most), None)
        name = path.name if path is not None else self.tr("this sound")
        if how is None:
            text = self.tr("The model cannot say {0} yet: {1} dB away.").format(name, f"{distance:.1f}")
        else:
            text = self.tr("The model says {0} {1}: {2} dB away.").format(name, how, f"{distance:.1f}")
        self._held = True
        theme.mark(self.label, state="warn" if how is None else "")
        self._say(text)
        if path is not None:
            self._offer(path, self.tr("Hear the original"))

    def _offer(self, path: Path, text: str) -> None:
        self._path, self._ask_text = path, text
        self.button.show()
        self.show_heard(None)

    def show_heard(self, path: Path | None) -> None:
        """What sounds now comes from this file, or from none; the button offers the other of the two."""
        other = path is not None and path == self._path
        self.button.setText(self.tr("Back to this sound") if other else self._ask_text)
        self.button.setIcon(theme.icon("undo" if other else "play", "accent" if other else "text"))
        tip = self.tr("Hear one and the other, equally loud: this sound and {0}").format(self._path)
        self.button.setToolTip(tip)
        self._elide()

    def _say(self, text: str) -> None:
        self._text = text
        self.label.setToolTip(text)
        self._elide()

    def _elide(self) -> None:
        taken = self.button.sizeHint().width() + theme.HALF if not self.button.isHidden() else 0
        width = max(40, self.width() - taken)
        self.label.setText(QFontMetrics(theme.font()).elidedText(self._text, Qt.TextElideMode.ElideMiddle, width))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._elide()

    def _ask(self) -> None:
        if self._path is not None:
            self.asked.emit(self._path)
