"""The verdict in the status, and what is offered of it at each moment."""

from __future__ import annotations

from typing import Any

import pytest

from studio.models.controls import Latent
from studio.training.report import Report
from tests.training.conftest import Make


def report(make: Make) -> Report:
    made = Report(make())
    made.judged = "held-out/mel"
    made.knows(12, 16, Latent("global", 8))
    made.show(state="training")
    return made


def measure(report: Report, held: list[float], start: int = 0, **more: Any) -> None:
    """One measurement a minute."""
    for i, value in enumerate(held, start + 1):
        report.show(step=i)
        list(report.measured(i, 60.0 * i, {"held-out/mel": value, "training/mel": value, **more}))
    report.show()


FALLING = [0.9**n for n in range(12)]
FLAT = [*FALLING, *[FALLING[-1] + 0.001 * (n % 2) for n in range(14)]]


def test_the_status_says_the_verdict_with_its_set(make: Make) -> None:
    told = report(make)
    measure(told, FALLING)
    status = told.run.status()
    assert status.verdict == "improving" and "12 held-out sounds" in status.sentence


def test_a_longer_plan_is_offered_towards_its_end_and_after_it(make: Make) -> None:
    told = report(make)
    measure(told, FALLING)
    assert told.run.status().offers == ()
    told.show(progress=0.8)
    assert told.run.status().offers == ("continue",)
    told.show(state="finished", progress=1.0)
    assert told.run.status().offers == ("continue",)
    told.show(state="failed")
    assert told.run.status().offers == ()


def test_going_back_is_offered_where_there_is_a_better_moment(make: Make) -> None:
    told = report(make)
    measure(told, FLAT)
    assert told.run.status().verdict == "flat" and told.run.status().offers == ("stop", "slower")
    told.show(best_step=12)
    assert told.run.status().offers == ("stop", "slower", "best")
    told.show(state="finished", progress=1.0)
    assert told.run.status().offers == ()


def test_new_sounds_are_judged_when_they_are_heard(make: Make) -> None:
    told = report(make)
    measure(told, FALLING)
    list(told.measured(12, 720.0, {"new/silent": 0.0, "new/copies": 0.25}))
    told.show(best_step=6)
    status = told.run.status()
    assert status.verdict == "copying" and "4 of 16" in status.sentence and status.offers == ("stop", "best")


def test_a_run_that_went_back_is_unstable_for_a_while(make: Make) -> None:
    told = report(make)
    measure(told, FALLING)
    told.went_back = 720.0
    measure(told, [0.3], start=12)
    assert told.run.status().verdict == "unstable" and told.run.status().offers[0] == "slower"
    measure(told, [0.27, 0.24, 0.22], start=13)
    assert told.run.status().verdict == "improving"


@pytest.mark.parametrize("active,word", [(0.0, "collapsing"), (8.0, "improving")])
def test_latents_in_use_are_counted_against_the_familys(make: Make, active: float, word: str) -> None:
    told = report(make)
    measure(told, FALLING, **{"latent/active": active})
    assert told.run.status().verdict == word
