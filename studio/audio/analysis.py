"""What can be measured of a sound in numbers a musician or a model uses: spectra, and one value of `Facts`.

Used by the importer (facts and fingerprints of every file), exploring (descriptors), training and evaluation (log-mel), the
drawings (peaks.py). Everything is numpy float32, works in pieces, and needs memory for one piece however long the sound is.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Generator, Iterable, Iterator
from typing import Any

import msgspec
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from studio.audio.pitch import hz_to_midi as hz_to_midi
from studio.audio.pitch import midi_to_hz as midi_to_hz
from studio.audio.pitch import note_name as note_name
from studio.audio.pitch import yin
from studio.audio.sound import Audio, Samples, Sound

FLOOR_DB = -120.0
"""What silence is said to measure, in dB and LUFS, so that every fact is a number."""
SILENCE_DB = -60.0
"""Below this, relative to a sound's own peak, is silence at its head and tail."""

SILENT_DB = -90.0
"""dBFS: a sound whose peak is below is silent."""

_FRAMES_AT_ONCE = 256
_AT_ONCE_SECONDS = 10
_NOISE_FLATNESS = 0.5615
"""exp(−γ): the flatness of a periodogram of white noise, at which `noisiness` is 1."""


def decibels(amplitude: float) -> float:
    return max(FLOOR_DB, 20 * math.log10(amplitude)) if amplitude > 0 else FLOOR_DB


# ---- spectra: T samples, F frames, N = n_fft // 2 + 1 bins, M mel bands


@functools.lru_cache(maxsize=16)
def _window(n_fft: int) -> Samples:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)).astype(np.float32)  # periodic Hann


def _spectra(samples: Samples, n_fft: int, hop: int) -> Iterator[NDArray[np.complex64]]:
    """Spectra (≤ _FRAMES_AT_ONCE, N) of frames centred at 0, hop, 2·hop … while the centre is inside the sound."""
    import scipy.fft  # 0.2 s that the window's first paint does not wait for

    count = 1 + (len(samples) - 1) // hop if len(samples) else 0
    window = _window(n_fft)
    frames = np.empty((min(count, _FRAMES_AT_ONCE), n_fft), np.float32)
    for first in range(0, count, _FRAMES_AT_ONCE):
        last = min(first + _FRAMES_AT_ONCE, count)
        start, end = first * hop - n_fft // 2, (last - 1) * hop + n_fft - n_fft // 2
        stretch = samples[max(start, 0) : end]
        stretch = np.pad(stretch, (max(-start, 0), end - max(start, 0) - len(stretch)))
        windowed = np.multiply(sliding_window_view(stretch, n_fft)[::hop], window, out=frames[: last - first])
        yield scipy.fft.rfft(windowed, axis=-1)


def stft(samples: Samples, n_fft: int = 2048, hop: int = 512) -> NDArray[np.complex64]:
    """Complex spectra (F, N) of (T,) samples, periodic Hann window, frames centred, zeros around the sound."""
    found = list(_spectra(np.asarray(samples, np.float32), n_fft, hop))
    return np.concatenate(found) if found else np.zeros((0, n_fft // 2 + 1), np.complex64)


def hz_to_mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney's mel scale: linear below 1 kHz, logarithmic above."""
    hz = np.asarray(hz, np.float64)
    return np.where(hz < 1000, hz * 3 / 200, 15 + np.log(np.maximum(hz, 1000) / 1000) * 27 / np.log(6.4))


def mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    mel = np.asarray(mel, np.float64)
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((np.maximum(mel, 15) - 15) * np.log(6.4) / 27))


@functools.lru_cache(maxsize=32)
def mel_filters(rate: int, n_fft: int, n_mels: int, fmin: float = 0.0, fmax: float | None = None) -> Samples:
    """Triangles of equal area on the mel scale, (M, N) float32; read-only, shared."""
    low, high = hz_to_mel(np.array([fmin, fmax or rate / 2]))
    edges = mel_to_hz(np.linspace(low, high, n_mels + 2))
    bins = np.fft.rfftfreq(n_fft, 1 / rate)
    rise = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    filters = np.maximum(0, np.minimum(rise, fall)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    shared = filters.astype(np.float32)
    shared.flags.writeable = False
    return shared


@functools.lru_cache(maxsize=32)
def _sparse_filters(rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float | None) -> Any:
    """The same triangles as a sparse matrix: 1.5 % are not zero, and no BLAS threads spin for a core that training has."""
    from scipy.sparse import csr_array

    return csr_array(mel_filters(rate, n_fft, n_mels, fmin, fmax))


def mel_power(
    samples: Samples,
    rate: int,
    *,
    n_fft: int = 2048,
    hop: int = 512,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
) -> Samples:
    """Power in mel bands (F, M) of (T,) samples. Memory beyond the result is one piece's."""
    filters = _sparse_filters(rate, n_fft, n_mels, fmin, fmax)
    out = np.empty((1 + (len(samples) - 1) // hop if len(samples) else 0, n_mels), np.float32)
    row = 0
    for spectra in _spectra(np.asarray(samples, np.float32), n_fft, hop):
        out[row : row + len(spectra)] = (filters @ _power(spectra).T).T
        row += len(spectra)
    return out


def log_mel(samples: Samples, rate: int, *, floor: float = 1e-5, **layout: float) -> Samples:
    """Natural logarithm of the square root of `mel_power`, never below log(floor): (F, M). `layout`: as mel_power's."""
    power = mel_power(samples, rate, **layout)  # type: ignore[arg-type]
    np.maximum(power, floor * floor, out=power)
    np.log(power, out=power)
    power *= 0.5
    return power


def _power(spectra: NDArray[np.complex64]) -> Samples:
    """|spectra|², in the memory of `spectra`, which is used up."""
    parts = spectra.view(np.float32)
    np.square(parts, out=parts)
    return parts[..., ::2] + parts[..., 1::2]


# ---- facts


class Facts(msgspec.Struct, frozen=True):
    """One sound in numbers.

    peak_db: dBFS; loudness: maximum momentary LUFS (BS.1770-4, 400 ms, shorter sounds padded); brightness: centroid of the
    amplitude spectrum, Hz; attack: seconds from 20 to 80 % of the largest 4-ms level; pitch: Hz, None where nothing repeats;
    pitch_confidence, noisiness (local spectral flatness), tonality (share of the energy in peaks): 0–1;
    head_silence, tail_silence: seconds 60 dB under the sound's peak; clipped: samples in flat tops; dc: the largest mean;
    nan: samples that are no numbers, counted as 0
    """

    seconds: float
    rate: int
    channels: int
    peak_db: float
    loudness: float
    brightness: float
    attack: float
    pitch: float | None
    pitch_confidence: float
    noisiness: float
    tonality: float
    head_silence: float
    tail_silence: float
    clipped: int
    dc: float
    nan: int

    @property
    def silent(self) -> bool:
        """Below the last bit of a 16-bit file."""
        return self.peak_db < SILENT_DB


def facts(sound: Sound) -> Facts:
    """Measure a sound in memory."""
    step = _AT_ONCE_SECONDS * sound.rate
    return measure((sound.samples[:, i : i + step] for i in range(0, sound.frames, step)), sound.rate, sound.channels)


def measure(pieces: Iterable[Samples], rate: int, channels: int) -> Facts:
    """Measure a sound that comes in pieces (C, n), such as files.blocks gives of hours of audio."""
    meter = _Meter(rate, channels)
    for piece in pieces:
        meter.add(piece)
    return meter.done()


def features(sound: Sound, known: Facts | None = None) -> dict[str, float]:
    """The descriptors a musician steers by: loudness LUFS, brightness Hz, attack s, length s (without silence around),
    noisiness 0–1, tonality 0–1, pitch as MIDI note (NaN without one)."""
    found = known or facts(sound)
    return {
        "loudness": found.loudness,
        "brightness": found.brightness,
        "attack": found.attack,
        "length": max(0.0, found.seconds - found.head_silence - found.tail_silence) if not found.silent else 0.0,
        "noisiness": found.noisiness,
        "tonality": found.tonality,
        "pitch": hz_to_midi(found.pitch) if found.pitch else math.nan,
    }


def momentary(sound: Audio) -> float:
    """Maximum momentary loudness in LUFS, as `facts` says it, without the other measurements."""
    work = momentary_of(sound)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def momentary_of(sound: Audio) -> Generator[int, None, float]:
    """`momentary` step by step: how many frames were heard, after each piece."""
    from scipy.signal import sosfilt

    tick = max(1, round(sound.rate / 1000))
    state = np.zeros((2, sound.channels, 2))
    hops = [np.zeros(0)]
    for start in range(0, sound.frames, 10_000 * tick):
        piece = np.nan_to_num(sound.read(start, 10_000 * tick))
        weighted, state = sosfilt(_k_weighting(sound.rate), piece, axis=-1, zi=state)
        hops.append(_ticks(np.square(weighted).sum(axis=0), 100 * tick).sum(axis=1))
        yield start + piece.shape[1]
    return _loudest(np.concatenate(hops), tick)


def _loudest(hops: NDArray[np.float64], tick: int) -> float:
    """LUFS of the loudest 400 ms, of K-weighted energies of 100 ticks each."""
    hops = np.pad(hops, (0, max(0, 4 - len(hops))))
    loudest = sliding_window_view(hops, 4).sum(axis=1).max() / (400 * tick)
    return max(FLOOR_DB, -0.691 + 10 * math.log10(loudest)) if loudest > 0 else FLOOR_DB


class _Meter:
    """Sums over a sound that comes in pieces. A tick is about 1 ms, a hop of the loudness meter 100 ticks."""

    def __init__(self, rate: int, channels: int) -> None:
        self.rate, self.channels = rate, channels
        self.tick = max(1, round(rate / 1000))
        self.n_fft = 1 << round(math.log2(rate * 0.046))
        self.rest = np.zeros((channels, 0), np.float32)
        self.frames = self.nan = self.clipped = 0
        self.sum = np.zeros(channels)
        self.peaks: list[Samples] = []  # per tick
        self.powers: list[Samples] = []  # per tick
        self.weighted: list[NDArray[np.float64]] = []  # K-weighted energy per hop
        self.filter = _k_weighting(rate)
        self.state = np.zeros((2, channels, 2))
        self.spectrum = np.zeros(self.n_fft // 2 + 1)
        self.energy = self.flat = self.tonal = 0.0
        self.pitches: list[tuple[float, float, float]] = []  # (energy, Hz, confidence) of the strongest frames

    def add(self, piece: Samples) -> None:
        finite = np.isfinite(piece)
        if not finite.all():
            self.nan += int(piece.size - finite.sum())
            piece = np.where(finite, piece, np.float32(0))
        self.frames += piece.shape[1]
        self.rest = np.concatenate([self.rest, piece], axis=1) if self.rest.shape[1] else piece
        if self.rest.shape[1] >= _AT_ONCE_SECONDS * self.rate:
            whole = self.rest.shape[1] - self.rest.shape[1] % (100 * self.tick)
            self._take(self.rest[:, :whole])
            self.rest = self.rest[:, whole:]

    def _take(self, piece: Samples) -> None:
        """A piece (C, n); n is a whole number of hops, or it is the last."""
        from scipy.signal import sosfilt

        absolute = np.abs(piece)
        self.sum += piece.sum(axis=1, dtype=np.float64)
        self.clipped += flat_tops(absolute)
        loudest = absolute.max(axis=0)
        self.peaks.append(_ticks(loudest, self.tick).max(axis=1))
        mono = piece.mean(axis=0)
        power = np.square(piece).mean(axis=0)
        self.powers.append(_ticks(power, self.tick).mean(axis=1))
        weighted, self.state = sosfilt(self.filter, piece, axis=-1, zi=self.state)
        self.weighted.append(_ticks(np.square(weighted).sum(axis=0), 100 * self.tick).sum(axis=1))
        if loudest.any():
            self._spectral(mono)
            self._pitch(mono)

    def _spectral(self, mono: Samples) -> None:
        bands = self.n_fft // 32
        for spectra in _spectra(mono, self.n_fft, self.n_fft // 2):
            power = _power(spectra)
            self.spectrum += power.sum(axis=0)
            power = power[:, 1:].reshape(len(power), bands, 16) + np.float32(1e-20)  # (F, bands, 16): 344 Hz each at 44.1 kHz
            mean = power.mean(axis=2)
            middle = np.exp(np.log(power).mean(axis=2))
            self.energy += float(mean.sum())
            self.flat += float(middle.sum())
            self.tonal += float((power * (power > 20 * middle[..., None])).sum()) / 16

    def _pitch(self, mono: Samples) -> None:
        size = 2 * self.n_fft
        frames = sliding_window_view(np.pad(mono, (0, max(0, size - len(mono)))), size)[:: size // 4]
        energy = np.square(frames).sum(axis=1) if len(frames) <= 64 else np.square(frames[:, ::8]).sum(axis=1) * 8
        best = np.argsort(-energy, kind="stable")[:8]
        hz, confidence = yin(frames[best], self.rate)
        self.pitches += list(zip(energy[best].tolist(), hz.tolist(), confidence.tolist()))
        self.pitches = sorted(self.pitches, reverse=True)[:8]

    def done(self) -> Facts:
        if self.rest.shape[1]:
            self._take(self.rest)
        peaks = np.concatenate(self.peaks) if self.peaks else np.zeros(1, np.float32)
        powers = np.concatenate(self.powers) if self.powers else np.zeros(1, np.float32)
        peak = float(peaks.max())
        silent = decibels(peak) < -90
        seconds, tick = self.frames / self.rate, self.tick / self.rate
        heard = np.flatnonzero(peaks >= peak * 10 ** (SILENCE_DB / 20)) if not silent else np.zeros(0, np.int64)
        pitch, confidence = _agreed(self.pitches) if not silent else (None, 0.0)
        amplitude = np.sqrt(self.spectrum[1:])
        total = float(amplitude.sum())  # zero in silence, and where the samples are too small to square
        centroid = float(amplitude @ np.fft.rfftfreq(self.n_fft, 1 / self.rate)[1:]) / total if total > 0 else 0.0
        return Facts(
            seconds=seconds,
            rate=self.rate,
            channels=self.channels,
            peak_db=decibels(peak),
            loudness=self._loudness(),
            brightness=centroid,
            attack=_attack(powers) * tick,
            pitch=pitch,
            pitch_confidence=confidence,
            noisiness=min(1.0, self.flat / self.energy / _NOISE_FLATNESS) if self.energy else 0.0,
            tonality=min(1.0, self.tonal / self.energy) if self.energy else 0.0,
            head_silence=float(heard[0]) * tick if len(heard) else seconds,
            tail_silence=max(0.0, seconds - float(heard[-1] + 1) * tick) if len(heard) else seconds,
            clipped=self.clipped,
            dc=float(max(self.sum, key=abs) / self.frames) if self.frames else 0.0,
            nan=self.nan,
        )

    def _loudness(self) -> float:
        return _loudest(np.concatenate(self.weighted) if self.weighted else np.zeros(1), self.tick)


def _ticks(values: NDArray, size: int) -> NDArray:
    """(n,) → (⌈n / size⌉, size), the last row filled with zeros."""
    if len(values) % size:
        values = np.pad(values, (0, size - len(values) % size))
    return values.reshape(-1, size)


def flat_tops(absolute: Samples) -> int:
    """Samples at full scale in runs of three or more."""
    full = absolute >= 0.9999
    if not full.any():
        return 0
    inner = full[:, :-2] & full[:, 1:-1] & full[:, 2:]
    runs = np.zeros_like(full)
    for shift in range(3):
        runs[:, shift : full.shape[1] - 2 + shift] |= inner
    return int(runs.sum())


def _attack(powers: Samples) -> float:
    """Ticks from 20 to 80 % of the largest level of four ticks."""
    level = np.sqrt(np.convolve(powers, np.full(4, 0.25, np.float32)))
    top = level.max()
    return float(np.argmax(level >= 0.8 * top) - np.argmax(level >= 0.2 * top)) if top > 0 else 0.0


@functools.lru_cache(maxsize=16)
def _k_weighting(rate: int) -> NDArray[np.float64]:
    """BS.1770 head shelf and high-pass as two second-order sections at any rate (De Man, "Evaluation of implementations of
    the EBU R128 loudness measurement", 2018)."""
    k = math.tan(math.pi * 1681.974450955533 / rate)
    q, high = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    scale = 1 + k / q + k * k
    shelf = [(high + band * k / q + k * k), 2 * (k * k - high), (high - band * k / q + k * k)]
    shelf = [b / scale for b in shelf] + [1, 2 * (k * k - 1) / scale, (1 - k / q + k * k) / scale]
    k, q = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    scale = 1 + k / q + k * k
    return np.array([shelf, [1, -2, 1, 1, 2 * (k * k - 1) / scale, (1 - k / q + k * k) / scale]])


@functools.lru_cache(maxsize=16)
def k_response(rate: int, size: int) -> NDArray[np.float64]:
    """What the K-weighting of BS.1770 does to power at the frequencies of an rfft of `size` samples; read-only, shared."""
    turn = np.exp(-1j * np.linspace(0, np.pi, size // 2 + 1))
    response = np.ones(len(turn))
    for b0, b1, b2, a0, a1, a2 in _k_weighting(rate):
        response *= np.square(np.abs((b0 + b1 * turn + b2 * turn**2) / (a0 + a1 * turn + a2 * turn**2)))
    response.flags.writeable = False
    return response


def _agreed(found: list[tuple[float, float, float]]) -> tuple[float | None, float]:
    """The pitch that the strongest frames agree on, weighted by energy × confidence, and how sure that is."""
    energy, hz, confidence = np.array(found, np.float64).reshape(-1, 3).T
    weight = energy * confidence
    if not weight.sum() > 0:
        return None, 0.0
    order = np.argsort(hz)
    middle = hz[order][np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)]
    near = np.abs(np.log2(hz / middle)) < 1 / 12
    sure = float((energy * confidence)[near].sum() / energy.sum())
    return (float(np.average(hz[near], weights=weight[near])) if sure >= 0.6 else None), sure


# ---- alike or not


def fingerprint(sound: Sound) -> Samples:
    """(64,) float32: level in 16 mel bands (50 Hz–10 kHz) at four stretches after the onset, in units of 10 dB around the
    sound's own mean. Near-duplicates at any gain, rate or format lie close; distance is Euclidean."""
    rate, mono = sound.rate, sound.mono()
    mono = mono if np.isfinite(mono).all() else np.nan_to_num(mono, nan=0.0, posinf=0.0, neginf=0.0)
    peak = np.abs(mono).max(initial=0.0)
    if peak <= 0:
        return np.zeros(64, np.float32)
    onset = int(np.argmax(np.abs(mono) >= 0.1 * peak))
    start = max(0, onset - rate // 200)
    heard = mono[start : start + round(1.3 * rate)] / peak
    n_fft = 1 << round(math.log2(rate * 0.023))
    hop = max(1, round(rate * 0.005))
    top = min(10_000.0, rate / 2)
    heard = np.pad(heard, (n_fft // 2, max(0, round(1.3 * rate) - len(heard))))
    power = mel_power(heard, rate, n_fft=n_fft, hop=hop, n_mels=16, fmin=50.0, fmax=top)[n_fft // 2 // hop :]  # (F, 16)
    stretches = [power[a:b].mean(axis=0) for a, b in ((0, 8), (8, 24), (24, 72), (72, 252))]
    levels = 10 * np.log10(np.concatenate(stretches) + 1e-12)
    levels = np.maximum(levels, levels.max() - 60)
    return ((levels - levels.mean()) / 10).astype(np.float32)
