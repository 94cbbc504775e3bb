"""A trainer is known by its process: not by a number given again, not by a clock that was set, not by a shared name."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import msgspec
import psutil
import pytest

from studio.errors import TrainingError
from studio.events import Metric
from studio.project.state import RunStatus
from studio.training import process
from studio.training.run import RunFolder
from studio.training.trainer import train
from tests.training.conftest import Make, losses
from tests.training.tiny import Tiny

needs_boots = pytest.mark.skipif(not process.boot(), reason="this system does not name its boots")


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield child
    child.kill()
    child.wait()


def of(pid: int) -> RunStatus:
    """What a trainer with this number says of itself."""
    born = psutil.Process(pid).create_time()
    return RunStatus(state="training", pid=pid, born=born, host=socket.gethostname(), life=process.life(pid))


def test_a_process_is_there_until_it_ends(sleeper: subprocess.Popen[bytes]) -> None:
    status = of(sleeper.pid)
    assert process.lives(status) is True
    sleeper.kill()
    if hasattr(os, "waitid"):
        os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # dead, and nobody has asked for its end
        assert process.lives(status) is False
    sleeper.wait()
    assert process.lives(status) is False


def test_a_number_that_was_given_again_is_another_process(sleeper: subprocess.Popen[bytes]) -> None:
    mine = of(os.getpid())
    assert process.lives(msgspec.structs.replace(mine, pid=sleeper.pid, born=mine.born - 100)) is False
    assert process.lives(msgspec.structs.replace(mine, life="", born=mine.born - 100)) is False
    assert process.lives(msgspec.structs.replace(mine, life="")) is True


@needs_boots
@pytest.mark.parametrize("hours", [-5, 1, 100_000])
def test_a_clock_that_is_set_changes_nothing(monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    mine = of(os.getpid())
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: mine.born + 3600 * hours)  # as the system now says it
    monkeypatch.setattr(time, "time", lambda: 1e9 + 3600 * hours)
    assert process.lives(mine) is True


@needs_boots
def test_another_machine_of_the_same_name_is_not_this_one(make: Make) -> None:
    run = make()
    mine = of(os.getpid())
    elsewhere = msgspec.structs.replace(mine, life="another-boot/" + mine.life.partition("/")[2])
    assert process.lives(elsewhere) is None
    run.write_status(elsewhere)
    assert run.alive()  # it has just given a sign
    touch(run, -120)
    assert not run.alive()


def touch(run: RunFolder, seconds: float) -> None:
    now = time.time() + seconds
    os.utime(run.path / "status.json", (now, now))


@pytest.mark.parametrize("skew", [-7200, 7200])
def test_machines_with_clocks_of_their_own_agree_by_the_clock_of_the_disk(
    make: Make, monkeypatch: pytest.MonkeyPatch, skew: int
) -> None:
    run = make()
    run.write_status(RunStatus(state="training", pid=7, host="studio-pc", heartbeat=time.time() + skew))
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + skew)  # here
    assert run.alive()
    touch(run, -skew - 120)
    assert not run.alive()


def test_a_run_that_another_machine_trains_is_left_alone(make: Make) -> None:
    run = make(steps=10)
    run.write_status(RunStatus(state="training", pid=7, host="studio-pc", heartbeat=time.time()))
    with pytest.raises(TrainingError, match="already being trained on studio-pc"):
        next(train(run, Tiny))
    assert run.status().host == "studio-pc"
    touch(run, -120)  # its plug was pulled
    list(train(run, Tiny))
    assert run.status().state == "finished" and run.status().host == socket.gethostname()


def test_a_trainer_elsewhere_is_stopped_through_the_shared_folder(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, run = make(steps=40), make(steps=40)
    list(train(whole, Tiny))
    seen = []
    with monkeypatch.context() as there:
        there.setattr(socket, "gethostname", lambda: "studio-pc")
        for event in train(run, Tiny):
            if isinstance(event, Metric) and event.name == "mel" and event.step == 20:
                there.undo()
                seen = [run.alive(), run.status().host, process.kill(run.status())]
                RunFolder(run.path).request("stop")
    assert seen == [True, "studio-pc", False]  # seen from here, and not to be killed from here
    assert run.status().state == "stopped" and not run.alive()
    list(train(run, Tiny))
    assert run.status().state == "finished" and losses(whole.events()[0]) == losses(run.events()[0])


def test_only_what_wrote_the_status_is_killed(sleeper: subprocess.Popen[bytes]) -> None:
    status = of(sleeper.pid)
    assert not process.kill(msgspec.structs.replace(status, born=status.born - 100, life=status.life + "0"))
    assert sleeper.poll() is None
    assert process.kill(status)
    assert sleeper.wait(10) != 0
