"""What there is to export: clips of a project, files, folders of files. The Clips page and the CLI make their items here."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from studio.audio import files, riff, steps
from studio.audio.sound import Audio
from studio.errors import StudioError, UsageError
from studio.export.base import Item, Shape
from studio.project import recipe as recipes
from studio.project.recipe import Recipe
from studio.project.state import ClipFile

_ENDLESS = 1 << 40
"""Frames, before anybody has made the sound: exports keep a loop within what there is."""
_TEMPO = re.compile(r"(?<![\d.])(\d{2,3}(?:\.\d+)?)[ _-]?bpm", re.IGNORECASE)


def of_clip(clip: ClipFile, sound: Callable[[], Audio] | None = None) -> Item:
    """A clip; `sound` gives it with its edits when its turn comes, without it there is only what is known of it."""
    recipe = clip.recipe
    if recipe is not None:
        recipe = msgspec.structs.replace(recipe, edits=(*recipe.edits, *clip.edits))
    request = recipe.request if recipe is not None else None
    root = request.pitch if request is not None else None
    loop, moved = None, 0.0
    with contextlib.suppress(UsageError):  # loading the sound says what is wrong with a step
        loop, moved = steps.loop_of(clip.edits, clip.rate, _ENDLESS), steps.transposition(clip.edits)
    return Item(
        sound=sound,
        name=clip.name,
        recipe=recipe,
        root=root + moved if root is not None else None,
        loop=loop,
        velocity=request.velocity if request is not None else None,
        tempo=tempo_in(clip.name),
        tags=clip.tags,
        label=_label(recipe) or (clip.tags[0] if clip.tags else ""),
        extent=Shape(clip.rate, clip.channels, clip.frames),
    )


def _label(recipe: Recipe | None) -> str:
    classes = recipe.request.classes if recipe is not None else {}
    return max(classes, key=lambda label: classes[label]) if classes else ""


def of_file(path: Path, folder: str = "") -> Item:
    """A sound file with what its chunks and its name say; `folder`: where it lies under what was chosen. What can't be read is
    an item too: loading it says why."""
    item = Item(path, path.stem, tempo=tempo_in(path.stem), folder=folder, label=folder.rpartition("/")[2])
    with contextlib.suppress(StudioError):
        chunks = riff.read_chunks(path, "smpl", "inst", "acid", "cue ", riff.RECIPE)
        root, loops = riff.sampler_of(chunks)
        recipe = _recipe(chunks.get(riff.RECIPE))
        return msgspec.structs.replace(
            item,
            recipe=recipe,
            root=root,
            loop=loops[0] if loops else None,
            tempo=riff.parse_acid(chunks.get("acid", b"")) or item.tempo,
            marks=tuple(riff.parse_cue(chunks.get("cue ", b""))),
            label=_label(recipe) or item.label,
            extent=item.shape,
        )
    return item


def in_folder(folder: Path, leaving: Path | None = None) -> Iterator[Item]:
    """Every sound file under a folder, in the order of their names, but for hidden ones and those below `leaving`."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in inside.parts)
        if path.suffix.lower() not in files.EXTENSIONS or hidden or not path.is_file():
            continue
        if leaving is None or not path.is_relative_to(leaving):
            yield of_file(path, inside.parent.as_posix() if inside.parent != Path() else "")


def tempo_in(name: str) -> float | None:
    """Beats a minute that a name tells, as in “Loop 120bpm”."""
    found = _TEMPO.search(name)
    return float(found[1]) if found and 20 <= float(found[1]) <= 400 else None


def _recipe(data: bytes | None) -> Recipe | None:
    """None also for what is no recipe that this version reads."""
    with contextlib.suppress(StudioError):
        return recipes.from_json(data) if data is not None else None
    return None
