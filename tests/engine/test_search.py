"""What a window's trainings do while a search is at work: they wait, and its trials are none of theirs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from studio.engine.training import RunView, Training
from studio.project.folder import ProjectFolder
from studio.project.state import RunStatus
from studio.training import process
from studio.training.run import RunFolder
from studio.training.searches import SearchFolder, SearchStatus
from studio.training.space import Span

SPANS = (Span(name="latent", kind="int", usual=8, low=2, high=64),)


@pytest.fixture
def training(qapp: Any, project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Training]:
    monkeypatch.setattr(Training, "command", staticmethod(lambda run: [sys.executable, "-c", "pass"]))
    made = Training()
    made.watch(project)
    yield made
    made.watch(None)


def test_the_queue_waits_for_a_search(training: Training, project: ProjectFolder, qtbot: Any) -> None:
    folder = SearchFolder.create(project, "oneshot", SPANS, 20.0, config={})
    folder.write_status(SearchStatus(state="searching", **process.me()))  # type: ignore[arg-type]
    run = training.queue("oneshot", {}, {}, "after it")
    for _ in range(3):
        training.look()
        qtbot.wait(20)
    view = training.view(run)
    assert view is not None and view.place == 0
    folder.write_status(msgspec.structs.replace(folder.status(), state="finished", pid=0))
    qtbot.waitUntil(lambda: training.view(run).state == "failed", timeout=20_000)  # type: ignore[union-attr]  # it began


def test_nobody_is_told_that_a_trial_has_ended(training: Training, project: ProjectFolder) -> None:
    ended: list[RunView] = []
    training.ended.connect(ended.append)
    runs = [RunFolder.create(project, "oneshot", {}, name=name, trial_of=of) for name, of in (("mine", ""), ("trial", "s-1"))]
    for state in ("training", "finished"):
        for run in runs:
            run.write_status(RunStatus(state=state, **process.me()))  # type: ignore[arg-type]
        training.look()
    assert {view.title: view.trial_of for view in training.views} == {"mine": "", "trial": "s-1"}
    assert [view.title for view in ended] == ["mine"]
