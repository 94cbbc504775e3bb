"""The Clips page over four kept clips: fixtures and hands for everything that is tested on it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QApplication, QMenu, QToolButton

from studio.audio.sound import Sound
from studio.gui.pages.clips import ClipsPage
from studio.gui.session import Session
from studio.gui.tables.clips import PICTURE
from studio.project.recipe import Recipe, Request

PATIENCE = 30_000
"""Milliseconds: the first of a process imports what measures sounds."""
RECIPE = Recipe(family="oneshot", run="Drums-1", step=900, model="ab" * 16, request=Request(classes={"kick": 1.0}, seed=7))


def sound_of(seed: int, seconds: float = 0.25) -> Sound:
    wave = np.random.default_rng(seed).standard_normal((1, round(44_100 * seconds))) * np.linspace(
        0.3, 0.01, round(44_100 * seconds)
    )
    return Sound(wave.astype(np.float32), 44_100)


@pytest.fixture
def clips(session: Session) -> list[str]:
    """Four kept clips; the names, newest first."""
    assert session.project is not None
    for seed, (name, tags) in enumerate(
        {"Soft kick": ("kick", "soft"), "Snare": ("snare",), "Hat": ("hat", "soft"), "Tom": ()}.items()
    ):
        session.project.keep(sound_of(seed), RECIPE if seed != 1 else None, name, tags=tags)
    return ["Tom", "Hat", "Snare", "Soft kick"]


@pytest.fixture
def clips_page(session: Session, qtbot, clips: list[str]) -> Iterator[ClipsPage]:
    made = ClipsPage(session)
    made.resize(1004, 560)
    made.show()
    qtbot.waitUntil(lambda: opened(made) == "Tom" and pictured(made), timeout=PATIENCE)
    yield made
    made.hide()
    made.deleteLater()


def opened(page: ClipsPage) -> str:
    found = page.editor.opened
    return found.clip.name if found is not None and found.facts is not None else ""


def pictured(page: ClipsPage) -> bool:
    return all(page.model.index(row).data(PICTURE) is not None for row in range(page.model.rowCount()))


def names(page: ClipsPage) -> list[str]:
    model = page.list.view.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def choose(page: ClipsPage, *wanted: str) -> None:
    page.list.select([c.id for c in page.model.clips if c.name in wanted])


def settled(page: ClipsPage, qtbot) -> None:
    """What was changed is saved, listed and opened."""

    def done() -> bool:
        clip, found = page.list.current, page.editor.opened
        return not page._session.desk.busy and (clip is None or (found is not None and found.clip == clip))

    qtbot.waitUntil(done, timeout=PATIENCE)
    QApplication.processEvents()
    qtbot.waitUntil(done, timeout=PATIENCE)


def tool(page: ClipsPage, name: str) -> QToolButton:
    return page.editor.tools.buttons[name]


def entry(menu: QMenu, text: str) -> QAction:
    return next(action for action in menu.actions() if text in action.text())


def icon_only(button: QAbstractButton) -> bool:
    return isinstance(button, QToolButton) and button.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly


def stored(session: Session, name: str):
    assert session.project is not None
    return next(c for c in session.project.clips() if c.name == name)
