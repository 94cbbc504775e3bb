"""Edits of a sound: pure functions, and the table by which the editor, the CLI and a recipe name them (steps.py)."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from studio.audio import analysis
from studio.audio.blocks import Blocks, Feed, around, blockwise, within
from studio.audio.sound import Samples, Sound
from studio.audio.step import Parameter, Step

Curve = Literal["linear", "smooth", "exponential", "logarithmic", "power"]
CURVES: tuple[str, ...] = ("linear", "smooth", "exponential", "logarithmic", "power")


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
    elif curve == "logarithmic":
        t = 1 - (10 ** (3 * (1 - t)) - 1) / 999
    elif curve == "power":
        t = np.sin(t * np.pi / 2)
    return t.astype(np.float32)


def fade_in(sound: Sound, seconds: float, curve: Curve = "smooth") -> Sound:
    frames = min(max(round(seconds * sound.rate), 0), sound.frames)
    samples = sound.samples.copy()
    samples[:, :frames] *= rise(frames, curve)
    return replace(sound, samples=samples)


def fade_out(sound: Sound, seconds: float, curve: Curve = "smooth") -> Sound:
    return reverse(fade_in(reverse(sound), seconds, curve))


def ramp(sound: Sound, start_db: float, end_db: float) -> Sound:
    """From one gain to another, in even steps of dB: the first frame has the one, the last the other."""
    return replace(sound, samples=sound.samples * slope(sound.frames, start_db, end_db))


def slope(frames: int, start_db: float, end_db: float, first: int = 0, last: int | None = None) -> NDArray[np.float32]:
    """The gain of each frame from one level to another in `frames` frames, of those from `first` up to `last`."""
    share = np.arange(first, frames if last is None else last, dtype=np.float64) / max(1, frames - 1)
    return (10 ** ((start_db + (end_db - start_db) * share) / 20)).astype(np.float32)


def gain(sound: Sound, db: float) -> Sound:
    return replace(sound, samples=sound.samples * np.float32(10 ** (db / 20)))


def normalise(sound: Sound, peak_db: float = -1.0) -> Sound:
    """The largest sample at `peak_db` dBFS; digital silence stays, and what is as good as it."""
    peak = float(np.abs(sound.samples).max(initial=0))
    return gain(sound, peak_db - 20 * np.log10(peak)) if peak > np.finfo(np.float32).tiny else sound


def match_loudness(sound: Sound, target: float, ceiling_db: float = -1.0) -> Sound:
    """At `target` LUFS (maximum momentary), or as near as the ceiling for the peak allows; silence stays."""
    db = to_loudness(analysis.momentary(sound), float(np.abs(sound.samples).max(initial=0)), target, ceiling_db)
    return gain(sound, db) if db else sound


def to_loudness(loudness: float, peak: float, target: float, ceiling_db: float) -> float:
    """dB from a loudness (LUFS) to `target`, as far as the ceiling for the peak allows; 0 for silence."""
    peak_db = analysis.decibels(peak)
    return min(target - loudness, ceiling_db - peak_db) if peak_db >= analysis.SILENT_DB and loudness > -70 else 0.0


def reverse(sound: Sound) -> Sound:
    return replace(sound, samples=np.ascontiguousarray(sound.samples[:, ::-1]))


def remove_dc(sound: Sound) -> Sound:
    mean = sound.samples.mean(axis=1, dtype=np.float64, keepdims=True) if sound.frames else 0.0
    return replace(sound, samples=(sound.samples - mean).astype(np.float32))


_SETTLES = 9.0
"""Periods of the slowest wave that stays, after which nothing is left of what the filter began with."""


@blockwise
def remove_drift(sound: Feed, hz: float = 10.0) -> Blocks:
    """Without what moves more slowly than `hz` (−6 dB there): Butterworth of second order forwards and backwards, so that
    nothing is delayed and a constant offset is gone. Backwards each block is begun so late that it is as of the whole."""
    from scipy.signal import butter, sosfilt, sosfilt_zi

    if sound.frames < 2:
        return (np.zeros_like(block) for block in sound)
    filter = butter(2, min(hz, 0.45 * sound.rate), "highpass", fs=sound.rate, output="sos")
    beyond = min(sound.frames - 1, round(3 * sound.rate / hz))
    steady = sosfilt_zi(filter)[:, None]

    def forwards() -> Blocks:
        state: NDArray[np.float64] | None = None
        for block in _mirrored(sound, beyond):
            state = steady * block[:, :1] if state is None else state
            out, state = sosfilt(filter, block, zi=state)
            yield out

    def backwards() -> Blocks:
        for piece, first, last in around(forwards(), 0, round(_SETTLES * sound.rate / hz)):
            turned = piece[:, : first - 1 : -1] if first else piece[:, ::-1]
            out, _ = sosfilt(filter, turned, zi=steady * turned[:, :1])
            yield out[:, ::-1][:, : last - first]

    return within(backwards(), beyond, sound.frames)


def _mirrored(sound: Feed, beyond: int) -> Blocks:
    """The sound in double precision, with `beyond` frames at either end as the point reflection of those inside."""
    for first, block in sound.placed():
        parts = [block.astype(np.float64)]
        if not first:
            head = sound.read(0, beyond + 1).astype(np.float64)
            parts.insert(0, 2 * head[:, :1] - head[:, :0:-1])
        if first + block.shape[1] == sound.frames:
            tail = sound.read(sound.frames - beyond - 1, beyond + 1).astype(np.float64)
            parts.append(2 * tail[:, -1:] - tail[:, -2::-1])
        yield np.concatenate(parts, axis=1)


def pad(sound: Sound, before: float = 0.0, after: float = 0.0) -> Sound:
    """Silence in front and behind, in seconds."""
    ends = tuple(max(0, round(t * sound.rate)) for t in (before, after))
    return replace(sound, samples=np.pad(sound.samples, ((0, 0), ends)))


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


def _moment(name: str, what: str) -> Parameter:
    return Parameter(name, "s", low=0, help=what)


_START, _END = _moment("start", "Where the stretch begins"), _moment("end", "Where it ends")
_CURVE = Parameter("curve", default="smooth", choices=CURVES, help="How it goes: evenly, gently at both ends, late, early …")


def _fade(seconds: float) -> tuple[Parameter, Parameter]:
    return Parameter("seconds", "s", seconds, low=0, help="How long it takes"), _CURVE


def _db(name: str, what: str, default: float | None = None, low: float = -120, high: float = 60) -> Parameter:
    return Parameter(name, "dB", default, low=low, high=high, help=what)


STEPS: dict[str, Step] = {
    "trim": Step("Keep what lies between two moments", trim, (_START, replace(_END, optional=True)), "cut"),
    "cut": Step("Remove what lies between two moments", cut, (_START, _END), "cut"),
    "silence": Step("Silence what lies between two moments", silence, (_START, _END), "cut"),
    "trim-silence": Step(
        "Remove silence at head and tail",
        _without_silence,
        (_db("threshold", "What is silence, against the loudest sample", analysis.SILENCE_DB, high=0),),
        "cut",
    ),
    "pad": Step(
        "Add silence",
        pad,
        (
            Parameter("before", "s", 0.0, low=0, high=600, help="In front"),
            Parameter("after", "s", 0.0, low=0, high=600, help="Behind"),
        ),
        "cut",
    ),
    "fade-in": Step("Fade in", fade_in, _fade(0.01), "level", within=True),
    "fade-out": Step("Fade out", fade_out, _fade(0.05), "level", within=True),
    "gain": Step("Louder or softer", gain, (_db("db", "How much"),), "level", within=True),
    "ramp": Step(
        "Go evenly from one level to another",
        ramp,
        (_db("start_db", "Change at the beginning"), _db("end_db", "Change at the end")),
        "level",
        within=True,
    ),
    "normalise": Step(
        "Bring the peak to a level", normalise, (_db("peak_db", "Where the peak comes", -1.0, -60, 0),), "level", within=True
    ),
    "loudness": Step(
        "Bring to a loudness",
        match_loudness,
        (
            Parameter("target", "LUFS", -16.0, low=-70, high=0, help="Loudness of the loudest 0.4 s"),
            _db("ceiling_db", "The peak goes no higher, even where it then stays softer", -1.0, -60, 0),
        ),
        "level",
        within=True,
    ),
    "reverse": Step("Play backwards", reverse, within=True),
    "remove-dc": Step("Remove a constant offset", remove_dc, group="repair", within=True),
    "remove-drift": Step(
        "Remove what moves too slowly to be heard",
        remove_drift,
        (Parameter("hz", "Hz", 10.0, low=1, high=80, log=True, help="What is slower goes"),),
        "repair",
        within=True,
    ),
}
