from __future__ import annotations

import math

import pytest
import torch

from studio.library import reader
from studio.models.controls import Material
from studio.project.folder import ProjectFolder
from studio.training import validation
from studio.training.validation import Validation
from tests.training.tiny import FRAMES, RATE, Config, Tiny

CPU = torch.device("cpu")


@pytest.fixture
def sides(project: ProjectFolder) -> tuple[reader.TrainingSet, reader.TrainingSet]:
    material = Material(rate=RATE, channels=1, seconds=FRAMES / RATE)
    return reader.load(project, material, "validation"), reader.load(project, material, "train")


def test_numbers_do_not_depend_on_the_batch(sides: tuple) -> None:
    held, sounds = sides
    model = Tiny(Config(), reader.measured(sounds)).eval()
    judge = Validation(held, sounds, CPU)
    found = [judge.measure(model, batch) for batch in (1, 5, 64)]
    assert list(found[0]) == ["held-out/mel", "training/mel"] and judge.name == "held-out/mel"
    assert found[0] == pytest.approx(found[1]) and found[0] == pytest.approx(found[2])
    with torch.no_grad():
        alone = [model.measure(held.batch([i]))["mel"] for i in range(len(held))]
    assert found[0]["held-out/mel"] == pytest.approx(sum(alone) / len(alone))
    assert judge.files == len(held)


def test_only_so_many_sounds_are_measured(sides: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "TRAINING", 5)
    _, sounds = sides
    seen: list[int] = []
    model = Tiny(Config(), reader.measured(sounds)).eval()
    monkeypatch.setattr(Tiny, "measure", lambda self, batch: (seen.extend(batch.index.tolist()), {"mel": 1.0})[1])
    Validation(sounds, sounds, CPU).measure(model, 4)
    assert len(seen) == len(sounds) + 5 and len(set(seen[-5:])) == 5


def test_memory_that_runs_out_is_measured_in_smaller_batches(sides: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    held, sounds = sides
    model = Tiny(Config(), reader.measured(sounds)).eval()
    judge, real = Validation(held, sounds, CPU), Tiny.measure
    whole = judge.measure(model, 8)

    def small(most: int):
        def measure(self: Tiny, batch) -> dict[str, float]:
            if len(batch.audio) > most:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return real(self, batch)

        return measure

    monkeypatch.setattr(Tiny, "measure", small(1))
    assert judge.measure(model, 8) == pytest.approx(whole)
    monkeypatch.setattr(Tiny, "measure", small(0))
    assert judge.measure(model, 8) == {}


def test_one_impossible_number_is_not_averaged_away(sides: tuple) -> None:
    held, sounds = sides
    model = Tiny(Config(), reader.measured(sounds)).eval()
    model.leave.bias.data[0] = float("nan")
    assert math.isnan(Validation(held, sounds, CPU).measure(model, 4)["held-out/mel"])


def test_measuring_keeps_to_its_share_once_a_run_is_older() -> None:
    judge = object.__new__(Validation)
    judge.cost = 4.0
    assert [judge.every(spent) for spent in (1, 15, 30, 60, 100, 1000)] == [10, 15, 30, 60, 100, 100]
