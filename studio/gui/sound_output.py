"""The sound output of the window: opened on the desk, because a sound system can take its time, and handed to the session.

While it is being opened there is no player, and everything else works.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from studio.engine.jobs import Told
from studio.errors import DeviceError
from studio.events import Finished, Produced, Started, Work
from studio.settings import Settings

if TYPE_CHECKING:
    from studio.audio.output import Device
    from studio.audio.player import Player
    from studio.gui.session import Session

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OutputFacts:
    """What there is to play on: `name` of the device in use ("" for none), its latency in seconds, and why there is none."""

    devices: tuple[Device, ...] = ()
    name: str = ""
    latency: float = 0.0
    problem: str = ""
    hint: str = ""


class SoundOutput(QObject):
    changed = Signal(object)
    """OutputFacts"""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._player: Player | None = None
        self.facts = OutputFacts()
        self._wish = self._wanted(session.settings)
        session.desk.event.connect(self._on_desk)
        session.settingsChanged.connect(self._on_settings)

    @staticmethod
    def _wanted(settings: Settings) -> tuple[str | None, float]:
        return settings.device or None, settings.buffer / 1000

    def open(self) -> None:
        """Open the output the settings name, or move to it."""
        self._do(self._open)

    def rescan(self) -> None:
        """Look for devices again and open the wanted one."""
        self._do(self._rescan)

    def close(self) -> None:
        """Let the device go. The desk must have ended or be idle."""
        if self._player is not None:
            self._player.close()
            self._player = None

    def _do(self, work: Callable[[], Work]) -> None:
        self._session.set_player(None)
        self._session.desk.submit(work, "output", newest=True, urgent=True)

    # ---- on the desk
    def _open(self) -> Work:
        from studio.audio.player import Player

        yield Started(what="output")
        device, buffer = self._wish
        problem = ""
        hint = ""
        try:
            if self._player is None:
                self._player = Player.open(device, buffer=buffer)
            else:
                self._player.use(device, buffer)
        except DeviceError as error:
            log.info("%s", error)
            problem, hint = error.message, error.advice
        yield self._facts(problem, hint)
        yield Finished()

    def _rescan(self) -> Work:
        yield Started(what="output")
        try:
            if self._player is None:
                from studio.audio import output

                output.refresh()
            else:
                self._player.rescan()
        except DeviceError as error:
            log.info("%s", error)
        yield from self._open()

    def _facts(self, problem: str, hint: str) -> Produced:
        from studio.audio import output

        try:
            devices = tuple(output.devices())
        except DeviceError as error:
            devices, problem, hint = (), error.message, error.advice
        player = self._player
        if player is None or problem or player.device is None:
            return Produced(kind="output", value=OutputFacts(devices, problem=problem, hint=hint))
        return Produced(kind="output", value=OutputFacts(devices, player.device.name, player.latency))

    # ---- in the window's thread
    @Slot(object)
    def _on_desk(self, told: Told) -> None:
        if told.tag == "output" and isinstance(told.event, Produced):
            self.facts = told.event.value
            self._session.set_player(self._player if self.facts.name else None)
            self.changed.emit(self.facts)

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        if self._wanted(settings) != self._wish:
            self._wish = self._wanted(settings)
            self.open()
