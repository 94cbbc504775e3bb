"""The verbs about training: train, fit, stop, pause, slower, best, resume, star."""

from __future__ import annotations

import dataclasses
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from studio.cli.folders import find_run, open_project, settings_of, short
from studio.errors import BadConfig, NotAProject, UsageError
from studio.events import Finished, Produced, Progress, Work
from studio.project.folder import ProjectFolder
from studio.training.run import RunFolder


def train(args: Namespace) -> Work:
    target = Path(args.target).absolute()
    if not (target / "project.json").is_file():
        if not (target / "config.json").is_file():
            raise NotAProject(name=target.name)
        words = ("model", "preset", "minutes", "steps", "name", "resume", "device")
        asked = [word for word in words if getattr(args, word)] + args.settings
        if asked or args.prepare:
            raise UsageError(reason="A run folder has its settings already; it is the only argument")
        yield from train_here(find_run(target))
        return
    if args.resume:
        if args.settings or args.model or args.name or args.preset:
            raise UsageError(reason="A run that is resumed keeps its settings")
        here = target / "runs" / args.resume
        yield from train_here(find_run(here if here.is_dir() else Path(args.resume)))
        return
    run = _prepared(target, args)
    yield Produced(kind="run", path=str(run.path))
    if args.prepare:
        yield Finished(result={"run": str(run.path), "state": "queued", "steps": 0, "minutes": 0.0, "best": {}})
    else:
        yield from train_here(run)


def say_train(result: dict[str, Any]) -> Iterator[str]:
    yield f"{result['state'].capitalize()} at step {result['steps']} after {result['minutes']:.1f} minutes: {result['run']}"
    if result.get("problem"):
        yield result["problem"]
    for name, value in result["best"].items():
        yield f"  best {name} {short(value)}"


def resume(args: Namespace) -> Work:
    run = find_run(args.run)
    if run.alive():
        run.request("resume")
        if args.minutes is not None:
            run.request("longer", minutes=args.minutes)
        yield Finished(result={"run": str(run.path), "state": run.status().state})
        return
    if args.minutes is not None:
        run.lengthen(args.minutes)
    yield from train_here(run)


def fit(args: Namespace) -> Work:
    from studio.library.reader import facts
    from studio.training.fit import probe

    run = find_run(args.run)
    config = run.config
    for event in probe(config.family, config.config, facts(ProjectFolder.open(run.project, lock=False)), run.plan):
        if not isinstance(event, Finished):
            yield event
            continue
        found = event.result["fit"]
        yield Finished(result={"run": str(run.path), "fits": found.fits, "free": found.free, **dataclasses.asdict(found)})


def say_fit(result: dict[str, Any]) -> Iterator[str]:
    held, others, free = (f"{result[name] / 1e9:.1f} GB" for name in ("bytes", "others", "free"))
    yield (
        f"It holds {held} beside the {others} of others, and leaves {free}" if result["fits"] else f"It needs {held}: too much"
    )
    yield f"  {result['batch']} sounds a step in {result['precision']}, first sound after about {result['first_sound']:.0f} s"
    if result["changes"]:
        yield "  with " + " ".join(f"{name}={short(value)}" for name, value in result["changes"].items())


def stop(args: Namespace) -> Work:
    yield Finished(result=_ask(find_run(args.run), "stop", "stopped"))


def pause(args: Namespace) -> Work:
    yield Finished(result=_ask(find_run(args.run), "pause", "paused"))


def slower(args: Namespace) -> Work:
    yield Finished(result=_ask_living(find_run(args.run), "slower"))


def best(args: Namespace) -> Work:
    yield Finished(result=_ask_living(find_run(args.run), "best"))


def star(args: Namespace) -> Work:
    run = find_run(args.run)
    step = args.step
    if step is None and run.alive():
        run.request("star")
    else:
        moments = run.checkpoints()
        step = step if step is not None else (moments[-1].step if moments else 0)
        if not run.star(step):
            known = ", ".join(str(moment.step) for moment in moments) or "none"
            raise UsageError(reason=f"There is no saved moment at step {step}; there are: {known}")
    yield Finished(result={"run": str(run.path), "step": step})


def say_stop(result: dict[str, Any]) -> Iterator[str]:
    yield f"Asked {Path(result['run']).name} to stop" if result["asked"] else f"{Path(result['run']).name} is {result['state']}"


def say_pause(result: dict[str, Any]) -> Iterator[str]:
    yield (
        f"Asked {Path(result['run']).name} to pause" if result["asked"] else f"{Path(result['run']).name} is {result['state']}"
    )


def say_slower(result: dict[str, Any]) -> Iterator[str]:
    yield f"{Path(result['run']).name} goes on at half the rate"


def say_best(result: dict[str, Any]) -> Iterator[str]:
    yield f"{Path(result['run']).name} goes back to its best moment"


def say_resume(result: dict[str, Any]) -> Iterator[str]:
    yield from say_train(result) if "steps" in result else iter([f"{Path(result['run']).name} goes on"])


def say_star(result: dict[str, Any]) -> Iterator[str]:
    yield "The present moment will be kept" if result["step"] is None else f"Step {result['step']} is kept"


def _prepared(target: Path, args: Namespace) -> RunFolder:
    """A new run of a project from the words of `train`."""
    from studio import fields
    from studio.library.reader import facts
    from studio.models import base
    from studio.training import presets
    from studio.training.plan import TrainerConfig

    project = open_project(target)
    preset = presets.find(project, args.preset) if args.preset else presets.Preset(name="", family=args.model or "oneshot")
    family = base.family(args.model or preset.family)
    if family.info.id != preset.family:
        raise UsageError(reason=f"“{preset.name}” holds settings of “{preset.family}”")
    ours: dict[str, Any] = dict(preset.config)
    asked = {k: v for k, v in (("minutes", args.minutes), ("steps", args.steps), ("device", args.device)) if v is not None}
    plan: dict[str, Any] = preset.plan | asked
    theirs = {field.name for field in fields.describe(family.Config)}
    trainers = {field.name for field in fields.describe(TrainerConfig)}
    for key, value in settings_of(args.settings).items():
        if key not in theirs | trainers:
            known = ", ".join(sorted(theirs | trainers))
            raise BadConfig(name=key, reason=f"there is no such setting; known are {known}")
        (ours if key in theirs else plan)[key] = value
    config = fields.configure(family.recommended(facts(project)), ours)
    trainer = fields.configure(TrainerConfig(), plan)
    return RunFolder.create(project, family.info.id, msgspec.to_builtins(config), trainer, args.name)


def train_here(run: RunFolder) -> Work:
    """Train here, with the run's own words as progress once a second."""
    from studio.training.trainer import train as core

    told = 0.0
    for event in core(run):
        yield event
        if time.monotonic() - told >= 1 and not isinstance(event, Finished):
            told = time.monotonic()
            status = run.status()
            note = " · ".join(filter(None, (f"{status.minutes:.1f} min", status.message, status.sentence)))
            yield Progress(done=round(1000 * status.progress), total=1000, note=note)


def _ask(run: RunFolder, word: Any, state: Any) -> dict[str, Any]:
    """Ask a living trainer; of a run that nobody trains, say so in its status."""
    asked = run.alive()
    if asked:
        run.request(word)
    elif run.status().state in ("queued", "preparing", "training", "paused"):
        run.write_status(msgspec.structs.replace(run.status(), state=state, message=""))
    return {"run": str(run.path), "state": run.status().state, "asked": asked}


def _ask_living(run: RunFolder, word: Any) -> dict[str, Any]:
    if not run.alive():
        raise UsageError(reason=f"“{run.name}” is not being trained")
    run.request(word)
    return {"run": str(run.path)}
