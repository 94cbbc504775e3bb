"""What is said between us and the child process of a plug-in: frames of a JSON head and raw float32 samples, over two pipes.

    8 bytes   length of the head and of the body, unsigned little-endian
    head      JSON
    body      float32 samples, channel after channel; empty where there are none

Neither side trusts the other: lengths have bounds, heads are decoded into the types below, and what is not one ends it.
"""

from __future__ import annotations

import struct
from typing import Any, BinaryIO

import msgspec
import numpy as np

from studio.audio.plugins.knobs import Asked
from studio.audio.sound import Samples

HEAD, BODY = 1 << 26, (1 << 32) - 1
"""Bytes of the largest head (a plug-in with thousands of parameters) and body (a billion samples)."""

_LENGTHS = struct.Struct("<II")


class Load(msgspec.Struct, frozen=True, tag="load"):
    """Load the plug-in at a path; `name`: which of those in the file, empty for the only one. The answer is a Loaded."""

    path: str
    name: str = ""


class Describe(msgspec.Struct, frozen=True, tag="describe"):
    """Tell its parameters. The answer is a Described."""


class Play(msgspec.Struct, frozen=True, tag="play"):
    """Send (channels, frames) samples through it, in the body. The answer is a Played with as many.

    raws: index, name and place from 0 to 1 of each parameter
    """

    rate: int
    channels: int
    frames: int
    raws: tuple[tuple[int, str, float], ...] = ()


Request = Load | Describe | Play


class Loaded(msgspec.Struct, frozen=True, tag="loaded"):
    """What it says of itself. uid: its format and JUCE's hash of its own id, the same wherever it lies."""

    uid: str
    name: str
    maker: str
    version: str
    effect: bool


class Several(msgspec.Struct, frozen=True, tag="several"):
    """The file holds more than one; load one of these by name."""

    names: tuple[str, ...]


class Described(msgspec.Struct, frozen=True, tag="described"):
    parameters: tuple[Asked, ...]


class Played(msgspec.Struct, frozen=True, tag="played"):
    channels: int
    frames: int


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """It can't be done, and why, in the words of who says so."""

    reason: str


Answer = Loaded | Several | Described | Played | Refused


def write(stream: BinaryIO, head: Request | Answer, samples: Samples | None = None) -> None:
    """Raises OSError where nobody reads, ValueError where it is too long."""
    data = msgspec.json.encode(head)
    body = b"" if samples is None else np.ascontiguousarray(samples, "<f4").data.cast("B") if samples.size else b""
    if len(data) > HEAD or len(body) > BODY:
        raise ValueError("too long for one frame")
    stream.write(_LENGTHS.pack(len(data), len(body)))
    stream.write(data)
    stream.write(body)
    stream.flush()


def read(stream: BinaryIO, kind: Any, most: int = BODY) -> tuple[Any, bytearray]:
    """The next frame: a head of this kind, at most `most` bytes of body. Raises EOFError, OSError, and ValueError for none."""
    head, body = _LENGTHS.unpack(_exactly(stream, _LENGTHS.size))
    if not head or head > HEAD or body > most:
        raise ValueError("no frame")
    data = _exactly(stream, head)
    return msgspec.json.decode(data, type=kind), _exactly(stream, body)


def samples_of(body: bytearray, channels: int, frames: int) -> Samples:
    """(channels, frames), writable. Raises ValueError where there are not as many."""
    return np.frombuffer(body, "<f4").reshape(channels, frames)


def _exactly(stream: BinaryIO, size: int) -> bytearray:
    data = bytearray(size)
    view, done = memoryview(data), 0
    while done < size:
        count = stream.readinto(view[done:])  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        done += count
    return data
