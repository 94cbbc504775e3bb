"""The loop finder: ranked places where the open clip may go round and round, each to be heard before one is taken.

It searches off the window's thread (audio/loops.py) and says what the hand wants; the page plays and saves.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.audio import loops
from studio.audio.loops import Loop
from studio.audio.sound import Audio, Sound
from studio.audio.steps import STEPS
from studio.gui import theme
from studio.gui.pages.clips_dial import Dial
from studio.gui.pages.clips_words import labels_of, span_words
from studio.gui.widgets.later import Later

LONGEST = 60.0
"""Seconds that are searched at once."""
AROUND = 0.5
"""Seconds that are heard on either side of a seam."""
LOOP = Qt.ItemDataRole.UserRole


class LoopFinder(QFrame):
    """A list of loops with their seams. `shown` selects one in the picture, `heard` plays a sound, `wanted` tells a step."""

    shown = Signal(object)
    """(start, end) in seconds."""

    heard = Signal(object, object)
    """A Sound, and the (start, end) in seconds where it goes round and round; None: it is heard once."""

    wanted = Signal(object)
    """The step that marks the loop."""

    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._audio: Audio | None = None
        self._sound: Sound | None = None
        self._first = self._last = 0.0  # seconds of the clip between which is searched
        self._later = Later(self)
        self._later.done.connect(self._take)
        theme.mark(self, role="row")
        self.title = QLabel()
        self.title.setWordWrap(True)
        self.close_ = QToolButton()
        self.close_.setIcon(theme.icon("close", "dim"))
        self.close_.setToolTip(self.tr("Close the loop finder"))
        self.close_.setAccessibleName(self.close_.toolTip())
        theme.mark(self.close_, role="icon")
        self.close_.clicked.connect(self.closed)
        self.list = _Loops()
        self.list.setAccessibleName(self.tr("Loops, best first: Return plays one"))
        self.list.setFixedHeight(148)
        self.list.currentItemChanged.connect(self._show)
        self.list.itemClicked.connect(self.play)
        self.list.played.connect(self.play)
        fade = next(p for p in STEPS["loop"].parameters if p.name == "crossfade")
        self.crossfade = Dial(fade, labels_of(STEPS["loop"])["crossfade"], fade.default, 1.0)
        self.seam = QPushButton(self.tr("Hear the seam"))
        self.seam.setToolTip(self.tr("Its last half second and its first, once"))
        self.seam.clicked.connect(self._hear_seam)
        self.take = QPushButton(self.tr("Use this loop"))
        self.take.setToolTip(self.tr("Lead its end into its beginning, and mark it for samplers"))
        self.take.clicked.connect(self._use)
        self._lay_out()
        self._say()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.close_, 0, Qt.AlignmentFlag.AlignTop)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.SMALL)
        buttons.addWidget(self.seam, 1)
        buttons.addWidget(self.take, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.HALF, theme.SMALL, theme.SMALL, theme.HALF)
        column.setSpacing(theme.SMALL)
        column.addLayout(head)
        column.addWidget(self.list)
        column.addWidget(self.crossfade)
        column.addLayout(buttons)

    # ---- what is shown
    def look_at(self, audio: Audio, seen: tuple[float, float]) -> None:
        """Find the loops of this sound; of a long one, of as much as LONGEST of what is `seen`."""
        long = audio.seconds > LONGEST
        first, last = (seen[0], min(seen[1], seen[0] + LONGEST)) if long else (0.0, audio.seconds)
        if audio is self._audio and (not long or (self._first, self._last) == (first, last)):
            return
        self._audio, self._first, self._last, self._sound = audio, first, last, None
        self.list.clear()
        self._later.ask(partial(_found, audio, first, last))
        self._say(searching=True)

    @Slot(object)
    def _take(self, answer: object) -> None:
        if not isinstance(answer, tuple) or answer[:3] != (self._audio, self._first, self._last):
            return
        self._sound = answer[3]
        for place, loop in enumerate(answer[4], 1):
            start, end = self._span(loop)
            words = self.tr("{0}. {1}, seam {2} dB").format(place, span_words(start, end), f"{loop.seam:.0f}".replace("-", "−"))
            item = QListWidgetItem(words)
            item.setData(LOOP, loop)
            self.list.addItem(item)
        self._say()

    def _say(self, searching: bool = False) -> None:
        count = self.list.count()
        none = self.tr("No good loop: it needs a sustained sound, not too short")
        self.title.setText(self.tr("Looking for loops …") if searching else self.tr("Loops, best first") if count else none)
        for widget in (self.list, self.crossfade, self.seam, self.take):
            widget.setVisible(count > 0)
        for widget in (self.seam, self.take, self.crossfade):
            widget.setEnabled(self.loop is not None)

    @property
    def loop(self) -> Loop | None:
        """The one that is chosen."""
        item = self.list.currentItem()
        return item.data(LOOP) if item is not None else None

    @property
    def span(self) -> tuple[float, float] | None:
        """Its start and end in seconds."""
        loop = self.loop
        return self._span(loop) if loop is not None else None

    def _span(self, loop: Loop) -> tuple[float, float]:
        rate = self._audio.rate if self._audio is not None else 1
        return self._first + loop.start / rate, self._first + (loop.end + 1) / rate

    # ---- the hand
    def _show(self, *_: object) -> None:
        self._say()
        if self.span is not None:
            self.shown.emit(self.span)

    @Slot()
    def play(self, *_: object) -> None:
        """Go round the chosen loop, as it would be."""
        if (made := self._made()) is not None and self.loop is not None:
            self.heard.emit(Sound(made.samples[:, self.loop.start : self.loop.end + 1], made.rate), self.span)

    def _hear_seam(self) -> None:
        made, loop = self._made(), self.loop
        if made is not None and loop is not None:
            around = min(round(AROUND * made.rate), loop.end + 1 - loop.start)
            end = made.read(loop.end + 1 - around, around)
            self.heard.emit(Sound(np.concatenate([end, made.read(loop.start, around)], axis=1), made.rate), None)

    def _made(self) -> Sound | None:
        if self._sound is None or self.span is None:
            return None
        start, end = (moment - self._first for moment in self.span)
        return loops.loop(self._sound, start, end, crossfade=float(self.crossfade.value or 0.0))

    def _use(self) -> None:
        if self.span is not None:
            start, end = self.span
            step = {"do": "loop", "start": round(start, 6), "end": round(end, 6), "crossfade": self.crossfade.value}
            self.wanted.emit(step)


class _Loops(QListWidget):
    played = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.played.emit()
        else:
            super().keyPressEvent(event)


def _found(audio: Audio, first: float, last: float) -> tuple[Audio, float, float, Sound, list[Loop]]:
    start = round(first * audio.rate)
    sound = Sound(audio.read(start, round(last * audio.rate) - start), audio.rate)
    return audio, first, last, sound, loops.find(sound)
