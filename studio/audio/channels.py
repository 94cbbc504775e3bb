"""Edits of which channel is heard where. The table joins the others in steps.py; channels beyond the first two are left alone
where an edit speaks of left and right."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from studio.audio.sound import Sound
from studio.audio.step import Parameter, Step

Side = Literal["both", "left", "right"]


def to_mono(sound: Sound) -> Sound:
    """The mean of all channels."""
    return replace(sound, samples=sound.mono()[None])


def to_stereo(sound: Sound) -> Sound:
    """One channel on both sides; of more than two, the odd ones left and the even ones right, each side their mean."""
    if sound.channels == 1:
        return replace(sound, samples=np.repeat(sound.samples, 2, axis=0))
    sides = [sound.samples[side::2].mean(axis=0, dtype=np.float32) for side in (0, 1)]
    return replace(sound, samples=np.stack(sides))


def left(sound: Sound) -> Sound:
    """The first channel alone."""
    return replace(sound, samples=sound.samples[:1].copy())


def right(sound: Sound) -> Sound:
    """The second channel alone; of a mono sound, its one."""
    return replace(sound, samples=sound.samples[min(1, sound.channels - 1) :][:1].copy())


def swap(sound: Sound) -> Sound:
    """Left for right."""
    return replace(sound, samples=np.concatenate([sound.samples[:2][::-1], sound.samples[2:]]))


def invert(sound: Sound, side: Side = "both") -> Sound:
    """Upside down: every sample with the other sign."""
    samples = sound.samples.copy()
    rows = {"both": slice(None), "left": slice(0, 1), "right": slice(1, 2)}[side]
    samples[rows] *= np.float32(-1)
    return replace(sound, samples=samples)


def mid_side(sound: Sound, mid: float = 0.0, side: float = 0.0) -> Sound:
    """What left and right share, (L + R) / 2, at another level (dB) than what differs, (L − R) / 2. Mono is all mid."""
    shared, differing = (np.float32(10 ** (db / 20)) for db in (mid, side))
    if sound.channels == 1:
        return replace(sound, samples=sound.samples * shared)
    samples = sound.samples.copy()
    middle = (sound.samples[0] + sound.samples[1]) * (shared / 2)
    beside = (sound.samples[0] - sound.samples[1]) * (differing / 2)
    samples[0], samples[1] = middle + beside, middle - beside
    return replace(sound, samples=samples)


# ---- the table

STEPS: dict[str, Step] = {
    "to-mono": Step("Mix all channels into one", to_mono, group="channels"),
    "to-stereo": Step("Make it two channels", to_stereo, group="channels"),
    "left": Step("Keep the left channel only", left, group="channels"),
    "right": Step("Keep the right channel only", right, group="channels"),
    "swap": Step("Swap left and right", swap, group="channels", within=True),
    "invert": Step(
        "Turn the polarity round",
        invert,
        (Parameter("side", default="both", choices=("both", "left", "right"), help="Which channel"),),
        group="channels",
        within=True,
    ),
    "mid-side": Step(
        "Balance what is in the middle against what is at the sides",
        mid_side,
        (
            Parameter("mid", "dB", 0.0, low=-120, high=24, help="Level of what both channels share"),
            Parameter("side", "dB", 0.0, low=-120, high=24, help="Level of what differs between them"),
        ),
        group="channels",
        within=True,
    ),
}
