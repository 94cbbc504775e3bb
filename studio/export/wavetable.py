"""Wavetables for Serum, Vital, Surge and their kin: up to 256 cycles of 2048 frames, one after another in a mono WAV.

The frame length stands in a `clm ` chunk before the samples. Only 32-bit float and 16 bit: Surge reads no other, and 24 bit not
at all. Its reader (WAVFileSupport.cpp) skips chunks it does not know, so the recipe lies after the samples.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from studio.audio import cycles, files, riff
from studio.audio.cycles import SIZE, Spectrum
from studio.audio.sound import Audio, Samples, Sound
from studio.errors import AlreadyThere, AudioError, ExportError, StudioError
from studio.events import Finished, Produced, Progress, Started, Work
from studio.export.base import Item, OneFileEach, Shape
from studio.export.making import making
from studio.export.names import DEFAULT
from studio.fields import setting

MOST = 256
RATE = 44_100
CLM = b"<!>2048 10000000 wavetable (Wavewright)"
"""Frame length; flags, of which the first says that neighbours are crossfaded; kind; maker."""


class WavetableOptions(msgspec.Struct, frozen=True):
    """Recommended: a table of each sound, at its pitch where it has one."""

    table: Annotated[
        Literal["each", "together"],
        setting("each: a table of every sound, moving through it; together: one table that moves from sound to sound"),
    ] = "each"
    frames: Annotated[int, setting("Cycles of a table, at most", ge=1, le=MOST)] = 64
    cut: Annotated[
        Literal["auto", "slices"],
        setting("auto: single cycles at the sound's pitch; slices: every 2048 samples, for what is a wavetable already"),
    ] = "auto"
    level: Annotated[
        Literal["kept", "even"], setting("kept: quiet cycles stay quiet; even: every cycle is as loud as the others")
    ] = "kept"
    phases: Annotated[
        Literal["smooth", "own"],
        setting("smooth: harmonics begin alike in every cycle, so none cancels in between; own: as in the sound", expert=True),
    ] = "smooth"
    bits: Annotated[Literal["16", "32f"], setting("Bits of a sample; 32f is floating point")] = "32f"
    recipe: Annotated[bool, setting("How the sound was made, so that Wavewright can bring it back")] = True


class Wavetable(OneFileEach):
    id = "wavetable"
    name = "Wavetable"
    sentence = "For Serum, Vital, Surge and other wavetable synthesizers"
    extension = ".wav"
    Options = WavetableOptions

    def save(self, path: Path, item: Item, options: Any) -> None:
        sound = item.audio()
        if not sound.frames:
            raise ExportError(name=item.name, reason="there is nothing in it")
        if options.cut == "slices":
            spectra = cycles.slices(sound, options.frames)  # as they are: turning them would change them
        else:
            spectra = _placed(cycles.through(sound, options.frames), options)
        self._publish(path, item, cycles.table(spectra, even=options.level == "even"), options)

    def size(self, item: Item, shape: Shape, options: Any) -> int:
        recipe = item.recipe.to_json() if item.recipe is not None and options.recipe else None
        tail = len(riff.chunk(riff.RECIPE, recipe)) if recipe is not None else 0
        cycles = min(options.frames, -(-shape.frames // SIZE)) if options.cut == "slices" else options.frames
        return 12 + 24 + 48 + 8 + cycles * SIZE * (4 if options.bits == "32f" else 2) + tail

    def predict(self, items: Sequence[Item], options: Any) -> int:
        if options.table == "together" and items:
            cycles = min(options.frames, MOST, len(items))
            alone, options = msgspec.structs.replace(items[0], recipe=None), msgspec.structs.replace(options, frames=cycles)
            return self.size(alone, Shape(RATE, 1, SIZE * cycles), options)
        return super().predict(items, options)

    def write(self, items: Sequence[Item], folder: Path, options: Any, template: str = DEFAULT) -> Work:
        if options.table == "together" and len(items) > 1:
            yield from self._together(items, folder, options, template)
        else:
            yield from super().write(items, folder, options, template)

    def _together(self, items: Sequence[Item], folder: Path, options: Any, template: str) -> Work:
        """One cycle of each sound, in their order; of more than `frames` sounds evenly chosen ones."""
        most = min(options.frames, MOST, len(items))
        chosen = [items[round(i)] for i in np.linspace(0, len(items) - 1, most)]
        wanted = folder / f"{self.named(items, options, template)[0]}{self.extension}"
        yield Started(what="export", total=len(chosen))
        problems: list[dict[str, str]] = []
        heard: list[Audio] = []
        with making(folder, self.predict(items, options)) as made:
            for done, item in enumerate(chosen):
                yield Progress(done=done, total=len(chosen), note=item.name)
                try:
                    sound = item.audio()
                    if not sound.frames:
                        raise ExportError(name=item.name, reason="there is nothing in it")
                    heard.append(sound)
                except StudioError as error:
                    problems.append({"name": item.name, "reason": error.message})
            if not heard:
                raise ExportError(name=problems[0]["name"], reason=problems[0]["reason"].rstrip("."))
            table = cycles.table(_placed(cycles.each(heard), options), even=options.level == "even")
            item = msgspec.structs.replace(chosen[0], recipe=None)  # of many recipes it has none
            made.folder(wanted.parent)
            path = made.place(wanted, lambda free: self._publish(free, item, table, options))
            yield Produced(kind="file", path=str(path), detail={"name": item.name})
            yield Progress(done=len(chosen), total=len(chosen))
            made.keep()  # from here on it is the user's, whoever closes us
            yield Finished(result={"files": [str(path)], "problems": problems})

    def _publish(self, path: Path, item: Item, table: Samples, options: Any) -> None:
        if not table.any():
            raise ExportError(name=item.name, reason="nothing can be heard in it")
        recipe = item.recipe.to_json() if item.recipe is not None and options.recipe else None
        try:
            files.publish(path, lambda: content(table, options.bits, recipe))
        except AlreadyThere:
            raise
        except AudioError as error:
            raise ExportError(name=path.name, reason=error.values.get("reason", error.message)) from error


def _placed(spectra: Sequence[Spectrum], options: Any) -> list[Spectrum]:
    return cycles.agreeing(spectra) if options.phases == "smooth" else cycles.aligned(spectra)


def content(table: Samples, bits: str = "32f", recipe: bytes | None = None) -> Iterator[bytes]:
    """The bytes of a wavetable file of cycles (N, 2048)."""
    floating = bits == "32f"
    width = 4 if floating else 2
    form = struct.pack("<2H2I2H", 3 if floating else 1, 1, RATE, RATE * width, width, 8 * width)
    clm = CLM + b"\0" * (len(CLM) % 2)  # even, as Surge's own: readers differ about padding
    samples = b"".join(files.encode(Sound(table.reshape(1, -1), RATE), "FLOAT" if floating else "PCM_16", None))
    tail = riff.chunk(riff.RECIPE, recipe) if recipe is not None else b""
    body = b"WAVE" + riff.chunk("fmt ", form) + riff.chunk("clm ", clm) + riff.chunk("data", samples) + tail
    assert table.shape[1] == SIZE
    yield b"RIFF" + struct.pack("<I", len(body)) + body
