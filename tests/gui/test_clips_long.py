"""A long clip in the editor: it is never read whole, and everything else is as with a short one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt

from studio.audio import files, steps
from studio.audio.sound import Audio, Samples, Sound
from studio.audio.timeline import Timeline
from studio.gui import files as outside
from studio.gui.pages import clips_opening, clips_work
from studio.gui.pages.clips import ClipsPage
from studio.gui.session import Session
from studio.gui.tables.clips import PICTURE
from tests.audio.make import hit, noise, sine
from tests.gui.clipping import settled

RATE = 8000
LONG = noise(75.0, channels=2, rate=RATE)


@pytest.fixture
def page(session: Session, qtbot, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClipsPage]:
    assert session.project is not None
    session.project.keep(LONG, None, "Rehearsal")
    monkeypatch.setattr(type(session.project), "clip_sound", None)  # nobody reads it whole
    made = ClipsPage(session)
    made.resize(1004, 560)
    made.show()
    qtbot.waitUntil(lambda: made.editor.opened is not None and made.model.index(0).data(PICTURE) is not None)
    yield made
    made.hide()
    made.deleteLater()


def test_it_opens_as_a_timeline_and_looks_like_its_samples(page: ClipsPage) -> None:
    found = page.editor.opened
    assert found is not None and isinstance(found.sound, Timeline)
    wave = page.editor.view.wave
    assert wave.seconds == 75.0 and "stereo" in page.editor.facts.words
    wave.set_view(30.0, 30.01)
    assert np.allclose(wave._outline.samples(240_000, 240_080), LONG.mono()[240_000:240_080], atol=1e-6)
    assert page.model.index(0).data(PICTURE).seconds == 75.0


def test_a_cut_and_its_undo_keep_what_is_seen(page: ClipsPage, session: Session, qtbot) -> None:
    wave = page.editor.view.wave
    wave.set_view(20.0, 30.0)
    wave.set_selection((21.0, 26.0))
    wave.selectionChanged.emit(wave.selection)
    qtbot.keyClick(page.editor, Qt.Key.Key_X)
    qtbot.waitUntil(lambda: abs(wave.seconds - 70.0) < 0.001)
    assert wave.view == (20.0, 30.0)
    settled(page, qtbot)
    found = page.editor.opened
    assert found is not None and isinstance(found.sound, Timeline)
    edited = steps.apply(LONG, found.clip.edits)
    assert np.array_equal(found.sound.sound().samples, edited.samples)
    session.undo.undo()
    qtbot.waitUntil(lambda: wave.seconds == 75.0)
    settled(page, qtbot)


def test_the_whole_spectrogram_stays_beneath_the_finer_one(page: ClipsPage, qtbot) -> None:
    picture = page.editor.view.spectrogram
    qtbot.waitUntil(lambda: not picture.pending and picture._whole is not None)
    whole = picture._whole
    page.editor.view.wave.set_view(40.0, 41.0)
    qtbot.waitUntil(lambda: not picture.pending and picture._heat is not whole)
    assert picture._whole is whole and picture._span[0] <= 40.0 and picture._span[1] >= 41.0
    page.editor.view.wave.set_view(10.0, 60.0)  # not there yet, and still no hole
    assert not picture.grab().toImage().isNull()
    qtbot.waitUntil(lambda: not picture.pending)


def test_it_leaves_the_window_whole(page: ClipsPage, session: Session, tmp_path: Path) -> None:
    project = session.project
    assert project is not None and page.list.current is not None
    current = clips_work.as_current(project, page.list.current)
    assert isinstance(current.sound, Timeline)
    written = files.read(outside.finished(tmp_path / "out", current))
    assert np.abs(written.samples - LONG.samples).max() <= 2.0**-23


def test_it_is_put_into_the_transport(page: ClipsPage, session: Session) -> None:
    page.editor.seeked.emit(33.0)
    assert session.current is not None and session.current.sound is page.editor.opened.sound  # type: ignore[union-attr]
    assert not isinstance(session.current.sound, Sound)


def test_a_long_effect_shows_how_far_it_is_and_can_be_left_off(
    page: ClipsPage, session: Session, qtbot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is computed block by block while everything else goes on; cancelled, the clip is what is heard of it."""
    go, bar = threading.Event(), page.editor.work
    monkeypatch.setattr(clips_opening, "PATIENCE", 0.0)
    width = steps.STEPS["width"].function
    blocks = width.blocks

    def slow(audio: Audio, size: int, **values: Any) -> Iterator[Samples]:
        for number, block in enumerate(blocks(audio, size, **values)):
            go.wait(0.1 if number < 3 else 20)  # so long that each is told
            yield block

    monkeypatch.setattr(width, "blocks", slow)
    before = page.editor.opened
    page.editor.add("width")
    qtbot.waitUntil(lambda: bar.isVisible() and bar.bar.value() >= 20 * RATE)
    assert bar.note.words == "Width" and bar.bar.maximum() == 75 * RATE
    qtbot.mouseClick(bar.cancel, Qt.MouseButton.LeftButton)
    assert not bar.cancel.isEnabled()  # it has been heard
    go.set()
    qtbot.waitUntil(lambda: not bar.isVisible() and page.list.current is not None and not page.list.current.edits)
    settled(page, qtbot)
    assert bar.cancel.isEnabled()
    assert session.project is not None and not list((session.project.cache / "clips").glob("*.f32"))
    assert page.editor.opened is not None and page.editor.opened.sound is before.sound  # type: ignore[union-attr]
    session.undo.undo()
    qtbot.waitUntil(lambda: page.editor.opened is not None and bool(page.editor.opened.clip.edits))
    assert isinstance(page.editor.opened.sound, Timeline)
    settled(page, qtbot)


def test_what_is_seen_of_it_is_searched_for_onsets_and_loops(session: Session, qtbot) -> None:
    """As the same stretch alone would be; memory and time do not grow with the clip."""
    assert session.project is not None
    samples = LONG.samples * np.float32(0.01)
    for beat in range(150):
        samples[:, beat * 4000 : beat * 4000 + 400] += hit(200, seconds=0.05, rate=RATE).samples[:, :400]
    samples[:, 50 * RATE : 54 * RATE] = sine(220, 4.0, rate=RATE).samples
    session.project.keep(Sound(samples, RATE), None, "Rehearsal")
    page = ClipsPage(session)
    page.show()
    qtbot.waitUntil(lambda: page.editor.opened is not None)
    wave, places = page.editor.view.wave, page.editor.places
    wave.set_view(20.2, 30.2)
    with qtbot.waitSignal(places.measured, timeout=10_000):
        pass
    assert places.near(25.1, "onset") == pytest.approx(25.0, abs=0.01)
    assert places.near(60.1, "onset") == 60.1  # nobody has looked there yet
    assert places.tempo == pytest.approx(120, abs=1) and "BPM" in page.editor.facts.words
    wave.set_view(50.5, 53.5)
    page.edits.find_loops()
    finder = page.side.loops
    qtbot.waitUntil(lambda: finder.list.count() > 0)
    finder.list.setCurrentRow(0)
    assert finder.span is not None and 50.5 <= finder.span[0] < finder.span[1] <= 53.5
    finder.take.click()
    settled(page, qtbot)
    found = page.editor.opened
    assert found is not None and [step["do"] for step in found.clip.edits] == ["loop"] and isinstance(found.sound, Timeline)
    page.hide()
    page.deleteLater()
