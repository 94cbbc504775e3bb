"""What a recipe brought along when it was opened: the edits that followed, and the backend that had answered.

They belong to one place of one model. Whoever stands exactly there hears them and keeps them as steps; a move away leaves them,
undo comes back to them. Standing asks here; the bar under the sound shows them and can leave them off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from studio.audio.plugins import step as plugins
from studio.audio.redo import redo
from studio.audio.steps import OFF, STEPS, Materials
from studio.engine.engine import Rendered
from studio.gui import theme
from studio.gui.session import Problem, Session
from studio.gui.widgets.chips import Elided
from studio.gui.widgets.later import Later
from studio.project.recipe import Recipe, Request

Place = tuple[str, bytes]


@dataclass(frozen=True)
class Brought:
    """steps: edits after the grafts; on: they are heard."""

    steps: tuple[dict[str, Any], ...]
    backend: str
    on: bool = True


@dataclass(frozen=True, eq=False)
class Answer:
    """A sound with its steps, for what it was asked; left: name and reason of those that could not be done."""

    asked: Request
    made: Rendered
    left: tuple[tuple[str, str], ...]


class BroughtSteps(QObject):
    """The steps of every place that a recipe led to."""

    redone = Signal(object)
    """Answer"""

    changed = Signal()
    """They are heard from now on, or are not."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._places: dict[Place, Brought] = {}
        self._told: set[Place] = set()
        self._later = Later(self)
        self._later.done.connect(self._done)

    def clear(self) -> None:
        """Another project."""
        self._places.clear()
        self._told.clear()
        self._later.drop()

    def bring(self, recipe: Recipe) -> None:
        """Remember what belongs to the place of this recipe."""
        place, (_, steps) = _place(recipe.model, recipe.request), recipe.parted()
        self._places[place] = Brought(steps, recipe.backend)
        self._told.discard(place)

    def at(self, model: str, request: Request | None) -> Brought | None:
        return self._places.get(_place(model, request)) if request is not None else None

    def forget(self, model: str, request: Request) -> None:
        """The hand has changed what is heard at this place."""
        self._places.pop(_place(model, request), None)

    def switch(self, model: str, request: Request, on: bool) -> None:
        """Whether the steps of this place are heard."""
        found = self.at(model, request)
        if found is not None and found.on != on:
            self._places[_place(model, request)] = replace(found, on=on)
            self.changed.emit()

    def follow(self, made: Rendered, asked: Request | None) -> bool:
        """Whether `made` has steps here; then they are done, and told by `redone`."""
        found = self.at(made.recipe.model, asked)
        self._later.drop()
        if found is None or asked is None or not found.steps or not found.on:
            return False
        project = self._session.project
        self._later.ask(partial(_follow, made, asked, found.steps, project.material if project is not None else None))
        return True

    @Slot(object)
    def _done(self, answer: object) -> None:
        if isinstance(answer, Exception):
            self._session.complain(answer)
        elif isinstance(answer, Answer):
            place = _place(answer.made.recipe.model, answer.asked)
            if answer.left and place not in self._told:
                self._told.add(place)
                names = ", ".join(f"“{name}”" for name, _ in answer.left)
                words = self.tr("Not every step that came with this sound can be done here: {0} is left out.").format(names)
                details = "\n".join(f"{name}: {reason}" for name, reason in answer.left)
                self._session.complain(Problem(words, answer.left[0][1], details))
            self.redone.emit(answer)


def _follow(made: Rendered, asked: Request, steps: Sequence[dict[str, Any]], materials: Materials | None) -> Answer:
    after = redo(made.sound, steps, materials)
    recipe = msgspec.structs.replace(made.recipe, edits=(*made.recipe.edits, *after.steps))
    return Answer(asked, replace(made, sound=after.sound, recipe=recipe, original=made.sound), after.left)


def _place(model: str, request: Request | None) -> Place:
    return model, msgspec.json.encode(msgspec.structs.replace(request, count=1)) if request is not None else b""


class StepsBar(QWidget):
    """One quiet line: which steps came with this sound, and a button that leaves them off. Hidden where none did."""

    switched = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = Elided(widest=100_000)
        theme.mark(self.words, role="dim")
        self.button = QPushButton()
        theme.mark(self.button, role="quiet")
        self.button.clicked.connect(self._switch)
        self._on = True
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.HALF)
        row.addWidget(self.words, 1)
        row.addWidget(self.button)
        self.setFixedHeight(theme.CONTROL + 2)
        self.show_steps(None)

    def show_steps(self, found: Brought | None) -> None:
        self.setVisible(found is not None and bool(found.steps))
        if found is None:
            return
        self._on = found.on
        names = " · ".join(title(step) for step in found.steps)
        words = self.tr("Came with it: {0}") if found.on else self.tr("As it was made, without: {0}")
        self.words.set_words(words.format(names))
        self.words.setToolTip(self.tr("They are kept as steps with this sound, and can be taken back in Clips"))
        self.button.setText(self.tr("Leave them off") if found.on else self.tr("Hear it with them"))
        self.button.setToolTip(self.tr("Hear it with and without the edits that came with it"))

    def _switch(self) -> None:
        self.switched.emit(not self._on)


def title(step: dict[str, Any]) -> str:
    """A step in words; its bare name where this version doesn't know it."""
    name = str(step.get("do", ""))[:40]
    if name == plugins.DO:
        called = f"“{str(step.get('name', '?'))[:40]}”"
        return f"{called} (a plug-in, left out until you let it in on Clips)" if step.get(OFF) else called
    return STEPS[name].sentence if name in STEPS else f"“{name}”"
