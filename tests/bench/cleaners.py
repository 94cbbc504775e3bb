"""What repairs a sound: Wavewright's steps, and public programs beside it where they are installed; none of these is needed.

ffmpeg (adeclick, adeclip, afftdn, bandreject) and sox (noisered) are taken from PATH; noisereduce (T. Sainburg, PyPI) from the
Python that NOISEREDUCE_PYTHON names, else from this one. Each cleaner is a function of a wave (frames,) at RATE.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from studio.audio import files, steps
from studio.audio.sound import Sound
from tests.bench.planted import RATE, Wave

Cleaner = Callable[[Wave], Wave]

PYTHON = os.environ.get("NOISEREDUCE_PYTHON", sys.executable)
_REDUCE = (
    "import sys, numpy as np, noisereduce as nr; x, n = np.load(sys.argv[1]), np.load(sys.argv[2]);"
    f"np.save(sys.argv[3], nr.reduce_noise(y=x, sr={RATE}, y_noise=n, stationary=True))"
)


def ours(step: str, **settings: object) -> Cleaner:
    return lambda y: steps.apply(Sound(y.astype(np.float32)[None], RATE), [{"do": step, **settings}]).samples[0].astype(float)


def hum(hz: float) -> dict[str, Cleaner | None]:
    """Notches have to be told where the hum is."""
    notches = ",".join(f"bandreject=f={k * hz}:width_type=h:w=2" for k in range(1, 11))
    return {"ours": ours("hum"), "ffmpeg, ten notches": _ffmpeg(notches)}


def clicks() -> dict[str, Cleaner | None]:
    """By itself adeclick changes whole sounds; at a threshold of 5 it is at its best here."""
    return {"ours": ours("clicks"), "ffmpeg adeclick": _ffmpeg("adeclick"), "adeclick, threshold 5": _ffmpeg("adeclick=t=5")}


def clipping() -> dict[str, Cleaner | None]:
    """With method `s` (save) adeclip is better than by itself."""
    return {"ours": ours("declip"), "ffmpeg adeclip, m=s": _ffmpeg("adeclip=m=s")}


def noise(lead: int) -> dict[str, Cleaner | None]:
    """The first `lead` frames are nothing but noise, which is told to all that can be told; afftdn is told its level."""
    return {
        "ours": ours("noise", noise_from=0.0, noise_to=lead / RATE),
        "ours, not told where": ours("noise"),
        "noisereduce": partial(_noisereduce, lead=lead) if _has_noisereduce() else None,
        "sox noisered 0.21": partial(_sox, lead=lead) if shutil.which("sox") else None,
        "ffmpeg afftdn": partial(_afftdn, lead=lead) if shutil.which("ffmpeg") else None,
    }


def _ffmpeg(filters: str) -> Cleaner | None:
    return partial(_filtered, filters=filters) if shutil.which("ffmpeg") else None


def _filtered(y: Wave, filters: str) -> Wave:
    command = ["ffmpeg", "-v", "error", "-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", "-", "-af", filters]
    done = subprocess.run([*command, "-f", "f32le", "-"], input=y.astype("<f4").tobytes(), capture_output=True, check=True)
    return _fitted(np.frombuffer(done.stdout, "<f4"), y)


def _afftdn(y: Wave, lead: int) -> Wave:
    """What comes out is late by a window, which is taken back."""
    level = float(np.clip(20 * np.log10(np.sqrt(np.mean(y[:lead] ** 2)) + 1e-9), -80, -20))
    late = 1102
    return _filtered(np.pad(y, (0, late)), f"afftdn=nr=12:nf={level:.1f}")[late:]


def _sox(y: Wave, lead: int) -> Wave:
    with tempfile.TemporaryDirectory() as temp:
        whole, head, profile, out = (str(Path(temp) / name) for name in ("y.wav", "n.wav", "profile", "out.wav"))
        for path, wave in ((whole, y), (head, y[:lead])):
            files.write(path, Sound(wave.astype(np.float32)[None], RATE), subtype="FLOAT")
        subprocess.run(["sox", head, "-n", "noiseprof", profile], check=True, capture_output=True)
        subprocess.run(["sox", whole, out, "noisered", profile, "0.21"], check=True, capture_output=True)
        return _fitted(files.read(out).samples[0], y)


def _has_noisereduce() -> bool:
    return subprocess.run([PYTHON, "-c", "import noisereduce"], capture_output=True, check=False).returncode == 0


def _noisereduce(y: Wave, lead: int) -> Wave:
    with tempfile.TemporaryDirectory() as temp:
        paths = [str(Path(temp) / name) for name in ("y.npy", "n.npy", "out.npy")]
        np.save(paths[0], y)
        np.save(paths[1], y[:lead])
        subprocess.run([PYTHON, "-c", _REDUCE, *paths], check=True, capture_output=True)
        return _fitted(np.load(paths[2]), y)


def _fitted(found: np.ndarray, y: Wave) -> Wave:
    """As long as `y`; some programs lose the last frames."""
    return np.pad(found.astype(np.float64), (0, max(0, len(y) - len(found))))[: len(y)]
