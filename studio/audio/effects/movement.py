"""Chorus, phaser and tremolo: what a slow wave moves. `spread` has the wave come later in each further channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from studio.audio.blocks import Blocks, Feed, blockwise, together
from studio.audio.effects.common import LEAD, MIX, hertz, made, through
from studio.audio.step import Parameter, Step

SHAPES: tuple[str, ...] = ("sine", "triangle", "square")


def _spread(sound: Feed, plugin: Callable[[], Any], rate: float, spread: float) -> Blocks:
    """Each channel through a plug-in of its own whose wave began earlier: it hears more silence first."""
    lead = [LEAD + spread / 2 * channel % 1 / rate for channel in range(sound.channels)]
    channels = (through(plugin(), _only(sound, channel), sound.rate, s) for channel, s in enumerate(lead))
    return (made(np.concatenate(parts)) for parts in together(*channels))


def _only(sound: Feed, channel: int) -> Blocks:
    return (block[channel : channel + 1] for block in sound)


@blockwise
def chorus(
    sound: Feed,
    rate: float = 0.8,
    depth: float = 0.25,
    delay: float = 8,
    feedback: float = 0,
    mix: float = 0.5,
    spread: float = 0.5,
) -> Blocks:
    """JUCE's chorus in pedalboard: a copy whose delay goes up and down."""
    from pedalboard import Chorus

    return _spread(sound, lambda: Chorus(rate, depth, delay, feedback, mix), rate, spread)


@blockwise
def phaser(
    sound: Feed,
    rate: float = 0.4,
    depth: float = 0.5,
    hz: float = 900,
    feedback: float = 0.3,
    mix: float = 0.5,
    spread: float = 0.5,
) -> Blocks:
    """JUCE's phaser in pedalboard: six all-pass filters that wander around `hz`."""
    from pedalboard import Phaser

    return _spread(sound, lambda: Phaser(rate, depth, min(hz, 0.4 * sound.rate), feedback, mix), rate, spread)


@blockwise
def tremolo(sound: Feed, rate: float = 5, depth: float = 0.5, shape: str = "sine", spread: float = 0) -> Blocks:
    """Loudness that goes from 1 down to 1 − depth and back, `rate` times a second, beginning loud."""
    for first, block in sound.placed():
        seconds = np.arange(first, first + block.shape[1]) / sound.rate
        turns = seconds * rate + spread / 2 * np.arange(sound.channels)[:, None]
        yield made(block * (1 - depth * _wave(turns % 1, shape, rate)))


def _wave(turn: np.ndarray, shape: str, rate: float) -> np.ndarray:
    """0 at turn 0, 1 at turn ½, back at 1. The square one takes a millisecond for its edges."""
    if shape == "sine":
        return 0.5 - 0.5 * np.cos(2 * np.pi * turn)
    triangle = 1 - np.abs(2 * turn - 1)
    if shape == "triangle":
        return triangle
    return np.clip((triangle - 0.5) / max(0.002 * rate, 1e-9) + 0.5, 0, 1)


# ---- the table


def _rate(default: float, high: float) -> Parameter:
    return Parameter("rate", "Hz", default, 0.05, high, help="How often it goes up and down in a second", log=True)


def _share(name: str, default: float, help: str, low: float = 0, high: float = 1) -> Parameter:
    return Parameter(name, "", default, low, high, help=help)


_FEEDBACK = "How much of the result goes in again: more is more metallic"
_SPREAD = _share("spread", 0.5, "How far apart the channels move: 0 together, 1 against each other")
_MIX = _share("mix", 0.5, MIX.help)

STEPS: dict[str, Step] = {
    "chorus": Step(
        "As if several played it",
        chorus,
        (
            _rate(0.8, 20),
            _share("depth", 0.25, "How far the copy goes out of tune"),
            Parameter("delay", "ms", 8.0, 1, 50, help="How late the copy is; 1 to 3 is a flanger", log=True),
            _share("feedback", 0.0, _FEEDBACK, -0.9, 0.9),
            _MIX,
            _SPREAD,
        ),
        "movement",
        within=True,
    ),
    "phaser": Step(
        "Notches that wander through the spectrum",
        phaser,
        (
            _rate(0.4, 20),
            _share("depth", 0.5, "How far they wander"),
            hertz("hz", 900, "Around where", 50, 12_000),
            _share("feedback", 0.3, _FEEDBACK, -0.9, 0.9),
            _MIX,
            _SPREAD,
        ),
        "movement",
        within=True,
    ),
    "tremolo": Step(
        "Loudness that goes up and down",
        tremolo,
        (
            _rate(5.0, 50),
            _share("depth", 0.5, "1 goes down to silence"),
            Parameter("shape", default="sine", choices=SHAPES, help="How it moves; the square one chops"),
            _share("spread", 0.0, "0 all channels together, 1 from side to side"),
        ),
        "movement",
        within=True,
    ),
}
