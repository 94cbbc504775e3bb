"""Compressor, limiter, gate and transients. All channels get the same gain, so that the picture between them stays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.audio.effects.common import MIX, decibels, made, mixed, through
from studio.audio.sound import Samples, Sound
from studio.audio.step import Parameter, Step

_ATTACK_SPAN, _SUSTAIN_SPAN = 6.0, 6.0
"""dB by which envelopes differ where a moment counts wholly as attack or as sustain."""


def _level(sound: Sound) -> Samples:
    """(frames,): the loudest channel at each frame."""
    return np.abs(sound.samples).max(axis=0, initial=0)


def compressor(
    sound: Sound,
    threshold: float = -18,
    ratio: float = 3,
    attack: float = 10,
    release: float = 120,
    makeup: float = 3,
    mix: float = 1,
) -> Sound:
    """pedalboard's compressor on the loudest channel, and what it did to that done to all."""
    from pedalboard import Compressor

    level = _level(sound)
    squeezed = through(Compressor(threshold, ratio, attack, release), level[None], sound.rate)[0]
    gain = np.divide(squeezed, level, out=np.ones_like(level), where=level > 1e-9)
    return made(sound, mixed(sound.samples, sound.samples * gain * 10 ** (makeup / 20), mix))


def limiter(sound: Sound, ceiling: float = -1, gain: float = 3, release: float = 100, true_peak: str = "no") -> Sound:
    """pedalboard's limiter with 5 ms of look-ahead. With `true_peak` it hears between the samples too."""
    from pedalboard import BrickwallLimiter

    driven = sound.samples * np.float32(10 ** (gain / 20))
    limited = through(BrickwallLimiter(ceiling, release, 5.0, true_peak == "yes"), driven, sound.rate)
    top = np.nextafter(np.float32(10 ** (ceiling / 20)), np.float32(0))
    return made(sound, np.clip(limited, -top, top))


def gate(
    sound: Sound, threshold: float = -45, depth: float = 40, attack: float = 1, hold: float = 30, release: float = 100
) -> Sound:
    """Lowers what comes more than `hold` after the last sample at the threshold, by `depth` within `release`. It opens `attack`
    before the next one, so that no front is lost."""
    frames = np.arange(sound.frames, dtype=np.float64)
    is_open = _level(sound) >= 10 ** (threshold / 20)
    last = np.maximum.accumulate(np.where(is_open, frames, -np.inf))
    coming = np.minimum.accumulate(np.where(is_open, frames, np.inf)[::-1])[::-1]
    ms = sound.rate / 1000
    closing = (frames - last - hold * ms) / max(1.0, release * ms)
    opening = (coming - frames) / max(1.0, attack * ms)
    return made(sound, sound.samples * _gain(-depth * np.clip(np.minimum(closing, opening), 0, 1)))


def transients(sound: Sound, attack: float = 6, sustain: float = 0) -> Sound:
    """Each moment's share of attack is how far the level is above a lazy average of itself; its share of sustain how far it has
    fallen from its last peak. Their gains are smoothed over a millisecond."""
    from scipy.ndimage import uniform_filter1d
    from scipy.signal import lfilter

    level = _level(sound)
    if not level.any():
        return sound
    floor = decibels(level.max()) - 80  # what is softer is no attack
    envelope = _falling(np.maximum(decibels(level), floor), 600 / sound.rate)
    k = np.exp(-1 / (0.015 * sound.rate))
    start = 10 ** (floor / 20)
    lazy = lfilter([1 - k], [1, -k], 10 ** (envelope / 20) - start) + start
    striking = np.clip((envelope - decibels(lazy)) / _ATTACK_SPAN, 0, 1)
    fading = np.clip((_falling(envelope, 20 / sound.rate) - envelope) / _SUSTAIN_SPAN, 0, 1)
    change = uniform_filter1d(attack * striking + sustain * fading, max(1, round(0.001 * sound.rate)), mode="nearest")
    return made(sound, sound.samples * _gain(change))


def _falling(level: NDArray[np.float64], per_frame: float) -> NDArray[np.float64]:
    """(frames,) in dB that rises at once with `level` and falls by no more than `per_frame`."""
    ramp = np.arange(len(level)) * per_frame
    return np.maximum.accumulate(level + ramp) - ramp


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
