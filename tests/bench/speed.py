"""Training steps a second, and seconds of audio a second, beside public PyTorch programs: the same batches, in one run, taking
turns. WAVEGAN_CHECKOUT and RAVE_CHECKOUT name the others' code (see peers.py); without them only ours is measured.

    WAVEGAN_CHECKOUT=… RAVE_CHECKOUT=… python -m tests.bench speed --drums DRUMS [--batch 8] [--rounds 5]
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from studio.training import device as devices  # before torch: it sets how threads wait

# isort: split
import torch

from studio.library import reader
from studio.library.importer import import_folders
from studio.library.reader import TrainingSet
from studio.models.base import Batch, family
from studio.project.folder import ProjectFolder
from studio.training.learner import Learner
from studio.training.plan import TrainerConfig
from studio.training.workshop import Workshop
from tests.bench import peers, scene
from tests.bench.peers import Peer
from tests.bench.results import Table

CLIP = 65536 / 44100
"""Seconds: the longest that WaveGAN can."""

WARM = 1
"""Turns that are not counted."""


def run(args: argparse.Namespace) -> Table:
    plan = TrainerConfig(batch=args.batch, threads=1)
    device = devices.choose(plan)
    clock = time.perf_counter if device.type != "cpu" else time.process_time  # one thread; other programs are there too
    sounds, config = _sounds(args)
    length, rate = sounds.material.frames, sounds.material.rate
    full = _filled(sounds)
    table = Table(
        f"Training steps of {args.batch} clips of {length / rate:.2f} s",
        ("who", "numbers it learns", "s a step", "steps a second", "s of clips a second", "to ours"),
    )
    threads = torch.get_num_threads()
    with devices.tuned():
        torch.set_num_threads(1)
        batches = Workshop(family("oneshot"), None, plan, device, full, reader.measured(full), plan.batch)  # for the others
        ours = (*_ours(sounds, full, config, plan, device), *_adversarial(sounds, full, plan, device))
        all_of_them = [*ours, *peers.found(lambda n: batches.draw(n).audio, rate, device)]
        times: dict[str, list[float]] = {peer.name: [] for peer in all_of_them}
        for turn in range(WARM + args.rounds):
            for peer in all_of_them:
                devices.wait(device)
                began = clock()
                for _ in range(2):  # ours and RAVE's take turns between two kinds of steps
                    peer.step()
                devices.wait(device)
                if turn >= WARM:
                    times[peer.name].append((clock() - began) / 2)
    torch.set_num_threads(threads)
    middles = {name: statistics.median(found) for name, found in times.items()}
    first = next(iter(middles.values()))
    for peer in all_of_them:
        seconds = middles[peer.name]
        table.add(peer.name, peer.weights, seconds, 1 / seconds, args.batch * length / rate / seconds, first / seconds)
    heard = float(sounds.seconds.mean() * rate / length)
    table.notes = [
        f"{'processor seconds of one thread' if device.type == 'cpu' else 'seconds'}, the median of {args.rounds} turns of two"
        f" steps; batches of the same {len(sounds)} sounds, in memory, {devices.name(device)}",
        f"clips are as long for all; sounds fill {heard:.0%} of them, and only ours makes use of it: “filled” are the same"
        " sounds repeated to the end of the clip. Ours decodes 0.74 s of a clip in a step, and the others all of it",
        "a step of one-shots is the autoencoder's, the prior's three and every other time the critics'; one of morphing the"
        " generator's, the critics' and every other time the encoder's; one of WaveGAN, theirs and ours, its critic's with"
        " gradient penalty and its generator's; one of RAVE the autoencoder's or, every fourth, its discriminators'",
    ]
    return table


def _sounds(args: argparse.Namespace) -> tuple[TrainingSet, Any]:
    """What is learned from, and the settings that are recommended for it but for the length."""
    root = args.temp / "Project"
    with ProjectFolder.create(root) as project:
        scene.finish(import_folders(project, [scene.sounds(args)]))
        facts = reader.facts(project)
        kind = family("oneshot")
        config = msgspec.structs.replace(kind.recommended(facts), seconds=CLIP)
        return reader.load(project, kind.material(config, facts), "train", facts.labels), config


def _filled(sounds: TrainingSet) -> TrainingSet:
    """Each sound repeated to the length of the clip."""
    channels, length = sounds.material.channels, sounds.material.frames
    parts = []
    for start, n in zip(sounds.start.tolist(), sounds.frames.tolist()):
        one = sounds.flat[start : start + n * channels].view(channels, n)
        parts.append(one.repeat(1, -(-length // n))[:, :length].reshape(-1))
    return replace(
        sounds,
        flat=torch.cat(parts),
        start=np.arange(len(parts)) * length * channels,
        frames=np.full(len(parts), length),
    )


def _ours(sounds: TrainingSet, full: TrainingSet, config: Any, plan: TrainerConfig, device: torch.device) -> Iterator[Peer]:
    """The family for drums with and without its critics, in fp32 and as the trainer would choose."""
    kind = family("oneshot")
    auto = "bf16" if device.type != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported() else "fp32"
    kinds = [
        (sounds, "fp32", 0.9, ""),
        (full, "fp32", 0.9, ", filled"),
        (full, "fp32", 0.1, ", filled, first third: no critics"),
    ]
    if auto != "fp32":
        kinds.insert(0, (sounds, auto, 0.9, ""))
        kinds.append((full, auto, 0.9, ", filled"))
    for heard, precision, progress, what in kinds:
        data = reader.measured(sounds)
        shop = Workshop(kind, config, plan, device, heard, data, plan.batch)
        learner = Learner(shop.begin(), plan, precision)
        weights = sum(p.numel() for p in learner.model.parameters())
        yield Peer(f"Wavewright one-shots, {precision}{what}", weights, _stepping(learner, progress, shop.draw))


def _adversarial(sounds: TrainingSet, full: TrainingSet, plan: TrainerConfig, device: torch.device) -> Iterator[Peer]:
    """Morphing as recommended, and WaveGAN as we have it: with one step of its critic for one of its generator, and of the size
    that its peer advises for clips so long."""
    kind = family("wavegan")
    data = reader.measured(sounds)
    config = msgspec.structs.replace(kind.recommended(data), seconds=CLIP)
    classic = {**kind.presets["WaveGAN as published"], "critic_steps": 1, "dim": 32}
    for heard, more, precision, what in (
        (sounds, {}, "bf16", "Wavewright morphing, bf16"),
        (full, {}, "bf16", "Wavewright morphing, bf16, filled"),
        (full, classic, "fp32", "Wavewright, WaveGAN, fp32, filled"),
        (full, classic, "bf16", "Wavewright, WaveGAN, bf16, filled"),
    ):
        shop = Workshop(kind, msgspec.structs.replace(config, **more), plan, device, heard, data, plan.batch)
        learner = Learner(shop.begin(), plan, precision)
        weights = sum(p.numel() for p in learner.model.parameters())
        yield Peer(what, weights, _stepping(learner, 0.9, shop.draw))


def _stepping(learner: Learner, progress: float, draw: Callable[[int], Batch]) -> Callable[[], None]:
    numbers = itertools.count()

    def step() -> None:
        learner.step(next(numbers), progress, draw)

    return step
