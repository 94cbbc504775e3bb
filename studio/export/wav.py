"""WAV for DAWs and samplers: root note, loop, slices and tempo in the chunks they read, the recipe in one they skip."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any, Literal

import studio
from studio.audio import files, riff
from studio.audio.files import Subtype
from studio.errors import AudioError, ExportError
from studio.export.base import Item, OneFileEach, Shape
from studio.export.prepare import AudioOptions, Prepared, at_ratio, prepared, shape_of
from studio.fields import setting

SUBTYPES: dict[str, Subtype] = {"16": "PCM_16", "24": "PCM_24", "32f": "FLOAT"}


class WavOptions(AudioOptions, frozen=True):
    """Recommended: 24 bit at the sound's own rate."""

    bits: Annotated[Literal["16", "24", "32f"], setting("Bits of a sample; 32f is floating point and never clips")] = "24"
    dither: Annotated[bool, setting("Dither 16-bit files, which turns rounding into a faint even hiss")] = True
    fine: Annotated[bool, setting("Dither 24-bit files too; nobody hears it", expert=True)] = False
    seed: Annotated[int, setting("Seed of the dither: the same seed writes the same file", ge=0, le=2**31, expert=True)] = 0
    sampler: Annotated[bool, setting("Root note, loop, slices and tempo, where they are known")] = True
    broadcast: Annotated[bool, setting("Origin and time for broadcasters (bext)", expert=True)] = False
    recipe: Annotated[bool, setting("How the sound was made, so that Wavewright can bring it back")] = True


class Wav(OneFileEach):
    id = "wav"
    name = "WAV"
    sentence = "For every DAW and sampler"
    extension = ".wav"
    Options = WavOptions

    def save(self, path: Path, item: Item, options: Any) -> None:
        write_wav(path, item, prepared(item, options), options)

    def size(self, item: Item, shape: Shape, options: Any) -> int:
        return wav_size(item, shape, options)


def write_wav(path: Path, item: Item, made: Prepared, options: WavOptions, staged: bool = False) -> None:
    """The file of a prepared sound; staged: as in placing.publish. Raises AlreadyThere, ExportError."""
    sound = made.sound
    try:
        files.write(
            path,
            sound,
            subtype=SUBTYPES[options.bits],
            dither=options.seed if options.dither else None,
            fine=options.fine,
            staged=staged,
            **_beside(item, Shape(sound.rate, sound.channels, sound.frames), made.loop, made.marks, options),
        )
    except AudioError as error:
        raise ExportError(name=path.name, reason=error.values.get("reason", error.message)) from error


def wav_size(item: Item, shape: Shape, options: WavOptions) -> int:
    """Bytes of the file that `write_wav` makes of a sound of this shape."""
    after = shape_of(shape, options)
    loop = at_ratio(item.loop, after.rate / shape.rate, after.frames)
    marks = tuple(mark for mark in item.marks if 0 <= mark < shape.frames)
    return files.size(*after, subtype=SUBTYPES[options.bits], **_beside(item, after, loop, marks, options))


def _beside(
    item: Item, shape: Shape, loop: tuple[int, int] | None, marks: tuple[int, ...], options: WavOptions
) -> dict[str, Any]:
    """What goes into the file beside the samples, as files.write takes it."""
    recipe = item.recipe if options.recipe else None
    chunks: dict[str, bytes] = {}
    if options.sampler and marks:
        chunks["cue "] = riff.cue(marks)
        chunks["LIST"] = riff.labels([f"{item.name} {number}" for number in range(1, len(marks) + 1)])
    if options.sampler and item.tempo:
        chunks["acid"] = riff.acid(item.tempo, shape.seconds, item.root)
    if options.broadcast:
        chunks["bext"] = riff.bext(item.name, f"Wavewright {studio.__version__}", time.strftime("%Y-%m-%d %H:%M:%S"))
    return {
        "loop": loop if options.sampler else None,
        "root": item.root if options.sampler else None,
        "chunks": chunks,
        "info": {
            "INAM": item.name,
            "ISFT": f"Wavewright {studio.__version__}",
            "ICRD": time.strftime("%Y-%m-%d"),
            "IKEY": "; ".join(item.tags),
            "ICMT": recipe.short() if recipe else "",
        },
        "recipe": recipe.to_json() if recipe else None,
    }
