"""Commands against a project with a model that has learned nothing yet, which is enough to be asked for sounds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio import cli
from studio.library.reader import facts
from studio.models import checkpoint
from studio.models.base import families
from studio.project.folder import ProjectFolder
from studio.project.state import RunStatus
from studio.training.run import RunFolder, step_folder

SIZE = 4


@pytest.fixture
def wavewright(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[dict[str, Any]], str]]:
    """Runs one command; gives its status, its JSON lines and what it said on stderr."""

    def run(*words: object) -> tuple[int, list[dict[str, Any]], str]:
        capsys.readouterr()
        status = cli.main([*map(str, words), "--json"])
        out, err = capsys.readouterr()
        return status, [json.loads(line) for line in out.splitlines()], err

    return run


@pytest.fixture
def result(wavewright: Any) -> Callable[..., dict[str, Any]]:
    """Runs one command that must succeed and gives its result."""

    def run(*words: object) -> dict[str, Any]:
        status, lines, err = wavewright(*words)
        assert status == 0 and not err, err
        found: dict[str, Any] = lines[-1]["result"]
        return found

    return run


@pytest.fixture(scope="session")
def trained(project_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nobody writes into it."""
    root = Path(shutil.copytree(project_once, tmp_path_factory.mktemp("cli") / "My drums"))
    config = {"seconds": 0.3, "latent": SIZE, "width": 32}
    with ProjectFolder.open(root) as project:
        family = families()["oneshot"]
        run = RunFolder.create(project, "oneshot", config)
        model = family(family.Config(**config), facts(project))
        checkpoint.save(run.path / "checkpoints" / step_folder(3), model, meta={"step": 3})
        run.write_status(RunStatus(state="finished", step=3, minutes=1.5, best={"held-out/mel": 0.5}))
    return root
