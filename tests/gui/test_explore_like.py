"""What is like this sound, in the library and from the model; one sound against another at the same place and loudness."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt

from studio.audio import files
from studio.audio.sound import Sound
from studio.engine.engine import Rendered
from studio.gui.loudness import even_gain
from studio.gui.pages.explore import ExplorePage
from studio.gui.pages.explore_alike import around, look
from studio.gui.pages.explore_character import _measured
from studio.gui.pages.explore_said import SaidBar
from studio.gui.pages.explore_space import latent_of
from studio.gui.session import Current
from studio.project.folder import ProjectFolder
from studio.project.recipe import Recipe, Request
from tests.gui.exploring import LEFT, waits


class Tape:
    """In place of a player: what it was told to play, and where it says it is."""

    def __init__(self) -> None:
        self.played: list[tuple[Sound, float, float]] = []
        self.position: float | None = 0.0
        self.playing, self.lost, self.level = False, False, (-120.0, -120.0)

    def play(self, sound: Sound, *, loop: bool = False, gain: float = 1.0, at: float = 0.0) -> None:
        self.played.append((sound, gain, at))
        self.playing = True

    def stop(self) -> None:
        self.playing = False


@pytest.fixture
def tape(page: ExplorePage) -> Any:
    made = Tape()
    page._session.player = made  # type: ignore[assignment]
    yield made
    page._session.stop()
    page._session.player = None


def stands_at(page: ExplorePage, sound: Sound) -> None:
    """As if the model had made this very sound."""
    assert page.model.facts is not None and page.standing.request is not None
    recipe = Recipe(model=page.model.facts.model, request=page.standing.request)
    page.standing.shown = made = Rendered("explore", page.standing.request, sound, recipe)
    page.standing.sounded.emit(made)


def filled(page: ExplorePage) -> bool:
    return page.like._library is not None and page.like._library.asked is page.standing.shown.sound  # type: ignore[union-attr]


def test_a_sound_of_the_library_is_nearest_to_itself(page: ExplorePage, qtbot: Any, heard: list[Current]) -> None:
    space, like = page.model.space, page.like
    assert space is not None
    stands_at(page, files.read(Path(space.paths[10])))
    assert like._library is None  # nothing is looked for while nobody looks
    page.view.tabs.show_tab("like")
    qtbot.waitUntil(lambda: filled(page), timeout=20_000)
    first = like.cells[0].shown
    assert first is not None and first.title == space.titles[10] and first.note == "the same" and first.words == "sounds alike"
    assert len(like._library.found) == 24  # type: ignore[union-attr]
    far = [one for one in like._library.found if one.words]  # type: ignore[union-attr]
    assert far and all(len(one.words) <= 3 for one in far)
    qtbot.mouseClick(like.cells[0], LEFT)
    qtbot.waitUntil(lambda: heard[-1].path == Path(space.paths[10]), timeout=5000)
    assert like.cells[0]._heard and not like.cells[1]._heard
    qtbot.mouseDClick(like.cells[0], LEFT)
    waits(qtbot, page)()
    assert latent_of(page.standing.request) == pytest.approx(space.latents[10], abs=1e-6)  # type: ignore[arg-type]
    assert page._session.undo.count() == 1


def test_pages_are_turned_and_keys_play_what_is_shown(page: ExplorePage, qtbot: Any, heard: list[Current]) -> None:
    like = page.like
    page.view.tabs.show_tab("like")
    qtbot.waitUntil(lambda: filled(page), timeout=20_000)
    shown = [cell for cell in like.cells if not cell.isHidden()]
    assert 1 <= len(shown) < 24 and not like.back.isEnabled() and like.further.isEnabled()
    qtbot.mouseClick(like.further, LEFT)
    second = [cell for cell in like.cells if not cell.isHidden()]
    assert second[0].number == len(shown) and like.back.isEnabled()
    qtbot.keyClick(page, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: second[0]._heard)
    path = Path(like._library.found[second[0].number].row.path)  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: heard[-1].path == path, timeout=5000)
    page.resize(1900, 1200)
    assert len([cell for cell in like.cells if not cell.isHidden()]) > len(shown)


def test_new_sounds_like_this_one_say_how_they_differ(page: ExplorePage, qtbot: Any, heard: list[Current]) -> None:
    like = page.like
    page.view.tabs.show_tab("like")
    qtbot.mouseClick(like.new, LEFT)
    qtbot.waitUntil(
        lambda: bool(like._made) and all(c.shown is not None and c.shown.title for c in like.cells[:12]), timeout=30_000
    )
    asked = [made.request for made in like._made if made is not None]
    assert len(asked) == 12 and len({request.latent for request in asked}) == 12 and page.standing.request not in asked
    qtbot.mouseClick(like.cells[1], LEFT)
    assert heard[-1].sound is like._made[1].sound  # type: ignore[union-attr]
    wanted = like._made[1].request  # type: ignore[union-attr]
    qtbot.mouseDClick(like.cells[1], LEFT)
    waits(qtbot, page)()
    assert page.standing.request == wanted and page._session.undo.count() == 1


def test_more_and_less_of_everything_that_can_be_asked_for(page: ExplorePage) -> None:
    space = page.model.space
    assert space is not None
    base = space.at_sound(Request(), 5)
    made = around(space, base, count=10)
    assert len(made) == 10 and all(request.classes == base.classes for request in made)
    for name in space.descriptors.names:
        values = [float(space.descriptors.value(latent_of(request), name)) for request in (base, *made)]
        assert min(values) < values[0] < max(values)


def test_without_sounds_it_says_so(page: ExplorePage, qtbot: Any) -> None:
    page.standing.shown = None
    page.view.tabs.show_tab("like")
    assert not page.like.state.isHidden() and page.like.state.text() and not page.like.new.isEnabled()


@pytest.mark.parametrize(
    "samples", [np.zeros((1, 0)), np.zeros((1, 5000)), np.ones((2, 1)), np.full((1, 900), np.nan), [[1e-30] * 99]]
)
def test_any_sound_can_be_looked_for(project: ProjectFolder, samples: Any) -> None:
    sound = Sound(np.array(samples, np.float32), 44_100)
    found = look(project, sound, None)
    assert len(found.ids) == 24 and len(found.found) in (0, 24)
    again = look(project, sound, found)
    assert again.catalogue is found.catalogue and [one.row.id for one in again.found] == [one.row.id for one in found.found]
    request, values = _measured(Request(), sound)
    assert request == Request() and all(isinstance(value, float) for value in values.values())


# ---- one against the other


def test_a_copy_is_told_and_one_click_goes_there_and_back(page: ExplorePage, qtbot: Any, tape: Tape) -> None:
    space, session, said = page.model.space, page._session, page.view.said
    assert space is not None
    row = next(i for i, title in enumerate(space.titles) if title.startswith("snare"))
    copy = files.read(Path(space.paths[row]))
    stands_at(page, Sound(copy.samples * np.float32(0.25), copy.rate))
    qtbot.waitUntil(lambda: "copy of" in said._text, timeout=20_000)
    assert space.titles[row] in said._text and said.button.text() == "Hear that one"
    session.play(page.standing.current)
    tape.position = 0.12
    qtbot.mouseClick(said.button, LEFT)
    qtbot.waitUntil(lambda: len(tape.played) == 2, timeout=5000)
    sound, gain, at = tape.played[-1]
    assert at == 0.12 and gain == pytest.approx(even_gain(sound)) and session.current.path == Path(space.paths[row])  # type: ignore[union-attr]
    assert said.button.text() == "Back to this sound"
    tape.position = 5.0  # beyond the end: from the start
    qtbot.mouseClick(said.button, LEFT)
    assert tape.played[-1][0] is page.standing.shown.sound and tape.played[-1][2] == 0.0  # type: ignore[union-attr]
    assert tape.played[-1][1] == pytest.approx(even_gain(tape.played[-1][0])) and said.button.text() == "Hear that one"


def test_everything_is_heard_equally_loud_only_where_one_wants(page: ExplorePage, qtbot: Any, tape: Tape) -> None:
    session, button = page._session, page.view.even
    soft = Sound(np.full((1, 4000), 0.01, np.float32) * np.resize([1, -1], 4000).astype(np.float32), 44_100)
    stands_at(page, soft)
    assert button.isChecked() and session.settings.loudness_match
    session.play(page.standing.current)
    assert tape.played[-1][1] == pytest.approx(even_gain(soft)) and even_gain(soft) > 1
    qtbot.mouseClick(button, LEFT)
    assert not session.settings.loudness_match and tape.played[-1][1] == 1.0  # heard at once
    session.change(loudness_match=True)
    assert button.isChecked()
    session.play(Current(soft))
    assert tape.played[-1][1] == 1.0  # of other pages: as it is
    assert np.abs(page.standing.current.sound.samples).max() == np.float32(0.01)  # type: ignore[union-attr]  # kept as it is


def test_the_line_offers_the_other_of_the_two(dressed: Any, qtbot: Any, tmp_path: Path) -> None:
    bar = SaidBar()
    qtbot.addWidget(bar)
    bar.resize(900, 30)
    bar.tell_nearest(tmp_path / "kick.wav", 1.0, False)
    assert "as near as" in bar._text and bar.button.text() == "Hear that one"
    bar.show_heard(tmp_path / "kick.wav")
    assert bar.button.text() == "Back to this sound"
    bar.show_heard(tmp_path / "other.wav")
    assert bar.button.text() == "Hear that one"
