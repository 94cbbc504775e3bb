"""Loops of a sustained sound: where a sampler may go round and round without a click, and the step that marks one.

`find` gives ranked places, whole periods apart, whose seams agree; `loop` leads the end of the chosen one into its beginning.
The loop itself is no samples: steps.loop_of says where it is in the finished sound, and exports write it for samplers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from studio.audio.cycles import course
from studio.audio.onsets import outline_of
from studio.audio.sound import Samples, Sound
from studio.audio.step import Parameter, Step

Array = NDArray[np.float64]

SHORTEST = 0.05
"""Seconds of a loop."""
SEAMLESS = -60.0
"""dB of a seam from which nothing is heard of it."""
STARTS = 48
"""Beginnings that are tried."""
_COMPARED = 0.02
"""Seconds around the seam that are compared, at least."""
_SHORTER = 3
"""Frames by which a loop may be shorter or longer than where its ends are most alike."""
_AT = 30.0
"""How much more the step at the seam counts than how it goes on from there."""
_SILENT = 1e-5


@dataclass(frozen=True)
class Loop:
    """start, end: first and last frame, inclusive; score 0 … 1, the best is first; seam in dB (`seam`), without a crossfade."""

    start: int
    end: int
    score: float
    seam: float


def seam(samples: Samples, start: int, end: int) -> float:
    """How far the step from frame `end` back to `start` is from the one that ordinarily leads to `start`: the difference of the
    frames before both, in the loudest channel, in dB of the loop's RMS; −150 dB where there is none."""
    level = float(np.sqrt(np.square(samples[:, start : end + 1], dtype=np.float64).mean()))
    off = float(np.abs(samples[:, end].astype(np.float64) - samples[:, max(0, start - 1)]).max())
    return max(-150.0, 20 * math.log10(off / level)) if off > 0 and level > 0 else -150.0


def find(sound: Sound, most: int = 8) -> list[Loop]:
    """The best loops, at most so many; none of a sound that is silent or shorter than three of the shortest."""
    first, last = outline_of(sound).heard()
    length = last - first
    least = max(round(SHORTEST * sound.rate), 8)
    if length < 3 * least or float(np.abs(sound.samples).max(initial=0.0)) < _SILENT:
        return []
    mono = sound.mono().astype(np.float64)
    pitch = course(sound.mono(), sound.rate).pitch
    period = sound.rate / pitch if pitch else 0.0
    width = round(max(_COMPARED * sound.rate, 2 * period))
    begin, stop = first + max(width, length // 8), last - width
    found: list[Loop] = []
    for start in _beginnings(mono, begin, stop - least):
        found += _from(sound, mono, start, least, stop, width, period)
    return _apart(sorted(found, key=lambda loop: -loop.score), sound.rate // 50)[:most]


def _beginnings(mono: Array, first: int, last: int) -> list[int]:
    """Rising zero crossings in the first two thirds, evenly chosen."""
    last = first + 2 * (last - first) // 3
    if last <= first:
        return []
    crossings = first + 1 + np.flatnonzero((mono[first:last] < 0) & (mono[first + 1 : last + 1] >= 0))
    if not len(crossings):
        return []
    return np.unique(crossings[np.linspace(0, len(crossings) - 1, STARTS).round().astype(int)]).tolist()


def _from(sound: Sound, mono: Array, start: int, least: int, stop: int, width: int, period: float) -> list[Loop]:
    """The best few loops that begin at `start`: what surrounds their end is like what surrounds their beginning."""
    half = width // 2
    wanted = mono[start - half : start + half]
    there = mono[start + least - half : stop + half]
    if len(there) < len(wanted) or not wanted.any():
        return []
    unlike = _unlike(there, wanted)
    crossing = np.flatnonzero((mono[start + least - 1 : stop] < 0) & (mono[start + least : stop + 1] >= 0))
    crossing = crossing[crossing < len(unlike)]
    if not len(crossing):
        return []
    best = crossing[np.argsort(unlike[crossing], kind="stable")[:4]]
    reach = (half, stop)
    return [
        _judged(sound, *_settled(sound.samples, start, least + int(lag), reach), float(unlike[lag]), period) for lag in best
    ]


def _settled(samples: Samples, start: int, length: int, reach: tuple[int, int]) -> tuple[int, int]:
    """First and last frame of the loop of nearly that length, from nearly there, that goes round most smoothly: with a whole
    number of periods the two places differ little, and somewhere in a period they do not differ at all."""
    best, found = math.inf, (start, start + length - 1)
    for size in range(length - _SHORTER, length + _SHORTER + 1):
        low, high = max(3, start - reach[0]), min(start + reach[0], reach[1] - size - 3)
        if high <= low:
            continue
        off = samples[:, low - 3 + size : high + 1 + size].astype(np.float64) - samples[:, low - 3 : high + 1]
        apart = np.square(off).max(axis=0)  # the loudest channel counts
        rough = _AT * apart[2:-1] + apart[1:-2] + apart[3:]  # the frame before the seam, and those beside it
        place = int(rough.argmin())
        if rough[place] < best:
            best, found = float(rough[place]), (low + place, low + place + size - 1)
    return found


def _unlike(there: Array, wanted: Array) -> Array:
    """Squared difference from `wanted` at every lag, as a share of both powers: 0 the same, 1 nothing in common."""
    from scipy.signal import correlate

    width = len(wanted)
    power = np.cumsum(np.pad(np.square(there), (1, 0)))
    power = power[width:] - power[:-width] + wanted @ wanted
    return np.clip(1 - 2 * correlate(there, wanted, "valid", "fft") / np.maximum(power, 1e-20), 0, 2)


def _judged(sound: Sound, start: int, end: int, unlike: float, period: float) -> Loop:
    """Likeness at the seam counts most; then that the level and the colour of the whole loop return, whole periods, length."""
    level = seam(sound.samples, start, end)
    size = min(4096, end + 1 - start, start)
    windows = sliding_window_view(sound.mono(), size)[[start - size, end + 1 - size]] * np.hanning(size)
    before, after = np.log(np.abs(np.fft.rfft(windows, axis=1)) + 1e-4 * size**0.5)
    colour = float(np.abs(before - after).mean())
    periods = (end + 1 - start) / period if period else 0.0
    astray = min(abs(periods - round(periods)), 0.5) if period else 0.25
    longer = min(1.0, (end + 1 - start) / sound.rate)
    score = math.exp(-4 * math.sqrt(max(0.0, unlike)) - 0.5 * colour - astray) * (0.8 + 0.2 * longer)
    return Loop(start, end, score * (1 - 0.5 * min(1.0, max(0.0, (level - SEAMLESS) / 40))), level)


def _apart(loops: list[Loop], frames: int) -> list[Loop]:
    """Without those that are as good as the same as a better one."""
    kept: list[Loop] = []
    for loop in loops:
        if all(abs(loop.start - other.start) + abs(loop.end - other.end) > frames for other in kept):
            kept.append(loop)
    return kept


def frames(start: float, end: float, rate: int, length: int) -> tuple[int, int] | None:
    """First and last frame of a loop said in seconds, in a sound of that many frames; None where it has no two."""
    first, last = max(0, round(start * rate)), min(round(end * rate), length) - 1
    return (first, last) if last > first else None


def loop(sound: Sound, start: float, end: float, crossfade: float = 0.05) -> Sound:
    """The loop's last `crossfade` seconds go over into what led up to its beginning, so that nothing jumps when it goes round.
    Both are in phase where `find` found them, so the sum of both shares is one. What lies outside of the loop stays."""
    found = frames(start, end, sound.rate, sound.frames)
    if found is None:
        return sound
    first, last = found
    over = min(round(crossfade * sound.rate), first, last + 1 - first)
    if over <= 0:
        return sound
    share = (np.arange(1, over + 1) / over).astype(np.float32)
    samples = sound.samples.copy()
    samples[:, last + 1 - over : last + 1] *= 1 - share
    samples[:, last + 1 - over : last + 1] += share * sound.samples[:, first - over : first]
    return replace(sound, samples=samples)


# ---- the table

STEPS: dict[str, Step] = {
    "loop": Step(
        "Mark a loop for samplers, and lead its end into its beginning",
        loop,
        (
            Parameter("start", "s", low=0, help="Where it begins"),
            Parameter("end", "s", low=0, help="Where it goes back to the beginning"),
            Parameter("crossfade", "s", 0.05, low=0, high=10, help="How long its end goes over into what led to its beginning"),
        ),
        "cut",
    ),
}
