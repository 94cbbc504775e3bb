"""Edits that make a sound longer or bring another one in: paste, splice, mix, replace, repeat. The table joins the others in
steps.py, which hands over the other sound as `material`, at the same rate and with as many channels.

Frames outside what an edit names stay bit for bit. Where a crossfade is asked for, what fades away is the sound as it would
have gone on, so that nothing moves in time and the seams can be as long or short as one likes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from studio.audio.sound import Audio, Samples, Sound
from studio.audio.step import Parameter, Step
from studio.errors import UsageError

Blend = Literal["power", "linear"]
LONGEST = 10 * 3600
"""Seconds that no edit goes beyond: a slip of the finger in a number, or a stranger's recipe, must not fill the memory."""


def insert_silence(sound: Sound, at: float, seconds: float) -> Sound:
    """Zeros of that length at a moment; what came after comes later."""
    place, length = frame(sound, at), max(0, round(seconds * sound.rate))
    bounded(sound.frames + length, sound.rate)
    return replace(sound, samples=np.insert(sound.samples, [place] * length, np.float32(0), axis=1))


def insert(sound: Sound, material: Sound, at: float, crossfade: float = 0.0, blend: Blend = "power") -> Sound:
    """`material` at a moment; what came after comes later."""
    return replace_stretch(sound, material, at, at, crossfade, blend)


def replace_stretch(
    sound: Sound, material: Sound, start: float, end: float, crossfade: float = 0.0, blend: Blend = "power"
) -> Sound:
    """`material`, whole, instead of what lies between two moments. With a `crossfade` (seconds) its first frames are heard over
    what followed `start`, and its last over what led up to `end`; there is none at the very ends of the sound."""
    first = frame(sound, start)
    last = max(first, frame(sound, end))
    inside = material.samples.copy()
    most = min(round(crossfade * sound.rate), material.frames // 2)
    if first > 0 and (frames := min(most, sound.frames - first)) > 0:
        away, near = blends(frames, blend)
        inside[:, :frames] = inside[:, :frames] * near + sound.samples[:, first : first + frames] * away
    if last < sound.frames and (frames := min(most, last)) > 0:
        away, near = blends(frames, blend)
        inside[:, -frames:] = inside[:, -frames:] * away + sound.samples[:, last - frames : last] * near
    joined = np.concatenate([sound.samples[:, :first], inside, sound.samples[:, last:]], axis=1)
    bounded(joined.shape[1], sound.rate)
    return replace(sound, samples=joined)


def splice(sound: Sound, material: Sound, crossfade: float = 0.01, blend: Blend = "power") -> Sound:
    """`material` after the sound, overlapping by `crossfade` seconds."""
    frames = min(max(0, round(crossfade * sound.rate)), sound.frames, material.frames)
    bounded(sound.frames + material.frames, sound.rate)
    away, near = blends(frames, blend)
    over = sound.samples[:, sound.frames - frames :] * away + material.samples[:, :frames] * near
    return replace(
        sound,
        samples=np.concatenate([sound.samples[:, : sound.frames - frames], over, material.samples[:, frames:]], axis=1),
    )


def mix(sound: Sound, material: Sound, at: float = 0.0, db: float = 0.0, beyond: Literal["keep", "cut"] = "keep") -> Sound:
    """`material` added from a moment on. `beyond`: whether what of it outlasts the sound is kept, which makes that longer."""
    first = frame(sound, at)
    added = material.samples * np.float32(10 ** (db / 20))
    if beyond == "cut":
        added = added[:, : sound.frames - first]
    length = max(sound.frames, first + added.shape[1])
    bounded(length, sound.rate)
    samples = np.pad(sound.samples, ((0, 0), (0, length - sound.frames)))
    samples[:, first : first + added.shape[1]] += added
    return replace(sound, samples=samples)


def repeat(sound: Sound, times: float = 2, start: float = 0.0, end: float | None = None) -> Sound:
    """A stretch as often as said, one right after the other; `times` is taken to the nearest whole number."""
    first = frame(sound, start)
    last = sound.frames if end is None else max(first, frame(sound, end))
    bounded(sound.frames + (round(times) - 1) * (last - first), sound.rate)
    parts = [sound.samples[:, :first], *[sound.samples[:, first:last]] * round(times), sound.samples[:, last:]]
    return replace(sound, samples=np.concatenate(parts, axis=1))


def halve(sound: Sound) -> Sound:
    """The first half; of an odd number of frames the longer one."""
    return replace(sound, samples=sound.samples[:, : (sound.frames + 1) // 2].copy())


def frame(sound: Audio, seconds: float) -> int:
    """The frame of a moment, within the sound."""
    return round(min(max(seconds, 0.0), sound.seconds) * sound.rate)


def bounded(frames: int, rate: int) -> None:
    """Raises UsageError."""
    if frames > LONGEST * rate:
        raise UsageError(reason=f"The sound would become longer than {LONGEST // 3600} hours")


def blends(frames: int, blend: Blend) -> tuple[Samples, Samples]:
    """How much of what goes and of what comes, each (frames,): their squares add up to one, or they do themselves."""
    share: NDArray[np.float64] = (np.arange(frames) + 0.5) / max(1, frames)
    if blend == "power":
        return np.cos(share * np.pi / 2).astype(np.float32), np.sin(share * np.pi / 2).astype(np.float32)
    return (1 - share).astype(np.float32), share.astype(np.float32)


# ---- the table

_AT = Parameter("at", "s", low=0, help="Moment; one after the end is the end")
_BLEND = Parameter(
    "blend",
    default="power",
    choices=("power", "linear"),
    help="How it goes over: power keeps unlike sounds as loud, linear those that are the same",
)


def _crossfade(seconds: float, what: str) -> Parameter:
    return Parameter("crossfade", "s", seconds, low=0, high=60, help=what)


STEPS: dict[str, Step] = {
    "insert-silence": Step(
        "Insert silence at a moment",
        insert_silence,
        (_AT, Parameter("seconds", "s", low=0, high=600, help="How long it is silent")),
        "join",
    ),
    "insert": Step(
        "Paste another sound at a moment",
        insert,
        (_AT, _crossfade(0.0, "How long both its ends go over into what was there"), _BLEND),
        "join",
        material=True,
    ),
    "replace": Step(
        "Put another sound in the place of a stretch",
        replace_stretch,
        (
            Parameter("start", "s", low=0, help="Where the stretch begins"),
            Parameter("end", "s", low=0, help="Where it ends"),
            _crossfade(0.0, "How long both its ends go over into what was there"),
            _BLEND,
        ),
        "join",
        material=True,
    ),
    "splice": Step(
        "Append another sound",
        splice,
        (_crossfade(0.01, "How long they overlap"), _BLEND),
        "join",
        material=True,
    ),
    "mix": Step(
        "Mix another sound in",
        mix,
        (
            Parameter("at", "s", 0.0, low=0, help="Where it begins"),
            Parameter("db", "dB", 0.0, low=-120, high=24, help="How loud it is mixed in"),
            Parameter("beyond", default="keep", choices=("keep", "cut"), help="What becomes of it after the end of this one"),
        ),
        "join",
        material=True,
    ),
    "repeat": Step(
        "Repeat the whole, or a stretch of it",
        repeat,
        (
            Parameter("times", "×", 2, low=1, high=1000, help="How often it is heard"),
            Parameter("start", "s", 0.0, low=0, help="Where the stretch begins"),
            Parameter("end", "s", low=0, optional=True, help="Where it ends; without one it is the end of the sound"),
        ),
        "join",
    ),
    "halve": Step("Keep the first half", halve, group="cut"),
}
