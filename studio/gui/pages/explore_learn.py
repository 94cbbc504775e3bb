"""MIDI learn: a control of a MIDI keyboard moves a fader of Explore, and takes it over without a jump.

Right click on a fader, "Learn MIDI control", then move the control: from now on they belong together, also next time, because
the settings know a fader by what it is (an axis by its number, a label by its name). A moved control is a moved hand: the
fader says so by its own signals, and the move is finished when nothing follows for a moment.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QObject, QPoint, Slot
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu

from studio.audio.midi import SUSTAIN, Message, PickUp
from studio.gui.midi_input import MidiInput
from studio.gui.pages.explore_controls import ControlPanel
from studio.gui.session import Session
from studio.gui.widgets.fader import Fader


def faders_of(panel: ControlPanel) -> dict[str, Fader]:
    """The faders of the panel by what they are: "axis:0", "label:kick", "field:seconds", others by name."""
    named = {f"axis:{index}": fader for index, fader in enumerate(panel.axes)}
    named |= {f"label:{name}": fader for name, fader in panel.labels.items()}
    named |= {f"field:{name}": fader for name, fader in panel.numbers.items()}
    if panel.temperature is not None:
        named["field:temperature"] = panel.temperature
    known = set(named.values())
    others = [fader for fader in panel.findChildren(Fader) if fader not in known]
    return named | {f"fader:{fader.track.accessibleName()}": fader for fader in others}


class MidiLearn(QObject):
    """Which control moves which fader of the panel."""

    def __init__(self, session: Session, midi: MidiInput, panel: ControlPanel, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._midi, self._panel = session, midi, panel
        self._learning = ""
        self._picks: dict[str, PickUp] = {}
        midi.moved.connect(self._moved)
        panel.installEventFilter(self)

    @property
    def learning(self) -> str:
        """The fader that waits for a control, "" for none."""
        return self._learning

    # ---- asked by the hand
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QContextMenuEvent):
            return False
        key = self._under(event)
        if key:
            self.menu(key, event.globalPos())
        return bool(key)

    def _under(self, event: QContextMenuEvent) -> str:
        """The fader where the menu was asked for."""
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        widget = QApplication.focusWidget() if by_key else self._panel.childAt(self._panel.mapFromGlobal(event.globalPos()))
        while widget is not None and not isinstance(widget, Fader):
            widget = widget.parentWidget()
        return next((key for key, fader in faders_of(self._panel).items() if fader is widget), "") if widget else ""

    def menu(self, key: str, at: QPoint) -> QMenu:
        """What can be done with the fader called `key`."""
        menu = QMenu(self._panel)
        problem = self._midi.facts.problem
        words = self.tr("Learn MIDI control") if not problem else self.tr("Learn MIDI control (no MIDI: {0})").format(problem)
        menu.addAction(words, partial(self.learn, key)).setEnabled(not problem)
        control = self._session.settings.midi_controls.get(key)
        if control is not None:
            menu.addAction(self.tr("Forget control {0}").format(control % 128), partial(self.forget, key))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(at)
        return menu

    def learn(self, key: str) -> None:
        """The next control that moves belongs to this fader; asked again, or for another one: not any more."""
        self._mark(False)
        self._learning = "" if key == self._learning else key
        self._mark(True)
        if self._learning:
            self._session.tell(self.tr("Move a knob or slider of your MIDI keyboard"))

    def forget(self, key: str) -> None:
        """This fader is moved by hand alone."""
        self._keep({k: v for k, v in self._session.settings.midi_controls.items() if k != key})

    # ---- moved by a control
    @Slot(object)
    def _moved(self, message: Message) -> None:
        if message.kind != "control" or message.number == SUSTAIN or message.number >= 120:
            return
        control = message.channel * 128 + message.number
        if self._learning:
            self._learned(control)
        for key, fader in faders_of(self._panel).items():
            if self._session.settings.midi_controls.get(key) == control and fader.isEnabled():
                to = self._picks.setdefault(key, PickUp()).move(message.value / 127, fader.share)
                if to is not None:
                    fader.turn(to)

    def _learned(self, control: int) -> None:
        key = self._learning
        self._mark(False)
        self._learning = ""
        others = {k: v for k, v in self._session.settings.midi_controls.items() if v != control}
        self._picks.pop(key, None)
        self._keep({**others, key: control})
        self._session.tell(self.tr("Control {0} moves this fader, once it is where the fader is").format(control % 128))

    def _keep(self, controls: dict[str, int]) -> None:
        self._session.change(midi_controls=controls)

    def _mark(self, on: bool) -> None:
        fader = faders_of(self._panel).get(self._learning)
        if fader is not None:
            fader.track.set_waiting(on)
