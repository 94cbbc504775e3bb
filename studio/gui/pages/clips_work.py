"""What the desk does for Clips: list them, open one with its edits, draw their thumbnails. No window in here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import msgspec

from studio.audio import analysis, peaks, steps
from studio.audio.sound import Audio, Sound
from studio.audio.timeline_peaks import TimelinePeaks
from studio.errors import StudioError
from studio.events import Finished, Produced, Started, Work
from studio.export import items
from studio.export.base import Item
from studio.gui.pages.clips_editor import Opened
from studio.gui.session import Current
from studio.gui.tables.clips import Picture
from studio.project.folder import ProjectFolder
from studio.project.recipe import Recipe
from studio.project.renders import LONG
from studio.project.state import ClipFile

LIST, OPEN, PICTURES = "clips-list", "clips-open", "clips-pictures"
SOON = 0.5
"""How urgent it is to compute a long clip: what is `urgent` is done between two of its blocks, and it between two files of an
export."""


def is_long(clip: ClipFile) -> bool:
    return clip.frames > LONG * clip.rate


def recipe_of(clip: ClipFile) -> Recipe | None:
    """The clip's recipe with its edits, so that a file made from it says how it came to be."""
    recipe = clip.recipe
    return msgspec.structs.replace(recipe, edits=(*recipe.edits, *clip.edits)) if recipe is not None else None


def sound_of(project: ProjectFolder | None, clip: ClipFile) -> Audio:
    """The clip with its edits: in memory, or a timeline where it is long."""
    assert project is not None
    if is_long(clip):
        return project.renders.whole(project.clip_path(clip.id), clip.edits)
    return steps.apply(project.clip_sound(clip.id), clip.edits, project.material)


def as_current(project: ProjectFolder, clip: ClipFile, sound: Audio | None = None) -> Current:
    """The clip as the transport and the exports folder take it; `sound`: it is rendered already."""
    return Current(sound if sound is not None else sound_of(project, clip), clip.name, recipe_of(clip))


def exported(project: ProjectFolder, clips: Sequence[ClipFile], write: Callable[[Sequence[Item]], Work]) -> Work:
    """Long clips are computed first, where they can tell how far they are and be left off; then `write` exports all of them."""
    for clip in clips:
        if is_long(clip):
            with suppress(StudioError):  # which the export names
                yield from project.renders.opened(project.clip_path(clip.id), clip.edits)
    yield from write([items.of_clip(clip, partial(sound_of, project, clip)) for clip in clips])


def listed(project: ProjectFolder) -> Work:
    yield Started(what=LIST)
    yield Produced(kind="clips", value=(project, project.clips()))
    yield Finished()


def opened(project: ProjectFolder, clip: ClipFile, original: Audio | None) -> Work:
    """Told twice: as soon as it can be heard, and once more with what was measured; a long one is measured by its peak only."""
    yield Started(what=OPEN)
    if is_long(clip):
        sound = yield from project.renders.opened(project.clip_path(clip.id), clip.edits)
        kept = project.renders.known(project.clip_path(clip.id), ())
        yield Produced(kind="clip", value=(project, Opened(clip, sound if kept is None else kept, sound)))
        yield Finished()
        return
    whole = original if isinstance(original, Sound) else project.clip_sound(clip.id)
    edited = steps.apply(whole, clip.edits, project.material)
    yield Produced(kind="clip", value=(project, Opened(clip, whole, edited)))
    yield Produced(kind="clip", value=(project, Opened(clip, whole, edited, analysis.facts(edited))))
    yield Finished()


def pictured(project: ProjectFolder, clips: Sequence[ClipFile]) -> Work:
    """Thumbnails and lengths with the edits, None for a clip that can't be read: choosing it says why."""
    yield Started(what=PICTURES, total=len(clips))
    for clip in clips:
        picture: Picture | None = None
        with suppress(StudioError):
            picture = _picture(project, clip)
        yield Produced(kind="picture", value=(project, (clip, picture)))
    yield Finished()


def _picture(project: ProjectFolder, clip: ClipFile) -> Picture:
    """Of a long clip that nobody has opened yet only a sketch, without its edits: the list does not wait for hours of sound."""
    if not is_long(clip):
        sound = steps.apply(project.clip_sound(clip.id), clip.edits, project.material)
        return Picture(peaks.thumbnail(sound), sound.seconds)
    path = project.clip_path(clip.id)
    found = project.renders.known(path, clip.edits)
    if found is None:
        return Picture(peaks.thumbnail_of(path), clip.frames / clip.rate)
    return Picture(TimelinePeaks(found).thumbnail(), found.seconds)
