"""A sound as an export wants it: rate, channels, level. Every format that writes audio shares these options and this door.

Loudness is the maximum momentary one (BS.1770, 400 ms), because one-shots are shorter than any integrated measure allows; the
ceiling is of the true peak, found at four times the rate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import numpy as np
import soxr

from studio.audio import analysis, edit, files
from studio.audio.sound import Audio, Samples, Sound
from studio.audio.timeline import Changed
from studio.export.base import Item, Shape, rate_of
from studio.fields import setting


class AudioOptions(msgspec.Struct, frozen=True):
    """What can be asked of every audio file. Recommended: as the sound is."""

    rate: Annotated[
        Literal["keep", "44100", "48000", "88200", "96000", "176400", "192000"],
        setting("Sample rate; keep leaves the sound's own", unit="Hz"),
    ] = "keep"
    channels: Annotated[Literal["keep", "mono", "stereo"], setting("keep leaves the sound's own")] = "keep"
    level: Annotated[
        Literal["keep", "ceiling", "peak", "loudness"],
        setting("keep: as it is; ceiling: only what is too loud is turned down; peak, loudness: all are brought to one level"),
    ] = "keep"
    ceiling: Annotated[
        float, setting("Highest peak, between the samples too, unless the level is kept", unit="dB", ge=-24, le=0)
    ] = -1.0
    loudness: Annotated[float, setting("What loudness brings each sound to", unit="LUFS", ge=-40, le=-6)] = -16.0
    octave: Annotated[
        Literal["C3", "C4"], setting("What key 60 is called in names: C3 in most DAWs, C4 in science", expert=True)
    ] = "C3"


class Prepared(NamedTuple):
    """A sound as it goes into a file, and its loop and marks in its own frames."""

    sound: Audio
    loop: tuple[int, int] | None
    marks: tuple[int, ...]


def prepared(item: Item, options: AudioOptions) -> Prepared:
    """What is not in memory is not brought there either, but changed as it is read. Raises what Item.audio raises."""
    sound = item.audio()
    turned = _done(sound, partial(_channels, wanted=options.channels)) if options.channels != "keep" else sound
    if (rate := rate_of(options)) is not None:
        turned = files.at_rate(turned, rate)
    turned = _level(turned, options)
    ratio = turned.rate / sound.rate
    marks = tuple(min(round(mark * ratio), turned.frames - 1) for mark in item.marks if 0 <= mark < sound.frames)
    return Prepared(turned, at_ratio(item.loop, ratio, turned.frames), marks)


def shape_of(shape: Shape, options: Any) -> Shape:
    """What `prepared` makes of a sound of this shape."""
    rate = rate_of(options) or shape.rate
    channels = {"keep": shape.channels, "mono": 1, "stereo": 2}[options.channels]
    return Shape(rate, channels, round(shape.frames * rate / shape.rate))


def at_ratio(loop: tuple[int, int] | None, ratio: float, frames: int) -> tuple[int, int] | None:
    """The loop in frames of a resampled sound: the same moments, its length kept to the nearest frame."""
    if loop is None or not frames:
        return None
    start = min(round(loop[0] * ratio), frames - 1)
    length = max(1, round((loop[1] + 1 - loop[0]) * ratio))
    return start, min(start + length, frames) - 1


def _done(sound: Audio, work: Callable[[Sound], Sound]) -> Audio:
    """`sound` under work on each frame alone, where it is in memory at once."""
    return work(sound) if isinstance(sound, Sound) else Changed(sound, work)


def _channels(sound: Sound, wanted: str) -> Sound:
    """mono: the mean; stereo: one channel on both sides, and of more than two the first two."""
    if wanted == "mono" and sound.channels > 1:
        return replace(sound, samples=sound.mono()[None])
    if wanted == "stereo" and sound.channels != 2:
        return replace(sound, samples=np.ascontiguousarray(sound.samples[[0, 1 if sound.channels > 1 else 0]]))
    return sound


def _level(sound: Audio, options: AudioOptions) -> Audio:
    if options.level == "keep" or not (peak := true_peak(sound)):
        return sound
    room = options.ceiling - analysis.decibels(peak)
    db = room
    if options.level == "ceiling":
        db = min(room, 0.0)
    elif options.level == "loudness":
        heard = analysis.momentary(sound)
        db = min(options.loudness - heard, room) if heard > -70 else 0.0
    return _done(sound, partial(edit.gain, db=db)) if db else sound


def true_peak(sound: Audio) -> float:
    """The largest absolute value of the wave through the samples, found at four times the rate (BS.1770-4, annex 2)."""
    margin, piece = 64, 1 << 17
    largest = max((float(np.abs(part).max(initial=0.0)) for part in files.pieces(sound)), default=0.0)
    for start in range(0, sound.frames if largest else 0, piece):
        first = max(0, start - margin)
        part: Samples = sound.read(first, start + piece + margin - first)
        if np.abs(part).max() > largest * 0.5:  # a wave does not rise to twice its samples but in noise made for it
            over = soxr.resample(np.ascontiguousarray(part.T), sound.rate, 4 * sound.rate, quality="HQ")
            largest = max(largest, float(np.abs(over).max()))
    return largest
