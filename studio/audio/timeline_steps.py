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

from studio.audio import analysis, edit, files, steps
from studio.audio.blocks import Blockwise
from studio.audio.repair import hum
from studio.audio.sound import Audio, Samples, Sound
from studio.audio.step import Step
from studio.audio.timeline import Changed, Timeline
from studio.audio.timeline_moves import MOVES, gain, peak

FRAMEWISE = frozenset({"to-mono", "to-stereo", "left", "right", "swap", "invert", "mid-side"})
"""Steps that make each frame from that frame alone."""
SHORT = 10.0
"""Seconds that are computed at once and held in memory."""


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
    if move := MOVES.get(name):
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


# ---- what there is to do is known after a look through all of it


def _to_loudness(timeline: Timeline, target: float, ceiling_db: float) -> Generator[int, None, Timeline | Task]:
    loudness = yield from analysis.momentary_of(timeline)
    db = edit.to_loudness(loudness, peak(timeline), target, ceiling_db)
    return gain(timeline, db) if db else timeline


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
    "loudness": _to_loudness,
    "remove-dc": _without_mean,
    "hum": _without_hum,
}


_NEUTRAL: dict[str, dict[str, float | None]] = {
    "stretch": {"ratio": 1.0, "seconds": None},
    "pitch": {"semitones": 0.0, "cents": 0.0},
    "varispeed": {"speed": 1.0},
}
"""Values with which a step that would be computed changes nothing, as when it has just been added."""
