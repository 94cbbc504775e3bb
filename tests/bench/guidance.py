"""How much more than it learned a model's new sounds should follow their class: what is gained in labels, and lost elsewhere.

Of a run whose latents a flow draws; several judges, since one alone is off by three hundredths.
"""

from __future__ import annotations

import argparse
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from torch import Tensor

from studio.audio.images import hear
from studio.cli.folders import playable
from studio.evaluate import measures
from studio.evaluate.made import make
from studio.evaluate.reference import Ears, Reference, prepared
from studio.evaluate.scores import Scores
from studio.generate import Instrument
from studio.models.checkpoint import describe
from studio.models.layers import judge
from studio.models.placed import GUIDANCE, Placed
from studio.project.folder import ProjectFolder
from studio.project.recipe import Request
from tests.bench.results import Table

WAYS = ((1.0, 1.0), (1.5, 1.0), (2.0, 1.0), (3.0, 1.0), (4.0, 1.0), (1.0, 0.8), (3.0, 0.8))
"""Guidance and temperature."""
JUDGES = 3


def run(args: argparse.Namespace) -> Table:
    if not args.run:
        raise SystemExit("--run RUN: of one-shots or morphing")
    checkpoint = playable(args.run)
    instrument = Instrument.open(checkpoint, compile=False)
    if not isinstance(instrument.model, Placed):
        raise SystemExit("--run RUN: of one-shots or morphing")
    project = ProjectFolder.open(checkpoint.parents[2].parent, lock=False)
    reference = Reference.gather(project, instrument.material, instrument.data.labels)
    judges = [taught(reference, seed) for seed in range(JUDGES)]
    facts = describe(checkpoint)
    table = Table(
        f"Guidance: {facts.family}, {facts.minutes:.1f} minutes, step {facts.step:,}",
        ("guidance", "temperature", "heard as the label", "Fréchet × floor", "coverage", "recall", "diversity", "copies"),
    )
    for guidance, temperature in WAYS:
        with drawn(guidance, temperature):
            made = ended(make(instrument, reference, args.count, 0))
        scores = Scores(0)
        measures.copies(scores, made.heard, reference.real, reference.known)
        measures.distributions(scores, made.heard, reference.real, reference.known)
        found = scores.metrics
        near = found["frechet"] / scores.floor["frechet"]
        others = (found[name] for name in ("coverage", "recall", "diversity", "copies"))
        name = f"**{guidance:g}**" if (guidance, temperature) == (GUIDANCE, 1.0) else guidance
        table.add(name, temperature, right(judges, made.heard.images, made.asked), near, *others)
    rows = [i for i in range(len(reference.held)) if reference.held.label[i] >= 0]
    labels = [reference.held.labels[reference.held.label[i]] for i in rows]
    again = [said_again(instrument, reference, i, label) for i, label in zip(rows, labels)]
    heard = right(judges, hear(prepared(again, reference.material), reference.material.frames).images, labels)
    table.notes = [
        f"{args.count} new sounds each; {JUDGES} judges, which are right on "
        f"{np.mean([ears.accuracy for ears in judges]):.3f} of the held-out sounds",
        f"held-out sounds from where the encoder hears them are heard as their label in {heard:.3f}",
    ]
    return table


def taught(reference: Reference, seed: int) -> Ears:
    reference.ears = None
    ears = ended(reference.teach(seed))
    if ears is None:
        raise SystemExit(f"labels are {reference.deaf}")
    return ears


def right(judges: list[Ears], images: Any, labels: list[str]) -> float:
    """Share of these pictures heard as their labels, among labels that the judges know; mean over them."""
    known = [i for i, label in enumerate(labels) if label in judges[0].names]
    meant = [judges[0].names.index(labels[i]) for i in known]
    return float(np.mean([judge.hear(ears.network, images)[0].argmax(1)[known] == meant for ears in judges]))


def said_again(instrument: Instrument, reference: Reference, row: int, label: str) -> Any:
    latent = tuple(instrument.encode(reference.held.sound(row), label).tolist())
    return next(iter(instrument.render(Request(latent=(latent,), classes={label: 1.0}, seed=row))))


@contextmanager
def drawn(guidance: float, temperature: float) -> Iterator[None]:
    """Within the block new latents are drawn so."""
    before = Placed.place

    def place(self: Placed, normal: Tensor, classes: Tensor) -> Tensor:
        return self.flow.draw(normal * temperature, classes, guidance)

    Placed.place = place  # type: ignore[method-assign]
    try:
        yield
    finally:
        Placed.place = before  # type: ignore[method-assign]


def ended(work: Generator[Any, None, Any]) -> Any:
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value
