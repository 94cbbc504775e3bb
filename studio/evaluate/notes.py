"""Notes asked for against notes heard, octave by octave, by a pitch tracker that knows nothing of models."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from studio import metrics
from studio.audio import analysis
from studio.audio.sound import Sound
from studio.evaluate.reference import Reference
from studio.evaluate.scores import Scores, room
from studio.events import Event, Progress
from studio.generate import Instrument
from studio.project.evaluation import OctaveScores
from studio.project.recipe import Request

EACH = 16
"""Notes asked for in each octave."""

NAMES = ("correct", "octave", "unpitched", "error")


def pitches(scores: Scores, instrument: Instrument, reference: Reference) -> Generator[Event, None, tuple[OctaveScores, ...]]:
    """Notes of every octave in which there are training sounds, with labels that occur there; nothing without a pitch control.

    The floor is how the same tracker hears held-out sounds whose note the project knows.
    """
    control = instrument.controls.pitch
    if control is None:
        return ()
    asked, labels = _asked(reference, control.low, control.high, instrument.controls.classes, scores.seed)
    heard = np.full(len(asked), np.nan)
    for i, (note, label) in enumerate(zip(asked, labels)):
        classes = {label: 1.0} if label else {}
        heard[i] = note_of(next(iter(instrument.render(Request(pitch=float(note), classes=classes, seed=scores.seed + i)))))
        yield Progress(done=i + 1, total=len(asked), note="playing notes")
    rows = np.flatnonzero(np.isfinite(reference.held.pitch))
    truth = reference.held.pitch[rows].astype(float)
    real = np.array([note_of(reference.held.sound(int(row))) for row in rows], float)
    _put(scores, asked, heard, truth, real)
    return _octaves(asked, heard, truth, real)


def note_of(sound: Sound) -> float:
    """The MIDI note that is heard; NaN without one."""
    pitch = analysis.facts(sound).pitch
    return analysis.hz_to_midi(pitch) if pitch else float("nan")


def _asked(
    reference: Reference, low: float, high: float, offered: tuple[str, ...], seed: int
) -> tuple[NDArray[np.float64], list[str]]:
    """EACH notes an octave, spread over its keys, each with the label of a training sound of that octave."""
    rng = np.random.default_rng(seed)
    train = reference.train
    known = np.flatnonzero(np.isfinite(train.pitch) & (train.pitch >= low) & (train.pitch <= high))
    octaves = np.floor(train.pitch[known] / 12).astype(int)
    wanted = np.unique(octaves) if len(known) else np.arange(int(low // 12), int(high // 12) + 1)
    notes: list[float] = []
    labels: list[str] = []
    for octave in wanted.tolist():
        keys = np.arange(max(12 * octave, int(np.ceil(low))), min(12 * octave + 11, int(high)) + 1)
        if not len(keys):
            continue
        rows = known[octaves == octave] if len(known) else np.zeros(0, int)
        for note in keys[np.linspace(0, len(keys) - 1, EACH).round().astype(int)]:
            index = int(train.label[rng.choice(rows)]) if len(rows) else -1
            label = train.labels[index] if index >= 0 else ""
            notes.append(float(note))
            labels.append(label if label in offered else "")
    return np.array(notes), labels


def _put(
    scores: Scores,
    asked: NDArray[np.float64],
    heard: NDArray[np.float64],
    truth: NDArray[np.float64],
    real: NDArray[np.float64],
) -> None:
    words = f"{len(asked)} new notes from {asked[0]:.0f} to {asked[-1]:.0f}"
    words += f"; floor: {len(truth)} held-out sounds whose note is known" if len(truth) else "; no held-out note is known"
    value, floor = metrics.cents(heard, asked), metrics.cents(real, truth)

    def measure(rows: NDArray[np.intp]) -> list[float]:
        found = metrics.cents(heard[rows], asked[rows])
        return [found[name] for name in NAMES]

    low, high = metrics.bootstrap(measure, len(asked), [value[name] for name in NAMES], seed=scores.seed)
    for place, name in enumerate(NAMES):
        between = max(0.0, float(low[place])), float(high[place])
        if name != "error":
            between = room(value[name], between, len(asked))
        scores.put(f"pitch_{name}", value[name], floor[name] if len(truth) else None, words, between)


def _octaves(
    asked: NDArray[np.float64], heard: NDArray[np.float64], truth: NDArray[np.float64], real: NDArray[np.float64]
) -> tuple[OctaveScores, ...]:
    rows = []
    for octave in np.unique(asked // 12).astype(int).tolist():
        ours = asked // 12 == octave
        theirs = np.round(truth) // 12 == octave
        found = metrics.cents(heard[ours], asked[ours])
        floor: dict[str, float | None] = {**metrics.cents(real[theirs], truth[theirs])} if theirs.any() else {}
        rows.append(
            OctaveScores(
                low=12 * octave, high=12 * octave + 12, made=int(ours.sum()), held_out=int(theirs.sum()), floor=floor, **found
            )
        )
    return tuple(rows)
