"""How a trainer is told to stop by the system: SIGTERM from whoever shuts down, SIGHUP from a closed terminal, Ctrl-C from
whoever watches."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from studio.training.asked import Asked

HURRIED = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))
"""After these a process is killed that takes its time."""


_listeners: list[Asked | set[str]] = []


@contextmanager
def listening(asked: Asked | set[str]) -> Iterator[None]:
    """All put "stop" into `asked`, for the loop to find between two steps, and "hurry" where nobody waits for more than a save;
    a second Ctrl-C is the usual one. Who listens around somebody else who does hears it too."""

    def ask(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and "stop" in asked:
            raise KeyboardInterrupt
        for listener in _listeners:
            listener.add("stop")
            if number in HURRIED:
                listener.add("hurry")

    before = {}
    for number in (*HURRIED, signal.SIGINT):
        if number != signal.SIGINT and signal.getsignal(number) == signal.SIG_IGN:
            continue  # under nohup
        with suppress(ValueError):  # not the main thread: its owner handles them
            before[number] = signal.signal(number, ask)
    _listeners.append(asked)
    try:
        yield
    finally:
        _listeners.remove(asked)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def deaf() -> Iterator[None]:
    """For processes that are told by another one when it is over: Ctrl-C in a terminal and torchrun's end reach them all."""
    before = {}
    for number in (*HURRIED, signal.SIGINT):
        with suppress(ValueError):
            before[number] = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
