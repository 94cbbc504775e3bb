"""Which note a sound is and how hard it was struck, by what people wrote: in the file, in its name, in its folder's name.

The reader comes here. In order of trust: the root of a `smpl` or `inst` chunk, numbers in the name (guitar_060_100), a note
in the name (Piano C#4), a note as the folder's name, and where nothing is written what was measured. People's words are
believed folder by folder, and only where they agree with what was measured there, octaves aside: “Snare A1” is a take, and
the 60 that editors write who know no root is no note. Middle C is C3 to some and C4 to others, which a folder tells by what
was measured in it too. Where word and measurement agree within a quarter-tone the measurement is finer and stands; where they
are octaves apart or further, a trusted word stands, because octaves are what measurements mishear.
Notes are MIDI numbers with fractions, velocities 0 to 127, NaN unknown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Source = Literal["chunk", "number", "name", "folder"]
SOURCES: tuple[Source, ...] = ("chunk", "number", "name", "folder")
"""Most trusted first."""

UNTOLD = 60.0
"""The root that editors write when they know none."""

AGREE = 0.5
"""Semitones, octaves aside, within which a word and a measurement mean one note; and the share of a folder that must."""

_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_NOTE = re.compile(r"(?:^|[^a-z0-9])([a-g])(#|♯|sharp|b|♭|flat)?(-[12]|-?\d)(?=$|v\d|[^a-z0-9])", re.IGNORECASE)
_NUMBERS = re.compile(r"(?:^|[-_ ])(\d{3})[-_](\d{3})$")
_STROKE = re.compile(r"(?:^|[^a-z])(?:vel(?:ocity)?[-_ ]?(\d{1,3})|v(\d{2,3}))(?![a-z0-9])", re.IGNORECASE)
_LOUDNESS = re.compile(r"(?:^|[^a-z0-9])(ppp|pp|mp|mf|ff|fff)(?=$|[^a-z0-9])")
_DYNAMICS = {"ppp": 16.0, "pp": 33.0, "mp": 64.0, "mf": 80.0, "ff": 112.0, "fff": 126.0}
_LAYERS = 20
"""Below it, `v10` counts layers."""


class Written(NamedTuple):
    """What is written of one sound: a note for each source that names one, middle C being C4; and the velocity."""

    notes: dict[Source, float]
    velocity: float


def written(path: PurePath | str, root: float | None = None) -> Written:
    """By a sound's path alone, and the root note of its chunks where it has any."""
    path = PurePath(path)
    stem = path.name[: -len(path.suffix)] if re.fullmatch(r"\.[a-z0-9]{1,5}", path.suffix, re.IGNORECASE) else path.name
    notes: dict[Source, float] = {}
    velocity = _stroke(stem)
    if root is not None and 0 <= root < 128:
        notes["chunk"] = float(root)
    if (found := _NUMBERS.search(stem)) and 12 <= int(found[1]) <= 127 and 1 <= int(found[2]) <= 127:
        notes["number"], velocity = float(found[1]), float(found[2])
    if (named := _named(stem)) is not None:
        notes["name"] = named
    if (named := _named(path.parent.name)) is not None:
        notes["folder"] = named
    return Written(notes, velocity)


def _named(text: str) -> float | None:
    """The last note that is spelled in `text`, as C4 = 60."""
    found = _NOTE.findall(text)
    if not found:
        return None
    letter, accidental, octave = found[-1]
    turn = {"": 0, "#": 1, "♯": 1, "sharp": 1}.get(accidental.lower(), -1)
    note = _SEMITONES[letter.upper()] + turn + 12 * (int(octave) + 1)
    return float(note) if 0 <= note <= 127 else None


def _stroke(text: str) -> float:
    if found := _STROKE.search(text):
        value = int(found[1] or found[2])
        if value <= 127 and (found[1] or value >= _LAYERS):
            return float(value)
    loud = _LOUDNESS.search(text)
    return _DYNAMICS[loud[1]] if loud else float("nan")


def decide(
    paths: Sequence[str], roots: Sequence[float | None], measured: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Note and velocity of N sounds: their paths, the roots of their chunks, and the pitches measured, (N,) MIDI or NaN."""
    said = [written(path, root) for path, root in zip(paths, roots)]
    pitch = np.array(measured, np.float64)
    settled = np.zeros(len(said), bool)
    for source in SOURCES:
        groups: dict[str, list[int]] = {}
        for row, (one, path) in enumerate(zip(said, paths)):
            if source in one.notes and not settled[row]:
                folder = PurePath(path).parent
                groups.setdefault(str(folder.parent if source == "folder" else folder), []).append(row)
        for rows in groups.values():
            words = np.array([said[row].notes[source] for row in rows])
            heard = np.asarray(measured, np.float64)[rows]
            shift = _trusted(source, words, heard)
            if shift is not None:
                words = words + shift
                near = np.abs(heard - words) <= AGREE  # never true of NaN
                pitch[rows] = np.where(near, heard, words)
                settled[rows] = True
    return pitch.astype(np.float32), np.array([one.velocity for one in said], np.float32)


def _trusted(source: Source, words: NDArray[np.float64], heard: NDArray[np.float64]) -> float | None:
    """Semitones to add to a folder's words, or None where they are not to be believed."""
    both = np.isfinite(heard)
    if not both.any():  # nothing speaks against those that are hardly written by chance
        return 0.0 if source == "number" or (source == "chunk" and (words != UNTOLD).any()) else None
    octaves = np.round((heard[both] - words[both]) / 12)
    agree = np.abs(heard[both] - words[both] - 12 * octaves) <= AGREE
    if agree.mean() < AGREE:
        return None
    if source not in ("name", "folder"):
        return 0.0
    values, counts = np.unique(octaves[agree], return_counts=True)
    return float(12 * np.clip(values[counts.argmax()], -2, 2))
