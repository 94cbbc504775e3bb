"""Settings with a name: kept whole, replaced by name, and never lost to a damaged or newer file."""

from __future__ import annotations

import json

import pytest

from studio.errors import BadConfig, BrokenFile, NewerFormat
from studio.fields import configure
from studio.models.base import families
from studio.models.controls import DataFacts
from studio.project.folder import ProjectFolder
from studio.training import presets
from studio.training.presets import Preset


def test_presets_are_kept_in_order_and_replaced_by_name(project: ProjectFolder) -> None:
    assert presets.read(project) == ()
    first = Preset(name="Search 1", family="oneshot", config={"width": 600}, plan={"rate": 2.0})
    second = Preset(name="Mine", family="oneshot", plan={"batch": 8})
    presets.save(project, first)
    presets.save(project, second)
    assert presets.read(project) == (first, second) and presets.find(project, "Mine") == second
    better = Preset(name="Search 1", family="oneshot", config={"width": 700})
    presets.save(project, better)
    assert presets.read(project) == (second, better)
    presets.remove(project, "Mine")
    assert presets.read(project) == (better,)
    with pytest.raises(BadConfig, match="Search 1"):
        presets.find(project, "Mine")


def test_a_damaged_file_is_put_aside_and_a_newer_one_left_alone(project: ProjectFolder) -> None:
    preset = Preset(name="Mine", family="oneshot")
    project.presets_path.write_text('{"kind": "presets", "format": 1, "presets": [3]}')
    with pytest.raises(BrokenFile):
        presets.read(project)
    presets.save(project, preset)
    assert presets.read(project) == (preset,) and (project.backup / "presets.json").read_text().endswith("[3]}")
    newer = json.dumps({"kind": "presets", "format": 2, "presets": []})
    project.presets_path.write_text(newer)
    with pytest.raises(NewerFormat):
        presets.save(project, preset)
    assert project.presets_path.read_text() == newer


@pytest.mark.parametrize("kind", list(families()))
def test_presets_of_a_family_are_settings_of_it_and_found_by_name(project: ProjectFolder, kind: str) -> None:
    family = families()[kind]
    recommended = family.recommended(DataFacts(count=100, labels=("a",)))
    for preset in presets.of(family):
        assert configure(recommended, preset.config) != recommended
        assert presets.find(project, preset.name) == preset
        own = Preset(name=preset.name, family="mine")
        presets.save(project, own)
        assert presets.find(project, preset.name) == own
