"""Where the edges of a selection go when the hand moves them: zero crossings and onsets of the open clip.

Onsets are found off the window's thread, once a clip is open and measured.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QObject, Slot

from studio.audio.onsets import onsets
from studio.audio.sound import Audio, Sound
from studio.gui.widgets.later import Later

REACH = 0.02
"""Seconds that are looked at on either side."""


def zero_crossing(sound: Audio, seconds: float) -> float:
    """The moment nearest to `seconds` at which the mean of the channels changes its sign; `seconds` where there is none."""
    at, reach = round(seconds * sound.rate), round(REACH * sound.rate)
    first = max(0, at - reach)
    wave = sound.read(first, at + reach - first).mean(axis=0)
    changes = np.flatnonzero(np.signbit(wave[1:]) != np.signbit(wave[:-1])) + 1
    if not len(changes):
        return seconds
    return float(first + changes[np.abs(first + changes - at).argmin()]) / sound.rate


class Places(QObject):
    """The onsets of one sound in seconds, with its beginning and its end."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._sound: Audio | None = None
        self._found: tuple[float, ...] = ()
        self._later = Later(self)
        self._later.done.connect(self._take)

    def look_at(self, sound: Sound | None) -> None:
        """Find the onsets of this sound next; until then there are none but its ends."""
        if sound is self._sound:
            return
        self._sound = sound
        self._found = () if sound is None else (0.0, sound.seconds)
        if sound is not None:
            self._later.ask(partial(_found, sound))

    @Slot(object)
    def _take(self, answer: object) -> None:
        if isinstance(answer, tuple) and answer[0] is self._sound:
            self._found = answer[1]

    @property
    def known(self) -> tuple[float, ...]:
        return self._found

    def nearest(self, seconds: float) -> float:
        """The onset (or end) nearest to a moment."""
        return min(self._found, key=lambda found: abs(found - seconds), default=seconds)

    def around(self, seconds: float) -> tuple[float, float] | None:
        """From the onset before a moment to the one after it."""
        return next(((a, b) for a, b in pairwise(self._found) if a <= seconds <= b), None)


def _found(sound: Sound) -> tuple[Sound, tuple[float, ...]]:
    inner = sorted({frame / sound.rate for frame in onsets(sound) if 0 < frame < sound.frames})
    return sound, (0.0, *inner, sound.seconds)
