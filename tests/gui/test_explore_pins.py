"""Pins A to H and the pad between them: with a real, tiny model, what is pinned is what comes back, also on another day."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt

from studio.audio import files
from studio.engine.engine import Rendered
from studio.explore import morph
from studio.gui.pages.explore import ExplorePage
from studio.gui.pages.explore_space import latent_of
from studio.gui.session import Problem
from studio.gui.widgets.morph_pad import Ball, MorphPad
from studio.project import pins as pin_files
from studio.project.recipe import from_json
from studio.training.run import RunFolder
from tests.gui.exploring import LEFT, same, save_model, waits

SHIFT = Qt.KeyboardModifier.ShiftModifier


def saved(page: ExplorePage) -> tuple[pin_files.Pin, ...]:
    assert page._session.project is not None
    return pin_files.load(page._session.project)


@pytest.fixture
def pinned(page: ExplorePage, qtbot: Any) -> ExplorePage:
    """Three different sounds under A, B and C, and the tab in front."""
    page.view.tabs.show_tab("pins")
    for key, dot in ((Qt.Key.Key_A, 2), (Qt.Key.Key_B, 11), (Qt.Key.Key_C, 19)):
        page._pick_dot(dot)
        waits(qtbot, page)()
        qtbot.keyClick(page, key, SHIFT)
    qtbot.waitUntil(lambda: len(saved(page)) == 3)
    assert list(page.pins.board) == ["A", "B", "C"]
    return page


def test_shift_and_a_letter_pins_and_the_slot_leads_back(pinned: ExplorePage, qtbot: Any) -> None:
    page, pins = pinned, pinned.pins
    third = page.standing.shown
    assert third is not None and page.standing.request == pins.board["C"].recipe.request
    qtbot.waitUntil(lambda: all(pins.slots[letter]._outline is not None for letter in "ABC"), timeout=10_000)
    qtbot.mouseClick(pins.slots["A"], LEFT)
    waits(qtbot, page)()
    assert page.standing.request == pins.board["A"].recipe.request != third.request
    assert pins.slots["A"]._here and not pins.slots["C"]._here
    page._session.undo.undo()
    waits(qtbot, page)()
    assert page.standing.shown is not None and same(page.standing.shown.sound, third.sound)
    qtbot.keyClick(page, Qt.Key.Key_B)  # the letter alone goes there
    waits(qtbot, page)()
    assert page.standing.request == pins.board["B"].recipe.request


def test_pinning_clearing_and_replacing_can_be_undone(pinned: ExplorePage, qtbot: Any) -> None:
    page, pins, undo = pinned, pinned.pins, pinned._session.undo
    first = pins.board["A"]
    qtbot.keyClick(pins.slots["A"], Qt.Key.Key_Delete)
    assert "A" not in pins.board and pins.slots["A"].pin is None
    undo.undo()
    assert pins.board["A"] == first
    qtbot.mouseClick(pins.slots["H"], LEFT)  # an empty one takes the current sound
    assert pins.board["H"].recipe.request == page.standing.request
    pins.slots["A"].menu().actions()[0].trigger()
    assert pins.board["A"].recipe.request == page.standing.request and (pins.board["A"].x, pins.board["A"].y) == (
        first.x,
        first.y,
    )
    undo.undo()
    undo.undo()
    assert pins.board["A"] == first and "H" not in pins.board
    undo.redo()
    qtbot.waitUntil(lambda: {p.letter for p in saved(page)} == set("ABCH"))


def test_the_pad_plays_the_mix_by_distance(pinned: ExplorePage, qtbot: Any) -> None:
    page, pins, pad = pinned, pinned.pins, pinned.pins.pad
    count = page._session.undo.count()
    start, end = QPoint(pad.width() // 2, pad.height() // 2), QPoint(pad.width() // 3, pad.height() // 3)
    qtbot.mousePress(pad, LEFT, pos=start)
    for i in range(1, 9):
        qtbot.mouseMove(pad, start + (end - start) * i / 8)
    qtbot.mouseRelease(pad, LEFT, pos=end)
    waits(qtbot, page)()
    board = list(pins.board.values())
    weights = morph.pins(pad.place(QPointF(end)), [(p.x, p.y) for p in board])
    wanted = morph.mix([latent_of(p.recipe.request) for p in board], weights)
    assert page.standing.request is not None
    np.testing.assert_allclose(latent_of(page.standing.request), wanted, atol=1e-5)
    assert page._session.undo.count() == count + 1  # one drag, one step
    assert pad._weights == pytest.approx(weights) and pad._live
    page.draw()  # elsewhere: the cursor remembers its place and says no more
    waits(qtbot, page)()
    qtbot.waitUntil(lambda: not pad._live)
    qtbot.keyClick(pad, Qt.Key.Key_Right)
    waits(qtbot, page)()
    assert pad._live and page.standing.request == pins._made


def test_a_pin_can_be_laid_elsewhere_and_stays_there(pinned: ExplorePage, qtbot: Any) -> None:
    page, pins, pad = pinned, pinned.pins, pinned.pins.pad
    before = pins.board["B"]
    from_, to = pad.point(before.x, before.y).toPoint(), QPoint(pad.width() // 2, pad.height() - 20)
    qtbot.mousePress(pad, LEFT, pos=from_)
    qtbot.mouseMove(pad, (from_ + to) / 2)
    qtbot.mouseMove(pad, to)
    qtbot.mouseRelease(pad, LEFT, pos=to)
    after = pins.board["B"]
    assert (after.x, after.y) == pytest.approx(pad.place(QPointF(to)), abs=1e-3) and after.recipe == before.recipe
    qtbot.waitUntil(lambda: after in saved(page))
    page._session.undo.undo()
    assert pins.board["B"] == before
    qtbot.mouseClick(pad, LEFT, pos=from_)  # a click on a pin is the pin
    waits(qtbot, page)()
    assert page.standing.request == before.recipe.request


def test_far_from_every_sound_it_says_so(pinned: ExplorePage, qtbot: Any) -> None:
    page, pins = pinned, pinned.pins
    space = page._space
    assert space is not None
    qtbot.waitUntil(lambda: pins._land is not None, timeout=10_000)
    pins._land = morph.Land.fit(space.latents + 50)
    pins.pad.moved.emit(0.1, 0.1)
    assert "nknown land" in pins.pad._note
    pins._land = morph.Land.fit(space.latents)
    pins.pad.moved.emit(pins.board["A"].x, pins.board["A"].y)
    assert pins.pad._note == ""
    pins.pad.released.emit()
    waits(qtbot, page)()


def test_pins_of_another_moment_are_there_and_marked(pinned: ExplorePage, qtbot: Any) -> None:
    page, pins = pinned, pinned.pins
    assert page._model is not None and not any(slot._strange for slot in pins.slots.values())
    folder = save_model(RunFolder(page._model.folder.parent.parent), 20, seed=1)
    page.model.open(folder)
    qtbot.waitUntil(lambda: page._model is not None and page._model.folder == folder, timeout=20_000)
    qtbot.waitUntil(lambda: page._space is not None and page._space.model == page._model.model, timeout=20_000)  # type: ignore[union-attr]
    assert list(pins.board) == ["A", "B", "C"] and "another moment" in pins.slots["A"].toolTip()
    waits(qtbot, page)()
    qtbot.mouseClick(pins.slots["A"], LEFT)
    waits(qtbot, page)()
    qtbot.keyClick(page, Qt.Key.Key_A, SHIFT)  # pinned anew, it is of this one
    assert not pins.slots["A"]._strange and pins.slots["B"]._strange


def test_a_damaged_pin_file_is_told_and_the_page_works(pinned: ExplorePage, qtbot: Any, problems: list[Problem]) -> None:
    page, session = pinned, pinned._session
    project = session.project
    assert project is not None
    root, path = project.root, project.pins_path
    session.close()
    path.write_text("{")
    session.open(root)
    assert [p for p in problems if "pins.json" in p.sentence] and page.pins.board == {}
    problems.clear()
    qtbot.waitUntil(lambda: page._space is not None, timeout=20_000)
    waits(qtbot, page)()
    page.pins.pin("D")
    qtbot.waitUntil(lambda: list(page.pins.board) == ["D"])


def test_pins_are_there_on_another_day(pinned: ExplorePage, qtbot: Any) -> None:
    page, session = pinned, pinned._session
    before = dict(page.pins.board)
    root = session.project.root  # type: ignore[union-attr]
    page.pins.clear("C")
    session.close()  # at once: nothing waits for the desk
    assert page.pins.board == {}
    assert session.open(root)
    qtbot.waitUntil(lambda: list(page.pins.board) == ["A", "B"], timeout=20_000)
    assert page.pins.board["A"] == before["A"]
    qtbot.waitUntil(lambda: page._space is not None, timeout=20_000)
    waits(qtbot, page)()


def test_steps_become_clips_and_one_undo_takes_them_back(pinned: ExplorePage, qtbot: Any) -> None:
    page, steps, project = pinned, pinned.pins.steps, pinned._session.project
    assert project is not None
    before = {clip.id for clip in project.clips()}
    steps.second.setCurrentText("C")
    steps.count.setValue(4)
    with qtbot.waitSignal(steps.finished, timeout=20_000) as done:
        steps.keep()
        assert steps.busy and steps.stop.isVisible() and not steps.make.isVisible()
    made = [clip for clip in project.clips() if clip.id not in before]
    assert done.args == [4] and not steps.busy
    assert [clip.name for clip in made] == [f"Morph A-C 0{i}" for i in (1, 2, 3, 4)]
    a, c = (latent_of(page.pins.board[letter].recipe.request) for letter in "AC")
    for clip, t in zip(made, np.linspace(0, 1, 4)):
        assert clip.recipe is not None
        np.testing.assert_allclose(latent_of(clip.recipe.request), morph.lerp(a, c, t), atol=1e-5)
    page._session.undo.undo()
    assert {clip.id for clip in project.clips()} == before


def test_steps_become_wavs_that_carry_their_recipe(pinned: ExplorePage, qtbot: Any, tmp_path: Path) -> None:
    steps = pinned.pins.steps
    steps.count.setValue(3)
    (tmp_path / "Morph A-B 02.wav").write_bytes(b"mine")
    with qtbot.waitSignal(steps.finished, timeout=20_000) as done:
        steps.write(tmp_path)
    assert done.args == [3] and (tmp_path / "Morph A-B 02.wav").read_bytes() == b"mine"
    names = sorted(path.name for path in tmp_path.glob("Morph*.wav"))
    assert names == ["Morph A-B 01.wav", "Morph A-B 02 2.wav", "Morph A-B 02.wav", "Morph A-B 03.wav"]
    from studio.audio import riff

    data = riff.embedded_recipe(tmp_path / "Morph A-B 03.wav")
    assert data is not None and from_json(data).request == pinned.pins.board["B"].recipe.request
    assert files.probe(tmp_path / "Morph A-B 01.wav").subtype == "PCM_24"


def test_steps_can_be_cancelled(pinned: ExplorePage, qtbot: Any) -> None:
    page, steps, project = pinned, pinned.pins.steps, pinned._session.project
    assert project is not None
    before = len(project.clips())
    steps.count.setValue(64)
    with qtbot.waitSignal(steps.finished, timeout=20_000) as done:
        steps.keep()
        qtbot.waitUntil(lambda: len(steps._made) > 2, timeout=10_000)
        qtbot.mouseClick(steps.stop, LEFT)
    assert done.args == [0] and not steps.busy and steps.make.isVisible()
    qtbot.waitUntil(lambda: not page._session.engine.runner.busy, timeout=20_000)
    assert len(project.clips()) == before


def test_closing_the_project_ends_the_steps(pinned: ExplorePage, qtbot: Any) -> None:
    page, steps, session = pinned, pinned.pins.steps, pinned._session
    root = session.project.root  # type: ignore[union-attr]
    steps.count.setValue(64)
    steps.keep()
    qtbot.waitUntil(lambda: len(steps._clips) > 1, timeout=20_000)  # the desk is at work
    session.close()
    assert not steps.busy and not steps.make.isEnabled()
    qtbot.waitUntil(lambda: not session.desk.busy, timeout=20_000)
    assert session.undo.count() == 0
    assert session.open(root)
    assert session.project is not None and session.undo.count() == 0
    assert len([clip for clip in session.project.clips() if clip.name.startswith("Morph A-B")]) >= 2  # what was kept stays
    qtbot.waitUntil(lambda: page._space is not None, timeout=20_000)
    waits(qtbot, page)()


def test_nothing_is_morphed_without_two_pins(page: ExplorePage, qtbot: Any) -> None:
    page.view.tabs.show_tab("pins")
    steps = page.pins.steps
    assert not steps.make.isEnabled()
    steps.keep()
    assert not steps.busy
    page.pins.pin("A")
    assert not steps.make.isEnabled()
    request = page.standing.request
    qtbot.mouseClick(page.pins.pad, LEFT, pos=QPoint(60, 40))
    assert page.standing.request == request


def test_the_file_is_json_a_person_can_read(pinned: ExplorePage) -> None:
    project = pinned._session.project
    assert project is not None
    content = json.loads(project.pins_path.read_text())
    assert content["kind"] == "pins" and content["format"] == 1 and [p["letter"] for p in content["pins"]] == ["A", "B", "C"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(-50, 400), st.floats(-50, 400), st.integers(160, 2000), st.integers(76, 900))
def test_a_place_on_the_pad_is_its_pixel(dressed: Any, x: float, y: float, width: int, height: int) -> None:
    pad = MorphPad()
    pad.resize(width, height)
    pad.set_pins([Ball("A", -0.5, 0.5, 0), Ball("B", 0.5, -0.5, 1, strange=True)])
    place = pad.place(QPointF(x, y))
    assert max(map(abs, place)) <= 1
    assert pad.place(pad.point(*place)) == pytest.approx(place, abs=1e-9)
    pad.set_cursor(place, (0.25, 0.75))
    pad.grab()
    pad.deleteLater()


def test_what_is_rendered_for_slots_never_plays(pinned: ExplorePage, qtbot: Any, heard: list[Any]) -> None:
    page = pinned
    qtbot.waitUntil(lambda: all(page.pins.slots[letter]._outline is not None for letter in "ABC"), timeout=10_000)
    got: list[Rendered] = []
    page._session.engine.rendered.connect(got.append)
    count = len(heard)
    page.pins._show()
    qtbot.wait(100)
    assert got == []  # they are known
    page.pins._drawn.clear()
    page.pins._show()
    qtbot.waitUntil(lambda: len([m for m in got if isinstance(m.tag, tuple)]) == 3, timeout=10_000)
    assert len(heard) == count


def test_noise_is_mixed_on_its_sphere(pinned: ExplorePage, qtbot: Any) -> None:
    page, pins = pinned, pinned.pins
    facts = page.model.facts
    assert facts is not None and facts.controls.latent is not None and pins.shape == "straight"
    noise = msgspec.structs.replace(facts.controls.latent, prior="normal")
    page.model.facts = replace(facts, controls=msgspec.structs.replace(facts.controls, latent=noise))
    pins._show()
    assert pins.shape == "spherical" and page.view.nine._shape == "spherical"
    pins.pad.moved.emit(0.2, 0.3)
    pins.pad.released.emit()
    board = list(pins.board.values())
    weights = morph.pins((0.2, 0.3), [(p.x, p.y) for p in board])
    wanted = morph.blend([latent_of(p.recipe.request) for p in board], weights, "spherical")
    np.testing.assert_allclose(latent_of(page.standing.request), wanted, atol=1e-5)  # type: ignore[arg-type]
    page.model.facts = facts
    waits(qtbot, page)()


acts = st.lists(st.tuples(st.sampled_from(["pin", "clear", "move", "undo", "redo"]), st.sampled_from("ABCDEFGH")), max_size=60)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts, st.randoms(use_true_random=False))
def test_every_step_of_the_pins_can_be_taken_back(page: ExplorePage, plan: list[tuple[str, str]], random: Any) -> None:
    pins, undo = page.pins, page._session.undo
    undo.clear()
    start = pins._all
    for act, letter in plan:
        if act == "pin":
            pins.pin(letter)
        elif act == "clear":
            pins.clear(letter)
        elif act == "move" and letter in pins.board:
            pins._pin_moved(letter, random.uniform(-1, 1), random.uniform(-1, 1))
            pins._pin_released(letter)
        elif act in ("undo", "redo"):
            getattr(undo, act)()
    end, steps = pins._all, undo.index()
    for _ in range(steps):
        undo.undo()
    assert pins._all == start
    for _ in range(steps):
        undo.redo()
    assert pins._all == end and {p.letter: p for p in end} == pins.board
