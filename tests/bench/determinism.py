"""Does the same recipe give the same samples? Recipes of every kind are made in processes of their own, twice, and on a GPU
where there is one.

    python -m tests.bench.determinism PROJECT RECIPES OUT DEVICE     what a child runs
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np

from studio.cli.folders import playable
from studio.models.controls import Controls
from studio.project.folder import ProjectFolder
from studio.project.recipe import Recipe, Request, from_json
from tests.bench import scene
from tests.bench.results import ROOT, Table

COUNT = 20
QUIET = -80.0
"""dB under the peak that the sounds of two devices may differ by."""


def recipes(root: Path, cache: Path) -> list[Recipe]:
    """Sounds of this project's model: from its prior, by PyTorch and compiled; mixed, longer, edited, grafted."""
    from studio.generate import Instrument

    found = []
    for compiled in (False, True):
        instrument = Instrument.open(playable(root), cache=cache, compile=compiled)
        plain = [instrument.recipe(request) for request in instrument.resolve(Request(count=COUNT // 2, seed=17))]
        found += plain + [changed(recipe, instrument.controls) for recipe in plain]
    return found


def changed(recipe: Recipe, controls: Controls) -> Recipe:
    """The same with everything a hand does to it."""
    request = recipe.request
    if controls.seconds is not None:
        request = msgspec.structs.replace(request, seconds=(controls.seconds.low + controls.seconds.default) / 2)
    if controls.classes:
        request = msgspec.structs.replace(request, classes={name: 1.0 + i for i, name in enumerate(controls.classes[:2])})
    donor = msgspec.json.decode(msgspec.json.encode(recipe.request))
    edits = (
        {"do": "graft", "part": "attack", "at": 0.04, "from": donor, "backend": recipe.backend},
        {"do": "fade-out", "seconds": 0.05},
        {"do": "normalise", "peak_db": -1.0},
    )
    return msgspec.structs.replace(recipe, request=request, edits=edits)


def run(args: argparse.Namespace) -> Table:
    table = Table("The same recipe again", ("made", "recipes", "the same to the bit", "largest difference dB"))
    root = scene.project(args)
    asked = args.temp / "recipes.jsonl"
    asked.write_bytes(b"\n".join(recipe.to_json() for recipe in recipes(root, args.temp / "home" / "cache" / "models")))
    made = [child(root, asked, args.temp / f"{name}.npz", "cpu") for name in ("once", "twice")]
    compare(table, "twice by a CPU, in fresh processes", *made)
    if "cuda" in devices():
        compare(table, "by a CPU and by a GPU", made[0], child(root, asked, args.temp / "gpu.npz", "cuda"))
        table.notes.append(f"Across devices {QUIET:g} dB under each sound's peak is asked for.")
    else:
        table.notes.append("There is no GPU here; across devices nothing was measured.")
    table.notes.insert(0, "Half by PyTorch, half compiled; half of each as drawn, half with labels, length, a graft and edits.")
    return table


def compare(table: Table, name: str, first: list[np.ndarray], second: list[np.ndarray]) -> None:
    same = sum(a.tobytes() == b.tobytes() for a, b in zip(first, second, strict=True))
    table.add(name, len(first), same, max(map(apart, first, second)))


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Largest difference in dB under the peak; −inf for the same samples, 0 for sounds of different lengths."""
    if one.shape != other.shape:
        return 0.0
    difference, peak = np.abs(one - other).max(initial=0.0), np.abs(one).max(initial=0.0)
    return float(20 * np.log10(difference / peak)) if difference > 0 and peak > 0 else -np.inf


def devices() -> set[str]:
    import torch

    return {"cpu", *(("cuda",) if torch.cuda.is_available() else ())}


def child(root: Path, asked: Path, out: Path, device: str) -> list[np.ndarray]:
    """What a process of its own makes of the recipes."""
    command = [sys.executable, "-m", "tests.bench.determinism", str(root), str(asked), str(out), device]
    subprocess.run(command, cwd=ROOT, env=scene.environment(), check=True)
    with np.load(out, allow_pickle=False) as file:
        return [file[name] for name in sorted(file.files)]


def main(root: str, asked: str, out: str, device: str) -> None:
    from studio.generate import regenerate

    cache = Path(asked).parent / "home" / "cache" / "models"
    with ProjectFolder.open(root, lock=False) as project:
        lines = Path(asked).read_bytes().splitlines()
        sounds = [regenerate(from_json(line), project, device=device, cache=cache).samples for line in lines]
    np.savez(out, **{f"{i:04}": samples for i, samples in enumerate(sounds)})  # type: ignore[arg-type]
    print(hashlib.sha256(b"".join(samples.tobytes() for samples in sounds)).hexdigest(), file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
