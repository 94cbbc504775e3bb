"""Latents in .npy files: read with care, because anybody may have written them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.errors import TORN_ARRAY, BadLatent, NotOffered
from studio.models.controls import Controls

MOST = 1 << 28
"""Bytes. A thousand latents of a series are far less."""


def read(path: Path, controls: Controls) -> list[NDArray[np.float64]]:
    """The latents in a file, one a sound: (1, D) each, or one (frames, D) for a series.

    Raises NotOffered where the model has no latent, BadLatent on everything that is none of this model's.
    """
    latent = controls.latent
    if latent is None:
        raise NotOffered(name="sounds from a latent", known=", ".join(controls.offered()) or "new sounds")
    values = _load(path)
    if values.ndim not in (1, 2) or 0 in values.shape or values.shape[-1] != latent.size:
        shape = " × ".join(map(str, values.shape)) or "one number"
        wanted = f"{latent.size} numbers, or rows of {latent.size}"
        raise BadLatent(name=path.name, reason=f"it holds {shape}, and this model wants {wanted}")
    rows = np.atleast_2d(values)
    if not np.isfinite(rows).all() or np.abs(rows).max() > np.finfo(np.float32).max:
        raise BadLatent(name=path.name, reason="not all of it are finite numbers")
    return [rows] if latent.kind == "series" else list(rows[:, None])


def _load(path: Path) -> NDArray[np.float64]:
    try:
        if path.stat().st_size > MOST:
            raise BadLatent(name=path.name, reason="it is far too large")
        found = np.load(path, mmap_mode="r", allow_pickle=False)  # mapping refuses a header that promises more than there is
        if isinstance(found, np.ndarray) and found.dtype.kind in "fiu":
            return np.array(found, np.float64)
    except FileNotFoundError:
        raise BadLatent(name=path.name, reason="it is not there") from None
    except TORN_ARRAY as error:
        raise BadLatent(name=path.name, reason="it is no .npy file of numbers") from error
    raise BadLatent(name=path.name, reason="it does not hold plain numbers")
