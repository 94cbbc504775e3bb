"""The neighbour view: the sounds laid out so that alike lie together, beside the linear map (map.py) with its exact inverse.

t-SNE (van der Maaten and Hinton 2008) as openTSNE computes it (Poličar and others, JSS 2024), started from the linear map so
that both show the same sound in the same quarter. Such a picture has no inverse: a place in it is played as a weighted mix of
the encodings of its nearest sounds. Computed in a process of its own, which can be ended at any moment and whose import never
holds the window; without openTSNE installed there is only the linear map. N sounds, D latent size.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import multiprocessing
import os
import tempfile
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from studio.errors import TORN_ARRAY, ModelError, StudioError
from studio.events import Finished, Produced, Progress, Started, Work
from studio.explore.map import Array, Box, Density, bounds, density, turned
from studio.project import atomic

LEAST = 12
"""Fewer sounds have no neighbourhoods worth a picture."""
NEAREST = 6
"""Sounds that a place is mixed from."""
ROUNDS, EARLY, EACH = 700, 200, 50
"""Steps of the layout; those at the beginning that pull groups together; steps between two looks at it."""
REMEMBERED = 4096


@dataclass(frozen=True, eq=False)
class View:
    """Places (N, 2) of the sounds `ids` (N,) in one model, σ of the wider direction 1; `density` where they are.

    `held`: where the cursor was put for a mix, because the mix alone does not say it
    """

    model: str
    ids: NDArray[np.int64]
    positions: Array
    density: Density
    held: dict[bytes, tuple[float, float]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, model: str, ids: ArrayLike, positions: ArrayLike) -> View:
        """A view of positions in any unit."""
        places = np.asarray(positions, float)
        places = places - places.mean(axis=0)
        places = places / (float(np.sqrt(np.linalg.eigvalsh(np.cov(places.T))[-1])) or 1.0)
        return cls(model, np.asarray(ids, np.int64), places, density(places))

    def bounds(self) -> Box:
        return bounds(self.positions)

    def place(self, xy: ArrayLike, latents: ArrayLike) -> Array:
        """Place (2,) → latent (D,), mixed of the encodings (N, D) of its nearest sounds; moves without jumps."""
        here = np.asarray(xy, float)
        rows, weights = nearest(np.square(self.positions - here).sum(axis=1))
        z = weights @ np.asarray(latents)[rows].astype(float)
        while len(self.held) >= REMEMBERED:
            self.held.pop(next(iter(self.held)))
        self.held[_key(z)] = (float(here[0]), float(here[1]))
        return z

    def project(self, z: ArrayLike, latents: ArrayLike) -> Array:
        """Latent (D,) → place (2,): where it was mixed, else the weighted mean of the places of its nearest sounds (N, D)."""
        if (found := self.held.get(_key(z))) is not None:
            return np.array(found)
        here, points = np.asarray(z, float), np.asarray(latents)
        apart = np.einsum("nd,nd->n", points, points) - 2 * points @ here + here @ here
        rows = np.argpartition(apart, min(NEAREST, len(apart) - 1))[: NEAREST + 1]
        close = np.full(len(apart), np.inf)
        close[rows] = np.square(points[rows] - here).sum(axis=1)  # exact where it counts: at a sound it is that sound
        rows, weights = nearest(close)
        return weights @ self.positions[rows]

    def align(self, ids: ArrayLike, positions: ArrayLike) -> View:
        """The same picture turned or mirrored so that the sounds it shares with another come nearest to their places there."""
        mine, theirs = shared(self.ids, np.asarray(ids, np.int64))
        if len(mine) < 3:
            return self
        before = np.asarray(positions, float)[theirs]
        turn = turned(self.positions[mine] - self.positions[mine].mean(axis=0), before)
        places = self.positions @ turn
        return replace(self, positions=places, density=density(places), held={})


def nearest(squared: Array, count: int = NEAREST) -> tuple[NDArray[np.intp], Array]:
    """Rows and weights (sum 1) of the `count` smallest squared distances (N,).

    Modified Shepard weights (Franke and Nielson 1980): they fall to zero at the first sound left out, so that nothing jumps
    when the nearest change. On a sound it has all the weight.
    """
    count = min(count, len(squared))
    rows = np.argpartition(squared, min(count, len(squared) - 1))[: count + 1]
    rows = rows[np.argsort(squared[rows], kind="stable")]
    apart = np.sqrt(np.maximum(squared[rows], 0.0))
    reach = float(apart[count]) if len(apart) > count else np.inf
    rows, apart = rows[:count], apart[:count]
    if apart[0] < 1e-9:
        return rows[:1], np.ones(1)
    weights = np.square(np.maximum(reach - apart, 0.0) / (reach * apart)) if np.isfinite(reach) else 1 / np.square(apart)
    if not weights.sum() > 0:  # all at the same distance
        weights = np.ones(len(rows))
    return rows, weights / weights.sum()


def shared(a: NDArray[np.int64], b: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of `a` and of `b` that name the same sound."""
    _, mine, theirs = np.intersect1d(a, b, return_indices=True)
    return mine, theirs


def _key(z: ArrayLike) -> bytes:
    return np.asarray(z, np.float32).tobytes()


# ---- making one


def offered() -> bool:
    """Whether views can be computed here; imports nothing."""
    return importlib.util.find_spec("openTSNE") is not None


def compute(
    cache: Path, model: str, ids: ArrayLike, latents: ArrayLike, start: ArrayLike, previous: View | None = None
) -> Work:
    """The view of `latents` (N, D) of the sounds `ids` (N,): Produced(kind="view") carries it.

    `start`: their places on the linear map (N, 2), which the picture is turned to; `previous`: a view of another moment, whose
    places it begins from and is turned to instead. Known ones come from `cache`. Closing it ends the process that computes.
    """
    yield Started(what="view")
    known = np.asarray(ids, np.int64)
    path = cache / f"view-{model[:24]}.npz"
    positions = _load(path, known)
    if positions is None:
        positions = yield from _embedded(np.asarray(latents, np.float32), _beginning(known, np.asarray(start, float), previous))
        _save(path, known, positions)
    view = View.of(model, known, positions)
    view = view.align(known, start) if previous is None else view.align(previous.ids, previous.positions)
    yield Produced(kind="view", value=view)
    yield Finished()


def _beginning(ids: NDArray[np.int64], start: Array, previous: View | None) -> Array:
    if previous is None:
        return start
    mine, theirs = shared(ids, previous.ids)
    begin = start.copy()
    begin[mine] = previous.positions[theirs]
    return begin


def _embedded(latents: NDArray[np.float32], start: Array) -> Generator[Progress, None, Array]:
    if len(latents) < LEAST:
        return start
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="wavewright-view-") as folder:
        source, target = Path(folder) / "encodings.npz", Path(folder) / "positions.npy"
        np.savez(source, latents=latents, start=start)
        told, tell = context.Pipe(duplex=False)
        child = context.Process(target=embed, args=(str(source), str(target), tell), daemon=True)
        child.start()
        tell.close()
        try:
            done = 0
            while (done < ROUNDS and child.is_alive()) or told.poll():
                if told.poll(0.1):
                    done = told.recv()
                yield Progress(done=done, total=ROUNDS)
            child.join(10)
        except (EOFError, OSError):  # its end of the pipe is gone, and so is it
            child.join(10)
        finally:
            told.close()
            if child.is_alive():
                child.kill()
                child.join()
            code = child.exitcode
            child.close()
        if not target.is_file():
            raise ModelError(name="neighbour view", reason=f"its computation ended with {code}")
        return np.load(target, allow_pickle=False)


def embed(source: str, target: str, tell: Connection) -> None:
    """In a process of its own: lay out the encodings of `source` and leave the places in `target`."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(10)
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN

    with np.load(source, allow_pickle=False) as file:
        latents, start = file["latents"], file["start"]
    count, jobs = len(latents), max(1, min(4, (os.cpu_count() or 2) // 2))
    alike = PerplexityBasedNN(
        latents,
        perplexity=min(30.0, (count - 1) / 3),
        method="exact" if count < 2000 else "annoy",
        n_jobs=jobs,
        random_state=0,
    )
    tell.send(EACH)
    spread = np.random.default_rng(0).normal(0, 1e-3, start.shape)  # equal sounds must be able to part
    begin = start / (start.std(axis=0).max() or 1.0) + spread
    layout = TSNEEmbedding(
        1e-4 * begin, alike, n_jobs=jobs, random_state=0, negative_gradient_method="bh" if count < 5000 else "fft"
    )
    for done in range(0, ROUNDS, EACH):
        early = done < EARLY
        layout.optimize(EACH, exaggeration=12 if early else None, momentum=0.5 if early else 0.8, inplace=True)
        with contextlib.suppress(BrokenPipeError):
            tell.send(min(done + EACH, ROUNDS - 1))
    np.save(target, np.asarray(layout, np.float64))


def _load(path: Path, ids: NDArray[np.int64]) -> Array | None:
    """Positions of exactly these sounds, if they are known."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            positions = file["positions"].astype(float)
            fits = np.array_equal(file["ids"], ids) and positions.shape == (len(ids), 2) and np.isfinite(positions).all()
            return positions if fits else None
    except TORN_ARRAY:
        return None


def _save(path: Path, ids: NDArray[np.int64], positions: Array) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, ids=ids, positions=positions.astype(np.float32))
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(StudioError):  # a full disk costs time, not the view
        atomic.write_bytes(path, buffer.getvalue())
