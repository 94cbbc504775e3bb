"""Distortion, saturation and bit-crush. Waves are bent at four times the rate, so that no false tones come of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.audio.effects.common import MIX, hertz, made, mixed
from studio.audio.effects.tone import HIGHEST, band, filtered, low_pass
from studio.audio.sound import Sound
from studio.audio.step import Parameter, Step

Curve = Callable[[NDArray[Any]], NDArray[Any]]

FINER = 4
"""How many times the rate is raised while the wave is bent."""


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


def _bent(samples: NDArray[Any], curve: Curve) -> NDArray[Any]:
    """(channels, frames) bent at a finer rate; the filters for it are symmetric and keep the time."""
    from scipy.signal import resample_poly

    if not samples.size:
        return samples
    fine = curve(resample_poly(samples, FINER, 1, axis=1))
    return resample_poly(fine, 1, FINER, axis=1)[:, : samples.shape[1]]


def distortion(
    sound: Sound, drive: float = 18, curve: str = "soft", tone: float = 8000, level: float = -9, mix: float = 1
) -> Sound:
    """`drive` dB into a curve; what it brings of DC goes, and the highs above `tone`."""
    bent = _bent(sound.samples * np.float32(10 ** (drive / 20)), CURVES[curve])
    if curve == "tube" and bent.size:
        from scipy.signal import butter

        bent = filtered(bent, butter(1, min(10 / sound.rate, HIGHEST), "highpass", fs=1, output="sos"))
    wet = low_pass(made(sound, bent), tone).samples
    return made(sound, mixed(sound.samples, wet * np.float32(10 ** (level / 20)), mix))


def saturation(sound: Sound, drive: float = 9, warmth: float = 3, mix: float = 1) -> Sound:
    """Loud moments are rounded off and soft ones stay. `warmth`: dB by which the highs are raised before and lowered after, so
    that they are rounded off first, as tape does."""
    gain = np.float32(10 ** (drive / 20))
    tilts = [[band("high", sound.rate, 3000, db)] for db in (warmth, -warmth)]
    bent = _bent(made(sound, filtered(sound.samples, tilts[0])).samples * gain, np.tanh) / gain
    return made(sound, mixed(sound.samples, filtered(bent, tilts[1]), mix))


def bit_crush(sound: Sound, bits: float = 8, rate: float = 12_000, mix: float = 1) -> Sound:
    """2 ** bits levels within ±1, and each sample held until the next one of a lower rate, without any filter, as old samplers
    did."""
    wet = sound.samples
    if rate < sound.rate:
        held = np.floor(np.arange(sound.frames) * (rate / sound.rate))
        starts = np.ceil(held * (sound.rate / rate)).astype(np.int64)
        wet = wet[:, np.minimum(starts, np.arange(sound.frames))]
    steps = 2 ** (bits - 1)
    return made(sound, mixed(sound.samples, np.round(wet * steps) / steps, mix))


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
