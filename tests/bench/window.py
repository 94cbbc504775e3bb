"""The window: from start to paint and sound, from cursor to sound beside a training, the smoothness of its event loop, and
whether what it plays arrives whole."""

from __future__ import annotations

import argparse
import contextlib
import statistics
from collections.abc import Iterator
from typing import Any

import numpy as np

from studio.cli.folders import playable
from tests.bench import scene
from tests.bench.results import Table, spread
from tests.sound import Sink

COUNTER = 2**22
MEAN = 480
"""As in inside.py, which needs Qt."""


def start(args: argparse.Namespace) -> Table:
    table = Table("Starting", ("start", "first paint s", "model open s", "first sound s", "map s"))
    root, home = scene.project(args), args.temp / "home"
    model = playable(root)
    with scene.sink(args):
        for number in range(args.starts + 1):
            found = scene.answer(scene.window("start", root, model, home=home), 180)
            assert not found["torch_before"], "torch was imported before the window painted"
            name = f"warm {number}" if number else "first, our caches cold"
            table.add(name, found["paint"], found["model"], found["sound"], found["map"])
    warm = table.rows[1:] or table.rows
    table.add("median of the warm", *(statistics.median(row[i] for row in warm) for i in (1, 2, 3, 4)))
    table.notes = [
        "From the birth of the process to a painted window, an open model, a new sound in the player, every sound on the map."
    ]
    return table


def latency(args: argparse.Namespace) -> Table:
    table = Table("From cursor to sound", ("beside it", "p50 ms", "p95 ms", "p99 ms", "worst ms", "output ms", "decoder"))
    root, home = scene.project(args), args.temp / "home"
    model = playable(root)
    with scene.sink(args) as card:
        for beside in (False, True):
            with scene.training(root, beside):
                found = scene.answer(scene.window("latency", root, model, args.moves, home=home), 300 + args.moves)
            name = "a training" if beside else "nothing"
            table.add(name, *spread(found["ms"]), found["output"] or "", f"{found['backend']}, {found['seconds']:.2f} s sounds")
    table.notes = [
        f"{args.moves} moves on the map of the Explore page: from the move to the new sound in the player's strip; "
        "`output` is what the device's buffer adds before it is heard.",
        "Played into a null sink." if card else "No sound card could be made here; the sound was rendered but not played.",
    ]
    return table


def gesture(args: argparse.Namespace) -> Table:
    columns = ("a hand over the map, beside it", "sounds heard", "p50 ms", "p95 ms", "p99 ms", "worst ms", "output ms")
    table = Table("A gesture", (*columns, "largest step heard", "of the sounds"))
    root, home = scene.project(args), args.temp / "home"
    model = playable(root)
    with scene.sink(args) as card:
        for beside in (False, True):
            with scene.training(root, beside), _recorded(card) as recording:
                found = scene.answer(scene.window("gesture", root, model, args.positions, home=home), 300 + args.positions)
            heard = largest_step(recording.samples) if recording is not None else float("nan")
            name = "a training" if beside else "nothing"
            table.add(name, len(found["ms"]), *spread(found["ms"]), found["output"] or "", heard, found["step"])
        with _recorded(card) as recording:
            found = scene.answer(scene.window("replace", root, args.positions, home=home), 300 + args.positions)
        heard = largest_step(recording.samples) if recording is not None else float("nan")
        table.add("tones of 60 to 240 Hz, one in another's place", args.positions, *[""] * 5, heard, found["step"])
    table.notes = [
        f"{args.positions} positions of one drawn way, one every 33 ms, whether or not the last one's sound has come; the "
        "newest wins. From the move to the new sound in the player's strip; `output` is what the device's buffer adds.",
        "Steps from sample to sample, full scale 1: in what came out of a null sink, and the largest within the sounds as they "
        "are played. A crossfade of two unlike waves may reach 1.41 times theirs; a click would be many times as large.",
    ]
    return table


@contextlib.contextmanager
def _recorded(card: Sink | None) -> Iterator[Any]:
    if card is None:
        yield None
        return
    with card.record() as recording:
        yield recording


def largest_step(samples: np.ndarray) -> float:
    """The largest step from sample to sample in (frames, channels)."""
    return float(np.abs(np.diff(samples.astype(float), axis=0)).max()) if len(samples) > 1 else 0.0


def jitter(args: argparse.Namespace) -> Table:
    table = Table("Smoothness of the window", ("beside it", "p50 ms late", "p95", "p99", "worst", "beats"))
    root, home = scene.project(args), args.temp / "home"
    with scene.sink(args):
        for number, beside in enumerate((False, True)):
            folder = scene.many(args.temp / f"import while {number}", args.files)
            with scene.training(root, beside):
                found = scene.answer(scene.window("jitter", root, args.seconds, folder, home=home), args.seconds + 120)
            on = {"playing": found["playing"], "importing": found["importing"], "training": beside}
            table.add(
                ", ".join(name for name, is_on in on.items() if is_on) or "nothing", *spread(found["ms"]), len(found["ms"])
            )
    table.notes = [f"Lateness of a precise 16-ms timer in the event loop over {args.seconds:g} s, the Sounds page shown."]
    return table


def underruns(args: argparse.Namespace) -> Table:
    table = Table("Sound that arrives whole", ("beside it", "seconds", "gaps", "lost ms", "jumps"))
    root, home = scene.project(args), args.temp / "home"
    with scene.sink(args) as card:
        if card is None:
            table.notes = ["No sound card could be made here; nothing was measured."]
            return table
        with scene.training(root), card.record() as recording:
            scene.answer(scene.window("play", root, args.seconds, home=home), args.seconds + 120)
        table.add("window and training", *lost(recording.samples[:, 0]))
    table.notes = ["A counter is played in a loop into a recorded null sink; gaps and jumps of more than 2 ms show."]
    return table


def lost(samples: np.ndarray) -> tuple[float, int, float, int]:
    """Seconds played, gaps of zeros, their milliseconds, and jumps of the counter by more than 2 ms.

    On the way through a device at another rate the counter's steps ripple; means of 10 ms do not, and a jump moves them. Zeros
    count as a gap only.
    """
    heard = np.flatnonzero(samples)
    if not len(heard):
        return 0.0, 0, 0.0, 0
    inner = samples[heard[0] : heard[-1] + 1].astype(float) * COUNTER
    edges = np.diff(np.concatenate([[0], (inner == 0).astype(int), [0]]))
    gaps = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    means = inner[: len(inner) // MEAN * MEAN].reshape(-1, MEAN).mean(1)
    steps = np.diff(means)
    wild = np.abs(steps - MEAN) > 48
    starts_over = np.flatnonzero(steps < -0.1 * inner.max())
    for place in (0, *starts_over, len(wild)):  # its own start, end and beginning again, crossfaded
        wild[max(0, place - 2) : place + 3] = False
    places = np.flatnonzero(wild)
    jumps = int(np.count_nonzero(np.diff(places) > 3)) + bool(len(places))
    return len(inner) / 48_000, len(gaps), 1e3 * float(gaps.sum()) / 48_000, jumps
