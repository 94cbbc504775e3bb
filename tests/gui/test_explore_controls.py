"""The controls of Explore: faders that ask for a character and show what came of it, names of one's own, sections that fold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLineEdit

from studio.audio import analysis
from studio.explore.axes import heard as as_heard
from studio.explore.descriptors import Descriptors
from studio.gui.pages.explore import ExplorePage
from studio.gui.pages.explore_controls import ControlPanel
from studio.gui.pages.explore_space import latent_of
from studio.gui.pages.explore_words import difference, nearness, percent, said, title
from studio.gui.widgets.fader import Fader, NameLine
from studio.models.controls import Controls
from studio.project.recipe import Request
from tests.gui.exploring import LABELS, LEFT, waits


@pytest.fixture
def steered(page: ExplorePage) -> ExplorePage:
    """The page with descriptors that the latents of its sounds surely explain."""
    space = page.model.space
    assert space is not None
    scores = space.axes.project(space.latents)
    values = {
        "brightness": np.exp(7 + 0.5 * scores[:, 0]),
        "noisiness": 0.5 + 0.1 * scores[:, 1],
        "length": np.exp(scores[:, 2]),
    }
    page.model.space = replace(space, descriptors=Descriptors.fit(space.latents, values))
    page.character.show_space(page.model.space)
    return page


def far(fader: Fader) -> QPoint:
    """A place on the track that is far from where the fader stands."""
    share = 1 / 4 if fader.value > (fader._low + fader._high) / 2 else 3 / 4
    return QPoint(round(fader.track.width() * share), 14)


def measured(page: ExplorePage) -> bool:
    found = page.character._measured
    return found is not None and found[0] == page.standing.request


def test_a_fader_asks_for_a_character_and_shows_what_came_of_it(steered: ExplorePage, qtbot: Any) -> None:
    page, space = steered, steered.model.space
    assert space is not None and tuple(page.character.faders) == ("brightness", "length", "noisiness")
    fader = page.character.faders["brightness"]
    before, stood = latent_of(page.standing.request), fader.value  # type: ignore[arg-type]
    qtbot.mouseClick(fader.track, LEFT, pos=far(fader))
    asked = fader.value
    waits(qtbot, page)()
    after = latent_of(page.standing.request)  # type: ignore[arg-type]
    assert np.abs(after - before).max() > 0 and page._session.undo.count() == 1
    came = space.descriptors.value(after, "brightness") - space.descriptors.value(before, "brightness")
    assert float(came) * (asked - stood) > 0
    qtbot.waitUntil(lambda: measured(page), timeout=10_000)
    sound = page.standing.shown.sound  # type: ignore[union-attr]
    truth = float(as_heard("brightness", analysis.features(sound)["brightness"]))
    assert fader.value == pytest.approx(asked) and fader.number.text() == said("brightness", truth)
    assert f"asked {'+' if asked > stood else '−'}" in fader.number.toolTip() and "got" in fader.number.toolTip()
    low, high = space.descriptors.span["brightness"]
    assert fader.track._ghost == pytest.approx(1000 * np.clip((truth - low) / (high - low), 0, 1))


def test_a_held_fader_asks_for_more_where_too_little_came(steered: ExplorePage, qtbot: Any) -> None:
    page, space = steered, steered.model.space
    assert space is not None
    fader, character = page.character.faders["brightness"], page.character
    place = far(fader)
    qtbot.mousePress(fader.track, LEFT, pos=place)
    first = page.standing.request
    start, asked = character._asked["brightness"]

    def half_came() -> None:
        assert page.standing.request is not None
        character._arrived((page.standing.request, {"brightness": start + 0.5 * (asked - start)}))

    half_came()
    second = page.standing.request
    assert second != first and character._asked["brightness"] == (start, asked) and 1 < character._gain <= 2.5
    half_came()
    third = page.standing.request
    half_came()
    assert page.standing.request == third != second  # twice is enough
    qtbot.mouseRelease(fader.track, LEFT, pos=place)
    assert page._session.undo.count() == 1
    character._arrived((third, {"brightness": start}))
    assert page.standing.request == third  # no hand, no move
    waits(qtbot, page)()


def test_a_character_fader_follows_every_other_move(steered: ExplorePage, qtbot: Any) -> None:
    page = steered
    fader = page.character.faders["brightness"]
    qtbot.mouseClick(fader.track, LEFT, pos=QPoint(fader.track.width() * 3 // 4, 14))
    waits(qtbot, page)()
    qtbot.mouseClick(page.view.panel.random, LEFT)
    qtbot.waitUntil(lambda: page._session.undo.count() == 2)
    waits(qtbot, page)()
    qtbot.waitUntil(lambda: measured(page), timeout=10_000)
    truth = page.character._measured[1]["brightness"]  # type: ignore[index]
    assert fader.value == pytest.approx(truth) and "asked" not in fader.number.toolTip()


def test_what_is_locked_stays_as_it_is_expected(steered: ExplorePage, qtbot: Any) -> None:
    page, space = steered, steered.model.space
    assert space is not None
    page.character.faders["brightness"].lock.setChecked(True)
    here, there = space.at_sound(Request(), 3), space.at_sound(Request(), 12)
    held = page.character.hold(there, here)
    wanted, free, kept = (float(space.descriptors.value(latent_of(r), "brightness")) for r in (here, there, held))
    assert abs(kept - wanted) < 0.1 * abs(free - wanted) and held.latent != there.latent
    x, y = map(float, space.map.positions[12])
    page.standing.go(here)
    page.view.map.moved.emit(x, y)
    kept = float(space.descriptors.value(latent_of(page.standing.request), "brightness"))  # type: ignore[arg-type]
    assert abs(kept - wanted) < 0.3 * abs(free - wanted)
    page.view.panel.build(page.model.facts.controls, space.axes)  # type: ignore[union-attr]
    assert page.character.faders["brightness"].locked and page.character.locked == ("brightness",)


def test_a_decay_is_steered_beside_the_length_that_the_model_offers(steered: ExplorePage) -> None:
    page, space = steered, steered.model.space
    assert space is not None and "length" in space.descriptors.names and "seconds" in page.view.panel.numbers
    names = [fader.track.accessibleName() for fader in page.character.faders.values()]
    assert tuple(page.character.faders) == space.descriptors.names and "Decay" in names and "Length" not in names


def test_folding_is_remembered(page: ExplorePage, qtbot: Any) -> None:
    panel = page.view.panel
    section = panel.sections["labels"]
    qtbot.mouseClick(section.head, LEFT)
    assert section.body.isHidden() and page._session.settings.folded == ("labels",)
    panel.build(page.model.facts.controls, page.model.space.axes)  # type: ignore[union-attr]
    assert panel.sections["labels"].body.isHidden() and not panel.sections["axes"].body.isHidden()
    assert panel.labels["kick"].value >= 0 and tuple(panel.labels) == LABELS
    qtbot.mouseClick(panel.sections["labels"].head, LEFT)
    assert page._session.settings.folded == () and not panel.sections["labels"].body.isHidden()


@pytest.mark.parametrize(("typed", "told"), [("Woody", [(1, "Woody")]), ("", [(1, "")]), (None, [])])
def test_an_axis_is_renamed_in_place(page: ExplorePage, qtbot: Any, typed: str | None, told: list[tuple[int, str]]) -> None:
    panel, found = page.view.panel, []
    panel.renamed.connect(lambda index, name: found.append((index, name)))
    fader = panel.axes[1]
    qtbot.mouseDClick(fader.name, LEFT)
    line = fader.findChild(NameLine)
    assert isinstance(line, QLineEdit) and line.text() == fader._full and line.accessibleName()
    if typed is None:
        qtbot.keyClick(line, Qt.Key.Key_Escape)
    else:
        line.setText(typed)
        qtbot.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: fader.findChild(NameLine) is None)
    assert found == told


def test_the_key_f2_renames_and_the_same_name_tells_nothing(page: ExplorePage, qtbot: Any) -> None:
    panel, found = page.view.panel, []
    panel.renamed.connect(lambda index, name: found.append((index, name)))
    qtbot.keyClick(panel.axes[0].track, Qt.Key.Key_F2)
    line = panel.axes[0].findChild(NameLine)
    assert line is not None
    qtbot.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: panel.axes[0].findChild(NameLine) is None)
    label = next(iter(panel.labels.values()))
    qtbot.keyClick(label.track, Qt.Key.Key_F2)
    assert found == [] and label.findChild(NameLine) is None


def test_other_names_of_the_same_axes_are_said_without_new_faders(page: ExplorePage) -> None:
    panel, space = page.view.panel, page.model.space
    assert space is not None
    fader = panel.axes[0]
    panel.name_axes(space.axes.renamed(0, "Woody"))
    assert panel.axes[0] is fader and fader._full == "Woody"


def test_a_model_without_a_space_has_no_character(dressed: Any, qtbot: Any) -> None:
    panel = ControlPanel()
    qtbot.addWidget(panel)
    panel.build(Controls())
    assert panel.sections["character"].isHidden() and panel.sections["axes"].isHidden() and panel.sections["labels"].isHidden()


def test_values_are_said_as_musicians_say_them() -> None:
    words = [
        ("brightness", np.log(640.0), "640 Hz"), ("brightness", np.log(4210.0), "4.2 kHz"),
        ("attack", np.log(0.0025), "2.5 ms"),
        ("attack", np.log(0.012), "12 ms"), ("length", np.log(0.42), "0.42 s"), ("noisiness", 0.354, "35 %"),
        ("loudness", -14.2, "−14 dB"),
        ("pitch", 60.2, analysis.note_name(60)), ("pitch", float("nan"), "–"),
    ]  # fmt: skip
    assert [said(name, float(value)) for name, value, _ in words] == [text for _, _, text in words]
    assert percent(0.13) == "+13 %" and percent(-0.041) == "−4 %" and title("brightness") == "Brightness"
    assert difference(["brighter", "shorter"]) == "brighter, shorter"
    assert [nearness(r) for r in (0, 0.5, 1, 2, 9)] == ["the same", "very near", "near", "akin", "far"]
