"""A sample pack: one folder with the sounds in a tree, evenly loud, a cover, and a text of contents, licence and recipes."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

import studio
from studio.audio import files, picture
from studio.audio.analysis import note_name
from studio.audio.picture import Image
from studio.errors import ExportError, StudioError
from studio.events import Event, Finished, Produced, Progress, Started, Work
from studio.export import cover, names, roots, sfz
from studio.export.base import Exporter, Item, Shape, attempt, rate_of, reading
from studio.export.crew import Reading, in_order
from studio.export.instrument import InstrumentOptions, Saved, planned, title_of, written
from studio.export.making import making
from studio.export.prepare import prepared
from studio.export.wav import WavOptions, wav_size, write_wav
from studio.fields import setting

UNASKED = "No licence was given: ask whoever made this pack before you publish something with it."


class PackOptions(WavOptions, frozen=True):
    """Recommended: 24 bit, all equally loud, a folder for each label."""

    title: Annotated[str, setting("Name of the pack; empty: that of the first sound")] = ""
    author: Annotated[str, setting("Who made it")] = ""
    licence: Annotated[str, setting("What others may do with it, in your words")] = ""
    folders: Annotated[
        Literal["label", "tag", "kept", "none"],
        setting("A folder for each label or first tag; kept: as they lay; none: all together"),
    ] = "label"
    cover: Annotated[bool, setting("A picture of the sounds (Cover.png)")] = True
    contents: Annotated[bool, setting("A text of contents, licence and how each was made (Contents.txt)")] = True
    instruments: Annotated[bool, setting("An SFZ instrument of each folder")] = False
    level: Annotated[
        Literal["keep", "ceiling", "peak", "loudness"],
        setting("loudness, peak: all are brought to one level; ceiling: only what is too loud is turned down; keep: as it is"),
    ] = "loudness"


class Pack(Exporter):
    id = "pack"
    name = "Sample pack"
    sentence = "A folder to give away or to sell: sounds in order, a cover, contents and licence"
    extension = ".wav"
    whole = True
    Options = PackOptions

    def predict(self, items: Sequence[Item], options: Any) -> int:
        sizes = [wav_size(item, shape, options) for item in items if (shape := item.shape) is not None]
        around = (150_000 if options.cover else 0) + 160 * len(items) * (options.contents + options.instruments)
        return sum(sizes) + around if items else 0

    def first(self, items: Sequence[Item], options: Any, template: str = names.DEFAULT) -> str:
        names.check(template)
        return title_of(items, options.title) + "/"

    def write(self, items: Sequence[Item], folder: Path, options: Any, template: str = names.DEFAULT) -> Work:
        title = title_of(items, options.title)
        names.check(template)
        yield Started(what="export", total=len(items))
        if not items:
            yield Finished(result={"files": [], "problems": []})
            return
        with making(folder, self.predict(items, options)) as made:
            items = [msgspec.structs.replace(item, folder=folder_of(item, options.folders)) for item in items]
            wanted = names.preview(template, items, octave=options.octave, rate=rate_of(options), pack=title)
            paths = [Path(f"{name}.wav") for name in wanted]
            stage = made.stage()
            saved, tiles, problems = yield from _saved(stage, paths, items, options)
            if options.instruments:
                yield from _instruments(stage, title, saved, paths, items)
            _around(stage, title, saved, tiles, paths, items, options)
            path = made.settle(stage, folder / title)
            yield Produced(kind="folder", path=str(path), detail={"name": title})
            found = [path / paths[number] for number in saved]
            found += sorted(one for one in path.rglob("*") if one.is_file() and one not in set(found))
            made.keep()  # from here on they are the user's, whoever closes us
            yield Finished(result={"files": [str(one) for one in found], "problems": problems})


def folder_of(item: Item, by: str) -> str:
    """Where in the pack a sound lies; "" for the pack's own folder."""
    if by == "kept":
        return item.folder
    word = {"label": item.label, "tag": item.tags[0] if item.tags else ""}.get(by, "")
    return names.safe(word) if word else ""


def _saved(
    stage: Path, paths: Sequence[Path], items: Sequence[Item], options: PackOptions
) -> Generator[Event, None, tuple[dict[int, Saved], list[Image], list[dict[str, str]]]]:
    """Write the sounds. Gives what was written by number, the tiles of the cover, and the problems. Raises ExportError where
    nothing was written."""
    for parent in {path.parent for path in paths}:
        (stage / parent).mkdir(parents=True, exist_ok=True)
    shown = set(cover.chosen(len(items))) if options.cover else set()
    jobs = [
        functools.partial(_save, stage / path, item, options, len(shown) if number in shown else 0)
        for number, (path, item) in enumerate(zip(paths, items))
    ]
    saved: dict[int, Saved] = {}
    tiles: list[Image] = []
    problems: list[dict[str, str]] = []
    with contextlib.closing(in_order(jobs, attempt)) as found:
        done = 0
        for sound in found:
            if isinstance(sound, Reading):
                yield reading(done, sound, items)
                continue
            if isinstance(sound, StudioError):
                problems.append({"name": items[done].name, "reason": sound.message})
            else:
                saved[done], drawn = sound
                tiles += [drawn] if drawn is not None else []
            done += 1
            yield Progress(done=done, total=len(items), note=items[done - 1].name)
    if not saved:
        raise ExportError(name=problems[0]["name"], reason=problems[0]["reason"].rstrip("."))
    return saved, tiles, problems


def _save(path: Path, item: Item, options: PackOptions, shown: int) -> tuple[Saved, Image | None]:
    made = prepared(item, options)
    write_wav(path, item, made, options, staged=True)
    shape = Shape(made.sound.rate, made.sound.channels, made.sound.frames)
    return (shape, made.loop), cover.tile(made.sound, shown) if shown else None


def _instruments(
    stage: Path, title: str, saved: dict[int, Saved], paths: Sequence[Path], items: Sequence[Item]
) -> Generator[Event, None, None]:
    """An SFZ beside each folder, which plays what is in it."""
    folders: dict[Path, list[int]] = {}
    for number in saved:
        folders.setdefault(paths[number].parent, []).append(number)
    options = InstrumentOptions()
    for folder, numbers in folders.items():
        sources = yield from roots.heard([items[number] for number in numbers], "auto", False)
        here = dict(enumerate(saved[number] for number in numbers))
        samples = planned(here, sources, [paths[number] for number in numbers], options)
        name = f"{title} - {folder.as_posix().replace('/', ' - ')}" if folder != Path() else title
        written(stage / f"{name}.sfz", sfz.text(name, samples, options))


def _around(
    stage: Path,
    title: str,
    saved: dict[int, Saved],
    tiles: Sequence[Image],
    paths: Sequence[Path],
    items: Sequence[Item],
    options: PackOptions,
) -> None:
    """The cover and the text."""
    count = "1 sound" if len(saved) == 1 else f"{len(saved)} sounds"
    by = f" by {options.author}" if options.author else ""
    if tiles:
        image = cover.draw(title, [f"{count}{by}", f"Made with Wavewright {studio.__version__}"], tiles)
        files.publish(stage / "Cover.png", lambda: iter((picture.png(image),)))
    if options.contents:
        heading = [
            title,
            "=" * len(title),
            f"{count}{by}, made with Wavewright {studio.__version__}, {time.strftime('%Y-%m-%d')}.",
        ]
        licence = ["", "Licence", "-------", options.licence.strip() or UNASKED]
        contents = ["", "Contents", "--------", *(_line(paths[n], items[n], saved[n][0], options) for n in saved)]
        made = [(paths[n].as_posix(), recipe.short()) for n in saved if (recipe := items[n].recipe) is not None]
        recipes = (
            ["", "How they were made", "------------------", *(f"{path}: {words}" for path, words in made)] if made else []
        )
        whole = ["", "Each file holds its whole recipe: dropped on Wavewright it is that sound again."]
        text = [*heading, *licence, *contents, *recipes, *(whole if made and options.recipe else [])]
        written(stage / "Contents.txt", "\n".join(text) + "\n")


def _line(path: Path, item: Item, shape: Shape, options: PackOptions) -> str:
    """One sound of the contents."""
    facts = [f"{shape.seconds:.2f} s", {1: "mono", 2: "stereo"}.get(shape.channels, f"{shape.channels} channels")]
    facts += [f"{shape.rate / 1000:g} kHz", "32 bit float" if options.bits == "32f" else f"{options.bits} bit"]
    if item.root is not None:
        facts.append(note_name(item.root, int(options.octave[1:])))
    if item.tempo:
        facts.append(f"{item.tempo:.6g} bpm")
    return f"{path.as_posix()}: {', '.join([*facts, *item.tags])}"
