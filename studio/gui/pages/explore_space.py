"""The space of one model as Explore moves in it: places of the sounds, main axes, the map, labels and the copy meter.

Built off the GUI thread from what the engine found; pure numpy and files, no Qt, no torch. A move takes a request and gives the
next one, so that undoing is going back to the old one. N sounds, D latent size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from studio.audio import analysis
from studio.audio.sound import Sound
from studio.explore import known
from studio.explore.axes import Axes
from studio.explore.copying import Detector
from studio.explore.descriptors import Descriptors
from studio.explore.labels import Labels
from studio.explore.map import Density, Map
from studio.explore.similar import CopyMeter, Match
from studio.explore.view import View
from studio.library import heard
from studio.library.index import Index
from studio.models.controls import Latent
from studio.project import axes as project_axes
from studio.project.recipe import Request

if TYPE_CHECKING:
    from studio.project.folder import ProjectFolder

MOST_FINGERPRINTS = 4000
"""The copy meter compares all known sounds with each other once; of larger libraries it takes evenly spaced ones."""
BLEND = 3
"""Sounds that lend a place on the map what the map does not show."""
FURTHEST = 1e6
"""No latent of a sound has numbers that large."""
FAINT = 0.02
"""Label shares below this are left out."""


@dataclass(frozen=True, eq=False)
class Space:
    """What Explore draws and moves by. ids, paths, titles: N; latents (N, D); labels: index into `names`, −1 none."""

    model: str
    ids: NDArray[np.int64]
    latents: NDArray[np.float64]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    titles: tuple[str, ...]
    paths: tuple[str, ...]
    seconds: NDArray[np.float64]
    axes: Axes
    map: Map
    density: Density
    centres: Labels
    descriptors: Descriptors
    meter: CopyMeter | None = None
    detector: Detector | None = None
    meter_rows: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    family: str = ""
    drift: float = 0.0
    """How far the sounds lie from where they lay in the space before (known.drift); 0 where there was none."""

    view: View | None = None
    """Where the sounds are shown instead of on the linear map: places of the hand are places in it."""

    # ---- moves: a request becomes the next one
    def start(self, request: Request | None = None) -> Request:
        """Where exploring begins: at the sound in the middle of the map."""
        middle = int(np.square(self.map.positions - np.median(self.map.positions, axis=0)).sum(axis=1).argmin())
        return self.at_sound(request or Request(), middle)

    def at_sound(self, request: Request, row: int) -> Request:
        label = int(self.labels[row])
        classes = {self.names[label]: 1.0} if label >= 0 else {}
        return with_latent(request, self.latents[row], classes=classes)

    def at_place(self, request: Request, xy: ArrayLike, keep_labels: bool = False) -> Request:
        """The cursor was put at a place of the map; the labels follow unless they are kept."""
        if self.view is not None:
            z = self.view.place(xy, self.latents)
        else:
            z = self.map.place(xy, self.latents, blend=min(BLEND, len(self.latents)))
        return with_latent(request, z, classes=request.classes if keep_labels else self.shares(z))

    def at_axis(self, request: Request, axis: int, value: float) -> Request:
        z = latent_of(request)
        coordinates = self.axes.project(z)
        coordinates[axis] = value
        return with_latent(request, self.axes.unproject(coordinates, z))

    def at_descriptor(
        self, request: Request, name: str, target: float, locked: Sequence[int] = (), hold: Sequence[str] = ()
    ) -> Request:
        """A descriptor should become `target` (as heard); locked axes and the descriptors of `hold` stay."""
        z = latent_of(request)
        fixed = self.axes.held(locked) if locked else None
        return with_latent(request, self.descriptors.move(z, name, target, fixed, hold=hold))

    def at_label(self, request: Request, name: str, share: float, locked: Sequence[str] = ()) -> Request:
        """One label gets `share`; the others that are not locked share the rest. The latent moves with the label centres."""
        before = self.weights(request)
        z = latent_of(request)
        after = shared(before, name, share, locked, self.centres.closeness(z) if self.centres.names else {})
        if self.centres.names:
            change = [after.get(n, 0.0) - before.get(n, 0.0) for n in self.centres.names]
            z = z + np.asarray(change) @ self.centres.centres
        return with_latent(request, z, classes={n: w for n, w in after.items() if w >= FAINT})

    def lock(self, request: Request, before: Request, axes: Sequence[int], keep_labels: bool) -> Request:
        """`request` with the locked axes (and labels) of `before`."""
        z = latent_of(request)
        if axes:
            coordinates, old = self.axes.project(z), self.axes.project(latent_of(before))
            coordinates[list(axes)] = old[list(axes)]
            z = self.axes.unproject(coordinates, z)
        return with_latent(request, z, classes=before.classes if keep_labels else request.classes)

    # ---- what the controls show
    def place(self, request: Request) -> tuple[float, float]:
        z = latent_of(request)
        x, y = self.map.project(z) if self.view is None else self.view.project(z, self.latents)
        return float(x), float(y)

    @property
    def picture(self) -> Map | View:
        """What the sounds' places are taken from."""
        return self.map if self.view is None else self.view

    @property
    def shade(self) -> Density:
        return self.density if self.view is None else self.view.density

    def coordinates(self, request: Request) -> NDArray[np.float64]:
        return self.axes.project(latent_of(request))

    def weights(self, request: Request) -> dict[str, float]:
        """Label shares of a request; where it names none, those of its place."""
        if request.classes:
            total = sum(request.classes.values()) or 1.0
            return {name: weight / total for name, weight in request.classes.items()}
        return self.shares(latent_of(request))

    def shares(self, z: ArrayLike) -> dict[str, float]:
        if not self.centres.names:
            return {}
        close = {name: share for name, share in self.centres.closeness(z).items() if share >= FAINT}
        total = sum(close.values())
        return {name: round(share / total, 4) for name, share in close.items()}

    def nearest(self, sound: Sound) -> tuple[Match, int, bool] | None:
        """The most similar of the project's sounds, its row here, and whether this is a copy of it."""
        if self.meter is None or sound.frames == 0:
            return None
        match = self.meter.nearest(analysis.fingerprint(sound))[0]
        found = self.detector.find(sound) if self.detector is not None else None
        if found is not None and found.copy:
            return match, int(self.meter_rows[found.index]), True
        return match, int(self.meter_rows[match.index]), False


def build(
    project: ProjectFolder, model: str, places: Any, names: Sequence[str], previous: Space | None = None, family: str = ""
) -> Space:
    """The space of a project's sounds in one model. `names`: the model's labels; `previous`: axes and map should stay put, and
    axes where the project knows those of the `family`."""
    ids = np.asarray(places.ids, np.int64)
    latents = np.asarray(places.latents, np.float64)
    with Index(project) as index:
        columns = index.columns("name", "path", "label", *heard.COLUMNS.values())
        prints_of, prints = index.fingerprints()
    rows = _rows(columns["id"], ids)
    there = rows >= 0
    ids, latents, rows = ids[there], latents[there], rows[there]
    legend = tuple(names) or tuple(sorted({str(label) for label in columns["label"][rows] if label}))
    number = {name: i for i, name in enumerate(legend)}
    labels = np.array([number.get(str(label), -1) for label in columns["label"][rows]], np.int64)
    facts = {name: values[rows] for name, values in heard.heard(columns).items()}
    axes = Axes.fit(latents, facts)
    plane = Map.fit(latents)
    axes, drift = known.take(axes, ids, project_axes.load(project, family)), 0.0
    if previous is not None and np.array_equal(previous.ids, ids):
        axes = axes.align(previous.axes)
        drift = known.drift(previous.latents, latents)
        plane = plane.align(previous.map.positions)
    fingerprints = prints[_rows(prints_of, ids)]
    printed = np.flatnonzero(np.isfinite(fingerprints).all(axis=1))
    printed = printed[:: max(1, -(-len(printed) // MOST_FINGERPRINTS))]
    paths = tuple(str(project.root / Path(str(path))) for path in columns["path"][rows])
    return Space(
        model=model,
        ids=ids,
        latents=latents,
        labels=labels,
        names=legend,
        titles=tuple(str(name) for name in columns["name"][rows]),
        paths=paths,
        seconds=columns["seconds"][rows],
        axes=axes,
        map=plane,
        density=plane.density(),
        centres=Labels.fit(latents, [legend[i] if i >= 0 else "" for i in labels]),
        descriptors=Descriptors.fit(latents, facts),
        meter=CopyMeter.fit(fingerprints[printed]) if len(printed) > 1 else None,
        detector=Detector.fit(fingerprints[printed], [paths[i] for i in printed]) if len(printed) else None,
        meter_rows=printed,
        family=family,
        drift=drift,
    )


def _rows(have: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of `wanted` is in ascending `have`; −1 where it is not."""
    if not len(have):
        return np.full(len(wanted), -1)
    at = np.minimum(np.searchsorted(have, wanted), len(have) - 1)
    return np.where(have[at] == wanted, at, -1)


def misfit(request: Request, latent: Latent | None) -> str:
    """Why the numbers of a request are no place in a model with such a `latent`, "" if they are."""
    if request.latent is None or latent is None:
        return ""
    sizes = {len(row) for row in request.latent}
    if sizes != {latent.size} or (latent.kind == "global" and len(request.latent) != 1):
        return f"It has {len(request.latent)} × {', '.join(map(str, sorted(sizes))) or 0} numbers, the model {latent.size}."
    if not all(abs(value) < FURTHEST for row in request.latent for value in row):  # nor what is no number
        return "Its numbers are far beyond anything the model has seen."
    return ""


def latent_of(request: Request) -> NDArray[np.float64]:
    """The one row of a global latent."""
    assert request.latent is not None
    return np.asarray(request.latent[0], np.float64)


def with_latent(request: Request, z: ArrayLike, classes: Mapping[str, float] | None = None) -> Request:
    row = tuple(float(v) for v in np.asarray(z, np.float32))
    changed = msgspec.structs.replace(request, latent=(row,))
    return changed if classes is None else msgspec.structs.replace(changed, classes=dict(classes))


def shared(
    weights: Mapping[str, float], name: str, share: float, locked: Sequence[str] = (), rest: Mapping[str, float] | None = None
) -> dict[str, float]:
    """`weights` with `name` at `share` and everything adding up to one; locked others stay, the rest is scaled.

    Where no other has any weight, what is given up goes to the labels of `rest`, in its proportions.
    """
    held = {n: w for n, w in weights.items() if n in locked and n != name}
    share = min(max(share, 0.0), max(0.0, 1.0 - sum(held.values())))
    free = {n: w for n, w in weights.items() if n not in held and n != name}
    if sum(free.values()) <= 1e-9:
        free = {n: w + 1e-3 for n, w in (rest or {}).items() if n not in locked and n != name}
    left, total = 1.0 - share - sum(held.values()), sum(free.values())
    if total <= 1e-9:
        return {**held, name: 1.0 - sum(held.values())}
    return {**held, **{n: w / total * left for n, w in free.items()}, name: share}
