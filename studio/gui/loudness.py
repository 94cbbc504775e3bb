"""Hearing several sounds as equally loud while choosing among them. Only what is heard changes, never what is kept."""

from __future__ import annotations

import numpy as np

from studio.audio.sound import Sound


def even_gain(sound: Sound, target_db: float = -18.0) -> float:
    """The gain that brings the loudest 0.4 s of `sound` to `target_db` of RMS, at most 12 dB up and never into clipping."""
    mono = sound.mono().astype(np.float64)
    size = max(1, min(len(mono), round(0.4 * sound.rate)))
    energy = np.concatenate([[0.0], np.cumsum(mono**2)])
    loudest = float(np.sqrt(np.max(energy[size:] - energy[:-size]) / size)) if len(mono) else 0.0
    peak = float(np.abs(sound.samples).max()) if sound.frames else 0.0
    if loudest < 1e-5:
        return 1.0
    return min(10 ** (target_db / 20) / loudest, 4.0, 1.0 / max(peak, 1e-5))
