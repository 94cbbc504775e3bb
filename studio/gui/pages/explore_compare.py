"""What is heard against what in Explore: the present sound against the nearest known one, and all of them equally loud.

The nearest of the project's sounds is looked for when no other sound followed for a moment; the line under the map says how
near it is, and its button goes back and forth between the two, at the same place and the same loudness.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QToolButton

from studio.explore.similar import Match
from studio.gui.pages.explore_open import OpenModel
from studio.gui.pages.explore_said import SaidBar
from studio.gui.pages.explore_sound import file_sound
from studio.gui.pages.explore_standing import Standing
from studio.gui.session import Current, Session
from studio.gui.widgets.later import Later

REST = 150
"""Milliseconds after the newest sound until it is compared with the known ones."""
LEAST = 0.03
"""Seconds that must be left of a sound to go on in it; else it starts again."""


class Compare(QObject):
    """Finds the nearest known sound, and switches between it and the present one."""

    def __init__(self, session: Session, said: SaidBar, model: OpenModel, standing: Standing, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._said, self._model, self._standing = session, said, model, standing
        self._nearest, self._reading = Later(self), Later(self)
        self._nearest.done.connect(self._measured)
        self._reading.done.connect(self._read)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST)
        self._rest.timeout.connect(self._ask)
        standing.sounded.connect(self._sounded)
        model.spaced.connect(self._sounded)
        said.asked.connect(self.switch)
        session.currentChanged.connect(self._show_current)

    # ---- which is the nearest
    @Slot()
    def _sounded(self, *_: object) -> None:
        self._rest.start()

    @Slot()
    def _ask(self) -> None:
        shown, space = self._standing.shown, self._model.space
        if shown is not None and space is not None and space.meter is not None:
            self._nearest.ask(partial(space.nearest, shown.sound))

    @Slot(object)
    def _measured(self, found: object) -> None:
        space = self._model.space
        if isinstance(found, tuple) and space is not None:
            match, row, copy = found
            assert isinstance(match, Match)
            if row < len(space.paths):
                self._said.tell_nearest(Path(space.paths[row]), match.ratio, copy)

    # ---- hearing one and the other
    @Slot(object)
    def switch(self, path: Path) -> None:
        """Hear the other one where the present one is: the file at `path`, or, from there, the present sound again."""
        current = self._session.current
        if current is not None and current.path == path and self._standing.current is not None:
            self._play(self._standing.current)
        else:
            self._reading.ask(partial(file_sound, path))

    @Slot(object)
    def _read(self, answer: object) -> None:
        if isinstance(answer, Current):
            self._play(answer)
        elif isinstance(answer, Exception):
            self._session.complain(answer)

    def _play(self, current: Current) -> None:
        player = self._session.player
        at = (player.position or 0.0) if player is not None and self._session.playing else 0.0
        self._session.play(current, at=at if at < current.sound.seconds - LEAST else 0.0, compare=True)

    @Slot(object)
    def _show_current(self, current: Current) -> None:
        self._said.show_heard(current.path)


class Even(QObject):
    """A button by which everything that is tried out in Explore is heard equally loud. What is kept stays as it is."""

    def __init__(self, session: Session, button: QToolButton, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._button = session, button
        button.setCheckable(True)
        button.setChecked(session.settings.loudness_match)
        button.clicked.connect(self._set)
        session.settingsChanged.connect(self._show)

    @Slot(bool)
    def _set(self, on: bool) -> None:
        self._session.change(loudness_match=on)
        player = self._session.player
        if self._session.playing and player is not None:
            self._session.play(at=player.position or 0.0)

    @Slot(object)
    def _show(self, settings: object) -> None:
        self._button.setChecked(self._session.settings.loudness_match)
