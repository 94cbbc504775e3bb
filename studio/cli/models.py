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
    yield f"{'':24} {'model':>10} {'95 %':>17} {'floor':>10}"
    for name, value in result["metrics"].items():
        low, high = result["intervals"].get(name) or (None, None)
        between = "" if low is None or high is None else f"{_short(low)} – {_short(high)}"
        floor = _short(result["floor"].get(name))
        yield f"{name:24} {_short(value):>10} {between:>17} {floor:>10}  {result['sets'].get(name, '')}"
    yield from _say_classes(result["classes"])
    yield from _say_octaves(result["octaves"])
    for name, words in result["sets"].items():
        if name not in result["metrics"]:
            yield f"{name}: {words}"


def _say_classes(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Label by label, real sounds in brackets."""
    if rows:
        yield ""
        heads = ("new", "held out", "agreement", "Fréchet", "coverage", "copies")
        yield f"{'label':16}" + "".join(f"{head:>15}" for head in heads) + "  mistaken for"
    for row in rows:
        pairs = [_pair(row[name], row[f"{name}_floor"]) for name in ("agreement", "frechet", "coverage", "copies")]
        others = ", ".join(f"{label} {share:.0%}" for label, share in row["mistaken_for"][:3])
        yield f"{row['label'][:16]:16}{row['made']:15}{row['held_out']:15}" + "".join(f"{p:>15}" for p in pairs) + f"  {others}"
    for row in rows:
        if row["left_out"]:
            yield f"{row['label']}: {row['left_out']}"


def _say_octaves(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Octave by octave, held-out notes in brackets."""
    from studio.audio.pitch import note_name

    if rows:
        yield ""
        heads = ("played", "right note", "wrong octave", "no pitch", "cents off")
        yield f"{'notes':16}" + "".join(f"{head:>15}" for head in heads)
    for row in rows:
        pairs = [_pair(row[name], row["floor"].get(name)) for name in ("correct", "octave", "unpitched")]
        pairs.append(_pair(_cents(row["error"]), _cents(row["floor"].get("error"))))
        span = f"{note_name(row['low'])} to {note_name(row['high'] - 1)}"
        yield f"{span:16}{row['made']:15}" + "".join(f"{pair:>15}" for pair in pairs)


def _pair(value: float | None, floor: float | None) -> str:
    return (_short(value) or "–") + (f" ({_short(floor)})" if floor is not None else "")


def _cents(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _short(value: float | None) -> str:
    return "" if value is None else "–" if value != value else f"{value:.3g}"


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
