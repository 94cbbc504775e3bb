"""What the importer learns of one file: it is decoded once, here, in a worker process. No torch, no Qt."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np

from studio.audio import analysis, files, peaks
from studio.audio.sound import Sound
from studio.errors import UnreadableAudio
from studio.library.index import SoundRow

EXCERPT = 30.0
"""Seconds of a long recording that are measured; its picture and its hash are of the whole."""

SHORT, LONG = 0.03, 60.0
"""Seconds: below, nothing can be learned; above, it is a recording to be sliced rather than one sound."""

SILENT, QUIET = -60.0, -45.0
"""Peak in dB below which nobody hears anything; loudness in LUFS below which a model hears mostly noise."""

HEAD = 0.03
"""Seconds of silence before a sound that make a model learn waiting."""

CLIPPED, OFFSET = 3, 0.02
"""Clipped places, and constant offset, from which on they are worth a word."""


def measure(path: str, size: int, mtime: int) -> SoundRow:
    """All facts of the file at `path`, with no label yet. Raises UnreadableAudio, EmptyAudio, UnsupportedAudio."""
    info = files.probe(path)
    most = min(int(EXCERPT * info.rate), (1 << 24) // info.channels)
    sound = files.read(path, frames=min(info.frames, most), clean=False)
    facts = analysis.facts(sound)
    frames = sound.frames if info.frames <= most else info.frames
    seconds = frames / info.rate
    clean = Sound(np.nan_to_num(sound.samples, nan=0.0, posinf=0.0, neginf=0.0), sound.rate) if facts.nan else sound
    picture = peaks.thumbnail(clean, 96) if info.frames <= most else peaks.thumbnail_of(path, 96)
    problems = _problems(facts, seconds)
    if info.missing or (info.frames <= most and sound.frames < info.frames):
        problems.append("truncated")
    return SoundRow(
        path=path,
        name=Path(path).name,
        source_hash=content_hash(path),
        seconds=seconds,
        rate=info.rate,
        channels=info.channels,
        frames=frames,
        peak=_number(facts.peak_db),
        loudness=_number(facts.loudness),
        brightness=_number(facts.brightness),
        attack=_number(facts.attack),
        pitch=_number(facts.pitch),
        noisiness=_number(facts.noisiness),
        head=float(facts.head_silence),
        tail=float(facts.tail_silence) if info.frames <= most else 0.0,
        clipped=int(facts.clipped),
        dc=float(facts.dc),
        problems=tuple(problems),
        size=size,
        mtime=mtime,
        thumbnail=np.ascontiguousarray(picture, np.uint8).tobytes(),
        fingerprint=np.ascontiguousarray(analysis.fingerprint(clean), np.float32).tobytes(),
    )


def content_hash(path: str | os.PathLike[str]) -> str:
    """32 hex digits that name the file's content. Raises UnreadableAudio."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        with Path(path).open("rb", buffering=0) as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    except OSError as error:
        raise UnreadableAudio(name=Path(path).name, reason=error.strerror or error) from error
    return digest.hexdigest()


def _problems(facts: analysis.Facts, seconds: float) -> list[str]:
    silent = facts.peak_db < SILENT
    met = {
        "nan": facts.nan > 0,
        "silent": silent,
        "quiet": not silent and facts.loudness < QUIET,
        "clipped": facts.clipped >= CLIPPED,
        "dc": abs(facts.dc) > OFFSET,
        "head": not silent and facts.head_silence > HEAD,
        "short": seconds < SHORT,
        "long": seconds > LONG,
    }
    return [key for key, is_so in met.items() if is_so]


def _number(value: float | None) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None
