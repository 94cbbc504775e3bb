"""Turns a project's newest run into the model that ships with the sounds of a starter, small enough to ship.

    wavewright new Starter --from resources/starter/sounds
    wavewright train Starter --minutes 20
    .venv/bin/python packaging/starter_model.py Starter resources/starter     writes runs and clips there

An earlier model of its family there goes, and its clips go too. Weights are kept in 16 bits, curves thinned, what only a
resumed training needs left out. Nothing of the machine it was trained on stays: no path, no name, no process.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import msgspec

from studio.audio import files
from studio.events import Metric
from studio.generate import Instrument, best_checkpoint
from studio.models import checkpoint
from studio.project import atomic
from studio.project.folder import ProjectFolder
from studio.project.recipe import Request
from studio.project.state import ClipFile, Pointer
from studio.training.run import RunFolder

POINTS = 60
"""Points of each curve that stay."""
NAMES = {"oneshot": "One-shots", "wavegan": "Morphing", "gansynth": "Notes"}
KEPT: dict[str, tuple[tuple[str, Request], ...]] = {
    "oneshot": (
        ("Deep kick", Request(classes={"kick": 1.0}, seed=11)),
        ("Dry snare", Request(classes={"snare": 1.0}, seed=4)),
        ("Open hat", Request(classes={"hat": 1.0}, seed=4)),
        ("Wood block", Request(classes={"perc": 1.0}, seed=12)),
    ),
    "wavegan": (("Between kick and tom", Request(classes={"kick": 0.5, "tom": 0.5}, seed=3)),),
    "gansynth": (
        ("Marimba", Request(classes={"marimba": 1.0}, pitch=60.0, seed=1)),
        ("Half flute, half strings", Request(classes={"flute": 0.5, "strings": 0.5}, pitch=67.0, seed=2)),
        ("Half piano, half voice", Request(classes={"piano": 0.5, "voice": 0.5}, pitch=57.0, seed=3)),
    ),
}
"""Clips of each family."""


def main(project: Path, starter: Path) -> None:
    source = RunFolder(sorted((project / "runs").glob("*-*"))[-1].resolve())
    family = source.config.family
    for old in starter.glob("runs/*"):
        if RunFolder(old).config.family == family:
            shutil.rmtree(old)
    target = starter / "runs" / source.name
    for part in ("previews", "checkpoints"):
        (target / part).mkdir(parents=True)
    atomic.write_json(target / "config.json", msgspec.structs.replace(source.config, name=NAMES[family]))
    was = source.status()
    ended = {"state": "finished", "message": "Finished", "progress": 1.0, "planned": was.minutes, "planned_steps": was.step}
    nobody = {"host": "", "pid": 0, "born": 0.0, "life": ""}
    atomic.write_json(target / "status.json", msgspec.structs.replace(was, **ended, **nobody))  # nobody can go on with it
    curves(source, target)
    moments = source.previews()
    for moment in sorted({moments[i].step for i in (0, len(moments) // 3, 2 * len(moments) // 3, -1)}):
        shutil.copytree(source.path / "previews" / f"step-{moment:08}", target / "previews" / f"step-{moment:08}")
    shutil.copytree(source.path / "previews" / "originals", target / "previews" / "originals")
    folder = model(best_checkpoint(source.path), target)
    print(f"{sum(f.stat().st_size for f in target.rglob('*')) / 2**20:.1f} MB of model and previews")
    clips(folder, family, starter)


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


def clips(folder: Path, family: str, starter: Path) -> None:
    """A few new sounds of the shipped model, kept as clips."""
    instrument = Instrument.open(folder, compile=False)
    (starter / "clips").mkdir(exist_ok=True)
    for old in starter.glob("clips/*.json"):
        made = msgspec.json.decode(old.read_bytes(), type=ClipFile).recipe
        if made is not None and made.family == family:
            old.with_suffix(".wav").unlink(missing_ok=True)
            old.unlink()
    with tempfile.TemporaryDirectory() as beside:
        keeper = ProjectFolder.create(Path(beside) / "project", "Starter")
        for name, asked in KEPT[family]:
            request = next(iter(instrument.resolve(asked)))
            keeper.keep(next(iter(instrument.render(request))), instrument.recipe(request), name, tuple(asked.classes))
        keeper.close()
        for made in sorted(keeper.clips_dir.glob("*.*")):
            print(made.name, files.probe(made).seconds if made.suffix == ".wav" else "")
            shutil.copyfile(made, starter / "clips" / made.name)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
