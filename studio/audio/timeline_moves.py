"""Steps that only move the pieces of a timeline, and what they ask of the sound: done at once, however long it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from studio.audio import analysis, join, loops
from studio.audio.peaks import BASE
from studio.audio.sound import Samples, Sound
from studio.audio.timeline import Fade, Gain, Piece, Ramp, Sweep, Timeline

_BLOCK = 1 << 18


def trim(timeline: Timeline, start: float = 0.0, end: float | None = None) -> Timeline:
    first = min(max(round(start * timeline.rate), 0), max(0, timeline.frames - 1))
    last = timeline.frames if end is None else min(max(round(end * timeline.rate), first + 1), timeline.frames)
    return timeline.part(first, last)


def cut(timeline: Timeline, start: float, end: float) -> Timeline:
    first, last = _frames(timeline, start, end)
    kept = timeline.part(0, first) + timeline.part(max(first, last), timeline.frames)
    return kept if kept.frames else timeline.part(0, 1)


def silence(timeline: Timeline, start: float, end: float) -> Timeline:
    first, last = _frames(timeline, start, end)
    return timeline.part(0, first) + timeline.silence(last - first) + timeline.part(max(first, last), timeline.frames)


def pad(timeline: Timeline, before: float = 0.0, after: float = 0.0) -> Timeline:
    front, behind = (timeline.silence(max(0, round(t * timeline.rate))) for t in (before, after))
    return front + timeline + behind


def reverse(timeline: Timeline) -> Timeline:
    return timeline.backwards()


def fade_in(timeline: Timeline, seconds: float, curve: str = "smooth") -> Timeline:
    length = min(max(round(seconds * timeline.rate), 0), timeline.frames)
    return timeline.swept(Fade(length, 0, 1, curve)) if length else timeline


def fade_out(timeline: Timeline, seconds: float, curve: str = "smooth") -> Timeline:
    return fade_in(timeline.backwards(), seconds, curve).backwards()


def ramp(timeline: Timeline, start_db: float, end_db: float) -> Timeline:
    return timeline.swept(Ramp(timeline.frames, 0, 1, start_db, end_db))


def gain(timeline: Timeline, db: float) -> Timeline:
    return timeline.under(Gain(np.float32(10 ** (db / 20))))


def normalise(timeline: Timeline, peak_db: float = -1.0) -> Timeline:
    loudest = peak(timeline)
    return gain(timeline, peak_db - 20 * np.log10(loudest)) if loudest > np.finfo(np.float32).tiny else timeline


def insert_silence(timeline: Timeline, at: float, seconds: float) -> Timeline:
    place, length = join.frame(timeline, at), max(0, round(seconds * timeline.rate))
    join.bounded(timeline.frames + length, timeline.rate)
    return timeline.part(0, place) + timeline.silence(length) + timeline.part(place, timeline.frames)


def insert(timeline: Timeline, material: Sound, at: float, crossfade: float, blend: join.Blend) -> Timeline:
    return replace_stretch(timeline, material, at, at, crossfade, blend)


def replace_stretch(
    timeline: Timeline, material: Sound, start: float, end: float, crossfade: float, blend: join.Blend
) -> Timeline:
    first = join.frame(timeline, start)
    last = max(first, join.frame(timeline, end))
    inside = Timeline.of(material)
    join.bounded(first + inside.frames + timeline.frames - last, timeline.rate)
    most = min(round(crossfade * timeline.rate), inside.frames // 2)
    into = min(most, timeline.frames - first) if first > 0 else 0
    out = min(most, last) if last < timeline.frames else 0
    return (
        timeline.part(0, first)
        + _crossed(timeline.part(first, first + into), inside.part(0, into), blend)
        + inside.part(into, inside.frames - out)
        + _crossed(inside.part(inside.frames - out, inside.frames), timeline.part(last - out, last), blend)
        + timeline.part(last, timeline.frames)
    )


def splice(timeline: Timeline, material: Sound, crossfade: float, blend: join.Blend) -> Timeline:
    end, after = timeline.frames, Timeline.of(material)
    frames = min(max(0, round(crossfade * timeline.rate)), end, after.frames)
    join.bounded(end + after.frames, timeline.rate)
    over = _crossed(timeline.part(end - frames, end), after.part(0, frames), blend)
    return timeline.part(0, end - frames) + over + after.part(frames, after.frames)


def _crossed(first: Timeline, second: Timeline, blend: join.Blend) -> Timeline:
    """From one to the other, sample by sample, in memory."""
    if not first.frames:
        return first
    away, near = join.blends(first.frames, blend)
    return Timeline.of(Sound(first.sound().samples * away + second.sound().samples * near, first.rate))


def mix(timeline: Timeline, material: Sound, at: float, db: float, beyond: str) -> Timeline:
    first = join.frame(timeline, at)
    added = material.samples * np.float32(10 ** (db / 20))
    if beyond == "cut":
        added = added[:, : timeline.frames - first]
    last = first + added.shape[1]
    join.bounded(max(timeline.frames, last), timeline.rate)
    longer = timeline + timeline.silence(last - timeline.frames)
    mixed = Timeline.of(Sound(longer.part(first, last).sound().samples + added, timeline.rate))
    return longer.part(0, first) + mixed + longer.part(last, longer.frames)


def repeat(timeline: Timeline, times: float, start: float, end: float | None = None) -> Timeline:
    first = join.frame(timeline, start)
    last = timeline.frames if end is None else max(first, join.frame(timeline, end))
    join.bounded(timeline.frames + (round(times) - 1) * (last - first), timeline.rate)
    again = replace(timeline, pieces=timeline.part(first, last).pieces * round(times))
    return timeline.part(0, first) + again + timeline.part(last, timeline.frames)


def loop(timeline: Timeline, start: float, end: float, crossfade: float) -> Timeline:
    found = loops.frames(start, end, timeline.rate, timeline.frames)
    if found is None:
        return timeline
    first, last = found[0], found[1] + 1
    over = min(round(crossfade * timeline.rate), first, last - first)
    share = (np.arange(1, over + 1) / max(1, over)).astype(np.float32)
    seam = _led(timeline.part(last - over, last), timeline.part(first - over, first), share)
    return timeline.part(0, last - over) + seam + timeline.part(last, timeline.frames)


def _led(before: Timeline, after: Timeline, share: Samples) -> Timeline:
    """From one to the other as loops.loop does it, in memory."""
    if not before.frames:
        return before
    samples = before.sound().samples
    samples *= 1 - share
    samples += share * after.sound().samples
    return Timeline.of(Sound(samples, before.rate))


def halve(timeline: Timeline) -> Timeline:
    return timeline.part(0, (timeline.frames + 1) // 2)


def trim_silence(timeline: Timeline, threshold: float = analysis.SILENCE_DB) -> Timeline:
    loudest = peak(timeline)
    if loudest <= 0:
        return timeline
    limit = loudest * 10 ** (threshold / 20)
    first = _first_at(timeline, limit)
    return timeline.part(first, timeline.frames - _first_at(timeline.backwards(), limit))


MOVES: dict[str, Callable[..., Timeline]] = {
    "trim": trim,
    "cut": cut,
    "silence": silence,
    "trim-silence": trim_silence,
    "pad": pad,
    "fade-in": fade_in,
    "fade-out": fade_out,
    "gain": gain,
    "normalise": normalise,
    "reverse": reverse,
    "ramp": ramp,
    "insert-silence": insert_silence,
    "insert": insert,
    "replace": replace_stretch,
    "splice": splice,
    "mix": mix,
    "loop": loop,
    "repeat": repeat,
    "halve": halve,
}


def _frames(timeline: Timeline, *seconds: float) -> tuple[int, ...]:
    return tuple(min(max(round(t * timeline.rate), 0), timeline.frames) for t in seconds)


# ---- what they ask of the sound


def peak(timeline: Timeline) -> float:
    """The largest sample, exactly: from the pyramids, and from the samples at the edges of pieces and under fades."""
    return max((_peak_of(piece, timeline.channels) for piece in timeline.pieces), default=0.0)


def _peak_of(piece: Piece, channels: int) -> float:
    first, last = -(-piece.start // BASE), (piece.start + piece.frames) // BASE  # whole columns of the pyramid
    if piece.source is None:
        return 0.0
    if last <= first or any(isinstance(gain, Sweep) for gain in piece.gains):
        return _largest(piece, channels)
    low, high = piece.source.peaks.levels[0][:2, first:last]
    scale = np.float32(1 / 32768 if low.dtype == np.int16 else 1)
    loudest = max(np.float32(high.max()) * scale, -np.float32(low.min()) * scale)
    for start, end in ((piece.start, first * BASE), (last * BASE, piece.start + piece.frames)):
        loudest = max(loudest, np.abs(piece.source.audio.read(start, end - start)).max(initial=0))
    for gain in piece.gains:
        loudest = loudest * gain.factors(0, 1)[0]
    return float(loudest)


def _largest(piece: Piece, channels: int) -> float:
    found = 0.0
    for first in range(0, piece.frames, _BLOCK):
        block = np.empty((channels, min(_BLOCK, piece.frames - first)), np.float32)
        piece.read_into(block, first)
        found = max(found, float(np.abs(block).max()))
    return found


def _first_at(timeline: Timeline, limit: float) -> int:
    """The first frame that reaches `limit`."""
    for start in range(0, timeline.frames, _BLOCK):
        reached = np.abs(timeline.read(start, _BLOCK)).max(axis=0) >= limit
        if reached.any():
            return start + int(reached.argmax())
    return timeline.frames
