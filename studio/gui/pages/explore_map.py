"""The map of Explore: what lies on it, and which of two views it shows, the even one or the sounds by their neighbours.

The even one has an exact inverse. Neighbours are looked for when they are first asked for (explore/view.py, in a process of its
own); the even map stays playable meanwhile. Knows no page: it is told the space and where one stands.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QWidget

from studio.engine.jobs import Ticket, Told
from studio.events import Failed, Progress
from studio.explore import view as views
from studio.explore.view import View
from studio.gui import theme
from studio.gui.pages.explore_open import OpenModel
from studio.gui.pages.explore_path import PathMaker
from studio.gui.pages.explore_sound import DotPlayer
from studio.gui.pages.explore_space import Space, latent_of
from studio.gui.session import Session
from studio.project.recipe import Request
from studio.project.state import ClipFile

if TYPE_CHECKING:
    from studio.gui.pages.explore_view import ExploreView


class ViewSwitch(QWidget):
    """Even or by neighbours."""

    chosen = Signal(bool)
    """By hand: whether by neighbours."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.even = self._button(
            self.tr("Even"), self.tr("The sounds from their widest side: every place between them has a sound of its own")
        )
        self.near = self._button(
            self.tr("Neighbours"), self.tr("Sounds that are alike lie together; a place between them is a mix of the nearest")
        )
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for button in (self.even, self.near):
            self._group.addButton(button)
            row.addWidget(button)
            button.clicked.connect(self._choose)
        self.even.setChecked(True)
        self.set_offered(False)

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setCheckable(True)
        button.setToolTip(tip)
        theme.mark(button, role="segment")
        return button

    @property
    def neighbours(self) -> bool:
        return self.near.isChecked()

    def set_neighbours(self, on: bool) -> None:
        """Show which view it is. Emits nothing."""
        (self.near if on else self.even).setChecked(True)

    def set_offered(self, offered: bool) -> None:
        self.setVisible(offered)

    @Slot()
    def _choose(self) -> None:
        self.chosen.emit(self.neighbours)


class MapViews(QObject):
    turned = Signal(object)
    """View to show, None for the even map."""

    said = Signal(str)
    """What is under way, "" when nothing is."""

    def __init__(self, session: Session, switch: ViewSwitch, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._switch = session, switch
        self._space: Space | None = None
        self._last: View | None = None  # of another moment too: the next one begins there
        self._ticket: Ticket | None = None
        switch.chosen.connect(self._choose)
        session.engine.viewed.connect(self._viewed)
        session.engine.busy.connect(self._busy)

    def show_space(self, space: Space | None) -> None:
        """Another model's space, or none. Where neighbours were shown they are looked for again."""
        self._stop()
        self._space = space
        offered = space is not None and len(space.ids) >= views.LEAST and views.offered()
        self._switch.set_offered(offered)
        if not offered:
            self._switch.set_neighbours(False)
        elif self._switch.neighbours and space is not None:
            self._ask(space)

    def forget(self) -> None:
        """Another project."""
        self.show_space(None)
        self._last = None

    def _stop(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()
            self._ticket = None
            self.said.emit("")

    @Slot(bool)
    def _choose(self, neighbours: bool) -> None:
        if self._space is None:
            return
        self._stop()
        if neighbours:
            self._ask(self._space)
        else:
            self.turned.emit(None)

    def _ask(self, space: Space) -> None:
        project = self._session.project
        if project is None:
            return
        if self._last is not None and self._belongs(self._last):
            self.turned.emit(self._last)
            return
        self.said.emit(self.tr("Looking for neighbours…"))
        start = space.map.positions
        work = partial(views.compute, project.cache, space.model, space.ids, space.latents, start, self._last)
        self._ticket = self._session.engine.make_view(work)

    def _belongs(self, view: View) -> bool:
        return self._space is not None and view.model == self._space.model and np.array_equal(view.ids, self._space.ids)

    @Slot(object)
    def _busy(self, told: Told) -> None:
        if self._ticket is None or told.ticket != self._ticket.id:
            return
        if isinstance(told.event, Progress) and told.event.total:
            self.said.emit(self.tr("Looking for neighbours: {0} %").format(round(100 * told.event.done / told.event.total)))
        elif told.last:
            self._ticket = None
            self.said.emit("")
            if isinstance(told.event, Failed):
                self._switch.set_neighbours(False)
                self._session.complain(told.event)

    @Slot(object)
    def _viewed(self, view: View) -> None:
        if self._belongs(view):
            self._last = view
            if self._switch.neighbours:
                self.turned.emit(view)


class MapPart(QObject):
    """What lies on the map: the sounds and the kept clips in the chosen view, heard when the pointer rests on them, the cursor,
    and a path."""

    kept = Signal(object)
    """list[ClipFile]: the kept clips of the open model."""

    def __init__(self, session: Session, model: OpenModel, view: ExploreView, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._model, self._view, self._map = session, model, view, view.map
        self.clips: list[ClipFile] = []
        """Those that lie on it, in its order."""

        self._request: Request | None = None
        self.even: tuple[float, float] | None = None
        """Where the cursor is on the even map, whichever is shown."""

        self.dots = DotPlayer(session, self)
        self.views = MapViews(session, view.switch, self)
        self.path = PathMaker(session, view.map, view.path_bar, self)
        self.views.turned.connect(self._turn)
        view.fit.clicked.connect(view.map.fit)
        view.map.hovered.connect(self._hover)
        view.map.clipHovered.connect(self._hover_clip)
        view.draw.toggled.connect(view.map.set_drawing)
        view.map.drawingChanged.connect(view.draw.setChecked)
        session.clipsChanged.connect(self.show_clips)
        model.opened.connect(self._opened)
        theme.changes().changed.connect(self._restyle)

    def forget(self) -> None:
        """Another project: an empty map."""
        self.views.forget()
        self.path.clear()
        self.even = self._request = None
        self._map.set_dots(np.zeros((0, 2)))
        self._map.set_density(None)
        self._map.set_clips(np.zeros((0, 2)))
        self._map.clear_cursor()
        self._map.set_drawing(False)

    def show_space(self, space: Space) -> None:
        """Another moment of the model, or the sounds changed."""
        self._draw(space)
        self.views.show_space(space)

    def show_request(self, request: Request) -> None:
        """Put the cursor where a request with a latent is."""
        space, self._request = self._model.space, request
        if space is not None:
            x, y = space.map.project(latent_of(request))
            self.even = (float(x), float(y))
            self._map.set_cursor(*space.place(request))

    def press(self, event: QKeyEvent) -> bool:
        """P takes the tool that draws a path, P or Esc lays it down."""
        leave = event.key() == Qt.Key.Key_Escape and self._map.drawing
        if not leave and (event.key() != Qt.Key.Key_P or event.modifiers() or self._model.space is None):
            return False
        self._map.set_drawing(not self._map.drawing)
        return True

    def _draw(self, space: Space) -> None:
        there = space.picture
        self.path.clear()  # its places mean others now
        self._map.set_dots(there.positions, space.labels, space.names, space.titles, there.bounds())
        self._map.set_density(space.shade.values, (space.shade.x, space.shade.y))
        self.show_clips()

    @Slot(object)
    def _opened(self, facts: object) -> None:
        self._view.draw.setVisible(self._model.mapped)
        if not self._model.mapped:
            self.views.show_space(None)
            self.path.clear()

    @Slot(object)
    def _turn(self, view: View | None) -> None:
        space = self._model.turn(view)
        if space is not None:
            self._draw(space)
            if self._request is not None:
                self.show_request(self._request)

    @Slot()
    def show_clips(self) -> None:
        """Kept sounds of this very model as diamonds on the map."""
        project, space = self._session.project, self._model.space
        if project is None or space is None:
            return
        here = [
            c for c in project.clips() if c.recipe is not None and c.recipe.model == space.model and c.recipe.request.latent
        ]
        here = [c for c in here if len(c.recipe.request.latent[0]) == space.latents.shape[1]]  # type: ignore[union-attr,index]
        self.clips = here
        self.kept.emit(here)
        self._map.set_clips([space.place(c.recipe.request) for c in here])  # type: ignore[union-attr]

    @Slot(object)
    def _hover(self, dot: int | None) -> None:
        space, on = self._model.space, dot is not None and self._view.hear.isChecked()
        self.dots.point_at(Path(space.paths[dot]) if on and space is not None else None)  # type: ignore[index]

    @Slot(object)
    def _hover_clip(self, clip: int | None) -> None:
        self.dots.point_at(self.clips[clip] if clip is not None and self._view.hear.isChecked() else None)

    @Slot(str)
    def _restyle(self, theme_name: str) -> None:
        self._map.refresh()
