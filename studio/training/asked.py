"""What a run is asked while it trains: by the files in its requests folder, or by the system's signals."""

from __future__ import annotations

import time
from typing import Any

from studio.project.state import RunState
from studio.training.run import RunFolder

LOOK = 0.2
"""Seconds between two looks at the requests."""


class Asked:
    """Words that wait for an answer, with what came along with them."""

    def __init__(self, run: RunFolder) -> None:
        self._run = run
        self._words: dict[str, dict[str, Any]] = {}
        self._looked = 0.0

    def __contains__(self, word: str) -> bool:
        return word in self._words

    def add(self, word: str) -> None:
        self._words.setdefault(word, {})

    def look(self, since: float = 0.0, now: bool = False) -> None:
        """Read the requests, at most every LOOK seconds unless `now`. What was asked before `since` is dropped."""
        if now or since or time.monotonic() - self._looked > LOOK:
            self._looked = time.monotonic()
            self._words.update(self._run.take_requests(since))

    def take(self, word: str) -> dict[str, Any] | None:
        """What came with `word`, once; None where it was not asked."""
        return self._words.pop(word, None)

    @property
    def ending(self) -> RunState | None:
        """The state in which the run was asked to end."""
        return "stopped" if "stop" in self else "paused" if "pause" in self else None
