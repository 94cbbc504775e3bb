"""Into the window: what a drop is, who takes it, and that nothing strange that is dropped breaks anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QUrl
from PySide6.QtWidgets import QMenu

from studio.audio import files as audio
from studio.audio.sound import Sound
from studio.gui import files
from studio.gui.main_window import MainWindow
from studio.gui.pages import clips_drop
from studio.gui.pages.clips import ClipsPage
from studio.gui.session import Current, Problem, Session
from studio.project.folder import ProjectFolder
from studio.project.recipe import Recipe, Request
from tests.gui.dropping import drop_on, urls

DEEP = b'{"kind":"recipe","edits":[{"do":' + b"[" * 20_000 + b"]" * 20_000 + b"}]}"


def text(words: str) -> QMimeData:
    data = QMimeData()
    data.setText(words)
    return data


def web(address: str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl(address)])
    return data


# ---- what it is


def test_what_a_drop_means(session: Session, tone: Sound, tmp_path: Path) -> None:
    plain = audio.write(tmp_path / "plain.wav", tone)
    own = files.finished(tmp_path, Current(tone, "own", Recipe(request=Request(seed=4))))
    other = tmp_path / "Project"
    ProjectFolder.create(other).close()
    (tmp_path / "notes.txt").write_text("hello")
    assert files.understand([plain]).kind == "sounds"
    assert files.understand([tmp_path]).kind == "sounds"
    assert files.understand([plain, own]).kind == "sounds"
    found = files.understand([own])
    assert found.kind == "recipe" and found.recipe is not None and found.recipe.request.seed == 4
    assert files.understand([other]).paths == files.understand([other / "project.json"]).paths == (other,)
    assert files.understand([tmp_path / "notes.txt"]).kind == "nothing"
    assert files.dropped(text(f"{plain}\n")) == files.dropped(text(plain.as_uri())) == files.Dropped("sounds", (plain,))


@pytest.mark.parametrize("recipe", [b"", b"{", b"[]", b"\xff\xfe", DEEP, b'{"kind":"recipe","format":99}', b'{"edits":7}'])
def test_a_damaged_recipe_makes_a_sound_no_less_of_one(recipe: bytes, tone: Sound, tmp_path: Path) -> None:
    path = audio.write(tmp_path / "a.wav", tone, recipe=recipe)
    assert files.understand([path]).kind == "sounds"


def test_hostile_drops_are_seen_for_what_they_are(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "loop.wav").symlink_to(tmp_path / "loop.wav")
    assert files.understand([tmp_path / "pipe.wav"]).kind == "nothing"
    assert files.understand([tmp_path / "loop.wav"]).kind == "gone"
    assert files.understand([tmp_path / "never.wav"]).kind == "gone"
    assert files.understand([Path("/" + "x" * 5000 + ".wav")]).kind == "gone"
    assert files.understand([Path("a\0b.wav")]).kind == "gone"
    many = [tmp_path / f"{i}.wav" for i in range(10_000)]
    assert files.understand(many) == files.Dropped("sounds", tuple(many))
    assert files.dropped(web("https://example.org/kick.wav")).kind == "elsewhere"
    assert files.dropped(text("hello")).kind == files.dropped(text("")).kind == "nothing"
    assert files.dropped(text("/nowhere\n" * 50_000)).kind == "nothing"
    assert files.dropped(QMimeData()).kind == "foreign"


# ---- the window


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (web("https://example.org/kick.wav"), "on the web"),
        (text("hello"), "no sound"),
        (urls(Path("/nowhere/gone.wav")), "not there any more"),
    ],
)
def test_what_is_of_no_use_is_said(data: QMimeData, words: str, window: MainWindow, problems: list[Problem]) -> None:
    assert drop_on(window, data, QPoint(300, 300))
    assert words in problems[0].sentence and words in window.drops.curtain.words


def test_what_is_no_file_at_all_is_left_alone(window: MainWindow) -> None:
    data = QMimeData()
    data.setData("application/x-color", b"\0" * 8)
    assert not drop_on(window, data, QPoint(300, 300)) and not window.drops.curtain.isVisible()


# ---- Clips


@pytest.fixture
def page(session: Session, qtbot: Any) -> Iterator[ClipsPage]:
    made = ClipsPage(session)
    made.resize(1004, 560)
    made.show()
    qtbot.waitUntil(lambda: made.stack.currentWidget() is made.empty, timeout=20_000)
    yield made
    made.hide()
    made.deleteLater()


def names(page: ClipsPage) -> list[str]:
    return sorted(clip.name for clip in page.model.clips)


def test_dropped_sounds_become_clips_in_one_step(
    page: ClipsPage, session: Session, tone: Sound, tmp_path: Path, qtbot: Any
) -> None:
    recipe = Recipe(family="oneshot", model="ab" * 16, request=Request(seed=3), edits=({"do": "reverse"},))
    folder = tmp_path / "kit"
    folder.mkdir()
    audio.write(folder / "kick.wav", tone, recipe=recipe.to_json())
    audio.write(folder / "snare.wav", tone)
    (folder / "torn.wav").write_bytes(b"RIFF")
    (folder / "notes.txt").write_text("hello")
    (folder / "round").symlink_to(folder)
    problems: list[Problem] = []
    session.problem.connect(problems.append)
    assert drop_on(page, urls(folder), QPoint(40, 40))
    qtbot.waitUntil(lambda: names(page) == ["kick", "snare"], timeout=20_000)
    assert "1 of 3" in problems[0].sentence and "torn.wav" in problems[0].hint
    kick = next(clip for clip in page.model.clips if clip.name == "kick")
    assert kick.recipe == recipe and kick.edits == () and session.project is not None
    assert np.allclose(session.project.clip_sound(kick.id).samples, tone.samples, atol=2**-22)
    session.undo.undo()
    qtbot.waitUntil(lambda: names(page) == [], timeout=20_000)
    session.undo.redo()
    qtbot.waitUntil(lambda: names(page) == ["kick", "snare"], timeout=20_000)
    qtbot.waitUntil(lambda: not session.desk.busy, timeout=20_000)


def done(page: ClipsPage) -> list[str]:
    """The steps of the clip that is open."""
    return [step["do"] for step in page.list.current.edits] if page.list.current is not None else []


def test_a_sound_dropped_on_the_open_clip_is_brought_into_it(
    page: ClipsPage, session: Session, tone: Sound, tmp_path: Path, qtbot: Any
) -> None:
    assert session.project is not None
    kept = session.project.keep(tone, None, "Under")
    session.clipsChanged.emit()
    qtbot.waitUntil(lambda: page.editor.opened is not None, timeout=20_000)
    audio.write(tmp_path / "over.wav", tone)
    wave = page.editor.view.wave
    at = wave.mapTo(page, QPoint(wave.width() // 2, 10))
    for words, step in (("Insert", "insert"), ("Mix", "mix"), ("Append", "splice")):
        assert drop_on(page, urls(tmp_path / "over.wav"), at)
        menu = next(menu for menu in page.findChildren(QMenu) if menu.isVisible())
        assert "Put it in place" not in " ".join(action.text() for action in menu.actions())
        next(action for action in menu.actions() if action.text().startswith(words)).trigger()
        menu.close()
        qtbot.waitUntil(lambda: done(page)[-1:] == [step], timeout=20_000)  # noqa: B023
        qtbot.waitUntil(lambda: not session.desk.busy, timeout=20_000)
    (clip,) = page.model.clips
    assert clip.id == kept.id and clip.edits[0]["at"] == pytest.approx(tone.seconds / 2, abs=0.02 * tone.seconds)
    assert drop_on(page, urls(tmp_path / "over.wav"), at)
    menu = next(menu for menu in page.findChildren(QMenu) if menu.isVisible())
    next(action for action in menu.actions() if action.text().startswith("Keep")).trigger()
    menu.close()
    qtbot.waitUntil(lambda: names(page) == ["Under", "over"], timeout=20_000)
    qtbot.waitUntil(lambda: not session.desk.busy, timeout=20_000)


def test_a_collection_is_no_clip(
    page: ClipsPage, session: Session, tone: Sound, tmp_path: Path, qtbot: Any, monkeypatch: Any, problems: list[Problem]
) -> None:
    monkeypatch.setattr(clips_drop, "MOST", 2)
    many = _made(tmp_path / "many")
    for number in range(3):
        audio.write(many / f"{number}.wav", tone)
    assert drop_on(page, urls(many), QPoint(40, 40))
    qtbot.waitUntil(lambda: bool(problems), timeout=20_000)
    assert "more than 2" in problems[0].sentence and names(page) == []
    assert drop_on(page, urls(_made(tmp_path / "none")), QPoint(40, 40))
    qtbot.waitUntil(lambda: len(problems) == 2, timeout=20_000)
    assert "no sound" in problems[1].sentence


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_projects_and_rubbish_are_left_to_the_window(page: ClipsPage, tmp_path: Path) -> None:
    ProjectFolder.create(tmp_path / "Other").close()
    assert not drop_on(page, urls(tmp_path / "Other"), QPoint(40, 40))
    assert not drop_on(page, text("hello"), QPoint(40, 40))
