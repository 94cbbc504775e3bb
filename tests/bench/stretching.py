"""Pitch, level, attacks, vowels and speed of what is stretched or shifted: as any sound (“complex”), and as it says (“auto”).

`cents` is the ruler: a harmonic series fitted by least squares, since a spectrum of 12 ms can't tell a note from the next.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.audio import files, onsets, stretch
from studio.audio.sound import Sound
from tests.bench.results import Table

Array = NDArray[np.float64]

RATE = 44_100
PARTIALS = 8
PERIODS = 1.5
"""Of what is asked for: in less no pitch can be measured, see `resolution`."""
REACH = 100
"""Cents to both sides in which a pitch is looked for."""
LONGEST = 0.15
"""Seconds in the middle of a sound that are measured."""

PITCHES = (55, 110, 220, 440, 880, 1760)
SECONDS = (0.05, 0.2, 1.0)
RATIOS = (0.25, 0.5, 1.25, 2.0, 4.0)
SEMITONES = (-12, -5, 7, 12)
METHODS = ("complex", "auto")
VOWELS = {"a": (730, 1090, 2440, 3400), "e": (530, 1840, 2480, 3500), "i": (270, 2290, 3010, 3600), "u": (300, 870, 2240, 3300)}
"""Hz at which a throat resonates (Peterson and Barney, "Control methods used in a study of the vowels", 1952)."""
WIDTHS = (80, 100, 120, 150)


def tone(hz: float, seconds: float, partials: int = PARTIALS, seed: int = 0) -> Sound:
    """Harmonics falling with their number, at phases that the seed draws."""
    t = np.arange(round(seconds * RATE)) / RATE
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, partials)
    wave = sum(0.3 / k * np.sin(2 * np.pi * hz * k * t + phases[k - 1]) for k in range(1, _heard(hz, partials) + 1))
    return Sound(np.asarray(wave, np.float32)[None], RATE)


def _heard(hz: float, partials: int) -> int:
    return max(1, min(partials, int(0.45 * RATE / hz)))


def vowel(hz: float, name: str, seconds: float = 0.5) -> Sound:
    t = np.arange(round(seconds * RATE)) / RATE
    wave = sum(np.real(h * np.exp(2j * np.pi * hz * k * t)) for k, h in enumerate(throat(hz, name, 8000), 1))
    return Sound(np.asarray(0.1 * wave, np.float32)[None], RATE)


def throat(hz: float, name: str, highest: float = 5000.0) -> NDArray[np.complex128]:
    """What a voice of that pitch has of each harmonic up to `highest`."""
    number = np.arange(1, int(highest / hz) + 1)
    s = 2j * np.pi * hz * number
    found = 1 / number + 0j
    for centre, width in zip(VOWELS[name], WIDTHS):
        pole = np.pi * (-width + 2j * centre)
        found *= abs(pole) ** 2 / ((s - pole) * (s - np.conj(pole)))
    return found


# ---- rulers


def cents(samples: Array, hz: float, partials: int = PARTIALS, rate: int = RATE) -> float:
    """How far the harmonic series that fits (T,) best is from `hz`: first the strongest in the spectrum where there are enough
    periods to see it, then the least squares under a Hann window."""
    frames = min(len(samples), round(LONGEST * rate))
    first = (len(samples) - frames) // 2
    window = np.hanning(frames + 2)[1:-1]
    x = samples[first : first + frames].astype(np.float64) * window
    t = (np.arange(frames) - frames / 2) / rate
    count = min(_heard(hz, partials), int(0.5 * rate / hz / 2 ** (REACH / 1200)))
    if frames * hz / rate > 6:
        size = 1 << 17
        power, tried = np.square(np.abs(np.fft.rfft(x, size))), np.arange(-REACH, REACH, 0.5)
        bins = hz * 2 ** (tried / 1200) * size / rate
        best = float(tried[sum(np.interp(k * bins, np.arange(len(power)), power) for k in range(1, count + 1)).argmax()])
        step = 2.0
    else:
        tried = np.arange(-REACH, REACH + 1, 10.0)
        best = float(tried[np.argmin([_left(x, window, t, hz * 2 ** (c / 1200), count) for c in tried])])
        step = 5.0
    while step > 0.05:
        near = [_left(x, window, t, hz * 2 ** ((best + move) / 1200), count) for move in (-step, 0, step)]
        lowest = int(np.argmin(near))
        best, step = best + (lowest - 1) * step, step / 2 if lowest == 1 else step
        if abs(best) > 2 * REACH:
            break
    return best


def _left(x: Array, window: Array, t: Array, hz: float, count: int) -> float:
    """What a harmonic series of `hz` leaves of the power of x (T,)."""
    phase = 2 * np.pi * hz * np.outer(t, np.arange(1, count + 1))
    waves = np.concatenate([np.cos(phase), np.sin(phase)], axis=1) * window[:, None]
    inner = waves.T @ waves
    products = waves.T @ x
    return float(x @ x - products @ np.linalg.solve(inner + 1e-9 * np.trace(inner) / len(inner) * np.eye(len(inner)), products))


def level(sound: Sound) -> float:
    return float(10 * np.log10(np.square(sound.samples, dtype=np.float64).mean() + 1e-20))


def mismatch(sound: Sound, hz: float, name: str) -> float:
    """Decibels by which the harmonics of a vowel are from what a throat would make of them at that pitch, the stronger ones
    counting more."""
    frames = round(LONGEST * RATE)
    first = (sound.frames - frames) // 2
    window, t = np.hanning(frames), np.arange(frames) / RATE
    wanted = 20 * np.log10(np.abs(throat(hz, name)))
    x = sound.samples[0, first : first + frames] * window
    waves = np.exp(-2j * np.pi * hz * np.outer(np.arange(1, len(wanted) + 1), t))
    away = 20 * np.log10(np.abs(waves @ x) + 1e-9) - wanted
    weight = np.where(wanted > wanted.max() - 50, 10 ** ((wanted - wanted.max()) / 40), 0)
    return float(np.sqrt(weight @ np.square(away - weight @ away / weight.sum()) / weight.sum()))


def sharpness(sound: Sound) -> float:
    """The largest rise of the level from one millisecond to the next, in parts of the loudest one."""
    ticks = onsets.outline_of(sound).ticks
    return float(np.diff(ticks, prepend=0.0).max(initial=0.0) / max(float(ticks.max(initial=0.0)), 1e-9))


# ---- the table


def run(args: argparse.Namespace) -> Table:
    columns = ("what", *(f"{name}: {what}" for what in ("worst cents", "worst dB", "× real time") for name in METHODS))
    table = Table("Longer, shorter, higher, lower", columns)
    changes: list[tuple[str, Callable[..., Sound], float, float]] = []
    changes += [(f"× {ratio:g}", partial(stretch.stretch, ratio=ratio), ratio, 1.0) for ratio in RATIOS]
    changes += [(f"{n:+d} st", partial(stretch.pitch, semitones=n), 1.0, 2 ** (n / 12)) for n in SEMITONES]
    for seconds in SECONDS:
        for name, change, ratio, times in changes:
            tones = [
                (tone(hz, seconds, count, hz), hz * times, count)
                for hz in PITCHES for count in (1, PARTIALS) if hz * times * seconds * ratio >= PERIODS
            ]  # fmt: skip
            found = [_measured(partial(change, method=method), tones) for method in METHODS]
            table.add(f"tones of {1000 * seconds:g} ms {name}", *(value for values in zip(*found) for value in values))
    for n in SEMITONES:
        table.add(f"vowels {n:+d} st, formants kept: dB", *_vowels(n), "", "", "", "")
    if args.sounds:
        for folder in sorted(path for path in Path(args.sounds).glob("*/*") if path.is_dir()):
            table.add(*_real(folder))
    table.notes = [
        f"tones of {', '.join(map(str, PITCHES))} Hz, pure and of {PARTIALS} harmonics, where the result has {PERIODS} "
        "periods; lengths are to the frame everywhere",
        f"the ruler itself, 40 dB over noise: {resolution()}",
        "vowels: decibels by which harmonics are from those of the same throat at that pitch; without keeping formants "
        + ", ".join(f"{plain:.0f} at {n:+d}" for n, plain in zip(SEMITONES, _plain())),
    ]
    if args.sounds:
        table.notes.append(
            "folders: median cents by which × 2 of up to three files is out of tune (– without a pitch), sharpness of "
            "the attack (largest rise in 1 ms, in parts of the peak) against the original's in dB, × real time on one thread"
        )
    return table


def resolution() -> str:
    """Worst error of the ruler on ideal tones."""
    parts = []
    for periods in (1.0, PERIODS, 3.0, 10.0):
        errors = []
        for hz in PITCHES:
            ideal = tone(hz, periods / hz, seed=hz).samples[0]
            noise = np.random.default_rng(hz).standard_normal(len(ideal)) * ideal.std() / 100
            errors.append(abs(cents(ideal + noise, hz)))
        parts.append(f"{max(errors):.2g} cents in {periods:g} periods")
    return ", ".join(parts)


def _measured(change: Callable[[Sound], Sound], tones: list[tuple[Sound, float, int]]) -> tuple[float, float, float]:
    """Worst cents, worst decibels, × real time."""
    tune, loud, heard, spent = [0.0], [0.0], 0.0, 0.0
    for sound, hz, count in tones:
        began = time.process_time()
        made = change(sound)
        spent, heard = spent + time.process_time() - began, heard + sound.seconds
        tune.append(cents(made.samples[0].astype(np.float64), hz, count))
        loud.append(level(made) - level(sound))
    return max(tune, key=abs), max(loud, key=abs), heard / max(spent, 1e-9)


def _vowels(semitones: float) -> Iterator[float]:
    for method in METHODS:
        keep = partial(stretch.pitch, semitones=semitones, method=method, formants="keep")
        yield _away(keep, semitones)


def _plain() -> Iterator[float]:
    return (_away(partial(stretch.pitch, semitones=n, method="auto"), n) for n in SEMITONES)


def _away(change: Callable[[Sound], Sound], semitones: float) -> float:
    times = 2 ** (semitones / 12)
    return float(np.mean([mismatch(change(vowel(hz, name)), hz * times, name) for name in VOWELS for hz in (110, 220)]))


def _real(folder: Path) -> tuple[Any, ...]:
    paths = sorted(folder.rglob("*.wav"))
    row: list[list[float]] = [[], [], []]
    for method in METHODS:
        tune, sharp, speed = [], [], []
        for path in paths[:: max(1, len(paths) // 5)][:5]:
            sound = files.read(path, frames=2 * RATE)
            began = time.process_time()
            made = stretch.stretch(sound, 2.0, method=method)
            speed.append(sound.seconds / max(time.process_time() - began, 1e-9))
            tune.append(_moved(sound, made))
            sharp.append(20 * np.log10(sharpness(made) / max(sharpness(sound), 1e-9) + 1e-9))
        heard = [value for value in tune if np.isfinite(value)]
        row[0].append(float(np.median(np.abs(heard))) if heard else float("nan"))
        row[1].append(float(np.median(sharp)))
        row[2].append(float(np.median(speed)))
    return (f"{folder.parent.name}/{folder.name} × 2", *(value for values in row for value in values))


def _moved(sound: Sound, made: Sound) -> float:
    """Cents from one to the other by the same ruler at the same moment; NaN without a pitch."""
    from studio.audio.periods import course

    found = course(sound.samples, sound.rate)
    if found is None or not found.tonal:
        return float("nan")
    hz = sound.rate / found.at(sound.frames / 2)
    return cents(made.samples[0], hz, rate=sound.rate) - cents(sound.samples[0], hz, rate=sound.rate)
