"""Names of the main directions: measured behind the hand's back, given by the hand, found again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.explore import naming
from studio.explore.naming import Walk
from studio.gui.pages.explore import ExplorePage
from studio.gui.session import Session
from studio.project import axes as project_axes
from studio.training.run import RunFolder
from tests.gui.exploring import save_model, waits


def settled(qtbot: Any, page: ExplorePage) -> None:
    qtbot.waitUntil(lambda: not page._session.engine.runner.busy, timeout=60_000)
    qtbot.waitUntil(lambda: not page.naming._hearing.busy and not page.naming._keeping.busy, timeout=20_000)


def opened(qtbot: Any, page: ExplorePage, folder: Path) -> None:
    before = page._space
    page.model.open(folder)
    qtbot.waitUntil(lambda: page.model.facts.folder == folder and page._space is not before, timeout=60_000)
    settled(qtbot, page)


def titles(page: ExplorePage) -> list[str]:
    return [fader.name.text() for fader in page.view.panel.axes]


def bright(page: ExplorePage) -> Walk:
    """What is heard where the second axis makes everything darker."""
    axes = page._space.axes
    shape = (12, len(axes), 7)
    places = np.zeros((*shape, axes.components.shape[1]))
    values = {name: np.full(shape, np.nan) for name in naming.WORDS}
    values["brightness"] = np.full(shape, 1000.0)
    values["brightness"][:, 1] *= np.exp(-naming.stops() / 4)
    said = {name: np.full(12, np.nan) for name in naming.WORDS}
    return Walk(axes.components, axes.sigma, places, values, page._space.latents[:12], said)


def test_what_axes_do_names_the_faders_where_they_are(page: ExplorePage, qtbot: Any) -> None:
    settled(qtbot, page)
    from studio.engine.engine import Named

    page.view.panel.axes[0].set_value(1.0)
    faders, values = list(page.view.panel.axes), [fader.value for fader in page.view.panel.axes]
    coordinates = page._space.coordinates(page.standing.request)
    page._session.engine.named.emit(Named("another model", bright(page)))
    page._session.engine.named.emit(Named(page._space.model, bright(page)))
    qtbot.waitUntil(lambda: titles(page)[1] == "brighter ↔ darker", timeout=10_000)
    assert page.view.panel.axes == faders and [fader.value for fader in faders] == values
    assert page._space.axes.names[1].r == pytest.approx(-1) and titles(page)[2] == "Axis 3"
    np.testing.assert_array_equal(page._space.coordinates(page.standing.request), coordinates)


def test_the_engine_hears_the_axes_by_itself(page: ExplorePage, qtbot: Any) -> None:
    project = page._session.project
    settled(qtbot, page)
    assert list(project.cache.glob("axes-*.npz"))
    assert page._space.descriptors.span  # learnt from what was heard


def test_a_name_by_hand_stays_is_undone_and_survives_a_restart_and_another_moment(
    page: ExplorePage, qtbot: Any, bare_session: Session
) -> None:
    settled(qtbot, page)
    before = titles(page)[1]
    page.view.panel.renamed.emit(1, " Glass ")
    assert titles(page)[1] == "Glass" and page._space.axes.titles()[1] == "Glass"
    bare_session.undo.undo()
    assert titles(page)[1] == before
    bare_session.undo.redo()
    assert titles(page)[1] == "Glass"
    settled(qtbot, page)
    scores = page._space.axes.scores.copy()
    root, run = bare_session.project.root, RunFolder(bare_session.project.runs()[0])

    opened(qtbot, page, save_model(run, 20, seed=0))
    assert titles(page)[1] == "Glass"
    bare_session.close()
    assert bare_session.open(root)
    qtbot.waitUntil(lambda: page._space is not None, timeout=60_000)
    waits(qtbot, page)()
    settled(qtbot, page)
    assert titles(page)[1] == "Glass"
    np.testing.assert_allclose(page._space.axes.scores, scores, atol=1e-6)
    page.view.panel.renamed.emit(1, "")
    settled(qtbot, page)
    assert titles(page)[1] != "Glass"
    assert all(not axis.name for axis in project_axes.load(bare_session.project, "oneshot"))


def test_a_model_that_hears_everything_elsewhere_says_so(page: ExplorePage, qtbot: Any, bare_session: Session) -> None:
    settled(qtbot, page)
    run = RunFolder(bare_session.project.runs()[0])
    opened(qtbot, page, save_model(run, 20, seed=0))
    assert page._space.drift == 0 and "elsewhere" not in page.view.state.text()
    page.model.spaced.emit(replace(page._space, drift=1.2), True)
    assert "elsewhere" in page.view.state.text()
