"""The thread that owns the model, the device and every torch call of the window's process.

    engine.warm_up()                       right after the first paint: torch is imported in the engine's thread
    engine.open_model(folder)              → opened(ModelFacts)
    engine.render(request, tag="explore")  → rendered(Rendered); the newest request of a tag wins
    engine.encode(path, tag)               → encoded(Encoded)
    engine.make_places(project)            → places(Places)
    engine.make_axes(project, axes, …)     → named(Named)

A model plays with PyTorch at once. Where its decoder was never compiled on this machine, a process of its own does that, and
the engine takes over what comes out.

Requests are posted from the window's thread and return at once; facts come back there. Rendering and encoding pass between the
steps of longer work, so that the cursor stays alive while a map is being made.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from studio.audio.sound import Sound
from studio.engine import device
from studio.engine.device import DeviceFacts
from studio.engine.evaluations import Evaluations
from studio.engine.jobs import JobRunner, Ticket, Told
from studio.errors import NothingToLearn, UsageError
from studio.events import Failed, Finished, Produced, Progress, Started, Work
from studio.fields import Field, describe
from studio.models.controls import Controls, DataFacts, Info, Material
from studio.project.recipe import Recipe, Request

if TYPE_CHECKING:
    from studio.explore.axes import Axes
    from studio.explore.naming import Walk
    from studio.generate import Instrument
    from studio.project.folder import ProjectFolder
    from studio.training.fit import Fit
    from studio.training.plan import TrainerConfig
    from studio.training.presets import Preset

log = logging.getLogger(__name__)
MEMORY = 2000
"""Milliseconds between two looks at the memory of the device."""
LONGEST = 120
"""Seconds of a file that are looked at to find it in a model."""
IDLE, AHEAD, OFFER, HAND = -1, 1, 2, 3
"""How urgent a sound is: nobody waits for it, it may be wanted soon, it is shown for choosing, the hand waits for it. Long work
comes between the first two."""


REST = 0.4
"""Seconds after the last sound was asked for until work that nobody waits for goes on."""


@dataclass(frozen=True)
class FamilyFacts:
    """A model family for its card: what it is, its form, what it recommends here, the presets that come with it, minutes of
    patience and memory."""

    info: Info
    fields: tuple[Field, ...]
    recommended: dict[str, Any]
    seconds_to_first_sound: float | None = None
    fits: bool = True
    ready: bool = True
    reason: str = ""
    presets: tuple[Preset, ...] = ()


@dataclass(frozen=True)
class ModelFacts:
    """The model that is open. `backend` is "torch" or "onnx"; `model` the hash of its weights."""

    folder: Path
    controls: Controls
    family: str
    step: int
    backend: str
    material: Material | None = None
    data: DataFacts | None = None
    model: str = ""
    run: str = ""
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Rendered:
    """A sound that was asked for. `request` is resolved: its latent and seed give this very sound again; `index` of `count`.
    original: the sound before edits were done to it, which are then in its recipe."""

    tag: Hashable
    request: Request
    sound: Sound
    recipe: Recipe
    index: int = 0
    original: Sound | None = None


@dataclass(frozen=True, eq=False)
class Encoded:
    """A file in the model's words: its latent (D,), how the model says it, and how far that is from the original in dB.

    original: the part of it that the model hears, from second `start`; whole: how many seconds there are; request: what gave
    the reconstruction
    """

    tag: Hashable
    path: Path | None
    latent: np.ndarray
    reconstruction: Sound
    distance: float
    original: Sound
    start: float = 0.0
    whole: float = 0.0
    request: Request = field(default_factory=Request)


@dataclass(frozen=True, eq=False)
class Named:
    """What was heard along the axes of a model, by the hash of its weights."""

    model: str
    walk: Walk


@dataclass(frozen=True)
class FitFacts:
    """What a training of `family` with these settings needs here, measured in a process of its own."""

    family: str
    config: dict[str, Any]
    fit: Fit


class Engine(QObject):
    ready = Signal(object)
    """DeviceFacts: torch is there and the device is known; told again when its memory changes."""

    families = Signal(object)
    """tuple[FamilyFacts, ...]"""

    opened = Signal(object)
    """ModelFacts"""

    places = Signal(object)
    """Places of the project's sounds in the open model."""

    rendered = Signal(object)
    encoded = Signal(object)
    failed = Signal(object)
    """Failed"""

    named = Signal(object)
    """Named: what was heard along the axes of the open model."""

    viewed = Signal(object)
    """View of the project's sounds by their neighbours (explore/view.py)."""

    busy = Signal(object)
    """Told: progress of longer work (tags "open", "places", "families")."""

    fitted = Signal(object)
    """FitFacts: what was asked of `try_fit`. Nothing where it could not be tried."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.runner = JobRunner("engine", self)
        self.runner.event.connect(self._on_event)
        self._helper = JobRunner("compiler", self)
        self._helper.event.connect(self._on_helper)
        self.evaluations = Evaluations(self)
        self.facts: DeviceFacts | None = None
        self.model: ModelFacts | None = None
        self.described: tuple[FamilyFacts, ...] = ()
        """The families as last told."""

        self._instrument: Instrument | None = None  # touched in the engine's thread only
        self._gpu: device.Gpu | None = None
        self._compute = "auto"
        self._renders: dict[Hashable, Ticket] = {}
        self._pids: frozenset[int] = frozenset()
        self._asked = 0.0  # when a sound was last asked for
        self._closed = False
        self._timer = QTimer(self)
        self._timer.setInterval(MEMORY)
        self._timer.timeout.connect(self._look)

    # ---- requests
    def warm_up(self, compute: str = "auto") -> None:
        """Import torch and find the device. `compute` is auto, cpu or gpu."""
        self._compute = compute
        self.runner.submit(self._warm_up, "warm")

    def describe_families(self, project: ProjectFolder | None = None) -> None:
        """Tell every family with what it recommends for the sounds of `project`."""
        self.runner.submit(lambda: self._families(project), "families", newest=True)

    def try_fit(self, project: ProjectFolder, family: str, config: dict[str, Any], plan: TrainerConfig) -> None:
        """Measure whether a training would fit: some seconds of a process of the lowest priority. The newest asked counts."""
        self._helper.cancel("fit")
        self._helper.submit(lambda: self._fit(project, family, config, plan), "fit", newest=True)

    def open_model(self, folder: Path) -> None:
        """Open the best checkpoint of a run folder, or a checkpoint folder."""
        self.runner.cancel("axes")
        self.runner.submit(lambda: self._open(Path(folder)), "open", newest=True)

    def close_model(self) -> None:
        """Free the model's memory."""
        self.model = None
        self.runner.submit(self._close, "open", newest=True)

    def render(
        self, request: Request, tag: Hashable = "render", *, newest: bool = True, urgent: int = HAND, backend: str = ""
    ) -> Ticket:
        """Make the sounds of `request`. With `newest` an older request of the same tag is dropped, waiting or running.
        backend: that of a recipe, so that its sound comes back bit for bit; the present one where it isn't there."""
        self._asked = time.monotonic()
        if newest and tag in self._renders:
            self._renders[tag].cancel()
        ticket = self.runner.submit(lambda: self._render(request, tag, backend), ("render", tag), newest=newest, urgent=urgent)
        if newest:
            self._renders[tag] = ticket
        return ticket

    def encode(self, source: Path | str | Sound, tag: Hashable = "encode", label: str | None = None) -> Ticket:
        """Find a file or a sound in the model's space."""
        return self.runner.submit(lambda: self._encode(source, tag, label), ("encode", tag), newest=True, urgent=HAND)

    def make_places(self, project: ProjectFolder) -> None:
        """Find every sound of the project in the model's space; what is known is kept in the project's cache."""
        self.runner.submit(lambda: self._places(project), "places", newest=True)

    def make_axes(self, project: ProjectFolder, axes: Axes, latents: NDArray[np.floating], labels: Sequence[str]) -> None:
        """Hear what `axes` do, from some of the sounds at `latents` (N, D) with their labels; anything else goes first."""
        self.runner.cancel("axes")
        self.runner.submit(lambda: self._axes(project, axes, latents, labels), "axes", urgent=IDLE)

    def make_view(self, work: Callable[[], Work]) -> Ticket:
        """Wait for the process of an explore.view.compute; progress by `busy` with the tag "view"."""
        self._helper.cancel("view")
        return self._helper.submit(work, "view", newest=True, urgent=True)

    def watch(self, pids: frozenset[int]) -> None:
        """Processes whose GPU memory counts as ours."""
        self._pids = pids

    def evaluate(self, run: Path) -> None:
        """Measure how good a run is, in a process of its own; `evaluations` tells how far it is."""
        self.evaluations.start(run, "cpu" if self._compute == "cpu" else "auto")

    def close(self) -> bool:
        """Cancel everything and end the thread; what is told afterwards is not listened to."""
        self._closed = True
        self._timer.stop()
        ended = self.evaluations.close() and self._helper.close() and self.runner.close()
        if self._gpu is not None:
            self._gpu.close()
        return ended

    # ---- work, in the engine's thread
    def _warm_up(self) -> Work:
        yield Started(what="warm")
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        import torch

        torch.set_num_threads(1)
        torch.set_flush_denormal(True)
        torch.set_grad_enabled(False)
        self._gpu = device.find_gpu()
        yield Produced(kind="ready", value=self._device_facts())
        yield Finished()

    def _device_facts(self) -> DeviceFacts:
        import torch

        if self._compute != "cpu" and torch.cuda.is_available():
            pids = {os.getpid(), *self._pids}
            if self._gpu is not None:
                try:
                    return self._gpu.facts(pids)
                except OSError as error:
                    log.info("%s", error)
                    self._gpu = None
            free, total = torch.cuda.mem_get_info()
            ours = torch.cuda.memory_reserved()
            return DeviceFacts("cuda", torch.cuda.get_device_name(), device.threads(), total, ours, total - free - ours)
        if self._compute != "cpu" and torch.backends.mps.is_available():
            return DeviceFacts("mps", "Apple GPU", device.threads(), device.cpu().total, torch.mps.driver_allocated_memory())
        problem = ""
        if self._gpu is not None and self._compute != "cpu":
            problem = f"{self._gpu.name} is there, but this PyTorch ({torch.__version__}) can't use it"
        return device.cpu(problem)

    def _device(self) -> str:
        import torch

        if self._compute != "cpu":
            if torch.cuda.is_available():
                return "cuda"
            if torch.backends.mps.is_available():
                return "mps"
        return "cpu"

    def _families(self, project: ProjectFolder | None) -> Work:
        yield Started(what="families")
        from studio.models.base import families
        from studio.training import fit, presets

        found = []
        data, now = _data_facts(project), self._device_facts()
        for family in families().values():
            config = family.recommended(data)
            missing = family.missing(data)
            guess = replace(fit.estimate(family, config, data, device=now.kind), total=now.total, others=now.others)
            found.append(
                FamilyFacts(
                    info=family.info,
                    fields=describe(family.Config),
                    recommended=msgspec.to_builtins(config),
                    seconds_to_first_sound=guess.first_sound if data.count else None,
                    fits=guess.fits,
                    presets=presets.of(family),
                    ready=not missing,
                    reason=missing,
                )
            )
            yield Produced(kind="family", value=family.info)
        yield Produced(kind="families", value=tuple(found))
        yield Finished()

    def _open(self, folder: Path) -> Work:
        yield Started(what="open")
        from studio.generate import Instrument, best_checkpoint
        from studio.settings import cache_folder

        checkpoint = best_checkpoint(folder)
        cache = cache_folder() / "models"
        instrument = Instrument.open(checkpoint, device=self._device(), cache=cache, compile=False)
        if instrument.compiled_before(cache):
            instrument.compile(cache)
        self._instrument = instrument
        file = instrument.checkpoint
        facts = ModelFacts(
            folder=checkpoint,
            controls=instrument.controls,
            family=file.family,
            step=file.step,
            backend=instrument.backend,
            material=instrument.material,
            data=instrument.data,
            model=file.model,
            run=instrument.run,
            metrics=dict(file.metrics),
        )
        yield Produced(kind="opened", value=facts)
        yield Finished()

    def _precompile(self, folder: Path) -> Work:
        """In the helper's thread: wait for the process that compiles the decoder. Closing this ends the process."""
        from studio.generate import precompile
        from studio.settings import cache_folder

        yield Started(what="compile")
        child = multiprocessing.get_context("spawn").Process(
            target=precompile, args=(str(folder), str(cache_folder() / "models")), daemon=True
        )
        child.start()
        try:
            while child.is_alive():
                yield Progress(done=0)
                child.join(0.1)
        finally:
            child.kill()
            child.join()
            child.close()
        yield Produced(kind="compiled", value=folder)
        yield Finished()

    def _fit(self, project: ProjectFolder, family: str, config: dict[str, Any], plan: TrainerConfig) -> Work:
        """In the helper's thread: wait for the process that takes a few steps. Closing this ends the process."""
        from studio.training import fit

        if self._compute == "cpu" and plan.device == "auto":
            plan = msgspec.structs.replace(plan, device="cpu")
        for event in fit.probe(family, config, _data_facts(project), plan):
            if isinstance(event, Finished):
                yield Produced(kind="fitted", value=FitFacts(family, config, event.result["fit"]))
            yield event

    def _take_compiled(self, folder: Path) -> Work:
        """In the engine's thread: play with the compiled decoder from now on, if that model is still open."""
        from studio.settings import cache_folder

        yield Started(what="compile")
        instrument, cache = self._instrument, cache_folder() / "models"
        if instrument is not None and instrument.folder == folder and instrument.compiled_before(cache):
            instrument.compile(cache)
            yield Produced(kind="backend", value=(folder, instrument.backend))
        yield Finished()

    def _close(self) -> Work:
        self._instrument = None
        yield Finished()

    def _need(self) -> Instrument:
        if self._instrument is None:
            raise UsageError(reason="Open a model first")
        return self._instrument

    def _render(self, request: Request, tag: Hashable, backend: str = "") -> Work:
        yield Started(what="render", total=request.count)
        instrument = self._need()
        for index, one in enumerate(instrument.resolve(request)):
            sound = next(iter(instrument.render(one, backend=backend)))
            recipe = instrument.recipe(one)
            if backend == "torch":
                recipe = msgspec.structs.replace(recipe, backend=backend)
            yield Produced(kind="rendered", value=Rendered(tag, one, sound, recipe, index))
        yield Finished()

    def _encode(self, source: Path | str | Sound, tag: Hashable, label: str | None) -> Work:
        yield Started(what="encode")
        from studio.audio import files
        from studio.models.said import said_again

        instrument = self._need()
        path = None if isinstance(source, Sound) else Path(source)
        if isinstance(source, Sound):
            sound, whole = source, source.seconds
        else:
            info = files.probe(source)
            sound, whole = files.read(source, frames=min(info.frames, LONGEST * info.rate)), info.seconds
        latent = np.asarray(instrument.encode(sound, label, name=path.name if path is not None else "This sound"), np.float32)
        start, end = instrument.hears(sound)
        first = round(start * sound.rate)
        sound = Sound(sound.samples[:, first : max(first + 1, round(end * sound.rate))], sound.rate)
        yield Started(what="encode")
        request = said_again(instrument.controls, sound, latent, label or "")
        again = next(iter(instrument.render(request)))
        value = Encoded(tag, path, latent, again, _distance(sound, again), sound, start, whole, request)
        yield Produced(kind="encoded", value=value)
        yield Finished()

    def _places(self, project: ProjectFolder) -> Work:
        from studio import generate

        try:
            yield from generate.locate(self._need(), project, batch=8)
        except NothingToLearn:  # a project whose first sounds are still being looked at is nobody's fault
            yield Produced(kind="places", value=generate.Places.none())

    def _axes(self, project: ProjectFolder, axes: Axes, latents: NDArray[np.floating], labels: Sequence[str]) -> Work:
        from studio.explore import naming

        instrument = self._need()
        model = instrument.checkpoint.model
        for event in naming.walk(axes, latents, instrument.at(labels), project.cache / f"axes-{model[:24]}.npz"):
            yield Produced(kind="named", value=Named(model, event.value)) if isinstance(event, Produced) else event
            while time.monotonic() - self._asked < REST:
                time.sleep(0.002)
                yield Progress(done=0)

    def _memory(self) -> Work:
        yield Produced(kind="ready", value=self._device_facts())

    # ---- facts, in the window's thread
    @Slot()
    def _look(self) -> None:
        if not self.runner.busy:
            self.runner.submit(self._memory, "memory", newest=True)

    @Slot(object)
    def _on_event(self, told: Told) -> None:
        if self._closed:  # it was on its way
            return
        event = told.event
        if isinstance(event, Produced):
            self._produced(event)
        elif isinstance(event, Failed) and told.tag != "memory":
            self.failed.emit(event)
        if isinstance(told.tag, str) and told.tag in ("open", "places", "families", "warm"):
            self.busy.emit(told)

    @Slot(object)
    def _on_helper(self, told: Told) -> None:
        if told.tag == "view":
            self.busy.emit(told)
            if isinstance(told.event, Produced):
                self.viewed.emit(told.event.value)
        elif told.tag == "fit":
            if isinstance(told.event, Produced):
                self.fitted.emit(told.event.value)
            elif isinstance(told.event, Failed):
                log.info("not tried: %s", told.event.sentence)
        elif isinstance(told.event, Produced):
            folder = told.event.value
            self.runner.submit(lambda: self._take_compiled(folder), "compiled", newest=True)

    def _produced(self, event: Produced) -> None:
        if event.kind == "ready":
            if event.value != self.facts:
                self.facts = event.value
                self.ready.emit(event.value)
            if not self._timer.isActive():
                self._timer.start()
        elif event.kind == "opened":
            model = self.model = event.value
            self.opened.emit(model)
            if model.backend == "torch" and self.facts is not None and self.facts.kind == "cpu":
                self._helper.cancel("compile")
                self._helper.submit(lambda: self._precompile(model.folder), "compile", newest=True)
        elif event.kind == "backend":
            folder, backend = event.value
            if self.model is not None and self.model.folder == folder:
                self.model = replace(self.model, backend=backend)
        elif event.kind == "families":
            self.described = event.value
            self.families.emit(event.value)
        elif event.kind in ("places", "named", "rendered", "encoded"):
            getattr(self, event.kind).emit(event.value)


def _data_facts(project: ProjectFolder | None) -> DataFacts:
    """What is known of a project's included sounds without decoding them."""
    if project is None:
        return DataFacts(count=0)
    from studio.library import reader

    try:
        return reader.facts(project)
    except NothingToLearn:
        return DataFacts(count=0)


def _distance(first: Sound, second: Sound) -> float:
    """Mean difference of the log-mel pictures of two sounds in dB, measured as the previews of a training measure it."""
    from studio.audio import files
    from studio.training.previews import distance

    if first.rate != second.rate:
        first = files.resample(first, second.rate)
    return distance(first, second)
