"""One note at a time: its period from moment to moment, and longer or shorter by whole periods. Used by stretch.py.

What such a sound is made of is said again or left out, one or more whole periods at once, and nothing else is done to it:
between two seams the samples are the original's own. So its pitch stays exact however short it is, where a spectral stretcher
needs a quarter of a second to know it. A chord has no period of its own, and what is not quite periodic (a piano's stretched
partials, detuned oscillators) would beat at every seam; `Course.tonal` says for which sounds this is the better way.
C channels, F windows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import soxr
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from studio.audio.pitch import yin
from studio.audio.sound import Samples

Array = NDArray[np.float64]

LOWEST, HIGHEST = 45.0, 2500.0
"""Hz between which a period is looked for."""
WINDOW, HOP = 2.2 / LOWEST, 0.01
"""Seconds of sound a period is found in, and from one such window to the next."""
SHORT, FINER = 100, 4
"""Frames in a period below which they are too coarse to tell how like the next it is, and how much finer one looks then."""

EXACT = 0.985
"""Likeness of a period and the next, from which a steady note may be put together from its periods."""
VOICED = 0.8
"""The same for a note that glides, as voices do: that alone makes neighbours differ."""
GLIDES = 12.0
"""Cents by which most of a note is away from its median, from which it glides."""
OWN, SHARE = (1, 7, 11, 13), 0.0025
"""Harmonics that hold at least so much of a note's power. The common period of a chord lacks them: its notes are multiples by
2 to 6 and 8 of it (Helmholtz's consonances), and so are their harmonics, but for those of a seventh chord, which is not like
itself a period later."""
NEAR = 0.3
"""Of the pitch: what is closer to a harmonic belongs to it."""

SEAM = (0.02, 0.03)
"""Seconds over which the sound goes over from one place to another at least and at most; two periods in between."""
QUIET = 0.1
"""Of the peak: a sound that ends below this fades out, and what comes after it is silence."""
ENDING = 0.003
"""Seconds that are its end."""
TAPS = 32
"""Frames that a value between two frames is made of."""


@dataclass(frozen=True, eq=False)
class Course:
    """period (F,) in frames, sure (F,): likeness of neighbouring periods, energy (F,); window i lies around frame
    `start + i × hop`. own: share of the power in the harmonics of OWN."""

    period: Array
    sure: Array
    energy: Array
    own: float
    start: float
    hop: int

    def _window(self, frame: float) -> int:
        return int(min(max(round((frame - self.start) / self.hop), 0), len(self.period) - 1))

    def at(self, frame: float) -> float:
        """The period there, in frames."""
        return float(self.period[self._window(frame)])

    def voiced(self, frame: float) -> bool:
        """Whether something repeats there."""
        return bool(self.sure[self._window(frame)] > 0.5)

    def since(self, frame: int) -> Course:
        """The same for the sound from `frame` on."""
        return replace(self, start=self.start - frame)

    @property
    def tonal(self) -> bool:
        """Whether it is one note at a time, so periodic that it can be put together from its periods."""
        likeness = float(self.energy @ self.sure / self.energy.sum())
        cents, weight = 1200 * np.log2(self.period), self.energy * self.sure
        gliding = _median(np.abs(cents - _median(cents, weight)), weight) >= GLIDES
        return self.own >= SHARE and likeness >= (VOICED if gliding else EXACT)


def course(samples: Samples, rate: int) -> Course | None:
    """The periods of (C, T). None of silence, and of what is too short to have two of them."""
    if samples.shape[1] < 8 * rate / HIGHEST or not 1e-12 < np.square(samples, dtype=np.float64).sum() < np.inf:
        return None
    heard = lead(samples)
    found = _course(heard, rate, 1)
    if found is not None and float(np.median(found.period)) < SHORT:
        return _course(soxr.resample(heard, 1.0, FINER, quality="HQ"), FINER * rate, FINER)
    return found


def _course(heard: Samples, rate: int, finer: int) -> Course | None:
    """The periods of (T × finer,), in frames of what is not finer."""
    from scipy.fft import next_fast_len

    window, hop = next_fast_len(round(WINDOW * rate), real=True), round(HOP * rate / finer) * finer
    window = min(window, len(heard))
    found = []
    for frames in _batches(sliding_window_view(heard, window)[::hop], 256):
        hz, sure = yin(frames, rate, low=LOWEST, high=HIGHEST)
        power = np.square(np.abs(np.fft.rfft(frames * np.hanning(window))))
        times = np.fft.rfftfreq(window, 1 / rate) / hz[:, None]  # (F, bins): of the pitch
        power *= times > 0.5
        own = np.minimum.reduce([np.abs(times - number) for number in OWN]) < NEAR
        found.append((rate / finer / hz, sure, power.sum(axis=1), (power * own).sum(axis=1)))
    period, sure, energy, own = (np.concatenate(parts) for parts in zip(*found))
    total = float(energy.sum())
    share = float(own.sum()) / total if total > 0 else 0.0
    return Course(period, sure, energy, share, window / 2 / finer, hop // finer) if total > 0 else None


def _batches(frames: NDArray[np.float32], size: int) -> list[NDArray[np.float32]]:
    return [frames[i : i + size] for i in range(0, len(frames), size)]


def _median(values: Array, weight: Array) -> float:
    order = np.argsort(values)
    total = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def lead(samples: Samples) -> Samples:
    """(T,) of (C, T): the channels together, those turned over that would cancel the loudest."""
    products = samples @ samples[np.square(samples).sum(axis=1).argmax()]
    return np.where(products < 0, np.float32(-1), np.float32(1)) @ samples


def stretched(samples: Samples, rate: int, length: int, found: Course, kept: int) -> Samples:
    """(C, length) of (C, T), the first `kept` frames as they are: Verhelst and Roelands, "An overlap-add technique based on
    waveform similarity", 1993, but with seams only where the sound would come a whole period too early or too late."""
    if np.abs(samples[:, -round(ENDING * rate) :]).max() < QUIET * np.abs(samples).max():
        samples = np.pad(samples, ((0, 0), (0, round(found.at(samples.shape[1])))))
    total = samples.shape[1]
    padded = np.pad(samples, ((0, 0), (TAPS, TAPS)))
    heard = lead(padded)
    kept = min(kept, total // 2, length // 2)
    out = np.empty((len(samples), length), np.float32)
    out[:, :kept] = samples[:, :kept]
    at, place = kept, float(kept)  # `at` frames are done; they go on as the sound does from `place` on
    while at < length:
        period = found.at(place)
        seam = round(np.clip(2 * period, SEAM[0] * rate, SEAM[1] * rate))
        seam = min(seam, max(16, int(total - period) // 3), length - at)
        room = seam + min(seam, length - at - seam)  # after a seam there must be something for the next
        ideal = kept + (at + seam - kept) * (total - kept) / max(1, length - kept) - seam
        first = kept if total - kept > 3 * period else 0  # an attack is not said again
        latest = min(max(ideal, first + period), total - 1 - room)
        earliest = max(latest - period, 0)
        if earliest <= place <= latest:
            out[:, at : at + seam] = taken(padded, place, seam)
        else:
            seam = max(1, min(seam, int(total - place)))
            begin, here = max(0, int(earliest)), round(place)
            body = heard[TAPS + begin : TAPS + max(begin, int(latest)) + seam + 1]
            lag, likeness = agreement(body, heard[TAPS + here : TAPS + here + seam])
            share = np.sin(np.pi / 2 * (np.arange(seam) + 0.5) / seam) ** 2
            share /= np.sqrt(1 - 2 * (1 - likeness) * share * (1 - share))  # unlike waves keep their level too
            out[:, at : at + seam] = share[::-1] * taken(padded, place, seam)
            place = begin + lag + place - here
            out[:, at : at + seam] += share * taken(padded, place, seam)
        at, place = at + seam, place + seam
    return out


def agreement(body: Samples, wanted: Samples) -> tuple[float, float]:
    """The lag, in fractions of a frame, at which a stretch of `body` (n,) is most like `wanted` (m,), and how like: 0–1."""
    from scipy.signal import correlate

    x, y = body.astype(np.float64), wanted.astype(np.float64)
    total = np.cumsum(np.pad(np.square(x), (1, 0)))
    power = total[len(y) :] - total[: len(x) - len(y) + 1]
    floor = 1e-9 * float(power.max()) + 1e-30
    likeness = correlate(x, y, mode="valid", method="fft") / np.sqrt((power + floor) * (np.square(y).sum() + 1e-30))
    best = int(likeness.argmax())
    lag = float(best)
    if 0 < best < len(likeness) - 1:
        left, middle, right = likeness[best - 1 : best + 2]
        bend = left - 2 * middle + right
        lag += 0.5 * (left - right) / bend if bend < 0 else 0.0
    return lag, float(np.clip(likeness[best], 0, 1))


def taken(padded: Samples, place: float, frames: int) -> Samples:
    """(C, frames) from `place` on, which may be between two frames, of samples with TAPS frames added on both sides."""
    whole = int(np.floor(place))
    part = place - whole
    start = whole + TAPS
    if part < 1e-3:
        return padded[:, start : start + frames]
    kernel = np.sinc(np.arange(TAPS) - TAPS // 2 + 1 - part) * np.kaiser(TAPS + 1, 8)[1:]
    kernel = (kernel / kernel.sum()).astype(np.float32)
    start -= TAPS // 2 - 1
    return np.stack([np.correlate(row, kernel, mode="valid") for row in padded[:, start : start + frames + TAPS - 1]])
