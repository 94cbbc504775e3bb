from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from studio.audio.sound import Sound
from studio.project.folder import ProjectFolder
from studio.project.recipe import Recipe, Request


@pytest.fixture
def project(tmp_path: Path) -> Iterator[ProjectFolder]:
    with ProjectFolder.create(tmp_path / "My drums") as project:
        yield project


@pytest.fixture
def sound() -> Sound:
    return Sound(np.random.default_rng(0).uniform(-0.5, 0.5, (2, 3000)).astype(np.float32), 44_100)


@pytest.fixture
def recipe() -> Recipe:
    return Recipe(family="oneshot", model="ab12", run="2026-11-20-oneshot-1", step=1200, request=Request(seed=7))
