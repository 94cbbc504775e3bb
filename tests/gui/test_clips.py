"""The Clips page with a real session over a real project: all that the hand can do, undone again, and what is on the disk."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QWidget

from studio.audio import files, riff
from studio.events import Finished, Started, Work
from studio.gui.pages.clips import ClipsPage
from studio.gui.session import Current, Problem, Session, Wanted
from studio.gui.tables.clips import CLIP, PICTURE
from studio.gui.widgets.star_bar import StarBar
from studio.project import recipe as recipes
from tests.gui.clipping import RECIPE, choose, entry, icon_only, names, opened, pictured, settled, sound_of, stored, tool


@pytest.fixture
def page(clips_page: ClipsPage) -> ClipsPage:
    return clips_page


# ---- listing and hearing


def test_an_empty_project_says_what_to_do(session: Session, qtbot):
    page = ClipsPage(session)
    page.show()
    qtbot.waitUntil(lambda: page.stack.currentWidget() is page.empty)
    asked: list[Wanted] = []
    session.wanted.connect(asked.append)
    page.empty.button.click()
    assert asked == [Wanted("explore")]
    assert session.project is not None
    session.project.keep(sound_of(1), None, "First")
    session.clipsChanged.emit()
    qtbot.waitUntil(lambda: page.stack.currentWidget() is page._full and opened(page) == "First", timeout=30_000)
    page.hide()
    page.deleteLater()


def test_clips_stand_newest_first_with_pictures_and_nothing_plays_by_itself(page: ClipsPage, clips):
    assert names(page) == clips
    assert session_current(page) is None
    assert page.model.index(0).data(PICTURE).thumbnail.shape == (2, 96)
    assert "mono" in page.editor.facts.words and "LUFS" in page.editor.facts.words
    assert "Hat" in page.model.index(1).data(Qt.ItemDataRole.AccessibleTextRole)


def session_current(page: ClipsPage) -> Current | None:
    return page._session.current


def test_walking_plays(page: ClipsPage, qtbot):
    page.list.view.setFocus()
    qtbot.keyClick(page.list.view, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: session_current(page) is not None)
    current = session_current(page)
    assert current is not None and current.name == "Hat" and current.recipe == RECIPE
    assert np.array_equal(current.sound.samples, sound_of(2).samples)
    area = page.list.view.visualRect(page.list.view.model().index(2, 0))
    qtbot.mouseClick(page.list.view.viewport(), Qt.MouseButton.LeftButton, pos=area.center())
    qtbot.waitUntil(lambda: session_current(page) is not current)
    assert session_current(page).name == "Snare"  # type: ignore[union-attr]


def test_a_click_into_the_picture_plays_from_there(page: ClipsPage, qtbot, monkeypatch):
    heard: list[float] = []
    monkeypatch.setattr(page._session, "play", lambda current=None, *, at=0.0: heard.append(at))
    wave = page.editor.view.wave
    qtbot.mouseClick(wave, Qt.MouseButton.LeftButton, pos=QPoint(wave.width() // 2, 20))
    assert heard == [pytest.approx(0.125, abs=0.01)]


def test_a_page_can_be_asked_for_a_clip(page: ClipsPage, qtbot):
    page.receive(stored(page._session, "Snare").id)
    qtbot.waitUntil(lambda: opened(page) == "Snare")


def test_words_and_stars_filter(page: ClipsPage, qtbot):
    page.list.search.setText("SOFT dru")
    assert names(page) == ["Hat", "Soft kick"]
    page.list.search.setText("nothing like it")
    assert names(page) == [] and page.list.selection == ()
    assert not page.export.start.isEnabled() and not page.list.trash.isEnabled()
    page.list._clear.trigger()
    choose(page, "Snare")
    qtbot.waitUntil(lambda: opened(page) == "Snare")
    page.editor.stars.given.emit(3)
    settled(page, qtbot)
    page.list.starred.click()
    assert names(page) == ["Snare"]
    page.list.starred.click()
    assert len(names(page)) == 4


# ---- names, stars, tags


def test_rename_in_the_field_and_in_the_list(page: ClipsPage, qtbot):
    session = page._session
    page.editor.name.setFocus()
    page.editor.name.selectAll()
    qtbot.keyClicks(page.editor.name, "Floor tom")
    qtbot.keyClick(page.editor.name, Qt.Key.Key_Return)
    settled(page, qtbot)
    assert names(page)[0] == stored(session, "Floor tom").name
    index = page.list.view.model().index(1, 0)
    page.list.view.setCurrentIndex(index)
    page.list.view.edit(index)
    line = page.list.view.viewport().findChild(QLineEdit)
    assert line is not None
    line.setText("Open hat")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    settled(page, qtbot)
    assert names(page)[:2] == ["Floor tom", "Open hat"]
    session.undo.undo()
    session.undo.undo()
    settled(page, qtbot)
    assert names(page)[:2] == ["Tom", "Hat"]
    session.undo.redo()
    settled(page, qtbot)
    assert stored(session, "Floor tom")


def test_an_empty_name_is_not_taken(page: ClipsPage, qtbot):
    page.editor.name.setText("   ")
    page.editor.name.editingFinished.emit()
    assert page.editor.name.text() == "Tom"
    assert page._session.undo.count() == 0


def test_stars_and_tags_of_several(page: ClipsPage, qtbot):
    session = page._session
    choose(page, "Hat", "Soft kick")
    assert page.editor.tags.text() == "soft"
    assert page.editor.name.isReadOnly()
    qtbot.keyClick(page.list.view, Qt.Key.Key_4)
    settled(page, qtbot)
    assert {stored(session, n).stars for n in ("Hat", "Soft kick")} == {4}
    assert stored(session, "Tom").stars == 0
    page.editor.tags.setText("dark,  short , dark")
    page.editor.tags.editingFinished.emit()
    settled(page, qtbot)
    assert stored(session, "Hat").tags == ("hat", "dark", "short")
    assert stored(session, "Soft kick").tags == ("kick", "dark", "short")
    session.undo.undo()
    settled(page, qtbot)
    assert stored(session, "Hat").tags == ("hat", "soft")
    assert stored(session, "Hat").stars == 4
    session.undo.undo()
    settled(page, qtbot)
    assert stored(session, "Hat").stars == 0


def test_the_star_bar_by_mouse_and_keys(qtbot, dressed):
    bar = StarBar()
    qtbot.addWidget(bar)
    given: list[int] = []
    bar.given.connect(given.append)
    bar.show()
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=QPoint(4 + 20 * 2 + 5, 10))
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=QPoint(4 + 20 * 2 + 5, 10))
    qtbot.keyClick(bar, Qt.Key.Key_5)
    qtbot.keyClick(bar, Qt.Key.Key_Left)
    assert given == [3, 0, 5, 4]
    bar.grab()


# ---- edits


def test_trim_to_the_selection_leaves_the_original(page: ClipsPage, qtbot):
    session = page._session
    assert session.project is not None
    path = session.project.clip_path(stored(session, "Tom").id)
    before = path.read_bytes()
    assert not tool(page, "trim").isEnabled()
    page.editor.select((0.05, 0.15))
    tool(page, "trim").click()
    settled(page, qtbot)
    assert page.editor.opened.sound.frames == 4410
    assert np.array_equal(page.editor.opened.sound.samples, sound_of(3).samples[:, 2205:6615])
    assert stored(session, "Tom").edits == ({"do": "trim", "start": 0.05, "end": 0.15},)
    assert path.read_bytes() == before
    assert [row.words.words for row in page.side.rack.rows] == ["Trim 0.050–0.150 s"]
    qtbot.waitUntil(lambda: pictured(page) and page.model.index(0).data(PICTURE).seconds == pytest.approx(0.1))
    session.undo.undo()
    settled(page, qtbot)
    assert np.array_equal(page.editor.opened.sound.samples, sound_of(3).samples)
    session.undo.redo()
    settled(page, qtbot)
    assert page.editor.opened.sound.frames == 4410


@pytest.mark.parametrize(
    ("button", "selection", "step"),
    [
        ("cut", (0.1, 0.2), {"do": "cut", "start": 0.1, "end": 0.2}),
        ("fade-in", None, {"do": "fade-in", "seconds": 0.02}),
        ("fade-in", (0.05, 0.1), {"do": "fade-in", "seconds": 0.1}),
        ("fade-out", None, {"do": "fade-out", "seconds": 0.02}),
        ("fade-out", (0.05, 0.1), {"do": "fade-out", "seconds": 0.2}),
        ("normalise", None, {"do": "normalise", "peak_db": -1.0}),
        ("normalise", (0.05, 0.1), {"do": "normalise", "peak_db": -1.0, "from": 0.05, "to": 0.1}),
        ("reverse", None, {"do": "reverse"}),
    ],
)
def test_every_tool_is_a_step_that_is_heard_and_undone(page: ClipsPage, qtbot, button, selection, step):
    session = page._session
    page.editor.select(selection)
    tool(page, button).click()
    settled(page, qtbot)
    (found,) = stored(session, "Tom").edits
    assert found == pytest.approx(step)
    assert not np.array_equal(page.editor.opened.sound.samples, sound_of(3).samples)
    session.undo.undo()
    settled(page, qtbot)
    assert stored(session, "Tom").edits == ()
    assert np.array_equal(page.editor.opened.sound.samples, sound_of(3).samples)


def test_reset_takes_all_edits_back_and_can_be_undone(page: ClipsPage, qtbot):
    session = page._session
    for button in ("reverse", "normalise", "fade-in"):
        tool(page, button).click()
        settled(page, qtbot)
    assert page.side.rack.title.words == "3 steps"
    entry(page.side.rack.menu(), "Remove all").trigger()
    settled(page, qtbot)
    assert stored(session, "Tom").edits == () and page.side.rack.rows == []
    session.undo.undo()
    settled(page, qtbot)
    assert [s["do"] for s in stored(session, "Tom").edits] == ["reverse", "normalise", "fade-in"]


def test_keys_edit_what_is_open(page: ClipsPage, qtbot):
    qtbot.keyClick(page.editor.view.wave, Qt.Key.Key_R)
    settled(page, qtbot)
    assert stored(page._session, "Tom").edits == ({"do": "reverse"},)


def test_the_transport_follows_an_edit_of_what_it_holds(page: ClipsPage, qtbot):
    page.list.walked.emit()
    qtbot.waitUntil(lambda: session_current(page) is not None)
    tool(page, "reverse").click()
    settled(page, qtbot)
    qtbot.waitUntil(lambda: np.array_equal(session_current(page).sound.samples, sound_of(3).samples[:, ::-1]))
    assert session_current(page).recipe.edits == ({"do": "reverse"},)


def test_a_clip_whose_sound_is_damaged_says_so(page: ClipsPage, qtbot):
    session = page._session
    assert session.project is not None
    session.project.clip_path(stored(session, "Hat").id).write_bytes(b"not a sound any more")
    choose(page, "Hat")
    qtbot.waitUntil(lambda: "can't be read" in page.editor.facts.words)
    assert not tool(page, "reverse").isEnabled()
    choose(page, "Snare")
    qtbot.waitUntil(lambda: opened(page) == "Snare")


# ---- deleting


def test_delete_and_undo(page: ClipsPage, qtbot):
    session = page._session
    choose(page, "Hat", "Snare")
    qtbot.keyClick(page.list.view, Qt.Key.Key_Delete)
    settled(page, qtbot)
    qtbot.waitUntil(lambda: names(page) == ["Tom", "Soft kick"])
    assert page.list.current is not None
    session.undo.undo()
    qtbot.waitUntil(lambda: names(page) == ["Tom", "Hat", "Snare", "Soft kick"])
    assert {c.name for c in page.list.selection} == {"Hat", "Snare"}
    session.undo.redo()
    qtbot.waitUntil(lambda: names(page) == ["Tom", "Soft kick"])
    for _ in range(2):
        page.list.trash.click()
        settled(page, qtbot)
        qtbot.waitUntil(lambda: not session.desk.busy)
        QApplication.processEvents()
    qtbot.waitUntil(lambda: page.stack.currentWidget() is page.empty)


# ---- out of here


def test_open_recipe_goes_to_explore(page: ClipsPage, qtbot):
    asked: list[Wanted] = []
    page._session.wanted.connect(asked.append)
    page.editor.recipe.click()
    assert asked == [Wanted("explore", RECIPE)]
    choose(page, "Snare")
    assert not page.editor.recipe.isEnabled()


def test_what_is_exported_is_what_was_promised(page: ClipsPage, qtbot):
    page.side.tabs.show_tab("export")
    session = page._session
    assert session.project is not None
    tool(page, "reverse").click()
    settled(page, qtbot)
    choose(page, "Tom", "Hat")
    page.export.template.setText("{label}_{name}_{n}")
    page.export.form.row("bits").setCurrentText("16")
    page.export.form.row("rate").setCurrentText("48000")
    page.export.form.changed.emit(page.export.form.values)
    assert page.export.preview.words == "kick_Tom_01.wav and 1 more"
    assert page.export.start.text() == "Export 2 sounds"
    page.export.start.click()
    assert not page.export.start.isEnabled() and page.export.cancel.isVisible()
    qtbot.waitUntil(lambda: page.export.results.count() == 2)
    folder = session.project.exports
    assert sorted(p.name for p in folder.iterdir()) == ["kick_Hat_02.wav", "kick_Tom_01.wav"]
    info = files.probe(folder / "kick_Tom_01.wav")
    assert (info.rate, info.subtype) == (48_000, "PCM_16")
    embedded = recipes.from_json(riff.embedded_recipe(folder / "kick_Tom_01.wav"))
    assert embedded.edits == ({"do": "reverse"},) and embedded.request == RECIPE.request
    assert page.export.start.isEnabled() and not page.export.bar.isVisible()
    assert page.export.preview.words == "kick_Tom_01 2.wav and 1 more"
    page.export.start.click()
    qtbot.waitUntil(lambda: page.export.results.count() == 4)
    assert len(list(folder.iterdir())) == 4


def test_a_cancelled_export_leaves_nothing(page: ClipsPage, qtbot):
    page.side.tabs.show_tab("export")
    session = page._session
    assert session.project is not None
    gate = threading.Event()

    def other_work() -> Work:
        yield Started(what="other")
        gate.wait(10)
        yield Finished()

    said: list[str] = []
    session.told.connect(said.append)
    session.desk.submit(other_work)
    choose(page, *[c.name for c in page.model.clips])
    page.export.start.click()
    assert page.export.note.words and not page.export.start.isEnabled()
    page.export.cancel.click()
    gate.set()
    qtbot.waitUntil(page.export.start.isEnabled)
    assert page.export.results.count() == 0 and not page.export.cancel.isVisible()
    assert list(session.project.exports.iterdir()) == []
    assert "cancelled" in said[-1]


def test_one_broken_clip_of_an_export_is_told(page: ClipsPage, qtbot):
    session = page._session
    assert session.project is not None
    session.project.clip_path(stored(session, "Hat").id).write_bytes(b"")
    problems: list[Problem] = []
    session.problem.connect(problems.append)
    choose(page, "Tom", "Hat")
    page.export.start.click()
    qtbot.waitUntil(lambda: page.export.results.count() == 1)
    assert "1 of 2" in problems[-1].sentence and "Hat" in problems[-1].details


def test_a_name_that_can_not_be_says_so(page: ClipsPage):
    page.export.template.setText("{tempo}")
    assert not page.export.start.isEnabled() and "{tempo}" in page.export.preview.words
    page.export.template.setText("")
    assert page.export.preview.words == "sound.wav" and page.export.start.isEnabled()
    page.export.token.menu().actions()[0].trigger()
    assert page.export.template.text() == "{name}"


def test_another_folder_and_back(page: ClipsPage, qtbot, tmp_path: Path):
    page.export.go_to(str(tmp_path / "For the band"))
    page.export.start.click()
    qtbot.waitUntil(lambda: page.export.results.count() == 1)
    assert [p.name for p in (tmp_path / "For the band").iterdir()] == ["Tom.wav"]
    page.export.home.click()
    assert page.export.folder == page._session.project.exports
    page._session.change(exports=str(tmp_path / "Always here"))
    assert page.export.folder == tmp_path / "Always here"


def test_paths_can_be_copied_and_shown(page: ClipsPage, qtbot, monkeypatch):
    shown: list[Path] = []
    monkeypatch.setattr("studio.gui.files.reveal", shown.append)
    page.export.start.click()
    qtbot.waitUntil(lambda: page.export.results.count() == 1)
    page.export.reveal.click()
    page.export.copy.click()
    path = page._session.project.exports / "Tom.wav"
    qtbot.waitUntil(lambda: shown == [path] and QApplication.clipboard().text() == str(path))
    menu = page.list.menu()
    assert [a.isEnabled() for a in menu.actions() if not a.isSeparator()] == [True] * 5
    menu.deleteLater()


# ---- the page as a whole


def test_closing_and_opening_a_project(page: ClipsPage, qtbot, tmp_path: Path):
    session = page._session
    root = session.project.root
    session.close()
    assert page.model.rowCount() == 0 and page.editor.opened is None
    assert session.create(tmp_path / "Other")
    qtbot.waitUntil(lambda: page.stack.currentWidget() is page.empty)
    assert session.open(root)
    qtbot.waitUntil(lambda: opened(page) == "Tom")


def test_everything_has_a_name_and_is_reached_by_tab(page: ClipsPage, qtbot):
    kinds = (QAbstractButton, QLineEdit, QAbstractSpinBox, QComboBox, StarBar)
    for widget in page.findChildren(QWidget):
        inside = isinstance(widget.parent(), QLineEdit | QAbstractSpinBox | QComboBox)
        if isinstance(widget, kinds) and widget.isVisible() and not inside:
            text = widget.accessibleName() or (widget.text() if isinstance(widget, QAbstractButton) else "")
            assert text, widget
            assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus, text
    seen: list[QWidget] = []
    widget = page.list.search
    while widget is not None and widget not in seen:
        seen.append(widget)
        widget = widget.nextInFocusChain()
    for wanted in (
        page.list.view,
        page.editor.name,
        page.editor.stars,
        tool(page, "trim"),
        page.export.template,
        page.export.start,
    ):
        assert wanted in seen


@pytest.mark.parametrize("size", [(1004, 560), (2400, 1300)])
def test_nothing_is_cut_off(page: ClipsPage, qtbot, size):
    page.resize(*size)
    QApplication.processEvents()
    shown = [b for part in (page.editor, page.side) for b in part.findChildren(QAbstractButton) if b.isVisible()]
    buttons = [b for b in shown if not isinstance(b.parent(), QLineEdit) and not icon_only(b)]
    assert buttons
    for button in buttons:
        assert button.fontMetrics().horizontalAdvance(button.text()) <= button.width(), button.text()
    assert page.minimumSizeHint().width() <= 1004


def test_clip_roles(page: ClipsPage):
    index = page.model.index(0)
    assert index.data(CLIP).name == index.data() == "Tom"
    assert page.model.index(99).data() is None
    assert not page.model.setData(index, "   ")
