"""Single cycles of a sound, as wavetables want them: one period at its own pitch, band-limited, all beginning alike.

A cycle is its harmonics: Fourier coefficients at the pitch found, so that the resampling to SIZE frames is exact and nothing
can alias. Used by export/wavetable.py. F windows, N cycles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.audio.pitch import yin
from studio.audio.sound import Audio, Samples

Array = NDArray[np.float64]
Spectrum = NDArray[np.complex128]

SIZE = 2048
"""Frames of a cycle: what Serum, Vital and Surge read."""
SURE = 0.6
"""Confidence of a pitch from which a sound has one."""
PERIODS = 4
"""Periods that a cycle is measured over; what differs between them is averaged away."""
FADE = 256
"""Frames over which the end of a piece without a pitch is led into its beginning."""


class Track:
    """The left channel of a sound, as synthesizers take it, without what is no number: a stretch of it is read where it is
    asked for."""

    def __init__(self, sound: Audio) -> None:
        self._sound = sound

    def __len__(self) -> int:
        return self._sound.frames

    def __getitem__(self, stretch: slice) -> Samples:
        """(n,) of a stretch in steps of one."""
        first, last, _ = stretch.indices(len(self))
        return np.nan_to_num(self._sound.read(first, max(0, last - first))[0], nan=0.0, posinf=0.0, neginf=0.0)


@dataclass(frozen=True, eq=False)
class Course:
    """A sound's pitch over time. centre (F,) in frames; hz, sure, level (F,); `pitch` of the whole in Hz, None without one."""

    centre: Array
    hz: Array
    sure: Array
    level: Array
    pitch: float | None

    @property
    def steadiest(self) -> int:
        """The window where pitch and level change least, among the loud ones."""
        drift = np.abs(np.gradient(np.log2(self.hz))) if len(self.hz) > 1 else np.zeros(1)
        quiet = 20 * np.log10(np.maximum(self.level, 1e-9) / max(self.level.max(), 1e-9))
        off = np.abs(np.log2(self.hz / self.pitch)) if self.pitch else np.zeros(len(self.hz))
        return int((self.sure - 4 * np.minimum(drift, 1) - np.minimum(off, 1) + 0.05 * np.maximum(quiet, -60)).argmax())

    @property
    def loudest(self) -> float:
        """Where the loudest window is, in frames."""
        return float(self.centre[self.level.argmax()])

    def hz_at(self, centre: Array) -> Array:
        """Pitch (N,) at moments (N,): of the windows that agree with the whole, between them interpolated."""
        assert self.pitch is not None
        near = (self.sure >= SURE) & (np.abs(np.log2(self.hz / self.pitch)) < 0.5)
        if not near.any():
            return np.full(len(centre), self.pitch)
        return np.exp(np.interp(centre, self.centre[near], np.log(self.hz[near])))


def course(mono: Track | Samples, rate: int) -> Course:
    """Follow the pitch of (T,) samples through windows of about 90 ms."""
    width = 1 << int(np.ceil(np.log2(2 * rate / 25)))
    last = max(0, len(mono) - width)
    hop = max(width // 8, last // 400)
    frames = np.stack([_filled(mono[first : first + width], width) for first in range(0, last + 1, hop)])
    hz, sure = yin(frames, rate)
    level = np.sqrt(np.square(frames, dtype=np.float64).mean(axis=1))
    sure = np.where(level > 1e-6, sure, 0.0)
    centre = np.minimum(np.arange(len(frames)) * hop + width / 2, max(len(mono) / 2, len(mono) - width / 2))
    weight = np.square(level) * sure * (sure >= SURE)
    pitch = None
    if weight.sum() > 0 and weight.sum() >= 0.1 * np.square(level).sum():
        order = np.argsort(hz)
        pitch = float(hz[order][np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)])
    return Course(centre, hz, sure, level, pitch)


def _filled(samples: NDArray[Any], frames: int) -> NDArray[Any]:
    """(frames,): with silence where there are fewer."""
    return np.pad(samples, (0, frames - len(samples)))


def harmonics(mono: Track | Samples, rate: int, centre: float, hz: float) -> Spectrum:
    """Spectrum (SIZE // 2 + 1,) of the cycle of `hz` around frame `centre`; nothing from half the rate on."""
    from scipy.signal import czt

    period = rate / hz
    periods = max(2, min(PERIODS, int(len(mono) / period)))
    length = max(4, round(periods * period))
    start = int(np.clip(round(centre - length / 2), 0, max(0, len(mono) - length)))
    piece = _filled(mono[start : start + length].astype(np.float64), length)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(length) + 0.5) / length)
    count = min(int(np.ceil(rate / 2 / hz)) - 1, SIZE // 2 - 1)
    spectrum = np.zeros(SIZE // 2 + 1, complex)
    found = czt((piece - piece.mean()) * window, count + 1, np.exp(-2j * np.pi * hz / rate))
    spectrum[1 : count + 1] = found[1:] / window.sum() * SIZE
    return spectrum


def piece(mono: Track | Samples, centre: float) -> Spectrum:
    """Spectrum of SIZE frames around `centre` as they are, their end led into their beginning."""
    need = SIZE + FADE
    start = int(np.clip(round(centre - need / 2), 0, max(0, len(mono) - need)))
    heard = _filled(mono[start : start + need].astype(np.float64), need)
    cycle = heard[FADE:].copy()
    share = (np.arange(FADE) + 0.5) / FADE
    cycle[-FADE:] = np.sqrt(1 - share) * cycle[-FADE:] + np.sqrt(share) * heard[:FADE]
    return _centred(np.fft.rfft(cycle))


def one(sound: Audio) -> Spectrum:
    """The cycle of a sound: at its pitch in its steadiest part, of a sound without a pitch a piece of its loudest."""
    return each([sound])[0]


def each(sounds: Sequence[Audio]) -> list[Spectrum]:
    """A cycle of each of the sounds along a way. One without a pitch takes that of the others around it."""
    tracks = [Track(sound) for sound in sounds]
    courses = [course(track, sound.rate) for track, sound in zip(tracks, sounds)]
    found = [_steady(track, sound.rate, way) for track, sound, way in zip(tracks, sounds, courses)]
    pitched = [i for i, hz in enumerate(found) if hz is not None]
    if not pitched:
        return [piece(track, way.loudest) for track, way in zip(tracks, courses)]
    known = [np.log(found[i]) for i in pitched]  # type: ignore[arg-type]
    around = np.exp(np.interp(np.arange(len(sounds)), pitched, known))
    made = []
    for i, (track, sound, way) in enumerate(zip(tracks, sounds, courses)):
        centre = way.loudest if found[i] is None else float(way.centre[way.steadiest])
        made.append(harmonics(track, sound.rate, centre, float(around[i])))
    return made


def _steady(mono: Track, rate: int, way: Course) -> float | None:
    """The pitch of the steadiest part in Hz; where every second or third harmonic is all there is, it is that much higher."""
    if way.pitch is None:
        return None
    centre = way.centre[way.steadiest : way.steadiest + 1]
    hz = float(way.hz_at(centre)[0])
    for times in (3, 2, 2):
        power = np.square(np.abs(harmonics(mono, rate, float(centre[0]), hz)))
        if power[::times].sum() > 0.97 * power.sum() and times * hz < 2000:
            hz *= times
    return hz


def through(sound: Audio, count: int) -> list[Spectrum]:
    """`count` cycles at even moments from where a sound begins to be heard to where it ends."""
    mono = Track(sound)
    found = course(mono, sound.rate)
    moments = _moments(mono, count)
    if found.pitch is None:
        return [piece(mono, float(moment)) for moment in moments]
    return [harmonics(mono, sound.rate, m, hz) for m, hz in zip(moments.tolist(), found.hz_at(moments).tolist())]


def slices(sound: Audio, most: int) -> list[Spectrum]:
    """A sound cut every SIZE frames, at most `most` pieces, as it is: what is a wavetable already comes back unchanged."""
    mono = Track(sound)
    count = max(1, min(most, -(-len(mono) // SIZE)))
    rows = _filled(mono[: count * SIZE].astype(np.float64), count * SIZE).reshape(count, SIZE)
    return [_centred(np.fft.rfft(row)) for row in rows]


def aligned(spectra: Sequence[Spectrum]) -> list[Spectrum]:
    """The same cycles turned so that their fundamentals begin together, as a rising sine.

    A cycle with hardly any fundamental is turned to where it agrees best with the one before it.
    """
    order, placed = np.arange(SIZE // 2 + 1), list[Spectrum]()
    for spectrum in spectra:
        size = np.abs(spectrum)
        if size.max() <= 0:
            placed.append(spectrum)
            continue
        if size[1] > 0.05 * size.max():
            turn = np.angle(spectrum[1]) + np.pi / 2
        elif placed and np.abs(placed[-1]).max() > 0:
            agreement = np.fft.irfft(placed[-1] * np.conj(spectrum), SIZE)
            turn = 2 * np.pi * float(agreement.argmax()) / SIZE
        else:
            strongest = int(size.argmax())
            turn = (np.angle(spectrum[strongest]) + np.pi / 2) / strongest
        placed.append(spectrum * np.exp(-1j * turn * order))
    return placed


def agreeing(spectra: Sequence[Spectrum]) -> list[Spectrum]:
    """Aligned cycles with one phase for each harmonic, the one that most of its energy has: between two of them only strengths
    change, so that nothing cancels where a synthesizer mixes them."""
    placed = np.stack(aligned(spectra))
    phase = np.exp(1j * np.angle((placed * np.abs(placed)).sum(axis=0)))
    return list(np.abs(placed) * phase)


def table(spectra: Sequence[Spectrum], *, even: bool = False) -> Samples:
    """Cycles (N, SIZE) of spectra, the loudest sample of all at full scale; `even`: first each as loud as the others."""
    frames = np.fft.irfft(np.stack(spectra), SIZE, axis=1)
    if even:
        level = np.sqrt(np.square(frames).mean(axis=1, keepdims=True))
        frames = np.divide(frames, level, out=np.zeros_like(frames), where=level > 1e-6 * level.max())
    peak = float(np.abs(frames).max(initial=0.0))
    return (frames / peak if peak > 0 else frames).astype(np.float32)


def _centred(spectrum: Spectrum) -> Spectrum:
    """Without its mean, and without the bin that has no phase."""
    spectrum[[0, -1]] = 0
    return spectrum


def _moments(mono: Track, count: int) -> Array:
    """Frames, evenly from the first to the last that are within 50 dB of the loudest 10 ms."""
    step = 441
    levels = [np.zeros(0, np.float32)]
    for first in range(0, len(mono), 1000 * step):
        heard = np.abs(mono[first : first + 1000 * step])
        levels.append(_filled(heard, len(heard) + -len(heard) % step).reshape(-1, step).max(axis=1, initial=0.0))
    level = np.concatenate(levels)
    loud = np.flatnonzero(level > 10**-2.5 * level.max(initial=0.0))
    first, last = (int(loud[0]) * step, int(loud[-1] + 1) * step) if len(loud) else (0, len(mono))
    return first + (np.arange(count) + 0.5) / count * (min(last, len(mono)) - first)
