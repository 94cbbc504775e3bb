"""Signs of life whatever the loop is at, and no time counted in which the process stood still."""

from __future__ import annotations

import os
import signal
import time

import pytest

from studio.training import pulse as pulses
from studio.training.pace import Pace
from studio.training.pulse import Pulse
from tests.training.conftest import Make
from tests.training.test_kill import child


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
            pulse._look(beat=True)
        assert pace.spent == pytest.approx(12)
        clock.now += 600  # the lid was closed
        assert not pace.over() and pace.spent == pytest.approx(12)
        clock.now += 1
        assert pace.spent == pytest.approx(13)
        for _ in range(150):
            clock.now += 4
            pulse._look(beat=True)
        assert pace.over()


def test_a_slow_computer_is_not_a_stopped_one(make: Make, clock: Clock) -> None:
    with Pulse(make()) as pulse:
        start = pulse.clock()
        for _ in range(100):
            clock.now += pulses.STOPPED * 0.9
            pulse._look(beat=True)
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


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="nothing stops a process here")
def test_a_stopped_trainer_goes_on_without_having_aged(make: Make) -> None:
    run = make(steps=None, minutes=30.0, log=1.0)
    process = child(run)
    try:
        end = time.monotonic() + 120
        while run.status().state != "training" and time.monotonic() < end:
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(0.3)
        before, stood = run.status(), time.monotonic()
        assert run.alive()
        time.sleep(pulses.STOPPED + 2)
        assert run.status() == before
        os.kill(process.pid, signal.SIGCONT)
        gone = time.monotonic() - stood
        while run.status().heartbeat == before.heartbeat and time.monotonic() < end:
            time.sleep(0.02)
        assert run.status().state == "training"
        assert run.status().minutes * 60 < before.minutes * 60 + gone - 3
        run.request("stop")
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
