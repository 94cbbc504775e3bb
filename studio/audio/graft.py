"""One sound's attack or tail on another: what Explore's "Keep the attack" and "Keep the tail" do.

The step is stored in a recipe beside the steps of edit.py, but it needs a second sound, so it is not in their table: it carries
the request that makes this donor, and generate.regenerate makes both.

    {"do": "graft", "part": "attack", "at": 0.045, "from": {a Request as plain data}, "backend": "torch"}

`at` is in seconds after the onset of either sound. Pure numpy, the same samples every time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np

from studio.audio.sound import Samples, Sound
from studio.errors import UsageError

Part = Literal["attack", "tail"]
PARTS: tuple[str, ...] = get_args(Part)
FADE = 0.01
"""Seconds of the seam."""
AROUND = 0.01
"""Seconds on both sides of the seam in which the levels are compared."""
MOST_DB = 12.0
"""The part that is not kept is made louder or softer by this at most."""


def splice(front: Sound, back: Sound, at: float, keep: Part = "attack") -> Sound:
    """`front` until `at` seconds after its onset, then `back` from as long after its own.

    The seam is crossfaded at constant power, also where the two are alike. The kept part ("attack": that of `front`, "tail":
    that of `back`) stays as it is, the other one comes to its level at the seam. Same rate and channels, else ValueError.
    """
    if (front.rate, front.channels) != (back.rate, back.channels):
        raise ValueError("a graft needs the same rate and channels")
    half = max(1, round(FADE * front.rate / 2))
    offset = max(half, round(at * front.rate))
    f, b = onset(front) + offset, onset(back) + offset
    first, second = _long(front.samples, f + half), _long(back.samples, b + half)
    gain = _gain(first, second, f, b, round(AROUND * front.rate), keep)
    if keep == "attack":
        second = second * gain
    else:
        first = first * gain
    angle = (np.arange(2 * half) + 0.5) / (2 * half) * (np.pi / 2)
    down, up = np.cos(angle), np.sin(angle)
    out, into = first[:, f - half : f + half].astype(np.float64), second[:, b - half : b + half].astype(np.float64)
    size = float(np.sqrt((out**2).sum() * (into**2).sum()))
    alike = float(np.clip((out * into).sum() / size, 0.0, 1.0)) if size > 0 else 0.0
    seam = (out * down + into * up) / np.sqrt(1 + 2 * alike * down * up)
    whole = np.concatenate([first[:, : f - half], seam.astype(np.float32), second[:, b + half :]], axis=1)
    return replace(front, samples=np.ascontiguousarray(whole, np.float32))


def graft(sound: Sound, donor: Sound, part: Part, at: float) -> Sound:
    """`sound` with the attack or the tail of `donor`."""
    if np.array_equal(sound.samples, donor.samples):
        return sound
    return splice(donor, sound, at, "attack") if part == "attack" else splice(sound, donor, at, "tail")


def onset(sound: Sound) -> int:
    """The first frame that reaches a tenth of the peak."""
    level = np.abs(sound.samples).max(axis=0, initial=0.0)
    return int(np.argmax(level >= 0.1 * level.max())) if level.size and level.max() > 0 else 0


def seam(sound: Sound, part: Part) -> float:
    """Where a part of this sound ends or begins, in seconds after its onset: an attack 20 ms after the loudest moment, 30 to
    80 ms long; a tail where the sound has fallen 15 dB for good, never within the attack."""
    tick = max(1, round(sound.rate * 0.004))
    power = np.square(sound.samples[:, onset(sound) :].astype(np.float64)).mean(axis=0)
    ticks = power[: len(power) // tick * tick].reshape(-1, tick).mean(axis=1)
    if not len(ticks) or not ticks.max() > 0:
        return 0.03
    left = len(power) / sound.rate
    attack = min(max((int(ticks.argmax()) + 1) * tick / sound.rate + 0.02, 0.03), 0.08, max(left / 2, 0.005))
    if part == "attack":
        return round(attack, 6)
    loud = int(np.flatnonzero(ticks >= ticks.max() * 10**-1.5)[-1]) + 1
    return round(min(max(loud * tick / sound.rate, attack + 0.02), max(0.8 * left, attack)), 6)


def check(step: Mapping[str, Any]) -> tuple[Part, float]:
    """Part and place of a stored step. Raises UsageError where it is none."""
    part, at = step.get("part"), step.get("at")
    number = isinstance(at, int | float) and not isinstance(at, bool) and np.isfinite(at) and 0 <= at <= 600
    if part not in PARTS or not number or not isinstance(step.get("from"), dict):
        raise UsageError(reason="A graft needs a part (attack or tail), a place in seconds and what its donor is made from")
    return part, float(at)  # type: ignore[arg-type]


def _long(samples: Samples, frames: int) -> Samples:
    """At least so many frames, with silence behind."""
    return np.pad(samples, ((0, 0), (0, max(0, frames - samples.shape[1]))))


def _gain(first: Samples, second: Samples, f: int, b: int, around: int, keep: Part) -> np.float32:
    """What brings the part that is not kept to the level of the other at the seam; its peak stays within full scale."""
    here = [_level(first, f, around), _level(second, b, around)]
    kept, other = here if keep == "attack" else here[::-1]
    loose = second[:, b:] if keep == "attack" else first[:, :f]
    peak = float(np.abs(loose).max(initial=0.0))
    if kept < 1e-5 or other < 1e-5 or peak <= 0:
        return np.float32(1.0)
    most = 10 ** (MOST_DB / 20)
    return np.float32(min(np.clip(kept / other, 1 / most, most), max(1.0, 1 / peak)))


def _level(samples: Samples, at: int, around: int) -> float:
    part = samples[:, max(0, at - around) : at + around].astype(np.float64)
    return float(np.sqrt(np.square(part).mean())) if part.size else 0.0
