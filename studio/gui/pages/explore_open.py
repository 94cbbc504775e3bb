"""The model that Explore plays: which moments there are, opening one, and the space of the project's sounds in it.

Asks the engine and reads run folders; shows nothing. The page listens to its facts.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from studio.engine.engine import ModelFacts
from studio.engine.jobs import Told
from studio.events import Failed, Progress
from studio.explore.axes import Axes
from studio.explore.descriptors import Descriptors
from studio.explore.view import View
from studio.gui.pages import explore_space
from studio.gui.pages.explore_models import Choice, choices
from studio.gui.pages.explore_space import Space
from studio.gui.session import Session
from studio.gui.widgets.later import Later


class OpenModel(QObject):
    """`facts` of the model that plays and the `space` of the sounds in it; None until there is one."""

    opened = Signal(object)
    """ModelFacts"""

    spaced = Signal(object, bool)
    """Space, and whether there was one before."""

    said = Signal(str)
    """What is under way, "" when nothing is."""

    refused = Signal()
    """A checkpoint could not be opened; the engine has said why."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.facts: ModelFacts | None = None
        self.space: Space | None = None
        self.opening: Path | None = None
        self.asked: Path | None = None  # what was last asked to be opened, whether it is by now or not
        self.broken: set[Path] = set()  # not tried again by itself
        self._changed = False  # the project's sounds, since they were last found in the model
        self._later = Later(self)
        self._later.done.connect(self._space_made)
        session.engine.opened.connect(self._opened)
        session.engine.places.connect(self._placed)
        session.engine.busy.connect(self._busy)
        session.soundsChanged.connect(self._sounds_changed)

    # ---- asked
    def choices(self) -> list[Choice]:
        """What can be played, newest run first."""
        return choices(self._session.training.views) if self._session.project is not None else []

    def playable(self, found: list[Choice]) -> list[Path]:
        return [choice.folder for choice in found if choice.folder not in self.broken]

    def open(self, folder: Path) -> None:
        self.opening = self.asked = folder
        self.said.emit(self.tr("Opening the model…"))
        self._session.engine.open_model(folder)

    def forget(self) -> None:
        """Another project: nothing is open any more."""
        self.facts = self.space = self.opening = self.asked = None
        self._later.drop()

    def follow_sounds(self) -> None:
        """Find the sounds again where they changed since."""
        project = self._session.project
        if self._changed and project is not None and self.facts is not None and self.mapped:
            self._changed = False
            self._session.engine.make_places(project)

    def turn(self, view: View | None) -> Space | None:
        """Show the sounds in another view, None for the even map; the space from now on."""
        if self.space is not None:
            self.space = replace(self.space, view=view)
        return self.space

    def learn(self, axes: Axes, descriptors: Descriptors) -> Space | None:
        """The same axes under other names, and what is known now of how the model sounds; the space from now on."""
        if self.space is not None:
            self.space = replace(self.space, axes=axes, descriptors=descriptors)
        return self.space

    @property
    def mapped(self) -> bool:
        """Whether the open model has one latent a sound, which is what a map shows."""
        latent = self.facts.controls.latent if self.facts is not None else None
        return latent is not None and latent.kind == "global"

    @property
    def same_size(self) -> bool:
        """Whether the space that is there has the latents of the open model: it may be of another moment."""
        latent = self.facts.controls.latent if self.facts is not None else None
        return latent is not None and self.space is not None and self.space.latents.shape[1] == latent.size

    # ---- told by the engine
    @Slot(object)
    def _busy(self, told: Told) -> None:
        event = told.event
        if isinstance(event, Progress) and told.tag == "places" and event.total and self.facts is not None:
            self.said.emit(self.tr("Finding your sounds in it: {0} of {1}").format(event.done, event.total))
        if not isinstance(event, Failed):
            return
        if told.tag == "open" and self.opening is not None:
            self.broken.add(self.opening)
            self.opening = None
            self.said.emit("")
            self.refused.emit()
        elif told.tag == "places":
            self.said.emit("")

    @Slot(object)
    def _opened(self, facts: ModelFacts) -> None:
        project = self._session.project
        if project is None or project.root not in facts.folder.parents:
            return
        self.opening, self.facts = None, facts
        if not self.mapped:
            self.space = None
        self.said.emit(self.tr("Finding your sounds in it…") if self.mapped else "")
        self.opened.emit(facts)
        self._changed = True
        self.follow_sounds()

    @Slot()
    def _sounds_changed(self) -> None:
        self._changed = True

    @Slot(object)
    def _placed(self, places: Any) -> None:
        project, facts = self._session.project, self.facts
        if facts is None or project is None or not self.mapped:
            return
        if len(places.ids) < 2:
            self.said.emit(self.tr("The map needs at least two sounds"))
            return
        previous = self.space if self.same_size else None
        names = facts.controls.classes
        self._later.ask(partial(explore_space.build, project, facts.model, places, names, previous, facts.family))

    @Slot(object)
    def _space_made(self, space: object) -> None:
        if isinstance(space, Exception):
            self.said.emit("")
            self._session.complain(space)
        elif isinstance(space, Space) and self.facts is not None and space.model == self.facts.model:
            again = self.space is not None
            self.space = space
            self.said.emit("")
            self.spaced.emit(space, again)
