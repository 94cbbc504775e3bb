"""What an evaluation found, as it lies in a run's `evaluations` folder, and what each of its numbers is called.

`wavewright evaluate` writes these; its page, the command line and the window read them. N sounds, L labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from studio.errors import StudioError
from studio.project import atomic

FILE, PICTURE, FOLDER = "evaluation.json", "picture.png", "evaluations"
NEAR = 4.0
"""Times the floor up to which a distance counts as near."""
SAME, CLOSE = 0.05, 0.25
"""Difference from the floor up to which a share counts as that of real sounds, and as near."""

Number = float | None


class ClassScores(msgspec.Struct, frozen=True, kw_only=True):
    """One label. training, held_out, made: how many sounds; heard: new sounds that are taken for it, whatever was asked
    for; agreement, copies: shares of `made`; mistaken_for: (label, share), the most frequent first; left_out: what was not
    measured, and why. None where there is nothing to say."""

    label: str
    training: int = 0
    held_out: int = 0
    made: int = 0
    heard: int | None = None
    agreement: Number = None
    agreement_floor: Number = None
    mistaken_for: tuple[tuple[str, float], ...] = ()
    frechet: Number = None
    frechet_floor: Number = None
    coverage: Number = None
    coverage_floor: Number = None
    copies: Number = None
    copies_floor: Number = None
    left_out: str = ""


class Confusion(msgspec.Struct, frozen=True, kw_only=True):
    """made, held_out (L, L): how many sounds of the label of the row are heard as that of the column."""

    labels: tuple[str, ...] = ()
    made: tuple[tuple[int, ...], ...] = ()
    held_out: tuple[tuple[int, ...], ...] = ()


class OctaveScores(msgspec.Struct, frozen=True, kw_only=True):
    """Notes from `low` up to below `high` (MIDI): shares within 50 cents, in a wrong octave, without a pitch, and the median
    distance in cents; `floor` says the same of held-out sounds whose note is known."""

    low: int
    high: int
    made: int = 0
    correct: float = 0.0
    octave: float = 0.0
    unpitched: float = 0.0
    error: Number = None
    held_out: int = 0
    floor: dict[str, Number] = {}


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """evaluation.json. metrics, floor, intervals (95 %), ceiling and sets (what was compared) by the name of the measure;
    time: seconds since the epoch."""

    kind: str = "evaluation"
    format: int = 1
    metrics: dict[str, Number] = {}
    floor: dict[str, Number] = {}
    intervals: dict[str, tuple[Number, Number]] = {}
    ceiling: dict[str, Number] = {}
    sets: dict[str, str] = {}
    classes: tuple[ClassScores, ...] = ()
    confusion: Confusion = Confusion()
    octaves: tuple[OctaveScores, ...] = ()
    checkpoint: str = ""
    step: int = 0
    time: float = 0.0

    def result(self) -> dict[str, Any]:
        """As plain data, as the command line tells it."""
        data = msgspec.to_builtins(self)
        return {name: value for name, value in data.items() if name not in ("kind", "format")}


@dataclass(frozen=True)
class Kept:
    """An evaluation and its folder."""

    folder: Path
    found: Evaluation

    @property
    def picture(self) -> Path:
        return self.folder / PICTURE


def read(folder: Path) -> Kept:
    """Raises FileNotFoundError, BrokenFile, NewerFormat."""
    return Kept(folder, atomic.read_json(folder / FILE, Evaluation, "evaluation"))


def all_of(run: Path) -> list[Kept]:
    """Every evaluation of a run, the newest first; damaged ones are left where they are."""
    found = []
    for path in (run / FOLDER).glob(f"*/{FILE}"):
        if path.parent.suffix == ".partial":
            continue
        try:
            found.append((path.stat().st_mtime, read(path.parent)))
        except (OSError, StudioError):
            continue
    return [kept for _, kept in sorted(found, key=lambda one: (-(one[1].found.time or one[0]), one[1].folder.name))]


# ---- what the numbers are called


@dataclass(frozen=True)
class Measure:
    """`title` is a musician's; better: which way is good, "real" where only nearness to the floor is;
    unit: "" a distance, "share", "times", "dB", "cents", "s"."""

    name: str
    title: str
    says: str
    better: Literal["less", "more", "real"]
    unit: str = ""


MEASURES = (
    Measure("frechet", "Closeness to your sounds", "How far the new sounds are from yours, taken as a whole", "less"),
    Measure("precision", "Believable", "New sounds that lie among yours", "more", "share"),
    Measure("coverage", "Variety", "Your sounds that have a new one near them", "more", "share"),
    Measure("recall", "Reach", "Your sounds that lie among the new ones", "more", "share"),
    Measure(
        "diversity", "Difference among themselves", "How much new sounds differ, beside how much yours do", "real", "share"
    ),
    Measure("ndb", "Lopsidedness", "Kinds of sound that come too often or too rarely", "less", "share"),
    Measure("label_agreement", "Sounds like its label", "New sounds heard as the label they were made for", "more", "share"),
    Measure("inception", "Clear kinds", "How many kinds are told apart clearly", "more", "times"),
    Measure("pitch_correct", "Right note", "Notes within a quarter-tone of what was asked for", "more", "share"),
    Measure("pitch_octave", "Wrong octave", "The right note in another octave", "less", "share"),
    Measure("pitch_unpitched", "No note heard", "Notes asked for where no pitch is heard", "less", "share"),
    Measure("pitch_error", "Out of tune", "How far the heard notes are from those asked for", "less", "cents"),
    Measure(
        "reconstruction_mel", "Says your sounds again", "How far a sound comes back from its own place in the model", "less"
    ),
    Measure("copies", "Copies", "New sounds that are nearly one of those it learned from", "less", "share"),
    Measure("silent", "Silent", "New sounds that can't be heard", "less", "share"),
    Measure("clipped", "Clipped", "New sounds with flat tops", "less", "share"),
)
"""What a musician is told, in that order; everything else is there by its name."""


def likeness(found: Evaluation, measure: Measure) -> Literal["real", "near", "far", ""]:
    """How the model stands to real sounds in this: as good, near, far; empty where there is no floor to compare with."""
    value, floor = found.metrics.get(measure.name), found.floor.get(measure.name)
    if value is None or floor is None or value != value or floor != floor:
        return ""
    worse = {"less": value - floor, "more": floor - value, "real": abs(value - floor)}[measure.better]
    low, high = found.intervals.get(measure.name, (None, None))
    if worse <= 0 or (low is not None and high is not None and low <= floor <= high):
        return "real"
    if measure.unit == "share":
        return "real" if worse <= SAME else "near" if worse <= CLOSE else "far"
    if measure.unit == "cents":
        return "real" if worse <= 10 else "near" if worse <= 50 else "far"
    if measure.unit == "times":  # from 1, where nothing is told apart
        kept = (value - 1) / max(floor - 1, 1e-9)
        return "real" if kept >= 0.8 else "near" if kept >= 0.4 else "far"
    larger, smaller = max(value, floor), max(min(value, floor), 1e-9)
    return "real" if larger <= 1.25 * smaller else "near" if larger <= NEAR * smaller else "far"


def shown(value: Number, unit: str) -> str:
    """A value for a person: "12 %", "0.43", "18 cents"; a dash where there is none."""
    if value is None or value != value:
        return "–"
    if unit == "share":
        text = f"{100 * value:.1f} %" if 0 < abs(value) < 0.1 else f"{100 * value:.0f} %"
    elif unit == "cents":
        text = f"{value:.1f} cents" if abs(value) < 100 else f"{value:.0f} cents"
    else:
        text = f"{value:.3g}" + {"dB": " dB", "s": " s"}.get(unit, "")
    return text.replace("-", "−")
