"""One parameter of a plug-in. To the plug-in it is a number from 0 to 1, and a text for each of them; to a person a value with
a unit, or a choice. `knob` finds that out from the texts, once, when the plug-in is looked at; a Knob then needs no plug-in.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence

import msgspec
import numpy as np

from studio.audio.step import Parameter

LOOKS = 129
"""At how many places from 0 to 1 the text of a parameter is asked for that moves evenly."""
MOST_CHOICES = 40
"""A parameter with more words than this is a number from 0 to 1."""
LARGEST = 1e9
"""A parameter with numbers beyond this is one from 0 to 1."""
LONGEST = 60
"""Characters of a name or a text that are kept."""

_NUMBER = re.compile(r"([+\-−]?(?:\d+\.?\d*|\.\d+)(?:e[+\-]?\d+)?)\s*(\D{0,12})", re.IGNORECASE)
_SCALES = {("khz", "hz"): 1e3, ("k", ""): 1e3, ("k", "hz"): 1e3, ("s", "ms"): 1e3, ("sec", "ms"): 1e3}
"""Units that are told of the larger values of a parameter, in those of the smaller."""
_LARGER = {larger for larger, _ in _SCALES}


class Asked(msgspec.Struct, frozen=True):
    """What a plug-in says of a parameter: its place, its name, its unit, where it stands, and its texts at equal distances."""

    index: int
    name: str
    unit: str
    default: float
    texts: tuple[str, ...]


class Knob(msgspec.Struct, frozen=True, omit_defaults=True):
    """A parameter as a dial needs it. raws: places from 0 to 1; values: what they mean there, rising or falling, or empty where
    each of the `choices` has a place of its own."""

    key: str
    name: str
    index: int
    default: float | str
    raws: tuple[float, ...]
    values: tuple[float, ...] = ()
    choices: tuple[str, ...] = ()
    unit: str = ""

    def raw(self, value: float | str) -> float:
        """Where the plug-in's own 0…1 stands for a value within the range."""
        if isinstance(value, str):
            return self.raws[self.choices.index(value)]
        order = slice(None) if self.values[-1] >= self.values[0] else slice(None, None, -1)
        return float(np.interp(value, self.values[order], self.raws[order]))

    def value(self, raw: float) -> float | str:
        """What a place from 0 to 1 means."""
        if self.choices:
            return self.choices[int(np.abs(np.asarray(self.raws) - raw).argmin())]
        low, high = min(self.values), max(self.values)
        value = float(np.interp(raw, self.raws, self.values))
        return min(max(round(value, 7 - math.ceil(math.log10(high - low))), low), high)

    @property
    def parameter(self) -> Parameter:
        """For steps and dials."""
        if self.choices:
            return Parameter(self.key, default=self.default, choices=self.choices, label=self.name)
        low, high = min(self.values), max(self.values)
        middle = float(np.interp(0.5, self.raws, self.values))
        ratios = low > 0 and high / low >= 10 and middle < (low + high + 2 * (low * high) ** 0.5) / 4
        return Parameter(self.key, self.unit, self.default, low, high, label=self.name, log=ratios)


def knob(asked: Asked, taken: Collection[str]) -> Knob | None:
    """A Knob of what the plug-in said, under a key that is not `taken`; None where there is nothing to turn."""
    name = clean(asked.name) or f"Parameter {asked.index + 1}"
    key = _key(name, taken)
    texts = [clean(text) for text in asked.texts]
    places = np.linspace(0, 1, len(texts))
    found = _numbers(texts, clean(asked.unit))
    if found is not None and len(texts) == 2 and tuple(found[0]) == (0.0, 1.0):
        texts, found = ["off", "on"], None
    if found is not None:
        values, unit = found
        raws, points = _points(places, values)
    else:
        words = dict.fromkeys(texts)
        if len(words) < 2:
            return None
        if len(words) <= MOST_CHOICES and all(words):
            where = tuple(float(places[[text == word for text in texts]].mean()) for word in words)
            made = Knob(key, name, asked.index, "", where, choices=tuple(words))
            return msgspec.structs.replace(made, default=made.value(asked.default))
        raws, points, unit = (0.0, 1.0), (0.0, 1.0), ""
    made = Knob(key, name, asked.index, 0.0, raws, points, unit=unit)
    return msgspec.structs.replace(made, default=made.value(min(max(asked.default, 0.0), 1.0)))


def _numbers(texts: Sequence[str], unit: str) -> tuple[np.ndarray, str] | None:
    """The numbers in the texts in one unit. The first and the last may be words (“−inf dB”, “Off”): they go on as those beside
    them do. None where there are other words, or where the numbers go up and down."""
    matches = [_NUMBER.fullmatch(text) for text in texts]
    if len(texts) < 2 or not all(matches[1:-1]):
        return None
    units = [(match[2] or unit).strip() for match in matches if match is not None]
    if not units:
        return None
    own = next((u for u in units if u.lower() not in _LARGER), units[0])
    scales = [1.0 if u == own else _SCALES.get((u.lower(), own.lower()), 0.0) for u in units]
    if not all(scales):
        return None
    known = iter(scales)
    values = [float(m[1].replace("−", "-")) * next(known) if m is not None else np.nan for m in matches]
    if len(values) >= 4:
        values[0] = 2 * values[1] - values[2] if np.isnan(values[0]) else values[0]
        values[-1] = 2 * values[-2] - values[-3] if np.isnan(values[-1]) else values[-1]
    found = np.array(values)
    steps = np.diff(found)
    moves = found[0] != found[-1] and ((steps >= 0).all() or (steps <= 0).all())  # never where one is no number
    return (found, own) if moves and np.abs(found).max() < LARGEST else None


def _points(places: np.ndarray, values: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The fewest places and values that say the same: where the text stays the same its middle, of a straight line the ends."""
    found = np.unique(values)
    if values[-1] < values[0]:
        found = found[::-1]
    raws = np.array([places[values == value].mean() for value in found])
    raws[0], raws[-1] = 0.0, 1.0
    line = found[0] + raws * (found[-1] - found[0])
    if np.abs(found - line).max() <= 1e-4 * abs(found[-1] - found[0]):
        raws, found = raws[[0, -1]], found[[0, -1]]
    return tuple(_short(r) for r in raws), tuple(_short(v) for v in found)


def _short(value: float) -> float:
    """Seven digits, as many as a plug-in keeps."""
    return float(f"{value:.7g}")


def clean(text: str) -> str:
    """What a plug-in says, as it can be shown."""
    return "".join(c for c in text if c.isprintable()).strip()[:LONGEST]


def _key(name: str, taken: Collection[str]) -> str:
    """“Cut-off (Hz)” → “cut_off_hz”, with a number behind where that is taken."""
    key = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "parameter"
    return next(k for k in (key, *(f"{key}_{n}" for n in range(2, len(taken) + 3))) if k not in taken)
