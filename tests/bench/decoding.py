"""From a latent to a sound on one thread: PyTorch against the compiled decoder, and reading a sound's latent."""

from __future__ import annotations

import argparse
import math
import time

import numpy as np

from studio.generate import Instrument
from studio.project.recipe import Request
from tests.bench import scene
from tests.bench.results import Table, spread

FRAME = 128
"""The compiled decoder's free length counts in these."""


def run(args: argparse.Namespace) -> Table:
    import torch

    from studio.cli.folders import playable

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    table = Table("Decoding, one thread", ("backend", "sound s", "p50 ms", "p95 ms", "times realtime"))
    folder = playable(scene.project(args))
    for compiled in (True, False):
        start = time.perf_counter()
        instrument = Instrument.open(folder, compile=compiled)
        opened = time.perf_counter() - start
        size = instrument.controls.latent.size if instrument.controls.latent else 0
        longest = instrument.controls.seconds.high if instrument.controls.seconds else 1.5
        rng = np.random.default_rng(0)
        for seconds in sorted({min(0.5, longest), min(1.5, longest)}):
            times = []
            for i in range(args.repeats + 5):
                request = Request(latent=(tuple(map(float, rng.standard_normal(size))),), seconds=seconds, seed=i)
                start = time.perf_counter()
                sound = next(iter(instrument.render(request)))
                times.append(1e3 * (time.perf_counter() - start))
            middle, p95, *_ = spread(times[5:])
            table.add(instrument.backend, sound.seconds, middle, p95, 1e3 * sound.seconds / middle)
            table.add(f"{instrument.backend}, the decoder alone", seconds, *_alone(instrument, seconds / longest, args.repeats))
        table.notes.append(f"{instrument.backend}: opened {'and compiled ' if compiled else ''}in {opened:.2f} s")
        if compiled and instrument.backend == "torch":
            table.notes.append("the compiled decoder was not faster here, so PyTorch is what plays")
    times = []
    for _ in range(20):
        start = time.perf_counter()
        instrument.encode(sound)
        times.append(1e3 * (time.perf_counter() - start))
    table.add("encoding, torch", sound.seconds, *spread(times)[:2], 1e3 * sound.seconds / float(np.median(times)))
    torch.set_num_threads(threads)
    return table


def _alone(instrument: Instrument, share: float, repeats: int) -> tuple[float, float, float]:
    """p50 and p95 in ms and times realtime of the decoder itself: no noise to draw, no end to find."""
    from studio.models import fast

    model = instrument.model
    inputs = {
        name: x[..., : math.ceil(x.shape[-1] // FRAME * share) * FRAME] if model.dynamic_axes().get(name) else x
        for name, x in model.example_inputs().items()
    }
    decoder = model.decoder()
    assert decoder is not None
    run = (fast.compile(model) if instrument.backend == "onnx" else None) or fast.plain(decoder)
    times = []
    for _ in range(repeats + 5):
        start = time.perf_counter()
        made = run(inputs)
        times.append(1e3 * (time.perf_counter() - start))
    middle, p95, *_ = spread(times[5:])
    return middle, p95, 1e3 * made.shape[-1] / instrument.material.rate / middle
