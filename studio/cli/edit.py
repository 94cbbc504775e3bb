"""The verb `edit`: the steps of the editor done to sound files, one or a whole tree of them.

wavewright edit kick.wav kick2.wav --do "trim-silence" --do "fade-out 50ms"
wavewright edit Drums Converted --do "normalise -1dB" --bits 16 --rate 44100
"""

from __future__ import annotations

import functools
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from studio.cli.folders import unwritten
from studio.errors import ExportError, StudioError, UsageError
from studio.events import Finished, Produced, Progress, Started, Work

if TYPE_CHECKING:
    from studio.audio.sound import Sound
    from studio.audio.step import Parameter
    from studio.export.base import Item
    from studio.export.wav import WavOptions

Steps = Sequence[Mapping[str, Any]]


def edit(args: Namespace) -> Work:
    from studio.audio import files, steps
    from studio.export import items
    from studio.export.wav import WavOptions
    from studio.fields import configure

    if args.list:
        yield Finished(result={"steps": _table()})
        return
    if len(args.paths) < 2:
        raise UsageError(reason="Name what to edit, and where the result goes: edit IN.wav OUT.wav --do …")
    done = [steps.parse(text) for text in args.do]
    brought = {step["sound"]: files.read(step["sound"]) for step in done if "sound" in step}
    options = configure(WavOptions(), {k: v for k, v in (("bits", args.bits), ("rate", args.rate)) if v is not None})
    sources, out = [Path(path).absolute() for path in args.paths[:-1]], Path(args.paths[-1]).absolute()
    if len(sources) == 1 and not sources[0].is_dir() and not out.is_dir():
        yield from _edit([(items.of_file(sources[0]), unwritten(str(out), ".wav"))], done, brought, options, named=True)
    else:
        yield from _edit(list(_tree(sources, out)), done, brought, options, named=False)


def say_edit(result: dict[str, Any]) -> Iterator[str]:
    group = ""
    for step in result.get("steps", ()):
        if step["group"] != group:
            group = step["group"]
            yield f"\n{group.upper()}"
        yield f"  {step['name']:16} {step['sentence']}"
        for parameter in step["parameters"]:
            yield f"      {parameter['name']:12} {parameter['says']}"
    for problem in result.get("problems", ()):
        yield f"  not edited: {problem['path']}: {problem['reason']}"


def _tree(sources: Sequence[Path], out: Path) -> Iterator[tuple[Item, Path]]:
    """Each sound file with the file it becomes in the folder `out`, folders inside folders kept. What is in `out` is left out.

    Raises UsageError where there is none.
    """
    from studio.export import items

    found = False
    for source in sources:
        inside = out / source.name if len(sources) > 1 and source.is_dir() else out
        for item in items.in_folder(source, leaving=out) if source.is_dir() else [items.of_file(source)]:
            found = True
            yield item, inside / item.folder / f"{item.name}.wav"
    if not found:
        raise UsageError(reason="There is no sound file to edit in what was named")


def _edit(
    jobs: Sequence[tuple[Item, Path]], done: Steps, brought: Mapping[str, Sound], options: WavOptions, *, named: bool
) -> Work:
    """One new WAV for each job; `named`: under that very name or not at all. What can't be edited is told, the others go on.
    An error in the only one, or closing this, leaves nothing behind."""
    from studio.export.making import making

    yield Started(what="edit", total=len(jobs))
    files: list[str] = []
    problems: list[dict[str, str]] = []
    with making(jobs[0][1].parent) as made:
        for number, (source, target) in enumerate(jobs):
            yield Progress(done=number, total=len(jobs), note=source.name)
            try:
                item = _edited(source, done, brought)
                made.folder(target.parent)
                if named:
                    _save(item, options, target)
                    made.files.append(target)
                else:
                    target = made.place(target, functools.partial(_save, item, options))
            except StudioError as error:
                if len(jobs) == 1:
                    raise
                problems.append({"path": str(source.sound), "reason": error.message})
                continue
            files.append(str(target))
            yield Produced(kind="file", path=str(target))
        if not files:
            raise ExportError(name=Path(problems[0]["path"]).name, reason=problems[0]["reason"].rstrip("."))
        yield Progress(done=len(jobs), total=len(jobs))
        made.keep()  # from here on they are the user's, whoever closes us
        yield Finished(result={"files": files, "problems": problems})


def _save(item: Item, options: WavOptions, path: Path) -> None:
    from studio.export.wav import Wav

    Wav().save(path, item, options)


def _edited(item: Item, done: Steps, brought: Mapping[str, Sound]) -> Item:
    """The item with the steps done: its root moves with the pitch, its loop and marks stay as long as nothing moves in time."""
    from studio.audio import steps
    from studio.project import materials

    before = item.load()
    sound = steps.apply(before, done, brought.__getitem__)
    recipe = item.recipe
    if recipe is not None:
        named = {name: materials.address(other) for name, other in brought.items()}
        kept = [{**step, "sound": named[step["sound"]]} if "sound" in step else dict(step) for step in done]
        recipe = msgspec.structs.replace(recipe, edits=(*recipe.edits, *kept))
    loop = item.loop if item.loop is not None and item.loop[1] < before.frames else None
    return msgspec.structs.replace(
        item,
        sound=sound,
        recipe=recipe,
        root=None if item.root is None else item.root + steps.transposition(done),
        loop=steps.loop_of(done, sound.rate, sound.frames, loop),
        marks=item.marks if steps.still(done) else (),
        tempo=item.tempo if steps.still(done) else None,
        extent=None,
    )


def _table() -> list[dict[str, Any]]:
    """Every step by group, as `--list` tells it, the person's plug-ins last."""
    from studio.audio.plugins import table
    from studio.audio.steps import PLACE, STEPS, kind_of

    order = list(dict.fromkeys(kind.group for kind in STEPS.values()))
    ours = sorted(STEPS.items(), key=lambda pair: order.index(pair[1].group))
    others = [(f'plugin "{one.name}"', kind_of({"do": "plugin", "plugin": one.identifier})) for one in table.load().plugins]
    return [
        {
            "name": name,
            "group": kind.group,
            "sentence": kind.sentence,
            "parameters": [
                *([{"name": "sound", "says": "A sound file"}] if kind.material else ()),
                *({"name": p.name, "says": _said(p)} for p in (*kind.parameters, *(PLACE if kind.within else ()))),
            ],
        }
        for name, kind in (*ours, *others)
    ]


def _said(parameter: Parameter) -> str:
    """“How much (-120 to 60 dB, must be given)”."""
    parts = []
    if parameter.choices:
        parts.append(" | ".join(parameter.choices))
    elif parameter.low is not None and parameter.high is not None:
        parts.append(f"{parameter.low:g} to {parameter.high:g} {parameter.unit}".strip())
    elif parameter.unit:
        parts.append(parameter.unit)
    if parameter.default is not None:
        shown = parameter.default if isinstance(parameter.default, str) else f"{parameter.default:g}"
        parts.append(f"default {shown}")
    elif not parameter.optional:
        parts.append("must be given")
    words = parameter.help or parameter.label
    return f"{words} ({', '.join(parts)})" if parts else words
