"""Several runs of one project side by side: everything `wavewright evaluate` finds, against the same held-out sounds, by the
same judge, at the same length and rate whatever each model makes."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec
import numpy as np

from studio.cli.folders import playable
from studio.evaluate import evaluate
from studio.evaluate.reference import Reference
from studio.generate import Instrument
from studio.models.checkpoint import describe
from studio.models.controls import Material
from studio.project.folder import ProjectFolder
from studio.training import presets
from studio.training.run import RunFolder
from tests.bench import scene
from tests.bench.results import Table


def run(args: argparse.Namespace) -> Table:
    if not args.runs:
        raise SystemExit("--runs RUN RUN …: which runs of one project")
    checkpoints = [playable(path) for path in args.runs]
    roots = {folder.parents[2].parent for folder in checkpoints}
    if len(roots) > 1:
        raise SystemExit(f"these runs are of {len(roots)} projects; only runs of one are comparable")
    project = ProjectFolder.open(roots.pop(), lock=False)
    instruments = [Instrument.open(folder, compile=False) for folder in checkpoints]
    material = common([instrument.material for instrument in instruments])
    reference = Reference.gather(project, material, instruments[0].data.labels)
    found = []
    for folder in checkpoints:
        print(f"… {folder.parent.parent.name}", flush=True)
        found.append(scene.finish(evaluate(folder, args.count, project=project, reference=reference)))
    table = Table(
        f"Families side by side: {len(found)} runs", ("", *(folder.parent.parent.name for folder in checkpoints), "floor")
    )
    for name, texts in facts(project, checkpoints).items():
        table.add(name, *texts, "")
    for name in dict.fromkeys(name for result in found for name in result["metrics"]):
        floors = [floor for result in found if (floor := result["floor"].get(name)) is not None]
        table.add(name, *(cell(result, name) for result in found), between(floors))
    table.notes = [
        f"{args.count} new sounds of each; {reference_words(reference)}; heard at {material.rate:,} Hz, mono, up to "
        f"{material.seconds:.2f} s, which is as long and as wide as the widest of these models",
        "95 % intervals in brackets; a floor with two ends differs with how many sounds could be compared",
        *(f"{name}: {words}" for name, words in found[0]["sets"].items() if name in ("judge", "copies", "frechet")),
        *(
            f"{folder.parent.parent.name}, {row['label']}: {row['agreement']:.0%} agreement"
            + (f", Fréchet {row['frechet']:.3g} (floor {row['frechet_floor']:.3g})" if row["frechet"] is not None else "")
            for folder, result in zip(checkpoints, found)
            for row in result["classes"]
            if row["agreement"] is not None
        ),
    ]
    return table


def common(materials: list[Material]) -> Material:
    """What all are heard as: the widest and the longest of what these models make, mono."""
    return msgspec.structs.replace(
        materials[0],
        rate=max(one.rate for one in materials),
        channels=1,
        seconds=max(one.seconds for one in materials),
        slices="whole",
        trim=True,
    )


def facts(project: ProjectFolder, checkpoints: list[Path]) -> dict[str, list[str]]:
    """What each run is, before its numbers. A preset is told by its settings: runs do not keep its name."""
    files = [describe(folder) for folder in checkpoints]
    configs = [RunFolder(folder.parent.parent).config for folder in checkpoints]
    told = [config.config | config.plan for config in configs]
    known = [(preset, preset.config | preset.plan) for preset in presets.read(project)]
    named = [
        ", ".join(preset.name for preset, asks in known if preset.family == config.family and asks.items() <= mine.items())
        for config, mine in zip(configs, told)
    ]
    other = [
        key for key in dict.fromkeys(key for mine in told for key in mine) if len({str(mine.get(key)) for mine in told}) > 1
    ]
    return {
        "family": [file.family for file in files],
        "name": [config.name for config in configs],
        "preset": named,
        "minutes": [f"{file.minutes:.1f}" for file in files],
        "steps": [f"{file.step:,}" for file in files],
        "told differently": [" ".join(f"{key}={mine[key]}" for key in other if key in mine) for mine in told],
    }


def cell(result: dict, name: str) -> str:
    value = result["metrics"].get(name)
    if value is None:
        return ""
    low, high = result["intervals"].get(name, (None, None))
    return f"{value:.3g}" + (f" ({low:.3g}–{high:.3g})" if low is not None else "")


def between(floors: list[float]) -> str:
    if not floors:
        return ""
    low, high = f"{min(floors):.3g}", f"{max(floors):.3g}"
    return low if low == high else f"{low}–{high}"


def reference_words(reference: Reference) -> str:
    kinds = len(np.unique(reference.held.label[reference.held.label >= 0]))
    return f"{len(reference.held)} held-out sounds of {kinds} labels, {len(reference.train)} training sounds"
