"""Nine candidates around the present sound: hear them with the keys 1 to 9, click one to go on from there.

Few and different, because listening is what tires: explore/mutate.py keeps them apart and within the spread of the sounds,
explore_brood.py draws again what sounds alike. They come from the present sound, from pins that are bred, or from those that
were marked; and they differ like all sounds do, or only like those that were kept. While one listens, the nine around the
candidate under the hand are made, so that a click shows them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QMenu, QPushButton, QToolButton, QVBoxLayout, QWidget

from studio.engine.engine import AHEAD, OFFER, Engine
from studio.explore.morph import Shape
from studio.explore.mutate import constrict, litter, mutate
from studio.explore.pins import mixed
from studio.gui import theme
from studio.gui.pages.explore_brood import Brood
from studio.gui.pages.explore_row import RowPlayer
from studio.gui.pages.explore_space import Space, latent_of, with_latent
from studio.gui.widgets.candidate_cell import CandidateCell
from studio.gui.widgets.fader import Fader
from studio.project.recipe import Request
from studio.project.state import ClipFile

COUNT = 9
SAME = 0.25
"""Share of the usual distance between neighbours below which two sounds are one to the ear."""
HERE, THESE = ("here",), ("these",)
"""Candidates come from the present sound, from the marked ones, or else from pins by letter."""
AHEADS = 3
"""Generations made ahead that are kept."""


@dataclass(frozen=True)
class Around:
    """A place in a space; nothing changes along its `locked` axes."""

    space: Space
    request: Request
    locked: tuple[int, ...]

    def same(self, other: Around) -> bool:
        return (self.space.model, self.request, self.locked) == (other.space.model, other.request, other.locked)


class Nine(QWidget):
    """Three by three candidates: from what they are made, how different they are, and another nine."""

    chosen = Signal(object)
    """Request: go on from here."""

    heard = Signal(object)
    """Rendered: play this one."""

    def __init__(self, engine: Engine, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._around: Around | None = None
        self._shape: Shape = "straight"
        self._pins: dict[str, Request] = {}
        self._clips: list[tuple[Request, int]] = []  # kept ones of this model and their stars
        self._these: list[Request] = []  # what was marked when the space was constricted to it
        self._from: tuple[str, ...] = HERE
        self._like = "all"
        self._brood: Brood | None = None
        self._ahead: dict[bytes, Brood] = {}  # generations around candidates, newest last
        self.cells = [CandidateCell(i) for i in range(COUNT)]
        grid = QGridLayout()
        grid.setSpacing(6)
        for i, cell in enumerate(self.cells):
            cell.pressed.connect(self._pressed)
            cell.marked.connect(self._count_marks)
            cell.rested.connect(self._expect)
            grid.addWidget(cell, i // 3, i % 3)
        self.source = self._menu_button(self.tr("What the candidates are made from"), self._fill_source)
        self.spread = self._menu_button(self.tr("In which directions they differ"), self._fill_spread)
        self.radius = Fader(
            self.tr("How different"), 0.1, 1.5, 0.5, lockable=False,
            help=self.tr("How far the candidates are from this sound, in the usual spread of your sounds"),
        )  # fmt: skip
        self.radius.set_columns(84, 34)
        self.radius.setMaximumWidth(480)
        self.radius.released.connect(self.again)
        self.row = QToolButton()
        self.row.setIcon(theme.icon("play"))
        self.row.setCheckable(True)
        self.row.setToolTip(self.tr("Play each nine by itself, one after another; any key or click stops (0 plays them once)"))
        self.row.setAccessibleName(self.tr("Play the nine one after another"))
        theme.mark(self.row, role="icon")
        self.row.toggled.connect(self._row_toggled)
        self.more = QPushButton(self.tr("Another nine"))
        self.more.setIcon(theme.icon("refresh"))
        self.more.clicked.connect(self._more)
        row = QHBoxLayout()
        row.setSpacing(theme.HALF)
        row.addWidget(self.source)
        row.addWidget(self.spread)
        row.addWidget(self.radius, 100)
        row.addStretch(1)
        row.addWidget(self.row)
        row.addWidget(self.more)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(grid, 1)
        column.addLayout(row)
        self._player = RowPlayer(self)
        self._player.wanted.connect(self._play_next)
        self._say()

    def _menu_button(self, help: str, fill: Callable[[], None]) -> QPushButton:
        button = QPushButton()
        button.setToolTip(help)
        button.setAccessibleName(help)
        menu = QMenu(button)
        menu.aboutToShow.connect(fill)
        button.setMenu(menu)
        return button

    # ---- what is there
    def show_around(self, space: Space, request: Request, locked: tuple[int, ...] = ()) -> None:
        """Make nine candidates around `request`; nothing changes along the `locked` axes. The same again changes nothing."""
        around = Around(space, request, locked)
        if self._around is not None and around.same(self._around) and self._brood is not None:
            return
        if self._around is not None and self._around.space.model != space.model:
            self._forget_ahead()
            if self._around.space.latents.shape[1] != space.latents.shape[1]:
                self._forget_marked()  # another model altogether
        moved = self._around is None or around.request != self._around.request
        self._around = around
        if moved:
            self._from = HERE
            self._say()
        ready = self._ahead.pop(_key(request), None)
        for brood in self._ahead.values():
            brood.drop()
        self._ahead = {}
        if ready is not None and self._from == HERE:
            ready.hurry(OFFER)
            self._take(ready)
        else:
            if ready is not None:
                ready.drop()
            self.again()

    @Slot(object, str)
    def show_pins(self, pins: dict[str, Request], shape: Shape) -> None:
        """What can be bred, and how this model's latents mix."""
        if (pins, shape) == (self._pins, self._shape):
            return
        self._pins, self._shape = dict(pins), shape
        if not set(self._from) <= {*HERE, *THESE, *pins}:
            self._from = HERE
        self._forget_ahead()
        self._say()

    def show_clips(self, clips: Sequence[ClipFile]) -> None:
        """The kept clips of this model, to which the candidates can be constricted."""
        self._clips = [(clip.recipe.request, clip.stars) for clip in clips if clip.recipe is not None]
        if self._like in ("kept", "starred"):
            self._forget_ahead()
            if not any(stars > 0 or self._like == "kept" for _, stars in self._clips):
                self._like = "all"
        self._say()

    def clear(self) -> None:
        """Another project."""
        self._forget_ahead()
        if self._brood is not None:
            self._brood.drop()
        self._brood = self._around = None
        self._forget_marked()
        for cell in self.cells:
            cell.show_sound(None)
            cell.set_mark(False)
        self._say()

    @Slot()
    def again(self) -> None:
        """Nine others from the same."""
        self._forget_ahead()
        if self._around is not None:
            self._take(
                Brood(
                    self._engine,
                    partial(self._draw, self._around, self._from),
                    self._gap,
                    OFFER,
                    self._around.space.model,
                    self,
                )
            )

    @property
    def _gap(self) -> float:
        """Fingerprints nearer than this are one sound: as far as the same place is with other noise."""
        meter = self._around.space.meter if self._around is not None else None
        return SAME * meter.usual if meter is not None else 0.0

    def _take(self, brood: Brood) -> None:
        if self._brood is not None:
            self._brood.drop()
        self._brood = brood
        self._player.stop()
        for cell in self.cells:
            cell.set_heard(False)
            cell.set_mark(False)
            if brood.sounds[cell.number] is not None:
                cell.show_sound(brood.sounds[cell.number])
        self._count_marks()
        brood.made.connect(self._made)
        brood.settled.connect(self._settled)
        if brood.done:
            self._settled()

    def _draw(self, around: Around, source: tuple[str, ...], seed: int) -> list[Request]:
        """Nine requests from what is chosen, around a place."""
        space, request, locked = around.space, around.request, around.locked
        like = self._kept()
        known = constrict(like, space.latents) if len(like) else space.latents
        if source not in (HERE, THESE):
            parents = [self._pins[letter] for letter in source]
            points, shares = litter([latent_of(p) for p in parents], COUNT, seed, known, 0.3 * self.radius.value, self._shape)
            made = [with_latent(mixed(parents, share, self._shape), z) for z, share in zip(points, shares)]
            return [space.lock(child, request, locked, False) for child in made] if locked else made
        if source == THESE:
            request = mixed(self._these, np.ones(len(self._these)), self._shape)
        fixed = space.axes.held(list(locked)) if locked else None
        return [with_latent(request, z) for z in mutate(latent_of(request), known, self.radius.value, COUNT, seed, fixed)]

    def _kept(self) -> list[NDArray[np.float64]]:
        """Latents of what the candidates should be like; empty: of all sounds."""
        size = self._around.space.latents.shape[1] if self._around is not None else 0
        chosen = {
            "kept": [request for request, _ in self._clips],
            "starred": [request for request, stars in self._clips if stars > 0],
            "these": self._these,
        }.get(self._like, [])
        return [latent_of(request) for request in chosen if request.latent and len(request.latent[0]) == size]

    # ---- told
    @Slot(int)
    def _made(self, number: int) -> None:
        if self._brood is not None:
            self.cells[number].show_sound(self._brood.sounds[number])

    @Slot()
    def _settled(self) -> None:
        if self.row.isChecked() and self.isVisible():
            self._player.start(COUNT)

    @Slot(int)
    def _expect(self, number: int) -> None:
        """The hand rests on this candidate, or it was heard: what follows a click is made while nothing else is to do."""
        around, brood = self._around, self._brood
        if around is None or brood is None or not brood.done or brood.sounds[number] is None:
            return
        made = brood.sounds[number]
        assert made is not None
        wanted = _key(made.request)
        for key, other in [*self._ahead.items()]:
            if key != wanted and (not other.done or len(self._ahead) >= AHEADS):
                self._ahead.pop(key).drop()
        if wanted not in self._ahead:
            next_ = Around(around.space, made.request, around.locked)
            self._ahead[wanted] = Brood(
                self._engine, partial(self._draw, next_, HERE), self._gap, AHEAD, around.space.model, self
            )

    def _forget_marked(self) -> None:
        self._these, self._from = [], HERE
        self._like = "all" if self._like == "these" else self._like

    def _forget_ahead(self) -> None:
        for brood in self._ahead.values():
            brood.drop()
        self._ahead = {}

    # ---- the hand
    def press(self, event: QKeyEvent) -> bool:
        """Keys 1 to 9 play, 0 plays all, M marks the one heard last."""
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        number = event.key() - Qt.Key.Key_1
        heard = next((cell for cell in self.cells if cell.heard), None)
        if 0 <= number < COUNT:
            self.play(number)
        elif event.key() == Qt.Key.Key_0:
            self._player.start(COUNT)
        elif event.key() == Qt.Key.Key_M and heard is not None:
            heard.set_mark(not heard.mark)
            self._count_marks()
        else:
            return False
        return True

    def play(self, number: int) -> None:
        """Hear candidate `number`, 0 to 8."""
        made = self.cells[number].made
        if made is None:
            return
        for cell in self.cells:
            cell.set_heard(cell.number == number)
        if self._brood is not None:
            self._brood.hold(number)
        self.heard.emit(made)
        self._expect(number)

    @Slot(int)
    def _play_next(self, number: int) -> None:
        made = self.cells[number].made
        if made is None or not self.isVisible():
            self._player.stop()
            return
        self.play(number)
        self._player.wait(made.sound.seconds)

    @Slot(bool)
    def _row_toggled(self, on: bool) -> None:
        if on and self._brood is not None and self._brood.done:
            self._player.start(COUNT)

    def _pressed(self, number: int) -> None:
        made = self.cells[number].made
        if made is not None:
            self.chosen.emit(made.request)

    def _marked(self) -> list[Request]:
        return [cell.made.request for cell in self.cells if cell.mark and cell.made is not None]

    @Slot()
    def _count_marks(self) -> None:
        count = len(self._marked())
        self.more.setText(self.tr("Like these {0}").format(count) if count > 1 else self.tr("Another nine"))
        self.more.setToolTip(
            self.tr("Constrict to the marked ones: nine between and around them")
            if count > 1
            else self.tr("Nine others. Mark two or more to get some like these")
        )

    @Slot()
    def _more(self) -> None:
        marked = self._marked()
        if len(marked) > 1:
            self._these, self._from, self._like = marked, THESE, "these"
            self._say()
        self.again()

    # ---- the two menus
    def choose(self, source: tuple[str, ...]) -> None:
        """Make the candidates from the present sound (HERE), the marked ones (THESE), or pins by letter."""
        self._from = source
        self._say()
        self.again()

    def constrict(self, like: str) -> None:
        """Let them differ like "all" sounds, "kept" or "starred" clips, or "these" that were marked."""
        self._like = like
        self._say()
        self.again()

    def _fill_source(self) -> None:
        menu = self.source.menu()
        menu.clear()
        self._choice(menu, self.tr("Around this sound"), self._from == HERE, partial(self.choose, HERE))
        if self._these:
            self._choice(menu, self._source_words(THESE), self._from == THESE, partial(self.choose, THESE))
        menu.addSeparator()
        letters = list(self._pins)
        for letter in letters[:-1]:
            others = letters[letters.index(letter) + 1 :]
            deep = len(letters) > 4  # more than six pairs
            into = menu.addMenu(self.tr("Breed {0} ×").format(letter)) if deep else menu
            for other in others:
                pair = (letter, other)
                words = other if deep else self.tr("Breed {0}").format(self._source_words(pair))
                self._choice(into, words, self._from == pair, partial(self.choose, pair))
        if len(letters) > 2:
            words = self.tr("Breed all {0} pins").format(len(letters))
            self._choice(menu, words, self._from == tuple(letters), partial(self.choose, tuple(letters)))
        if len(letters) < 2:
            menu.addAction(self.tr("Pin two sounds to breed them")).setEnabled(False)

    def _fill_spread(self) -> None:
        menu = self.spread.menu()
        menu.clear()
        kept, starred = len(self._clips), sum(stars > 0 for _, stars in self._clips)
        choices = (
            ("all", self.tr("Like all your sounds"), 1),
            ("kept", self.tr("Like kept clips ({0})").format(kept), kept),
            ("starred", self.tr("Like starred clips ({0})").format(starred), starred),
            ("these", self.tr("Like the marked ({0})").format(len(self._these)), len(self._these)),
        )
        for key, words, count in choices:
            self._choice(menu, words, self._like == key, partial(self.constrict, key)).setEnabled(count > 0)

    @staticmethod
    def _choice(menu: QMenu, words: str, on: bool, act: Callable[[], None]) -> QAction:
        action = menu.addAction(words, act)
        action.setCheckable(True)
        action.setChecked(on)
        return action

    def _source_words(self, source: tuple[str, ...]) -> str:
        if source == HERE:
            return self.tr("This sound")
        return self.tr("The marked") if source == THESE else " × ".join(source)

    def _say(self) -> None:
        self.source.setText(
            self._source_words(self._from) if len(self._from) < 4 else self.tr("{0} pins").format(len(self._from))
        )
        words = {"kept": self.tr("Kept clips"), "starred": self.tr("Starred"), "these": self.tr("The marked")}
        self.spread.setText(words.get(self._like, self.tr("All sounds")))


def _key(request: Request) -> bytes:
    """A request as a key: its labels can't be hashed."""
    return msgspec.json.encode(request)
