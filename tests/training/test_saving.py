from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from studio.project import atomic
from studio.project.state import CheckpointFile, Pointer
from studio.training.run import RunFolder
from studio.training.saving import Saver, history
from tests.training.conftest import Make


def fake(run: RunFolder, step: int) -> Path:
    path = run.path / "checkpoints" / f"step-{step:08d}"
    path.mkdir()
    atomic.write_json(path / "config.json", CheckpointFile(family="tiny", step=step))
    for name in ("training.json", "training.safetensors", "weights.safetensors"):
        (path / name).write_bytes(b"x")
    return path


def test_thinning_keeps_the_newest_the_best_the_starred_and_a_history(make: Make) -> None:
    run = make()
    for step in range(100, 3300, 100):
        fake(run, step)
    run.star(700)
    atomic.write_json(run.path / "best.json", Pointer(folder="checkpoints/step-00002500", step=2500))
    (run.path / "checkpoints" / "step-00009900.partial").mkdir()
    Saver(run).thin()
    left = {moment.step: moment for moment in run.checkpoints()}
    assert set(left) == {100, 200, 400, 700, 800, 1600, 2500, 3100, 3200}
    assert {step for step, moment in left.items() if moment.resumable} == {2500, 3100, 3200}
    assert left[700].starred and (left[700].path / "weights.safetensors").exists()
    assert not list(run.path.rglob("*.partial"))


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=60, unique=True))
@settings(max_examples=50, deadline=None)
def test_a_history_stays_short_and_reaches_back(steps: list[int]) -> None:
    steps.sort()
    keep: set[int] = set()
    for n in range(1, len(steps) + 1):  # thinned each time one is added
        there = sorted({s for s in keep if s < steps[n - 1]} | {steps[n - 1]})
        keep = history(there)
    assert len(keep) <= 22
    assert keep <= set(steps)


def test_what_comes_after_a_rollback_is_not_resumed_from(make: Make) -> None:
    run = make()
    for step in (10, 20, 30):
        fake(run, step)
    run.star(30)
    Saver(run).forget_after(10)
    assert [(m.step, m.resumable) for m in run.checkpoints()] == [(10, True), (30, False)]


def test_a_starred_moment_is_never_replaced(make: Make) -> None:
    run = make()
    fake(run, 10)
    assert not Saver(run).taken(10)
    run.star(10)
    assert Saver(run).taken(10)


def test_room_is_made_without_touching_what_matters(make: Make) -> None:
    run = make()
    for step in (10, 20, 30, 40):
        fake(run, step)
    run.star(10)
    atomic.write_json(run.path / "best.json", Pointer(folder="checkpoints/step-00000020", step=20))
    assert Saver(run).free_room()
    assert [m.step for m in run.checkpoints()] == [10, 20, 40]
    assert not Saver(run).free_room()
