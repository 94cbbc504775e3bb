"""What of a model can be steered. Explore, the CLI and the exports build themselves from these values; no torch here."""

from __future__ import annotations

from typing import Literal

import msgspec


class Latent(msgspec.Struct, frozen=True):
    """`size` numbers for a whole sound (global), or that many per frame at `frames_per_second` (series)."""

    kind: Literal["global", "series"]
    size: int
    prior: str = "normal"
    frames_per_second: float = 0.0


class Range(msgspec.Struct, frozen=True):
    low: float
    high: float
    default: float
    unit: str = ""

    def within(self, value: float) -> float:
        return min(self.high, max(self.low, value))


class Controls(msgspec.Struct, frozen=True):
    """None or empty means: this model does not have it."""

    latent: Latent | None = None
    classes: tuple[str, ...] = ()
    pitch: Range | None = None
    velocity: Range | None = None
    seconds: Range | None = None
    temperature: Range | None = None
    text: bool = False
    speakers: tuple[str, ...] = ()
    prompt: bool = False
    input: bool = False

    def offered(self) -> tuple[str, ...]:
        """Names of the Request fields this model listens to."""
        return tuple(name for name in self.__struct_fields__ if getattr(self, name))


class Info(msgspec.Struct, frozen=True):
    """A family in words: `name` is the musician's, `method` the researcher's, `wants` what data it needs."""

    id: str
    name: str
    sentence: str
    method: str
    wants: str


class Material(msgspec.Struct, frozen=True):
    """What a model hears. `library` prepares and caches exactly this.

    rate in Hz; channels 1 or 2; seconds of one example (longer sounds are cut, shorter padded);
    slices: "whole" (one example a sound), "onset" or "window"; trim: cut silence around each sound
    """

    rate: int
    channels: int
    seconds: float
    slices: Literal["whole", "onset", "window"] = "whole"
    trim: bool = True

    @property
    def frames(self) -> int:
        return round(self.seconds * self.rate)


class DataFacts(msgspec.Struct, frozen=True):
    """What a family may know of the training data when it recommends settings and when it is built.

    labels in index order; level_db: mean RMS of the examples; seconds: 95th percentile of their trimmed length; pitched,
    struck: shares of them whose note, whose velocity is known
    """

    count: int
    labels: tuple[str, ...] = ()
    rate: int = 44100
    channels: int = 1
    seconds: float = 1.0
    level_db: float = -20.0
    pitched: float = 0.0
    struck: float = 0.0
