"""What a running training can be asked besides stop and pause: slower, best, longer."""

from __future__ import annotations

import pytest

from studio.errors import BadConfig
from studio.events import Event, Metric
from studio.training import validation
from studio.training.asked import Asked
from studio.training.plan import Schedule
from studio.training.run import RunFolder
from studio.training.saving import Saver
from studio.training.trainer import ROLLBACKS, train
from tests.training.conftest import Make, losses, produced
from tests.training.tiny import Tiny


def training(run: RunFolder, at: dict[int, tuple[str, dict[str, float]]]) -> list[Event]:
    """Train to the end; at these steps it is asked for this, once each."""
    told, asked = [], dict(at)
    for event in train(run, Tiny):
        told.append(event)
        if isinstance(event, Metric) and event.name == "mel" and event.step in asked:
            word, more = asked.pop(event.step)
            run.request(word, **more)  # type: ignore[arg-type]
    return told


def test_words_wait_until_they_are_taken_with_what_came_along(make: Make) -> None:
    run = make()
    asked = Asked(run)
    run.request("longer", minutes=3)
    run.request("pause")
    asked.look()
    assert asked.ending == "paused" and "longer" in asked and "star" not in asked
    assert asked.take("longer") is not None and asked.take("longer") is None
    asked.add("stop")
    assert asked.ending == "stopped" and run.requests() == []
    (run.path / "requests" / "longer").write_bytes(b"{torn")
    asked.look()
    assert asked.take("longer") == {}


def test_slower_halves_the_rate_from_there_and_a_killed_run_remembers(make: Make) -> None:
    plain, run = make(steps=40), make(steps=40)
    normal, told = losses(training(plain, {}), "rate"), losses(training(run, {10: ("slower", {})}), "rate")
    assert all(told[step] == normal[step] for step in range(1, 11))
    assert all(told[step] == pytest.approx(0.5 * normal[step]) for step in range(12, 41))
    saved = Saver(run).newest()
    assert saved is not None and saved.facts.memory.slowed == 0.5
    (notice,) = produced(run.events()[0], "notice")
    assert notice.detail["key"] == "Slowed" and "50%" in notice.detail["sentence"]
    assert run.status().verdict != "unstable"


def test_slower_is_saved_at_once(make: Make) -> None:
    run = make(steps=40)
    work = train(run, Tiny)
    for event in work:
        if isinstance(event, Metric) and event.name == "mel" and event.step == 10:
            run.request("slower")
        if isinstance(event, Metric) and event.name == "mel" and event.step == 14:
            break
    saved = Saver(run).newest()
    assert saved is not None and saved.facts.memory.slowed == 0.5 and saved.facts.step <= 12
    work.close()  # type: ignore[attr-defined]


def test_best_goes_back_to_the_best_moment_at_half_the_rate(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make(steps=60, preview=0.02, save=0.01)
    monkeypatch.setattr(validation, "SOONEST", 0.01)
    measure, best = validation.Validation.measure, []

    def rising(self: validation.Validation, model: Tiny, batch: int) -> dict[str, float]:
        found = measure(self, model, batch)
        best.append(1)
        return found | {"held-out/mel": 1.0 + 0.01 * len(best)}  # the first is the best

    monkeypatch.setattr(validation.Validation, "measure", rising)
    told = training(run, {40: ("best", {})})
    first = next(e for e in produced(told, "checkpoint") if e.detail["best"])
    (back,) = produced(told, "resumed")
    assert back.detail["step"] == first.detail["step"] < 40
    rates = [e.value for e in told if isinstance(e, Metric) and e.name == "rate" and e.step == first.detail["step"] + 6]
    assert len(rates) == 2 and rates[1] == pytest.approx(rates[0] / 2)
    assert run.status().state == "finished" and run.status().step == 60
    saved = Saver(run).newest()
    assert saved is not None and (saved.facts.memory.rollbacks, saved.facts.memory.wished) == (1, 1)
    assert run.status().verdict != "unstable"


def test_going_back_as_asked_is_never_once_too_often(make: Make) -> None:
    run = make(steps=44, preview=0.01)
    told = training(run, {step: ("best", {}) for step in range(14, 44, 5)})
    assert run.status().state == "finished" and len(produced(told, "resumed")) > ROLLBACKS


def test_best_without_a_better_moment_does_nothing(make: Make) -> None:
    run = make(steps=20)
    told = training(run, {5: ("best", {})})
    assert not produced(told, "resumed") and run.status().state == "finished"


def test_a_running_plan_grows(make: Make) -> None:
    run = make(steps=30)
    training(run, {20: ("longer", {"minutes": 0.0001})})
    grown = run.plan.steps or 0
    assert grown > 30 and run.status().step == grown and run.status().state == "finished"
    assert run.status().progress == 1


def test_minutes_grow_too(make: Make) -> None:
    run = make(steps=None, minutes=0.01)
    training(run, {2: ("longer", {"minutes": 0.02})})
    status = run.status()
    assert run.plan.minutes == pytest.approx(0.03) and status.planned == pytest.approx(0.03)
    assert status.state == "finished" and status.step == status.planned_steps


def test_a_finished_run_goes_on_with_more_and_its_rate_rises_again(make: Make) -> None:
    run = make({"rate": 1e-2}, steps=60)
    first = losses(list(train(run, Tiny)), "rate")
    assert run.status().progress == 1.0
    told = list(train(run, Tiny))
    assert not losses(told) and run.status().state == "finished"  # nothing is left of the plan
    assert run.lengthen(run.status().minutes / 2).steps == 90
    second = losses(list(train(run, Tiny)), "rate")
    assert sorted(second) == list(range(61, 91)) and run.status().step == 90
    assert second[61] > 2 * first[60] and second[90] == pytest.approx(first[60], rel=0.2)


def test_lengthening_a_run_that_rests(make: Make) -> None:
    run = make(steps=None, minutes=0.5)
    run.lengthen(20)
    assert run.plan.minutes == 20.5 and run.plan.batch == 4
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(BadConfig):
            run.lengthen(wrong)
    assert run.plan.minutes == 20.5


def test_nonsense_asked_of_a_running_one_is_passed_over(make: Make) -> None:
    run = make(steps=20)
    training(run, {5: ("longer", {"minutes": -3.0})})
    assert run.plan.steps == 20 and run.status().state == "finished"


def test_a_longer_plan_stays_in_its_phase_and_keeps_what_has_begun() -> None:
    done = Schedule(total=100).replan(100, 100)
    one = done.lengthen(100, 200, 0.5, [1.0])
    assert one.at(100) == 0.5 and one.at(200) == 1 and one.at(150) == pytest.approx(0.75)
    assert done.lengthen(100, 1000, 0.1, [1.0]).at(100) == 0.5
    assert done.lengthen(100, 200, 0.5, [3.0, 1.0]).at(100) == pytest.approx(0.875)
    early = Schedule(total=100).lengthen(20, 200, 0.1, [1.0])
    assert early.at(20) == 0.2 and early.at(200) == 1
    assert done.lengthen(100, 100, 1.0, [1.0]).at(101) == 1
