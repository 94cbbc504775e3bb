"""Who shows the events of the work: JSON lines for scripts, a bar or plain lines for people."""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, TextIO

import msgspec

from studio.events import Event, Failed, Finished, Produced, Progress, Started, to_json


class Face(ABC):
    """Shows events as they come."""

    @abstractmethod
    def show(self, event: Event) -> None: ...

    def fail(self, event: Failed) -> None:
        print(event.sentence + (f"\n{event.hint}" if event.hint else ""), file=sys.stderr)

    def stop(self, text: str) -> None:
        print(text, file=sys.stderr)


class Lines(Face):
    """One JSON line an event, for scripts."""

    def show(self, event: Event) -> None:
        if isinstance(event, Finished):
            data = msgspec.json.encode({"event": "result", "result": event.result})
        else:
            data = to_json(event)
        sys.stdout.write(data.decode() + "\n")
        sys.stdout.flush()

    def fail(self, event: Failed) -> None:
        self.show(event)
        super().fail(event)


class Terminal(Face):
    """For people: a bar where there is a terminal, else a line for each stage and each tenth."""

    def __init__(self, say: Callable[[dict[str, Any]], Iterator[str]] | None, stream: TextIO | None = None) -> None:
        self.say = say
        self.out = stream or sys.stdout
        self.live = self.out.isatty()
        self.drawn = 0
        self.stage, self.tenth = "", -1

    def show(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._progress(event)
        elif isinstance(event, Started):
            self.stage, self.tenth = "", -1
        elif isinstance(event, Produced) and event.path:
            self._line(event.path)
        elif isinstance(event, Finished) and self.say is not None:
            for line in self.say(event.result):
                self._line(line)
        elif isinstance(event, Finished):
            self._wipe()

    def _progress(self, event: Progress) -> None:
        share = min(1.0, event.done / event.total) if event.total else None
        if self.live:
            bar = "" if share is None else f"{'█' * round(24 * share):░<24} {share:4.0%} "
            text = (bar + event.note)[: max(20, _columns() - 1)]
            self.out.write("\r" + text + " " * max(0, self.drawn - len(text)))
            self.out.flush()
            self.drawn = len(text)
            return
        tenth = -1 if share is None else int(share * 10)
        if tenth != self.tenth and (tenth > self.tenth or tenth == 0):
            self.tenth = tenth
            self._line(f"{share:4.0%} {event.note}".rstrip() if share is not None else event.note)

    def _line(self, text: str) -> None:
        self._wipe()
        self.out.write(text + "\n")
        self.out.flush()

    def _wipe(self) -> None:
        if self.drawn:
            self.out.write("\r" + " " * self.drawn + "\r")
            self.drawn = 0

    def fail(self, event: Failed) -> None:
        self._wipe()
        super().fail(event)

    def stop(self, text: str) -> None:
        self._wipe()
        super().stop(text)


def _columns() -> int:
    try:
        return os.get_terminal_size().columns
    except OSError:
        return 80
