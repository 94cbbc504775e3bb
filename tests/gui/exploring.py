"""Explore with a real, tiny, untrained model: fixtures for everything that is tested on its page."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import Qt

from studio.audio.sound import Sound
from studio.explore import naming
from studio.gui.pages.explore import ExplorePage
from studio.gui.session import Current, Problem, Session
from studio.project.folder import ProjectFolder
from studio.settings import cache_folder
from studio.training.run import RunFolder, step_folder

LABELS = ("hat", "kick", "snare")
LEFT = Qt.MouseButton.LeftButton


def save_model(run: RunFolder, step: int, seed: int = 0, minutes: float = 1.0, kind: str = "oneshot") -> Path:
    from studio.models import checkpoint
    from tests.models.families import tiny

    folder = run.path / "checkpoints" / step_folder(step)
    checkpoint.save(folder, tiny(kind, LABELS, seed), meta={"step": step, "minutes": minutes})
    return folder


@pytest.fixture(scope="session")
def trained_once(project_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of 24 sounds with one run that has a checkpoint; beside it its compiled decoder."""
    from studio.generate import precompile

    root = Path(shutil.copytree(project_once, tmp_path_factory.mktemp("trained") / "My drums"))
    with ProjectFolder.open(root) as project:
        run = RunFolder.create(project, "oneshot", {}, name="Drums 1")
        save_model(run, 10)
        run.write_status(msgspec.structs.replace(run.status(), state="finished", step=10))
    arguments = (str(run.path / "checkpoints" / step_folder(10)), str(root.parent / "models"))
    child = multiprocessing.get_context("spawn").Process(target=precompile, args=arguments)  # it changes its whole process
    child.start()
    child.join()
    return root


@pytest.fixture
def heard(bare_session: Session) -> list[Current]:
    """What was put into the transport, in order."""
    found: list[Current] = []
    bare_session.currentChanged.connect(found.append)
    return found


@pytest.fixture
def problems(bare_session: Session) -> list[Problem]:
    found: list[Problem] = []
    bare_session.problem.connect(found.append)
    return found


@pytest.fixture
def page(
    bare_session: Session,
    trained_once: Path,
    tmp_path: Path,
    qtbot: Any,
    heard: list[Current],
    problems: list[Problem],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ExplorePage]:
    """The page with its model open and its first sound shown. A few sounds are heard of its axes, not a thousand."""
    for name, count in (("ANCHORS", 2), ("POINTS", 3), ("SAID", 12)):
        monkeypatch.setattr(naming, name, count)
    root = Path(shutil.copytree(trained_once, tmp_path / "My drums"))
    cache_folder().mkdir(parents=True, exist_ok=True)
    (cache_folder() / "models").symlink_to(trained_once.parent / "models")  # compile the decoder once, not in every test
    assert bare_session.open(root)
    bare_session.engine.warm_up()
    made = ExplorePage(bare_session)
    made.resize(1036, 580)
    made.show()
    qtbot.waitUntil(lambda: made._space is not None, timeout=60_000)
    waits(qtbot, made)()
    yield made
    assert problems == []
    made.hide()
    made.deleteLater()


def same(one: Sound, other: Sound) -> bool:
    """Equal to −60 dB: the decoder may be compiled between the two."""
    return one.samples.shape == other.samples.shape and np.allclose(one.samples, other.samples, atol=1e-3)


def waits(qtbot: Any, page: ExplorePage) -> Callable[[], None]:
    """Call it after an act: it waits until the newest request is what is shown."""

    def wait() -> None:
        qtbot.waitUntil(
            lambda: page.standing.shown is not None and page.standing.shown.request == page.standing.request, timeout=20_000
        )

    return wait
