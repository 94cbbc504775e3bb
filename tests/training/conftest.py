from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.events import Event, Metric, Produced
from studio.library.importer import import_folders
from studio.project.folder import ProjectFolder
from studio.training.plan import TrainerConfig
from studio.training.run import RunFolder
from tests.drums import write_drums

Make = Callable[..., RunFolder]


@pytest.fixture(autouse=True)
def in_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training in the tests' own process must not lower its priority, and is quick to see a request."""
    monkeypatch.setattr("studio.training.device.behave", lambda plan: None)
    monkeypatch.setattr("studio.training.asked.LOOK", -1.0)


@pytest.fixture(scope="session")
def noted_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project like `project_once` whose sounds are notes by their names, so that every family can learn from it; copy it."""
    sounds = write_drums(tmp_path_factory.mktemp("notes") / "Notes", notes=True)
    root = tmp_path_factory.mktemp("project") / "My notes"
    with ProjectFolder.create(root, "My notes") as project:
        list(import_folders(project, [sounds], workers=1))
    return root


@pytest.fixture
def make(project: ProjectFolder) -> Make:
    """Queue a run of the tiny family in `project`: make({"phases": 2}, steps=20)."""

    def run(config: dict[str, Any] | None = None, **plan: Any) -> RunFolder:
        wanted = {"steps": 20, "batch": 4, "log": 0.0, "precision": "fp32", "threads": 1, "warmup": 4, "preview": 3600.0}
        return RunFolder.create(project, "tiny", config or {}, TrainerConfig(**(wanted | plan)))

    return run


def losses(events: list[Event], name: str = "mel") -> dict[int, float]:
    """Step → value, as the newest life of the run says it."""
    return {e.step: e.value for e in events if isinstance(e, Metric) and e.name == name}


def produced(events: list[Event], kind: str) -> list[Produced]:
    return [e for e in events if isinstance(e, Produced) and e.kind == kind]
