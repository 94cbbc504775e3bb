"""What a model sounds like at this moment: the same few sounds every time, so that progress can be heard.

Four held-out sounds that it rebuilds (lowest, highest, loudest, quietest), four new ones from fixed seeds, and the user's own
probes. The trainer calls `make`; the window plays the WAVs and never computes anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Literal

import numpy as np
import torch

from studio.audio import analysis, files
from studio.audio.sound import Samples, Sound
from studio.errors import NotOffered, StudioError
from studio.library.reader import TrainingSet, examples
from studio.models.base import Model
from studio.models.said import said_again
from studio.project import atomic
from studio.project.recipe import Request
from studio.project.state import PreviewCell, PreviewFile
from studio.training.ear import Ear
from studio.training.run import LONGEST, RunFolder, step_folder

NEW = 4
SPREAD = 12
"""New sounds that are drawn for the numbers below, the first four of which are kept."""

RANGE = 80.0
"""dB under its peak down to which a spectrogram counts in a distance."""


@dataclass(frozen=True)
class Probe:
    """A sound that previews come back to. label: its class or ""; pitch and velocity: MIDI, NaN where they are not known."""

    name: str
    kind: Literal["reconstruction", "probe"]
    sound: Sound
    label: str = ""
    pitch: float = float("nan")
    velocity: float = float("nan")

    @property
    def original(self) -> str:
        """The WAV of it, relative to the run folder."""
        return f"previews/originals/{self.file}"

    @property
    def file(self) -> str:
        """The name of its WAVs; a probe of the user's may be called like one of ours."""
        return f"{'probe-' if self.kind == 'probe' else ''}{self.name[:LONGEST]}.wav"


class Previews:
    """The probes of one run and what it takes to hear them. `held`: sounds the model does not learn from; `sounds`: those it
    does, beside which new ones are measured."""

    def __init__(self, run: RunFolder, held: TrainingSet, sounds: TrainingSet) -> None:
        self.run = run
        self.material = held.material
        self.folder = run.path / "previews"
        self.ear = Ear(sounds, held if held is not sounds else None)
        self.fixed = [
            self._keep(Probe(name, "reconstruction", held.sound(row), _label(held, row), held.pitch[row], held.velocity[row]))
            for name, row in choose(held).items()
        ]
        self._own: dict[Path, Probe | None] = {}

    def make(self, model: Model, step: int, minutes: float) -> tuple[PreviewFile, dict[str, float]]:
        """Render and write previews/step-…; also numbers about the new sounds (see Ear).

        Raises DiskFull, NotSaved.
        """
        began = perf_counter()
        torch.manual_seed(0)
        rebuilt = [(probe, self._rebuild(model, probe)) for probe in (*self.fixed, *self._probes())]
        new = list(self._render(model, Request(seed=0, count=SPREAD)))
        numbers = self.ear.hear(new)
        target = self.place(step)
        cells: list[PreviewCell] = []
        with atomic.folder(target, replace=True) as folder:  # an earlier life may have come this far
            for probe, sound in rebuilt:
                if sound is not None:
                    path = _write(folder / probe.file, sound)
                    cells.append(
                        PreviewCell(
                            name=probe.name,
                            kind=probe.kind,
                            path=f"previews/{target.name}/{path.name}",
                            seconds=sound.seconds,
                            label=probe.label,
                            original=probe.original,
                            distance=distance(sound, probe.sound),
                        )
                    )
            for seed, sound in enumerate(map(self._sound, new[:NEW])):
                path = _write(folder / f"new-{seed + 1}.wav", sound)
                cells.append(
                    PreviewCell(
                        name=f"new-{seed + 1}",
                        kind="new",
                        path=f"previews/{target.name}/{path.name}",
                        seconds=sound.seconds,
                        seed=seed,
                    )
                )
            file = PreviewFile(step=step, minutes=minutes, cost=perf_counter() - began, cells=tuple(cells))
            atomic.write_json(folder / "preview.json", file)
        return file, numbers

    def place(self, step: int) -> Path:
        return self.folder / step_folder(step)

    # ---- sounds
    def _rebuild(self, model: Model, probe: Probe) -> Sound | None:
        """The probe as the model says it, or None where the family cannot encode."""
        if model.controls.latent is None:
            return None
        frames = self.material.frames
        samples = probe.sound.samples[:, :frames]
        audio = torch.from_numpy(np.pad(samples, ((0, 0), (0, frames - samples.shape[1]))))[None].to(model.device)  # (1, C, T)
        known = probe.label in model.controls.classes
        label = torch.tensor([model.controls.classes.index(probe.label) if known else -1], device=model.device)
        try:
            code = model.encode(audio, label)
        except NotOffered:
            return None
        latent = code[0].float().cpu().numpy()
        request = said_again(model.controls, probe.sound, latent, probe.label, probe.pitch, probe.velocity)
        return next(map(self._sound, self._render(model, request)), None)

    def _render(self, model: Model, request: Request) -> Iterator[Samples]:
        """(C, T) as the model gives them."""
        for audio in model.generate(request):
            yield np.ascontiguousarray(audio[0].float().cpu().numpy(), dtype=np.float32)

    def _sound(self, samples: Samples) -> Sound:
        return Sound(np.clip(np.nan_to_num(samples, posinf=0.0, neginf=0.0), -4, 4), self.material.rate)

    # ---- probes
    def _probes(self) -> list[Probe]:
        """The user's own sounds, read when they are first seen. Unreadable and silent ones are passed over."""
        there = self.run.probes()
        for path in there:
            if path not in self._own:
                self._own[path] = None
                with suppress(StudioError):
                    heard = examples(files.read(path, rate=self.material.rate), self.material)
                    if heard:
                        sound = Sound(heard[0].samples, self.material.rate)
                        self._own[path] = self._keep(Probe(path.stem, "probe", sound))
        return [probe for path in there if (probe := self._own[path]) is not None]

    def _keep(self, probe: Probe) -> Probe:
        """Put the original where the window can play it beside what became of it."""
        path = self.run.path / probe.original
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        _write(path, probe.sound)
        return probe


def choose(held: TrainingSet) -> dict[str, int]:
    """Rows of the lowest, highest, loudest and quietest sound, each once; fewer where there are fewer sounds."""
    height = np.where(np.isfinite(held.pitch).mean() > 0.5, held.pitch, held.brightness)
    wanted = {"lowest": height, "highest": -height, "loudest": -held.loudness, "quietest": held.loudness}
    found: dict[str, int] = {}
    for name, key in wanted.items():
        for row in np.argsort(np.where(np.isfinite(key), key, np.inf), kind="stable"):
            if int(row) not in found.values():
                found[name] = int(row)
                break
    return found


def distance(a: Sound, b: Sound) -> float:
    """Mean difference of two log-mel spectrograms in dB, no deeper than RANGE under the louder peak."""
    frames = max(a.frames, b.frames)
    one, two = (np.pad(s.mono(), (0, frames - s.frames)) for s in (a, b))
    first, second = analysis.log_mel(one, a.rate), analysis.log_mel(two, b.rate)
    floor = max(first.max(), second.max()) - RANGE / 20 * np.log(10)
    return float(np.abs(np.maximum(first, floor) - np.maximum(second, floor)).mean() * 20 / np.log(10))


def _label(held: TrainingSet, row: int) -> str:
    return held.labels[held.label[row]] if held.label[row] >= 0 else ""


def _write(path: Path, sound: Sound) -> Path:
    try:
        return files.write(path, sound, subtype="PCM_16")
    except OSError as error:
        raise atomic.not_saved(path, error) from error
