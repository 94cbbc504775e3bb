"""Whatever is dropped on Explore or asked of it: nothing breaks, and it is said why nothing came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPoint

from studio.audio import files
from studio.audio.sound import Sound
from studio.engine.engine import Encoded
from studio.gui.pages.explore import ExplorePage
from studio.gui.pages.explore_space import latent_of
from studio.gui.pages.explore_standing import HEAR
from studio.gui.session import Problem
from studio.project.recipe import Recipe, Request
from studio.training.run import RunFolder
from tests.gui.dropping import drop_on, urls
from tests.gui.exploring import save_model, waits

RATE = 44100


def drop(page: ExplorePage, path: Path) -> None:
    assert drop_on(page, urls(path), QPoint(200, 200))


def write(path: Path, samples: np.ndarray) -> Path:
    return files.write(path, Sound(samples.astype(np.float32)[None], RATE), subtype="FLOAT")


@pytest.fixture
def told(page: ExplorePage) -> list[str]:
    found: list[str] = []
    page._session.told.connect(found.append)
    return found


def works(page: ExplorePage, qtbot: Any) -> None:
    """The page still makes sounds."""
    before = page.standing.shown
    page.draw()
    qtbot.waitUntil(lambda: page.standing.shown is not before, timeout=20_000)
    waits(qtbot, page)()


def test_one_sample_is_a_sound_too(page: ExplorePage, qtbot: Any, tmp_path: Path) -> None:
    before = page.standing.request
    drop(page, write(tmp_path / "one.wav", np.array([0.5])))
    qtbot.waitUntil(lambda: page.standing.request != before, timeout=20_000)
    waits(qtbot, page)()
    assert np.isfinite(latent_of(page.standing.request)).all()  # type: ignore[arg-type]
    works(page, qtbot)


def test_of_ten_minutes_the_first_is_heard_and_that_is_said(
    page: ExplorePage, qtbot: Any, tmp_path: Path, told: list[str]
) -> None:
    second = np.sin(np.arange(RATE) / 30) * 0.3
    quiet = np.zeros(RATE * 600)
    quiet[RATE * 3 : RATE * 600] = np.tile(second, 597)
    found: list[Encoded] = []
    page._session.engine.encoded.connect(found.append)
    before = page.standing.request
    drop(page, write(tmp_path / "ten.wav", quiet))
    qtbot.waitUntil(lambda: page.standing.request != before, timeout=30_000)
    waits(qtbot, page)()
    assert found[0].whole == pytest.approx(600) and found[0].start == pytest.approx(3, abs=0.05)
    assert found[0].original.seconds < 1 and found[0].distance < 80  # compared with what it heard, not with ten minutes
    assert [text for text in told if text.startswith("Of 600 s the model hears 0.")]
    works(page, qtbot)


@pytest.mark.parametrize(
    ("name", "samples", "said"),
    [
        ("silent.wav", np.zeros(RATE), "“silent.wav” is silent"),
        ("nan.wav", np.full(RATE, np.nan), "“nan.wav” is silent"),
        ("empty.wav", np.zeros(0), "“empty.wav” holds no sound"),
        ("words.wav", None, "“words.wav” can't be read"),
        ("gone.wav", None, "“gone.wav” can't be read"),
    ],
)
def test_what_holds_no_sound_is_said(
    page: ExplorePage, qtbot: Any, tmp_path: Path, problems: list[Problem], name: str, samples: np.ndarray | None, said: str
) -> None:
    path, before = tmp_path / name, page.standing.request
    if samples is not None:
        write(path, samples)
    elif name != "gone.wav":
        path.write_text("these are words")
    page.start_from(path)
    qtbot.waitUntil(lambda: problems != [], timeout=20_000)
    assert said in problems[0].sentence and len(problems) == 1
    assert page.view.state.text() == "" and page.standing.request == before
    problems.clear()
    works(page, qtbot)


wrong = [
    ((1.0, 2.0),), (), ((),), ((0.0,) * 8, (0.0,) * 8), ((1.0,), (1.0, 2.0)), ((float("nan"),) * 8,), ((float("inf"),) * 8,),
    ((1e30,) * 8,),
]  # fmt: skip


@pytest.mark.parametrize("latent", wrong)
def test_a_recipe_of_another_shape_does_no_harm(
    page: ExplorePage, qtbot: Any, problems: list[Problem], told: list[str], latent: Any
) -> None:
    assert page.standing.shown is not None
    recipe = page.standing.shown.recipe
    before = page.standing.request
    for tab in ("nine", "pins"):
        page.view.tabs.show_tab(tab)
        page.receive(msgspec.structs.replace(recipe, request=Request(latent=latent)))
        qtbot.wait(150)
    assert problems or told
    problems.clear()
    assert page.standing.request == before
    works(page, qtbot)
    page.pins.pin("A")
    problems.clear()


def test_a_recipe_of_a_model_that_is_not_here_is_said(page: ExplorePage, told: list[str]) -> None:
    page.receive(Recipe(family="oneshot", model="f" * 64, run="nowhere", request=Request(latent=((0.0,) * 8,))))
    assert any("not in this project" in text for text in told)


def test_a_model_that_finds_no_numbers_moves_nothing(
    page: ExplorePage, qtbot: Any, tmp_path: Path, problems: list[Problem]
) -> None:
    before = page.standing.request
    sound = Sound(np.ones((1, 100), np.float32), RATE)
    for latent in (np.full(8, np.nan), np.zeros(3), np.full(8, 1e30)):
        page._session.engine.encoded.emit(Encoded(HEAR, tmp_path / "a.wav", latent, sound, 1.0, sound))
    assert page.standing.request == before and len(problems) == 3
    problems.clear()
    works(page, qtbot)


def test_a_model_with_other_latents_is_opened_and_left_again(page: ExplorePage, qtbot: Any) -> None:
    """Faders that were expected of one model's latents are not asked of another's."""
    session = page._session
    assert session.project is not None and page._model is not None
    first = page._model.folder
    for kind in ("gansynth", "wavegan"):
        run = RunFolder.create(session.project, kind, {}, name=f"{kind} 1")
        for folder in (save_model(run, 10, kind=kind), first):
            page.receive(folder)
            qtbot.waitUntil(lambda folder=folder: page._model is not None and page._model.folder == folder, timeout=60_000)
            qtbot.waitUntil(lambda: page._space is not None and page._space.model == page._model.model, timeout=60_000)
            works(page, qtbot)
            assert page.character.faders
