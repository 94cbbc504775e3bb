"""Edits that need no more of a sound at once than a block: each is written once, for sounds in memory and for hours.

    @blockwise
    def softer(sound: Feed, by: float) -> Blocks:
        for block in sound:
            yield block * np.float32(by)

    softer(sound, 0.5)                        # a Sound
    softer.blocks(timeline, 441_000, by=0.5)  # the same samples one block after the other, in the memory of a few

What an edit remembers lives in its generator. Blocks are float (channels, n) and as long as each stage likes; only all of them
together are the sound. Stages follow each other as generators do; `together`, `around` and `sized` join what fell apart.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.audio.sound import Audio, Samples, Sound, Wrapped

Blocks = Iterator[NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Feed(Wrapped):
    """A sound that is taken block by block, as often as one likes."""

    size: int

    def __iter__(self) -> Iterator[Samples]:
        return (block for _, block in self.placed())

    def placed(self) -> Iterator[tuple[int, Samples]]:
        """Each block, and the frame where it begins."""
        for start in range(0, self.frames, self.size):
            yield start, self.audio.read(start, self.size)


class Flow:
    """An Audio that is made while it is read from its beginning on; to read far back makes it anew. For one thread."""

    def __init__(self, rate: int, channels: int, frames: int, make: Callable[[], Iterable[Samples]]) -> None:
        self.rate, self.channels, self.frames = rate, channels, frames
        self._make = make
        self._begin()

    @property
    def seconds(self) -> float:
        return self.frames / self.rate

    def _begin(self) -> None:
        self._source, self._first = iter(self._make()), 0
        self._held = np.zeros((self.channels, 0), np.float32)

    def read(self, start: int, frames: int) -> Samples:
        """(channels, n) from `start` on; fewer than `frames` at the end. Raises what making it raises."""
        if start < self._first:
            self._begin()
        end = min(start + frames, self.frames)
        parts = [self._held]
        there = self._first + self._held.shape[1]
        while there < end and (block := next(self._source, None)) is not None:
            there += block.shape[1]
            parts.append(block)
            if there <= start - _BACK:
                parts, self._first = [], there
        held = np.concatenate([self._held[:, :0], *parts], axis=1)
        found = held[:, start - self._first : end - self._first]
        gone = min(max(0, end - _BACK - self._first), held.shape[1])
        self._held, self._first = held[:, gone:], self._first + gone
        return found


_BACK = 4096
"""Frames before those read last that a Flow still knows."""


class Blockwise:
    """An edit as a function of a Sound, which also works on what is too long for memory."""

    def __init__(self, work: Callable[..., Blocks]) -> None:
        functools.update_wrapper(self, work)
        self._work = work

    def __call__(self, sound: Sound, *args: Any, **values: Any) -> Sound:
        """The whole at once. Raises what the edit raises."""
        made = list(self._work(Feed(sound, max(1, sound.frames)), *args, **values))
        if len(made) == 1:
            return Sound(np.asarray(made[0], np.float32), sound.rate)
        return Sound(np.concatenate([np.zeros((sound.channels, 0), np.float32), *made], axis=1, dtype=np.float32), sound.rate)

    def blocks(self, audio: Audio, size: int, /, **values: Any) -> Iterator[Samples]:
        """The same from blocks of `size` frames. Raises what the edit and reading raise."""
        return (np.asarray(block, np.float32) for block in self._work(Feed(audio, size), **values))


blockwise = Blockwise


def together(*streams: Iterable[NDArray[Any]]) -> Iterator[tuple[NDArray[Any], ...]]:
    """What streams of the same length hold at the same time, in parts as short as the shortest of their blocks."""
    sources = [iter(stream) for stream in streams]
    rests: list[NDArray[Any]] = [np.zeros((0, 0))] * len(sources)
    while True:
        for i, source in enumerate(sources):
            while not rests[i].shape[1]:
                if (block := next(source, None)) is None:
                    return
                rests[i] = block
        count = min(rest.shape[1] for rest in rests)
        yield tuple(rest[:, :count] for rest in rests)
        rests = [rest[:, count:] for rest in rests]


def sized(blocks: Iterable[NDArray[Any]], size: int) -> Blocks:
    """The same in blocks of `size` frames, the last one shorter."""
    held: list[NDArray[Any]] = []
    count = 0
    for block in blocks:
        held.append(block)
        count += block.shape[1]
        if count >= size:
            joined = np.concatenate(held, axis=1)
            whole = count - count % size
            for start in range(0, whole, size):
                yield joined[:, start : start + size]
            held, count = [joined[:, whole:]], count - whole
    if count:
        yield np.concatenate(held, axis=1)


def within(blocks: Iterable[NDArray[Any]], first: int, frames: int) -> Blocks:
    """So many frames of a stream from its frame `first` on."""
    for block in blocks:
        found = block[:, first : first + frames]
        first, frames = max(0, first - block.shape[1]), frames - found.shape[1]
        if found.shape[1]:
            yield found


def portions(sound: Feed, size: int, margin: int) -> Iterator[tuple[Samples, int, int]]:
    """`around` of a sound in portions of always the same size, for work that is not quite the same for others; one of no more
    than that is a single portion."""
    if sound.frames <= size:
        return iter([(sound.read(0, sound.frames), 0, sound.frames)] if sound.frames else [])
    return around(sized(sound, size), margin, margin)


def around(blocks: Iterable[NDArray[Any]], before: int, after: int) -> Iterator[tuple[NDArray[Any], int, int]]:
    """Each part of a stream with what lies up to so many frames before and after it, (C, n), and where in that it begins and
    ends. What there is before the first and after the last is nothing."""
    held: NDArray[Any] | None = None
    begin = 0  # of what was not given yet, in `held`
    for block in blocks:
        held = block if held is None else np.concatenate([held, block], axis=1)
        end = held.shape[1] - after
        if end > begin:
            yield held, begin, end
            start = max(0, end - before)
            held, begin = held[:, start:], end - start
    if held is not None and held.shape[1] > begin:
        yield held, begin, held.shape[1]
