"""The engine with a real, tiny, untrained model: facts come back in the window's thread, the newest request wins."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QObject, QThread, Slot

from studio.audio.sound import Sound
from studio.engine.engine import Encoded, Engine, FamilyFacts, FitFacts, ModelFacts, Named, Rendered
from studio.events import Failed
from studio.project.folder import ProjectFolder
from studio.project.recipe import Request
from studio.training.plan import TrainerConfig

LABELS = ("hat", "kick", "snare")


class Ear(QObject):
    """Keeps what an engine says, by signal."""

    NAMES = ("ready", "families", "opened", "places", "named", "rendered", "encoded", "failed")

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.heard: list[Any] = []
        self.own_thread = True
        for name in self.NAMES:
            getattr(engine, name).connect(self.hear)

    @Slot(object)
    def hear(self, value: Any) -> None:
        self.own_thread &= QThread.currentThread() is self.thread()
        self.heard.append(value)

    def of(self, kind: type) -> list[Any]:
        return [value for value in self.heard if isinstance(value, kind)]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A one-shot model that has learned nothing, in a run folder."""
    import torch

    from studio.models import checkpoint as checkpoints
    from studio.models.controls import DataFacts
    from studio.models.oneshot import OneShot, OneShotConfig

    torch.manual_seed(0)
    config = OneShotConfig(seconds=0.3, latent=4, width=32, critic_width=4)
    model = OneShot(config, DataFacts(count=4, labels=LABELS, seconds=0.3)).eval()
    folder = tmp_path_factory.mktemp("run") / "2026-01-01-oneshot-1" / "checkpoints" / "step-00000007"
    folder.parent.mkdir(parents=True)
    checkpoints.save(folder, model, meta={"step": 7})
    return folder


@pytest.fixture
def engine(qapp: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(tmp_path / "home"))
    made = Engine()
    made.warm_up("cpu")
    yield made
    assert made.close()
    qapp.processEvents()


@pytest.fixture
def ear(engine: Engine) -> Ear:
    return Ear(engine)


@pytest.fixture
def playing(engine: Engine, ear: Ear, checkpoint: Path, qtbot: Any) -> Engine:
    """An engine with the model open, by its run folder."""
    engine.open_model(checkpoint.parent.parent)
    qtbot.waitUntil(lambda: engine.model is not None or bool(ear.of(Failed)), timeout=60_000)
    assert not ear.of(Failed)
    return engine


def test_it_says_what_it_computes_with(engine: Engine, ear: Ear, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: engine.facts is not None, timeout=60_000)
    assert engine.facts.kind == "cpu" and engine.facts.threads >= 1 and engine.facts.total > engine.facts.ours > 0
    assert ear.own_thread


def test_families_come_with_a_form_and_a_recommendation(engine: Engine, ear: Ear, qtbot: Any) -> None:
    engine.describe_families(None)
    qtbot.waitUntil(lambda: bool(engine.described), timeout=60_000)
    oneshot = next(facts for facts in engine.described if facts.info.id == "oneshot")
    assert isinstance(oneshot, FamilyFacts) and not oneshot.ready and oneshot.reason
    assert set(oneshot.recommended) == {field.name for field in oneshot.fields}


def test_an_opened_model_says_what_can_be_steered(playing: Engine, checkpoint: Path) -> None:
    model = playing.model
    assert isinstance(model, ModelFacts)
    assert model.folder == checkpoint and model.step == 7 and model.run == "2026-01-01-oneshot-1" and model.family == "oneshot"
    assert model.controls.classes == LABELS and model.controls.latent and model.controls.latent.size == 4


def test_a_rendered_sound_carries_what_makes_it_again(playing: Engine, ear: Ear, qtbot: Any) -> None:
    playing.render(Request(seed=3), "one")
    qtbot.waitUntil(lambda: len(ear.of(Rendered)) == 1, timeout=60_000)
    first = ear.of(Rendered)[0]
    assert first.tag == "one" and first.request.latent is not None and first.recipe.model == playing.model.model
    playing.render(first.recipe.request, "again")
    qtbot.waitUntil(lambda: len(ear.of(Rendered)) == 2, timeout=60_000)
    assert np.array_equal(ear.of(Rendered)[1].sound.samples, first.sound.samples)
    assert ear.own_thread


def test_several_sounds_come_one_by_one_and_differ(playing: Engine, ear: Ear, qtbot: Any) -> None:
    playing.render(Request(seed=5, count=3), "row")
    qtbot.waitUntil(lambda: len(ear.of(Rendered)) == 3, timeout=60_000)
    made = ear.of(Rendered)
    assert [one.index for one in made] == [0, 1, 2] and [one.request.count for one in made] == [1, 1, 1]
    assert len({one.request.latent for one in made}) == 3


def test_axes_are_heard_while_sounds_pass(
    playing: Engine, ear: Ear, tmp_path: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.explore import naming
    from studio.explore.axes import Axes

    monkeypatch.setattr(naming, "SAID", 20)
    latents = np.random.default_rng(0).standard_normal((30, 4))
    axes = Axes.fit(latents, k=2)
    with ProjectFolder.create(tmp_path / "A project") as project:
        playing.make_axes(project, axes, latents, [*LABELS, ""] * 8)
        playing.render(Request(seed=3), "hand")
        qtbot.waitUntil(lambda: bool(ear.of(Rendered)), timeout=60_000)
        assert not ear.of(Named)  # the hand did not wait for 16 × 2 × 7 + 20 sounds
        qtbot.waitUntil(lambda: bool(ear.of(Named)), timeout=60_000)
        named = ear.of(Named)[0]
        assert named.model == playing.model.model and named.walk.latents.shape == (16, 2, 7, 4)
        assert np.isfinite(named.walk.values["loudness"]).all()
        playing.make_axes(project, axes, latents, [""] * 30)
        qtbot.waitUntil(lambda: len(ear.of(Named)) == 2, timeout=60_000)
        np.testing.assert_array_equal(ear.of(Named)[1].walk.values["loudness"], named.walk.values["loudness"])  # from the cache
        assert not ear.of(Failed) and ear.own_thread


def test_opening_does_not_wait_for_axes(playing: Engine, ear: Ear, checkpoint: Path, tmp_path: Path, qtbot: Any) -> None:
    from studio.explore.axes import Axes

    latents = np.random.default_rng(0).standard_normal((30, 4))
    with ProjectFolder.create(tmp_path / "A project") as project:
        playing.make_axes(project, Axes.fit(latents), latents, [""] * 30)
        playing.open_model(checkpoint)
        qtbot.waitUntil(lambda: len(ear.of(ModelFacts)) == 2, timeout=60_000)
        qtbot.waitUntil(lambda: not playing.runner.busy, timeout=60_000)
    assert not ear.of(Named) and not ear.of(Failed)


def test_the_newest_position_wins(playing: Engine, ear: Ear, qtbot: Any) -> None:
    gate = threading.Event()
    held = playing.runner.submit(lambda: _wait(gate), "hold")
    latents = [((float(n), 0.0, 0.0, 0.0),) for n in range(20)]
    for latent in latents:
        playing.render(Request(latent=latent), "cursor")
    playing.render(Request(latent=latents[0]), "other")
    gate.set()
    qtbot.waitUntil(lambda: len(ear.of(Rendered)) == 2 and not playing.runner.busy, timeout=60_000)
    assert held.id and {(one.tag, one.request.latent) for one in ear.of(Rendered)} == {
        ("cursor", latents[-1]),
        ("other", latents[0]),
    }


def test_a_file_is_found_in_the_models_space(playing: Engine, ear: Ear, sounds_folder: Path, qtbot: Any) -> None:
    path = next((sounds_folder / "kick").iterdir())
    playing.encode(path, "drop")
    qtbot.waitUntil(lambda: bool(ear.of(Encoded)), timeout=60_000)
    found = ear.of(Encoded)[0]
    assert found.path == path and found.latent.shape == (4,) and np.isfinite(found.latent).all()
    assert isinstance(found.reconstruction, Sound) and found.distance > 0


def test_what_can_not_be_done_is_said(engine: Engine, ear: Ear, tmp_path: Path, qtbot: Any) -> None:
    engine.render(Request())
    engine.open_model(tmp_path)
    qtbot.waitUntil(lambda: len(ear.of(Failed)) == 2, timeout=60_000)
    assert {event.key for event in ear.of(Failed)} == {"UsageError", "BrokenCheckpoint"} and engine.model is None


def test_places_of_the_projects_sounds(playing: Engine, ear: Ear, sounds_folder: Path, tmp_path: Path, qtbot: Any) -> None:
    from studio.generate import Places
    from studio.library.importer import import_folders

    with ProjectFolder.create(tmp_path / "A project") as project:
        list(import_folders(project, [sounds_folder], workers=1))
        playing.make_places(project)
        qtbot.waitUntil(lambda: bool(ear.of(Places) or ear.of(Failed)), timeout=60_000)
        assert not ear.of(Failed)
        places = ear.of(Places)[0]
        assert places.latents.shape == (24, 4) and set(places.labels) == set(LABELS)
        playing.describe_families(project)
        qtbot.waitUntil(lambda: bool(playing.described), timeout=60_000)
        assert playing.described[0].ready and playing.described[0].seconds_to_first_sound > 0


@pytest.mark.slow
def test_a_training_is_tried_out_and_the_newest_asked_counts(engine: Engine, project: ProjectFolder, qtbot: Any) -> None:
    small = {"width": 32, "critic_width": 4, "seconds": 0.3}
    heard: list[FitFacts] = []
    engine.fitted.connect(heard.append)
    engine.try_fit(project, "oneshot", small, TrainerConfig(batch=2))
    engine.try_fit(project, "oneshot", small, TrainerConfig(batch=4, precision="fp32", threads=1))
    qtbot.waitUntil(lambda: bool(heard) and not engine._helper.busy, timeout=120_000)
    (facts,) = heard
    assert facts.family == "oneshot" and facts.config == small
    assert facts.fit.measured and facts.fit.fits and facts.fit.batch == 4 and 2e8 < facts.fit.bytes < 2e9


@pytest.mark.slow
def test_the_decoder_is_compiled_beside_and_taken_over(engine: Engine, ear: Ear, checkpoint: Path, qtbot: Any) -> None:
    from studio.settings import cache_folder

    engine.open_model(checkpoint)
    qtbot.waitUntil(lambda: engine.model is not None, timeout=60_000)
    assert engine.model.backend == "torch"
    engine.render(Request(seed=1), "before")
    qtbot.waitUntil(lambda: not engine._helper.busy and not engine.runner.busy, timeout=240_000)
    assert list((cache_folder() / "models").glob("*.onnx")) and ear.of(Rendered)[0].recipe.backend == "torch"
    engine.render(Request(seed=1), "after")
    qtbot.waitUntil(lambda: len(ear.of(Rendered)) == 2, timeout=60_000)
    before, after = ear.of(Rendered)
    assert after.recipe.backend == engine.model.backend
    assert np.abs(before.sound.samples - after.sound.samples).max() < 1e-3


def test_the_engine_is_imported_without_torch() -> None:
    code = "import sys, studio.engine.engine, studio.engine.training; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _wait(gate: threading.Event) -> Iterator[Any]:
    gate.wait(10)
    yield from ()
