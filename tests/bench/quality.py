"""How good a trained model is, beside the floor: what `wavewright evaluate` finds. Pass --project to measure a model that was
trained as long as the claim says."""

from __future__ import annotations

import argparse
import time

from studio.cli.folders import playable
from studio.evaluate import evaluate
from studio.models.checkpoint import describe
from tests.bench import scene
from tests.bench.results import Table


def run(args: argparse.Namespace) -> Table:
    folder = playable(args.run or scene.project(args))
    facts = describe(folder)
    start = time.perf_counter()
    result = scene.finish(evaluate(folder, args.count))
    seconds = time.perf_counter() - start
    title = f"Quality: {facts.family}, {facts.minutes:.1f} minutes, step {facts.step:,}"
    table = Table(title, ("measure", "model", "95 %", "floor", "set"))
    for name, value in result["metrics"].items():
        low, high = result["intervals"].get(name, (None, None))
        between = f"{low:.3g}–{high:.3g}" if low is not None else ""
        table.add(name, value, between, result["floor"].get(name, ""), result["sets"].get(name, ""))
    table.notes = [f"{name}: {words}" for name, words in result["sets"].items() if name not in result["metrics"]]
    table.notes += [f"ceiling of {name}: {value:.3g}" for name, value in result["ceiling"].items()]
    table.notes.append(f"evaluated in {seconds:.0f} s; {_ratio(result)}")
    return table


def _ratio(result: dict) -> str:
    metrics, floor = result["metrics"], result["floor"]
    if "frechet" not in metrics:
        return "too few held-out sounds for distances"
    share = metrics["coverage"] / result["ceiling"]["coverage"]
    return f"Fréchet is {metrics['frechet'] / floor['frechet']:.1f} × the floor, coverage {share:.0%} of its ceiling"
