"""Keeping a part of a sound while the rest is explored: heard, stored, and made again to the bit."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from PySide6.QtCore import Qt

from studio import generate
from studio.audio.graft import onset
from studio.gui.pages.explore import ExplorePage
from studio.gui.session import Current
from studio.project.recipe import from_json
from tests.gui.exploring import waits

LEFT = Qt.MouseButton.LeftButton


def moved(page: ExplorePage, qtbot: Any, row: int) -> None:
    space = page.model.space
    assert space is not None
    page.standing.begin("there")
    page.standing.go(space.at_sound(page.standing.request, row))  # type: ignore[arg-type]
    page.standing.commit()
    waits(qtbot, page)()


def test_a_kept_attack_stays_and_is_made_again_to_the_bit(page: ExplorePage, qtbot: Any, heard: list[Current]) -> None:
    moved(page, qtbot, 3)
    donor = page.standing.shown
    assert donor is not None
    qtbot.mouseClick(page.view.panel.parts["attack"], LEFT)
    assert list(page.standing.grafts.donors) == ["attack"]
    moved(page, qtbot, 12)
    made = page.standing.shown
    assert made is not None and [step["part"] for step in made.recipe.edits] == ["attack"]
    kept = onset(donor.sound) + round(made.recipe.edits[0]["at"] * donor.sound.rate) - round(0.005 * donor.sound.rate)
    assert kept > 0 and np.array_equal(made.sound.samples[:, :kept], donor.sound.samples[:, :kept])
    assert heard[-1].sound is made.sound and heard[-1].recipe == made.recipe
    stored = from_json(made.recipe.to_json())
    assert stored == made.recipe and page._session.project is not None
    again = generate.regenerate(stored, page._session.project)
    assert again.samples.tobytes() == made.sound.samples.tobytes()

    plain = msgspec.structs.replace(made.recipe, edits=())
    without = generate.regenerate(plain, page._session.project)
    assert again.samples.tobytes() != without.samples.tobytes()
    qtbot.mouseClick(page.view.panel.parts["attack"], LEFT)
    qtbot.waitUntil(lambda: page.standing.shown is not None and page.standing.shown.recipe.edits == ())
    assert page.standing.shown is not None and np.array_equal(page.standing.shown.sound.samples, without.samples)


def test_a_recipe_with_a_graft_keeps_it_when_it_is_opened(page: ExplorePage, qtbot: Any) -> None:
    moved(page, qtbot, 3)
    qtbot.mouseClick(page.view.panel.parts["tail"], LEFT)
    moved(page, qtbot, 20)
    made = page.standing.shown
    assert made is not None and made.recipe.edits
    qtbot.mouseClick(page.view.panel.parts["tail"], LEFT)
    moved(page, qtbot, 7)
    assert page.standing.shown is not None and page.standing.shown.recipe.edits == ()
    page.receive(made.recipe)
    qtbot.waitUntil(lambda: page.standing.shown is not None and page.standing.shown.recipe == made.recipe, timeout=20_000)
    assert np.array_equal(page.standing.shown.sound.samples, made.sound.samples)
    assert page.view.panel.parts["tail"].isChecked() and not page.view.panel.parts["attack"].isChecked()
