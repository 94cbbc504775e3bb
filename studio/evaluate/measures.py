"""New sounds as a whole against real ones: faults, copies, and distances between the two crowds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio import metrics
from studio.audio import analysis
from studio.audio.images import Heard
from studio.audio.sound import Sound
from studio.evaluate.reference import FEWEST, some
from studio.evaluate.scores import Scores, room
from studio.explore.similar import copy_threshold
from studio.library.reader import TrainingSet

AROUND = ("precision", "recall", "density", "coverage")
DISTANCES = ("frechet", "kid", *AROUND)
SHARES = ("precision", "recall", "coverage")
TURNS = 4
"""Random orders over which the bins of NDB are averaged."""


def faults(scores: Scores, made: Sequence[Sound], held: TrainingSet) -> None:
    """Shares of sounds that are silent (peak under −60 dBFS), clipped (flat tops) or offset (DC above 1 % of the peak)."""
    ours, theirs = ([analysis.facts(sound) for sound in part] for part in (made, [held.sound(i) for i in range(len(held))]))
    words = f"{len(ours)} new sounds as they came; floor: {len(theirs)} held-out sounds as the model hears them"
    shares = {
        "silent": lambda f: f.peak_db < -60,
        "clipped": lambda f: f.clipped > 0,
        "offset": lambda f: abs(f.dc) > 0.01 * 10 ** (f.peak_db / 20),
    }
    for name, is_so in shares.items():
        scores.share(name, [is_so(f) for f in ours], [is_so(f) for f in theirs] if theirs else None, words)
    words = f"mean length of {len(ours)} new and {len(theirs)} held-out sounds"
    scores.over("seconds", [f.seconds for f in ours], held.seconds if theirs else None, words)


def copies(scores: Scores, made: Heard, real: Heard, known: Heard) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """How near new sounds come to training sounds, beside how near held-out ones, which nobody copied, come to them.

    Returns which new and which held-out sounds count as copies; (0,) where nothing is held out.
    """
    if not len(real):
        return np.zeros(0, bool), np.zeros(0, bool)
    flat, points = known.flat, made.flat
    theirs, _ = metrics.nearest(real.flat, flat)
    ours, _ = metrics.nearest(points, flat)
    usual = float(np.median(theirs))
    threshold = copy_threshold(theirs, usual)
    words = f"to the nearest of {len(known)} training sounds"
    near, near_floor = ours <= threshold, theirs <= threshold
    scores.share("copies", near, near_floor, f"{len(made)} new sounds {words}, ≤ {threshold:.2g} dB")
    words = f"median of {len(made)} new and {len(real)} held-out sounds {words}"
    scores.over("nearest_db", ours, theirs, words, np.median)
    apart, usual = metrics.distances(points, points), max(metrics.diversity(flat), 1e-9)

    def diversity(rows: NDArray[np.intp]) -> float:
        different = rows[:, None] != rows
        return float(apart[np.ix_(rows, rows)][different].mean()) / usual if different.any() else 0.0

    value = diversity(np.arange(len(points)))
    scores.put(
        "diversity",
        value,
        metrics.diversity(real.flat) / usual,
        f"mean distance among {len(made)} new sounds ÷ among {len(known)} training sounds",
        scores.between(diversity, len(points), value),
    )
    return near, near_floor


def distributions(scores: Scores, made: Heard, real: Heard, known: Heard) -> None:
    """Fréchet, KID, precision, recall, density, coverage and NDB/K on log-mel statistics."""
    count = min(len(made), len(real), len(known))
    if count < FEWEST:
        reason = f"left out: {count} held-out sounds are fewer than {FEWEST}"
        if len(made) == count:
            reason = f"left out: {count} new sounds are fewer than {FEWEST}"
        scores.sets |= dict.fromkeys((*DISTANCES, "ndb", "js"), reason)
        return
    whiten = metrics.Whitener.fit(known.statistics, count)
    ours, truth, theirs = whiten(made.statistics), whiten(real.statistics), whiten(known.statistics)
    compare(scores, "", ours, some(truth, count, scores.seed), theirs, f"{whiten.size} mel statistics")
    _bins(scores, ours, truth, theirs, count)


def _bins(scores: Scores, ours: Any, truth: Any, theirs: Any, count: int) -> None:
    cells = metrics.Bins.fit(theirs, max(2, min(50, len(theirs) // 20)), scores.seed)
    mine, other = cells.owners(ours), cells.owners(truth)

    def turned(owners: NDArray[np.intp]) -> NDArray[np.float64]:
        return np.mean([cells.apart(some(owners, count, scores.seed + i)) for i in range(TURNS)], axis=0)

    value, floor = turned(mine), turned(other)
    low, high = metrics.bootstrap(lambda rows: cells.apart(mine[rows]), len(mine), value, count=count, seed=scores.seed)
    bins = len(cells.counts)
    words = f"{count} new sounds in {bins} bins of {len(theirs)} training sounds; floor: {count} held-out ones"
    for place, name in enumerate(("ndb", "js")):
        between = max(0.0, float(low[place])), min(1.0, float(high[place]))
        scores.put(name, value[place], floor[place], words, between)


def compare(
    scores: Scores, prefix: str, ours: Any, truth: Any, theirs: Any, what: str, names: Sequence[str] = DISTANCES
) -> None:
    """Distances of `ours` and of `theirs` (training sounds: the floor) from `truth`, each from random draws of equal count."""
    count, seed = len(truth), scores.seed
    words = (
        f"{count} of {len(ours)} new against {count} held-out sounds in {what}; floor: {count} of {len(theirs)} training sounds"
    )

    def measure(points: Any) -> list[float]:
        around = metrics.neighbourhoods(truth, points)
        return [metrics.frechet(truth, points), metrics.kid(truth, points), *(around[name] for name in AROUND)]

    value = metrics.repeated(measure, ours, count, seed=seed)
    floor = metrics.repeated(measure, theirs, count, seed=seed)
    low, high = metrics.bootstrap(lambda rows: measure(ours[rows]), len(ours), value, count=count, seed=seed)
    for place, name in enumerate(DISTANCES):
        if name in names:
            between = float(low[place]), float(high[place])
            if name in SHARES:
                between = room(float(value[place]), between, count)
            elif name != "kid":  # which alone may lie below zero
                between = max(0.0, between[0]), between[1]
            scores.put(prefix + name, value[place], floor[place], words, between)
    scores.ceiling[prefix + "coverage"] = metrics.coverage_ceiling(count)
