"""The verbs about projects and their sounds: new, import, check, info, similar."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from studio.cli.folders import at_least, open_project, recipe_of, short
from studio.errors import SilentAudio, UsageError
from studio.events import Finished, Started, Work
from studio.project.folder import ProjectFolder
from studio.training.run import RunFolder


def new(args: Namespace) -> Work:
    with ProjectFolder.create(Path(args.project)) as project:
        result: dict[str, Any] = {"project": str(project.root)}
        if args.folders:
            result |= yield from _import(project, args.folders)
        yield Finished(result=result)


def say_new(result: dict[str, Any]) -> Iterator[str]:
    yield f"Made “{Path(result['project']).name}” in {result['project']}"
    if "imported" in result:
        yield from say_import_(result)


def import_(args: Namespace) -> Work:
    with ProjectFolder.open(Path(args.project)) as project:
        yield Finished(result=(yield from _import(project, args.folders, args.copy)))


def say_import_(result: dict[str, Any]) -> Iterator[str]:
    yield f"{result['imported']} sounds imported, {result['skipped']} known already"
    for problem in result["problems"][:20]:
        yield f"  not read: {problem['path']}: {problem['reason']}"
    if len(result["problems"]) > 20:
        yield f"  … and {len(result['problems']) - 20} more"


def check(args: Namespace) -> Work:
    from studio.library.check import findings

    yield Started(what="check")
    with contextlib.closing(open_project(args.project)) as project:
        found = [
            {"key": f.key, "severity": f.severity, "sentence": f.sentence, "sounds": len(f.ids), "fix": f.fix_label or None}
            for f in findings(project)
        ]
    yield Finished(result={"findings": found})


def say_check(result: dict[str, Any]) -> Iterator[str]:
    for finding in result["findings"]:
        mark = {"bad": "!!", "warn": " !", "info": "  "}[finding["severity"]]
        yield f"{mark} {finding['sentence']}" + (f". Fix: {finding['fix']}" if finding["fix"] else "")
    if not result["findings"]:
        yield "Nothing to say against these sounds"


def info(args: Namespace) -> Work:
    path = Path(args.target).absolute()
    yield Started(what="info")
    if (path / "project.json").is_file():
        yield Finished(result=_about_project(path))
    elif (path / "weights.safetensors").is_file():
        from studio.models import checkpoint

        yield Finished(result={"checkpoint": str(path), **msgspec.to_builtins(checkpoint.describe(path))})
    elif path.is_dir():
        yield Finished(result=_about_run(RunFolder(path)))
    else:
        yield Finished(result=_about_file(path))


def say_info(result: dict[str, Any]) -> Iterator[str]:
    for key, value in result.items():
        if isinstance(value, dict):
            value = ", ".join(f"{k} {_cut(short(v))}" for k, v in value.items() if v not in (None, "", {}, [], ()))
        elif isinstance(value, list) and len(value) > 12:
            value = f"{len(value)}: {', '.join(map(short, value[:6]))} … {short(value[-1])}"
        elif isinstance(value, list):
            value = ", ".join(map(short, value))
        if value not in (None, ""):
            yield f"{key:12} {short(value)}"


def _cut(text: str) -> str:
    return text if len(text) <= 120 else text[:117] + "…"


def similar(args: Namespace) -> Work:
    import numpy as np

    from studio.audio import files
    from studio.audio.analysis import fingerprint
    from studio.explore.copying import Detector
    from studio.explore.similar import CopyMeter
    from studio.library.index import Index

    count = at_least(args.count, 1, "--count")
    yield Started(what="similar")
    sound = files.read(args.sound)
    if not np.abs(sound.samples).max(initial=0.0) > 0:
        raise SilentAudio(name=Path(args.sound).name)
    asked = fingerprint(sound)
    with contextlib.closing(open_project(args.project)) as project, Index(project) as index:
        ids, prints = index.fingerprints()
        known = np.isfinite(prints).all(axis=1)
        ids, prints = ids[known], prints[known]
        matches = CopyMeter.fit(prints).nearest(asked, count) if len(ids) else []
        rows = index.fetch(ids[[m.index for m in matches]]) if matches else []
        paths = dict(zip(*(index.columns("path")[name].tolist() for name in ("id", "path"))))
        twin = Detector.fit(prints, [str(project.root / paths[id]) for id in ids.tolist()]).find(sound) if len(ids) else None
        copied = index.get(int(ids[twin.index])) if twin is not None and twin.copy else None
    copy = {"path": copied.path, "decibels": twin.decibels} if copied is not None and twin is not None else None
    found = [
        {"path": row.path, "distance": match.distance, "ratio": match.ratio, "label": row.label}
        for row, match in zip(rows, matches)
    ]
    yield Finished(result={"matches": found, "copy": copy})


def say_similar(result: dict[str, Any]) -> Iterator[str]:
    if copy := result["copy"]:
        yield f"almost a copy of {copy['path']}: {copy['decibels']:.1f} dB apart"
    for match in result["matches"]:
        yield f"{match['ratio']:6.2f}  {match['path']}"
    if result["matches"]:
        yield "(1 is the usual distance between neighbours in this project)"


def _import(project: ProjectFolder, folders: Iterable[str], copy: bool = False) -> Any:
    from studio.library.importer import import_folders

    paths = [Path(folder).absolute() for folder in folders]
    if missing := [path.name for path in paths if not path.exists()]:
        raise UsageError(reason=f"There is no folder {', '.join(missing)}")
    result: dict[str, Any] = {}
    for event in import_folders(project, paths, copy=copy):
        if isinstance(event, Finished):
            result = event.result
        else:
            yield event
    return result


def _about_project(path: Path) -> dict[str, Any]:
    from studio.library.index import Index

    with contextlib.closing(open_project(path)) as project:
        with Index(project) as index:
            columns = index.columns("seconds", include=True)
            labels, count = dict(index.labels()), index.count()
        runs = [RunFolder(run) for run in project.runs()]
        return {
            "project": str(project.root),
            "name": project.name,
            "id": project.id,
            "sounds": count,
            "included": len(columns["id"]),
            "minutes": float(columns["seconds"].sum()) / 60,
            "labels": labels,
            "clips": len(project.clips()),
            "runs": [str(run.path) for run in runs],
        }


def _about_run(run: RunFolder) -> dict[str, Any]:
    config, status = run.config, run.status()
    return {
        "run": str(run.path),
        "name": config.name,
        "family": config.family,
        "state": status.state,
        "alive": run.alive(),
        "steps": status.step,
        "minutes": status.minutes,
        "verdict": status.sentence,
        "best": status.best,
        "best_step": status.best_step,
        "checkpoints": [str(moment.path) for moment in run.checkpoints()],
        "starred": [moment.step for moment in run.checkpoints() if moment.starred],
        "config": config.config,
        "plan": config.plan,
    }


def _about_file(path: Path) -> dict[str, Any]:
    from studio.audio import files, riff

    facts = files.probe(path)
    data = riff.embedded_recipe(path)
    recipe = recipe_of(data)
    return {"format": {**msgspec.to_builtins(facts), "seconds": facts.seconds}, "recipe": msgspec.to_builtins(recipe)}
