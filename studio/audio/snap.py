"""Where an edit had better be made, near where somebody points: at a zero crossing, at an onset, at a beat.

places = Places(sound)
places.near(1.234, "zero", reach=0.01)
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from studio.audio.onsets import onsets
from studio.audio.sound import Sound
from studio.audio.tempo import Tempo, tempo

Kind = Literal["zero", "onset", "beat"]
KINDS: tuple[Kind, ...] = ("zero", "onset", "beat")


class Places:
    """The places of one sound. Onsets and beats are measured when they are first asked for, which takes a moment: not for the
    thread that paints, for longer sounds."""

    def __init__(self, sound: Sound) -> None:
        self.sound = sound

    @cached_property
    def onsets(self) -> NDArray[np.float64]:
        """(N,) seconds, in order."""
        return np.array(onsets(self.sound), np.float64) / self.sound.rate

    @cached_property
    def tempo(self) -> Tempo | None:
        return tempo(self.sound)

    @property
    def beats(self) -> NDArray[np.float64]:
        """(N,) seconds, in order; none of a sound without a tempo."""
        return self.tempo.beats if self.tempo is not None else np.zeros(0)

    def near(self, seconds: float, kind: Kind, reach: float = 0.02) -> float:
        """The nearest place of a kind, in seconds; `seconds` itself where there is none within `reach` seconds."""
        if kind == "zero":
            return self._crossing(seconds, reach)
        known = self.onsets if kind == "onset" else self.beats
        if not len(known):
            return seconds
        best = float(known[np.abs(known - seconds).argmin()])
        return best if abs(best - seconds) <= reach else seconds

    def _crossing(self, seconds: float, reach: float) -> float:
        """The frame at which the channels together are nearest to nothing as they change sign, so that a cut clicks least."""
        rate, middle = self.sound.rate, round(seconds * self.sound.rate)
        first = max(0, middle - round(reach * rate))
        mono = self.sound.samples[:, first : middle + round(reach * rate) + 2].mean(axis=0, dtype=np.float64)
        changes = np.flatnonzero((mono[:-1] <= 0) != (mono[1:] <= 0))
        if not len(changes):
            return seconds
        frames = changes + (np.abs(mono[changes + 1]) < np.abs(mono[changes]))
        return float(first + frames[np.abs(first + frames - middle).argmin()]) / rate
