"""A search and its trials as real processes, killed at bad moments: nothing is lost, nothing is trained twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from studio.events import Produced, Started
from studio.project.folder import ProjectFolder
from studio.training.run import RunFolder
from studio.training.searches import SearchFolder, Trial
from studio.training.space import Span

ROOT = Path(__file__).resolve().parents[2]
SPANS = (Span(name="latent", kind="int", usual=6, low=2, high=24),)


def begin(folder: SearchFolder) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-m", "tests.training.search_child", str(folder.path)], cwd=ROOT, env=env)


def wait(ready: Callable[[], object], process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert process.poll() is None, "the search ended"
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


def trials(folder: SearchFolder) -> dict[int, Trial]:
    return {trial.number: trial for trial in folder.status().trials}


def lives_of(run: RunFolder) -> tuple[int, int]:
    """How often it was begun, and how often it went on from a checkpoint."""
    events, _ = run.events()
    resumed = [event for event in events if isinstance(event, Produced) and event.kind == "resumed"]
    return sum(isinstance(event, Started) for event in events), len(resumed)


def test_a_killed_search_goes_on_with_the_trials_it_had(project: ProjectFolder) -> None:
    plan = {"batch": 4, "precision": "fp32", "threads": 1, "save": 0.3}
    folder = SearchFolder.create(project, "tiny", SPANS, 60.0, config={"latent": 6}, plan=plan, trial=10.0, workers=2)

    def going(runs: list[RunFolder], after: int = 0) -> bool:
        return all(run.alive() and run.checkpoints() and run.status().step > after for run in runs)

    first = begin(folder)
    second: subprocess.Popen[bytes] | None = None
    try:
        wait(lambda: len(project.runs()) == 2 and going([RunFolder(path) for path in project.runs()]), first)
        survivor, victim = (RunFolder(path) for path in project.runs())
        first.kill()
        first.wait()
        psutil.Process(victim.status().pid).send_signal(signal.SIGKILL)
        assert not folder.alive() and survivor.alive(), "a training goes on without the search"
        step = survivor.status().step
        second = begin(folder)
        wait(lambda: lives_of(victim) == (2, 1) and going([survivor, victim], step) and folder.alive(), second)
        assert {trial.run for trial in trials(folder).values()} == {survivor.name, victim.name}
        assert lives_of(survivor) == (1, 0)
        second.terminate()
        assert second.wait(60) == 0, "the system's signal stops it at a safe point"
        assert folder.status().state == "stopped" and not folder.alive()
        assert survivor.status().state == victim.status().state == "paused", "no training is left behind"
    finally:
        for process in (first, second):
            if process is not None:
                process.kill()
                process.wait()
        for path in project.runs():
            with suppress(psutil.Error):
                if RunFolder(path).alive():
                    psutil.Process(RunFolder(path).status().pid).kill()
