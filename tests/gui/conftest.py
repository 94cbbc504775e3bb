"""A real session over a real project, without a screen and without a sound device; what a test leaves behind fails it."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QWidget

from studio.audio.sound import Sound
from studio.engine.engine import Engine
from studio.engine.jobs import JobRunner
from studio.engine.training import Training
from studio.gui import theme
from studio.gui.main_window import MainWindow
from studio.gui.session import Session
from studio.project.folder import ProjectFolder
from studio.settings import Settings
from tests.gui.clipping import clips, clips_page  # noqa: F401  fixtures
from tests.gui.exploring import heard, page, problems, trained_once  # noqa: F401  fixtures
from tests.gui.trained import shown, train_page  # noqa: F401  fixtures


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, log and cache of a test stay in its own folder."""
    home = tmp_path / "home"
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(home))
    return home


@pytest.fixture
def dressed(qapp: QApplication) -> QApplication:
    """The application in the dark theme."""
    theme.apply(qapp, "dark")
    return qapp


@pytest.fixture
def bare_session(dressed: QApplication, tmp_path: Path) -> Iterator[Session]:
    """A session without a project."""
    desk, engine, training = JobRunner("desk"), Engine(), Training()
    made = Session(
        Settings(welcomed=True), desk=desk, engine=engine, training=training, settings_path=tmp_path / "home" / "settings.json"
    )
    yield made
    made.close()
    assert desk.close() and engine.close()
    dressed.processEvents()


@pytest.fixture
def session(bare_session: Session, tmp_path: Path) -> Session:
    """A session with a new, empty project open."""
    ProjectFolder.create(tmp_path / "Test sounds", "Test sounds").close()
    assert bare_session.open(tmp_path / "Test sounds")
    return bare_session


@pytest.fixture
def window(session: Session, qtbot) -> Iterator[MainWindow]:  # type: ignore[no-untyped-def]
    """The frame around empty pages, shown."""
    made = MainWindow(session, dict.fromkeys(("sounds", "train", "explore", "clips", "settings"), _blank))
    made.resize(1100, 700)
    made.show()
    qtbot.waitUntil(lambda: made.painted_at > 0)
    yield made
    made.hide()
    made.deleteLater()


@pytest.fixture
def tone() -> Sound:
    """Half a second of 220 Hz, dying away; mono, 44.1 kHz."""
    time = np.arange(22050) / 44100
    return Sound((0.5 * np.sin(2 * np.pi * 220 * time) * np.exp(-6 * time)).astype(np.float32)[None], 44100)


def _blank(session: Session) -> QWidget:
    return QWidget()
