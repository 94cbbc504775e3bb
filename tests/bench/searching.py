"""Does a search find better settings? A budget on this machine, then the usual and the best trained again side by side.

`--minutes` is the budget of the search. What it found is then trained `--pairs` times from seeds that the search never used,
each time beside the usual settings with as many minutes and threads, at the length of a trial and once at twice that length:
a gain that only short trainings have is no gain.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from studio.library.importer import import_folders
from studio.project.folder import ProjectFolder
from studio.training import presets, searches
from studio.training.run import RunFolder
from studio.training.searches import SearchFolder
from tests.bench import scene
from tests.bench.results import ROOT, Table

SEED = 1000


def run(args: argparse.Namespace) -> Table:
    root = args.temp / "Project"
    with ProjectFolder.create(root) as made:
        scene.finish(import_folders(made, [scene.sounds(args)]))
    began = time.monotonic()
    result = scene.studio("search", root, "--minutes", args.minutes, "--workers", args.parallel, "--device", "cpu")
    took = (time.monotonic() - began) / 60
    folder = SearchFolder(result["search"])
    trials = folder.status().trials
    table = Table(
        f"A search of {args.minutes:g} minutes",
        ("trained", "seed", "minutes", f"usual settings, {result['metric']}", "found settings", "change", "steps"),
    )
    _compare(table, "in the search", 0, folder.file.trial, result["default"]["value"], result["best"]["value"], "")
    checked = [trial.value for trial in trials if trial.role == "check"]
    if len(checked) == 2:
        _compare(table, "again, by the search", 1, folder.file.trial, *checked, "")
    won = pairs = 0
    if result["best"]["run"] != result["default"]["run"]:
        best = folder.status().found
        assert best is not None
        with ProjectFolder.open(root, lock=False) as project:
            presets.save(project, searches.preset_of(folder.file, best))
        precision = RunFolder(result["default"]["run"]).status().precision
        for number in range(args.pairs + 1):
            minutes = folder.file.trial * (2 if number == args.pairs else 1)
            usual, found = _side_by_side(root, folder.file.name, minutes, SEED + number, precision)
            _compare(table, "again, by this bench", SEED + number, minutes, usual[0], found[0], f"{usual[1]:,} / {found[1]:,}")
            pairs += 1
            won += found[0] <= usual[0]
    dropped = sum(trial.state == "dropped" for trial in trials)
    at_once = f"{args.parallel} at a time, trials of {folder.file.trial:.1f} min"
    table.notes += [
        f"{len(trials)} trials ({at_once}), {dropped} dropped early; the search took {took:.1f} min by the clock",
        f"it says: {result['sentence']}",
        f"usual: {json.dumps(result['default']['settings'])}",
        f"found: {json.dumps(result['best']['settings'])}",
        f"from fresh seeds the found settings were at least as good in {won} of {pairs} pairs"
        if pairs
        else "it found nothing better, so there is nothing to train again",
        "distances of held-out sounds, less is better; each pair trains side by side, one thread each",
    ]
    return table


def _side_by_side(root: Path, preset: str, minutes: float, seed: int, precision: str) -> list[tuple[float, int]]:
    """Best held-out distance and steps with the usual settings and with the preset."""
    settings = ("--set", "threads=1", f"seed={seed}", f"precision={precision}")
    words = ("--minutes", f"{minutes:.3f}", "--device", "cpu", *settings, "--prepare")
    runs = [RunFolder(scene.studio("train", root, *more, *words)["run"]) for more in ((), ("--preset", preset))]
    going = []
    for one in runs:
        with (one.path / "trainer.log").open("wb") as log:
            command = [sys.executable, "-m", "studio", "train", str(one.path)]
            going.append(subprocess.Popen(command, cwd=ROOT, env=scene.environment(), stdout=log, stderr=log))
    for process in going:
        if process.wait():
            raise SystemExit("a training ended with an error")
    return [(next(v for n, v in one.status().best.items() if n.startswith("held-out/")), one.status().step) for one in runs]


def _compare(table: Table, what: str, seed: int, minutes: float, usual: float, found: float, steps: str) -> None:
    table.add(what, seed, minutes, usual, found, f"{found / usual - 1:+.1%}".replace("-", "−"), steps)
