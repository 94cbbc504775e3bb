"""FLAC: the same samples as WAV in about half the space, with the whole recipe in an APPLICATION block."""

from __future__ import annotations

import functools
from typing import Annotated, Any, Literal

from studio.audio import riff
from studio.export.base import Item, Shape
from studio.export.encoded import Encoded
from studio.export.prepare import AudioOptions, shape_of
from studio.export.wav import SUBTYPES
from studio.fields import setting

_SHARE = 0.62
"""Of the samples' bytes that usual sounds come out as: a guess for the prediction."""


class FlacOptions(AudioOptions, frozen=True):
    """Recommended: 24 bit, packed well."""

    bits: Annotated[Literal["16", "24"], setting("Bits of a sample; FLAC clips what is louder than full scale")] = "24"
    dither: Annotated[bool, setting("Dither 16-bit files, which turns rounding into a faint even hiss")] = True
    effort: Annotated[int, setting("0 is fastest, 8 smallest; the sound is the same", ge=0, le=8, expert=True)] = 5
    seed: Annotated[int, setting("Seed of the dither: the same seed writes the same file", ge=0, le=2**31, expert=True)] = 0
    recipe: Annotated[bool, setting("How the sound was made, so that Wavewright can bring it back")] = True


class Flac(Encoded):
    id = "flac"
    name = "FLAC"
    sentence = "Without any loss, in about half the space of WAV"
    extension = ".flac"
    format = "FLAC"
    Options = FlacOptions

    def how(self, options: Any) -> dict[str, Any]:
        dither = options.seed if options.dither else None
        return {"subtype": SUBTYPES[options.bits], "dither": dither, "compression": options.effort / 8}

    def carried(self, item: Item, options: Any) -> dict[str, Any]:
        if item.recipe is None or not options.recipe:
            return {}
        return {"change": functools.partial(riff.into_flac, content=item.recipe.to_json())}

    def size(self, item: Item, shape: Shape, options: Any) -> int:
        after = shape_of(shape, options)
        return round(_SHARE * after.frames * after.channels * int(options.bits) / 8) + 8192
