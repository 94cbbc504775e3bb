"""Label by label: does a judge that learned them from real sounds hear what was asked for, and how good is each label?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio import metrics
from studio.evaluate.made import Made
from studio.evaluate.measures import compare
from studio.evaluate.reference import Ears, Reference, some
from studio.evaluate.scores import Scores
from studio.project.evaluation import ClassScores, Confusion

FEWEST = 12
"""Sounds of a label, new, held out and trained on, below which its distances would be noise."""

Answers = NDArray[np.int64]


def agreement(scores: Scores, made: Made, ears: Ears) -> tuple[Answers, Answers]:
    """Label agreement, Inception Score and distances on the judge's features, beside what it makes of held-out sounds.

    Returns for each new and each held-out sound of its labels the index of the label it is heard as.
    """
    from studio.models.layers import judge

    truth = ears.truth
    said = ears.sure.argmax(1)
    ours, felt = judge.hear(ears.network, made.heard.images)
    heard = ours.argmax(1)
    scores.share("judge_accuracy", said == truth, None, "")
    scores.sets["judge"] = (
        f"classifier of {len(ears.names)} labels, taught by {ears.here.sum()} training sounds: "
        f"{scores.metrics['judge_accuracy']:.0%} of {len(truth)} held-out right"
    )
    scores.sets["judge_accuracy"] = f"{len(truth)} held-out sounds"
    meant = _meant(made, ears)
    asked = meant >= 0
    if asked.any():
        words = f"{asked.sum()} new sounds heard as the label they were made for; floor: held-out"
        scores.share("label_agreement", heard[asked] == meant[asked], said == truth, words)
    value = metrics.inception_score(ours)
    between = scores.between(lambda rows: metrics.inception_score(ours[rows]), len(ours), value)
    words = f"{len(made)} new and {len(truth)} held-out sounds"
    scores.put("inception", value, metrics.inception_score(ears.sure), words, between)
    scores.ceiling["inception"] = float(len(ears.names))
    count = min(len(felt), len(ears.felt), len(ears.taught))
    whiten = metrics.Whitener.fit(ears.taught, count)
    known, real = whiten(ears.taught), some(whiten(ears.felt), count, scores.seed)
    compare(scores, "judge_", whiten(felt), real, known, f"{whiten.size} classifier features")
    return heard, said


def confusion(made: Made, ears: Ears | None, heard: Answers, said: Answers) -> Confusion:
    """How often each label is taken for each other one; empty without a judge."""
    if ears is None:
        return Confusion()
    size = len(ears.names)

    def table(rows: Answers, columns: Answers) -> tuple[tuple[int, ...], ...]:
        counts = np.bincount(rows * size + columns, minlength=size * size).reshape(size, size)
        return tuple(tuple(row) for row in counts.tolist())

    meant = _meant(made, ears)
    asked = meant >= 0
    return Confusion(labels=ears.names, made=table(meant[asked], heard[asked]), held_out=table(ears.truth, said))


def each(
    made: Made,
    reference: Reference,
    found: Confusion,
    heard: Answers,
    near: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    seed: int,
) -> tuple[ClassScores, ...]:
    """One row a label of the training sounds. `near`: which new and which held-out sounds are copies."""
    rows = []
    for index, label in enumerate(reference.train.labels):
        ours = made.of(label)
        real, known = (np.flatnonzero(part.label == index) for part in (reference.held, reference.train))
        if not len(known) and not len(real):
            continue
        row: dict[str, Any] = {"label": label, "training": len(known), "held_out": len(real), "made": len(ours)}
        if label in found.labels:
            row |= _taken(found, found.labels.index(label), heard)
        if len(near[0]) and len(ours):
            row |= {"copies": float(near[0][ours].mean())}
        if len(near[1]) and len(real):
            row |= {"copies_floor": float(near[1][real].mean())}
        count = min(len(ours), len(real), len(known))
        if count < FEWEST:
            fewest = min((len(ours), "new"), (len(real), "held-out"), (len(known), "training"))
            row |= {"left_out": f"Fréchet and coverage: {fewest[0]} {fewest[1]} sounds are fewer than {FEWEST}"}
        else:
            row |= _distances(made, reference, ours, real, known, seed)
        rows.append(ClassScores(**row))
    return tuple(rows)


def _taken(found: Confusion, place: int, heard: Answers) -> dict[str, Any]:
    ours, theirs = np.array(found.made[place]), np.array(found.held_out[place])
    row: dict[str, Any] = {"heard": int((heard == place).sum())}
    if theirs.sum():
        row["agreement_floor"] = float(theirs[place] / theirs.sum())
    if ours.sum():
        row["agreement"] = float(ours[place] / ours.sum())
        others = [
            (found.labels[i], float(ours[i] / ours.sum())) for i in np.argsort(-ours, kind="stable") if i != place and ours[i]
        ]
        row["mistaken_for"] = tuple(others)
    return row


def _distances(
    made: Made, reference: Reference, ours: NDArray, real: NDArray, known: NDArray, seed: int
) -> dict[str, float | None]:
    scores = Scores(seed)
    count = min(len(ours), len(real), len(known))
    whiten = metrics.Whitener.fit(reference.known.statistics[known], count)
    truth = some(whiten(reference.real.statistics[real]), count, seed)
    new, old = whiten(made.heard.statistics[ours]), whiten(reference.known.statistics[known])
    compare(scores, "", new, truth, old, "", ("frechet", "coverage"))
    return {
        "frechet": scores.metrics["frechet"],
        "frechet_floor": scores.floor["frechet"],
        "coverage": scores.metrics["coverage"],
        "coverage_floor": scores.floor["coverage"],
    }


def _meant(made: Made, ears: Ears) -> Answers:
    """For each new sound the index of its label in the judge's names; −1 for none it knows."""
    return np.array([ears.names.index(label) if label in ears.names else -1 for label in made.asked], np.int64)
