"""The chunks of WAV files: those that samplers, loopers and broadcasters read, and our own recipe chunk.

Used by audio/files.py to write, by anyone who asks a file for its root note, its loops or the recipe it was made with.
Everything here is bytes and struct; nothing trusts a size it reads. Layouts: RIFF, EBU Tech 3285 (bext) and 3306 (RF64), the
`smpl`, `inst` and `cue ` chunks of the Multimedia Programming Interface, and `acid` as libsndfile reads it. All little-endian,
every chunk padded to an even length.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from studio.errors import UnreadableAudio

RECIPE = "wwrc"
LARGEST = 0xFFFFFFFF
"""Bytes a plain RIFF size can say; beyond it a file must be RF64."""
MOST_CHUNKS = 4096
LARGEST_CHUNK = 16 << 20
"""Bytes of one chunk that `read_chunk` gives; a larger one is not what it says."""

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_ONE_SHOT, _ROOT, _STRETCH = 1, 2, 4
_APPLICATION = 2
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")


class Chunk(NamedTuple):
    """`size` bytes at `offset` are really there; `declared` is what its header promises (None: it does not say)."""

    id: str
    offset: int
    size: int
    declared: int | None


# ---- reading


def walk(path: str | os.PathLike[str]) -> list[Chunk]:
    """Every chunk of a RIFF, RF64, BW64 or AIFF file in order, and the APPLICATION blocks of a FLAC; [] for other content.
    Raises UnreadableAudio if it is gone."""
    try:
        with Path(path).open("rb") as file:
            return list(_walk(file))
    except OSError as error:
        raise UnreadableAudio(name=Path(path).name, reason=error.strerror or error) from error


def _walk(file: BinaryIO) -> Iterable[Chunk]:
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    magic, kind = (head := file.read(12))[:4], head[8:12]
    if magic == b"fLaC":
        yield from _flac_blocks(file, end)
        return
    little = magic in (b"RIFF", b"RF64", b"BW64") and kind == b"WAVE"
    if not little and not (magic == b"FORM" and kind in (b"AIFF", b"AIFC")):
        return
    position, long_data = 12, None
    for _ in range(MOST_CHUNKS):
        file.seek(position)
        head = file.read(8)
        if len(head) < 8:
            return
        size: int | None
        name, size = head[:4].decode("latin-1"), int.from_bytes(head[4:], "little" if little else "big")
        if size == 0xFFFFFFFF and name == "data":
            size = long_data
        there = max(0, min(size if size is not None else end, end - position - 8))
        if name == "ds64" and there >= 16:
            long_data = struct.unpack("<Q", file.read(16)[8:])[0]
        yield Chunk(name, position + 8, there, size)
        if size is None:
            return
        position += 8 + size + size % 2


def chunks(path: str | os.PathLike[str]) -> list[tuple[str, int, int]]:
    """(id, offset of its content, bytes of it) for every chunk. Raises UnreadableAudio."""
    return [(c.id, c.offset, c.size) for c in walk(path)]


def read_chunk(path: str | os.PathLike[str], id: str) -> bytes | None:
    """The content of the first chunk `id`; None without one or beyond LARGEST_CHUNK. Raises UnreadableAudio."""
    return read_chunks(path, id).get(id)


def read_chunks(path: str | os.PathLike[str], *ids: str) -> dict[str, bytes]:
    """The contents of the first chunks of these names that are there, up to LARGEST_CHUNK each. Raises UnreadableAudio."""
    found: dict[str, bytes] = {}
    try:
        with Path(path).open("rb") as file:
            first = {chunk.id: chunk for chunk in reversed(list(_walk(file)))}
            for chunk in (first[id] for id in ids if id in first):
                if chunk.size <= LARGEST_CHUNK:
                    file.seek(chunk.offset)
                    found[chunk.id] = file.read(chunk.size)
    except OSError as error:
        raise UnreadableAudio(name=Path(path).name, reason=error.strerror or error) from error
    return found


def embedded_recipe(path: str | os.PathLike[str]) -> bytes | None:
    """The recipe (JSON) that a WAV, AIFF or FLAC of ours carries, not yet checked. Raises UnreadableAudio if it is gone."""
    return read_chunk(path, RECIPE)


def _flac_blocks(file: BinaryIO, end: int) -> Iterable[Chunk]:
    """The APPLICATION blocks of a FLAC file by their registered letters (RFC 9639, section 8)."""
    position = 4
    for _ in range(MOST_CHUNKS):
        file.seek(position)
        head = file.read(8)
        if len(head) < 8:
            return
        size = int.from_bytes(head[1:4], "big")
        if head[0] & 0x7F == _APPLICATION and size >= 4:
            there = max(0, min(size - 4, end - position - 8))
            yield Chunk(head[4:].decode("latin-1"), position + 8, there, size - 4)
        if head[0] & 0x80:
            return
        position += 4 + size


def sampler(path: str | os.PathLike[str]) -> tuple[float | None, list[tuple[int, int]]]:
    """Root note (MIDI, cents as fraction) and loops (first, last frame) of a WAV. `smpl` wins over `inst`."""
    return sampler_of(read_chunks(path, "smpl", "inst"))


def sampler_of(chunks: Mapping[str, bytes]) -> tuple[float | None, list[tuple[int, int]]]:
    """Root note and loops by the contents of a file's chunks."""
    if "smpl" in chunks and (found := parse_smpl(chunks["smpl"])) is not None:
        return found
    return (parse_inst(chunks["inst"]) if "inst" in chunks else None), []


def information(path: str | os.PathLike[str]) -> dict[str, str]:
    """The texts of LIST INFO by their four-letter names."""
    for id, offset, size in chunks(path):
        if id == "LIST" and 4 <= size <= LARGEST_CHUNK:
            with Path(path).open("rb") as file:
                file.seek(offset)
                if (content := file.read(size))[:4] == b"INFO":
                    return parse_info(content)
    return {}


# ---- chunk contents


def chunk(id: str, content: bytes) -> bytes:
    """A whole chunk with header and padding."""
    return id.encode("latin-1") + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def smpl(rate: int, root: float | None = None, loops: Sequence[tuple[int, int]] = ()) -> bytes:
    """Sampler chunk. `root`: MIDI note with fraction (None: 60); `loops`: (first, last) frames, inclusive."""
    note, fraction = _split(60.0 if root is None else root)
    content = struct.pack("<9I", 0, 0, int(1e9 / rate), note, fraction, 0, 0, len(loops), 0)
    for number, (start, end) in enumerate(loops):
        content += struct.pack("<6I", number, 0, start, end, 0, 0)
    return content


def _split(root: float) -> tuple[int, int]:
    """Whole note 0–127 and the 2**32nd parts of a semitone above it."""
    steps = min(max(round(root * 2**32), 0), (128 << 32) - 1)
    return steps >> 32, steps & 0xFFFFFFFF


def parse_smpl(content: bytes) -> tuple[float, list[tuple[int, int]]] | None:
    """Root and loops of a `smpl` chunk; None where it is impossible. Loops that end before they start are dropped."""
    if len(content) < 36:
        return None
    fields = struct.unpack_from("<9I", content)
    if fields[3] > 127:
        return None
    there = min(fields[7], (len(content) - 36) // 24)
    loops = [struct.unpack_from("<6I", content, 36 + 24 * i)[2:4] for i in range(there)]
    return fields[3] + fields[4] / 2**32, [(start, end) for start, end in loops if start <= end]


def inst(root: float, gain_db: int = 0) -> bytes:
    """Instrument chunk: nearest note, fine tune in cents (−50 … 50), the whole keyboard and every velocity."""
    note = min(max(round(root), 0), 127)
    cents = min(max(round((root - note) * 100), -50), 50)
    return struct.pack("<7b", note, cents, gain_db, 0, 127, 1, 127)


def parse_inst(content: bytes) -> float | None:
    """Root note of an `inst` chunk (MIDI, with cents), None where it is impossible."""
    if len(content) < 7:
        return None
    note, cents = struct.unpack_from("<2b", content)
    return note + cents / 100 if note >= 0 else None


def info(texts: Mapping[str, str]) -> bytes:
    """LIST content of kind INFO; names are four letters (INAM ICMT ISFT ICRD IGNR IKEY …), empty texts are left out."""
    content = b"INFO"
    for name, text in texts.items():
        if text:
            content += chunk(name, text.encode() + b"\0")
    return content


def parse_info(content: bytes) -> dict[str, str]:
    """Texts of a LIST content of kind INFO."""
    found: dict[str, str] = {}
    position = 4
    while content[:4] == b"INFO" and position + 8 <= len(content):
        name, size = content[position : position + 4], struct.unpack_from("<I", content, position + 4)[0]
        text = content[position + 8 : position + 8 + size]
        found[name.decode("latin-1")] = text.partition(b"\0")[0].decode("utf-8", "replace")
        position += 8 + size + size % 2
    return found


def cue(frames: Sequence[int]) -> bytes:
    """Cue points at these frames."""
    points = b"".join(struct.pack("<2I4s3I", i + 1, f, b"data", 0, 0, f) for i, f in enumerate(frames))
    return struct.pack("<I", len(frames)) + points


def labels(names: Sequence[str]) -> bytes:
    """LIST content of kind adtl: what the cue points are called, in their order."""
    return b"adtl" + b"".join(chunk("labl", struct.pack("<I", i + 1) + name.encode() + b"\0") for i, name in enumerate(names))


def parse_cue(content: bytes) -> list[int]:
    """Frames of the cue points."""
    if len(content) < 4:
        return []
    there = min(struct.unpack_from("<I", content)[0], (len(content) - 4) // 24)
    return [struct.unpack_from("<6I", content, 4 + 24 * i)[5] for i in range(there)]


def acid(tempo: float, seconds: float, root: float | None = None) -> bytes:
    """Loop chunk of Acid: `tempo` in beats a minute, in four-four time; tells a sequencer that the loop may be stretched."""
    beats = max(1, round(seconds * tempo / 60))
    note = 60 if root is None else min(max(round(root), 0), 127)
    flags = _STRETCH | (_ROOT if root is not None else 0)
    return struct.pack("<I2HfI2Hf", flags, note, 0x8000, 0.0, beats, 4, 4, tempo)


def parse_acid(content: bytes) -> float | None:
    """Beats a minute of a loop's chunk; None for a one-shot, and where it is impossible."""
    if len(content) < 24:
        return None
    flags, tempo = struct.unpack_from("<I", content)[0], struct.unpack_from("<f", content, 20)[0]
    return float(tempo) if not flags & _ONE_SHOT and 20 <= tempo <= 400 else None


def bext(description: str, originator: str, when: str, reference: str = "", samples: int = 0) -> bytes:
    """Broadcast chunk, version 1 (EBU Tech 3285). `when`: “2026-11-30 17:05:09”; `samples`: since midnight."""

    def text(value: str, width: int) -> bytes:
        return value.encode("ascii", "replace")[:width].ljust(width, b"\0")

    day, _, clock = when.partition(" ")
    texts = text(description, 256) + text(originator, 32) + text(reference, 32) + text(day, 10) + text(clock, 8)
    return texts + struct.pack("<QH", samples, 1) + bytes(64 + 10 + 180)


# ---- our recipe in other files


def into_flac(head: bytes, size: int, content: bytes) -> tuple[bytes, bytes]:
    """What a FLAC file of `size` bytes begins with in place of its first 42, and what follows at its end, so that `content`
    stands in an APPLICATION block of ours right after its STREAMINFO: that are “fLaC” and the block that always comes first."""
    body = RECIPE.encode() + content
    if len(body) >= 1 << 24:
        return head, b""
    block = bytes([head[4] & 0x80 | _APPLICATION]) + len(body).to_bytes(3, "big") + body  # last, if the first one was
    return head[:4] + bytes([head[4] & 0x7F]) + head[5:] + block, b""


def into_aiff(head: bytes, size: int, content: bytes) -> tuple[bytes, bytes]:
    """The same for an AIFF file, with `content` in a chunk of ours at its end."""
    added = RECIPE.encode() + struct.pack(">I", len(content)) + content + b"\0" * (len(content) % 2)
    return head[:4] + struct.pack(">I", size - 8 + len(added)) + head[8:], added


# ---- the head of a file


def head(rate: int, channels: int, bits: int, frames: int, *, floating: bool = False, tail: int = 0) -> bytes:
    """Everything before the samples of a WAV whose `tail` bytes of chunks follow them; RF64 only where plain WAV can't say it.

    Plain `fmt ` for one and two channels, because it is read most widely; extensible for more.
    """
    align = channels * bits // 8
    data = frames * align
    tag = _FLOAT if floating else _PCM
    form = struct.pack("<2H2I2H", tag if channels <= 2 else _EXTENSIBLE, channels, rate, rate * align, align, bits)
    if channels > 2:
        form += struct.pack("<2HI", 22, bits, 0) + struct.pack("<H", tag) + _GUID_TAIL
    elif floating:
        form += struct.pack("<H", 0)
    body = chunk("fmt ", form) + (chunk("fact", struct.pack("<I", min(frames, 0xFFFFFFFF))) if floating else b"")
    total = 4 + len(body) + 8 + data + data % 2 + tail
    if total <= LARGEST:
        return b"RIFF" + struct.pack("<I", total) + b"WAVE" + body + b"data" + struct.pack("<I", data)
    long = chunk("ds64", struct.pack("<3QI", total + 36, data, frames, 0))
    return b"RF64" + b"\xff" * 4 + b"WAVE" + long + body + b"data" + b"\xff" * 4
