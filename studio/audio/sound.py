"""The one value that stands for audio everywhere: float32 samples (channels, frames) at a rate.

What may be too long for memory is an `Audio`: it says how long it is and gives any stretch of itself. A Sound is one, so are
a file (files.stored) and an edited hour (timeline.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


class Audio(Protocol):
    """Anything that has samples, in memory or not."""

    @property
    def rate(self) -> int: ...

    @property
    def channels(self) -> int: ...

    @property
    def frames(self) -> int: ...

    @property
    def seconds(self) -> float: ...

    def read(self, start: int, frames: int) -> Samples:
        """(channels, n) from `start` on, not to be written into; fewer than `frames` at the end. Raises UnreadableAudio."""
        ...


@dataclass(frozen=True, eq=False)
class Wrapped:
    """An Audio around another one: the same in everything that a subclass does not say anew."""

    audio: Audio

    @property
    def rate(self) -> int:
        return self.audio.rate

    @property
    def channels(self) -> int:
        return self.audio.channels

    @property
    def frames(self) -> int:
        return self.audio.frames

    @property
    def seconds(self) -> float:
        return self.audio.seconds

    def read(self, start: int, frames: int) -> Samples:
        """(channels, n) from `start` on. Raises UnreadableAudio."""
        return self.audio.read(start, frames)


@dataclass(frozen=True, eq=False)
class Sound:
    """Audio in memory. `samples` is float32 (channels, frames), nominally within ±1; `rate` is in Hz."""

    samples: Samples
    rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.dtype != np.float32:
            raise ValueError(f"samples must be float32 (channels, frames), not {self.samples.dtype} {self.samples.shape}")

    @property
    def channels(self) -> int:
        return self.samples.shape[0]

    @property
    def frames(self) -> int:
        return self.samples.shape[1]

    @property
    def seconds(self) -> float:
        return self.frames / self.rate

    def read(self, start: int, frames: int) -> Samples:
        """A view of (channels, n) from `start` on; fewer than `frames` at the end."""
        return self.samples[:, start : start + frames]

    def mono(self) -> Samples:
        """The mean of the channels, (frames,)."""
        return self.samples.mean(axis=0, dtype=np.float32)


def whole(audio: Audio) -> Sound:
    """All of it, in memory. Raises UnreadableAudio."""
    return audio if isinstance(audio, Sound) else Sound(audio.read(0, audio.frames), audio.rate)
