"""What drawings need of a sound: a pyramid of minimum, maximum and level, a thumbnail, a spectrogram image.

Used by the waveform and spectrogram widgets and by the importer. A pyramid is built once in bounded memory; from then on any
stretch of an hour is drawn from a few thousand numbers, and the closest zoom from the samples themselves.
"""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from studio.audio import analysis, files
from studio.audio.sound import Audio, Samples, Sound
from studio.errors import TORN_ARRAY

BASE = 256
"""Frames in one column of the finest level."""
STEP = 4
"""Columns of one level in a column of the next."""
_VERSION = 1
_PIECE = BASE * 4096
_SPARSE = 8
"""Beyond ten minutes the RMS is taken from every eighth frame: invisible in a drawing, and half of the time."""

View = tuple[Samples, Samples, Samples]
"""Minimum, maximum and RMS per column, each (columns,) in ±1, over all channels."""
Told = Callable[[int, int], None]
"""Called with frames done and frames in all."""


@dataclass(frozen=True, eq=False)
class Peaks:
    """`levels[i]` is (3, columns): minimum, maximum, RMS of BASE · STEP**i frames each; int16 in 1/32768 or float32.

    `source`: the sound itself, for zooms closer than a column.
    """

    frames: int
    rate: int
    levels: tuple[NDArray, ...]
    source: Audio | None = field(default=None, repr=False)

    def view(self, start: int, end: int, columns: int) -> View:
        """The frames start … end in `columns` columns. What lies outside the sound is 0."""
        columns = max(1, columns)
        width = max(1e-9, (end - start) / columns)
        if width < BASE and self.source is not None:
            return columns_of(self.samples(start, end), columns)
        edges = np.linspace(start, end, columns + 1)
        return self.between(edges[:-1], edges[1:], width)

    def between(self, starts: NDArray[np.float64], ends: NDArray[np.float64], width: float) -> View:
        """One column for the frames from each of `starts` up to the same one of `ends`, both rising, from the level that suits
        columns of `width` frames. What lies outside the sound is 0."""
        level = max(0, min(len(self.levels) - 1, int(np.log(max(1.0, width / BASE)) / np.log(STEP))))
        rows, unit = self.levels[level], BASE * STEP**level
        first = np.floor(starts / unit).astype(np.int64)
        last = np.maximum(np.ceil(ends / unit).astype(np.int64), first + 1)
        inside = (ends > 0) & (starts < self.frames)
        count = rows.shape[1]
        first, last = np.clip(first, 0, count - 1), np.clip(last, 1, count)
        rows = rows[:, first[0] : last[-1] + 1]
        spans = np.stack([first, last], axis=1).ravel() - first[0]
        if last[-1] == count:
            rows = np.concatenate([rows, rows[:, -1:]], axis=1)  # reduceat needs an index one past the end
        scale = np.float32(1 / 32768 if rows.dtype == np.int16 else 1)
        low = np.minimum.reduceat(rows[0], spans)[::2] * scale
        high = np.maximum.reduceat(rows[1], spans)[::2] * scale
        power = np.add.reduceat(np.square(rows[2], dtype=np.float32), spans)[::2] / (last - first)
        return (
            np.where(inside, low, 0).astype(np.float32),
            np.where(inside, high, 0).astype(np.float32),
            np.where(inside, np.sqrt(power) * scale, 0).astype(np.float32),
        )

    def samples(self, start: int, end: int) -> Samples:
        """The samples start … end themselves, (C, end − start), zeros outside. Raises UnreadableAudio if the file is gone."""
        first, last = min(max(start, 0), self.frames), min(max(end, 0), self.frames)
        inside = np.zeros((1, 0), np.float32)
        if self.source is not None and last > first:
            inside = self.source.read(first, last - first)
        return np.pad(
            inside,
            ((0, 0), (first - start if start < first else 0, max(0, end - start - inside.shape[1] - max(0, first - start)))),
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Into one .npy file (two arrays after each other); a cache, so it replaces what was there."""
        path = Path(path)
        partial = path.with_name(f".{secrets.token_hex(8)}.partial")
        try:
            with partial.open("xb") as file:
                np.save(file, np.array([_VERSION, self.frames, self.rate], np.int64), allow_pickle=False)
                np.save(file, np.concatenate(self.levels, axis=1), allow_pickle=False)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def load(path: str | os.PathLike[str], source: Audio | None = None) -> Peaks | None:
    """What `save` wrote; None where there is nothing, or nothing of this version."""
    try:
        with Path(path).open("rb") as file:
            version, frames, rate = (int(v) for v in np.load(file, allow_pickle=False))
            rows = np.load(file, allow_pickle=False)
    except TORN_ARRAY:
        return None
    counts = list(_counts(frames)) if version == _VERSION and 0 < frames < 1 << 48 else []
    if not counts or rate <= 0 or rows.shape != (3, sum(counts)) or rows.dtype not in (np.int16, np.float32):
        return None
    return Peaks(frames, rate, tuple(np.split(rows, np.cumsum(counts)[:-1], axis=1)), source)


def _counts(frames: int) -> Iterator[int]:
    """Columns of each level."""
    count = -(-frames // BASE)
    yield count
    while count > STEP:
        count = -(-count // STEP)
        yield count


# ---- building


def build(source: Audio | str | os.PathLike[str], progress: Told | None = None) -> Peaks:
    """The pyramid of a sound or a file, in memory for a few pieces of it. Raises what files.stored and read raise."""
    work = building(source)
    while True:
        try:
            told = next(work)
        except StopIteration as end:
            return end.value
        if progress is not None:
            progress(*told)


def building(source: Audio | str | os.PathLike[str]) -> Generator[tuple[int, int], None, Peaks]:
    """`build` step by step, for who wants to tell of it or leave off: frames done and frames in all after each piece."""
    audio = files.stored(source) if isinstance(source, str | os.PathLike) else source
    if isinstance(audio, Sound):
        return _stack(audio.frames, audio.rate, [_finest(audio.samples.T)], audio)
    sparse = _SPARSE if audio.seconds > 600 else 1
    finest: list[NDArray] = []
    with contextlib.closing(_reduced(audio, sparse)) as reduced:
        for columns in reduced:
            finest.append(columns)
            yield min(len(finest) * _PIECE, audio.frames), audio.frames
    return _stack(audio.frames, audio.rate, finest, audio)


def _reduced(audio: Audio, sparse: int) -> Generator[NDArray]:
    """The finest level in pieces of _PIECE frames. Where the samples lie ready, two threads read them, two pieces ahead."""
    if not isinstance(audio, files.Stored):
        blocks = files.blocks(audio.path, size=_PIECE) if isinstance(audio, files.Coded) else files.pieces(audio, _PIECE)
        yield from (_finest(block.T, sparse) for block in blocks)
        return
    with ThreadPoolExecutor(2) as pool:
        ahead: deque[Future[NDArray]] = deque()
        for start in range(0, audio.frames, _PIECE):
            ahead.append(pool.submit(lambda start: _finest(audio.raw(start, _PIECE), sparse), start))
            if len(ahead) > 2:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _finest(block: NDArray, sparse: int = 1) -> NDArray:
    """(n, C) int16 or float → (3, ⌈n / BASE⌉) of the same kind."""
    whole = len(block) - len(block) % BASE
    parts = [block[:whole].reshape(-1, BASE, block.shape[1])] if whole else []
    if whole < len(block):
        parts.append(block[whole:][None])
    return np.concatenate([_reduce(part, sparse) for part in parts], axis=1) if parts else np.zeros((3, 0), np.float32)


def _reduce(part: NDArray, sparse: int = 1) -> NDArray:
    """(columns, frames, C) → (3, columns)."""
    flat = part.reshape(len(part), -1)
    if flat.dtype.kind != "i" and not np.isfinite(flat).all():
        flat = np.nan_to_num(flat, nan=0.0, posinf=0.0, neginf=0.0)
    some = part[:, ::sparse].astype(np.float32).reshape(len(part), -1)
    level = np.sqrt(np.einsum("ij,ij->i", some, some) / some.shape[1])
    return np.stack([flat.min(axis=1), flat.max(axis=1), level.astype(flat.dtype)])


def _stack(frames: int, rate: int, finest: list[NDArray], source: Audio) -> Peaks:
    columns = np.concatenate(finest, axis=1) if finest else np.zeros((3, 0), np.float32)
    count = next(_counts(frames))
    if columns.shape[1] != count:  # a file that breaks off: what it promised and does not hold is silence
        columns = np.pad(columns[:, :count], ((0, 0), (0, max(0, count - columns.shape[1]))))
    levels = [columns if count else np.zeros((3, 1), np.float32)]
    while levels[-1].shape[1] > STEP:
        below = levels[-1]
        padded = np.pad(below, ((0, 0), (0, -below.shape[1] % STEP)), mode="edge")
        parts = [padded[:, i::STEP] for i in range(STEP)]  # column i of each new column
        power = sum(np.square(part[2], dtype=np.float32) for part in parts) / STEP
        low, high = functools.reduce(np.minimum, [p[0] for p in parts]), functools.reduce(np.maximum, [p[1] for p in parts])
        levels.append(np.stack([low, high, np.sqrt(power).astype(below.dtype)]))
    return Peaks(frames, rate, tuple(levels), source)


def columns_of(samples: Samples, columns: int) -> View:
    """(C, n) samples in `columns` columns; where there are fewer samples than columns, each column shows its nearest."""
    count = samples.shape[1]
    if not count:
        empty = np.zeros(columns, np.float32)
        return empty, empty, empty
    edges = np.linspace(0, count, columns + 1)
    first = np.minimum(edges[:-1].astype(np.int64), count - 1)
    last = np.clip(np.maximum(edges[1:].astype(np.int64), first + 1), 1, count)
    spans = np.stack([first, last], axis=1).ravel()
    low, high = samples.min(axis=0), samples.max(axis=0)
    power = np.square(samples).mean(axis=0)
    low, high, power = (np.append(v, v[-1]) for v in (low, high, power))
    return (
        np.minimum.reduceat(low, spans)[::2],
        np.maximum.reduceat(high, spans)[::2],
        np.sqrt(np.add.reduceat(power, spans)[::2] / (last - first)),
    )


def sketch(path: str | os.PathLike[str], columns: int = 1000, *, frames: int = 1024) -> View:
    """A first coarse picture of a long file, from `frames` frames in the middle of each column. Raises as files.read."""
    info = files.probe(path)
    columns = max(1, min(columns, info.frames))
    audio = files.stored(path)
    frames = min(frames, info.frames)
    starts = np.clip((np.arange(columns) + 0.5) * info.frames / columns - frames / 2, 0, info.frames - frames).astype(np.int64)
    found = np.zeros((3, columns), np.float32)
    for column, start in enumerate(starts):
        block = audio.read(int(start), frames).T
        if len(block):
            found[:, column] = _reduce(block[None])[:, 0]
    return found[0], found[1], found[2]


# ---- small and still pictures


def thumbnail(sound: Sound, columns: int = 96) -> NDArray[np.uint8]:
    """(2, columns): minimum and maximum per column, relative to the sound's own peak; 1 is −1, 255 is +1, 128 silence."""
    low, high, _ = columns_of(np.nan_to_num(sound.samples, nan=0.0, posinf=0.0, neginf=0.0), columns)
    return small(low, high)


def thumbnail_of(path: str | os.PathLike[str], columns: int = 96) -> NDArray[np.uint8]:
    """`thumbnail` of a file too long to hold in memory, from a sketch of it. Raises as files.read."""
    low, high, _ = sketch(path, columns)
    if len(low) < columns:
        nearest = np.arange(columns) * len(low) // columns
        low, high = low[nearest], high[nearest]
    return small(low, high)


def small(low: Samples, high: Samples) -> NDArray[np.uint8]:
    """Minimum and maximum of each column as a thumbnail."""
    peak = max(float(-low.min(initial=0)), float(high.max(initial=0)))
    return np.clip(np.rint(128 + 127 * np.stack([low, high]) / (peak or 1.0)), 0, 255).astype(np.uint8)


def spectrogram(
    sound: Audio,
    bins: int = 256,
    columns: int = 1024,
    *,
    start: int = 0,
    end: int | None = None,
    axis: Literal["log", "mel", "linear"] = "log",
    range_db: float = 90.0,
) -> tuple[Samples, NDArray[np.float64]]:
    """Image (bins, ≤ columns) in dB of the frames start … end, a full-scale sine at 0, not lower than `range_db` under its
    maximum; and the frequency in Hz of each row, lowest first. Windows are 46 ms, shorter where the stretch is shorter than
    half a second; of a long one only what they need is read."""
    import scipy.fft  # 0.2 s that the window's first paint does not wait for

    length = (sound.frames if end is None else min(end, sound.frames)) - start
    seconds = 0.046 if length > 0.5 * sound.rate else max(0.012, 0.092 * length / sound.rate)
    n_fft = 1 << max(6, round(np.log2(sound.rate * seconds)))
    columns = int(max(1, min(columns, -(-length // max(1, n_fft // 16)))))
    centres = start + (np.arange(columns) + 0.5) * length / columns
    wide = max(1, min(4, int(length / columns / n_fft)))  # frames averaged in one column of a long sound
    window = np.hanning(n_fft + 1)[:-1].astype(np.float32)
    window *= 2 / window.sum()
    power = np.zeros((columns, n_fft // 2 + 1), np.float32)
    for first in range(0, columns, 256):
        rows = slice(first, min(first + 256, columns))
        for frames in _windows(sound, centres[rows], wide, n_fft):
            spectra = scipy.fft.rfft(frames * window, axis=-1)
            power[rows] += (spectra.real**2 + spectra.imag**2) / wide
    frequencies = _axis(axis, bins, sound.rate)
    image = 10 * np.log10(_on_axis(power, frequencies, sound.rate, n_fft) + 1e-14).T
    return np.maximum(image, image.max(initial=-140.0) - range_db).astype(np.float32), frequencies


def _windows(sound: Audio, centres: NDArray[np.float64], wide: int, n_fft: int) -> Iterator[Samples]:
    """`wide` times one window (len(centres), n_fft) of the mean of the channels, side by side around each centre; silence
    outside the sound. Read in one go where they lie close together, else each for itself."""
    size = wide * n_fft
    starts = centres.astype(np.int64) - size // 2
    reach = int(starts[-1] - starts[0]) + size
    if reach <= len(centres) * size:
        mono = _mono(sound, int(starts[0]), reach)
        around = mono[(starts - starts[0])[:, None] + np.arange(size)]
    else:
        around = np.stack([_mono(sound, int(start), size) for start in starts])
    yield from around.reshape(len(centres), wide, n_fft).transpose(1, 0, 2)


def _mono(sound: Audio, start: int, frames: int) -> Samples:
    """(frames,) from `start` on, silence outside the sound."""
    first, last = min(max(start, 0), sound.frames), min(max(start + frames, 0), sound.frames)
    inside = sound.read(first, last - first).mean(axis=0, dtype=np.float32) if last > first else np.zeros(0, np.float32)
    clean = np.nan_to_num(inside, nan=0.0, posinf=0.0, neginf=0.0)
    return np.pad(clean, (first - start if start < first else 0, max(0, start + frames - max(last, start))))[:frames]


def _axis(axis: str, bins: int, rate: int) -> NDArray[np.float64]:
    top = rate / 2
    if axis == "linear":
        return np.linspace(0, top, bins)
    if axis == "mel":
        return analysis.mel_to_hz(np.linspace(0, float(analysis.hz_to_mel(np.array(top))), bins))
    return np.geomspace(30.0, top, bins)


def _on_axis(power: Samples, frequencies: NDArray[np.float64], rate: int, n_fft: int) -> Samples:
    """(columns, N) power → (columns, bins): the largest where rows hold several FFT bins, interpolated where they hold none."""
    edges = (frequencies[:-1] + frequencies[1:]) / 2
    position = np.concatenate([frequencies[:1], edges, frequencies[-1:]]) * n_fft / rate
    centre = np.clip(frequencies * n_fft / rate, 0, power.shape[1] - 1)
    left = np.minimum(centre.astype(int), power.shape[1] - 2)
    share = (centre - left).astype(np.float32)
    between = power[:, left] * (1 - share) + power[:, left + 1] * share
    first = np.minimum(np.ceil(position[:-1]).astype(int), power.shape[1] - 1)
    last = np.minimum(np.ceil(position[1:]).astype(int), power.shape[1])
    spans = np.stack([first, np.maximum(last, first + 1)], axis=1).ravel()
    largest = np.maximum.reduceat(np.pad(power, ((0, 0), (0, 1))), spans, axis=1)[:, ::2]
    return np.where(last - first >= 2, largest, between)
