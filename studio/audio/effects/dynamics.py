"""Compressor, limiter, gate and transients. All channels get the same gain, so that the picture between them stays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.audio.blocks import Blocks, Feed, around, blockwise, together
from studio.audio.effects.common import MIX, decibels, made, mixed, through
from studio.audio.sound import Samples
from studio.audio.step import Parameter, Step

_ATTACK_SPAN, _SUSTAIN_SPAN = 6.0, 6.0
"""dB by which envelopes differ where a moment counts wholly as attack or as sustain."""


def _level(block: Samples) -> Samples:
    """(1, frames): the loudest channel at each frame."""
    return np.abs(block).max(axis=0, initial=0, keepdims=True)


@blockwise
def compressor(
    sound: Feed,
    threshold: float = -18,
    ratio: float = 3,
    attack: float = 10,
    release: float = 120,
    makeup: float = 3,
    mix: float = 1,
) -> Blocks:
    """pedalboard's compressor on the loudest channel, and what it did to that done to all."""
    from pedalboard import Compressor

    def pressed() -> Blocks:
        plugin = Compressor(threshold, ratio, attack, release)
        for block, squeezed in together(sound, through(plugin, map(_level, sound), sound.rate)):
            level = _level(block)
            gain = np.divide(squeezed, level, out=np.ones_like(level), where=level > 1e-9)
            yield block * gain * 10 ** (makeup / 20)

    return mixed(sound, pressed(), mix)


@blockwise
def limiter(sound: Feed, ceiling: float = -1, gain: float = 3, release: float = 100, true_peak: str = "no") -> Blocks:
    """pedalboard's limiter with 5 ms of look-ahead. With `true_peak` it hears between the samples too."""
    from pedalboard import BrickwallLimiter

    driven = (block * np.float32(10 ** (gain / 20)) for block in sound)
    top = np.nextafter(np.float32(10 ** (ceiling / 20)), np.float32(0))
    for limited in through(BrickwallLimiter(ceiling, release, 5.0, true_peak == "yes"), driven, sound.rate):
        yield made(np.clip(limited, -top, top))


@blockwise
def gate(
    sound: Feed, threshold: float = -45, depth: float = 40, attack: float = 1, hold: float = 30, release: float = 100
) -> Blocks:
    """Lowers what comes more than `hold` after the last sample at the threshold, by `depth` within `release`. It opens `attack`
    before the next one, so that no front is lost."""
    ms = sound.rate / 1000
    before, early = -np.inf, max(1.0, attack * ms)
    first = 0  # frame of the sound where `inside` begins
    for piece, start, end in around(sound, 0, round(early) + 1):
        frames = np.arange(first, first + piece.shape[1] - start, dtype=np.float64)
        inside, count = piece[:, start:], end - start
        is_open = _level(inside)[0] >= 10 ** (threshold / 20)
        last = np.maximum.accumulate(np.where(is_open, frames, before))
        coming = np.minimum.accumulate(np.where(is_open, frames, np.inf)[::-1])[::-1]
        closing = (frames - last - hold * ms) / max(1.0, release * ms)
        opening = (coming - frames) / early
        shut = np.clip(np.minimum(closing, opening), 0, 1)[:count]
        yield made(inside[:, :count] * _gain(-depth * shut))
        first, before = first + count, last[count - 1]


@blockwise
def transients(sound: Feed, attack: float = 6, sustain: float = 0) -> Blocks:
    """Each moment's share of attack is how far the level is above a lazy average of itself; its share of sustain how far it has
    fallen from its last peak. Their gains are smoothed over a millisecond."""
    from scipy.ndimage import uniform_filter1d

    loudest = max((float(np.abs(block).max(initial=0)) for block in sound), default=0.0)
    if not loudest:
        yield from sound
        return
    width = max(1, round(0.001 * sound.rate))
    change = _wanted(map(_level, sound), sound.rate, float(decibels(np.array(loudest))) - 80, attack, sustain)
    smooth = (
        uniform_filter1d(piece, width, mode="nearest")[:, first:last] for piece, first, last in around(change, width, width)
    )
    for block, gain in together(sound, smooth):
        yield made(block * _gain(gain))


def _wanted(levels: Iterable[Samples], rate: int, floor: float, attack: float, sustain: float) -> Blocks:
    """(1, frames): dB that each moment is changed by, before that is smoothed. `floor`: dB; what is softer is no attack."""
    from scipy.signal import lfilter

    k = np.exp(-1 / (0.015 * rate))
    start, state = 10 ** (floor / 20), np.zeros((1, 1))
    raised = (np.maximum(decibels(level), floor) for level in levels)
    for envelope, lasting in _fallen(raised, 600 / rate, 20 / rate):
        lazy, state = lfilter([1 - k], [1, -k], 10 ** (envelope / 20) - start, zi=state)
        striking = np.clip((envelope - decibels(lazy + start)) / _ATTACK_SPAN, 0, 1)
        fading = np.clip((lasting - envelope) / _SUSTAIN_SPAN, 0, 1)
        yield attack * striking + sustain * fading


def _fallen(levels: Iterable[NDArray[Any]], *speeds: float) -> Iterator[list[NDArray[Any]]]:
    """(1, frames) in dB for each of the speeds, each following the one before: it rises at once and falls by no more than that
    a frame."""
    before = [-np.inf] * len(speeds)
    for level in levels:
        found = []
        for number, speed in enumerate(speeds):
            ramp = np.arange(1, level.shape[1] + 1) * speed
            level = np.maximum.accumulate(np.maximum(level + ramp, before[number]), axis=1) - ramp
            before[number] = level[0, -1]
            found.append(level)
        yield found


def _gain(db: NDArray[Any]) -> Samples:
    return (10 ** (db / 20)).astype(np.float32)


# ---- the table


def _threshold(default: float, help: str) -> Parameter:
    return Parameter("threshold", "dB", default, -80, 0, help=help)


def _ms(name: str, default: float, low: float, high: float, help: str) -> Parameter:
    return Parameter(name, "ms", default, low, high, help=help, log=low > 0)


STEPS: dict[str, Step] = {
    "compressor": Step(
        "Make loud moments softer, and all of it denser",
        compressor,
        (
            _threshold(-18.0, "What is louder is squeezed"),
            Parameter("ratio", default=3.0, low=1, high=20, help="3: of 3 dB above the threshold 1 is left", log=True),
            _ms("attack", 10.0, 0.1, 200, "How fast it takes hold; slow ones let the front of a hit through"),
            _ms("release", 120.0, 5, 2000, "How fast it lets go"),
            Parameter("makeup", "dB", 3.0, -24, 24, help="Louder again afterwards"),
            Parameter("mix", default=1.0, low=0, high=1, help=f"{MIX.help}: halfway it is parallel compression"),
        ),
        "dynamics",
        within=True,
    ),
    "limiter": Step(
        "Let nothing go above a ceiling",
        limiter,
        (
            Parameter("ceiling", "dB", -1.0, -40, 0, help="No sample comes out louder than this"),
            Parameter("gain", "dB", 3.0, -24, 36, help="How hard it is driven into the ceiling"),
            _ms("release", 100.0, 5, 2000, "How fast it lets go"),
            Parameter("true_peak", default="no", choices=("no", "yes"), help="Hear the peaks between the samples too"),
        ),
        "dynamics",
        within=True,
    ),
    "gate": Step(
        "Quieten what is soft",
        gate,
        (
            _threshold(-45.0, "What is softer is quietened"),
            Parameter("depth", "dB", 40.0, 0, 100, help="By how much"),
            _ms("attack", 1.0, 0.1, 100, "How fast it opens; it is open in time for every hit"),
            _ms("hold", 30.0, 0, 2000, "How long it stays open after the last loud moment"),
            _ms("release", 100.0, 1, 4000, "How fast it closes"),
        ),
        "dynamics",
        within=True,
    ),
    "transients": Step(
        "Sharpen or soften attacks, lengthen or dry out what follows",
        transients,
        (
            Parameter("attack", "dB", 6.0, -24, 24, help="Fronts of hits louder or softer"),
            Parameter("sustain", "dB", 0.0, -24, 24, help="What rings after them louder or softer"),
        ),
        "dynamics",
        within=True,
    ),
}
