from __future__ import annotations

import numpy as np
import pytest

from studio.audio.sound import Sound
from studio.library import reader
from studio.library.index import Index
from studio.models.controls import Material
from studio.project.folder import ProjectFolder
from studio.training.previews import Previews, choose, distance
from tests.training.conftest import Make
from tests.training.tiny import FRAMES, RATE, Config, Tiny

MATERIAL = Material(rate=RATE, channels=1, seconds=FRAMES / RATE)


@pytest.fixture
def held(project: ProjectFolder) -> reader.TrainingSet:
    return reader.load(project, MATERIAL)


def test_the_probes_are_the_extremes_each_once(project: ProjectFolder, held: reader.TrainingSet) -> None:
    rows = choose(held)
    assert list(rows) == ["lowest", "highest", "loudest", "quietest"] and len(set(rows.values())) == 4
    with Index(project) as index:
        known = {row.id: row for row in index.rows()}
    loudness = [known[int(i)].loudness for i in held.ids]
    others = [v for i, v in enumerate(loudness) if i not in (rows["lowest"], rows["highest"]) and v is not None]
    assert loudness[rows["loudest"]] == pytest.approx(max(others))
    assert held.brightness[rows["lowest"]] < held.brightness[rows["highest"]]


def test_two_held_out_sounds_make_two_probes(project: ProjectFolder) -> None:
    with Index(project) as index:
        ids = index.ids()
        index.set_include(ids[2:], False)
    assert list(choose(reader.load(project, MATERIAL))) == ["lowest", "highest"]


def test_the_same_model_sounds_the_same_at_every_moment(make: Make, held: reader.TrainingSet) -> None:
    run = make()
    model = Tiny(Config(), reader.measured(held)).eval()
    previews = Previews(run, held, held)
    first, numbers = previews.make(model, 10, 0.5)
    second, _ = previews.make(model, 20, 1.0)
    again, _ = previews.make(model, 10, 0.5)  # an earlier life had come this far
    assert [c.name for c in first.cells] == [c.name for c in second.cells] == [c.name for c in again.cells]
    for a, b in zip(first.cells, second.cells):
        assert (run.path / a.path).read_bytes() == (run.path / b.path).read_bytes() and a.distance == b.distance
    assert numbers["new/silent"] == numbers["new/broken"] == 0 and numbers["new/diversity"] > 0
    assert [p.step for p in run.previews()] == [10, 20]


def test_held_out_sounds_that_are_training_sounds_are_counted_once(project: ProjectFolder, make: Make) -> None:
    model, sounds = Tiny(Config(), reader.measured(reader.load(project, MATERIAL))).eval(), reader.load(project, MATERIAL)
    previews = Previews(make(), reader.load(project, MATERIAL), sounds)
    told = [previews.make(model, step, 0.0)[1].get("real/copies") for step in (1, 2, 3)]
    assert told == [None, 1.0, None]


def test_silence_among_new_sounds_is_counted(make: Make, held: reader.TrainingSet) -> None:
    model = Tiny(Config(), reader.measured(held)).eval()
    model.leave.weight.data.zero_()
    model.leave.bias.data.zero_()
    _, numbers = Previews(make(), held, held).make(model, 1, 0.0)
    assert numbers["new/silent"] == 1.0 and numbers["new/diversity"] == 0.0


def test_impossible_samples_do_not_reach_the_disk(make: Make, held: reader.TrainingSet) -> None:
    model = Tiny(Config(), reader.measured(held)).eval()
    model.leave.bias.data[5] = float("nan")
    model.leave.bias.data[6] = float("inf")
    run = make()
    file, _ = Previews(run, held, held).make(model, 1, 0.0)
    sound = reader.files.read(run.path / file.cells[-1].path)
    assert np.isfinite(sound.samples).all()


def test_distance_is_zero_to_itself_symmetric_and_bounded() -> None:
    rng = np.random.default_rng(0)
    a = Sound((0.3 * rng.standard_normal((1, 4000))).astype(np.float32), RATE)
    b = Sound(np.pad(a.samples[:, ::2], ((0, 0), (0, 100))), RATE)
    silence = Sound(np.zeros((1, 4000), np.float32), RATE)
    assert distance(a, a) == 0
    assert distance(a, b) == pytest.approx(distance(b, a), rel=1e-5) and distance(a, b) > 1
    assert distance(a, Sound(a.samples * 0.5, RATE)) == pytest.approx(6, abs=0.2)
    assert distance(a, silence) <= 80
