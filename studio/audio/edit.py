"""Edits of a sound: pure functions, and the table by which the editor, the CLI and a recipe name them (steps.py)."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from studio.audio import analysis
from studio.audio.sound import Samples, Sound
from studio.audio.step import Parameter, Step

Curve = Literal["linear", "smooth", "exponential"]
CURVES: tuple[str, ...] = ("linear", "smooth", "exponential")


# ---- the edits


def trim(sound: Sound, start: float = 0.0, end: float | None = None) -> Sound:
    """What lies between two moments (seconds; end None: to the end). An empty stretch keeps one frame."""
    first = min(max(round(start * sound.rate), 0), max(0, sound.frames - 1))
    last = sound.frames if end is None else min(max(round(end * sound.rate), first + 1), sound.frames)
    return replace(sound, samples=sound.samples[:, first:last].copy())


def cut(sound: Sound, start: float, end: float) -> Sound:
    """Without what lies between two moments; at least one frame stays."""
    first, last = (min(max(round(t * sound.rate), 0), sound.frames) for t in (start, end))
    kept = np.concatenate([sound.samples[:, :first], sound.samples[:, max(first, last) :]], axis=1)
    return replace(sound, samples=kept if kept.shape[1] else sound.samples[:, :1].copy())


def silence(sound: Sound, start: float, end: float) -> Sound:
    """Zeros between two moments."""
    first, last = (min(max(round(t * sound.rate), 0), sound.frames) for t in (start, end))
    samples = sound.samples.copy()
    samples[:, first:last] = 0
    return replace(sound, samples=samples)


def rise(frames: int, curve: str, first: int = 0, last: int | None = None) -> NDArray[np.float32]:
    """From 0 up to 1 in `frames` frames, of which those from `first` up to `last` are given."""
    t = np.arange(first, frames if last is None else last, dtype=np.float64) / max(1, frames)
    if curve == "smooth":
        t = 0.5 - 0.5 * np.cos(np.pi * t)
    elif curve == "exponential":
        t = (10 ** (3 * t) - 1) / 999  # 60 dB
    return t.astype(np.float32)


def fade_in(sound: Sound, seconds: float, curve: Curve = "smooth") -> Sound:
    frames = min(max(round(seconds * sound.rate), 0), sound.frames)
    samples = sound.samples.copy()
    samples[:, :frames] *= rise(frames, curve)
    return replace(sound, samples=samples)


def fade_out(sound: Sound, seconds: float, curve: Curve = "smooth") -> Sound:
    return reverse(fade_in(reverse(sound), seconds, curve))


def gain(sound: Sound, db: float) -> Sound:
    return replace(sound, samples=sound.samples * np.float32(10 ** (db / 20)))


def normalise(sound: Sound, peak_db: float = -1.0) -> Sound:
    """The largest sample at `peak_db` dBFS; digital silence stays."""
    peak = float(np.abs(sound.samples).max(initial=0))
    return gain(sound, peak_db - 20 * np.log10(peak)) if peak > 0 else sound


def match_loudness(sound: Sound, target: float, ceiling_db: float = -1.0) -> Sound:
    """At `target` LUFS (maximum momentary), or as near as the ceiling for the peak allows; silence stays."""
    found = analysis.facts(sound)
    if found.silent or found.loudness <= -70:
        return sound
    return gain(sound, min(target - found.loudness, ceiling_db - found.peak_db))


def reverse(sound: Sound) -> Sound:
    return replace(sound, samples=np.ascontiguousarray(sound.samples[:, ::-1]))


def remove_dc(sound: Sound) -> Sound:
    mean = sound.samples.mean(axis=1, dtype=np.float64, keepdims=True) if sound.frames else 0.0
    return replace(sound, samples=(sound.samples - mean).astype(np.float32))


def pad(sound: Sound, before: float = 0.0, after: float = 0.0) -> Sound:
    """Silence in front and behind, in seconds."""
    ends = tuple(max(0, round(t * sound.rate)) for t in (before, after))
    return replace(sound, samples=np.pad(sound.samples, ((0, 0), ends)))


def crossfade(first: Sound, second: Sound, seconds: float) -> Sound:
    """`second` after `first`, overlapping by `seconds` at equal power. Same rate and channels, else ValueError."""
    if (first.rate, first.channels) != (second.rate, second.channels):
        raise ValueError("a crossfade needs the same rate and channels")
    frames = min(max(round(seconds * first.rate), 0), first.frames, second.frames)
    angle = (np.arange(frames) + 0.5) / max(1, frames) * (np.pi / 2)
    head, tail = first.samples[:, : first.frames - frames], first.samples[:, first.frames - frames :]
    mixed = tail * np.cos(angle).astype(np.float32) + second.samples[:, :frames] * np.sin(angle).astype(np.float32)
    return replace(first, samples=np.concatenate([head, mixed, second.samples[:, frames:]], axis=1))


def sounding(samples: Samples, threshold_db: float = analysis.SILENCE_DB) -> tuple[int, int]:
    """First frame and one past the last that reach `threshold_db` relative to the peak; (0, 0) for digital silence."""
    level = np.abs(samples).max(axis=0, initial=0)
    peak = float(level.max(initial=0))
    if peak <= 0:
        return 0, 0
    heard = np.flatnonzero(level >= peak * 10 ** (threshold_db / 20))
    return int(heard[0]), int(heard[-1]) + 1


def trim_silence(sound: Sound, threshold_db: float = analysis.SILENCE_DB) -> tuple[Sound, tuple[int, int]]:
    """Without the silence at head and tail, and the frames that were kept. Digital silence stays as it is."""
    start, end = sounding(sound.samples, threshold_db)
    if start == end:
        return sound, (0, sound.frames)
    return replace(sound, samples=sound.samples[:, start:end].copy()), (start, end)


def _without_silence(sound: Sound, threshold: float = analysis.SILENCE_DB) -> Sound:
    return trim_silence(sound, threshold)[0]


# ---- the table

_START, _END = Parameter("start", "s", low=0), Parameter("end", "s", low=0)
_MARGINS = tuple(Parameter(name, "s", 0.0, low=0, high=600) for name in ("before", "after"))
_CURVE = Parameter("curve", default="smooth", choices=CURVES)

STEPS: dict[str, Step] = {
    "trim": Step("Keep what lies between two moments", trim, (_START, replace(_END, optional=True)), "cut"),
    "cut": Step("Remove what lies between two moments", cut, (_START, _END), "cut"),
    "silence": Step("Silence what lies between two moments", silence, (_START, _END), "cut"),
    "trim-silence": Step(
        "Remove silence at head and tail", _without_silence, (Parameter("threshold", "dB", -60.0, low=-120, high=0),), "cut"
    ),
    "pad": Step("Add silence", pad, _MARGINS, "cut"),
    "fade-in": Step("Fade in", fade_in, (Parameter("seconds", "s", 0.01, low=0), _CURVE), "level", within=True),
    "fade-out": Step("Fade out", fade_out, (Parameter("seconds", "s", 0.05, low=0), _CURVE), "level", within=True),
    "gain": Step("Louder or softer", gain, (Parameter("db", "dB", low=-120, high=60),), "level", within=True),
    "normalise": Step(
        "Bring the peak to a level", normalise, (Parameter("peak_db", "dB", -1.0, low=-60, high=0),), "level", within=True
    ),
    "loudness": Step(
        "Bring to a loudness", match_loudness, (Parameter("target", "LUFS", -16.0, low=-70, high=0),), "level", within=True
    ),
    "reverse": Step("Play backwards", reverse, within=True),
    "remove-dc": Step("Remove a constant offset", remove_dc, group="repair", within=True),
}
