"""Between pinned sounds: one request from several, by weight. The morph pad, breeding and the steps from A to B ask here.

A pin is the request that made its sound. P pins.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from studio.explore.morph import Shape, blend
from studio.project.recipe import Request

FAINT = 1e-3
"""Shares of a label below this are left out."""


def shape_of(prior: str) -> Shape:
    """How latents of a model with this prior mix: noise on its sphere, an autoencoder's straight."""
    return "spherical" if prior == "normal" else "straight"


def circle(index: int) -> tuple[float, float]:
    """Where pin `index`, 0 to 7, lies at first, (x, y) in ±1 with y upwards: on a circle, each one opposite another, so that
    the first two are left and right and every further pair goes between."""
    angle = math.radians((180, 0, 90, 270, 135, 315, 45, 225)[index])
    return round(0.78 * math.cos(angle), 4), round(0.78 * math.sin(angle), 4)


def mixed(
    pins: Sequence[Request], weights: ArrayLike, shape: Shape = "straight", lengths: Sequence[float] | None = None
) -> Request:
    """The request between `pins` (P) by `weights` (P,), which must not all be zero; all weight on one pin gives that pin.

    Latents mix by `shape`, labels by share, pitch and velocity straight, lengths by ratio; what can't be mixed (seed, words)
    is the heaviest pin's. `lengths`: how long each pin's sound came out, for pins that leave it to the model. Series of
    different length are cut to the shortest. Raises ValueError where latents do not fit each other.
    """
    share = np.asarray(weights, float)
    share = share / share.sum()
    main = int(np.argmax(share))
    if share[main] >= 1 - 1e-12:
        return pins[main]
    used = [(i, float(w)) for i, w in enumerate(share) if w > 0]
    numbers = {
        "pitch": _mean([(pins[i].pitch, w) for i, w in used]),
        "velocity": _mean([(pins[i].velocity, w) for i, w in used]),
        "seconds": _seconds([(pins[i].seconds, lengths[i] if lengths else None, w) for i, w in used]),
    }
    latent = _latent([(pins[i], w) for i, w in used], shape)
    return msgspec.structs.replace(
        pins[main], latent=latent, classes=_classes([(pins[i].classes, w) for i, w in used]), **numbers
    )


def between(
    a: Request, b: Request, steps: int, shape: Shape = "straight", lengths: Sequence[float] | None = None
) -> list[Request]:
    """`steps` requests from a to b, both included."""
    return [mixed((a, b), (1 - t, t), shape, lengths) for t in np.linspace(0, 1, max(steps, 2))]


def _latent(pins: Sequence[tuple[Request, float]], shape: Shape) -> tuple[tuple[float, ...], ...]:
    rows = [np.asarray(pin.latent, np.float64) for pin, _ in pins]
    if any(z.ndim != 2 or z.shape[1] != rows[0].shape[1] for z in rows):
        raise ValueError("the latents of these pins do not fit each other")
    frames = min(len(z) for z in rows)
    made = blend(np.stack([z[:frames].ravel() for z in rows]), [w for _, w in pins], shape).reshape(frames, -1)
    return tuple(tuple(float(v) for v in row) for row in made.astype(np.float32))


def _classes(pins: Sequence[tuple[dict[str, float], float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for classes, weight in pins:
        total = sum(max(0.0, v) for v in classes.values()) or 1.0
        for name, value in classes.items():
            found[name] = found.get(name, 0.0) + weight * max(0.0, value) / total
    whole = sum(found.values()) or 1.0
    return {name: round(value / whole, 4) for name, value in found.items() if value / whole >= FAINT}


def _mean(pins: Sequence[tuple[float | None, float]]) -> float | None:
    given = [(value, weight) for value, weight in pins if value is not None]
    return sum(v * w for v, w in given) / sum(w for _, w in given) if given else None


def _seconds(pins: Sequence[tuple[float | None, float | None, float]]) -> float | None:
    """(asked, came out, weight) each: None where the model chooses for all of them."""
    if all(asked is None for asked, _, _ in pins):
        return None
    known = [(math.log(asked or came or 0), weight) for asked, came, weight in pins if asked or came]
    return math.exp(sum(v * w for v, w in known) / sum(w for _, w in known)) if known else None
