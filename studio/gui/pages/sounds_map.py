"""The sounds of the table as a map: each a dot, near means alike. Resting on a dot hears it, a click chooses it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from studio.explore.map import Map
from studio.gui.widgets.latent_map import LatentMap
from studio.gui.widgets.later import Later
from studio.library.index import Index
from studio.project.folder import ProjectFolder

DWELL = 70
"""Milliseconds the pointer rests on a dot before it is heard."""

FEWEST = 3
"""Sounds below which a map says nothing."""


@dataclass(frozen=True, eq=False)
class Placed:
    """Where sounds lie: ids (N,), places (N, 2), label (N,) indices into `legend` or −1, names as titles."""

    wanted: NDArray[np.int64]
    ids: NDArray[np.int64]
    places: NDArray[np.float32]
    labels: NDArray[np.int64]
    legend: tuple[str, ...]
    names: tuple[str, ...]


def place(project: ProjectFolder, wanted: NDArray[np.int64]) -> Placed:
    """The plane in which the fingerprints of these sounds differ most. Safe in any thread."""
    with Index(project) as index:
        ids, prints = index.fingerprints()
        columns = index.columns("label", "name")
    legend = tuple(sorted({label for label in columns["label"] if label}))
    number = {label: i for i, label in enumerate(legend)}
    shown = np.isin(ids, wanted) & np.isfinite(prints).all(axis=1) & prints.any(axis=1)
    labels = np.array([number.get(label, -1) for label in columns["label"][shown]], np.int64)
    places = np.zeros((0, 2), np.float32)
    if shown.sum() >= FEWEST:
        places = Map.fit(prints[shown]).positions.astype(np.float32)
    names = tuple(columns["name"][shown]) if len(places) else ()
    return Placed(wanted, ids[shown][: len(places)], places, labels[: len(places)], legend, names)


class SoundsMap(LatentMap):
    heard = Signal(int)
    """The id of a dot the pointer rests on, or that was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.placeholder = self.tr("A map needs at least three sounds")
        self._ids: NDArray[np.int64] = np.zeros(0, np.int64)
        self._wanted: NDArray[np.int64] = self._ids
        self._spots: NDArray[np.float32] = np.zeros((0, 2), np.float32)
        self._near: int | None = None
        self._later = Later(self)
        self._later.done.connect(self._on_placed)
        self._dwell = QTimer(self)
        self._dwell.setSingleShot(True)
        self._dwell.setInterval(DWELL)
        self._dwell.timeout.connect(self._hear)
        self.hovered.connect(self._on_hovered)
        self.released.connect(self._on_released)

    @property
    def busy(self) -> bool:
        return self._later.busy

    @property
    def ids(self) -> NDArray[np.int64]:
        """The sounds that have a dot, in the order of the dots."""
        return self._ids

    def show_sounds(self, project: ProjectFolder, ids: NDArray[np.int64]) -> None:
        """Show these sounds; the map appears when it is known."""
        self._wanted = ids
        self._later.ask(partial(place, project, ids))

    def clear(self) -> None:
        self._wanted = self._ids = np.zeros(0, np.int64)
        self._later.drop()
        self.set_dots(np.zeros((0, 2), np.float32))

    def _on_placed(self, answer: object) -> None:
        if not isinstance(answer, Placed) or answer.wanted is not self._wanted:
            return
        self._ids, self._spots = answer.ids, answer.places
        self.clear_cursor()
        self.set_dots(answer.places, answer.labels, answer.legend, answer.names)

    def _on_hovered(self, dot: int | None) -> None:
        self._near = dot
        if dot is None:
            self._dwell.stop()
        else:
            self._dwell.start()

    def _on_released(self, x: float, y: float) -> None:
        """A click means the nearest dot; the ring goes there."""
        if len(self._ids):
            self._near = int(np.square(self._spots - np.array([x, y], np.float32)).sum(axis=1).argmin())
            self.set_cursor(*map(float, self._spots[self._near]))
            self._dwell.stop()
            self._hear()

    def _hear(self) -> None:
        if self._near is not None and self._near < len(self._ids):
            self.heard.emit(int(self._ids[self._near]))
