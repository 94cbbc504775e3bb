"""The middle of Clips: what the chosen clips are called, and the picture, selection and tools of the one that is open.

It shows and asks; the page decides, saves and undoes. Nothing here changes a clip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from studio.audio.analysis import Facts, note_name
from studio.audio.pitch import hz_to_midi
from studio.audio.sound import Audio
from studio.audio.steps import kind_of
from studio.gui import theme
from studio.gui.pages.clips_begin import begun, needs_stretch
from studio.gui.pages.clips_selection import SelectionBar
from studio.gui.pages.clips_snap import Snapping
from studio.gui.pages.clips_tools import StepFinder, Tools
from studio.gui.pages.clips_words import name_of
from studio.gui.widgets.canvas import lasting
from studio.gui.widgets.chips import Elided
from studio.gui.widgets.sound_view import SoundView
from studio.gui.widgets.star_bar import StarBar
from studio.gui.widgets.work_bar import WorkBar
from studio.project.state import ClipFile

FADE = 0.02
"""Seconds of a fade where nothing is selected."""
NUDGE = 0.001
"""Seconds an arrow key moves an edge; with Ctrl it is one sample."""


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

    stepWanted = Signal(object, bool)
    """A step (audio/steps.py) at the end of the others, and whether its dials should be shown."""

    materialWanted = Signal(object)
    """A step that needs another sound, which is not in it yet."""

    loopsWanted = Signal()
    """Look for loops."""

    clipboardWanted = Signal(str)
    """cut, copy or paste."""

    recipeWanted = Signal()
    seeked = Signal(float)
    selected = Signal(object)
    """(start, end) in seconds, or None."""

    stretchWanted = Signal(object, bool)
    """Hear (start, end), and whether round and round."""

    told = Signal(str)
    """Why something is not done."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.opened: Opened | None = None
        self.hand = 0.0
        """Seconds: where the hand was last; things are inserted here."""

        self._chosen: tuple[ClipFile, ...] = ()
        self._tags: tuple[str, ...] = ()
        self._pasteable = False
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
        self.work = WorkBar()
        self.tools = Tools()
        self.tools.pressed.connect(self.do)
        self.tools.addWanted.connect(self._find)
        self.finder = StepFinder(self)
        self.finder.chosen.connect(self.add)
        self.view = SoundView()
        self.view.wave.set_placeholder(self.tr("Choose a clip on the left"))
        self.view.set_sound(None)
        self.view.seeked.connect(self._seek)
        self.view.wave.selectionChanged.connect(self._show_selection)
        self.places = Snapping(self)
        self.places.measured.connect(self._show_facts)
        self.view.wave.viewChanged.connect(self.places.see)
        self.view.wave.snap = self._snap
        self.view.wave.between = self.places.around
        self.bar = SelectionBar()
        self.bar.edited.connect(self.select)
        self.bar.playWanted.connect(self._play)
        self.bar.loopWanted.connect(self._loop)
        self._lay_out()
        self.choose(())

    # ---- building
    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.HALF)
        self.name.setMaximumWidth(560)
        head.addWidget(self.name, 100)
        head.addWidget(self.stars)
        head.addStretch(1)
        head.addWidget(self.recipe)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(theme.HALF)
        column.addLayout(head)
        column.addWidget(self.tags)
        column.addWidget(self.facts)
        column.addWidget(self.tools)
        column.addWidget(self.view, 1)
        column.addWidget(self.work)
        column.addWidget(self.bar)

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
        self.view.wave.set_placeholder("" if clips else self.tr("Choose a clip on the left"))
        self._show_tools()

    def set_pasteable(self, pasteable: bool) -> None:
        """Whether there is a sound to paste."""
        self._pasteable = pasteable
        self._show_tools()

    def open(self, opened: Opened | None) -> None:
        """Show the sound of a clip, whole; where it is the same sound as before, what is visible and selected stays."""
        before, self.opened = self.opened, opened
        if opened is None:
            if before is not None:
                self.view.set_sound(None)
            self.hand = 0.0
        elif before is None or before.sound is not opened.sound:
            self._show_sound(before, opened)
        self.places.look_at(opened.sound if opened is not None else None, opened is not None and opened.facts is not None)
        self._show_facts()
        self._show_selection()

    def _show_sound(self, before: Opened | None, opened: Opened) -> None:
        """Another clip is shown whole; of the same one with other steps, what was seen and selected stays, if it still fits."""
        wave = self.view.wave
        same = before is not None and before.clip.id == opened.clip.id
        selection, seconds = wave.selection, opened.sound.seconds
        self.view.set_sound(opened.sound, stay=same)
        if same and selection is not None and selection[1] <= seconds + 1e-6:
            wave.set_selection(selection)
        self.hand = min(self.hand, seconds) if same else 0.0

    def refuse(self, sentence: str, hint: str = "") -> None:
        """Say why the chosen clip can't be shown, and what helps."""
        self.open(None)
        self.facts.set_words(sentence)
        self.view.wave.set_placeholder(hint)

    def _show_facts(self) -> None:
        self.facts.set_words(self._measured(self.opened) if self.opened is not None else "")

    def _measured(self, opened: Opened) -> str:
        sound, facts = opened.sound, opened.facts
        channels = {1: self.tr("mono"), 2: self.tr("stereo")}.get(
            sound.channels, self.tr("{0} channels").format(sound.channels)
        )
        parts = [lasting(sound.seconds)]
        if facts is not None and facts.pitch is not None and not facts.silent:
            parts.append(pitch_words(facts.pitch))
        if self.places.tempo is not None:
            parts.append(self.tr("{0} BPM").format(f"{self.places.tempo:.1f}"))
        if facts is not None and facts.silent:
            parts.append(self.tr("silent"))
        elif facts is not None:
            parts.append(self.tr("peak {0} dB").format(_signed(facts.peak_db)))
            parts.append(self.tr("{0} LUFS").format(_signed(facts.loudness)))
        parts.append(f"{sound.rate / 1000:g} kHz {channels}")
        if facts is not None and not facts.silent:
            parts.append(self.tr("{0} Hz bright").format(round(facts.brightness)))
        return "  ·  ".join(parts)

    def _show_tools(self, *_: object) -> None:
        able = self.opened is not None and bool(self._chosen)
        one, stretch = able and len(self._chosen) == 1, self.selection is not None
        enabled = {"trim": one and stretch, "cut": one and stretch, "copy": one, "paste": one and self._pasteable, "loops": one}
        for name, button in self.tools.buttons.items():
            button.setEnabled(enabled.get(name, able))
        self.tools.add.setEnabled(able)

    def _show_selection(self, *_: object) -> None:
        sound = self.opened.sound if self.opened is not None else None
        self.bar.show_span(self.selection, sound.frames if sound else 0, sound.rate if sound else 44_100)
        self._show_tools()
        self.selected.emit(self.selection)

    def show_position(self, seconds: float | None) -> None:
        """The playhead; while nothing plays, where the hand was last."""
        self.view.set_playhead(seconds if seconds is not None or self.opened is None else self.hand)

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

    # ---- selecting
    def select(self, span: tuple[float, float] | None) -> None:
        """Select (start, end) in seconds, or nothing."""
        self.view.wave.set_selection(span)
        self._show_selection()

    def _snap(self, seconds: float) -> float:
        return self.places.near(seconds, self.bar.snapping)

    def nudge(self, edge: int, by: int, sample: bool) -> None:
        """Move the start (0) or the end (1) of the selection by a millisecond or a sample, `by` = ±1."""
        if self.opened is None or self.selection is None:
            return
        sound, (start, end) = self.opened.sound, self.selection
        step = by * (1 / sound.rate if sample else NUDGE)
        if edge == 0:
            start = min(max(0.0, start + step), end - 1 / sound.rate)
        else:
            end = max(min(sound.seconds, end + step), start + 1 / sound.rate)
        self.select((start, end))

    def _seek(self, seconds: float) -> None:
        self.hand = seconds
        self.seeked.emit(seconds)

    def _play(self) -> None:
        if self.selection is not None:
            self.stretchWanted.emit(self.selection, False)

    def _loop(self) -> None:
        if self.selection is not None:
            self.stretchWanted.emit(self.selection, True)

    # ---- edits
    def do(self, name: str) -> None:
        """What a button of the tools does."""
        if self.opened is None:
            return
        if name in ("cut", "copy", "paste"):
            self.clipboardWanted.emit(name)
            return
        if name == "loops":
            self.loopsWanted.emit()
            return
        step = self._fade(name) if name in ("fade-in", "fade-out") else self._begun(name)
        if step is not None:
            self.stepWanted.emit(step, False)

    def add(self, name: str, plugin: str = "") -> None:
        """A step from the finder, with its dials; `plugin`: the identifier of the plug-in that does it."""
        if name == "loop" and self.selection is None:
            self.loopsWanted.emit()
            return
        step = self._begun(name, plugin)
        if step is None:
            return
        kind = kind_of(step)
        if kind.material:
            self.materialWanted.emit(step)
        else:
            self.stepWanted.emit(step, bool(kind.parameters))

    def _begun(self, name: str, plugin: str = "") -> dict[str, Any] | None:
        assert self.opened is not None
        if needs_stretch(name) and self.selection is None:
            self.told.emit(self.tr("Select a stretch of the waveform first: “{0}” works on one").format(name_of(name)))
            return None
        return begun(name, self.opened.sound.seconds, self.selection, self.hand, plugin)

    def _fade(self, name: str) -> dict[str, Any]:
        """Up to the end of the selection, or out from its start; without one, a short one."""
        assert self.opened is not None
        seconds = FADE
        if self.selection is not None:
            start, end = self.selection
            seconds = end if name == "fade-in" else self.opened.sound.seconds - start
        return {"do": name, "seconds": round(seconds, 6)}

    def _find(self) -> None:
        self.finder.open_at(self.tools.add)

    def remove(self) -> None:
        """Take the selection out, without keeping it for pasting."""
        if self.opened is not None and self.selection is not None and len(self._chosen) == 1:
            self.stepWanted.emit(begun("cut", self.opened.sound.seconds, self.selection, self.hand), False)

    def press(self, event: QKeyEvent) -> bool:
        """Whether a key was meant for the editor, from wherever on the page it came."""
        keys, key = event.modifiers(), event.key()
        shift, alt = bool(keys & Qt.KeyboardModifier.ShiftModifier), bool(keys & Qt.KeyboardModifier.AltModifier)
        control = bool(keys & Qt.KeyboardModifier.ControlModifier)
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and shift != alt:
            self.nudge(1 if shift else 0, -1 if key == Qt.Key.Key_Left else 1, control)
            return True
        if control or alt:
            return False
        if key == Qt.Key.Key_P:
            (self.bar.loop if shift else self.bar.play).click()
            return True
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and not shift and self.selection is not None:
            self.remove()
            return True
        return not shift and self._press_tool(key)

    def _press_tool(self, key: int) -> bool:
        buttons = self.tools.buttons
        found = {
            Qt.Key.Key_T: buttons["trim"],
            Qt.Key.Key_X: buttons["cut"],
            Qt.Key.Key_I: buttons["fade-in"],
            Qt.Key.Key_U: buttons["fade-out"],
            Qt.Key.Key_N: buttons["normalise"],
            Qt.Key.Key_R: buttons["reverse"],
            Qt.Key.Key_F: buttons["loops"],
            Qt.Key.Key_A: self.tools.add,
        }.get(Qt.Key(key))
        if found is not None:
            found.click()
        elif key == Qt.Key.Key_G:
            self.bar.next_snap()
        return found is not None or key == Qt.Key.Key_G


def pitch_words(hertz: float) -> str:
    """The nearest note, and how far from it in cents: “A3 +12 ct”."""
    note = hz_to_midi(hertz)
    cents = round(100 * (note - round(note)))
    return note_name(round(note)) + (f" {cents:+d} ct".replace("-", "−") if cents else "")


def _signed(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")
