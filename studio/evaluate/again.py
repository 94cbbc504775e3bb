"""Real sounds said again by a model: how near they come back from their own latents, and the model's own held-out numbers."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import torch

from studio import metrics
from studio.audio.sound import Sound
from studio.errors import NotOffered
from studio.evaluate.reference import Reference, prepared
from studio.evaluate.scores import Scores
from studio.events import Event, Progress
from studio.generate import Instrument
from studio.library.reader import TrainingSet
from studio.models.layers.losses import MelDistance
from studio.models.said import said_again

RECONSTRUCTED = 64
"""At most this many held-out sounds are reconstructed."""

PART, PARTS = 16, 8
"""Held-out sounds that a model measures at a time, at most, and parts of them that there are at least, for an interval."""


def reconstructions(scores: Scores, instrument: Instrument, reference: Reference) -> Generator[Event, None, dict[int, Sound]]:
    """How well held-out sounds come back from their own latents; the floor is what the nearest training sound would do.

    Returns the reconstructions, prepared, {row of the held-out set: Sound}; none where the model has no encoder.
    """
    held, real, known, material = reference.held, reference.real, reference.known, reference.material
    again: dict[int, Sound] = {}
    distance = MelDistance(material.rate).eval()  # the plain distance: while it trains it shifts and weighs at random
    if not len(held):
        return again
    rows = np.linspace(0, len(held) - 1, min(len(held), RECONSTRUCTED)).round().astype(int)
    _, twin = metrics.nearest(real.flat, known.flat)
    found: list[list[float]] = []
    for done, row in enumerate(rows):
        sound = real.sounds[row]
        label = held.labels[held.label[row]] if held.label[row] >= 0 else ""
        try:
            latent = np.atleast_2d(instrument.encode(sound, label))
        except NotOffered:
            scores.sets["reconstruction"] = "left out: this model has no encoder"
            return again
        request = said_again(instrument.controls, sound, latent, label, held.pitch[row], held.velocity[row])
        again[int(row)] = prepared([next(iter(instrument.render(request)))], material)[0]
        found.append(_apart(again[int(row)], sound, distance) + _apart(known.sounds[twin[row]], sound, distance))
        yield Progress(done=done + 1, total=len(rows), note="reconstructing held-out sounds")
    words = f"median of {len(found)} held-out sounds from their own latents; floor: the nearest training sound of each"
    values = np.array(found)
    for i, name in enumerate(("mel", "stft", "si_sdr")):
        scores.over(f"reconstruction_{name}", values[:, i], values[:, i + 3], words, np.median)
    return again


def _apart(made: Sound, real: Sound, distance: Any) -> list[float]:
    """Mel distance (log10), STFT distance and SI-SDR (dB) of two prepared sounds, the first moved by up to 20 ms to fit."""
    size = max(made.frames, real.frames, 4096)
    s = np.pad(real.mono(), (0, size - real.frames))
    x = metrics.align(np.pad(made.mono(), (0, size - made.frames)), s, real.rate // 50)
    pair = [torch.from_numpy(np.asarray(a, np.float32))[None, None] for a in (x, s)]
    with torch.no_grad():
        return [float(distance(*pair)), metrics.stft_distance(x, s), metrics.si_sdr(x, s)]


def own(scores: Scores, instrument: Instrument, held: TrainingSet) -> None:
    """The family's own held-out numbers, as the trainer measures them. They have no floor: real sounds pass no model."""
    if not len(held):
        return
    parts = np.array_split(np.arange(len(held)), min(len(held), max(PARTS, -(-len(held) // PART))))
    found: dict[str, list[float]] = {}
    with torch.inference_mode():
        for rows in parts:
            for name, value in instrument.model.measure(held.batch(rows, instrument.model.device)).items():
                found.setdefault(name, []).append(value)
    sizes = np.array([len(rows) for rows in parts], float)
    for name, each in found.items():
        values = np.array(each)

        def mean(rows: Any, values: Any = values) -> float:
            return float(np.average(values[rows], weights=sizes[rows]))

        value = mean(np.arange(len(values)))
        words = f"{len(held)} held-out sounds in {len(parts)} parts, the model's own measure"
        scores.put(f"own/{name}", value, None, words, scores.between(mean, len(values), value))
