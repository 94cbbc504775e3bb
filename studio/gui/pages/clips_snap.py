"""Where the edges of a selection go when the hand moves them (audio/snap.py), and what a double click selects.

Onsets and beats are measured off the window's thread, once a clip is open; zero crossings are looked up where the hand is.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from PySide6.QtCore import QObject, Signal, Slot

from studio.audio.snap import Places
from studio.audio.sound import Audio, Sound
from studio.gui.widgets.later import Later

ZERO_REACH = 0.02
"""Seconds to a zero crossing; onsets and beats may be as far as they are, the waveform says how far a hand can mean."""
BEATS, SURE = 4, 0.5
"""Fewer beats, or less even ones, make no tempo that a person would name: loops come to 0.64 and more, most hits below 0.45."""


class Snapping(QObject):
    """The places of the clip that is open. `measured` once its onsets and its tempo are known."""

    measured = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._audio: Audio | None = None
        self._places: Places | None = None
        self._later = Later(self)
        self._later.done.connect(self._take)

    def look_at(self, audio: Audio | None, measure: bool) -> None:
        """Snap to the places of this from now on; `measure`: find its onsets and beats as well."""
        if audio is not self._audio:
            self._audio, self._places = audio, None
        if measure and self._places is None and isinstance(audio, Sound):
            self._later.ask(partial(_measured, audio))

    @Slot(object)
    def _take(self, answer: object) -> None:
        if isinstance(answer, Places) and answer.sound is self._audio:
            self._places = answer
            self.measured.emit()

    @property
    def tempo(self) -> float | None:
        """Beats per minute, where they are known and the sound is long enough to mean them."""
        found = self._places.tempo if self._places is not None else None
        named = found is not None and len(found.beats) >= BEATS and found.confidence >= SURE
        return found.bpm if found is not None and named else None

    def near(self, seconds: float, way: str) -> float:
        """The place of this kind nearest to a moment; the moment itself where there is none."""
        if way == "zero" and self._audio is not None:
            return zero_crossing(self._audio, seconds)
        if way in ("onset", "beat") and self._places is not None:
            return self._places.near(seconds, "onset" if way == "onset" else "beat", reach=float("inf"))
        return seconds

    def around(self, seconds: float) -> tuple[float, float]:
        """From the onset before a moment to the one after it, or to where the sound begins and ends."""
        whole = self._audio.seconds if self._audio is not None else 0.0
        inner = [float(at) for at in self._places.onsets if 0 < at < whole] if self._places is not None else []
        return next(((a, b) for a, b in pairwise((0.0, *inner, whole)) if a <= seconds <= b), (0.0, whole))


def zero_crossing(audio: Audio, seconds: float) -> float:
    """The zero crossing nearest to a moment of a sound of any length."""
    reach = round(ZERO_REACH * audio.rate)
    first = max(0, round(seconds * audio.rate) - 2 * reach)
    piece = Sound(audio.read(first, 4 * reach), audio.rate)
    return first / audio.rate + Places(piece).near(seconds - first / audio.rate, "zero", ZERO_REACH)


def _measured(sound: Sound) -> Places:
    places = Places(sound)
    _ = places.onsets, places.tempo  # measured here, off the window's thread
    return places
