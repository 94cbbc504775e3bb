"""Variants of a family at equal processor time: the same sounds, seed and trainer, one thread each.

`--arms "plain; default; kl=0.0001; adversarial=0 rate=0.002"`: each is settings of the run, `plain` another decoder. A run's
clock counts the processor seconds of its own process, so that arms can be compared on a machine that does other things too.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional as F

from studio.evaluate import evaluate
from studio.events import Metric
from studio.library.importer import import_folders
from studio.models.layers.decoders import Decoder
from studio.project.folder import ProjectFolder
from studio.training.run import RunFolder
from tests.bench import scene
from tests.bench.results import ROOT, Table

NUMBERS = ("frechet", "coverage", "recall", "label_agreement", "pitch_correct", "copies", "silent")


class PlainDecoder(Decoder):
    """WaveGAN's generator (1802.04208) from the same columns: transposed convolutions of 25 taps, ReLU, tanh; no noise."""

    def __init__(self, latent: int, classes: int, channels: int, frames: int, width: int, partials: int = 0) -> None:
        super().__init__(latent, classes, channels, frames, width)
        widths = [width, width // 2, width // 4, width // 8, width // 16, channels]
        factors = (4, 4, 4, 4, 8)
        self.layers = nn.ModuleList(
            nn.ConvTranspose1d(a, b, 25, factor, padding=11, output_padding=factor - 3)
            for a, b, factor in zip(widths, widths[1:], factors)
        )

    def grow(self, x: Tensor, style: Tensor, noise: Tensor, *_: Tensor | None) -> Tensor:
        for layer in self.layers:
            x = layer(F.relu(x))
        return x.float().tanh()

    def set_level(self, bands: Tensor) -> None:
        pass


def run(args: argparse.Namespace) -> Table:
    root = args.temp / "Project"
    with ProjectFolder.create(root) as made:
        scene.finish(import_folders(made, [scene.sounds(args)]))
    arms = [arm.strip() for arm in args.arms.split(";")]
    waiting = list(arms)
    going: dict[str, subprocess.Popen[bytes]] = {}
    runs: dict[str, RunFolder] = {}
    while waiting or going:
        while waiting and len(going) < args.parallel:
            arm = waiting.pop(0)
            words = [word for word in arm.split() if "=" in word]
            asked = ["--model", args.model, "--minutes", args.minutes]
            settings = ["--set", "threads=1", "precision=bf16", *words]
            runs[arm] = RunFolder(scene.studio("train", root, *asked, *settings, "--prepare")["run"])
            command = [sys.executable, "-m", "tests.bench.arms", str(runs[arm].path), arm]
            going[arm] = subprocess.Popen(command, cwd=ROOT, env=scene.environment())
        time.sleep(1)
        going = {arm: process for arm, process in going.items() if process.poll() is None}
    minutes = args.minutes
    table = Table(
        f"Variants at {minutes:g} minutes of one core",
        ("arm", "steps", f"held-out mel at {minutes / 3:.0f} min", "at the end", "training mel", *NUMBERS, "× floor"),
    )
    for arm, folder in runs.items():
        table.add(arm, *_found(folder, minutes), *_judged(folder, arm, args.count))
    table.notes.append("one seed; clocks count the processor seconds of each process; held-out mel in log10, less is better")
    if args.keep:
        shutil.copytree(root, args.keep, ignore=shutil.ignore_patterns("lock", "*.partial"))
    return table


def _found(folder: RunFolder, minutes: float) -> tuple[int, float, float, float]:
    """Steps, held-out distance at a third of the time and at the end, and that of training sounds."""
    events, _ = folder.events()
    clock, early = 0.0, float("nan")
    newest: dict[str, float] = {}
    for event in events:
        if isinstance(event, Metric):
            newest[event.name] = event.value
            clock = newest.get("time/minutes", 0.0)
            if event.name == "held-out/mel" and clock <= minutes / 3:
                early = event.value
    return folder.status().step, early, newest["held-out/mel"], newest["training/mel"]


def _judged(folder: RunFolder, arm: str, count: int) -> list[object]:
    with decoder_of(arm):
        result = scene.finish(evaluate(folder.path, count))
    metrics = result["metrics"]
    return [*(metrics.get(name, "") for name in NUMBERS), metrics["frechet"] / result["floor"]["frechet"]]


@contextmanager
def processor_time() -> Iterator[None]:
    """Within the block a training's clock counts the processor seconds of this process, all its threads together."""
    from studio.training.pulse import Pulse

    before = Pulse.clock
    Pulse.clock = lambda self: time.process_time()  # type: ignore[method-assign]
    try:
        yield
    finally:
        Pulse.clock = before  # type: ignore[method-assign]


class decoder_of:
    """Within the block the family draws with the decoder of this arm."""

    def __init__(self, arm: str) -> None:
        self.plain = "plain" in arm.split()

    def __enter__(self) -> None:
        from studio.models.layers.decoders import DECODERS

        self.before = dict(DECODERS)
        if self.plain:
            DECODERS["pqmf"] = PlainDecoder

    def __exit__(self, *_: object) -> None:
        from studio.models.layers.decoders import DECODERS

        DECODERS.update(self.before)


def main(path: str, arm: str) -> None:
    """One arm, in a process of its own."""
    from studio.training.trainer import train

    with processor_time(), decoder_of(arm):
        for _ in train(RunFolder(Path(path))):
            pass


if __name__ == "__main__":
    main(*sys.argv[1:3])
