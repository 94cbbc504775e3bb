"""The strip at the bottom of every page: what sounds now, how to hear it again, keep it, and carry it into a DAW."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Slot
from PySide6.QtGui import QAction, QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSlider, QToolButton, QVBoxLayout, QWidget

from studio.gui import theme
from studio.gui.drags import Leaving
from studio.gui.session import Current, Session
from studio.gui.widgets.chips import Elided
from studio.gui.widgets.level_meter import LevelMeter
from studio.gui.widgets.pull import Pull
from studio.gui.widgets.waveform import Waveform


class DragHandle(QToolButton):
    """Drag it into a DAW or a folder: what is carried is a finished WAV of the exports folder, begun when it is pressed."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._pull = Pull()
        self.setText(self.tr("Drag"))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIcon(theme.icon("drag"))
        self.setIconSize(QSize(16, 16))
        self.setFixedHeight(theme.CONTROL)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setAccessibleName(self.tr("Drag this sound out as a WAV file"))
        self.setToolTip(self.tr("Drag this sound into your DAW or a folder, as a 24-bit WAV"))

    def leaving(self) -> list[Leaving]:
        """What is in the transport."""
        current = self._session.current
        return [lambda: current] if current is not None else []

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self._pull.press(event)
            self._session.drags.prepare(self.leaving())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pull.begins(event):
            self.setDown(False)
            self._session.drags.carry(self, self.leaving())


class Transport(QWidget):
    """Plays what `session.current` holds. The actions are the window's, so that keys and buttons are the same thing."""

    def __init__(self, session: Session, play: QAction, loop: QAction, keep: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setObjectName("transport")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(theme.TRANSPORT)
        self.setAccessibleName(self.tr("Transport"))

        self._play = QToolButton()
        self._play.setObjectName("round-play")
        self._play.setIconSize(QSize(20, 20))
        self._play.clicked.connect(play.trigger)
        self._loop = self._icon_button("loop", loop.toolTip())
        self._loop.setCheckable(True)
        self._loop.setChecked(session.settings.loop)
        self._loop.clicked.connect(loop.trigger)
        self._name = Elided(self.tr("Nothing chosen yet"), widest=100_000)
        self._name.setProperty("role", "caption")
        self._wave = Waveform(ruler=False, selectable=False)
        self._wave.placeholder = self.tr("Click a sound, or move the dot on the map")
        self._wave.set_sound(None)
        self._wave.setAccessibleName(self.tr("Overview of the current sound"))
        self._wave.seeked.connect(self._seek)
        self._time = QLabel("–")
        self._time.setFont(theme.font())
        self._time.setFixedWidth(104)
        self._time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._time.setAccessibleName(self.tr("Position and length"))
        self._meter = LevelMeter()
        self._mute = self._icon_button("volume", self.tr("Silence"))
        self._mute.clicked.connect(self._toggle_mute)
        self._loud = session.settings.volume or 0.8
        self._volume = QSlider(Qt.Orientation.Horizontal)
        self._volume.setRange(0, 100)
        self._volume.setFixedWidth(88)
        self._volume.setValue(round(session.settings.volume * 100))
        self._volume.setAccessibleName(self.tr("Volume"))
        self._volume.setToolTip(self.tr("Volume"))
        self._volume.valueChanged.connect(self._set_volume)
        self._keep = QPushButton(self.tr("Keep"))
        self._keep.setIcon(theme.icon("keep"))
        self._keep.setToolTip(keep.toolTip())
        self._keep.setAccessibleName(self.tr("Keep this sound as a clip"))
        self._keep.clicked.connect(keep.trigger)
        self._drag = DragHandle(session)
        self._reveal = self._icon_button("reveal", self.tr("Show this sound in its folder"))
        self._reveal.clicked.connect(self._show_file)
        self._copy = self._icon_button("copy", self.tr("Copy the path of this sound"))
        self._copy.clicked.connect(self._copy_path)
        self._lay_out()

        self._save = QTimer(self)
        self._save.setSingleShot(True)
        self._save.setInterval(400)
        self._save.timeout.connect(self._remember_volume)
        self._settle = QTimer(self)
        self._settle.setInterval(33)
        self._settle.timeout.connect(self._calm)
        session.currentChanged.connect(self._show_current)
        session.playingChanged.connect(self._show_playing)
        session.positionChanged.connect(self._show_position)
        session.noted.connect(self._noted)
        session.settingsChanged.connect(self._show_settings)
        session.playerChanged.connect(self._show_player)
        session.closed.connect(self._clear)
        self._show_playing(False)
        self._enable(False)

    def _icon_button(self, icon: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setProperty("role", "icon")
        button.setIcon(theme.icon(icon))
        button.setIconSize(QSize(18, 18))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        return button

    def _lay_out(self) -> None:
        middle = QVBoxLayout()
        middle.setSpacing(2)
        middle.addWidget(self._name)
        middle.addWidget(self._wave, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.MARGIN, theme.HALF, theme.MARGIN, theme.HALF)
        row.setSpacing(theme.HALF)
        row.addWidget(self._play)
        row.addWidget(self._loop)
        row.addSpacing(4)
        row.addLayout(middle, 1)
        row.addWidget(self._time)
        row.addSpacing(4)
        row.addWidget(self._meter)
        row.addWidget(self._mute)
        row.addWidget(self._volume)
        row.addSpacing(theme.HALF)
        row.addWidget(self._keep)
        row.addWidget(self._drag)
        row.addWidget(self._reveal)
        row.addWidget(self._copy)

    # ---- what is shown
    @Slot(object)
    def _show_current(self, current: Current) -> None:
        self._wave.set_sound(current.sound)
        self._name.set_words(current.name or self.tr("Untitled"))
        self._show_position(0.0)
        self._enable(True)

    @Slot()
    def _clear(self) -> None:
        self._wave.set_sound(None)
        self._name.set_words(self.tr("Nothing chosen yet"))
        self._time.setText("–")
        self._enable(False)

    def _enable(self, on: bool) -> None:
        for widget in (self._play, self._keep, self._drag, self._reveal, self._copy):
            widget.setEnabled(on)
        self._play.setEnabled(on and self._session.player is not None)
        tip = self.tr("Play or stop (Space)") if self._session.player is not None else self.tr("There is no sound output")
        self._play.setToolTip(tip)

    @Slot(bool)
    def _show_playing(self, playing: bool) -> None:
        self._play.setIcon(theme.icon("stop-filled" if playing else "play-filled", "on_accent"))
        self._play.setAccessibleName(self.tr("Stop") if playing else self.tr("Play"))
        if playing:
            self._settle.stop()
        else:
            self._wave.set_playhead(None)
            self._settle.start()

    @Slot(object)
    def _show_position(self, seconds: float | None) -> None:
        current = self._session.current
        if current is None:
            return
        self._wave.set_playhead(seconds)
        self._time.setText(self.tr("{at} / {all} s").format(at=f"{seconds or 0:.2f}", all=f"{current.sound.seconds:.2f}"))
        if self._session.player is not None and self._session.playing:
            self._meter.set_level(*self._session.player.level)

    @Slot()
    def _noted(self) -> None:
        if not self._session.playing:  # else the meter moves already
            self._settle.start()

    @Slot()
    def _calm(self) -> None:
        player = self._session.player
        if player is not None and player.notes:
            self._meter.set_level(*player.level)
        elif not self._meter.rest():
            self._meter.clear()
            self._settle.stop()

    @Slot(object)
    def _show_settings(self, settings: object) -> None:
        self._loop.setChecked(self._session.settings.loop)
        volume = round(self._session.settings.volume * 100)
        if not self._save.isActive() and volume != self._volume.value():
            self._volume.setValue(volume)

    @Slot(object)
    def _show_player(self, player: object) -> None:
        self._enable(self._session.current is not None)

    # ---- what is asked
    def _seek(self, seconds: float) -> None:
        if self._session.playing and self._session.player is not None:
            self._session.player.seek(seconds)
        else:
            self._session.play(at=seconds)

    def _set_volume(self, value: int) -> None:
        if self._session.player is not None:
            self._session.player.set_volume((value / 100) ** 2)
        if value:
            self._loud = value / 100
        self._mute.setIcon(theme.icon("volume" if value else "mute"))
        self._save.start()

    def _remember_volume(self) -> None:
        self._session.change(volume=self._volume.value() / 100)

    def _toggle_mute(self) -> None:
        self._volume.setValue(0 if self._volume.value() else round(self._loud * 100))

    def _show_file(self) -> None:
        self._session.drags.reveal(self._drag.leaving())

    def _copy_path(self) -> None:
        self._session.drags.copy(self._drag.leaving())
