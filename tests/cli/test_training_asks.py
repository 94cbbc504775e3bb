"""The verbs slower and best, and resume with more minutes."""

from __future__ import annotations

from argparse import Namespace

import pytest

from studio.cli import training
from studio.cli.grammar import parser
from studio.errors import BadConfig, UsageError
from studio.project.folder import ProjectFolder
from studio.training.plan import TrainerConfig
from studio.training.run import RunFolder
from tests.bench.scene import finish


@pytest.fixture
def run(project: ProjectFolder) -> RunFolder:
    return RunFolder.create(project, "oneshot", {}, TrainerConfig(minutes=10))


def asked(run: RunFolder, *words: str) -> Namespace:
    return parser().parse_args([words[0], str(run.path), *words[1:]])


@pytest.mark.parametrize("verb", ["slower", "best"])
def test_they_are_asked_of_a_training_at_work_only(run: RunFolder, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    with pytest.raises(UsageError, match="not being trained"):
        finish(getattr(training, verb)(asked(run, verb)))
    monkeypatch.setattr(RunFolder, "alive", lambda self: True)
    result = finish(getattr(training, verb)(asked(run, verb)))
    assert run.requests() == [verb] and result == {"run": str(run.path)}
    assert run.name in "".join(getattr(training, f"say_{verb}")(result))


def test_more_minutes_go_into_the_plan_of_a_run_that_rests(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[RunFolder] = []
    monkeypatch.setattr(training, "train_here", lambda run: iter([trained.append(run)]))
    list(training.resume(asked(run, "resume", "--minutes", "20")))
    assert run.plan.minutes == 30 and [one.path for one in trained] == [run.path]
    list(training.resume(asked(run, "resume")))
    assert run.plan.minutes == 30 and len(trained) == 2
    with pytest.raises(BadConfig):
        list(training.resume(asked(run, "resume", "--minutes", "0")))
    assert run.plan.minutes == 30 and len(trained) == 2


def test_more_minutes_are_asked_of_one_at_work(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunFolder, "alive", lambda self: True)
    finish(training.resume(asked(run, "resume", "--minutes", "20")))
    taken = run.take_requests()
    assert list(taken) == ["resume", "longer"] and taken["longer"]["minutes"] == 20 and run.plan.minutes == 10


@pytest.mark.slow
def test_a_run_is_tried_out(project: ProjectFolder) -> None:
    small = {"width": 32, "critic_width": 4, "seconds": 0.3}
    run = RunFolder.create(project, "oneshot", small, TrainerConfig(batch=2, precision="fp32", threads=1))
    result = finish(training.fit(asked(run, "fit")))
    assert result["fits"] and result["measured"] and result["batch"] == 2 and result["total"] > result["bytes"] > 1e8
    said = " ".join(training.say_fit(result))
    assert "2 sounds a step in fp32" in said and "window" not in said
    assert "window=4" in " ".join(training.say_fit({**result, "fits": False, "changes": {"window": 4}}))
    assert run.status().state == "queued"
