"""A trainer to which something happens: python -m tests.bench.faulty RUN WHAT STEP. The tests' tiny family, slowly."""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path

import torch

from studio.events import Metric
from studio.training.run import RunFolder
from studio.training.trainer import train
from tests.training.tiny import Tiny

PACE = 0.004
"""Seconds of rest after each step, so that there is a moment to do something in."""


def nan() -> None:
    Tiny.poisoned = 5


def lost() -> None:
    def losses(*_: object) -> dict[str, torch.Tensor]:
        raise RuntimeError("CUDA error: unspecified launch failure\nCUDA kernel errors might be asynchronously reported")

    setattr(Tiny, "losses", losses)  # noqa: B010


def memory() -> None:
    real = Tiny.losses

    def losses(self: Tiny, batch: object, *rest: object) -> dict[str, torch.Tensor]:
        if len(batch.audio) > 2:  # type: ignore[attr-defined]
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return real(self, batch, *rest)  # type: ignore[arg-type]

    setattr(Tiny, "losses", losses)  # noqa: B010


def clock() -> None:
    real, start = time.time, time.time()
    time.time = lambda: start - 30 * 86_400 if int(real()) % 2 else start + 86_400


def fill(disk: Path) -> None:
    with (disk / "filler").open("wb", buffering=0) as file:
        for size in (1 << 16, 4096):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue


def main(path: str, what: str = "", step: str = "20") -> None:
    run = RunFolder(path)
    if what == "elsewhere":
        socket.gethostname = lambda: "studio-pc"
    acts = {"nan": nan, "lost": lost, "memory": memory, "clock": clock, "fill": lambda: fill(run.project.parent)}
    for event in train(run, Tiny):
        if isinstance(event, Metric) and event.name == "mel":
            time.sleep(PACE)
            if event.step == int(step) and what in acts:
                acts.pop(what)()  # once, also where the run goes back


if __name__ == "__main__":
    main(*sys.argv[1:])
