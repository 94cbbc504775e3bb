"""Small synthetic drums for tests: three labels, two rates, mono and stereo, a few milliseconds to make."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

LABELS = ("hat", "kick", "snare")
EACH = 8


def drum(label: str, seed: int, rate: int = 44_100, seconds: float = 0.3) -> np.ndarray:
    """One hit, float32 (frames,), peak 0.8; the same for the same seed."""
    rng = np.random.default_rng((LABELS.index(label), seed))
    t = np.arange(round(seconds * rate)) / rate
    noise = rng.standard_normal(len(t))
    if label == "kick":
        y = np.sin(2 * np.pi * (rng.uniform(40, 60) * t + 6 * (1 - np.exp(-t * 30)))) * np.exp(-t * rng.uniform(8, 16))
    elif label == "snare":
        y = (0.5 * np.sin(2 * np.pi * rng.uniform(160, 220) * t) + 0.5 * noise) * np.exp(-t * rng.uniform(18, 30))
    else:
        y = np.diff(noise, prepend=0.0) * np.exp(-t * rng.uniform(30, 80))
    y[-64:] *= np.linspace(1, 0, 64)
    return (0.8 * y / np.abs(y).max()).astype(np.float32)


def write_drums(folder: Path, each: int = EACH, notes: bool = False) -> Path:
    """Writes `each` sounds per label as 16-bit WAV; every third is stereo, every fourth at 48 kHz. With `notes` their names say
    which note they are and how hard it was struck: "kick_040_084.wav"."""
    for label in LABELS:
        (folder / label).mkdir(parents=True, exist_ok=True)
        for n in range(each):
            rate = 48_000 if n % 4 == 3 else 44_100
            y = drum(label, n, rate)
            frames = np.stack((y, y * 0.9), axis=1) if n % 3 == 2 else y
            name = f"{label}_{36 + 4 * n:03}_{60 + 8 * n:03}" if notes else f"{label} {n + 1:02}"
            soundfile.write(folder / label / f"{name}.wav", frames, rate, subtype="PCM_16")
    return folder
