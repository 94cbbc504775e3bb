"""Settings: sound output, computing, look, folders, and facts to copy when something is wrong. Every change counts at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio import settings as preferences
from studio.audio.sound import Sound
from studio.engine.device import DeviceFacts
from studio.engine.jobs import Told
from studio.events import Failed, Finished
from studio.gui import theme
from studio.gui.drags import as_they_are
from studio.gui.pages.settings_plugins import PluginPanel
from studio.gui.session import Current, Session
from studio.gui.sound_output import OutputFacts
from studio.gui.widgets.chips import Elided

WIDEST = 920


def chord(rate: int = 48_000) -> Sound:
    """A second and a half of a soft major chord, left, then right, then both; float32 (2, frames)."""
    time = np.arange(rate // 2) / rate
    shape = np.sin(np.pi * np.arange(rate // 2) / (rate // 2)) ** 0.5
    notes = [sum(np.sin(2 * np.pi * f * time) for f in (root, root * 1.25, root * 1.5)) / 3 for root in (220.0, 277.2, 329.6)]
    left, right, both = (0.25 * shape * note for note in notes)
    silent = np.zeros_like(left)
    samples = np.stack([np.concatenate([left, silent, both]), np.concatenate([silent, right, both])])
    return Sound(samples.astype(np.float32), rate)


class Segments(QWidget):
    """A few choices side by side, one of them on."""

    def __init__(self, choices: dict[str, str], name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for value, text in choices.items():
            button = QPushButton(text)
            button.setCheckable(True)
            button.setProperty("role", "segment")
            button.setProperty("value", value)
            self.group.addButton(button)
            self._buttons[value] = button
            row.addWidget(button)
        row.addStretch(1)

    def choose(self, value: str) -> None:
        if value in self._buttons:
            self._buttons[value].setChecked(True)


class SettingsPage(QWidget):
    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._filling = False
        self._column = QVBoxLayout()
        self._column.setContentsMargins(0, 0, theme.HALF, theme.SPACE)
        self._column.setSpacing(theme.GAP)
        title = QLabel(self.tr("Settings"))
        title.setProperty("role", "page")
        self._column.addWidget(title)
        self._add_sound()
        self._add_computing()
        self.plugins = PluginPanel(session)
        self._column.addWidget(self.plugins)
        self._add_look()
        self._add_folders()
        self._add_facts()
        self._column.addStretch(1)
        inside = QWidget()
        inside.setProperty("role", "clear")
        inside.setMaximumWidth(WIDEST)
        inside.setLayout(self._column)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)
        session.output.changed.connect(self._show_output)
        session.settingsChanged.connect(self._show_settings)
        session.engine.ready.connect(self._show_device)
        session.opened.connect(self._show_folders)
        session.closed.connect(self._show_folders)
        session.desk.event.connect(self._on_desk)
        self._show_output(session.output.facts)
        self._show_settings(session.settings)
        if session.engine.facts is not None:
            self._show_device(session.engine.facts)

    # ---- panels
    def _panel(self, title: str) -> QGridLayout:
        frame = QFrame()
        frame.setProperty("role", "panel")
        grid = QGridLayout(frame)
        grid.setContentsMargins(theme.SPACE, theme.SPACE - 4, theme.SPACE, theme.SPACE)
        grid.setHorizontalSpacing(theme.SPACE)
        grid.setVerticalSpacing(theme.HALF)
        grid.setColumnMinimumWidth(0, 168)
        grid.setColumnStretch(1, 1)
        label = QLabel(title)
        label.setProperty("role", "title")
        grid.addWidget(label, 0, 0, 1, 2)
        self._column.addWidget(frame)
        return grid

    def _row(self, grid: QGridLayout, name: str, *widgets: QWidget) -> QLabel:
        row = grid.rowCount()
        label = QLabel(name)
        label.setProperty("role", "dim")
        grid.addWidget(label, row, 0)
        line = QHBoxLayout()
        line.setSpacing(theme.HALF)
        for widget in widgets:
            line.addWidget(widget, 1 if isinstance(widget, (QComboBox, Elided)) else 0)
        if not any(isinstance(widget, (QComboBox, Elided)) for widget in widgets):
            line.addStretch(1)
        grid.addLayout(line, row, 1)
        if widgets:
            label.setBuddy(widgets[0])
        return label

    def _button(self, text: str, slot: Callable[[], None], icon: str = "") -> QPushButton:
        button = QPushButton(text)
        if icon:
            button.setIcon(theme.icon(icon))
        button.clicked.connect(slot)
        return button

    def _add_sound(self) -> None:
        grid = self._panel(self.tr("Sound output"))
        self._devices = QComboBox()
        self._devices.setAccessibleName(self.tr("Sound output"))
        self._devices.setMinimumWidth(200)
        self._devices.activated.connect(self._choose_device)
        self._rescan = self._button(self.tr("Rescan"), self._session.output.rescan, "refresh")
        self._tone = self._button(self.tr("Test tone"), self._play_tone, "note")
        self._row(grid, self.tr("Device"), self._devices, self._rescan, self._tone)
        self._buffer = QDoubleSpinBox()
        self._buffer.setRange(5, 500)
        self._buffer.setDecimals(0)
        self._buffer.setSuffix(self.tr(" ms"))
        self._buffer.setFixedWidth(112)
        self._buffer.setKeyboardTracking(False)
        self._buffer.setAccessibleName(self.tr("Buffer"))
        self._buffer.valueChanged.connect(self._set_buffer)
        hint = QLabel(self.tr("Raise it if you hear drop-outs"))
        hint.setProperty("role", "caption")
        self._row(grid, self.tr("Buffer"), self._buffer, hint)
        self._even = QCheckBox(self.tr("Compare sounds at the same loudness"))
        self._even.toggled.connect(self._set_even)
        self._row(grid, self.tr("Listening"), self._even)
        self._output_state = QLabel()
        self._output_state.setWordWrap(True)
        grid.addWidget(self._output_state, grid.rowCount(), 1)

    def _add_computing(self) -> None:
        grid = self._panel(self.tr("Computing"))
        choices = {"auto": self.tr("Best there is"), "gpu": self.tr("Graphics card"), "cpu": self.tr("Processor")}
        self._compute = Segments(choices, self.tr("Where models run"))
        self._compute.group.buttonClicked.connect(self._choose_compute)
        self._row(grid, self.tr("Models run on"), self._compute)
        self._gentle = QCheckBox(self.tr("Leave more of the computer to other programs while training"))
        self._gentle.toggled.connect(self._set_gentle)
        self._row(grid, self.tr("Gentle training"), self._gentle)
        self._device_state = QLabel(self.tr("Starting…"))
        self._device_state.setWordWrap(True)
        self._device_state.setProperty("role", "dim")
        grid.addWidget(self._device_state, grid.rowCount(), 1)

    def _add_look(self) -> None:
        grid = self._panel(self.tr("Look"))
        self._theme = Segments({"dark": self.tr("Dark"), "light": self.tr("Light")}, self.tr("Theme"))
        self._theme.group.buttonClicked.connect(self._choose_theme)
        self._row(grid, self.tr("Theme"), self._theme)
        self._steps = self._button(self.tr("Show the first steps again"), self._show_steps)
        self._row(grid, self.tr("Help"), self._steps)

    def _add_folders(self) -> None:
        grid = self._panel(self.tr("Folders"))
        self._exports = Elided(widest=100_000)
        choose = self._button(self.tr("Choose…"), self._choose_exports)
        self._reset = self._button(self.tr("Use the project’s"), self._reset_exports)
        self._row(grid, self.tr("Exported sounds"), self._exports, choose, self._reset)
        projects = Elided(str(preferences.projects_folder()), widest=100_000)
        self._row(grid, self.tr("New projects"), projects, self._button(self.tr("Show"), self._reveal_projects, "reveal"))
        log = Elided(str(preferences.log_folder()), widest=100_000)
        self._row(grid, self.tr("Log"), log, self._button(self.tr("Show"), self._reveal_log, "reveal"))

    def _add_facts(self) -> None:
        grid = self._panel(self.tr("Facts to copy"))
        hint = QLabel(self.tr("Versions, devices and the end of the log, for when something is wrong. Nothing is ever sent."))
        hint.setProperty("role", "dim")
        hint.setWordWrap(True)
        grid.addWidget(hint, 1, 0, 1, 2)
        self._collect = self._button(self.tr("Collect"), self._collect_facts, "list")
        self._copy = self._button(self.tr("Copy"), self._copy_facts, "copy")
        self._copy.setEnabled(False)
        self._facts = QPlainTextEdit()
        self._facts.setReadOnly(True)
        self._facts.setAccessibleName(self.tr("Facts"))
        self._facts.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._facts.setFixedHeight(200)
        self._facts.hide()
        line = QHBoxLayout()
        line.setSpacing(theme.HALF)
        line.addWidget(self._collect)
        line.addWidget(self._copy)
        line.addStretch(1)
        grid.addLayout(line, 2, 0, 1, 2)
        grid.addWidget(self._facts, 3, 0, 1, 2)

    # ---- what is shown
    @Slot(object)
    def _show_output(self, facts: OutputFacts) -> None:
        self._filling = True
        wanted = self._session.settings.device
        self._devices.clear()
        self._devices.addItem(self.tr("The system’s choice"), "")
        for device in facts.devices:
            self._devices.addItem(self.tr("{name} ({api})").format(name=device.name, api=device.api), device.name)
        if wanted and self._devices.findData(wanted) < 0:
            self._devices.addItem(self.tr("{name} (not there now)").format(name=wanted), wanted)
        self._devices.setCurrentIndex(max(0, self._devices.findData(wanted)))
        self._filling = False
        self._tone.setEnabled(bool(facts.name))
        if facts.name:
            words = self.tr("Playing on {name}; a sound begins {ms} ms after a click.")
            self._say_output(words.format(name=facts.name, ms=round(facts.latency * 1000)), "good")
        elif facts.problem:
            self._say_output(f"{facts.problem} {facts.hint}".strip(), "warn")
        else:
            self._say_output(self.tr("Looking for devices…"), "")

    def _say_output(self, text: str, state: str) -> None:
        self._output_state.setText(text)
        theme.mark(self._output_state, state=state)

    @Slot(object)
    def _show_device(self, facts: DeviceFacts) -> None:
        gb = f"{facts.total / 1e9:.0f}"
        if facts.kind == "cpu":
            text = self.tr("Processor with {n} threads and {gb} GB of memory.").format(n=facts.threads, gb=gb)
        else:
            text = self.tr("{name} with {gb} GB of memory.").format(name=facts.name, gb=gb)
        self._device_state.setText(f"{text} {facts.problem}".strip())

    @Slot(object)
    def _show_settings(self, settings: preferences.Settings) -> None:
        self._filling = True
        self._buffer.setValue(settings.buffer)
        self._even.setChecked(settings.loudness_match)
        self._compute.choose(settings.compute)
        self._gentle.setChecked(settings.gentle)
        self._theme.choose(settings.theme)
        self._steps.setEnabled(settings.welcomed)
        self._filling = False
        self._show_folders()

    @Slot()
    def _show_folders(self) -> None:
        own = self._session.settings.exports
        project = self._session.project
        self._exports.set_words(own or (str(project.exports) if project else self.tr("The project’s exports folder")))
        self._reset.setEnabled(bool(own))

    # ---- what is asked
    def _choose_device(self, index: int) -> None:
        if not self._filling:
            self._session.change(device=self._devices.itemData(index))

    def _set_buffer(self, value: float) -> None:
        if not self._filling:
            self._session.change(buffer=value)

    def _set_even(self, on: bool) -> None:
        if not self._filling:
            self._session.change(loudness_match=on)

    def _set_gentle(self, on: bool) -> None:
        if not self._filling:
            self._session.change(gentle=on)

    def _choose_compute(self, button: QPushButton) -> None:
        self._session.change(compute=button.property("value"))

    def _choose_theme(self, button: QPushButton) -> None:
        self._session.change(theme=button.property("value"))

    def _show_steps(self) -> None:
        self._session.change(welcomed=False)

    def _play_tone(self) -> None:
        self._session.play(Current(chord(), self.tr("Test tone")))

    def _choose_exports(self) -> None:
        path = QFileDialog.getExistingDirectory(self, self.tr("Folder for exported sounds"), self._exports.words)
        if path:
            self._session.change(exports=path)

    def _reset_exports(self) -> None:
        self._session.change(exports="")

    def _reveal_projects(self) -> None:
        self._reveal(preferences.projects_folder())

    def _reveal_log(self) -> None:
        self._reveal(preferences.log_folder())

    def _reveal(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._session.drags.reveal(as_they_are([folder]))

    def _collect_facts(self) -> None:
        from studio.gui import diagnostics

        self._collect.setEnabled(False)
        self._collect.setText(self.tr("Looking…"))
        folder = self._session.project.root if self._session.project else None
        self._session.desk.submit(lambda: diagnostics.bundle(folder), "diagnostics", newest=True)

    @Slot(object)
    def _on_desk(self, told: Told) -> None:
        if told.tag != "diagnostics" or not told.last:
            return
        self._collect.setEnabled(True)
        self._collect.setText(self.tr("Collect"))
        if isinstance(told.event, Finished):
            self._facts.setPlainText(told.event.result["text"])
            self._facts.show()
            self._copy.setEnabled(True)
        elif isinstance(told.event, Failed):
            self._session.complain(told.event)

    def _copy_facts(self) -> None:
        QGuiApplication.clipboard().setText(self._facts.toPlainText())
        self._session.tell(self.tr("Facts copied"))
