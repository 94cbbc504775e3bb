"""From a checkpoint and a request to sounds, files, recipes and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from studio import generate
from studio.audio import files, riff
from studio.audio.sound import Sound
from studio.errors import BrokenCheckpoint, ModelError, SilentAudio
from studio.events import Finished, Produced
from studio.generate import Instrument
from studio.models import checkpoint, fast
from studio.models.base import Backend
from studio.project import recipe as recipes
from studio.project.folder import ProjectFolder
from studio.project.recipe import Request
from studio.training.run import RunFolder
from tests.models.families import batch, tiny


def trained(runs: Path, name: str = "oneshot", seed: int = 0) -> Path:
    """A run folder with one checkpoint in it."""
    model = tiny(name, seed=seed)
    model.prepare(iter([batch(model)]))
    run = runs / f"2026-01-01-{name}-{seed + 1}"
    (run / "checkpoints").mkdir(parents=True)
    checkpoint.save(run / "checkpoints" / "step-00000001", model, meta={"step": 1})
    return run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return trained(tmp_path / "runs")


@pytest.fixture
def instrument(run: Path) -> Instrument:
    return Instrument.open(generate.best_checkpoint(run), compile=False)


def test_the_newest_checkpoint_is_played_where_none_is_best(run: Path) -> None:
    found = generate.best_checkpoint(run)
    assert found.name == "step-00000001"
    assert generate.best_checkpoint(found) == found


def test_a_run_without_a_checkpoint_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BrokenCheckpoint):
        generate.best_checkpoint(tmp_path)


def test_the_recipe_of_a_sound_gives_it_again(instrument: Instrument) -> None:
    sound = next(iter(instrument.render(Request(seed=9))))
    recipe = recipes.from_json(instrument.recipe(Request(seed=9)).to_json())
    assert recipe.request.latent is not None
    assert (recipe.family, recipe.step, recipe.backend, recipe.run) == ("oneshot", 1, "torch", "2026-01-01-oneshot-1")
    again = next(iter(instrument.render(recipe.request)))
    assert np.array_equal(sound.samples, again.samples)


def test_both_backends_are_told_apart_and_sound_alike(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def always(model: object, **_: object) -> Backend | None:
        decoder = model.decoder()  # type: ignore[attr-defined]
        data = fast.export(decoder, model.example_inputs(), model.dynamic_axes())  # type: ignore[attr-defined]
        return fast.session(data) if data else None

    monkeypatch.setattr(fast, "compile", always)
    instrument = Instrument.open(generate.best_checkpoint(run))
    assert instrument.backend == "onnx"
    compiled, plain = (next(iter(instrument.render(Request(seed=2), backend=b))).samples for b in ("", "torch"))
    assert np.abs(compiled - plain).max() < 1e-4 * np.abs(plain).max()


def test_files_are_written_with_their_recipe_and_never_over_others(run: Path, tmp_path: Path) -> None:
    events = list(generate.generate(run, Request(count=3, seed=5), tmp_path / "out"))
    events += list(generate.generate(run, Request(count=1, seed=5), tmp_path / "out"))
    made = [e for e in events if isinstance(e, Produced)]
    assert len(made) == 4
    assert len(list((tmp_path / "out").glob("*.wav"))) == 4
    first, second = (e for e in events if isinstance(e, Finished))
    assert [Path(p).is_absolute() for p in first.result["files"]] == [True] * 3
    a, b = (files.read(p).samples for p in (first.result["files"][0], second.result["files"][0]))
    assert np.array_equal(a, b)
    data = riff.embedded_recipe(first.result["files"][1])
    assert data is not None
    assert recipes.from_json(data).request.seed == 6


def test_a_closed_generator_leaves_whole_files_only(run: Path, tmp_path: Path) -> None:
    work = generate.generate(run, Request(count=5), tmp_path / "out")
    for event in work:
        if isinstance(event, Produced):
            work.close()  # type: ignore[attr-defined]
            break
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_an_exported_file_gives_its_sound_again(project: ProjectFolder) -> None:
    run = RunFolder.create(project, "oneshot", {}).path
    checkpoint.save(run / "checkpoints" / "step-00000001", tiny("oneshot"), meta={"step": 1})
    instrument = Instrument.open(generate.best_checkpoint(run), compile=False)
    sound = next(iter(instrument.render(Request(seed=1))))
    recipe = instrument.recipe(Request(seed=1))
    again = generate.regenerate(recipe, project)
    assert np.array_equal(again.samples, sound.samples)
    louder = msgspec.structs.replace(recipe, edits=({"do": "reverse"},))
    assert np.array_equal(generate.regenerate(louder, project).samples, sound.samples[:, ::-1])


def test_a_model_that_is_gone_is_a_sentence(project: ProjectFolder, instrument: Instrument) -> None:
    with pytest.raises(ModelError, match="not in this project"):
        generate.regenerate(instrument.recipe(Request(seed=1)), project)


def test_any_sound_can_be_encoded(instrument: Instrument) -> None:
    rng = np.random.default_rng(0)
    for rate, channels, seconds in ((44100, 1, 0.2), (48000, 2, 3.0), (22050, 5, 0.05)):
        noise = (0.1 * rng.standard_normal((channels, round(rate * seconds)))).astype(np.float32)
        latent = instrument.encode(Sound(noise, rate), "low")
        assert latent.shape == (8,)
        assert latent.dtype == np.float32
    with pytest.raises(SilentAudio):
        instrument.encode(Sound(np.zeros((1, 4410), np.float32), 44100))


def test_loudness_does_not_move_a_sound(instrument: Instrument) -> None:
    noise = np.random.default_rng(0).standard_normal((1, 8000)).astype(np.float32)
    a, b = (instrument.encode(Sound(noise * np.float32(g), 44100)) for g in (0.5, 0.05))
    assert np.allclose(a, b, atol=1e-3)


def test_places_are_where_encoding_says(
    project: ProjectFolder, instrument: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = generate.places(instrument, project)
    assert len(places.ids) == len(set(places.ids.tolist())) == len(places.labels) == len(places.paths) > 0
    assert places.latents.shape == (len(places.ids), 8)
    alone = instrument.encode(files.read(places.paths[0]))
    assert np.allclose(places.latents[0], alone, atol=0.02)  # 16 bits in the cache
    encode: Callable[..., torch.Tensor] = lambda *_: pytest.fail("encoded again")  # noqa: E731
    monkeypatch.setattr(instrument.model, "encode", encode)
    again = generate.places(instrument, project)
    assert np.array_equal(again.latents, places.latents)
