"""The queue and its trainer processes: real children that know nothing of torch, real run folders, a window that comes back."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from PySide6.QtCore import QObject, Slot

from studio.engine import trainers
from studio.engine.training import RunEvent, RunView, Training
from studio.errors import BadConfig, DiskFull, TrainingError
from studio.events import Failed, Metric
from studio.project.folder import ProjectFolder
from studio.project.state import RunStatus
from studio.training import power
from studio.training import queue as waiting
from studio.training.power import Power
from studio.training.run import RunFolder

TRAINER = """
import os, socket, sys, time
import msgspec, psutil
from studio.events import Metric
from studio.training.run import RunFolder
print("hello from the trainer", flush=True)
print("x" * 300_000, flush=True)
run = RunFolder(sys.argv[1])
me = dict(pid=os.getpid(), host=socket.gethostname(), born=psutil.Process().create_time())
if "broken" in run.config.name:
    sys.exit("it fell over its own feet")
step = 0
state = "training"
while state == "training":
    time.sleep(0.02)
    step += 1
    words = run.take_requests()
    if "stop" in words: state = "stopped"
    if "pause" in words: state = "paused"
    if "short" in run.config.name and step > 5: state = "finished"
    run.append(Metric(step=step, name="held-out/mel", value=1 / step))
    now = dict(state=state, step=step, minutes=step / 60, sentence="Improving", heartbeat=time.time())
    run.write_status(msgspec.structs.replace(run.status(), **now, **me))
"""


class Ear(QObject):
    def __init__(self, training: Training) -> None:
        super().__init__()
        self.views: list[tuple[RunView, ...]] = []
        self.events: list[RunEvent] = []
        self.ended: list[RunView] = []
        self.left: list[str] = []
        self.problems: list[Failed] = []
        training.changed.connect(self.see)
        training.event.connect(self.hear)
        training.ended.connect(self.ended.append)
        training.leaving.connect(self.left.append)
        training.failed.connect(self.problems.append)

    @Slot(object)
    def see(self, views: tuple[RunView, ...]) -> None:
        self.views.append(views)

    @Slot(object)
    def hear(self, event: RunEvent) -> None:
        self.events.append(event)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[ProjectFolder]:
    with ProjectFolder.create(tmp_path / "Drums") as made:
        yield made


@pytest.fixture
def trainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In the place of `python -m studio train`, a process that keeps the same promises without learning."""
    script = tmp_path / "trainer.py"
    script.write_text(TRAINER)
    monkeypatch.setattr(Training, "command", staticmethod(lambda run: [sys.executable, str(script), str(run)]))
    yield
    for process in psutil.process_iter(["cmdline"]):
        if str(script) in (process.info["cmdline"] or []):
            process.kill()
            process.wait(5)


@pytest.fixture
def training(qapp: Any, project: ProjectFolder, trainer: None) -> Iterator[Training]:
    made = Training()
    made.watch(project)
    yield made
    made.watch(None)


def start(training: Training, qtbot: Any, name: str = "long") -> str:
    run = training.queue("oneshot", {}, {}, name)
    qtbot.waitUntil(lambda: training.view(run).state in ("training", "finished", "failed"), timeout=20_000)
    return run


def until(training: Training, qtbot: Any, run: str, state: str) -> None:
    qtbot.waitUntil(lambda: training.view(run).state == state and not training.view(run).alive, timeout=20_000)


def test_a_queued_run_starts_by_itself_tells_its_events_and_ends(training: Training, qtbot: Any) -> None:
    ear = Ear(training)
    run = training.queue("oneshot", {}, {}, "short one")
    until(training, qtbot, run, "finished")
    view = training.view(run)
    assert view.title == "short one" and view.family == "oneshot" and view.verdict == "Improving" and view.place is None
    steps = [told.event.step for told in ear.events if told.run == run and isinstance(told.event, Metric)]
    assert steps == list(range(1, len(steps) + 1)) and len(steps) >= 6
    assert ear.views[-1] == training.views


def test_output_goes_to_the_log_and_never_stops_the_trainer(training: Training, qtbot: Any) -> None:
    run = start(training, qtbot, "short")
    until(training, qtbot, run, "finished")
    log = (training.view(run).path / "trainer.log").read_text()
    assert log.startswith("hello from the trainer") and len(log) > 300_000


def test_one_at_a_time_in_the_order_of_the_queue(training: Training, qtbot: Any, project: ProjectFolder) -> None:
    first = start(training, qtbot, "long")
    second, third = training.queue("oneshot", {}, {}, "short 2"), training.queue("oneshot", {}, {}, "short 3")
    assert [training.view(run).place for run in (first, second, third)] == [None, 0, 1]
    training.reorder((third, second))
    assert waiting.read(project) == (third, second)
    training.stop(first)
    until(training, qtbot, second, "finished")
    assert training.view(first).state == "stopped" and training.view(third).state == "finished"
    assert training.view(third).status.heartbeat < training.view(second).status.heartbeat


def test_pause_and_resume_go_on_in_a_new_process(training: Training, qtbot: Any) -> None:
    run = start(training, qtbot)
    first = training.view(run).status.pid
    training.pause(run)
    until(training, qtbot, run, "paused")
    assert training.view(run).resumable
    training.resume(run)
    qtbot.waitUntil(lambda: training.view(run).alive and training.view(run).status.pid not in (0, first), timeout=20_000)
    training.stop(run)
    until(training, qtbot, run, "stopped")


def test_a_resumed_run_has_the_device_to_itself_from_the_start(training: Training, qtbot: Any) -> None:
    paused = start(training, qtbot)
    training.pause(paused)
    until(training, qtbot, paused, "paused")
    busy = start(training, qtbot)
    waits = training.queue("oneshot", {}, {}, "short")
    training.resume(paused)
    assert [training.view(run).place for run in (paused, waits)] == [0, 1]
    training.stop(busy)
    qtbot.waitUntil(lambda: training.view(paused).state == "training", timeout=20_000)
    assert training.view(waits).place == 0  # also while the trainer had not yet said a word
    training.stop(paused)
    until(training, qtbot, waits, "finished")


def test_a_trainer_outlives_the_window_and_is_found_again(training: Training, qtbot: Any, project: ProjectFolder) -> None:
    run = start(training, qtbot)
    pid = training.view(run).status.pid
    training.watch(None)
    assert psutil.pid_exists(pid) and training.views == ()
    again = Training()
    again.watch(project)
    assert again.active is not None and again.active.name == run and again.active.status.pid == pid
    again.stop(run)
    until(again, qtbot, run, "stopped")
    again.watch(None)


def test_a_killed_trainer_is_told_as_interrupted_and_can_go_on(training: Training, qtbot: Any) -> None:
    run = start(training, qtbot)
    os.kill(training.view(run).status.pid, signal.SIGKILL)
    until(training, qtbot, run, "interrupted")
    view = training.view(run)
    assert view.resumable and view.status.key == "Interrupted" and "killed" in view.status.error and view.status.hint
    training.resume(run)
    qtbot.waitUntil(lambda: training.view(run).state == "training" and training.view(run).alive, timeout=20_000)
    training.stop(run)
    until(training, qtbot, run, "stopped")


def test_a_trainer_that_dies_before_its_first_word_fails_with_the_end_of_its_log(training: Training, qtbot: Any) -> None:
    broken = training.queue("oneshot", {}, {}, "broken")
    after = training.queue("oneshot", {}, {}, "short")
    until(training, qtbot, broken, "failed")
    assert "it fell over its own feet" in training.view(broken).status.hint
    until(training, qtbot, after, "finished")


def test_the_queue_survives_the_window(training: Training, qtbot: Any, project: ProjectFolder) -> None:
    first = start(training, qtbot)
    second = training.queue("oneshot", {}, {}, "short")
    training.watch(None)
    training.watch(project)
    assert training.view(second).place == 0 and training.view(second).state == "queued"
    training.stop(second)
    assert training.view(second).place is None and training.view(second).state == "stopped"
    training.stop(first)
    until(training, qtbot, first, "stopped")


def test_history_and_told_events_fit_together(training: Training, qtbot: Any) -> None:
    run = start(training, qtbot)
    ear = Ear(training)
    steps = [event.step for event in training.history(run) if isinstance(event, Metric)]
    qtbot.waitUntil(lambda: len(ear.events) > 5, timeout=20_000)
    training.stop(run)
    until(training, qtbot, run, "stopped")
    steps += [told.event.step for told in ear.events if isinstance(told.event, Metric)]
    assert steps == list(range(1, len(steps) + 1))


def test_a_run_at_work_is_not_removed_and_a_removed_one_comes_back(training: Training, qtbot: Any) -> None:
    run = start(training, qtbot)
    with pytest.raises(TrainingError):
        training.remove(run)
    training.stop(run)
    until(training, qtbot, run, "stopped")
    training.remove(run)
    assert training.view(run) is None
    training.restore(run)
    assert training.view(run).state == "stopped"


def test_a_plan_that_can_not_be_is_refused_before_anything_is_written(training: Training, project: ProjectFolder) -> None:
    with pytest.raises(BadConfig):
        training.queue("oneshot", {}, {"batch": -3})
    assert project.runs() == []


def test_a_damaged_run_folder_hides_only_itself(training: Training, project: ProjectFolder) -> None:
    good = RunFolder.create(project, "oneshot", {}, name="good").path
    bad = RunFolder.create(project, "oneshot", {}, name="bad").path
    (bad / "config.json").write_text("{")
    (good / "status.json").write_text("not json")
    training.look()
    assert [view.name for view in training.views] == [good.name] and training.views[0].state == "queued"


def test_a_queue_file_names_only_runs_that_are_there(project: ProjectFolder) -> None:
    run = RunFolder.create(project, "oneshot", {}).path.name
    waiting.write(project, ("gone", run, run))
    assert waiting.read(project) == (run,)
    (project.runs_dir / "queue.json").write_bytes(msgspec.json.encode({"kind": "queue", "format": 99, "runs": [run]}))
    assert waiting.read(project) == ()


def test_the_queue_is_changed_from_two_sides_and_nothing_is_lost(project: ProjectFolder) -> None:
    names = [RunFolder.create(project, "oneshot", {}).path.name for _ in range(16)]

    def add(mine: list[str]) -> None:
        for name in mine:
            waiting.change(project, lambda queue, name=name: (*queue, name))  # type: ignore[misc]

    sides = [threading.Thread(target=add, args=(names[i::2],)) for i in range(2)]
    for side in sides:
        side.start()
    for side in sides:
        side.join()
    assert sorted(waiting.read(project)) == sorted(names)
    taken = [waiting.take(project) for _ in range(17)]
    assert sorted(filter(None, taken)) == sorted(names) and taken[-1] is None


def test_what_others_put_into_the_queue_is_seen_and_kept(training: Training, qtbot: Any, project: ProjectFolder) -> None:
    first = start(training, qtbot)
    mine = training.queue("oneshot", {}, {}, "short")
    theirs = RunFolder.create(project, "oneshot", {}, name="short").path.name
    waiting.change(project, lambda names: (*names, theirs))  # by the command line
    training.reorder((mine,))  # before it was seen here
    assert waiting.read(project) == (mine, theirs)
    training.look()
    assert [training.view(name).place for name in (mine, theirs)] == [0, 1]
    training.stop(first)
    until(training, qtbot, theirs, "finished")
    assert waiting.read(project) == ()


def test_a_run_that_nobody_would_begin_can_be_begun_by_any_clock(
    training: Training, qtbot: Any, project: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, ear = time.time, Ear(training)
    monkeypatch.setattr(time, "time", lambda: real() + 86_400)  # this window's, not its trainers'
    orphan = RunFolder.create(project, "oneshot", {}, name="short").path.name  # its window died before it could start it
    training.look()
    assert training.view(orphan).state == "queued" and training.view(orphan).resumable
    training.resume(orphan)
    until(training, qtbot, orphan, "finished")
    assert not any(view.state in ("failed", "interrupted") for views in ear.views for view in views)


def test_a_queue_that_can_not_be_written_loses_nothing_and_is_told_once(
    training: Training, qtbot: Any, project: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = Ear(training)
    run = RunFolder.create(project, "oneshot", {}, name="short").path.name
    waiting.write(project, (run,))

    def full(*_: object) -> None:
        raise DiskFull(name="queue.json")

    with monkeypatch.context() as there:
        there.setattr(waiting, "write", full)
        qtbot.waitUntil(lambda: bool(ear.problems), timeout=20_000)
        for _ in range(3):
            training.look()
            qtbot.wait(20)
        assert [problem.key for problem in ear.problems] == ["DiskFull"] and waiting.read(project) == (run,)
        assert training.view(run).place == 0
    training.start_next()
    until(training, qtbot, run, "finished")


def test_the_computer_rests_after_the_last_training_and_only_then(training: Training, qtbot: Any) -> None:
    ear = Ear(training)
    training.after = "sleep"
    first, second = (training.queue("oneshot", {}, {}, "short") for _ in range(2))
    until(training, qtbot, first, "finished")
    assert ear.left == []
    until(training, qtbot, second, "finished")
    assert ear.left == ["sleep"] and training.after is None
    assert [(view.name, view.state) for view in ear.ended] == [(first, "finished"), (second, "finished")]  # each told once
    training.after = "sleep"
    stopped = start(training, qtbot)
    training.stop(stopped)  # somebody is there
    until(training, qtbot, stopped, "stopped")
    assert ear.left == ["sleep"] and training.after == "sleep"


def test_a_trainer_that_does_not_answer_is_told_and_can_be_ended(
    training: Training, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(training, qtbot)
    assert training.view(run).quiet == 0
    os.kill(training.view(run).status.pid, signal.SIGSTOP)
    monkeypatch.setattr("studio.engine.training.QUIET", 0.3)
    monkeypatch.setattr("studio.engine.training.QUIET_STEP", 0.1)
    qtbot.waitUntil(lambda: training.view(run).quiet > 0, timeout=20_000)
    assert training.view(run).alive and training.view(run).state == "training"
    assert training.end(run)
    until(training, qtbot, run, "interrupted")
    assert not training.end(run)


@pytest.mark.parametrize("answer,able", [('s "yes"', True), ('s "challenge"', False), ("", False)])
def test_only_what_the_system_allows_is_offered(qtbot: Any, monkeypatch: pytest.MonkeyPatch, answer: str, able: bool) -> None:
    monkeypatch.setattr(power.sys, "platform", "linux")
    monkeypatch.setattr(power, "QUESTIONS", {"sleep": [sys.executable, "-c", f"print({answer!r})"]})
    monkeypatch.setattr(power, "COMMANDS", {"linux": {"sleep": [sys.executable, "-c", "raise SystemExit(0)"]}})
    made = Power()
    made.ask()
    assert made.able == frozenset()  # nobody has waited for the answer

    def answered() -> bool:
        made.look()
        return not made._asked

    qtbot.waitUntil(answered, timeout=20_000)
    assert made.able == (frozenset({"sleep"}) if able else frozenset())
    assert made.leave("sleep") and not made.leave("off")


def test_how_a_trainer_ended_is_said_as_far_as_it_is_known() -> None:
    assert "without a word" in trainers.why(2**22 + 1).message


@pytest.mark.parametrize("after,words", [(None, []), ("sleep", ["--then", "sleep"])])
def test_what_waits_is_handed_over_when_the_window_closes(
    training: Training, qtbot: Any, project: ProjectFolder, monkeypatch: pytest.MonkeyPatch, after: Any, words: list[str]
) -> None:
    said: list[list[str]] = []
    monkeypatch.setattr(trainers, "spawn", lambda command, folder, log="": said.append(command[-3 - len(words) :]) or 1)
    training.carry_on()
    assert said == []  # nothing waits
    run = RunFolder.create(project, "oneshot", {}).path.name
    RunFolder(project.run_path(run)).write_status(RunStatus(state="training", pid=1, host="studio-pc"))
    training.queue("oneshot", {}, {}, "next")
    training.after = after
    training.carry_on()
    assert said == [["queue", str(project.root), "--run", *words]]
