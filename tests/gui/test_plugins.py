"""Plug-ins in the window: found in Settings, added and turned on Clips, and what is shown where one fails or is not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt

from studio.audio import files
from studio.audio.plugins import finding, hosts, table
from studio.audio.plugins.step import identity
from studio.gui.files import understand
from studio.gui.pages.clips import ClipsPage
from studio.gui.pages.clips_dials import PORTION
from studio.gui.pages.clips_form import StepForm
from studio.gui.pages.clips_row import StepRow
from studio.gui.pages.explore_brought import title
from studio.gui.pages.settings_plugins import PluginPanel
from studio.project.recipe import Recipe
from tests.gui.clipping import entry, opened, settled, sound_of, stored
from tests.plugins import compiled

PATIENCE = 30_000
USUAL = {"gain": 0.0, "cut_off": 1000.0, "feedback": 0.0, "mood": "Good", "tail": 3.0}
"""Of Tame."""
STRANGE = {"do": "plugin", "plugin": "VST3-1f2e", "name": "Room", "maker": "Somebody", "size": 0.4}


@pytest.fixture
def page(plugins, clips_page) -> ClipsPage:
    """Clips, of a person with the test plug-ins."""
    return clips_page


def step(name: str, **values):
    found = table.load().named(name)
    assert found is not None
    return {"do": "plugin", **identity(found), **values}


def words(panel: PluginPanel) -> list[str]:
    return [panel.list.item(row).text() for row in range(panel.list.count())]


# ---- settings


def test_plug_ins_are_found_refused_and_removed(no_plugins, plugins_once, session, qtbot, tmp_path, monkeypatch) -> None:
    for name in ("Mono", "Broken"):
        (tmp_path / f"{name}.vst3").symlink_to(compiled() / f"{name}.vst3")
    monkeypatch.setattr(finding, "folders", lambda: (tmp_path,))
    panel = PluginPanel(session)
    qtbot.addWidget(panel)
    assert "None yet" in words(panel)[0] and not panel.remove.isEnabled()
    panel.search.click()
    assert panel.search.text() == "Stop" and not panel.add.isEnabled()
    qtbot.waitUntil(lambda: panel._ticket is None, timeout=PATIENCE)
    assert [text.split()[0] for text in words(panel)] == ["Mono", "Broken"] and "it crashed" in words(panel)[1]
    assert panel.state.text() == "1 plug-in found, 1 can't be used."
    panel.list.setCurrentRow(1)
    panel.remove.click()
    panel.list.setCurrentRow(0)
    panel.remove.click()
    assert "None yet" in words(panel)[0] and table.load() == table.Table()
    panel.look((Path(tmp_path / "nothing"),))
    with qtbot.waitSignal(session.problem, timeout=PATIENCE):
        qtbot.waitUntil(lambda: panel._ticket is None, timeout=PATIENCE)


# ---- clips


def test_one_is_found_by_typing_turned_while_it_is_heard_and_kept(page: ClipsPage, qtbot) -> None:
    finder = page.editor.finder
    qtbot.keyClick(page.editor.view.wave, Qt.Key.Key_A)
    qtbot.keyClicks(finder.search, "wavewright tame")  # its maker is searched as well
    qtbot.keyClick(finder.search, Qt.Key.Key_Return)
    settled(page, qtbot)
    row = page.side.rack.rows[0]
    assert row.unfolded and row.words.words == "Tame"
    dial = row.form.dials["gain"]
    qtbot.waitUntil(lambda: opened(page) == "Tom", timeout=PATIENCE)
    original = page.editor.opened.original.samples
    dial.track.setValue(0)  # −24 dB, while the hand is still on it
    qtbot.waitUntil(lambda: bool(np.allclose(page.editor.opened.sound.samples, original * 10**-1.2)), timeout=PATIENCE)
    assert stored(page._session, "Tom").edits[0]["gain"] == 0 and row.words.words == "Tame −24 dB"
    dial.settled.emit()
    settled(page, qtbot)
    assert stored(page._session, "Tom").edits == (step("Tame", **USUAL | {"gain": -24.0}),)


def test_of_very_many_dials_a_few_are_made_and_typing_finds_the_others(plugins, dressed, qtbot) -> None:
    form = StepForm(step("Many", band_77=3.0), 1.0)
    qtbot.addWidget(form)
    form.show()
    column = form._column
    assert len(form.dials) == PORTION
    qtbot.keyClicks(column.search, "77")
    assert [name for name, dial in form.dials.items() if dial.isVisible()] == ["band_77"]
    assert form.dials["band_77"].value == 3 and form.step["band_77"] == 3
    form.dials["band_77"].set_value(-2.0)
    column.search.clear()
    column.more.click()
    shown = [name for name, dial in form.dials.items() if dial.isVisible()]
    assert shown[:PORTION] == [f"band_{n + 1}" for n in range(PORTION)] and len(shown) == 2 * PORTION
    assert form.step == step("Many", band_77=-2.0)
    qtbot.keyClicks(column.search, "nothing")
    assert "None" in column.rest.text() and not column.more.isVisible()
    form.show_step(step("Many", band_2=1.5))
    assert form.dials["band_2"].value == 1.5 and form.dials["band_77"].value == 0


def test_one_that_is_not_here_is_named_and_can_be_left_out(page: ClipsPage, qtbot) -> None:
    page.edits.add({"do": "reverse"})
    settled(page, qtbot)
    page.edits.add(STRANGE, unfold=True)
    qtbot.waitUntil(lambda: "“Room” by Somebody" in page.editor.facts.words, timeout=PATIENCE)
    row = page.side.rack.rows[1]
    assert row.words.words == "Room" and row.unfolded and not row.form.dials
    row.switch()
    settled(page, qtbot)
    assert stored(page._session, "Tom").edits == ({"do": "reverse"}, STRANGE | {"off": True})
    assert np.array_equal(page.editor.opened.sound.samples, page.editor.opened.original.samples[:, ::-1])


def test_a_crash_is_a_sentence_and_other_values_bring_the_sound_back(page: ClipsPage, qtbot) -> None:
    page.edits.add(step("Tame", mood="Crash"), unfold=True)
    qtbot.waitUntil(lambda: "“Tame” stopped: it crashed" in page.editor.facts.words, timeout=PATIENCE)
    row = page.side.rack.rows[0]
    row.form.dials["mood"].choice.setCurrentIndex(0)
    row.form.dials["mood"].choice.activated.emit(0)
    settled(page, qtbot)
    assert np.array_equal(page.editor.opened.sound.samples, page.editor.opened.original.samples)


def test_presets_are_of_one_plug_in(plugins, dressed, qtbot) -> None:
    from studio.project import chains

    chains.keep("Quiet", [step("Tame", gain=-12.0)])
    for name, offered in (("Tame", True), ("Mono", False)):
        row = StepRow(step(name, gain=3.0), 1.0)
        qtbot.addWidget(row)
        row.unfold(True)
        row.form.presets.fill()
        assert any(action.text() == "Quiet" for action in row.form.presets.menu().actions()) == offered
        if offered:
            entry(row.form.presets.menu(), "Quiet").trigger()
            assert row.form.step == step("Tame", **USUAL | {"gain": -12.0})


# ---- from elsewhere


def test_what_is_dropped_brings_no_plug_in_to_life(plugins, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(hosts, "Host", None)
    recipe = Recipe(family="oneshot", model="ab" * 16, edits=({"do": "gain", "db": -6}, step("Tame", mood="Crash")))
    path = files.write(tmp_path / "gift.wav", sound_of(1), subtype="FLOAT", recipe=recipe.to_json())
    dropped = understand([path])
    assert dropped.recipe is not None and [bool(s.get("off")) for s in dropped.recipe.edits] == [False, True]
    assert "left out until you let it in" in title(dropped.recipe.edits[1])
