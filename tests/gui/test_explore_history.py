"""Explore's history on the real page with a tiny model: what undo, redo, jumps and a restart come back to, and its tab."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication

from studio.audio import files as audio
from studio.errors import DiskFull
from studio.explore.history import POINTS, History, pack
from studio.gui import files, theme
from studio.gui.pages import explore_keeper
from studio.gui.pages.explore import ExplorePage
from studio.gui.pages.explore_history import HistoryTab
from studio.gui.pages.explore_space import with_latent
from studio.gui.pages.explore_tree import HEIGHT, WIDTH, HistoryTree
from studio.gui.session import Current, Problem, Session
from studio.project import atomic
from studio.project.recipe import Recipe, Request
from studio.training.run import RunFolder
from tests.gui.dropping import drop_on, urls
from tests.gui.exploring import LEFT, same, save_model, waits


def request_at(page: ExplorePage, seed: int) -> Request:
    """A place of its own for every seed, a little off a sound."""
    space = page._space
    assert space is not None
    row = space.latents[seed % len(space.latents)]
    return with_latent(Request(seed=seed), row + np.random.default_rng(seed).normal(0, 0.1, len(row)))


def move(page: ExplorePage, seed: int) -> Request:
    standing = page.standing
    standing.begin(f"Move {seed}")
    standing.go(request_at(page, seed))
    standing.commit()
    assert standing.request is not None
    return standing.request


def here(page: ExplorePage) -> bool:
    """The tree's current node is where one stands."""
    current, standing = page.standing.history.current, page.standing
    return current is not None and current.request == standing.request and current.model == standing.of


class Stack:
    """An undo stack as a list, with the limit of the session's."""

    def __init__(self, start: int) -> None:
        self.steps: list[tuple[int, int]] = []
        self.done, self.at = 0, start

    def push(self, to: int) -> None:
        del self.steps[self.done :]
        self.steps.append((self.at, to))
        self.steps = self.steps[-500:]
        self.done, self.at = len(self.steps), to

    def undo(self) -> None:
        if self.done:
            self.done -= 1
            self.at = self.steps[self.done][0]

    def redo(self) -> None:
        if self.done < len(self.steps):
            self.at = self.steps[self.done][1]
            self.done += 1


@pytest.mark.parametrize("seed", range(2))
def test_a_thousand_moves_undos_redos_and_jumps_stand_where_the_tree_stands(page: ExplorePage, qtbot: Any, seed: int) -> None:
    dice, standing, undo = random.Random(seed), page.standing, page._session.undo
    assert here(page) and len(standing.history) == 1 and standing.history.current is not None
    plain = Stack(standing.history.current.id)
    requests = {plain.at: standing.request}
    for number in range(1000):
        action = dice.choice(("move", "move", "undo", "undo", "redo", "jump", "open", "half"))
        if action == "move":
            move(page, number)
        elif action == "half":  # a move that is not finished when the next thing is asked
            standing.begin("Change")
            standing.go(request_at(page, number), settle=True)
            standing.rest() if dice.random() < 0.5 else undo.asked.emit()
        elif action == "undo":
            undo.undo()
            plain.undo()
        elif action == "redo":
            undo.redo()
            plain.redo()
        elif action == "jump":
            to = dice.choice(list(standing.history.nodes))
            standing.jump(to)
            if to != plain.at:
                plain.push(to)
        elif action == "open":
            assert page._model is not None
            page.receive(Recipe(model=page._model.model, request=request_at(page, number)))
        assert here(page) and standing.history.current is not None
        now = standing.history.current.id
        if action in ("move", "half", "open"):
            assert now not in requests
            requests[now] = standing.request
            assert standing.history.current.parent == plain.at
            plain.push(now)
        assert now == plain.at and standing.request == requests[now], (number, action)
        if number % 100 == 0:
            QApplication.processEvents()
    waits(qtbot, page)()
    assert page.standing.shown is not None and page.standing.shown.request == requests[plain.at]
    assert len(standing.history) == len(requests) and undo.count() == len(plain.steps) and undo.index() == plain.done


def test_the_bound_never_leaves_undo_without_its_place(page: ExplorePage) -> None:
    standing, undo, dice = page.standing, page._session.undo, random.Random(3)
    standing.history._most = 6
    states = [standing.request]
    for number in range(60):
        if dice.random() < 0.6:
            move(page, number)
        else:
            standing.jump(dice.choice(list(standing.history.nodes)))
        if undo.count() == len(states):
            states.append(standing.request)
        assert here(page) and len(standing.history) <= 6
    while undo.canUndo():
        assert standing.request == states[undo.index()]
        undo.undo()
        assert here(page) and len(standing.history) <= 6
    while undo.canRedo():
        undo.redo()
        assert standing.request == states[undo.index()] and here(page)


def test_undo_takes_back_a_move_that_had_no_end_yet(page: ExplorePage, qtbot: Any) -> None:
    first = page.standing.request
    second = move(page, 1)
    page.standing.begin("Change seconds")
    page.standing.go(msgspec.structs.replace(second, seconds=0.3), settle=True)
    page._session.undo.undo()
    assert page.standing.request == second and len(page.standing.history) == 3
    page._session.undo.undo()
    assert page.standing.request == first
    page._session.undo.redo()
    page._session.undo.redo()
    assert page.standing.request is not None and page.standing.request.seconds == 0.3
    waits(qtbot, page)()


def test_another_kind_of_move_is_another_step(page: ExplorePage, qtbot: Any) -> None:
    page._number_moved("seconds", 0.3)
    page._number_moved("seconds", 0.4)
    page._number_moved("seed", 9)
    move(page, 1)
    assert [n.what for n in page.standing.history.path()] == ["Start", "Change “Length”", "Change “Seed”", "Move 1"]
    waits(qtbot, page)()


def test_random_and_undo_at_once_leave_tree_and_sound_together(page: ExplorePage, qtbot: Any) -> None:
    move(page, 1)
    page.view.panel.axes[0].lock.setChecked(True)
    assert page._space is not None and page.standing.request is not None
    held = page._space.coordinates(page.standing.request)[0]
    for _ in range(3):  # faster than they come
        page.draw()
    qtbot.waitUntil(lambda: not page._session.engine.runner.busy, timeout=20_000)
    waits(qtbot, page)()
    drawn = page.standing.history.current
    assert drawn is not None and drawn.what == "Random" and here(page)
    assert page._space.coordinates(drawn.request)[0] == pytest.approx(held, abs=1e-4)
    page.draw()
    page._session.undo.undo()
    qtbot.waitUntil(lambda: not page._session.engine.runner.busy, timeout=20_000)
    waits(qtbot, page)()
    assert here(page) and page.standing.history.current is not None and page.standing.history.current.id != drawn.id


def test_keeping_and_moving_are_taken_back_in_order(page: ExplorePage, qtbot: Any) -> None:
    session = page._session
    moved = move(page, 1)
    waits(qtbot, page)()
    with qtbot.waitSignal(session.clipsChanged, timeout=10_000):
        page._keep()
    assert session.project is not None
    session.undo.undo()
    assert session.project.clips() == [] and page.standing.request == moved
    session.undo.undo()
    assert page.standing.request != moved and here(page)
    waits(qtbot, page)()


def test_every_node_gets_the_outline_of_its_sound(page: ExplorePage, qtbot: Any) -> None:
    for seed in range(3):
        move(page, seed)
        waits(qtbot, page)()
    outlines = [node.outline for node in page.standing.history.nodes.values()]
    assert all(len(outline) == 3 * POINTS for outline in outlines) and len(set(outlines)) == 4


# ---- over a restart


def again(page: ExplorePage, qtbot: Any) -> None:
    """The project is closed and opened again."""
    session = page._session
    assert session.project is not None
    root = session.project.root
    session.close()
    assert session.project is None and page.standing.request is None and len(page.standing.history) == 0
    assert session.open(root)
    qtbot.waitUntil(lambda: page._space is not None and page.standing.shown is not None, timeout=60_000)
    waits(qtbot, page)()


def test_a_new_window_stands_where_the_last_one_stood(
    bare_session: Session, trained_once: Path, tmp_path: Path, qtbot: Any, problems: list[Problem]
) -> None:
    root = Path(shutil.copytree(trained_once, tmp_path / "My drums"))
    stood: list[Request | None] = []
    sounds: list[np.ndarray] = []
    for day in range(3):
        assert bare_session.open(root)
        made = ExplorePage(bare_session)
        made.resize(1036, 580)
        made.show()
        qtbot.waitUntil(lambda made=made: made._space is not None and made.standing.shown is not None, timeout=60_000)
        waits(qtbot, made)()
        assert made.standing.shown is not None and len(made.standing.history) == day + 1
        assert day == 0 or (made.standing.request == stood[-1] and here(made))
        assert day == 0 or np.allclose(made.standing.shown.sound.samples, sounds[-1], atol=1e-3)
        stood.append(move(made, day))
        waits(qtbot, made)()
        sounds.append(made.standing.shown.sound.samples)
        made.hide()
        bare_session.close()
        made.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert problems == []


def test_a_restart_stands_where_one_stood(page: ExplorePage, qtbot: Any, heard: list[Current]) -> None:
    move(page, 1)
    branch = page.standing.history.current
    page._session.undo.undo()
    before = move(page, 2)
    waits(qtbot, page)()
    page.standing.begin("Change seconds")
    page.standing.go(msgspec.structs.replace(before, seconds=0.31), settle=True)  # not finished when the project is closed
    waits(qtbot, page)()
    stood, shown, tree = page.standing.request, page.standing.shown, page.standing.history
    again(page, qtbot)
    made = page
    assert made.standing.request == stood and here(made) and shown is not None and made.standing.shown is not None
    assert np.array_equal(made.standing.shown.sound.samples, shown.sound.samples)
    assert made.standing.history == tree and branch is not None and branch.id in made.standing.history.nodes
    assert [n.what for n in made.standing.history.path()] == ["Start", "Move 2", "Change seconds"]
    assert not made._session.playing and heard[-1].recipe == made.standing.shown.recipe
    assert made.view.map.cursor_place is not None and not made.standing.untouched
    assert made._session.undo.undoText() == "Change seconds"
    made._session.undo.undo()
    assert made.standing.request == before and here(made)
    waits(qtbot, made)()
    count = len(heard)
    again(page, qtbot)  # what was taken back can be made again on the day after, too
    assert made.standing.request == before and here(made) and made._session.undo.redoText() == "Change seconds"
    assert made.standing.shown is not None
    assert all(current.sound is made.standing.shown.sound for current in heard[count:]) and not made._session.playing
    assert page._space is not None and heard[-1].name.split()[0] in page._space.names  # the space came after the sound
    made._session.undo.redo()
    assert made.standing.request == stood and not made._session.undo.canRedo()
    for _ in range(2):
        made._session.undo.undo()
    assert not made._session.undo.canUndo() and made.standing.history.current == tree.path()[0]
    waits(qtbot, made)()


def test_it_is_written_soon_and_not_by_the_window(page: ExplorePage, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    write = atomic.write_bytes

    def watched(path: Path, data: bytes) -> Path:
        threads.append(threading.get_ident())
        return write(path, data)

    monkeypatch.setattr(atomic, "write_bytes", watched)
    assert page._session.project is not None
    path = page._session.project.history_path
    page.standing._keeper._pause.setInterval(50)
    for seed in range(5):
        move(page, seed)
    qtbot.waitUntil(lambda: path.is_file() and len(explore_keeper.read(path)) == 6, timeout=10_000)
    waits(qtbot, page)()
    assert threads and threading.get_ident() not in threads
    move(page, 9)
    page.hide()
    qtbot.waitUntil(lambda: explore_keeper.read(path) == page.standing.history, timeout=10_000)
    assert threading.get_ident() not in threads
    waits(qtbot, page)()
    move(page, 10)
    page._session.close()
    assert len(explore_keeper.read(path)) == 8


def test_a_full_disk_costs_the_history_and_is_said_once(
    page: ExplorePage, qtbot: Any, problems: list[Problem], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = atomic.write_bytes

    def full(path: Path, data: bytes) -> Path:
        raise DiskFull(name=path.name)

    monkeypatch.setattr(atomic, "write_bytes", full)
    page.standing._keeper._pause.setInterval(20)
    for seed in range(4):
        wanted = move(page, seed)
        qtbot.wait(60)
    qtbot.waitUntil(lambda: problems != [], timeout=10_000)
    waits(qtbot, page)()
    assert len(problems) == 1 and "history" in problems[0].sentence and "disk" in problems[0].sentence
    assert page.standing.request == wanted and here(page)
    problems.clear()
    monkeypatch.setattr(atomic, "write_bytes", write)  # there is room again
    move(page, 7)
    assert page._session.project is not None
    path = page._session.project.history_path
    qtbot.waitUntil(lambda: path.is_file() and explore_keeper.read(path) == page.standing.history, timeout=10_000)
    waits(qtbot, page)()


@pytest.mark.parametrize("damage", [b"", b"{", b'{"kind": "history", "format": 1, "nodes": 3}', b"x" * 1000])
def test_a_damaged_history_is_put_aside(page: ExplorePage, qtbot: Any, problems: list[Problem], damage: bytes) -> None:
    session = page._session
    assert session.project is not None
    path, backup = session.project.history_path, session.project.backup
    page.hide()
    session.close()
    path.write_bytes(damage)
    page.show()
    assert session.open(path.parent)
    qtbot.waitUntil(lambda: page._space is not None and page.standing.shown is not None, timeout=60_000)
    waits(qtbot, page)()
    assert len(problems) == 1 and "damaged" in problems[0].sentence
    problems.clear()
    assert (backup / "history.json").read_bytes() == damage and here(page) and len(page.standing.history) == 1


def test_damaged_places_are_told_and_the_rest_is_there(page: ExplorePage, qtbot: Any) -> None:
    session = page._session
    told: list[str] = []
    session.told.connect(told.append)
    for seed in range(3):
        move(page, seed)
    waits(qtbot, page)()
    stood = page.standing.request
    assert session.project is not None
    path = session.project.history_path
    session.close()
    content = msgspec.json.decode(path.read_bytes())
    content["nodes"][1]["latent"] = "!"
    path.write_bytes(msgspec.json.encode(content))
    assert session.open(path.parent)
    qtbot.waitUntil(lambda: page._space is not None and page.standing.shown is not None, timeout=60_000)
    waits(qtbot, page)()
    assert page.standing.request == stood and len(page.standing.history) == 3 and here(page)
    assert any("1 places" in text for text in told)


def test_a_newer_history_is_never_written_over(page: ExplorePage, qtbot: Any, problems: list[Problem]) -> None:
    session = page._session
    assert session.project is not None
    path, data = session.project.history_path, b'{"kind": "history", "format": 99, "nodes": []}'
    session.close()
    path.write_bytes(data)
    assert session.open(path.parent)
    qtbot.waitUntil(lambda: page._space is not None and page.standing.shown is not None, timeout=60_000)
    assert len(problems) == 1 and "newer" in problems[0].sentence
    problems.clear()
    move(page, 1)
    waits(qtbot, page)()
    session.close()
    assert path.read_bytes() == data


# ---- other models


def second_model(page: ExplorePage, qtbot: Any) -> Path:
    """Another moment of the same run, opened by the picker."""
    assert page._model is not None
    newest = save_model(RunFolder(page._model.folder.parent.parent), 20, seed=1, minutes=2.0)
    page._look()
    page.view.picker.chosen.emit(newest)
    opened(page, qtbot, newest)
    return newest


def opened(page: ExplorePage, qtbot: Any, folder: Path) -> None:
    def ready() -> bool:
        facts, space = page._model, page._space
        return facts is not None and facts.folder == folder and space is not None and space.model == facts.model

    qtbot.waitUntil(ready, timeout=30_000)
    waits(qtbot, page)()
    qtbot.waitUntil(lambda: here(page), timeout=5000)


def test_undo_goes_back_through_another_model_exactly(page: ExplorePage, qtbot: Any) -> None:
    assert page._model is not None
    first_folder = page._model.folder
    move(page, 1)
    waits(qtbot, page)()
    first = page.standing.shown
    newest = second_model(page, qtbot)
    tree = page.standing.history
    assert [n.what for n in tree.path()] == ["Start", "Move 1", "Open “Drums 1”"] and page._session.undo.count() == 2
    second = page.standing.shown
    page._session.undo.undo()
    assert tree.current is not None and tree.current.what == "Move 1"  # at once, while its model is being opened
    opened(page, qtbot, first_folder)
    assert first is not None and second is not None and page.standing.shown is not None
    assert page.standing.shown.request == first.request
    assert np.array_equal(page.standing.shown.sound.samples, first.sound.samples)
    page._session.undo.redo()
    opened(page, qtbot, newest)
    assert same(page.standing.shown.sound, second.sound) and page.standing.request == second.request
    page._session.undo.undo()
    page._session.undo.undo()  # faster than a model opens
    page._session.undo.redo()
    opened(page, qtbot, first_folder)
    assert page.standing.request == first.request and len(tree) == 3


def test_moving_while_a_model_opens_goes_on_from_what_is_heard(page: ExplorePage, qtbot: Any) -> None:
    assert page._model is not None
    first = page._model.folder
    newest = second_model(page, qtbot)
    stood = page.standing.history.current
    page._session.undo.undo()  # the first model is being opened
    page.standing.begin("Move")
    current = page.standing.history.current
    assert current is not None and stood is not None and current.id == stood.id
    page.standing.commit()
    opened(page, qtbot, first)
    assert page.standing.history.current is not None and page._model.folder == first != newest


def test_a_place_of_a_model_that_is_gone_says_so_and_leaves_everything(page: ExplorePage, qtbot: Any) -> None:
    assert page._model is not None
    first = page._model.folder
    second_model(page, qtbot)
    moved = move(page, 5)
    waits(qtbot, page)()
    shutil.rmtree(first)
    root = page.standing.history.path()[0]
    with qtbot.waitSignal(page._session.told) as told:
        page.standing.jump(root.id)
    assert "not in this project" in told.args[0] and page.standing.request == moved and here(page)
    again(page, qtbot)
    assert page.standing.request == moved and len(page.standing.history) == 3


def test_a_restart_without_the_model_keeps_the_tree(page: ExplorePage, qtbot: Any) -> None:
    second = second_model(page, qtbot)
    move(page, 5)
    waits(qtbot, page)()
    page._session.close()
    shutil.rmtree(second)
    assert page._session.open(second.parents[3])
    qtbot.waitUntil(lambda: page._space is not None and page.standing.shown is not None, timeout=60_000)
    waits(qtbot, page)()
    qtbot.waitUntil(lambda: here(page), timeout=5000)
    tree = page.standing.history
    assert len(tree) == 4 and tree.current is not None and tree.current.parent is None and page._session.undo.count() == 0


def test_a_broken_model_on_the_way_back_leaves_one_where_one_is(page: ExplorePage, qtbot: Any, problems: list[Problem]) -> None:
    assert page._model is not None
    first = page._model.folder
    second_model(page, qtbot)
    stood = page.standing.history.current
    weights = first / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    page._session.undo.undo()
    qtbot.waitUntil(lambda: problems != [], timeout=20_000)
    qtbot.waitUntil(lambda: page.model.opening is None, timeout=5000)
    problems.clear()
    assert here(page) and page.standing.history.current == stood
    move(page, 3)
    waits(qtbot, page)()
    assert page.standing.shown is not None and page.standing.shown.request == page.standing.request


def test_clearing_is_taken_back_by_undo(page: ExplorePage, qtbot: Any) -> None:
    for seed in range(3):
        move(page, seed)
    before = page.standing.history
    page.view.tabs.show_tab("history")
    qtbot.mouseClick(page.view.history.clear, LEFT)
    assert len(page.standing.history) == 1 and here(page) and not page.view.history.clear.isEnabled()
    move(page, 7)
    page._session.undo.undo()
    page._session.undo.undo()
    assert page.standing.history is before and len(before) == 4 and page.view.history.tree.history is before
    page._session.undo.undo()
    assert here(page) and page.standing.request == before.nodes[3].request
    for _ in range(3):
        page._session.undo.redo()
    assert len(page.standing.history) == 2 and here(page)
    waits(qtbot, page)()


# ---- the way in from a file


@pytest.fixture
def drop(page: ExplorePage) -> Callable[..., None]:
    def dropped(path: Path, shift: bool = False) -> None:
        keys = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
        assert drop_on(page, urls(path), QPoint(300, 200), keys)

    return dropped


def test_an_exported_wav_opens_its_very_sound(page: ExplorePage, qtbot: Any, drop: Any) -> None:
    move(page, 4)
    waits(qtbot, page)()
    told: list[str] = []
    first = page.standing.shown
    assert first is not None
    path = files.finished(files.exports(page._session), page.standing.current)  # type: ignore[arg-type]
    move(page, 8)
    waits(qtbot, page)()
    page._session.told.connect(told.append)
    drop(path)
    assert page.standing.request == first.request and here(page)
    waits(qtbot, page)()
    assert page.standing.shown is not None and np.array_equal(page.standing.shown.sound.samples, first.sound.samples)
    assert path.name in told[0] and "Shift" in told[0] and page._session.undo.count() == 3
    drop(path, shift=True)
    qtbot.waitUntil(lambda: page._session.undo.count() == 4, timeout=20_000)
    waits(qtbot, page)()
    assert page.standing.request != first.request and path.name in page.view.said._text
    page.take(path)  # chosen in the dialog
    assert page.standing.request == first.request
    waits(qtbot, page)()


def test_a_file_of_a_model_that_is_gone_is_taken_as_any_sound(page: ExplorePage, qtbot: Any, drop: Any, tmp_path: Path) -> None:
    first = page.standing.shown
    assert first is not None
    stranger = msgspec.structs.replace(first.recipe, model="0" * 64).to_json()
    audio.write(tmp_path / "stranger.wav", first.sound, recipe=stranger)
    audio.write(tmp_path / "damaged.wav", first.sound, recipe=stranger[:40])
    with qtbot.waitSignal(page._session.told) as told:
        drop(tmp_path / "stranger.wav")
    assert "not in this project" in told.args[0]
    qtbot.waitUntil(lambda: page._session.undo.count() == 1, timeout=20_000)
    waits(qtbot, page)()
    assert "stranger.wav" in page.view.said._text
    drop(tmp_path / "damaged.wav")
    qtbot.waitUntil(lambda: "damaged.wav" in page.view.said._text, timeout=20_000)
    waits(qtbot, page)()


def test_a_recipe_of_an_earlier_moment_opens_that_moment(page: ExplorePage, qtbot: Any, drop: Any) -> None:
    assert page._model is not None
    folder, first = page._model.folder, page.standing.shown
    path = files.finished(files.exports(page._session), page.standing.current)  # type: ignore[arg-type]
    second_model(page, qtbot)
    drop(path)
    opened(page, qtbot, folder)
    assert first is not None and page.standing.shown is not None
    assert np.array_equal(page.standing.shown.sound.samples, first.sound.samples)
    assert [n.what for n in page.standing.history.path()] == ["Start", "Open “Drums 1”", "Open a recipe"]


# ---- the tab


def grown(count: int, seed: int = 0, chance: float = 0.15) -> History:
    """A tree as after much exploring."""
    dice, history = random.Random(seed), History()
    moves = ("Move “brighter ↔ darker”", "Random", "Take a candidate", "Move on the map", "Start from a sound")
    wave = np.abs(np.sin(np.arange(POINTS) / 3)) * np.exp(-np.arange(POINTS) / 30)
    for number in range(count):
        if number and dice.random() < chance:
            history.jump(dice.choice(list(history.nodes)[-40:]))
        classes = {dice.choice(("hat", "kick", "snare")): 1.0}
        node = history.add(Request(seed=number, classes=classes), dice.choice(moves) if number else "Start", time.time(), "m")
        shape = wave * np.random.default_rng(number).uniform(0.3, 1, POINTS)
        history.outline(node.id, pack(-shape, shape, shape / 2))
    return history


@pytest.fixture
def tree(dressed: Any, qtbot: Any) -> HistoryTree:
    made = HistoryTree()
    qtbot.addWidget(made)
    made.resize(600, 140)
    made.show()
    return made


def test_a_click_goes_there_and_plays(page: ExplorePage, qtbot: Any, heard: list[Current]) -> None:
    for seed in range(3):
        move(page, seed)
        waits(qtbot, page)()
    page.view.tabs.show_tab("history")
    tree, count = page.view.history.tree, page._session.undo.count()
    assert tree.history is page.standing.history and page._space is not None
    tree.viewport().grab()
    for id, label in tree._labels.items():  # also of places whose request names none
        weights = page._space.weights(tree.history.nodes[id].request)
        assert page._space.names[label] == max(weights, key=lambda name: weights[name])
    assert len(tree._labels) == 4
    qtbot.mouseClick(tree.viewport(), LEFT, pos=tree.rect_of(2).center().toPoint())
    waits(qtbot, page)()
    assert here(page) and page.standing.history.current is not None and page.standing.history.current.id == 2
    assert heard[-1].recipe is not None and heard[-1].recipe.request == page.standing.request
    assert page._session.undo.count() == count + 1
    page._session.undo.undo()
    assert page.standing.history.current.id == 4
    sounds = len(heard)
    qtbot.mouseClick(tree.viewport(), LEFT, pos=tree.rect_of(4).center().toPoint())  # where one is: heard again, no step
    waits(qtbot, page)()
    qtbot.waitUntil(lambda: len(heard) > sounds)
    assert page._session.undo.count() == count + 1


def test_keys_walk_the_tree_and_return_goes_there(page: ExplorePage, qtbot: Any) -> None:
    move(page, 1)
    move(page, 2)
    page._session.undo.undo()
    move(page, 3)
    page.view.tabs.show_tab("history")
    tree = page.view.history.tree
    walked = []
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Right):
        qtbot.keyClick(page, key)  # the page asks the tab that is shown
        walked.append(tree.cursor_node)
    assert walked == [3, 4, 2, 1, 1, 2] and page.standing.history.current is not None
    assert page.standing.history.current.id == 4
    qtbot.keyClick(tree, Qt.Key.Key_Return)
    assert page.standing.history.current.id == 2 and here(page)
    qtbot.keyClick(page, Qt.Key.Key_X)
    waits(qtbot, page)()


def test_it_says_what_and_when(tree: HistoryTree) -> None:
    history = History()
    node = history.add(Request(), "Random", time.mktime((2026, 1, 2, 14, 5, 0, 0, 0, -1)), "m")
    tree.show_history(history, "m")
    assert tree.words(node) == "Random · 2 Jan 14:05"
    assert tree.words(history.add(Request(), "", 0, "n")).endswith("another model")
    today = history.add(Request(), "Move “brighter”", time.time(), "m")
    assert tree.words(today) == f"Move “brighter” · {time.strftime('%H:%M')}"


def test_hovering_shows_the_words_over_the_tree(tree: HistoryTree, qtbot: Any) -> None:
    tree.show_history(grown(6), "m", ("hat", "kick", "snare"))
    QApplication.processEvents()
    before = tree.viewport().grab().toImage()
    at = tree.rect_of(3).center().toPoint()
    qtbot.mouseMove(tree.viewport(), at)
    assert tree._hot == 3 and tree.viewport().cursor().shape() == Qt.CursorShape.PointingHandCursor
    assert tree.viewport().grab().toImage() != before
    QApplication.sendEvent(tree.viewport(), QEvent(QEvent.Type.Leave))
    assert tree._hot is None and tree.viewport().grab().toImage() == before


def test_two_thousand_places_scroll_and_only_what_is_seen_is_painted(tree: HistoryTree, record_property: Any) -> None:
    history = grown(2000)
    start = time.perf_counter()
    tree.show_history(history, "m", ("hat", "kick", "snare"))
    laid = time.perf_counter() - start
    current = history.current
    assert current is not None and tree.viewport().rect().contains(tree.rect_of(current.id).toRect())
    times = []
    bar = tree.horizontalScrollBar()
    for step in range(60):
        bar.setValue(round(bar.maximum() * step / 59))
        start = time.perf_counter()
        tree.viewport().grab()
        times.append(time.perf_counter() - start)
    seen = len([id for id in history.nodes if tree.viewport().rect().intersects(tree.rect_of(id).toRect())])
    assert len(tree._pictures) < 500 and seen < 60
    record_property("layout_ms", round(laid * 1000, 2))
    record_property("paint_ms_median", round(float(np.median(times)) * 1000, 2))
    record_property("paint_ms_most", round(max(times) * 1000, 2))


def test_the_way_is_followed_and_scrolled_to(tree: HistoryTree) -> None:
    history = grown(200, chance=0.05)
    tree.show_history(history, "m")
    history.jump(1)
    tree.show_history(history, "m")
    assert tree.viewport().rect().contains(tree.rect_of(1).toRect()) and tree.cursor_node == 1
    tree.horizontalScrollBar().setValue(tree.horizontalScrollBar().maximum())
    history.outline(1, bytes(3 * POINTS))
    tree.show_history(history, "m")  # an outline that arrives does not pull the view away
    assert tree.horizontalScrollBar().value() == tree.horizontalScrollBar().maximum()


def test_the_wheel_goes_along_the_moves(tree: HistoryTree) -> None:
    history = History()
    for number in range(50):
        history.add(Request(seed=number), "Move", 0, "m")
    tree.show_history(history, "m")
    before = tree.horizontalScrollBar().value()
    wheel = QWheelEvent(
        QPointF(50, 50), QPointF(50, 50), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(tree.viewport(), wheel)
    assert tree.horizontalScrollBar().value() == before - (WIDTH + 16) and tree.viewport().height() > HEIGHT


@pytest.mark.parametrize("look", ["dark", "light"])
def test_it_is_painted_in_both_themes(dressed: QApplication, qtbot: Any, look: str) -> None:
    tab = HistoryTab()
    qtbot.addWidget(tab)
    tab.resize(660, 150)
    theme.apply(dressed, look)
    tab.show_history(History(), "m")
    tab.show()
    empty = tab.grab().toImage()
    tab.show_history(grown(30), "m", ("hat", "kick", "snare"))
    full = tab.grab().toImage()
    assert empty != full and colours(full) > 50 and colours(empty) > 3
    theme.apply(dressed, "dark")


def colours(image: QImage) -> int:
    return len({image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)})


def test_a_session_without_a_model_has_an_empty_history(session: Session, qtbot: Any) -> None:
    made = ExplorePage(session)
    qtbot.addWidget(made)
    made.show()
    assert len(made.standing.history) == 0
    made.standing.jump(3)
    made.standing.forget()
    made.standing.rest()
    assert session.undo.count() == 0 and session.project is not None and not session.project.history_path.exists()


def test_closing_is_said_while_the_project_is_still_there(session: Session) -> None:
    said: list[object] = []

    class Ear(QObject):
        def hear(self) -> None:
            said.append(session.project)

    ear = Ear()
    session.closing.connect(ear.hear)
    project = session.project
    session.close()
    session.close()
    assert said == [project] and project is not None


def test_undo_says_so_first(session: Session) -> None:
    order: list[str] = []

    class Ear(QObject):
        def hear(self) -> None:
            order.append("asked")

    ear = Ear()
    session.undo.asked.connect(ear.hear)
    session.do("A step", partial(order.append, "there"), partial(order.append, "back"))
    session.undo.undo()
    session.undo.redo()
    assert order == ["there", "asked", "back", "asked", "there"]
