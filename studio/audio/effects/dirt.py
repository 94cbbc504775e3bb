"""Distortion, saturation and bit-crush. Waves are bent at four times the rate, so that no false tones come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.audio.blocks import Blocks, Feed, around, blockwise
from studio.audio.effects.common import MIX, hertz, made, mixed
from studio.audio.effects.tone import HIGHEST, band, filtered, without_highs
from studio.audio.step import Parameter, Step

Curve = Callable[[NDArray[Any]], NDArray[Any]]

FINER = 4
"""How many times the rate is raised while the wave is bent."""
_REACH = 32
"""Frames on either side that the two filters for it hear; they are 20 long."""


def _tube(x: NDArray[Any]) -> NDArray[Any]:
    """Bends one side earlier than the other: even harmonics."""
    return np.where(x < 0, np.tanh(x), np.tanh(0.5 * x) * 1.5 + np.tanh(1.5 * x) / 6)


CURVES: dict[str, Curve] = {
    "soft": np.tanh,
    "tube": _tube,
    "hard": lambda x: np.clip(x, -1, 1),
    "fold": np.sin,
}
"""Each is about x for small x and stays within about 1.7."""


def _bent(blocks: Iterable[NDArray[Any]], curve: Curve) -> Blocks:
    """Bent at a finer rate; the filters for it are symmetric and keep the time."""
    from scipy.signal import resample_poly

    for piece, first, last in around(blocks, _REACH, _REACH):
        fine = curve(resample_poly(piece, FINER, 1, axis=1))
        yield resample_poly(fine, 1, FINER, axis=1)[:, first:last]


@blockwise
def distortion(
    sound: Feed, drive: float = 18, curve: str = "soft", tone: float = 8000, level: float = -9, mix: float = 1
) -> Blocks:
    """`drive` dB into a curve; what it brings of DC goes, and the highs above `tone`."""
    bent = _bent((block * np.float32(10 ** (drive / 20)) for block in sound), CURVES[curve])
    if curve == "tube":
        from scipy.signal import butter

        bent = filtered(bent, butter(1, min(10 / sound.rate, HIGHEST), "highpass", fs=1, output="sos"))
    wet = without_highs(map(made, bent), sound.rate, tone)
    return mixed(sound, (block * np.float32(10 ** (level / 20)) for block in wet), mix)


@blockwise
def saturation(sound: Feed, drive: float = 9, warmth: float = 3, mix: float = 1) -> Blocks:
    """Loud moments are rounded off and soft ones stay. `warmth`: dB by which the highs are raised before and lowered after, so
    that they are rounded off first, as tape does."""
    gain = np.float32(10 ** (drive / 20))
    tilts = [[band("high", sound.rate, 3000, db)] for db in (warmth, -warmth)]
    bent = _bent((made(block) * gain for block in filtered(sound, tilts[0])), np.tanh)
    return mixed(sound, filtered((block / gain for block in bent), tilts[1]), mix)


@blockwise
def bit_crush(sound: Feed, bits: float = 8, rate: float = 12_000, mix: float = 1) -> Blocks:
    """2 ** bits levels within ±1, and each sample held until the next one of a lower rate, without any filter, as old samplers
    did."""
    steps = 2 ** (bits - 1)
    return mixed(sound, (np.round(block * steps) / steps for block in _held(sound, rate)), mix)


def _held(sound: Feed, rate: float) -> Blocks:
    """Each sample held until the next one of a lower rate."""
    back = int(sound.rate / rate) + 2
    for first, block in sound.placed():
        if rate < sound.rate:
            frames = np.arange(first, first + block.shape[1])
            starts = np.ceil(np.floor(frames * (rate / sound.rate)) * (sound.rate / rate)).astype(np.int64)
            begin = max(0, first - back)
            block = sound.read(begin, first + block.shape[1] - begin)[:, np.minimum(starts, frames) - begin]
        yield block


# ---- the table

_MIX = Parameter("mix", default=1.0, low=0, high=1, help=MIX.help)

STEPS: dict[str, Step] = {
    "distortion": Step(
        "Overdrive",
        distortion,
        (
            Parameter("drive", "dB", 18.0, 0, 60, help="How hard it is driven"),
            Parameter("curve", default="soft", choices=tuple(CURVES), help="How it bends: soft, warm, broken, or folded over"),
            hertz("tone", 8000, "Takes away the highs above", 200),
            Parameter("level", "dB", -9.0, -40, 12, help="How loud it comes out"),
            _MIX,
        ),
        "dirt",
        within=True,
    ),
    "saturation": Step(
        "Round off what is loud, as tape does",
        saturation,
        (
            Parameter("drive", "dB", 9.0, 0, 36, help="How much is rounded off"),
            Parameter("warmth", "dB", 3.0, 0, 12, help="How much sooner the highs are"),
            _MIX,
        ),
        "dirt",
        within=True,
    ),
    "bit-crush": Step(
        "Fewer bits and a lower rate, as in old samplers",
        bit_crush,
        (
            Parameter("bits", "bits", 8.0, 1, 24, help="How fine the levels are; 12 is a vintage sampler, 4 a toy"),
            Parameter("rate", "Hz", 12_000.0, 200, 192_000, help="How often a sample is taken; lower rings more", log=True),
            _MIX,
        ),
        "dirt",
        within=True,
    ),
}
