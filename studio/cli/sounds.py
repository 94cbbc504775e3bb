"""The verbs that make sounds: generate, encode, decode, morph, export."""

from __future__ import annotations

import contextlib
import io
from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from studio.cli.folders import (
    absolute,
    at_least,
    cache,
    classes_of,
    device_of,
    instrument_of,
    open_project,
    playable,
    recipe_of,
    settings_of,
    unwritten,
)
from studio.errors import BrokenFile, NotAProject, StudioError
from studio.events import Finished, Produced, Progress, Started, Work
from studio.project import atomic
from studio.project.recipe import Request

if TYPE_CHECKING:
    from studio.export.base import Item
    from studio.generate import Instrument


def generate(args: Namespace) -> Work:
    from studio import generate as core

    request = Request(
        classes=classes_of(args.classes), pitch=args.pitch, velocity=args.velocity, seconds=args.seconds, text=args.text,
        speaker=args.speaker, prompt=absolute(args.prompt), input=absolute(args.input), temperature=args.temperature,
        seed=args.seed, count=at_least(args.count, 1, "--count"),
    )  # fmt: skip
    yield from core.generate(playable(args.target), request, Path(args.out), device=device_of(args.device), cache=cache())


def encode(args: Namespace) -> Work:
    import numpy as np

    from studio.audio import files

    out = unwritten(args.out, ".npy")
    yield Started(what="encode")
    latent = instrument_of(args, compile=False).encode(files.read(args.sound))
    buffer = io.BytesIO()
    np.save(buffer, latent, allow_pickle=False)
    atomic.write_bytes(out, buffer.getvalue())
    yield Produced(kind="latent", path=str(out))
    yield Finished(result={"files": [str(out)], "shape": list(latent.shape)})


def decode(args: Namespace) -> Work:
    import numpy as np

    out = unwritten(args.out, ".wav")
    yield Started(what="decode")
    try:
        values = np.load(args.latent, allow_pickle=False).astype(float)
    except (OSError, ValueError, EOFError) as error:
        raise BrokenFile(name=Path(args.latent).name, reason="it is not a latent that `wavewright encode` wrote") from error
    instrument = instrument_of(args, compile=False)
    one_sound = instrument.controls.latent is not None and instrument.controls.latent.kind == "series"
    latents = [np.atleast_2d(values)] if one_sound else list(np.atleast_2d(values)[:, None])
    yield from _render(instrument, [(z, args.seed) for z in latents], classes_of(args.classes), out.parent, out.stem)


def morph(args: Namespace) -> Work:
    from studio.audio import files
    from studio.explore.morph import morph as between

    steps = at_least(args.steps, 2, "--steps")
    yield Started(what="morph", total=steps)
    sounds = [files.read(path) for path in (args.a, args.b)]
    instrument = instrument_of(args, compile=False)
    a, b = (instrument.encode(sound) for sound in sounds)
    if a.ndim == 2:  # a series: as long as the shorter of both
        a, b = a[: len(b)], b[: len(a)]
    way = between(a.ravel(), b.ravel(), steps, args.shape).reshape(steps, -1, a.shape[-1])
    stem = f"{Path(args.a).stem} to {Path(args.b).stem}"
    yield from _render(instrument, [(z, args.seed) for z in way], {}, Path(args.out).absolute(), stem)


def export(args: Namespace) -> Work:
    from studio.export.base import exporter
    from studio.fields import configure

    format = exporter(args.format)
    settings = settings_of(args.settings)
    settings |= {k: v for k, v in (("bits", args.bits), ("rate", args.rate)) if v is not None}
    options = configure(format.Options(), settings)
    yield from format.write(list(_items(args.targets)), Path(args.out).absolute(), options, args.names)


def _render(instrument: Instrument, latents: list[tuple[Any, int]], classes: dict[str, float], folder: Path, stem: str) -> Work:
    """One WAV with its recipe for each (latent, seed), numbered where there are several."""
    from studio.audio import files

    folder.mkdir(parents=True, exist_ok=True)
    made: list[str] = []
    for number, (latent, seed) in enumerate(latents, 1):
        request = Request(latent=tuple(tuple(map(float, row)) for row in latent), classes=classes, seed=seed)
        sound = next(iter(instrument.render(request)))
        recipe = instrument.recipe(request)
        name = stem if len(latents) == 1 else f"{stem} {number:0{len(str(len(latents)))}}"
        path = files.unused(folder / f"{name}.wav")
        files.write(path, sound, recipe=recipe.to_json(), info={"ICMT": recipe.short(), "ISFT": "Wavewright"})
        made.append(str(path))
        yield Produced(kind="sound", path=str(path))
        yield Progress(done=number, total=len(latents))
    yield Finished(result={"files": made})


def _items(targets: Iterable[str]) -> Iterator[Item]:
    """What `export` writes: the clips of projects with their edits, and files as they are."""
    from studio.audio import edit, riff
    from studio.export.base import Item

    for target in targets:
        path = Path(target).absolute()
        if (path / "project.json").is_file():
            project = open_project(path)
            for clip in reversed(project.clips()):
                sound = edit.apply(project.clip_sound(clip.id), clip.edits)
                made = clip.recipe
                recipe = msgspec.structs.replace(made, edits=(*made.edits, *clip.edits)) if made else None
                yield Item(sound=sound, name=clip.name, recipe=recipe, root=recipe.request.pitch if recipe else None)
        elif path.is_dir():
            raise NotAProject(name=path.name)
        else:
            data = riff.embedded_recipe(path) if path.is_file() else None
            with contextlib.suppress(StudioError):
                root, loops = riff.sampler(path)
                yield Item(path, path.stem, recipe_of(data), root, loops[0] if loops else None)
                continue
            yield Item(sound=path, name=path.stem)
