"""Another pitch with the same vowels: a throat does not shrink when it sings higher. Used by stretch.py.

A voice is a pulse per period that rings in throat and mouth. `repitched` takes it apart into these pulses and sets them closer
together or further apart, so that each keeps its spectrum. Where there are no periods, `corrected` gives a sound that was
shifted the spectral envelope back that it had before. C channels, F windows, B bins.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from studio.audio.periods import TAPS, Course, agreement, lead, taken
from studio.audio.sound import Samples

Array = NDArray[np.float64]

STRIDE = 0.005
"""Seconds from one place where the pulses are looked for anew to the next."""
DRIFT = 0.1
"""Of a period: how far from the next pulse it is looked for."""

WINDOW = 0.046
"""Seconds of sound that an envelope is measured over."""
SMOOTH = 0.001
"""Seconds of the cepstrum that are the envelope; what is beyond are partials."""
ROUNDS = 12
"""How often what the envelope lies below is put under it."""
MOST = 4.0
"""Nepers (35 dB) of correction."""


def repitched(samples: Samples, rate: int, ratio: float, found: Course) -> Samples:
    """(C, T) at `ratio` times its pitch: TD-PSOLA (Moulines and Charpentier, "Pitch-synchronous waveform processing
    techniques", 1990). What does not repeat, as consonants, stays as it is."""
    total = samples.shape[1]
    marks = pulses(lead(samples), rate, found)
    margin = _margin(rate, found)
    padded = np.pad(samples, ((0, 0), (margin + TAPS, margin + TAPS)))
    out = np.zeros((len(samples), total + 2 * margin), np.float32)
    at = marks[1]
    while at < marks[-2]:
        i = 1 + int(np.abs(marks[1:-1] - at).argmin())
        before, mark, after = marks[i - 1 : i + 2]
        if not found.voiced(mark):
            at = mark
        start, reach = int(np.floor(at)), int(np.ceil(max(mark - before, after - mark)))
        t = np.arange(-reach, reach + 1) - (at - start)
        window = 0.5 + 0.5 * np.cos(np.pi * np.clip(t / np.where(t < 0, mark - before, after - mark), -1, 1))
        pulse = window.astype(np.float32) * taken(padded, margin + mark - (at - start) - reach, 2 * reach + 1)
        if found.voiced(mark):
            pulse *= np.float32(ratio**-0.5)
        out[:, margin + start - reach :][:, : 2 * reach + 1] += pulse
        at = at + (after - mark) / ratio if found.voiced(mark) else after
    return _as_loud(out[:, margin : margin + total], samples)


def pulses(heard: Samples, rate: int, found: Course) -> Array:
    """(N,) frames, one in each period of (T,) from before the first to after the last, at its strongest where a voice begins
    and from there on alike."""
    total = len(heard)
    margin = _margin(rate, found)
    padded = np.pad(heard, (margin, margin))
    marks = [_strongest(heard, 0.0, found.at(0))]
    voiced = found.voiced(marks[0])
    while marks[-1] < total:
        mark, period = marks[-1], found.at(marks[-1])
        count = max(1, int(STRIDE * rate / period))
        there = mark + count * period
        before, voiced = voiced, found.voiced(there)
        if voiced and not before:
            there, count = _strongest(heard, mark + 0.5 * period, period), 1
        elif voiced:
            size, near = int(period), max(2, int(DRIFT * period))
            here, begin = round(mark), round(there) - near
            body = padded[margin + begin - size :][: 2 * (size + near)]
            lag, likeness = agreement(body, padded[margin + here - size :][: 2 * size])
            there = begin + lag + mark - here if likeness > 0.5 else there
        marks += np.linspace(mark, there, count + 1)[1:].tolist()
    first, last = found.at(0), found.at(total)
    early = np.arange(marks[0] - first, -2 * first, -first)[::-1]
    return np.concatenate([early, marks, [marks[-1] + last, marks[-1] + 2 * last]])


def _margin(rate: int, found: Course) -> int:
    """Frames beyond both ends that pulses may reach."""
    return 4 * int(np.ceil(float(found.period.max()))) + round(STRIDE * rate)


def _strongest(heard: Samples, start: float, period: float) -> float:
    """Where it is strongest within a period from `start` on."""
    begin = int(start)
    part = np.abs(heard[begin : begin + max(1, round(period))])
    return float(begin + part.argmax()) if len(part) else start + period


def corrected(original: Samples, shifted: Samples, rate: int, ratio: float) -> Samples:
    """(C, T) `shifted`, which is `original` at `ratio` times its pitch, under the original's spectral envelope."""
    size = 1 << round(np.log2(WINDOW * rate))
    hop, window = size // 4, np.hanning(size + 1)[:-1]
    padded = np.pad(shifted, ((0, 0), (size, 2 * size)))
    frames = sliding_window_view(np.pad(lead(original), (size, 2 * size)), size)[::hop]
    envelope = _envelope(np.log(np.abs(np.fft.rfft(frames * window, 2 * size)) + 1e-6), round(SMOOTH * rate))
    bins = np.arange(size + 1)
    lower = np.minimum(bins / ratio, size - 1)
    whole = lower.astype(int)
    moved = envelope[:, whole] + (lower - whole) * (envelope[:, whole + 1] - envelope[:, whole])
    gain = np.exp(np.clip(envelope - moved, -MOST, MOST))  # (F, B)
    out = np.zeros(padded.shape, np.float32)
    for row, channel in zip(out, padded):
        parts = np.fft.irfft(np.fft.rfft(sliding_window_view(channel, size)[::hop] * window, 2 * size) * gain)
        parts = np.roll(parts, size // 2, axis=1) / (window.sum() / hop)
        for number, part in enumerate(parts):
            start = number * hop - size // 2
            row[max(0, start) : start + 2 * size] += part[max(0, -start) :][: len(row) - max(0, start)]
    return _as_loud(out[:, size : size + shifted.shape[1]], original)


def _as_loud(samples: Samples, original: Samples) -> Samples:
    """At the level of the original as a whole: another pitch meets another part of the envelope."""
    level, was = (float(np.sqrt(np.square(x, dtype=np.float64).sum())) for x in (samples, original))
    return samples * np.float32(was / level) if level > 1e-9 else samples


def _envelope(spectra: Array, cut: int) -> Array:
    """Log spectra (F, B) → the smooth curves above them: Röbel and Rodet, "Efficient spectral envelope estimation and its
    application to pitch shifting and envelope preservation", 2005."""
    size = 2 * (spectra.shape[1] - 1)
    kept = np.zeros(size)
    kept[: cut + 1] = kept[size - cut :] = 1
    raised = spectra
    for _ in range(ROUNDS):
        smooth = np.fft.rfft(np.fft.irfft(raised, axis=1) * kept, axis=1).real
        raised = np.maximum(spectra, smooth)
    return smooth
