"""The outline of a sound as columns: what the waveform draws, from samples in memory or from a pyramid on disk.

Called by waveform.py and preview_cell.py. No painting here except `picture_of`, which turns columns into an alpha picture.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from studio.audio.peaks import BASE, Peaks
from studio.audio.sound import Audio, Sound
from studio.audio.timeline import Timeline
from studio.audio.timeline_peaks import TimelinePeaks
from studio.gui.widgets.canvas import picture, ramp

Columns = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
PEAK_ALPHA = 0.7


class Outline(Protocol):
    """Anything that can say what lies between two frames."""

    frames: int
    rate: int

    def view(self, start: int, end: int, columns: int) -> Columns:
        """Lowest, highest and RMS value of each of `columns` equal parts of [start, end)."""
        ...

    def samples(self, start: int, end: int) -> NDArray[np.float32]:
        """The samples themselves, mixed to one channel; empty where they are out of reach."""
        ...


class InMemory:
    """The outline of a short sound straight from its samples; all channels in one."""

    def __init__(self, sound: Sound) -> None:
        self.frames, self.rate = sound.frames, sound.rate
        self._low = sound.samples.min(axis=0) if sound.channels > 1 else sound.samples[0]
        self._high = sound.samples.max(axis=0) if sound.channels > 1 else sound.samples[0]
        self._mono = sound.mono() if sound.channels > 1 else sound.samples[0]

    def view(self, start: int, end: int, columns: int) -> Columns:
        start, end = max(0, start), min(self.frames, end)
        edges = np.linspace(start, end, columns + 1)
        first = np.minimum(edges[:-1].astype(np.int64), max(start, end - 1)) - start
        if end <= start:
            return (np.zeros(columns, np.float32),) * 3
        power = np.square(self._mono[start:end])
        lengths = np.maximum(np.diff(np.append(first, end - start)), 1)
        return (
            np.minimum.reduceat(self._low[start:end], first),
            np.maximum.reduceat(self._high[start:end], first),
            np.sqrt(np.add.reduceat(power, first) / lengths).astype(np.float32),
        )

    def samples(self, start: int, end: int) -> NDArray[np.float32]:
        return self._mono[max(0, start) : end]


class OnDisk:
    """The outline of a long sound from its pyramid; close up from its samples, of which a stretch is kept in memory."""

    def __init__(self, peaks: Peaks | TimelinePeaks) -> None:
        self.frames, self.rate = peaks.frames, peaks.rate
        self._peaks = peaks
        self._first = 0
        self._near: InMemory | None = None

    def view(self, start: int, end: int, columns: int) -> Columns:
        if self._peaks.source is None or (end - start) / max(columns, 1) >= BASE:
            return self._peaks.view(start, end, columns)
        near = self._stretch(start, end)
        return near.view(start - self._first, end - self._first, columns)

    def samples(self, start: int, end: int) -> NDArray[np.float32]:
        if self._peaks.source is None:
            return np.zeros(0, np.float32)
        near = self._stretch(start, end)
        return near.samples(start - self._first, end - self._first)

    def _stretch(self, start: int, end: int) -> InMemory:
        """At least the frames start … end, and as much again to both sides for the next steps of the hand."""
        start, end = max(0, start), min(end, self.frames)
        if self._near is None or start < self._first or end > self._first + self._near.frames:
            self._first = max(0, 2 * start - end)
            samples = self._peaks.samples(self._first, min(2 * end - start, self.frames))
            self._near = InMemory(Sound(np.ascontiguousarray(samples, np.float32), self.rate))
        return self._near


def outline_of(sound: Audio) -> Outline:
    """The outline of a sound in memory, or of a timeline; any other is looked through first."""
    if isinstance(sound, Sound):
        return InMemory(sound)
    return OnDisk(TimelinePeaks(sound if isinstance(sound, Timeline) else Timeline.of(sound)))


def picture_of(columns: Columns, height: int, color: QColor, *, gain: float = 1.0, ratio: float = 1.0) -> QImage:
    """Peaks at 70 % and RMS inside at 100 % of `color`, with soft upper and lower edges; one pixel a column."""
    low, high, rms = columns
    middle, reach = height / 2, height / 2 - 1
    low, high = _joined(low * gain, high * gain)
    inside = np.minimum(rms * gain, np.maximum(high, -low))
    outer = _cover(middle - np.minimum(high, 1) * reach, middle - np.maximum(low, -1) * reach, height, least=1.0)
    inner = _cover(middle - np.minimum(inside, 1) * reach, middle + np.minimum(inside, 1) * reach, height, least=0.0)
    alpha = PEAK_ALPHA * outer + (1 - PEAK_ALPHA) * np.minimum(inner, outer)
    return picture(ramp(color)[(alpha * 255).astype(np.uint8)], ratio)


def _joined(low: NDArray[np.float32], high: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Neighbouring columns that do not touch are stretched until they do, so that a steep wave stays one line."""
    low, high = low.copy(), high.copy()
    if low.size > 1:
        low[1:] = np.minimum(low[1:], (high[:-1] + low[1:]) / 2)
        high[1:] = np.maximum(high[1:], (low[:-1] + high[1:]) / 2)
        high[:-1] = np.maximum(high[:-1], low[1:])
        low[:-1] = np.minimum(low[:-1], high[1:])
    return low, high


def _cover(top: NDArray[Any], bottom: NDArray[Any], height: int, least: float) -> NDArray[Any]:
    """Share of each pixel (height, columns) between `top` and `bottom`, at least `least` pixels thick where there is sound."""
    thin = np.maximum(least - (bottom - top), 0) / 2
    rows = np.arange(height, dtype=np.float32)[:, None]
    covered = np.minimum(rows + 1, (bottom + thin)[None]) - np.maximum(rows, (top - thin)[None])
    return np.clip(covered, 0, 1)
