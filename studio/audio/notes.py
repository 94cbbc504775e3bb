"""Notes made of one sound: what key it lies on, the same sound on any other key, and the memory that chords play from.

Varispeed: a higher note is a faster tape, also shorter. Used by Explore's keyboard. Notes are MIDI numbers, 60 is C3.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

import numpy as np
import soxr

from studio.audio import analysis
from studio.audio.pitch import hz_to_midi
from studio.audio.sound import Sound

MIDDLE = 60.0
"""C3: where a sound without a pitch lies by convention."""
REACH = 48.0
"""Semitones a sound is moved at most; beyond four octaves there is nothing left to hear."""
LONGEST = 30.0
"""Seconds of a note at most: a long sound played four octaves lower would last for minutes."""
ENDING = 0.05
"""Seconds of fade where a note is cut off at its longest."""


def root_of(sound: Sound) -> float | None:
    """The note a sound is heard as, in fractions of a semitone; None where nothing in it repeats."""
    found = analysis.facts(sound) if sound.frames else None
    return hz_to_midi(found.pitch) if found is not None and found.pitch else None


def transposed(sound: Sound, semitones: float, rate: int | None = None) -> Sound:
    """`sound` that much higher (or lower, if negative) at `rate` Hz (None: its own), by resampling: soxr, high quality."""
    rate = rate or sound.rate
    semitones = min(max(semitones, -REACH), REACH)
    speed = 2.0 ** (semitones / 12)
    samples = sound.samples[:, : int(LONGEST * speed * sound.rate)]
    cut = samples.shape[1] < sound.frames
    if abs(speed * sound.rate - rate) > 1e-9 and samples.shape[1]:
        turned = soxr.resample(np.ascontiguousarray(samples.T), speed * sound.rate, rate, quality="HQ")
        samples = np.ascontiguousarray(turned.T, np.float32)
    if cut:
        samples = samples.copy()
        ending = min(round(ENDING * rate), samples.shape[1])
        samples[:, samples.shape[1] - ending :] *= np.linspace(1, 0, ending, dtype=np.float32)
    return Sound(samples, rate)


class NoteCache:
    """Sounds by name up to `limit` bytes; the least recently asked for goes first. Any thread may use it."""

    def __init__(self, limit: int = 96_000_000) -> None:
        self.limit = limit
        self._sounds: OrderedDict[Hashable, Sound] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, name: Hashable) -> Sound | None:
        with self._lock:
            found = self._sounds.get(name)
            if found is not None:
                self._sounds.move_to_end(name)
            return found

    def put(self, name: Hashable, sound: Sound) -> None:
        """Keep `sound`, unless it is larger than everything that fits."""
        size = sound.samples.nbytes
        with self._lock:
            self._drop(name)
            if size > self.limit:
                return
            self._sounds[name] = sound
            self._bytes += size
            while self._bytes > self.limit:
                self._drop(next(iter(self._sounds)))

    def _drop(self, name: Hashable) -> None:
        gone = self._sounds.pop(name, None)
        self._bytes -= gone.samples.nbytes if gone is not None else 0

    @property
    def bytes(self) -> int:
        return self._bytes

    def __len__(self) -> int:
        return len(self._sounds)

    def __contains__(self, name: Hashable) -> bool:
        return name in self._sounds
