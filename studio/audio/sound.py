"""The one value that stands for audio everywhere: float32 samples (channels, frames) at a rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


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

    def mono(self) -> Samples:
        """The mean of the channels, (frames,)."""
        return self.samples.mean(axis=0, dtype=np.float32)
