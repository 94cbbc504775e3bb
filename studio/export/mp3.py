"""MP3: small, and played everywhere. It holds up to 48 kHz in one or two channels; more is brought down to that."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from studio.audio import files
from studio.export.base import Item, Shape
from studio.export.encoded import Encoded
from studio.export.prepare import AudioOptions, Prepared, at_ratio, shape_of
from studio.fields import setting

RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
"""What the MPEG layers know."""


class Mp3Options(AudioOptions, frozen=True):
    """Recommended: 256 kbit/s."""

    bitrate: Annotated[Literal["128", "160", "192", "256", "320"], setting("More sounds better", unit="kbit/s")] = "256"


class Mp3(Encoded):
    id = "mp3"
    name = "MP3"
    sentence = "Small, to send and to listen to"
    extension = ".mp3"
    format = "MP3"
    Options = Mp3Options

    def how(self, options: Any) -> dict[str, Any]:
        return {"compression": (320 - int(options.bitrate)) / (320 - 32)}

    def fitted(self, made: Prepared) -> Prepared:
        sound = files.at_rate(made.sound, rate_for(made.sound.rate))
        return Prepared(sound, at_ratio(made.loop, sound.rate / made.sound.rate, sound.frames), ())

    def size(self, item: Item, shape: Shape, options: Any) -> int:
        return round(shape_of(shape, options).seconds * int(options.bitrate) * 125) + 2048


def rate_for(rate: int) -> int:
    """The rate itself where MP3 has it, else the largest of its family below, else the next above: 96 kHz becomes 48."""
    if rate in RATES:
        return rate
    divisors = [known for known in RATES if known >= 32_000 and rate % known == 0]
    return max(divisors, default=next((known for known in RATES if known >= rate), RATES[-1]))
