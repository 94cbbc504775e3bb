"""A plan can end before its time: when the model is good enough, or when nothing improves."""

from __future__ import annotations

import msgspec
import pytest

from studio.events import Metric, Produced
from studio.training import trainer, validation
from studio.training.goals import Goals
from studio.training.plan import TrainerConfig
from studio.training.saving import Saver
from studio.training.trainer import train
from tests.training.conftest import Make, losses, produced
from tests.training.tiny import Tiny


def test_good_enough_is_enough() -> None:
    goals = Goals(TrainerConfig(quality=0.5))
    goals.measured(0.51, "improving", 60)
    assert not goals.reached
    goals.measured(0.5, "improving", 120)
    assert "0.5" in goals.reached and goals.progress.met


def test_flat_counts_from_when_it_began_and_anew_after_every_gain() -> None:
    goals = Goals(TrainerConfig(flat=10))
    for minute, word in enumerate(["flat"] * 9 + ["slow"] + ["flat", "overfitting", "copying", "unstable", "flat"] * 2):
        goals.measured(1.0, word, minute * 60)
        assert not goals.reached, minute
    goals.measured(1.0, "flat", 20 * 60)
    assert "10 min" in goals.reached


def test_without_goals_a_plan_runs_its_time() -> None:
    goals = Goals(TrainerConfig())
    for minute in range(1000):
        goals.measured(0.0, "flat", minute * 60)
    assert not goals.reached


def test_a_goal_ends_a_run_once_and_is_remembered() -> None:
    first = Goals(TrainerConfig(flat=1))
    first.measured(1.0, "flat", 0)
    later = Goals(first.plan, first.progress)  # another life of the run
    later.measured(1.0, "flat", 61)
    assert later.reached
    again = Goals(first.plan, later.progress)
    again.measured(1.0, "flat", 600)
    assert not again.reached


def test_a_run_ends_at_its_quality_and_goes_on_when_asked(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = make({"rate": 1e-2}, steps=60)
    list(train(whole, Tiny))
    monkeypatch.setattr(trainer._Training, "_look_around", lambda self: self._validate())
    enough = whole.status().best["held-out/mel"] * 1.3
    run = make({"rate": 1e-2}, steps=60, quality=enough)
    told = list(train(run, Tiny))
    (notice,) = [e for e in produced(told, "notice") if e.detail["key"] == "GoalReached"]
    status = run.status()
    assert status.state == "finished" and status.message == notice.detail["sentence"] and 0 < status.step < 60
    measured = [e.value for e in told if isinstance(e, Metric) and e.name == "held-out/mel"]
    assert measured[-1] <= enough < min(measured[:-1]) and status.disk_mb > 0
    saved = Saver(run).newest()
    assert saved is not None and saved.facts.goals.met and saved.facts.step == status.step
    later = list(train(run, Tiny))  # by hand: to the end of the plan, as if it had never ended
    assert run.status().step == 60 and not produced(later, "notice")
    assert losses(whole.events()[0]) == losses(run.events()[0])


def test_a_run_that_reached_its_goal_goes_on_when_its_plan_is_made_longer(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer._Training, "_look_around", lambda self: self._validate())
    run = make(steps=30, quality=1e9)  # good enough at once
    for event in train(run, Tiny):
        if isinstance(event, Produced) and event.kind == "notice":
            run.request("longer", minutes=0.001)  # in the moment in which it ends
    assert run.status().state == "finished" and run.status().step > 30


def test_a_run_ends_when_nothing_has_improved_for_long(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "SOONEST", 0.01)
    monkeypatch.setattr(trainer.Report, "_judge", lambda self, spent: setattr(self, "status", flat(self.status)))
    run = make(steps=100_000, preview=0.02, flat=0.01)
    told = list(train(run, Tiny))
    assert run.status().state == "finished" and run.status().step < 100_000
    assert [e.detail["key"] for e in produced(told, "notice")] == ["GoalReached"]


def flat(status: object) -> object:
    return msgspec.structs.replace(status, verdict="flat")  # type: ignore[type-var]
