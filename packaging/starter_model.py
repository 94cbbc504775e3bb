"""Turns a finished run into the model that ships with the starter sounds, small enough to ship.

    wavewright new Starter --from resources/starter/sounds
    wavewright train Starter --minutes 20
    .venv/bin/python packaging/starter_model.py Starter        writes resources/starter/runs and resources/starter/clips

Weights are kept in 16 bits, curves thinned, what only a resumed training needs left out. Nothing of the machine it was
trained on stays: no path, no name, no process.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import msgspec

from studio.audio import files
from studio.events import Metric
from studio.generate import Instrument, best_checkpoint
from studio.models import checkpoint
from studio.project import atomic
from studio.project.folder import ProjectFolder
from studio.project.recipe import Request
from studio.project.state import Pointer
from studio.training.run import RunFolder

STARTER = Path(__file__).resolve().parents[1] / "resources" / "starter"
POINTS = 60
"""Points of each curve that stay."""
KEPT = (("Deep kick", "kick", 11), ("Dry snare", "snare", 4), ("Open hat", "hat", 4), ("Wood block", "perc", 12))


def main(project: Path) -> None:
    source = RunFolder(sorted((project / "runs").glob("*-*"))[-1].resolve())
    for part in ("runs", "clips"):
        shutil.rmtree(STARTER / part, ignore_errors=True)
    target = STARTER / "runs" / source.name
    for part in ("previews", "checkpoints"):
        (target / part).mkdir(parents=True)
    atomic.write_json(target / "config.json", msgspec.structs.replace(source.config, name="Starter"))
    status = msgspec.structs.replace(source.status(), host="", pid=0, born=0.0)
    atomic.write_json(target / "status.json", status)
    curves(source, target)
    moments = source.previews()
    for moment in sorted({moments[i].step for i in (0, len(moments) // 3, 2 * len(moments) // 3, -1)}):
        shutil.copytree(source.path / "previews" / f"step-{moment:08}", target / "previews" / f"step-{moment:08}")
    shutil.copytree(source.path / "previews" / "originals", target / "previews" / "originals")
    folder = model(best_checkpoint(source.path), target)
    print(f"{sum(f.stat().st_size for f in (STARTER / 'runs').rglob('*')) / 2**20:.1f} MB of model and previews")
    clips(folder)


def model(chosen: Path, target: Path) -> Path:
    """The best checkpoint with its weights in 16 bits, and the pointers to it."""
    facts = checkpoint.describe(chosen)
    folder = target / "checkpoints" / chosen.name
    folder.mkdir()
    meta = {"step": facts.step, "minutes": facts.minutes, "metrics": facts.metrics}
    checkpoint.write(folder, checkpoint.load(chosen), meta=meta, half=True)
    pointer = Pointer(folder=f"checkpoints/{chosen.name}", step=facts.step, metrics=facts.metrics)
    for name in ("latest.json", "best.json"):
        atomic.write_json(target / name, pointer)
    return folder


def curves(source: RunFolder, target: RunFolder | Path) -> None:
    """events.jsonl with every curve thinned to POINTS points; the clock keeps every step that stays."""
    found: dict[str, list[Metric]] = {}
    for event in source.events()[0]:
        if isinstance(event, Metric):
            found.setdefault(event.name, []).append(event)
    clock = found.pop("time/minutes")
    kept = [e for points in found.values() for e in points[:: max(1, len(points) // POINTS)]]
    steps = {e.step for e in kept}
    kept += [e for e in clock if e.step in steps]
    RunFolder(Path(target)).append(*sorted(kept, key=lambda e: (e.step, e.name != "time/minutes")))


def clips(folder: Path) -> None:
    """A few new sounds of the shipped model, kept as clips."""
    instrument = Instrument.open(folder, compile=False)
    with atomic.folder(STARTER / "kept") as beside:
        keeper = ProjectFolder.create(beside / "project", "Starter")
        for name, label, seed in KEPT:
            request = next(iter(instrument.resolve(Request(classes={label: 1.0}, seed=seed))))
            keeper.keep(next(iter(instrument.render(request))), instrument.recipe(request), name, (label,))
        keeper.close()
        (STARTER / "clips").mkdir()
        for made in sorted((beside / "project" / "clips").iterdir()):
            print(made.name, files.probe(made).seconds if made.suffix == ".wav" else "")
            shutil.copyfile(made, STARTER / "clips" / made.name)
    shutil.rmtree(STARTER / "kept")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
