"""Sound files: the only place that meets soundfile. Its readers are the importer, the cache, the window and the CLI.

Reading trusts content, not suffixes, and no size a header claims. Writing is our own, because soundfile can write neither
sampler chunks nor dither: samples go beside the target, are flushed to the disk and then take a name that nobody has yet.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from studio.audio import riff
from studio.audio.sound import Audio, Samples, Sound
from studio.errors import AlreadyThere, EmptyAudio, UnreadableAudio, UnsupportedAudio, UnwritableAudio

Subtype = Literal["PCM_16", "PCM_24", "FLOAT"]
AnyPath = str | os.PathLike[str]

EXTENSIONS = frozenset(
    {".wav", ".wave", ".bwf", ".rf64", ".w64", ".aif", ".aiff", ".aifc", ".flac", ".ogg", ".oga", ".opus", ".mp3"}
    | {".caf", ".au", ".snd"}
)
"""Suffixes, lower-case, that a folder scan looks at. What a file is, its content decides."""

RATES = (4_000, 384_000)
CHANNELS = (1, 16)
_PIECE = 1 << 18
_BITS = {"PCM_16": 16, "PCM_24": 24, "FLOAT": 32}


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
    most = 16 * _PIECE // file.channels
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
    """An uncompressed WAV whose samples are read where they are asked for: no length makes it slow to open, or takes memory."""

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


def stored(path: AnyPath) -> Stored | Coded:
    """The sound of a file, left where it is. Raises UnreadableAudio, EmptyAudio, UnsupportedAudio."""
    facts = probe(path)
    bits = _BITS.get(facts.subtype, 0)
    data = next((c for c in riff.walk(path) if c.id == "data"), None)
    if bits and data is not None and facts.format in ("WAV", "WAVEX", "RF64"):
        frames = min(facts.frames, data.size // (bits // 8 * facts.channels))
        if frames:
            return Stored(Path(path), facts.rate, facts.channels, frames, bits, data.offset)
    return Coded(Path(path), facts.rate, facts.channels, facts.frames)


def resample(sound: Sound, rate: int) -> Sound:
    """The same sound at another rate (soxr, high quality); `round(frames × ratio)` frames."""
    if rate == sound.rate or not sound.frames:
        return sound if rate == sound.rate else Sound(sound.samples, rate)
    turned = soxr.resample(np.ascontiguousarray(sound.samples.T), sound.rate, rate, quality="HQ")
    return Sound(np.ascontiguousarray(turned.T, np.float32), rate)


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
    loop: tuple[int, int] | None = None,
    root: float | None = None,
    info: dict[str, str] | None = None,
    recipe: bytes | None = None,
) -> Path:
    """A new WAV, whole or not at all, in memory for one piece of it however long it is.

    dither: seed of the triangular noise of a 16-bit file, None for none; loop: first and last frame, inclusive;
    root: MIDI note, fraction allowed; info: texts by RIFF name (INAM ICMT ISFT ICRD IGNR IKEY); recipe: JSON, in our own chunk.
    FLOAT keeps samples beyond ±1, the others clip them. Raises AlreadyThere, UnwritableAudio, UnsupportedAudio.
    """
    target = Path(path)
    if not (RATES[0] <= sound.rate <= RATES[1] and CHANNELS[0] <= sound.channels <= CHANNELS[1]):
        raise UnsupportedAudio(name=target.name, reason=f"{sound.channels} channels at {sound.rate} Hz")
    if loop is not None and not 0 <= loop[0] <= loop[1] < sound.frames:
        raise ValueError(f"a loop {loop} is not inside {sound.frames} frames")
    tail = b""
    if loop is not None or root is not None:
        tail += riff.chunk("smpl", riff.smpl(sound.rate, root, [loop] if loop else []))
    if root is not None:
        tail += riff.chunk("inst", riff.inst(root))
    if info:
        tail += riff.chunk("LIST", riff.info(info))
    if recipe is not None:
        tail += riff.chunk(riff.RECIPE, recipe)
    bits = _BITS[subtype]
    head = riff.head(sound.rate, sound.channels, bits, sound.frames, floating=subtype == "FLOAT", tail=len(tail))

    def content() -> Iterator[bytes]:
        yield head
        yield from encode(sound, subtype, dither)
        if sound.frames * sound.channels * bits // 8 % 2:
            yield b"\0"
        yield tail

    publish(target, content)
    return target


def encode(sound: Audio, subtype: Subtype, dither: int | None = 0) -> Iterator[bytes]:
    """Interleaved little-endian samples, piece by piece. Full scale is 2**(bits − 1); beyond it clips."""
    if subtype == "FLOAT":
        for piece in pieces(sound):
            yield piece.T.astype("<f4").tobytes()
        return
    scale = 2.0 ** (_BITS[subtype] - 1)
    noise = np.random.default_rng(dither) if dither is not None and subtype == "PCM_16" and not _on_grid(sound) else None
    for piece in pieces(sound):
        steps = piece.T.astype(np.float64) * scale  # (n, C)
        if noise is not None:
            triangle = noise.random(steps.shape) - noise.random(steps.shape)
            triangle[_silent(piece)] = 0.0
            steps += triangle
        whole = np.clip(np.rint(np.nan_to_num(steps, nan=0.0)), -scale, scale - 1).astype("<i4", order="C")
        if subtype == "PCM_16":
            yield whole.astype("<i2").tobytes()
        else:
            yield whole.view(np.uint8).reshape(*whole.shape, 4)[..., :3].tobytes()


def pieces(sound: Audio, size: int = _PIECE) -> Iterator[Samples]:
    """The whole sound, (channels, up to `size` frames) at a time."""
    for start in range(0, sound.frames, size):
        yield sound.read(start, size)


def _on_grid(sound: Audio) -> bool:
    """Whether every sample is a whole 16-bit step already: then nothing is rounded and there is nothing to dither."""
    return all(np.array_equal(steps := piece * np.float32(32768), np.rint(steps)) for piece in pieces(sound))


def _silent(piece: Samples, shortest: int = 64) -> NDArray[np.bool_]:
    """(n,) True inside runs of at least `shortest` frames of digital silence: those stay exactly zero."""
    zero = np.logical_not(piece.any(axis=0))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], zero, [False]]).astype(np.int8)))
    for start, end in zip(edges[::2], edges[1::2]):
        if end - start < shortest:
            zero[start:end] = False
    return zero


def publish(target: Path, content: Callable[[], Iterator[bytes]]) -> None:
    """Write `content` beside `target`, flush it to the disk and give it the name, unless somebody has it.

    Whatever fails, neither a half-written file nor another's loss remains. Raises AlreadyThere, UnwritableAudio.
    """
    if target.exists() or target.is_symlink():
        raise AlreadyThere(name=target.name)
    partial = target.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        try:
            with partial.open("xb") as file:
                for piece in content():
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            _name(partial, target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                partial.unlink()
        _sync_folder(target.parent)
    except FileExistsError as error:
        raise AlreadyThere(name=target.name) from error
    except OSError as error:
        raise UnwritableAudio(name=target.name, reason=(error.strerror or str(error)).lower()) from error


def _name(partial: Path, target: Path) -> None:
    """`partial` becomes `target`; raises FileExistsError rather than replace anything."""
    if os.name == "nt":
        partial.rename(target)  # refuses an existing name there
        return
    try:
        os.link(partial, target)  # the one POSIX call that names a file and never replaces
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
            raise
        target.open("xb").close()  # a disk without hard links: reserve the name, then replace our own empty file
        try:
            partial.replace(target)
        except OSError:
            target.unlink()
            raise


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:  # some network disks can't; the file itself is flushed
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(handle)


def unused(path: AnyPath) -> Path:
    """`path` itself, or the first of “name 2.wav”, “name 3.wav” … that is free."""
    path = Path(path)
    for number in itertools.count(1):
        candidate = path if number == 1 else path.with_name(f"{path.stem} {number}{path.suffix}")
        if not candidate.exists() and not candidate.is_symlink():
            return candidate
    raise AssertionError("unreachable")
