"""The steps by which the editor, the command line and a recipe say what was done to a sound: one table, and how it is read.

A step is a small dict beside an untouched original, {"do": "fade-out", "seconds": 0.05}; `apply` makes the sound that is heard.
Times are in seconds, so that the same steps fit the sound at any rate. A step that keeps the length may be done to a stretch,
{"do": "gain", "db": -6, "from": 0.1, "to": 0.4}; one that needs another sound names it,
{"do": "mix", "sound": "5f1c", "at": 1}. A step that is switched off, {"do": "gain", "db": -6, "off": true}, stays where it is
and is left out. A step may be done by another maker's plug-in, {"do": "plugin", "plugin": "VST3-1f2e", "size": 0.4}
(plugins/step.py); one that this user doesn't have raises MissingPlugin where it is done, and can be left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from studio.audio import channels, edit, effects, files, join, loops, repair, stretch
from studio.audio.plugins import step as plugins
from studio.audio.plugins import table
from studio.audio.sound import Audio, Samples, Sound
from studio.audio.step import Parameter, Step
from studio.errors import UsageError

STEPS: dict[str, Step] = {
    **edit.STEPS, **join.STEPS, **channels.STEPS, **stretch.STEPS, **loops.STEPS, **effects.STEPS, **repair.STEPS
}  # fmt: skip
"""Every step of ours by the name that recipes and command lines use."""

Materials = Callable[[str], Sound]
"""Gives the sound that a step names. Raises StudioError where it is gone."""

HUGE = 1e15
"""No parameter is a number beyond this; a stranger's recipe may hold any."""

SEAM = 0.003
"""Seconds over which a stretch goes over into what was changed of it, at both of its ends."""

PLACE = (
    Parameter("from", "s", low=0, optional=True, help="Only from this moment on"),
    Parameter("to", "s", low=0, optional=True, help="Only up to this moment"),
)
"""Where a step that keeps the length is done to a stretch only."""

_SOUND = "sound"
OFF = "off"
"""The key of a step that is left out for now."""


def kind_of(step: Mapping[str, Any]) -> Step:
    """What the table, or this user's list of plug-ins, says of a step. Raises UsageError."""
    name = step.get("do")
    if name == plugins.DO:
        return plugins.kind_of(step)
    if not isinstance(name, str) or name not in STEPS:
        raise UsageError(reason=f"There is no edit “{name}”; known are {', '.join(STEPS)}")
    return STEPS[name]


def check(step: Mapping[str, Any]) -> dict[str, Any]:
    """A step whose name, parameters and ranges are right. Raises UsageError."""
    kind, values = kind_of(step), dict(step)
    name = values.pop("do")
    known = {p.name: p for p in (*kind.parameters, *(PLACE if kind.within else ()))}
    off = values.pop(OFF, False)
    if not isinstance(off, bool):
        raise UsageError(reason=f"The edit {name} is on or off, not {off!r}")
    if name == plugins.DO:
        plugins.check(values)
        if off or not plugins.there(step):  # shown and left out all the same
            for place in PLACE:
                _check_value(name, place, values.get(place.name))
            return {"do": name, **values, **({OFF: True} if off else {})}
        said = {key: values.pop(key) for key in plugins.IDENTITY if key in values}
        return {"do": name, **said, **_checked(said.get("name", name), kind, known, values)}
    return {"do": name, **_checked(name, kind, known, values), **({OFF: True} if off else {})}


def _checked(name: str, kind: Step, known: Mapping[str, Parameter], values: dict[str, Any]) -> dict[str, Any]:
    if kind.material and not isinstance(values.get(_SOUND), str):
        raise UsageError(reason=f"The edit {name} needs another sound")
    for key, value in values.items():
        if kind.material and key == _SOUND:
            continue
        if key not in known:
            raise UsageError(reason=f"The edit {name} has no “{key}”")
        _check_value(name, known[key], value)
    for parameter in known.values():
        if parameter.name not in values and parameter.default is None and not parameter.optional:
            raise UsageError(reason=f"The edit {name} needs “{parameter.name}”")
    return values


def _check_value(name: str, parameter: Parameter, value: Any) -> None:
    if value is None and parameter.optional:
        return
    if parameter.choices:
        if value not in parameter.choices:
            raise UsageError(reason=f"The {parameter.name} of {name} is one of {', '.join(parameter.choices)}")
        return
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < HUGE
    low, high = parameter.low, parameter.high
    if not number or (low is not None and value < low) or (high is not None and value > high):
        limits = " to ".join(f"{limit:g}" for limit in (low, high) if limit is not None)
        raise UsageError(
            reason=f"The {parameter.name} of {name} can't be {value}; it is a number{f', {limits}' if limits else ''}"
        )


def apply(sound: Sound, steps: Sequence[Mapping[str, Any]], materials: Materials | None = None) -> Sound:
    """The sound after all steps, in order. Raises UsageError for a step that does not exist, or whose other sound nobody gives,
    PluginError, and what `materials` raises."""
    for step in _heard(steps):
        kind, values = kind_of(step), arguments(step)
        if kind.material:
            values["material"] = material(values.pop(_SOUND), sound, materials)
        start, end = values.pop("from", None), values.pop("to", None)
        if start is None and end is None:
            sound = kind.function(sound, **values)
        else:
            sound = _within(sound, kind, values, start or 0.0, end)
    return sound


def arguments(step: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a checked step, with the usual ones of those that are left out."""
    usual = {p.name: p.default for p in kind_of(step).parameters if p.default is not None}
    return usual | {key: value for key, value in step.items() if key not in ("do", *plugins.IDENTITY)}


def _heard(steps: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The steps that are not switched off. Raises UsageError, for those that are as well."""
    for values in map(check, steps):
        if not values.pop(OFF, False):
            yield values


def loop_of(
    steps: Sequence[Mapping[str, Any]], rate: int, frames: int, loop: tuple[int, int] | None = None
) -> tuple[int, int] | None:
    """First and last frame of the loop in the finished sound of that rate and length: the last that the steps marked, or the
    one it had before. None without one, or where a later step moved what it was about in time. Raises UsageError."""
    found = loop
    for step in _heard(steps):
        if step["do"] == "loop":
            found = loops.frames(step["start"], step["end"], rate, frames)
        elif not still([step]):
            found = None
    return found


def still(steps: Sequence[Mapping[str, Any]]) -> bool:
    """Whether everything in the sound is at the moment where it was before the steps. Raises UsageError."""
    for step in _heard(steps):
        kind = kind_of(step)
        keeps = kind.within or kind.group == "channels" or step["do"] == "loop"
        if step["do"] == "reverse" or kind.group == "time" or not keeps:
            return False
    return True


def transposition(steps: Sequence[Mapping[str, Any]]) -> float:
    """Semitones by which the steps moved the pitch of the whole sound. Raises UsageError."""
    moved = 0.0
    for step in _heard(steps):
        if step["do"] == "pitch" and "from" not in step and "to" not in step:
            moved += step.get("semitones", 0.0) + step.get("cents", 0.0) / 100
        elif step["do"] == "varispeed":
            moved += 12 * math.log2(step.get("speed", 1.0))
    return moved


def material(name: str, sound: Audio, materials: Materials | None) -> Sound:
    """The named sound at the rate of `sound`, with as many channels. Raises UsageError where nobody gives it."""
    if materials is None:
        raise UsageError(reason="An edit needs another sound that is not here")
    found = files.resample(materials(name), sound.rate)
    if found.channels == sound.channels:
        return found
    spread = np.repeat(found.mono()[None], sound.channels, axis=0)
    return replace(found, samples=np.ascontiguousarray(spread, np.float32))


def _within(sound: Sound, kind: Step, values: dict[str, Any], start: float, end: float | None) -> Sound:
    """The step on a stretch only, with a short way over at both ends where there is sound on the other side of them."""
    first, last = frames_of(sound, start, end)
    if last <= first:
        return sound
    if kind.rings:
        return _ringing(sound, kind, values, first, last)
    before: Samples = sound.samples[:, first:last]
    after = kind.function(replace(sound, samples=before.copy()), **values).samples
    head, tail = seams(sound, first, last)
    samples = sound.samples.copy()
    samples[:, first:last] = after
    samples[:, first : first + len(head)] = blend(before[:, : len(head)], after[:, : len(head)], head)
    if len(tail):
        samples[:, last - len(tail) : last] = blend(before[:, -len(tail) :], after[:, -len(tail) :], tail)
    return replace(sound, samples=samples)


def _ringing(sound: Sound, kind: Step, values: dict[str, Any], first: int, last: int) -> Sound:
    """The step on what is taken of a stretch; what becomes of it is added to the rest, also after the stretch."""
    share = taken(sound, first, last)
    after = kind.function(replace(sound, samples=sound.samples[:, first:last] * share), **values).samples
    end = first + after.shape[1]
    parts = [sound.samples[:, :first], ring(sound.samples[:, first:end], after, share), sound.samples[:, end:]]
    return replace(sound, samples=np.concatenate(parts, axis=1))


def taken(sound: Audio, first: int, last: int) -> Samples:
    """(last − first,): how much of each frame of a stretch goes through a step that rings on."""
    head, tail = seams(sound, first, last)
    share = np.ones(last - first, np.float32)
    share[: len(head)] = head
    share[len(share) - len(tail) :] = tail
    return share


def ring(before: Samples, after: Samples, share: Samples) -> Samples:
    """(C, n): what is left of `before`, which may be shorter, and what became of the rest."""
    left = np.pad(before, ((0, 0), (0, after.shape[1] - before.shape[1])))
    left[:, : len(share)] *= 1 - share
    return left + after


def frames_of(sound: Audio, start: float, end: float | None) -> tuple[int, int]:
    """The frames that `from` and `to` mean in this sound."""
    first = min(round(start * sound.rate), sound.frames)
    return first, sound.frames if end is None else min(max(round(end * sound.rate), first), sound.frames)


def seams(sound: Audio, first: int, last: int) -> tuple[Samples, Samples]:
    """The shares of what was changed at the first and at the last frames of a stretch; none where the sound ends there too."""
    seam = min(round(SEAM * sound.rate), (last - first) // 2)
    rise = np.asarray((np.arange(seam, dtype=np.float32) + 0.5) / max(1, seam), np.float32)
    return rise[: seam if first > 0 else 0], rise[: seam if last < sound.frames else 0][::-1]


def blend(before: Samples, after: Samples, share: Samples) -> Samples:
    return before + share * (after - before)


_WORD = re.compile(r'(?:[^\s"]|"[^"]*")+')
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))\s*([a-z]+|%)?", re.IGNORECASE)
_SCALES = {
    ("ms", "s"): 1e-3,
    ("s", "ms"): 1e3,
    ("khz", "hz"): 1e3,
    ("%", ""): 0.01,
    ("st", "semitones"): 1.0,
    ("bit", "bits"): 1.0,
}


def parse(text: str) -> dict[str, Any]:
    """A step from words: “fade-out 50ms”, “trim 0.1 1.2”, “normalise -1dB”, “gain -6 from=0.1 to=0.4”, “mix "my hat.wav" 0.5”.

    Raises UsageError.
    """
    name, *words = [word.replace('"', "") for word in _WORD.findall(text)][:40] or [""]
    values: dict[str, Any] = {"do": name}
    if name == plugins.DO:
        found = table.load().named(words.pop(0) if words else "")
        if found is None:
            raise UsageError(reason='Name a plug-in of your list: plugin "Room" size=0.4; `wavewright plugins` tells it')
        values |= plugins.identity(found)
    kind = kind_of(values)
    free = [*((Parameter(_SOUND),) if kind.material else ()), *kind.parameters]
    named = [*free, *(PLACE if kind.within else ())]
    for word in words:
        key, _, content = word.rpartition("=")
        parameter = next((p for p in (named if key else free) if (p.name == key or not key) and p.name not in values), None)
        if parameter is None:
            raise UsageError(reason=f"The edit {name} has nothing for “{word}”")
        as_text = parameter.choices or parameter.name == _SOUND
        values[parameter.name] = content if as_text else _number(name, parameter, content)
    return check(values | {p.name: p.begins for p in kind.parameters if p.begins and p.name not in values})


def _number(name: str, parameter: Parameter, text: str) -> float:
    match = _NUMBER.fullmatch(text)
    unit, own = (match[2] or "").lower() if match else "", parameter.unit.lower()
    if match is None or (unit and unit != own and (unit, own) not in _SCALES):
        raise UsageError(reason=f"“{text}” is no {parameter.name} in {parameter.unit or 'numbers'} for {name}")
    return float(match[1]) * _SCALES.get((unit, own), 1.0)
