"""OGG Vorbis: small and free, for game engines and the web."""

from __future__ import annotations

from typing import Annotated, Any

from studio.export.base import Item, Shape
from studio.export.encoded import Encoded
from studio.export.prepare import AudioOptions, shape_of
from studio.fields import setting

_KBITS = (64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 500)
"""What Vorbis aims at for stereo at 44.1 kHz, by quality."""


class OggOptions(AudioOptions, frozen=True):
    """Recommended: quality 6."""

    quality: Annotated[int, setting("0 is smallest, 10 best", ge=0, le=10)] = 6


class Ogg(Encoded):
    id = "ogg"
    name = "OGG"
    sentence = "Small and free, for games and the web"
    extension = ".ogg"
    format = "OGG"
    Options = OggOptions

    def how(self, options: Any) -> dict[str, Any]:
        return {"compression": 1 - options.quality / 10}

    def size(self, item: Item, shape: Shape, options: Any) -> int:
        after = shape_of(shape, options)
        return round(after.seconds * _KBITS[options.quality] * 125 * after.channels / 2) + 4096
