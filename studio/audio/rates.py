"""A sound at another rate by soxr, whole or block by block: its samples are the same. Known as files.resample."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import numpy as np
import soxr

from studio.audio.blocks import Flow
from studio.audio.quantise import pieces
from studio.audio.sound import Audio, Samples, Sound


def resample(sound: Sound, rate: int) -> Sound:
    """The same sound at another rate (soxr, high quality); `round(frames × ratio)` frames."""
    if rate == sound.rate:
        return sound
    frames = round(sound.frames * rate / sound.rate)
    found = list(resampled([sound.samples], sound.rate, rate, frames))
    return Sound(np.concatenate([sound.samples[:, :0], *found], axis=1), rate)


def at_rate(audio: Audio, rate: int) -> Audio:
    """`resample` of what need not be in memory: then the result is not there either."""
    if rate == audio.rate or isinstance(audio, Sound):
        return resample(audio, rate) if isinstance(audio, Sound) else audio
    frames = round(audio.frames * rate / audio.rate)
    return Flow(rate, audio.channels, frames, lambda: resampled(pieces(audio), audio.rate, rate, frames))


def resampled(blocks: Iterable[Samples], rate: float, to: float, frames: int) -> Iterator[Samples]:
    """A sound that comes in blocks (C, n) at another rate (soxr, high quality); exactly so many frames, because soxr rounds a
    half either way. The same samples whatever the blocks are."""
    if rate == to:
        yield from blocks
        return
    stream: soxr.ResampleStream | None = None
    channels, none = 1, np.zeros((0, 0), np.float32)
    for block in itertools.chain(blocks, [none]):
        if stream is None and block.shape[1]:
            channels = len(block)
            stream = soxr.ResampleStream(rate, to, channels, dtype="float32", quality="HQ")
        if stream is None or (block is not none and not block.shape[1]):
            continue
        turned = stream.resample_chunk(np.ascontiguousarray(block.T).reshape(-1, channels), last=block is none)[:frames]
        frames -= len(turned)
        if len(turned):
            yield np.ascontiguousarray(turned.T)
    if frames:
        yield np.zeros((channels, frames), np.float32)
