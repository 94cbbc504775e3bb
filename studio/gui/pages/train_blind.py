"""A blind comparison: the same sound from two moments of a training, or from two trainings, without knowing which is which.

Both at one loudness; going from one to the other goes on at the same place. After a choice it is told which was which, and how
often each was preferred so far, with a word on whether that could be chance.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QDialog, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.gui import theme
from studio.gui.pages import train_words as words
from studio.gui.pages.train_cells import Key, key_of
from studio.gui.pages.train_timeline import Told
from studio.gui.session import Current, Session
from studio.gui.widgets.later import Later
from studio.gui.widgets.preview_cell import Pictures, pictures_of
from studio.training.run import Preview

CHANCE = 0.1
"""Probability under which a preference no longer counts as chance."""


@dataclass(frozen=True)
class Take:
    """One of the two that are compared: a moment of a run."""

    run: str
    title: str
    preview: Preview

    @property
    def key(self) -> tuple[str, int]:
        return self.run, self.preview.step

    def sounds(self) -> dict[Key, Path]:
        return {key_of(cell): self.preview.path(cell) for cell in self.preview.cells}


@dataclass
class Tally:
    """How often the first, the second, and neither was preferred."""

    first: int = 0
    second: int = 0
    neither: int = 0

    @property
    def chance(self) -> float:
        """Probability of a preference at least this one-sided if it were drawn by coin (two-sided sign test)."""
        total, more = self.first + self.second, max(self.first, self.second)
        tail = sum(math.comb(total, k) for k in range(more, total + 1)) / 2**total
        return min(1.0, 2 * tail)


@dataclass
class Round:
    """What is heard now: sound `key`; `swapped`: X is the second take. `chosen`: after which it is told."""

    keys: Sequence[Key]
    at: int = -1
    swapped: bool = False
    chosen: str = ""
    rng: random.Random = field(default_factory=random.Random)

    def next(self) -> None:
        """Another sound, and another draw of which is X."""
        self.at = (self.at + 1) % max(1, len(self.keys))
        self.swapped = self.rng.random() < 0.5
        self.chosen = ""

    @property
    def key(self) -> Key:
        return self.keys[self.at]


def takes_of(sides: Sequence[Told]) -> list[Take]:
    """Every moment of these runs that can be heard, oldest first."""
    return [Take(side.name, side.title, preview) for side in sides for preview in side.previews if preview.cells]


class BlindDialog(QDialog):
    """X and Y, three answers, the tally. `tallies` outlives the dialog: what was found once is still there."""

    def __init__(
        self,
        session: Session,
        takes: list[Take],
        first: int,
        second: int,
        tallies: dict[tuple[object, object], Tally],
        parent: QWidget,
        rng: random.Random | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._takes, self._tallies = session, takes, tallies
        self._rng = rng or random.Random()
        self._round = Round((), rng=self._rng)
        self._sounds: dict[Path, Pictures] = {}
        self._heard = ""
        self._later = Later(self)
        self._later.done.connect(self._read)
        self.setWindowTitle(self.tr("Blind comparison"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(560)
        self._build(first, second)
        for keys, slot in (
            ((Qt.Key.Key_1, Qt.Key.Key_X), self._hear_x),
            ((Qt.Key.Key_2, Qt.Key.Key_Y), self._hear_y),
            ((Qt.Key.Key_Left,), self.better_x.click),
            ((Qt.Key.Key_Right,), self.better_y.click),
            ((Qt.Key.Key_Down,), self.equal.click),
            ((Qt.Key.Key_Return, Qt.Key.Key_Enter), self.again.click),
        ):
            for key in keys:
                QShortcut(QKeySequence(key), self, slot)
        self.play_x.setFocus()
        self._begin()

    def _build(self, first: int, second: int) -> None:
        several = len({take.run for take in self._takes}) > 1
        self.first, self.second = QComboBox(), QComboBox()
        for box, at, name in ((self.first, first, self.tr("One moment")), (self.second, second, self.tr("The other moment"))):
            for take in self._takes:
                when = self.tr("after {0}").format(words.minutes(take.preview.minutes))
                box.addItem(f"{take.title}, {when}" if several else when)
            box.setCurrentIndex(at)
            box.setAccessibleName(name)
            box.activated.connect(self._begin)
        pair = QHBoxLayout()
        pair.setSpacing(theme.HALF)
        pair.addWidget(self.first, 1)
        pair.addWidget(QLabel(self.tr("against")))
        pair.addWidget(self.second, 1)
        self.sound = QLabel()
        theme.mark(self.sound, role="dim")
        self.sound.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.play_x, self.play_y = self._hearing("X", self._hear_x), self._hearing("Y", self._hear_y)
        self.better_x = self._answer(self.tr("X is better"), "x")
        self.equal = self._answer(self.tr("No difference"), "")
        self.better_y = self._answer(self.tr("Y is better"), "y")
        grid = QGridLayout()
        grid.setSpacing(theme.HALF)
        grid.addWidget(self.play_x, 0, 0, 1, 3)
        grid.addWidget(self.play_y, 0, 3, 1, 3)
        for i, button in enumerate((self.better_x, self.equal, self.better_y)):
            grid.addWidget(button, 1, 2 * i, 1, 2)
        self.told = QLabel(" ")
        theme.mark(self.told, role="strong")
        self.tally = QLabel()
        self.tally.setWordWrap(True)
        theme.mark(self.tally, role="dim")
        self.again = QPushButton(self.tr("Next sound"))
        theme.mark(self.again, role="primary")
        self.again.clicked.connect(self._next)
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.accept)
        below = QHBoxLayout()
        below.addWidget(close)
        below.addStretch(1)
        below.addWidget(self.again)
        hint = QLabel(self.tr("1 and 2 play, ← and → choose, ↓ no difference, Return goes on"))
        theme.mark(hint, role="caption")
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.WIDE, theme.SPACE, theme.WIDE, theme.SPACE)
        column.setSpacing(theme.HALF)
        column.addLayout(pair)
        column.addSpacing(theme.HALF)
        column.addWidget(self.sound)
        column.addLayout(grid)
        column.addWidget(hint)
        column.addSpacing(theme.HALF)
        column.addWidget(self.told)
        column.addWidget(self.tally)
        column.addSpacing(theme.HALF)
        column.addLayout(below)

    def _hearing(self, name: str, slot: object) -> QPushButton:
        button = QPushButton(name)
        button.setIcon(theme.icon("play"))
        button.setStyleSheet(f"min-height: 56px; font-size: {theme.SIZES['page']}px;")
        button.setIconSize(QSize(24, 24))
        button.setCheckable(True)
        button.setAutoDefault(False)
        button.setAccessibleName(self.tr("Hear {0}").format(name))
        button.clicked.connect(slot)
        return button

    def _answer(self, text: str, what: str) -> QPushButton:
        button = QPushButton(text)
        button.setProperty("answer", what)
        button.setAutoDefault(False)
        button.clicked.connect(self._chosen)
        return button

    # ---- the two
    @property
    def pair(self) -> tuple[Take, Take]:
        return self._takes[self.first.currentIndex()], self._takes[self.second.currentIndex()]

    @property
    def _tally(self) -> tuple[Tally, bool]:
        """The tally of the pair, and whether it was kept the other way round."""
        a, b = (take.key for take in self.pair)
        if (b, a) in self._tallies:
            return self._tallies[b, a], True
        return self._tallies.setdefault((a, b), Tally()), False

    def _begin(self, *_: object) -> None:
        """Two moments were chosen: the sounds that both have, in turn."""
        first, second = (take.sounds() for take in self.pair)
        keys = [key for key in first if key in second] if self.pair[0].key != self.pair[1].key else []
        self._round = Round(keys, rng=self._rng)
        missing = [path for key in keys for path in (first[key], second[key]) if path not in self._sounds]
        if missing:
            self._later.ask(partial(_pictures, missing))
        self._next()

    def _read(self, answer: object) -> None:
        if isinstance(answer, dict):
            self._sounds.update(answer)
        self._show()

    def _next(self) -> None:
        self._round.next()
        self._heard = ""
        self._session.stop()
        self._show()

    # ---- hearing
    def _take(self, letter: str) -> Take:
        return self.pair[(letter == "y") != self._round.swapped]

    def _hear_x(self) -> None:
        self._hear("x")

    def _hear_y(self) -> None:
        self._hear("y")

    def _hear(self, letter: str) -> None:
        if not self._round.keys:
            return
        pictures = self._sounds.get(self._take(letter).sounds()[self._round.key])
        if pictures is None:
            return
        player, at = self._session.player, 0.0
        if self._session.playing and player is not None and self._heard not in ("", letter):
            at = player.position or 0.0
            at = at if at < pictures.sound.seconds else 0.0
        self._heard = letter
        self._session.play(Current(pictures.sound, letter.upper()), at=at)  # no path: it would tell
        self._show()

    # ---- choosing
    def _chosen(self) -> None:
        self.choose(self.sender().property("answer"))

    def choose(self, letter: str) -> None:
        """ "x", "y", or "" for neither; told and counted once for each sound."""
        if self._round.chosen or not self._round.keys:
            return
        self._round.chosen = letter or "none"
        tally, turned = self._tally
        if not letter:
            tally.neither += 1
        elif (self._take(letter) is self.pair[0]) != turned:
            tally.first += 1
        else:
            tally.second += 1
        self._show()

    def _show(self) -> None:
        keys, chosen = self._round.keys, self._round.chosen
        ready = bool(keys) and all(take.sounds()[self._round.key] in self._sounds for take in self.pair)
        if keys:
            self.sound.setText(self.tr("Sound {0} of {1}").format(self._round.at + 1, len(keys)))
        else:
            self.sound.setText(self.tr("Choose two different moments that have a sound in common"))
        for button, letter in ((self.play_x, "x"), (self.play_y, "y")):
            button.setEnabled(ready)
            button.setChecked(letter == self._heard)
        for button in (self.better_x, self.equal, self.better_y):
            button.setEnabled(ready and not chosen)
        self.again.setEnabled(bool(chosen))
        self.told.setText(self._reveal() if chosen else " ")
        self.tally.setText(self._counted())

    def _reveal(self) -> str:
        x, y = self._name(self._take("x")), self._name(self._take("y"))
        return self.tr("X was {0}, Y was {1}").format(x, y)

    def _name(self, take: Take) -> str:
        when = self.tr("after {0}").format(words.minutes(take.preview.minutes))
        return f"“{take.title}”, {when}" if self.pair[0].run != self.pair[1].run else when

    def _counted(self) -> str:
        kept, turned = self._tally
        counts = (kept.second, kept.first) if turned else (kept.first, kept.second)
        if not (kept.first or kept.second or kept.neither):
            return self.tr("Nothing chosen yet")
        parts = [f"{self._name(take)}: {count}" for take, count in zip(self.pair, counts)]
        if kept.neither:
            parts.append(self.tr("no difference: {0}").format(kept.neither))
        sure = self.tr("a clear preference") if kept.chance < CHANCE else self.tr("this could still be chance")
        return self.tr("Preferred: {0}; {1}").format(" · ".join(parts), sure)

    def done(self, result: int) -> None:
        self._session.stop()
        super().done(result)


def _pictures(paths: list[Path]) -> dict[Path, Pictures]:
    from studio.errors import StudioError

    found = {}
    for path in paths:
        try:
            found[path] = pictures_of(path)
        except StudioError:
            continue  # a preview that is being replaced
    return found
