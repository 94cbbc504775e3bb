"""Steps that came with a sound, done again as far as they can be. Explore opens recipes with this, Clips what is dropped on it.

Nothing in such steps is trusted: they may be of a newer version, of another project, or made up. One that can't be done is
left out and named; the others are done as they are, in their order. One that would make far too much of a sound ends it all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.audio.sound import Sound
from studio.audio.steps import Materials, apply
from studio.errors import StudioError

MOST = 1000
"""Steps."""
LONGEST = 600.0
"""Seconds that steps may make of a shorter sound."""


@dataclass(frozen=True, eq=False)
class Redone:
    """The sound after `steps`; left: name and reason of each step that could not be done."""

    sound: Sound
    steps: tuple[dict[str, Any], ...]
    left: tuple[tuple[str, str], ...] = ()


def redo(sound: Sound, steps: Sequence[Mapping[str, Any]], materials: Materials | None = None) -> Redone:
    """The same samples as `apply` where every step can be done. Raises nothing but what Python itself is out of."""
    done: list[dict[str, Any]] = []
    left: list[tuple[str, str]] = []
    longest = max(LONGEST, sound.seconds)
    for step in steps[:MOST]:
        try:
            after = apply(sound, [step], materials)
        except StudioError as error:
            left.append((_name(step), error.message))
        except (ArithmeticError, MemoryError, TypeError, ValueError) as error:
            left.append((_name(step), f"It can't be done ({error})."))
        else:
            if after.seconds > longest:
                left.append((_name(step), f"It would make {after.seconds / 60:.0f} minutes of it; the rest is not done."))
                break
            sound = after
            done.append(dict(step))
    if len(steps) > MOST:
        left.append(("…", f"There are {len(steps)} steps; {MOST} were done."))
    return Redone(sound, tuple(done), tuple(left))


def _name(step: Mapping[str, Any]) -> str:
    return str(step.get("do", ""))[:40] or "?"
