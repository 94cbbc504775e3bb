"""A way drawn on the map: a freehand line made smooth, the places along it, and its sounds made one.

The map widget keeps a `Path`, Explore asks it for places, the engine renders those, `morphing` or `chain` makes one sound of
them. Pure numpy. P points of the line, S sounds or steps, T frames, C channels.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from studio.audio.sound import Samples, Sound
from studio.errors import UsageError
from studio.explore.map import Array

Timing = Literal["even", "drawn"]
FINE = 12
"""Straight pieces a curve has between two nodes."""
PACE = 65
SHIFT = 0.010
"""Seconds a sound may be moved to agree with the one before it."""
SEAM = 0.010
"""Seconds of a crossfade where one sound follows another."""
LEVEL, MOST_GAIN = 0.010, 2.0
"""Seconds over which the level of a mix is held, and how much louder it may be made for that."""
ALONG = 0.85
"""Share of its sound that a morph takes to reach the last step, which is then heard alone."""
QUIET = 1e-3
"""−60 dB under its peak a sound is over."""


@dataclass(frozen=True, eq=False)
class Path:
    """A smooth curve through `nodes` (P, 2) in map units; `pace` (65,): seconds from its start at which the hand had drawn each
    even share of its length."""

    nodes: Array
    pace: Array

    @classmethod
    def drawn(cls, points: ArrayLike, times: ArrayLike | None = None, tolerance: float = 0.0) -> Path:
        """From a freehand line (P, 2) and when each point was passed; nowhere farther than `tolerance` from its nodes' line."""
        line = np.asarray(points, float).reshape(-1, 2)
        clock = np.arange(len(line), dtype=float) if times is None else np.asarray(times, float)
        if not len(line) or len(clock) != len(line) or not (np.isfinite(line).all() and np.isfinite(clock).all()):
            raise ValueError("a path needs points, and a time for each")
        share = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
        share = share / (share[-1] or 1.0) + 1e-9 * np.arange(len(line))
        pace = np.interp(np.linspace(0, 1, PACE), share, np.maximum.accumulate(clock - clock[0]))
        return cls(line[simplified(line, tolerance)], pace)

    def __len__(self) -> int:
        return len(self.nodes)

    def moved(self, node: int, xy: ArrayLike) -> Path:
        """The same path with one node elsewhere."""
        nodes = self.nodes.copy()
        nodes[node] = xy
        return replace(self, nodes=nodes)

    def line(self) -> Array:
        """The curve as short straight pieces ((P − 1) · FINE + 1, 2), through every node."""
        return curve(self.nodes)

    @property
    def length(self) -> float:
        """Map units along the curve."""
        return float(np.linalg.norm(np.diff(self.line(), axis=0), axis=1).sum())

    def steps(self, count: int, timing: Timing = "even") -> Array:
        """`count` places (S, 2) on the curve, both ends included: at even distances, or where the hand was at even times."""
        line = self.line()
        passed = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
        share = np.linspace(0, 1, max(count, 1))
        if timing == "drawn" and self.pace[-1] > 0:
            clock = self.pace / self.pace[-1] + 1e-9 * np.arange(PACE)  # never standing quite still
            share = np.interp(share * clock[-1], clock, np.linspace(0, 1, PACE))
        passed += 1e-12 * np.arange(len(passed))
        rows = np.interp(share * passed[-1], passed, np.arange(len(passed)))
        return np.stack([np.interp(rows, np.arange(len(line)), line[:, axis]) for axis in (0, 1)], axis=1)


def simplified(line: Array, tolerance: float) -> NDArray[np.intp]:
    """Rows of `line` (P, 2) that say it to within `tolerance`: Ramer 1972, Douglas and Peucker 1973. Both ends stay."""
    keep = np.zeros(len(line), bool)
    keep[[0, -1]] = True
    open_pieces = [(0, len(line) - 1)]
    while open_pieces:
        first, last = open_pieces.pop()
        if last - first < 2:
            continue
        away = _distances(line[first + 1 : last], line[first], line[last])
        middle = int(away.argmax())
        if away[middle] > tolerance:
            middle += first + 1
            keep[middle] = True
            open_pieces += [(first, middle), (middle, last)]
    return np.flatnonzero(keep)


def _distances(points: Array, a: Array, b: Array) -> Array:
    """Of points (P, 2) from the piece between a and b."""
    way = b - a
    share = np.clip((points - a) @ way / max(float(way @ way), 1e-300), 0, 1)
    return np.linalg.norm(points - a - share[:, None] * way, axis=1)


def curve(nodes: Array, fine: int = FINE) -> Array:
    """A curve without corners or loops through `nodes` (P, 2): centripetal Catmull–Rom (Yuksel and others 2011)."""
    if len(nodes) < 2:
        return nodes.copy()
    ends = np.concatenate([[2 * nodes[0] - nodes[1]], nodes, [2 * nodes[-1] - nodes[-2]]])
    knots = np.concatenate([[0.0], np.cumsum(np.maximum(np.linalg.norm(np.diff(ends, axis=0), axis=1), 1e-9) ** 0.5)])
    share = np.arange(fine) / fine
    pieces = [_piece(ends[i : i + 4], knots[i : i + 4], share) for i in range(len(nodes) - 1)]
    return np.concatenate([*pieces, nodes[-1:]])


def _piece(p: Array, k: Array, share: Array) -> Array:
    """The curve between the second and the third of four points (Barry and Goldman 1988)."""
    t = (k[1] + share * (k[2] - k[1]))[:, None]

    def mix(a: Array, b: Array, low: float, high: float) -> Array:
        return ((high - t) * a + (t - low) * b) / (high - low)

    first, second, third = (mix(p[i], p[i + 1], k[i], k[i + 1]) for i in range(3))
    return mix(mix(first, second, k[0], k[2]), mix(second, third, k[1], k[3]), k[1], k[2])


# ---- its sounds made one


def morphing(sounds: Sequence[Sound]) -> Sound:
    """One sound that is the first of `sounds` where it begins and the last where it ends: out(t) = Σ w(t) · s(t).

    Each lies where it agrees best with the one before it; two neighbours are mixed at a time. The sound in the middle is heard
    where it is half through, whatever its length, so that the last steps do not fall into the silence after a hit. The mix is
    then made as loud, moment by moment, as the two are: whatever they have in common, noise does not dip and a shared tone does
    not swell. Silence at the end is cut. Raises UsageError for no sounds or for different rates.
    """
    rate, channels = _common(sounds)
    frames = max(sound.frames for sound in sounds)
    tracks = _agreeing([_filled(sound, channels, frames) for sound in sounds], round(SHIFT * rate))
    if len(tracks) == 1 or not frames:
        return Sound(tracks[0], rate)
    place = _course(tracks, round(LEVEL * rate)) * (len(tracks) - 1)  # which two are heard, and how much of the second
    out, power = np.zeros((channels, frames)), np.zeros(frames)
    for i, (a, b) in enumerate(itertools.pairwise(tracks)):
        start, end = (int(np.searchsorted(place, i + side)) for side in (0, 1))
        end = frames if i == len(tracks) - 2 else end
        share = place[start:end] - i
        first, second = a[:, start:end], b[:, start:end]
        out[:, start:end] = (1 - share) * first + share * second
        power[start:end] = ((1 - share) * np.square(first) + share * np.square(second)).sum(axis=0)
    have, want = (_smoothed(level, round(LEVEL * rate)) for level in (np.square(out).sum(axis=0), power))
    gain = np.sqrt(np.divide(want, have, out=np.ones(frames), where=have > 1e-12))
    made = (out * np.clip(gain, 0.5, MOST_GAIN)).astype(np.float32)
    return Sound(np.ascontiguousarray(made[:, : max(_end(made), 1)]), rate)


def _course(tracks: Sequence[Samples], width: int) -> Array:
    """How far one has come at each frame (T,), 0 to 1: sound i of N is reached where ALONG · i / (N − 1) of its level have
    passed."""
    frames, count = tracks[0].shape[1], len(tracks)
    reached = np.zeros(count)
    least = min(width / 2, frames / (2 * count))  # never so fast that it clicks
    for i, track in enumerate(tracks[1:], 1):
        level = np.sqrt(_smoothed(np.square(track, dtype=np.float64).sum(axis=0), width)) + 1e-12
        passed = np.cumsum(level)
        own = float(np.searchsorted(passed, ALONG * i / (count - 1) * passed[-1]))
        reached[i] = max(own, reached[i - 1] + least)
    reached = np.minimum(reached, frames - 1 + 1e-3 * np.arange(count))
    return np.interp(np.arange(frames), reached, np.arange(count)) / (count - 1)


def _smoothed(level: Array, width: int) -> Array:
    from scipy.ndimage import uniform_filter1d

    for _ in range(2):
        level = uniform_filter1d(level, max(1, width), mode="nearest")
    return np.maximum(level, 0.0)


def chain(sounds: Sequence[Sound], seam: float = SEAM) -> Sound:
    """`sounds` one after another, each until it is over, with crossfades of `seam` seconds. Raises as `morphing` does."""
    rate, channels = _common(sounds)
    out, room = np.zeros((channels, 0), np.float32), 0
    for i, sound in enumerate(sounds):
        track = _filled(sound, channels, sound.frames)
        track = track if i == len(sounds) - 1 else track[:, : _end(track)]
        over = min(round(seam * rate), room, track.shape[1] // 2)
        before, after = out[:, out.shape[1] - over :], track[:, :over]
        met = _crossfaded(before, after, (np.arange(over) + 0.5) / max(over, 1), _likeness(before, after))
        out = np.concatenate([out[:, : out.shape[1] - over], met, track[:, over:]], axis=1)
        room = track.shape[1] // 2  # of every sound at least a moment is heard alone
    return Sound(np.ascontiguousarray(out), rate)


def gains(share: Array, likeness: float) -> tuple[Array, Array]:
    """Weights of two equally loud sounds whose correlation is `likeness` (0–1), so that their sum is as loud at any `share`.

    Unlike sounds give equal power (cos, sin in effect), the same sound twice gives a straight crossfade; Fink, Holters and
    Zölzer, "Signal-matched power-complementary cross-fading", DAFx 2016.
    """
    first, second = 1 - share, share
    level = np.sqrt(np.square(first) + np.square(second) + 2 * likeness * first * second)
    return first / level, second / level


def _crossfaded(a: Samples, b: Samples, share: Array, likeness: float) -> Samples:
    first, second = gains(share, likeness)
    return (first * a + second * b).astype(np.float32)


def _likeness(a: Samples, b: Samples) -> float:
    """Correlation of two stretches (C, T), 0 where they contradict each other or one is silent."""
    energy = float(np.sqrt(np.square(a, dtype=np.float64).sum() * np.square(b, dtype=np.float64).sum()))
    return float(np.clip((a.astype(np.float64) * b).sum() / energy, 0, 1)) if energy > 1e-12 else 0.0


def _agreeing(tracks: list[Samples], most: int) -> list[Samples]:
    """Each track moved by at most `most` frames to where it correlates best with the one before it."""
    placed = tracks[:1]
    for track in tracks[1:]:
        placed.append(_shifted(track, _lag(placed[-1].mean(axis=0), track.mean(axis=0), most)))
    return placed


def _lag(before: Samples, after: Samples, most: int) -> int:
    """Frames to move `after` later so that it agrees best with `before`; 0 unless that is clearly better."""
    import scipy.fft

    size = scipy.fft.next_fast_len(len(before) + most + 1, real=True)
    cross = scipy.fft.irfft(scipy.fft.rfft(before, size) * np.conj(scipy.fft.rfft(after, size)), size)
    lags = np.concatenate([np.arange(most + 1), np.arange(-most, 0)])
    energy = float(np.sqrt(np.square(before, dtype=np.float64).sum() * np.square(after, dtype=np.float64).sum()))
    if not energy > 1e-12:
        return 0
    # A far lag must earn its place: attacks that stand apart are heard as two
    worth = cross[lags] / energy - 0.03 * np.abs(lags) / max(most, 1)
    if worth.max() <= worth[0] + 0.1:
        return 0
    best = int(lags[worth.argmax()])
    for way in (1, -1):  # up to the top of the hill it stands on
        while abs(best + way) <= most and cross[best + way] > cross[best]:
            best += way
    return best


def _shifted(track: Samples, by: int) -> Samples:
    if not by:
        return track
    moved = np.zeros_like(track)
    if by > 0:
        moved[:, by:] = track[:, :-by]
    else:
        moved[:, :by] = track[:, -by:]
    return moved


def _end(track: Samples) -> int:
    """Frames until a sound (C, T) is over."""
    level = np.abs(track).max(axis=0, initial=0.0)
    loud = np.flatnonzero(level > QUIET * level.max(initial=0.0))
    return int(loud[-1]) + 1 if len(loud) else 0


def _filled(sound: Sound, channels: int, frames: int) -> Samples:
    """(channels, frames): missing channels repeat the last, missing time is silence."""
    samples = np.nan_to_num(sound.samples, nan=0.0, posinf=0.0, neginf=0.0)
    samples = np.concatenate([samples, np.repeat(samples[-1:], channels - sound.channels, axis=0)])
    return np.pad(samples, ((0, 0), (0, frames - sound.frames)))


def _common(sounds: Sequence[Sound]) -> tuple[int, int]:
    if not sounds:
        raise UsageError(reason="A path needs at least one sound")
    rates = {sound.rate for sound in sounds}
    if len(rates) > 1:
        raise UsageError(reason="The sounds of a path need one sample rate")
    return rates.pop(), max(sound.channels for sound in sounds)
