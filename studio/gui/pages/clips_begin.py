"""A step as it begins when somebody adds it on the Clips page: every value is written, from the table and what is selected.

Values are written even where they are the usual ones, so that a recipe sounds the same should those ever change.
"""

from __future__ import annotations

from typing import Any

from studio.audio.plugins import step as plugins
from studio.audio.step import Parameter
from studio.audio.steps import STEPS, kind_of

Span = tuple[float, float]


def needs_stretch(do: str) -> bool:
    """Whether the step works between two moments, so that something has to be selected."""
    parameters = STEPS[do].parameters if do in STEPS else ()
    return "start" in {p.name for p in parameters if p.default is None and not p.optional}


def begun(do: str, seconds: float, selection: Span | None, cursor: float, plugin: str = "") -> dict[str, Any]:
    """The step for a sound of `seconds` of which `selection` is selected, the hand being at `cursor`; its other sound, where
    it needs one, is left out. `plugin`: the identifier of the one that does it."""
    step: dict[str, Any] = {"do": do, **plugins.named(plugin)}
    kind = kind_of(step)
    start, end = selection or (cursor, seconds)
    placed = {"at": start}
    if selection is not None:  # what is selected is the stretch, or shows the step what to learn from
        placed |= {"start": start, "end": end, "noise_from": start, "noise_to": end}
    for parameter in kind.parameters:
        if parameter.name in placed and parameter.unit == "s":
            step[parameter.name] = round(placed[parameter.name], 6)
        elif parameter.default is not None:
            step[parameter.name] = parameter.begins or parameter.default
        elif not parameter.optional:
            step[parameter.name] = _neutral(parameter)
    if kind.within and selection is not None:
        step |= {"from": round(start, 6), "to": round(end, 6)}
    return step


def _neutral(parameter: Parameter) -> float | str:
    """A value for a parameter that has no usual one: nothing, or as little as it allows."""
    if parameter.choices:
        return parameter.choices[0]
    low = parameter.low if parameter.low is not None else 0.0
    high = parameter.high if parameter.high is not None else max(low, 0.0)
    return min(max(0.0, low), high)
