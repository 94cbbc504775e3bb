"""What the library measured of each sound, as the descriptors of exploring (explore/axes.py WORDS): the names and units of
audio.analysis.features. The axes of a model are turned towards these, in the window and in the CLI alike."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

COLUMNS = {
    "loudness": "loudness",
    "brightness": "brightness",
    "attack": "attack",
    "length": "seconds",
    "noisiness": "noisiness",
    "pitch": "pitch",
}
"""Descriptor → its column in the library's index."""


def heard(columns: Mapping[str, NDArray]) -> dict[str, NDArray[np.float64]]:
    """Descriptor → its values, NaN where unknown, from columns of Index.columns. Pitch is in Hz there, as MIDI note here."""
    found = {name: np.asarray(columns[column], float) for name, column in COLUMNS.items()}
    found["pitch"] = 69 + 12 * np.log2(np.where(found["pitch"] > 0, found["pitch"], np.nan) / 440)
    return found
