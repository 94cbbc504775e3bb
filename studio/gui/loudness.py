"""Hearing several sounds as equally loud while choosing among them. Only what is heard changes, never what is kept.

As loud as audio/edit.match_loudness makes them, but quick enough for every sound of a drag: the loudest 400 ms are looked for
in the plain waveform, and only their spectrum is weighted as ears hear it.
"""

from __future__ import annotations

import numpy as np

from studio.audio import analysis
from studio.audio.sound import Sound

LOUDNESS = -18.0
"""LUFS."""
CEILING, MOST = 10 ** (-1 / 20), 4.0
WINDOW = 0.4
"""Seconds of the momentary loudness of BS.1770."""


def even_gain(sound: Sound, target: float = LOUDNESS) -> float:
    """The gain that brings `sound` to `target` LUFS (maximum momentary), at most 12 dB up and the peak to −1 dBFS at most."""
    samples = np.nan_to_num(sound.samples.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    peak = float(np.abs(samples).max(initial=0.0))
    if peak < 1e-5:
        return 1.0
    size = max(1, min(sound.frames, round(WINDOW * sound.rate)))
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples).sum(axis=0))])
    start = int(np.argmax(energy[size:] - energy[:-size]))
    length = 1 << (size - 1).bit_length()
    spectra = np.fft.rfft(samples[:, start : start + size], length)
    power = np.square(np.abs(spectra)).sum(axis=0) * analysis.k_response(sound.rate, length)
    weighted = 2 * float(power.sum()) / length / (WINDOW * sound.rate)  # Parseval; shorter sounds count as padded
    loudness = -0.691 + 10 * np.log10(max(weighted, 1e-12))
    return float(min(10 ** ((target - loudness) / 20), MOST, CEILING / peak))
