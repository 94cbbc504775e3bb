"""Where something begins to sound in a recording, and where it begins and is over. library/slices.py cuts there, stretch.py
keeps attacks as they are, snap.py offers the places to the editor.

Sounds in memory and files of hours are treated alike: one pass in pieces keeps a level per millisecond and a flux per 10 ms.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from studio.audio import files
from studio.audio.analysis import mel_filters
from studio.audio.sound import Samples, Sound

Slice = tuple[int, int]
"""(first frame, frame after the last), in the rate of the sound."""

HEAD, TAIL = -50.0, -60.0
"""Decibels under a sound's peak below which it has not begun, or is over."""

LEAD = 0.003
"""Seconds kept before an onset."""

SHORTEST = 0.03
"""Seconds; two onsets closer than this are one, and no example is shorter."""

_BANDS, _WINDOW, _HOP = 64, 0.023, 0.01


def onsets(sound: Sound | Path | str) -> list[int]:
    """Frames at which something begins to sound: peaks of the spectral flux over mel bands, each compared with the loudest of
    its neighbours a moment ago (Böck and Widmer, "Maximum filter vibrato suppression for onset detection", 2013)."""
    return outline_of(sound).onsets()


class Outline:
    """A sound as levels: `ticks` (n,) the peak of each millisecond, `flux` (m,) how much each 10 ms brings anew."""

    def __init__(self, blocks: Iterable[Samples], rate: int) -> None:
        self.rate = rate
        self.tick = max(1, round(rate / 1000))
        self.hop = max(1, round(rate * _HOP))
        self.size = 1 << round(np.log2(rate * _WINDOW))
        self.frames = 0
        levels, fluxes = [np.zeros(0, np.float32)], [np.zeros(0, np.float32)]
        self._window = np.hanning(self.size).astype(np.float32)
        self._filters = np.ascontiguousarray(mel_filters(rate, self.size, _BANDS, 30.0, min(16_000.0, rate / 2)).T)
        rest_level = np.zeros(0, np.float32)
        rest_mono = np.zeros(self.size - self.hop, np.float32)  # so that a sound that starts at once has an onset there
        before = np.zeros((2, _BANDS), np.float32)
        for block in blocks:
            self.frames += block.shape[1]
            level = np.concatenate([rest_level, np.abs(block).max(axis=0)])
            whole = len(level) - len(level) % self.tick
            levels.append(level[:whole].reshape(-1, self.tick).max(axis=1))
            rest_level = level[whole:]
            mono = np.concatenate([rest_mono, block.mean(axis=0, dtype=np.float32)])
            for part in _parts(mono, self.size, self.hop):
                bands = np.concatenate([before, self._bands(part)])
                fluxes.append(_flux(bands))
                before = bands[-2:]
            done = max(0, (len(mono) - self.size) // self.hop + 1) if len(mono) >= self.size else 0
            rest_mono = mono[done * self.hop :]
        if len(rest_level):
            levels.append(rest_level.max(keepdims=True))
        self.ticks = np.concatenate(levels)
        self.flux = np.concatenate(fluxes)
        self.peak = float(self.ticks.max(initial=0.0))

    @property
    def silent(self) -> bool:
        return self.peak < 1e-4

    def heard(self) -> Slice:
        """From where it begins to where it is over."""
        begun = np.flatnonzero(self.ticks > self.peak * 10 ** (HEAD / 20))
        going = np.flatnonzero(self.ticks > self.peak * 10 ** (TAIL / 20))
        if not len(begun):
            return (0, 0)
        first = max(0, int(begun[0]) * self.tick - round(LEAD * self.rate))
        return first, min(self.frames, (int(going[-1]) + 1) * self.tick + round(LEAD * self.rate))

    def over(self, start: int, end: int) -> int:
        """Where a piece has died away, at most `end`."""
        part = self.ticks[start // self.tick : -(-end // self.tick)]
        going = np.flatnonzero(part > part.max(initial=0.0) * 10 ** (TAIL / 20))
        return min(end, start + (int(going[-1]) + 2) * self.tick) if len(going) else start

    def loud(self, start: int, end: int) -> bool:
        part = self.ticks[start // self.tick : -(-end // self.tick)]
        return bool(part.max(initial=0.0) > self.peak * 10 ** (HEAD / 20))

    def onsets(self) -> list[int]:
        flux, gap = self.flux, max(1, round(SHORTEST / _HOP))
        if not len(flux) or flux.max() <= 0:
            return []
        near = sliding_window_view(np.pad(flux, gap, mode="edge"), 2 * gap + 1).max(axis=1)
        around = np.convolve(np.pad(flux, 10), np.ones(21, np.float32) / 21, mode="valid")
        floor = 0.1 * float(np.partition(flux, -max(1, len(flux) // 100))[-max(1, len(flux) // 100) :].mean())
        found = np.flatnonzero((flux >= near) & (flux > 1.5 * around + floor))
        starts: list[int] = []
        for at in found:
            frame = self._refined(int(at))
            if self._begins(frame) and (not starts or frame - starts[-1] >= SHORTEST * self.rate):
                starts.append(frame)
        return starts

    def _begins(self, frame: int) -> bool:
        """Whether something sounds after `frame`: an abrupt end is as new to the spectrum as a beginning."""
        tick = frame // self.tick
        before = self.ticks[max(0, tick - 10) : tick].max(initial=0.0)
        after = self.ticks[tick + 10 : tick + 60].max(initial=0.0)
        return self.loud(frame, frame + round(0.06 * self.rate)) and bool(after > 0.5 * before)

    def _refined(self, at: int) -> int:
        """The frame, a little before the steepest rise near flux frame `at`."""
        centre = at * self.hop + self.hop - self.size // 2  # of its window; the first window ends one hop into the sound
        first = max(0, centre // self.tick - 15)
        part = self.ticks[first : centre // self.tick + 15]
        if not len(part):
            return max(0, min(centre, self.frames))
        before = np.concatenate([np.zeros(8, np.float32), self.ticks[max(0, first - 8) : first]])[-8:]
        past = sliding_window_view(np.concatenate([before, part]), 8).max(axis=1)[: len(part)]
        steepest = int(np.argmax((part - past) / (past + 0.05 * self.peak)))
        return max(0, (first + steepest) * self.tick - round(LEAD * self.rate))

    def _bands(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        spectra = np.fft.rfft(frames * self._window, axis=-1)
        power = (spectra.real**2 + spectra.imag**2).astype(np.float32)
        return np.log10(1 + 1000 * np.sqrt(power @ self._filters)).astype(np.float32)


def _parts(mono: Samples, size: int, hop: int) -> Iterable[NDArray[np.float32]]:
    if len(mono) < size:
        return
    frames = sliding_window_view(mono, size)[::hop]
    for start in range(0, len(frames), 512):
        yield frames[start : start + 512]


def _flux(bands: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n + 2, M) log bands → (n,) sum of rises over the widest neighbour two frames ago."""
    padded = np.pad(bands, ((0, 0), (1, 1)), mode="edge")
    widest = np.maximum(np.maximum(padded[:, :-2], padded[:, 1:-1]), padded[:, 2:])
    return np.maximum(bands[2:] - widest[:-2], 0).sum(axis=1)


def outline_of(sound: Sound | Path | str) -> Outline:
    if isinstance(sound, Sound):
        step = 1 << 20
        return Outline((sound.samples[:, i : i + step] for i in range(0, sound.frames, step)), sound.rate)
    return Outline(files.blocks(sound), files.probe(sound).rate)
