"""A few seconds of a long sound as all of its steps make it, so that an effect can be heard while its dial turns.

The editor plays this around the place that is heard, and the whole once it has been made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from studio.audio import effects, steps
from studio.audio.plugins.step import DO
from studio.audio.sound import Audio, Sound

WARM = 4.0
"""Seconds before an excerpt that its effects hear, so that they remember what rings and how loud it was."""
AHEAD = 0.25
"""Seconds after it, for those that look ahead."""


def excerpt(
    sound: Audio, done: Sequence[Mapping[str, Any]], at: float, seconds: float, materials: steps.Materials | None = None
) -> Sound:
    """What `steps.apply` would give from `at` on (both in seconds, of the result), up to what effects remember for longer than
    WARM and where their slow waves stand.

    Of a sound that is not in memory, such as a timeline, only a stretch is read, unless there are edits before the effects,
    which need all of it: whoever turns a dial often keeps the sound after the edits. Raises as `steps.apply`, and what reading
    raises.
    """
    edits = len(done)
    while edits and is_effect(done[edits - 1]):
        edits -= 1
    if edits:
        sound = steps.apply(Sound(sound.read(0, sound.frames), sound.rate), done[:edits], materials)
    first = max(0, round((at - WARM) * sound.rate))
    start = max(0, round(at * sound.rate)) - first
    last = start + max(0, round(seconds * sound.rate))
    piece = Sound(sound.read(first, last + round(AHEAD * sound.rate)), sound.rate)
    moved = [_moved(step, first / sound.rate) for step in done[edits:]]
    made = steps.apply(piece, [step for step in moved if step], materials)
    return replace(made, samples=made.samples[:, start:last])


def is_effect(step: Mapping[str, Any]) -> bool:
    """Whether what a step makes of a moment hangs on what lies around it only."""
    return step.get("do") in effects.STEPS or step.get("do") == DO


def _moved(step: Mapping[str, Any], by: float) -> Mapping[str, Any] | None:
    """The step for a sound that begins `by` seconds later; None where its stretch is over by then."""
    start, end = step.get("from"), step.get("to")
    if start is None and end is None:
        return step
    if end is not None and end <= by:
        return None
    return {**step, "from": max(0.0, (start or 0.0) - by), "to": None if end is None else end - by}
