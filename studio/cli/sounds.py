"""The verbs that make sounds: generate, encode, decode, morph, export."""

from __future__ import annotations

import io
from argparse import Namespace
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from studio.cli.folders import (
    absolute,
    at_least,
    cache,
    classes_of,
    device_of,
    find_run,
    instrument_of,
    open_project,
    playable,
    settings_of,
    unwritten,
)
from studio.errors import NotOffered, UsageError
from studio.events import Finished, Produced, Progress, Started, Work
from studio.project import atomic
from studio.project.recipe import Request

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.audio.sound import Sound
    from studio.export.base import Item
    from studio.generate import Instrument
    from studio.project.folder import ProjectFolder
    from studio.project.state import ClipFile

DRAWN = 256
"""Sounds drawn from a model's prior that say how wide its space is."""


def generate(args: Namespace) -> Work:
    from studio import generate as core

    request = Request(
        classes=classes_of(args.classes), pitch=args.pitch, velocity=args.velocity, seconds=args.seconds, text=args.text,
        speaker=args.speaker, prompt=absolute(args.prompt), input=absolute(args.input), temperature=args.temperature,
        seed=args.seed, count=at_least(args.count, 1, "--count"),
    )  # fmt: skip
    if args.recipe:
        yield from _again(args)
        return
    if args.checked and args.per_class is None:
        raise UsageError(reason="--checked needs --per-class: how many of each label")
    if args.like and args.per_class is not None:
        raise UsageError(reason="--like and --per-class can't go together")
    if args.like:
        yield from _like(args, request)
        return
    if args.radius is not None:
        raise UsageError(reason="--radius needs --like: how far from which sound")
    if args.per_class is not None:
        from studio import augment

        each = at_least(args.per_class, 1, "--per-class")
        target, out, device = playable(args.target), Path(args.out), device_of(args.device)
        yield from augment.per_class(target, each, out, request, checked=args.checked, device=device, cache=cache())
        return
    yield from core.generate(playable(args.target), request, Path(args.out), device=device_of(args.device), cache=cache())


def say_generate(result: dict[str, Any]) -> Iterator[str]:
    """Only what the paths that were told already do not say."""
    for label, count in result.get("labels", {}).items():
        yield f"{label:24} {count} new sounds"
    if dropped := {reason: count for reason, count in result.get("dropped", {}).items() if count}:
        yield "left out: " + ", ".join(f"{count} {reason}" for reason, count in dropped.items())


def _again(args: Namespace) -> Work:
    """The sound of a file that carries its recipe, made anew: the same samples, where the project still has the model."""
    from studio import generate as core
    from studio.audio import files, riff
    from studio.project.recipe import from_json

    path = Path(args.recipe)
    yield Started(what="generate", total=1)
    data = riff.embedded_recipe(path)
    if data is None:
        raise UsageError(reason=f"“{path.name}” carries no recipe; only files that Wavewright wrote do")
    recipe = from_json(data)
    sound = core.regenerate(recipe, open_project(args.target), device=device_of(args.device), cache=cache())
    out = Path(args.out).absolute()
    out.mkdir(parents=True, exist_ok=True)
    made = files.unused(out / f"{path.stem}.wav")
    files.write(made, sound, recipe=recipe.to_json(), info={"ICMT": recipe.short(), "ISFT": "Wavewright"})
    yield Produced(kind="sound", path=str(made))
    yield Finished(result={"files": [str(made)]})


def _like(args: Namespace, request: Request) -> Work:
    """New sounds around a file, spread as widely as R times what the model itself draws."""
    import numpy as np

    from studio.audio import files
    from studio.explore.mutate import mutate

    radius = 0.5 if args.radius is None else args.radius
    if not 0 <= radius <= 10:
        raise UsageError(reason="--radius must be from 0 to 10")
    yield Started(what="generate", total=request.count)
    sound = files.read(args.like)
    instrument = instrument_of(Namespace(run=args.target, device=args.device), compile=False)
    centre = np.atleast_2d(_encoded(instrument, sound, args.like))
    drawn = instrument.resolve(msgspec.structs.replace(request, count=DRAWN, seed=0))
    known = np.stack([np.mean(one.latent or (), axis=0) for one in drawn])
    middle = centre.mean(axis=0)
    around = mutate(middle, known, radius, request.count, request.seed)
    made = [
        msgspec.structs.replace(request, latent=_rows(centre + z - middle), seed=request.seed + i, count=1)
        for i, z in enumerate(around)
    ]
    yield from _render(instrument, made, Path(args.out).absolute(), f"like {Path(args.like).stem}")


def encode(args: Namespace) -> Work:
    import numpy as np

    from studio.audio import files

    out = unwritten(args.out, ".npy")
    yield Started(what="encode")
    sound = files.read(args.sound)
    instrument = instrument_of(args, compile=False)
    latent = _encoded(instrument, sound, args.sound)
    heard = [round(second, 4) for second in instrument.hears(sound)]
    buffer = io.BytesIO()
    np.save(buffer, latent, allow_pickle=False)
    atomic.write_bytes(out, buffer.getvalue())
    yield Produced(kind="latent", path=str(out))
    yield Finished(result={"files": [str(out)], "shape": list(latent.shape), "heard": heard, "seconds": sound.seconds})


def say_encode(result: dict[str, Any]) -> Iterator[str]:
    start, end = result["heard"]
    if result["seconds"] > 0.1 and end - start < 0.9 * result["seconds"]:
        yield f"Of {result['seconds']:.2f} s the model hears {start:.2f} to {end:.2f} s"


def decode(args: Namespace) -> Work:
    from studio.cli.latents import read

    out = unwritten(args.out, ".wav")
    yield Started(what="decode")
    instrument = instrument_of(args, compile=False)
    classes = classes_of(args.classes)
    asked = [Request(latent=_rows(z), classes=classes, seed=args.seed) for z in read(Path(args.latent), instrument.controls)]
    yield from _render(instrument, asked, out.parent, out.stem)


def morph(args: Namespace) -> Work:
    from studio.audio import files
    from studio.explore.morph import morph as between
    from studio.explore.pins import shape_of

    steps = at_least(args.steps, 2, "--steps")
    yield Started(what="morph", total=steps)
    sounds = [files.read(path) for path in (args.a, args.b)]
    instrument = instrument_of(args, compile=False)
    a, b = (_encoded(instrument, sound, path) for sound, path in zip(sounds, (args.a, args.b)))
    if a.ndim == 2:  # a series: as long as the shorter of both
        a, b = a[: len(b)], b[: len(a)]
    latent = instrument.controls.latent
    shape = args.shape or shape_of(latent.prior if latent is not None else "")
    way = between(a.ravel(), b.ravel(), steps, shape).reshape(steps, -1, a.shape[-1])
    stem = f"{Path(args.a).stem} to {Path(args.b).stem}"
    yield from _render(instrument, [Request(latent=_rows(z), seed=args.seed) for z in way], Path(args.out).absolute(), stem)


def export(args: Namespace) -> Work:
    from studio.export.base import exporter
    from studio.fields import configure

    if args.format == "tensorboard":
        yield from _curves(args)
        return
    format = exporter(args.format)
    settings = settings_of(args.settings)
    settings |= {k: v for k, v in (("bits", args.bits), ("rate", args.rate)) if v is not None}
    options = configure(format.Options(), settings)
    out = Path(args.out).absolute()
    yield from format.write(list(_items(args.targets, out)), out, options, args.names)


def say_export(result: dict[str, Any]) -> Iterator[str]:
    """Only what the paths that were told already do not say."""
    from studio.export.making import said

    for problem in result.get("problems", ()):
        yield f"left out: {problem['name']}: {problem['reason']}"
    if len(result.get("files", ())) > 1:
        yield f"{len(result['files'])} files, {said(sum(Path(file).stat().st_size for file in result['files']))}"


def _curves(args: Namespace) -> Work:
    """Runs, or the newest of projects, for TensorBoard."""
    from studio.training import tensorboard

    if args.settings or args.bits or args.rate:
        raise UsageError(reason="Event files for TensorBoard have no options")
    yield from tensorboard.export([find_run(target) for target in args.targets], Path(args.out).absolute())


def _encoded(instrument: Instrument, sound: Sound, path: str) -> NDArray[np.float32]:
    """Where the model hears a file: (D,), or (frames, D). Raises NotOffered, SilentAudio, BadLatent."""
    if instrument.controls.latent is None:
        raise NotOffered(name="finding a sound in it", known=", ".join(instrument.controls.offered()) or "new sounds")
    return instrument.encode(sound, name=Path(path).name)


def _rows(latent: Any) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(float, row)) for row in latent)


def _render(instrument: Instrument, requests: list[Request], folder: Path, stem: str) -> Work:
    """One WAV with its recipe for each request, numbered where there are several."""
    from studio.audio import files

    folder.mkdir(parents=True, exist_ok=True)
    made: list[str] = []
    for number, request in enumerate(requests, 1):
        sound = next(iter(instrument.render(request)))
        recipe = instrument.recipe(request)
        name = stem if len(requests) == 1 else f"{stem} {number:0{len(str(len(requests)))}}"
        path = files.unused(folder / f"{name}.wav")
        files.write(path, sound, recipe=recipe.to_json(), info={"ICMT": recipe.short(), "ISFT": "Wavewright"})
        made.append(str(path))
        yield Produced(kind="sound", path=str(path))
        yield Progress(done=number, total=len(requests))
    yield Finished(result={"files": made})


def _items(targets: Iterable[str], out: Path) -> Iterator[Item]:
    """What `export` writes: the clips of projects with their edits, files as they are, and folders of files with their tree."""
    from studio.export import items

    for target in targets:
        path = Path(target).absolute()
        if (path / "project.json").is_file():
            project = open_project(path)
            yield from (items.of_clip(clip, partial(_clip_sound, project, clip)) for clip in reversed(project.clips()))
        elif path.is_dir():
            found = list(items.in_folder(path, leaving=out))
            if not found:
                raise UsageError(reason=f"There is no sound in “{path.name}”")
            yield from found
        else:
            yield items.of_file(path)


def _clip_sound(project: ProjectFolder, clip: ClipFile) -> Sound:
    """A clip with its edits."""
    from studio.audio import steps

    return steps.apply(project.clip_sound(clip.id), clip.edits, project.material)
