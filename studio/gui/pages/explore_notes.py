"""From keys to sounds: which sound a key plays, made ahead where possible, and the player that plays it.

The sound one stands at becomes notes by varispeed from its own pitch; where the model declares a pitch, the model itself is
asked for each note. Notes are made by a thread of a pool and kept, so that a chord costs nothing but mixing. `strike`, `lift`,
`pedal` and `hear` may be called from any thread: a MIDI note is on its way to the device before the window hears of it.
"""

from __future__ import annotations

import functools
import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import partial

import msgspec
import numpy as np
import shiboken6
from PySide6.QtCore import QObject, QThreadPool, QTimer, Signal, Slot

from studio.audio.midi import QUIET, SUSTAIN, Message
from studio.audio.notes import MIDDLE, NoteCache, root_of, transposed
from studio.audio.sound import Sound
from studio.engine.engine import Rendered
from studio.errors import DeviceError
from studio.explore.keys import LAYERS, OFFSETS, OWN, Touch, velocity_of
from studio.gui.pages.explore_space import Space
from studio.gui.session import Session
from studio.models.controls import Controls, Range
from studio.project.recipe import Request

log = logging.getLogger(__name__)
SETTLE = 120
"""Milliseconds after the newest sound until its notes are made ahead: a drag makes thirty sounds a second."""
PATIENCE = 0.6
"""Seconds after a stroke within which a note that had to be made is still worth hearing."""
APART = 1.5
"""Semitones within which the layers of one sound keep pitches of their own; further off, one of them was misheard."""
FURTHEST = 3.0
"""σ that velocity moves a sound to at most."""
TAG = "explore-keys"
_numbers = itertools.count(1)


@functools.cache
def _pool() -> QThreadPool:
    """The one thread that makes notes. It belongs to nobody: a pool waits for its thread when it goes, holding Python's lock,
    which the thread may be waiting for."""
    made = QThreadPool()
    made.setMaxThreadCount(1)
    return made


def _warm_up() -> None:
    """Listen once: what that imports takes longer than a note may be late."""
    root_of(Sound(np.zeros((1, 8000), np.float32), 8000))


class Base:
    """A sound that notes are made of, and the note it is heard as."""

    def __init__(self, sound: Sound, like: Base | None = None) -> None:
        self.id = next(_numbers)
        self.sound = sound
        self._like = like
        self._known: tuple[float | None] | None = None

    @property
    def root(self) -> float | None:
        """Fractions of a semitone; None without a pitch. Listens once, which takes a few milliseconds."""
        if self._known is None:
            found, other = root_of(self.sound), self._like.root if self._like is not None else None
            self._known = (other if other is not None and (found is None or abs(found - other) > APART) else found,)
        return self._known[0]

    def note(self, key: int, rate: int | None) -> Sound:
        return transposed(self.sound, key - (MIDDLE if self.root is None else self.root), rate)


@dataclass(frozen=True, eq=False)
class Hand:
    """Everything that decides which sound a key plays, as one value, so that any thread may look.

    own: the sound one stands at; pitch: the model's keys, where it has them; layers: what velocity asks for, LAYERS or none;
    bases: the sounds of the layers that have been made
    """

    own: Base
    request: Request
    touch: Touch
    pitch: Range | None = None
    layers: tuple[Request, ...] = ()
    bases: dict[int, Base] = field(default_factory=dict)

    def base(self, velocity: float) -> Base:
        return self.bases.get(self.touch.layer(velocity), self.own)

    def asked(self, key: int, velocity: float) -> Request:
        """What the model is asked for, where it has a pitch; beyond its keys its last one is."""
        assert self.pitch is not None
        request = self.layers[self.touch.layer(velocity)] if self.layers else self.request
        return msgspec.structs.replace(request, pitch=float(min(max(key, self.pitch.low), self.pitch.high)))

    def name(self, key: int, velocity: float) -> Hashable:
        """What the cache calls the sound of this key."""
        if self.pitch is None:
            return self.base(velocity).id, key
        return key, msgspec.json.encode(self.asked(key, velocity))


class Notes(QObject):
    """The notes of the sound one stands at. `struck` and `lifted` tell the window what is played, from wherever."""

    struck = Signal(int, int)
    """Note and velocity."""

    lifted = Signal(int)
    rooted = Signal(object)
    """float | None: the note that the newest sound is heard as."""

    _wanted = Signal(int, int)

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.cache = NoteCache()
        self.ring = session.settings.let_ring
        self._hand: Hand | None = None
        self._touch = Touch()
        self._space: Space | None = None
        self._span = (48, 73)
        self._active = False
        self._lock = threading.Lock()
        self._down: set[int] = set()
        self._kept: set[int] = set()  # up, but sounding on
        self._late: dict[int, tuple[int, float]] = {}  # struck before its sound was there: velocity, when
        self._pedal = False
        self._turn = 0  # of making ahead; a new one ends the one under way
        self._ahead: deque[tuple[int, int]] = deque()  # keys and velocities that the model is asked for ahead
        self._asked: dict[Hashable, tuple[Hand, int, int]] = {}  # what the engine works on, by tag
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE)
        self._settle.timeout.connect(self._prepare)
        self._wanted.connect(self._ask)
        self.struck.connect(session.noted)
        session.engine.rendered.connect(self._rendered)

    # ---- what is played
    def show_sound(self, made: Rendered, controls: Controls, space: Space | None) -> None:
        """Play this sound from now on. What sounds already goes on."""
        self._space = space
        if self._hand is None or self._hand.own.sound is not made.sound:
            self._take(Hand(Base(made.sound), made.request, self._touch, controls.pitch))

    def set_space(self, space: Space | None) -> None:
        """The directions that velocity can move along."""
        self._space = space
        if self._touch.kind == "axis":
            self._take(self._hand)

    def show_nothing(self) -> None:
        """There is no sound any more."""
        self._space = None
        self._take(None)

    def set_touch(self, touch: Touch) -> None:
        """What velocity does from now on."""
        if touch != self._touch:
            self._touch = touch
            self._take(self._hand)

    def set_ring(self, on: bool) -> None:
        """Whether notes sound to their end after their key is up."""
        self.ring = on
        self._session.change(let_ring=on)
        if not on and not self._pedal:
            self._let_go()

    def set_span(self, low: int, high: int) -> None:
        """The keys that are in sight: first, and one past the last."""
        if (low, high) != self._span:
            self._span = low, high
            self._settle.start()

    @property
    def active(self) -> bool:
        return self._active

    def set_active(self, on: bool) -> None:
        """Whether anybody can play: only then are notes made ahead."""
        if on and not self._active:
            self._start(_warm_up)
        self._active = on
        if on:
            self._settle.start()
        else:
            self._turn += 1
            self._ahead.clear()
            self.silence()

    def _take(self, hand: Hand | None) -> None:
        self._turn += 1
        self._ahead.clear()
        self._asked.clear()
        if hand is not None:
            layers = self._layers(hand.request)
            touch = self._touch if layers or not self._touch.layered else Touch()
            hand = replace(hand, touch=touch, layers=layers, bases={})
            self._settle.start()
        self._hand = hand

    def _layers(self, request: Request) -> tuple[Request, ...]:
        """What each layer of velocity asks for; nothing where velocity does not change the sound."""
        touch, space = self._touch, self._space
        if touch.kind == "model":
            return tuple(msgspec.structs.replace(request, velocity=velocity_of(layer)) for layer in range(LAYERS))
        if touch.kind != "axis" or space is None or request.latent is None or touch.axis >= len(space.axes):
            return ()
        here = float(space.coordinates(request)[touch.axis])
        places = np.clip([here + touch.amount * offset for offset in OFFSETS], min(-FURTHEST, here), max(FURTHEST, here))
        return tuple(request if place == here else space.at_axis(request, touch.axis, float(place)) for place in places)

    # ---- playing, in any thread
    def hear(self, message: Message) -> None:
        """What a MIDI keyboard says."""
        if not self._active:
            return
        if message.kind == "on":
            self.strike(message.number, int(message.value))
        elif message.kind == "off":
            self.lift(message.number)
        elif message.kind == "control" and message.number == SUSTAIN:
            self.pedal(message.value >= 64)
        elif message.kind == "control" and message.number in QUIET:
            self.silence()

    def strike(self, key: int, velocity: int) -> None:
        hand = self._hand
        if hand is None:
            return
        sound = self.cache.get(hand.name(key, velocity))
        with self._lock:
            self._down.add(key)
            self._kept.discard(key)
            self._late.pop(key, None)
            if sound is None:
                self._late[key] = velocity, time.monotonic()
        if sound is not None:
            self._play(hand, key, velocity, sound)
        elif hand.pitch is None:
            self._start(partial(self._make, hand, key, velocity), 1)
        else:
            self._wanted.emit(key, velocity)
        self.struck.emit(key, velocity)

    def lift(self, key: int) -> None:
        with self._lock:
            self._down.discard(key)
            stays = self.ring or self._pedal
            if stays:
                self._kept.add(key)
            else:
                self._late.pop(key, None)
        if not stays:
            self._end(key)
        self.lifted.emit(key)

    def pedal(self, down: bool) -> None:
        """The sustain pedal: what is struck while it is down sounds on."""
        self._pedal = down
        if not down and not self.ring:
            self._let_go()

    def silence(self) -> None:
        """Nothing sounds any more."""
        with self._lock:
            down = tuple(self._down)
            self._down.clear()
            self._kept.clear()
            self._late.clear()
        self._pedal = False
        if self._session.player is not None:
            self._session.player.notes_off()
        for key in down:
            self.lifted.emit(key)

    def _let_go(self) -> None:
        with self._lock:
            gone = self._kept - self._down
            self._kept.clear()
        for key in gone:
            self._end(key)

    def _play(self, hand: Hand, key: int, velocity: int, sound: Sound) -> None:
        player = self._session.player
        if player is not None:
            try:
                player.note_on(key, sound, hand.touch.gain(velocity))
            except DeviceError as error:  # the session says it when the next sound is played
                log.info("%s", error)

    def _end(self, key: int) -> None:
        if self._session.player is not None:
            self._session.player.note_off(key)

    # ---- making, in the pool
    def _start(self, work: Callable[[], None], priority: int = 0) -> None:
        def guarded() -> None:
            try:
                work()
            except Exception:
                if not shiboken6.isValid(self):
                    return  # the window went meanwhile
                log.error("a note was not made", exc_info=True)

        _pool().start(guarded, priority)

    @property
    def _rate(self) -> int | None:
        device = self._session.player.device if self._session.player is not None else None
        return device.rate if device is not None else None

    def _make(self, hand: Hand, key: int, velocity: int) -> None:
        """The note of a key by varispeed, played if somebody waits for it."""
        name = hand.name(key, velocity)
        sound = self.cache.get(name)
        if sound is None:
            sound = hand.base(velocity).note(key, self._rate)
            self.cache.put(name, sound)
        self._play_late(hand, key, velocity, sound)

    def _keep(self, hand: Hand, key: int, velocity: int, made: Sound) -> None:
        """The note of a key as the model made it; beyond its keys by varispeed."""
        assert hand.pitch is not None
        sound = transposed(made, key - (hand.asked(key, velocity).pitch or key), self._rate)
        self.cache.put(hand.name(key, velocity), sound)
        self._play_late(hand, key, velocity, sound)

    def _play_late(self, hand: Hand, key: int, velocity: int, sound: Sound) -> None:
        with self._lock:
            late = self._late.get(key)
            if late is None or late[0] != velocity:
                return
            del self._late[key]
        if time.monotonic() - late[1] < PATIENCE:
            self._play(hand, key, velocity, sound)

    def _make_ahead(self, hand: Hand, turn: int, keys: deque[tuple[int, int]]) -> None:
        """One note, then the next one by another task, so that a key that is struck meanwhile goes first."""
        if turn != self._turn or not keys:
            return
        self._make(hand, *keys.popleft())
        self._start(partial(self._make_ahead, hand, turn, keys))

    def _listen(self, hand: Hand, turn: int) -> None:
        root = hand.own.root
        if turn == self._turn:
            self.rooted.emit(root)

    # ---- making ahead, in the window's thread
    def _order(self, layers: tuple[int, ...]) -> deque[tuple[int, int]]:
        """Keys in sight, from the middle outwards, each with a velocity of its layer."""
        low, high = self._span
        keys = sorted(range(low, high), key=lambda key: abs(key - (low + high) / 2))
        return deque((key, int(velocity_of(layer))) for layer in layers for key in keys)

    @Slot()
    def _prepare(self) -> None:
        hand = self._hand
        if hand is None or not self._active:
            return
        self._turn += 1
        self._start(partial(self._listen, hand, self._turn))
        rest = tuple(layer for layer in range(LAYERS) if layer != OWN) if hand.layers else ()
        if hand.pitch is not None:
            self._ahead = self._order((OWN, *rest))
            self._ask_ahead()
            return
        self._start(partial(self._make_ahead, hand, self._turn, self._order((OWN,))))
        for layer in range(LAYERS) if hand.layers else ():
            if hand.layers[layer] != hand.request and layer not in hand.bases:
                tag = (TAG, "layer", layer)
                self._asked[tag] = hand, layer, 0
                self._session.engine.render(hand.layers[layer], tag)

    @Slot(int, int)
    def _ask(self, key: int, velocity: int) -> None:
        """Ask the model for a key that was struck; of one key the newest."""
        hand = self._hand
        if hand is not None and hand.pitch is not None:
            tag = (TAG, key)
            self._asked[tag] = hand, key, velocity
            self._session.engine.render(hand.asked(key, velocity), tag)

    def _ask_ahead(self) -> None:
        """Ask the model for one more key, when it has answered the one before."""
        hand = self._hand
        while self._active and hand is not None and hand.pitch is not None and self._ahead and not self._asked:
            key, velocity = self._ahead.popleft()
            if hand.name(key, velocity) not in self.cache:
                self._ask(key, velocity)

    @Slot(object)
    def _rendered(self, made: Rendered) -> None:
        if not (isinstance(made.tag, tuple) and made.tag[0] == TAG) or made.tag not in self._asked:
            return
        hand, key, velocity = self._asked.pop(made.tag)
        if hand.pitch is not None:
            self._start(partial(self._keep, hand, key, velocity, made.sound), 1)
            self._ask_ahead()
        elif (
            self._hand is not None and self._hand.own is hand.own
        ):  # `key` is a layer: a newer hand has forgotten what it asked
            self._hand = replace(self._hand, bases={**self._hand.bases, key: Base(made.sound, hand.own)})
            self._start(partial(self._make_ahead, self._hand, self._turn, self._order((key,))))
