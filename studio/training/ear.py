"""What new sounds are like, in numbers, beside the sounds the model learns from. Asked by previews, read by the verdict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studio.audio import analysis
from studio.audio.sound import Samples, Sound
from studio.explore.copying import Detector
from studio.library.measure import CLIPPED
from studio.library.reader import TrainingSet

SILENT = 10 ** (-36 / 20)
"""Peak under which a sound counts as silent, beside training sounds that all reach −1 dB."""

OFFSET = 0.1
"""Distance of the mean from the zero line, of full scale; no drum comes near it."""

COMPARED = 32
"""Training sounds, evenly chosen, whose spread is the natural one."""

HELD = 24
"""Held-out sounds, evenly chosen, of which those are counted that are nearly training sounds too."""

KNOWN = 2_000
"""Training sounds, evenly chosen where there are more, among which copies are looked for."""

CANDIDATES = 6
"""Of them, those that are looked at closely for each new sound."""


class Ear:
    """Knows the training sounds, and the held-out ones where there are any. Fingerprints take a millisecond each and are taken
    when first needed, which is not for the first preview: somebody waits for that, and a young model copies nothing."""

    def __init__(self, sounds: TrainingSet, held: TrainingSet | None = None) -> None:
        self._sounds, self._held = sounds, held
        self._natural = 0.0
        self._detector: Detector | None = None
        self._first = True

    def hear(self, new: Sequence[Samples]) -> dict[str, float]:
        """Of new sounds (C, T) as a model gave them: `new/silent`, `new/broken` (samples that are no numbers), `new/clipped`,
        `new/offset` (off the zero line) and, but for the first time, `new/copies` (nearly a training sound) as shares of all
        of them; `new/diversity`, the mean distance between two of them as a share of that between training sounds; and once
        `real/copies`, the share of held-out sounds that are nearly training sounds."""
        if not new:
            return {}
        sounds = [Sound(np.clip(np.nan_to_num(x, posinf=0.0, neginf=0.0), -1, 1), self._sounds.material.rate) for x in new]
        flaws = {
            "silent": [np.abs(sound.samples).max(initial=0) < SILENT for sound in sounds],
            "broken": [not np.isfinite(x).all() for x in new],
            "clipped": [analysis.flat_tops(np.abs(sound.samples)) >= CLIPPED for sound in sounds],
            "offset": [np.abs(sound.samples.mean(axis=1)).max(initial=0) > OFFSET for sound in sounds],
        }
        numbers: dict[str, float] = {}
        if not self._first:
            if self._detector is None and self._held is not None and len(self._held):
                rows = np.unique(np.linspace(0, len(self._held) - 1, HELD).round().astype(np.int64))
                numbers["real/copies"] = float(np.mean([self._copy(self._held.sound(int(row))) for row in rows]))
            flaws["copies"] = [self._copy(sound) for sound in sounds]
        self._first = False
        numbers |= {f"new/{name}": float(np.mean(found)) for name, found in flaws.items()}
        self._natural = self._natural or spread(self._prints(COMPARED)[1])
        if len(sounds) > 1 and self._natural > 0:
            numbers["new/diversity"] = spread(np.stack([analysis.fingerprint(sound) for sound in sounds])) / self._natural
        return numbers

    def _copy(self, sound: Sound) -> bool:
        if self._detector is None:
            rows, prints = self._prints(KNOWN)
            self._detector = Detector.hearing(prints, lambda index: self._sounds.sound(int(rows[index])))
        found = self._detector.find(sound, CANDIDATES)
        return found is not None and found.copy

    def _prints(self, most: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Rows, and their fingerprints (N, F)."""
        rows = np.unique(np.linspace(0, len(self._sounds) - 1, most).round().astype(np.int64))
        return rows, np.stack([analysis.fingerprint(self._sounds.sound(int(row))) for row in rows])


def spread(prints: NDArray[np.float32]) -> float:
    """Mean distance between two different fingerprints of (N, F); 0 for one."""
    if len(prints) < 2:
        return 0.0
    apart = np.linalg.norm(prints[:, None] - prints[None], axis=-1)
    return float(apart.sum() / (len(prints) * (len(prints) - 1)))
