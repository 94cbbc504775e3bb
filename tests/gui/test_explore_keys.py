"""Keys on Explore: the mouse, the computer's keys and MIDI play the sound one stands at; controls move faders."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QMenu

from studio.audio import midi
from studio.audio.midi import Message
from studio.audio.pitch import hz_to_midi
from studio.audio.player import Player
from studio.audio.sound import Sound
from studio.engine.engine import Rendered
from studio.explore.keys import OWN, Touch, velocity_of
from studio.gui.main_window import MainWindow
from studio.gui.midi_input import MidiFacts
from studio.gui.pages.explore import ExplorePage
from studio.gui.pages.explore_keys import Keys
from studio.gui.pages.explore_learn import faders_of
from studio.gui.pages.explore_notes import Notes
from studio.gui.session import Session
from studio.gui.widgets.fader import TICKS
from studio.gui.widgets.keyboard import Keyboard
from studio.models.controls import Controls, Range
from studio.project.recipe import Recipe, Request
from tests import jack as wires
from tests.gui.exploring import LEFT, waits
from tests.jack import Instrument
from tests.sound import RATE, Sink, missing

jack = wires.jack
Stroke = tuple[str, Hashable, Sound | None, float]


class Ear:
    """In the player's place: writes down what it is asked to play."""

    def __init__(self) -> None:
        self.strokes: list[Stroke] = []
        self.device = SimpleNamespace(rate=RATE)
        self.playing, self.lost, self.notes, self.level = False, False, 0, (-120.0, -120.0)

    def note_on(self, key: Hashable, sound: Sound, gain: float = 1.0) -> None:
        self.strokes.append(("on", key, sound, gain))

    def note_off(self, key: Hashable, release: float = 0.08) -> None:
        self.strokes.append(("off", key, None, release))

    def notes_off(self, release: float = 0.005) -> None:
        self.strokes.append(("all off", None, None, release))

    def on(self) -> list[Hashable]:
        return [key for what, key, _, _ in self.strokes if what == "on"]

    def off(self) -> list[Hashable]:
        return [key for what, key, _, _ in self.strokes if what == "off"]

    def sound(self, key: Hashable) -> Sound:
        return next(sound for what, k, sound, _ in reversed(self.strokes) if what == "on" and k == key and sound is not None)

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args, **named: None


def tone(hz: float = 196.0, rate: int = 44_100) -> Sound:
    t = np.arange(rate // 2) / rate
    return Sound((0.5 * np.sin(2 * np.pi * hz * t) * np.exp(-4 * t)).astype(np.float32)[None], rate)


def pitch(sound: Sound) -> float:
    """As MIDI note, by the peak of a padded spectrum."""
    mono = sound.mono().astype(float)
    spectrum = np.abs(np.fft.rfft(mono * np.hanning(len(mono)), 1 << 20))
    return hz_to_midi(int(spectrum.argmax()) * sound.rate / (1 << 20))


def rendered(sound: Sound, request: Request | None = None, tag: Hashable = "x") -> Rendered:
    return Rendered(tag, request or Request(), sound, Recipe())


@pytest.fixture
def ear(bare_session: Session) -> Iterator[Ear]:
    made = Ear()
    bare_session.player = made  # type: ignore[assignment]
    yield made
    bare_session.player = None


@pytest.fixture
def keys(bare_session: Session, ear: Ear, qtbot: Any) -> Iterator[Keys]:
    """The tab with a tone of 196 Hz (G2), as wide as in the smallest window."""
    made = Keys(bare_session)
    made.resize(660, 160)
    made.show()
    made.notes.show_sound(rendered(tone()), Controls(), None)
    qtbot.waitUntil(lambda: made.keyboard._root is not None, timeout=20_000)  # the first time, much is imported for it
    yield made
    made.hide()
    made.deleteLater()


def key(kind: QEvent.Type, letter: str, repeat: bool = False) -> QKeyEvent:
    return QKeyEvent(kind, ord(letter), Qt.KeyboardModifier.NoModifier, letter.lower(), repeat)


def press(keys: Keys, letter: str, repeat: bool = False) -> bool:
    return keys.press(key(QEvent.Type.KeyPress, letter, repeat))


def release(keys: Keys, letter: str, repeat: bool = False) -> bool:
    return keys.release(key(QEvent.Type.KeyRelease, letter, repeat))


# -- the keyboard -------------------------------------------------------------------------------------------------------


@pytest.fixture
def keyboard(dressed: Any, qtbot: Any) -> Keyboard:
    made = Keyboard()
    qtbot.addWidget(made)
    made.resize(660, 120)
    made.show()
    return made


@pytest.mark.parametrize(("width", "octaves"), [(308, 2), (480, 3), (660, 4), (800, 5), (2050, 5)])
def test_it_has_as_many_octaves_as_are_comfortable(keyboard: Keyboard, width: int, octaves: int) -> None:
    keyboard.resize(width, 120)
    assert keyboard.octaves == octaves and keyboard.high - keyboard.low == 12 * octaves + 1
    assert keyboard.low % 12 == 0 and keyboard.low <= 60 < keyboard.high
    for shift in range(-8, 9):
        keyboard.set_middle(60 + 12 * shift)
        assert keyboard.low >= 0 and keyboard.high <= 128
        for note in range(keyboard.low, keyboard.high):
            area = keyboard.rect_of(note)
            assert keyboard.note_at(QPointF(area.center().x(), area.bottom() - 2)) == note
            assert area.left() >= 0 and area.right() <= width + 1


def test_a_drag_is_a_glissando_and_further_down_is_harder(keyboard: Keyboard, qtbot: Any) -> None:
    struck: list[tuple[int, int]] = []
    lifted: list[int] = []
    keyboard.struck.connect(lambda note, velocity: struck.append((note, velocity)))
    keyboard.lifted.connect(lifted.append)
    white = [n for n in range(60, 73) if n % 12 in (0, 2, 4, 5, 7, 9, 11)]
    low, places = 0.95 * keyboard.rect_of(60).height(), [keyboard.rect_of(note).center().x() for note in white]
    qtbot.mousePress(keyboard, LEFT, pos=QPoint(int(places[0]), int(low)))
    for x in places[1:]:
        qtbot.mouseMove(keyboard, QPoint(int(x), int(low)))
    qtbot.mouseRelease(keyboard, LEFT, pos=QPoint(int(places[-1]), int(low)))
    assert [note for note, _ in struck] == white == lifted
    qtbot.mousePress(keyboard, LEFT, pos=keyboard.rect_of(61).center().toPoint())
    assert struck[-1][0] == 61
    qtbot.mouseRelease(keyboard, LEFT)
    velocities = [keyboard.velocity_at(60, y) for y in range(0, 130, 10)]
    assert velocities == sorted(velocities) and velocities[0] < 40 and velocities[-1] == 127


def test_it_says_what_it_is(keyboard: Keyboard) -> None:
    assert keyboard.accessibleName() and "C1" in keyboard.accessibleDescription() and "C5" in keyboard.accessibleDescription()


# -- the computer's keys ------------------------------------------------------------------------------------------------


def test_two_rows_play_in_tune_and_chords_sound_together(keys: Keys, ear: Ear, qtbot: Any) -> None:
    assert press(keys, "Z") and press(keys, "C") and press(keys, "Q")
    qtbot.waitUntil(lambda: len(ear.on()) == 3)
    assert sorted(ear.on()) == [48, 52, 60]  # type: ignore[type-var]
    for note in (48, 52, 60):
        assert pitch(ear.sound(note)) == pytest.approx(note, abs=0.05) and ear.sound(note).rate == RATE
    assert set(keys.keyboard._lit) == {48, 52, 60}
    assert release(keys, "C")
    qtbot.waitUntil(lambda: set(keys.keyboard._lit) == {48, 60})


def test_what_was_made_is_played_at_once_and_every_key_in_sight_is_made(keys: Keys, ear: Ear, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: len(keys.notes.cache) == 49, timeout=10_000)
    press(keys, "B")
    assert ear.on() == [55]  # without waiting for anything
    qtbot.waitUntil(lambda: keys.keyboard._root is not None)
    assert keys.keyboard._root == pytest.approx(55, abs=0.05)
    assert pitch(ear.sound(55)) == pytest.approx(55, abs=0.05)


def test_a_held_key_does_not_stutter(keys: Keys, ear: Ear, qtbot: Any) -> None:
    press(keys, "Z")
    for _ in range(5):
        assert press(keys, "Z", repeat=True) and release(keys, "Z", repeat=True)
        assert release(keys, "Z") and press(keys, "Z")  # nor if the system does not say that it repeats
    qtbot.waitUntil(lambda: ear.on() == [48])
    qtbot.wait(50)
    assert ear.on() == [48] and set(keys.keyboard._lit) == {48}


def test_letters_that_are_no_notes_are_left_to_others(keys: Keys, ear: Ear) -> None:
    assert not any(press(keys, letter) for letter in "AFKL148")
    control = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier, "z")
    assert not keys.press(control) and not release(keys, "Z") and ear.strokes == []


def test_comma_and_dot_shift_the_octave(keys: Keys, ear: Ear, qtbot: Any) -> None:
    press(keys, "Z")
    assert press(keys, ".") and keys.octave.text() == "C3 – E5"
    press(keys, "Z")
    qtbot.waitUntil(lambda: sorted(ear.on()) == [48, 60])  # type: ignore[type-var]
    for _ in range(12):
        press(keys, ",")
    assert not keys.down.isEnabled() and keys.octave.text() == "C-2 – E0"


def test_with_let_ring_off_a_key_ends_its_note(keys: Keys, ear: Ear, qtbot: Any) -> None:
    press(keys, "Z")
    qtbot.waitUntil(lambda: ear.on() == [48])
    release(keys, "Z")
    qtbot.waitUntil(lambda: not keys._down)
    assert ear.off() == []
    keys.ring.click()
    assert ear.off() == [48] and keys._session.settings.let_ring is False
    press(keys, "X")
    qtbot.waitUntil(lambda: ear.on() == [48, 50])
    release(keys, "X")
    qtbot.waitUntil(lambda: ear.off() == [48, 50])


def test_the_pedal_holds_what_is_lifted(keys: Keys, ear: Ear, qtbot: Any) -> None:
    keys.ring.click()
    hear = keys.notes.hear
    hear(Message("on", 0, 60, 90))
    hear(Message("control", 0, 64, 127))
    hear(Message("on", 0, 64, 90))
    qtbot.waitUntil(lambda: len(ear.on()) == 2)
    hear(Message("off", 0, 60, 0))
    assert ear.off() == []
    hear(Message("control", 0, 64, 0))
    assert ear.off() == [60]
    hear(Message("off", 0, 64, 0))
    assert ear.off() == [60, 64]
    hear(Message("control", 0, 123, 0))
    assert ear.strokes[-1][0] == "all off"


def test_everything_is_silent_when_the_tab_goes(keys: Keys, ear: Ear, qtbot: Any) -> None:
    press(keys, "Z")
    qtbot.waitUntil(lambda: ear.on() == [48])
    keys.hide()
    assert ear.strokes[-1][0] == "all off" and not keys.keyboard._lit and not keys._down
    keys.show()
    press(keys, "X")
    qtbot.waitUntil(lambda: ear.on() == [48, 50])
    QApplication.sendEvent(keys, QEvent(QEvent.Type.WindowDeactivate))
    assert ear.strokes[-1][0] == "all off" and not keys.keyboard._lit


def test_a_sound_that_changes_is_what_the_next_key_plays(keys: Keys, ear: Ear, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: len(keys.notes.cache) >= 48, timeout=10_000)
    keys.notes.show_sound(rendered(tone(523.25)), Controls(), None)
    press(keys, "Z")
    qtbot.waitUntil(lambda: ear.on() == [48])
    assert pitch(ear.sound(48)) == pytest.approx(48, abs=0.05)
    assert ear.sound(48).seconds == pytest.approx(0.5 * 4, abs=0.01)  # two octaves down


def test_nothing_to_play_is_no_harm(bare_session: Session, qtbot: Any) -> None:
    made = Keys(bare_session)
    qtbot.addWidget(made)
    made.show()
    assert press(made, "Z") and release(made, "Z")
    made.notes.show_sound(rendered(Sound(np.zeros((1, 0), np.float32), 8000)), Controls(), None)
    press(made, "Z")
    qtbot.wait(50)  # there is no player either
    made.hide()


# -- velocity -----------------------------------------------------------------------------------------------------------


def test_velocity_is_loudness_or_nothing(keys: Keys, ear: Ear, qtbot: Any) -> None:
    for velocity in (20, 127):
        keys.notes.strike(60, velocity)
        qtbot.waitUntil(lambda: len(ear.on()) > 0)
    soft, hard = (gain for _, _, _, gain in ear.strokes)
    assert soft < 0.2 * hard
    keys.touch.setCurrentIndex(0)
    keys.touch.activated.emit(0)
    for velocity in (20, 127):
        keys.notes.strike(60, velocity)
    qtbot.waitUntil(lambda: len(ear.on()) == 4)
    assert ear.strokes[2][3] == ear.strokes[3][3]


def test_velocity_moves_the_sound_along_an_axis(page: ExplorePage, ear: Ear, qtbot: Any) -> None:
    page.view.tabs.show_tab("keys")
    keys, space = page.keys, page._space
    assert space is not None and page.standing.request is not None
    assert keys.touch.count() == 2 + len(space.axes)
    qtbot.waitUntil(lambda: keys.keyboard._root is not None, timeout=20_000)
    keys.touch.setCurrentIndex(2)
    keys.touch.activated.emit(2)
    hand = keys.notes._hand
    assert hand is not None and hand.touch == Touch("axis", 0, 1.0) and not keys.amount.isHidden()
    qtbot.waitUntil(lambda: len(keys.notes._hand.bases) == 3, timeout=20_000)
    here = space.coordinates(page.standing.request)
    moved = [space.coordinates(layer) - here for layer in hand.layers]
    assert [m[0] for m in moved] == pytest.approx([-1, -0.5, 0, 0.5], abs=1e-3)
    assert np.abs(np.array(moved)[:, 1:]).max() < 1e-3
    for layer in range(4):
        keys.notes.strike(60, int(velocity_of(layer)))
        qtbot.waitUntil(lambda layer=layer: len(ear.on()) == layer + 1)
    sounds = [sound.samples.tobytes() for _, _, sound, _ in ear.strokes if sound is not None]
    assert len(set(sounds)) == 4
    assert keys.notes._hand.base(velocity_of(OWN)) is keys.notes._hand.own  # type: ignore[union-attr]


# -- a model with a pitch of its own ------------------------------------------------------------------------------------


def test_a_model_with_a_pitch_is_asked_for_every_key(session: Session, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ear, asked = Ear(), []
    session.player = ear  # type: ignore[assignment]

    def render(request: Request, tag: Hashable, newest: bool = True) -> None:
        asked.append((request.pitch, tag))
        qtbot.wait(1)
        session.engine.rendered.emit(rendered(tone(440 * 2 ** ((request.pitch - 69) / 12)), request, tag))

    monkeypatch.setattr(session.engine, "render", render)
    made = Notes(session, session)
    made.show_sound(rendered(tone()), Controls(pitch=Range(48, 72, 60)), None)
    made.set_active(True)
    made.strike(60, 90)
    qtbot.waitUntil(lambda: ear.on() == [60])
    assert asked[0][0] == 60 and pitch(ear.sound(60)) == pytest.approx(60, abs=0.05)
    made.strike(84, 90)  # beyond the model's keys: its highest one, an octave up
    qtbot.waitUntil(lambda: ear.on() == [60, 84])
    assert pitch(ear.sound(84)) == pytest.approx(84, abs=0.05)
    made.set_span(58, 63)
    qtbot.waitUntil(lambda: {p for p, _ in asked} >= {58, 59, 61, 62})
    qtbot.wait(50)
    before = len(asked)
    made.strike(61, 90)
    assert ear.on()[-1] == 61 and len(asked) == before  # made ahead
    made.set_active(False)
    session.player = None


# -- on the page --------------------------------------------------------------------------------------------------------


def test_the_page_gives_its_keys_to_the_shown_tab_alone(page: ExplorePage, ear: Ear, qtbot: Any) -> None:
    count = page._session.undo.count()
    page.view.tabs.show_tab("keys")
    qtbot.waitUntil(lambda: page.keys.keyboard._root is not None, timeout=20_000)
    qtbot.keyPress(page, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: ear.on() == [65])
    qtbot.keyRelease(page, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: not page.keys.keyboard._lit)
    assert page._session.undo.count() == count
    page.view.tabs.show_tab("sound")
    qtbot.keyClick(page, Qt.Key.Key_Z)
    assert ear.on() == [65]
    page.draw()
    qtbot.waitUntil(lambda: page._session.undo.count() == count + 1)
    waits(qtbot, page)()
    page.view.tabs.show_tab("keys")
    qtbot.keyPress(page, Qt.Key.Key_Q)
    qtbot.waitUntil(lambda: ear.on() == [65, 60])
    assert page.standing.shown is not None and page.keys.notes._hand is not None
    assert page.keys.notes._hand.own.sound is page.standing.shown.sound


def test_it_fits_the_smallest_window(page: ExplorePage) -> None:
    page.view.tabs.show_tab("keys")
    assert page.minimumSizeHint().width() <= 1004 and page.minimumSizeHint().height() <= 548


# -- MIDI controls ------------------------------------------------------------------------------------------------------


def turn(page: ExplorePage, number: int, *values: int) -> None:
    for value in values:
        page.keys.midi.moved.emit(Message("control", 0, number, value))


def test_a_control_learned_moves_its_fader_without_a_jump(page: ExplorePage, qtbot: Any) -> None:
    learn, panel = page.keys.learn, page.view.panel
    assert learn is not None and page._space is not None
    fader = panel.axes[0]
    learn.learn("axis:0")
    assert fader.track._waiting
    turn(page, 21, 3)
    assert page._session.settings.midi_controls == {"axis:0": 21} and not fader.track._waiting
    before, count = fader.share, page._session.undo.count()
    turn(page, 21, 0)
    turn(page, 22, 50)
    assert fader.share == before  # not there yet, and another control
    turn(page, 21, *range(0, 128, 8), 127)
    waits(qtbot, page)()
    assert fader.share == pytest.approx(1.0, abs=0.01)
    assert page._space.coordinates(page.standing.request)[0] == pytest.approx(2.5, abs=0.01)  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: page._session.undo.count() == count + 1, timeout=5000)  # one move, one step
    qtbot.wait(100)
    fader.set_value(-2.0)
    turn(page, 21, 126)
    assert fader.value == -2.0  # another hand moved it: it must be met again
    learn.forget("axis:0")
    turn(page, 21, *range(127, -1, -8))
    assert fader.value == -2.0 and page._session.settings.midi_controls == {}


def test_the_menu_of_a_fader_learns_and_forgets(page: ExplorePage, qtbot: Any) -> None:
    panel, learn = page.view.panel, page.keys.learn
    assert learn is not None
    page.keys.midi.facts = MidiFacts(problem="python-rtmidi is not installed")
    without = learn.menu("axis:0", QPoint(0, 0))
    assert not without.actions()[0].isEnabled() and "not installed" in without.actions()[0].text()
    without.close()
    page.keys.midi.facts = MidiFacts()
    known = faders_of(panel)
    assert {"axis:0", "label:kick", "field:seconds", "field:temperature"} <= known.keys()
    fader = known["label:kick"]
    panel._scroll.ensureWidgetVisible(fader)
    at = fader.track.mapToGlobal(QPoint(30, 10))
    QApplication.sendEvent(fader.track, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, QPoint(30, 10), at))
    menu = next(m for m in panel.findChildren(QMenu) if m.isVisible())
    assert [action.text() for action in menu.actions()] == ["Learn MIDI control"]
    menu.actions()[0].trigger()
    menu.close()
    turn(page, 7, 64)
    assert page._session.settings.midi_controls == {"label:kick": 7} and learn.learning == ""
    assert len(learn.menu("label:kick", at).actions()) == 2
    learn.learn("label:hat")
    turn(page, 7, 64)
    assert page._session.settings.midi_controls == {"label:hat": 7}  # a control has one fader
    learn.learn("axis:0")
    learn.learn("axis:0")
    assert learn.learning == ""  # asked twice: never mind
    for left in panel.findChildren(QMenu):
        left.close()
    assert known["label:hat"].track.value() <= TICKS


# -- real wires ---------------------------------------------------------------------------------------------------------


def test_a_midi_keyboard_plays_and_its_knob_moves_a_fader(jack: Any, page: ExplorePage, ear: Ear, qtbot: Any) -> None:
    piano = Instrument(jack, "Piano")
    page.keys.midi.start()
    qtbot.waitUntil(lambda: page.keys.midi.facts.open == ("Piano:keys",))
    assert page.keys.input.findText("Piano:keys") > 0 and page.keys.notes.active
    piano.port.send_message([0x90, 64, 100])
    qtbot.waitUntil(lambda: ear.on() == [64], timeout=10_000)
    piano.port.send_message([0x80, 64, 0])
    page.keys.learn.learn("axis:1")  # type: ignore[union-attr]
    piano.port.send_message([0xB0, 9, 1])
    qtbot.waitUntil(lambda: page._session.settings.midi_controls == {"axis:1": 9})
    page.keys.input.setCurrentIndex(page.keys.input.findData(midi.NONE))
    page.keys.input.activated.emit(page.keys.input.currentIndex())
    assert page.keys.midi.facts.open == () and page._session.settings.midi_input == midi.NONE
    piano.unplug()
    page.keys.midi.stop()


@pytest.mark.sound
@pytest.mark.skipif(bool(missing()), reason=missing())
def test_a_key_is_heard(sink: Sink, bare_session: Session, qtbot: Any) -> None:
    player = Player.open(rate=RATE)
    bare_session.player = player
    made = Keys(bare_session)
    made.resize(660, 160)
    made.show()
    made.notes.show_sound(rendered(tone()), Controls(), None)
    try:
        qtbot.waitUntil(lambda: len(made.notes.cache) == 49, timeout=10_000)
        with sink.record() as recording:
            for letter in "ZCB":
                press(made, letter)
            end = time.monotonic() + 5
            while player.notes and time.monotonic() < end:
                qtbot.wait(20)
        spectrum = np.abs(np.fft.rfft(recording.samples[:, 0], 1 << 19)) * 2 / RATE
        for note in (48, 52, 55):
            near = round(440 * 2 ** ((note - 69) / 12) * (1 << 19) / RATE)
            assert spectrum[near - 20 : near + 21].max() > 10 * np.median(spectrum)
    finally:
        made.hide()
        made.deleteLater()
        bare_session.player = None
        player.close()


@pytest.mark.sound
@pytest.mark.skipif(bool(missing()), reason=missing())
def test_the_meter_moves_with_notes_alone(sink: Sink, window: MainWindow, session: Session, qtbot: Any) -> None:
    player = Player.open(rate=RATE)
    session.player = player
    notes = Notes(session, session)
    notes.set_active(True)
    notes.show_sound(rendered(tone()), Controls(), None)

    def moves() -> bool:
        """The note is over in half a second: a busy machine may look too late, and strikes again."""
        if not player.notes:
            notes.strike(60, 100)
        return window.transport._meter.peak > -30

    try:
        qtbot.waitUntil(moves, timeout=10_000)
        assert not session.playing
        notes.silence()
        qtbot.waitUntil(lambda: not window.transport._settle.isActive(), timeout=10_000)
    finally:
        notes.set_active(False)
        session.player = None
        player.close()


def test_a_direction_with_another_name_is_offered_by_it(page: ExplorePage) -> None:
    space, keys = page._space, page.keys
    assert space is not None
    keys.touch.setCurrentIndex(3)
    keys.touch.activated.emit(3)
    before = keys.notes._hand.layers  # type: ignore[union-attr]
    keys.show_space(replace(space, axes=space.axes.renamed(1, "Wooden")))
    assert keys.touch.currentText() == "Wooden" and keys.touch.currentData() == Touch("axis", 1)
    assert keys.notes._hand is not None and keys.notes._hand.layers == before != ()


def test_a_midi_note_does_not_wait_for_the_window(keys: Keys, ear: Ear, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: len(keys.notes.cache) == 49, timeout=10_000)
    hand = threading.Thread(target=lambda: [keys.notes.hear(Message("on", 0, note, 100)) for note in (60, 64, 67)])
    hand.start()
    hand.join()  # the window's thread stands still
    assert ear.on() == [60, 64, 67] and not keys.keyboard._lit
    qtbot.waitUntil(lambda: set(keys.keyboard._lit) == {60, 64, 67})


def test_a_window_may_go_while_its_notes_are_made(bare_session: Session, qtbot: Any) -> None:
    for turn in range(20):
        made = Keys(bare_session)
        made.show()
        made.notes.show_sound(rendered(tone()), Controls(), None)
        made.notes._prepare()
        made.notes.strike(60, 90)
        qtbot.wait(turn % 5)
        if turn % 2:
            made.hide()
        made.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)  # here it would stand still for ever
