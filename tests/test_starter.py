"""The starter sounds are what their recipe makes, small enough to ship, and fit to be heard and learned from."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import msgspec
import numpy as np
import pytest
import soundfile

from studio.audio import files
from studio.audio.analysis import facts, fingerprint
from studio.audio.sound import Sound
from studio.generate import Instrument, best_checkpoint
from studio.project.state import ClipFile

ROOT = Path(__file__).resolve().parent.parent
SOUNDS = ROOT / "resources" / "starter" / "sounds"
NOTES = ROOT / "resources" / "starter_notes" / "sounds"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "packaging" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def starter() -> ModuleType:
    return script("starter")


@pytest.fixture(scope="module")
def notes() -> ModuleType:
    return script("starter_notes")


def test_the_folder_is_the_collection(starter: ModuleType) -> None:
    there = sorted(str(p.relative_to(SOUNDS)) for p in SOUNDS.rglob("*.flac"))
    assert there == sorted(str(Path(label) / name) for label, name, _, _ in starter.collection())
    assert sum(p.stat().st_size for p in SOUNDS.rglob("*")) < 6e6


def test_every_recipe_makes_its_files_again(starter: ModuleType) -> None:
    for label, name, recipe, number in starter.collection():
        if number == 0:
            filed, rate = soundfile.read(SOUNDS / label / name, dtype="float32")
            made = starter.sound(label, recipe, number)
            assert rate == starter.RATE
            assert len(filed) == len(made)
            assert np.abs(filed - made).max() < 1e-3  # 16 bits, and what the last digits of another FFT leave


def test_they_are_clean_and_differ() -> None:
    prints = []
    for path in sorted(SOUNDS.rglob("*.flac")):
        y, rate = soundfile.read(path, dtype="float32")
        assert 0.5 < np.abs(y).max() < 0.95, path.name
        assert 0.03 < len(y) / rate < 1.2, path.name
        assert abs(y.mean()) < 5e-3, path.name
        assert abs(y[0]) < 1e-3, path.name
        assert abs(y[-1]) < 1e-3, path.name
        prints.append(fingerprint(Sound(y[None], rate)))
    distances = np.linalg.norm(np.array(prints)[:, None] - np.array(prints), axis=-1) + 1e9 * np.eye(len(prints))
    assert distances.min() > 0.05 * np.median(distances[distances < 1e8])


def test_the_notes_are_what_their_recipes_make_and_in_tune(notes: ModuleType) -> None:
    there = sorted(str(p.relative_to(NOTES)) for p in NOTES.rglob("*.flac"))
    assert there == sorted(str(Path(label) / name) for label, name, _, _ in notes.collection())
    assert sum(p.stat().st_size for p in NOTES.rglob("*.flac")) < 6e6
    for label, name, note, velocity in notes.collection():
        filed, rate = soundfile.read(NOTES / label / name, dtype="float32")
        assert rate == notes.RATE
        assert 0.5 < np.abs(filed).max() < 0.9
        assert abs(filed.mean()) < 5e-3
        assert max(abs(filed[0]), abs(filed[-1])) < 1e-3
        if velocity == notes.STRENGTHS[0]:
            assert np.abs(filed - notes.sound(label, note, velocity)).max() < 1e-3
            heard = facts(Sound(filed[None], rate)).pitch
            assert heard is not None
            assert 1200 * abs(np.log2(heard / 440) - (note - 69) / 12) < 25, name


@pytest.mark.parametrize("folder", ["starter", "starter_notes"])
def test_the_models_that_ship_make_their_clips_again(folder: str) -> None:
    starter = ROOT / "resources" / folder
    instruments = {run.name: Instrument.open(best_checkpoint(run), compile=False) for run in (starter / "runs").iterdir()}
    clips = [msgspec.json.decode(path.read_bytes(), type=ClipFile) for path in (starter / "clips").glob("*.json")]
    assert {clip.recipe.run for clip in clips if clip.recipe is not None} == set(instruments)
    for clip in clips:
        assert clip.recipe is not None
        kept = files.read(starter / "clips" / f"{clip.id}.wav")
        made = next(iter(instruments[clip.recipe.run].render(clip.recipe.request)))
        assert made.samples.shape == kept.samples.shape
        assert np.abs(made.samples - kept.samples).max() < 0.01
    for run in (starter / "runs").iterdir():
        assert sum(path.stat().st_size for path in run.rglob("*.safetensors")) < 16 << 20
