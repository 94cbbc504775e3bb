"""The frame: pages, keys, drops, problems, the transport, the first start; and the promise that it paints before torch."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QPushButton, QSlider, QVBoxLayout, QWidget

from studio.audio.sound import Sound
from studio.engine.device import DeviceFacts
from studio.engine.training import RunView
from studio.events import Finished, Produced
from studio.gui import app as composition
from studio.gui import dialogs, files, main_window, theme
from studio.gui.main_window import MainWindow
from studio.gui.session import Current, Problem, Session
from studio.gui.widgets.chips import DeviceChip, TrainingChip
from studio.library.index import Index
from studio.project.folder import ProjectFolder
from studio.project.recipe import Recipe, Request
from studio.project.state import RunStatus


class Receiver(QWidget):
    """A page that keeps what it is given, with a field to type in."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.received: list[Any] = []
        self.field = QLineEdit()
        column = QVBoxLayout(self)
        column.addWidget(self.field)

    def receive(self, payload: Any) -> None:
        self.received.append(payload)


@pytest.fixture
def receiving(session: Session, qtbot: Any) -> Iterator[MainWindow]:
    made = MainWindow(session, dict.fromkeys(("sounds", "train", "explore", "clips", "settings"), Receiver))
    made.resize(1100, 700)
    made.show()
    qtbot.waitUntil(lambda: made.page == "sounds")
    yield made
    made.hide()
    made.deleteLater()


def view(**values: Any) -> RunView:
    status = {key: values.pop(key) for key in ("state", "minutes", "verdict") if key in values}
    given = {"name": "r", "family": "oneshot", "path": Path("/r"), "alive": False, "verdict": "", "title": "Drums-1"} | values
    return RunView(status=RunStatus(**status), **given)


# ---- pages and keys
def test_pages_are_made_when_they_are_first_shown(session: Session, qtbot: Any) -> None:
    made: list[str] = []

    def page(name: str) -> Any:
        return lambda session: made.append(name) or QWidget()

    window = MainWindow(session, {name: page(name) for name in ("sounds", "train", "explore", "clips", "settings")})
    qtbot.addWidget(window)
    assert made == []
    window.show()
    qtbot.waitUntil(lambda: window.page == "sounds")
    assert made == ["sounds"]
    for name in ("train", "sounds", "train", "explore"):
        window.show_page(name)
    assert made == ["sounds", "train", "explore"] and window.page == "explore"


def test_keys_switch_pages(receiving: MainWindow, qtbot: Any) -> None:
    for number, name in ((2, "train"), (3, "explore"), (4, "clips"), (1, "sounds")):
        qtbot.keyClick(receiving, getattr(Qt.Key, f"Key_{number}"), Qt.KeyboardModifier.ControlModifier)
        assert receiving.page == name and receiving.rail._buttons[name].isChecked()


def test_space_plays_but_not_while_typing(receiving: MainWindow, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pressed: list[str] = []
    for name in ("play", "loop", "keep"):
        receiving.actions_[name].triggered.connect(lambda checked=False, name=name: pressed.append(name))
    receiving.setFocus()
    for key in (Qt.Key.Key_Space, Qt.Key.Key_L, Qt.Key.Key_K):
        qtbot.keyClick(receiving, key)
    assert pressed == ["play", "loop", "keep"]
    field = receiving.page_widget("sounds").field
    field.setFocus()
    qtbot.keyClicks(field, "k l")
    assert pressed == ["play", "loop", "keep"] and field.text() == "k l"


def test_return_presses_the_focused_button_and_space_does_not(receiving: MainWindow, qtbot: Any) -> None:
    clicked: list[int] = []
    button = QPushButton("Do it")
    button.clicked.connect(lambda: clicked.append(1))
    receiving.page_widget("sounds").layout().addWidget(button)
    receiving.activateWindow()
    button.setFocus()
    qtbot.waitUntil(button.hasFocus)
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert clicked == []
    qtbot.keyClick(button, Qt.Key.Key_Return)
    assert clicked == [1]


def test_everything_in_the_frame_is_reached_by_tab_and_has_a_name(receiving: MainWindow, session: Session, tone: Sound) -> None:
    session.set_current(Current(tone, "A"))
    frame = (receiving.rail, receiving.top_bar, receiving.transport)
    every = [w for part in frame for kind in (QAbstractButton, QSlider) for w in part.findChildren(kind)]
    controls = [control for control in every if control.isVisibleTo(receiving)]
    assert len(controls) > 15
    for control in controls:
        assert control.accessibleName() or (isinstance(control, QAbstractButton) and control.text()), control
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus, control.accessibleName()
    reached, at = set(), receiving.rail
    for _ in range(400):
        at = at.nextInFocusChain()
        reached.add(at)
    assert set(controls) <= reached


def test_a_page_that_fails_does_not_take_the_window_down(
    session: Session, qtbot: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(session: Session) -> QWidget:
        raise RuntimeError("no page today")

    pages = dict.fromkeys(("sounds", "train", "explore", "clips", "settings"), Receiver) | {"train": broken}
    window = MainWindow(session, pages)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: window.page == "sounds")
    window.show_page("train")
    assert "no page today" in window.quiet.sentence and window.quiet.isVisible()
    window.show_page("explore")
    assert window.page == "explore" and any(record.levelno == logging.ERROR for record in caplog.records)


def test_without_a_project_there_is_a_way_to_one(receiving: MainWindow, session: Session, tmp_path: Path) -> None:
    session.close()
    assert receiving.stack.currentWidget() is receiving.home and receiving.page == ""
    assert not receiving.actions_["train"].isEnabled() and receiving.actions_["settings"].isEnabled()
    receiving.show_page("settings")
    assert receiving.page == "settings"
    session.close()
    receiving.home.chosen.emit(str(tmp_path / "Test sounds"))
    assert session.project is not None and receiving.page == "settings" and "Test sounds" in receiving.windowTitle()


# ---- words
def test_facts_are_toasts_of_which_few_stay(window: MainWindow, session: Session, qtbot: Any) -> None:
    for text in ("1", "2", "2", "3", "4"):
        session.tell(text)
    assert window.toasts.texts == ("2", "3", "4")
    qtbot.waitUntil(lambda: window.toasts.texts == (), timeout=15_000)


def test_problems_are_said_quietly_with_details_behind_more(window: MainWindow, session: Session, qtbot: Any) -> None:
    pressed: list[int] = []
    session.complain(Problem("It broke.", "Mend it.", "line 1\nline 2", "Mend", lambda: pressed.append(1)))
    bar = window.quiet
    assert bar.isVisible() and bar.sentence == "It broke." and not bar._details.isVisible()
    bar._more.click()
    assert bar._details.isVisible()
    bar._copy.click()
    assert QGuiApplication.clipboard().text() == "It broke.\nMend it.\nline 1\nline 2"
    bar._button.click()
    assert pressed == [1] and not bar.isVisible()
    session.complain(Problem("Only this."))
    assert not bar._more.isVisible() and not bar._button.isVisible()


def test_the_training_chip_says_the_state_in_words(dressed: QApplication, qtbot: Any) -> None:
    chip = TrainingChip()
    qtbot.addWidget(chip)
    chip.show_runs(())
    assert not chip.isVisibleTo(None)
    chip.show_runs((view(state="finished"), view(state="training", minutes=12.2, verdict="improving", alive=True)))
    assert chip.words == "Drums-1 · 12 min · improving"
    asked: list[tuple[str, str]] = []
    chip.paused.connect(lambda name: asked.append(("pause", name)))
    chip.resumed.connect(lambda name: asked.append(("resume", name)))
    chip.stopped.connect(lambda name: asked.append(("stop", name)))
    chip._pause.click()
    chip._stop.click()
    chip.show_runs((view(state="paused", minutes=0.5),))
    assert chip.words == "Drums-1 · 30 s · paused"
    chip._pause.click()
    assert asked == [("pause", "r"), ("stop", "r"), ("resume", "r")]
    chip.show_runs((view(state="queued", place=0),))
    assert chip.words == "Drums-1 · waiting"


def test_the_device_chip_says_whose_memory_is_used(dressed: QApplication, qtbot: Any) -> None:
    chip = DeviceChip()
    qtbot.addWidget(chip)
    assert chip.words == "Starting…"
    chip.show_device(DeviceFacts("cuda", "RTX 4070", 16, 12 * 10**9, 2 * 10**9, 10**9))
    assert chip.words == "RTX 4070 · 3.0/12.0 GB"
    assert "2.0 GB used by Wavewright" in chip.toolTip() and "9.0 GB free" in chip.toolTip()
    chip.show_device(DeviceFacts("cpu", "CPU", 8, 16 * 10**9, 10**9, 10**9))
    assert chip.words == "CPU · 8 threads"


def test_undo_says_what_it_undoes(window: MainWindow, session: Session) -> None:
    action = window.actions_["undo"]
    assert not action.isEnabled()
    session.do("Trim", lambda: None, lambda: None)
    assert action.isEnabled() and action.text() == "Undo Trim"
    action.trigger()
    assert not action.isEnabled() and window.actions_["redo"].text() == "Redo Trim"


def test_help_lists_every_shortcut_and_a_page_for_each_screen(window: MainWindow, qtbot: Any) -> None:
    window.actions_["help"].trigger()
    help = window._help
    assert help is not None and help.isVisible() and "Drop a folder" in help._text.toPlainText()
    keys = {entry.keys: entry.text for entry in window.actions_.shortcuts()}
    assert {"Space", "L", "K", "Ctrl+1", "Ctrl+4", "Ctrl+Z", "Ctrl+Shift+Z", "F1"} <= set(keys)
    for name in ("sounds", "train", "explore", "clips", "settings"):
        assert (theme.RESOURCES / "help" / f"{name}.md").read_text(encoding="utf-8").startswith("# ")
        help.open_at(name)
    for row in range(help._list.count()):
        help._list.setCurrentRow(row)
        assert help._keys.isVisible() or len(help._text.toPlainText()) > 100
    assert help._keys.isVisible()
    help.close()


# ---- the transport
def test_the_transport_shows_what_is_current(window: MainWindow, session: Session, tone: Sound) -> None:
    transport = window.transport
    assert not transport._keep.isEnabled()
    session.set_current(Current(tone, "Soft kick"))
    assert transport._name.words == "Soft kick" and transport._time.text() == "0.00 / 0.50 s"
    assert transport._keep.isEnabled() and transport._drag.isEnabled() and not transport._play.isEnabled()
    session.close()
    assert not transport._keep.isEnabled() and transport._time.text() == "–"


def test_volume_is_remembered_and_muting_brings_it_back(window: MainWindow, session: Session, qtbot: Any) -> None:
    slider = window.transport._volume
    slider.setValue(40)
    qtbot.waitUntil(lambda: session.settings.volume == 0.4)
    window.transport._mute.click()
    assert slider.value() == 0
    window.transport._mute.click()
    assert slider.value() == 40


# ---- drops
def drop(window: MainWindow, *paths: Path) -> bool:
    """Whether the window took the drag."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(300, 300), Qt.DropAction.CopyAction | Qt.DropAction.MoveAction, data, left, none)
    QApplication.sendEvent(window, enter)
    if not enter.isAccepted():
        return False
    assert window.drops.curtain.isVisible() and enter.dropAction() == Qt.DropAction.CopyAction
    let_go = QDropEvent(QPointF(300, 300), Qt.DropAction.CopyAction | Qt.DropAction.MoveAction, data, left, none)
    QApplication.sendEvent(window, let_go)
    assert not window.drops.curtain.isVisible() and let_go.dropAction() == Qt.DropAction.CopyAction
    return True


def test_a_folder_dropped_anywhere_goes_to_sounds(receiving: MainWindow, tmp_path: Path) -> None:
    folder = tmp_path / "音声 folder"
    folder.mkdir()
    receiving.show_page("clips")
    assert drop(receiving, folder)
    assert receiving.page == "sounds" and receiving.page_widget("sounds").received == [(folder,)]


def test_a_wav_of_ours_goes_back_to_where_it_was_made(receiving: MainWindow, session: Session, tone: Sound) -> None:
    own = Current(tone, "own", Recipe(family="oneshot", request=Request(seed=11)))
    path = files.finished(files.exports(session), own)
    assert drop(receiving, path)
    assert receiving.page == "explore" and receiving.page_widget("explore").received[0].recipe.request.seed == 11


def test_a_dropped_project_is_opened(receiving: MainWindow, session: Session, tmp_path: Path) -> None:
    ProjectFolder.create(tmp_path / "Other").close()
    assert drop(receiving, tmp_path / "Other" / "project.json")
    assert session.project is not None and session.project.name == "Other" and receiving.top_bar.title == "Other"


def test_a_drop_without_sound_is_said(receiving: MainWindow, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("hello")
    assert drop(receiving, text)
    assert "no sound" in receiving.quiet.sentence and receiving.page_widget("sounds").received == []


# ---- closing
def test_closing_asks_what_becomes_of_a_training(window: MainWindow, session: Session, monkeypatch: Any) -> None:
    stopped: list[str] = []
    answer = ["cancel"]
    asked: list[tuple[str, int]] = []
    monkeypatch.setattr(main_window, "closing_answer", lambda parent, *about: asked.append(about) or answer[0])
    monkeypatch.setattr(type(session.training), "active", view(alive=True, state="training"))
    monkeypatch.setattr(session.training, "stop", stopped.append)
    handed: list[str] = []
    monkeypatch.setattr(session.training, "carry_on", lambda: handed.append(answer[0]))
    for given, accepted in (("cancel", False), ("keep", True), ("stop", True)):
        answer[0] = given
        event = QCloseEvent()
        window.closeEvent(event)
        assert event.isAccepted() == accepted
    assert stopped == ["r"] and handed == ["keep"] and len(asked) == 3 and asked[0][1] == 0


def test_closing_stops_the_search_and_not_one_of_its_trials(window: MainWindow, session: Session, monkeypatch: Any) -> None:
    assert session.project is not None
    folder = session.project.searches_dir / "found"
    folder.mkdir(parents=True)
    monkeypatch.setattr(main_window, "closing_answer", lambda parent, run, waiting, searching: "stop" if searching else "keep")
    monkeypatch.setattr(type(session.training), "active", view(alive=True, state="training", trial_of="found"))
    stopped: list[str] = []
    monkeypatch.setattr(session.training, "stop", stopped.append)
    event = QCloseEvent()
    window.closeEvent(event)
    assert event.isAccepted() and (folder / "requests" / "stop").exists() and stopped == []
    window.top_bar.training.show_runs((view(alive=True, state="training", trial_of="found"),))
    assert "Searching" in window.top_bar.training.words and not window.top_bar.training._stop.isVisible()


def test_the_closing_question_has_three_answers(window: MainWindow, qtbot: Any) -> None:
    for button, answer in (("_keep", "keep"), ("_stop", "stop")):
        dialog = dialogs.Closing(window, "Drums-1")
        dialog.show()
        getattr(dialog, button).click()
        assert dialog.answer == answer
        dialog.deleteLater()
    dialog = dialogs.Closing(window, "Drums-1")
    dialog.reject()
    assert dialog.answer == "cancel"
    dialog.deleteLater()


def test_place_and_page_are_remembered(receiving: MainWindow, session: Session) -> None:
    receiving.show_page("explore")
    receiving.close()
    assert session.settings.page == "explore" and session.settings.geometry


# ---- the whole, in a process of its own
START = """
import sys
from studio.gui import app
made = app.make_app()
wavewright = app.Wavewright(made)
heavy = ("torch", "scipy", "pyqtgraph", "sounddevice", "onnxruntime", "matplotlib")
def painted():
    print("painted", [name for name in heavy if name in sys.modules], flush=True)
def ready(facts):
    print("ready", facts.kind, "torch" in sys.modules, flush=True)
    made.quit()
wavewright.window.firstPainted.disconnect(wavewright._begin)  # looked at first, begun then
wavewright.window.firstPainted.connect(painted)
wavewright.window.firstPainted.connect(wavewright._begin)
wavewright.engine.ready.connect(ready)
wavewright.window.show()
made.exec()
wavewright.close()
"""


def test_the_window_paints_before_torch_is_imported(own_home: Path) -> None:
    found = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, timeout=240, check=False)
    lines = found.stdout.splitlines()
    assert lines[:1] == ["painted []"], found.stderr
    assert any(line.startswith("ready") and line.endswith("True") for line in lines) and found.returncode == 0, found.stderr


# ---- first start
@pytest.fixture
def starter(tmp_path: Path, sounds_folder: Path) -> Path:
    """A starter as it is shipped: sounds, no model yet."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    sounds_folder.rename(folder / "sounds")
    (folder / "HOW.md").write_text("how it was made")
    return folder


def test_the_starter_is_copied_once_and_never_over_anything(starter: Path, tmp_path: Path) -> None:
    target = tmp_path / "Documents" / "Starter"
    produced = [event for event in composition.copy_starter(starter, target) if hasattr(event, "detail")]
    assert produced[0].path == str(target) and produced[0].detail["import"] == [str(target / "sounds")]
    assert len(list((target / "sounds").rglob("*.wav"))) == 24
    (target / "mine.txt").write_text("mine")
    with ProjectFolder.open(target) as project:
        assert project.name == "Starter"
    assert [e.path for e in composition.copy_starter(starter, target) if hasattr(e, "detail")] == [str(target)]
    assert (target / "mine.txt").read_text() == "mine"
    taken = tmp_path / "Documents" / "Taken"
    taken.mkdir()
    (taken / "song.txt").write_text("mine")
    other = [e.path for e in composition.copy_starter(starter, taken) if hasattr(e, "detail")]
    assert other == [str(tmp_path / "Documents" / "Taken 2")] and (taken / "song.txt").read_text() == "mine"
    assert not list((tmp_path / "Documents").glob(".*.partial"))


def test_the_second_starter_comes_once(starter: Path, tmp_path: Path) -> None:
    target = tmp_path / "Documents" / "Starter notes"
    told = list(composition.copy_notes(starter, target))
    assert [e.path for e in told if isinstance(e, Produced)] == [str(target)] and isinstance(told[-1], Finished)
    shutil.rmtree(target / "sounds")
    assert not any(isinstance(e, Produced) for e in composition.copy_notes(starter, target)), "what is there is the user's"
    assert not (target / "sounds").exists()


def test_a_cancelled_copy_leaves_nothing(starter: Path, tmp_path: Path) -> None:
    work = composition.copy_starter(starter, tmp_path / "Documents" / "Starter")
    next(work), next(work)
    work.close()  # type: ignore[attr-defined]
    assert list((tmp_path / "Documents").iterdir()) == []


def test_the_first_start_opens_the_starter_with_three_steps(
    dressed: QApplication, starter: Path, monkeypatch: Any, qtbot: Any, tmp_path: Path
) -> None:
    monkeypatch.setattr(composition, "STARTER", starter)
    monkeypatch.setattr(composition, "NOTES", Path(shutil.copytree(starter, tmp_path / "shipped too")))
    monkeypatch.setattr(composition, "PAGES", dict.fromkeys(composition.PAGES, Receiver))
    wavewright = composition.Wavewright(dressed)
    window, session = wavewright.window, wavewright.session
    try:
        window.show()
        qtbot.waitUntil(lambda: session.project is not None, timeout=60_000)
        assert session.project.root == tmp_path / "home" / "projects" / "Starter"
        assert window.welcome.isVisible() and [step.page for step in window.welcome.steps] == ["explore", "sounds", "train"]
        assert window.page == "sounds" and window.page_widget("sounds").received == [(session.project.root / "sounds",)]
        window.welcome.steps[2].click()
        assert window.page == "train"
        window.welcome.dismissed.emit()
        assert not window.welcome.isVisible() and session.settings.welcomed
        qtbot.waitUntil(lambda: wavewright.engine.facts is not None, timeout=120_000)
        qtbot.waitUntil(lambda: not wavewright.desk.busy, timeout=60_000)
        notes = session.project.root.with_name("Starter notes")
        qtbot.waitUntil(lambda: session.settings.recent == (str(session.project.root), str(notes)))
        with ProjectFolder.open(notes) as second, Index(second) as index:
            assert index.count() == 24
        assert session.output.facts.problem and window.top_bar.silence.isVisible()
    finally:
        window.hide()
        wavewright.close()
        window.deleteLater()
        wavewright.deleteLater()


def test_the_card_leads_to_the_notes_and_offers_them_no_more(window: MainWindow, session: Session, tmp_path: Path) -> None:
    button, notes = window.welcome.notes, (tmp_path / "Starter notes").resolve()
    session.change(welcomed=False)
    assert not button.isVisibleTo(window.welcome)
    ProjectFolder.create(notes, "Starter notes").close()
    session.change(recent=(*session.settings.recent, str(notes)))
    assert button.isVisibleTo(window.welcome)
    button.click()
    assert session.project is not None and session.project.root == notes and not button.isVisibleTo(window.welcome)


# ---- crashes
def test_an_error_nobody_caught_goes_to_the_log_and_the_quiet_bar(
    window: MainWindow, session: Session, qtbot: Any, caplog: pytest.LogCaptureFixture, capsys: Any
) -> None:
    handler = composition.CrashHandler(session)
    try:
        try:
            raise ValueError("in the window")
        except ValueError:
            sys.excepthook(*sys.exc_info())
        assert "in the window" in window.quiet.sentence and "Traceback" in window.quiet._details.toPlainText()
        thread = threading.Thread(target=_fall)
        thread.start()
        thread.join()
        qtbot.waitUntil(lambda: "in a thread" in window.quiet.sentence)
        assert window.isVisible() and sum(record.levelno >= logging.CRITICAL for record in caplog.records) == 2
    finally:
        handler.close()


def _fall() -> None:
    raise ValueError("in a thread")
