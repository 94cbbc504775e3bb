"""What the desk does while a clip is edited: render steps that are only tried, bring in another sound. No window in here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from studio.audio import files, steps
from studio.audio.excerpt import excerpt, is_effect
from studio.audio.sound import Audio, Sound
from studio.audio.timeline import Timeline
from studio.events import Finished, Produced, Started, Work
from studio.gui.pages.clips_editor import Opened
from studio.project.folder import ProjectFolder
from studio.project.state import ClipFile

TRY, BRING = "clips-try", "clips-bring"
HEARD = 8.0
"""Seconds of a long clip that are rendered while a dial turns."""
Edits = tuple[dict[str, Any], ...]


class Prefix:
    """The sound before the step that is being turned, so that each turn renders from there on and not from the original."""

    def __init__(self) -> None:
        self._known: tuple[Sound, Edits, Sound] | None = None

    def render(self, original: Sound, edits: Edits, fixed: int, materials: steps.Materials) -> Sound:
        """`original` after `edits`, the first `fixed` of which are as they were a moment ago."""
        known = self._known
        if known is None or known[0] is not original or known[1] != edits[:fixed]:
            known = self._known = (original, edits[:fixed], steps.apply(original, edits[:fixed], materials))
        return steps.apply(known[2], edits[fixed:], materials)


def tried(project: ProjectFolder, opened: Opened, edits: Edits, fixed: int, prefix: Prefix, at: float) -> Work:
    """The open clip as it would sound with these steps, the first `fixed` of which it has already. Of one too long for memory
    a few seconds from `at` on, where effects are all that has to be computed."""
    yield Started(what=TRY)
    clip = msgspec.structs.replace(opened.clip, edits=edits)
    if isinstance(opened.original, Sound):
        sound: Audio | None = prefix.render(opened.original, edits, fixed, project.material)
    else:
        sound = project.renders.known(project.clip_path(clip.id), edits)
    if sound is not None:
        yield Produced(kind="clip", value=(project, Opened(clip, opened.original, sound)))
    elif (piece := _piece(project, clip, fixed, at)) is not None:
        yield Produced(kind="excerpt", value=(project, (edits, piece, at)))
    yield Finished()


def _piece(project: ProjectFolder, clip: ClipFile, fixed: int, at: float) -> Sound | None:
    """A few seconds of a long clip from `at` on; None where something besides effects is new."""
    new = clip.edits[fixed:]
    base = project.renders.known(project.clip_path(clip.id), clip.edits[:fixed])
    if base is None or not all(is_effect(step) for step in new):
        return None
    return excerpt(base, new, at, HEARD, project.material)


def brought(project: ProjectFolder, source: Callable[[], Audio], clips: tuple[ClipFile, ...], step: dict[str, Any]) -> Work:
    """Another sound becomes a material of the project; told as the step that uses it, and the clips it is for."""
    yield Started(what=BRING)
    sound = source()
    id = project.keep_material(Sound(sound.read(0, sound.frames), sound.rate))
    yield Produced(kind="step", value=(project, (clips, step | {"sound": id})))
    yield Finished()


def read(path: Path) -> Sound:
    """A file of the user's. Raises UnreadableAudio."""
    return files.read(path)


def stretch_of(audio: Audio, span: tuple[float, float]) -> Audio:
    """What lies between two moments in seconds, without copying it."""
    first, last = (min(round(seconds * audio.rate), audio.frames) for seconds in span)
    if isinstance(audio, Timeline):
        return audio.part(first, last)
    return Sound(audio.read(first, last - first), audio.rate)
