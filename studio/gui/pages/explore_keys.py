"""Keys: play the sound one stands at on a piano keyboard, the computer's keys or a MIDI keyboard.

This tab shows and chooses; explore_notes.py makes the notes and plays them, midi_input.py hears MIDI, and explore_learn.py lets
MIDI controls move the faders of the page.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from studio.audio import midi
from studio.audio.pitch import note_name
from studio.engine.engine import ModelFacts, Rendered
from studio.explore.keys import LETTERS, STEADY, SYSTEMS, Touch, offset_of
from studio.gui import theme
from studio.gui.midi_input import MidiFacts, MidiInput
from studio.gui.pages.explore_controls import ControlPanel
from studio.gui.pages.explore_learn import MidiLearn
from studio.gui.pages.explore_naming import Naming
from studio.gui.pages.explore_notes import Notes
from studio.gui.pages.explore_open import OpenModel
from studio.gui.pages.explore_space import Space
from studio.gui.pages.explore_standing import Standing
from studio.gui.session import Session
from studio.gui.widgets.fader import Fader
from studio.gui.widgets.keyboard import Keyboard

MIDDLE = 60
WORDY = 760
"""Width from which on there is room for words that the keyboard and the tool tips say as well."""
RISE = 20
"""Milliseconds a computer key must be up: a system may repeat a held key by letting it go and pressing it again."""
OCTAVES = 4
"""Octaves that the keys can be shifted up or down."""


class Keys(QWidget):
    """The tab. `press` and `release` get the page's keys while it is shown."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._model: OpenModel | None = None
        self._shift = 0
        self._down: dict[int, int] = {}  # computer key → note
        self._rising: set[int] = set()  # computer keys that are up, unless the system only repeats them
        self._rise = QTimer(self)
        self._rise.setSingleShot(True)
        self._rise.setInterval(RISE)
        self._rise.timeout.connect(self._risen)
        self._letters = {offset: letter for letter, offset in LETTERS.items()}
        self._system = SYSTEMS.get(QGuiApplication.platformName())
        self.notes = Notes(session, self)
        self.midi = MidiInput(session, self)
        self.midi.play_with(self.notes.hear)
        self.learn: MidiLearn | None = None
        self.keyboard = Keyboard()
        self.keyboard.setToolTip(
            self.tr(
                "Play with the mouse (harder further down) or the rows Z S X D C … and Q 2 W 3 E …; , and . shift the octave"
            )
        )
        self._build()
        self.keyboard.struck.connect(self.notes.strike)
        self.keyboard.lifted.connect(self.notes.lift)
        self.keyboard.spanChanged.connect(self.notes.set_span)
        self.notes.struck.connect(self.keyboard.light)
        self.notes.lifted.connect(self._darken)
        self.notes.rooted.connect(self._show_root)
        self.midi.changed.connect(self._show_midi)
        self.midi.changed.connect(self._listen)
        self.notes.set_span(self.keyboard.low, self.keyboard.high)
        self._fill_touch(None)
        self._show_midi(self.midi.facts)
        self._show_shift()

    # ---- building
    def _build(self) -> None:
        self.down = self._tool("minus", self.tr("An octave lower (,)"))
        self.up = self._tool("plus", self.tr("An octave higher (.)"))
        self.down.clicked.connect(self._go_lower)
        self.up.clicked.connect(self._go_higher)
        self.octave = QLabel()
        self.octave.setFixedWidth(58)
        self.octave.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.ring = QPushButton(self.tr("Let ring"))
        self.ring.setCheckable(True)
        self.ring.setChecked(self.notes.ring)
        self.ring.setToolTip(
            self.tr("Notes sound to their end after the key is up. The sustain pedal does the same while it is down.")
        )
        theme.mark(self.ring, role="chip")
        self.ring.toggled.connect(self.notes.set_ring)
        self.touch = QComboBox()
        self.touch.setAccessibleName(self.tr("What velocity does"))
        self.touch.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.touch.setMinimumWidth(100)
        self.touch.setMaximumWidth(230)
        self.touch.activated.connect(self._touched)
        help = self.tr("How far the softest key moves the sound down this direction; the hardest goes half as far up it")
        self.amount = Fader(self.tr("How far"), -2.0, 2.0, 1.0, digits=1, middle=True, lockable=False, help=help)
        self.amount.set_columns(0, 34)
        self.amount.name.hide()
        self.amount.setMaximumWidth(170)
        self.amount.released.connect(self._touched)
        self.input = QComboBox()
        self.input.setAccessibleName(self.tr("MIDI keyboard"))
        self.input.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.input.setMinimumWidth(92)
        self.input.setMaximumWidth(230)
        self.input.activated.connect(self._chosen)
        self.root = QLabel()
        self.root.setMinimumWidth(62)
        self.root.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        theme.mark(self.root, role="dim")
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        for widget in (self.down, self.octave, self.up):
            row.addWidget(widget)
        row.addSpacing(theme.SMALL)
        row.addWidget(self.ring)
        row.addSpacing(theme.SMALL)
        self._velocity = QLabel(self.tr("Velocity"))
        theme.mark(self._velocity, role="dim")
        row.addWidget(self._velocity)
        row.addWidget(self.touch, 24)
        row.addWidget(self.amount, 14)
        row.addSpacing(theme.SMALL)
        row.addWidget(self.input, 16)
        row.addWidget(self.root, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.HALF)
        column.addLayout(row)
        column.addWidget(self.keyboard, 1)

    def _tool(self, icon: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(theme.icon(icon))
        button.setIconSize(QSize(16, 16))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setAutoRepeat(False)
        theme.mark(button, role="icon")
        return button

    # ---- what it plays
    def follow(self, model: OpenModel, standing: Standing, naming: Naming, panel: ControlPanel) -> None:
        """Play what is made there; MIDI controls may move the faders of `panel`, and it is heard while that is in sight."""
        self._model = model
        self.learn = MidiLearn(self._session, self.midi, panel, self)
        model.opened.connect(self._opened)
        model.spaced.connect(self._spaced)
        naming.named.connect(self.show_space)
        standing.sounded.connect(self._sounded)
        self._session.closed.connect(self._closed)
        panel.installEventFilter(self)

    @Slot(object)
    def _opened(self, facts: ModelFacts) -> None:
        self._fill_touch(self._space)

    @Slot(object, bool)
    def _spaced(self, space: Space, again: bool) -> None:
        self.show_space(space)

    @Slot(object)
    def show_space(self, space: Space) -> None:
        """There is a space, or its directions have other names: velocity may move along them."""
        self.notes.set_space(space)
        self._fill_touch(space)

    @property
    def _space(self) -> Space | None:
        return self._model.space if self._model is not None and self._model.same_size else None

    @Slot(object)
    def _sounded(self, made: Rendered) -> None:
        facts = self._model.facts if self._model is not None else None
        if facts is not None:
            self.notes.show_sound(made, facts.controls, self._space)

    @Slot()
    def _closed(self) -> None:
        self.notes.silence()
        self.notes.show_nothing()
        self.keyboard.set_root(None)
        self.root.clear()

    # ---- what velocity does
    def _fill_touch(self, space: Space | None) -> None:
        before: Touch = self.touch.currentData() or Touch()
        facts = self._model.facts if self._model is not None else None
        with QSignalBlocker(self.touch):
            self.touch.clear()
            self.touch.addItem(self.tr("Nothing"), Touch("none"))
            self.touch.addItem(self.tr("Loudness"), Touch("loudness"))
            if facts is not None and facts.controls.velocity is not None:
                self.touch.addItem(self.tr("The model's velocity"), Touch("model"))
            for axis, title in enumerate(space.axes.titles() if space is not None else ()):
                self.touch.addItem(title, Touch("axis", axis))
            kept = next((i for i in range(self.touch.count()) if self.touch.itemData(i) == before), 1)
            self.touch.setCurrentIndex(kept)
        self._touched()

    @Slot()
    def _touched(self, *_: object) -> None:
        chosen: Touch = self.touch.currentData()
        self.amount.setVisible(chosen.kind == "axis")
        self.touch.setToolTip(self._explained(chosen))
        self.notes.set_touch(Touch(chosen.kind, chosen.axis, self.amount.value))
        if self.isVisible() and self.touch.hasFocus():
            self.keyboard.setFocus()  # the box would take the next letters for itself

    def _explained(self, touch: Touch) -> str:
        if touch.kind == "axis":
            text = self.tr("A harder key is louder, and moves the sound along “{0}”")
            return text.format(self.touch.currentText())
        words = {
            "none": self.tr("Every key sounds the same, however hard it is struck"),
            "loudness": self.tr("A harder key is louder"),
            "model": self.tr("The model is asked for a harder or softer stroke"),
        }
        return words[touch.kind]

    # ---- which MIDI keyboard
    @Slot(object)
    def _show_midi(self, facts: MidiFacts) -> None:
        wanted = self._session.settings.midi_input
        with QSignalBlocker(self.input):
            self.input.clear()
            self.input.setEnabled(not facts.problem)
            if facts.problem:
                self.input.addItem(self.tr("No MIDI"), midi.NONE)
            else:
                self.input.addItem(self.tr("All MIDI") if facts.names else self.tr("No MIDI yet"), midi.ALL)
                for name in (*facts.names, *((wanted,) if wanted not in (*facts.names, midi.ALL, midi.NONE) else ())):
                    self.input.addItem(name, name)
                self.input.addItem(self.tr("MIDI off"), midi.NONE)
            self.input.setCurrentIndex(max(0, self.input.findData(wanted)))
        open = ", ".join(facts.open) if facts.open else self.tr("Plug one in: it is found by itself.")
        self.input.setToolTip(self.tr("No MIDI: {0}").format(facts.problem) if facts.problem else open)

    @Slot(int)
    def _chosen(self, index: int) -> None:
        self.midi.choose(self.input.itemData(index))
        self.keyboard.setFocus()

    # ---- where one plays
    @Slot()
    def _go_lower(self) -> None:
        self.shift(-1)

    @Slot()
    def _go_higher(self) -> None:
        self.shift(1)

    def shift(self, octaves: int) -> None:
        """Play that many octaves higher."""
        to = min(max(self._shift + octaves, -OCTAVES), OCTAVES)
        if to != self._shift:
            self._lift_all()
            self._shift = to
            self.keyboard.set_middle(MIDDLE + 12 * to)
            self._show_shift()

    def _show_shift(self) -> None:
        base = self._base
        self.octave.setText(f"{note_name(base)} – {note_name(base + max(LETTERS.values()))}")
        self.octave.setToolTip(self.tr("The notes of the computer's keys"))
        self.down.setEnabled(self._shift > -OCTAVES)
        self.up.setEnabled(self._shift < OCTAVES)
        self._show_letters()

    def _show_letters(self) -> None:
        self.keyboard.set_letters({self._base + offset: letter for offset, letter in self._letters.items()})

    @property
    def _base(self) -> int:
        """The note of the lower row's first key."""
        return MIDDLE - 12 + 12 * self._shift

    @Slot(object)
    def _show_root(self, root: float | None) -> None:
        self.keyboard.set_root(MIDDLE if root is None else root)
        if root is None:
            self.root.setText(self.tr("no pitch"))
            self.root.setToolTip(self.tr("No pitch was found in this sound: it is itself on {0}").format(note_name(MIDDLE)))
        else:
            cents = round(100 * (root - round(root)))
            self.root.setText(f"{note_name(root)} {cents:+d} ¢".replace("-", "−") if cents else note_name(root))
            self.root.setToolTip(self.tr("The note this sound is heard as; the bar marks its key"))

    @Slot(int)
    def _darken(self, note: int) -> None:
        self.keyboard.light(note, 0)

    # ---- the computer's keys
    def press(self, event: QKeyEvent) -> bool:
        """Whether a key is a note here, or shifts the octave."""
        held = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
        if event.modifiers() & (held | Qt.KeyboardModifier.ShiftModifier):
            return False
        steps = {Qt.Key.Key_Comma: -1, Qt.Key.Key_Left: -1, Qt.Key.Key_Period: 1, Qt.Key.Key_Right: 1}
        if event.key() in steps:
            self.shift(steps[Qt.Key(event.key())])
            return True
        offset = self._offset(event)
        if offset is None:
            return False
        self._rising.discard(event.key())
        if not event.isAutoRepeat() and event.key() not in self._down:
            if event.text().strip() and self._letters[offset] != event.text().upper():
                self._letters[offset] = event.text().upper()  # another layout than the English one
                self._show_letters()
            note = self._down[event.key()] = self._base + offset
            self.notes.strike(note, STEADY)
        return True

    def release(self, event: QKeyEvent) -> bool:
        """Whether a key that was a note is up."""
        if not event.isAutoRepeat() and event.key() in self._down:
            self._rising.add(event.key())
            self._rise.start()
        return event.key() in self._down

    @Slot()
    def _risen(self) -> None:
        rising, self._rising = self._rising, set()
        for key in rising & self._down.keys():
            self.notes.lift(self._down.pop(key))

    def _offset(self, event: QKeyEvent) -> int | None:
        mac = self._system == "mac"
        code = event.nativeVirtualKey() if mac else event.nativeScanCode()
        letter = chr(event.key()) if 0 < event.key() < 128 else ""
        return offset_of(self._system, code, letter)

    def _lift_all(self) -> None:
        """No key of the computer or the mouse is down any more."""
        self.keyboard.let_go()
        self._rise.stop()
        self._rising.clear()
        down, self._down = self._down, {}
        for note in down.values():
            self.notes.lift(note)

    # ---- while it is in sight
    def resizeEvent(self, event: object) -> None:
        for word in (self.root, self._velocity):
            word.setVisible(self.width() >= WORDY)

    def showEvent(self, event: object) -> None:
        self._listen()
        self.keyboard.setFocus()

    def hideEvent(self, event: object) -> None:
        self._lift_all()
        self._listen()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.WindowDeactivate:  # the end of a held key would go to another window
            self._lift_all()
            self.notes.silence()
            self.keyboard.darken()
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The page comes and goes: MIDI is heard while it is there."""
        if event.type() == QEvent.Type.Show:
            self.midi.start()
            self._listen()
        elif event.type() == QEvent.Type.Hide:
            self.midi.stop()
            self._listen()
        return False

    @Slot()
    def _listen(self, *_: object) -> None:
        self.notes.set_active(self.isVisible() or bool(self.midi.facts.open))
        if not self.notes.active:
            self.keyboard.darken()
