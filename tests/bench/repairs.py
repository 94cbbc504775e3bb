"""Repairs against planted damage, beside public programs where they are installed (cleaners.py), and on sounds that are whole.

Each cell: by how many dB the signal-to-distortion ratio rises (mean of the sounds; of the worst one), and the log-spectral
distance that is left. A minus in brackets is a sound that was made worse.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from tests.bench import cleaners, planted
from tests.bench.planted import RATE, Wave
from tests.bench.results import Table

LEAD = round(0.6 * RATE)
"""Frames of nothing but noise before each noisy sound."""
HUMS = [(hz, level) for hz in (50.03, 59.95) for level in (-10, -20, -30, -40)]
CLICKS = [(height, often) for height in (0.8, 0.2, 0.05, 0.02) for often in (1, 20)]
CLIPPED = (20, 15, 10, 5)
NOISES = [(color, level) for color in ("white", "pink", "hiss") for level in (30, 15)]


def hum(args: argparse.Namespace) -> Table:
    found = Found("Hum of the mains, planted", args)
    for hz, level in HUMS:
        found.case(f"{hz:g} Hz at {level} dB", lambda x, seed: planted.hum(x, hz, level, seed), cleaners.hum(hz))  # noqa: B023
    gains = [gain for name, _, gain, _ in found.gains if name == "ours"]
    found.table.notes.append(
        "ten harmonics, their strengths by chance, at so many dB of the sound's own level; the notches are told the frequency; "
        f"ours changed less than 1 dB in {sum(abs(gain) < 1 for gain in gains)} of {len(gains)} and made "
        f"{sum(gain < -0.5 for gain in gains)} worse by more than 0.5 dB"
    )
    return found.done()


def clicks(args: argparse.Namespace) -> Table:
    found = Found("Clicks, planted", args)
    heard: dict[str, list[tuple[int, int, int, float]]] = {}
    for height, often in CLICKS:
        spans: dict[int, list[tuple[int, int]]] = {}

        def plant(x: Wave, seed: int) -> Wave:
            y, spans[seed] = planted.clicks(x, height, often, seed)  # noqa: B023
            return y

        def look(name: str, seed: int, y: Wave, z: Wave) -> None:
            touched = planted.changed(y, z)
            hits = sum(any(a < end and b > start for a, b in touched) for start, end in spans[seed])  # noqa: B023
            wrong = sum(not any(a < end and b > start for start, end in spans[seed]) for a, b in touched)  # noqa: B023
            heard.setdefault(f"{name}, {height:g}", []).append((hits, len(spans[seed]), wrong, len(y) / RATE))  # noqa: B023

        found.case(f"{height:g} of the peak, {often} a second", plant, cleaners.clicks(), look)
    for name, counts in heard.items():
        hits, count, wrong, seconds = np.sum(counts, axis=0)
        found.table.notes.append(f"{name} of the peak: {hits / count:.0%} touched, {60 * wrong / seconds:.3g} others a minute")
    found.table.notes.append("1 to 30 samples long, half of them rough, half decaying waves")
    return found.done()


def clipping(args: argparse.Namespace) -> Table:
    found = Found("Peaks cut off", args)
    speeds = []
    for level in CLIPPED:
        took: list[float] = []
        watched = partial(_watched, took, cleaners.ours("declip"))
        programs = cleaners.clipping() | {"ours": watched}
        found.case(f"to an SDR of {level} dB", lambda x, seed: planted.clipping(x, level), programs)  # noqa: B023
        speeds.append(f"{planted.SECONDS * len(took) / sum(took):.3g} × at {level} dB")
    found.table.notes.append(f"ours, seconds of sound by seconds of processor: {', '.join(speeds)}")
    return found.done()


def _watched(took: list[float], clean: cleaners.Cleaner, y: Wave) -> Wave:
    """Also notes seconds of processor."""
    start = time.process_time()
    z = clean(y)
    took.append(time.process_time() - start)
    return z


def noise(args: argparse.Namespace) -> Table:
    found = Found("Steady noise, planted", args, lead=LEAD)
    left: dict[str, list[tuple[float, float]]] = {}

    def look(name: str, seed: int, y: Wave, z: Wave) -> None:
        lowered = 10 * np.log10(np.mean(y[:LEAD] ** 2) / max(np.mean(z[:LEAD] ** 2), 1e-20))
        left.setdefault(name, []).append((lowered, planted.twinkling(y[:LEAD], z[:LEAD])))

    for color, level in NOISES:
        plant: Callable[[Wave, int], Wave] = lambda x, seed: planted.noise(x, color, level, seed)  # noqa: B023, E731
        found.case(f"{color}, SNR {level} dB", plant, cleaners.noise(LEAD), look)
    for name, pairs in left.items():
        lowered, twinkling = np.mean(pairs, axis=0)
        found.table.notes.append(f"{name}: noise alone lowered by {lowered:.3g} dB, log kurtosis ratio {twinkling:.3g}")
    found.table.notes.append(f"{LEAD / RATE:g} s of noise alone come first; log kurtosis ratio (musical noise): 0 is none")
    return found.done()


def untouched(args: argparse.Namespace) -> Table:
    """What repairs and their peers do to sounds that need none."""
    sounds = planted.sounds(args.drums, args.notes, args.loops)
    columns = ("repair", "program", *(f"{kind}: most" for kind in sounds), "unchanged")
    table = Table("Whole sounds, repaired all the same: what is changed, dB of the sound", columns)
    kinds = {
        "hum": cleaners.hum(50),
        "clicks": cleaners.clicks(),
        "clipping": cleaners.clipping(),
        "noise": cleaners.noise(LEAD),
    }
    kinds["noise"].pop("ours")  # it is told where noise is, where there is none
    for repair, programs in kinds.items():
        for name, clean in programs.items():
            if clean is None:
                continue
            changes = {kind: [-planted.sdr(x, clean(x)) for x in waves] for kind, waves in sounds.items()}
            same = [change <= -150 for each in changes.values() for change in each]
            table.add(repair, name, *(max(each) for each in changes.values()), f"{sum(same)} of {len(same)}")
    table.notes.append("−150: to the bit; what is told where noise is was given the first 0.6 s of the sound")
    return table


class Found:
    """A table that grows by cases: each damage on each sound, repaired by each program."""

    def __init__(self, title: str, args: argparse.Namespace, lead: int = 0) -> None:
        self.sounds = planted.sounds(args.drums, args.notes, args.loops)
        self.lead = lead
        self.table = Table(title, ())
        self.gains: list[tuple[str, str, float, float]] = []
        """(program, kind of sound, SDR gained, log-spectral distance left)."""

    def case(
        self,
        name: str,
        plant: Callable[[Wave, int], Wave],
        programs: dict[str, cleaners.Cleaner | None],
        look: Callable[[str, int, Wave, Wave], None] | None = None,
    ) -> None:
        self.table.columns = ("damage", "SDR before, dB", *programs)
        here: dict[str, list[tuple[float, float]]] = {program: [] for program in programs}
        before = []
        for seed, (kind, x) in enumerate((kind, x) for kind, waves in self.sounds.items() for x in waves):
            x = np.pad(x, (self.lead, 0))
            y = plant(x, seed).astype(np.float32).astype(float)
            before.append(planted.sdr(x, y))
            for program, clean in programs.items():
                if clean is None:
                    continue
                z = clean(y)
                here[program].append((planted.sdr(x, z) - before[-1], planted.distance(x, z)))
                self.gains.append((program, kind, *here[program][-1]))
                if look is not None:
                    look(program, seed, y, z)
        self.table.add(name, float(np.mean(before)), *(_cell(pairs) for pairs in here.values()))

    def done(self) -> Table:
        for kind in self.sounds:
            each = [[(gain, left) for *of, gain, left in self.gains if of == [name, kind]] for name in self.table.columns[2:]]
            self.table.add(f"all of it, {kind}", "", *map(_cell, each))
        kinds = ", ".join(f"{len(waves)} of {kind}" for kind, waves in self.sounds.items())
        told = "A cell: SDR gained, mean (worst sound); log-spectral distance left; all in dB"
        self.table.notes.append(f"{kinds}; {planted.SECONDS:g} s each. {told}")
        return self.table


def _cell(pairs: Iterable[tuple[float, float]]) -> str:
    found = np.array(list(pairs))
    if not len(found):
        return "not installed"
    return f"{found[:, 0].mean():+.1f} ({found[:, 0].min():+.1f}); {found[:, 1].mean():.1f}"
