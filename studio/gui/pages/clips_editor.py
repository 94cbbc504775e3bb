"""The middle of Clips: what the chosen clips are called, and the edits of the one that is open.

It shows and asks; the page decides, saves and undoes. Nothing here changes a clip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.audio.analysis import Facts, note_name
from studio.audio.pitch import hz_to_midi
from studio.audio.sound import Audio
from studio.gui import theme
from studio.gui.widgets.canvas import clock
from studio.gui.widgets.chips import Elided
from studio.gui.widgets.sound_view import SoundView
from studio.gui.widgets.star_bar import StarBar
from studio.project.state import ClipFile


@dataclass(frozen=True, eq=False)
class Opened:
    """A clip with its edits applied, ready to be heard and drawn; `facts` follow a moment later."""

    clip: ClipFile
    original: Audio
    sound: Audio
    facts: Facts | None = None


class ClipEditor(QWidget):
    """Names, stars and tags of the chosen clips; waveform, spectrogram and edits of the open one."""

    renamed = Signal(str)
    starred = Signal(int)
    tagged = Signal(object)
    """tuple of tags that were added, tuple of tags that were removed."""

    stepWanted = Signal(object, str)
    """A step (audio/steps.py), and what it is called in the undo list."""

    resetWanted = Signal()
    recipeWanted = Signal()
    seeked = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.opened: Opened | None = None
        self._chosen: tuple[ClipFile, ...] = ()
        self._tags: tuple[str, ...] = ()
        theme.mark(self, role="panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.name = QLineEdit()
        self.name.setAccessibleName(self.tr("Name of this clip"))
        self.name.setPlaceholderText(self.tr("Name"))
        self.name.editingFinished.connect(self._rename)
        self.stars = StarBar()
        self.stars.given.connect(self.starred)
        self.recipe = QPushButton(self.tr("Open recipe"))
        self.recipe.setIcon(theme.icon("explore"))
        self.recipe.setToolTip(self.tr("Back to Explore, exactly where this sound was made"))
        self.recipe.clicked.connect(self.recipeWanted)
        self.tags = QLineEdit()
        self.tags.setAccessibleName(self.tr("Tags, separated by commas"))
        self.tags.setPlaceholderText(self.tr("Tags, separated by commas"))
        self.tags.addAction(theme.icon("tag", "dim"), QLineEdit.ActionPosition.LeadingPosition)
        self.tags.editingFinished.connect(self._retag)
        self.facts = Elided(widest=100_000)
        theme.mark(self.facts, role="caption")
        self.view = SoundView()
        self.view.wave.placeholder = self.tr("Choose a clip on the left")
        self.view.set_sound(None)
        self.view.seeked.connect(self.seeked)
        self.view.wave.selectionChanged.connect(self._show_tools)
        self.steps = Elided(widest=100_000)
        theme.mark(self.steps, role="caption")
        self.fade = QDoubleSpinBox()
        self.fade.setRange(1, 10_000)
        self.fade.setDecimals(0)
        self.fade.setValue(20)
        self.fade.setSuffix(self.tr(" ms"))
        self.fade.setFixedWidth(92)
        self.fade.setAccessibleName(self.tr("Length of a fade"))
        self.fade.setToolTip(self.tr("Length of a fade where nothing is selected"))
        self._lay_out()
        self.choose(())

    # ---- building
    def _lay_out(self) -> None:
        self.trim = self._tool("fit", self.tr("Trim"), self.tr("Keep only the selection (T)"), self._trim)
        self.cut = self._tool("cut", self.tr("Cut"), self.tr("Remove the selection (X)"), self._cut)
        self.fade_in = self._tool("fade-in", self.tr("Fade in"), "", self._fade_in)
        self.fade_out = self._tool("fade-out", self.tr("Fade out"), "", self._fade_out)
        self.normalise = self._tool("normalise", self.tr("Normalise"), self.tr("Bring the peak to −1 dB (N)"), self._normalise)
        self.reverse = self._tool("reverse", self.tr("Reverse"), self.tr("Play it backwards (R)"), self._reverse)
        self.reset = self._tool("undo", self.tr("Reset"), self.tr("Back to the sound as it was kept"), self.resetWanted.emit)
        self._keys = {
            Qt.Key.Key_T: self.trim,
            Qt.Key.Key_X: self.cut,
            Qt.Key.Key_N: self.normalise,
            Qt.Key.Key_R: self.reverse,
        }
        head = QHBoxLayout()
        head.setSpacing(theme.HALF)
        self.name.setMaximumWidth(560)
        head.addWidget(self.name, 100)
        head.addWidget(self.stars)
        head.addStretch(1)
        head.addWidget(self.recipe)
        below = QHBoxLayout()
        below.setSpacing(theme.HALF)
        below.addWidget(self.tags, 1)
        tools = QGridLayout()
        tools.setHorizontalSpacing(2)
        buttons = (self.trim, self.cut, self.fade_in, self.fade_out, self.normalise, self.reverse, self.reset)
        for column, button in enumerate(buttons):
            tools.addWidget(button, 0, column)
            tools.setColumnStretch(column, 4)
        tools.setColumnStretch(len(buttons), 1)  # on a wide screen they stay together
        length = QHBoxLayout()
        length.setSpacing(theme.HALF)
        length.addWidget(self.steps, 1)
        label = QLabel(self.tr("Fade"))
        theme.mark(label, role="dim")
        label.setBuddy(self.fade)
        length.addWidget(label)
        length.addWidget(self.fade)
        rule = QFrame()
        theme.mark(rule, role="line")
        column_ = QVBoxLayout(self)
        column_.setContentsMargins(12, 12, 12, 12)
        column_.setSpacing(theme.HALF)
        column_.addLayout(head)
        column_.addLayout(below)
        column_.addWidget(self.facts)
        column_.addWidget(self.view, 1)
        column_.addLayout(length)
        column_.addWidget(rule)
        column_.addLayout(tools)

    def _tool(self, icon: str, text: str, tip: str, slot: Any) -> QToolButton:
        button = QToolButton()
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setIcon(theme.icon(icon))
        button.setIconSize(QSize(18, 18))
        button.setText(text)
        button.setFont(theme.font("caption"))
        button.setToolTip(tip or text)
        button.setAccessibleName(text)
        button.setMinimumHeight(46)
        button.setMaximumWidth(96)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setStyleSheet("QToolButton { padding: 4px 0; font-size: 11px; min-width: 40px; }")
        theme.mark(button, role="quiet")
        button.clicked.connect(slot)
        return button

    # ---- what is shown
    def choose(self, clips: Sequence[ClipFile]) -> None:
        """Show the names of the chosen clips; one, several or none."""
        same = [c.id for c in clips] == [c.id for c in self._chosen]
        self._chosen = tuple(clips)
        one = clips[0] if len(clips) == 1 else None
        for widget in (self.name, self.stars, self.tags):
            widget.setEnabled(bool(clips))
        self.name.setReadOnly(one is None)
        if not (same and self.name.hasFocus() and self.name.isModified()):
            self.name.setText(one.name if one else self.tr("{0} clips").format(len(clips)) if clips else "")
            self.name.setCursorPosition(0)
        self._tags = tuple(t for t in clips[0].tags if all(t in c.tags for c in clips)) if clips else ()
        if not (same and self.tags.hasFocus() and self.tags.isModified()):
            self.tags.setText(", ".join(self._tags))
        self.stars.set_stars(min((c.stars for c in clips), default=0))
        self.recipe.setEnabled(one is not None and one.recipe is not None)
        if not clips or (self.opened is not None and self.opened.clip.id not in {c.id for c in clips}):
            self.open(None)
        self.view.wave.placeholder = "" if clips else self.tr("Choose a clip on the left")
        self.view.wave.refresh()
        self._show_tools()

    def open(self, opened: Opened | None) -> None:
        """Show the sound of a clip, whole; where it is the same sound as before, what is visible and selected stays."""
        before, self.opened = self.opened, opened
        if opened is None:
            if before is not None:
                self.view.set_sound(None)
            self.facts.set_words("")
            self.steps.set_words("")
        elif before is None or before.clip.id != opened.clip.id or before.clip.edits != opened.clip.edits:
            self.view.set_sound(opened.sound)
            self.steps.set_words(self._history(opened.clip))
        if opened is not None:
            self.facts.set_words(self._measured(opened))
        self._show_tools()

    def refuse(self, sentence: str) -> None:
        """Say why the chosen clip can't be shown."""
        self.open(None)
        self.facts.set_words(sentence)

    def _measured(self, opened: Opened) -> str:
        sound, facts = opened.sound, opened.facts
        channels = {1: self.tr("mono"), 2: self.tr("stereo")}.get(
            sound.channels, self.tr("{0} channels").format(sound.channels)
        )
        parts = [self.tr("{0} s").format(clock(sound.seconds, 0.001)), f"{sound.rate / 1000:g} kHz", channels]
        if facts is None:
            return "  ·  ".join(parts)
        if facts.silent:
            parts.append(self.tr("silent"))
        else:
            parts.append(self.tr("peak {0} dB").format(_signed(facts.peak_db)))
            parts.append(self.tr("{0} LUFS").format(_signed(facts.loudness)))
            parts.append(self.tr("{0} Hz bright").format(round(facts.brightness)))
            if facts.pitch is not None:
                parts.append(note_name(round(hz_to_midi(facts.pitch))))
        return "  ·  ".join(parts)

    def _history(self, clip: ClipFile) -> str:
        if not clip.edits:
            return self.tr("As it was kept")
        words = [self._step_words(step) for step in clip.edits]
        if len(words) <= 2:
            return "  ›  ".join(words)
        return self.tr("{0} edits:  …  ›  {1}").format(len(words), "  ›  ".join(words[-2:]))

    def _step_words(self, step: dict[str, Any]) -> str:
        name = {
            "trim": self.tr("Trim"),
            "cut": self.tr("Cut"),
            "fade-in": self.tr("Fade in"),
            "fade-out": self.tr("Fade out"),
            "normalise": self.tr("Normalise"),
            "reverse": self.tr("Reverse"),
        }.get(step.get("do", ""), str(step.get("do", "")))
        if "seconds" in step:
            return f"{name} {step['seconds'] * 1000:.0f} ms"
        if "start" in step:
            end = f"–{clock(step['end'], 0.001)}" if step.get("end") is not None else ""
            return f"{name} {clock(step['start'], 0.001)}{end} s"
        return name

    def _show_tools(self, *_: object) -> None:
        able = self.opened is not None and len(self._chosen) == 1
        chosen = self.selection is not None
        for button in (self.fade_in, self.fade_out, self.normalise, self.reverse):
            button.setEnabled(able)
        self.trim.setEnabled(able and chosen)
        self.cut.setEnabled(able and chosen)
        self.reset.setEnabled(able and self.opened is not None and bool(self.opened.clip.edits))
        self.fade.setEnabled(able and not chosen)
        self.fade_in.setToolTip(
            self.tr("Fade in up to the end of the selection")
            if chosen
            else self.tr("Fade in, as long as the number above says")
        )
        self.fade_out.setToolTip(
            self.tr("Fade out from the start of the selection")
            if chosen
            else self.tr("Fade out, as long as the number above says")
        )

    # ---- what is asked
    @property
    def selection(self) -> tuple[float, float] | None:
        """Start and end of the selection in seconds, where it holds anything."""
        found = self.view.wave.selection
        return found if found is not None and found[1] - found[0] > 1e-4 else None

    def _rename(self) -> None:
        text = self.name.text().strip()
        if len(self._chosen) == 1 and text and text != self._chosen[0].name:
            self.renamed.emit(text)
        elif len(self._chosen) == 1:
            self.name.setText(self._chosen[0].name)
        self.name.setModified(False)

    def _retag(self) -> None:
        wanted = tuple(dict.fromkeys(t.strip() for t in self.tags.text().split(",") if t.strip()))
        added = tuple(t for t in wanted if t not in self._tags)
        removed = tuple(t for t in self._tags if t not in wanted)
        self.tags.setModified(False)
        if self._chosen and (added or removed):
            self.tagged.emit((added, removed))

    def _trim(self) -> None:
        if self.selection is not None:
            start, end = self.selection
            self.stepWanted.emit({"do": "trim", "start": round(start, 6), "end": round(end, 6)}, self.tr("Trim"))

    def _cut(self) -> None:
        if self.selection is not None:
            start, end = self.selection
            self.stepWanted.emit({"do": "cut", "start": round(start, 6), "end": round(end, 6)}, self.tr("Cut"))

    def _fade_in(self) -> None:
        seconds = self.selection[1] if self.selection is not None else self.fade.value() / 1000
        self.stepWanted.emit({"do": "fade-in", "seconds": round(seconds, 6)}, self.tr("Fade in"))

    def _fade_out(self) -> None:
        assert self.opened is not None
        rest = self.opened.sound.seconds - self.selection[0] if self.selection is not None else self.fade.value() / 1000
        self.stepWanted.emit({"do": "fade-out", "seconds": round(rest, 6)}, self.tr("Fade out"))

    def _normalise(self) -> None:
        self.stepWanted.emit({"do": "normalise", "peak_db": -1.0}, self.tr("Normalise"))

    def _reverse(self) -> None:
        self.stepWanted.emit({"do": "reverse"}, self.tr("Reverse"))

    def keyPressEvent(self, event: Any) -> None:
        button = self._keys.get(event.key())
        if button is not None and button.isEnabled() and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            button.click()
        else:
            super().keyPressEvent(event)


def _signed(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")
