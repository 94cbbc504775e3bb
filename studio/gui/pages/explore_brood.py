"""One generation of candidates: nine requests on their way to becoming nine sounds that differ to the ear.

Rendered below what the hand asks for. When all are there, those that sound like an earlier one are drawn again, a few times at
most. Used by explore_nine.py for the nine that are shown and for those that may be wanted next.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from studio.audio.analysis import fingerprint
from studio.audio.sound import Sound
from studio.engine.engine import Engine, Rendered
from studio.engine.jobs import Ticket
from studio.explore.mutate import doubles
from studio.gui.widgets.later import Later
from studio.project.recipe import Request

TAG = "explore-nine"
ROUNDS = 2
"""How often those that sound alike are drawn again."""

_numbers = itertools.count(1)


class Brood(QObject):
    """`draw(seed)` gives as many requests at every call; `gap`: fingerprints nearer than this sound the same, 0 never; `model`:
    whose sounds they are."""

    made = Signal(int)
    """Candidate `number` has a sound, or a better one."""

    settled = Signal()
    """All are there, and as different as they get."""

    def __init__(
        self,
        engine: Engine,
        draw: Callable[[int], list[Request]],
        gap: float,
        urgent: int,
        model: str,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._engine, self._draw, self._gap, self._urgent, self._model = engine, draw, gap, urgent, model
        self._number = next(_numbers)
        self._seed = int(np.random.default_rng().integers(2**31))
        self._round = 0
        self._tickets: dict[int, Ticket] = {}
        self._held: set[int] = set()
        self._later = Later(self)
        self._later.done.connect(self._compared)
        self.requests = draw(self._seed)
        self.sounds: list[Rendered | None] = [None] * len(self.requests)
        self.done = False
        engine.rendered.connect(self._rendered)
        self._ask(range(len(self.requests)))

    def hurry(self, urgent: int) -> None:
        """It is wanted now: what is not there yet is asked for again, more urgently."""
        self._urgent = urgent
        self._ask(sorted(self._tickets))

    def hold(self, number: int) -> None:
        """Somebody has heard this one: it stays what it is."""
        self._held.add(number)

    def drop(self) -> None:
        """Nobody wants it any more."""
        for ticket in self._tickets.values():
            ticket.cancel()
        self._tickets = {}
        self._later.drop()
        self._engine.rendered.disconnect(self._rendered)
        self.deleteLater()

    def _ask(self, numbers: object) -> None:
        for number in numbers:  # type: ignore[attr-defined]
            if number in self._tickets:
                self._tickets[number].cancel()
            tag = (TAG, self._number, number)
            self._tickets[number] = self._engine.render(self.requests[number], tag, newest=False, urgent=self._urgent)

    @Slot(object)
    def _rendered(self, made: Rendered) -> None:
        if not isinstance(made.tag, tuple) or made.tag[:2] != (TAG, self._number) or made.recipe.model != self._model:
            return
        number = made.tag[2]
        if self._tickets.pop(number, None) is None:
            return  # asked for twice, and here already
        if number not in self._held or self.sounds[number] is None:
            self.sounds[number] = made
            self.made.emit(number)
        if not self._tickets:
            self._look()

    def _look(self) -> None:
        sounds = [made.sound for made in self.sounds if made is not None]
        if self._gap > 0 and self._round < ROUNDS:
            self._later.ask(partial(_prints, sounds))
        else:
            self._settle()

    @Slot(object)
    def _compared(self, prints: object) -> None:
        alike = doubles(prints, self._gap) if isinstance(prints, list) else []
        alike = [number for number in alike if number not in self._held]
        if not alike:
            self._settle()
            return
        self._round += 1
        fresh = self._draw(self._seed + self._round)
        for number in alike:
            self.requests[number] = fresh[number]
        self._ask(alike)

    def _settle(self) -> None:
        self.done = True
        self.settled.emit()


def _prints(sounds: list[Sound]) -> list[NDArray[np.float32]]:
    return [fingerprint(sound) for sound in sounds]
