"""The trainer is killed without a word and goes on as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch

import studio
from studio.training import pulse
from studio.training.device import NICE
from studio.training.run import RunFolder
from studio.training.saving import Saver
from studio.training.trainer import train
from tests.training.conftest import Make, losses
from tests.training.tiny import Tiny

ROOT = Path(studio.__file__).parent.parent
STEPS = 240


def child(run: RunFolder) -> subprocess.Popen:
    with (run.path / "trainer.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "tests.training.child", str(run.path)], cwd=ROOT, stdout=log, stderr=log)


def kill_after_events(run: RunFolder, process: subprocess.Popen, more: int) -> bool:
    """Kill once `more` bytes of events were written; False where it ended before."""
    path = run.path / "events.jsonl"
    start = path.stat().st_size if path.exists() else 0
    while process.poll() is None:
        if path.exists() and path.stat().st_size - start >= more:
            process.kill()
            process.wait()
            return True
        time.sleep(0.002)
    return False


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_a_killed_trainer_goes_on_bit_for_bit(make: Make, seed: int) -> None:
    plan = {"steps": STEPS, "save": 0.1, "preview": 0.3}
    whole, broken = make(**plan), make(**plan)
    list(train(whole, Tiny))
    chance = random.Random(seed)
    kills = 0
    for _ in range(2):
        process = child(broken)
        kills += kill_after_events(broken, process, chance.randrange(10_000, 50_000))
        assert not broken.alive()
        assert broken.status().state in ("preparing", "training", "finished")
        for moment in broken.checkpoints():
            assert (moment.path / "weights.safetensors").stat().st_size > 0
    assert kills
    process = child(broken)
    assert process.wait(timeout=120) == 0, (broken.path / "trainer.log").read_text()
    assert broken.status().state == "finished" and broken.status().step == STEPS
    assert losses(whole.events()[0]) == losses(broken.events()[0])
    one, other = Saver(whole).newest(), Saver(broken).newest()
    assert one is not None and other is not None
    assert all(torch.equal(one.tensors[name], other.tensors[name]) for name in one.tensors)
    assert len(broken.previews()) >= 1 and not list(broken.path.rglob("*.safetensors.partial"))


def test_a_trainer_that_was_stopped_has_not_aged_and_a_dead_one_is_noticed(make: Make) -> None:
    run = make(steps=None, minutes=30.0, log=1.0)
    process = child(run)
    deadline = time.monotonic() + 60
    while run.status().state != "training" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert run.alive() and run.status().pid == process.pid
    assert psutil.Process(process.pid).nice() == NICE
    if hasattr(signal, "SIGSTOP"):
        stand_still(run, process, pulse.STOPPED + 0.5)
    process.kill()
    process.wait()
    assert not run.alive() and run.status().state == "training"  # nobody could write another


def stand_still(run: RunFolder, process: subprocess.Popen, seconds: float) -> None:
    """Stop the process for so long. It is there all the while, and the time does not count as training."""
    os.kill(process.pid, signal.SIGSTOP)
    while psutil.Process(process.pid).status() != psutil.STATUS_STOPPED:
        time.sleep(0.01)
    before, began = run.status(), time.monotonic()
    assert before.state == "training"
    time.sleep(seconds)
    assert run.status() == before and run.alive()
    os.kill(process.pid, signal.SIGCONT)
    gone = time.monotonic() - began
    while run.status().heartbeat == before.heartbeat and process.poll() is None:
        time.sleep(0.02)
    after = time.monotonic() - began - gone  # until it spoke again, on a busy computer
    assert process.poll() is None and run.status().state == "training"
    assert run.status().minutes * 60 <= before.minutes * 60 + pulse.EVERY + after + 0.6
