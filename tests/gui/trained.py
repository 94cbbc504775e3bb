"""Train over run folders as the trainer leaves them: what its tests write, and the page that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt

from studio.audio import files
from studio.audio.sound import Sound
from studio.engine.engine import FamilyFacts
from studio.events import Metric
from studio.fields import describe
from studio.gui.pages.train import TrainPage
from studio.gui.session import Session
from studio.models.controls import Info
from studio.project import atomic
from studio.project.state import PreviewCell, PreviewFile, RunStatus
from studio.training.curves import CLOCK
from studio.training.plan import TrainerConfig
from studio.training.run import RunFolder, step_folder

LEFT = Qt.MouseButton.LeftButton
INFO = Info("oneshot", "One-shots", "Learns single hits.", "VAE", "30 to 3,000 single sounds")


def facts(ready: bool = True) -> FamilyFacts:
    fields = describe(TrainerConfig)[3:5]
    return FamilyFacts(
        INFO, fields, {"seed": 3, "device": "cpu"}, 35.0, True, ready, "" if ready else "needs at least two sounds"
    )


def tone(hertz: float) -> Sound:
    time = np.arange(4410) / 44100
    return Sound((0.3 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)[None], 44100)


def write_run(session: Session, name: str, steps: tuple[int, ...] = (10, 20, 40), **status: Any) -> RunFolder:
    """A run with previews, curves and checkpoints at `steps`, as the trainer leaves it."""
    assert session.project is not None
    run = RunFolder.create(session.project, "oneshot", {}, name=name)
    for i, step in enumerate(steps):
        folder = run.path / "previews" / step_folder(step)
        folder.mkdir(parents=True)
        cells = []
        for j, kind in enumerate(("reconstruction", "new")):
            file = files.write(folder / f"cell-{j}.wav", tone(200 * (i + 1) + 100 * j))
            cells.append(
                PreviewCell(name=f"cell-{j}", kind=kind, path=str(file.relative_to(run.path)), seed=j, distance=9.0 - i)
            )
        atomic.write_json(folder / "preview.json", PreviewFile(step=step, minutes=step / 10, cells=tuple(cells)))
        moment = run.path / "checkpoints" / step_folder(step)
        moment.mkdir(parents=True)
        for file in ("config.json", "training.json"):
            (moment / file).write_text("{}")
        run.append(
            Metric(step=step, name=CLOCK, value=step / 10),
            Metric(step=step, name="held-out/mel", value=1 / step),
            Metric(step=step, name="training/mel", value=0.8 / step),
            Metric(step=step, name="rate", value=0.1),
        )
    values: dict[str, Any] = {
        "state": "finished",
        "step": steps[-1] if steps else 0,
        "minutes": 4.0,
        "sentence": "Improving — 6 %.",
    }
    run.write_status(RunStatus(**{**values, **status}))
    return run


@pytest.fixture
def train_page(session: Session, qtbot: Any) -> Iterator[TrainPage]:
    made = TrainPage(session)
    made.resize(1036, 580)
    made.show()
    yield made
    made.hide()
    made.deleteLater()


@pytest.fixture
def shown(train_page: TrainPage, session: Session, qtbot: Any) -> TrainPage:
    """The page with one finished run of three moments."""
    write_run(session, "First")
    session.training.look()
    qtbot.waitUntil(lambda: train_page.timeline.preview is not None)
    qtbot.waitUntil(lambda: train_page.curves.plot._series != ())
    return train_page


def ready(page: TrainPage) -> bool:
    preview = page.timeline.preview
    return preview is not None and all(page.timeline._sound((cell.kind, cell.name)) is not None for cell in preview.cells)
