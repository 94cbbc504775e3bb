"""A sound that was made, edited and exported comes back from its file: the same samples, its edits as steps."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPoint

from studio.audio import files as audio
from studio.audio.sound import Sound
from studio.cli import main
from studio.events import Finished
from studio.export.base import Item, exporter
from studio.export.wav import WavOptions
from studio.gui.pages.clips_work import recipe_of, sound_of
from studio.gui.pages.explore import ExplorePage
from studio.gui.session import Problem
from studio.project.recipe import Recipe
from studio.project.state import ClipFile
from tests.audio.test_redo import SIX
from tests.gui.dropping import drop_on, urls
from tests.gui.exploring import waits

LSB = 2.0**-23


def kept(page: ExplorePage, qtbot: Any) -> ClipFile:
    """Press Keep; the clip."""
    project = page._session.project
    assert project is not None
    count = len(project.clips())
    page._keep()
    qtbot.waitUntil(lambda: len(project.clips()) == count + 1, timeout=20_000)
    qtbot.waitUntil(lambda: not page._session.desk.busy, timeout=20_000)
    return project.clips()[0]


def exported(page: ExplorePage, clip: ClipFile, folder: Path) -> Path:
    item = Item(sound_of(page._session.project, clip), clip.name, recipe_of(clip))
    end = list(exporter("wav").write([item], folder, WavOptions(bits="24")))[-1]
    assert isinstance(end, Finished)
    return Path(end.result["files"][0])


def settled(page: ExplorePage, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: page.standing.settled and not page.standing.brought._later.busy, timeout=60_000)


def away(page: ExplorePage, qtbot: Any) -> None:
    count = page._session.undo.count()
    page.draw()
    qtbot.waitUntil(lambda: page._session.undo.count() == count + 1, timeout=20_000)
    settled(page, qtbot)


@pytest.fixture
def clip(page: ExplorePage, qtbot: Any) -> ClipFile:
    """A sound of the model with six steps."""
    made = msgspec.structs.replace(kept(page, qtbot), edits=tuple(SIX))
    page._session.project.update_clip(made)  # type: ignore[union-attr]
    return made


def test_six_steps_come_back_through_the_window(page: ExplorePage, clip: ClipFile, qtbot: Any, tmp_path: Path) -> None:
    path = exported(page, clip, tmp_path / "out")
    away(page, qtbot)
    assert page.view.came.isHidden()
    assert drop_on(page, urls(path), QPoint(300, 200))
    settled(page, qtbot)
    current, heard = page.standing.current, audio.read(path)
    assert current is not None and current.recipe is not None and current.original is not None
    assert np.abs(current.sound.samples - heard.samples).max() <= LSB
    assert page.view.came.isVisible() and "Play backwards" in page.view.came.words.words
    again = kept(page, qtbot)
    assert again.edits == tuple(SIX) and again.recipe == clip.recipe
    project = page._session.project
    assert project is not None
    assert np.array_equal(project.clip_sound(again.id).samples, project.clip_sound(clip.id).samples)
    second = exported(page, again, tmp_path / "again")
    assert np.array_equal(audio.read(second).samples, heard.samples)


def test_six_steps_come_back_through_the_command_line(
    page: ExplorePage, clip: ClipFile, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = exported(page, clip, tmp_path / "out")
    project = page._session.project
    assert project is not None
    code = main(["generate", str(project.root), "--recipe", str(path), "--out", str(tmp_path / "again"), "--device", "cpu"])
    assert code == 0, capsys.readouterr().err
    (made,) = (tmp_path / "again").iterdir()
    assert np.abs(audio.read(made).samples - audio.read(path).samples).max() <= LSB
    assert (
        main(["generate", str(project.root), "--recipe", str(made), "--out", str(tmp_path / "third"), "--device", "cpu"]) == 0
    )
    (third,) = (tmp_path / "third").iterdir()
    assert np.array_equal(audio.read(third).samples, audio.read(made).samples)


def test_steps_are_left_off_and_belong_to_their_place(page: ExplorePage, clip: ClipFile, qtbot: Any, tmp_path: Path) -> None:
    away(page, qtbot)
    page.receive(recipe_of(clip))
    settled(page, qtbot)
    assert page.standing.shown is not None and page.standing.shown.original is not None
    edited = page.standing.shown.sound
    page.view.came.button.click()
    settled(page, qtbot)
    assert page.standing.shown.original is None and page.standing.shown.sound.frames > edited.frames
    assert kept(page, qtbot).edits == ()
    page.view.came.button.click()
    settled(page, qtbot)
    assert np.array_equal(page.standing.shown.sound.samples, edited.samples)
    away(page, qtbot)
    assert page.standing.shown.original is None and page.view.came.isHidden()
    page._session.undo.undo()
    settled(page, qtbot)
    assert np.array_equal(page.standing.shown.sound.samples, edited.samples) and page.view.came.isVisible()


def test_a_step_whose_sound_is_elsewhere_is_named_and_the_rest_is_done(
    page: ExplorePage, clip: ClipFile, qtbot: Any, problems: list[Problem]
) -> None:
    project = page._session.project
    assert project is not None and clip.recipe is not None
    here = project.keep_material(Sound(np.full((1, 200), 0.25, np.float32), 44_100))
    steps = (
        SIX[4],
        {"do": "mix", "sound": here, "at": 0.01},
        {"do": "mix", "sound": "ab" * 20, "at": 0},
        SIX[1],
        {"do": "morph"},
    )
    page.receive(msgspec.structs.replace(clip.recipe, edits=steps))
    settled(page, qtbot)
    qtbot.waitUntil(lambda: bool(problems), timeout=20_000)
    assert "“mix”, “morph”" in problems[0].sentence and len(problems) == 1
    assert kept(page, qtbot).edits == (steps[0], steps[1], steps[3])
    page._session.undo.undo()  # of keeping
    problems.clear()


@pytest.mark.parametrize(
    "edits",
    [
        ({"do": 7}, {"do": None}, {}),
        ({"do": "pad", "before": 10**30}, {"do": "trim", "start": float("inf")}, {"do": "gain", "db": "loud"}),
        ({"do": "pad", "before": 600, "after": 600},) * 40,
        ({"do": "graft", "part": "attack", "at": 1e300, "from": {"latent": "no"}},),
        ({"do": "graft", "part": [], "at": {}, "from": 3}, {"do": "reverse", "from": -1}),
    ],
)
def test_hostile_recipes_break_nothing(
    page: ExplorePage, edits: tuple[dict[str, Any], ...], qtbot: Any, problems: list[Problem]
) -> None:
    shown = page.standing.shown
    assert shown is not None
    page.receive(msgspec.structs.replace(shown.recipe, edits=edits))
    settled(page, qtbot)
    assert page.standing.shown is not None and page.standing.shown.sound.seconds <= 600
    problems.clear()
    away(page, qtbot)
    waits(qtbot, page)()


def test_what_came_after_another_place_was_asked_for_is_not_heard(
    page: ExplorePage, clip: ClipFile, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.gui.pages import explore_brought

    go, redo = threading.Event(), explore_brought.redo

    def slow(*arguments: Any) -> Any:
        assert go.wait(20)
        return redo(*arguments)

    monkeypatch.setattr(explore_brought, "redo", slow)
    page.receive(recipe_of(clip))
    qtbot.waitUntil(lambda: page.standing.brought._later.busy, timeout=20_000)
    count = page._session.undo.count()
    page.draw()
    qtbot.waitUntil(lambda: page._session.undo.count() == count + 1, timeout=20_000)
    qtbot.waitUntil(lambda: page.standing.settled, timeout=20_000)
    go.set()
    settled(page, qtbot)
    qtbot.wait(50)
    assert page.standing.shown is not None and page.standing.shown.original is None


def test_the_steps_of_a_recipe_part_where_its_making_ends() -> None:
    recipe = Recipe(edits=({"do": "graft"}, {"do": "gain"}, {"do": "graft"}, {"do": "trim"}, {"do": "reverse"}))
    made, steps = recipe.parted()
    assert [step["do"] for step in made.edits] == ["graft", "gain", "graft"] and [s["do"] for s in steps] == ["trim", "reverse"]
    assert Recipe().parted() == (Recipe(), ())
