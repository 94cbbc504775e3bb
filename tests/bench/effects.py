"""How many times faster than it plays each effect and repair is, also on silence and on what dies away into tiny numbers."""

from __future__ import annotations

import argparse
from functools import partial

import numpy as np

from studio.audio import effects, repair, steps
from studio.audio.excerpt import excerpt
from studio.audio.presets import PRESETS
from studio.audio.sound import Sound
from tests.bench.results import Table, timed

RATE, SECONDS = 44_100, 10


def run(args: argparse.Namespace) -> Table:
    table = Table(
        "Effects and repairs", ("effect", "× real time, noise", "silence", "dying away", "1.5 s around the playhead, ms")
    )
    random = np.random.default_rng(0).standard_normal((2, SECONDS * RATE)).astype(np.float32)
    fall = np.exp(-np.arange(SECONDS * RATE) / (0.1 * RATE)).astype(np.float32)
    sounds = [Sound(samples, RATE) for samples in (0.1 * random, 0 * random, random * fall)]
    room = Sound((random * fall)[:, : 2 * RATE].copy(), RATE)
    for name, kind in (effects.STEPS | repair.STEPS).items():
        setting = next(iter(PRESETS["equaliser"].values())) if name == "equaliser" else {}  # flat at first, which costs nothing
        chain = [{"do": name, **setting, **({"sound": "room"} if kind.material else {})}]
        whole, piece = (
            partial(steps.apply, steps=chain, materials=lambda _: room),
            partial(excerpt, done=chain, at=5, seconds=1.5),
        )
        speeds = [SECONDS / timed(partial(whole, sound), 3) for sound in sounds]
        soon = 1e3 * timed(partial(piece, sounds[0], materials=lambda _: room), 3) if name in effects.STEPS else ""
        table.add(name, *speeds, soon)
    table.notes.append("stereo at 44.1 kHz, 10 s, default settings but for the equaliser, tails included")
    return table
