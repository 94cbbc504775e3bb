"""What the window can ask of a training besides stop and pause."""

from __future__ import annotations

from typing import Any

import msgspec

from studio.engine.training import Training
from tests.engine.test_training import Ear, project, start, trainer, training, until

__all__ = ["project", "trainer", "training"]


def test_a_run_at_work_hears_words_and_one_that_rests_does_not(training: Training, qtbot: Any) -> None:
    run = start(training, qtbot)
    heard: list[str] = []
    folder = training.folder(run)
    take, folder.request = folder.request, lambda word, **more: heard.append((word, more))  # type: ignore[assignment]
    training.ask(run, "slower")
    training.ask(run, "best")
    training.extend(run, 20)
    assert heard == [("slower", {}), ("best", {}), ("longer", {"minutes": 20})]
    folder.request = take  # type: ignore[method-assign]
    training.stop(run)
    until(training, qtbot, run, "stopped")
    training.ask(run, "slower")
    training.ask("gone", "best")
    training.extend("gone", 5)
    assert folder.requests() == []


def test_a_finished_run_goes_on_with_more_minutes(training: Training, qtbot: Any) -> None:
    run = start(training, qtbot, "short")
    until(training, qtbot, run, "finished")
    before = training.view(run)
    assert before is not None
    folder = training.folder(run)
    folder.write_status(msgspec.structs.replace(folder.status(), planned=10.0))
    training.extend(run, 20)
    qtbot.waitUntil(lambda: training.active is not None and training.active.name == run, timeout=20_000)
    assert folder.plan.minutes == 30
    training.stop(run)
    qtbot.waitUntil(lambda: not training.view(run).alive, timeout=20_000)


def test_an_impossible_length_is_told(training: Training, qtbot: Any) -> None:
    run = start(training, qtbot, "short")
    until(training, qtbot, run, "finished")
    ear = Ear(training)
    training.extend(run, -1)
    assert [problem.key for problem in ear.problems] == ["BadConfig"] and training.active is None
