"""How a trainer is told to stop by the system: SIGTERM from whoever shuts down, Ctrl-C from whoever watches."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from studio.training.asked import Asked


@contextmanager
def listening(asked: Asked | set[str]) -> Iterator[None]:
    """Both put "stop" into `asked`, for the loop to find between two steps; a second Ctrl-C is the usual one."""

    def ask(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and "stop" in asked:
            raise KeyboardInterrupt
        asked.add("stop")

    before = {}
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(ValueError):  # not the main thread: its owner handles them
            before[number] = signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
