"""The sounds of a project as a model hears them: cut, aligned, levelled, at one rate, in memory.

The trainer, places on the map and evaluation come here with a `Material`. What was prepared once is kept in the project's
cache by content, so that the next run starts at once and a changed file costs only itself; the cache may be deleted anytime.

    for event in prepare(project, material): ...
    sounds = load(project, material, "train").on(device)
    batch = sounds.batch([3, 17, 8])

Letters: N examples, B of them in a batch, C channels, T samples.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studio.audio import files, riff
from studio.audio.sound import Samples, Sound
from studio.errors import NothingToLearn, StudioError
from studio.events import Finished, Progress, Started, Work
from studio.library import notes, shards, slices
from studio.library.index import Index, SoundRow
from studio.library.shards import Entry, Shards
from studio.models.base import Batch
from studio.models.controls import DataFacts, Material
from studio.project.folder import ProjectFolder

Split = Literal["train", "validation", "test"]

VERSION = 1
"""Raise it when `examples` changes: caches of another version are left aside."""

PEAK = 10 ** (-1 / 20)
SILENT = 1e-4
HEAD, TAIL = 10 ** (-50 / 20), 10 ** (-60 / 20)
"""Below these shares of its peak a sound has not begun, or is over."""

LEAD, FADE = 0.005, 0.005
"""Seconds kept before the onset; seconds of fade wherever something was cut."""

SHARD = 256 << 20
"""Bytes of audio per cache file, and about what preparing holds in memory."""

IN_MEMORY = 4 << 30
"""Bytes of audio up to which a set is read into memory; a larger one stays in its cache files."""

EVERY = 32
"""Sounds between two words about progress."""

STALE = 64
"""Sounds that are gone may lie in the cache, up to this many and as many again as there are."""


# ---- one sound
@dataclass(frozen=True)
class Example:
    """A piece of a sound, ready to learn from. samples float32 (C, frames), peak −1 dBFS; `samples / gain` is the original
    level; start and frames are in the material's rate and tell where in the sound it was."""

    samples: Samples
    gain: float
    start: int

    @property
    def frames(self) -> int:
        return self.samples.shape[1]


def examples(sound: Sound, material: Material, trim: bool | None = None) -> list[Example]:
    """What a model of this material hears of `sound`: none of a silent one, several where it is sliced."""
    sound = _with_channels(sound if sound.rate == material.rate else files.resample(sound, material.rate), material.channels)
    spans = [(0, sound.frames)] if material.slices == "whole" else slices.pieces(sound, material)
    cut = (material.trim if trim is None else trim) and material.slices != "window"  # a window may begin with silence
    found = (_example(sound.samples[:, a:b], a, material, cut) for a, b in spans)
    return [example for example in found if example is not None]


def _example(samples: Samples, start: int, material: Material, trim: bool) -> Example | None:
    envelope = np.abs(samples).max(axis=0) if samples.size else np.zeros(1, np.float32)
    peak = float(envelope.max())
    if peak < SILENT:
        return None
    first, last = 0, samples.shape[1]
    if trim:
        first = max(0, int(np.argmax(envelope > peak * HEAD)) - round(LEAD * material.rate))
        last -= max(0, int(np.argmax(envelope[::-1] > peak * TAIL)) - round(FADE * material.rate))
    whole = samples.shape[1]
    last = min(last, first + material.frames)
    cut = samples[:, first:last].astype(np.float32, copy=True)
    peak = float(np.abs(cut).max())
    if peak < SILENT:
        return None
    ramp = np.linspace(0, 1, min(round(FADE * material.rate), cut.shape[1]), dtype=np.float32)
    if first > 0:
        cut[:, : len(ramp)] *= np.minimum(1, ramp * 2)  # over before the onset
    if last < whole:
        cut[:, cut.shape[1] - len(ramp) :] *= ramp[::-1]
    return Example(cut * np.float32(PEAK / peak), PEAK / peak, start + first)


def _with_channels(sound: Sound, channels: int) -> Sound:
    """Mono is the mean, or the loudest channel where the mean would cancel; more than two are folded to mono first."""
    if sound.channels == channels:
        return sound
    if sound.channels == 1:
        return Sound(np.repeat(sound.samples, channels, axis=0), sound.rate)
    mono = sound.mono()
    power = np.square(sound.samples, dtype=np.float32).mean(axis=1)
    if np.square(mono).mean() < 0.1 * power.max():
        mono = sound.samples[int(power.argmax())]
    return Sound(np.repeat(mono[None], channels, axis=0).astype(np.float32), sound.rate)


# ---- many sounds in memory
@dataclass(frozen=True)
class TrainingSet:
    """N examples in one int16 array `flat`, in memory or on disk: example i is (C, frames[i]) from start[i] on.

    seconds (N,) lengths; label (N,) indices into `labels`, −1 for none; pitch (N,) MIDI and velocity (N,) 0–127, NaN for
    unknown; loudness (N,) LUFS and brightness (N,) Hz of the file; gain (N,) as in Example; ids, paths, begins: the sound and
    where in it, in frames
    """

    material: Material
    labels: tuple[str, ...]
    flat: Tensor | Shards
    start: NDArray[np.int64]
    frames: NDArray[np.int64]
    label: NDArray[np.int64]
    pitch: NDArray[np.float32]
    loudness: NDArray[np.float32]
    brightness: NDArray[np.float32]
    gain: NDArray[np.float32]
    level: NDArray[np.float32]
    ids: NDArray[np.int64]
    paths: tuple[str, ...]
    begins: NDArray[np.int64]
    velocity: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.start)

    @property
    def seconds(self) -> NDArray[np.float32]:
        return (self.frames / self.material.rate).astype(np.float32)

    @property
    def audio(self) -> Tensor:
        """All of it as int16 (N, C, T), zero after each end. For small sets; `batch` never needs it."""
        out = torch.zeros(len(self), self.material.channels, self.material.frames, dtype=torch.int16)
        for i, n in enumerate(self.frames.tolist()):
            out[i, :, :n] = torch.from_numpy(np.array(self.piece(i)))
        return out

    def sound(self, row: int) -> Sound:
        """One example at the level the model hears."""
        return Sound(self.piece(row).astype(np.float32) / np.float32(32767), self.material.rate)

    def piece(self, row: int) -> NDArray[np.int16]:
        """The samples of one example, (C, frames); where they lie, not copied."""
        start, n, channels = int(self.start[row]), int(self.frames[row]), self.material.channels
        if isinstance(self.flat, Shards):
            return self.flat.piece(start, n * channels).reshape(channels, n)
        return self.flat[start : start + n * channels].cpu().numpy().reshape(channels, n)

    @property
    def home(self) -> torch.device:
        """Where the audio is."""
        return self.flat.device if isinstance(self.flat, Tensor) else torch.device("cpu")

    def on(self, device: torch.device | str) -> TrainingSet:
        """The same with its audio on `device`: batches are then gathered and converted there."""
        if isinstance(self.flat, Tensor):
            return replace(self, flat=self.flat.to(device))
        flat = torch.empty(len(self.flat), dtype=torch.int16, device=device)
        for begin, part in zip(self.flat.begins.tolist(), self.flat.parts):
            flat[begin : begin + len(part)] = torch.from_numpy(np.array(part))
        return replace(self, flat=flat)

    def batch(self, rows: Sequence[int] | NDArray[np.int64], device: torch.device | str | None = None) -> Batch:
        """Examples `rows` with audio (B, C, T) float32, on `device`, by default where the audio is."""
        rows = np.asarray(rows, dtype=np.int64)
        device = torch.device(device) if device is not None else self.home
        audio = (self._copied(rows) if self.home.type == "cpu" else self._gathered(rows)).to(device)
        return Batch(
            audio=torch.nn.functional.pad(audio, (0, self.material.frames - audio.shape[-1])),  # (B, C, T)
            seconds=torch.from_numpy(self.seconds[rows]).to(device),
            label=torch.from_numpy(self.label[rows]).to(device),
            pitch=torch.from_numpy(self.pitch[rows]).to(device),
            index=torch.from_numpy(rows).to(device),
            velocity=torch.from_numpy(self.velocity[rows]).to(device),
        )

    def _copied(self, rows: NDArray[np.int64]) -> Tensor:
        """Audio (B, C, longest), sound by sound: on a processor 80 times faster than gathering."""
        out = np.zeros((len(rows), self.material.channels, int(self.frames[rows].max())), np.float32)
        for place, row in zip(out, rows.tolist()):
            place[:, : self.frames[row]] = self.piece(row)
        return torch.from_numpy(out) / 32767

    def _gathered(self, rows: NDArray[np.int64]) -> Tensor:
        """The same in a few large operations, for devices that want those."""
        assert isinstance(self.flat, Tensor)
        home, channels = self.flat.device, self.material.channels
        frames = torch.from_numpy(self.frames[rows]).to(home)[:, None, None]  # (B, 1, 1)
        start = torch.from_numpy(self.start[rows]).to(home)[:, None, None]
        time = torch.arange(int(self.frames[rows].max()), device=home)
        inside = time < frames  # (B, 1, longest)
        place = start + torch.arange(channels, device=home)[:, None] * frames + time  # (B, C, longest)
        return torch.where(inside, self.flat[place * inside].float() / 32767, 0.0)

    @property
    def bytes(self) -> int:
        return int(self.frames.sum()) * self.material.channels * 2

    def hash(self) -> str:
        """Tells whether a resumed run hears the same examples in the same order."""
        parts = (self.frames, self.label, self.gain, self.level)
        return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:16]


# ---- the cache
def prepare(project: ProjectFolder, material: Material, workers: int | None = None) -> Work:
    """Bring the cache up to date with the included sounds. Finished: {"prepared", "known", "problems": [{"path", "reason"}]}.

    Raises NothingToLearn, DiskFull, NotSaved. Closing it keeps the shards that are whole.
    """
    rows = _rows(project)
    if not rows:
        raise NothingToLearn
    folder = _folder(project, material)
    known = {(e.hash, e.trim) for _, shard in shards.read(folder, material) for e in shard.sounds}
    wanted = {(r.source_hash, material.trim or r.trim): r for r in rows}
    missing = [row for key, row in wanted.items() if key not in known]
    if len(known) > 2 * len(wanted) + STALE:  # mostly sounds that are gone: start afresh
        shutil.rmtree(folder, ignore_errors=True)
        missing = list(wanted.values())
    problems: list[dict[str, str]] = []
    yield Started(what="prepare", total=len(missing))
    folder.mkdir(parents=True, exist_ok=True)
    done, entries, parts, size = 0, [], [], 0
    for row, heard in _in_parallel(missing, material, workers or _cores()):
        done += 1
        if isinstance(heard, StudioError):
            problems.append({"path": row.path, "reason": heard.message})
            continue
        found, root = heard
        pieces = []
        for example in found:
            data = np.rint(example.samples * 32767).astype(np.int16)
            level = float(10 * np.log10(np.square(example.samples, dtype=np.float32).mean() + 1e-12))
            pieces.append((size, example.frames, example.start, example.gain, level))
            parts.append(data.ravel())
            size += data.size
        if not found:
            problems.append({"path": row.path, "reason": "it is silent"})
        entries.append(Entry(row.source_hash, material.trim or row.trim, tuple(pieces), root))
        if size * 2 > SHARD:
            shards.write(folder, entries, parts)
            entries, parts, size = [], [], 0
        if done % EVERY == 0:
            yield Progress(done=done, total=len(missing), note=row.name)
    if entries:
        shards.write(folder, entries, parts)
    yield Finished(result={"prepared": done - len(problems), "known": len(rows) - len(missing), "problems": problems})


def load(
    project: ProjectFolder, material: Material, split: Split | None = None, labels: tuple[str, ...] | None = None
) -> TrainingSet:
    """The included sounds of a split (None: all), prepared first where need be. An empty split gives an empty set.

    `labels` fixes the label indices, for a run that goes on with the labels it began with. Raises what `prepare` raises.
    """
    for _ in prepare(project, material):
        pass
    rows = _rows(project)
    if labels is None:
        labels = _labels(rows)
    found = shards.read(_folder(project, material), material)
    cache = Shards([data for data, _ in found])
    where = {(e.hash, e.trim): (int(begin), e) for begin, (_, shard) in zip(cache.begins, found) for e in shard.sounds}
    roots = [where[key][1].root if (key := (r.source_hash, material.trim or r.trim)) in where else None for r in rows]
    told = {row.id: both for row, *both in zip(rows, *_told(rows, roots))}
    table: list[tuple[int, int, SoundRow, int, float, float]] = []
    for row in rows:
        place = where.get((row.source_hash, material.trim or row.trim))
        if place is None or (split is not None and row.split != split):
            continue
        base, entry = place
        table += [(base + start, frames, row, begin, gain, level) for start, frames, begin, gain, level in entry.pieces]
    starts = np.array([entry[0] for entry in table], np.int64)
    sizes = np.array([entry[1] for entry in table], np.int64) * material.channels
    flat: Tensor | Shards = cache
    if sizes.sum() * 2 <= IN_MEMORY:  # together, without what lies between them
        parts = [cache.piece(start, size) for start, size in zip(starts.tolist(), sizes.tolist())]
        flat = torch.from_numpy(np.concatenate(parts) if parts else np.zeros(0, np.int16))
        starts = np.cumsum(sizes) - sizes
    owners = [entry[2] for entry in table]
    return TrainingSet(
        material=material,
        labels=labels,
        flat=flat,
        start=starts,
        frames=np.array([t[1] for t in table], np.int64),
        label=np.array([labels.index(r.label) if r.label in labels else -1 for r in owners], np.int64),
        pitch=np.array([told[r.id][0] for r in owners], np.float32),
        loudness=np.array([_number(r.loudness) for r in owners], np.float32),
        brightness=np.array([_number(r.brightness) for r in owners], np.float32),
        gain=np.array([t[4] for t in table], np.float32),
        level=np.array([t[5] for t in table], np.float32),
        ids=np.array([r.id for r in owners], np.int64),
        paths=tuple(r.path for r in owners),
        begins=np.array([t[3] for t in table], np.int64),
        velocity=np.array([told[r.id][1] for r in owners], np.float32),
    )


def facts(project: ProjectFolder, material: Material | None = None) -> DataFacts:
    """What a family may know of the included sounds: from the index alone, or exactly, once a material is chosen.

    Raises NothingToLearn.
    """
    rows = _rows(project)
    if not rows:
        raise NothingToLearn
    if material is not None:
        return measured(load(project, material))
    lengths = [max(0.01, row.seconds - row.head - row.tail) for row in rows]
    rates = [row.rate for row in rows]
    pitch, velocity = _told(rows, [None] * len(rows))
    return DataFacts(
        count=len(rows),
        labels=_labels(rows),
        rate=max(set(rates), key=rates.count),
        channels=2 if sum(row.channels > 1 for row in rows) > 0.6 * len(rows) else 1,
        seconds=float(np.percentile(lengths, 95)),
        pitched=float(np.isfinite(pitch).mean()),
        struck=float(np.isfinite(velocity).mean()),
    )


def measured(sounds: TrainingSet) -> DataFacts:
    """The facts of prepared sounds."""
    if not len(sounds):
        raise NothingToLearn
    return DataFacts(
        count=len(sounds),
        labels=sounds.labels,
        rate=sounds.material.rate,
        channels=sounds.material.channels,
        seconds=float(np.percentile(sounds.seconds, 95)),
        level_db=float(sounds.level.mean()),
        pitched=float(np.isfinite(sounds.pitch).mean()),
        struck=float(np.isfinite(sounds.velocity).mean()),
    )


# ---- inside
def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2


def _rows(project: ProjectFolder) -> list[SoundRow]:
    with Index(project) as index:
        return [row for row in index.rows(order="path", include=True) if "vanished" not in row.problems]


def _labels(rows: Iterable[SoundRow]) -> tuple[str, ...]:
    return tuple(sorted({row.label for row in rows if row.label}))


def _told(rows: Sequence[SoundRow], roots: Sequence[float | None]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The note and the velocity of each sound, by its file, its name, and what was measured."""
    return notes.decide([row.path for row in rows], roots, np.array([_midi(row.pitch) for row in rows]))


def _midi(pitch: float | None) -> float:
    return 69 + 12 * float(np.log2(pitch / 440)) if pitch and pitch > 0 else float("nan")


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _in_parallel(rows: Sequence[SoundRow], material: Material, workers: int) -> Iterator[tuple[SoundRow, Any]]:
    """Decoding, resampling and trimming release the interpreter, so threads do. In order, a few ahead of who takes them."""

    def work(row: SoundRow) -> tuple[list[Example], float | None] | StudioError:
        try:
            found = examples(files.read(row.path, rate=material.rate), material, material.trim or row.trim)
            return found, riff.sampler(row.path)[0]
        except StudioError as error:
            return error

    with ThreadPoolExecutor(workers, thread_name_prefix="prepare") as pool:
        for start in range(0, len(rows), 64):
            part = rows[start : start + 64]
            yield from zip(part, pool.map(work, part))


def _folder(project: ProjectFolder, material: Material) -> Path:
    key = hashlib.sha256(msgspec.json.encode((VERSION, material))).hexdigest()[:16]
    return project.cache / f"material-{key}"
