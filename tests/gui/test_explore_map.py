"""The map as a hand uses it: a path is drawn, changed and made sounds; the dots lie even or by their neighbours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication

from studio.audio import files
from studio.explore import view as views
from studio.generate import regenerate
from studio.gui import theme
from studio.gui.pages.explore import ExplorePage
from studio.gui.session import Current, Problem, Session
from studio.gui.widgets.dots import stamped
from studio.settings import cache_folder
from studio.training.run import RunFolder
from tests.gui.exploring import LEFT, same, save_model, waits

ALT = Qt.KeyboardModifier.AltModifier
NONE = Qt.KeyboardModifier.NoModifier
LINE = [(120 + 4 * i, 90 + round(40 * np.sin(i / 8))) for i in range(60)]


def draw(page: ExplorePage, qtbot: Any, modifier: Qt.KeyboardModifier = ALT, line: Any = LINE) -> None:
    here = page.view.map
    qtbot.mousePress(here, LEFT, modifier, QPoint(*line[0]))
    for point in line[1:]:
        qtbot.mouseMove(here, QPoint(*point))
    qtbot.mouseRelease(here, LEFT, modifier, QPoint(*line[-1]))


@pytest.fixture
def drawn(page: ExplorePage, qtbot: Any) -> ExplorePage:
    """The page with a path of six steps."""
    draw(page, qtbot)
    page.view.path_bar.steps.setValue(6)
    return page


def finished(page: ExplorePage, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: not page.view.path_bar.running, timeout=20_000)


# ---- drawing


def test_alt_draws_a_path_and_leaves_the_cursor(page: ExplorePage, qtbot: Any, heard: list[Current]) -> None:
    before, count = page.standing.request, len(heard)
    assert not page.view.path_bar.isVisible()
    draw(page, qtbot)
    path = page.view.map.way.path
    assert path is not None and 2 < len(path) < 20  # simplified
    at = [page.view.map.point(*node) for node in path.nodes[[0, -1]]]
    assert [(round(p.x()), round(p.y())) for p in at] == [LINE[0], LINE[-1]]
    assert page.view.path_bar.isVisible() and page.view.map.way.places().shape == (16, 2)
    assert page.standing.request is before and len(heard) == count and page._session.undo.count() == 0


def test_the_tool_draws_once_and_is_laid_down(page: ExplorePage, qtbot: Any) -> None:
    qtbot.keyClick(page, Qt.Key.Key_P)
    assert page.view.draw.isChecked() and page.view.map.drawing
    qtbot.keyClick(page, Qt.Key.Key_Escape)
    assert not page.view.draw.isChecked()
    page.view.draw.click()
    draw(page, qtbot, NONE)
    assert page.view.map.way.path is not None and not page.view.draw.isChecked()


def test_a_click_with_alt_draws_nothing(page: ExplorePage, qtbot: Any) -> None:
    qtbot.mouseClick(page.view.map, LEFT, ALT, QPoint(200, 100))
    assert page.view.map.way.path is None and not page.view.path_bar.isVisible()


def test_a_path_is_changed_by_its_ends_and_deleted(drawn: ExplorePage, qtbot: Any) -> None:
    here, cursor = drawn.view.map, drawn.view.map.cursor_place
    end = LINE[-1]
    qtbot.mousePress(here, LEFT, NONE, QPoint(*end))
    qtbot.mouseMove(here, QPoint(end[0] - 30, end[1] - 60))
    qtbot.mouseRelease(here, LEFT, NONE, QPoint(end[0] - 30, end[1] - 60))
    assert here.way.path is not None
    assert tuple(here.way.path.nodes[-1]) == pytest.approx(here.place(QPointF(end[0] - 30, end[1] - 60)))
    assert here.cursor_place == cursor
    middle = here.point(*here.way.path.nodes[2]).toPoint()
    here.set_drawing(True)  # with the tool, every node can be taken
    qtbot.mousePress(here, LEFT, NONE, middle)
    qtbot.mouseMove(here, middle + QPoint(10, 10))
    qtbot.mouseRelease(here, LEFT, NONE, middle + QPoint(10, 10))
    assert here.drawing and tuple(here.way.path.nodes[2]) == pytest.approx(here.place(QPointF(middle + QPoint(10, 10))))
    here.setFocus()
    qtbot.keyClick(here, Qt.Key.Key_Delete)
    assert here.way.path is None and not drawn.view.path_bar.isVisible()


def test_esc_drops_the_line_under_way(page: ExplorePage, qtbot: Any) -> None:
    here = page.view.map
    qtbot.mousePress(here, LEFT, ALT, QPoint(100, 100))
    for x in range(100, 200, 10):
        qtbot.mouseMove(here, QPoint(x, 100))
    qtbot.keyClick(here, Qt.Key.Key_Escape)
    qtbot.mouseRelease(here, LEFT, ALT, QPoint(200, 100))
    assert here.way.path is None


# ---- its sounds


def test_as_one_sound(drawn: ExplorePage, qtbot: Any, heard: list[Current]) -> None:
    before = drawn.standing.request
    drawn.view.path_bar.one.click()
    assert drawn.view.path_bar.running
    finished(drawn, qtbot)
    made = heard[-1]
    assert made.recipe is None and made.name and made.sound.frames > 0  # of six recipes it has none
    assert np.isfinite(made.sound.samples).all() and np.abs(made.sound.samples).max() > 0
    assert drawn.standing.request == before and drawn.view.path_bar.isVisible()
    drawn._session.keep()
    qtbot.waitUntil(lambda: len(drawn._session.project.clips()) == 1)  # type: ignore[union-attr]
    drawn.view.path_bar.chain.setChecked(True)
    drawn.view.path_bar.one.click()
    finished(drawn, qtbot)
    assert heard[-1].sound.frames > 2 * made.sound.frames


def test_as_many_sounds_is_one_step_to_take_back(drawn: ExplorePage, qtbot: Any) -> None:
    project, space = drawn._session.project, drawn._space
    assert project is not None and space is not None and drawn.standing.request is not None
    places = drawn.view.map.way.places()
    drawn.view.path_bar.many.click()
    finished(drawn, qtbot)
    clips = sorted(project.clips(), key=lambda clip: clip.name)
    assert len(clips) == 6 and [clip.name[-2:] for clip in clips] == [f" {i}" for i in range(1, 7)]
    for clip, place in zip(clips, places):
        assert clip.recipe is not None
        assert space.place(clip.recipe.request) == pytest.approx(tuple(place), abs=1e-4)
    again = regenerate(clips[0].recipe, project, cache=cache_folder() / "models")  # type: ignore[arg-type]
    assert same(again, project.clip_sound(clips[0].id))
    qtbot.waitUntil(lambda: len(drawn.view.map._clips) == 6)
    assert drawn._session.undo.count() == 1
    drawn._session.undo.undo()
    assert project.clips() == [] and len(drawn.view.map._clips) == 0
    drawn._session.undo.redo()
    assert len(project.clips()) == 6


def test_as_a_wavetable(drawn: ExplorePage, qtbot: Any, problems: list[Problem]) -> None:
    drawn.view.path_bar.table.click()
    finished(drawn, qtbot)
    assert drawn._session.project is not None
    (path,) = drawn._session.project.exports.iterdir()
    assert files.probe(path).frames == 6 * 2048
    assert [problem.state for problem in problems] == ["info"] and path.name in problems[0].sentence
    problems.clear()


def test_the_cursor_stays_alive_while_a_path_is_made(drawn: ExplorePage, qtbot: Any, heard: list[Current]) -> None:
    drawn.view.path_bar.steps.setValue(60)
    drawn.view.path_bar.one.click()
    qtbot.mouseClick(drawn.view.map, LEFT, pos=QPoint(80, 60))
    waits(qtbot, drawn)()
    assert drawn.view.path_bar.running  # the click did not wait for the path
    assert heard[-1].recipe is not None and heard[-1].recipe.request == drawn.standing.request
    finished(drawn, qtbot)
    assert heard[-1].recipe is None


@pytest.mark.parametrize("how", ["cancel", "delete", "draw another"])
def test_making_can_be_ended(drawn: ExplorePage, qtbot: Any, heard: list[Current], how: str) -> None:
    count = len(heard)
    drawn.view.path_bar.steps.setValue(100)
    drawn.view.path_bar.one.click()
    qtbot.waitUntil(lambda: drawn.view.map.way.done > 2)
    if how == "cancel":
        drawn.view.path_bar.cancel.click()
    elif how == "delete":
        drawn.view.map.setFocus()
        qtbot.keyClick(drawn.view.map, Qt.Key.Key_Delete)
    else:
        draw(drawn, qtbot)
    assert not drawn.view.path_bar.running and drawn.view.map.way.done == 0
    qtbot.mouseClick(drawn.view.map, LEFT, pos=QPoint(80, 60))
    waits(qtbot, drawn)()
    assert all(current.recipe is not None for current in heard[count:])  # no path was heard


def test_what_is_locked_stays_along_the_path(drawn: ExplorePage, qtbot: Any) -> None:
    project, space, request = drawn._session.project, drawn._space, drawn.standing.request
    assert project is not None and space is not None and request is not None
    axis = len(drawn.view.panel.axes) - 1
    drawn.view.panel.axes[axis].lock.click()
    before = space.coordinates(request)[axis]
    drawn.view.path_bar.many.click()
    finished(drawn, qtbot)
    for clip in project.clips():
        assert space.coordinates(clip.recipe.request)[axis] == pytest.approx(before, abs=1e-3)  # type: ignore[union-attr]


def test_steps_lie_where_the_hand_was_at_even_times(drawn: ExplorePage) -> None:
    here = drawn.view.map
    assert here.way.path is not None
    even = here.way.places()
    drawn.view.path_bar.follow.setChecked(True)
    assert here.way.timing == "drawn" and here.way.places().shape == even.shape
    np.testing.assert_allclose(here.way.places()[[0, -1]], even[[0, -1]], atol=1e-6)


# ---- two views


@pytest.fixture
def turned(page: ExplorePage, qtbot: Any) -> ExplorePage:
    """The page by neighbours."""
    page.view.switch.near.click()
    qtbot.waitUntil(lambda: page._space is not None and page._space.view is not None, timeout=30_000)
    return page


def test_by_neighbours_and_back(page: ExplorePage, qtbot: Any) -> None:
    space, request = page._space, page.standing.request
    assert space is not None and page.view.switch.isVisible() and page.view.switch.even.isChecked()
    even, place = page.view.map._places.copy(), page.view.map.cursor_place
    page._session.keep(page.standing.current)
    qtbot.waitUntil(lambda: len(page.view.map._clips) == 1)
    said: list[str] = []
    page.map.views.said.connect(said.append)
    page.view.switch.near.click()
    qtbot.waitUntil(lambda: page._space is not None and page._space.view is not None, timeout=30_000)
    assert page._space is not None and page._space.view is not None
    near = page.view.map._places
    assert near.shape == even.shape and not np.allclose(near, even, atol=0.05)
    assert page.view.map.cursor_place == pytest.approx(page._space.view.project(request.latent[0], space.latents))  # type: ignore
    assert tuple(page.view.map._clips[0]) == pytest.approx(page.view.map.cursor_place, abs=1e-4)
    assert page.standing.request == request
    qtbot.waitUntil(lambda: said[-1] == "")
    assert said[0] == "Looking for neighbours…" and any("%" in words for words in said)
    page.view.switch.even.click()
    np.testing.assert_array_equal(page.view.map._places, even)
    assert page.view.map.cursor_place == pytest.approx(place)
    page.view.switch.near.click()  # known by now
    assert page._space is not None and page._space.view is not None


def test_by_neighbours_the_cursor_stays_under_the_hand(turned: ExplorePage, qtbot: Any, heard: list[Current]) -> None:
    here = turned.view.map
    qtbot.mousePress(here, LEFT, pos=QPoint(100, 100))
    for i in range(20):
        qtbot.mouseMove(here, QPoint(100 + 6 * i, 100 + 3 * i))
    qtbot.mouseRelease(here, LEFT, pos=QPoint(214, 157))
    waits(qtbot, turned)()
    assert here.cursor_place == pytest.approx(here.place(QPointF(214, 157)), abs=1e-6)
    assert turned._space is not None and turned._space.view is not None and turned.standing.request is not None
    mix = turned._space.view.place(here.place(QPointF(214, 157)), turned._space.latents)
    np.testing.assert_allclose(turned.standing.request.latent[0], mix, atol=1e-5)  # type: ignore[index]
    assert heard[-1].recipe is not None and heard[-1].recipe.request == turned.standing.request
    before = turned._session.undo.count()
    turned._session.undo.undo()
    assert before == 1 and here.cursor_place != pytest.approx(here.place(QPointF(214, 157)), abs=1e-6)


def test_by_neighbours_dots_are_heard_and_a_path_is_made(turned: ExplorePage, qtbot: Any, heard: list[Current]) -> None:
    here = turned.view.map
    dot = here.point(*map(float, here._places[3])).toPoint()
    qtbot.mouseMove(here, dot)
    assert turned._space is not None
    qtbot.waitUntil(lambda: heard[-1].path is not None)
    assert Path(heard[-1].path) == Path(turned._space.paths[here._hover])  # type: ignore[arg-type,index]
    draw(turned, qtbot)
    turned.view.path_bar.one.click()
    finished(turned, qtbot)
    assert heard[-1].recipe is None
    turned.view.switch.even.click()
    assert here.way.path is None  # its places meant others


def test_looking_for_neighbours_can_be_ended(page: ExplorePage, qtbot: Any) -> None:
    said: list[str] = []
    page.map.views.said.connect(said.append)
    page.view.switch.near.click()
    page.view.switch.even.click()
    assert said == ["Looking for neighbours…", ""] and page._space is not None and page._space.view is None
    qtbot.waitUntil(lambda: not page._session.engine._helper.busy, timeout=30_000)
    assert page._space.view is None


def test_another_moment_is_laid_out_like_the_last(turned: ExplorePage, qtbot: Any) -> None:
    before, first = turned._space, turned.view.map._places.copy()
    assert before is not None
    run = RunFolder(turned.model.facts.folder.parent.parent)  # type: ignore[union-attr]
    turned.model.open(save_model(run, 20, seed=1))
    qtbot.waitUntil(
        lambda: turned._space is not None and turned._space.model != before.model and turned._space.view is not None,
        timeout=60_000,
    )
    waits(qtbot, turned)()
    assert turned.view.switch.neighbours and turned.view.map._places.shape == first.shape


def test_without_the_package_there_is_the_even_map(page: ExplorePage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "offered", lambda: False)
    assert page._space is not None
    page.map.show_space(page._space)
    assert not page.view.switch.isVisible() and not page.view.switch.neighbours


def test_another_project_begins_with_an_empty_map(turned: ExplorePage, qtbot: Any, bare_session: Session) -> None:
    draw(turned, qtbot)
    bare_session.close()
    assert turned.view.map.way.path is None and not turned.view.path_bar.isVisible()
    assert not turned.view.switch.neighbours and len(turned.view.map._places) == 0


# ---- dots


def test_dots_are_where_they_belong_in_their_colours(dressed: QApplication) -> None:
    points = np.array([[10, 10], [30, 12], [59, 39], [0, 0]], np.float32)
    for ratio in (1.0, 2.0):
        image = stamped(points, np.array([0, 3, -1, 1]), round(60 * ratio), round(40 * ratio), ratio)
        for (x, y), label in zip(points, (0, 3, -1, 1)):
            found = image.pixelColor(int(x * ratio), int(y * ratio))
            assert found.alpha() > 200 and abs(found.hue() - theme.label_color(label).hue()) <= 3
        assert image.pixelColor(round(20 * ratio), round(30 * ratio)).alpha() == 0


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 300), st.integers(1, 80), st.integers(1, 60), st.floats(0.01, 1e7))
def test_dots_anywhere_do_no_harm(dressed: QApplication, count: int, width: int, height: int, spread: float) -> None:
    rng = np.random.default_rng(count)
    points = (rng.standard_normal((count, 2)) * spread).astype(np.float32)
    image = stamped(points, rng.integers(-1, 12, count), width, height, 1.0)
    assert (image.width(), image.height()) == (width, height)
