"""The verbs about trained models and this machine: evaluate, axes, demo, doctor."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio.cli.folders import at_least, instrument_of, open_project, playable
from studio.events import Finished, Produced, Progress, Started, Work


def evaluate(args: Namespace) -> Work:
    from studio import evaluate as core

    count = at_least(args.count, 2, "--count")
    yield from core.evaluate(playable(args.run), count, device=args.device, seed=args.seed)


def say_evaluate(result: dict[str, Any]) -> Iterator[str]:
    yield f"{'':24} {'model':>10} {'floor':>10}"
    for name, value in result["metrics"].items():
        floor = result["floor"].get(name)
        yield f"{name:24} {value:10.3g} {'' if floor is None else f'{floor:10.3g}':>10}  {result['sets'].get(name, '')}"
    for name, words in result["sets"].items():
        if name not in result["metrics"]:
            yield f"{name}: {words}"


def axes(args: Namespace) -> Work:
    import numpy as np

    from studio.explore import known, naming
    from studio.explore.axes import Axes
    from studio.generate import places
    from studio.library.heard import COLUMNS, heard
    from studio.library.index import Index
    from studio.project import axes as project_axes

    yield Started(what="axes")
    instrument = instrument_of(args, compile=False)
    latent, model = instrument.controls.latent, instrument.checkpoint.model
    with contextlib.closing(open_project(instrument.folder.parents[3])) as project:
        here = places(instrument, project)
        with Index(project) as index:
            columns = index.columns(*COLUMNS.values())
        rows = np.searchsorted(columns["id"], here.ids)
        found = Axes.fit(here.latents, {name: values[rows] for name, values in heard(columns).items()})
        found = known.take(found, here.ids, project_axes.load(project, instrument.checkpoint.family))
        share: dict[str, naming.Effect] = {}
        if latent is not None and latent.kind == "global" and len(found):
            kept = project.cache / f"axes-{model[:24]}.npz"
            for event in naming.walk(found, here.latents, instrument.at(here.labels), kept):
                if isinstance(event, Produced):
                    found, share = naming.named(found, event.value), naming.effects(event.value)
                elif isinstance(event, Progress):
                    yield event
    listed = [
        {
            "index": i,
            "name": name.title(i),
            "descriptor": name.descriptor,
            "r": name.r,
            "covers": share[name.descriptor].share(i) if name.descriptor in share else None,
            "spread": float(spread),
        }
        for i, (name, spread) in enumerate(zip(found.names, found.spread))
    ]
    yield Finished(result={"axes": listed})


def say_axes(result: dict[str, Any]) -> Iterator[str]:
    for axis in result["axes"]:
        yield f"{axis['index'] + 1:2}. {axis['name']}" + (f"  (r {axis['r']:.2f})" if axis["descriptor"] else "")


def demo(args: Namespace) -> Work:
    from studio.cli.demo import demo as core

    yield from core(Path(args.out), args.minutes, args.count, args.device, window=args.window)


def say_demo(result: dict[str, Any]) -> Iterator[str]:
    yield f"Project   {result['project']}"
    yield f"Sounds    {len(result['files'])} new WAVs in {result['folder']}"
    yield f"Picture   {result['picture']}"
    yield f"Trained   {result['steps']} steps in {result['minutes']:.1f} minutes"


def doctor(args: Namespace) -> Work:
    import msgspec

    from studio import doctor as core

    yield Started(what="doctor")
    checks = core.report()
    yield Finished(result={"state": core.worst(checks), "checks": [msgspec.to_builtins(check) for check in checks]})


def say_doctor(result: dict[str, Any]) -> Iterator[str]:
    marks = {"good": "ok", "warn": " ?", "bad": "!!"}
    for check in result["checks"]:
        yield f"{marks[check['state']]}  {check['name']:12} {check['sentence']}"
        if check["hint"]:
            yield f"{'':16} → {check['hint']}"
