"""A checkpoint plus a request gives sounds. The engine, the CLI, the trainer's previews and the exports come here.

    instrument = Instrument.open(best_checkpoint(run))
    for sound in instrument.render(Request(count=4, seed=7)): ...

The same recipe gives the same samples: noise is drawn by number, each sound is made alone, and
the backend is part of the recipe.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

import studio
from studio.audio import files, graft
from studio.audio.sound import Sound
from studio.audio.steps import Materials, apply
from studio.errors import TORN_ARRAY, BadLatent, BrokenCheckpoint, BrokenFile, ModelError, SilentAudio, StudioError
from studio.events import Finished, Produced, Progress, Started, Work
from studio.models import checkpoint as checkpoints
from studio.models import fast
from studio.models.base import Backend, Model
from studio.models.controls import Controls, DataFacts, Material
from studio.project import atomic
from studio.project.folder import ProjectFolder
from studio.project.recipe import Recipe, Request
from studio.project.state import CheckpointFile

if TYPE_CHECKING:
    from studio.library.reader import TrainingSet


class Instrument:
    """A trained model ready to play. Not thread-safe: one owner at a time."""

    def __init__(self, model: Model, file: CheckpointFile, folder: Path, compiled: Backend | None = None) -> None:
        self.model, self.checkpoint, self.folder, self._compiled = model, file, folder, compiled

    @classmethod
    def open(
        cls, folder: Path | str, *, device: str | torch.device = "cpu", cache: Path | None = None, compile: bool = True
    ) -> Instrument:
        """A checkpoint folder. On a CPU the decoder is compiled where that is faster; `cache` keeps compiled decoders.

        Raises BrokenCheckpoint, NewerFormat, UnknownFamily.
        """
        folder = Path(folder)
        model = checkpoints.load(folder, device)
        file = checkpoints.describe(folder)
        compiled = fast.compile(model, cache=cache) if compile else None
        return cls(model, file, folder, compiled)

    @property
    def controls(self) -> Controls:
        return self.model.controls

    @property
    def data(self) -> DataFacts:
        return self.model.data

    @property
    def material(self) -> Material:
        return type(self.model).material(self.model.config, self.model.data)

    @property
    def backend(self) -> str:
        return "torch" if self._compiled is None else "onnx"

    def compile(self, cache: Path | None = None) -> None:
        """Compile the decoder now, where that is faster."""
        self._compiled = fast.compile(self.model, cache=cache)

    def compiled_before(self, cache: Path) -> bool:
        """Whether `compile` finds its graph in `cache`, and takes a moment instead of many seconds."""
        return (cache / f"{fast.architecture(self.model)}.onnx").is_file()

    @property
    def run(self) -> str:
        """Name of the run folder this checkpoint is in."""
        return self.folder.absolute().parent.parent.name if self.folder.absolute().parent.name == "checkpoints" else ""

    def render(self, request: Request, *, backend: str = "") -> Iterator[Sound]:
        """`request.count` sounds, one by one. `backend` "torch" leaves the compiled decoder aside. Raises NotOffered."""
        compiled = None if backend == "torch" else self._compiled
        for audio in self.model.generate(request, compiled):
            yield Sound(np.ascontiguousarray(audio[0].numpy(), np.float32), self.material.rate)

    def resolve(self, request: Request) -> list[Request]:
        """One request for each sound, with what the model's prior draws filled in; each renders to that very sound."""
        return list(self.model.resolve(request))

    def hears(self, sound: Sound) -> tuple[float, float]:
        """From where to where the model listens, in seconds: the first of a longer sound, without silence around it."""
        from studio.library.reader import examples

        heard = examples(sound, self.material)
        rate = self.material.rate
        return (heard[0].start / rate, (heard[0].start + heard[0].frames) / rate) if heard else (0.0, 0.0)

    def encode(self, sound: Sound, label: str | None = None, name: str = "sound") -> NDArray[np.float32]:
        """Where the model hears `sound`: (D,), or (frames, D) for a series. `name` is for the errors.

        Raises NotOffered; SilentAudio; BadLatent where the model itself is broken and finds no numbers.
        """
        from studio.library.reader import examples

        heard = examples(sound, self.material)
        if not heard:
            raise SilentAudio(name=name)
        audio = torch.from_numpy(heard[0].samples)[None]
        index = self.data.labels.index(label) if label in self.data.labels else -1
        with torch.no_grad():
            latent = self.model.encode(audio.to(self.model.device), torch.tensor([index], device=self.model.device))
        found = latent[0].cpu().numpy().astype(np.float32)
        if not np.isfinite(found).all():
            raise BadLatent(name=name, reason="the model finds no numbers for it")
        return found

    def at(self, labels: Sequence[str]) -> Callable[[NDArray[np.floating], int], Sound]:
        """What explore/naming.py listens to: the sound at a latent (D,), of the label in that row of `labels`."""

        def render(z: NDArray[np.floating], row: int) -> Sound:
            label = labels[row]
            classes = {label: 1.0} if label in self.data.labels else {}
            return next(iter(self.render(Request(latent=(tuple(float(v) for v in z),), classes=classes))))

        return render

    def recipe(self, request: Request) -> Recipe:
        """How this instrument answers `request`; that of a single sound is resolved."""
        if request.count == 1:
            request = self.resolve(request)[0]
        return Recipe(
            app=studio.__version__,
            family=self.checkpoint.family,
            model=self.checkpoint.model,
            run=self.run,
            step=self.checkpoint.step,
            backend=self.backend,
            request=request,
        )


def precompile(folder: str, cache: str) -> None:
    """Put the compiled decoder of a checkpoint into `cache`. What a process of its own is started for: the export holds
    Python for seconds."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(10)
    torch.set_num_threads(1)
    Instrument.open(folder, cache=Path(cache))


def best_checkpoint(folder: Path | str) -> Path:
    """The checkpoint to play of a run folder (its best, else its newest), or `folder` itself where it is a checkpoint.

    Raises BrokenCheckpoint where there is none yet.
    """
    folder = Path(folder)
    if (folder / checkpoints.WEIGHTS).is_file():
        return folder
    from studio.training.run import RunFolder

    found = RunFolder(folder).checkpoint("best")
    if found is None:
        raise BrokenCheckpoint(name=folder.name, reason="there is no finished checkpoint in it")
    return found


def generate(
    run: Path | str,
    request: Request,
    out: Path | str,
    *,
    device: str = "cpu",
    cache: Path | None = None,
    name: str = "",
    subtype: files.Subtype = "PCM_24",
) -> Work:
    """Write `request.count` new WAVs with their recipes into the folder `out`. Finished: {"files": [absolute paths]}."""
    yield Started(what="generate", total=request.count)
    instrument = Instrument.open(best_checkpoint(run), device=device, cache=cache, compile=request.count >= 50)
    out = Path(out).absolute()
    out.mkdir(parents=True, exist_ok=True)
    stem = name or "-".join([*request.classes, instrument.checkpoint.family])
    made: list[str] = []
    for one in instrument.resolve(request):
        sound = next(iter(instrument.render(one)))
        recipe = instrument.recipe(one)
        path = files.unused(out / f"{stem} {one.seed}.wav")
        files.write(path, sound, subtype=subtype, recipe=recipe.to_json(), info={"ICMT": recipe.short(), "ISFT": "Wavewright"})
        made.append(str(path))
        yield Produced(kind="sound", path=str(path), detail={"seed": one.seed})
        yield Progress(done=len(made), total=request.count, note=path.name)
    yield Finished(result={"files": made})


def regenerate(recipe: Recipe, project: ProjectFolder, *, device: str = "cpu", cache: Path | None = None) -> Sound:
    """The sound of a recipe, from the project's own checkpoints, with its edits. Raises ModelError where the model is gone."""
    folder = find(recipe, project)
    if folder is None:
        raise ModelError(name=recipe.run or recipe.model[:8], reason="it is not in this project any more")
    compiled = "onnx" in (recipe.backend, *(step.get("backend") for step in recipe.edits))
    instrument = Instrument.open(folder, device=device, cache=cache, compile=compiled)
    sound = next(iter(instrument.render(recipe.request, backend=recipe.backend)))
    return edited(instrument, sound, recipe.edits, project.material)


def edited(
    instrument: Instrument, sound: Sound, steps: Sequence[Mapping[str, Any]], materials: Materials | None = None
) -> Sound:
    """`sound` after the steps of its recipe: those of steps.py, and grafts, whose donors are made by the same model."""
    for step in steps:
        if step.get("do") != "graft":
            sound = apply(sound, [step], materials)
            continue
        part, at = graft.check(step)
        try:
            request = msgspec.convert(step["from"], Request)
        except msgspec.ValidationError as error:
            raise BrokenFile(name="recipe", reason=error) from error
        donor = next(iter(instrument.render(request, backend=str(step.get("backend", "")))))
        sound = graft.graft(sound, donor, part, at)
    return sound


def find(recipe: Recipe, project: ProjectFolder) -> Path | None:
    """The checkpoint of the project with the recipe's weights; its own run is looked at first."""
    runs = sorted(project.runs(), key=lambda run: run.name != recipe.run)
    for run in runs:
        for config in sorted((run / "checkpoints").glob(f"*/{checkpoints.CONFIG}"), reverse=True):
            try:
                if checkpoints.describe(config.parent).model == recipe.model:
                    return config.parent
            except StudioError:
                continue
    return None


@dataclass(frozen=True, eq=False)
class Places:
    """Where a model hears a project's sounds. N sounds: ids (N,) of the library, latents (N, D) float32 (means over time of a
    series), labels N, paths N, seconds (N,)."""

    ids: NDArray[np.int64]
    latents: NDArray[np.float32]
    labels: tuple[str, ...]
    paths: tuple[str, ...]
    seconds: NDArray[np.float32]

    @classmethod
    def none(cls) -> Places:
        """Those of a project without sounds."""
        return cls(np.zeros(0, np.int64), np.zeros((0, 0), np.float32), (), (), np.zeros(0, np.float32))


def places(instrument: Instrument, project: ProjectFolder) -> Places:
    """Encode every included sound; known ones come from the project's cache. Raises NotOffered, NothingToLearn."""
    return next(event.value for event in locate(instrument, project) if isinstance(event, Produced))


def locate(instrument: Instrument, project: ProjectFolder, batch: int = 32) -> Work:
    """`places` as work: Produced carries the Places. Between two batches whoever drives it can do something quicker."""
    from studio.library import reader

    yield Started(what="places")
    material = instrument.material
    yield from (event for event in reader.prepare(project, material) if isinstance(event, Progress))
    sounds = reader.load(project, material)
    keys = [_key(sounds, row) for row in range(len(sounds))]
    path = project.cache / f"places-{instrument.checkpoint.model[:24]}.npz"
    known = _known(path)
    missing = [i for i, key in enumerate(keys) if key not in known]
    for start in range(0, len(missing), batch):
        rows = missing[start : start + batch]
        examples = sounds.batch(rows, instrument.model.device)
        with torch.no_grad():
            latents = instrument.model.encode(examples.audio)
        latents = latents.mean(1) if latents.ndim == 3 else latents
        known.update({keys[i]: latent for i, latent in zip(rows, latents.cpu().numpy().astype(np.float32))})
        yield Progress(done=start + len(rows), total=len(missing))
    if missing:
        _keep(path, known)
    yield Produced(kind="places", value=_gather(instrument, sounds, keys, known))
    yield Finished()


def _gather(instrument: Instrument, sounds: TrainingSet, keys: list[str], known: dict[str, NDArray[np.float32]]) -> Places:
    first = {int(id): row for row, id in reversed(list(enumerate(sounds.ids)))}  # a sliced sound is where its first piece is
    rows = sorted(first.values())
    size = instrument.controls.latent.size if instrument.controls.latent else 0
    return Places(
        ids=sounds.ids[rows],
        latents=np.stack([known[keys[row]] for row in rows]) if rows else np.zeros((0, size), np.float32),
        labels=tuple(sounds.labels[sounds.label[row]] if sounds.label[row] >= 0 else "" for row in rows),
        paths=tuple(sounds.paths[row] for row in rows),
        seconds=sounds.seconds[rows],
    )


def _key(sounds: TrainingSet, row: int) -> str:
    """A name for what the model hears of this example."""
    return hashlib.blake2b(sounds.piece(row).tobytes(), digest_size=16).hexdigest()


def _known(path: Path) -> dict[str, NDArray[np.float32]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(zip(file["keys"].tolist(), file["latents"].astype(np.float32)))
    except TORN_ARRAY:
        return {}


def _keep(path: Path, known: dict[str, NDArray[np.float32]]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, keys=np.array(list(known)), latents=np.stack(list(known.values())))
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(StudioError):  # a full disk costs time, not the map
        atomic.write_bytes(path, buffer.getvalue())
