"""The starter sounds are what their recipe makes, small enough to ship, and fit to be heard and learned from."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

from studio.audio.analysis import fingerprint
from studio.audio.sound import Sound

ROOT = Path(__file__).resolve().parent.parent
SOUNDS = ROOT / "resources" / "starter" / "sounds"


@pytest.fixture(scope="module")
def starter() -> ModuleType:
    spec = importlib.util.spec_from_file_location("starter", ROOT / "packaging" / "starter.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["starter"] = module
    spec.loader.exec_module(module)
    return module


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
