"""Whole sounds and planted damage for the benches of repairs, and the measures by which a repair is judged.

Damage is drawn from a seed, so that every program is given the same. x, y (frames,): the whole sound, and what became of it.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from studio.audio import files
from studio.audio.sound import Sound

Wave = NDArray[np.float64]

RATE = 44_100
SECONDS = 4.0
EACH = 3
"""Sounds of each kind."""
PEAK = 0.5
SENTENCES = (
    ("en-gb", "The north wind and the sun were arguing which of them was the stronger, when a traveller came along."),
    ("de", "Einst stritten sich Nordwind und Sonne, wer von ihnen beiden wohl der Stärkere wäre, als ein Wanderer daherkam."),
    ("en-us+f3", "She sells sea shells by the sea shore; the shells that she sells are sea shells, I am sure."),
)


# ---- whole sounds


def sounds(drums: str | None, notes: str | None, loops: str | None) -> dict[str, list[Wave]]:
    """By kind: recorded hits in a row, notes that overlap, music, speech; those whose folder (or program) is there."""
    random = np.random.default_rng(1)
    found = {
        "hits": [_row(drawn(drums, 16, random), 0.25) for _ in range(EACH)] if drums else [],
        "notes": [_row(drawn(notes, 6, random), 0.7) for _ in range(EACH)] if notes else [],
        "music": [_row([path], 0.0) for path in drawn(str(Path(loops) / "mix"), EACH, random)] if loops else [],
        "speech": list(speech()),
    }
    return {kind: waves for kind, waves in found.items() if waves}


def audio(folder: str) -> list[Path]:
    return sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in (".wav", ".flac", ".aif", ".aiff"))


def drawn(folder: str, count: int, random: np.random.Generator) -> list[Path]:
    paths = audio(folder)
    return [paths[index] for index in random.choice(len(paths), min(count, len(paths)), replace=False)]


def _row(paths: list[Path], apart: float) -> Wave:
    """The sounds one after the other, each as loud as the others, `apart` seconds from front to front."""
    out = np.zeros(round(SECONDS * RATE))
    for number, path in enumerate(paths):
        wave = mono(path)[: len(out) - round(number * apart * RATE)]
        start = round(number * apart * RATE)
        out[start : start + len(wave)] += wave / max(np.abs(wave).max(initial=0), 1e-3)
    return PEAK * out / np.abs(out).max()


def mono(path: Path | str) -> Wave:
    return files.resample(files.read(path), RATE).mono().astype(np.float64)


def speech() -> Iterator[Wave]:
    """Sentences by espeak-ng; none where it is not installed."""
    if not shutil.which("espeak-ng"):
        return
    for voice, words in SENTENCES:
        done = subprocess.run(["espeak-ng", "-v", voice, "--stdout", words], capture_output=True, check=True)
        head = done.stdout.index(b"data") + 8  # the length it writes there is none: it does not know it yet
        spoken = np.frombuffer(done.stdout[head : len(done.stdout) - (len(done.stdout) - head) % 2], "<i2")
        rate = int.from_bytes(done.stdout[24:28], "little")
        wave = files.resample(Sound(spoken.astype(np.float32)[None] / 32768, rate), RATE).mono().astype(np.float64)
        wave = np.pad(wave, (0, max(0, round(SECONDS * RATE) - len(wave))))[: round(SECONDS * RATE)]
        yield PEAK * wave / np.abs(wave).max()


# ---- damage


def hum(x: Wave, hz: float, decibels: float, seed: int) -> Wave:
    """`x` with ten harmonics of `hz`, at `decibels` of the level of `x`, their strengths by chance."""
    random = np.random.default_rng(seed)
    t = np.arange(len(x)) / RATE
    wave = np.zeros(len(x))
    for k in range(1, 11):
        wave += random.uniform(0.3, 1) / k * np.sin(2 * np.pi * k * hz * t + random.uniform(0, 2 * np.pi))
    return x + _levelled(wave, x, decibels)


def clicks(x: Wave, height: float, each_second: float, seed: int) -> tuple[Wave, list[tuple[int, int]]]:
    """`x` with clicks of up to 30 samples, `height` of its peak, and where they are: half are rough, half decaying waves."""
    random = np.random.default_rng(seed)
    count = round(each_second * len(x) / RATE)
    places = np.sort(random.choice(len(x) // 100 - 20, count, replace=False)) * 100 + 1000
    y, spans = x.copy(), []
    for place in places:
        width = int(random.integers(1, 31))
        fall = np.exp(-np.arange(width) / max(1, width / 3))
        shape = random.choice([-1, 1], width) if random.random() < 0.5 else np.cos(np.arange(width) * random.uniform(0.3, 2.5))
        y[place : place + width] += height * np.abs(x).max() * random.choice([-1, 1]) * random.uniform(0.7, 1) * fall * shape
        spans.append((int(place), int(place) + width))
    return y, spans


def clipping(x: Wave, decibels: float) -> Wave:
    """`x` cut off at the level that leaves it an SDR of `decibels`."""
    low, high = 0.0, float(np.abs(x).max())
    for _ in range(40):
        level = (low + high) / 2
        low, high = (level, high) if sdr(x, np.clip(x, -level, level)) < decibels else (low, level)
    return np.clip(x, -high, high)


def noise(x: Wave, color: str, decibels: float, seed: int) -> Wave:
    """`x` with noise of a colour, at `decibels` below the level of `x`: white, pink, or hiss as tapes have it."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(len(x)))
    hz = np.maximum(np.fft.rfftfreq(len(x), 1 / RATE), 20)
    shaped = np.fft.irfft(spectrum * {"white": hz**0, "pink": hz**-0.5, "hiss": hz**0.5}[color], len(x))
    return x + _levelled(shaped, x, -decibels)


def _levelled(wave: Wave, x: Wave, decibels: float) -> Wave:
    return wave * np.sqrt(np.mean(x**2) / np.mean(wave**2)) * 10 ** (decibels / 20)


# ---- measures


def sdr(x: Wave, y: Wave) -> float:
    """Signal-to-distortion ratio in dB, not scale-invariant: a repair may not change the level. 150 where all is equal."""
    off = float(np.sum((x - y) ** 2))
    return min(150.0, 10 * np.log10(float(np.sum(x**2)) / off)) if off > 0 else 150.0


def distance(x: Wave, y: Wave) -> float:
    """Log-spectral distance in dB, of the frames where `x` sounds; what is 80 dB below its loudest counts as nothing."""
    one, other = powers(x), powers(y)
    floor = one.max() * 1e-8
    sounds = one.sum(axis=1) > 1e-6 * one.sum(axis=1).max()
    apart = 10 * np.log10(np.maximum(one, floor) / np.maximum(other, floor))
    return float(np.sqrt((apart[sounds] ** 2).mean(axis=1)).mean())


def twinkling(before: Wave, after: Wave) -> float:
    """Natural log of the ratio of the kurtosis of power spectra, of nothing but noise, after and before; 0: as even as it was.
    Y. Uemura and others, “Automatic optimization scheme of spectral subtraction based on musical noise assessment via
    higher-order statistics” (IWAENC 2008)."""
    return float(np.log(_kurtosis(powers(after)) / _kurtosis(powers(before))))


def _kurtosis(power: NDArray[np.float64]) -> float:
    """Median of the bins: noise of a colour has another level in each."""
    inner = power[:, 8:-8]
    return float(np.median((inner**4).mean(axis=0) / np.maximum((inner**2).mean(axis=0) ** 2, 1e-60)))


def powers(x: Wave, size: int = 1024, hop: int = 256) -> NDArray[np.float64]:
    return np.square(np.abs(np.fft.rfft(sliding_window_view(x, size)[::hop] * np.hanning(size), axis=1)))


def changed(before: Wave, after: Wave, gap: int = 32) -> list[tuple[int, int]]:
    """First and one past the last of each group of frames that a repair touched, by more than files of 16 bit round."""
    touched = np.flatnonzero(np.abs(after - before) > 1e-4)
    if not len(touched):
        return []
    return [(int(group[0]), int(group[-1]) + 1) for group in np.split(touched, np.flatnonzero(np.diff(touched) > gap) + 1)]
