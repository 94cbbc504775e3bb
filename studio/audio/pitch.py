"""Pitch: MIDI numbers, note names, and the period of a frame by YIN. Used by analysis.py, export names and read-outs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.audio.sound import Samples


def hz_to_midi(hz: float) -> float:
    return 69 + 12 * math.log2(hz / 440)


def midi_to_hz(note: float) -> float:
    return 440 * 2 ** ((note - 69) / 12)


def note_name(note: float, middle_c: int = 3) -> str:
    """Nearest note, “C3” for 60 as Live, Bitwig and Yamaha say; `middle_c=4` is the scientific count."""
    whole = round(note)
    return ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"][whole % 12] + str(whole // 12 - 5 + middle_c)


def yin(
    frames: Samples, rate: int, *, low: float = 25.0, high: float = 5000.0, threshold: float = 0.15
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pitch in Hz and confidence (each (K,)) of frames (K, W): de Cheveigné and Kawahara, "YIN", 2002, by FFT.

    Confidence is 1 − the normalised difference at the period found. W must hold two of the longest periods.
    """
    import scipy.fft

    half = frames.shape[1] // 2
    x = frames.astype(np.float64)
    front = x.copy()
    front[:, half:] = 0
    cross = scipy.fft.irfft(scipy.fft.rfft(front).conj() * scipy.fft.rfft(x))[:, :half]  # (K, half): lags
    total = np.cumsum(np.pad(np.square(x), ((0, 0), (1, 0))), axis=1)
    difference = np.maximum(total[:, half : half + 1] + total[:, half : 2 * half] - total[:, :half] - 2 * cross, 0)
    lags = np.arange(half)
    running = np.cumsum(difference[:, 1:], axis=1)
    normal = np.ones_like(difference)
    normal[:, 1:] = np.divide(difference[:, 1:] * lags[1:], running, out=np.ones_like(running), where=running > 1e-12)
    first, last = max(2, int(rate / high)), min(half - 2, int(rate / low))
    inside = normal[:, first : last + 1]
    dip = (inside <= normal[:, first - 1 : last]) & (inside < normal[:, first + 1 : last + 2]) & (inside < threshold)
    lag = first + np.where(dip.any(axis=1), dip.argmax(axis=1), inside.argmin(axis=1))
    rows = np.arange(len(lag))
    confidence = np.clip(1 - normal[rows, lag], 0, 1)
    period = _vertex(difference, rows, lag)
    periods = 1
    while np.any(2 * periods * period < min(half - 4, rate // 40)):  # many periods later the same error counts less
        grow = 2 * periods * period < min(half - 4, rate // 40)
        near = np.clip(np.rint(2 * periods * period), 2, half - 4).astype(int)
        window = near[:, None] + np.arange(-2, 3)
        near = window[rows, difference[rows[:, None], np.clip(window, 1, half - 2)].argmin(axis=1)]
        finer = _vertex(difference, rows, np.clip(near, 1, half - 2)) / (2 * periods)
        period = np.where(grow & (np.abs(finer / period - 1) < 0.03), finer, period)
        periods *= 2
    return rate / period, confidence


def _vertex(values: NDArray[np.float64], rows: NDArray[Any], at: NDArray[Any]) -> NDArray[np.float64]:
    """Position of the minimum of the parabola through three neighbours."""
    left, middle, right = values[rows, at - 1], values[rows, at], values[rows, at + 1]
    bend = left - 2 * middle + right
    return at + np.clip(np.divide(0.5 * (left - right), bend, out=np.zeros_like(bend), where=bend > 0), -0.5, 0.5)
