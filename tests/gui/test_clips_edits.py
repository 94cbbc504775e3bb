"""Editing on the Clips page: the rack, the history, copying, snapping, batch. A real session over a real project."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QInputDialog

from studio.audio import files, steps
from studio.audio.presets import CHAINS, PRESETS
from studio.audio.sound import Sound
from studio.audio.step import Parameter
from studio.audio.steps import STEPS
from studio.gui.pages.clips import ClipsPage
from studio.gui.pages.clips_begin import begun, needs_stretch
from studio.gui.pages.clips_dial import Dial
from studio.gui.pages.clips_form import StepForm
from studio.gui.pages.clips_presets import with_preset
from studio.gui.pages.clips_snap import zero_crossing
from studio.gui.pages.clips_words import GROUPS, group_words, icon_of, labels_of, name_of, step_words
from studio.gui.session import Current
from studio.gui.widgets.fader import TICKS
from tests.gui.clipping import choose, entry, opened, settled, sound_of, stored, tool

LENGTH = 0.25


@pytest.fixture
def page(clips_page: ClipsPage) -> ClipsPage:
    return clips_page


def do(page: ClipsPage, qtbot, *edits: dict) -> None:
    for edit in edits:
        page.edits.add(edit)
        settled(page, qtbot)


def edits_of(page: ClipsPage, name: str = "Tom") -> list[str]:
    return [step["do"] for step in stored(page._session, name).edits]


# ---- everything comes from the table


@pytest.mark.parametrize("name", sorted(STEPS))
@pytest.mark.parametrize("selection", [None, (0.05, 0.1)])
def test_every_step_begins_as_one_that_can_be_done(name: str, selection) -> None:
    if selection is None and needs_stretch(name):
        return
    step = begun(name, LENGTH, selection, 0.02)
    if STEPS[name].material:
        step["sound"] = "x"
    assert steps.check(step) == step
    made = steps.apply(sound_of(1), [step], lambda _: sound_of(2))
    assert np.isfinite(made.samples).all()


def test_noise_is_learned_from_what_is_selected() -> None:
    step = begun("noise", LENGTH, (0.05, 0.1), 0.02)
    assert (step["noise_from"], step["noise_to"]) == (0.05, 0.1)
    assert not {"noise_from", "noise_to"} & set(begun("noise", LENGTH, None, 0.02))


@pytest.mark.parametrize("name", sorted(STEPS))
def test_every_step_has_words_an_icon_and_a_form(name: str, qtbot, dressed) -> None:
    step = begun(name, LENGTH, (0.05, 0.1), 0.02)
    assert step_words(step).startswith(name_of(name)) and icon_of(name) != "warn"
    assert STEPS[name].group in GROUPS and group_words(STEPS[name].group)
    form = StepForm(step, LENGTH)
    qtbot.addWidget(form)
    assert form.step == step
    assert list(form.dials) == [p.name for p in STEPS[name].parameters]
    assert len(set(labels_of(STEPS[name]).values())) == len(STEPS[name].parameters)
    for parameter in STEPS[name].parameters:
        dial = form.dials[parameter.name]
        control = dial.choice or dial.number
        assert control is not None and control.accessibleName() == labels_of(STEPS[name])[parameter.name] != ""
        if dial.track is not None:
            for ticks in (0, TICKS // 3, TICKS):
                dial.track.setValue(ticks)
                checked = {**form.step, **({"sound": "x"} if STEPS[name].material else {})}
                steps.check(checked)


def test_a_logarithmic_dial_turns_in_equal_ratios(qtbot, dressed) -> None:
    dial = Dial(Parameter("cutoff", "Hz", 1000.0, low=20, high=20_000, log=True), "Cutoff", 1000.0, 1.0)
    qtbot.addWidget(dial)
    assert dial.track is not None and dial.number is not None
    dial.track.setValue(TICKS // 2)
    assert dial.value == pytest.approx((20 * 20_000) ** 0.5, rel=0.01)
    dial.number.setValue(20_000)
    assert dial.track.value() == TICKS


def test_an_optional_value_can_be_left_open(qtbot, dressed) -> None:
    dial = Dial(Parameter("end", "s", low=0, optional=True), "End", None, 2.0)
    qtbot.addWidget(dial)
    assert dial.value is None
    dial.name.setChecked(True)  # type: ignore[attr-defined]
    assert dial.value == 2.0
    dial.name.setChecked(False)  # type: ignore[attr-defined]
    assert dial.value is None


# ---- adding


def test_any_step_is_found_by_typing(page: ClipsPage, qtbot) -> None:
    qtbot.keyClick(page.editor.view.wave, Qt.Key.Key_A)
    finder = page.editor.finder
    assert finder.isVisible()
    qtbot.keyClicks(finder.search, "offset")
    qtbot.keyClick(finder.search, Qt.Key.Key_Return)
    assert not finder.isVisible()
    settled(page, qtbot)
    assert edits_of(page) == ["remove-dc"]
    qtbot.keyClick(page.editor.view.wave, Qt.Key.Key_A)
    qtbot.keyClicks(finder.search, "louder")
    qtbot.keyClick(finder.search, Qt.Key.Key_Down)
    qtbot.keyClick(finder.search, Qt.Key.Key_Up)
    qtbot.keyClick(finder.search, Qt.Key.Key_Return)
    settled(page, qtbot)
    assert edits_of(page) == ["remove-dc", "gain"]
    assert [row.unfolded for row in page.side.rack.rows] == [False, True]


def test_return_takes_what_is_called_so_before_what_speaks_of_it(page: ClipsPage, qtbot) -> None:
    qtbot.keyClick(page.editor.view.wave, Qt.Key.Key_A)
    qtbot.keyClicks(page.editor.finder.search, "pitch")
    qtbot.keyClick(page.editor.finder.search, Qt.Key.Key_Return)
    settled(page, qtbot)
    assert edits_of(page) == ["pitch"]


def test_what_works_on_a_stretch_asks_for_one(page: ClipsPage, qtbot) -> None:
    said: list[str] = []
    page._session.told.connect(said.append)
    page.editor.add("silence")
    assert "Select" in said[-1] and edits_of(page) == []
    page.editor.select((0.1, 0.2))
    page.editor.add("silence")
    settled(page, qtbot)
    assert stored(page._session, "Tom").edits == ({"do": "silence", "start": 0.1, "end": 0.2},)


def test_another_sound_is_brought_in_from_a_clip_and_from_a_file(page: ClipsPage, qtbot, tmp_path) -> None:
    session = page._session
    other = tmp_path / "other.wav"
    files.write(other, sound_of(9), subtype="FLOAT")
    menu = page.edits.materials(begun("mix", LENGTH, None, 0.0))
    entry(menu, "Snare").trigger()
    menu.close()
    qtbot.waitUntil(lambda: edits_of(page) == ["mix"])
    settled(page, qtbot)
    heard = sound_of(3).samples + sound_of(1).samples
    assert np.allclose(page.editor.opened.sound.samples, heard, atol=1e-6)
    page.edits._waiting = begun("mix", LENGTH, None, 0.0)
    page.edits._bring_file(str(other))
    qtbot.waitUntil(lambda: edits_of(page) == ["mix", "mix"])
    settled(page, qtbot)
    assert np.allclose(page.editor.opened.sound.samples, heard + sound_of(9).samples, atol=1e-6)
    session.undo.undo()
    session.undo.undo()
    settled(page, qtbot)
    assert edits_of(page) == []


# ---- the rack


def test_a_dial_is_heard_while_it_turns_and_saved_when_it_rests(page: ClipsPage, qtbot) -> None:
    do(page, qtbot, {"do": "reverse"}, {"do": "gain", "db": 0.0})
    page.list.walked.emit()
    qtbot.waitUntil(lambda: page._session.current is not None)
    row = page.side.rack.rows[1]
    row.unfold(True)
    track = row.form.dials["db"].track
    count = page._session.undo.count()
    for share in (0.5, 0.6, 0.4):
        track.setValue(round(share * TICKS))
    turned = row.form.dials["db"].value
    expected = steps.apply(sound_of(3), [{"do": "reverse"}, {"do": "gain", "db": turned}]).samples
    qtbot.waitUntil(lambda: np.array_equal(page.editor.opened.sound.samples, expected))
    assert np.array_equal(page._session.current.sound.samples, expected)
    assert stored(page._session, "Tom").edits[1]["db"] == 0.0 and page._session.undo.count() == count
    track.settled.emit()
    settled(page, qtbot)
    assert stored(page._session, "Tom").edits[1]["db"] == turned and page._session.undo.count() == count + 1
    assert page.side.rack.rows[1] is row and row.unfolded
    page._session.undo.undo()
    settled(page, qtbot)
    assert row.form.dials["db"].value == 0.0


def test_a_step_is_left_out_moved_and_removed_by_keys(page: ClipsPage, qtbot) -> None:
    do(page, qtbot, {"do": "reverse"}, {"do": "fade-in", "seconds": 0.1}, {"do": "remove-dc"})
    rack = page.side.rack
    rack.rows[1].setFocus()
    qtbot.keyClick(rack.rows[1], Qt.Key.Key_O)
    settled(page, qtbot)
    assert stored(page._session, "Tom").edits[1] == {"do": "fade-in", "seconds": 0.1, "off": True}
    assert "left out" in rack.rows[1].accessibleName()
    plain = steps.apply(sound_of(3), [{"do": "reverse"}, {"do": "remove-dc"}])
    assert np.array_equal(page.editor.opened.sound.samples, plain.samples)
    qtbot.keyClick(rack.rows[1], Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    settled(page, qtbot)
    assert edits_of(page) == ["fade-in", "reverse", "remove-dc"]
    qtbot.keyClick(rack.rows[0], Qt.Key.Key_Return)
    assert rack.rows[0].unfolded
    qtbot.keyClick(rack.rows[2], Qt.Key.Key_Delete)
    settled(page, qtbot)
    assert edits_of(page) == ["fade-in", "reverse"]
    entry(rack.rows[0].menu(), "Let in").trigger()
    settled(page, qtbot)
    assert np.array_equal(
        page.editor.opened.sound.samples, steps.apply(sound_of(3), stored(page._session, "Tom").edits).samples
    )
    for _ in range(4):
        page._session.undo.undo()
    settled(page, qtbot)
    assert edits_of(page) == ["reverse", "fade-in", "remove-dc"]


def test_a_row_is_dragged_to_another_place(page: ClipsPage, qtbot) -> None:
    do(page, qtbot, {"do": "reverse"}, {"do": "fade-in", "seconds": 0.1}, {"do": "remove-dc"})
    rack = page.side.rack
    first, last = rack.rows[0], rack.rows[2]
    QApplication.processEvents()
    below = last.mapToGlobal(last.rect().bottomLeft()).y() + 2
    first.grip.dragged.emit(below)
    assert rack.rows[-1] is first and edits_of(page) == ["reverse", "fade-in", "remove-dc"]
    first.grip.dropped.emit()
    settled(page, qtbot)
    assert edits_of(page) == ["fade-in", "remove-dc", "reverse"]


def test_a_step_is_put_on_the_selection_and_on_the_whole(page: ClipsPage, qtbot) -> None:
    do(page, qtbot, {"do": "gain", "db": -6.0}, {"do": "trim", "start": 0.0, "end": 0.2})
    rack = page.side.rack
    page.editor.select((0.05, 0.1))
    rack.rows[0].unfold(True)
    assert not rack.rows[0].form.take.isEnabled()  # the step behind it changes the length: another moment would be meant
    rack.rows[1].removed.emit()
    settled(page, qtbot)
    page.editor.select((0.05, 0.1))
    rack.rows[0].form.take.click()
    settled(page, qtbot)
    assert stored(page._session, "Tom").edits == ({"do": "gain", "db": -6.0, "from": 0.05, "to": 0.1},)
    rack.rows[0].form.whole.click()
    settled(page, qtbot)
    assert stored(page._session, "Tom").edits == ({"do": "gain", "db": -6.0},)


# ---- presets


def test_a_preset_sets_every_dial_and_can_be_ones_own(page: ClipsPage, qtbot) -> None:
    said: list[str] = []
    page._session.told.connect(said.append)
    page.editor.add("compressor")
    settled(page, qtbot)
    row = page.side.rack.rows[0]
    row.form.presets.fill()
    entry(row.form.presets.menu(), "Punch").trigger()
    settled(page, qtbot)
    step = stored(page._session, "Tom").edits[0]
    assert {key: step[key] for key in PRESETS["compressor"]["Punch"]} == PRESETS["compressor"]["Punch"]
    entry(row.form.presets.menu(), "Keep").trigger()
    dialog = page.findChild(QInputDialog)
    dialog.setTextValue("My punch")
    dialog.accept()
    assert "My punch" in said[-1]
    page._session.undo.undo()
    settled(page, qtbot)
    row.form.presets.fill()
    entry(row.form.presets.menu(), "My punch").trigger()
    settled(page, qtbot)
    assert stored(page._session, "Tom").edits[0] == step


def test_a_chain_is_added_kept_and_forgotten(page: ClipsPage, qtbot) -> None:
    problems: list[object] = []
    page._session.problem.connect(problems.append)
    rack = page.side.rack
    entry(submenu(rack.menu(), "Add a chain"), "Telephone").trigger()
    settled(page, qtbot)
    assert edits_of(page) == [step["do"] for step in CHAINS["Telephone"]]
    for _ in range(2):  # the second time the name is taken, and what it stands for is not overwritten
        rack.chains._steps = rack.steps
        rack.chains.keep("My phone")
    assert len(problems) == 1 and "My phone" in problems[0].sentence
    choose(page, "Snare")
    qtbot.waitUntil(lambda: opened(page) == "Snare")
    entry(submenu(rack.menu(), "Add a chain"), "My phone").trigger()
    settled(page, qtbot)
    assert edits_of(page, "Snare") == edits_of(page)
    entry(submenu(rack.menu(), "Forget"), "My phone").trigger()
    assert not any("Forget" in action.text() for action in rack.menu().actions())


def submenu(menu, text: str):
    return entry(menu, text).menu()


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_is_a_step_that_can_be_done(name: str) -> None:
    kind = STEPS[name]
    place = {"from": 0.1, "to": 0.2} if kind.within else {}
    for values in PRESETS[name].values():
        step = with_preset({"do": name, **place, **({"sound": "x"} if kind.material else {})}, values)
        assert steps.check(step) == step and step.items() >= place.items()
        assert {key: step[key] for key in values} == values


# ---- history


def test_nothing_is_lost_by_editing_after_an_undo(page: ClipsPage, qtbot) -> None:
    do(page, qtbot, {"do": "reverse"}, {"do": "fade-in", "seconds": 0.1})
    page._session.undo.undo()
    settled(page, qtbot)
    do(page, qtbot, {"do": "remove-dc"})
    page.side.tabs.show_tab("history")
    history = page.side.history
    assert [history.item(row).text() for row in range(history.count())] == [
        "As it was kept",
        "Reverse",
        "Fade in",
        "Remove dc",
    ]
    assert history.lanes == {0: 0, 1: 0, 2: 0, 3: 1} and history.way == {0, 1, 3}
    history.setCurrentRow(2)
    qtbot.keyClick(history, Qt.Key.Key_Return)
    settled(page, qtbot)
    assert edits_of(page) == ["reverse", "fade-in"]
    page._session.undo.undo()
    settled(page, qtbot)
    assert edits_of(page) == ["reverse", "remove-dc"]
    for _ in range(3):
        page._session.undo.undo()
    settled(page, qtbot)
    assert edits_of(page) == [] and len(stored(page._session, "Tom").branches.nodes) == 4
    history.grab()


def test_the_history_is_there_after_the_project_was_closed(page: ClipsPage, qtbot) -> None:
    session = page._session
    do(page, qtbot, {"do": "reverse"})
    session.undo.undo()
    settled(page, qtbot)
    root = session.project.root
    session.close()
    assert session.open(root)
    qtbot.waitUntil(lambda: opened(page) == "Tom")
    assert page.side.history.count() == 2
    page.side.history.chosen.emit(1)
    settled(page, qtbot)
    assert edits_of(page) == ["reverse"]


# ---- loops


def test_a_loop_is_found_heard_and_taken(page: ClipsPage, qtbot) -> None:
    session, side = page._session, page.side
    time = np.arange(44_100) / 44_100
    held = (0.4 * np.sin(2 * np.pi * 220 * time) + 0.1 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)[None]
    session.project.keep(Sound(held, 44_100), None, "Held")
    session.clipsChanged.emit()
    qtbot.waitUntil(lambda: "Held" in [clip.name for clip in page.model.clips])
    choose(page, "Held")
    qtbot.waitUntil(lambda: opened(page) == "Held")
    heard: list[Current] = []
    session.currentChanged.connect(heard.append)
    qtbot.keyClick(page.editor.view.wave, Qt.Key.Key_F)
    assert side.loops.isVisible() and not side.loops.take.isEnabled()
    qtbot.waitUntil(lambda: side.loops.list.count() > 0)
    side.loops.list.setCurrentRow(0)
    span = side.loops.span
    assert page.editor.selection == pytest.approx(span)
    qtbot.keyClick(side.loops.list, Qt.Key.Key_Return)
    assert heard[-1].sound.seconds == pytest.approx(span[1] - span[0]) and session.settings.loop
    twice = np.concatenate([heard[-1].sound.samples[0]] * 2)
    assert np.abs(np.diff(twice)).max() < 0.03  # as smooth at the seam as elsewhere
    side.loops.seam.click()
    assert not session.settings.loop and heard[-1].sound.seconds <= 1.0
    side.loops.take.click()
    settled(page, qtbot)
    (step,) = stored(session, "Held").edits
    assert (step["do"], step["start"], step["end"]) == ("loop", pytest.approx(span[0]), pytest.approx(span[1]))
    assert not side.loops.isVisible()


def test_where_there_is_no_loop_it_says_so(page: ClipsPage, qtbot) -> None:
    page.editor.add("loop")
    loops = page.side.loops
    assert loops.isVisible()
    loops.look_at(Sound(np.zeros((1, 44_100), np.float32), 44_100), (0.0, 1.0))
    qtbot.waitUntil(lambda: "No good loop" in loops.title.text())
    assert not loops.take.isEnabled()
    loops.close_.click()
    assert not loops.isVisible()


# ---- copying


def test_a_stretch_is_cut_and_pasted_into_another_clip(page: ClipsPage, qtbot) -> None:
    session = page._session
    assert not tool(page, "paste").isEnabled()
    page.editor.select((0.1, 0.2))
    tool(page, "cut").click()
    settled(page, qtbot)
    assert edits_of(page) == ["cut"]
    choose(page, "Snare")
    qtbot.waitUntil(lambda: opened(page) == "Snare")
    page.editor._seek(0.05)
    tool(page, "paste").click()
    qtbot.waitUntil(lambda: edits_of(page, "Snare") == ["insert"])
    settled(page, qtbot)
    at, piece = 2205, sound_of(3).samples[:, 4410:8820]
    assert np.array_equal(page.editor.opened.sound.samples[:, at : at + 4410], piece)
    assert page.editor.opened.sound.frames == round(0.35 * 44_100)
    session.undo.undo()
    settled(page, qtbot)
    page.editor.select((0.0, 0.2))
    page.edits.paste()
    qtbot.waitUntil(lambda: edits_of(page, "Snare") == ["replace"])
    settled(page, qtbot)
    assert page.editor.opened.sound.frames == round(0.15 * 44_100)


def test_a_file_that_was_copied_elsewhere_is_pasted(page: ClipsPage, qtbot, tmp_path) -> None:
    path = tmp_path / "From elsewhere.wav"
    files.write(path, sound_of(8, 0.1), subtype="FLOAT")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    QApplication.clipboard().setMimeData(mime)
    assert tool(page, "paste").isEnabled()
    page.edits.paste()
    qtbot.waitUntil(lambda: edits_of(page) == ["insert"])
    settled(page, qtbot)
    assert np.array_equal(page.editor.opened.sound.samples[:, :4410], sound_of(8, 0.1).samples)
    QApplication.clipboard().setText("just words")
    assert not tool(page, "paste").isEnabled()
    QApplication.clipboard().setText(str(path))
    assert page.edits.clipboard.file == path


def test_steps_are_copied_to_other_clips(page: ClipsPage, qtbot) -> None:
    do(page, qtbot, {"do": "reverse"}, {"do": "gain", "db": -3.0})
    page.edits.copy_steps()
    choose(page, "Snare", "Hat")
    qtbot.waitUntil(lambda: opened(page) == "Hat")
    entry(page.side.rack.menu(), "Paste steps").trigger()
    settled(page, qtbot)
    assert edits_of(page, "Snare") == edits_of(page, "Hat") == ["reverse", "gain"]
    page._session.undo.undo()
    settled(page, qtbot)
    assert edits_of(page, "Snare") == edits_of(page, "Hat") == []
    QApplication.clipboard().setText("[]")
    assert page.edits.clipboard.steps == ()


def test_a_step_is_done_to_all_chosen_clips_and_given_to_them(page: ClipsPage, qtbot) -> None:
    do(page, qtbot, {"do": "gain", "db": -3.0})
    choose(page, "Tom", "Snare")
    qtbot.waitUntil(lambda: opened(page) == "Tom")
    assert not tool(page, "trim").isEnabled()
    tool(page, "reverse").click()
    settled(page, qtbot)
    assert edits_of(page) == ["gain", "reverse"] and edits_of(page, "Snare") == ["reverse"]
    entry(page.side.rack.menu(), "Give all").trigger()
    settled(page, qtbot)
    assert stored(page._session, "Snare").edits == stored(page._session, "Tom").edits
    entry(page.side.rack.menu(), "Remove all").trigger()
    settled(page, qtbot)
    assert edits_of(page) == edits_of(page, "Snare") == []
    page._session.undo.undo()
    settled(page, qtbot)
    assert edits_of(page) == edits_of(page, "Snare") == ["gain", "reverse"]


# ---- selecting


def test_the_selection_is_written_and_nudged(page: ClipsPage, qtbot) -> None:
    bar, wave = page.editor.bar, page.editor.view.wave
    bar.end.setValue(0.2)
    bar.start.setValue(0.1)
    assert wave.selection == pytest.approx((0.1, 0.2)) and bar.length.value() == pytest.approx(0.1)
    bar.unit.click()
    assert bar.start.value() == 4410 and bar.length.value() == 4410
    bar.length.setValue(100)
    assert wave.selection == pytest.approx((4410 / 44_100, 4510 / 44_100))
    qtbot.keyClick(wave, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier)
    assert bar.end.value() == 4511
    qtbot.keyClick(wave, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert bar.start.value() == 4366  # a millisecond
    assert wave.view == (0.0, LENGTH)


def test_edges_snap_to_zero_crossings(page: ClipsPage, qtbot) -> None:
    wave = page.editor.view.wave
    qtbot.keyClick(wave, Qt.Key.Key_G)
    assert page.editor.bar.snapping == "zero"
    drag(qtbot, wave, 0.2, 0.7)
    start, end = wave.selection
    samples = page.editor.opened.sound.samples[0]
    for edge in (start, end):
        at = round(edge * 44_100)
        assert len(set(np.signbit(samples[at - 1 : at + 2]))) == 2
    page.editor.bar.set_snap("off")
    drag(qtbot, wave, 0.3, 0.6)
    assert wave.selection == pytest.approx((0.3 * LENGTH, 0.6 * LENGTH), abs=0.001)


def drag(qtbot, wave, start: float, end: float) -> None:
    places = [QPoint(round(share * wave.width()), 20) for share in (start, (start + end) / 2, end)]
    qtbot.mousePress(wave, Qt.MouseButton.LeftButton, pos=places[0])
    for place in places[1:]:
        qtbot.mouseMove(wave, place)
    qtbot.mouseRelease(wave, Qt.MouseButton.LeftButton, pos=places[-1])


def test_a_double_click_selects_from_onset_to_onset_and_edges_snap_there(page: ClipsPage, qtbot) -> None:
    session, wave = page._session, page.editor.view.wave
    hits = np.zeros((1, 44_100), np.float32)
    for at in (0.2, 0.5, 0.8):
        hits[0, round(at * 44_100) :][:6000] += sound_of(5, 0.2).samples[0, :6000]
    session.project.keep(Sound(hits, 44_100), None, "Three hits")
    session.clipsChanged.emit()
    qtbot.waitUntil(lambda: "Three hits" in [clip.name for clip in page.model.clips])
    choose(page, "Three hits")
    qtbot.waitUntil(lambda: opened(page) == "Three hits" and page.editor.places.around(0.6) != (0.0, 1.0))
    qtbot.mouseDClick(wave, Qt.MouseButton.LeftButton, pos=QPoint(round(0.6 * wave.width()), 20))
    assert wave.selection == pytest.approx((0.5, 0.8), abs=0.012) and page.editor.bar.play.isEnabled()
    page.editor.bar.set_snap("onset")
    page.editor.select(None)
    drag(qtbot, wave, 0.21, 0.79)
    assert wave.selection == pytest.approx((0.2, 0.8), abs=0.012)
    qtbot.keyClick(wave, Qt.Key.Key_0)
    assert wave.view == (0.0, 1.0)


def test_zero_crossings_are_near_and_real(tone) -> None:
    for at in np.linspace(0.01, 0.2, 20):
        found = zero_crossing(tone, at)
        assert abs(found - at) <= 1 / 440 + 1e-4  # half a period of 220 Hz
        frame = round(found * tone.rate)
        before, there, after = tone.samples[0, frame - 1 : frame + 2]
        assert before * after <= 0 and abs(there) <= max(abs(before), abs(after))


def test_the_selection_is_heard_by_itself(page: ClipsPage, qtbot) -> None:
    heard: list[Current] = []
    page._session.currentChanged.connect(heard.append)
    page.editor.select((0.1, 0.15))
    qtbot.keyClick(page.editor.view.wave, Qt.Key.Key_P, Qt.KeyboardModifier.ShiftModifier)
    assert np.array_equal(heard[-1].sound.samples, sound_of(3).samples[:, 4410:6615]) and page._session.settings.loop
    page._session.positionChanged.emit(0.02)
    assert page.editor.view.wave.playhead == pytest.approx(0.12)
    tool(page, "normalise").click()
    settled(page, qtbot)
    whole = page.editor.opened.sound.samples
    assert np.array_equal(heard[-1].sound.samples, whole[:, 4410:6615])


def test_before_and_after(page: ClipsPage, qtbot) -> None:
    heard: list[Current] = []
    do(page, qtbot, {"do": "reverse"})
    page.list.walked.emit()
    qtbot.waitUntil(lambda: page._session.current is not None)
    page._session.currentChanged.connect(heard.append)
    qtbot.keyClick(page.editor.view.wave, Qt.Key.Key_B)
    assert page.side.rack.before.isChecked()
    assert np.array_equal(heard[-1].sound.samples, sound_of(3).samples)
    qtbot.keyClick(page.editor.view.wave, Qt.Key.Key_B)
    assert np.array_equal(heard[-1].sound.samples, sound_of(3).samples[:, ::-1])


class Deck:
    """Stands where the player stands: says where it is, and remembers what it was given."""

    lost, playing, notes, level, volume = False, True, 0, (-6.0, -6.0), 1.0

    def __init__(self) -> None:
        self.position: float | None = 0.0
        self.played: list[tuple[object, float]] = []

    def play(self, sound, *, loop=False, gain=1.0, at=0.0) -> None:
        self.played.append((sound, at))
        self.position = at

    def exchange(self, sound, *, gain=1.0, shift=0.0) -> None:
        self.play(sound, at=self.position + shift)

    def set_volume(self, volume: float) -> None: ...

    def set_loop(self, loop: bool) -> None: ...

    def stop(self) -> None:
        self.position = None


def test_an_edit_goes_on_where_it_is_heard(page: ClipsPage, qtbot) -> None:
    deck = Deck()
    page._session.set_player(deck)
    page.hearing.play(0.1)
    deck.position = 0.15
    tool(page, "normalise").click()
    settled(page, qtbot)
    assert deck.played[-1] == (page.editor.opened.sound, pytest.approx(0.15))
    page.editor.select((0.1, 0.2))
    page.hearing.play_stretch((0.1, 0.2), True)
    deck.position = 0.06
    page.side.rack.before.click()
    sound, at = deck.played[-1]
    assert at == pytest.approx(0.06) and np.array_equal(sound.samples, sound_of(3).samples[:, 4410:8820])
    page._session.set_player(None)


def test_of_a_long_clip_a_few_seconds_are_heard_while_a_dial_turns(page: ClipsPage, qtbot) -> None:
    session, rack = page._session, page.side.rack
    samples = (0.2 * np.random.default_rng(1).standard_normal((1, 61 * 8000))).astype(np.float32)
    session.project.keep(Sound(samples, 8000), None, "Long")
    session.clipsChanged.emit()
    qtbot.waitUntil(lambda: "Long" in [clip.name for clip in page.model.clips])
    choose(page, "Long")
    settled(page, qtbot)
    assert not isinstance(page.editor.opened.sound, Sound)
    deck = Deck()
    session.set_player(deck)
    do(page, qtbot, begun("gain", 61.0, None, 0.0), begun("low-pass", 61.0, None, 0.0))
    page.hearing.play(20.0)
    page.hearing._show_position(20.0)
    deck.position = 20.5
    rack.rows[1].unfold(True)
    track = rack.rows[1].form.dials["hz"].track
    with qtbot.waitSignal(page.edits.excerpted, timeout=10_000):
        track.setValue(TICKS // 3)
    piece, at = deck.played[-1]
    wanted = steps.apply(Sound(samples, 8000), rack.steps).samples[:, 160_000:224_000]
    assert at == pytest.approx(0.5) and np.abs(piece.samples - wanted).max() < 1e-3
    deck.position = 1.0
    track.settled.emit()
    settled(page, qtbot)
    assert deck.played[-1] == (page.editor.opened.sound, pytest.approx(21.0))
    rack.rows[0].unfold(True)
    rack.rows[0].form.dials["db"].track.setValue(0)  # a gain costs nothing, but the filter after it does
    settled_tries(page, qtbot)
    page.editor.select((1.0, 1.5))
    page.edits.copy()
    assert page.edits.clipboard.sound.seconds == 0.5
    session.set_player(None)


def settled_tries(page: ClipsPage, qtbot) -> None:
    qtbot.waitUntil(lambda: not page._session.desk.busy, timeout=30_000)


def test_ctrl_keys_are_the_pages_own(page: ClipsPage) -> None:
    keys = {shortcut.key() for shortcut in page.findChildren(QShortcut)}
    assert keys >= {QKeySequence(k) for k in ("Ctrl+C", "Ctrl+X", "Ctrl+V", "Ctrl+Shift+C", "Ctrl+Shift+V")}


def test_a_clip_file_says_where_it_has_been(page: ClipsPage, qtbot) -> None:
    do(page, qtbot, {"do": "reverse"})
    data = (page._session.project.clips_dir / f"{stored(page._session, 'Tom').id}.json").read_bytes()
    history = msgspec.json.decode(data)["history"]
    assert history["current"] == 1 and [node["id"] for node in history["nodes"]] == [0, 1]
