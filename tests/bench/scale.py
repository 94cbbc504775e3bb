"""More than one process: what two of them do here, and what its parts add up to for eight GPUs and a million sounds."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import msgspec
import numpy as np
import psutil

from studio.events import Metric, Produced
from studio.library import reader, shards
from studio.library.importer import import_folders
from studio.library.index import Index
from studio.library.reader import TrainingSet
from studio.models.base import Model, family
from studio.models.controls import Material
from studio.project.folder import ProjectFolder
from studio.training.run import RunFolder
from tests.bench import scene
from tests.bench.results import ROOT, Table, shown, timed

SOUNDS, GPUS, CORES, BATCH = 1_000_000, 8, 64, 16
"""The plan: sounds, cards in one machine, its cores, sounds of one step on one card."""

STEP = (0.02, 0.04)
"""Seconds of a step of BATCH sounds on one card, low and high: an assumption, because there is no card here to ask."""

LINKS = {"NVLink, 200 GB/s": 200e9, "10 Gbit/s between machines": 1.1e9}
"""Bytes a second that one process sends in a sum over all: also assumptions."""

ROWS = 100_000
TRAIN = 0.8


def run(args: argparse.Namespace) -> Table:
    import torch

    torch.set_num_threads(1)
    table = Table(
        "Several processes, and a plan for 8 GPUs and 1,000,000 sounds", ("part", "measured here", "in the plan", "gives")
    )
    sound, flat = _sounds(table, args)
    _rows(table, args)
    _reading(table, args, flat)
    _model(table, args, sound)
    _together(table, args)
    table.notes += [
        f"The plan: {SOUNDS:,} sounds as long as these on average, one machine with {GPUS} cards and {CORES} cores, {BATCH}"
        " sounds a step and card, nothing else running. Where it says “assumed” nobody measured; the rest is multiplied.",
        "Epoch: steps = 0.8 · sounds / (cards · batch); seconds = steps · (step + sums). Sums over n processes move"
        " 2 · (n − 1) / n · bytes each way; they are not hidden behind the backward pass.",
        "A set of more than 4 GiB stays in its cache files: the system keeps one copy in memory for all processes and needs no"
        " more than is free; with less than the whole set in memory a step waits for the disk, so it should be a fast one.",
        "On several machines the project lies in a folder that all see, and each runs `torchrun --nnodes 2 --nproc-per-node 8"
        " --rdzv-backend c10d --rdzv-endpoint HOST:29500 --max-restarts 3 -m studio train RUN`.",
    ]
    return table


def _sounds(table: Table, args: argparse.Namespace) -> tuple[float, TrainingSet]:
    """Import and prepare real sounds; the mean bytes of one, and all of them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with ProjectFolder.create(args.temp / "Scale") as project:
        start = time.perf_counter()
        count = scene.finish(import_folders(project, [scene.sounds(args)]))["imported"]
        each = (time.perf_counter() - start) * cores / count
        table.add(
            "import, core seconds a sound", each, f"× {SOUNDS:,} / {CORES} cores", f"{SOUNDS * each / CORES / 3600:.1f} h"
        )
        size = sum(path.stat().st_size for path in project.root.glob("library*")) / count
        table.add("index, bytes a sound", size, f"× {SOUNDS:,}", f"{SOUNDS * size / 1e9:.1f} GB of disk")
        kind = family("oneshot")
        facts = reader.facts(project)
        material = kind.material(kind.recommended(facts), facts)
        start = time.perf_counter()
        scene.finish(reader.prepare(project, material))
        each = (time.perf_counter() - start) * cores / count
        table.add(
            "preparing, core seconds a sound",
            each,
            f"× {SOUNDS:,} / {CORES} cores",
            f"{SOUNDS * each / CORES / 60:.0f} min, once",
        )
        found = reader.load(project, material)
        sound = found.bytes / len(found)
        note = f"{found.seconds.mean():.2f} s of {material.channels} × {material.rate} Hz on average"
        table.add(
            f"cache, bytes a sound ({note})",
            sound,
            f"× {SOUNDS:,}",
            f"{SOUNDS * sound / 1e9:.0f} GB of disk, and at most as much memory",
        )
    return sound, found


def _rows(table: Table, args: argparse.Namespace) -> None:
    """What the table of a large set costs each process, with audio too short to count."""
    material = Material(rate=8000, channels=1, seconds=0.1)
    with ProjectFolder.create(args.temp / "Rows") as project:
        with Index(_project(args)) as index:
            one = index.rows(limit=1)[0]
        entries = []
        with Index(project) as index:
            for start in range(0, ROWS, 10_000):
                names = [f"{number:032x}" for number in range(start, start + 10_000)]
                index.put(
                    [
                        msgspec.structs.replace(one, id=0, path=f"/sounds/{n}.wav", name=n, source_hash=n, split="train")
                        for n in names
                    ]
                )
                entries += [
                    shards.Entry(n, trim, ((4 * (start + i), 4, 0, 1.0, -20.0),))
                    for i, n in enumerate(names)
                    for trim in (False, True)
                ]
        folder = reader._folder(project, material)
        folder.mkdir(parents=True)
        shards.write(folder, entries, [np.ones(4 * ROWS, np.int16)])
        code = (
            "import sys, time, psutil\nfrom studio.library import reader\nfrom studio.models.controls import Material\n"
            "from studio.project.folder import ProjectFolder\nproject = ProjectFolder.open(sys.argv[1], lock=False)\n"
            "before = psutil.Process().memory_info().rss\nstart = time.process_time()\n"
            "sounds = reader.load(project, Material(rate=8000, channels=1, seconds=0.1), 'train')\n"
            "print(len(sounds), time.process_time() - start, psutil.Process().memory_info().rss - before)"
        )
    done = subprocess.run(
        [sys.executable, "-c", code, str(args.temp / "Rows")],
        cwd=ROOT,
        env=scene.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    count, seconds, held = map(float, done.stdout.split())
    assert count == ROWS, done.stdout
    factor = SOUNDS / ROWS
    table.add(
        f"the table of {ROWS:,} sounds, processor seconds to load",
        seconds,
        f"× {factor:.0f}, in all processes at once",
        f"{factor * seconds:.0f} s a start",
    )
    table.add(
        "and MB of memory in each process",
        held / 1e6,
        f"× {factor:.0f} × {GPUS} processes",
        f"{factor * held * GPUS / 1e9:.0f} GB of memory",
    )


def _project(args: argparse.Namespace) -> ProjectFolder:
    return ProjectFolder.open(args.temp / "Scale", lock=False)


def _reading(table: Table, args: argparse.Namespace, inside: TrainingSet) -> None:
    """Batches a second of one core, from memory and from cache files that the system holds."""
    limit, reader.IN_MEMORY = reader.IN_MEMORY, 0
    try:
        outside = reader.load(_project(args), inside.material)
    finally:
        reader.IN_MEMORY = limit
    need = [GPUS * BATCH / step for step in STEP]
    rng = np.random.default_rng(0)
    for name, sounds in (("memory", inside), ("cache files", outside)):
        batches = [np.sort(rng.integers(0, len(sounds), BATCH)) for _ in range(200)]
        sounds.batch(batches[0])
        each = timed(lambda s=sounds, b=batches: [s.batch(rows) for rows in b], 3) / len(batches)
        rate = BATCH / each
        table.add(
            f"sounds a second from {name}, one core",
            rate,
            f"{need[1]:,.0f}–{need[0]:,.0f} a second are heard",
            f"{100 * need[0] / rate / GPUS:.0f} % of one core a card at most",
        )


def _model(table: Table, args: argparse.Namespace, sound: float) -> None:
    """Bytes that a step sums, a card holds and a save writes, of the default model of these sounds."""
    kind = family("oneshot")
    facts = reader.facts(_project(args))
    model = kind(kind.recommended(facts), msgspec.structs.replace(facts, count=SOUNDS))
    bytes_, sums = _summed(model)
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    low, high = (2 * (GPUS - 1) / GPUS * bytes_ / speed for speed in LINKS.values())
    table.add(
        f"summed a step, MB, in {sums:.1f} sums",
        bytes_ / 1e6,
        " / ".join(f"assumed {name}" for name in LINKS),
        f"{1e3 * low:.2g} / {1e3 * high:.0f} ms a step",
    )
    table.add(
        "weights, MB",
        weights / 1e6,
        "× 5: weights, their average, gradients, two moments",
        f"{5 * weights / 1e6:.0f} MB on each card beside what a batch needs",
    )
    table.add(
        "a save, MB",
        4 * weights / 1e6,
        "× 3 to go on from, and 1/4 of it × about 12 to listen to",
        f"{(3 * 4 + 12) * weights / 1e9:.2g} GB of disk",
    )
    steps = TRAIN * SOUNDS / (GPUS * BATCH)
    epochs = [steps * (step + low) / 60 for step in STEP]
    table.add(
        "an epoch, steps",
        int(steps),
        f"× assumed {STEP[0] * 1e3:.0f}–{STEP[1] * 1e3:.0f} ms and sums",
        f"{epochs[0]:.1f}–{epochs[1]:.1f} min, {SOUNDS * TRAIN * sound / 1e9:.0f} GB read",
    )


def _summed(model: Model) -> tuple[float, float]:
    """Bytes and times of sums over all processes in a mean step: gradients, heads, and the buffers that a step changes."""
    from studio.training.distributed import BUCKET, NAMED

    total = times = 0.0
    for group in model.phases()[-1].groups:
        gradient = sum(p.numel() * p.element_size() for p in group.parameters)
        turns = group.steps / group.every
        total += turns * (gradient + 8 * (4 + NAMED + len(group.parameters)))
        times += turns * (1 + -(-gradient // BUCKET))
    moving = [b for name, b in model.named_buffers() if name.startswith(("bank", "flow."))]
    return total + sum(2 * b.numel() * b.element_size() for b in moving), times + 1 + len(moving)


def _together(table: Table, args: argparse.Namespace) -> None:
    """Two processes here: what passes between them, how fast they are, whether they learn the same, and whether they return."""
    found = json.loads(_torchrun("-m", "tests.bench.scale").strip().splitlines()[-1])
    table.add("an order to another process, ms", found["order"], "one a step", "")
    table.add("a sum of 10 MB over two processes (Gloo), ms", found["sum"], "NCCL between cards: assumed above", "")
    root = args.temp / "Scale"
    words = [
        "--steps",
        args.steps,
        "--device",
        "cpu",
        "--set",
        "precision=fp32",
        "threads=1",
        "log=0",
        "preview=3600",
        "save=30",
    ]
    alone = []
    for seed in range(3):
        one = RunFolder(scene.studio("train", root, *words, "--prepare", "--set", f"seed={seed}")["run"])
        scene.studio("train", one.path)
        alone.append(one)
    pair = RunFolder(scene.studio("train", root, *words, "--prepare")["run"])
    _torchrun("-m", "studio", "train", str(pair.path))
    speed = [np.mean([one.status().step_seconds for one in alone]), pair.status().step_seconds]
    table.add(
        "seconds a step: one process, two with half a batch each",
        f"{speed[0]:.3g}, {speed[1]:.3g}",
        "of 2 × that could be",
        f"{speed[0] / speed[1]:.2f} ×",
    )
    for name in ("spectral/mel", "held-out/mel"):
        ends = [_end(one, name) for one in alone]
        said = f"{' '.join(shown(e) for e in ends)}; two: {shown(_end(pair, name))}"
        table.add(f"{name} after {args.steps} steps, one process with three seeds; two", said, "", "")
    killed = RunFolder(scene.studio("train", root, *words[2:], "save=2", "--steps", 1_000_000, "--prepare")["run"])
    times, state = _killed(killed)
    table.add("kill -9 of one process, then the other; torchrun starts again", f"{times} of 2 times it went on", "", state)


def _end(run: RunFolder, name: str) -> float:
    """Mean of the last quarter of a curve."""
    values = [e.value for e in run.events()[0] if isinstance(e, Metric) and e.name == name]
    return float(np.mean(values[-max(1, len(values) // 4) :]))


def _torchrun(*words: str) -> str:
    done = subprocess.run(_starter(*words), cwd=ROOT, env=scene.environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def _starter(*words: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "--max-restarts",
        "3",
        *words,
    ]


def _killed(run: RunFolder) -> tuple[int, str]:
    """How often the training went on after one of its processes was killed, and how it ended when it was asked to stop."""
    process = subprocess.Popen(
        _starter("-m", "studio", "train", str(run.path)),
        cwd=ROOT,
        env=scene.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    times = 0
    try:
        for rank in ("1", "0"):
            saves = {m.step for m in run.checkpoints()}
            scene.wait(lambda seen=saves: {m.step for m in run.checkpoints()} - seen, 600, process)
            reached, begun = max(m.step for m in run.checkpoints()), run.status().born
            next(p for p in _members(process.pid) if p.environ().get("RANK") == rank).kill()
            scene.wait(lambda b=begun: run.status().born != b and run.status().state == "training", 600, process)
            times += any(
                isinstance(e, Produced) and e.kind == "resumed" and e.detail["step"] >= reached for e in run.events()[0]
            )
        run.request("stop")
        process.wait(600)
    finally:
        process.terminate()
        process.wait(60)
    return times, f"{run.status().state} when asked, exit status {process.returncode}"


def _members(parent: int) -> Iterator[psutil.Process]:
    for child in psutil.Process(parent).children(recursive=True):
        if "studio" in child.cmdline() and child.environ().get("RANK"):
            yield child


def main() -> None:
    """Inside each of two processes: what an order and a sum cost."""
    import torch

    from studio.training.plan import TrainerConfig
    from studio.training.team import Step, met

    torch.set_num_threads(1)
    with met(TrainerConfig(device="cpu")) as team:
        assert team is not None
        values = torch.zeros(2_500_000)
        order = Step(1, 0.5, 16, 0, 1.0)
        times = {}
        for name, work in (
            ("order", lambda: team.say(order) if team.leads else team.hear()),
            ("sum", lambda: team.sum(values)),
        ):
            work()
            times[name] = 1e3 * timed(work, 50)
        if team.leads:
            print(json.dumps(times), flush=True)
        else:
            team.hear()  # the end


if __name__ == "__main__":
    main()
