"""Waveform over spectrogram of one sound, sharing time, playhead and the hand. Used wherever a sound is shown large."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.audio.sound import Audio
from studio.gui import theme
from studio.gui.widgets.spectrogram import GUTTER, Spectrogram
from studio.gui.widgets.waveform import Waveform


class SoundView(QWidget):
    """Both pictures of one sound. Reach `wave` for selection and markers. Times are seconds."""

    seeked = Signal(float)

    def __init__(self, parent: QWidget | None = None, *, selectable: bool = True) -> None:
        super().__init__(parent)
        self.wave = Waveform(selectable=selectable)
        self.spectrogram = Spectrogram()
        self.wave.viewChanged.connect(self.spectrogram.set_view)
        self.wave.seeked.connect(self.seeked)
        self.spectrogram.seeked.connect(self.seeked)
        beside_axis = QHBoxLayout()
        beside_axis.addSpacing(GUTTER)
        beside_axis.addWidget(self.wave)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SMALL)
        column.addLayout(beside_axis, 2)
        column.addWidget(self.spectrogram, 3)

    def set_sound(self, sound: Audio | None, *, stay: bool = False) -> None:
        """Show `sound`, whole, or where it is seen now if we `stay`; None shows the waveform's placeholder."""
        self.spectrogram.set_sound(sound)
        self.wave.set_sound(sound, stay=stay)

    def set_playhead(self, seconds: float | None) -> None:
        self.wave.set_playhead(seconds)
        self.spectrogram.set_playhead(seconds)
