"""Playing on keys, without any keys: which computer key is which note, and what a note's velocity does to the sound.

Used by Explore's keyboard. Notes are MIDI numbers, velocities 1 to 127.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

LAYERS = 4
"""Steps of velocity that sound different where velocity moves the sound: each is made once and kept."""
OFFSETS = (-1.0, -0.5, 0.0, 0.5)
"""Share of the amount by which each layer is moved: the third, medium strong, is the sound itself."""
STEADY = 88
"""Velocity of keys that feel none: in the layer of the sound itself."""
ROOM = 0.7
"""Gain of the strongest note: a chord needs room below full scale."""
CURVE = 1.5
"""Exponent from velocity to gain: half as strong is 9 dB softer."""

LOWER = {key: offset for offset, key in enumerate("ZSXDCVGBHNJM")}
UPPER = {key: 12 + offset for offset, key in enumerate("Q2W3ER5T6Y7UI9O0P")}
LETTERS: Mapping[str, int] = {**LOWER, **UPPER}
"""Semitones above the lower row's C, by what an English keyboard has printed on the key."""
_POSITIONS = {  # evdev's codes, which are also the PC's scan codes
    **dict(zip("1234567890", range(2, 12))),
    **dict(zip("QWERTYUIOP", range(16, 26))),
    **dict(zip("ASDFGHJKL", range(30, 39))),
    **dict(zip("ZXCVBNM", range(44, 51))),
}
_MAC = {  # macOS's virtual codes, which are positions too
    **dict(zip("ZSXDCVGBHNJM", (6, 1, 7, 2, 8, 9, 5, 11, 4, 45, 38, 46))),
    **dict(zip("Q2W3ER5T6Y7UI9O0P", (12, 19, 13, 20, 14, 15, 23, 17, 22, 16, 26, 32, 34, 25, 31, 29, 35))),
}
System = Literal["x11", "windows", "mac"]
SYSTEMS: Mapping[str, System] = {"xcb": "x11", "wayland": "x11", "windows": "windows", "cocoa": "mac"}
"""Qt's platforms whose key positions are known."""


def _places(system: System) -> dict[int, int]:
    codes = _MAC if system == "mac" else {key: code + (8 if system == "x11" else 0) for key, code in _POSITIONS.items()}
    return {codes[key]: offset for key, offset in LETTERS.items()}


PLACES: Mapping[System, Mapping[int, int]] = {"x11": _places("x11"), "windows": _places("windows"), "mac": _places("mac")}
"""Semitones above the lower row's C, by the native code of the key's position, whatever is printed on it."""


def offset_of(system: System | None, code: int, letter: str) -> int | None:
    """Semitones above the lower row's C for a key, by position where the system tells it, else by its letter; None for a key
    that is no note."""
    if system is not None and code > 1:
        return PLACES[system].get(code)
    return LETTERS.get(letter.upper())


@dataclass(frozen=True)
class Touch:
    """What velocity does. "none": nothing, "loudness": softer and louder; "axis" moves the sound by up to `amount` σ along
    axis number `axis` besides, "model" asks the model for that velocity."""

    kind: Literal["none", "loudness", "axis", "model"] = "loudness"
    axis: int = 0
    amount: float = 1.0

    @property
    def layered(self) -> bool:
        return self.kind in ("axis", "model")

    def layer(self, velocity: float) -> int:
        return layer_of(velocity) if self.layered else 0

    def gain(self, velocity: float) -> float:
        """Linear gain of a note; a model that was asked for a velocity has made the loudness itself."""
        return ROOM * (min(max(velocity, 1), 127) / 127) ** CURVE if self.kind in ("loudness", "axis") else ROOM


OWN = OFFSETS.index(0.0)
"""The layer that is the sound itself."""


def layer_of(velocity: float) -> int:
    return min(max(int(velocity * LAYERS / 128), 0), LAYERS - 1)


def velocity_of(layer: int) -> float:
    """The middle of a layer, for a model that takes a velocity."""
    return (layer + 0.5) * 128 / LAYERS
