from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio import fields
from studio.errors import BadConfig
from studio.training import plan
from studio.training.plan import Schedule, TrainerConfig

steps = st.integers(1, 10_000)


@given(steps, st.lists(st.tuples(st.integers(0, 500), st.integers(0, 20_000)), max_size=6))
@settings(max_examples=60, deadline=None)
def test_progress_never_falls_however_often_the_end_is_moved(total: int, moves: list[tuple[int, int]]) -> None:
    schedule, step, last = Schedule(total=total), 0, 0.0
    for ahead, end in moves:
        for at in range(step, step + ahead + 1, max(1, ahead // 5)):
            assert last <= schedule.at(at) <= 1
            last = schedule.at(at)
        step += ahead
        before = schedule.at(step)
        schedule = schedule.replan(step, end)
        assert schedule.at(step) == pytest.approx(before) or schedule.at(step) == 1
    assert schedule.at(schedule.total) == 1


def test_phases_share_the_plan() -> None:
    assert plan.phase_at(0.0, [3, 1]) == (0, 0.0)
    assert plan.phase_at(0.375, [3, 1]) == (0, 0.5)
    assert plan.phase_at(0.75, [3, 1]) == (1, 0.0)
    assert plan.phase_at(1.0, [3, 1]) == (1, 1.0)


def test_the_rate_warms_up_and_falls_to_a_tenth() -> None:
    assert plan.rate_at(0.0, 0, 10) == pytest.approx(0.1)
    assert plan.rate_at(0.0, 9, 10) == pytest.approx(1.0)
    assert plan.rate_at(0.5, 99, 10) == pytest.approx(0.55)
    assert plan.rate_at(1.0, 999, 10) == pytest.approx(0.1)
    assert plan.rate_at(0.0, 0, 0) == 1.0


def test_a_young_average_forgets_fast() -> None:
    assert plan.ema_decay(0.999, 0) == pytest.approx(0.1)
    assert plan.ema_decay(0.999, 90) == pytest.approx(0.91)
    assert plan.ema_decay(0.999, 10**6) == 0.999


def test_previews_come_at_doubling_times_and_then_every_ten_minutes() -> None:
    spent, times = 0.0, []
    for _ in range(9):
        spent = plan.next_preview(spent, 15, cost=0.0)
        times.append(spent)
    assert times == [15, 30, 60, 120, 240, 480, 1080, 1680, 2280]


@given(st.floats(15, 1e5), st.floats(0, 60))
@settings(max_examples=60, deadline=None)
def test_previews_stay_within_their_share(spent: float, cost: float) -> None:
    assert cost <= plan.PREVIEW_SHARE * (plan.next_preview(spent, 15, cost) - spent) + 1e-6


def test_saves_are_denser_in_a_short_plan_and_never_cost_much() -> None:
    assert plan.save_every(120, 2, 0.1) == 15
    assert plan.save_every(120, 60, 0.1) == 120
    assert plan.save_every(120, None, 0.1) == 120
    assert plan.save_every(120, 2, 5) == 100


def test_the_end_is_a_range_once_there_is_something_to_measure() -> None:
    assert plan.eta(50, 100, [1.0, 1.0]) == (None, None)
    low, high = plan.eta(50, 100, [1.0, 1.1, 0.9, 2.0, 1.0])
    assert low is not None and high is not None and 45 <= low <= 50 <= high <= 100
    assert plan.eta(100, 100, [1.0, 1.0, 1.0]) == (0, 0)


@pytest.mark.parametrize(
    "bad", [{"minutes": 0}, {"minutes": -1}, {"steps": 0}, {"batch": 0}, {"ema": 1}, {"device": "tpu"}, {"nonsense": 1}]
)
def test_impossible_settings_are_named(bad: dict) -> None:
    with pytest.raises(BadConfig) as error:
        fields.configure(TrainerConfig(), bad)
    assert next(iter(bad)) in error.value.message


def test_every_setting_has_help_and_reads_from_text() -> None:
    assert all(field.help for field in fields.describe(TrainerConfig))
    found = fields.configure(TrainerConfig(), {"minutes": "2.5", "steps": "none", "balanced": "on", "precision": "bf16"})
    assert found == TrainerConfig(minutes=2.5, balanced=True, precision="bf16")
