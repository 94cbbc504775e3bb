"""What is like a sound, without a window: the nearest sounds of a project's library, new places around it in a
model's space, and in what words they differ. Run off the GUI thread by Explore's tab "Like this".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from studio.audio import analysis, peaks
from studio.audio.sound import Sound
from studio.engine.engine import Rendered
from studio.explore.mutate import mutate
from studio.explore.similar import Catalogue, why
from studio.gui.pages.explore_space import Space, latent_of, with_latent
from studio.library.index import Index, SoundRow
from studio.project.recipe import Request

if TYPE_CHECKING:
    from studio.project.folder import ProjectFolder

MOST = 48
"""Sounds of the library at most."""
STEP = 0.3
"""How far a new sound goes in one descriptor, in the range of the project's sounds."""
AROUND = 0.6
"""How far the other new sounds go, in the spread of the project's sounds."""


@dataclass(frozen=True, eq=False)
class Found:
    """A sound of the library: `ratio` is its distance in usual ones between neighbours; `words` say how it differs."""

    row: SoundRow
    ratio: float
    words: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Library:
    """What was found in it for one sound, and the catalogue for the next question."""

    ids: NDArray[np.int64]
    catalogue: Catalogue
    asked: Sound
    found: tuple[Found, ...]


def around(space: Space, request: Request, count: int) -> list[Request]:
    """At most `count` requests near this one: more and less of each descriptor that the space can be asked for, then others
    anywhere around it."""
    z = latent_of(request)
    found = []
    for name in space.descriptors.names:
        low, high = space.descriptors.span[name]
        value = float(space.descriptors.value(z, name))
        for step in (STEP * (high - low), -STEP * (high - low)):
            there = space.descriptors.move(z, name, value + step)
            if abs(float(space.descriptors.value(there, name)) - value) > abs(step) / 3:
                found.append(there)
    missing = count - len(found)
    if missing > 0:
        found += list(mutate(z, space.latents, AROUND, missing, request.seed))
    return [with_latent(request, there) for there in found[:count]]


def look(project: ProjectFolder, sound: Sound, before: Library | None) -> Library:
    """The nearest sounds of the project's library, off the GUI thread. `before`: of an earlier question."""
    with Index(project) as index:
        if before is None:
            ids, catalogue = _catalogue(index)
        else:
            ids, catalogue = before.ids, before.catalogue
        if not len(ids) or not sound.frames:
            return Library(ids, catalogue, sound, ())
        ours = analysis.features(sound)
        matches = catalogue.nearest(analysis.fingerprint(sound), MOST)
        rows = {row.id: row for row in index.fetch(ids[[match.index for match in matches]])}
    pairs = [(match, rows.get(int(ids[match.index]))) for match in matches]
    found = [Found(row, match.ratio, tuple(catalogue.why(match.index, ours))) for match, row in pairs if row is not None]
    return Library(ids, catalogue, sound, tuple(found))


def _catalogue(index: Index) -> tuple[NDArray[np.int64], Catalogue]:
    ids, prints = index.fingerprints()
    columns = index.columns("loudness", "brightness", "attack", "noisiness", "pitch", "seconds", "head", "tail")
    known = np.asarray(np.isfinite(prints).all(axis=1))
    if not np.array_equal(ids, columns["id"]):  # somebody imports at this very moment
        ids, at, of = np.intersect1d(ids, columns["id"], assume_unique=True, return_indices=True)
        prints, known, columns = prints[at], known[at], {name: column[of] for name, column in columns.items()}
    facts = {name: columns[name][known] for name in ("loudness", "brightness", "attack", "noisiness")}
    facts["length"] = np.maximum(0, columns["seconds"] - columns["head"] - columns["tail"])[known]
    pitch = columns["pitch"][known]
    facts["pitch"] = np.where(pitch > 0, 69 + 12 * np.log2(np.where(pitch > 0, pitch, 440.0) / 440), np.nan)
    return ids[known], Catalogue.fit(prints[known], facts)


def compare(
    space: Space, ours: Sound, made: tuple[Rendered, ...]
) -> tuple[tuple[Rendered, ...], list[list[str]], list[NDArray[np.uint8]]]:
    """How each new sound differs from ours, in words, and its outline; off the GUI thread."""
    base = analysis.features(ours)
    spread = {name: (high - low) / 3.3 for name, (low, high) in space.descriptors.span.items()}  # 5 to 95 % of a bell
    words = [why(analysis.features(one.sound), base, spread) for one in made]
    return made, words, [peaks.thumbnail(one.sound) for one in made]
