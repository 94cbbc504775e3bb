"""A labelled folder of new sounds for whoever trains a classifier: so many of each label, as folders.

    for event in per_class(run, 50, out, checked=True): ...
    out/kick/kick 0.wav … out/snare/snare 57.wav

`wavewright generate --per-class` comes here. With `checked`, silent ones, copies of training sounds and those that a judge of
the project's labels is sure are something else are drawn again.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from studio.audio import analysis, files
from studio.audio.images import hear
from studio.audio.sound import Sound
from studio.errors import NotOffered
from studio.evaluate.reference import Ears, Reference, prepared
from studio.events import Event, Finished, Produced, Progress, Started, Work
from studio.explore.copying import Detector
from studio.generate import Instrument, best_checkpoint
from studio.models.controls import Material
from studio.project.folder import ProjectFolder
from studio.project.recipe import Request

SURE = 0.9
"""Probability from which the judge is sure that a sound is another label."""

TRIES = 4
"""Sounds drawn for each that is asked for, at most, where some are left out."""

SILENT = -60.0
REASONS = ("silent", "copies", "other label")


def per_class(
    run: Path | str,
    each: int,
    out: Path | str,
    request: Request | None = None,
    *,
    checked: bool = False,
    project: ProjectFolder | None = None,
    device: str = "cpu",
    cache: Path | None = None,
) -> Work:
    """Write `each` new WAVs with their recipes into out/LABEL, for the labels of `request`, or for all that the model knows.

    Finished: {"files", "labels": {label: files}, "dropped": {reason: sounds}, "judge": its held-out accuracy or None}. Nothing
    is overwritten. A label may come out short where most of it was left out. `project` is only needed for a checkpoint that
    lies outside one. Raises NotOffered where the model knows no labels, or not this one.
    """
    checkpoint = best_checkpoint(Path(run).absolute())
    instrument = Instrument.open(checkpoint, device=device, cache=cache, compile=each >= 50)
    request = request or Request()
    labels = tuple(request.classes) or instrument.controls.classes
    if not labels:
        raise NotOffered(name="labels", known=", ".join(instrument.controls.offered()) or "new sounds")
    yield Started(what="generate", total=each * len(labels))
    filter: Filter | None = None
    if checked:
        sounds = project or ProjectFolder.open(checkpoint.parents[2].parent, lock=False)
        filter = yield from Filter.fit(sounds, instrument, request.seed)
    made: list[str] = []
    counts: dict[str, int] = {}
    dropped = dict.fromkeys(REASONS, 0)
    seed = request.seed
    for label in labels:
        folder = Path(out).absolute() / safe(label)
        folder.mkdir(parents=True, exist_ok=True)
        counts[label] = 0
        for one in _drawn(instrument, request, label, seed, each * (TRIES if checked else 1)):
            if counts[label] == each:
                break
            seed = one.seed + 1
            sound = next(iter(instrument.render(one)))
            if filter is not None and (why := filter.against(sound, label)):
                dropped[why] += 1
                continue
            recipe = instrument.recipe(one)
            path = files.unused(folder / f"{safe(label)} {one.seed}.wav")
            info = {"ICMT": recipe.short(), "ISFT": "Wavewright"}
            files.write(path, sound, subtype="PCM_24", recipe=recipe.to_json(), info=info)
            made.append(str(path))
            counts[label] += 1
            yield Produced(kind="sound", path=str(path), detail={"seed": one.seed, "label": label})
            yield Progress(done=len(made), total=each * len(labels), note=path.name)
    judge = filter.accuracy if filter is not None else None
    yield Finished(result={"files": made, "labels": counts, "dropped": dropped, "judge": judge})


def _drawn(instrument: Instrument, request: Request, label: str, seed: int, count: int) -> Iterator[Request]:
    """Resolved requests one by one, so that none is resolved that nobody takes."""
    for i in range(count):
        asked = msgspec.structs.replace(request, classes={label: 1.0}, seed=seed + i, count=1)
        yield from instrument.resolve(asked)


def safe(label: str) -> str:
    """A label as the name of a folder."""
    return "".join("_" if c in '<>:"/\\|?*' or ord(c) < 32 else c for c in label).strip(" .") or "_"


@dataclass(eq=False)
class Filter:
    """Knows the training sounds: what is a copy of them, and what their labels sound like."""

    material: Material
    detector: Detector
    ears: Ears | None

    @classmethod
    def fit(cls, project: ProjectFolder, instrument: Instrument, seed: int = 0) -> Generator[Event, None, Filter]:
        reference = Reference.gather(project, instrument.material, instrument.data.labels)
        train = reference.train
        prints = np.stack([analysis.fingerprint(train.sound(row)) for row in range(len(train))])
        ears = yield from reference.teach(seed)
        return cls(reference.material, Detector.hearing(prints, train.sound), ears)

    @property
    def accuracy(self) -> float | None:
        """Share of held-out sounds whose label the judge hears; None without a judge."""
        return self.ears.accuracy if self.ears is not None else None

    def against(self, sound: Sound, label: str) -> str:
        """Why a sound made for `label` is left out, one of REASONS; empty where it is not."""
        if analysis.facts(sound).peak_db < SILENT:
            return "silent"
        found = self.detector.find(sound)
        if found is not None and found.copy:
            return "copies"
        return "other label" if self._other(sound, label) else ""

    def _other(self, sound: Sound, label: str) -> bool:
        if self.ears is None or label not in self.ears.names:
            return False
        from studio.models.layers import judge

        sure: Any = judge.hear(self.ears.network, hear(prepared([sound], self.material), self.material.frames).images)[0][0]
        best = int(sure.argmax())
        return self.ears.names[best] != label and float(sure[best]) >= SURE
