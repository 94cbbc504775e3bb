"""The notes that sound together over whatever plays: pure composing on the frames of a stream. Used by player.py.

A chord is a value. Pressing or lifting a key at stream frame `point` gives another chord that composes the same frames before
`point`, so what the device has already taken stays true. Nothing in it jumps: a note that begins in the middle of something
is faded in, a lifted or stolen one is faded out, and fades multiply.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

import numpy as np

from studio.audio.sound import Samples
from studio.audio.voice import Voice

VOICES = 16
"""Notes at once; one more takes the place of the oldest, of the lifted ones first."""
STEAL = 0.005
"""Seconds in which a note that gives way is faded out."""
RISE = 0.001
"""Seconds of fade-in where a sound begins with a jump: short, so that a drum keeps its attack."""
QUIET = 1e-2
"""A first sample below this begins out of silence."""


@dataclass(frozen=True, eq=False)
class Note:
    """A voice on the stream. `rise`: frames of fade-in; `fades`: (stream frame, frames) of each fade-out."""

    key: Hashable
    voice: Voice
    rise: int = 0
    fades: tuple[tuple[int, int], ...] = ()

    @property
    def end(self) -> int:
        """The stream frame where nothing more comes of it."""
        return min([self.voice.start + len(self.voice.frames), *(start + length for start, length in self.fades)])

    @property
    def lifted(self) -> bool:
        return bool(self.fades)

    def faded(self, point: int, length: int) -> Note:
        """This note, out of the way `length` frames after `point`."""
        return replace(self, fades=(*self.fades, (max(point, self.voice.start), max(1, length))))

    def add_to(self, block: Samples, start: int, gain: float = 1.0) -> None:
        """Adds its part to `block` (n, 2), which begins at stream frame `start`."""
        begin, end = max(self.voice.start, start), min(self.end, start + len(block))
        if begin >= end:
            return
        part = self.voice.frames.get(begin - self.voice.start, end - self.voice.start) * np.float32(self.voice.gain * gain)
        up = min(end, self.voice.start + self.rise)
        if begin < up:
            part[: up - begin] *= np.sin(_turn(np.arange(begin, up), self.voice.start, self.rise)) ** 2
        for fade, length in self.fades:
            if (down := max(begin, fade)) < end:
                part[down - begin :] *= np.cos(_turn(np.arange(down, end), fade, length)) ** 2
        block[begin - start : end - start] += part


def _turn(frames: np.ndarray, start: int, length: int) -> np.ndarray:
    """Quarter of a circle over `length` frames, (n, 1) float32."""
    return ((frames - start) * (np.pi / 2 / length)).astype(np.float32)[:, None]


@dataclass(frozen=True)
class Chord:
    """Notes in the order they were struck."""

    notes: tuple[Note, ...] = ()

    def on(self, key: Hashable, voice: Voice, rate: int) -> Chord:
        """With `voice` for `key`, struck where the voice starts. The same key struck before gives way."""
        point, steal = voice.start, round(STEAL * rate)
        head = voice.frames.get(0, min(1, len(voice.frames)))
        note = Note(key, voice, round(RISE * rate) if head.size and np.abs(head).max() > QUIET else 0)
        notes = [n.faded(point, steal) if n.key == key else n for n in self.notes]
        staying = [n for n in notes if n.end > point + steal]
        for n in sorted(staying, key=lambda n: (not n.lifted, n.voice.start))[: max(0, len(staying) + 1 - VOICES)]:
            notes[notes.index(n)] = n.faded(point, steal)
        return Chord((*notes, note))

    def off(self, key: Hashable, point: int, fade: int) -> Chord:
        """With `key` lifted at `point`."""
        return Chord(tuple(n.faded(point, fade) if n.key == key and not n.lifted else n for n in self.notes))

    def ended(self, point: int, fade: int) -> Chord:
        """With every note out of the way `fade` frames after `point`."""
        return Chord(tuple(n.faded(point, fade) for n in self.notes))

    def after(self, frame: int) -> Chord:
        """Without the notes that have ended at stream frame `frame`."""
        return Chord(kept) if len(kept := tuple(n for n in self.notes if n.end > frame)) < len(self.notes) else self

    def add_to(self, block: Samples, start: int, gain: float = 1.0) -> None:
        """Adds all notes to `block` (n, 2), which begins at stream frame `start`."""
        for note in self.notes:
            note.add_to(block, start, gain)
