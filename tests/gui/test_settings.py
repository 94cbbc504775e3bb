"""The settings page: every control changes something, at once, and says what is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox

from studio.audio.output import Device
from studio.engine.device import DeviceFacts
from studio.gui import diagnostics, files, theme
from studio.gui.pages import settings as page_module
from studio.gui.pages.settings import SettingsPage, chord
from studio.gui.session import Session
from studio.gui.sound_output import OutputFacts


@pytest.fixture
def page(session: Session, qtbot: Any) -> Iterator[SettingsPage]:
    made = SettingsPage(session)
    made.resize(1000, 600)
    qtbot.addWidget(made)
    made.show()
    yield made


def test_no_sound_device_is_said_and_the_rest_works(page: SettingsPage, session: Session, qtbot: Any) -> None:
    with qtbot.waitSignal(session.output.changed, timeout=30_000):
        page._rescan.click()
    assert "There is no sound output" in page._output_state.text() and not page._tone.isEnabled()
    assert session.player is None and page._devices.currentData() == ""


def test_devices_are_listed_and_chosen(page: SettingsPage, session: Session, monkeypatch: Any) -> None:
    opened: list[Any] = []
    monkeypatch.setattr(session.output, "open", lambda: opened.append(session.output._wish))
    devices = (Device("Scarlett", "ALSA", 48000, 2, 3), Device("Built-in", "ALSA", 44100, 2, 0, True))
    session.output.changed.emit(OutputFacts(devices, "Built-in", 0.012))
    assert [page._devices.itemData(i) for i in range(page._devices.count())] == ["", "Scarlett", "Built-in"]
    assert "Built-in" in page._output_state.text() and "12 ms" in page._output_state.text() and page._tone.isEnabled()
    page._devices.setCurrentIndex(1)
    page._devices.activated.emit(1)
    assert session.settings.device == "Scarlett" and opened == [("Scarlett", 0.015)]
    page._buffer.setValue(40)
    assert session.settings.buffer == 40 and opened[-1] == ("Scarlett", 0.04)
    session.output.changed.emit(OutputFacts((), problem="There is no sound output.", hint="Plug one in."))
    assert page._devices.currentData() == "Scarlett" and "Plug one in." in page._output_state.text()


def test_look_and_computing_change_at_once(page: SettingsPage, session: Session, qtbot: Any) -> None:
    page._theme._buttons["light"].click()
    assert session.settings.theme == "light"
    page._compute._buttons["cpu"].click()
    assert session.settings.compute == "cpu"
    page._gentle.click()
    page._even.click()
    assert session.settings.gentle and not session.settings.loudness_match
    page._steps.click()
    assert not session.settings.welcomed and not page._steps.isEnabled()


def test_the_page_follows_settings_made_elsewhere(page: SettingsPage, session: Session) -> None:
    session.change(theme="light", buffer=100, gentle=True)
    assert page._theme._buttons["light"].isChecked() and page._buffer.value() == 100 and page._gentle.isChecked()


def test_the_device_that_computes_is_told(page: SettingsPage, session: Session) -> None:
    session.engine.ready.emit(DeviceFacts("cpu", "CPU", 8, 16 * 10**9, problem="RTX is there, but this PyTorch can't use it"))
    assert "8 threads" in page._device_state.text() and "can't use it" in page._device_state.text()


def test_folders_are_shown_chosen_and_reset(
    page: SettingsPage, session: Session, tmp_path: Path, monkeypatch: Any, qtbot: Any
) -> None:
    assert session.project is not None and page._exports.words == str(session.project.exports)
    monkeypatch.setattr(page_module.QFileDialog, "getExistingDirectory", lambda *args: str(tmp_path / "bounces"))
    page._choose_exports()
    assert session.settings.exports == page._exports.words == str(tmp_path / "bounces") and page._reset.isEnabled()
    page._reset.click()
    assert session.settings.exports == "" and page._exports.words == str(session.project.exports)
    shown: list[Path] = []
    monkeypatch.setattr(files, "reveal", shown.append)
    page._reveal_log()
    qtbot.waitUntil(lambda: bool(shown), timeout=20_000)
    assert shown[0].is_dir()


def test_facts_can_be_copied(page: SettingsPage, session: Session, monkeypatch: Any, qtbot: Any) -> None:
    from studio import doctor

    monkeypatch.setattr(doctor, "report", lambda folder: [doctor.Check("Disk", "good", "There is room.")])
    page._collect.click()
    qtbot.waitUntil(page._copy.isEnabled, timeout=30_000)
    page._copy.click()
    text = QGuiApplication.clipboard().text()
    assert "Wavewright" in text and "PySide6" in text and "+ Disk: There is room." in text


def test_the_log_is_told_without_the_users_name(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ada"))
    (tmp_path / "wavewright.log").write_text("".join(f"line {n} in /home/ada/x\n" for n in range(500)))
    lines = diagnostics.log_tail(tmp_path)
    assert len(lines) == diagnostics.LINES and lines[-1] == "line 499 in ~/x"
    assert diagnostics.log_tail(tmp_path / "none") == []


def test_controls_have_names(page: SettingsPage) -> None:
    for kind in (QComboBox, QAbstractSpinBox):
        assert all(widget.accessibleName() for widget in page.findChildren(kind))
    assert all(button.text() or button.accessibleName() for button in page.findChildren(QAbstractButton) if button.isVisible())


def test_the_test_tone_goes_left_right_both() -> None:
    sound = chord(48_000)
    third = sound.frames // 3
    parts = [np.abs(sound.samples[:, n * third : (n + 1) * third]).max(axis=1) > 0.05 for n in range(3)]
    assert [part.tolist() for part in parts] == [[True, False], [False, True], [True, True]]
    assert np.abs(sound.samples).max() < 0.5


def test_nothing_is_cut_off_in_a_small_window(page: SettingsPage, qtbot: Any) -> None:
    page.resize(1100 - theme.RAIL - 2 * theme.MARGIN, 500)
    for button in page.findChildren(QAbstractButton):
        if button.isVisible():
            assert button.width() >= button.minimumSizeHint().width(), button.text()
