"""What the faders of the main directions are called: measured when nobody waits for the engine, renamed by hand, remembered.

Listens to the open model. When its space is there, the engine is asked to walk along the axes (explore/naming.py); what it
hears names them and teaches the sliders of the character, and no fader moves for it. Names and places of the faders go to the
project, so that they are the same in another moment of the model and after a restart.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from studio.engine.engine import Named
from studio.errors import StudioError
from studio.explore import known, naming
from studio.explore.axes import Axes
from studio.explore.descriptors import Descriptors
from studio.explore.naming import Walk
from studio.gui.pages.explore_controls import ControlPanel
from studio.gui.pages.explore_open import OpenModel
from studio.gui.pages.explore_space import Space
from studio.gui.session import Session
from studio.gui.widgets.later import Later
from studio.project import axes as project_axes
from studio.project.folder import ProjectFolder


class Naming(QObject):
    """Keeps the names of the open model's axes."""

    named = Signal(object)
    """Space: the open one; its axes bear other names, its descriptors may be others."""

    def __init__(self, session: Session, model: OpenModel, panel: ControlPanel, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._model = session, model
        self._hearing, self._keeping = Later(self), Later(self)
        self._hearing.done.connect(self._learnt)
        self._keeping.done.connect(self._kept)
        model.spaced.connect(self._spaced)
        session.engine.named.connect(self._heard)
        panel.renamed.connect(self._renamed)

    @Slot(object, bool)
    def _spaced(self, space: Space, again: bool) -> None:
        project = self._session.project
        if project is None:
            return
        self._keep(space)
        labels = [space.names[i] if i >= 0 else "" for i in space.labels]
        self._session.engine.make_axes(project, space.axes, space.latents, labels)
        if again and space.drift > known.STRANGE:
            self._model.said.emit(self.tr("Your sounds lie elsewhere in this model: pins of another one may sound different"))

    # ---- measured
    @Slot(object)
    def _heard(self, heard: Named) -> None:
        space = self._model.space
        if space is not None and space.model == heard.model:
            self._hearing.ask(partial(_learn, space, heard.walk))

    @Slot(object)
    def _learnt(self, answer: object) -> None:
        if not isinstance(answer, tuple):
            return
        model, names, descriptors = answer
        space = self._model.space
        if space is None or space.model != model:
            return
        given = [name.given for name in space.axes.names]  # renamed in between
        axes = names if [name.given for name in names.names] == given else _with(names, given)
        self._tell(axes, descriptors)

    # ---- by hand
    @Slot(int, str)
    def _renamed(self, axis: int, name: str) -> None:
        space = self._model.space
        if space is None or axis >= len(space.axes) or space.axes.names[axis].given == name.strip():
            return
        there, back = (partial(self._rename, axis, text) for text in (name.strip(), space.axes.names[axis].given))
        self._session.do(self.tr("Rename an axis"), there, back)

    def _rename(self, axis: int, name: str) -> None:
        space = self._model.space
        if space is None or axis >= len(space.axes):
            return
        before = space.axes.names[axis].given
        space = self._tell(space.axes.renamed(axis, name), space.descriptors)
        if space is not None:
            self._keep(space, before)

    def _tell(self, axes: Axes, descriptors: Descriptors) -> Space | None:
        space = self._model.learn(axes, descriptors)
        if space is not None:
            self.named.emit(space)
        return space

    # ---- remembered
    def _keep(self, space: Space, dropped: str = "") -> None:
        project = self._session.project
        if project is not None and space.family:
            self._keeping.ask(partial(_save, project, space, dropped))

    @Slot(object)
    def _kept(self, answer: object) -> None:
        if isinstance(answer, StudioError):
            self._session.complain(answer)


def _learn(space: Space, walk: Walk) -> tuple[str, Axes, Descriptors] | None:
    """In a thread of the pool: names and sliders of what was heard."""
    found = walk.along(space.axes)
    return None if found is None else (space.model, naming.named(space.axes, found), found.descriptors())


def _with(axes: Axes, given: list[str]) -> Axes:
    for i, name in enumerate(given):
        axes = axes.renamed(i, name)
    return axes


def _save(project: ProjectFolder, space: Space, dropped: str) -> None:
    kept = known.keep(space.axes, space.ids, project_axes.load(project, space.family), dropped)
    project_axes.save(project, space.family, kept)
