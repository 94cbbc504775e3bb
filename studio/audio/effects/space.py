"""Delay, reverb, convolution and stereo width. What they add may ring on after the sound, for `tail` seconds."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.audio.blocks import Blocks, Feed, blockwise, sized, together
from studio.audio.effects.common import MIX, TAIL, TINY, hertz, made, mixed, rung, through
from studio.audio.effects.tone import HIGHEST, filtered
from studio.audio.sound import Samples, Sound
from studio.audio.step import Parameter, Step

_WET = 0.5
"""At this level the reverb of a click has about the energy of the click."""


@blockwise
def delay(
    sound: Feed,
    time: float = 350,
    feedback: float = 0.35,
    mix: float = 0.3,
    tone: float = 6000,
    bounce: str = "no",
    tail: float = 3,
) -> Blocks:
    """Echoes `time` apart (to the sample, which pedalboard's are not), each `feedback` times as loud as the one before and
    without its highs above `tone`. `bounce`: the first in the first channel, the next in the next."""
    apart = max(1, round(time * sound.rate / 1000))
    bouncing = bounce == "yes"
    fed: Iterable[Samples] = _longer(sound, tail)
    if bouncing:
        fed = (np.concatenate([block.mean(axis=0, keepdims=True), np.zeros_like(block[1:])]) for block in fed)
    return _ringing(sound, _echoes(fed, apart, feedback, min(tone / sound.rate, HIGHEST), bouncing), mix, tail)


_AT_ONCE = 1 << 16
"""Frames of echoes made in one go, where they are closer."""


def _echoes(fed: Iterable[Samples], apart: int, feedback: float, tone: float, bounce: bool) -> Blocks:
    """Echo k is `fed` at k − 1 and echo k − 1 once more, in pieces as long as an echo is apart."""
    from scipy.signal import lfilter

    k = np.exp(-2 * np.pi * tone)
    state: NDArray[np.float64] | None = None
    for block in sized(fed, apart * max(1, _AT_ONCE // apart)):
        if state is None:
            state = np.zeros((len(block), 1))
            heard = out = np.zeros((len(block), apart), np.float32)
        heard = np.concatenate([heard[:, -apart:], block], axis=1)
        out = np.concatenate([out[:, -apart:], np.zeros_like(block)], axis=1)
        for first in range(apart, heard.shape[1], apart):
            last = min(first + apart, heard.shape[1])
            before = slice(first - apart, last - apart)
            again, state = lfilter([1 - k], [1, -k], out[:, before], zi=state)
            state[np.abs(state) < TINY] = 0
            out[:, first:last] = heard[:, before] + feedback * (np.roll(again, 1, axis=0) if bounce else again)
        yield out[:, apart:]


@blockwise
def reverb(
    sound: Feed,
    size: float = 0.5,
    damping: float = 0.4,
    width: float = 1,
    predelay: float = 10,
    mix: float = 0.25,
    tail: float = 3,
) -> Blocks:
    """Freeverb by JUCE in pedalboard, on pairs of channels; one that is left over is its own partner, and as loud."""
    from pedalboard import Reverb

    late = np.zeros((sound.channels, round(predelay * sound.rate / 1000)), np.float32)

    def pair(first: int) -> Blocks:
        """Two channels, or the last one twice."""
        chosen = [first, min(first + 1, sound.channels - 1)]
        fed = (block[chosen] for block in chain([late], _longer(sound, tail)))
        return through(Reverb(size, damping, _WET, 0.0, width), fed, sound.rate)

    pairs = together(*(pair(first) for first in range(0, sound.channels, 2)))
    return _ringing(sound, (np.concatenate(found)[: sound.channels] for found in pairs), mix, tail)


@blockwise
def convolution(sound: Feed, material: Sound, mix: float = 0.3, tail: float = 3) -> Blocks:
    """Convolved with another sound, taken at the energy of a single full sample."""
    energy = np.sqrt(np.square(material.samples, dtype=np.float64).sum(axis=1).mean())
    answer = material.samples / energy if energy > TINY else np.zeros((sound.channels, 1))
    return _ringing(sound, _convolved(_longer(sound, tail), answer), mix, tail)


def _convolved(blocks: Iterable[Samples], answer: NDArray[Any]) -> Blocks:
    """Each block rings on into those after it."""
    from scipy.signal import oaconvolve

    over = np.zeros((len(answer), 0))
    for block in blocks:
        found = oaconvolve(block, answer, axes=1) if block.any() else np.zeros((len(block), block.shape[1]))
        longest = max(found.shape[1], over.shape[1])
        found = np.pad(found, ((0, 0), (0, longest - found.shape[1])))
        found[:, : over.shape[1]] += over
        yield found[:, : block.shape[1]]
        over = found[:, block.shape[1] :]


def _longer(sound: Feed, tail: float) -> Blocks:
    """The sound, and silence for as long as it may ring on."""
    left = round(tail * sound.rate) if sound.frames else 0
    silences = (np.zeros((sound.channels, min(sound.size, left - at)), np.float32) for at in range(0, left, sound.size))
    return chain(sound, silences)


def _ringing(sound: Feed, wet: Blocks, mix: float, tail: float) -> Blocks:
    return rung(sound.frames, mixed(_longer(sound, tail), wet, mix)) if mix else iter(sound)


@blockwise
def width(sound: Feed, width: float = 1.4, mono_below: float = 0) -> Blocks:
    """What distinguishes each channel from their mean (in stereo: the side) times `width`; below `mono_below` nothing does."""
    sides: Blocks = (block - _middle(block) for block in sound)
    if mono_below > 0:
        from scipy.signal import butter

        sides = filtered(sides, butter(2, min(mono_below, HIGHEST * sound.rate), "highpass", fs=sound.rate, output="sos"))
    return (made(_middle(block) + width * side) for block, side in together(sound, sides))


def _middle(block: Samples) -> NDArray[np.float64]:
    return block.mean(axis=0, keepdims=True, dtype=np.float64)


# ---- the table


def _mix(default: float) -> Parameter:
    return Parameter("mix", default=default, low=0, high=1, help=MIX.help)


STEPS: dict[str, Step] = {
    "delay": Step(
        "Echoes",
        delay,
        (
            Parameter("time", "ms", 350.0, 1, 5000, help="Time between echoes; 500 is a quarter note at 120 bpm", log=True),
            Parameter("feedback", default=0.35, low=0, high=0.95, help="How loud each echo is against the one before"),
            _mix(0.3),
            hertz("tone", 6000, "Echoes lose what lies above, again and again", 200),
            Parameter("bounce", default="no", choices=("no", "yes"), help="Ping-pong: echoes change sides"),
            TAIL,
        ),
        "space",
        within=True,
        rings=True,
    ),
    "reverb": Step(
        "Put it into a room",
        reverb,
        (
            Parameter("size", default=0.5, low=0, high=1, help="From a cupboard to a cathedral"),
            Parameter("damping", default=0.4, low=0, high=1, help="How much the walls swallow of the highs"),
            Parameter("width", default=1.0, low=0, high=1, help="From mono to wide"),
            Parameter("predelay", "ms", 10.0, 0, 500, help="Time before the room answers"),
            _mix(0.25),
            TAIL,
        ),
        "space",
        within=True,
        rings=True,
    ),
    "convolution": Step(
        "Let it sound in another sound: the recording of a room, a spring, a drum",
        convolution,
        (_mix(0.3), TAIL),
        "space",
        within=True,
        material=True,
        rings=True,
    ),
    "width": Step(
        "Wider or narrower in stereo",
        width,
        (
            Parameter("width", default=1.4, low=0, high=3, help="0 is mono, 1 as it is, 2 twice as wide"),
            Parameter("mono_below", "Hz", 0.0, 0, 1000, help="Keep the lows below this in the middle; 0 leaves them"),
        ),
        "space",
        within=True,
    ),
}
