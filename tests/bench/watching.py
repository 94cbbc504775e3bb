"""Train with four runs at work: how late the window's event loop is while their curves grow and one walks through their sounds.

The runs are written by one process as four trainers write theirs, so that the window is measured and not four trainings on two
cores: status twice a second, losses every second, held-out sounds every twenty, a preview every ten, four hours of it before.

    python -m tests.bench.watching ROOT COUNT      that process
"""

from __future__ import annotations

import argparse
import math
import shutil
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np

from studio.audio import files
from studio.audio.sound import Sound
from studio.events import Metric
from studio.project import atomic
from studio.project.folder import ProjectFolder
from studio.project.state import PreviewCell, PreviewFile, RunStatus
from studio.training import process
from studio.training.curves import CLOCK
from studio.training.plan import log_every
from studio.training.run import RunFolder, step_folder
from tests.bench import scene
from tests.bench.results import ROOT, Table, spread

RUNS = 4
HOURS = 4.0
OFTEN = ("mel", "latent/kl", "adversarial", "features", "rate", "speed/sounds", "latent/active")
SELDOM = ("held-out/mel", "held-out/level_db", "training/mel", "training/level_db", "new/diversity")
MEASURED = 20
"""Points of the loss between two comparisons with held-out sounds."""
REBUILT = ("lowest", "highest", "loudest", "quietest")
CELLS = (*((name, "reconstruction") for name in REBUILT), *((f"new-{i}", "new") for i in range(1, 5)))


def run(args: argparse.Namespace) -> Table:
    table = Table("Watching trainings", ("Train shown, with", "p50 ms late", "p95", "p99", "worst", "beats", "runs at work"))
    home = args.temp / "home"
    for count in (0, 1, RUNS):
        root = args.temp / f"watched {count}"
        ProjectFolder.create(root).close()
        command = [sys.executable, "-m", "tests.bench.watching", str(root), str(count)]
        writer = subprocess.Popen(command, cwd=ROOT, env=scene.environment(), stdout=subprocess.PIPE, text=True)
        try:
            assert writer.stdout is not None
            writer.stdout.readline()  # four hours are written
            found = scene.answer(scene.window("watch", root, args.seconds, home=home), args.seconds + 180)
        finally:
            writer.kill()
            writer.wait()
            if writer.stdout is not None:
                writer.stdout.close()
        name = {0: "nothing", 1: "one run"}.get(count, f"{count} runs laid over each other")
        table.add(name, *spread(found["ms"]), len(found["ms"]), found["alive"])
        shutil.rmtree(root, ignore_errors=True)
    table.notes = [
        f"Lateness of a precise 16-ms timer in the event loop over {args.seconds:g} s; twice a second the hand walks on.",
        f"The files of the runs grow as those of real trainers do, {HOURS:g} h of curves and twelve previews already there.",
    ]
    return table


# ---- the process that writes


class Written:
    """One run folder, written as its trainer would."""

    def __init__(self, project: ProjectFolder, number: int) -> None:
        self.run = RunFolder.create(project, "oneshot", {}, name=f"Run {number + 1}")
        self.rng = np.random.default_rng(number)
        self.step, self.spent = 0, 0.0
        self.status = RunStatus(state="training", planned=480.0, device="CPU", message="", **process.me())

    def log(self) -> None:
        self.step += 30
        names = (*OFTEN, *SELDOM) if self.step % (30 * MEASURED) == 0 else OFTEN
        fall = 0.3 + 1.2 * math.exp(-self.spent / 2000)
        values = {name: fall * float(self.rng.uniform(0.9, 1.1)) for name in names}
        self.run.append(
            Metric(step=self.step, name=CLOCK, value=self.spent / 60),
            *(Metric(step=self.step, name=name, value=value) for name, value in values.items()),
        )
        shown = {**self.status.metrics, **values}
        self.status = msgspec.structs.replace(self.status, metrics=shown, best={"held-out/mel": fall})

    def show(self) -> None:
        minutes = self.spent / 60
        self.status = msgspec.structs.replace(
            self.status,
            step=self.step,
            minutes=minutes,
            progress=minutes / 480,
            heartbeat=time.time(),
            verdict="improving",
            sentence=f"Improving — held-out distance fell 6 % in the last 10 min ({self.step} steps).",
        )
        self.run.write_status(self.status)

    def preview(self) -> None:
        with atomic.folder(self.run.path / "previews" / step_folder(self.step)) as folder:
            cells = []
            for name, kind in CELLS:
                noise = self.rng.standard_normal((1, 44_100)) * np.exp(-np.arange(44_100) / 8000) * 0.3
                files.write(folder / f"{name}.wav", Sound(noise.astype(np.float32), 44_100))
                path = f"previews/{step_folder(self.step)}/{name}.wav"
                cells.append(PreviewCell(name=name, kind=kind, path=path, seconds=1.0, distance=4.0))  # type: ignore[arg-type]
            minutes = self.spent / 60
            atomic.write_json(folder / "preview.json", PreviewFile(step=self.step, minutes=minutes, cells=tuple(cells)))

    def before(self) -> None:
        """What lies there after HOURS."""
        due = 15.0
        while self.spent < HOURS * 3600:
            self.spent += log_every(1.0, self.spent)
            self.log()
            if self.spent >= due:
                self.preview()
                due = due * 2 if due < 480 else due + 3600
        self.show()


def write(root: Path, count: int) -> None:
    with ProjectFolder.open(root, lock=False) as project:
        runs = [Written(project, number) for number in range(count)]
    for one in runs:
        one.before()
    print("written", flush=True)
    beat = 0
    while True:
        for one in runs:
            one.spent += 0.5
            if beat % 2 == 0:
                one.log()
            one.show()
            if beat % 20 == 5 * (runs.index(one) % 4):
                one.preview()
        beat += 1
        time.sleep(0.5)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
