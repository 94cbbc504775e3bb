"""The everyday calculations: mel spectrograms, slices of long files, the first map, the axes."""

from __future__ import annotations

import argparse
import resource
import sys

import numpy as np

from studio.audio import analysis, files
from studio.audio.sound import Sound
from studio.explore.axes import Axes
from studio.explore.map import Map
from studio.explore.mutate import mutate
from tests.bench.results import Table, timed

RATE = 44_100


def run(args: argparse.Namespace) -> Table:
    table = Table("Everyday calculations", ("what", "ms", "peak memory MB"))
    rng = np.random.default_rng(0)
    long = rng.standard_normal(600 * RATE).astype(np.float32) * 0.1
    table.add("mel spectrogram of 10 min, 2048/512/128", 1e3 * timed(lambda: analysis.log_mel(long, RATE), 3), _peak())
    path = args.temp / "ten minutes.wav"
    if not path.exists():
        files.write(path, Sound(long[None], RATE), subtype="PCM_16")
    table.add("a second out of its WAV", 1e3 * timed(lambda: files.read(path, start=123 * RATE, frames=RATE), 50), "")
    second = Sound(long[None, :RATE], RATE)
    table.add("facts of a second", 1e3 * timed(lambda: analysis.facts(second), 20), "")
    table.add("fingerprint of a second", 1e3 * timed(lambda: analysis.fingerprint(second), 20), "")
    for count in (5_000, 50_000):
        latents = rng.standard_normal((count, 128)) @ rng.standard_normal((128, 128))
        table.add(f"map of {count:,} × 128", 1e3 * timed(lambda x=latents: Map.fit(x), 5), _peak())
        table.add(f"eight named axes of {count:,} × 128", 1e3 * timed(lambda x=latents: _axes(x), 5), "")
    few = latents[:5_000]
    plane = Map.fit(few)
    table.add("a place on the map of 5,000 → latent", 1e3 * timed(lambda: plane.place((0.1, 0.2), few), 50), "")
    table.add("shading of the map", 1e3 * timed(lambda: plane.density(), 5), "")
    table.add("nine candidates", 1e3 * timed(lambda: mutate(few[0], few), 20), "")
    return table


def _axes(latents: np.ndarray) -> Axes:
    facts = {name: np.abs(latents[:, i]) + 1 for i, name in enumerate(("brightness", "attack", "length", "loudness"))}
    return Axes.fit(latents, facts)


def _peak() -> float:
    """Largest memory of this process so far."""
    scale = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale
