"""What SFZ, DecentSampler and Bitwig's multisample share: a planned instrument with its samples beside it, in one new folder.

A format only writes down the plan (zones.py). The samples are WAVs with root and loop in their own chunks too, because samplers
differ about whom they believe.
"""

from __future__ import annotations

import contextlib
import functools
from abc import abstractmethod
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from studio.audio import files
from studio.errors import ExportError, StudioError, UsageError
from studio.events import Event, Finished, Produced, Progress, Started, Work
from studio.export import names, roots, zones
from studio.export.base import Exporter, Item, Shape, attempt, rate_of, reading
from studio.export.crew import Reading, in_order
from studio.export.making import making
from studio.export.prepare import prepared
from studio.export.wav import WavOptions, wav_size, write_wav
from studio.export.zones import Source, Zone
from studio.fields import setting

MOST = 2048
"""Sounds of one instrument."""


class InstrumentOptions(WavOptions, frozen=True):
    """Recommended: pitched where every sound has a note, else a kit of drums."""

    title: Annotated[str, setting("Name of the instrument; empty: that of the first sound")] = ""
    mapping: Annotated[
        Literal["auto", "pitched", "drums"],
        setting("pitched: each key plays the nearest note; drums: a key for each sound; auto: by whether all have a note"),
    ] = "auto"
    first: Annotated[int, setting("Key of the first drum, 36 is the kick of General MIDI", ge=0, le=127)] = 36
    together: Annotated[
        Literal["auto", "loudness", "turns"],
        setting("Sounds of one note: auto: by velocity, else in turns; loudness: softest to loudest; turns: round-robin"),
    ] = "auto"
    attack: Annotated[float, setting("Time to come in", unit="s", ge=0, le=10)] = 0.0
    release: Annotated[float, setting("Time to die away when a key is let go; drums play out", unit="s", ge=0, le=20)] = 0.3
    loops: Annotated[bool, setting("Sounds whose loop is known go on while the key is held")] = True


class Sample(msgspec.Struct, frozen=True):
    """One sample of the instrument: its path from the instrument's folder, its zone, its shape, and its loop (frames,
    inclusive; None: it is not looped)."""

    path: str
    zone: Zone
    shape: Shape
    loop: tuple[int, int] | None


class Instrument(Exporter):
    """A folder with one text of `extension` and the samples it speaks of."""

    whole = True
    samples: ClassVar[str] = "Samples"
    """Folder of the samples, in the instrument's."""

    @abstractmethod
    def text(self, title: str, samples: Sequence[Sample], options: Any) -> str:
        """The instrument as its sampler reads it."""

    def bundle(self, stage: Path, title: str, text: str) -> Path:
        """Finish what lies in `stage` beside the samples. Returns what takes the instrument's name: a folder or a file."""
        written(stage / f"{title}{self.extension}", text)
        return stage

    def predict(self, items: Sequence[Item], options: Any) -> int:
        sizes = [wav_size(_rooted(item, 60.0), shape, options) for item in items if (shape := item.shape) is not None]
        return sum(sizes) + 256 * (len(items) + 1)

    def first(self, items: Sequence[Item], options: Any, template: str = names.DEFAULT) -> str:
        names.check(template)
        return title_of(items, options.title) + "/"

    def write(self, items: Sequence[Item], folder: Path, options: Any, template: str = names.DEFAULT) -> Work:
        if len(items) > MOST:
            raise UsageError(reason=f"An instrument holds up to {MOST} sounds, not {len(items)}")
        title = title_of(items, options.title)
        names.check(template)
        yield Started(what="export", total=len(items))
        if not items:
            yield Finished(result={"files": [], "problems": []})
            return
        with making(folder, self.predict(items, options)) as made:
            sources = yield from roots.heard(items, options.mapping, options.together == "loudness")
            stage = made.stage()
            items = [_rooted(item, source.root) for item, source in zip(items, sources)]
            wanted = names.preview(template, items, octave=options.octave, rate=rate_of(options), pack=title)
            paths = [Path(self.samples, f"{name}.wav") for name in wanted]
            saved, problems = yield from _saved(stage, paths, items, options)
            text = self.text(title, planned(saved, sources, paths, options), options)
            whole = self.bundle(stage, title, text)
            path = made.settle(whole, folder / (title if whole is stage else whole.name))
            yield Produced(kind="folder" if path.is_dir() else "file", path=str(path), detail={"name": title})
            found = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
            found.sort(key=lambda one: one.suffix != self.extension)  # what a sampler opens comes first
            made.keep()  # from here on they are the user's, whoever closes us
            yield Finished(result={"files": [str(one) for one in found], "problems": problems})


Saved = tuple[Shape, tuple[int, int] | None]
"""Shape and loop of a sample that was written."""


def _saved(
    stage: Path, paths: Sequence[Path], items: Sequence[Item], options: InstrumentOptions
) -> Generator[Event, None, tuple[dict[int, Saved], list[dict[str, str]]]]:
    """Write the samples. Gives what was written by number, and the problems. Raises ExportError where nothing was."""
    for parent in {path.parent for path in paths}:
        (stage / parent).mkdir(parents=True, exist_ok=True)
    jobs = [functools.partial(_save, stage / path, item, options) for path, item in zip(paths, items)]
    saved: dict[int, Saved] = {}
    problems: list[dict[str, str]] = []
    with contextlib.closing(in_order(jobs, attempt)) as found:
        done = 0
        for sample in found:
            if isinstance(sample, Reading):
                yield reading(done, sample, items)
                continue
            if isinstance(sample, StudioError):
                problems.append({"name": items[done].name, "reason": sample.message})
            else:
                saved[done] = sample
            done += 1
            yield Progress(done=done, total=len(items), note=items[done - 1].name)
    if not saved:
        raise ExportError(name=problems[0]["name"], reason=problems[0]["reason"].rstrip("."))
    return saved, problems


def _save(path: Path, item: Item, options: InstrumentOptions) -> Saved:
    made = prepared(item, options)
    write_wav(path, item, made, options, staged=True)
    return Shape(made.sound.rate, made.sound.channels, made.sound.frames), made.loop


def planned(
    saved: Mapping[int, Saved], sources: Sequence[Source], paths: Sequence[Path], options: InstrumentOptions
) -> list[Sample]:
    """The samples that were written, in the zones they play. Raises UsageError for more drums than there are keys."""
    numbers = sorted(saved)
    kept = [sources[number] for number in numbers]
    if kept[0].root is not None:
        plan = zones.pitched(kept, options.together)
    elif len(kept) <= zones.LAST + 1:
        plan = zones.drums(kept, options.first)
    else:
        raise UsageError(reason=f"A kit of drums has {zones.LAST + 1} keys, not {len(kept)}")
    found = []
    for zone in plan:
        shape, loop = saved[numbers[zone.source]]
        path = paths[numbers[zone.source]].as_posix()
        found.append(Sample(path, zone, shape, loop if options.loops and zone.follows else None))
    return found


def written(path: Path, text: str) -> None:
    """A text beside the samples, flushed to the disk. Raises UnwritableAudio."""
    files.publish(path, lambda: iter((text.encode(),)))


def title_of(items: Sequence[Item], title: str) -> str:
    """What the instrument or pack is called, as a file name."""
    return names.safe(title.strip() or (items[0].name if items else ""))


def _rooted(item: Item, root: float | None) -> Item:
    """An item of the instrument: it lies with the others, and a drum has neither root nor loop."""
    return msgspec.structs.replace(item, root=root, loop=item.loop if root is not None else None, folder="")
