"""Explore's tab "Like this": the project's sounds that are most like the present one, or new ones like it from the model.

Each says how it differs in words. A click hears one, a double click goes on from there. Looked for off the GUI thread, only
while the tab is shown, of the newest sound only.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.engine.engine import OFFER, Rendered
from studio.engine.jobs import Ticket
from studio.gui import theme
from studio.gui.pages.explore_alike import Library, around, compare, look
from studio.gui.pages.explore_open import OpenModel
from studio.gui.pages.explore_sound import DotPlayer
from studio.gui.pages.explore_space import Space
from studio.gui.pages.explore_standing import Standing
from studio.gui.pages.explore_words import difference, nearness
from studio.gui.session import Session
from studio.gui.widgets.later import Later
from studio.gui.widgets.like_cell import LikeCell, Shown
from studio.library.index import SoundRow
from studio.project.recipe import Request

TAG = "explore-like"
MOST_NEW = 12
LEAST, ROOMY = QSize(148, 54), QSize(190, 96)
"""The smallest cell, and the one that a large window is filled with."""
REST = 180
"""Milliseconds without another sound until the like of the newest is looked for."""


class Like(QWidget):
    """Cells of sounds like this one, from the project's own or new ones."""

    started = Signal(object)
    """Path of a sound to start from that the map does not know."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._model: OpenModel | None = None
        self._standing: Standing | None = None
        self._dots = DotPlayer(session, self)
        self._stale = True
        self._library: Library | None = None
        self._set = self._first = 0
        self._tickets: list[Ticket] = []
        self._made: list[Rendered | None] = []
        self._later, self._measuring = Later(self), Later(self)
        self._later.done.connect(self._looked)
        self._measuring.done.connect(self._compared)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST)
        self._rest.timeout.connect(self.look)
        self.cells: list[LikeCell] = []
        self._grid = QGridLayout()
        self._grid.setSpacing(6)
        self.state = QLabel()
        self.state.setAlignment(Qt.AlignmentFlag.AlignCenter)
        theme.mark(self.state, role="dim")
        self._lay_out()
        session.engine.rendered.connect(self._rendered)
        session.soundsChanged.connect(self._forget)
        session.opened.connect(self._forget)
        session.closed.connect(self._forget)

    def _lay_out(self) -> None:
        self.mine = self._choice(self.tr("In my library"), self.tr("The sounds of this project that are most like this one"))
        self.new = self._choice(self.tr("More like this"), self.tr("New sounds: this one, but brighter, shorter …"))
        group = QButtonGroup(self)
        for button in (self.mine, self.new):
            group.addButton(button)
            button.clicked.connect(self.look)
        self.mine.setChecked(True)
        self.back, self.further = self._step("left", self.tr("Nearer ones")), self._step("right", self.tr("The next ones"))
        self.back.clicked.connect(self._page_back)
        self.further.clicked.connect(self._page_on)
        self.hint = QLabel(self.tr("Click to hear, double click to go there"))
        self.hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        theme.mark(self.hint, role="caption")
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(self.mine)
        head.addWidget(self.new)
        head.addWidget(self.hint, 1)
        head.addWidget(self.back)
        head.addWidget(self.further)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SMALL)
        column.addLayout(head)
        column.addLayout(self._grid, 1)
        column.addWidget(self.state, 1)
        self.state.hide()

    def _step(self, icon: str, help: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(theme.icon(icon, "dim"))
        button.setToolTip(help)
        button.setAccessibleName(help)
        theme.mark(button, role="icon")
        return button

    def _choice(self, text: str, help: str) -> QPushButton:
        button = QPushButton(text)
        button.setCheckable(True)
        button.setToolTip(help)
        theme.mark(button, role="segment")
        return button

    # ---- what to look for
    def follow(self, model: OpenModel, standing: Standing) -> None:
        """Look for the like of where one stands, from now on."""
        self._model, self._standing = model, standing
        standing.sounded.connect(self._moved)
        model.spaced.connect(self._moved)

    @Slot()
    def _moved(self, *_: object) -> None:
        """Another sound; nothing is looked for while the tab is hidden."""
        self._stale = True
        if self.isVisible():
            self._rest.start()

    @property
    def _space(self) -> Space | None:
        return self._model.space if self._model is not None else None

    @property
    def _shown(self) -> Rendered | None:
        return self._standing.shown if self._standing is not None else None

    def showEvent(self, event: object) -> None:
        if self._stale:
            self.look()

    @Slot()
    def look(self, *_: object) -> None:
        """Look for the like of the present sound now."""
        self._rest.stop()
        self._stale = False
        self._drop()
        project, shown, space = self._session.project, self._shown, self._space
        able = space is not None and shown is not None and shown.request.latent is not None
        self.new.setEnabled(able)
        if shown is None or project is None:
            self._clear(self.tr("There is nothing to compare with yet"))
        elif self.mine.isChecked() or not able:
            self.mine.setChecked(True)
            self._later.ask(partial(look, project, shown.sound, self._library))
        elif space is not None:
            self._ask_new(space, shown)

    @Slot()
    def _forget(self) -> None:
        """Another library."""
        self._library, self._stale = None, True

    def _drop(self) -> None:
        for ticket in self._tickets:
            ticket.cancel()
        self._tickets, self._set = [], self._set + 1

    # ---- from the library
    @Slot(object)
    def _looked(self, answer: object) -> None:
        if isinstance(answer, Exception):
            self._session.complain(answer)
        if not isinstance(answer, Library):
            return
        self._library = answer
        if self.mine.isChecked() and self._shown is not None and answer.asked is self._shown.sound:
            self._show_library(answer)

    def _show_library(self, library: Library) -> None:
        space = self._space
        if not library.found:
            self._clear(self.tr("No sounds in this project yet"))
            return
        shown = []
        for one in library.found:
            label = space.names.index(one.row.label) if space is not None and one.row.label in space.names else -1
            words = difference(one.words) or self.tr("sounds alike")
            shown.append(Shown(one.row.name, nearness(one.ratio), words, _thumbnail(one.row), label, one.row.path))
        self._show(shown)

    # ---- from the model
    def _ask_new(self, space: Space, made: Rendered) -> None:
        requests = around(space, made.request, MOST_NEW)
        self._made = [None] * len(requests)
        self._show([Shown("", "", "", None) for _ in requests])
        for i, request in enumerate(requests):
            self._tickets.append(self._session.engine.render(request, (TAG, self._set, i), newest=False, urgent=OFFER))

    @Slot(object)
    def _rendered(self, made: Rendered) -> None:
        if not (isinstance(made.tag, tuple) and made.tag[:2] == (TAG, self._set)) or made.tag[2] >= len(self._made):
            return
        self._made[made.tag[2]] = made
        space, ours = self._space, self._shown
        done = tuple(one for one in self._made if one is not None)
        if len(done) == len(self._made) and space is not None and ours is not None:
            self._measuring.ask(partial(compare, space, ours.sound, done))

    @Slot(object)
    def _compared(self, answer: object) -> None:
        if self.new.isChecked() and isinstance(answer, tuple) and answer[0] == tuple(self._made):
            made, words, pictures = answer
            order = sorted(range(len(made)), key=lambda i: not words[i])  # those that differ audibly come first
            self._made = [made[i] for i in order]
            titles = [difference(words[i]).capitalize() or self.tr("Hardly different") for i in order]
            self._show([Shown(title, thumbnail=pictures[i]) for title, i in zip(titles, order)])

    # ---- cells
    def _room(self) -> int:
        """How many cells there is room for."""
        rows, columns = self._shape()
        return rows * columns

    def _shape(self) -> tuple[int, int]:
        """Rows and columns."""
        area = self.size() - QSize(0, theme.CONTROL + theme.SMALL)
        high = (ROOMY if area.height() > 2 * ROOMY.height() else LEAST).height()
        wide = (ROOMY if area.width() > 5 * ROOMY.width() else LEAST).width()
        return max(1, (area.height() + 6) // (high + 6)), max(1, (area.width() + 6) // (wide + 6))

    def _show(self, shown: list[Shown]) -> None:
        self.state.hide()
        while len(self.cells) < len(shown):
            cell = LikeCell(len(self.cells), self)
            cell.pressed.connect(self.play)
            cell.chosen.connect(self._choose)
            self.cells.append(cell)
        for cell, one in zip(self.cells, shown):
            cell.show_sound(one)
        for cell in self.cells[len(shown) :]:
            cell.show_sound(None)
        self._first = 0
        self._arrange()

    def _clear(self, words: str) -> None:
        for cell in self.cells:
            cell.show_sound(None)
        self._arrange()
        self.state.setText(words)
        self.state.show()

    def _arrange(self) -> None:
        """As many cells as there is room for, in reading order."""
        filled = [cell for cell in self.cells if cell.shown is not None]
        rows, columns = self._shape()
        for cell in self.cells:
            self._grid.removeWidget(cell)
        self._first = min(self._first, max(0, len(filled) - 1) // (rows * columns) * rows * columns)
        for i, cell in enumerate(filled):
            at = i - self._first
            fits = 0 <= at < rows * columns
            if fits:
                self._grid.addWidget(cell, at // columns, at % columns)
            cell.setVisible(fits)
        for column in range(columns):
            self._grid.setColumnStretch(column, 1)
        for button, on in ((self.back, self._first > 0), (self.further, self._first + rows * columns < len(filled))):
            button.setEnabled(on)
            button.setVisible(len(filled) > rows * columns)
        for cell in self.cells:
            if cell not in filled:
                cell.hide()

    @Slot()
    def _page_on(self) -> None:
        self._first += self._room()
        self._arrange()

    @Slot()
    def _page_back(self) -> None:
        self._first = max(0, self._first - self._room())
        self._arrange()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel turns the pages."""
        button = self.further if event.angleDelta().y() < 0 else self.back
        if button.isEnabled() and button.isVisible():
            button.click()
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    # ---- the hand
    def press(self, event: QKeyEvent) -> bool:
        """Keys 1 to 9 play those that are shown."""
        number = event.key() - Qt.Key.Key_1
        if 0 <= number < 9 and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self.play(self._first + number)
            return True
        return False

    @Slot(int)
    def play(self, number: int) -> None:
        """Hear the sound of cell `number`."""
        for cell in self.cells:
            cell.set_heard(cell.number == number)
        if self.mine.isChecked():
            if self._library is not None and number < len(self._library.found):
                self._dots.hear(Path(self._library.found[number].row.path))
        elif number < len(self._made) and (made := self._made[number]) is not None and self._standing is not None:
            self._session.play(self._standing.take(made))

    @Slot(int)
    def _choose(self, number: int) -> None:
        if self.mine.isChecked():
            if self._library is not None and number < len(self._library.found):
                self._go_to_sound(self._library.found[number].row)
        elif number < len(self._made) and (made := self._made[number]) is not None:
            self._go(self.tr("Go to a sound like this"), made.request)

    def _go_to_sound(self, row: SoundRow) -> None:
        space = self._space
        at = np.flatnonzero(space.ids == row.id).tolist() if space is not None else []
        if space is not None and self._standing is not None and at:
            there = space.at_sound(self._standing.request or Request(), at[0])
            self._go(self.tr("Go to “{0}”").format(row.name), there)
        else:
            self.started.emit(Path(row.path))

    def _go(self, what: str, request: Request) -> None:
        if self._standing is not None:
            self._standing.begin(what)
            self._standing.go(request)
            self._standing.commit()


def _thumbnail(row: SoundRow) -> NDArray[np.uint8] | None:
    found = np.frombuffer(row.thumbnail, np.uint8)
    return found.reshape(2, -1) if found.size and found.size % 2 == 0 else None
