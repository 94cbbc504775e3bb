"""A trial under way: what it has reached by when, and what is left of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.project.folder import ProjectFolder
from studio.training import trial
from studio.training.run import RunFolder
from studio.training.trial import Going, reached

CURVE = st.lists(st.tuples(st.floats(0.01, 10), st.floats(0.1, 9)), min_size=1, max_size=12)


@given(CURVE, st.floats(0.01, 20))
def test_what_is_reached_lies_between_what_was_measured(steps: list[tuple[float, float]], when: float) -> None:
    minutes = np.cumsum([step for step, _ in steps])
    values = np.array([value for _, value in steps])
    found = reached(minutes, values, when)
    if when > minutes[-1]:
        assert found is None, "it has not come that far"
        return
    assert found is not None
    before = values[minutes <= when]
    assert values.min() - 1e-9 <= found <= (before.min() if len(before) else values[0]) + 1e-9
    later = reached(minutes, values, min(when * 1.5, minutes[-1]))
    assert later is not None and later <= found + 1e-9, "the best so far never rises"


def test_impossible_numbers_are_passed_over() -> None:
    minutes, values = np.array([1.0, 2.0, 4.0]), np.array([3.0, np.nan, 1.0])
    assert reached(minutes, values, 2.0) == pytest.approx(2.0), "halfway in log time"
    assert reached(minutes[:2], values[:2], 2.0) is None
    assert reached(np.zeros(0), np.zeros(0), 1.0) is None


def test_a_process_that_cannot_begin_is_given_up(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setattr(trial, "command", lambda run: [sys.executable, "-c", "print('no'); raise SystemExit(3)"])
    run = RunFolder.create(project, "tiny", {}, trial_of="search")
    going = Going(run, "search", 0)
    while not going.lost:
        going.start()
        while going.at_work:
            going.look()
        assert going.vanished
    assert (run.path / "trainer.log").read_text().split() == ["no"] * trial.LIVES


def test_workers_share_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(trial, "gpus", lambda: 3)
    assert [trial.environment(slot)["CUDA_VISIBLE_DEVICES"] for slot in range(4)] == ["0", "1", "2", "0"]
    assert trial.usual_workers() == 3 and trial.usual_workers("cpu") <= 4
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    assert [trial.environment(slot)["CUDA_VISIBLE_DEVICES"] for slot in range(2)] == ["5", "7"]
    monkeypatch.setattr(trial, "gpus", lambda: 0)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert trial.environment(1) == {} and 1 <= trial.usual_workers() <= 4
