"""A run's curves and previews as a TensorBoard event file: `wavewright export RUN --as tensorboard --out FOLDER`.

Written here byte by byte (TFRecord: length and data, each with a masked CRC-32C; data are protocol buffers of tensorflow's
event.proto and summary.proto), because torch's own writer needs all of tensorboard, 78 MB with what it brings. Nothing is
trained differently for it: the file is made of events.jsonl and the previews.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.audio import files
from studio.errors import AlreadyThere, ExportError, StudioError
from studio.events import Event, Finished, Metric, Produced, Progress, Started, Work
from studio.training.run import Preview, RunFolder

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types of protocol buffers."""

POLYNOMIAL = 0x82F63B78
"""CRC-32C (Castagnoli), bits reversed."""

ROWS = 256
"""A long checksum is taken of this many parts at a time."""


def export(runs: Sequence[RunFolder], folder: Path) -> Work:
    """One file in a folder of each run's name; a file of an earlier time is only added to.

    Finished: {"files": [paths], "problems": []}. Raises AlreadyThere where a file of that name is not this run's beginning,
    ExportError where nothing can be written, and what reading a run raises.
    """
    yield Started(what="export", total=len(runs))
    made: list[str] = []
    for done, run in enumerate(runs):
        yield Progress(done=done, total=len(runs), note=run.name)
        created = int(run.config.created)
        path = folder / run.name / f"events.out.tfevents.{created}.wavewright"
        _write(path, b"".join(records(run)))
        made.append(str(path))
        yield Produced(kind="file", path=str(path), detail={"name": run.name})
    yield Progress(done=len(runs), total=len(runs))
    yield Finished(result={"files": made, "problems": []})


def records(run: RunFolder) -> Iterator[bytes]:
    """The file's records in their order: every number, and every preview that can still be heard."""
    told, _ = run.events()
    heard = {preview.step: preview for preview in run.previews()}
    last = {e.detail.get("step"): e for e in told if isinstance(e, Produced) and e.kind == "preview"}
    yield record(_event(run.config.created, 0, _field(3, BYTES, b"brain.Event:2")))
    for event in told:
        if isinstance(event, Metric):
            value = _field(1, BYTES, event.name.encode()) + _field(2, FIXED32, struct.pack("<f", event.value))
            yield record(_summary(event, event.step, [value]))
        elif isinstance(event, Produced) and event.kind == "preview" and last[event.detail.get("step")] is event:
            preview = heard.get(event.detail.get("step", -1))
            if preview and (sounds := list(_sounds(preview))):
                yield record(_summary(event, preview.step, sounds))


def _sounds(preview: Preview) -> Iterator[bytes]:
    """The cells of a preview as summary values; lost ones are left out."""
    for cell in preview.cells:
        try:
            info, data = files.probe(preview.path(cell)), preview.path(cell).read_bytes()
        except (OSError, StudioError):
            continue
        audio = _field(1, FIXED32, struct.pack("<f", info.rate)) + _field(2, VARINT, info.channels)
        audio += _field(3, VARINT, info.frames) + _field(4, BYTES, data) + _field(5, BYTES, b"audio/wav")
        yield _field(1, BYTES, f"{cell.kind}/{cell.name}".encode()) + _field(6, BYTES, audio)


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_bytes() if path.exists() else b""
        if not data.startswith(before):
            raise AlreadyThere(name=path.name)
        with path.open("ab") as file:  # TensorBoard reads on where it was
            file.write(data[len(before) :])
    except OSError as error:
        raise ExportError(name=path.name, reason=(error.strerror or str(error)).lower()) from error


# ---- the format
def record(data: bytes) -> bytes:
    """One TFRecord."""
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


def _summary(event: Event, step: int, values: Sequence[bytes]) -> bytes:
    return _event(event.time, step, _field(5, BYTES, b"".join(_field(1, BYTES, value) for value in values)))


def _event(time: float, step: int, what: bytes) -> bytes:
    return _field(1, FIXED64, struct.pack("<d", time)) + _field(2, VARINT, step) + what


def _field(number: int, kind: int, value: bytes | int) -> bytes:
    head = _varint(number << 3 | kind)
    if isinstance(value, int):
        return head + _varint(value)
    return head + (_varint(len(value)) if kind == BYTES else b"") + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _masked(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


@functools.cache
def _table() -> NDArray[np.uint32]:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, table >> 1 ^ np.uint32(POLYNOMIAL), table >> 1)
    return table


def crc32c(data: bytes) -> int:
    """CRC-32C. Of long data the parts are taken side by side, and joined by what their length in zeros makes of a checksum:
    it is linear."""
    table = _table()
    size = len(data) // ROWS
    crc = 0xFFFFFFFF
    if size > ROWS:
        parts = np.frombuffer(data, np.uint8, ROWS * size).reshape(ROWS, size).T  # (size, ROWS)
        side = np.zeros(ROWS + 32, np.uint32)  # beside the parts, each bit alone, followed by zeros
        side[ROWS:] = np.uint32(1) << np.arange(32, dtype=np.uint32)
        for column in parts:
            low = side & 0xFF
            low[:ROWS] ^= column
            side = table[low] ^ side >> 8
        bits = side[ROWS:].tolist()
        for part in side[:ROWS].tolist():
            for bit in range(32):
                if crc >> bit & 1:
                    part ^= bits[bit]
            crc = part
        data = data[ROWS * size :]
    plain = table.tolist()
    for byte in data:
        crc = plain[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF
