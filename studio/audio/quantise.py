"""Samples as the whole numbers of a file: rounding, and the seeded triangular dither that makes it harmless.

audio/files.py writes by it, and export/wavetable.py. Dither of two steps peak to peak with a triangular density makes the mean
and the power of the rounding error independent of the sound (Lipshitz, Wannamaker and Vanderkooy, "Quantization and dither",
1992). Digital silence stays silent, and what is whole already stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from studio.audio.sound import Audio, Samples

Subtype = Literal["PCM_16", "PCM_24", "FLOAT"]
BITS = {"PCM_16": 16, "PCM_24": 24, "FLOAT": 32}
PIECE = 1 << 18


def encode(sound: Audio, subtype: Subtype, dither: int | None = 0, fine: bool = False) -> Iterator[bytes]:
    """Interleaved little-endian samples, piece by piece. Full scale is 2**(bits − 1); beyond it clips."""
    if subtype == "FLOAT":
        for piece in pieces(sound):
            yield piece.T.astype("<f4").tobytes()
        return
    for steps in whole(sound, subtype, dither, fine):
        if subtype == "PCM_16":
            yield steps.astype("<i2").tobytes()
        else:
            yield steps.astype("<i4").view(np.uint8).reshape(*steps.shape, 4)[..., :3].tobytes()


def whole(sound: Audio, subtype: Subtype, dither: int | None, fine: bool) -> Iterator[NDArray[np.int32]]:
    """Rounded pieces (n, C), with triangular noise of ±1 step before rounding where it is asked for and there is a fraction."""
    scale = 2.0 ** (BITS[subtype] - 1)
    wanted = dither is not None and (subtype == "PCM_16" or fine) and not _on_grid(sound, scale)
    noise = np.random.default_rng(dither) if wanted else None
    for piece in pieces(sound):
        steps = np.multiply(piece.T, scale, dtype=np.float64)  # (n, C)
        if noise is not None:
            triangle = noise.random(steps.shape, np.float32) - noise.random(steps.shape, np.float32)
            triangle[_silent(piece)] = 0.0
            steps += triangle
        if not np.isfinite(steps).all():
            np.nan_to_num(steps, copy=False, nan=0.0)
        yield np.clip(np.rint(steps, out=steps), -scale, scale - 1, out=steps).astype(np.int32, order="C")


def pieces(sound: Audio, size: int = PIECE) -> Iterator[Samples]:
    """The whole sound, (channels, up to `size` frames) at a time."""
    for start in range(0, sound.frames, size):
        yield sound.read(start, size)


def _on_grid(sound: Audio, scale: float) -> bool:
    """Whether every sample is a whole step already: then nothing is rounded and there is nothing to dither."""
    return all(np.array_equal(steps := piece * np.float32(scale), np.rint(steps)) for piece in pieces(sound))


def _silent(piece: Samples, shortest: int = 64) -> NDArray[np.bool_]:
    """(n,) True inside runs of at least `shortest` frames of digital silence: those stay exactly zero."""
    zero = np.logical_not(piece.any(axis=0))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], zero, [False]]).astype(np.int8)))
    for start, end in zip(edges[::2], edges[1::2]):
        if end - start < shortest:
            zero[start:end] = False
    return zero
