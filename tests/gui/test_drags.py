"""Out of the window: what is dragged, shown and copied is a finished file, written once, and the drag is a copy."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QDrag, QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from studio.audio import files as audio
from studio.audio import riff
from studio.audio.sound import Sound
from studio.errors import UnreadableAudio, UsageError
from studio.gui import drags, files
from studio.gui.main_window import MainWindow
from studio.gui.pages.explore import ExplorePage
from studio.gui.session import Current, Problem, Session
from studio.gui.widgets.pull import Pull
from studio.project.recipe import Recipe, Request
from tests.gui.exploring import waits

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def carried(monkeypatch: pytest.MonkeyPatch) -> list[list[Path]]:
    """The files of each drag that began, complete at that moment, and offered as a copy."""
    found: list[list[Path]] = []

    def run(drag: QDrag, action: Qt.DropAction) -> Qt.DropAction:
        assert action == Qt.DropAction.CopyAction and not drag.pixmap().isNull()
        assert QApplication.overrideCursor() is None
        paths = [Path(url.toLocalFile()) for url in drag.mimeData().urls()]
        assert drag.mimeData().text().splitlines() == [str(path) for path in paths]
        assert all(audio.read(path).frames > 0 for path in paths)
        found.append(paths)
        drag.deleteLater()
        return action

    monkeypatch.setattr(QDrag, "exec", run)
    return found


def mouse(widget: QWidget, kind: QEvent.Type, at: QPoint, keys: Qt.KeyboardModifier = NONE, held: bool = True) -> None:
    buttons = LEFT if held else Qt.MouseButton.NoButton
    button = LEFT if kind != QEvent.Type.MouseMove else Qt.MouseButton.NoButton
    QApplication.sendEvent(widget, QMouseEvent(kind, QPointF(at), widget.mapToGlobal(QPointF(at)), button, buttons, keys))


def pull(widget: QWidget, at: QPoint, keys: Qt.KeyboardModifier = NONE) -> None:
    """Press and move, without letting go."""
    mouse(widget, QEvent.Type.MouseButtonPress, at, keys)
    mouse(widget, QEvent.Type.MouseMove, at + QPoint(3, 0), keys)
    mouse(widget, QEvent.Type.MouseMove, at + QPoint(40, 4), keys)


# ---- the file


def test_the_file_is_finished_and_carries_its_recipe(session: Session, tone: Sound, tmp_path: Path) -> None:
    recipe = Recipe(family="oneshot", model="abc", request=Request(seed=9))
    current = Current(tone, 'Kick/1: "loud"?', recipe)
    folder = files.exports(session)
    path = files.finished(folder, current)
    assert session.project is not None and path.parent == folder == session.project.exports and path.suffix == ".wav"
    assert json.loads(riff.embedded_recipe(path) or b"")["request"]["seed"] == 9
    assert np.abs(audio.read(path).samples - tone.samples).max() < 2**-22
    assert files.finished(folder, Current(tone, "again", path=path)) == path
    session.change(exports=str(tmp_path / "For the band"))
    other = files.finished(files.exports(session), current)
    assert other == tmp_path / "For the band" / path.name
    session.close()
    session.change(exports="")
    with pytest.raises(UsageError):
        files.finished(files.exports(session), current)


def test_a_folder_that_can_not_be_is_a_sentence(tone: Sound, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(audio.UnwritableAudio, match="taken"):
        files.finished(tmp_path / "taken", Current(tone, "A"))


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.booleans()), max_size=12))
def test_the_same_sound_of_the_same_name_is_written_once(wanted: list[tuple[str, int, bool]], tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("exports")
    theirs = folder / "a.wav"
    theirs.write_bytes(b"not ours")
    found: dict[tuple[str, int, bool], Path] = {}
    for name, seed, told in wanted:
        sound = Sound(np.full((1, 5 + seed), seed / 8, np.float32), 44_100)
        path = files.finished(folder, Current(sound, name, Recipe(family="x") if told else None))
        assert found.setdefault((name, seed, told), path) == path
        assert np.array_equal(audio.read(path).samples, sound.samples)
    assert len(set(found.values())) == len(found) == len(list(folder.iterdir())) - 1
    assert theirs.read_bytes() == b"not ours"


def test_a_file_that_was_changed_is_another_one(tone: Sound, tmp_path: Path) -> None:
    first = files.finished(tmp_path, Current(tone, "A"))
    with first.open("ab") as file:
        file.write(b"junk")
    second = files.finished(tmp_path, Current(tone, "A"))
    assert second.name == "A 2.wav" and files.finished(tmp_path, Current(tone, "A")) == second


# ---- the drag


def test_the_transport_drags_once_the_file_is_there(
    window: MainWindow, session: Session, tone: Sound, carried: list[list[Path]], qtbot: Any
) -> None:
    handle = window.transport._drag
    session.set_current(Current(tone, "Soft kick", Recipe(request=Request(seed=5))))
    mouse(handle, QEvent.Type.MouseButtonPress, QPoint(5, 5))
    mouse(handle, QEvent.Type.MouseMove, QPoint(8, 5))
    assert session.drags._pulled is None  # not far enough
    mouse(handle, QEvent.Type.MouseMove, QPoint(60, 5))
    qtbot.waitUntil(lambda: bool(carried), timeout=20_000)
    (path,) = carried[0]
    assert session.project is not None and path == session.project.exports / "Soft kick.wav"
    pull(handle, QPoint(5, 5))
    qtbot.waitUntil(lambda: len(carried) == 2, timeout=20_000)
    assert carried[1] == carried[0] and len(list(session.project.exports.iterdir())) == 1


def test_the_pointer_waits_for_a_slow_sound_and_a_hand_that_lets_go_drags_nothing(
    window: MainWindow, session: Session, tone: Sound, carried: list[list[Path]], qtbot: Any
) -> None:
    told: list[str] = []
    session.told.connect(told.append)
    go = threading.Event()

    def slow() -> Current:
        assert go.wait(20)
        return Current(tone, "Slow")

    session.drags.carry(window, [slow])
    qtbot.wait(20)
    assert QApplication.overrideCursor().shape() == Qt.CursorShape.BusyCursor and not carried
    assert session.project is not None and not list(session.project.exports.iterdir())
    mouse(window, QEvent.Type.MouseButtonRelease, QPoint(5, 5), held=False)
    assert QApplication.overrideCursor() is None
    go.set()
    qtbot.waitUntil(lambda: bool(told), timeout=20_000)
    assert not carried and "drag it once more" in told[0]
    assert [path.name for path in session.project.exports.iterdir()] == ["Slow.wav"]
    session.drags.carry(window, [lambda: Current(tone, "Slow")])
    qtbot.waitUntil(lambda: bool(carried), timeout=20_000)


def test_what_can_not_be_written_is_said_and_the_others_go(
    window: MainWindow, session: Session, tone: Sound, carried: list[list[Path]], qtbot: Any, problems: list[Problem]
) -> None:
    def broken() -> Current:
        raise UnreadableAudio(name="Snare.wav", reason="its content is damaged")

    session.drags.carry(window, [lambda: Current(tone, "A"), broken, lambda: Current(tone, "B")])
    qtbot.waitUntil(lambda: bool(carried), timeout=20_000)
    assert [path.name for path in carried[0]] == ["A.wav", "B.wav"] and "Snare.wav" in problems[0].sentence
    session.drags.carry(window, [broken])
    qtbot.waitUntil(lambda: len(problems) == 2, timeout=20_000)
    qtbot.waitUntil(lambda: QApplication.overrideCursor() is None, timeout=20_000)
    assert len(carried) == 1
    session.drags.carry(window, drags.as_they_are([Path("/nowhere/gone.wav")]))
    qtbot.waitUntil(lambda: len(problems) == 3, timeout=20_000)
    assert "gone.wav" in problems[2].sentence
    session.drags.carry(window, [])
    qtbot.waitUntil(lambda: QApplication.overrideCursor() is None, timeout=20_000)


def test_the_plate_names_one_and_counts_the_others(dressed: QApplication, tone: Sound, tmp_path: Path) -> None:
    from studio.gui.widgets.shape import InMemory

    columns = InMemory(tone).view(0, tone.frames, drags.COLUMNS)
    one = drags.plate([drags.Outbound(tmp_path / "Kick.wav", columns)], 2.0)
    bare = drags.plate([drags.Outbound(tmp_path / "Kick.wav")], 2.0)
    three = drags.plate([drags.Outbound(tmp_path / "Kick.wav", columns)] * 3, 2.0)
    assert one.size() == three.size() and one.devicePixelRatio() == 2
    assert one.toImage() != three.toImage() and one.toImage() != bare.toImage()


def test_a_pull_begins_once_and_only_with_the_left_button_held(dressed: QApplication) -> None:
    def event(kind: QEvent.Type, x: int, button: Qt.MouseButton, held: Qt.MouseButton) -> QMouseEvent:
        return QMouseEvent(kind, QPointF(x, 0), QPointF(x, 0), button, held, NONE)

    hand = Pull()
    assert not hand.begins(event(QEvent.Type.MouseMove, 90, Qt.MouseButton.NoButton, LEFT)) and not hand.release()
    hand.press(event(QEvent.Type.MouseButtonPress, 0, LEFT, LEFT))
    assert not hand.begins(event(QEvent.Type.MouseMove, 90, Qt.MouseButton.NoButton, Qt.MouseButton.NoButton))
    assert hand.begins(event(QEvent.Type.MouseMove, 90, Qt.MouseButton.NoButton, LEFT))
    assert not hand.begins(event(QEvent.Type.MouseMove, 180, Qt.MouseButton.NoButton, LEFT)) and not hand.release()
    hand.press(event(QEvent.Type.MouseButtonPress, 0, LEFT, LEFT))
    assert hand.release() and not hand.release()
    hand.press(event(QEvent.Type.MouseButtonPress, 0, Qt.MouseButton.RightButton, Qt.MouseButton.RightButton))
    assert not hand.release()


# ---- reveal and copy


def test_paths_go_to_the_clipboard_as_text_and_as_files(session: Session, tone: Sound, qtbot: Any) -> None:
    with qtbot.waitSignal(session.told) as told:
        session.drags.copy([lambda: Current(tone, "A"), lambda: Current(tone, "B")])
    data = QGuiApplication.clipboard().mimeData()
    paths = [Path(url.toLocalFile()) for url in data.urls()]
    assert "2" in told.args[0] and [path.name for path in paths] == ["A.wav", "B.wav"]
    assert data.text() == "\n".join(map(str, paths)) and all(path.is_file() for path in paths)


def test_without_a_file_manager_it_is_said_where_the_file_lies(
    session: Session, tone: Sound, qtbot: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, problems: list[Problem]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    session.drags.reveal([lambda: Current(tone, "A")])
    qtbot.waitUntil(lambda: bool(problems), timeout=20_000)
    assert session.project is not None and str(session.project.exports / "A.wav") in problems[0].sentence


@pytest.mark.parametrize(("knows", "shown"), [("thunar.desktop", True), ("", False)])
def test_a_desktop_is_asked_what_shows_folders(
    knows: str, shown: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, qtbot: Any
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, does in (("xdg-mime", f"echo {knows}"), ("xdg-open", f'echo "$1" > {tmp_path}/opened'), ("dbus-send", "exit 1")):
        (programs / name).write_text(f"#!/bin/sh\n{does}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/bin:/usr/bin")
    monkeypatch.setattr("sys.platform", "linux")
    if not shown:
        with pytest.raises(UsageError):
            files.reveal(tmp_path)
        return
    files.reveal(tmp_path)
    qtbot.waitUntil(lambda: (tmp_path / "opened").is_file() and bool((tmp_path / "opened").read_text()), timeout=20_000)
    assert (tmp_path / "opened").read_text().strip() == str(tmp_path)


# ---- out of Explore


@pytest.fixture
def pulls(page: ExplorePage, carried: list[list[Path]], qtbot: Any) -> Callable[..., list[Path]]:
    """Pull at a place of a widget; what was carried."""

    def act(widget: QWidget, at: QPoint, keys: Qt.KeyboardModifier = NONE) -> list[Path]:
        count = len(carried)
        pull(widget, at, keys)
        qtbot.waitUntil(lambda: len(carried) == count + 1, timeout=20_000)
        mouse(widget, QEvent.Type.MouseButtonRelease, at, keys, held=False)
        return carried[-1]

    return act


def test_ctrl_carries_a_dot_or_the_sound_of_the_place_out_of_the_map(page: ExplorePage, pulls: Any, qtbot: Any) -> None:
    here, space = page.view.map, page._space
    before = page.standing.request
    assert space is not None
    dot = here.point(*map(float, space.picture.positions[3])).toPoint()
    clear = QPoint(2, 2)
    mouse(here, QEvent.Type.MouseButtonPress, dot, CTRL)
    mouse(here, QEvent.Type.MouseButtonRelease, dot, CTRL, held=False)
    assert page.standing.request == before  # no click of the map
    here._under = lambda point, places: 3 if places is here._places else None  # type: ignore[method-assign]
    assert pulls(here, dot, CTRL) == [Path(space.paths[3])]
    here._under = lambda point, places: None  # type: ignore[method-assign]
    current = page.standing.current
    (path,) = pulls(here, clear, CTRL)
    assert current is not None and path.stem == current.name and page.standing.request == before
    assert page._session.undo.count() == 0


def test_a_kept_clip_is_carried_from_the_map(page: ExplorePage, pulls: Any, qtbot: Any) -> None:
    page._session.keep(page.standing.current)
    qtbot.waitUntil(lambda: len(page.map.clips) == 1, timeout=20_000)
    here = page.view.map
    (path,) = pulls(here, here.point(*here._clips[0]).toPoint(), CTRL)
    assert path.stem == page.map.clips[0].name
    page._session.undo.undo()


def test_the_nine_are_dragged_one_by_one_or_the_marked_together(page: ExplorePage, pulls: Any, qtbot: Any) -> None:
    page.view.tabs.show_tab("nine")
    cells = page.view.nine.cells
    qtbot.waitUntil(lambda: all(cell.made is not None for cell in cells), timeout=30_000)
    before = page.standing.request
    assert len(pulls(cells[2], QPoint(30, 20))) == 1 and page.standing.request == before  # dragging is not choosing
    for cell in (cells[1], cells[4]):
        cell.set_mark(True)
    assert len(pulls(cells[4], QPoint(30, 20))) == 2
    assert len(pulls(cells[0], QPoint(30, 20))) == 1
    qtbot.mouseClick(cells[5], LEFT, pos=QPoint(30, 20))
    assert page.standing.request != before
    waits(qtbot, page)()


def test_a_place_of_the_history_is_gone_to_and_dragged(page: ExplorePage, pulls: Any, qtbot: Any) -> None:
    first = page.standing.current
    page.draw()
    qtbot.waitUntil(lambda: page._session.undo.count() == 1 and page.standing.settled, timeout=20_000)
    page.view.tabs.show_tab("history")
    tree = page.view.history.tree
    root = min(tree.history.nodes)
    at = tree.rect_of(root).center().toPoint()
    (path,) = pulls(tree.viewport(), at)
    assert first is not None and path.stem == first.name
    assert np.abs(audio.read(path).samples - first.sound.samples).max() <= 2**-23
    waits(qtbot, page)()


def test_a_pin_is_dragged(page: ExplorePage, pulls: Any, qtbot: Any) -> None:
    page.view.tabs.show_tab("pins")
    page.pins.pin("A")
    slot = page.pins.slots["A"]
    qtbot.waitUntil(lambda: slot.made is not None, timeout=20_000)
    assert len(pulls(slot, QPoint(30, 15))) == 1
    qtbot.waitUntil(lambda: not page._session.desk.busy, timeout=20_000)
