"""WAV for DAWs and samplers: root note and loop in the chunks they read, the recipe in one they skip."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

import studio
from studio.audio import files
from studio.audio.files import Subtype
from studio.audio.sound import Sound
from studio.errors import AudioError, ExportError
from studio.export.base import Item, OneFileEach
from studio.fields import setting

_SUBTYPES: dict[str, Subtype] = {"16": "PCM_16", "24": "PCM_24", "32f": "FLOAT"}


class WavOptions(msgspec.Struct, frozen=True):
    """Recommended: 24 bit at the sound's own rate."""

    bits: Annotated[Literal["16", "24", "32f"], setting("Bits of a sample; 32f is floating point and never clips")] = "24"
    rate: Annotated[
        Literal["keep", "44100", "48000", "88200", "96000"], setting("Sample rate; keep leaves the sound's own", unit="Hz")
    ] = "keep"
    dither: Annotated[bool, setting("Dither 16-bit files, which turns rounding into a faint even hiss")] = True
    seed: Annotated[int, setting("Seed of the dither: the same seed writes the same file", ge=0, le=2**31, expert=True)] = 0
    sampler: Annotated[bool, setting("Root note and loop for samplers, where they are known")] = True
    recipe: Annotated[bool, setting("How the sound was made, so that Wavewright can bring it back")] = True


class Wav(OneFileEach):
    id = "wav"
    name = "WAV"
    sentence = "For every DAW and sampler"
    extension = ".wav"
    Options = WavOptions

    def save(self, path: Path, item: Item, options: Any) -> None:
        sound = item.load()
        turned = sound if options.rate == "keep" else files.resample(sound, int(options.rate))
        loop = _at_rate(item.loop, sound, turned) if options.sampler else None
        recipe = item.recipe if options.recipe else None
        info = {
            "INAM": item.name,
            "ISFT": f"Wavewright {studio.__version__}",
            "ICRD": time.strftime("%Y-%m-%d"),
            "ICMT": recipe.short() if recipe else "",
        }
        try:
            files.write(
                path,
                turned,
                subtype=_SUBTYPES[options.bits],
                dither=options.seed if options.dither else None,
                loop=loop,
                root=item.root if options.sampler else None,
                info=info,
                recipe=recipe.to_json() if recipe else None,
            )
        except AudioError as error:
            raise ExportError(name=path.name, reason=error.values.get("reason", error.message)) from error


def _at_rate(loop: tuple[int, int] | None, sound: Sound, turned: Sound) -> tuple[int, int] | None:
    """The loop in frames of the resampled sound: the same moments, its length kept to the nearest frame."""
    if loop is None or not turned.frames:
        return None
    ratio = turned.rate / sound.rate
    start = min(round(loop[0] * ratio), turned.frames - 1)
    length = max(1, round((loop[1] + 1 - loop[0]) * ratio))
    return start, min(start + length, turned.frames) - 1
