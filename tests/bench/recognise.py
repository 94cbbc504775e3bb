"""Do made sounds help a classifier that has few real ones? Few real ones alone, with made ones, and made ones alone, judged on
held-out real sounds that neither the classifier nor the model that made the sounds has heard."""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from studio.audio.images import hear
from studio.cli.folders import playable
from studio.evaluate.reference import Reference, prepared
from studio.generate import Instrument
from studio.models.layers import judge
from studio.project.folder import ProjectFolder
from studio.project.recipe import Request
from tests.bench import scene
from tests.bench.results import Table

FEW = (5, 10, 20)
"""Real sounds of each label."""

Heard = tuple[NDArray[np.float32], NDArray[np.int64]]
"""Images (N, M, F) and labels (N,)."""


def run(args: argparse.Namespace) -> Table:
    folder = playable(args.run or scene.project(args))
    project = ProjectFolder.open(folder.parents[2].parent, lock=False)
    instrument = Instrument.open(folder, compile=args.each >= 50)
    reference = Reference.gather(project, instrument.material, instrument.data.labels)
    if instrument.data.count != len(reference.train):
        saw = f"it was trained on {instrument.data.count} sounds, its project's training split has {len(reference.train)}"
        raise SystemExit(f"{saw}: what this model has heard is not known")
    names = usable(reference, instrument.controls.classes)
    if len(names) < 2:
        raise SystemExit("fewer than two labels of this model have enough training and held-out sounds")
    train, held = (of(reference, names, part) for part in ("train", "held"))
    made = invented(instrument, names, reference, args.each)
    columns = ("real sounds of each label", "real alone", f"with {args.each} made each", "better by", "better in", "made alone")
    table = Table(f"Recognising {len(names)} labels with few real sounds: {instrument.checkpoint.family}", columns)
    only = np.array([accuracy(made, held, len(names), seed) for seed in range(args.seeds)])
    for few in FEW:
        found = np.array([both(train, held, made, len(names), few, seed) for seed in range(args.seeds)])
        gain = found[:, 1] - found[:, 0]
        better = f"{(gain > 0).sum()} of {len(gain)}"
        table.add(few, *(spread(found[:, at]) for at in (0, 1)), spread(gain), better, spread(only))
        print(table.markdown().splitlines()[5 + len(table.rows)], flush=True)
    count = np.bincount(held[1], minlength=len(names))
    table.notes = [
        f"share of {len(held[1])} held-out sounds recognised, mean over labels; mean ± standard deviation over {args.seeds} "
        "seeds, each with other real sounds and other weights",
        f"labels: {', '.join(f'{name} ({n} held out)' for name, n in zip(names, count))}",
        f"the model was trained {instrument.checkpoint.minutes:.0f} minutes ({instrument.checkpoint.step:,} steps) on the "
        f"{len(reference.train)} sounds of the training split, from which the few real ones are drawn, and on nothing else: "
        f"it has heard more real sounds than the classifier has; the {len(reference.held)} held-out ones nobody has heard",
        f"the classifier is that of `wavewright evaluate` ({judge.EPOCHS} epochs, labels equally often); real and made "
        "ones are pooled",
    ]
    return table


def usable(reference: Reference, offered: tuple[str, ...]) -> tuple[str, ...]:
    """Labels that the model makes and of which there are enough sounds to draw from and some to be tested on."""
    counts = [
        np.bincount(part.label[part.label >= 0], minlength=len(part.labels)) for part in (reference.train, reference.held)
    ]
    return tuple(
        label
        for label, known, held in zip(reference.train.labels, *counts)
        if label in offered and known >= FEW[-1] and held >= 3
    )


def of(reference: Reference, names: tuple[str, ...], part: str) -> Heard:
    """The sounds of these labels, labels as indices of `names`."""
    sounds, heard = (reference.train, reference.known) if part == "train" else (reference.held, reference.real)
    labels = np.array([names.index(sounds.labels[i]) if i >= 0 and sounds.labels[i] in names else -1 for i in sounds.label])
    rows = labels >= 0
    return heard.images[rows], labels[rows].astype(np.int64)


def invented(instrument: Instrument, names: tuple[str, ...], reference: Reference, each: int) -> Heard:
    """`each` new sounds of each label."""
    sounds = [
        sound
        for place, label in enumerate(names)
        for sound in instrument.render(Request(classes={label: 1.0}, seed=place * each, count=each))
    ]
    images = hear(prepared(sounds, reference.material), reference.material.frames).images
    return images, np.repeat(np.arange(len(names)), each).astype(np.int64)


def both(train: Heard, held: Heard, made: Heard, labels: int, few: int, seed: int) -> tuple[float, float]:
    """Balanced accuracy on `held` of `few` real sounds a label alone, and with `made`."""
    rng = np.random.default_rng(seed)
    rows = np.concatenate([rng.choice(np.flatnonzero(train[1] == i), few, replace=False) for i in range(labels)])
    real = train[0][rows], train[1][rows]
    more = np.concatenate([real[0], made[0]]), np.concatenate([real[1], made[1]])
    return accuracy(real, held, labels, seed), accuracy(more, held, labels, seed)


def accuracy(taught: Heard, held: Heard, labels: int, seed: int) -> float:
    network = judge.new(labels, seed)
    for _ in judge.train(network, *taught, seed=seed):
        pass
    said = judge.hear(network, held[0])[0].argmax(1)
    return float(np.mean([(said[held[1] == i] == i).mean() for i in np.unique(held[1])]))


def spread(values: NDArray[np.float64]) -> str:
    return f"{values.mean():.3f} ± {values.std(ddof=1) if len(values) > 1 else 0:.3f}"
