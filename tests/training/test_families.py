"""Every family goes through the trainer: it pauses, goes on exactly, and is heard."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import torch

from studio.events import Metric
from studio.generate import Instrument
from studio.library import reader
from studio.models.base import families
from studio.project.folder import ProjectFolder
from studio.project.recipe import Request
from studio.training.plan import TrainerConfig
from studio.training.run import RunFolder
from studio.training.saving import Saver
from studio.training.trainer import train

SMALL = {"width": 32, "critic_width": 4}
"""Fields that make a family's networks small, where it has them."""


@pytest.fixture
def noted(noted_once: Path, tmp_path: Path) -> Iterator[ProjectFolder]:
    with ProjectFolder.open(shutil.copytree(noted_once, tmp_path / "My notes")) as project:
        yield project


@pytest.mark.slow
@pytest.mark.parametrize("family", list(families()))
def test_a_family_pauses_goes_on_exactly_and_is_heard(noted: ProjectFolder, family: str) -> None:
    kind = families()[family]
    config = msgspec.to_builtins(kind.recommended(reader.facts(noted)))
    config |= {name: value for name, value in SMALL.items() if name in config}
    plan = TrainerConfig(steps=6, batch=3, log=0.0, precision="fp32", threads=1, preview=3600)
    whole, broken = (RunFolder.create(noted, family, config, plan) for _ in range(2))
    list(train(whole))
    for event in train(broken):
        if isinstance(event, Metric) and event.name.startswith("speed/") and event.step == 3:
            broken.request("pause")
    assert (broken.status().state, broken.status().step) == ("paused", 3)
    list(train(broken))
    one, other = Saver(whole).newest(), Saver(broken).newest()
    assert one is not None and other is not None and one.facts.step == other.facts.step == 6
    assert [name for name in one.tensors if not torch.equal(one.tensors[name], other.tensors[name])] == []
    (preview,) = broken.previews()
    assert [cell.kind for cell in preview.cells].count("new") == 4
    folder = broken.checkpoint("best")
    assert folder is not None
    assert next(iter(Instrument.open(folder).render(Request(seed=1)))).frames > 0
