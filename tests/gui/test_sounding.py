"""From a key in the window to samples in a device: the real player behind the real transport, recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt

from studio.audio.sound import Sound
from studio.gui.main_window import MainWindow
from studio.gui.session import Current, Session
from tests.sound import RATE, Sink, missing

pytestmark = [pytest.mark.sound, pytest.mark.skipif(bool(missing()), reason=missing())]


@pytest.fixture
def sounding(sink: Sink, window: MainWindow, session: Session, qtbot: Any) -> Iterator[MainWindow]:
    """The frame with a sound output that is open, at full volume."""
    session.change(volume=1.0)
    with qtbot.waitSignal(session.output.changed, timeout=30_000):
        session.output.open()
    assert session.player is not None, session.output.facts.problem
    yield window
    session.set_player(None)
    session.desk.close()
    session.output.close()


def sine(seconds: float, level: float = 0.25) -> Sound:
    time = np.arange(round(seconds * RATE)) / RATE
    shape = np.minimum(1, np.minimum(time, time[::-1]) * 100)
    return Sound((level * shape * np.sin(2 * np.pi * 441 * time)).astype(np.float32)[None], RATE)


def test_space_is_heard_as_it_is(sounding: MainWindow, session: Session, sink: Sink, qtbot: Any) -> None:
    sound = sine(0.4)
    session.set_current(Current(sound, "A"))
    sounding.setFocus()
    with sink.record() as recording:
        qtbot.keyClick(sounding, Qt.Key.Key_Space)
        assert session.playing
        qtbot.waitUntil(lambda: sounding.transport._meter.peak > -30, timeout=10_000)
        qtbot.waitUntil(lambda: not session.playing, timeout=10_000)
        qtbot.wait(200)
    heard = recording.samples[:, 0]
    fit = np.correlate(heard, sound.samples[0], "valid") / (sound.samples[0] ** 2).sum()
    start = int(fit.argmax())
    assert fit[start] == pytest.approx(1.0, abs=0.01)  # the device may run at another rate than the sound
    assert np.abs(heard[start : start + sound.frames] - sound.samples[0]).max() < 0.02


def test_space_again_stops_and_a_click_seeks(sounding: MainWindow, session: Session, sink: Sink, qtbot: Any) -> None:
    session.set_current(Current(sine(3.0), "A"))
    sounding.setFocus()
    places: list[float] = []
    session.positionChanged.connect(places.append)
    qtbot.keyClick(sounding, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: any(place and place > 0.05 for place in places), timeout=10_000)
    sounding.transport._seek(2.0)
    qtbot.waitUntil(lambda: any(place and place > 1.9 for place in places), timeout=10_000)
    qtbot.keyClick(sounding, Qt.Key.Key_Space)
    assert not session.playing and places[-1] is None


def test_the_settings_name_the_device_and_its_tone_is_heard(
    sounding: MainWindow, session: Session, sink: Sink, qtbot: Any
) -> None:
    from studio.gui.pages.settings import SettingsPage

    page = SettingsPage(session)
    qtbot.addWidget(page)
    assert session.output.facts.name and session.output.facts.name in page._output_state.text()
    with sink.record() as recording:
        page._tone.click()
        qtbot.waitUntil(lambda: session.playing, timeout=5_000)
        qtbot.waitUntil(lambda: not session.playing, timeout=10_000)
    assert np.abs(recording.samples).max() > 0.1
