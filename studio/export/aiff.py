"""AIFF: uncompressed as WAV, for what expects Apple's format, with the whole recipe in a chunk that others skip."""

from __future__ import annotations

import functools
from typing import Annotated, Any, Literal

from studio.audio import riff
from studio.export.base import Item, Shape
from studio.export.encoded import Encoded
from studio.export.prepare import AudioOptions, shape_of
from studio.export.wav import SUBTYPES
from studio.fields import setting


class AiffOptions(AudioOptions, frozen=True):
    """Recommended: 24 bit."""

    bits: Annotated[Literal["16", "24", "32f"], setting("Bits of a sample; 32f is floating point (AIFF-C)")] = "24"
    dither: Annotated[bool, setting("Dither 16-bit files, which turns rounding into a faint even hiss")] = True
    seed: Annotated[int, setting("Seed of the dither: the same seed writes the same file", ge=0, le=2**31, expert=True)] = 0
    recipe: Annotated[bool, setting("How the sound was made, so that Wavewright can bring it back")] = True


class Aiff(Encoded):
    id = "aiff"
    name = "AIFF"
    sentence = "Uncompressed, for Logic, Live and older samplers"
    extension = ".aiff"
    format = "AIFF"
    Options = AiffOptions

    def how(self, options: Any) -> dict[str, Any]:
        return {"subtype": SUBTYPES[options.bits], "dither": options.seed if options.dither else None}

    def carried(self, item: Item, options: Any) -> dict[str, Any]:
        if item.recipe is None or not options.recipe:
            return {}
        return {"change": functools.partial(riff.into_aiff, content=item.recipe.to_json())}

    def size(self, item: Item, shape: Shape, options: Any) -> int:
        after = shape_of(shape, options)
        recipe = len(item.recipe.to_json()) + 9 if item.recipe and options.recipe else 0
        return after.frames * after.channels * int(options.bits[:2]) // 8 + recipe + 512
