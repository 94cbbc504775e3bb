"""The note and the stroke of sounds that become an instrument: from recipes, chunks and names, else by ear.

Recipes are believed as they are; chunks, names and folders as the library believes them (library/notes.py), measured pitch
where nothing is written. Whether the whole is a kit of drums is decided here too.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from studio.audio import analysis, files
from studio.errors import StudioError
from studio.events import Event, Progress
from studio.export.base import Item
from studio.export.zones import Source
from studio.library import notes

Mapping = Literal["auto", "pitched", "drums"]
SURE = 0.9
"""How sure a pitch must be heard to count as a note without anyone having written it."""


def heard(items: Sequence[Item], mapping: Mapping, loudness: bool) -> Generator[Event, None, list[Source]]:
    """What is known of each item, after listening to those of which nobody wrote it; says Progress meanwhile. All roots are
    None where they are drums. loudness: it is wanted too."""
    asked = [item.recipe.request.pitch if item.recipe is not None else None for item in items]
    measured, sure = np.full(len(items), np.nan), np.zeros(len(items), bool)
    loud: list[float | None] = [None] * len(items)
    for number, item in enumerate(items):
        if loudness or (mapping != "drums" and asked[number] is None):
            yield Progress(done=0, total=len(items), note=item.name)
            with contextlib.suppress(StudioError):  # writing it will say why
                sound = item.audio()
                facts = analysis.measure(files.pieces(sound, 10 * sound.rate), sound.rate, sound.channels)
                measured[number] = analysis.hz_to_midi(facts.pitch) if facts.pitch else math.nan
                sure[number], loud[number] = facts.pitch_confidence >= SURE, facts.loudness
    paths = [str(item.sound) if isinstance(item.sound, Path) else f"{item.folder}/{item.name}" for item in items]
    written = [notes.written(path, item.root) for path, item in zip(paths, items)]
    found, _ = notes.decide(paths, [item.root for item in items], measured)
    roots: list[float | None] = [
        pitch if pitch is not None else float(note) if known or _agrees(note, said) else None
        for pitch, note, known, said in zip(asked, found, sure, written)
    ]
    if mapping == "drums" or (mapping == "auto" and None in roots):
        roots = [None] * len(items)
    else:
        middle = float(np.median([root for root in roots if root is not None] or [60.0]))
        roots = [middle if root is None else root for root in roots]
    return [Source(root, _velocity(item, said), level) for root, item, said, level in zip(roots, items, written, loud)]


def _agrees(note: float, said: notes.Written) -> bool:
    """Whether a note is what somebody wrote, octaves aside."""
    return any(abs((note - word + 6) % 12 - 6) <= notes.AGREE for word in said.notes.values())


def _velocity(item: Item, said: notes.Written) -> float | None:
    if item.velocity is not None:
        return item.velocity
    if item.recipe is not None and item.recipe.request.velocity is not None:
        return item.recipe.request.velocity
    return None if math.isnan(said.velocity) else said.velocity
