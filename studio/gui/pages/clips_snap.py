"""Where the edges of a selection go when the hand moves them (audio/snap.py), and what a double click selects.

Onsets and beats are measured off the window's thread, once a clip is open, of a long one where it is seen; zero crossings are
looked up where the hand is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from studio.audio.snap import Kind, Places
from studio.audio.sound import Audio, Sound
from studio.gui.widgets.later import Later

ZERO_REACH = 0.02
"""Seconds to a zero crossing; onsets and beats may be as far as they are, the waveform says how far a hand can mean."""
BEATS, SURE = 4, 0.5
"""Fewer beats, or less even ones, make no tempo that a person would name: loops come to 0.64 and more, most hits below 0.45."""


SEEN, AROUND = 60.0, 5.0
"""Seconds of a long clip that are measured where no more is seen, and on either side of them."""
RESTED = 250
"""Milliseconds after which a view that moved stays."""


@dataclass(frozen=True, eq=False)
class _Measured:
    """The places of what lies between two moments of `audio`, in seconds from the first."""

    audio: Audio
    first: float
    last: float
    places: Places

    @property
    def onsets(self) -> list[float]:
        return [self.first + float(at) for at in self.places.onsets]


class Snapping(QObject):
    """The places of the clip that is open. `measured` once its onsets and its tempo are known."""

    measured = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._audio: Audio | None = None
        self._known: _Measured | None = None
        self._view = (0.0, 0.0)
        self._later = Later(self)
        self._later.done.connect(self._take)
        self._rest = QTimer(self, singleShot=True, interval=RESTED)
        self._rest.timeout.connect(self._measure_seen)

    def look_at(self, audio: Audio | None, measure: bool) -> None:
        """Snap to the places of this from now on; `measure`: find its onsets and beats as well."""
        if audio is not self._audio:
            self._audio, self._known = audio, None
        if measure and self._known is None and isinstance(audio, Sound):
            self._later.ask(partial(_measured, audio, 0.0, audio.seconds))
        self._wait()

    @Slot(float, float)
    def see(self, start: float, end: float) -> None:
        """What is seen of the clip."""
        self._view = (start, end)
        self._wait()

    def _wait(self) -> None:
        start, end = self._view
        known = self._known is not None and self._known.first <= start and end <= self._known.last
        if self._audio is None or isinstance(self._audio, Sound) or known or end - start > SEEN:
            self._rest.stop()
        else:
            self._rest.start()

    @Slot()
    def _measure_seen(self) -> None:
        audio, (start, end) = self._audio, self._view
        if audio is not None and end > start:
            first, last = max(0.0, start - AROUND), min(end + AROUND, audio.seconds)
            self._later.ask(partial(_measured, audio, first, last))

    @Slot(object)
    def _take(self, answer: object) -> None:
        if isinstance(answer, _Measured) and answer.audio is self._audio:
            self._known = answer
            self.measured.emit()

    @property
    def tempo(self) -> float | None:
        """Beats per minute, where they are known and the sound is long enough to mean them."""
        found = self._known.places.tempo if self._known is not None else None
        named = found is not None and len(found.beats) >= BEATS and found.confidence >= SURE
        return found.bpm if found is not None and named else None

    def near(self, seconds: float, way: str) -> float:
        """The place of this kind nearest to a moment; the moment itself where there is none."""
        if way == "zero" and self._audio is not None:
            return zero_crossing(self._audio, seconds)
        known = self._known
        if way in ("onset", "beat") and known is not None and known.first <= seconds <= known.last:
            kind: Kind = "onset" if way == "onset" else "beat"
            return known.first + known.places.near(seconds - known.first, kind, reach=float("inf"))
        return seconds

    def around(self, seconds: float) -> tuple[float, float]:
        """From the onset before a moment to the one after it, or to where the sound begins and ends."""
        whole = (0.0, self._audio.seconds if self._audio is not None else 0.0)
        if self._known is None:
            return whole
        first, last = self._known.first, self._known.last
        inner = [at for at in self._known.onsets if first < at < last]
        return next(((a, b) for a, b in pairwise((first, *inner, last)) if a <= seconds <= b), whole)


def zero_crossing(audio: Audio, seconds: float) -> float:
    """The zero crossing nearest to a moment of a sound of any length."""
    reach = round(ZERO_REACH * audio.rate)
    first = max(0, round(seconds * audio.rate) - 2 * reach)
    piece = Sound(audio.read(first, 4 * reach), audio.rate)
    return first / audio.rate + Places(piece).near(seconds - first / audio.rate, "zero", ZERO_REACH)


def _measured(audio: Audio, first: float, last: float) -> _Measured:
    start = round(first * audio.rate)
    places = Places(Sound(audio.read(start, round(last * audio.rate) - start), audio.rate))
    _ = places.onsets, places.tempo  # measured here, off the window's thread
    return _Measured(audio, start / audio.rate, last, places)
