"""The new sounds of a model that is measured, with the label each was made for."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio import metrics
from studio.audio.images import Heard, hear
from studio.audio.sound import Sound
from studio.evaluate.reference import Reference, prepared
from studio.events import Event, Progress
from studio.generate import Instrument
from studio.library.reader import TrainingSet
from studio.project.recipe import Request


@dataclass(eq=False)
class Made:
    """sounds as they came, asked: for which label ("" for none), heard: prepared like real ones."""

    sounds: list[Sound]
    asked: list[str]
    heard: Heard

    def __len__(self) -> int:
        return len(self.sounds)

    def of(self, label: str) -> NDArray[np.intp]:
        """Rows made for `label`."""
        return np.flatnonzero(np.array([one == label for one in self.asked], bool))


def make(instrument: Instrument, reference: Reference, count: int, seed: int) -> Generator[Event, None, Made]:
    """`count` sounds, labels as often as in the training sounds, every seed once."""
    sounds: list[Sound] = []
    asked: list[str] = []
    for label, sound in _new(instrument, reference.train, count, seed):
        sounds.append(sound)
        asked.append(label)
        yield Progress(done=len(sounds), total=count, note="making new sounds")
    return Made(sounds, asked, hear(prepared(sounds, reference.material), reference.material.frames))


def _new(instrument: Instrument, train: TrainingSet, count: int, seed: int) -> Iterator[tuple[str, Sound]]:
    offered = instrument.controls.classes
    often = [int((train.label == i).sum()) if label in offered else 0 for i, label in enumerate(train.labels)]
    if not sum(often):
        for sound in instrument.render(Request(seed=seed, count=count)):
            yield "", sound
        return
    for label, share in zip(train.labels, metrics.proportional(often, count)):
        if share:
            for sound in instrument.render(Request(classes={label: 1.0}, seed=seed, count=share)):
                yield label, sound
        seed += share
