"""The cache files of prepared sounds: how they are written, what damaged ones cost, and how they are heard without being read
into memory first. Only the reader comes here.

A shard is an .npy file of int16 samples end to end, and a table beside it, written after it, of what lies where.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from studio.errors import TORN_ARRAY, StudioError
from studio.models.controls import Material
from studio.project import atomic

DAMAGED: tuple[type[Exception], ...] = (*TORN_ARRAY, StudioError)


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One prepared sound in a shard; pieces are (start in the shard, frames, begin in the sound, gain, RMS in dB); root: the
    MIDI note that its file's chunks name, which shards of before notes were read do not tell."""

    hash: str
    trim: bool
    pieces: tuple[tuple[int, int, int, float, float], ...]
    root: float | None = None


class Table(msgspec.Struct, frozen=True):
    """shard-N.json, written after shard-N.npy: a shard is there when its table is."""

    kind: str
    format: int
    size: int
    sounds: tuple[Entry, ...]


class Shards:
    """Shards end to end as one array that stays on disk, for sets larger than what a program should hold. The system keeps in
    memory what is read often, once for all processes of a machine, and lets go of it when others need the room.

    `parts` are memory-mapped int16 arrays; a piece never reaches from one into the next.
    """

    def __init__(self, parts: Sequence[NDArray[np.int16]]) -> None:
        self.parts = parts
        self.begins = np.cumsum([0, *(len(part) for part in parts)])
        """Where each part begins, and where the last one ends."""

    def __len__(self) -> int:
        return int(self.begins[-1])

    def piece(self, start: int, size: int) -> NDArray[np.int16]:
        """Samples [start, start + size), not copied."""
        part = int(np.searchsorted(self.begins, start, side="right")) - 1
        begin = start - int(self.begins[part])
        return self.parts[part][begin : begin + size]


def read(folder: Path, material: Material) -> list[tuple[NDArray[np.int16], Table]]:
    """Whole shards with their audio, not yet read from the disk; damaged ones are deleted, which costs no more than time."""
    found = []
    for table in sorted(folder.glob("shard-*.json")):
        audio = table.with_suffix(".npy")
        try:
            shard = atomic.read_json(table, Table, "shard", ())
            data = np.load(audio, mmap_mode="r", allow_pickle=False)
            if data.dtype != np.int16 or data.shape != (shard.size,) or not _fits(shard, material):
                raise ValueError("the table and the audio do not belong together")
            found.append((data, shard))
        except DAMAGED:
            for path in (table, audio):
                with suppress(OSError):
                    path.unlink()
    return found


def _fits(shard: Table, material: Material) -> bool:
    pieces = (piece for entry in shard.sounds for piece in entry.pieces)
    return all(
        0 < frames <= material.frames and 0 <= start <= shard.size - frames * material.channels for start, frames, *_ in pieces
    )


def write(folder: Path, entries: Sequence[Entry], parts: Sequence[NDArray[np.int16]]) -> None:
    """One more shard. Raises DiskFull, NotSaved."""
    number = 1 + max((int(p.stem[6:]) for p in folder.glob("shard-*.npy") if p.stem[6:].isdecimal()), default=-1)
    target = folder / f"shard-{number:04d}.npy"
    partial = folder / f".{target.name}.{os.getpid()}.partial"
    flat = np.concatenate(parts) if parts else np.zeros(0, np.int16)
    try:
        with partial.open("wb") as file:
            np.save(file, flat, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise atomic.not_saved(target, error) from error
    atomic.write_json(target.with_suffix(".json"), Table("shard", 1, len(flat), tuple(entries)))
