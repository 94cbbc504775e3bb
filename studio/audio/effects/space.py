"""Delay, reverb, convolution and stereo width. What they add may ring on after the sound, for `tail` seconds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from studio.audio.effects.common import MIX, TAIL, TINY, hertz, made, mixed, rung, through
from studio.audio.effects.tone import HIGHEST, filtered
from studio.audio.sound import Samples, Sound
from studio.audio.step import Parameter, Step

_WET = 0.5
"""At this level the reverb of a click has about the energy of the click."""


def delay(
    sound: Sound,
    time: float = 350,
    feedback: float = 0.35,
    mix: float = 0.3,
    tone: float = 6000,
    bounce: str = "no",
    tail: float = 3,
) -> Sound:
    """Echoes `time` apart (to the sample, which pedalboard's are not), each `feedback` times as loud as the one before and
    without its highs above `tone`. `bounce`: the first in the first channel, the next in the next."""
    apart = max(1, round(time * sound.rate / 1000))
    total = sound.frames + round(tail * sound.rate)
    fed = np.pad(sound.samples, ((0, 0), (0, total - sound.frames)))
    if bounce == "yes":
        fed = np.concatenate([fed.mean(axis=0, keepdims=True), np.zeros_like(fed[1:])])
    return _ringing(sound, _echoes(fed, apart, feedback, min(tone / sound.rate, HIGHEST), bounce == "yes"), mix)


def _echoes(fed: Samples, apart: int, feedback: float, tone: float, bounce: bool) -> Samples:
    """(channels, frames): echo k is `fed` at k − 1 and echo k − 1 once more, in pieces as long as an echo is apart."""
    from scipy.signal import lfilter

    k = np.exp(-2 * np.pi * tone)
    state = np.zeros((len(fed), 1))
    out = np.zeros_like(fed)
    for first in range(apart, fed.shape[1], apart):
        last = min(first + apart, fed.shape[1])
        before = slice(first - apart, last - apart)
        again, state = lfilter([1 - k], [1, -k], out[:, before], zi=state)
        state[np.abs(state) < TINY] = 0
        out[:, first:last] = fed[:, before] + feedback * (np.roll(again, 1, axis=0) if bounce else again)
    return out


def reverb(
    sound: Sound,
    size: float = 0.5,
    damping: float = 0.4,
    width: float = 1,
    predelay: float = 10,
    mix: float = 0.25,
    tail: float = 3,
) -> Sound:
    """Freeverb by JUCE in pedalboard, on pairs of channels; one that is left over is its own partner, and as loud."""
    from pedalboard import Reverb

    late = round(predelay * sound.rate / 1000)
    total = sound.frames + round(tail * sound.rate)
    fed = np.pad(sound.samples, ((0, 0), (late, total)))[:, :total]
    fed = np.concatenate([fed, fed[-1:]])[: sound.channels + sound.channels % 2]
    pairs = [through(Reverb(size, damping, _WET, 0.0, width), fed[i : i + 2], sound.rate) for i in range(0, len(fed), 2)]
    return _ringing(sound, np.concatenate(pairs)[: sound.channels], mix)


def convolution(sound: Sound, material: Sound, mix: float = 0.3, tail: float = 3) -> Sound:
    """Convolved with another sound, taken at the energy of a single full sample."""
    from scipy.signal import oaconvolve

    energy = np.sqrt(np.square(material.samples, dtype=np.float64).sum(axis=1).mean())
    total = sound.frames + round(tail * sound.rate)
    wet = np.zeros((sound.channels, total))
    if sound.frames and energy > TINY:
        found = oaconvolve(sound.samples, material.samples / energy, axes=1)[:, :total]
        wet[:, : found.shape[1]] = found
    return _ringing(sound, wet, mix)


def _ringing(sound: Sound, wet: NDArray[np.floating], mix: float) -> Sound:
    return made(sound, rung(sound.frames, mixed(sound.samples, wet, mix), sound.rate)) if mix else sound


def width(sound: Sound, width: float = 1.4, mono_below: float = 0) -> Sound:
    """What distinguishes each channel from their mean (in stereo: the side) times `width`; below `mono_below` nothing does."""
    middle = sound.samples.mean(axis=0, keepdims=True, dtype=np.float64)
    side = sound.samples - middle
    if mono_below > 0:
        from scipy.signal import butter

        side = filtered(side, butter(2, min(mono_below, HIGHEST * sound.rate), "highpass", fs=sound.rate, output="sos"))
    return made(sound, middle + width * side)


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
