"""The steps of steps.py on a timeline: what only moves pieces is done at once, what has to be computed is named.

    found = apply(timeline, {"do": "cut", "start": 10, "end": 11})      # a Timeline, in microseconds
    found = apply(timeline, {"do": "normalise", "from": 0, "to": 3000}) # a Timeline, after a look at the pyramids
    found = apply(timeline, {"do": "reverb"})                           # a Task: so much of it is to be computed

A Task is computed where the caller wants it (computed here in memory; project/renders.py on the disk) and then gives the
timeline. Short stretches are computed at once. `applied` does everything in memory, as steps.apply does.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from studio.audio import analysis, edit, files, join, loops, steps
from studio.audio.blocks import Blockwise
from studio.audio.peaks import BASE
from studio.audio.repair import hum
from studio.audio.sound import Audio, Samples, Sound
from studio.audio.step import Step
from studio.audio.timeline import Changed, Fade, Gain, Piece, Ramp, Sweep, Timeline

FRAMEWISE = frozenset({"to-mono", "to-stereo", "left", "right", "swap", "invert", "mid-side"})
"""Steps that make each frame from that frame alone."""
SHORT = 10.0
"""Seconds that are computed at once and held in memory."""
_BLOCK = 1 << 18


@dataclass(frozen=True, eq=False)
class Task:
    """`work` has to be done to `part`; `put` gives the timeline with what came of it in its place.

    name: of the step; framewise: each frame is made from that frame alone, so that `changed` need not be kept anywhere;
    blocks: the same work on a sound, of which it takes no more than so many frames at once; None: it needs all of them
    """

    name: str
    part: Timeline
    work: Callable[[Sound], Sound]
    put: Callable[[Timeline], Timeline] = lambda made: made
    framewise: bool = False
    blocks: Callable[[Audio, int], Iterator[Samples]] | None = None

    @property
    def changed(self) -> Changed:
        """`part` as it is after `work`, made again whenever it is read; for framewise work only."""
        return Changed(self.part, self.work)

    def done(self) -> Timeline:
        """Computed now, in memory."""
        return self.put(Timeline.of(self.changed if self.framewise else self.work(self.part.sound())))


@dataclass(frozen=True, eq=False)
class Look:
    """All of `frames` has to be looked through block by block to know what there is to do: `work` gives how many were, and then
    that."""

    name: str
    frames: int
    work: Callable[[], Generator[int, None, Timeline | Task]]
    put: Callable[[Timeline], Timeline] = lambda made: made

    def found(self, result: Timeline | Task) -> Timeline | Task:
        """What `work` ended with, in its place."""
        if isinstance(result, Task):
            return replace(result, put=lambda made: self.put(result.put(made)))
        return self.put(result)

    def done(self) -> Timeline:
        """Looked through and computed now, in memory."""
        work = self.work()
        while True:
            try:
                next(work)
            except StopIteration as end:
                found = self.found(end.value)
                return found.done() if isinstance(found, Task) else found


def applied(timeline: Timeline, chain: Sequence[Mapping[str, Any]], materials: steps.Materials | None = None) -> Timeline:
    """`timeline` after all steps, with everything computed in memory. Raises what steps.apply raises."""
    for step in chain:
        found = apply(timeline, step, materials)
        timeline = found.done() if isinstance(found, Task | Look) else found
    return timeline


def apply(timeline: Timeline, step: Mapping[str, Any], materials: steps.Materials | None = None) -> Timeline | Task | Look:
    """`timeline` after one step, or what has to be computed or looked through for it. Raises what steps.apply raises, and
    UnreadableAudio."""
    values = steps.check(step)
    if values.pop(steps.OFF, False):
        return timeline
    name, kind, values = values["do"], steps.kind_of(values), steps.arguments(values)
    if kind.material:
        values["material"] = steps.material(values.pop("sound"), timeline, materials)
    start, end = values.pop("from", None), values.pop("to", None)
    if start is None and end is None:
        return _done(timeline, name, kind, values)
    first, last = steps.frames_of(timeline, start or 0.0, end)
    if last <= first:
        return timeline

    if kind.rings:
        return _rung(timeline, name, kind, values, first, last)

    def put(after: Timeline) -> Timeline:
        return _seamed(timeline, after, first, last)

    found = _done(timeline.part(first, last), name, kind, values)
    if isinstance(found, Task | Look):
        inner = found.put
        return replace(found, put=lambda made: put(inner(made)))
    return put(found)


def _done(timeline: Timeline, name: str, kind: Step, values: dict[str, Any]) -> Timeline | Task | Look:
    if name in _LOOKS and timeline.seconds > SHORT:
        return Look(name, timeline.frames, lambda: _LOOKS[name](timeline, **values))
    if move := _MOVES.get(name):
        return move(timeline, **values)
    if name in _NEUTRAL and all(values.get(key) == neutral for key, neutral in _NEUTRAL[name].items()):
        return timeline
    task = Task(
        name,
        timeline,
        lambda sound: kind.function(sound, **values),
        framewise=name in FRAMEWISE,
        blocks=_blocks(kind, values),
    )
    return task.done() if timeline.seconds <= SHORT else task


def _blocks(kind: Step, values: Mapping[str, Any]) -> Callable[[Audio, int], Iterator[Samples]] | None:
    return partial(kind.function.blocks, **values) if isinstance(kind.function, Blockwise) else None


def _rung(timeline: Timeline, name: str, kind: Step, values: dict[str, Any], first: int, last: int) -> Timeline | Task:
    """A step that rings on, on a stretch: what becomes of it is added to what follows."""
    head, tail = steps.seams(timeline, first, last)
    size, into, out = last - first, len(head), len(tail)
    before, nothing = timeline.part(first, last), timeline.silence(size)
    taken = (
        _blend(nothing.part(0, into), before.part(0, into), head)
        + before.part(into, size - out)
        + _blend(nothing.part(size - out, size), before.part(size - out, size), tail)
    )

    def put(after: Timeline) -> Timeline:
        """What was taken is away, so that in the middle there is only what became of it."""
        end = min(first + after.frames, timeline.frames)
        left = timeline.part(last - out, end)
        beyond = left + left.silence(after.frames - size + out - left.frames)
        return (
            timeline.part(0, first)
            + _left(before.part(0, into), head, after.part(0, into))
            + after.part(into, size - out)
            + _left(beyond, tail, after.part(size - out, after.frames))
            + timeline.part(end, timeline.frames)
        )

    task = Task(name, taken, lambda sound: kind.function(sound, **values), put=put, blocks=_blocks(kind, values))
    return task.done() if task.part.seconds <= SHORT else task


def _left(before: Timeline, taken: Samples, after: Timeline) -> Timeline:
    """`before` without what was taken of its first frames, and `after`, in memory."""
    if not after.frames:
        return after
    return Timeline.of(Sound(steps.ring(before.sound().samples, after.sound().samples, taken), after.rate))


def _seamed(timeline: Timeline, after: Timeline, first: int, last: int) -> Timeline:
    """`after` in place of the frames from `first` up to `last`, with the seams of steps.apply."""
    size = last - first
    head, tail = steps.seams(timeline, first, last)
    into, out = len(head), len(tail)
    return (
        timeline.part(0, first)
        + _blend(timeline.part(first, first + into), after.part(0, into), head)
        + after.part(into, size - out)
        + _blend(timeline.part(last - out, last), after.part(size - out, size), tail)
        + timeline.part(last, timeline.frames)
    )


def _blend(before: Timeline, after: Timeline, share: Samples) -> Timeline:
    """From one to the other, sample by sample, in memory."""
    if not before.frames:
        return before
    return Timeline.of(Sound(steps.blend(before.sound().samples, after.sound().samples, share), before.rate))


# ---- the steps that move pieces


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


def match_loudness(timeline: Timeline, target: float, ceiling_db: float) -> Generator[int, None, Timeline | Task]:
    loudness = yield from analysis.momentary_of(timeline)
    db = edit.to_loudness(loudness, peak(timeline), target, ceiling_db)
    return gain(timeline, db) if db else timeline


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


_MOVES: dict[str, Callable[..., Timeline]] = {
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


def _without_mean(timeline: Timeline) -> Generator[int, None, Timeline | Task]:
    """edit.remove_dc, with the mean added up piece by piece, which may tell it in the last bit."""
    total, done = np.zeros((timeline.channels, 1)), 0
    for piece in files.pieces(timeline):
        total += piece.sum(axis=1, dtype=np.float64, keepdims=True)
        done += piece.shape[1]
        yield done
    mean = total / max(1, timeline.frames)
    return Task(
        "remove-dc",
        timeline,
        lambda sound: Sound((sound.samples - mean).astype(np.float32), sound.rate),
        framewise=True,
    )


def _without_hum(timeline: Timeline, mains: str, harmonics: float, strength: float) -> Generator[int, None, Timeline | Task]:
    hz = yield from hum.looked(timeline, mains, int(harmonics))
    if not len(hz):
        return timeline
    values = {"hz": hz, "strength": strength}
    return Task("hum", timeline, lambda sound: hum.without(sound, **values), blocks=partial(hum.without.blocks, **values))


_LOOKS: dict[str, Callable[..., Generator[int, None, Timeline | Task]]] = {
    "loudness": match_loudness,
    "remove-dc": _without_mean,
    "hum": _without_hum,
}


_NEUTRAL: dict[str, dict[str, float | None]] = {
    "stretch": {"ratio": 1.0, "seconds": None},
    "pitch": {"semitones": 0.0, "cents": 0.0},
    "varispeed": {"speed": 1.0},
}
"""Values with which a step that would be computed changes nothing, as when it has just been added."""


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
