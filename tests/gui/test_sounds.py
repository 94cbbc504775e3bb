"""The Sounds page as a person uses it: drop, hear, sort, filter, leave out, mend, and take every step back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QModelIndex, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from studio.errors import NotSaved
from studio.gui.pages.sounds import SoundsPage
from studio.gui.pages.sounds_heard import Unreadable
from studio.gui.session import Current, Session
from studio.gui.tables.sounds import BLOCK, COLUMNS, SoundTable
from studio.library.index import Index, SoundRow

NAME, INCLUDE = COLUMNS.index("name"), COLUMNS.index("include")


@pytest.fixture
def page(session: Session, qtbot: QtBot) -> SoundsPage:
    made = SoundsPage(session)
    qtbot.addWidget(made, before_close_func=_settle(session, qtbot))
    made.resize(1100, 640)
    made.show()
    return made


def _settle(session: Session, qtbot: QtBot) -> Callable[[QWidget], None]:
    """Nothing is under way when the page goes."""

    def settle(widget: QWidget) -> None:
        assert isinstance(widget, SoundsPage)
        for timer in (widget._look, widget._think):
            timer.stop()
        session.desk.cancel("import")
        qtbot.waitUntil(
            lambda: not session.desk.busy and not (widget._looking.busy or widget._reading.busy or widget.map.busy),
            timeout=20_000,
        )
        qtbot.waitUntil(lambda: not widget.large._later.busy and not widget.large.view.spectrogram.pending)

    return settle


@pytest.fixture
def full(page: SoundsPage, sounds_folder: Path, qtbot: QtBot) -> SoundsPage:
    """The page after the small drums were added: 24 sounds of three labels."""
    page.adding.add([sounds_folder])
    qtbot.waitUntil(lambda: page.table.rowCount() == 24 and not page.session.desk.busy, timeout=30_000)
    qtbot.waitUntil(
        lambda: bool(page.heard.findings) and page.labels.list.count() == 4 and not page._looking.busy, timeout=10_000
    )
    return page


def names(page: SoundsPage) -> list[str]:
    found = [page.table.sound(row) for row in range(page.table.rowCount())]
    return [row.name for row in found if row is not None]


def included(page: SoundsPage) -> dict[str, bool]:
    return {row.name: row.include for row in page.session.index.rows()}


def left_out(page: SoundsPage) -> int:
    return sum(not row.include for row in page.session.index.rows())


def choose(page: SoundsPage, *rows: int) -> None:
    page.view.clearSelection()
    for number, row in enumerate(rows):
        flag = page.view.selectionModel().SelectionFlag
        how = flag.ClearAndSelect if number == 0 else flag.Select
        page.view.selectionModel().setCurrentIndex(page.table.index(row, NAME), how | flag.Rows)


def test_an_empty_project_says_what_to_do_with_one_button(page: SoundsPage, qtbot: QtBot) -> None:
    assert page.stack.currentWidget() is page.empty
    assert page.empty.button.isVisible() and page.empty.sentence.text()
    page.empty.button.click()
    [dialog] = page.findChildren(QFileDialog)
    assert dialog.fileMode() == QFileDialog.FileMode.Directory
    dialog.reject()
    qtbot.waitUntil(lambda: not page.findChildren(QFileDialog))


def test_dropped_folders_become_rows_and_labels(full: SoundsPage) -> None:
    assert full.stack.currentWidget() is full.split
    assert [(f.label, f.count, f.included) for f in full.labels._facts] == [("hat", 8, 8), ("kick", 8, 8), ("snare", 8, 8)]
    assert names(full) == sorted(names(full))
    assert full.count.text() == "24 sounds" and full.heard.amount.text().endswith("seconds in 24 sounds")
    assert not full.adding.bar.isVisible()


def test_an_import_shows_where_it_is_and_can_be_cancelled(page: SoundsPage, sounds_folder: Path, qtbot: QtBot) -> None:
    said: list[str] = []
    page.session.told.connect(said.append)
    page.adding.add([sounds_folder])
    assert page.adding.bar.isVisible() and page.adding.bar.cancel.isVisible() and page.stack.currentWidget() is page.split
    page.adding.bar.cancel.click()
    qtbot.waitUntil(lambda: bool(said), timeout=20_000)
    assert "cancelled" in said[0] and not page.adding.bar.isVisible()
    page.receive([str(sounds_folder)])
    qtbot.waitUntil(lambda: page.table.rowCount() == 24, timeout=20_000)


def test_adding_again_says_that_all_is_known(full: SoundsPage, sounds_folder: Path, qtbot: QtBot) -> None:
    said: list[str] = []
    full.session.told.connect(said.append)
    full.adding.add([sounds_folder])
    qtbot.waitUntil(lambda: bool(said), timeout=20_000)
    assert said == ["Nothing new, 24 known already"]


def test_arrows_walk_and_hear_each_sound(full: SoundsPage, qtbot: QtBot) -> None:
    heard: list[Current] = []
    full.session.currentChanged.connect(heard.append)
    choose(full, 0)
    qtbot.waitUntil(lambda: len(heard) == 1)
    full.view.setFocus()
    qtbot.keyClick(full.view, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: len(heard) == 2)
    row = full.table.sound(1)
    assert row is not None and heard[1].path == Path(row.path) and heard[1].sound.frames == row.frames
    assert full.large.name.words == row.name and full.large.sound is heard[1].sound
    qtbot.keyClick(full.view, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(heard) == 3)
    assert full.large.view.wave.seconds == pytest.approx(row.seconds)


def test_a_sound_that_went_says_so_and_is_flagged(full: SoundsPage, qtbot: QtBot) -> None:
    problems: list[object] = []
    full.session.problem.connect(problems.append)
    row = full.table.sound(3)
    assert row is not None
    Path(row.path).unlink()
    choose(full, 3)
    qtbot.waitUntil(lambda: bool(problems))
    qtbot.waitUntil(lambda: "vanished" in full.session.index.fetch([row.id])[0].problems)
    assert full.large.sound is None


def test_typing_filters_and_escape_of_the_filter_brings_all_back(full: SoundsPage, qtbot: QtBot) -> None:
    full.view.setFocus()
    for letter in "sn":
        qtbot.keyClick(full.view if letter == "s" else full.filter, letter)
    assert full.filter.text() == "sn"
    qtbot.waitUntil(lambda: full.table.rowCount() == 8)
    assert all(name.startswith("snare") for name in names(full)) and full.count.text() == "8 of 24"
    full.filter.setText("no such thing")
    qtbot.waitUntil(lambda: full.table.rowCount() == 0)
    assert full.view.placeholder == "No sound matches" and full.stack.currentWidget() is full.split
    full.filter.clear()
    qtbot.waitUntil(lambda: full.table.rowCount() == 24)


def test_every_column_sorts_both_ways_and_the_chosen_sound_stays(full: SoundsPage, qtbot: QtBot) -> None:
    choose(full, 5)
    chosen = full._chosen
    qtbot.waitUntil(lambda: full._current is not None)
    first = full._current
    for column, name in enumerate(COLUMNS):
        for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
            full.view.sortByColumn(column, order)
            wanted = full.session.index.ids(order=full.wanted.order, descending=full.wanted.descending).tolist()
            qtbot.waitUntil(lambda: not full._looking.busy)
            assert full.table.ids.tolist() == wanted and full.wanted.order == ("name" if name == "thumbnail" else name)
            assert full.view.currentIndex().row() == full.table.row_of(chosen)
    assert full._current is first  # nothing was played by sorting


def test_delete_leaves_out_with_undo_and_again_takes_in(full: SoundsPage, qtbot: QtBot) -> None:
    choose(full, 2, 3)
    qtbot.keyClick(full.view, Qt.Key.Key_Delete)
    out = [name for name, state in included(full).items() if not state]
    assert out == names(full)[2:4]
    qtbot.waitUntil(lambda: full.labels._facts[0].included == 6)
    full.session.undo.undo()
    assert all(included(full).values())
    full.session.undo.redo()
    assert [name for name, state in included(full).items() if not state] == out
    qtbot.keyClick(full.view, Qt.Key.Key_Delete)
    assert all(included(full).values()) and full.session.undo.count() == 2


def test_the_tick_of_a_row_does_the_same(full: SoundsPage) -> None:
    index = full.table.index(4, INCLUDE)
    assert full.table.data(index, Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
    full.table.setData(index, Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    assert [name for name, state in included(full).items() if not state] == [names(full)[4]]
    assert not full.table.setData(index, "x", Qt.ItemDataRole.EditRole)


def test_a_label_is_chosen_renamed_merged_and_left_out(full: SoundsPage, qtbot: QtBot) -> None:
    full.labels.choose("kick")
    qtbot.waitUntil(lambda: full.table.rowCount() == 8)
    full.labels.rename.click()
    editor = full.labels.list.findChild(QLineEdit)
    assert editor is not None
    editor.setText("boom")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: full.session.index.labels() == [("boom", 8), ("hat", 8), ("snare", 8)])
    qtbot.waitUntil(lambda: full.labels.current == "boom" and full.table.rowCount() == 8)

    def others() -> list[str]:
        menu = full.labels.merge_menu()
        menu.deleteLater()
        return [action.text() for action in menu.actions()]

    qtbot.waitUntil(lambda: others() == ["hat", "snare"])  # the list hears of the change a moment later
    menu = full.labels.merge_menu()
    menu.actions()[1].trigger()
    menu.deleteLater()
    assert full.session.index.labels() == [("hat", 8), ("snare", 16)]
    qtbot.waitUntil(lambda: full.labels.current == "snare")
    full.labels.heard.click()
    assert sum(included(full).values()) == 8
    for _ in range(3):
        full.session.undo.undo()
    assert full.session.index.labels() == [("hat", 8), ("kick", 8), ("snare", 8)] and all(included(full).values())


def test_a_label_is_left_out_by_its_tick_and_all_by_the_first(full: SoundsPage, qtbot: QtBot) -> None:
    full.labels.list.item(1).setCheckState(Qt.CheckState.Unchecked)
    assert {name.split()[0] for name, state in included(full).items() if not state} == {"hat"}
    qtbot.waitUntil(lambda: full.labels.list.item(0).checkState() == Qt.CheckState.PartiallyChecked)
    full.labels.list.item(0).setCheckState(Qt.CheckState.Checked)
    assert all(included(full).values())


def test_an_empty_name_is_no_label(full: SoundsPage) -> None:
    full.labels.list.item(2).setText("   ")
    assert full.labels.list.item(2).text() == "kick" and full.session.index.labels()[1] == ("kick", 8)


def test_findings_are_mended_by_their_button_and_back(
    page: SoundsPage, sounds_folder: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    copy = tmp_path / "More"
    shutil.copytree(sounds_folder, copy / "again")
    (copy / "broken.wav").write_text("no sound")
    page.adding.add([sounds_folder, copy])
    qtbot.waitUntil(lambda: page.heard.row("duplicate") is not None, timeout=30_000)
    row, broken = page.heard.row("duplicate"), page.heard.row("unreadable")
    assert row is not None and broken is not None
    again = len(row.finding.ids)
    assert again >= 24 and row.text.text().startswith(f"{again} sounds are the same") and row.fix.text() == "Keep one of each"
    row.show_.click()
    qtbot.waitUntil(lambda: page.table.rowCount() == again and page.only.isVisible())
    row.fix.click()
    assert left_out(page) == again
    qtbot.waitUntil(lambda: page.heard.row("duplicate") is None, timeout=10_000)
    assert not page.only.isVisible()
    page.session.undo.undo()
    assert left_out(page) == 0
    qtbot.waitUntil(lambda: page.heard.row("duplicate") is not None, timeout=10_000)
    broken = page.heard.row("unreadable")
    assert broken is not None
    broken.show_.click()
    [dialog] = page.findChildren(Unreadable)
    assert "broken.wav" in dialog.list.item(0).text() and dialog.list.count() == 1
    dialog.copy.click()
    dialog.reject()
    qtbot.waitUntil(lambda: not page.findChildren(Unreadable))


def test_the_preview_shows_where_a_model_cuts(full: SoundsPage, qtbot: QtBot) -> None:
    choose(full, 0)
    qtbot.waitUntil(lambda: full.large.result.text() != "")
    assert "A model hears 0." in full.large.result.text()
    full.large.length.setValue(0.05)
    full.large.ways["window"].click()
    qtbot.waitUntil(lambda: "pieces" in full.large.result.text())
    pieces = int(full.large.result.text().split()[0])
    assert len(full.large.view.wave._markers) >= pieces - 1 >= 1
    assert full.large.way == "window"


def test_selected_sounds_are_labelled_forgotten_and_back(full: SoundsPage, qtbot: QtBot) -> None:
    choose(full, 0, 1, 2)
    full.edits.set_label(full.selected_ids(), "new")
    assert ("new", 3) in full.session.index.labels()
    full.forget_chosen()
    assert full.session.index.count() == 21
    full.session.undo.undo()
    full.session.undo.undo()
    assert full.session.index.labels() == [("hat", 8), ("kick", 8), ("snare", 8)]
    menu = full.menu()
    assert all(action.text() for action in menu.actions() if not action.isSeparator())
    menu.deleteLater()


def test_a_change_that_can_not_be_saved_is_told_and_nothing_breaks(
    full: SoundsPage, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    def refuse(*_: object) -> None:
        raise NotSaved(name="library.sqlite", reason="the disk is gone")

    problems: list[object] = []
    full.session.problem.connect(problems.append)
    monkeypatch.setattr(full.session.index, "set_include", refuse)
    choose(full, 0)
    qtbot.keyClick(full.view, Qt.Key.Key_Delete)
    assert "could not be saved" in problems[0].sentence and all(included(full).values())  # type: ignore[attr-defined]


def test_all_sounds_are_selected_and_left_out_in_one_step(full: SoundsPage, qtbot: QtBot) -> None:
    full.view.selectAll()
    assert full.selected_ids() == full.table.ids.tolist()
    qtbot.keyClick(full.view, Qt.Key.Key_Delete)
    assert not any(included(full).values()) and full.session.undo.count() == 1
    qtbot.waitUntil(lambda: full.heard.amount.text() == "Nothing: every sound is left out", timeout=10_000)


def test_the_window_is_told_once_of_many_sounds(page: SoundsPage, sounds_folder: Path, qtbot: QtBot) -> None:
    told: list[None] = []
    page.session.soundsChanged.connect(lambda: told.append(None))
    page.adding.add([sounds_folder])
    qtbot.waitUntil(lambda: bool(told), timeout=20_000)
    qtbot.waitUntil(lambda: page.table.rowCount() == 24)
    assert len(told) == 1


def test_the_map_shows_the_same_sounds_and_hears_them(full: SoundsPage, qtbot: QtBot) -> None:
    full.map_button.click()
    qtbot.waitUntil(lambda: sorted(full.map.ids.tolist()) == sorted(full.table.ids.tolist()))
    assert full.map.isVisible() and not full.view.isVisible()
    heard: list[Current] = []
    full.session.currentChanged.connect(heard.append)
    x, y = map(float, full.map._spots[4])
    qtbot.mouseClick(full.map, Qt.MouseButton.LeftButton, pos=full.map.point(x, y).toPoint())
    qtbot.waitUntil(lambda: bool(heard))
    assert full.map._near is not None and full._chosen == int(full.map.ids[full.map._near])
    full.filter.setText("kick")
    qtbot.waitUntil(lambda: len(full.map.ids) == 8)
    full.map.hovered.emit(2)
    qtbot.waitUntil(lambda: full._chosen == int(full.map.ids[2]))
    full.map.hovered.emit(None)
    full.map_button.click()
    assert full.view.isVisible() and full.table.id_at(full.view.currentIndex().row()) == full._chosen
    qtbot.waitUntil(lambda: not full.map.busy)


def test_another_project_shows_its_own_sounds(full: SoundsPage, tmp_path: Path, qtbot: QtBot) -> None:
    assert full.session.create(tmp_path / "Other")
    assert full.table.rowCount() == 0 and full.heard.findings == ()
    qtbot.waitUntil(lambda: full.stack.currentWidget() is full.empty and not full._looking.busy)
    assert full.session.open(tmp_path / "Test sounds")
    qtbot.waitUntil(lambda: full.table.rowCount() == 24)


def test_every_control_can_be_reached_and_has_a_name(full: SoundsPage) -> None:
    for button in full.findChildren(QAbstractButton):
        if button.isVisibleTo(full) and button.parent() is not None and button.objectName() != "qt_toolbar_ext_button":
            if type(button).__name__ in ("QTableCornerButton", "QAbstractButton"):
                continue
            named = button.text() or button.accessibleName() or button.toolTip()
            assert named or isinstance(button.parent(), QLineEdit), button
            if not isinstance(button.parent(), QLineEdit):
                assert button.focusPolicy() & Qt.FocusPolicy.TabFocus, button
    for widget in (full.view, full.labels.list, full.filter, full.large.length, full.large.view.wave):
        assert widget.accessibleName()
    spoken = full.table.data(full.table.index(0, NAME), Qt.ItemDataRole.AccessibleTextRole)
    assert "hat 01.wav" in spoken and "included" in spoken


def test_letters_that_are_shortcuts_of_the_window_are_not_eaten(full: SoundsPage) -> None:
    event = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier, " ")
    full.view.keyPressEvent(event)
    assert full.filter.text() == ""


def test_a_hundred_thousand_rows_cost_only_what_is_seen(session: Session, qtbot: QtBot) -> None:
    assert session.project is not None
    rows = [
        SoundRow(
            path=f"/sounds/{n}.wav", name=f"{n}.wav", seconds=1.0, rate=44_100, channels=1, frames=44_100, thumbnail=bytes(192)
        )
        for n in range(3000)
    ]
    with Index(session.project) as index:
        ids = np.array(index.put(rows), np.int64)
    table = SoundTable()
    table.show_ids(np.tile(ids, 34)[:100_000], session.index.fetch)
    assert table.rowCount(QModelIndex()) == 100_000 and table.fetches == 0
    for row in range(50_000, 50_020):
        for column in range(len(COLUMNS)):
            table.data(table.index(row, column))
    assert table.fetches <= 2
    for row in range(0, 20 * BLOCK, 4):
        assert table.sound(row) is not None
    assert table.fetches <= 22
    for _ in range(3):
        assert table.sound(5) is not None
    assert table.fetches <= 22
    assert table.row_of(int(table.ids[7])) == 7 and table.row_of(-5) == -1
    table.deleteLater()
