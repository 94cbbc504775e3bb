"""What several effects share: how a pedalboard plug-in is driven, dry against wet, and how a tail ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.audio.sound import Samples, Sound
from studio.audio.step import Parameter

LEAD = 0.1
"""Seconds of silence that a plug-in hears first: it glides to its settings in that time, and can tell channels from frames."""

TINY = 1e-20
"""What is smaller (−400 dB) becomes zero, so that no filter computes with denormal numbers, which are slow."""

MIX = Parameter("mix", default=0.5, low=0, high=1, help="Between the sound as it was (0) and the effect alone (1)")
TAIL = Parameter("tail", "s", 3.0, low=0, high=60, help="How long it may ring on after the sound; 0 keeps the length")


def hertz(name: str, default: float, help: str, low: float = 20, high: float = 20_000) -> Parameter:
    """A frequency: its dial turns in equal ratios."""
    return Parameter(name, "Hz", default, low, high, help=help, log=True)


def made(sound: Sound, samples: NDArray[Any]) -> Sound:
    """`sound` with other samples, (channels, frames) of any float type; what is far below hearing becomes silence."""
    samples = np.ascontiguousarray(samples, np.float32)
    return replace(sound, samples=np.where(np.abs(samples) < TINY, np.float32(0), samples))


def mixed(dry: Samples, wet: NDArray[Any], mix: float) -> NDArray[Any]:
    """Between dry and wet, (channels, frames) each; where the wet one is longer, the dry one is silent."""
    if mix == 0:
        return dry
    out = np.multiply(wet, mix, dtype=np.float32)
    out[:, : dry.shape[1]] += np.float32(1 - mix) * dry
    return out


def through(plugin: Any, samples: NDArray[Any], rate: int, lead: float = LEAD) -> Samples:
    """(channels, frames) as a new pedalboard plug-in plays them after `lead` seconds of silence; it keeps their time."""
    frames = round(lead * rate)
    led = np.pad(np.asarray(samples, np.float32), ((0, 0), (frames, 0)))
    out: Samples = plugin.process(led, rate)
    return out[:, frames:]


def decibels(level: NDArray[Any]) -> NDArray[np.float64]:
    """20·log10, with −400 dB for silence."""
    return 20 * np.log10(np.maximum(level, TINY, dtype=np.float64))


def rung(frames: int, samples: NDArray[Any], rate: int, audible: float = -90.0) -> NDArray[Any]:
    """(channels, ≥ frames) with the last fifth of what rings after `frames` faded out, and without what nobody hears at its end
    (dB below full scale)."""
    fade = (samples.shape[1] - frames) // 5
    samples[:, samples.shape[1] - fade :] *= (0.5 + 0.5 * np.cos(np.pi * (np.arange(fade) + 1) / max(1, fade))).astype(
        np.float32
    )
    heard = np.flatnonzero(np.abs(samples[:, frames:]).max(axis=0, initial=0) > 10 ** (audible / 20))
    return samples[:, : frames + (int(heard[-1]) + 1 if len(heard) else 0)]
