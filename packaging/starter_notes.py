"""Makes the starter notes: twelve instruments on seven keys, each played softly and hard, computed from nothing.

    .venv/bin/python packaging/starter_notes.py [FOLDER]      default: resources/starter_notes/sounds

Every instrument is a sum of partials, each with a course of its own in time, and of noise where air, a bow or a hammer is
heard. Partials end below half the rate, so nothing aliases. NumPy computes, soundfile writes FLAC.
t is time in seconds (T,), f the note in Hz, hard 0 to 1 how hard it is struck, k the number of a partial.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from numpy.random import Generator
from numpy.typing import NDArray

RATE = 22_050
TOP = 10_200.0
SEED = 1984
Wave = NDArray[np.float64]
Course = Callable[[int, float], "Wave | float"]

# -- the workshop ------------------------------------------------------------------------------------------------------


def seconds(length: float) -> Wave:
    return np.arange(round(length * RATE)) / RATE


def falls(t: Wave, t60: float) -> Wave:
    """By 60 dB in `t60` seconds."""
    return np.exp(-6.91 * t / t60)


def rises(t: Wave, length: float) -> Wave:
    x = np.clip(t / length, 0, 1)
    return x * x * (3 - 2 * x)


def sustained(t: Wave, attack: float, release: float = 0.12) -> Wave:
    """Blown or bowed until shortly before its end."""
    return rises(t, attack) * rises(t[-1] - t, release)


def partials(t: Wave, f: float | Wave, course: Course, rng: Generator, *, stiff: float = 0.0) -> Wave:
    """The sum over k of course(k, Hz) · sin; `stiff` strings have partials above the harmonics."""
    turns = np.cumsum(np.broadcast_to(f, t.shape)) / RATE
    high = float(np.max(f))
    made = np.zeros_like(t)
    for k in range(1, 200):
        ratio = k * np.sqrt(1 + stiff * k * k)
        if ratio * high > TOP:
            break
        made += course(k, ratio * high) * np.sin(2 * np.pi * (ratio * turns + rng.random()))
    return made


def wavers(t: Wave, f: float, rate: float, cents: float, late: float, rng: Generator) -> Wave:
    """A note with a vibrato that begins `late` seconds in."""
    depth = cents * rises(t - late, 0.4)
    return f * 2 ** (depth * np.sin(2 * np.pi * (rate * t + rng.random())) / 1200)


def air(t: Wave, rng: Generator, centre: float, octaves: float) -> Wave:
    """Noise around `centre` Hz with an RMS of 1."""
    spectrum = np.fft.rfft(rng.standard_normal(len(t)))
    hertz = np.maximum(np.fft.rfftfreq(len(t), 1 / RATE), 1.0)
    y = np.fft.irfft(spectrum * np.exp(-((np.log2(hertz / centre) / octaves) ** 2)) * (hertz < TOP), len(t))
    return y / np.sqrt((y * y).mean())


def formant(hertz: float, *peaks: tuple[float, float, float]) -> float:
    """The gain of a body or a mouth: each peak is (Hz, width in octaves, dB)."""
    return float(np.prod([10 ** (db / 20 * np.exp(-((np.log2(hertz / f) / width) ** 2))) for f, width, db in peaks]))


# -- struck and plucked ------------------------------------------------------------------------------------------------


def piano(f: float, hard: float, rng: Generator) -> Wave:
    t = seconds(1.8)
    ring = 5.0 * (220 / f) ** 0.6

    def course(k: int, hertz: float) -> Wave:
        level = abs(np.sin(np.pi * k / 7.3)) * k ** -(1.9 - 0.9 * hard)
        return level * (0.8 * falls(t, ring / (1 + hertz / 900)) + 0.2 * falls(t, 2 * ring / (1 + hertz / 2500)))

    y = sum(partials(t, f * 2 ** (cents / 1200), course, rng, stiff=3e-4) for cents in (-0.4, 0.5))
    return y * rises(t, 0.003) + air(t, rng, 900, 1.2) * falls(t, 0.08) * 0.06 * hard


def epiano(f: float, hard: float, rng: Generator) -> Wave:
    t = seconds(1.8)
    bark = 0.15 + 1.1 * hard * falls(t, 1.2)
    return sum(
        partials(t, f * 2 ** (cents / 1200), lambda k, _: bark ** (k - 1) / k**1.5 * falls(t, 4.5 / k**0.5), rng)
        for cents in (-1, 1)
    ) * rises(t, 0.004) + partials(t, f, lambda k, _: 0.12 * hard * falls(t, 0.25) if k == 7 else 0.0, rng)


def guitar(f: float, hard: float, rng: Generator) -> Wave:
    t = seconds(1.7)
    dull = 1.7 - 0.6 * hard
    y = partials(
        t, f,
        lambda k, hertz: abs(np.sin(np.pi * k * 0.17)) * k**-dull * formant(hertz, (220, 0.6, 6), (420, 0.5, 4))
        * falls(t, 3.2 / (1 + hertz / 1400)),
        rng, stiff=5e-5,
    )  # fmt: skip
    return y * rises(t, 0.002) + air(t, rng, 2200, 0.9) * falls(t, 0.03) * 0.1 * hard


def bass(f: float, hard: float, rng: Generator) -> Wave:
    t = seconds(1.6)
    open_to = f * (3 + 14 * hard * falls(t, 0.9))
    return partials(t, f, lambda k, hertz: 1 / k / (1 + (hertz / open_to) ** 4), rng) * falls(t, 5.0) * rises(t, 0.004)


def marimba(f: float, hard: float, rng: Generator) -> Wave:
    t = seconds(1.2)
    modes = {1: (1.0, 1.3), 4: (0.1 + 0.3 * hard, 0.35), 10: (0.04 + 0.16 * hard, 0.12)}

    def course(k: int, _: float) -> Wave | float:
        level, ring = modes.get(k, (0.0, 1.0))
        return level * falls(t, ring * (220 / f) ** 0.4) if level else 0.0

    return partials(t, f, course, rng) * rises(t, 0.002) + air(t, rng, 1500, 1.0) * falls(t, 0.025) * 0.12 * hard


def vibraphone(f: float, hard: float, rng: Generator) -> Wave:
    t = seconds(1.9)
    modes = {1: (1.0, 6.0), 4: (0.12 + 0.2 * hard, 2.2), 10: (0.02 + 0.1 * hard, 0.5)}
    fan = 1 + 0.25 * np.sin(2 * np.pi * (5.2 * t + rng.random()))

    def course(k: int, _: float) -> Wave | float:
        level, ring = modes.get(k, (0.0, 1.0))
        return level * falls(t, ring) if level else 0.0

    return partials(t, f, course, rng) * fan * rises(t, 0.003)


# -- blown, bowed and sung ---------------------------------------------------------------------------------------------


def flute(f: float, hard: float, rng: Generator) -> Wave:
    t = seconds(1.5)
    levels = (1.0, 0.25 + 0.5 * hard, 0.1 + 0.25 * hard, 0.04 + 0.1 * hard, 0.05 * hard)
    tone = partials(t, wavers(t, f, 5.1, 9, 0.3, rng), lambda k, _: levels[k - 1] if k <= len(levels) else 0.0, rng)
    breath = air(t, rng, 2 * f, 0.8) * (0.04 + 0.05 * falls(t, 0.3))
    return (tone * sustained(t, 0.07) + breath * sustained(t, 0.02)) * (1 + 0.05 * np.sin(2 * np.pi * 5.1 * t))


def clarinet(f: float, hard: float, rng: Generator) -> Wave:
    t = seconds(1.5)
    steep = 1.9 - 0.7 * hard
    tone = partials(t, f, lambda k, hertz: (1.0 if k % 2 else 0.12) * k**-steep * formant(hertz, (1500, 0.7, 5)), rng)
    return (tone + air(t, rng, 2500, 1.0) * 0.008) * sustained(t, 0.045)


def trumpet(f: float, hard: float, rng: Generator) -> Wave:
    t = seconds(1.5)
    swell = rises(t, 0.11 - 0.06 * hard) * (0.8 + 0.2 * falls(t, 0.8))
    bright = 0.8 + (1.5 + 4.5 * hard) * swell
    tone = partials(
        t, wavers(t, f, 5.4, 6, 0.5, rng), lambda k, hertz: np.exp(-k / bright) * formant(hertz, (1200, 0.6, 8)), rng
    )
    return tone * swell * sustained(t, 0.02)


def strings(f: float, hard: float, rng: Generator) -> Wave:
    t = seconds(1.6)
    body = ((300, 0.5, 4), (520, 0.4, 5), (2600, 0.8, 3))
    players = sum(
        partials(
            t, wavers(t, f * 2 ** (rng.uniform(-7, 7) / 1200), rng.uniform(4.8, 6.2), 8, 0.1, rng),
            lambda k, hertz: k ** -(1.5 - 0.5 * hard) * formant(hertz, *body), rng,
        )
        for _ in range(4)
    )  # fmt: skip
    return (players + air(t, rng, 3000, 0.9) * 0.03) * sustained(t, 0.2 - 0.1 * hard, 0.2)


def voice(f: float, hard: float, rng: Generator) -> Wave:
    t = seconds(1.5)
    mouth = ((750, 0.28, 16), (1180, 0.25, 13), (2700, 0.3, 14))
    tone = partials(
        t, wavers(t, f, 5.6, 22, 0.25, rng), lambda k, hertz: k ** -(1.9 - 0.5 * hard) * formant(hertz, *mouth), rng
    )
    return (tone + air(t, rng, 1800, 1.0) * 0.01) * sustained(t, 0.09)


def lead(f: float, hard: float, rng: Generator) -> Wave:
    """A synthesiser's square wave through a filter that opens and shuts."""
    t = seconds(1.4)
    edge = f * (2 + (4 + 16 * hard) * falls(t, 1.6) * rises(t, 0.03))

    def course(k: int, hertz: float) -> Wave | float:
        x = (hertz / edge) ** 2
        return 1 / k / np.sqrt((1 - x) ** 2 + 0.25 * x) / (1 + x) if k % 2 else 0.0

    return partials(t, f, course, rng) * sustained(t, 0.008, 0.05)


# -- the collection ----------------------------------------------------------------------------------------------------

Recipe = Callable[[float, float, Generator], Wave]
COLLECTION: dict[str, tuple[Recipe, int]] = {
    "piano": (piano, 43), "electric piano": (epiano, 43), "guitar": (guitar, 43), "bass": (bass, 28), "marimba": (marimba, 48),
    "vibraphone": (vibraphone, 55), "flute": (flute, 60), "clarinet": (clarinet, 52), "trumpet": (trumpet, 55),
    "strings": (strings, 48), "voice": (voice, 48), "lead": (lead, 48),
}  # fmt: skip
"""Instruments with the lowest of their notes (MIDI)."""
STEPS = (0, 5, 9, 14, 18, 23, 27)
STRENGTHS = (45, 110)


def sound(label: str, note: int, velocity: int) -> NDArray[np.float32]:
    """One note, float32 (frames,) at 22.05 kHz. Soft ones are softer, a little."""
    recipe, _ = COLLECTION[label]
    rng = np.random.default_rng([SEED, list(COLLECTION).index(label), note, velocity])
    y = recipe(440 * 2 ** ((note - 69) / 12), velocity / 127, rng)
    y -= y.mean()
    end = round(0.02 * RATE)
    y[:16] *= np.linspace(0, 1, 16)
    y[-end:] *= np.cos(np.linspace(0, np.pi / 2, end)) ** 2
    return (y / np.abs(y).max() * (0.5 + 0.35 * velocity / 127)).astype(np.float32)


def collection() -> list[tuple[str, str, int, int]]:
    """Label, file name, note and velocity of every sound."""
    return [
        (label, f"{label} {lowest + step:03}_{velocity:03}.flac", lowest + step, velocity)
        for label, (_, lowest) in COLLECTION.items()
        for step in STEPS
        for velocity in STRENGTHS
    ]


def main(folder: Path) -> None:
    total = 0
    for label, name, note, velocity in collection():
        (folder / label).mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / label / name, sound(label, note, velocity), RATE, subtype="PCM_16")
        total += (folder / label / name).stat().st_size
    print(f"{len(collection())} sounds, {total / 1e6:.1f} MB in {folder}")


if __name__ == "__main__":
    default = Path(__file__).resolve().parent.parent / "resources" / "starter_notes" / "sounds"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else default)
