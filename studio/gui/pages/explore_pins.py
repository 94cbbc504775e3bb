"""Pins A to H: sounds one wants to come back to, and a pad to hear what lies between them.

Pinning, clearing and laying out are undoable and saved with the project at once. A mix is a move like any other: it begins,
goes and is committed where one stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import msgspec
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from studio.engine.engine import AHEAD, ModelFacts, Rendered
from studio.engine.jobs import Told
from studio.errors import StudioError
from studio.events import Failed, Finished, Started, Work
from studio.explore import morph
from studio.explore.morph import Land, Shape
from studio.explore.pins import circle, mixed, shape_of
from studio.gui import theme
from studio.gui.pages.explore_open import OpenModel
from studio.gui.pages.explore_space import Space
from studio.gui.pages.explore_standing import Standing
from studio.gui.pages.explore_steps import Steps
from studio.gui.session import Session
from studio.gui.widgets.later import Later
from studio.gui.widgets.morph_pad import Ball, MorphPad
from studio.gui.widgets.pin_slot import PinSlot
from studio.project import pins as files
from studio.project.folder import ProjectFolder
from studio.project.pins import LETTERS, Pin
from studio.project.recipe import Request

TAG, SAVE = "explore-pin", "pins"


class Pins(QWidget):
    """Eight slots, the pad, and the steps from one pin to another."""

    changed = Signal(object, str)
    """dict[str, Request]: the pins of the open model by letter; and how its latents mix."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._model: OpenModel | None = None
        self._standing: Standing | None = None
        self._project: ProjectFolder | None = None
        self._all: tuple[Pin, ...] = ()  # of every run
        self._unsaved = 0
        self.board: dict[str, Pin] = {}
        """The pins of the open model by letter."""

        self._land: Land | None = None
        self._later = Later(self)
        self._later.done.connect(self._measured)
        self._moving: Pin | None = None  # as it was before the hand took it
        self._made: Request | None = None  # what the pad asked for last
        self._drawn: dict[str, tuple[str, Request]] = {}  # what slots show, or will
        self.slots = {letter: PinSlot(letter) for letter in LETTERS}
        self.pad = MorphPad()
        self.steps = Steps(session)
        grid = QGridLayout()
        grid.setSpacing(6)
        for i, slot in enumerate(self.slots.values()):
            grid.addWidget(slot, i // 4, i % 4)
            slot.pressed.connect(self._pressed)
            slot.replaced.connect(self.pin)
            slot.cleared.connect(self.clear)
        left = QVBoxLayout()
        left.setSpacing(6)
        left.addLayout(grid, 1)
        left.addWidget(self.steps)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.HALF)
        row.addLayout(left, 5)
        row.addWidget(self.pad, 4)
        self.pad.moved.connect(self._pad_moved)
        self.pad.released.connect(self._pad_released)
        self.pad.pinMoved.connect(self._pin_moved)
        self.pad.pinReleased.connect(self._pin_released)
        self.pad.pinPicked.connect(self.go)
        session.opened.connect(self._open)
        session.closing.connect(self._flush)
        session.closed.connect(self._open)
        session.desk.event.connect(self._told)
        session.engine.rendered.connect(self._rendered)
        theme.changes().changed.connect(self._restyle)

    def follow(self, model: OpenModel, standing: Standing) -> None:
        """Pin what is made there, and go there."""
        self._model, self._standing = model, standing
        model.opened.connect(self._show)
        model.spaced.connect(self._spaced)
        standing.moved.connect(self._moved)
        self._open()

    # ---- the file
    @Slot()
    def _open(self) -> None:
        self._project, self._all, self._unsaved, self._land, self._made = self._session.project, (), 0, None, None
        self.pad.set_cursor(None)
        if self._project is not None:
            try:
                self._all = files.load(self._project)
            except StudioError as error:
                self._session.complain(error)
        self._show()

    def _set(self, pins: tuple[Pin, ...]) -> None:
        """These are the pins now; written by the desk."""
        project = self._project
        if project is None:
            return

        def work() -> Work:
            yield Started(what="pins")
            files.save(project, pins)
            yield Finished()

        self._all = pins
        self._unsaved = self._session.desk.submit(work, SAVE, newest=True, urgent=True).id
        self._show()

    @Slot()
    def _flush(self) -> None:
        """Write what the desk did not come to yet."""
        if self._unsaved and self._project is not None:
            self._unsaved = 0
            try:
                files.save(self._project, self._all)
            except StudioError as error:
                self._session.complain(error)

    @Slot(object)
    def _told(self, told: Told) -> None:
        if told.tag == SAVE and told.last and told.ticket == self._unsaved:
            self._unsaved = 0
            if isinstance(told.event, Failed):
                self._session.complain(told.event)

    def _change(self, text: str, *put: Pin, drop: tuple[Pin, ...] = ()) -> None:
        """One undoable step: `drop` goes, `put` comes in the place of what has the same letter and run."""
        before = self._all
        taken = {(pin.letter, pin.recipe.run) for pin in put}
        rest = [pin for pin in before if pin not in drop and (pin.letter, pin.recipe.run) not in taken]
        after = tuple(sorted([*rest, *put], key=lambda pin: (pin.recipe.run, pin.letter)))
        if after != before:
            self._session.do(text, partial(self._set, after), partial(self._set, before))

    # ---- what is shown
    @property
    def _facts(self) -> ModelFacts | None:
        return self._model.facts if self._model is not None else None

    @property
    def shape(self) -> Shape:
        latent = self._facts.controls.latent if self._facts is not None else None
        return shape_of(latent.prior if latent is not None else "")

    @Slot()
    def _show(self, *_: object) -> None:
        """The pins that fit the open model: its own, and under free letters those of others with latents of its size."""
        facts = self._facts
        latent = facts.controls.latent if facts is not None else None
        fit: list[Pin] = []
        if facts is not None and latent is not None:
            fit = [
                p
                for p in self._all
                if p.recipe.family == facts.family and len((p.recipe.request.latent or ((),))[0]) == latent.size
            ]
            fit.sort(key=lambda pin: pin.recipe.run != facts.run)
        self.board = {}
        for pin in fit:
            self.board.setdefault(pin.letter, pin)
        self.board = dict(sorted(self.board.items()))
        for letter, slot in self.slots.items():
            set_ = self.board.get(letter)
            slot.show_pin(set_, self._label(set_), self._strange(set_))
        self._picture()
        requests = {letter: pin.recipe.request for letter, pin in self.board.items()}
        self.steps.show_pins(requests, [pin.seconds for pin in self.board.values()], self.shape)
        self._show_pad()
        self._moved()
        self.changed.emit(requests, self.shape)

    def _picture(self) -> None:
        """Have those pins rendered whose sound in this model is not known yet."""
        model = self._facts.model if self._facts is not None else ""
        self._drawn = {letter: drawn for letter, drawn in self._drawn.items() if letter in self.board}
        for letter, pin in self.board.items():
            wanted = (model, pin.recipe.request)
            if self._drawn.get(letter) != wanted:
                self._drawn[letter] = wanted
                self._session.engine.render(pin.recipe.request, (TAG, letter), newest=True, urgent=AHEAD)

    def _label(self, pin: Pin | None) -> int:
        """The index of a pin's main label, which is its colour."""
        facts = self._facts
        if pin is None or facts is None:
            return -1
        space = self._model.space if self._model is not None else None
        request = pin.recipe.request
        weights: Mapping[str, float] = request.classes
        if not weights and space is not None and space.latents.shape[1] == len((request.latent or ((),))[0]):
            weights = space.weights(request)
        main = max(weights, key=lambda name: weights[name], default="")
        return facts.controls.classes.index(main) if main in facts.controls.classes else -1

    def _strange(self, pin: Pin | None) -> str:
        facts = self._facts
        if pin is None or facts is None or pin.recipe.model == facts.model:
            return ""
        if pin.recipe.run == facts.run:
            return self.tr("Pinned at another moment of this model: it may sound a little different")
        return self.tr("Pinned in the model “{0}”: here it is another sound").format(pin.recipe.run)

    def _show_pad(self) -> None:
        balls = [Ball(p.letter, p.x, p.y, self._label(p), bool(self._strange(p))) for p in self.board.values()]
        place = self.pad.cursor_place
        self.pad.set_pins(balls)
        if place is not None and self.board:
            self.pad.set_cursor(place, self._weights(*place), live=self._made is not None)

    @Slot(object, bool)
    def _spaced(self, space: Space, again: bool) -> None:
        self._land = None
        self._later.ask(partial(_land_of, space))
        self._show()

    @Slot(object)
    def _measured(self, answer: object) -> None:
        if isinstance(answer, tuple) and self._model is not None and answer[0] is self._model.space:
            self._land = answer[1]

    @Slot(object)
    def _rendered(self, made: Rendered) -> None:
        if isinstance(made.tag, tuple) and made.tag[0] == TAG and made.tag[1] in self.board:
            letter = made.tag[1]
            if self._drawn.get(letter) == (made.recipe.model, self.board[letter].recipe.request):
                self.slots[letter].show_sound(made)

    @Slot()
    def _moved(self) -> None:
        """One stands somewhere else: the pad's cursor speaks only where it was what moved."""
        request = self._standing.request if self._standing is not None else None
        for letter, slot in self.slots.items():
            pin = self.board.get(letter)
            slot.set_here(pin is not None and request is not None and pin.recipe.request == request)
        place = self.pad.cursor_place
        live = request is not None and request == self._made
        if place is not None and self.board:
            self.pad.set_cursor(place, self._weights(*place), live=live)
        if not live:
            self._made = None
            self.pad.say("")

    @Slot(str)
    def _restyle(self, name: str) -> None:
        for slot in self.slots.values():
            slot.update()

    # ---- the hand
    def press(self, event: QKeyEvent) -> bool:
        """A letter alone goes to its pin."""
        letter = chr(event.key()) if Qt.Key.Key_A <= event.key() <= Qt.Key.Key_H else ""
        if letter in self.board and not event.modifiers():
            self.go(letter)
            return True
        return False

    def press_shift(self, event: QKeyEvent) -> bool:
        """Shift and a letter pin the current sound, whatever part of the page is shown."""
        if Qt.Key.Key_A <= event.key() <= Qt.Key.Key_H and event.modifiers() == Qt.KeyboardModifier.ShiftModifier:
            self.pin(chr(event.key()))
            return True
        return False

    def _pressed(self, letter: str) -> None:
        self.go(letter) if letter in self.board else self.pin(letter)

    @Slot(str)
    def pin(self, letter: str) -> None:
        """Put the current sound under this letter."""
        shown = self._standing.shown if self._standing is not None else None
        if shown is None or not shown.request.latent or self._facts is None:
            self._session.tell(self.tr("Make a sound first, then pin it"))
            return
        old = self.board.get(letter)
        x, y = (old.x, old.y) if old is not None else circle(LETTERS.index(letter))
        made = Pin(
            letter=letter,
            recipe=msgspec.structs.replace(shown.recipe, request=shown.request),
            x=x,
            y=y,
            seconds=shown.sound.seconds,
        )
        self._change(self.tr("Pin {0}").format(letter), made)
        if not self.isVisible():
            self._session.tell(self.tr("Pinned as {0}").format(letter))

    @Slot(str)
    def clear(self, letter: str) -> None:
        if letter in self.board:
            self._change(self.tr("Clear pin {0}").format(letter), drop=(self.board[letter],))

    @Slot(str)
    def go(self, letter: str) -> None:
        """Stand at this pin."""
        pin = self.board.get(letter)
        if pin is not None and self._standing is not None:
            self._made = pin.recipe.request
            self.pad.set_cursor((pin.x, pin.y), self._weights(pin.x, pin.y))
            self._standing.begin(self.tr("Go to pin {0}").format(letter))
            self._standing.go(pin.recipe.request)
            self._standing.commit()

    def _weights(self, x: float, y: float) -> list[float]:
        return list(morph.pins((x, y), [(pin.x, pin.y) for pin in self.board.values()]))

    @Slot(float, float)
    def _pad_moved(self, x: float, y: float) -> None:
        if self._standing is None or len(self.board) < 2:
            return
        weights = self._weights(x, y)
        pins = list(self.board.values())
        made = mixed([pin.recipe.request for pin in pins], weights, self.shape, [pin.seconds for pin in pins])
        self._made = made = msgspec.structs.replace(made, count=1)
        self.pad.set_cursor((x, y), weights)
        land = self._land
        far = land is not None and made.latent is not None and bool(land.emptiness(made.latent[:1])[0] > land.edge)
        self.pad.say(self.tr("Unknown land: none of your sounds is near") if far else "")
        self._standing.begin(self.tr("Morph between pins"))
        self._standing.go(made)

    @Slot()
    def _pad_released(self) -> None:
        if self._standing is not None:
            self._standing.commit()

    @Slot(str, float, float)
    def _pin_moved(self, letter: str, x: float, y: float) -> None:
        """A pin is pulled over the pad; where the cursor speaks, the mix follows."""
        pin = self.board[letter]
        if self._moving is None:
            self._moving = pin
        self.board[letter] = msgspec.structs.replace(pin, x=round(x, 4), y=round(y, 4))
        speaks, place = self._made is not None, self.pad.cursor_place
        self._show_pad()
        if speaks and place is not None:
            self._pad_moved(*place)

    @Slot(str)
    def _pin_released(self, letter: str) -> None:
        before, self._moving = self._moving, None
        self._pad_released()
        if before is not None:
            self._change(self.tr("Move pin {0}").format(letter), self.board[letter], drop=(before,))


def _land_of(space: Space) -> tuple[Space, Land]:
    return space, Land.fit(space.latents, sample=500)
