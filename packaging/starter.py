"""Makes the starter sounds: 160 drum one-shots, synthesised from nothing, the same for everybody.

    .venv/bin/python packaging/starter.py [FOLDER]      default: resources/starter/sounds

Each label has a few recipes in the manner of well-known drum machines and instruments, and each sound draws its pitch, decay,
tone, noise and drive anew. Everything is computed at four times the rate, so that squares and drive do not alias, filtered
by minimum-phase filters and brought down to 44.1 kHz. NumPy computes, soundfile writes FLAC.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from numpy.random import Generator
from numpy.typing import NDArray

RATE, OVER = 44_100, 4
FAST = RATE * OVER
SEED = 1983
TRIM_DB, FADE = -58.0, 0.006
Wave = NDArray[np.float64]

# -- the workshop: small tools, all at the fast rate -------------------------------------------------------------------


def seconds(length: float) -> Wave:
    return np.arange(round(length * FAST)) / FAST


def decay(t: Wave, t60: float) -> Wave:
    """Falls by 60 dB in `t60` seconds."""
    return np.exp(-6.91 * t / t60)


def attack(t: Wave, length: float) -> Wave:
    return np.clip(t / length, 0, 1) ** 2 * (3 - 2 * np.clip(t / length, 0, 1))


def sweep(t: Wave, end: float, *drops: tuple[float, float]) -> Wave:
    """Phase in radians of a tone that falls to `end` Hz; each drop adds (Hz, seconds to 1/e)."""
    cycles = end * t + sum(depth * tau * (1 - np.exp(-t / tau)) for depth, tau in drops)
    return 2 * np.pi * cycles


def noise(t: Wave, rng: Generator) -> Wave:
    return rng.standard_normal(len(t)) * 0.5  # white up to 88 kHz


def squares(t: Wave, frequencies: Wave, rng: Generator) -> Wave:
    """The sum of free-running square waves, as metal sounds in a drum machine."""
    phases = rng.uniform(0, 1, len(frequencies))
    return sum(np.sign((f * t + p) % 1 - 0.5) for f, p in zip(frequencies, phases)) / len(frequencies)


def modes(t: Wave, base: float, parts: list[tuple[float, float, float]], bend: float = 0.0) -> Wave:
    """Ringing modes: each part is (ratio to `base`, level, t60). `bend`: how much the pitch starts above, in parts of it."""
    out = np.zeros_like(t)
    for ratio, level, t60 in parts:
        f = base * ratio
        out += level * np.sin(sweep(t, f, (f * bend, 0.02))) * decay(t, t60)
    return out


Curve = Callable[[Wave], Wave]


def high(f: float, order: int = 2) -> Curve:
    return lambda w: 1 / np.sqrt(1 + (f / w) ** (2 * order))


def low(f: float, order: int = 2) -> Curve:
    return lambda w: 1 / np.sqrt(1 + (w / f) ** (2 * order))


def bell(f: float, db: float, octaves: float = 1.0) -> Curve:
    return lambda w: 10 ** (db / 20 * np.exp(-((np.log2(w / f) / octaves * 2) ** 2)))


def band(f: float, octaves: float) -> Curve:
    return lambda w: np.exp(-((np.log2(w / f) / octaves * 2) ** 2)) + 0.001


def through(y: Wave, *curves: Curve) -> Wave:
    """`y` through the minimum-phase filter whose magnitude is the product of the curves (Oppenheim & Schafer: by cepstrum)."""
    size = 1 << int(np.ceil(np.log2(len(y) + 1)) + 1)
    w = np.maximum(np.fft.rfftfreq(size, 1 / FAST), 1.0)
    magnitude = np.maximum(np.prod([curve(w) for curve in curves], axis=0), 1e-5)
    cepstrum = np.fft.irfft(np.log(magnitude))
    cepstrum[1 : size // 2] *= 2
    cepstrum[size // 2 + 1 :] = 0
    return np.fft.irfft(np.fft.rfft(y, size) * np.exp(np.fft.rfft(cepstrum)))[: len(y)]


def hiss(t: Wave, rng: Generator, *curves: Curve) -> Wave:
    """Filtered noise of one loudness, whatever the filter leaves of it."""
    y = through(noise(t, rng), *curves)
    return y * 0.35 / np.sqrt((y**2).mean())


def drive(y: Wave, amount: float, lean: float = 0.0) -> Wave:
    """Soft saturation; `lean` makes it uneven, which adds even harmonics. `amount` 0 leaves the sound as it is."""
    if amount <= 0:
        return y
    peak = np.abs(y).max() or 1.0
    x = y / peak * (0.5 + 4 * amount)
    return peak * (np.tanh(x + lean) - np.tanh(lean)) / np.tanh(0.5 + 4 * amount)


def room(y: Wave, rng: Generator, t60: float, level: float, colour: float = 3000.0) -> Wave:
    """A small room behind the sound."""
    t = seconds(t60)
    tail = hiss(t, rng, high(250), low(colour)) * decay(t, t60) * attack(t, 0.004)
    size = 1 << int(np.ceil(np.log2(len(y) + len(tail))))
    wet = np.fft.irfft(np.fft.rfft(y, size) * np.fft.rfft(tail, size))[: len(y)]
    return y + level * wet * np.sqrt((y**2).sum() / ((wet**2).sum() + 1e-12))


def crush(y: Wave, bits: float, hold: int) -> Wave:
    """The grain of an early sampler: `hold` fast frames per step, `bits` of resolution."""
    steps = 2.0 ** (bits - 1)
    held = np.repeat(y[::hold], hold)[: len(y)]
    return np.round(held / np.abs(held).max() * steps) / steps * np.abs(held).max()


def pick(rng: Generator, low: float, high: float) -> float:
    """Between two values, evenly in ratio."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


# -- kicks -------------------------------------------------------------------------------------------------------------


def kick_deep(rng: Generator) -> Wave:
    """A bridged-T circuit ringing: almost a sine, long, with a short thump in front."""
    t = seconds(1.0)
    f, t60 = pick(rng, 42, 58), pick(rng, 0.45, 0.95)
    body = np.sin(sweep(t, f, (f * pick(rng, 0.8, 2.5), pick(rng, 0.006, 0.014)))) * decay(t, t60)
    click = hiss(t, rng, low(pick(rng, 900, 4000))) * decay(t, pick(rng, 0.015, 0.05)) * pick(rng, 0.2, 0.8)
    return drive(body * attack(t, 0.001) + click, rng.uniform(0.05, 0.5), rng.uniform(0, 0.3))


def kick_punch(rng: Generator) -> Wave:
    """A fast fall in pitch under a bright click: made for the dance floor."""
    t = seconds(0.7)
    f = pick(rng, 45, 62)
    phase = sweep(t, f, (pick(rng, 90, 200), pick(rng, 0.02, 0.04)), (pick(rng, 300, 900), 0.004))
    body = np.sin(phase) * decay(t, pick(rng, 0.25, 0.5))
    click = hiss(t, rng, high(1500), low(10_000)) * decay(t, pick(rng, 0.02, 0.07)) * pick(rng, 0.2, 0.9)
    return through(drive(body + click, rng.uniform(0.2, 0.7), 0.15), bell(pick(rng, 90, 130), rng.uniform(0, 4)))


def kick_wood(rng: Generator) -> Wave:
    """A drum with two heads and a felt beater, in a room."""
    t = seconds(0.6)
    f = pick(rng, 52, 74)
    parts = [(1, 1, pick(rng, 0.2, 0.4)), (1.51, 0.45, 0.16), (1.99, 0.3, 0.12), (2.44, 0.22, 0.1), (3.2, 0.14, 0.07)]
    body = modes(t, f, parts, bend=pick(rng, 0.5, 1.3)) * attack(t, 0.0015)
    beater = hiss(t, rng, band(pick(rng, 1800, 4200), 2.2)) * decay(t, pick(rng, 0.03, 0.08)) * pick(rng, 0.5, 1.3)
    air = hiss(t, rng, low(260)) * decay(t, 0.1) * 0.5
    return room(body + beater + air, rng, pick(rng, 0.12, 0.3), rng.uniform(0.12, 0.3))


def kick_hard(rng: Generator) -> Wave:
    """Driven until it growls."""
    t = seconds(0.6)
    f = pick(rng, 46, 66)
    body = np.sin(sweep(t, f, (pick(rng, 150, 350), pick(rng, 0.015, 0.03)))) * decay(t, pick(rng, 0.35, 0.6))
    body = drive(body, pick(rng, 0.8, 2.2), rng.uniform(0, 0.6)) * decay(t, pick(rng, 0.4, 0.7))
    return through(body, low(pick(rng, 2500, 9000)), bell(pick(rng, 1500, 3000), rng.uniform(-3, 5)))


def kick_dusty(rng: Generator) -> Wave:
    """Short and worn, from an old sampler."""
    body = kick_wood(rng) if rng.random() < 0.5 else kick_punch(rng)
    held = crush(body, rng.uniform(6.5, 9), round(pick(rng, 6, 14)))
    return through(held, low(pick(rng, 3500, 8000), 3), high(35))


# -- snares ------------------------------------------------------------------------------------------------------------


def _wires(t: Wave, rng: Generator, t60: float, centre: float) -> Wave:
    """The rattle under a snare: a snap and a tail of filtered noise."""
    rattle = hiss(t, rng, high(pick(rng, 700, 1600)), low(pick(rng, 8000, 15000)), bell(centre, rng.uniform(2, 7)))
    return rattle * (decay(t, t60) + pick(rng, 0.6, 1.4) * decay(t, 0.025)) * attack(t, 0.0006)


def snare_tight(rng: Generator) -> Wave:
    """Two ringing modes and noise: the drum machine's snare."""
    t = seconds(0.5)
    f = pick(rng, 165, 235)
    pair = [(1, 1, pick(rng, 0.1, 0.22)), (pick(rng, 1.55, 1.9), 0.6, pick(rng, 0.07, 0.14))]
    tone = modes(t, f, pair, bend=pick(rng, 0.1, 0.7))
    wires = _wires(t, rng, pick(rng, 0.16, 0.42), pick(rng, 2200, 5500))
    return drive(tone * attack(t, 0.0005) * pick(rng, 0.4, 0.9) + wires * pick(rng, 0.7, 1.4), rng.uniform(0, 0.35))


def snare_wood(rng: Generator) -> Wave:
    """A wooden shell with several modes of its head, in a room."""
    t = seconds(0.6)
    f = pick(rng, 170, 260)
    rest = [(1.59, 0.5, 0.14), (2.14, 0.35, 0.11), (2.3, 0.3, 0.1), (2.65, 0.2, 0.09), (2.92, 0.2, 0.08)]
    parts = [(1.0, 1.0, pick(rng, 0.14, 0.28)), *rest]
    head = modes(t, f, parts, bend=pick(rng, 0.03, 0.12)) * attack(t, 0.0008)
    stick = hiss(t, rng, band(pick(rng, 3500, 6500), 2)) * decay(t, 0.012)
    wires = _wires(t, rng, pick(rng, 0.2, 0.5), pick(rng, 3000, 6500))
    return room(head * 0.7 + stick * 0.9 + wires * pick(rng, 0.5, 1.0), rng, pick(rng, 0.15, 0.4), rng.uniform(0.15, 0.4), 5000)


def snare_noisy(rng: Generator) -> Wave:
    """Mostly noise that opens and shuts: electronic, flat, wide."""
    t = seconds(0.5)
    gate = pick(rng, 0.09, 0.22)
    body = hiss(t, rng, high(pick(rng, 350, 900)), low(pick(rng, 5000, 14000)), bell(pick(rng, 900, 2200), 5))
    shut = 1 / (1 + np.exp((t - gate) / 0.006))
    tone = np.sin(sweep(t, pick(rng, 150, 210), (pick(rng, 60, 200), 0.015))) * decay(t, pick(rng, 0.12, 0.2))
    return drive(body * decay(t, pick(rng, 0.3, 0.8)) * shut + tone * pick(rng, 0.3, 0.8), rng.uniform(0.1, 0.6))


def snare_dusty(rng: Generator) -> Wave:
    """Short and worn, from an old sampler."""
    body = snare_wood(rng) if rng.random() < 0.6 else snare_tight(rng)
    held = crush(body, rng.uniform(6, 8.5), round(pick(rng, 6, 12)))
    return through(drive(held, rng.uniform(0.2, 0.6)), low(pick(rng, 4500, 9000), 3), high(110))


# -- hats --------------------------------------------------------------------------------------------------------------

METAL = np.array([205.3, 304.4, 369.6, 522.7, 540.0, 800.0])


def _metal(t: Wave, rng: Generator) -> Wave:
    """Squares that do not agree, or two tones that modulate each other; with some hiss."""
    tune = pick(rng, 0.8, 1.7)
    if rng.random() < 0.65:
        source = squares(t, METAL * tune * rng.uniform(0.97, 1.03, 6), rng)
    else:
        f, ratio = pick(rng, 2100, 4200), pick(rng, 1.31, 1.72)
        source = np.sin(2 * np.pi * f * t + pick(rng, 2, 7) * np.sin(2 * np.pi * f * ratio * t)) * 0.6
    return source + noise(t, rng) * pick(rng, 0.25, 2.5)


def _hat(rng: Generator, length: float, t60: float, snap: float) -> Wave:
    t = seconds(length)
    floor = pick(rng, 5200, 8800)
    shine = bell(pick(rng, 7500, 12000), rng.uniform(0, 7), 0.8)
    y = through(_metal(t, rng), high(floor, 3), shine, low(pick(rng, 14000, 19000)))
    return y * (decay(t, t60) + snap * decay(t, 0.012)) * attack(t, 0.0004)


def hat_closed(rng: Generator) -> Wave:
    return _hat(rng, 0.3, pick(rng, 0.06, 0.2), rng.uniform(0.3, 1.2))


def hat_half(rng: Generator) -> Wave:
    return _hat(rng, 0.5, pick(rng, 0.25, 0.5), rng.uniform(0.1, 0.8))


def hat_open(rng: Generator) -> Wave:
    return _hat(rng, 1.1, pick(rng, 0.6, 1.3), rng.uniform(0.0, 0.6))


def hat_foot(rng: Generator) -> Wave:
    """Two cymbals closing: a soft start and a chick."""
    t = seconds(0.25)
    y = through(_metal(t, rng), high(pick(rng, 3000, 5000), 2), low(pick(rng, 9000, 14000)))
    return y * attack(t, pick(rng, 0.004, 0.012)) * decay(t, pick(rng, 0.1, 0.24))


# -- claps -------------------------------------------------------------------------------------------------------------


def clap_machine(rng: Generator) -> Wave:
    """A few bursts of noise one after another, then a tail."""
    t = seconds(0.6)
    gap, bursts = pick(rng, 0.008, 0.014), int(rng.integers(3, 6))
    envelope, at = np.zeros_like(t), 0.0
    for n in range(bursts):
        after = np.maximum(t - at, 0)
        length = 0.02 if n < bursts - 1 else pick(rng, 0.05, 0.09)
        envelope = np.maximum(envelope, (t >= at) * decay(after, length) * rng.uniform(0.7, 1))
        at += gap * rng.uniform(0.8, 1.25)
    envelope += (t >= at - gap) * decay(np.maximum(t - at + gap, 0), pick(rng, 0.25, 0.7)) * pick(rng, 0.15, 0.5)
    y = hiss(t, rng, band(pick(rng, 950, 1700), pick(rng, 1.6, 2.8)), high(450))
    y += hiss(t, rng, high(3500), low(11000)) * pick(rng, 0.05, 0.22)
    return drive(y * envelope, rng.uniform(0.1, 0.6))


def clap_hands(rng: Generator) -> Wave:
    """Several people, not quite together, each with hollow hands of their own; in a room."""
    t = seconds(0.5)
    y = np.zeros_like(t)
    for _ in range(int(rng.integers(4, 9))):
        at = abs(rng.normal(0, 0.009))
        palm = band(pick(rng, 800, 2200), pick(rng, 0.9, 1.6))
        hit = hiss(t, rng, palm, high(400)) * decay(t, pick(rng, 0.02, 0.05))
        y += np.roll(hit, round(at * FAST)) * (t >= at) * rng.uniform(0.5, 1)
    return room(y, rng, pick(rng, 0.15, 0.4), rng.uniform(0.3, 0.7), 6000)


def clap_snap(rng: Generator) -> Wave:
    """Fingers: one sharp, narrow hit."""
    t = seconds(0.3)
    f = pick(rng, 1500, 2600)
    y = hiss(t, rng, band(f, 0.9)) * decay(t, pick(rng, 0.04, 0.1))
    y += hiss(t, rng, high(4000)) * decay(t, 0.02) * 0.3
    return room(y, rng, pick(rng, 0.1, 0.3), rng.uniform(0.2, 0.6), 5000)


# -- toms --------------------------------------------------------------------------------------------------------------


def tom_round(rng: Generator) -> Wave:
    """A circuit that rings and falls a little."""
    t = seconds(0.8)
    f = pick(rng, 75, 210)
    body = np.sin(sweep(t, f, (f * pick(rng, 0.25, 0.8), pick(rng, 0.02, 0.06)))) * decay(t, pick(rng, 0.3, 0.65))
    breath = hiss(t, rng, band(f * 4, 2)) * decay(t, pick(rng, 0.05, 0.2)) * pick(rng, 0.05, 0.3)
    return drive(body * attack(t, 0.001) + breath, rng.uniform(0, 0.4))


def tom_wood(rng: Generator) -> Wave:
    """A head over a shell: the modes of a round membrane, a stick, a room."""
    t = seconds(0.8)
    f = pick(rng, 82, 200)
    ring = pick(rng, 0.28, 0.6)
    parts = [(1, 1, ring), (1.59, 0.5, ring * 0.6), (2.14, 0.3, ring * 0.45), (2.3, 0.22, ring * 0.4), (2.65, 0.16, ring * 0.3)]
    body = modes(t, f, parts, bend=pick(rng, 0.06, 0.25)) * attack(t, 0.001)
    stick = hiss(t, rng, band(pick(rng, 1500, 4000), 2)) * decay(t, 0.02) * pick(rng, 0.3, 0.9)
    return room(body + stick, rng, pick(rng, 0.15, 0.35), rng.uniform(0.1, 0.3), 3500)


def tom_falling(rng: Generator) -> Wave:
    """The long fall of an electronic kit."""
    t = seconds(0.7)
    f = pick(rng, 60, 130)
    phase = sweep(t, f, (f * pick(rng, 1.5, 4), pick(rng, 0.05, 0.11)))
    body = (np.sin(phase) + 0.25 * np.arcsin(np.sin(phase))) * decay(t, pick(rng, 0.35, 0.6))
    breath = hiss(t, rng, band(pick(rng, 700, 2500), 2)) * decay(t, pick(rng, 0.06, 0.2)) * pick(rng, 0.2, 0.7)
    return drive(body + breath, rng.uniform(0.1, 0.5))


# -- everything else ---------------------------------------------------------------------------------------------------


def perc_rim(rng: Generator) -> Wave:
    t = seconds(0.2)
    f = pick(rng, 420, 760)
    y = modes(t, f, [(1, 0.8, 0.05), (pick(rng, 2.2, 3.6), 1, pick(rng, 0.03, 0.07)), (pick(rng, 4.5, 6), 0.4, 0.02)])
    y += hiss(t, rng, high(2000)) * decay(t, 0.008) * pick(rng, 0.2, 0.7)
    return room(drive(y, rng.uniform(0, 0.6)), rng, 0.12, rng.uniform(0, 0.25), 6000)


def perc_bell(rng: Generator) -> Wave:
    """Two squares a rough fifth apart through a narrow filter: the cowbell."""
    t = seconds(0.5)
    f = pick(rng, 430, 820)
    y = through(squares(t, np.array([f, f * pick(rng, 1.45, 1.52)]), rng), band(f * pick(rng, 1.4, 2.2), 1.8), high(300))
    return y * (decay(t, pick(rng, 0.12, 0.45)) + 0.8 * decay(t, 0.02)) * attack(t, 0.0004)


def perc_wood(rng: Generator) -> Wave:
    """Woodblocks and claves."""
    t = seconds(0.25)
    f = pick(rng, 650, 2500)
    parts = [(1, 1, pick(rng, 0.035, 0.09)), (pick(rng, 1.35, 2.7), 0.4, 0.03), (pick(rng, 3.2, 4.4), 0.2, 0.02)]
    y = modes(t, f, parts, bend=0.04)
    y += hiss(t, rng, band(f * 2.5, 1.5)) * decay(t, 0.007) * pick(rng, 0.1, 0.5)
    return room(y * attack(t, 0.0003), rng, pick(rng, 0.08, 0.25), rng.uniform(0, 0.3), 5000)


def perc_shaker(rng: Generator) -> Wave:
    """Beads thrown forward and caught."""
    t = seconds(0.3)
    push, back = pick(rng, 0.02, 0.06), pick(rng, 0.05, 0.12)
    swell = np.exp(-(((t - push) / (push * 0.6)) ** 2)) + pick(rng, 0.2, 0.8) * np.exp(-(((t - push - back) / 0.012) ** 2))
    grains = noise(t, rng) * (rng.random(len(t)) < pick(rng, 0.01, 0.2))
    y = through(grains, high(pick(rng, 3500, 6500), 3), bell(pick(rng, 6000, 11000), 6), low(16000))
    return y * swell


def perc_hand(rng: Generator) -> Wave:
    """Congas and bongos, open or slapped."""
    t = seconds(0.5)
    f = pick(rng, 180, 480)
    ring = pick(rng, 0.09, 0.3)
    parts = [(1, 1, ring), (1.59, 0.4, ring * 0.5), (2.14, 0.25, ring * 0.35), (2.9, 0.2, ring * 0.25)]
    y = modes(t, f, parts, bend=pick(rng, 0.02, 0.12))
    y += hiss(t, rng, band(pick(rng, 1500, 4000), 1.8)) * decay(t, pick(rng, 0.012, 0.04)) * pick(rng, 0.3, 1.5)
    return room(y * attack(t, 0.0006), rng, pick(rng, 0.1, 0.25), rng.uniform(0.05, 0.25), 4000)


def perc_jingle(rng: Generator) -> Wave:
    """A tambourine, or a small triangle: many high modes that beat."""
    t = seconds(0.6)
    ring = pick(rng, 0.12, 0.5)
    count = int(rng.integers(6, 18))
    y = modes(t, 1.0, [(pick(rng, 4200, 13000), rng.uniform(0.3, 1), ring * rng.uniform(0.4, 1)) for _ in range(count)])
    y += hiss(t, rng, high(6500, 3), low(15000)) * decay(t, pick(rng, 0.04, 0.14)) * pick(rng, 0.3, 2.5)
    return y * attack(t, pick(rng, 0.0006, 0.005))


def perc_zap(rng: Generator) -> Wave:
    """A fast fall from very high: lasers and blips."""
    t = seconds(0.35)
    f = pick(rng, 120, 500)
    phase = sweep(t, f, (pick(rng, 1500, 6000), pick(rng, 0.008, 0.035)))
    y = np.sin(phase + pick(rng, 0.2, 2.5) * np.sin(phase * pick(rng, 0.5, 2.01)))
    return through(drive(y * decay(t, pick(rng, 0.1, 0.28)), rng.uniform(0, 0.5)), low(12000))


# -- the collection ----------------------------------------------------------------------------------------------------

Recipe = Callable[[Generator], Wave]
COLLECTION: dict[str, list[tuple[Recipe, int]]] = {
    "kick": [(kick_deep, 8), (kick_punch, 8), (kick_wood, 7), (kick_hard, 4), (kick_dusty, 4)],
    "snare": [(snare_tight, 10), (snare_wood, 9), (snare_noisy, 6), (snare_dusty, 4)],
    "hat": [(hat_closed, 13), (hat_half, 6), (hat_open, 8), (hat_foot, 4)],
    "clap": [(clap_machine, 10), (clap_hands, 6), (clap_snap, 4)],
    "tom": [(tom_round, 8), (tom_wood, 8), (tom_falling, 5)],
    "perc": [
        *[(perc_rim, 5), (perc_bell, 4), (perc_wood, 5), (perc_shaker, 4), (perc_hand, 5), (perc_jingle, 3), (perc_zap, 3)],
    ],
}


def finish(y: Wave, rng: Generator) -> NDArray[np.float32]:
    """Down to 44.1 kHz, without subsonics, trimmed, faded, at a natural level below full scale."""
    y = through(y, high(22, 2))
    spectrum = np.fft.rfft(y)
    keep = len(y) // OVER // 2
    f = np.fft.rfftfreq(len(y), 1 / FAST)
    spectrum *= np.clip((21_500 - f) / 1500, 0, 1)
    y = np.fft.irfft(spectrum[: keep + 1], keep * 2) / OVER
    level = np.abs(y)
    y = y / level.max()
    loud = np.flatnonzero(np.abs(y) > 10 ** (TRIM_DB / 20))
    first = max(0, int(np.flatnonzero(np.abs(y) > 0.003)[0]) - 22)  # half a millisecond of air before the hit
    y = y[first : loud[-1] + 1]
    fade = min(len(y) // 4, round(FADE * RATE))
    y[-fade:] *= np.cos(np.linspace(0, np.pi / 2, fade)) ** 2
    y[:8] *= np.linspace(0, 1, 8)
    return (y * 10 ** (rng.uniform(-3.0, -0.8) / 20)).astype(np.float32)


def sound(label: str, recipe: Recipe, number: int) -> NDArray[np.float32]:
    """One sound of the collection, float32 (frames,) at 44.1 kHz."""
    rng = np.random.default_rng([SEED, list(COLLECTION).index(label), [r for r, _ in COLLECTION[label]].index(recipe), number])
    return finish(recipe(rng), rng)


def collection() -> list[tuple[str, str, Recipe, int]]:
    """Label, file name, recipe and number of every sound."""
    return [
        (label, f"{recipe.__name__.replace('_', ' ')} {number + 1:02}.flac", recipe, number)
        for label, recipes in COLLECTION.items()
        for recipe, count in recipes
        for number in range(count)
    ]


def main(folder: Path) -> None:
    total = 0
    for label, name, recipe, number in collection():
        (folder / label).mkdir(parents=True, exist_ok=True)
        path = folder / label / name
        soundfile.write(path, sound(label, recipe, number), RATE, subtype="PCM_16")
        total += path.stat().st_size
    print(f"{len(collection())} sounds, {total / 1e6:.1f} MB in {folder}")


if __name__ == "__main__":
    default = Path(__file__).resolve().parent.parent / "resources" / "starter" / "sounds"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else default)
