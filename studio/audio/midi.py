"""MIDI inputs by python-rtmidi, which may be missing: then `missing()` says so and everything else works without.

    inputs = MidiInputs(receive)     # receive(Message) is called in a thread of its own
    inputs.choose("")                # every input there is; a name for one, NONE for none
    inputs.scan()                    # what is there now: opens what came, lets go of what went
    inputs.close()

rtmidi can call Python by itself, but a callback that is taken away while one is under way ends the process, and closing a
port can wait for a callback that waits for Python's lock. So its queues are emptied every few milliseconds by a thread here.
Used by gui/midi_input.py. Only this file meets rtmidi.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from studio.errors import MidiError

CLIENT = "Wavewright"
ALL, NONE = "", "none"
SUSTAIN = 64
"""The control number of the sustain pedal."""
QUIET = (120, 123)
"""Control numbers that mean: all sound off, all notes off."""
LOOK = 0.002
"""Seconds between two looks into the queues: on average half of it is lost."""
THROUGH = "Midi Through"
"""Linux's own loop cable, not an instrument."""


@dataclass(frozen=True)
class Message:
    """What a player's hand did. `number`: the key of on and off, the control of control; `value`: velocity or position
    0–127, for bend −1 to 1."""

    kind: Literal["on", "off", "control", "bend"]
    channel: int
    number: int
    value: float


def parse(data: Sequence[int]) -> Message | None:
    """One MIDI message as rtmidi gives it; None for everything that no hand does, and for what is cut short."""
    if len(data) < 3 or not all(0 <= byte < 128 for byte in data[1:3]):
        return None
    status, channel, first, second = data[0] & 0xF0, data[0] & 0x0F, data[1], data[2]
    if status == 0x90 and second:
        return Message("on", channel, first, second)
    if status in (0x80, 0x90):
        return Message("off", channel, first, second)
    if status == 0xB0:
        return Message("control", channel, first, second)
    if status == 0xE0:
        return Message("bend", channel, 0, max(-1.0, (first + 128 * second - 8192) / 8191))
    return None


def missing() -> str:
    """Why there can be no MIDI here; empty where there can. Opens nothing."""
    try:
        import rtmidi  # noqa: F401
    except ImportError:
        return "python-rtmidi is not installed"
    if sys.platform.startswith("linux") and _api() is None:
        return "this Linux has no MIDI sequencer (the kernel module snd-seq)"
    return ""


def _api() -> int | None:
    """The MIDI system to ask. None where there is none, so that none is asked: they complain on the terminal."""
    import rtmidi

    if not sys.platform.startswith("linux"):
        return int(rtmidi.API_UNSPECIFIED)
    if Path("/dev/snd/seq").exists():
        return int(rtmidi.API_LINUX_ALSA)
    server = os.environ.get("JACK_DEFAULT_SERVER", "default")
    running = any(Path("/dev/shm").glob(f"jack_{server}_*"))
    return int(rtmidi.API_UNIX_JACK) if running else None


class MidiInputs:
    """The inputs of this machine. One thread may call it. Raises MidiError where there is no MIDI at all."""

    def __init__(self, receive: Callable[[Message], None]) -> None:
        if reason := missing():
            raise MidiError(reason=reason)
        self._receive = receive
        self._wanted = NONE
        self._lock = threading.Lock()  # of the open ports: one that is being read is not closed
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._open: dict[str, Any] = {}
        self.names: tuple[str, ...] = ()
        """What was there at the last scan."""

        self._list = self._make()

    def choose(self, name: str) -> None:
        """Listen to the input called `name`, to ALL or to NONE; one that is not there yet, as soon as a scan finds it."""
        self._wanted = name
        self.scan()

    def scan(self) -> tuple[str, ...]:
        """Looks what is plugged in, and listens to what is wanted of it. An input that can't be opened is left alone."""
        try:
            ports = list(self._list.get_ports())
        except (OSError, RuntimeError) as error:  # rtmidi's errors are OSErrors
            raise MidiError(reason=str(error)) from error
        numbers = {name: number for number, name in enumerate(ports) if THROUGH not in name}
        for name in self._open.keys() - numbers.keys():
            self._shut(name)
        known = {port: _plain(port) for port in numbers}
        for port, name in known.items():
            wanted = self._wanted == ALL or self._wanted == name
            if wanted and port not in self._open:
                self._listen(port, numbers[port])
            elif not wanted and port in self._open:
                self._shut(port)
        self.names = tuple(dict.fromkeys(known.values()))
        return self.names

    @property
    def open(self) -> tuple[str, ...]:
        """The inputs that are listened to."""
        return tuple(_plain(port) for port in self._open)

    def close(self) -> None:
        self._closed.set()
        if self._thread is not None:
            self._thread.join()
        for port in list(self._open):
            self._shut(port)
        self._list.delete()

    # -- ports --------------------------------------------------------------------------------------------------------

    @staticmethod
    def _make() -> Any:
        import rtmidi

        try:
            return rtmidi.MidiIn(_api(), name=CLIENT)
        except (OSError, RuntimeError, TypeError) as error:
            raise MidiError(reason=str(error)) from error

    def _listen(self, port: str, number: int) -> None:
        with contextlib.suppress(MidiError, OSError, RuntimeError):  # another program has it: Windows lends it only once
            made = self._make()
            made.open_port(number, name="in")
            with self._lock:
                self._open[port] = made
            if self._thread is None:
                self._thread = threading.Thread(target=self._read, name="midi", daemon=True)
                self._thread.start()

    def _shut(self, port: str) -> None:
        with self._lock:
            gone = self._open.pop(port)
        with contextlib.suppress(OSError, RuntimeError):
            gone.close_port()
            gone.delete()

    # -- the thread ---------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        while not self._closed.wait(LOOK if self._open else 50 * LOOK):
            with self._lock:
                came = [event[0] for made in self._open.values() for event in iter(made.get_message, None)]
            for data in came:
                message = parse(data)
                if message is not None:
                    self._receive(message)


def _plain(port: str) -> str:
    """A port's name without the numbers that ALSA and Windows count it by, which change with every plugging."""
    return re.sub(r"\s+\d+$" if sys.platform == "win32" else r"\s+\d+:\d+$", "", port)


class PickUp:
    """Lets a control take a fader over without a jump: nothing happens until it has come to where the fader stands."""

    NEAR = 1.5 / 127

    def __init__(self) -> None:
        self._last: float | None = None
        self._mine: float | None = None

    def move(self, control: float, fader: float) -> float | None:
        """Where the fader goes when the control says `control` while it stands at `fader` (both 0–1); None: it stays."""
        last, self._last = self._last, control
        mine = self._mine is not None and abs(self._mine - fader) <= self.NEAR / 2  # nobody moved it since
        near = abs(control - fader) <= self.NEAR
        passed = last is not None and (last - fader) * (control - fader) <= 0
        if mine or near or passed:
            self._mine = control
            return control
        self._mine = None
        return None
