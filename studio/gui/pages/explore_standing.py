"""Where one stands in Explore: the request, the sound it made, and the way back.

Every move of the hand is `begin`, any number of `go`, and `commit`, which makes one undo step of it. The newest request is
rendered by the engine, played, and told to the page.
"""

from __future__ import annotations

import zlib
from functools import partial

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from studio.engine.engine import Rendered
from studio.gui.pages.explore_open import OpenModel
from studio.gui.pages.explore_sound import Rendering
from studio.gui.session import Current, Session
from studio.project.recipe import Request

HEAR, SHOW, DRAW = "explore", "explore-show", "explore-draw"
"""What is done with a rendered sound: play it, show it, or take its latent and go on."""
SETTLED = 600
"""Milliseconds after the last change until a move without a clear end becomes an undo step."""


class Standing(QObject):
    """`request` and the newest sound `shown`; None before the first."""

    moved = Signal()
    """`request` is another one; its sound follows."""

    sounded = Signal(object)
    """Rendered: the newest sound."""

    drawn = Signal(object)
    """Request: what the model's prior drew."""

    committed = Signal()
    """A move is finished, or was taken back."""

    def __init__(self, session: Session, model: OpenModel, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._model = session, model
        self.request: Request | None = None
        self.shown: Rendered | None = None
        self.untouched = False  # nobody has moved yet: where one stands was chosen for them
        self._before: Request | None = None
        self._what = ""
        self._rendering = Rendering(session.engine, self)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLED)
        self._settle.timeout.connect(self.commit)
        session.engine.rendered.connect(self._rendered)

    def clear(self) -> None:
        """Another project: one stands nowhere."""
        self.request = self.shown = self._before = None
        self._settle.stop()
        self._rendering.drop()

    # ---- moving
    def begin(self, what: str) -> None:
        """A move called `what` begins, unless one is under way."""
        self.untouched = False
        if self._before is None:
            self._before, self._what = self.request, what

    def go(self, request: Request, tag: str = HEAR, *, settle: bool = False) -> None:
        """Stand at `request`. `settle`: the move has no clear end, it is finished when nothing follows for a moment."""
        self.request = msgspec.structs.replace(request, count=1)
        self.moved.emit()
        self._rendering.ask(self.request, tag)
        if settle:
            self._settle.start()

    def draw(self, request: Request, tag: str = DRAW) -> None:
        """Let the model's prior answer `request`; with SHOW it is where one stands, if one stands nowhere yet."""
        self._rendering.ask(request, tag)

    @Slot()
    def commit(self, *_: object) -> None:
        """The move is finished: one undo step from where it began."""
        self._settle.stop()
        before, self._before = self._before, None
        after, facts = self.request, self._model.facts
        if before is None or after is None or before == after or facts is None:
            return
        there, back = (partial(self._return_to, request, facts.model) for request in (after, before))
        self._session.do(self._what, there, back)
        self.committed.emit()

    def _return_to(self, request: Request, model: str) -> None:
        """Undo and redo: stand where one stood, if the same model is still open."""
        facts = self._model.facts
        if facts is not None and facts.model == model and request != self.request:
            self.go(request)
            self.committed.emit()

    # ---- sounding
    @Slot(object)
    def _rendered(self, made: Rendered) -> None:
        facts = self._model.facts
        if made.tag not in (HEAR, SHOW, DRAW) or facts is None or made.recipe.model != facts.model:
            return
        if made.tag == DRAW:
            self.drawn.emit(made.request)
            return
        if self.request is None:
            self.request, self.untouched = made.request, True
        self.shown = made
        current = self.take(made)
        if made.tag == HEAR:
            self._session.play(current)
        elif self._session.current is None or self._session.current.recipe is not None:
            self._session.set_current(current)  # not in the place of a file that is being heard
        self.sounded.emit(made)

    @property
    def current(self) -> Current | None:
        """The newest sound as the transport and the clips take it."""
        return None if self.shown is None else self.take(self.shown)

    def take(self, made: Rendered) -> Current:
        """A rendered sound with a name: its main label, and a number that is always the same for the same sound."""
        space = self._model.space
        weights = space.weights(made.request) if space is not None and made.request.latent else made.request.classes
        main = max(weights, key=lambda name: weights[name], default=made.recipe.family)
        number = zlib.crc32(msgspec.json.encode(made.request)) % 10000
        return Current(made.sound, f"{main} {number:04d}", made.recipe)
