"""What the desk does for Clips: list them, open one with its edits, draw their thumbnails. No window in here."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import msgspec

from studio.audio import analysis, peaks, steps
from studio.audio.sound import Sound
from studio.errors import StudioError
from studio.events import Finished, Produced, Started, Work
from studio.gui.pages.clips_editor import Opened
from studio.gui.session import Current
from studio.gui.tables.clips import Picture
from studio.project.folder import ProjectFolder
from studio.project.recipe import Recipe
from studio.project.state import ClipFile

LIST, OPEN, PICTURES = "clips-list", "clips-open", "clips-pictures"


def recipe_of(clip: ClipFile) -> Recipe | None:
    """The clip's recipe with its edits, so that a file made from it says how it came to be."""
    recipe = clip.recipe
    return msgspec.structs.replace(recipe, edits=(*recipe.edits, *clip.edits)) if recipe is not None else None


def sound_of(project: ProjectFolder | None, clip: ClipFile) -> Sound:
    assert project is not None
    return steps.apply(project.clip_sound(clip.id), clip.edits, project.material)


def as_current(project: ProjectFolder, clip: ClipFile, sound: Sound | None = None) -> Current:
    """The clip as the transport and the exports folder take it; `sound`: it is rendered already."""
    return Current(sound if sound is not None else sound_of(project, clip), clip.name, recipe_of(clip))


def listed(project: ProjectFolder) -> Work:
    yield Started(what=LIST)
    yield Produced(kind="clips", value=(project, project.clips()))
    yield Finished()


def opened(project: ProjectFolder, clip: ClipFile, original: Sound | None) -> Work:
    """Told twice: as soon as it can be heard, and once more with what was measured."""
    yield Started(what=OPEN)
    original = original or project.clip_sound(clip.id)
    sound = steps.apply(original, clip.edits, project.material)
    yield Produced(kind="clip", value=(project, Opened(clip, original, sound)))
    yield Produced(kind="clip", value=(project, Opened(clip, original, sound, analysis.facts(sound))))
    yield Finished()


def pictured(project: ProjectFolder, clips: Sequence[ClipFile]) -> Work:
    """Thumbnails and lengths with the edits, None for a clip that can't be read: choosing it says why."""
    yield Started(what=PICTURES, total=len(clips))
    for clip in clips:
        picture: Picture | None = None
        with suppress(StudioError):
            sound = sound_of(project, clip)
            picture = Picture(peaks.thumbnail(sound), sound.seconds)
        yield Produced(kind="picture", value=(project, (clip, picture)))
    yield Finished()
