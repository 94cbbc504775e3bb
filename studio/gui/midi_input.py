"""MIDI as the window hears it: rtmidi's messages, its inputs coming and going, and the choice of one, kept in the settings.

Messages arrive in a thread of their own. Whoever plays notes gets them right there: a note must not wait for the window;
controls come through `moved`, in the window's thread. Explore starts it when it is shown and stops it when it is hidden.
"""

from __future__ import annotations

import contextlib
import logging
import weakref
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from studio.audio.midi import Message, MidiInputs, missing
from studio.errors import MidiError
from studio.gui.session import Session

log = logging.getLogger(__name__)
LOOK = 2500
"""Milliseconds between two looks for what was plugged in."""


@dataclass(frozen=True)
class MidiFacts:
    """What can be played: the inputs there are, those listened to, and why there are none."""

    names: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    problem: str = ""


class MidiInput(QObject):
    """The MIDI inputs of this window; nothing is opened before `start`."""

    changed = Signal(object)
    """MidiFacts: something was plugged in, taken away or chosen."""

    moved = Signal(object)
    """Message: a control or the bend, in the window's thread."""

    _came = Signal(object)

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._inputs: MidiInputs | None = None
        self._player: Callable[[Message], None] | None = None
        self.facts = MidiFacts(problem=missing())
        self._look = QTimer(self)
        self._look.setInterval(LOOK)
        self._look.timeout.connect(self.scan)
        self._came.connect(self._arrived)

    def start(self) -> None:
        """Listen from now on, and keep looking for what is plugged in."""
        if self._inputs is None and not missing():
            try:
                self._inputs = MidiInputs(_receiver(weakref.ref(self)))
            except MidiError as error:
                log.info("%s", error)
                self._tell(MidiFacts(problem=error.values.get("reason", "")))
                return
        if self._inputs is not None:
            self._inputs.choose(self._session.settings.midi_input)
            self.scan()
            self._look.start()

    def stop(self) -> None:
        """Let go of every input."""
        self._look.stop()
        inputs, self._inputs = self._inputs, None
        if inputs is not None:
            inputs.close()

    def choose(self, name: str) -> None:
        """Listen to one input, to midi.ALL or to midi.NONE, now and next time."""
        self._session.change(midi_input=name)
        if self._inputs is not None:
            self._inputs.choose(name)
            self.scan()

    def play_with(self, player: Callable[[Message], None] | None) -> None:
        """Every message goes to `player` first, in the thread it came in."""
        self._player = player

    @Slot()
    def scan(self) -> None:
        """Look what is plugged in now."""
        if self._inputs is None:
            return
        try:
            self._inputs.scan()
        except MidiError as error:
            log.info("%s", error)
            self.stop()
            self._tell(MidiFacts(problem=error.values.get("reason", "")))
            return
        self._tell(MidiFacts(self._inputs.names, self._inputs.open))

    def _tell(self, facts: MidiFacts) -> None:
        if facts != self.facts:
            self.facts = facts
            self.changed.emit(facts)

    def receive(self, message: Message) -> None:
        """In any thread."""
        if self._player is not None:
            self._player(message)
        if message.kind in ("control", "bend"):
            self._came.emit(message)

    @Slot(object)
    def _arrived(self, message: Message) -> None:
        self.moved.emit(message)


def _receiver(window: weakref.ref[MidiInput]) -> Callable[[Message], None]:
    """What the MIDI thread calls: it must neither keep the window alive nor mind that it is gone."""

    def receive(message: Message) -> None:
        there = window()
        if there is not None:
            with contextlib.suppress(RuntimeError):  # its Qt half is gone already
                there.receive(message)

    return receive
