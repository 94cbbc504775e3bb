"""Measuring beside the window: a process is started, followed, and ended when nobody wants its answer any more."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.engine import evaluations as module
from studio.engine.evaluations import LOG, Evaluations, Measured, Measuring, share_of
from studio.events import Progress


@pytest.fixture
def evaluations(qapp: Any) -> Iterator[Evaluations]:
    made = Evaluations()
    yield made
    assert made.close()


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Has the process be a Python that runs this."""

    def set(code: str) -> None:
        monkeypatch.setattr(module, "command", lambda run, device: [sys.executable, "-c", code])

    return set


def listen(evaluations: Evaluations) -> tuple[list[Measuring], list[Measured]]:
    now: list[Measuring] = []
    ended: list[Measured] = []
    evaluations.changed.connect(now.append)
    evaluations.ended.connect(ended.append)
    return now, ended


def test_progress_and_the_folder_of_the_result_are_told(
    evaluations: Evaluations, says: Any, tmp_path: Path, qtbot: Any
) -> None:
    says(
        "import time\n"
        "print('a warning of some library')\n"
        """print('{"event":"progress","done":4,"total":8,"note":"learning the labels"}', flush=True)\n"""
        "time.sleep(0.5)\n"
        """print('{"event":"result","result":{"picture":"/somewhere/step 3/picture.png"}}')"""
    )
    (tmp_path / LOG).write_text('{"event":"result","result":{"picture":"/of/yesterday/picture.png"}}\n')
    now, ended = listen(evaluations)
    evaluations.start(tmp_path)
    evaluations.start(tmp_path)  # asked twice, done once
    assert evaluations.of(tmp_path) == Measuring(tmp_path)
    qtbot.waitUntil(lambda: bool(ended), timeout=20_000)
    assert ended == [Measured(tmp_path, Path("/somewhere/step 3"))]
    assert Measuring(tmp_path, "learning the labels", 0.7) in now and evaluations.of(tmp_path) is None


def test_a_named_error_is_told_as_it_is(evaluations: Evaluations, says: Any, tmp_path: Path, qtbot: Any) -> None:
    says("""print('{"event":"failed","key":"NothingToLearn","sentence":"There is no sound.","hint":"Add some."}')""")
    _, ended = listen(evaluations)
    evaluations.start(tmp_path)
    qtbot.waitUntil(lambda: bool(ended), timeout=20_000)
    assert ended[0].folder is None and ended[0].problem is not None and ended[0].problem.sentence == "There is no sound."


def test_a_process_that_dies_is_a_problem(evaluations: Evaluations, says: Any, tmp_path: Path, qtbot: Any) -> None:
    says("import os; os._exit(7)")
    _, ended = listen(evaluations)
    evaluations.start(tmp_path)
    qtbot.waitUntil(lambda: bool(ended), timeout=20_000)
    assert ended[0].problem is not None and "(7)" in ended[0].problem.sentence


def test_cancelling_ends_the_process(evaluations: Evaluations, says: Any, tmp_path: Path, qtbot: Any) -> None:
    says("import time; print('here', flush=True); time.sleep(600)")
    _, ended = listen(evaluations)
    evaluations.start(tmp_path)
    qtbot.waitUntil(lambda: (tmp_path / LOG).exists() and "here" in (tmp_path / LOG).read_text(), timeout=20_000)
    (child,) = [c for c in psutil.Process().children() if "time.sleep(600)" in " ".join(c.cmdline())]
    evaluations.cancel(tmp_path)
    qtbot.waitUntil(lambda: bool(ended), timeout=20_000)
    assert ended == [Measured(tmp_path)] and not child.is_running()
    evaluations.cancel(tmp_path)  # of what is not there


def test_the_stages_follow_each_other() -> None:
    notes = (
        "making new sounds",
        "comparing with real sounds",
        "learning the labels, error 1.2",
        "reconstructing held-out sounds",
    )
    shares = [share_of(Progress(done=done, total=4, note=note)) for note in (*notes, "playing notes") for done in (1, 4)]
    assert shares == sorted(shares) and shares[-1] == 1 and shares[0] > 0
