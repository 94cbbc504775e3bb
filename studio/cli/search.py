"""The verb that looks for better settings."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from studio.cli.folders import open_project, settings_of, short
from studio.errors import BadConfig, UsageError
from studio.events import Finished, Work
from studio.project.folder import ProjectFolder
from studio.training.searches import ENDS, SearchFolder, all_of


def search(args: Namespace) -> Work:
    with contextlib.closing(open_project(args.project)) as project:
        if args.resume is not None or args.stop is not None:
            if args.model or args.minutes or args.over or args.settings or args.trial or args.shared:
                raise UsageError(reason="A search that has begun keeps its settings")
            folder = _known(project, args.resume or args.stop or "")
            if args.stop is not None:
                asked = folder.alive()
                if asked:
                    folder.ask_to_stop()
                yield Finished(result={"search": str(folder.path), "state": folder.status().state, "asked": asked})
                return
        else:
            folder = _prepared(project, args)
    from studio.training.search import search as core

    yield from core(folder, args.workers)


def say_search(result: dict[str, Any]) -> Iterator[str]:
    name = Path(result["search"]).name
    if "asked" in result:
        yield f"Asked {name} to stop" if result["asked"] else f"{name} is {result['state']}"
        return
    yield f"{result['state'].capitalize()} after {result['trials']} trials: {result['search']}"
    for title, one in (("usual", result["default"]), ("best", result["best"])):
        if one is not None and one["value"] is not None:
            settings = " ".join(f"{name}={short(value)}" for name, value in one["settings"].items())
            yield f"  {title:5}  {result['metric']} {short(one['value'])}  {settings}"
    if result["sentence"]:
        yield result["sentence"]
    if result["preset"]:
        yield f"Train with them: wavewright train PROJECT --preset “{result['preset']}”"
    elif result["state"] == "stopped":
        yield f"Go on with: wavewright search PROJECT --resume {name}"


def _known(project: ProjectFolder, name: str) -> SearchFolder:
    """The search of that folder or title; without a name the newest."""
    there = all_of(project)
    for folder in reversed(there):
        if not name or name in (folder.name, folder.file.name):
            return folder
    raise UsageError(reason=f"There is no search “{name}”; there are: {', '.join(f.name for f in there) or 'none'}")


def _prepared(project: ProjectFolder, args: Namespace) -> SearchFolder:
    """A new search from the words of the command line."""
    from studio import fields
    from studio.library.reader import facts
    from studio.models import base
    from studio.training import space
    from studio.training.plan import TrainerConfig
    from studio.training.trial import usual_workers

    family = base.family(args.model or "oneshot")
    data = facts(project)
    recommended = family.recommended(data)
    theirs, trainers = fields.describe(family.Config), fields.describe(TrainerConfig)
    ours: dict[str, Any] = {}
    plan: dict[str, Any] = {"device": args.device} if args.device else {}
    for key, value in settings_of(args.settings).items():
        (ours if key in {field.name for field in theirs} else plan)[key] = value
    config = fields.configure(recommended, ours)
    usual = msgspec.to_builtins(config)
    trainer = msgspec.to_builtins(fields.configure(TrainerConfig(), plan))
    if args.minutes is None:
        raise UsageError(reason="Say for how long: --minutes 20")
    offered = {s.name: s for s in (*space.offered(trainers, trainer, plan=True), *space.offered(theirs, usual))}
    if args.over:
        every = [(f, trainer[f.name], True) for f in trainers] + [(f, usual[f.name], False) for f in theirs]
        spans = space.named(args.over, offered, every)
    else:
        spans = tuple(offered.values())
    space.comparable(spans, lambda changes: family.material(fields.configure(config, changes), data))
    if ends := set(ENDS) & set(plan):
        raise BadConfig(name=", ".join(ends), reason="all trials are equally long; use --minutes and --trial")
    standard = msgspec.to_builtins(TrainerConfig())
    return SearchFolder.create(
        project,
        family.info.id,
        spans,
        args.minutes,
        config=usual,
        own={k: v for k, v in usual.items() if v != msgspec.to_builtins(recommended)[k]},
        plan={k: v for k, v in trainer.items() if v != standard[k]},
        trial=args.trial,
        workers=args.workers or usual_workers(args.device or "auto"),
        shared=args.shared,
    )
