"""Exports: a thousand clips as a pack against a loop of sox that does the same, and what dither does to the last bit.

The numbers of tests/export/test_dither.py are computed here too, so that test and table speak of the same.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from studio.audio import files
from studio.audio.sound import Sound
from studio.export import base, items
from tests.bench import scene
from tests.bench.results import Table
from tests.drums import drum

COUNT, RATE = 1000, 48_000
SIZE = 1 << 18
"""Frames of the tone whose error is looked at."""
STEP = 2.0**-15
PERIODS = 5_951
"""Of the tone in SIZE frames: 1001 Hz, of which no harmonic falls on another bin."""


# ---- the pack


def run(args: argparse.Namespace) -> Table:
    """Stereo clips of 24 bit and 44.1 kHz become 16 bit with dither at 48 kHz."""
    source = clips(args.temp / "clips", COUNT)
    seconds = sum(files.probe(path).seconds for path in source.glob("*.wav"))
    table = Table(f"A pack of {COUNT} clips against sox", ("what", "seconds", "clips/s", "times real time", "of sox in a loop"))
    found: dict[str, float] = {}
    jobs: list[tuple[str, Callable[[Path], None]]] = [
        ("pack, sounds only", lambda out: pack(source, out, level="keep", cover=False, contents=False)),
        ("pack with cover and contents", lambda out: pack(source, out, level="keep")),
        ("pack, all at one loudness too", lambda out: pack(source, out)),
    ]
    if shutil.which("sox"):
        jobs += [
            ("sox in a loop", lambda out: sox(source, out, 1)),
            (f"sox, {cores()} at a time", lambda out: sox(source, out, cores())),
        ]
    for name, job in jobs:
        out = args.temp / name.replace(",", "")
        start = time.perf_counter()
        job(out)
        found[name] = time.perf_counter() - start
        assert sum(1 for _ in out.rglob("*.wav")) == COUNT
        shutil.rmtree(out)
    for name, took in found.items():
        ratio = found["sox in a loop"] / took if "sox in a loop" in found else ""
        table.add(name, took, COUNT / took, seconds / took, ratio)
    table.notes = [
        f"{COUNT} stereo clips, {seconds:.0f} s in all, 24 bit at 44.1 kHz, become 16 bit with dither at {RATE / 1000:g} kHz",
        "sox: `sox in.wav -b 16 out.wav rate -h 48000 dither`, one process for each clip; it flushes nothing to the disk",
        "ours: flushes every file, writes root, texts and recipe chunks, and puts the folder in its place at once",
    ]
    return table


def clips(folder: Path, count: int) -> Path:
    """Stereo sounds of 24 bit, none like another."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        mono = drum(("kick", "snare", "hat")[number % 3], number)
        sides = np.stack([mono, np.roll(mono, 7)]).astype(np.float32)
        files.write(folder / f"clip {number:04}.wav", Sound(sides, 44_100), subtype="PCM_24")
    return folder


def pack(source: Path, out: Path, **options: Any) -> None:
    exporter = base.exporter("pack")
    wanted = msgspec.structs.replace(exporter.Options(), bits="16", rate=str(RATE), title="Pack", **options)
    scene.finish(exporter.write(list(items.in_folder(source)), out, wanted))


def sox(source: Path, out: Path, at_once: int) -> None:
    """A loop in a shell, as one would write it."""
    out.mkdir()
    one = f'sox "$1" -b 16 "{out}/$(basename "$1")" rate -h {RATE} dither'
    command = ["xargs", "-0", "-n", "1", "-P", str(at_once), "sh", "-c", one, "sh"]
    paths = b"\0".join(os.fsencode(path) for path in sorted(source.glob("*.wav")))
    subprocess.run(command, input=paths, check=True)


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# ---- dither


def dither(args: argparse.Namespace) -> Table:
    """A tone of two and a half steps, written with 16 bit."""
    table = Table(
        "Dither of 16-bit files",
        ("what", "strongest harmonic, share of the error", "the same, dBFS", "16 bands differ by, dB", "error, steps RMS"),
    )
    for name, seed in (("rounded", None), ("dithered", 0)):
        path = files.write(args.temp / f"{name}.wav", tone(), subtype="PCM_16", dither=seed)
        error = (files.read(path).samples[0].astype(float) - tone().samples[0]) / STEP
        bands = spectrum(error).reshape(16, -1).mean(axis=1)
        share, power = float(harmonics(error).max()), float(np.square(error * STEP).mean())
        differ = float(10 * np.log10(bands.max() / bands.min()))
        table.add(name, f"{share:.2e}", float(10 * np.log10(2 * share * power)), differ, float(error.std()))
    table.notes = [
        f"a sine of 1001 Hz, 2.5 steps high, {SIZE} frames; of harmonics 2 to 20; even noise has 7e-05 there",
        "a triangle two steps wide and the rounding make 0.5 steps RMS, which is −93.3 dBFS over the whole band",
    ]
    return table


def tone(level: float = 2.5 * STEP) -> Sound:
    """A sine with a whole number of periods in SIZE frames."""
    wave = level * np.sin(2 * np.pi * PERIODS * np.arange(SIZE) / SIZE)
    return Sound(wave.astype(np.float32)[None], 44_100)


def spectrum(error: NDArray[np.floating]) -> NDArray[np.float64]:
    """Power of the bins above 0 Hz, (SIZE / 2,)."""
    return np.square(np.abs(np.fft.rfft(error)))[1:] / len(error)


def harmonics(error: NDArray[np.floating]) -> NDArray[np.float64]:
    """Of the harmonics 2 to 20 of the tone, (19,), each with its neighbours: share of the error's whole power."""
    power = spectrum(error)
    places = PERIODS * np.arange(2, 21) - 1
    return np.array([power[place - 4 : place + 5].sum() for place in places]) / power.sum()
