"""A sound as the player needs it: stereo frames at the stream's rate, placed on the stream. Used by player.py.

A long sound is read and brought to the stream's rate piece by piece as it is reached, and only the last few pieces are kept,
so that pressing play costs the same for a click and for an hour.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from studio.audio.files import resample
from studio.audio.sound import Audio, Samples, Sound
from studio.errors import UnreadableAudio

PIECE = 4  # seconds made at once
CONTEXT = 1  # seconds of neighbourhood a resampler gets to see on both sides; whole seconds are whole frames at any rate
KEPT = 32  # pieces kept, about fifty megabytes


class Frames:
    """The frames of a sound at `rate`, (length, 2) float32, made where they are first asked for."""

    def __init__(self, sound: Audio, rate: int) -> None:
        self.rate = rate
        self.length = -(-sound.frames * rate // sound.rate)
        self._sound = copy.copy(sound)  # not the sound: who caches us by it must not keep it alive
        self._made: OrderedDict[int, Samples] = OrderedDict()

    def __len__(self) -> int:
        return self.length

    def get(self, start: int, end: int) -> Samples:
        """(end − start, 2), within the sound; not to be written into."""
        step = PIECE * self.rate
        parts = []
        for piece in range(start // step, -(-end // step)):
            begin = piece * step
            parts.append(self._piece(piece)[max(0, start - begin) : end - begin])
        return parts[0] if len(parts) == 1 else np.concatenate(parts or [np.zeros((0, 2), np.float32)])

    def _piece(self, piece: int) -> Samples:
        if piece not in self._made:
            self._made[piece] = self._make(piece)
            if len(self._made) > KEPT:
                self._made.popitem(last=False)
        self._made.move_to_end(piece)
        return self._made[piece]

    def _make(self, piece: int) -> Samples:
        own, first, last = self._sound.rate, piece * PIECE, (piece + 1) * PIECE
        before = min(CONTEXT, first)
        try:
            source = self._sound.read((first - before) * own, (last + CONTEXT - first + before) * own)
        except UnreadableAudio:  # its file went away while it is heard: silence, and whoever looks at it is told
            source = np.zeros((2, 0), np.float32)
        if own != self.rate and source.shape[1]:
            source = resample(Sound(np.ascontiguousarray(source), own), self.rate).samples
        target = np.zeros((min(last * self.rate, self.length) - first * self.rate, 2), np.float32)
        source = source[:, before * self.rate :][:, : len(target)]
        many = source.shape[0] > 2  # odd channels to the left, even ones to the right
        target[: source.shape[1], 0] = source[0::2].mean(axis=0) if many else source[0]
        target[: source.shape[1], 1] = source[1::2].mean(axis=0) if many else source[-1]
        return target


@dataclass(frozen=True, eq=False)
class Voice:
    """A sound placed on the stream: its frame 0 falls on stream frame `start`; a loop goes round for ever."""

    frames: Frames
    start: int
    loop: bool
    gain: float

    def audible(self, frame: int) -> bool:
        """Whether there is something of it at or after stream frame `frame`."""
        return len(self.frames) > 0 and (self.loop or frame < self.start + len(self.frames))

    def place(self, frame: int) -> int:
        """The frame of the sound that falls on stream frame `frame`; negative before the sound."""
        return (frame - self.start) % len(self.frames) if self.loop else frame - self.start

    def render(self, start: int, frames: int) -> Samples:
        """(frames, 2) from stream frame `start` on; silence before and after the sound."""
        out = np.zeros((frames, 2), np.float32)
        length = len(self.frames)
        if self.loop:
            at = self.place(start)
            short = self.frames.get(at, min(length, at + frames))
            out[: len(short)] = short
            if len(short) < frames:  # at least one turn: then all of it is needed
                out[len(short) :] = np.resize(self.frames.get(0, length)[: frames - len(short)], (frames - len(short), 2))
        else:
            begin, end = max(self.start, start), min(self.start + length, start + frames)
            if begin < end:
                out[begin - start : end - start] = self.frames.get(begin - self.start, end - self.start)
        return out * np.float32(self.gain)
