"""What the tables of edits, effects and repairs are made of: a named step and its parameters. They meet in steps.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from studio.audio.sound import Sound

Group = Literal[
    "cut", "level", "shape", "join", "channels", "time",
    "tone", "dynamics", "space", "movement", "dirt", "repair", "plugins",
]  # fmt: skip
"""Where a menu lists a step."""


@dataclass(frozen=True)
class Parameter:
    """One number (or a choice) of a step. `default` None: it must be given, unless `optional`. `log`: a dial for it turns in
    equal ratios, as for frequencies. `label`: what it is called where that does not follow from its name."""

    name: str
    unit: str = ""
    default: float | str | None = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    begins: str | None = None
    """What a new step says where an old one, which says nothing, goes on meaning `default`."""
    optional: bool = False
    help: str = ""
    log: bool = False
    label: str = ""


@dataclass(frozen=True)
class Step:
    """A named edit: what it does in one sentence, its function, its parameters in the order a command line gives them.

    within: it keeps the length, so that it may be done to a stretch only (`from` and `to`, in seconds)
    rings: it may go on after the end; on a stretch, what rings on is mixed with what follows
    material: it needs a second sound, named by `sound`; the function gets it as the keyword `material`, at the same rate and
    with as many channels
    """

    sentence: str
    function: Callable[..., Sound]
    parameters: tuple[Parameter, ...] = ()
    group: Group = "shape"
    within: bool = False
    material: bool = False
    rings: bool = False
