"""Is a sound a copy of a known one? Asked of what a model makes, and of what a library is given.

Two stages. Fingerprints, which the library keeps of every sound, choose a few candidates. Then mel pictures are laid over each
other: 32 bands every 5 ms, shifted in steps of 1.25 ms, only where either is loud, and without any difference in gain. Two
recordings of the same drum differ in every cell by the chance of their noise; a copy does not, even softer, shortened,
resampled, noisy or coded. Mel pictures find copies better than learned embeddings do ("Generation or Replication", Bralios et
al. 2024).

N known sounds, F fingerprint size, M bands.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from studio.audio import analysis, files
from studio.audio.sound import Samples, Sound
from studio.errors import StudioError

COPY = 2.0
"""dB of mean difference up to which it is a copy. Chosen on 668 recorded drums: copies that were trimmed, resampled, made noisy
or coded came to 1.7 at most, sounds of other kits to 2.3 at least."""

SHARE = 0.6
"""Where known sounds are alike among themselves, a copy is within this share of what is usual between neighbours."""

CANDIDATES = 16
ASKED, TWINS = 16, 0.3
"""Known sounds whose neighbours are looked at for that, and dB up to which two of them are the same one."""
BANDS, HOP, FINE = 32, 0.005, 4
SECONDS, LEAD = 1.0, 0.05
FLOOR = 35.0
"""dB under the loudest cell: what is below is not compared."""
REACH = 20
"""Steps of HOP / FINE that two sounds are shifted against each other: 25 ms."""
CLIP = 4.0
"""Fingerprints are compared down to 40 dB under their maximum: noise under a sound is no difference."""
REMEMBERED = 256


@dataclass(frozen=True)
class Found:
    """The known sound most like one, by its index; how far its picture is in dB; whether that makes it a copy."""

    index: int
    decibels: float
    copy: bool


@dataclass(frozen=True, eq=False)
class Detector:
    """Knows where sounds lie and what they look like. known (N, F) clipped fingerprints; paths N; `read` gives a sound by its
    index where it is no file."""

    known: NDArray[np.float64]
    paths: tuple[str, ...]
    read: Callable[[int], Sound] | None = None
    _pictures: dict[int, Samples] = field(default_factory=dict, repr=False)
    _limit: list[float] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def fit(cls, fingerprints: ArrayLike, paths: Sequence[str]) -> Detector:
        known = np.atleast_2d(np.asarray(fingerprints, float))
        if len(known) != len(paths):
            raise ValueError(f"{len(known)} fingerprints of {len(paths)} files")
        return cls(clipped(known), tuple(paths))

    @classmethod
    def hearing(cls, fingerprints: ArrayLike, read: Callable[[int], Sound]) -> Detector:
        """For sounds that lie elsewhere than in files."""
        return cls(clipped(np.atleast_2d(np.asarray(fingerprints, float))), (), read)

    def find(self, sound: Sound, candidates: int = CANDIDATES) -> Found | None:
        """The known sound most like `sound`; None where none can be read or `sound` is silent."""
        ours = picture(sound, FINE)
        if not len(ours) or not len(self.known):
            return None
        like = self._like(clipped(np.asarray(analysis.fingerprint(sound), float)[None])[0], candidates)
        decibels, index = min(((difference(ours, self._picture(i)), i) for i in like), default=(np.inf, 0))
        return Found(index, decibels, decibels <= COPY and decibels <= self.limit) if np.isfinite(decibels) else None

    @property
    def limit(self) -> float:
        """dB up to which a sound is a copy of a known one: COPY, or less where the known ones are that alike themselves."""
        if not self._limit:
            near = []
            for index in range(0, len(self.known), max(1, -(-len(self.known) // ASKED))):
                ours = self._picture(index).repeat(FINE, axis=0)  # between its frames it is taken to stay: good to a tenth
                others = [i for i in self._like(self.known[index], CANDIDATES // 2) if i != index]
                apart = [d for i in others if (d := difference(ours, self._picture(i))) > TWINS]
                near += [min(apart)] if apart and np.isfinite(min(apart)) else []
            self._limit.append(min(COPY, SHARE * float(np.median(near))) if near else COPY)
        return self._limit[0]

    def _like(self, fingerprint: NDArray[np.float64], count: int) -> list[int]:
        apart = np.square(self.known - fingerprint).sum(axis=1)
        return [int(i) for i in np.argsort(apart, kind="stable")[:count]]

    def _picture(self, index: int) -> Samples:
        known = self._pictures.get(index)
        if known is not None:
            return known
        try:
            made = picture(self.read(index) if self.read else _beginning(Path(self.paths[index])))
        except StudioError:
            made = np.zeros((0, BANDS), np.float32)
        with self._lock:
            if len(self._pictures) >= REMEMBERED:
                self._pictures.pop(next(iter(self._pictures)))
            self._pictures[index] = made
        return made


def _beginning(path: Path) -> Sound:
    """The first five seconds of a file."""
    info = files.probe(path)
    return files.read(path, frames=min(info.frames, int(5 * info.rate)))


def clipped(fingerprints: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, F): levels more than CLIP · 10 dB under each row's largest come up to there."""
    raised = np.maximum(fingerprints, fingerprints.max(axis=1, keepdims=True) - CLIP)
    return raised - raised.mean(axis=1, keepdims=True)


def picture(sound: Sound, fine: int = 1) -> Samples:
    """(F, BANDS) dB under the loudest cell, FLOOR at least, from LEAD seconds before the onset on, one frame every HOP / `fine`
    seconds; no frames for silence."""
    mono, rate = np.nan_to_num(sound.mono(), nan=0.0, posinf=0.0, neginf=0.0), sound.rate
    peak = float(np.abs(mono).max(initial=0.0))
    if peak <= 0:
        return np.zeros((0, BANDS), np.float32)
    onset = int(np.argmax(np.abs(mono) >= 0.1 * peak))
    start = onset - round(LEAD * rate)
    heard = mono[max(0, start) : onset + round((SECONDS + LEAD) * rate)] / peak
    heard = np.pad(heard, (max(0, -start), 0))
    n_fft, hop = 1 << round(np.log2(rate * 0.023)), max(1, round(rate * HOP / fine))
    power = analysis.mel_power(heard, rate, n_fft=n_fft, hop=hop, n_mels=BANDS, fmin=60.0, fmax=min(10_000.0, rate / 2))
    level = 10 * np.log10(power + 1e-12)
    return np.maximum(level - level.max(), -FLOOR).astype(np.float32)


def difference(ours: Samples, theirs: Samples) -> float:
    """Mean difference in dB of a fine picture and a plain one, at the shift at which they fit best, over as long as the shorter
    lasts; infinite where there is nothing to compare."""
    if not len(ours) or not len(theirs):
        return np.inf
    (first, last), (begin, end) = _span(theirs), _span(ours)
    length = max(4, min(last - first + 1, -(-(end - begin + 1) // FINE)))
    rows = np.arange(first, min(len(theirs), first + length))

    def at(shift: int) -> float:
        places = rows * FINE + shift
        inside = (places >= 0) & (places < len(ours))
        if inside.sum() < 3:
            return np.inf
        mine, other = ours[places[inside]], theirs[rows[inside]]
        apart = (mine - other)[np.maximum(mine, other) > 1 - FLOOR]
        return float(np.abs(apart - np.median(apart)).mean()) if apart.size else np.inf

    coarse = {shift: at(shift) for shift in range(-REACH, REACH + 1, FINE)}
    best = min(coarse, key=lambda shift: coarse[shift])
    return min(coarse[best], *(at(best + step) for step in range(1 - FINE, FINE) if step))


def _span(levels: Samples) -> tuple[int, int]:
    """First and last loud frame."""
    loud = np.flatnonzero(levels.max(axis=1) > 3 - FLOOR)
    return int(loud[0]), int(loud[-1])
