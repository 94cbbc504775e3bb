"""What several effects share: how a pedalboard plug-in is driven, dry against wet, and how a tail ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.audio.blocks import Blocks, together
from studio.audio.sound import Samples
from studio.audio.step import Parameter

LEAD = 0.1
"""Seconds of silence that a plug-in hears first: it glides to its settings in that time, and can tell channels from frames."""

TINY = 1e-20
"""What is smaller (−400 dB) becomes zero, so that no filter computes with denormal numbers, which are slow."""

_AT_ONCE = 8192
"""Frames that a plug-in is given at least, and takes at once: given more than ever before, it would begin anew."""

MIX = Parameter("mix", default=0.5, low=0, high=1, help="Between the sound as it was (0) and the effect alone (1)")
TAIL = Parameter("tail", "s", 3.0, low=0, high=60, help="How long it may ring on after the sound; 0 keeps the length")


def hertz(name: str, default: float, help: str, low: float = 20, high: float = 20_000) -> Parameter:
    """A frequency: its dial turns in equal ratios."""
    return Parameter(name, "Hz", default, low, high, help=help, log=True)


def made(samples: NDArray[Any]) -> Samples:
    """(channels, frames) of any float type as samples; what is far below hearing becomes silence."""
    samples = np.ascontiguousarray(samples, np.float32)
    return np.where(np.abs(samples) < TINY, np.float32(0), samples)


def mixed(dry: Iterable[Samples], wet: Iterable[NDArray[Any]], mix: float) -> Iterator[Samples]:
    """Between dry and wet, which are of the same length."""
    if mix == 0:
        yield from dry
        return
    for plain, changed in together(dry, wet):
        out = np.multiply(changed, mix, dtype=np.float32)
        out += np.float32(1 - mix) * plain
        yield made(out)


def through(plugin: Any, blocks: Iterable[NDArray[Any]], rate: int, lead: float = LEAD) -> Iterator[Samples]:
    """The blocks as a new pedalboard plug-in plays them after `lead` seconds of silence; it keeps their time."""
    skipped = round(lead * rate)
    owed = 0

    def heard(samples: NDArray[Any]) -> Samples:
        nonlocal skipped, owed
        out: Samples = plugin.process(np.asarray(samples, np.float32), rate, _AT_ONCE, reset=False)
        found = out[:, skipped : skipped + owed]
        skipped, owed = max(0, skipped - out.shape[1]), owed - found.shape[1]
        return found

    rest: NDArray[Any] | None = None
    for block in blocks:
        owed += block.shape[1]
        rest = np.pad(block, ((0, 0), (skipped, 0))) if rest is None else np.concatenate([rest, block], axis=1)
        if rest.shape[1] >= _AT_ONCE:
            yield heard(rest)
            rest = rest[:, :0]
    while rest is not None and owed:  # it may look ahead: what it still holds comes out after it
        yield heard(np.pad(rest, ((0, 0), (0, _AT_ONCE))))
        rest = rest[:, :0]


def decibels(level: NDArray[Any]) -> NDArray[np.float64]:
    """20·log10, with −400 dB for silence."""
    return 20 * np.log10(np.maximum(level, TINY, dtype=np.float64))


def rung(frames: int, blocks: Iterable[Samples], audible: float = -90.0) -> Blocks:
    """The blocks with the last fifth of what rings after `frames` faded out, and without what nobody hears at its end (dB below
    full scale). What rings is kept until all of it is there."""
    kept: list[Samples] = []
    for block in blocks:
        now, later = block[:, :frames], block[:, frames:]
        frames -= now.shape[1]
        if now.shape[1]:
            yield now
        if later.shape[1]:
            kept.append(later)
    tail = np.concatenate(kept, axis=1) if kept else np.zeros((0, 0), np.float32)
    fade = tail.shape[1] // 5
    tail[:, tail.shape[1] - fade :] *= (0.5 + 0.5 * np.cos(np.pi * (np.arange(fade) + 1) / max(1, fade))).astype(np.float32)
    heard = np.flatnonzero(np.abs(tail).max(axis=0, initial=0) > 10 ** (audible / 20))
    if len(heard):
        yield made(tail[:, : int(heard[-1]) + 1])
