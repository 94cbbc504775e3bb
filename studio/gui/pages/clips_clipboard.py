"""What was copied on the Clips page, for its paste: a stretch of sound, or steps. Files from elsewhere can be pasted as well.

The system's clipboard holds a token for a sound (it stays in this process) and JSON for steps, so that a later copy in another
program is what gets pasted.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtGui import QGuiApplication

from studio.audio import steps as table
from studio.audio.sound import Audio
from studio.errors import UsageError

SOUND, STEPS = "application/x-wavewright-sound", "application/x-wavewright-steps"
_tokens = itertools.count(1)
_STEPS = msgspec.json.Decoder(list[dict[str, Any]])


class Clipboard(QObject):
    """The newest copy, of this page or of another program."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._held: tuple[bytes, Audio] | None = None
        QGuiApplication.clipboard().dataChanged.connect(self.changed)

    def put_sound(self, sound: Audio) -> None:
        """A stretch of a clip, to be pasted into any."""
        token = str(next(_tokens)).encode()
        self._held = (token, sound)
        self._put(SOUND, token)

    def put_steps(self, steps: Sequence[dict[str, Any]]) -> None:
        """Steps for other clips."""
        self._put(STEPS, msgspec.json.encode(list(steps)))

    def _put(self, kind: str, data: bytes) -> None:
        mime = QMimeData()
        mime.setData(kind, data)
        QGuiApplication.clipboard().setMimeData(mime)

    @property
    def sound(self) -> Audio | None:
        """The stretch that was copied last, unless something else was since."""
        mime = QGuiApplication.clipboard().mimeData()
        if mime is None or self._held is None or not mime.hasFormat(SOUND):
            return None
        return self._held[1] if bytes(mime.data(SOUND).data()) == self._held[0] else None

    @property
    def file(self) -> Path | None:
        """A file whose address or path was copied in another program."""
        mime = QGuiApplication.clipboard().mimeData()
        if mime is None:
            return None
        named = [url.toLocalFile() for url in mime.urls() if url.isLocalFile()] if mime.hasUrls() else []
        text = mime.text().strip() if not named and mime.hasText() else ""
        path = Path(named[0] if named else text) if named or 0 < len(text) < 4096 else None
        try:
            return path if path is not None and path.is_absolute() and path.is_file() else None
        except (OSError, ValueError):
            return None

    @property
    def steps(self) -> tuple[dict[str, Any], ...]:
        """The steps that were copied last; none where something else was since, or where they make no sense."""
        mime = QGuiApplication.clipboard().mimeData()
        if mime is None or not mime.hasFormat(STEPS):
            return ()
        try:
            return tuple(table.check(step) for step in _STEPS.decode(bytes(mime.data(STEPS).data())))
        except (msgspec.DecodeError, UsageError):
            return ()
