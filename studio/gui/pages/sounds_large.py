"""The chosen sound large: waveform, spectrogram, its facts in words, and where a model would cut it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QDoubleSpinBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.audio.sound import Sound
from studio.gui import theme
from studio.gui.widgets.chips import Elided
from studio.gui.widgets.later import Later
from studio.gui.widgets.sound_view import SoundView
from studio.library import slices
from studio.library.index import SoundRow
from studio.models.controls import Material

WAYS = ("whole", "onset", "window")


@dataclass(frozen=True)
class Cut:
    """Where `way` cuts a sound: its pieces in seconds."""

    sound: Sound
    way: str
    seconds: float
    pieces: tuple[tuple[float, float], ...]


def cut(sound: Sound, way: str, seconds: float) -> Cut:
    """The pieces a model would be given. Slow for long sounds: not in the window's thread."""
    material = Material(rate=sound.rate, channels=sound.channels, seconds=seconds, slices=way)  # type: ignore[arg-type]
    found = slices.pieces(sound, material)
    return Cut(sound, way, seconds, tuple((a / sound.rate, b / sound.rate) for a, b in found))


class LargeSound(QWidget):
    """Shows one sound. It plays nothing itself: `seeked` asks for it."""

    seeked = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sound: Sound | None = None
        self.name = Elided()
        theme.mark(self.name, role="title")
        self.facts = QLabel()
        self.facts.setWordWrap(True)
        theme.mark(self.facts, role="caption")
        self.view = SoundView(selectable=False)
        self.view.wave.placeholder = self.tr("Click a sound to see and hear it")
        self.view.setMinimumHeight(150)
        self.view.seeked.connect(self.seeked)
        self._later = Later(self)
        self._later.done.connect(self._on_cut)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SMALL)
        column.addWidget(self.name)
        column.addWidget(self.facts)
        column.addWidget(self.view, 1)
        column.addLayout(self._cutting())
        self.result = QLabel()
        self.result.setWordWrap(True)
        theme.mark(self.result, role="caption")
        column.addWidget(self.result)
        self.show_sound(None, None, ())

    def _cutting(self) -> QHBoxLayout:
        self._ways = QButtonGroup(self)
        self.ways: dict[str, QPushButton] = {}
        texts = {
            "whole": (self.tr("Whole"), self.tr("See what is left of the sound without the silence around it")),
            "onset": (self.tr("At onsets"), self.tr("See it cut wherever something begins to sound")),
            "window": (self.tr("Windows"), self.tr("See it cut into windows of equal length")),
        }
        row = QHBoxLayout()
        row.setSpacing(2)
        for way in WAYS:
            button = QPushButton(texts[way][0])
            button.setToolTip(texts[way][1])
            button.setCheckable(True)
            button.setChecked(way == "whole")
            theme.mark(button, role="segment")
            self._ways.addButton(button)
            self.ways[way] = button
            row.addWidget(button)
        self.length = QDoubleSpinBox()
        self.length.setRange(0.05, 60.0)
        self.length.setSingleStep(0.25)
        self.length.setDecimals(2)
        self.length.setValue(2.0)
        self.length.setSuffix(self.tr(" s"))
        self.length.setKeyboardTracking(False)
        self.length.setToolTip(self.tr("No piece is longer than this"))
        self.length.setAccessibleName(self.tr("Longest piece"))
        self._ways.buttonClicked.connect(self._cut_again)
        self.length.valueChanged.connect(self._cut_again)
        row.addStretch(1)
        row.addWidget(self.length)
        return row

    @property
    def way(self) -> str:
        return next(way for way, button in self.ways.items() if button.isChecked())

    @property
    def sound(self) -> Sound | None:
        return self._sound

    def show_sound(self, row: SoundRow | None, sound: Sound | None, facts: tuple[str, ...]) -> None:
        """Show `sound` with these facts; None, None shows what to do."""
        self._sound = sound
        self.name.set_words(row.name if row else self.tr("No sound chosen"))
        self.facts.setText("  ·  ".join(fact for fact in facts if fact))
        self.facts.setVisible(bool(facts))
        self.view.set_sound(sound)
        for control in (*self.ways.values(), self.length):
            control.setEnabled(sound is not None)
        self._cut_again()

    def _cut_again(self) -> None:
        self.result.setText("")
        if self._sound is not None:
            self._later.ask(partial(cut, self._sound, self.way, self.length.value()))

    def _on_cut(self, answer: object) -> None:
        if not isinstance(answer, Cut) or answer.sound is not self._sound:
            return
        if (answer.way, answer.seconds) != (self.way, self.length.value()):
            return
        edges = sorted({edge for piece in answer.pieces for edge in piece})
        self.view.wave.set_markers([e for e in edges if 0.002 < e < answer.sound.seconds - 0.002])
        if not answer.pieces:
            text = self.tr("Nothing here can be heard")
        elif len(answer.pieces) == 1:
            start, end = answer.pieces[0]
            text = self.tr("A model hears {0} s of it").format(f"{end - start:.2f}")
        else:
            lengths = [end - start for start, end in answer.pieces]
            text = self.tr("{0} pieces of {1} to {2} s").format(len(lengths), f"{min(lengths):.2f}", f"{max(lengths):.2f}")
        self.result.setText(text)
        self.result.setAlignment(Qt.AlignmentFlag.AlignLeft)
