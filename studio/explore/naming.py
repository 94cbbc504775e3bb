"""What an axis provably does: walk along it from several real sounds, measure what is heard, and name it by that.

The engine drives this between the renders of the hand; the CLI at once. `render` turns a latent and the row of the sound it
started from into a Sound, so nothing here knows a model. Correlation is taken within each start (repeated measures, Bakdash &
Marusich 2017), so that sounds that differ anyway prove nothing.

A starts, k axes, P points on each walk, S sounds, D latent size.
"""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from studio.audio import analysis
from studio.audio.sound import Sound
from studio.errors import TORN_ARRAY, StudioError
from studio.events import Finished, Produced, Progress, Started, Work
from studio.explore.axes import AUDIBLE, RANGE, WORDS, Axes, AxisName, heard
from studio.explore.descriptors import Descriptors
from studio.project import atomic

Array = NDArray[np.float64]
Render = Callable[[Array, int], Sound]

ANCHORS = 16
POINTS = 7
SAID = 192
"""Sounds that are heard as the model says them, beside the walks."""
LEAST = 0.5
"""|r| from which an axis bears a name."""
SHARE = 0.12
"""Part of a descriptor's range that an axis must cover from end to end to be named after it; and it must be audible."""
AGAIN = 0.2
"""The same for an axis whose descriptor has named a clearer one."""
SURE = 0.8
"""Confidence from which a pitch counts."""


@dataclass(frozen=True, eq=False)
class Walk:
    """What was heard: latents (A, k, P, D), values descriptor → (A, k, P) in the units of audio.analysis.features, NaN where
    there is none. Points lie at `stops(P)` σ of the axis, everything else of the start is kept. components (k, D), sigma (k,):
    the directions that were walked. sounds (S, D), said descriptor → (S,): some of the sounds as the model says them."""

    components: Array
    sigma: Array
    latents: Array
    values: Mapping[str, Array]
    sounds: Array
    said: Mapping[str, Array]

    def along(self, axes: Axes) -> Walk | None:
        """This walk in the order and sense of `axes`; None where those are other directions."""
        if axes.components.shape != self.components.shape or not len(axes):
            return None
        same = axes.components @ self.components.T
        order = np.abs(same).argmax(axis=1)
        likeness = same[np.arange(len(order)), order]
        if (np.abs(likeness) < 0.999).any() or not np.allclose(self.sigma[order], axes.sigma, rtol=0.02):
            return None
        turns = [(i, int(np.sign(s))) for i, s in zip(order, likeness)]
        values = {name: np.stack([v[:, i, ::s] for i, s in turns], axis=1) for name, v in self.values.items()}
        latents = np.stack([self.latents[:, i, ::s] for i, s in turns], axis=1)
        return replace(self, components=axes.components, sigma=axes.sigma, latents=latents, values=values)

    def descriptors(self) -> Descriptors:
        """What was heard as sliders: they steer what this model does, where facts of the sounds' files say what it should.

        On a drum model of 161 sounds, a slider set to any value of the range missed it by 7 % of the range for brightness and
        5 % for length on average; learnt from the files by 14 and 8, from the sounds as said alone by 12 and 8.
        """
        points = np.concatenate([self.sounds, self.latents.reshape(-1, self.latents.shape[-1])])
        values = {name: np.concatenate([self.said[name], v.ravel()]) for name, v in self.values.items()}
        return Descriptors.fit(points, values, judged=len(self.sounds))


def stops(points: int = POINTS) -> Array:
    """Where a walk stops, in σ, from end to end of a slider."""
    return np.linspace(-RANGE, RANGE, points)


def starts(latents: ArrayLike, count: int = ANCHORS) -> NDArray[np.int64]:
    """Rows of the sounds from which walks begin: drawn once and for all, so that the same sounds are named alike."""
    total = len(np.asarray(latents))
    return np.sort(np.random.default_rng(0).permutation(total)[:count])


def walk(axes: Axes, latents: ArrayLike, render: Render, kept: Path | None = None, anchors: int = 0, points: int = 0) -> Work:
    """Hear every axis from `anchors` (16) of the sounds (N, D), and SAID of them as they are. Produced "walk" carries the
    Walk. One along the same directions that lies in the file `kept` is taken from there; a new one is put there."""
    known, points = np.asarray(latents, float), points or POINTS
    rows, more = starts(known, anchors or ANCHORS), starts(known, SAID)
    shape = (len(rows), len(axes), points)
    total = math.prod(shape) + len(more)
    yield Started(what="walk", total=total)
    found = _read(kept, axes) if kept is not None else None
    if found is None or found.latents.shape[:3] != shape or len(found.sounds) != len(more):
        places = np.empty((*shape, known.shape[1]))
        values = {name: np.full(shape, math.nan) for name in WORDS}
        said = {name: np.full(len(more), math.nan) for name in WORDS}
        for done, (a, k, p) in enumerate(np.ndindex(*shape)):
            coordinates = axes.project(known[rows[a]])
            coordinates[k] = stops(points)[p]
            places[a, k, p] = axes.unproject(coordinates, known[rows[a]])
            for name, value in measure(render(places[a, k, p], int(rows[a]))).items():
                values[name][a, k, p] = value
            yield Progress(done=done + 1, total=total)
        for i, row in enumerate(more):
            for name, value in measure(render(known[row], int(row))).items():
                said[name][i] = value
            yield Progress(done=math.prod(shape) + i + 1, total=total)
        found = Walk(axes.components, axes.sigma, places, values, known[more], said)
        if kept is not None:
            _write(kept, found)
    yield Produced(kind="walk", value=found)
    yield Finished()


def _write(path: Path, walk: Walk) -> None:
    parts = {"components": walk.components, "sigma": walk.sigma, "latents": walk.latents.astype(np.float32)}
    parts |= {"sounds": walk.sounds.astype(np.float32)}
    parts |= {f"along {name}": v for name, v in walk.values.items()} | {f"said {name}": v for name, v in walk.said.items()}
    buffer = io.BytesIO()
    np.savez(buffer, **parts)  # type: ignore[arg-type]  # its keywords are arrays, but for one that is a bool
    with contextlib.suppress(StudioError, OSError):  # a full disk costs time, not the names
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(path, buffer.getvalue())


def _read(path: Path, axes: Axes) -> Walk | None:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            components, sigma, latents, sounds = (file[n].astype(float) for n in ("components", "sigma", "latents", "sounds"))
            values = {name: file[f"along {name}"].astype(float) for name in WORDS}
            said = {name: file[f"said {name}"].astype(float) for name in WORDS}
        shapes = {v.shape for v in values.values()}, {v.shape for v in said.values()}
        whole = shapes == ({latents.shape[:3]}, {sounds.shape[:1]})
        walk = Walk(components, sigma, latents, values, sounds, said)
        return walk.along(axes) if whole and latents.ndim == 4 and sounds.ndim == 2 else None
    except TORN_ARRAY:
        return None


def measure(sound: Sound) -> dict[str, float]:
    """analysis.features, where they say something: nothing of silence, and a pitch only where it is certain."""
    facts = analysis.facts(sound)
    if facts.silent:
        return {}
    found = analysis.features(sound, facts)
    return found | ({} if facts.pitch_confidence >= SURE else {"pitch": math.nan})


@dataclass(frozen=True, eq=False)
class Effect:
    """What each of k axes does to one descriptor: r within the starts (k,); change from end to end, as heard (k,); range: how
    far the descriptor reached in the whole walk (5th to 95th percentile)."""

    r: Array
    change: Array
    range: float

    def share(self, axis: int) -> float:
        return min(float(abs(self.change[axis])) / max(self.range, 1e-12), 1.0)


def effects(walk: Walk) -> dict[str, Effect]:
    """Descriptor → what the axes do to it."""
    found = {}
    for name, plain in walk.values.items():
        values = heard(name, plain)
        known = np.isfinite(values)
        enough = known.sum(axis=2) >= 4  # (A, k)
        known &= enough[:, :, None]
        if not known.any():
            continue
        low, high = np.percentile(values[known], (5, 95))
        count = np.maximum(known.sum(axis=2, keepdims=True), 1)
        at = np.where(known, stops(values.shape[2]), 0.0)
        at = np.where(known, at - at.sum(axis=2, keepdims=True) / count, 0.0)
        off = np.where(known, values, 0.0)
        off = np.where(known, off - off.sum(axis=2, keepdims=True) / count, 0.0)
        both, square, spread = ((x * y).sum(axis=(0, 2)) for x, y in ((at, off), (at, at), (off, off)))
        believed = enough.sum(axis=0) >= max(2, values.shape[0] // 4)
        r = np.divide(both, np.sqrt(square * spread), out=np.zeros_like(both), where=believed & (square * spread > 1e-18))
        slope = np.divide(both, square, out=np.zeros_like(both), where=square > 1e-12)
        found[name] = Effect(r, slope * 2 * RANGE, float(high - low))
    return found


def named(axes: Axes, walk: Walk) -> Axes:
    """The same axes with names for what they do: first each descriptor names the axis that does it most clearly, then what is
    left is named by what it does best. Names that the user gave stay."""
    found = effects(walk)
    claims = sorted(
        (
            (float(abs(effect.r[i])) * effect.share(i), i, name)
            for name, effect in found.items()
            for i in range(len(axes))
            if abs(effect.r[i]) >= LEAST and effect.share(i) >= SHARE and abs(effect.change[i]) >= AUDIBLE[name]
        ),
        reverse=True,
    )
    names: dict[int, AxisName] = {}
    for least, again in ((SHARE, False), (AGAIN, True)):
        for _, i, name in claims:
            free = again or name not in {n.descriptor for n in names.values()}
            if free and i not in names and found[name].share(i) >= least:
                r = round(float(found[name].r[i]), 3)
                low, high, _ = WORDS[name]
                names[i] = AxisName(low, high, name, r) if r > 0 else AxisName(high, low, name, r)
    given = (name.given for name in axes.names)
    return replace(axes, names=tuple(replace(names.get(i, AxisName()), given=g) for i, g in enumerate(given)))
