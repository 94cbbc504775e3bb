"""Sounds as log-mel images of one size, for measures that compare many sounds on equal terms.

Levels run from 0 (80 dB under the sound's own peak, where nothing is heard any more) to 1. N sounds, M = 64 bands, F frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.audio.analysis import log_mel
from studio.audio.sound import Sound

MELS, RANGE, HOP = 64, 80.0, 512


@dataclass(frozen=True, eq=False)
class Heard:
    """Sounds with their images (N, M, F) and statistics (N, 7 M)."""

    sounds: list[Sound]
    images: NDArray[np.float32]
    statistics: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.sounds)

    @property
    def flat(self) -> NDArray[np.float64]:
        """Images as points whose Euclidean distance is the RMS difference in dB, (N, M·F)."""
        points = self.images.reshape(len(self.images), -1).astype(float)
        return points * RANGE / np.sqrt(max(points.shape[1], 1))


def hear(sounds: Sequence[Sound], frames: int) -> Heard:
    """Prepared sounds (trimmed, at one rate), each cut or filled with silence to `frames` samples; silence is all zero."""
    images = np.zeros((len(sounds), MELS, max(4, 1 + frames // HOP)), np.float32)
    for image, sound in zip(images, sounds):
        mono = sound.mono()[:frames]
        if len(mono) and np.abs(mono).max() > 0:
            top = min(18_000.0, sound.rate / 2)
            mel = log_mel(mono, sound.rate, floor=1e-9, hop=HOP, n_mels=MELS, fmin=30.0, fmax=top) * (20 / np.log(10))  # dB
            level = np.clip((mel - mel.max() + RANGE) / RANGE, 0, 1).T[:, : images.shape[2]]
            image[:, : level.shape[1]] = level
    return Heard(list(sounds), images, statistics(images))


def statistics(images: NDArray[np.float32]) -> NDArray[np.float64]:
    """Per band: mean, spread and mean change over time, and the mean of each quarter of the time, (N, 7 M)."""
    x = images.astype(float)
    quarters = [part.mean(axis=2) for part in np.array_split(x, 4, axis=2)]
    return np.concatenate([x.mean(axis=2), x.std(axis=2), np.abs(np.diff(x, axis=2)).mean(axis=2), *quarters], axis=1)
