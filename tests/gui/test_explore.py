"""Explore with a real, tiny, untrained model: what the hand does is what is rendered, heard, kept and undone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QScrollArea, QSplitter, QWidget

from studio.events import Finished
from studio.gui.pages.explore import ExplorePage
from studio.gui.pages.explore_controls import ControlPanel
from studio.gui.pages.explore_models import choices
from studio.gui.pages.explore_said import SaidBar
from studio.gui.pages.explore_space import latent_of, shared
from studio.gui.session import Current, Problem, Session
from studio.library.importer import import_folders
from studio.library.index import Index
from studio.models.controls import Controls, Latent, Range
from studio.project.folder import ProjectFolder
from studio.project.recipe import Recipe, Request
from studio.training.run import RunFolder
from tests.gui.dropping import drop_on, urls
from tests.gui.exploring import LABELS, LEFT, same, save_model, waits


def test_it_opens_the_model_that_is_there_and_shows_what_it_has(page: ExplorePage) -> None:
    view, space = page.view, page._space
    assert space is not None and page._model is not None
    assert view.picker.box.currentText().startswith("Drums 1")
    assert len(view.map._places) == 24 and view.map._legend == LABELS
    assert view.map.cursor_place == pytest.approx(space.place(page.standing.request))
    assert 1 <= len(view.panel.axes) <= 8 and tuple(view.panel.labels) == LABELS
    assert set(view.panel.numbers) == {"seconds"} and view.panel.temperature is not None
    assert page.stack.currentWidget() is view


def test_before_there_are_sounds_nothing_is_wrong_and_then_they_come_onto_the_map(
    bare_session: Session, trained_once: Path, drums_once: Path, tmp_path: Path, qtbot: Any, problems: list[Problem]
) -> None:
    with ProjectFolder.create(tmp_path / "Young", "Young") as young:
        shutil.copytree(trained_once / "runs", young.root / "runs", dirs_exist_ok=True)
    assert bare_session.open(tmp_path / "Young") and bare_session.project is not None
    page = ExplorePage(bare_session)
    page.show()
    qtbot.waitUntil(lambda: "two sounds" in page.view.map.placeholder, timeout=60_000)
    for event in import_folders(bare_session.project, [drums_once], workers=1):
        if isinstance(event, Finished):
            bare_session.soundsChanged.emit()
    qtbot.waitUntil(lambda: len(page.view.map._places) == 24, timeout=60_000)
    with Index(bare_session.project) as index:
        index.set_include(range(1, 11), False)
    bare_session.soundsChanged.emit()
    qtbot.waitUntil(lambda: len(page.view.map._places) == 14, timeout=60_000)
    assert problems == []
    page.hide()
    page.deleteLater()


def test_the_first_sound_is_shown_but_not_played(page: ExplorePage, heard: list[Current]) -> None:
    assert heard[-1].recipe is not None and not page._session.playing
    assert heard[-1].recipe.request == page.standing.request


def test_dragging_the_dot_renders_the_place_it_ends_at(page: ExplorePage, qtbot: Any, heard: list[Current]) -> None:
    count, here = len(heard), page.view.map
    qtbot.mousePress(here, LEFT, pos=QPoint(100, 100))
    for i in range(30):
        qtbot.mouseMove(here, QPoint(100 + 5 * i, 100 + 2 * i))
    qtbot.mouseRelease(here, LEFT, pos=QPoint(245, 158))
    waits(qtbot, page)()
    assert page._space is not None and page.standing.request is not None
    assert page._space.place(page.standing.request) == pytest.approx(here.place(QPointF(245, 158)), abs=1e-4)
    assert heard[-1].recipe is not None and heard[-1].recipe.request == page.standing.request
    assert len(heard) > count and page._session.undo.count() == 1  # one drag, one step


def test_a_fader_moves_its_axis_and_only_that(page: ExplorePage, qtbot: Any) -> None:
    assert page._space is not None and page.standing.request is not None
    before = page._space.coordinates(page.standing.request)
    fader = page.view.panel.axes[1]
    qtbot.mouseClick(fader.track, LEFT, pos=QPoint(fader.track.width() - 20, 14))
    waits(qtbot, page)()
    after = page._space.coordinates(page.standing.request)
    assert after[1] == pytest.approx(fader.value, abs=1e-4) and after[1] != pytest.approx(before[1], abs=0.1)
    rest = [i for i in range(len(before)) if i != 1]
    assert after[rest] == pytest.approx(before[rest], abs=1e-4)


def test_undo_goes_back_to_the_very_sound(page: ExplorePage, qtbot: Any) -> None:
    first = page.standing.shown
    assert first is not None
    page.draw()
    qtbot.waitUntil(lambda: page._session.undo.count() == 1)
    waits(qtbot, page)()
    second = page.standing.shown
    assert second is not None and second.request != first.request
    page._session.undo.undo()
    waits(qtbot, page)()
    assert page.standing.shown.request == first.request and same(page.standing.shown.sound, first.sound)
    page._session.undo.redo()
    waits(qtbot, page)()
    assert same(page.standing.shown.sound, second.sound)


def test_random_leaves_what_is_locked(page: ExplorePage, qtbot: Any) -> None:
    assert page._space is not None and page.standing.request is not None
    panel = page.view.panel
    panel.axes[0].lock.setChecked(True)
    panel.labels["kick"].lock.setChecked(True)
    before, classes = page._space.coordinates(page.standing.request), page.standing.request.classes
    qtbot.mouseClick(panel.random, LEFT)
    qtbot.waitUntil(lambda: page._session.undo.count() == 1)
    waits(qtbot, page)()
    after = page._space.coordinates(page.standing.request)
    assert after[0] == pytest.approx(before[0], abs=1e-4) and page.standing.request.classes == classes
    assert np.abs(after[1:] - before[1:]).max() > 0.05


def test_length_is_the_models_until_it_is_moved(page: ExplorePage, qtbot: Any) -> None:
    fader = page.view.panel.numbers["seconds"]
    assert page.standing.request is not None and page.standing.request.seconds is None and not fader.locked
    qtbot.mouseClick(fader.track, LEFT, pos=QPoint(fader.track.width() // 2, 14))
    waits(qtbot, page)()
    assert page.standing.request.seconds == pytest.approx(fader.value) and fader.locked
    assert page.standing.shown is not None and page.standing.shown.sound.seconds == pytest.approx(fader.value, abs=0.01)
    qtbot.mouseClick(fader.lock, LEFT)
    waits(qtbot, page)()
    assert page.standing.request.seconds is None


def test_a_label_fader_mixes_and_moves(page: ExplorePage, qtbot: Any) -> None:
    panel = page.view.panel
    page._label_moved("hat", 0.6)
    page.standing.commit()
    waits(qtbot, page)()
    assert page.standing.request is not None
    assert page.standing.request.classes["hat"] == pytest.approx(0.6) and sum(
        page.standing.request.classes.values()
    ) == pytest.approx(1)
    assert panel.labels["hat"].value == pytest.approx(0.6)
    page._label_moved("hat", 1.0)
    page._label_moved("hat", 0.2)  # what the only label gives up goes to the others
    assert page.standing.request.classes["hat"] == pytest.approx(0.2) and sum(
        page.standing.request.classes.values()
    ) == pytest.approx(1, abs=0.05)


def test_keeping_keeps_the_sound_with_its_recipe(page: ExplorePage, qtbot: Any) -> None:
    session = page._session
    with qtbot.waitSignal(session.clipsChanged, timeout=10_000):
        qtbot.mouseClick(page.view.panel.keep, LEFT)
    assert session.project is not None and page.standing.shown is not None
    clip = session.project.clips()[0]
    assert clip.recipe == page.standing.shown.recipe
    qtbot.waitUntil(lambda: len(page.view.map._clips) == 1)
    assert tuple(page.view.map._clips[0]) == pytest.approx(page._space.place(page.standing.request), abs=1e-3)  # type: ignore[union-attr,arg-type]


def test_a_recipe_brings_its_place_back(page: ExplorePage, qtbot: Any) -> None:
    first = page.standing.shown
    assert first is not None
    page.draw()
    qtbot.waitUntil(lambda: page._session.undo.count() == 1)
    waits(qtbot, page)()
    page.receive(first.recipe)
    waits(qtbot, page)()
    assert page.standing.request == first.request and same(page.standing.shown.sound, first.sound)


def test_a_recipe_of_a_model_that_is_gone_is_told(page: ExplorePage, qtbot: Any) -> None:
    before = page.standing.request
    with qtbot.waitSignal(page._session.told) as told:
        page.receive(Recipe(model="0" * 64, run="none"))
    assert "not in this project" in told.args[0] and page.standing.request == before


def test_a_dropped_sound_is_where_exploring_goes_on(page: ExplorePage, qtbot: Any, sounds_folder: Path) -> None:
    path = next((sounds_folder / "snare").iterdir())
    assert drop_on(page, urls(path), QPoint(300, 200))
    qtbot.waitUntil(lambda: page._session.undo.count() == 1, timeout=20_000)
    waits(qtbot, page)()
    assert path.name in page.view.said._text and not page.view.said.button.isHidden()
    assert page.standing.request is not None and page.standing.request.seconds is not None


def test_a_folder_is_left_to_the_window(page: ExplorePage, tmp_path: Path) -> None:
    assert not drop_on(page, urls(tmp_path), QPoint(9, 9))


def test_resting_on_a_dot_plays_it(page: ExplorePage, qtbot: Any, heard: list[Current]) -> None:
    here, space = page.view.map, page._space
    assert space is not None
    at = here.point(*map(float, space.map.positions[5])).toPoint()
    qtbot.mouseMove(here, at)
    qtbot.waitUntil(lambda: heard[-1].path is not None, timeout=5000)
    nearest = np.square(space.map.positions - here.place(QPointF(at))).sum(axis=1).argmin()
    assert heard[-1].path == Path(space.paths[nearest])
    page.view.hear.click()
    count = len(heard)
    qtbot.mouseMove(here, here.point(*map(float, space.map.positions[9])).toPoint())
    qtbot.wait(200)
    assert len(heard) == count


def test_the_newest_moment_can_be_opened_where_one_stands(page: ExplorePage, qtbot: Any) -> None:
    assert page._model is not None
    run = RunFolder(page._model.folder.parent.parent)
    place, first = page.view.map.cursor_place, page._model.folder
    newest = save_model(run, 20, seed=1, minutes=2.0)
    (run.path / "best.json").write_text('{"kind": "pointer", "format": 1, "folder": "checkpoints/step-00000010", "step": 10}')
    page._look()
    assert page.view.picker.newest.isEnabled() and [c.kind for c in choices(page._session.training.views)] == ["best", "newest"]
    qtbot.mouseClick(page.view.picker.newest, LEFT)
    qtbot.waitUntil(lambda: page._model is not None and page._model.folder == newest, timeout=20_000)
    qtbot.waitUntil(lambda: page._space is not None and page._space.model == page._model.model, timeout=20_000)  # type: ignore[union-attr]
    waits(qtbot, page)()
    assert newest != first and page.view.map.cursor_place == pytest.approx(place, abs=1e-3)
    assert page.standing.shown is not None and page.standing.shown.recipe.step == 20 and not page.view.picker.newest.isEnabled()


def test_a_model_that_cannot_be_opened_is_not_tried_for_ever(
    bare_session: Session, trained_once: Path, tmp_path: Path, qtbot: Any, problems: list[Problem]
) -> None:
    root = Path(shutil.copytree(trained_once, tmp_path / "Broken"))
    weights = next(root.glob("runs/*/checkpoints/*/weights.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-100])
    assert bare_session.open(root)
    made = ExplorePage(bare_session)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: problems != [], timeout=60_000)
    qtbot.wait(100)
    made._look()
    assert made.model.opening is None and len(problems) == 1 and "damaged" in problems[0].sentence


def test_everything_one_can_reach_has_a_name(page: ExplorePage) -> None:
    reachable = [w for w in page.findChildren(QWidget) if w.isVisible() and w.focusPolicy() != Qt.FocusPolicy.NoFocus]
    reachable = [w for w in reachable if not w.objectName().startswith("qt_") and not isinstance(w, (QScrollArea, QSplitter))]
    nameless = [w for w in reachable if not (w.accessibleName() or getattr(w, "text", str)() or w.toolTip())]
    assert len(reachable) > 20 and nameless == []
    assert page.minimumSizeHint().width() <= 1004 and page.minimumSizeHint().height() <= 548


def test_nine_candidates_are_near_different_and_can_be_taken(page: ExplorePage, qtbot: Any, heard: list[Current]) -> None:
    nine, centre, space = page.view.nine, page.standing.request, page._space
    assert centre is not None and space is not None
    page.view.panel.axes[0].lock.setChecked(True)
    qtbot.keyClick(page, Qt.Key.Key_N)
    qtbot.waitUntil(lambda: all(cell.made is not None for cell in nine.cells), timeout=20_000)
    assert page.view.tabs.current == "nine"
    points = np.array([latent_of(cell.made.request) for cell in nine.cells])  # type: ignore[union-attr]
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)[np.triu_indices(9, 1)]
    assert apart.min() > 0
    held = [space.coordinates(cell.made.request)[0] for cell in nine.cells]  # type: ignore[union-attr]
    assert held == pytest.approx([space.coordinates(centre)[0]] * 9, abs=1e-3)
    qtbot.keyClick(page, Qt.Key.Key_4)
    assert heard[-1].sound is nine.cells[3].made.sound and page.standing.request == centre  # type: ignore[union-attr]
    wanted, before = nine.cells[6].made, [cell.made for cell in nine.cells]
    assert wanted is not None
    qtbot.mouseClick(nine.cells[6], LEFT)
    waits(qtbot, page)()
    assert page.standing.request == wanted.request and page._session.undo.count() == 1
    qtbot.waitUntil(lambda: all(cell.made not in before for cell in nine.cells), timeout=20_000)  # nine others around it


def test_without_a_model_it_says_what_to_do(session: Session, qtbot: Any) -> None:
    made = ExplorePage(session)
    qtbot.addWidget(made)
    made.show()
    assert made.stack.currentWidget() is made.empty
    with qtbot.waitSignal(session.wanted) as wanted:
        qtbot.mouseClick(made.empty.button, LEFT)
    assert wanted.args[0].page == "train"


@pytest.mark.parametrize(
    ("controls", "faders"),
    [
        (Controls(), set()),
        (Controls(latent=Latent("global", 8)), set()),
        (Controls(pitch=Range(36, 84, 60), velocity=Range(0, 127, 100)), {"pitch", "velocity"}),
        (Controls(seconds=Range(0.1, 4, 1, "s"), classes=("a", "b"), speakers=("x",), text=True), {"seconds"}),
    ],
)
def test_nothing_is_shown_that_the_model_does_not_have(dressed: Any, qtbot: Any, controls: Controls, faders: set[str]) -> None:
    panel = ControlPanel()
    qtbot.addWidget(panel)
    panel.build(controls)
    assert set(panel.numbers) == faders and tuple(panel.labels) == controls.classes
    assert panel.axes == [] and panel.temperature is None
    panel.show_request(Request(pitch=61.0, seed=5), None, {}, {"seconds": 0.5, "pitch": 40.0, "velocity": 30.0})
    assert panel.seed.value() == 5
    values = {"pitch": 61, "velocity": 30, "seconds": 0.5}  # as asked, and where nothing was asked as it came out
    assert {field: fader.value for field, fader in panel.numbers.items()} == {field: values[field] for field in faders}
    if "pitch" in faders:
        assert panel.numbers["pitch"].number.text() == "C#3"


def test_the_line_below_says_how_near_and_how_well(dressed: Any, qtbot: Any, tmp_path: Path) -> None:
    bar = SaidBar()
    qtbot.addWidget(bar)
    bar.resize(900, 30)
    bar.tell_nearest(tmp_path / "kick.wav", 0.01, True)
    assert "copy of kick.wav" in bar._text
    bar.tell_reconstruction(tmp_path / "a.wav", 6.04)
    bar.tell_nearest(tmp_path / "kick.wav", 3.0, False)  # of the same sound: the reconstruction has its say first
    assert "well: 6.0 dB" in bar._text
    bar.tell_nearest(tmp_path / "kick.wav", 3.0, False)
    assert "3.0 times" in bar._text
    with qtbot.waitSignal(bar.asked) as asked:
        qtbot.mouseClick(bar.button, LEFT)
    assert asked.args == [tmp_path / "kick.wav"]
    bar.tell_reconstruction(None, 40.0)
    assert "cannot say" in bar._text


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcd"), st.floats(0, 1), min_size=1),
    st.sampled_from("abcd"),
    st.floats(-0.5, 1.5),
    st.sets(st.sampled_from("abcd")),
)
def test_label_shares_always_add_up_to_one(weights: dict[str, float], name: str, share: float, locked: set[str]) -> None:
    total = sum(weights.values()) or 1.0
    weights = {n: w / total for n, w in weights.items()} if sum(weights.values()) > 0 else {next(iter(weights)): 1.0}
    made = shared(weights, name, share, tuple(locked))
    assert sum(made.values()) == pytest.approx(1.0) and all(w >= -1e-9 for w in made.values())
    for other in locked - {name}:
        if other in weights:
            assert made[other] == pytest.approx(weights[other])


def test_standing_at_a_sound_is_exactly_its_encoding(page: ExplorePage) -> None:
    space = page._space
    assert space is not None
    at = space.at_sound(Request(), 7)
    assert latent_of(at) == pytest.approx(space.latents[7], abs=1e-6)
    assert at.classes == {space.names[space.labels[7]]: 1.0}
