"""The verbs about trained models and this machine: evaluate, axes, demo, doctor."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio.cli.folders import at_least, instrument_of, open_project, playable
from studio.events import Finished, Started, Work


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

    from studio.explore.axes import Axes
    from studio.generate import places
    from studio.library.index import Index

    yield Started(what="axes")
    instrument = instrument_of(args, compile=False)
    with contextlib.closing(open_project(instrument.folder.parents[3])) as project:
        here = places(instrument, project)
        with Index(project) as index:
            rows = index.fetch(here.ids)
    facts = {
        "loudness": [row.loudness for row in rows],
        "brightness": [row.brightness for row in rows],
        "attack": [row.attack for row in rows],
        "noisiness": [row.noisiness for row in rows],
        "length": list(here.seconds),
        "pitch": [69 + 12 * np.log2(row.pitch / 440) if row.pitch else None for row in rows],
    }
    found = Axes.fit(here.latents, {name: np.array(values, float) for name, values in facts.items()})
    listed = [
        {"index": i, "name": name.title(i), "descriptor": name.descriptor, "r": name.r, "spread": float(share)}
        for i, (name, share) in enumerate(zip(found.names, found.spread))
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
