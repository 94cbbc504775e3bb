"""Nine candidates with a real, tiny model: bred, constricted, marked, played in a row, told apart by ear and made ahead."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent

from studio.engine.engine import AHEAD, HAND, OFFER, Rendered
from studio.events import Finished, Started, Work
from studio.explore.similar import CopyMeter
from studio.gui.pages import explore_brood, explore_row
from studio.gui.pages.explore import ExplorePage
from studio.gui.pages.explore_brood import Brood
from studio.gui.pages.explore_nine import HERE, THESE, Nine, _key
from studio.gui.pages.explore_space import latent_of, with_latent
from studio.gui.session import Current
from tests.gui.exploring import LEFT, waits


@pytest.fixture
def nine(page: ExplorePage, qtbot: Any) -> Nine:
    """The nine are shown, and complete."""
    page.view.tabs.show_tab("nine")
    ready(qtbot, page.view.nine)()
    return page.view.nine


def ready(qtbot: Any, nine: Nine) -> Callable[[], None]:
    return lambda: qtbot.waitUntil(lambda: nine._brood is not None and nine._brood.done, timeout=20_000)


def points(nine: Nine) -> np.ndarray:
    return np.array([latent_of(cell.made.request) for cell in nine.cells])  # type: ignore[union-attr]


def enter(nine: Nine, number: int) -> None:
    place = QPointF(40, 10)
    nine.cells[number].enterEvent(QEnterEvent(place, place, place))


def test_two_pins_have_children(page: ExplorePage, nine: Nine, qtbot: Any) -> None:
    for letter, dot in (("A", 1), ("C", 20)):
        page._pick_dot(dot)
        waits(qtbot, page)()
        page.pins.pin(letter)
    nine._fill_source()
    words = [action.text() for action in nine.source.menu().actions()]
    assert "Breed A × C" in words
    nine.source.menu().actions()[words.index("Breed A × C")].trigger()
    ready(qtbot, nine)()
    a, c = (latent_of(page.pins.board[letter].recipe.request) for letter in "AC")
    share = (points(nine) - a) @ (c - a) / ((c - a) @ (c - a))
    off = np.linalg.norm(points(nine) - a - share[:, None] * (c - a), axis=1)
    assert nine.source.text() == "A × C" and np.ptp(share) > 0.3 and share.min() > -0.5 and share.max() < 1.5
    assert off.max() < np.linalg.norm(c - a)
    child = nine.cells[4].made
    assert child is not None
    qtbot.mouseClick(nine.cells[4], LEFT)  # from here on it is an ordinary centre
    waits(qtbot, page)()
    assert page.standing.request == child.request and nine._from == HERE and nine.source.text() == "This sound"
    nine.choose(("A", "C"))
    page.pins.clear("A")
    assert nine._from == HERE


def test_the_marked_shrink_the_space(page: ExplorePage, nine: Nine, qtbot: Any) -> None:
    for number in (0, 4):
        ring = nine.cells[number]._ring().center().toPoint()
        qtbot.mouseClick(nine.cells[number], LEFT, pos=ring)
    assert nine.more.text() == "Like these 2" and page._session.undo.count() == 0  # marking goes nowhere
    qtbot.keyClick(page, Qt.Key.Key_9)
    qtbot.keyClick(page, Qt.Key.Key_M)
    assert nine.more.text() == "Like these 3"
    marked = points(nine)[[0, 4, 8]]
    qtbot.mouseClick(nine.more, LEFT)
    ready(qtbot, nine)()
    assert nine._from == THESE and nine.spread.text() == "The marked" and nine.more.text() == "Another nine"
    middle, space = marked.mean(axis=0), page._space
    assert space is not None
    reach = 4 * (0.5 * np.sqrt(marked.var(axis=0, ddof=1).sum()) + 0.5 * 0.15 * np.sqrt(space.latents.var(axis=0).sum()))
    assert np.linalg.norm(points(nine) - middle, axis=1).max() < reach
    nine.constrict("all")
    nine.choose(HERE)
    ready(qtbot, nine)()
    assert nine.spread.text() == "All sounds" and nine.source.text() == "This sound"


def test_kept_and_starred_clips_say_in_which_directions(page: ExplorePage, nine: Nine, qtbot: Any) -> None:
    project, space = page._session.project, page._space
    assert project is not None and space is not None and page.standing.shown is not None
    recipe = page.standing.shown.recipe
    line = space.axes.components[0]
    for i, stars in enumerate((3, 4, 0)):
        z = space.latents.mean(axis=0) + 3.0 * i * line
        made = msgspec.structs.replace(recipe, request=with_latent(recipe.request, z))
        clip = project.keep(page.standing.shown.sound, made, f"{i}")
        project.update_clip(msgspec.structs.replace(clip, stars=stars))
    page._session.clipsChanged.emit()
    nine._fill_spread()
    assert [a.text() for a in nine.spread.menu().actions()][1:3] == ["Like kept clips (3)", "Like starred clips (2)"]
    nine.constrict("kept")
    ready(qtbot, nine)()
    here = latent_of(page.standing.request)  # type: ignore[arg-type]
    change = points(nine) - here
    along = change @ line
    beside = np.linalg.norm(change - along[:, None] * line, axis=1)
    assert np.abs(along).mean() > beside.mean()  # as the kept ones differ, which is along one line


def test_a_row_plays_all_nine_until_a_key(
    page: ExplorePage, nine: Nine, qtbot: Any, heard: list[Current], monkeypatch: Any
) -> None:
    monkeypatch.setattr(explore_row, "PAUSE", -80)
    monkeypatch.setattr(explore_row, "BREATH", 10)
    heard.clear()
    qtbot.mouseClick(nine.row, LEFT)
    qtbot.waitUntil(lambda: len(heard) == 9 and not nine._player.running, timeout=20_000)
    assert [h.sound for h in heard] == [cell.made.sound for cell in nine.cells]  # type: ignore[union-attr]
    heard.clear()
    nine.again()  # the option stays on: the next nine play by themselves
    qtbot.waitUntil(lambda: len(heard) >= 2, timeout=20_000)
    assert nine._player.running
    qtbot.keyClick(page, Qt.Key.Key_7)
    assert not nine._player.running and heard[-1].sound is nine.cells[6].made.sound  # type: ignore[union-attr]
    count = len(heard)
    qtbot.wait(200)
    assert len(heard) == count
    qtbot.keyClick(page, Qt.Key.Key_0)
    assert nine._player.running
    page.view.tabs.show_tab("sound")  # out of sight it ends
    qtbot.waitUntil(lambda: not nine._player.running, timeout=5000)


def test_what_sounds_alike_is_drawn_again_but_not_for_ever(page: ExplorePage, nine: Nine, qtbot: Any) -> None:
    asked: list[Rendered] = []
    page._session.engine.rendered.connect(asked.append)
    around = nine._around
    assert around is not None and around.space.meter is not None
    before = points(nine)
    meter = CopyMeter(around.space.meter.known, 1e6, around.space.meter.copy)  # everything sounds alike
    nine._around = replace(around, space=replace(around.space, meter=meter))
    nine.again()
    ready(qtbot, nine)()
    mine = [made for made in asked if isinstance(made.tag, tuple) and made.tag[0] == explore_brood.TAG]
    assert len(mine) == 9 + 8 * explore_brood.ROUNDS and nine._brood is not None
    assert all(cell.made is made for cell, made in zip(nine.cells, nine._brood.sounds)) and not np.allclose(
        points(nine), before
    )


def test_a_candidate_that_was_heard_stays(page: ExplorePage, nine: Nine, qtbot: Any) -> None:
    around = nine._around
    assert around is not None and around.space.meter is not None
    meter = CopyMeter(around.space.meter.known, 1e6, around.space.meter.copy)
    nine._around = replace(around, space=replace(around.space, meter=meter))
    nine.again()
    assert nine._brood is not None
    qtbot.waitUntil(lambda: nine._brood.sounds[5] is not None, timeout=10_000)  # type: ignore[union-attr]
    nine.play(5)
    kept = nine.cells[5].made
    ready(qtbot, nine)()
    assert nine.cells[5].made is kept


def test_the_next_nine_are_there_when_one_clicks(page: ExplorePage, nine: Nine, qtbot: Any) -> None:
    enter(nine, 2)
    wanted = nine.cells[2].made
    assert wanted is not None
    qtbot.waitUntil(lambda: _key(wanted.request) in nine._ahead and nine._ahead[_key(wanted.request)].done, timeout=20_000)
    ahead = list(nine._ahead[_key(wanted.request)].sounds)
    qtbot.mouseClick(nine.cells[2], LEFT)
    assert [cell.made for cell in nine.cells] == ahead  # before the event loop could have made anything
    waits(qtbot, page)()
    assert page.standing.request == wanted.request and nine._brood is not None and nine._brood.done


def test_half_made_ahead_is_finished_when_one_clicks(page: ExplorePage, nine: Nine, qtbot: Any) -> None:
    qtbot.keyClick(page, Qt.Key.Key_4)
    wanted = nine.cells[3].made
    assert wanted is not None and _key(wanted.request) in nine._ahead
    qtbot.mouseClick(nine.cells[3], LEFT)
    ready(qtbot, nine)()
    assert all(made is not None for made in nine._brood.sounds)  # type: ignore[union-attr]
    assert all(cell.made is made for cell, made in zip(nine.cells, nine._brood.sounds))  # type: ignore[union-attr]


def test_the_hand_goes_before_what_may_be_wanted(page: ExplorePage, nine: Nine, qtbot: Any) -> None:
    order: list[Any] = []
    around = nine._around
    assert around is not None
    engine, busy = page._session.engine, threading.Event()

    def keep_busy() -> Work:
        yield Started(what="wait")
        busy.wait(20)
        yield Finished()

    engine.rendered.connect(lambda made: order.append(made.tag))
    engine.runner.submit(keep_busy, "wait", urgent=HAND)
    ahead = Brood(engine, lambda seed: nine._draw(around, HERE, seed), 0.0, AHEAD, around.space.model, page)
    offer = Brood(engine, lambda seed: nine._draw(around, HERE, seed), 0.0, OFFER, around.space.model, page)
    page._map_moved(0.1, 0.1)
    busy.set()
    page.standing.commit()
    qtbot.waitUntil(lambda: ahead.done and offer.done, timeout=20_000)
    assert order[0] == "explore"
    numbers = [tag[1] for tag in order if isinstance(tag, tuple) and tag[0] == explore_brood.TAG]
    assert numbers[:9] == [offer._number] * 9 and numbers.count(ahead._number) == 9
    ahead.drop()
    offer.drop()


def test_the_same_place_keeps_its_nine(page: ExplorePage, nine: Nine, qtbot: Any) -> None:
    before = [cell.made for cell in nine.cells]
    page.view.tabs.show_tab("sound")
    page.view.tabs.show_tab("nine")
    qtbot.wait(50)
    assert [cell.made for cell in nine.cells] == before


def test_another_project_forgets_them(page: ExplorePage, nine: Nine, qtbot: Any) -> None:
    page._session.close()
    assert nine._brood is None and all(cell.made is None for cell in nine.cells) and nine._ahead == {}
    nine.again()
    assert nine._brood is None


def test_a_new_sound_of_one_label(page: ExplorePage, qtbot: Any) -> None:
    menu = page.view.panel.kinds.menu()
    assert [action.text() for action in menu.actions()] == ["A new hat", "A new kick", "A new snare"]
    page.view.panel.labels["kick"].lock.setChecked(True)
    before = page.standing.request
    menu.actions()[0].trigger()
    qtbot.waitUntil(lambda: page.standing.request != before, timeout=10_000)
    waits(qtbot, page)()
    assert page.standing.request is not None and page.standing.request.classes == {"hat": 1.0}


def test_cells_at_any_size(nine: Nine, qtbot: Any) -> None:
    for size in ((400, 120), (1900, 500)):
        nine.resize(*size)
        for cell in nine.cells:
            cell.set_mark(True)
            assert cell.rect().contains(cell._ring().center().toPoint()) and not cell.grab().isNull()
    qtbot.mouseMove(nine.cells[0], QPoint(5, 5))
