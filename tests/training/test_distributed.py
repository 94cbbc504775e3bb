"""Two real processes train one run: the same numbers as one, every trouble known to both, and only the first one writes."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from torch.distributed import HashStore

from studio import cli
from studio.events import Metric, Produced
from studio.library import reader
from studio.models.base import families
from studio.project.folder import ProjectFolder
from studio.training.plan import TrainerConfig
from studio.training.ranks import Ranks, ranks
from studio.training.run import RunFolder
from studio.training.saving import Saver
from studio.training.team import fresh
from studio.training.trainer import train
from tests.training.conftest import losses, produced
from tests.training.test_families import SMALL
from tests.training.test_kill import ROOT
from tests.training.tiny import Tiny

BATCH = 5
"""One process hears three of them and the other two: parts that differ must count as what they are."""


def new(project: ProjectFolder, config: dict[str, Any], family: str = "tiny", **plan: Any) -> RunFolder:
    wanted = {"steps": 50, "batch": BATCH, "log": 0.0, "precision": "fp32", "threads": 1, "warmup": 4, "preview": 3600.0}
    return RunFolder.create(project, family, config, TrainerConfig(**(wanted | plan)))


def ranked(run: RunFolder) -> list[list[str]]:
    """What each of two processes was after each of its steps."""
    return [(run.path / f"rank-{rank}.txt").read_text().splitlines() for rank in range(2)]


@dataclass
class Pair:
    """Runs that two processes trained, one after the other."""

    exact: RunFolder
    nan: RunFolder
    memory: RunFolder
    families: list[RunFolder]
    whole: RunFolder
    broken: RunFolder
    """Like `whole`, and not trained yet."""
    paused: RunFolder


@pytest.fixture(scope="module")
def pair(noted_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    root = tmp_path_factory.mktemp("pair") / "My drums"
    with ProjectFolder.open(shutil.copytree(noted_once, root)) as project:
        kinds = []
        for name, kind in families().items():
            config = msgspec.to_builtins(kind.recommended(reader.facts(project)))
            config |= {field: value for field, value in SMALL.items() if field in config}
            kinds.append(new(project, config, name, steps=6, batch=4))
        found = Pair(
            exact=new(project, {"noise": 0.0}),
            nan=new(project, {"trouble": "nan"}, steps=40),
            memory=new(project, {"trouble": "memory:2"}, steps=10),
            families=kinds,
            whole=new(project, {}, steps=300, save=0.05),
            broken=new(project, {"trouble": "die"}, steps=300, save=0.05),
            paused=new(project, {}, steps=1_000_000),
        )
        _together(found)
        yield found


def _together(pair: Pair) -> None:
    runs = [pair.exact, pair.nan, pair.memory, *pair.families, pair.whole, pair.paused]
    with contextlib.ExitStack() as stack:  # a meeting place for each
        free = [stack.enter_context(socket.socket()) for _ in runs]
        for one in free:
            one.bind(("127.0.0.1", 0))
        places = [f"{run.path}:{one.getsockname()[1]}" for run, one in zip(runs, free)]
    shared = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0"}
    words = [sys.executable, "-m", "tests.training.member", *places]
    log = pair.exact.path / "members.log"
    with log.open("wb") as out:
        both = [
            subprocess.Popen(
                words, cwd=ROOT, env=os.environ | shared | {"RANK": rank, "LOCAL_RANK": rank}, stdout=out, stderr=out
            )
            for rank in ("0", "1")
        ]
    try:
        deadline = time.monotonic() + 200
        while pair.paused.status().step < 5 and all(p.poll() is None for p in both) and time.monotonic() < deadline:
            time.sleep(0.02)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):  # a terminal's Ctrl-C, and what torchrun makes of it
            both[1].send_signal(number)
        pair.paused.request("pause")
        assert [p.wait(timeout=60) for p in both] == [0, 0], log.read_text()
    finally:
        for process in both:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(pair: Pair) -> None:
    alone = RunFolder(
        shutil.copytree(pair.exact.path, pair.exact.path.with_name("alone"), ignore=shutil.ignore_patterns("*.jsonl"))
    )
    shutil.rmtree(alone.path / "checkpoints")
    one, two = list(train(alone, Tiny)), pair.exact.events()[0]
    for name in ("mel", "critic/score", "gradient/sound", "gradient/critic", "held-out/mel"):
        expected, found = losses(one, name), losses(two, name)
        assert expected.keys() == found.keys() and len(found) >= (1 if name == "held-out/mel" else 25)
        worst = max(abs(found[step] / expected[step] - 1) for step in expected)
        assert worst < 1e-4, f"{name} differs by {worst:.1e}"
    assert pair.exact.status().device.endswith("× 2")


@pytest.mark.slow
def test_all_processes_stay_the_same_to_the_bit(pair: Pair) -> None:
    for run in (pair.exact, pair.nan, pair.memory, *pair.families):
        one, other = ranked(run)
        assert one == other and len(one) >= 6, run.name


@pytest.mark.slow
def test_only_the_first_process_writes(pair: Pair) -> None:
    told = pair.exact.events()[0]
    assert len(produced(told, "began")) == 1 and sorted(losses(told)) == list(range(1, 51))
    assert [m.step for m in pair.exact.checkpoints()] == [50] and len(pair.exact.previews()) == 1


@pytest.mark.slow
def test_impossible_numbers_of_one_process_send_all_back(pair: Pair) -> None:
    told = pair.nan.events()[0]
    notices = [e.detail["key"] for e in told if isinstance(e, Produced) and e.kind == "notice"]
    assert notices.count("RolledBack") == 1 and pair.nan.status().state == "finished"
    assert [line.split()[0] for line in ranked(pair.nan)[1]].count("3") == 2  # from the start again


@pytest.mark.slow
def test_a_full_memory_of_one_process_halves_the_batch_of_all(pair: Pair) -> None:
    told = pair.memory.events()[0]
    notices = [e.detail["key"] for e in told if isinstance(e, Produced) and e.kind == "notice"]
    assert notices.count("BatchHalved") == 1
    status = pair.memory.status()
    assert (status.state, status.step, status.batch) == ("finished", 10, BATCH // 2)


@pytest.mark.slow
def test_every_family_is_trained_by_two(pair: Pair) -> None:
    for run in pair.families:
        assert (run.status().state, run.status().step) == ("finished", 6), run.name
        saved = Saver(run).newest()
        assert saved is not None and all(bool(torch.isfinite(t.float()).all()) for t in saved.tensors.values())
        if "model/bank_label" in saved.tensors:  # six steps pass all sounds, each process half of them
            assert bool((saved.tensors["model/bank_label"] > -2).all())


@pytest.mark.slow
def test_all_pause_together_and_one_goes_on_alone(pair: Pair) -> None:
    assert pair.paused.status().state == "paused" and not pair.paused.alive()
    one, other = ranked(pair.paused)
    assert one == other
    saved = Saver(pair.paused).newest()
    assert saved is not None and saved.facts.step == len(one)
    for event in train(pair.paused, Tiny):
        if isinstance(event, Metric) and event.step > saved.facts.step + 2:
            pair.paused.request("stop")
    assert pair.paused.status().state == "stopped" and pair.paused.status().step > saved.facts.step


@pytest.mark.slow
def test_torchrun_starts_again_after_a_process_was_killed(pair: Pair) -> None:
    words = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--max-restarts", "1"]
    words += ["-m", "tests.training.member", str(pair.broken.path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    told = pair.broken.events()[0]
    assert (pair.broken.status().state, pair.broken.status().step) == ("finished", 300)
    (resumed,) = produced(told, "resumed")
    assert resumed.detail["step"] > 0
    assert any(getattr(e, "key", "") == "ProcessLost" for e in told)  # what the first process said of it
    assert losses(told) == losses(pair.whole.events()[0])  # as if nothing had happened


def test_every_life_meets_under_a_name_of_its_own() -> None:
    store = HashStore()  # as torchrun's, which stays through all restarts
    names = []
    for size in (3, 3, 2, 4):
        with ThreadPoolExecutor(size) as pool:
            found = [pool.submit(fresh, store, Ranks(rank, size)) for rank in reversed(range(size))]
            said = {future.result(timeout=60) for future in found}
        assert len(said) == 1
        names += said
    assert len(set(names)) == 4


def test_who_is_who(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ranks() == Ranks(0, 1, 0, 1)
    for name, value in {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4"}.items():
        monkeypatch.setenv(name, value)
    assert ranks() == Ranks()  # nobody to meet
    for name, value in {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    assert ranks() == Ranks(5, 8, 1, 4)
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert ranks() == Ranks()


def test_several_processes_do_nothing_but_train_a_run(
    project: ProjectFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    for words in (
        ["train", str(project.root), "--steps", "3"],
        ["queue", str(project.root), "--run"],
        ["info", str(project.root)],
    ):
        assert cli.main(words) == 2 and "--prepare" in capsys.readouterr().err
    assert not project.runs()
