"""A sound as a list of pieces of other sounds, so that an hour is cut, reversed or faded without being copied.

A `Timeline` is an Audio and a value. Each of its pieces is a stretch of a source (a file that stays on the disk, a sound in
memory, or nothing), forwards or backwards, under gains that are small formulas. What it gives is, to the bit, what the same
steps make of the samples (steps.py); timeline_steps.py knows the steps, timeline_moves.py those of them that only move pieces,
timeline_peaks.py the picture.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from studio.audio import edit
from studio.audio.peaks import Peaks, build
from studio.audio.sound import Audio, Samples, Sound, Wrapped


@dataclass(frozen=True, eq=False)
class Source:
    """What pieces are taken from, and its pyramid."""

    audio: Audio
    peaks: Peaks


@dataclass(frozen=True)
class Gain:
    """The same factor everywhere."""

    factor: np.float32

    def after(self, frames: int) -> Gain:
        return self

    def backwards(self, frames: int) -> Gain:
        return self

    def factors(self, first: int, frames: int) -> Samples:
        """(1,), for any stretch."""
        return np.array([self.factor], np.float32)

    def about(self, frames: NDArray[np.float64]) -> Samples:
        """The factor of each of these frames."""
        return np.full(len(frames), self.factor, np.float32)


@dataclass(frozen=True)
class Sweep(ABC):
    """A factor that only rises, or only falls, in `length` frames. The piece begins at its frame `first` and goes on by `step`,
    which is 1, or −1 where it is played backwards."""

    length: int
    first: int
    step: int

    def after(self, frames: int) -> Self:
        """What is left of it that many frames later."""
        return replace(self, first=self.first + self.step * frames)

    def backwards(self, frames: int) -> Self:
        """The same over a piece of that length played from its end."""
        return replace(self, first=self.first + self.step * (frames - 1), step=-self.step)

    def factors(self, first: int, frames: int) -> Samples:
        """(frames,) from `first` of the piece on."""
        start, end = self.first + self.step * first, self.first + self.step * (first + frames)
        return self.curve(self.length, start, end) if self.step > 0 else self.curve(self.length, end + 1, start + 1)[::-1]

    def about(self, frames: NDArray[np.float64]) -> Samples:
        """The factor of each of these frames, near enough for a drawing."""
        place = (self.first + self.step * frames) / self.length
        return np.interp(place, np.linspace(0, 1, 1025), self.curve(1025, 0, 1025)).astype(np.float32)

    @abstractmethod
    def curve(self, length: int, first: int, last: int) -> Samples:
        """Its factors from `first` up to `last`, if it had this length."""


@dataclass(frozen=True)
class Fade(Sweep):
    """edit.rise: from 0 to 1."""

    shape: str = "smooth"

    def curve(self, length: int, first: int, last: int) -> Samples:
        return edit.rise(length, self.shape, first, last)


@dataclass(frozen=True)
class Ramp(Sweep):
    """edit.slope: from one gain to another, in dB."""

    start_db: float = 0.0
    end_db: float = 0.0

    def curve(self, length: int, first: int, last: int) -> Samples:
        return edit.slope(length, self.start_db, self.end_db, first, last)


@dataclass(frozen=True, eq=False)
class Changed(Wrapped):
    """A sound under `work` that makes each frame from that frame alone, done whenever it is read: a change of channels."""

    work: Callable[[Sound], Sound]

    @cached_property
    def channels(self) -> int:
        return self.work(Sound(self.audio.read(0, 1), self.rate)).channels

    def read(self, start: int, frames: int) -> Samples:
        """(channels, n) from `start` on. Raises UnreadableAudio."""
        return self.work(Sound(self.audio.read(start, frames), self.rate)).samples


@dataclass(frozen=True)
class Piece:
    """`frames` of `source` from `start` on, silence where there is none; the gains are done one after the other."""

    source: Source | None
    start: int
    frames: int
    reverse: bool = False
    gains: tuple[Gain | Sweep, ...] = ()

    def part(self, first: int, last: int) -> Piece:
        """Its frames from `first` up to `last`."""
        start = self.start + (self.frames - last if self.reverse else first)
        return replace(self, start=start, frames=last - first, gains=tuple(gain.after(first) for gain in self.gains))

    def backwards(self) -> Piece:
        gains = tuple(gain.backwards(self.frames) for gain in self.gains)
        return replace(self, reverse=not self.reverse, gains=gains)

    def under(self, gain: Gain | Sweep) -> Piece:
        return self if self.source is None else replace(self, gains=(*self.gains, gain))

    def read_into(self, out: Samples, first: int) -> None:
        """Fills `out` (channels, n) with its frames from `first` on."""
        count = out.shape[1]
        if self.source is None:
            out[:] = 0
            return
        start = self.start + (self.frames - first - count if self.reverse else first)
        samples = self.source.audio.read(start, count)
        out[:] = samples[:, ::-1] if self.reverse else samples
        for gain in self.gains:
            out *= gain.factors(first, count)


@dataclass(frozen=True, eq=False)
class Timeline:
    """Pieces one after the other."""

    rate: int
    channels: int
    pieces: tuple[Piece, ...]

    @classmethod
    def of(cls, audio: Audio, peaks: Peaks | None = None) -> Timeline:
        """The whole of `audio`, as one piece. `peaks`: its pyramid, where it is known; else it is built now."""
        source = Source(audio, peaks or build(audio))
        return cls(audio.rate, audio.channels, (Piece(source, 0, audio.frames),) if audio.frames else ())

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Where each piece begins, and where the last one ends."""
        return (0, *itertools.accumulate(piece.frames for piece in self.pieces))

    @property
    def frames(self) -> int:
        return self.starts[-1]

    @property
    def seconds(self) -> float:
        return self.frames / self.rate

    def within(self, first: int, last: int) -> Iterator[tuple[int, Piece]]:
        """The pieces between two frames, and where they begin: the outer ones whole."""
        if not self.pieces or last <= first:
            return
        for index in range(max(0, bisect_right(self.starts, first) - 1), len(self.pieces)):
            if self.starts[index] >= last:
                return
            yield self.starts[index], self.pieces[index]

    def read(self, start: int, frames: int) -> Samples:
        """(channels, n) from `start` on, the caller's own; fewer than `frames` at the end. Raises UnreadableAudio."""
        start = min(max(start, 0), self.frames)
        end = min(start + max(frames, 0), self.frames)
        out = np.empty((self.channels, end - start), np.float32)
        for begin, piece in self.within(start, end):
            first, last = max(begin, start), min(begin + piece.frames, end)
            piece.read_into(out[:, first - start : last - start], first - begin)
        return out

    def sound(self) -> Sound:
        """All of it, in memory."""
        return Sound(self.read(0, self.frames), self.rate)

    # ---- other timelines made of it
    def part(self, first: int, last: int) -> Timeline:
        """The frames from `first` up to `last`."""
        found = self.within(first, last)
        return self._of(piece.part(max(0, first - at), min(piece.frames, last - at)) for at, piece in found)

    def backwards(self) -> Timeline:
        return self._of(piece.backwards() for piece in reversed(self.pieces))

    def under(self, gain: Gain) -> Timeline:
        return self._of(piece.under(gain) for piece in self.pieces)

    def swept(self, sweep: Sweep) -> Timeline:
        """With a sweep over its first frames, as many as that is long."""
        head = self.part(0, sweep.length)
        swept = self._of(piece.under(sweep.after(at)) for at, piece in zip(head.starts, head.pieces))
        return swept + self.part(sweep.length, self.frames)

    def silence(self, frames: int) -> Timeline:
        """So much silence, at its rate and with its channels."""
        return self._of([Piece(None, 0, frames)])

    def __add__(self, other: Timeline) -> Timeline:
        """This one and then the other, of the same rate and channels."""
        return self._of((*self.pieces, *other.pieces))

    def _of(self, pieces: Iterable[Piece]) -> Timeline:
        return Timeline(self.rate, self.channels, tuple(piece for piece in pieces if piece.frames > 0))
