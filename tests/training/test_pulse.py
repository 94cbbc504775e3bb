"""Signs of life whatever the loop is at, and no time counted in which the process stood still."""

from __future__ import annotations

import os
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.training import pulse as pulses
from studio.training.pace import Pace
from studio.training.pulse import Pulse
from studio.training.run import RunFolder
from tests.training.conftest import Make


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the computer, and a heart that beats only when a test says so."""
    made = Clock()
    monkeypatch.setattr(pulses.time, "monotonic", made)
    monkeypatch.setattr(pulses, "EVERY", 3600.0)
    return made


def test_time_in_which_the_process_stood_still_is_no_training_time(make: Make, clock: Clock) -> None:
    with Pulse(make()) as pulse:
        pace = Pace(10.0, pulse.clock)
        pace.start(0, 0.0)
        for _ in range(3):
            clock.now += 4
            pulse.clock()
        assert pace.spent == pytest.approx(12)
        clock.now += 600  # the lid was closed
        assert not pace.over() and pace.spent == pytest.approx(12)
        clock.now += 1
        assert pace.spent == pytest.approx(13)
        for _ in range(150):
            clock.now += 4
            pulse.clock()
        assert pace.over()


@given(gaps=st.lists(st.floats(0, 30), min_size=1, max_size=30))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_clock_never_goes_back_and_counts_what_is_short(clock: Clock, gaps: list[float]) -> None:
    run = RunFolder("nowhere")
    with Pulse(run) as pulse:
        times = [pulse.clock()]
        for gap in gaps:
            clock.now += gap
            times.append(pulse.clock())
    assert times == sorted(times)
    assert times[-1] - times[0] == pytest.approx(sum(gap for gap in gaps if gap <= pulses.STOPPED), abs=1e-6)


def test_a_slow_computer_is_not_a_stopped_one(make: Make, clock: Clock) -> None:
    with Pulse(make()) as pulse:
        start = pulse.clock()
        for _ in range(100):
            clock.now += pulses.STOPPED * 0.9
            pulse.clock()
        assert pulse.clock() - start == pytest.approx(90 * pulses.STOPPED)


def test_signs_come_while_the_loop_is_busy_and_end_with_it(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulses, "EVERY", 0.02)
    run = make()
    os.utime(run.path / "status.json", (1e9, 1e9))
    with Pulse(run):
        end = time.monotonic() + 20
        while (run.path / "status.json").stat().st_mtime < 2e9 - 1 and time.monotonic() < end:
            if (run.path / "status.json").stat().st_mtime > 1.5e9:
                break
            time.sleep(0.01)
        assert (run.path / "status.json").stat().st_mtime > 1.5e9
    os.utime(run.path / "status.json", (1e9, 1e9))
    time.sleep(0.1)
    assert (run.path / "status.json").stat().st_mtime == 1e9
