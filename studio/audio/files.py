"""Sound files: the only place that meets soundfile. Its readers are the importer, the cache, the window and the CLI.

Reading trusts content, not suffixes, and no size a header claims. Writing WAV is our own, because soundfile can write neither
sampler chunks nor dither; other formats are encoded by it. Either way a file is there whole or not at all (placing.py).
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from studio.audio import quantise, riff
from studio.audio.blocks import Flow
from studio.audio.placing import AnyPath, adopt, beside, numbered, publish, publishing
from studio.audio.placing import unused as unused
from studio.audio.quantise import BITS, PIECE, Subtype, encode
from studio.audio.quantise import pieces as pieces
from studio.audio.rates import at_rate as at_rate
from studio.audio.rates import resample as resample
from studio.audio.rates import resampled as resampled
from studio.audio.sound import Audio, Samples, Sound
from studio.errors import AlreadyThere, EmptyAudio, UnreadableAudio, UnsupportedAudio, UnwritableAudio

Format = Literal["FLAC", "OGG", "MP3", "AIFF"]

EXTENSIONS = frozenset(
    {".wav", ".wave", ".bwf", ".rf64", ".w64", ".aif", ".aiff", ".aifc", ".flac", ".ogg", ".oga", ".opus", ".mp3"}
    | {".caf", ".au", ".snd"}
)
"""Suffixes, lower-case, that a folder scan looks at. What a file is, its content decides."""

RATES = (4_000, 384_000)
CHANNELS = (1, 16)


class AudioInfo(msgspec.Struct, frozen=True):
    """What a header says. `missing`: frames it promises and the file does not hold (a truncated recording)."""

    path: str
    rate: int
    channels: int
    frames: int
    format: str
    subtype: str
    missing: int = 0

    @property
    def seconds(self) -> float:
        return self.frames / self.rate


# ---- reading


def probe(path: AnyPath) -> AudioInfo:
    """What the file holds, without decoding it. Raises UnreadableAudio, EmptyAudio, UnsupportedAudio."""
    with _open(path) as file:
        return AudioInfo(
            path=os.fspath(path),
            rate=file.samplerate,
            channels=file.channels,
            frames=file.frames,
            format=file.format,
            subtype=file.subtype,
            missing=_missing(path, file),
        )


def _missing(path: AnyPath, file: _Stream) -> int:
    if file.format not in ("WAV", "WAVEX", "RF64", "AIFF"):
        return 0
    for found in riff.walk(path):
        if found.id in ("data", "SSND") and found.declared is not None and found.declared > found.size > 0:
            return round((found.declared - found.size) * file.frames / found.size)
    return 0


def read(path: AnyPath, *, rate: int | None = None, start: int = 0, frames: int | None = None, clean: bool = True) -> Sound:
    """The sound, or `frames` of it from `start` (both in frames of the file), resampled to `rate` where given.

    Samples that are no numbers become 0; `clean=False` keeps them for `analysis.facts` to count (at the file's own rate).
    A truncated file gives what it holds. Raises UnreadableAudio, EmptyAudio, UnsupportedAudio.
    """
    with _open(path) as file:
        start = min(max(start, 0), file.frames)
        wanted = file.frames - start if frames is None else max(0, min(frames, file.frames - start))
        with _translated(path):
            _go(file, start)
            samples = _take(file, wanted)
        if not samples.shape[1] and wanted:
            raise EmptyAudio(name=Path(path).name)
        sound = Sound(_clean(samples) if clean or rate not in (None, file.samplerate) else samples, file.samplerate)
    return sound if rate is None else resample(sound, rate)


class _Stream(soundfile.SoundFile):
    """A file that soundfile does not seek in after every read: in MP3 and Opus that loses sound (libsndfile#794)."""

    def seekable(self) -> bool:
        return False


def _go(file: _Stream, frame: int) -> None:
    """To `frame`. After a jump in an MP3 the decoder's first frames are wrong, so it starts a little earlier."""
    if not frame:
        return
    early = min(frame, 8192) if file.format == "MP3" else 0
    file.seek(frame - early)
    if early:
        _decode(file, early)


def _take(file: _Stream, frames: int) -> Samples:
    """Up to `frames` from here, (channels, n). Read in pieces, so a header's lie costs no memory."""
    pieces: list[Samples] = []
    most = 16 * PIECE // file.channels
    while frames > 0:
        wanted = min(frames, most)
        piece = _decode(file, wanted, first=not pieces)
        pieces.append(piece)
        frames = frames - wanted if len(piece) == wanted else 0
    joined = pieces[0] if len(pieces) == 1 else np.concatenate(pieces or [np.zeros((0, file.channels), np.float32)])
    return np.ascontiguousarray(joined.T)


def _decode(file: _Stream, frames: int, first: bool = False) -> Samples:
    """Up to `frames` (n, channels); fewer at the end and where the file breaks off. Damage at the very `first` is an error."""
    out = np.full((frames, file.channels), np.nan, np.float32)
    try:
        return file.read(out=out, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError:
        filled = np.flatnonzero(~np.isnan(out[:, 0]))  # soundfile forgets how much it decoded before the damage
        if not len(filled) and first:
            raise
        return out[: filled[-1] + 1 if len(filled) else 0]


def blocks(path: AnyPath, *, size: int = 65536, rate: int | None = None) -> Iterator[Samples]:
    """The sound piece by piece, (channels, up to `size` frames before resampling), in bounded memory. Raises as `read`."""
    with _open(path) as file:
        stream = None
        if rate is not None and rate != file.samplerate:
            stream = soxr.ResampleStream(file.samplerate, rate, file.channels, dtype="float32", quality="HQ")
        left = file.frames
        while left > 0:
            with _translated(path):
                piece = _decode(file, min(size, left), first=left == file.frames)
            left = left - len(piece) if len(piece) == min(size, left) else 0
            clean = _clean(piece)
            if stream is not None:
                clean = stream.resample_chunk(clean, last=left <= 0)
            if len(clean):
                yield np.ascontiguousarray(clean.T)


@dataclass(frozen=True, eq=False)
class Stored:
    """A file of uncompressed samples that are read where they are asked for: no length makes it slow to open, or takes
    memory."""

    path: Path
    rate: int
    channels: int
    frames: int
    bits: int
    offset: int

    @property
    def seconds(self) -> float:
        return self.frames / self.rate

    def raw(self, start: int, frames: int) -> NDArray[Any]:
        """(n, channels) as they lie there: int16 in 1/32768, or float32. Raises UnreadableAudio."""
        wide = self.bits // 8
        count = max(0, min(frames, self.frames - start)) * self.channels
        kind = {16: "<i2", 24: "u1", 32: "<f4"}[self.bits]
        with _translated(self.path), self.path.open("rb", buffering=0) as file:
            file.seek(self.offset + start * self.channels * wide)
            found = np.fromfile(file, kind, count * 3 if self.bits == 24 else count)
        if self.bits == 24:
            padded = np.zeros((len(found) // 3, 4), np.uint8)
            padded[:, 1:] = found[: len(padded) * 3].reshape(-1, 3)
            found = padded.view("<i4")[:, 0].astype(np.float32) * np.float32(2.0**-31)
        if len(found) < count:
            raise UnreadableAudio(name=self.path.name, reason="it has become shorter")
        return found.reshape(-1, self.channels)

    def read(self, start: int, frames: int) -> Samples:
        """(channels, n) float32; samples that are no numbers become 0. Raises UnreadableAudio."""
        found = self.raw(start, frames)
        scaled = found * np.float32(1 / 32768) if found.dtype.kind == "i" else _clean(found)
        return np.ascontiguousarray(scaled.T)


@dataclass(frozen=True, eq=False)
class Coded:
    """Any other file, decoded where it is asked for: slower, and as little in memory."""

    path: Path
    rate: int
    channels: int
    frames: int

    @property
    def seconds(self) -> float:
        return self.frames / self.rate

    def read(self, start: int, frames: int) -> Samples:
        """(channels, n) float32. Raises UnreadableAudio."""
        return read(self.path, start=start, frames=frames).samples


def bare(path: AnyPath, rate: int, channels: int) -> Stored:
    """The sound in a file that `record` made. Raises UnreadableAudio."""
    with _translated(path):
        size = Path(path).stat().st_size
    if size % (4 * channels):
        raise UnreadableAudio(name=Path(path).name, reason="its content is damaged")
    return Stored(Path(path), rate, channels, size // (4 * channels), 32, 0)


def record(path: AnyPath, blocks: Iterable[Samples]) -> Generator[int, None, None]:
    """Blocks (C, n) become a new file of nothing but float samples, whose length nobody need know before; `bare` reads it.
    Gives the bytes written so far after each; closing it leaves nothing. Raises what `publishing` and the blocks raise."""
    return publishing(Path(path), lambda: (block.T.astype("<f4").tobytes() for block in blocks))


LONG = 60.0
"""Seconds from which a sound is better left where it is."""


def opened(path: AnyPath) -> Audio:
    """The sound of a file: in memory, or where it lies if it is long. Raises as `read`."""
    facts = probe(path)
    if facts.seconds <= LONG:
        return read(path)
    found = stored(path)
    if isinstance(found, Stored):
        return found
    return Flow(found.rate, found.channels, found.frames, lambda: blocks(path))


def stored(path: AnyPath) -> Stored | Coded:
    """The sound of a file, left where it is. Raises UnreadableAudio, EmptyAudio, UnsupportedAudio."""
    facts = probe(path)
    bits = BITS.get(facts.subtype, 0)
    data = next((c for c in riff.walk(path) if c.id == "data"), None)
    if bits and data is not None and facts.format in ("WAV", "WAVEX", "RF64"):
        frames = min(facts.frames, data.size // (bits // 8 * facts.channels))
        if frames:
            return Stored(Path(path), facts.rate, facts.channels, frames, bits, data.offset)
    return Coded(Path(path), facts.rate, facts.channels, facts.frames)


def _clean(samples: Samples) -> Samples:
    return samples if np.isfinite(samples).all() else np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)


def _open(path: AnyPath) -> _Stream:
    name = Path(path).name
    with _translated(path):
        if Path(path).is_dir():
            raise UnreadableAudio(name=name, reason="it is a folder")
        if not Path(path).stat().st_size:
            raise EmptyAudio(name=name)
        file = _Stream(os.fspath(path))
    reason = ""
    if not RATES[0] <= file.samplerate <= RATES[1]:
        reason = f"its rate is {file.samplerate} Hz"
    elif not CHANNELS[0] <= file.channels <= CHANNELS[1]:
        reason = f"it has {file.channels} channels"
    if reason:
        file.close()
        raise UnsupportedAudio(name=name, reason=reason)
    if not file.frames:
        file.close()
        raise EmptyAudio(name=name)
    return file


@contextlib.contextmanager
def _translated(path: AnyPath) -> Iterator[None]:
    name = Path(path).name
    try:
        yield
    except soundfile.LibsndfileError as error:
        if error.code == 1:  # SF_ERR_UNRECOGNISED_FORMAT
            raise UnreadableAudio(name=name, reason="its content is no sound format we know") from error
        raise UnreadableAudio(name=name, reason="its content is damaged") from error
    except FileNotFoundError as error:
        raise UnreadableAudio(name=name, reason="it is gone") from error
    except OSError as error:
        raise UnreadableAudio(name=name, reason=(error.strerror or str(error)).lower()) from error
    except (TypeError, ValueError, MemoryError) as error:
        raise UnreadableAudio(name=name, reason=error) from error


# ---- writing


def write(
    path: AnyPath,
    sound: Audio,
    *,
    subtype: Subtype = "PCM_24",
    dither: int | None = 0,
    fine: bool = False,
    loop: tuple[int, int] | None = None,
    root: float | None = None,
    info: Mapping[str, str] | None = None,
    recipe: bytes | None = None,
    chunks: Mapping[str, bytes] | None = None,
    reuse: bool = False,
    staged: bool = False,
) -> Path:
    """A new WAV, whole or not at all, in memory for one piece of it however long it is.

    dither: seed of the triangular noise of a 16-bit file, None for none; fine: also of a 24-bit one;
    loop: first and last frame, inclusive; root: MIDI note, fraction allowed;
    info: texts by RIFF name (INAM ICMT ISFT ICRD IGNR IKEY); recipe: JSON, in our own chunk;
    chunks: contents of others by their four letters (riff.py); staged: as in placing.publish.
    reuse: the very same file, under this name or a numbered one beside it, is the answer where there is one, and a name that
    is taken is none to fail at.
    FLOAT keeps samples beyond ±1, the others clip them. Raises AlreadyThere, UnwritableAudio, UnsupportedAudio.
    """
    target = Path(path)
    _check_shape(target, sound)
    if loop is not None and not 0 <= loop[0] <= loop[1] < sound.frames:
        raise ValueError(f"a loop {loop} is not inside {sound.frames} frames")
    tail = _tail(sound.rate, loop, root, info, recipe, chunks)
    bits = BITS[subtype]
    head = riff.head(sound.rate, sound.channels, bits, sound.frames, floating=subtype == "FLOAT", tail=len(tail))

    def content() -> Iterator[bytes]:
        yield head
        yield from encode(sound, subtype, dither, fine)
        if sound.frames * sound.channels * bits // 8 % 2:
            yield b"\0"
        yield tail

    if reuse:
        return _reused(target, content)
    publish(target, content, staged=staged)
    return target


def size(
    rate: int,
    channels: int,
    frames: int,
    *,
    subtype: Subtype = "PCM_24",
    loop: tuple[int, int] | None = None,
    root: float | None = None,
    info: Mapping[str, str] | None = None,
    recipe: bytes | None = None,
    chunks: Mapping[str, bytes] | None = None,
) -> int:
    """Bytes of the WAV that `write` makes of such a sound."""
    tail = len(_tail(rate, loop, root, info, recipe, chunks))
    data = frames * channels * BITS[subtype] // 8
    head = riff.head(rate, channels, BITS[subtype], frames, floating=subtype == "FLOAT", tail=tail)
    return len(head) + data + data % 2 + tail


def _reused(path: Path, content: Callable[[], Iterator[bytes]]) -> Path:
    """The first of “name.wav”, “name 2.wav” … that holds just this, else a new file under the first name that is free."""
    for candidate in numbered(path):
        if candidate.is_file() and _holds(candidate, content()):
            return candidate
        if not candidate.exists() and not candidate.is_symlink():
            with contextlib.suppress(AlreadyThere):  # somebody took the name in between: try the next
                publish(candidate, content)
                return candidate
    raise AssertionError("unreachable")


def _holds(path: Path, content: Iterator[bytes]) -> bool:
    """Whether the file is these bytes and no more; one that can't be read is another one."""
    try:
        with path.open("rb") as file:
            return all(file.read(len(piece)) == piece for piece in content) and not file.read(1)
    except OSError:
        return False


def _tail(
    rate: int,
    loop: tuple[int, int] | None,
    root: float | None,
    info: Mapping[str, str] | None,
    recipe: bytes | None,
    chunks: Mapping[str, bytes] | None,
) -> bytes:
    """The chunks that follow the samples."""
    tail = b""
    if loop is not None or root is not None:
        tail += riff.chunk("smpl", riff.smpl(rate, root, [loop] if loop else []))
    if root is not None:
        tail += riff.chunk("inst", riff.inst(root))
    tail += b"".join(riff.chunk(id, content) for id, content in (chunks or {}).items())
    if info:
        tail += riff.chunk("LIST", riff.info(info))
    if recipe is not None:
        tail += riff.chunk(riff.RECIPE, recipe)
    return tail


def _check_shape(target: Path, sound: Audio) -> None:
    if not (RATES[0] <= sound.rate <= RATES[1] and CHANNELS[0] <= sound.channels <= CHANNELS[1]):
        raise UnsupportedAudio(name=target.name, reason=f"{sound.channels} channels at {sound.rate} Hz")


def write_as(
    path: AnyPath,
    sound: Audio,
    format: Format,
    *,
    subtype: Subtype = "PCM_16",
    dither: int | None = 0,
    fine: bool = False,
    compression: float | None = None,
    variable: bool = False,
    texts: Mapping[str, str] | None = None,
    change: Callable[[bytes, int], tuple[bytes, bytes]] | None = None,
) -> Path:
    """A new FLAC, OGG (Vorbis), MP3 or AIFF, whole or not at all, in memory for one piece of it however long it is.

    subtype: of FLAC (no FLOAT) and AIFF; dither, fine: as in `write`; compression: 0 (largest) to 1, None: libsndfile's choice;
    variable: the bit rate of an MP3 follows the sound; texts: title, comment, software, date … as libsndfile calls them;
    change: of the first HEAD bytes of the file and its size, what stands there instead and what follows at its end. Raises
    AlreadyThere, UnwritableAudio, UnsupportedAudio.
    """
    target = Path(path)
    _check_shape(target, sound)
    exact = format in ("FLAC", "AIFF")
    kind = subtype if exact else {"OGG": "VORBIS", "MP3": "MPEG_LAYER_III"}[format]
    if kind not in soundfile.available_subtypes(format):
        raise UnwritableAudio(name=target.name, reason=f"this system’s libsndfile can't write {format}")
    mode = None if compression is None or format != "MP3" else "VARIABLE" if variable else "CONSTANT"
    if target.exists() or target.is_symlink():
        raise AlreadyThere(name=target.name)
    encoded = beside(target)
    try:
        with _Held(encoded, "xb+") as held:
            with soundfile.SoundFile(
                held, "w", sound.rate, sound.channels, kind, format=format, compression_level=compression, bitrate_mode=mode
            ) as file:
                for name, text in (texts or {}).items():
                    if text:
                        setattr(file, name, text)
                for piece in _for_libsndfile(sound, subtype if exact else "FLOAT", dither, fine):
                    held.check()
                    with contextlib.suppress(AssertionError):  # of fewer bytes than it gave, which `check` explains
                        file.write(piece)
            held.check()
        if change is None:
            adopt(encoded, target)
        else:
            publish(target, functools.partial(_changed, encoded, change))
    except soundfile.LibsndfileError as error:
        shape = f"{sound.channels} channels at {sound.rate} Hz"
        raise UnwritableAudio(name=target.name, reason=f"{format} does not hold {shape}") from error
    except OSError as error:
        raise UnwritableAudio(name=target.name, reason=(error.strerror or str(error)).lower()) from error
    finally:
        with contextlib.suppress(OSError):
            encoded.unlink()
    return target


class _Held(io.FileIO):
    """A file that libsndfile writes into. What the system refuses can't be raised through it and is kept for `check`."""

    refused: OSError | None = None

    def write(self, data: Any) -> int:
        rest = memoryview(data)
        try:
            while rest and self.refused is None:
                rest = rest[super().write(rest) :]
        except OSError as error:
            self.refused = error
        return len(data) - len(rest)

    def check(self) -> None:
        """Raises OSError."""
        if self.refused is not None:
            raise self.refused


HEAD = 42
"""Bytes at the beginning of a FLAC or AIFF file that may be changed afterwards."""


def _changed(path: Path, change: Callable[[bytes, int], tuple[bytes, bytes]]) -> Iterator[bytes]:
    with path.open("rb") as file:
        head, tail = change(file.read(HEAD), path.stat().st_size)
        yield head
        while piece := file.read(1 << 20):
            yield piece
        yield tail


def _for_libsndfile(sound: Audio, subtype: Subtype, dither: int | None, fine: bool) -> Iterator[NDArray[Any]]:
    """Pieces (n, C) that libsndfile neither rounds nor clips: whole numbers in the upper bits of their type, or floats."""
    if subtype == "FLOAT":
        for piece in quantise.pieces(sound):
            yield np.clip(np.nan_to_num(piece.T), -1.0, 1.0)
        return
    for steps in quantise.whole(sound, subtype, dither, fine):
        yield steps.astype(np.int16) if subtype == "PCM_16" else steps << 8
