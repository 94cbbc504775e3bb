"""The sounds that edits of clips bring in: pasted, spliced, mixed. ProjectFolder keeps them here, steps name them.

A material is called after its content, so that the same sound is kept once, a name always means the same samples, and a step in
a recipe finds its sound again in whichever project holds it.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from studio.audio import files
from studio.audio.sound import Sound
from studio.errors import AlreadyThere, AudioError, EmptyAudio, MissingMaterial, UnwritableAudio
from studio.project import atomic

_ID = re.compile(r"[0-9a-f]{40}")


def address(sound: Sound) -> str:
    """The name of a sound by its content: SHA-1 of rate, channels and samples as little-endian float32, 40 hex digits."""
    digest = hashlib.sha1(f"{sound.rate} {sound.channels} ".encode(), usedforsecurity=False)
    digest.update(np.ascontiguousarray(sound.samples, "<f4").data)
    return digest.hexdigest()


def keep(folder: Path, sound: Sound) -> str:
    """Put `sound` into `folder`, if it is not there yet, and give its name. Samples that are no numbers become 0.

    Raises EmptyAudio, DiskFull, NotSaved.
    """
    if not sound.frames:
        raise EmptyAudio(name="material")
    sound = replace(sound, samples=np.nan_to_num(sound.samples, nan=0.0, posinf=0.0, neginf=0.0))
    id = address(sound)
    path = folder / f"{id}.wav"
    if path.exists():
        return id
    try:
        folder.mkdir(exist_ok=True)
        with suppress(AlreadyThere):  # somebody kept the same sound a moment ago
            files.write(path, sound, subtype="FLOAT")
    except OSError as error:
        raise atomic.not_saved(path, error) from error
    except UnwritableAudio as error:
        if isinstance(error.__cause__, OSError):
            raise atomic.not_saved(path, error.__cause__) from error
        raise
    return id


def read(folder: Path, id: str) -> Sound:
    """The sound of that name. Raises MissingMaterial where it is gone, is not what its name says, or the name is none."""
    if not _ID.fullmatch(id):
        raise MissingMaterial(name=id[:64], reason="that is not a name of this project’s")
    try:
        sound = files.read(folder / f"{id}.wav")
    except AudioError as error:
        raise MissingMaterial(name=id[:8], reason=error.values.get("reason", error.message.rstrip("."))) from error
    if address(sound) != id:
        raise MissingMaterial(name=id[:8], reason="its file holds something else")
    return sound
