"""kill -9 at random moments: a window that keeps clips, and a trainer. Nothing that was safe may be lost, and a training ends
with the very numbers it would have had."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from studio.events import Metric
from studio.models import checkpoint
from studio.project.folder import ProjectFolder
from studio.training.run import RunFolder
from tests.bench import scene
from tests.bench.results import ROOT, Table


def run(args: argparse.Namespace) -> Table:
    table = Table("kill -9", ("who", "times", "projects that open", "lost", "went on bit for bit"))
    root = scene.project(args)
    opened, lost, kept = _window(args, root)
    table.add("the window, keeping clips", args.kills, opened, f"{lost} of {kept} clips", "")
    opened, same, steps = _trainer(args, root)
    table.add(f"the trainer, {steps} steps", args.kills, opened, "no checkpoint damaged" if opened == args.kills else "", same)
    table.notes = [
        "A clip counts from the moment `keep` returned. Each time the project opens, all clips are read, all checkpoints load.",
        "Bit for bit: weights and training losses of the run that was killed, against a run of the same seed that was not.",
    ]
    return table


def _window(args: argparse.Namespace, root: Path) -> tuple[int, int, int]:
    safe: set[str] = set()
    opened = lost = 0
    for _ in range(args.kills):
        process = scene.window("keep", root, home=args.temp / "home")
        assert process.stdout is not None
        safe.add(process.stdout.readline().strip())
        time.sleep(random.uniform(0.05, 1.5))
        os.kill(process.pid, signal.SIGKILL)
        out, _ = process.communicate()
        safe |= {line.strip() for line in out.splitlines() if len(line.strip()) == 32}  # the last may be torn
        problem = scene.readable(root)
        opened += not problem
        with ProjectFolder.open(root) as project:
            here = {clip.id for clip in project.clips()}
            trash = {path.stem for path in project.trash.glob("*.json")}
        lost = len(safe - here - trash)
    return opened, lost, len(safe)


def _trainer(args: argparse.Namespace, root: Path) -> tuple[int, str, int]:
    words = ["train", root, "--steps", args.steps, "--device", "cpu", "--set", "precision=fp32", "--set", "threads=1"]
    words += ["--set", "save=2", "--set", "log=0", "--prepare"]
    whole, killed = (RunFolder(scene.studio(*words)["run"]) for _ in range(2))
    scene.studio("train", whole.path)
    opened = 0
    for _ in range(args.kills):
        process = subprocess.Popen(
            [sys.executable, "-m", "studio", "train", str(killed.path)], cwd=ROOT, env=scene.environment(),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        end = time.monotonic() + random.uniform(1.0, args.patience)
        while time.monotonic() < end and process.poll() is None:
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        opened += not scene.readable(root) and _loads(killed)
    scene.studio("train", killed.path)
    losses = [_losses(run) for run in (whole, killed)]
    steps = sorted(losses[0].keys() & losses[1].keys())
    same = all(losses[0][step] == losses[1][step] for step in steps)
    weights = len({_weights(run) for run in (whole, killed)}) == 1
    found = f"weights {_verdict(weights)}, {len(steps)} shared losses {_verdict(same)}"
    return opened, found, args.steps


def _verdict(equal: bool) -> str:
    return "equal" if equal else "DIFFER"


def _loads(run: RunFolder) -> bool:
    for moment in run.checkpoints():
        checkpoint.load(moment.path, "cpu")
    return True


def _losses(run: RunFolder) -> dict[tuple[int, str], float]:
    """Losses and held-out numbers by step; speeds and the like differ from run to run."""
    events, _ = run.events()
    return {(e.step, e.name): e.value for e in events if isinstance(e, Metric) and not e.name.startswith(("speed", "time"))}


def _weights(run: RunFolder) -> str:
    folder = run.checkpoint("latest")
    assert folder is not None
    return hashlib.sha256((folder / checkpoint.WEIGHTS).read_bytes()).hexdigest()
