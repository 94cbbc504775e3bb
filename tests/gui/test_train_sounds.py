"""What is heard on Train: own sounds at every moment, two runs in turn, and two moments without knowing which is which."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent

from studio.audio import files
from studio.gui.pages import train_timeline
from studio.gui.pages.train import TrainPage
from studio.gui.pages.train_blind import BlindDialog, Round, Take, Tally, takes_of
from studio.gui.pages.train_cells import ACROSS, places_of
from studio.gui.session import Current, Session
from studio.project import atomic
from studio.project.state import PreviewCell, PreviewFile
from studio.training.run import Preview, RunFolder, step_folder
from tests.gui.trained import LEFT, ready, tone, write_run


def drop(widget: Any, *paths: Path) -> bool:
    """Whether the drop was taken."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    action, button, none = Qt.DropAction.CopyAction, LEFT, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(9, 9), action, data, button, none)
    enter.ignore()
    widget.dragEnterEvent(enter)
    if enter.isAccepted():
        widget.dropEvent(QDropEvent(QPointF(9, 9), action, data, button, none, QEvent.Type.Drop))
    return enter.isAccepted()


# ---- where cells stand


@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 9))
def test_no_two_cells_share_a_place(rebuilt: int, new: int, own: int) -> None:
    keys = [("reconstruction", str(i)) for i in range(rebuilt)] + [("new", str(i)) for i in range(new)]
    keys += [("probe", str(i)) for i in range(own)]
    places = places_of(keys)
    assert set(places) == set(keys) and len(set(places.values())) == len(keys)
    assert all(0 <= column < ACROSS for _, column in places.values())
    assert all(row < 2 for key, (row, _) in places.items() if key[0] != "probe")


# ---- own sounds


def test_a_dropped_sound_waits_for_the_next_preview_and_can_be_taken_out(
    shown: TrainPage, session: Session, qtbot: Any, tmp_path: Path
) -> None:
    mine = files.write(tmp_path / "my snare.wav", tone(300))
    assert drop(shown.timeline, mine)
    run = RunFolder(session.training.views[0].path)
    assert [path.name for path in run.probes()] == ["my snare.wav"]
    qtbot.waitUntil(lambda: ("probe", "my snare") in shown.timeline.sounds.cells)
    cell = shown.timeline.sounds.cells["probe", "my snare"]
    assert cell.words and cell.pictures is None
    cell.setFocus()
    qtbot.keyClick(cell, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: ("probe", "my snare") not in shown.timeline.sounds.cells)
    assert run.probes() == []
    session.undo.undo()
    qtbot.waitUntil(lambda: ("probe", "my snare") in shown.timeline.sounds.cells)
    assert [path.name for path in run.probes()] == ["my snare.wav"]
    session.undo.undo()  # of the drop
    assert run.probes() == []


def test_what_is_no_sound_is_left_to_the_window(shown: TrainPage, session: Session, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    assert not drop(shown.timeline, tmp_path / "notes.txt") and not drop(shown.timeline, tmp_path)
    assert RunFolder(session.training.views[0].path).probes() == []


def test_the_next_training_hears_the_same_sounds(
    shown: TrainPage, session: Session, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session.training, "start_next", lambda: None)  # no trainer process here
    assert drop(shown.timeline, files.write(tmp_path / "my snare.wav", tone(300)))
    with qtbot.waitSignal(shown.asks.made) as made:
        shown.asks.train("oneshot", {}, {"minutes": 5.0}, "Second")
    assert session.project is not None
    assert [path.name for path in RunFolder(session.project.run_path(made.args[0])).probes()] == ["my snare.wav"]


# ---- going on


class Playing:
    """As much of a player as the session asks for: notes from where each sound is played."""

    lost = False
    playing = True
    position = 0.25

    def __init__(self) -> None:
        self.starts: list[float] = []

    def play(self, sound: object, *, loop: bool = False, gain: float = 1.0, at: float = 0.0) -> None:
        self.starts.append(at)

    def stop(self) -> None:
        self.playing = False

    set_volume = set_loop = seek = lambda self, value: None


@pytest.mark.parametrize(("brief", "start"), [(0.05, 0.25), (1.5, 0.0)])
def test_a_long_sound_goes_on_where_it_is_and_a_short_one_begins_anew(
    shown: TrainPage, session: Session, qtbot: Any, monkeypatch: pytest.MonkeyPatch, brief: float, start: float
) -> None:
    monkeypatch.setattr(train_timeline, "BRIEF", brief)
    session.player = player = Playing()  # type: ignore[assignment]
    player.position = 0.05 if start else 0.25  # within the 0.1 s of the sounds
    qtbot.waitUntil(lambda: ready(shown))
    qtbot.mouseClick(shown.timeline.sounds.cells["new", "cell-1"], LEFT)
    assert player.starts == [0.0]
    shown.timeline.step(-1)
    qtbot.waitUntil(lambda: len(player.starts) == 2)
    assert player.starts[1] == (0.05 if start else 0.0)
    session.player = None


def test_the_same_sound_of_two_runs_is_heard_in_turn(
    shown: TrainPage, session: Session, qtbot: Any, heard: list[Current]
) -> None:
    write_run(session, "Second", (10, 30))
    session.training.look()
    names = {view.title: view.name for view in session.training.views}
    shown.runs.choose((names["First"], names["Second"]))
    timeline = shown.timeline
    qtbot.waitUntil(lambda: len(timeline.sides) == 2 and bool(timeline.sides[1].previews))
    timeline.step(-2)  # after one minute
    qtbot.waitUntil(lambda: ready(shown))
    qtbot.mouseClick(timeline.sounds.cells["new", "cell-1"], LEFT)
    assert heard[-1].path is not None and names["First"] in heard[-1].path.parts
    qtbot.mouseClick(timeline.other, LEFT)
    qtbot.waitUntil(lambda: heard[-1].path is not None and names["Second"] in heard[-1].path.parts)
    assert heard[-1].path.name == "cell-1.wav" and heard[-1].path.parent.name == step_folder(10)  # type: ignore[union-attr]
    assert timeline.told.title == "Second"
    qtbot.mouseClick(timeline.star, LEFT)  # the run that is heard, not the one that was chosen first
    assert session.project is not None
    assert [m.starred for m in RunFolder(session.project.run_path(names["Second"])).checkpoints()] == [True, False]


# ---- blind


def takes(folder: Path) -> list[Take]:
    """Two moments of one run, of which the second lacks a sound."""
    found = []
    for number, kinds in ((10, ("new", "reconstruction")), (20, ("new",))):
        cells = tuple(
            PreviewCell(name=kind, kind=kind, path=f"{files.write(folder / f'{number}-{kind}.wav', tone(number * 10)).name}")
            for kind in kinds
        )
        found.append(Take("run", "Run", Preview(number, number / 10, 0.1, cells, folder)))
    return found


@pytest.fixture
def blind(session: Session, qtbot: Any, tmp_path: Path) -> Callable[..., BlindDialog]:
    made = []

    def make(tallies: dict[Any, Tally], first: int = 0, second: int = 1, seed: int = 0) -> BlindDialog:
        dialog = BlindDialog(session, found, first, second, tallies, None, random.Random(seed))  # type: ignore[arg-type]
        qtbot.addWidget(dialog)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        dialog.show()
        qtbot.waitUntil(lambda: first == second or dialog.better_x.isEnabled())
        made.append(dialog)
        return dialog

    found = takes(tmp_path)
    return make


def test_nothing_tells_which_is_which_before_the_choice(
    blind: Callable[..., BlindDialog], qtbot: Any, heard: list[Current]
) -> None:
    dialog = blind({})
    for key in (Qt.Key.Key_1, Qt.Key.Key_2):
        qtbot.keyClick(dialog, key)
    assert [current.name for current in heard] == ["X", "Y"] and [current.path for current in heard] == [None, None]
    assert dialog.told.text().strip() == "" and not dialog.again.isEnabled()
    first, second = (dialog._take(letter).preview.step for letter in "xy")
    assert {first, second} == {10, 20}
    qtbot.keyClick(dialog, Qt.Key.Key_Right)  # Y is better
    said = {10: "after 1 min", 20: "after 2 min"}
    assert dialog.told.text() == f"X was {said[first]}, Y was {said[second]}"
    assert f"{said[second]}: 1" in dialog.tally.text() and "chance" in dialog.tally.text()
    assert not dialog.better_x.isEnabled()  # once for each sound


def test_only_sounds_that_both_have_are_compared(blind: Callable[..., BlindDialog]) -> None:
    assert [key[0] for key in blind({})._round.keys] == ["new"]
    same = blind({}, 1, 1)
    assert not same.better_x.isEnabled() and not same.play_x.isEnabled()


def test_the_tally_stays_and_knows_a_turned_pair(blind: Callable[..., BlindDialog], qtbot: Any) -> None:
    tallies: dict[Any, Tally] = {}
    for seed in range(6):  # whichever letter it hides behind, the later moment is preferred
        dialog = blind(tallies, *((0, 1) if seed % 2 else (1, 0)), seed=seed)
        dialog.choose("x" if dialog._take("x").preview.step == 20 else "y")
    (tally,) = tallies.values()
    assert {tally.first, tally.second} == {6, 0} and tally.chance < 0.1
    assert "after 2 min: 6" in dialog.tally.text() and "clear" in dialog.tally.text()


def test_letters_are_drawn_anew_for_each_sound() -> None:
    found = Round([("new", "a"), ("new", "b")], rng=random.Random(1))
    draws = []
    for _ in range(200):
        found.next()
        draws.append(found.swapped)
    assert 60 < sum(draws) < 140


@given(st.integers(0, 30), st.integers(0, 30))
def test_chance_is_a_probability_that_falls_as_one_side_wins(first: int, second: int) -> None:
    chance = Tally(first, second).chance
    assert 0 < chance <= 1 and chance == Tally(second, first).chance
    if first >= second:
        assert Tally(first + 2, second).chance <= chance + 1e-12
    assert Tally(5, 5).chance == 1 and Tally(9, 1).chance == pytest.approx(0.0215, abs=1e-3)  # sign test, tables


def test_the_page_compares_the_moment_that_is_heard(shown: TrainPage, qtbot: Any) -> None:
    shown.timeline.step(-1)
    qtbot.mouseClick(shown.timeline.blind, LEFT)
    dialog = shown.findChild(BlindDialog)
    assert dialog is not None and [take.preview.step for take in dialog.pair] == [20, 40]
    assert len(takes_of(shown.timeline.sides)) == 3
    dialog.reject()


def test_a_preview_that_was_made_anew_is_heard_anew(shown: TrainPage, session: Session, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: ready(shown))
    view = session.training.views[0]
    preview = RunFolder(view.path).previews()[-1]
    again = preview.path(preview.cells[0])
    before = shown.timeline._known[again]
    again.unlink()
    files.write(again, tone(3000))
    file = PreviewFile(step=preview.step, minutes=preview.minutes + 1, cells=preview.cells)
    atomic.write_json(again.parent / "preview.json", file)  # the training went back and came here once more
    shown._touched(view.name)
    qtbot.waitUntil(lambda: again in shown.timeline._known and shown.timeline._known[again] is not before)


def test_a_preview_that_vanishes_leaves_an_empty_cell(shown: TrainPage, session: Session, qtbot: Any) -> None:
    folder = session.training.views[0].path / "previews" / step_folder(50)
    folder.mkdir()
    cell = PreviewCell(name="gone", kind="new", path=f"previews/{folder.name}/gone.wav", seed=0)
    atomic.write_json(folder / "preview.json", PreviewFile(step=50, minutes=5, cells=(cell,)))
    shown._touched(session.training.views[0].name)
    qtbot.waitUntil(lambda: ("new", "gone") in shown.timeline.sounds.cells)
    qtbot.waitUntil(lambda: not shown.timeline._later.busy)
    qtbot.mouseClick(shown.timeline.sounds.cells["new", "gone"], LEFT)
    assert shown.timeline.sounds.cells["new", "gone"].pictures is None and session.current is None
