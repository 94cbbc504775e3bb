"""The queue on the command line: order, one at a time, giving way to a window, and rest when all is done."""

from __future__ import annotations

import os
import signal
from argparse import Namespace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from studio.cli import queue as verb
from studio.errors import TrainingError, UsageError
from studio.events import Finished, Progress, Started, Work
from studio.project.folder import ProjectFolder
from studio.project.state import RunStatus
from studio.training import queue as waiting
from studio.training.power import Power
from studio.training.run import RunFolder
from studio.training.signals import listening


@pytest.fixture
def place(tmp_path: Path) -> Path:
    root = tmp_path / "Drums"
    ProjectFolder.create(root).close()
    return root


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names in the order in which they were trained, by a trainer that only says so; "bad" ones fail."""
    order: list[str] = []

    def train(run: RunFolder) -> Work:
        order.append(run.config.name)
        yield Started(what="train")
        state = "failed" if run.config.name == "bad" else "finished"
        run.write_status(msgspec.structs.replace(run.status(), state=state))
        if state == "failed":
            raise TrainingError(reason="it would not")
        yield Finished(result={})

    monkeypatch.setattr(verb, "train_here", train)
    monkeypatch.setattr(verb, "LOOK", 0.01)
    monkeypatch.setattr(verb, "CLOSING", 0.1)
    return order


def make(root: Path, *names: str) -> list[str]:
    with ProjectFolder.open(root, lock=False) as project:
        return [RunFolder.create(project, "oneshot", {}, name=name).path.name for name in names]


def say(root: Path, **words: Any) -> dict[str, Any]:
    told = list(verb.queue(args(root, **words)))
    assert isinstance(told[-1], Finished)
    return told[-1].result


def args(root: Path, **words: Any) -> Namespace:
    return Namespace(**({"project": root, "add": [], "remove": [], "first": [], "run": False, "then": None} | words))


def waits(root: Path) -> tuple[str, ...]:
    return waiting.read(ProjectFolder.open(root, lock=False))


def test_the_order_is_changed_by_name(place: Path) -> None:
    a, b, c = make(place, "a", "b", "c")
    say(place, add=[a, b, c])
    assert waits(place) == (a, b, c)
    say(place, first=[c], remove=[b])
    assert waits(place) == (c, a)
    other = place.parent / "Other"
    ProjectFolder.create(other).close()
    with pytest.raises(UsageError):
        say(place, add=[str(other / "runs" / make(other, "x")[0])])


def test_a_failed_run_is_passed_over_and_the_rest_is_trained(place: Path, trained: list[str]) -> None:
    names = make(place, "one", "bad", "two")
    found = say(place, add=names, run=True)
    assert trained == ["one", "bad", "two"] and waits(place) == ()
    assert [one["state"] for one in found["trained"]] == ["finished", "failed", "finished"]


def test_it_waits_for_the_run_at_work(place: Path, trained: list[str]) -> None:
    busy, next_ = make(place, "busy", "next")
    run = RunFolder(place / "runs" / busy)
    run.write_status(RunStatus(state="training", pid=1, host="studio-pc"))
    told = []
    for event in verb.queue(args(place, add=[next_], run=True)):
        told.append(event)
        if isinstance(event, Progress):
            assert trained == []
            run.write_status(RunStatus(state="finished"))
    assert any(isinstance(event, Progress) and busy in event.note for event in told) and trained == ["next"]


def test_a_run_at_work_is_not_put_into_the_queue(place: Path) -> None:
    (busy,) = make(place, "busy")
    RunFolder(place / "runs" / busy).write_status(RunStatus(state="training", pid=1, host="studio-pc"))
    with pytest.raises(UsageError, match="at work"):
        say(place, add=[busy])


def test_a_window_that_has_the_project_open_goes_first(place: Path, trained: list[str]) -> None:
    names = make(place, "one")
    with ProjectFolder.open(place):
        found = say(place, add=names, run=True)
        assert trained == [] and waits(place) == tuple(names) and len(found["waiting"]) == 1
    say(place, run=True)
    assert trained == ["one"]


def test_who_is_told_to_stop_does_not_begin_the_next(place: Path, trained: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    train = verb.train_here

    def told(run: RunFolder) -> Work:
        mine: set[str] = set()
        with listening(mine):
            os.kill(os.getpid(), signal.SIGTERM)
            yield from train(run)
        assert mine == {"stop", "hurry"}

    monkeypatch.setattr(verb, "train_here", told)
    names = make(place, "one", "two")
    say(place, add=names, run=True)
    assert trained == ["one"] and waits(place) == (names[1],)


@pytest.mark.parametrize("names,rests", [(["one", "bad"], ["sleep"]), ([], [])])
def test_the_computer_rests_when_the_last_one_is_done(
    place: Path, trained: list[str], monkeypatch: pytest.MonkeyPatch, names: list[str], rests: list[str]
) -> None:
    left: list[str] = []
    monkeypatch.setattr(Power, "ask", lambda self: setattr(self, "able", frozenset({"sleep"})))
    monkeypatch.setattr(Power, "leave", lambda self, rest: left.append(rest))
    say(place, add=make(place, *names), run=True, then="sleep")
    assert left == rests


def test_rest_that_the_computer_does_not_offer_is_refused_at_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Power, "ask", lambda self: None)
    with pytest.raises(UsageError, match="sleep"):
        say(place, run=True, then="sleep")
