"""What a search may change: for each setting the values it tries. Pure; for window and search alike.

A field says at its declaration between which values it is worth trying (`setting(..., search=…)`); a person may name others,
or other ends. What a search never changes is what the model hears, because then its distances could not be compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from studio.errors import BadConfig
from studio.fields import Field

LOGARITHMIC = 4.0
"""Ends that are at least this many times apart are tried evenly by ratio."""

AROUND = 3.0
"""A number that was named without ends is tried from this part of its usual value to this multiple."""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One setting and what is tried of it: whole or real numbers from `low` to `high`, or `choices`.

    usual: its value before the search, always among those tried; plan: it is the trainer's, not the family's
    """

    name: str
    kind: str
    usual: Any
    low: float = 0.0
    high: float = 0.0
    choices: tuple[Any, ...] = ()
    plan: bool = False

    @property
    def log(self) -> bool:
        return self.low > 0 and self.high >= LOGARITHMIC * self.low

    def tidy(self, value: Any) -> Any:
        """A number that was drawn as one would write it down: three digits."""
        return min(max(float(f"{value:.3g}"), self.low), self.high) if self.kind == "float" else value


def offered(fields: Iterable[Field], usual: Mapping[str, Any], plan: bool = False) -> tuple[Span, ...]:
    """The settings that say by themselves that they are worth trying."""
    return tuple(_span(field, usual[field.name], field.search, plan) for field in fields if field.search)


def named(words: Iterable[str], ours: Mapping[str, Span], fields: Iterable[tuple[Field, Any, bool]]) -> tuple[Span, ...]:
    """Settings as a person names them: "rate", "batch=4:32", "decoder=pqmf,istft".

    ours: those offered, by name; fields: every field there is with its usual value, and whether it is the trainer's.
    Raises BadConfig on a name that nobody knows and on values the field does not allow.
    """
    known = {field.name: (field, usual, plan) for field, usual, plan in fields}
    found: dict[str, Span] = {}
    for word in words:
        name, _, values = word.partition("=")
        name = name.strip().replace("-", "_")
        if name not in known:
            raise BadConfig(name=name, reason=f"there is no such setting; known are {', '.join(known)}")
        field, usual, plan = known[name]
        if not values and name in ours:
            found[name] = ours[name]
        else:
            found[name] = _span(field, usual, _ends(field, values) if values else True, plan)
    return tuple(found.values())


def comparable(spans: Iterable[Span], material: Callable[[dict[str, Any]], Any]) -> None:
    """Raises BadConfig on a setting that changes what the model hears. `material` of changes of the family's config."""
    before = material({})
    for span in spans:
        ends = span.choices or (_number(span, span.low), _number(span, span.high))
        if not span.plan and any(material({span.name: value}) != before for value in ends):
            raise BadConfig(name=span.name, reason="it changes what the model hears, so its results could not be compared")


def _span(field: Field, usual: Any, search: tuple[Any, ...] | bool, plan: bool) -> Span:
    """Raises BadConfig where there is nothing to try."""
    if field.kind in ("bool", "choice"):
        every = field.choices or (False, True)
        choices = every if isinstance(search, bool) else tuple(dict.fromkeys((usual, *search)))
        if not set(choices) <= set(every):
            raise BadConfig(name=field.name, reason=f"its choices are {', '.join(map(str, every))}")
        return Span(name=field.name, kind="choice", usual=usual, choices=choices, plan=plan)
    if field.kind not in ("int", "float") or usual is None:
        raise BadConfig(name=field.name, reason="there is nothing to try of it")
    if isinstance(search, bool):
        search = (usual / AROUND, usual * AROUND)
        search = (max(search[0], _low(field)), min(search[1], _high(field)))
    low, high = min(usual, *search), max(usual, *search)
    if not _low(field) <= low <= high <= _high(field):
        raise BadConfig(name=field.name, reason=f"it can be from {field.low:g} to {field.high:g}")
    if low == high:
        raise BadConfig(name=field.name, reason="there is only one value to try")
    if field.kind == "int":
        low, high = math.floor(low), math.ceil(high)
    return Span(name=field.name, kind=field.kind, usual=usual, low=low, high=high, plan=plan)


def _ends(field: Field, text: str) -> tuple[Any, ...]:
    """ "4:32" → (4, 32); "pqmf,istft" → both. Raises BadConfig."""
    if field.kind in ("bool", "choice"):
        words = [word.strip() for word in text.split(",")]
        return tuple(word in ("on", "true", "yes") for word in words) if field.kind == "bool" else tuple(words)
    try:
        low, high = (float(part) for part in text.split(":"))
    except ValueError:
        raise BadConfig(name=field.name, reason=f"“{text}” is not LOW:HIGH") from None
    return (int(low), int(high)) if field.kind == "int" else (low, high)


def _low(field: Field) -> float:
    return -math.inf if field.low is None else field.low


def _high(field: Field) -> float:
    return math.inf if field.high is None else field.high


def _number(span: Span, value: float) -> float | int:
    return int(value) if span.kind == "int" else value
