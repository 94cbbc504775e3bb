from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from studio.library.index import Index, SoundRow
from studio.project.folder import ProjectFolder


@pytest.fixture
def project(tmp_path: Path) -> Iterator[ProjectFolder]:
    with ProjectFolder.create(tmp_path / "My drums") as project:
        yield project


@pytest.fixture
def index(project: ProjectFolder) -> Iterator[Index]:
    with Index(project) as index:
        yield index


def row(number: int, folder: str = "/sounds", **facts: object) -> SoundRow:
    """A made-up row whose facts follow from its number."""
    rng = np.random.default_rng(number)
    values: dict[str, object] = {
        "path": f"{folder}/sound {number}.wav",
        "name": f"sound {number}.wav",
        "label": ("kick", "snare", "hat")[number % 3],
        "source_hash": f"{number:032x}",
        "seconds": 0.1 + 0.01 * (number * 7 % 11),
        "rate": 44_100,
        "channels": 1,
        "frames": 4410,
        "peak": -1.0,
        "loudness": -float(number * 5 % 13),
        "brightness": 1000.0 + number,
        "pitch": None if number % 2 else 100.0 + number,
        "thumbnail": bytes([100]) * 96 + bytes([150]) * 96,
        "fingerprint": rng.standard_normal(64).astype(np.float32).tobytes(),
        "size": 100,
        "mtime": 1,
    }
    return SoundRow(**(values | facts))  # type: ignore[arg-type]


def fill(index: Index, rows: Sequence[SoundRow]) -> list[int]:
    return index.put(rows)
