"""The verb that looks for better settings, and training with what it found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.cli.search import say_search
from studio.project.folder import ProjectFolder
from studio.project.state import RunConfig
from studio.training import presets, search
from studio.training.presets import Preset
from studio.training.run import RunFolder
from studio.training.searches import SearchFolder
from tests.training.simulated import World


@pytest.fixture
def root(project: ProjectFolder) -> Path:
    project.close()
    return project.root


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    def quality(config: RunConfig) -> float:
        return 1000 / config.config["width"] + 0.01 * config.plan["batch"]

    monkeypatch.setattr(search, "LOOK", 10.0)
    return World(quality).rule(monkeypatch)


def test_a_search_ends_in_a_preset_that_a_training_takes(root: Path, result: Any, world: World) -> None:
    words = ("--minutes", 10, "--trial", 1.5, "--workers", 2, "--over", "width=64:1024", "batch", "--set", "kl=0.01")
    found = result("search", root, *words, "--device", "cpu", "--shared")
    folder = SearchFolder(found["search"])
    assert found["state"] == "finished" and found["better"] and found["trials"] == len(folder.status().trials)
    assert set(found["best"]["settings"]) == {"width", "batch"} and found["best"]["value"] < found["default"]["value"]
    assert folder.file.plan == {"device": "cpu"} and folder.file.own == {"kl": 0.01} and folder.file.shared
    said = "\n".join(say_search(found))
    assert found["sentence"] in said and "--preset" in said and "usual" in said
    assert result("search", root, "--resume") == found, "it is finished"
    assert not result("search", root, "--stop")["asked"]

    made = RunFolder(result("train", root, "--preset", found["preset"], "--minutes", 5, "--set", "batch=7", "--prepare")["run"])
    best = found["best"]["settings"]
    assert made.config.config["width"] == best["width"] and made.config.config["kl"] == 0.01
    assert made.plan.batch == 7 and made.plan.minutes == 5 and made.config.trial_of == ""
    assert result("info", root)["runs"]


def test_a_projects_newest_run_is_none_of_its_trials(root: Path, wavewright: Any, result: Any, world: World) -> None:
    result("search", root, "--minutes", 10, "--trial", 1.5, "--over", "width", "--workers", 1, "--shared")
    status, lines, _ = wavewright("generate", root, "--out", root / "out")
    assert status == 1 and lines[-1]["key"] == "NothingTrained"
    wanted = result("train", root, "--prepare")["run"]
    assert result("pause", root)["run"] == wanted


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--minutes"),
        (("--minutes", 0.1), "at least"),
        (("--minutes", 10, "--over", "seconds"), "hears"),
        (("--minutes", 10, "--over", "loudness"), "no such setting"),
        (("--minutes", 10, "--set", "steps=100"), "--trial"),
        (("--minutes", 10, "--model", "oboe"), "oboe"),
        (("--resume", "Search 9"), "Search 9"),
        (("--resume", "--minutes", 10), "keeps its settings"),
    ],
)
def test_what_cannot_be_searched_is_said(root: Path, wavewright: Any, words: tuple[object, ...], said: str) -> None:
    status, _, err = wavewright("search", root, *words)
    assert status in (1, 2) and said in err
    with ProjectFolder.open(root, lock=False) as project:
        assert not project.searches_dir.exists() or not list(project.searches_dir.glob("*/search.json"))


def test_a_preset_of_another_family_or_of_nobody_is_refused(root: Path, wavewright: Any) -> None:
    with ProjectFolder.open(root, lock=False) as project:
        presets.save(project, Preset(name="Mine", family="oboe"))
    assert "oboe" in wavewright("train", root, "--preset", "Mine", "--model", "oneshot", "--prepare")[2]
    assert "Mine" in wavewright("train", root, "--preset", "Yours", "--prepare")[2]
