"""The real sounds of a project that models are held against, heard once: training and held-out sounds, and a judge of labels.

Several models of one project are compared fairly with one Reference: the same held-out sounds, the same judge.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from studio.audio.images import Heard, hear
from studio.audio.sound import Sound
from studio.events import Event, Progress
from studio.library.reader import TrainingSet, examples, load
from studio.models.controls import Material
from studio.project.folder import ProjectFolder

if TYPE_CHECKING:
    from studio.models.layers.judge import Judge

FEWEST = 20
"""Held-out sounds below which a distance between distributions would be noise."""

TAUGHT = 8
"""Training sounds a label needs before the judge learns it."""


@dataclass(eq=False)
class Ears:
    """A classifier of the project's labels. here, there: which training, which held-out
    sounds have one; sure (N, L), felt (N, d): what it says of those held-out sounds; taught (M, d): of the training ones;
    truth (N,): which of `names` those held-out sounds are."""

    network: Judge
    names: tuple[str, ...]
    here: NDArray[np.bool_]
    there: NDArray[np.bool_]
    sure: NDArray[np.float64]
    felt: NDArray[np.float64]
    taught: NDArray[np.float64]
    truth: NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """Share of held-out sounds that it hears rightly."""
        return float((self.sure.argmax(1) == self.truth).mean())


@dataclass(eq=False)
class Reference:
    """train, held: the sets as a model of `material` hears them; known, real: the same, prepared to be compared."""

    material: Material
    train: TrainingSet
    held: TrainingSet
    known: Heard
    real: Heard
    ears: Ears | None = None
    deaf: str = ""

    @classmethod
    def gather(cls, project: ProjectFolder, material: Material, labels: tuple[str, ...]) -> Reference:
        """Raises NothingToLearn."""
        train, held = sets(project, material, labels)
        real, known = (hear([part.sound(i) for i in range(len(part))], material.frames) for part in (held, train))
        return cls(material, train, held, known, real)

    def teach(self, seed: int = 0) -> Generator[Event, None, Ears | None]:
        """Teach the judge once; None where there is too little to teach or to test it with, which `deaf` then says."""
        if self.ears is not None or self.deaf:
            return self.ears
        from studio.models.layers import judge

        often = np.bincount(self.train.label[self.train.label >= 0], minlength=len(self.train.labels))
        kept = np.flatnonzero(often >= TAUGHT)
        here, there = np.isin(self.train.label, kept), np.isin(self.held.label, kept)
        if len(kept) < 2 or there.sum() < FEWEST:
            self.deaf = "left out: fewer than two labels have eight training sounds each, or too few are held out"
            return None
        network = judge.new(len(kept), seed)
        answers = np.searchsorted(kept, self.train.label[here])
        for epoch, loss in enumerate(judge.train(network, self.known.images[here], answers, seed=seed)):
            yield Progress(done=epoch + 1, total=judge.EPOCHS, note=f"learning the labels, error {loss:.2f}")
        sure, felt = judge.hear(network, self.real.images[there])
        _, taught = judge.hear(network, self.known.images[here])
        names = tuple(self.train.labels[i] for i in kept)
        truth = np.searchsorted(kept, self.held.label[there])
        self.ears = Ears(network, names, here, there, sure, felt, taught, truth)
        return self.ears


def sets(project: ProjectFolder, material: Material, labels: tuple[str, ...]) -> tuple[TrainingSet, TrainingSet]:
    """Training and held-out sounds. Validation and test are one set here: together they are a fifth of the sounds."""
    everything = load(project, material, labels=labels)
    train = load(project, material, "train", labels=labels)
    inside = set(zip(train.ids.tolist(), train.begins.tolist()))
    rows = [i for i, key in enumerate(zip(everything.ids.tolist(), everything.begins.tolist())) if key not in inside]
    return train, rows_of(everything, rows)


def rows_of(sounds: TrainingSet, rows: Sequence[int]) -> TrainingSet:
    pick = {
        name: getattr(sounds, name)[rows]
        for name in (
            "start",
            "frames",
            "label",
            "pitch",
            "velocity",
            "loudness",
            "brightness",
            "gain",
            "level",
            "ids",
            "begins",
        )
    }
    return replace(sounds, paths=tuple(sounds.paths[i] for i in rows), **pick)


def prepared(sounds: Sequence[Sound], material: Material) -> list[Sound]:
    """What the library would have made of these; a silent one stays, as silence."""
    whole = msgspec.structs.replace(material, slices="whole", trim=True)
    result = []
    for sound in sounds:
        found = examples(sound, whole)
        samples = found[0].samples if found else np.zeros((material.channels, 1), np.float32)
        result.append(Sound(samples, material.rate))
    return result


def some(points: Any, count: int, seed: int) -> Any:
    """`count` rows in random order: the sets are sorted by path, so their beginnings are all of one label."""
    return points[np.random.default_rng(seed).permutation(len(points))[:count]]
