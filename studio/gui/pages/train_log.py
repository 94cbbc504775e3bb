"""The curves of the runs that are looked at, kept up to date from their events.jsonl. Reads off the GUI thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from studio.events import Event
from studio.gui.widgets.later import Later
from studio.training.curves import Curves
from studio.training.run import RunFolder

EVERY = 1000
"""Milliseconds between two looks."""


class RunLogs(QObject):
    """Curves by run. `changed` carries the names of runs whose curves grew."""

    changed = Signal(object)
    """frozenset[str]"""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._paths: dict[str, Path] = {}
        self._curves: dict[str, Curves] = {}
        self._offsets: dict[str, int] = {}
        self._later = Later(self)
        self._later.done.connect(self._arrived)
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self.look)

    def watch(self, runs: Mapping[str, Path]) -> None:
        """Follow these runs; others keep what was read of them."""
        if dict(runs) != self._paths:
            self._paths = dict(runs)
            self.look()

    def start(self) -> None:
        self._timer.start()
        self.look()

    def stop(self) -> None:
        self._timer.stop()

    def clear(self) -> None:
        self._paths, self._curves, self._offsets = {}, {}, {}
        self._later.drop()

    def curves(self, name: str) -> Curves:
        return self._curves.get(name, Curves())

    def look(self) -> None:
        """Read what was appended since the last time."""
        wanted = []
        for name, path in self._paths.items():
            try:
                size = (path / "events.jsonl").stat().st_size
            except OSError:
                continue
            if size > self._offsets.get(name, 0):
                wanted.append((name, path, self._offsets.get(name, 0)))
        if wanted and not self._later.busy:
            self._later.ask(partial(_read, wanted))

    def _arrived(self, answer: object) -> None:
        if not isinstance(answer, list):
            return
        grown: set[str] = set()
        for name, path, since, events, offset in answer:
            if self._paths.get(name) != path or self._offsets.get(name, 0) != since:
                continue
            self._offsets[name] = offset
            if events:
                self._curves.setdefault(name, Curves()).add(events)
                grown.add(name)
        if grown:
            self.changed.emit(frozenset(grown))
        if set(self._paths) - set(self._offsets):
            self.look()


def _read(wanted: Iterable[tuple[str, Path, int]]) -> list[tuple[str, Path, int, list[Event], int]]:
    return [(name, path, since, *RunFolder(path).events(since)) for name, path, since in wanted]
