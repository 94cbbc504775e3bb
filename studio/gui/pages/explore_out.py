"""What is dragged out of Explore: dots, kept clips and places of the map, the history, the nine, the pins.

Each says that a hand pulls; here it is said which sound that is. session.drags does the rest.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from studio.engine.engine import Rendered
from studio.gui.drags import Leaving, as_they_are
from studio.gui.pages.clips_work import as_current
from studio.gui.pages.explore_map import MapPart
from studio.gui.pages.explore_open import OpenModel
from studio.gui.pages.explore_pins import Pins
from studio.gui.pages.explore_standing import Standing
from studio.gui.session import Session
from studio.gui.widgets.candidate_cell import CandidateCell
from studio.gui.widgets.pin_slot import PinSlot
from studio.project.recipe import Request

if TYPE_CHECKING:
    from studio.gui.pages.explore_view import ExploreView


class Out(QObject):
    """Listens to everything on Explore that holds a sound."""

    def __init__(
        self,
        session: Session,
        model: OpenModel,
        standing: Standing,
        lying: MapPart,
        view: ExploreView,
        pins: Pins,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session, self._model, self._standing, self._lying = session, model, standing, lying
        self._map, self._tree, self._nine = view.map, view.history.tree, view.nine
        self._awaited: Request | None = None  # a place of the history that is pulled and not heard yet
        self._map.pulled.connect(self._from_map)
        self._tree.pulled.connect(self._from_history)
        standing.sounded.connect(self._sounded)
        for cell in view.nine.cells:
            cell.pulled.connect(partial(self._from_nine, cell))
        for slot in pins.slots.values():
            slot.pulled.connect(partial(self._from_pin, slot))

    def _carry(self, source: QWidget, *leaving: Leaving) -> None:
        self._session.drags.carry(source, leaving)

    @Slot(object, object)
    def _from_map(self, clip: int | None, dot: int | None) -> None:
        """The clip or the user's own file under the hand, else the sound one stands at."""
        space, project = self._model.space, self._session.project
        if clip is not None and project is not None:
            self._carry(self._map, partial(as_current, project, self._lying.clips[clip]))
        elif dot is not None and space is not None:
            self._carry(self._map, *as_they_are([Path(space.paths[dot])]))
        else:
            self._carry_here(self._map)

    @Slot(int)
    def _from_history(self, node: int) -> None:
        """The press went there already; its sound may still be on its way."""
        place = self._standing.history.nodes.get(node)
        if place is None:
            return
        shown = self._standing.shown
        if shown is not None and self._standing.request == place.request and self._standing.settled:
            self._carry_here(self._tree)
        else:
            self._awaited = place.request

    @Slot(object)
    def _sounded(self, made: Rendered) -> None:
        awaited, self._awaited = self._awaited, None
        if awaited is not None and self._tree.held and self._standing.request == awaited:
            self._carry_here(self._tree)

    def _carry_here(self, source: QWidget) -> None:
        current = self._standing.current
        if current is not None:
            self._carry(source, lambda: current)

    def _from_nine(self, cell: CandidateCell) -> None:
        """This one; all that are marked where it is one of them."""
        cells = [one for one in self._nine.cells if one.mark] if cell.mark else [cell]
        self._carry(cell, *(partial(self._standing.take, one.made) for one in cells if one.made is not None))

    def _from_pin(self, slot: PinSlot) -> None:
        if slot.made is not None:
            self._carry(slot, partial(self._standing.take, slot.made))
