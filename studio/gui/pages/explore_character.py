"""The faders of Explore's section "Character": brightness, attack, noisiness and so on, as asked for and as they came out.

No model has such a control. explore/descriptors.py knows from the project's sounds which way in the space is brighter; a fader
goes that way and shows what the sound then really measures. Measured off the GUI thread, of the newest sound only.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from studio.audio import analysis
from studio.audio.sound import Sound
from studio.engine.engine import Rendered
from studio.explore.axes import heard
from studio.gui.pages.explore_controls import ControlPanel
from studio.gui.pages.explore_space import Space, latent_of, with_latent
from studio.gui.pages.explore_words import percent, said, title
from studio.gui.widgets.fader import Fader
from studio.gui.widgets.later import Later
from studio.project.recipe import Request

NEAR, TRIES = 0.05, 2
"""While a hand holds a fader still: how far off, in its range, the sound may be, and how often it is tried again."""
GAIN = 0.5, 2.5
"""How much less or more than expected the regression is asked for, from what the sounds of this very move measure."""
REST = 120
"""Milliseconds without another sound until the newest is measured; half of it while a hand is on one of these faders."""

Values = dict[str, float]
"""Descriptor → value as heard, NaN where there is none."""


class Character(QObject):
    """Fills the panel's section, and turns what the hand asks of it into requests."""

    moved = Signal(str, object)
    """What the move is called, and the Request it asks for."""

    def __init__(self, panel: ControlPanel, parent: QObject) -> None:
        super().__init__(parent)
        self._panel = panel
        self._space: Space | None = None
        self._learnt: Space | None = None  # to show when the hand lets go
        self._request: Request | None = None
        self._sound: Rendered | None = None
        self._measured: tuple[Request, Values] | None = None
        self._start: tuple[str, Request, Values, Values] | None = None  # where a move of the hand began
        self._asked: dict[str, tuple[float, float]] = {}  # descriptor → from, to
        self._mine: Request | None = None  # what these faders asked for last
        self._gain, self._tries = 1.0, 0
        self.faders: dict[str, Fader] = {}
        self.locked: tuple[str, ...] = ()
        """Descriptors that Random and the map leave as they are."""

        self._later = Later(self)
        self._later.done.connect(self._arrived)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._measure)
        panel.released.connect(self._released)
        panel.built.connect(self._rebuilt)

    # ---- what is shown
    def show_space(self, space: Space | None) -> None:
        """The faders of what this space can be asked for; none without one, and what was asked of the last is forgotten."""
        for fader in self.faders.values():
            fader.hide()
            fader.deleteLater()
        self._space, self._learnt = space, None
        if space is None:  # the next may have other latents
            self._request, self._asked = None, {}
        self._fill()

    def learn(self, space: Space) -> None:
        """The same places, of which more is known now; faders wait for the hand that is on one."""
        if any(fader.track.held for fader in self.faders.values()):
            self._learnt = space
        elif self._space is None or space.descriptors is not self._space.descriptors:
            self.show_space(space)
        else:
            self._space = space

    @Slot()
    def _rebuilt(self) -> None:
        """The panel has thrown its faders away."""
        self._fill()

    def _fill(self) -> None:
        self.faders, self._start = {}, None
        space, section = self._space, self._panel.sections["character"]
        if space is not None:
            for name in space.descriptors.names:
                self.faders[name] = self._panel.add(section.column, self._fader(name, *space.descriptors.span[name]))
            self.locked = tuple(name for name in self.locked if name in self.faders)
        section.setVisible(bool(self.faders))
        if self._request is not None:
            self.show_request(self._request)

    def _fader(self, name: str, low: float, high: float) -> Fader:
        help = self.tr("Goes where your sounds have more of it, as far as the model can. The mark is what the sound measures.")
        fader = Fader(title(name), low, high, (low + high) / 2, words=partial(said, name), help=help)
        fader.lock.setChecked(name in self.locked)
        fader.moved.connect(partial(self._moved, name))
        fader.lockChanged.connect(partial(self._lock, name))
        return fader

    def show_request(self, request: Request) -> None:
        """Put the faders where this request is expected to be, unless they asked for it themselves."""
        if request != self._mine:
            self._asked = {}
        self._request = request
        expected = self._expected(request)
        measured = self._known(request)
        for name, fader in self.faders.items():
            if name in self._asked:
                fader.set_value(self._asked[name][1])
            elif not fader.track.held:
                value = measured.get(name, expected.get(name, np.nan))
                value = value if np.isfinite(value) else expected.get(name, np.nan)
                if np.isfinite(value):
                    fader.set_value(value)
        self._say(measured)

    def show_sound(self, made: Rendered) -> None:
        """A sound came out: it will be measured when no other follows."""
        self._sound = made
        if self.faders:
            held = any(fader.track.held for fader in self.faders.values())
            if not (held and self._rest.isActive()):
                self._rest.start(REST // 2 if held else REST)

    def hold(self, request: Request, before: Request) -> Request:
        """`request` with the locked descriptors as they are expected of `before`."""
        if self._space is None or request.latent is None or before.latent is None:
            return request
        z, old = latent_of(request), latent_of(before)
        for name in self.locked:
            target = float(self._space.descriptors.value(old, name))
            others = [other for other in self.locked if other != name]
            z = self._space.descriptors.move(z, name, target, self._fixed(), hold=others)
        return with_latent(request, z) if self.locked else request

    # ---- measuring
    @Slot()
    def _measure(self) -> None:
        if self._sound is not None:
            self._later.ask(partial(_measured, self._sound.request, self._sound.sound))

    @Slot(object)
    def _arrived(self, answer: object) -> None:
        if not isinstance(answer, tuple):
            return
        self._measured = answer
        if self._request is not None and self._space is not None:
            self.show_request(self._request)
            self._correct(*answer)

    def _known(self, request: Request) -> Values:
        """What the sound of `request` measures, if it was measured."""
        there = self._measured is not None and self._measured[0] == request
        return self._measured[1] if there and self._measured is not None else {}

    def _expected(self, request: Request) -> Values:
        if self._space is None or request.latent is None:
            return {}
        z = latent_of(request)
        return {name: float(self._space.descriptors.value(z, name)) for name in self.faders}

    def _say(self, measured: Values) -> None:
        """Marks, numbers and words of what was measured."""
        for name, fader in self.faders.items():
            value = measured.get(name, np.nan)
            if name not in measured:
                if not fader.track.held:  # under the hand the mark stays at the last sound until the next is measured
                    fader.set_achieved(None)
            elif name in self._asked and self._space is not None:
                start, asked = self._asked[name]
                low, high = self._space.descriptors.span[name]
                share = 1 / max(high - low, 1e-9)
                words = self.tr("{0}: asked {1}, got {2}").format(
                    title(name), percent((asked - start) * share), percent((value - start) * share)
                )
                fader.set_achieved(value, words if np.isfinite(value) else self.tr("This sound has no clear pitch"))
            else:
                fader.set_achieved(value, said(name, value))

    # ---- the hand
    def _lock(self, name: str, on: bool) -> None:
        self.locked = (*(n for n in self.locked if n != name), *((name,) if on else ()))

    def _moved(self, name: str, value: float) -> None:
        space, request = self._space, self._request
        if space is None or request is None or request.latent is None:
            return
        if self._start is None or self._start[0] != name:
            expected = self._expected(request)
            measured = {key: value for key, value in self._known(request).items() if np.isfinite(value)}
            self._start = (name, request, expected, {**expected, **measured})
            self._gain = 1.0
        self._tries = 0
        self._aim(space, value)

    def _aim(self, space: Space, value: float) -> None:
        """Ask for the change from where the move began that makes the sound measure `value`."""
        assert self._start is not None
        name, begin, expected, known = self._start
        # The regression and the ear may differ at the start; what is asked for is a change from what is heard.
        target = expected[name] + (value - known[name]) * self._gain
        held = [other for other in self.locked if other != name]
        z = space.descriptors.move(latent_of(begin), name, target, self._fixed(), hold=held)
        self._asked = {name: (known[name], value)}
        self._mine = with_latent(begin, z)
        self.moved.emit(self.tr("Move “{0}”").format(title(name)), self._mine)

    def _correct(self, request: Request, measured: Values) -> None:
        """A hand still holds the fader: what the newest sound measures says how much to ask for from here on."""
        space = self._space
        if self._start is None or space is None or request != self._mine:
            return
        name, _, _, known = self._start
        (start, asked), got = self._asked[name], measured.get(name, np.nan)
        low, high = space.descriptors.span[name]
        change, came = (asked - known[name]) / (high - low), (got - start) / (high - low)
        if not self.faders[name].track.held or not abs(change) > NEAR or not change * came > 0:  # also where it is no number
            return
        self._gain = float(np.clip(self._gain * np.clip(change / came, 0.7, 1.5), *GAIN))
        if abs(change - came) > NEAR and self._tries < TRIES:
            self._tries += 1
            self._aim(space, asked)

    @Slot()
    def _released(self) -> None:
        self._start = None
        if (learnt := self._learnt) is not None:
            self._learnt = None
            self.show_space(learnt)
        if self._request is not None:
            self._say(self._known(self._request))

    def _fixed(self) -> np.ndarray | None:
        locked = self._panel.locked_axes
        return self._space.axes.held(locked) if locked and self._space is not None else None


def _measured(request: Request, sound: Sound) -> tuple[Request, Values]:
    found = analysis.features(sound) if sound.frames else {}
    return request, {name: float(heard(name, value)) for name, value in found.items()}
