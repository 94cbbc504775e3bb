"""Files torn, zeroed or altered behind the trainer's back: it goes on from the newest save that is what was written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from studio.errors import BrokenCheckpoint, OnlyToPlay
from studio.events import Metric
from studio.training.run import RunFolder
from studio.training.saving import Saver
from studio.training.trainer import train
from tests.training.conftest import Make, losses, produced
from tests.training.tiny import Tiny

STEPS = 40


def torn(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def zeroed(path: Path) -> None:
    """As some disks leave a file after a power cut: as long as it was, and nothing in it."""
    path.write_bytes(bytes(path.stat().st_size))


def altered(path: Path) -> None:
    """One bit of the last number."""
    data = bytearray(path.read_bytes())
    data[-3] ^= 4
    path.write_bytes(data)


def gone(path: Path) -> None:
    path.unlink()


@pytest.fixture
def halfway(make: Make) -> RunFolder:
    """A run that was paused at step 30, with saves at 10, 20 and 30."""
    run = make(steps=STEPS)
    asked = set()
    for event in train(run, Tiny):
        if isinstance(event, Metric) and event.name == "mel" and event.step in (10, 20, 30) and event.step not in asked:
            asked.add(event.step)
            run.request("star" if event.step < 30 else "pause")
    assert len(run.checkpoints()) == 3
    return run


@pytest.fixture(scope="module")
def undamaged() -> dict[int, float]:
    return {}


def whole(make: Make, known: dict[int, float]) -> dict[int, float]:
    """The losses of a run to which nothing happened."""
    if not known:
        run = make(steps=STEPS)
        list(train(run, Tiny))
        known.update(losses(run.events()[0]))
    return known


@pytest.mark.parametrize(
    "name,harm",
    [
        ("training.safetensors", torn),
        ("training.safetensors", altered),
        ("weights.safetensors", zeroed),
        ("weights.safetensors", gone),
        ("training.json", torn),
        ("config.json", zeroed),
    ],
)
def test_a_damaged_newest_save_is_passed_over_and_told(
    make: Make, halfway: RunFolder, undamaged: dict[int, float], name: str, harm: Callable[[Path], None]
) -> None:
    steps = [moment.step for moment in halfway.checkpoints()]
    harm(halfway.checkpoints()[-1].path / name)
    told = list(train(halfway, Tiny))
    (notice,) = produced(told, "notice")
    assert notice.detail["key"] == "DamagedSave" and str(steps[1]) in notice.detail["sentence"]
    assert produced(told, "resumed")[0].detail["step"] == steps[1]
    assert halfway.status().state == "finished" and losses(halfway.events()[0]) == whole(make, undamaged)
    assert halfway.status().best_step in [moment.step for moment in halfway.checkpoints()]


def test_when_every_save_is_damaged_nothing_is_overwritten(halfway: RunFolder) -> None:
    for moment in halfway.checkpoints():
        if moment.resumable:
            torn(moment.path / "training.safetensors")
    before = {path: path.read_bytes() for path in halfway.path.rglob("*.safetensors")}
    with pytest.raises(BrokenCheckpoint):
        list(train(halfway, Tiny))
    assert (halfway.status().state, halfway.status().key) == ("failed", "BrokenCheckpoint") and halfway.status().hint
    assert {path: path.read_bytes() for path in halfway.path.rglob("*.safetensors")} == before


def test_models_without_what_a_training_needs_are_played_and_never_begun_anew(halfway: RunFolder) -> None:
    for path in halfway.path.glob("checkpoints/*/training.*"):
        path.unlink()
    before = {path: path.read_bytes() for path in [*halfway.path.rglob("*.safetensors"), *halfway.path.glob("*st.json")]}
    with pytest.raises(OnlyToPlay):
        list(train(halfway, Tiny))
    assert {path: path.read_bytes() for path in before} == before
    assert halfway.checkpoint("best") in [moment.path for moment in halfway.checkpoints()]


def test_a_save_with_measurements_added_is_still_what_was_written(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make(steps=10)
    list(train(run, Tiny))
    saved = Saver(run).newest()
    assert saved is not None
    path = Saver(run).amend(saved.facts, {"held-out/mel": 0.1}, best=True)
    again = Saver(run).newest()
    assert again is not None and again.facts == saved.facts and not Saver(run).damaged
    altered(path / "training.safetensors")
    with pytest.raises(BrokenCheckpoint):
        Saver(run).newest()


@pytest.mark.parametrize("harm", [torn, zeroed, gone])
def test_a_lost_status_is_told_by_the_saves(halfway: RunFolder, harm: Callable[[Path], None]) -> None:
    best = halfway.status().best
    harm(halfway.path / "status.json")
    newest = halfway.checkpoints()[-1].step
    assert (halfway.status().state, halfway.status().step) == ("stopped", newest) and not halfway.alive()
    told = list(train(halfway, Tiny))
    assert produced(told, "resumed")[0].detail["step"] == newest and halfway.status().state == "finished"
    assert best == {} or halfway.status().best


def test_pointers_that_lead_nowhere_are_not_followed(halfway: RunFolder) -> None:
    for name in ("latest.json", "best.json"):
        zeroed(halfway.path / name) if (halfway.path / name).exists() else None
    assert halfway.checkpoint("latest") == halfway.checkpoint("best") == halfway.checkpoints()[-1].path
    list(train(halfway, Tiny))
    assert halfway.status().state == "finished" and halfway.status().best


def test_what_a_killed_trainer_left_half_written_is_cleared_away(halfway: RunFolder) -> None:
    left = [
        halfway.path / "checkpoints" / "step-00000031.partial",
        halfway.path / "checkpoints" / "step-00000020.old.partial",
        halfway.path / "previews" / "step-00000031.partial",
    ]
    for folder in left:
        folder.mkdir()
        (folder / "weights.safetensors").write_bytes(b"half")
    status, note = halfway.path / ".status.json.77.partial", halfway.path / ".note.json.9-1.partial"
    for file in (status, note):
        file.write_bytes(b"half")
    list(train(halfway, Tiny))
    assert not any(path.exists() for path in (*left, status))
    assert note.exists()  # somebody may be writing it


def test_a_save_is_replaced_by_a_whole_one_or_not_at_all(halfway: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    saver = Saver(halfway)
    newest = halfway.checkpoints()[-1]
    before = {path.name: path.read_bytes() for path in newest.path.iterdir()}
    saved = saver.newest()
    assert saved is not None

    class Broken:
        average = None

    with pytest.raises(AttributeError):
        saver.save(Broken(), saved.facts, {}, best=False)  # type: ignore[arg-type]  # dies after the folder was begun
    assert {path.name: path.read_bytes() for path in newest.path.iterdir()} == before
    assert not list(halfway.path.rglob("*.partial"))
