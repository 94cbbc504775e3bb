"""Does the copy meter tell copies from new sounds? Training sounds come back changed as sounds get changed on their way through
studios, and must be flagged; sounds of kits that nobody trained on must not be."""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from studio.audio import files
from studio.audio.analysis import fingerprint
from studio.audio.sound import Sound
from studio.explore.copying import Detector
from tests.bench import scene
from tests.bench.results import Table

PLANTED, HELD_OUT = 20, 100
SAME = 0.9
"""Correlation from which a sound of another kit is the same recording after all, and no stranger."""


def quieter(sound: Sound, rng: np.random.Generator) -> Sound:
    return Sound(sound.samples * np.float32(10 ** (rng.uniform(-18, -6) / 20)), sound.rate)


def trimmed(sound: Sound, rng: np.random.Generator) -> Sound:
    """Without up to 3 ms of its head and the last 15 to 30 %, faded out over 5 ms."""
    start = int(rng.integers(0, max(1, round(0.003 * sound.rate))))
    end = max(start + 1, round(sound.frames * rng.uniform(0.7, 0.85)))
    samples = sound.samples[:, start:end].copy()
    fade = min(samples.shape[1], round(0.005 * sound.rate))
    samples[:, samples.shape[1] - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    return Sound(samples, sound.rate)


def resampled(sound: Sound, rng: np.random.Generator) -> Sound:
    """Through another rate and back."""
    return files.resample(files.resample(sound, int(rng.choice([32_000, 48_000]))), sound.rate)


def noisy(sound: Sound, rng: np.random.Generator) -> Sound:
    """White noise 40 dB under the sound's loudest 50 ms."""
    mono = sound.mono().astype(np.float64)
    size = min(len(mono), round(0.05 * sound.rate))
    energy = np.convolve(mono**2, np.ones(size) / size, "valid").max()
    noise = rng.standard_normal(sound.samples.shape) * np.sqrt(energy) * 10 ** (-40 / 20)
    return Sound((sound.samples + noise).astype(np.float32), sound.rate)


def coded(sound: Sound, form: str, subtype: str) -> Sound:
    """Through a lossy file."""
    held = io.BytesIO()
    samples = np.clip(files.resample(sound, 44_100).samples.T, -1, 1)
    soundfile.write(held, samples, 44_100, format=form, subtype=subtype)
    held.seek(0)
    found, rate = soundfile.read(held, dtype="float32", always_2d=True)
    return Sound(np.ascontiguousarray(found.T), rate)


WAYS: dict[str, Callable[[Sound, np.random.Generator], Sound]] = {
    "as it is": lambda sound, rng: sound,
    "6 to 18 dB softer": quieter,
    "head and tail trimmed": trimmed,
    "resampled": resampled,
    "noise at −40 dB": noisy,
    "MP3": lambda sound, rng: coded(sound, "MP3", "MPEG_LAYER_III"),
    "Ogg Vorbis": lambda sound, rng: coded(sound, "OGG", "VORBIS"),
    "all but the codecs": lambda sound, rng: noisy(trimmed(resampled(quieter(sound, rng), rng), rng), rng),
}


def kit(path: Path) -> str:
    """What a file was recorded with: the name before “__”, or its first letters."""
    return path.stem.split("__")[0] if "__" in path.stem else path.stem.rstrip("0123456789 -_")


def split(paths: list[Path], seed: int) -> tuple[list[Path], list[Path]]:
    """Training and held-out sounds that share no kit; at least HELD_OUT held out where there are so many kits."""
    rng = np.random.default_rng(seed)
    kits = sorted({kit(path) for path in paths})
    order = [kits[i] for i in rng.permutation(len(kits))]
    out: set[str] = set()
    while order and sum(kit(path) in out for path in paths) < min(HELD_OUT, len(paths) // 4):
        out.add(order.pop())
    return [p for p in paths if kit(p) not in out], [p for p in paths if kit(p) in out]


def run(args: argparse.Namespace) -> Table:
    table = Table("Copies", ("what comes out of the model", "flagged", "of", "nearest dB", "farthest dB"))
    paths = sorted(p for p in scene.sounds(args).rglob("*") if p.suffix.lower() in files.EXTENSIONS)
    planted: dict[str, list[tuple[bool, float]]] = {name: [] for name in WAYS}
    strangers: list[tuple[bool, float]] = []
    same: list[str] = []
    limits: list[str] = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        train, held = split(paths, seed)
        detector = Detector.fit([fingerprint(files.read(path)) for path in train], [str(path) for path in train])
        limits.append(f"{detector.limit:.2f}")
        for at in rng.choice(len(train), min(PLANTED, len(train)), replace=False):
            sound = files.read(train[at])
            for name, way in WAYS.items():
                planted[name].append(judge(detector, way(sound, rng)))
        for at in rng.choice(len(held), min(HELD_OUT, len(held)), replace=False):
            sound = files.read(held[at])
            found = detector.find(sound)
            alike = likeness(sound, files.read(train[found.index])) if found is not None and found.copy else 0.0
            if found is not None and alike >= SAME:
                same.append(f"{held[at].name} is {train[found.index].name} in another kit: their waves agree by {alike:.3f}")
            else:
                strangers.append((found is not None and found.copy, found.decibels if found is not None else np.inf))
    for name, all_of in (*planted.items(), ("a sound of another kit", strangers)):
        apart = [decibels for _, decibels in all_of]
        table.add(name, sum(copy for copy, _ in all_of), len(all_of), min(apart), max(apart))
    table.notes = [
        f"{len(paths)} sounds, three times split by kit: {PLANTED} sounds of the known kits come back in each way, "
        f"{HELD_OUT} of unknown kits must not be taken for copies.",
        f"Mean difference of the mel pictures to the nearest known sound; a copy is within {', '.join(limits)} dB.",
        *sorted(set(same)),
    ]
    return table


def judge(detector: Detector, sound: Sound) -> tuple[bool, float]:
    """Whether it is flagged as a copy, and how far the nearest known sound is in dB."""
    found = detector.find(sound)
    return (False, np.inf) if found is None else (found.copy, found.decibels)


def likeness(first: Sound, second: Sound) -> float:
    """The largest correlation of two waves over all shifts: near 1 only for the same recording."""
    a, b = first.mono().astype(float), files.resample(second, first.rate).mono().astype(float)
    size = 1 << int(np.ceil(np.log2(len(a) + len(b))))
    product = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    return float(np.abs(product).max() / max(np.sqrt((a**2).sum() * (b**2).sum()), 1e-12))
