"""The tempo of a loop and where its beats are, for snapping, stretching to a tempo and file names.

Method: Ellis, "Beat Tracking by Dynamic Programming" (Journal of New Music Research, 2007): the onset strength of the sound,
its autocorrelation weighted towards the tempos people tap, and the chain of beats that best meets onsets at that tempo. Which
of a tempo, its half and its double is meant, no sound says for sure: the one that has halves and is nearer to the usual is
taken, and a window offers the others. F onset frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.audio import onsets
from studio.audio.analysis import log_mel
from studio.audio.sound import Samples, Sound

Array = NDArray[np.float64]

SLOWEST, FASTEST = 60.0, 200.0
"""Beats per minute that are looked for."""
USUAL, SPREAD = 115.0, 0.7
"""The tempo people tap most, and how far from it they go, in octaves."""
_HOP = 0.005
"""Seconds between two values of the onset strength."""
_TIGHT = 100.0
"""How much a beat away from the tempo costs against the onset it meets."""
_PERIODIC = 0.1
"""Autocorrelation from which there is a tempo at all."""
_MET = 0.03
"""Seconds from an onset within which a beat meets it."""


@dataclass(frozen=True, eq=False)
class Tempo:
    """bpm; confidence 0 … 1, how periodic the onsets are at it; beats (N,), seconds."""

    bpm: float
    confidence: float
    beats: Array


def tempo(sound: Sound) -> Tempo | None:
    """None where nothing repeats often enough to have a tempo: silence, one hit, a held note, less than two beats."""
    hop = max(1, round(sound.rate * _HOP))
    minute = 60 * sound.rate / hop  # in onset frames
    strength = _strength(sound.mono(), sound.rate, hop)
    if len(strength) < 2 * minute / FASTEST or not strength.any():
        return None
    rise = _periodicity(strength)
    lags = np.arange(round(minute / FASTEST), min(round(minute / SLOWEST), len(rise) - 2) + 1)
    if not len(lags):
        return None
    usual = np.exp(-0.5 * np.square(np.log2(minute / lags / USUAL) / SPREAD))
    divided = rise[lags] + 0.5 * rise[np.rint(lags / 2).astype(int)]  # a beat has halves more often than two thirds
    lag = int(lags[(divided * usual).argmax()])
    if rise[lag] < _PERIODIC:
        return None
    exact = _exact(rise, lag)
    beats = _moved(_beats(strength, exact) * hop / sound.rate, sound)
    return Tempo(minute / exact, float(min(1.0, rise[lag])), beats)


def _moved(beats: Array, sound: Sound) -> Array:
    """All beats by as much as those that meet an onset are away from it; what lies before the sound is dropped."""
    starts = np.array(onsets.onsets(sound), np.float64) / sound.rate + onsets.LEAD
    if len(starts) and len(beats):
        away = starts[np.abs(starts[None] - beats[:, None]).argmin(axis=1)] - beats
        met = away[np.abs(away) < _MET]
        beats = beats + (np.median(met) if len(met) else 0.0)
    return beats[beats >= 0]


def _strength(mono: Samples, rate: int, hop: int) -> Array:
    """(F,) how much each moment brings anew: rises of the log-mel spectrum, in units of their own spread. Low bands count more:
    a kick is a beat sooner than a hat, which fills more of them."""
    size = 1 << round(np.log2(rate * 0.023))
    bands = log_mel(mono, rate, n_fft=size, hop=hop, n_mels=40, fmin=30.0, fmax=min(16_000.0, rate / 2)).astype(np.float64)
    if len(bands) < 4:
        return np.zeros(0)
    bands = np.maximum(bands, bands.max() - 7)  # 60 dB
    rises = np.maximum(np.diff(bands, axis=0, prepend=bands[:1]), 0) @ np.linspace(2, 0.25, bands.shape[1])
    smooth = np.convolve(rises, np.hanning(7) / np.hanning(7).sum(), mode="same")
    spread = smooth.std()
    return (smooth - smooth.mean()) / spread if spread > 1e-6 else np.zeros(len(smooth))


def _periodicity(strength: Array) -> Array:
    """Autocorrelation by lag, 1 at 0, each lag by as many products as it has; of several beats the mean speaks."""
    size = 1 << (2 * len(strength) - 1).bit_length()
    power = np.square(np.abs(np.fft.rfft(strength, size)))
    raw = np.fft.irfft(power)[: len(strength)]
    rise = raw / raw[0] * len(strength) / np.maximum(len(strength) - np.arange(len(strength)), len(strength) / 4)
    even = rise.copy()
    for times in (2, 4):
        far = np.minimum(np.arange(len(rise)) * times, len(rise) - 1)
        there = np.arange(len(rise)) * times < 0.75 * len(rise)
        even += np.where(there, rise[far], rise)
    return even / 3


def _exact(rise: Array, lag: int) -> float:
    """The lag to a fraction of a frame, from the furthest whole multiple of it that is still a peak."""
    exact = float(lag)
    for times in (1, 2, 4, 8, 16):
        near = round(exact * times)
        if near + 3 >= 0.75 * len(rise):
            break
        window = rise[near - 3 : near + 4]
        top = near - 3 + int(window.argmax())
        left, middle, right = rise[top - 1 : top + 2]
        bend = left - 2 * middle + right
        if bend >= 0:
            break
        exact = (top + 0.5 * (left - right) / bend) / times
    return exact


def _beats(strength: Array, period: float) -> Array:
    """Frames (N,) of the chain of beats with the most onset strength, each about a `period` after the one before."""
    steps = np.arange(-round(2 * period), -round(period / 2))
    cost = -_TIGHT * np.square(np.log(-steps / period))
    total, before = strength.copy(), np.full(len(strength), -1)
    for frame in range(len(strength)):
        places = frame + steps
        there = places >= 0
        if there.any():
            gained = total[places[there]] + cost[there]
            best = int(gained.argmax())
            if gained[best] > 0:
                total[frame] += gained[best]
                before[frame] = places[there][best]
    chain = [int(len(total) - period + total[-round(period) :].argmax())] if len(total) > period else []
    while chain and before[chain[-1]] >= 0:
        chain.append(int(before[chain[-1]]))
    return np.array(chain[::-1], np.float64)
