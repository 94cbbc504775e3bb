"""A plug-in as a step: {"do": "plugin", "plugin": "VST3-1f2e", "name": "Room", "maker": "Somebody", "size": 0.4}.

The step says in words which plug-in it means, for those who don't have it. Its values are numbers and choices, and are checked
against what this person's list remembers of the plug-in; there is nothing else in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from studio.audio.effects.common import TAIL, made, rung
from studio.audio.plugins import hosts, table
from studio.audio.plugins.table import Plugin
from studio.audio.sound import Sound
from studio.audio.step import Step
from studio.errors import MissingPlugin, UsageError

DO = "plugin"
IDENTITY = ("plugin", "name", "maker")
"""Keys that say which plug-in it is."""
MOST, LONGEST = 4000, 120
"""Values of a step, and characters of each that is a text."""

_KEY = re.compile(r"[a-z0-9_]{1,80}")


def kind_of(step: Mapping[str, Any]) -> Step:
    """What the list says of the plug-in that a step names. One that is not there can be shown and left out like any other; to
    do it raises MissingPlugin."""
    plugin = table.find(str(step.get("plugin", "")))
    return _kind(plugin) if plugin is not None else _missing(str(step.get("name", "?")), str(step.get("maker", "?")))


def there(step: Mapping[str, Any]) -> bool:
    """Whether the plug-in of a step is on the list."""
    return table.find(str(step.get("plugin", ""))) is not None


def identity(plugin: Plugin) -> dict[str, str]:
    """How a step says which one it means."""
    return {"plugin": plugin.identifier, "name": plugin.name, "maker": plugin.maker}


def named(identifier: str) -> dict[str, str]:
    """The same of the one on the list; nothing for none."""
    plugin = table.find(identifier)
    return identity(plugin) if plugin is not None else {}


def asleep(steps: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Steps from elsewhere, with those that plug-ins do left out until this person lets them in."""
    return tuple({**step, "off": True} if step.get("do") == DO else dict(step) for step in steps)


def check(step: Mapping[str, Any]) -> None:
    """That it is a step of some plug-in, whether or not it is here. Raises UsageError."""
    if len(step) > MOST or not isinstance(step.get("plugin"), str):
        raise UsageError(reason="A step with a plug-in says which one, and holds its values")
    for key, value in step.items():
        text = isinstance(value, str) and len(value) <= LONGEST
        number = isinstance(value, int | float) and abs(value) < 1e15
        if not _KEY.fullmatch(key) or not (text if key in IDENTITY else text or number or value is None):
            raise UsageError(reason=f"A plug-in's “{key[:LONGEST]}” can't be {str(value)[:LONGEST]}")


_kinds: dict[str, tuple[Plugin, Step]] = {}


def _kind(plugin: Plugin) -> Step:
    known = _kinds.get(plugin.identifier)
    if known is None or known[0] is not plugin:
        known = _kinds[plugin.identifier] = (plugin, _made(plugin))
    return known[1]


def _made(plugin: Plugin) -> Step:
    def play(sound: Sound, tail: float = 3.0, **values: float | str) -> Sound:
        if not sound.frames:
            return sound
        rings = np.zeros((sound.channels, round(tail * sound.rate)), np.float32)
        out = hosts.play(plugin, np.concatenate([sound.samples, rings], axis=1), sound.rate, values)
        return replace(sound, samples=made(np.concatenate([*rung(sound.frames, [out])], axis=1)))

    sentence = f"{plugin.name} {plugin.version} by {plugin.maker}" if plugin.maker else f"{plugin.name} {plugin.version}"
    parameters = (*(knob.parameter for knob in plugin.knobs), TAIL)
    return Step(sentence, play, parameters, "plugins", within=True, rings=True)


def _missing(name: str, maker: str) -> Step:
    def refuse(sound: Sound, **_: object) -> Sound:
        raise MissingPlugin(name=name, maker=maker)

    sentence = MissingPlugin(name=name, maker=maker)
    return Step(f"{sentence.message} {sentence.advice}", refuse, (), "plugins", within=True, rings=True)
