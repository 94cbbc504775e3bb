"""Every ticket ends exactly once, whatever the work does and whenever it is cancelled."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QObject, QThread, Slot

from studio.engine.jobs import TERMINAL, JobRunner, Told
from studio.errors import EmptyAudio
from studio.events import Cancelled, Failed, Finished, Metric, Produced, Progress, Started, Work


class Ear(QObject):
    """Hears everything, in the thread it lives in."""

    def __init__(self, runner: JobRunner) -> None:
        super().__init__()
        self.heard: list[Told] = []
        self.threads: set[bool] = set()
        runner.event.connect(self.hear)

    @Slot(object)
    def hear(self, told: Told) -> None:
        self.heard.append(told)
        self.threads.add(QThread.currentThread() is self.thread())

    def of(self, ticket: int) -> list[Any]:
        return [told.event for told in self.heard if told.ticket == ticket]

    def ends(self) -> dict[int, list[Any]]:
        found: dict[int, list[Any]] = defaultdict(list)
        for told in self.heard:
            if told.last:
                found[told.ticket].append(told.event)
        return found


@pytest.fixture
def runner(qapp: Any) -> Iterator[JobRunner]:
    made = JobRunner("test")
    yield made
    assert made.close()
    qapp.processEvents()


@pytest.fixture
def ear(runner: JobRunner) -> Ear:
    return Ear(runner)


def steps(count: int, end: Callable[[], Any] | None = None) -> Work:
    yield Started(what="steps", total=count)
    for step in range(count):
        yield Metric(step=step, name="step", value=step)
    if end is not None:
        end()
    yield Finished(result={"count": count})


def boom() -> None:
    raise ValueError("boom")


def empty() -> None:
    raise EmptyAudio(name="a.wav")


def test_events_come_whole_in_order_and_in_the_receivers_thread(runner: JobRunner, ear: Ear, qtbot: Any) -> None:
    ticket = runner.submit(lambda: steps(50), "steps")
    qtbot.waitUntil(lambda: ear.ends().get(ticket.id) is not None)
    values = [event.value for event in ear.of(ticket.id) if isinstance(event, Metric)]
    assert values == list(range(50))
    assert ear.of(ticket.id)[-1].result == {"count": 50}
    assert ear.threads == {True}


def test_work_runs_in_a_thread_of_its_own_one_at_a_time(runner: JobRunner, ear: Ear, qtbot: Any) -> None:
    inside: list[int] = []
    most = [0]

    def alone() -> Work:
        for _ in range(5):
            inside.append(threading.get_ident())
            most[0] = max(most[0], len(inside))
            time.sleep(0.001)
            inside.pop()
            yield Progress(done=1)

    tickets = [runner.submit(alone) for _ in range(5)]
    qtbot.waitUntil(lambda: len(ear.ends()) == len(tickets))
    assert most == [1] and threading.get_ident() not in inside


def test_a_named_error_becomes_its_sentence(runner: JobRunner, ear: Ear, qtbot: Any) -> None:
    ticket = runner.submit(lambda: steps(1, empty))
    qtbot.waitUntil(lambda: ticket.id in ear.ends())
    end = ear.of(ticket.id)[-1]
    assert isinstance(end, Failed) and end.key == "EmptyAudio" and "a.wav" in end.sentence and end.hint


def test_an_unexpected_error_has_its_traceback_and_is_logged(
    runner: JobRunner, ear: Ear, qtbot: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ticket = runner.submit(lambda: steps(1, boom), "bad")
    qtbot.waitUntil(lambda: ticket.id in ear.ends())
    end = ear.of(ticket.id)[-1]
    assert isinstance(end, Failed) and end.key == "Unexpected" and "in boom" in end.details
    assert any(record.levelno == logging.ERROR and record.exc_info for record in caplog.records)


def test_a_factory_that_raises_fails_its_ticket(
    runner: JobRunner, ear: Ear, qtbot: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ticket = runner.submit(lambda: boom() or steps(1))
    after = runner.submit(lambda: steps(1))
    qtbot.waitUntil(lambda: after.id in ear.ends())
    assert isinstance(ear.of(ticket.id)[-1], Failed) and isinstance(ear.of(after.id)[-1], Finished)


def test_cancelling_closes_the_generator(runner: JobRunner, ear: Ear, qtbot: Any) -> None:
    closed, running = threading.Event(), threading.Event()

    def endless() -> Work:
        try:
            while True:
                running.set()
                yield Progress(done=1)
        finally:
            closed.set()

    ticket = runner.submit(endless)
    assert running.wait(5)
    ticket.cancel()
    qtbot.waitUntil(lambda: ticket.id in ear.ends())
    assert closed.is_set() and isinstance(ear.of(ticket.id)[-1], Cancelled)


def test_waiting_work_is_cancelled_while_something_blocks(runner: JobRunner, ear: Ear, qtbot: Any) -> None:
    gate, began = threading.Event(), []
    blocker = runner.submit(lambda: steps(1, gate.wait))
    waiting = runner.submit(lambda: began.append(1) or steps(1))
    waiting.cancel()
    qtbot.waitUntil(lambda: waiting.id in ear.ends())
    assert blocker.id not in ear.ends()
    gate.set()
    qtbot.waitUntil(lambda: blocker.id in ear.ends())
    assert not began and isinstance(ear.of(waiting.id)[-1], Cancelled)


def test_the_newest_replaces_what_waits_with_its_tag(runner: JobRunner, ear: Ear, qtbot: Any) -> None:
    gate, ran = threading.Event(), []

    def one(name: str) -> Work:
        ran.append(name)
        yield Finished()

    runner.submit(lambda: steps(1, gate.wait))
    names = ("a1", "b1", "a2", "a3", "b2")
    tickets = {name: runner.submit(lambda name=name: one(name), name[0], newest=True) for name in names}
    gate.set()
    qtbot.waitUntil(lambda: len(ear.ends()) == 6)
    assert ran == ["a3", "b2"]
    assert {name for name, t in tickets.items() if isinstance(ear.of(t.id)[-1], Cancelled)} == {"a1", "b1", "a2"}


def test_urgent_work_passes_between_two_steps(runner: JobRunner, ear: Ear, qtbot: Any) -> None:
    order: list[str] = []
    begun, asked = threading.Event(), threading.Event()

    def long() -> Work:
        begun.set()
        assert asked.wait(5)
        yield Metric(step=0, name="long", value=0)
        order.append("long")

    def quick() -> Work:
        order.append("quick")
        yield Finished()

    runner.submit(long)
    assert begun.wait(5)
    runner.submit(quick, urgent=True)
    asked.set()
    qtbot.waitUntil(lambda: len(ear.ends()) == 2)
    assert order == ["quick", "long"]


def test_more_urgent_work_goes_first_and_passes_between_two_steps(runner: JobRunner, ear: Ear, qtbot: Any) -> None:
    order: list[str] = []
    begun, asked = threading.Event(), threading.Event()

    def ahead() -> Work:
        begun.set()
        assert asked.wait(5)
        yield Metric(step=0, name="ahead", value=0)
        order.append("ahead")

    def named(name: str) -> Work:
        order.append(name)
        yield Finished()

    runner.submit(ahead, urgent=1)
    assert begun.wait(5)
    for name, urgent in (("long", 0), ("ahead too", 1), ("offer", 2), ("hand", 3), ("offer too", 2)):
        runner.submit(lambda name=name: named(name), urgent=urgent)
    asked.set()
    qtbot.waitUntil(lambda: len(ear.ends()) == 6)
    assert order == ["hand", "offer", "offer too", "ahead", "ahead too", "long"]


def test_progress_is_thinned_but_its_last_word_arrives(runner: JobRunner, ear: Ear, qtbot: Any) -> None:
    def fast() -> Work:
        for done in range(20_000):
            yield Progress(done=done + 1, total=20_000)
        yield Finished()

    ticket = runner.submit(fast)
    qtbot.waitUntil(lambda: ticket.id in ear.ends(), timeout=20_000)
    told = [event for event in ear.of(ticket.id) if isinstance(event, Progress)]
    assert len(told) < 2_000 and told[-1].done == 20_000


def test_what_follows_a_terminal_event_is_not_told(runner: JobRunner, ear: Ear, qtbot: Any) -> None:
    def chatty() -> Work:
        yield Finished(result={"first": True})
        yield Produced(kind="late")
        yield Finished()

    ticket = runner.submit(chatty)
    qtbot.waitUntil(lambda: ticket.id in ear.ends())
    assert len(ear.of(ticket.id)) == 1


def test_work_given_to_a_closed_runner_is_cancelled(qapp: Any, qtbot: Any) -> None:
    runner = JobRunner()
    ear = Ear(runner)
    assert runner.close()
    ticket = runner.submit(lambda: steps(1))
    qtbot.waitUntil(lambda: ticket.id in ear.ends())
    assert isinstance(ear.of(ticket.id)[-1], Cancelled)


KINDS = ("finish", "silent", "raise", "named", "long", "cleanup")


def behave(kind: str) -> Work:
    try:
        yield Started(what=kind)
        for step in range(30 if kind == "long" else 3):
            yield Metric(step=step, name=kind, value=step)
        if kind == "raise":
            boom()
        if kind == "named":
            empty()
        if kind != "silent":
            yield Finished(result={"kind": kind})
    finally:
        if kind == "cleanup":
            boom()


job = st.tuples(st.sampled_from(KINDS), st.sampled_from("ab"), st.booleans(), st.booleans(), st.booleans())
jobs = st.lists(job, min_size=1, max_size=12)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=jobs, close_early=st.booleans())
def test_exactly_one_end_for_every_ticket(
    qapp: Any, caplog: pytest.LogCaptureFixture, plan: list[tuple[str, str, bool, bool, bool]], close_early: bool
) -> None:
    runner = JobRunner()
    ear = Ear(runner)
    tickets = []
    for kind, tag, newest, urgent, cancel in plan:
        ticket = runner.submit(lambda kind=kind: behave(kind), tag, newest=newest, urgent=urgent)
        tickets.append((ticket, kind))
        if cancel:
            ticket.cancel()
            ticket.cancel()
    if close_early:
        runner.close()
    end = time.monotonic() + 20
    while len(ear.ends()) < len(tickets) and time.monotonic() < end:
        qapp.processEvents()
        time.sleep(0.0005)
    assert runner.close()
    qapp.processEvents()
    ends = ear.ends()
    assert set(ends) == {ticket.id for ticket, _ in tickets}
    assert all(len(found) == 1 for found in ends.values())
    for ticket, kind in tickets:
        events = ear.of(ticket.id)
        assert isinstance(events[-1], TERMINAL) and not any(isinstance(event, TERMINAL) for event in events[:-1])
        if not ticket.cancelled:
            wanted = Failed if kind in ("raise", "named", "cleanup") else Finished
            assert isinstance(events[-1], wanted)
    assert not runner.busy


def test_work_below_the_usual_urgency_lets_everything_pass_and_is_done(runner: JobRunner, ear: Ear, qtbot: Any) -> None:
    order: list[str] = []

    def told(name: str) -> Work:
        for step in range(3):
            order.append(f"{name} {step}")
            if name == "idle" and step == 0:
                runner.submit(lambda: told("usual"), "usual")
            yield Progress(done=step)

    runner.submit(lambda: told("idle"), "idle", urgent=-1)
    qtbot.waitUntil(lambda: len(ear.ends()) == 2, timeout=10_000)
    assert order == ["idle 0", "usual 0", "usual 1", "usual 2", "idle 1", "idle 2"]
