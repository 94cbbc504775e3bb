"""The hum of the mains: found by its harmonics, which never move, and subtracted as sine waves, so that nothing else rings.

A notch takes everything at its frequency, also what a kick drum has there. Here each second is explained as harmonics that may
drift a little, by least squares in which loud moments count little: hum is learned where the music is soft.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from studio.audio import files
from studio.audio.blocks import Blocks, Feed, blockwise, together
from studio.audio.sound import Audio, Samples, Sound
from studio.audio.step import Parameter, Step

MAINS: dict[str, tuple[float, ...]] = {"auto": (50.0, 60.0), "50": (50.0,), "60": (60.0,)}
DRIFT = 0.005
"""By so much of itself the mains' frequency may be wrong."""

_RATE = 8000
"""Hz at which hum is looked for; its harmonics end far below half of it."""
_STANDS_OUT = 8.0
"""dB above its surroundings from which a harmonic is taken for hum."""
_LOUDER = 3.0
"""dB: hum is loudest in its lowest four harmonics; what is so much louder above them is a note."""
_PIECE = 2.0
"""Seconds explained at once; pieces overlap by half."""
_ROUNDS = 3
_NOTHING = 1e-15
_LEAST = 0.5
"""Seconds: too little is known of a shorter sound to tell hum from a note."""


def hum(sound: Sound, mains: str = "auto", harmonics: int = 20, strength: float = 1) -> Sound:
    """Without the harmonics of the mains that stand out; as it was where there are none."""
    if sound.seconds < _LEAST or not sound.samples.any():
        return sound
    slow = files.resample(sound, min(_RATE, sound.rate))
    hz = find(slow.mono(), slow.rate, mains, int(harmonics))
    return without(sound, hz, strength) if len(hz) else sound


def looked(audio: Audio, mains: str, harmonics: int) -> Generator[int, None, NDArray[np.float64]]:
    """What `find` finds in a sound that need not be in memory; gives how many frames were read."""
    rate = min(_RATE, audio.rate)
    slow, done = np.zeros(round(audio.frames * rate / audio.rate), np.float32), 0
    for block in files.resampled(files.pieces(audio), audio.rate, rate, len(slow)):
        slow[done : done + block.shape[1]] = Sound(block, rate).mono()
        done += block.shape[1]
        yield min(audio.frames, round(done * audio.rate / rate))
    return find(slow, rate, mains, harmonics)


@blockwise
def without(sound: Feed, hz: NDArray[np.float64], strength: float = 1) -> Blocks:
    """Without what stands still at `hz`, or drifts a little from there."""
    slow = files.at_rate(sound.audio, min(_RATE, sound.rate))
    slow = files.at_rate(slow, min(slow.rate, round(3 * hz[-1]) + 100))
    for block, waves in together(sound, _explained(slow, hz, sound.frames, sound.rate)):
        yield block - strength * waves


def find(samples: Samples, rate: int, mains: str = "auto", harmonics: int = 20) -> NDArray[np.float64]:
    """Hz of every harmonic of the mains that stands out of (frames,) nearly all the time. None unless two of the lowest four
    do: it would be a steady note that has come near one."""
    spectrum, level, per_hz = _lasting(samples, rate)
    best, near = 0.0, 0.0
    found: NDArray[np.float64] = np.zeros(0)
    for base in MAINS[mains]:
        numbers = np.arange(1.0, min(harmonics, int(0.45 * rate / base)) + 1)
        for hz in base * np.linspace(1 - DRIFT, 1 + DRIFT, 101):
            places = np.rint(hz * numbers * per_hz).astype(int)
            out = np.where(level[places] <= level[places[:4]].max() + _LOUDER, spectrum[places], 0)
            score = float(np.clip(out, 0, 60).sum())
            if score > best and (out[:4] > _STANDS_OUT).sum() >= 2:
                best, near, found = score, hz, numbers[out > _STANDS_OUT]
    return found * _refined(spectrum, per_hz, near * found, found) if best else found


def _refined(spectrum: NDArray[np.float64], per_hz: float, hz: NDArray[np.float64], numbers: NDArray[np.float64]) -> float:
    """Hz of the first harmonic, from parabolas through the peaks near `hz`; the higher ones know it better."""
    peaks = np.rint(hz * per_hz).astype(int) + np.arange(-3, 4)[:, None]
    top = peaks[np.argmax(spectrum[peaks], axis=0), np.arange(len(hz))]
    before, at, after = spectrum[top - 1], spectrum[top], spectrum[top + 1]
    off = 0.5 * (before - after) / np.minimum(before - 2 * at + after, -1e-9)
    places = (top + np.clip(off, -0.5, 0.5)) / per_hz  # a flank is no peak
    return float(np.average(places / numbers, weights=numbers**2 * np.minimum(at, 30)))


def _lasting(samples: Samples, rate: int) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """dB by which each frequency stands out of those around it, in four fifths of the time; its level, dB; and values a Hz."""
    from scipy.fft import rfft
    from scipy.ndimage import maximum_filter1d, median_filter
    from scipy.signal.windows import blackmanharris

    size = int(min(4.0, len(samples) / rate / 3) * rate)
    starts = np.linspace(0, len(samples) - size, min(200, max(5, 2 * len(samples) // size))).astype(int)
    window = blackmanharris(size)
    finer = 4 * size
    power = np.empty((len(starts), finer // 2 + 1))
    for row, start in zip(power, starts):
        row[:] = np.abs(rfft(samples[start : start + size] * window, finer)) ** 2
    lasting = np.quantile(power, 0.2, axis=0, overwrite_input=True)
    level = 10 * np.log10(lasting + 1e-9 * lasting.max() + 1e-16)
    step = max(1, finer // size)
    around = median_filter(level[::step], max(3, round(24 * size / rate)))
    out = level - np.interp(np.arange(len(level)), np.arange(len(around)) * step, around)
    out[level < maximum_filter1d(level, 4 * step + 1) - 3] = 0  # the flank of a note nearby
    return out, level, finer / rate


def _explained(slow: Audio, hz: NDArray[np.float64], frames: int, fine: int) -> Blocks:
    """(C, frames) at rate `fine`: the hum in `slow`, piece by piece."""
    rate = slow.rate
    hop = int(_PIECE * rate / 2)
    size = min(2 * hop, slow.frames)
    heard, at = slow.read(0, size), 0
    out, weight, done = np.zeros((slow.channels, 0)), np.zeros(0), 0  # what still grows, from frame `done` on
    for first in range(0, max(1, slow.frames - hop), hop):
        first = min(first, slow.frames - size)
        heard, at = np.concatenate([heard[:, first - at :], slow.read(at + size, first - at)], axis=1), first
        start = round(first / rate * fine)
        length = min(round(size / rate * fine), frames - start)
        yield out[:, : start - done] / weight[: start - done]
        out, weight, done = out[:, start - done :], weight[start - done :], start
        out = np.pad(out, ((0, 0), (0, max(0, length - out.shape[1]))))
        weight = np.pad(weight, (0, max(0, length - len(weight))), constant_values=_NOTHING)
        window = np.sin(np.pi * (np.arange(length) + 0.5) / length) ** 2
        waves, short = _waves(hz, length, fine, size / rate), _waves(hz, size, rate, size / rate)
        for channel, x in zip(out, heard):
            channel[:length] += window * (waves @ _fit(x.astype(np.float64), short))
        weight[:length] += window
    rest = frames - done - out.shape[1]
    yield np.pad(out, ((0, 0), (0, rest))) / np.pad(weight, (0, rest), constant_values=_NOTHING)


def _waves(hz: NDArray[np.float64], frames: int, rate: int, seconds: float) -> NDArray[np.float64]:
    """(frames, 4·len(hz)): cosine and sine, and both times the time from −1 to 1, which lets level and pitch drift."""
    t = np.arange(frames) / rate
    turn = 2 * np.pi * t[:, None] * hz
    steady = np.concatenate([np.cos(turn), np.sin(turn)], axis=1)
    return np.concatenate([steady, steady * (2 * t / seconds - 1)[:, None]], axis=1)


def _fit(x: NDArray[np.float64], waves: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of each wave is in `x`, by least squares; a moment counts the less the louder its unexplained rest is."""
    from scipy.ndimage import uniform_filter1d

    weights = np.ones(len(x))
    drifting = np.arange(waves.shape[1]) >= waves.shape[1] // 2
    amounts: NDArray[np.float64] = np.zeros(waves.shape[1])
    for _ in range(_ROUNDS):
        weighted = waves * weights[:, None]
        square = weighted.T @ waves
        square += np.diag((1e-9 + 0.02 * drifting) * len(x) * weights.mean())
        amounts = np.asarray(np.linalg.solve(square, weighted.T @ x), np.float64)
        rest = uniform_filter1d((x - waves @ amounts) ** 2, max(1, len(x) // 64), mode="nearest")
        weights[:] = 1 / (rest + 0.01 * rest.mean() + 1e-16)
        weights /= weights.max()
    return amounts


STEPS: dict[str, Step] = {
    "hum": Step(
        "Remove the hum of the mains",
        hum,
        (
            Parameter("mains", default="auto", choices=tuple(MAINS), help="Its frequency in Hz: 60 in the Americas, mostly 50"),
            Parameter("harmonics", default=20, low=1, high=40, help="How far up it is looked for, in multiples"),
            Parameter("strength", default=1.0, low=0, high=1, help="How much of it goes"),
        ),
        "repair",
        within=True,
    )
}
