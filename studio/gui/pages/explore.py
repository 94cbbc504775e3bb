"""Explore: move through what a model has learned and hear every place at once.

The state is one Request. The hand (map, faders, Random, a dropped sound) makes the next one, the engine renders it, the newest
sound plays; finished moves are undo steps. What the model does not declare is not shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QStackedLayout, QWidget

from studio.engine.engine import Encoded, ModelFacts, Rendered
from studio.gui.files import Dropped, understand
from studio.gui.pages import explore_space
from studio.gui.pages.explore_character import Character
from studio.gui.pages.explore_compare import Compare, Even
from studio.gui.pages.explore_controls import SEEDS
from studio.gui.pages.explore_keys import Keys
from studio.gui.pages.explore_like import Like
from studio.gui.pages.explore_map import MapPart
from studio.gui.pages.explore_naming import Naming
from studio.gui.pages.explore_open import OpenModel
from studio.gui.pages.explore_out import Out
from studio.gui.pages.explore_pins import Pins
from studio.gui.pages.explore_space import Space
from studio.gui.pages.explore_standing import HEAR, SHOW, Standing
from studio.gui.pages.explore_view import ExploreView
from studio.gui.session import Session
from studio.gui.widgets.drop_target import DropTarget, Hand
from studio.gui.widgets.drop_zone import Empty, pick_sound
from studio.project.recipe import Recipe, Request

LOOK = 3000
"""Milliseconds between two looks at the run folders."""


class ExplorePage(QWidget):
    """The map and faders of one open model."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.model = OpenModel(session, self)
        self.standing = Standing(session, self.model, self)
        self._listening = False  # a sound is being looked for in the model
        self._draw: tuple[Request | None, bool] = (None, False)  # what Random started from, and whether labels stay
        self._pending: Path | None = None  # to start from once there is a space
        self.view = ExploreView(session.engine)
        self.empty = Empty("explore", self.tr("No model yet — train one"), self.tr("Go to Train"))
        self.stack = QStackedLayout(self)
        self.stack.setContentsMargins(0, 0, 0, 0)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.view)
        self.pins = Pins(session)
        self.view.tabs.add("pins", self.tr("Pins"), "pin", self.pins, self.tr("Pin sounds (Shift+A to Shift+H) and morph"))
        self.like = Like(session)
        self.view.tabs.add("like", self.tr("Like this"), "search", self.like, self.tr("What is like this sound, and how"))
        self.keys = Keys(session)
        self.view.tabs.add("keys", self.tr("Keys"), "piano", self.keys, self.tr("Play this sound on a keyboard"))
        self._wire()
        self._look()

    def _wire(self) -> None:
        session, engine = self._session, self._session.engine
        self.map = MapPart(session, self.model, self.view, self)
        self.map.views.said.connect(self._say_state)
        self.map.path.placesWanted.connect(self._walk)
        self._compare = Compare(session, self.view.said, self.model, self.standing, self)
        self._even = Even(session, self.view.even, self)
        self._listing = self._timer(LOOK, self._look, single=False)
        self.model.opened.connect(self._opened)
        self.model.spaced.connect(self._spaced)
        self.model.said.connect(self._say_state)
        self.model.refused.connect(self._refused)
        self.standing.moved.connect(self._show_request)
        self.standing.sounded.connect(self._sounded)
        self.standing.drawn.connect(self._drawn)
        self.standing.committed.connect(self._committed)
        engine.encoded.connect(self._encoded)
        engine.failed.connect(self._failed)
        session.opened.connect(self._project_changed)
        session.closed.connect(self._project_changed)
        session.positionChanged.connect(self._show_position)
        session.playingChanged.connect(self._show_playing)
        self.empty.pressed.connect(self._go_train)
        self.view.picker.chosen.connect(self.model.open)
        self.view.encode.clicked.connect(self._choose_sound)
        self.view.map.moved.connect(self._map_moved)
        self.view.map.released.connect(self.standing.commit)
        self.view.map.picked.connect(self._pick_dot)
        self.view.sound.seeked.connect(self._seek)
        panel = self.view.panel
        panel.fold(session.settings.folded)
        panel.foldChanged.connect(self._remember_folds)
        self.character = Character(panel, self)
        self.standing.grafts.follow(panel)
        self.character.moved.connect(self._character_moved)
        self.naming = Naming(session, self.model, panel, self)
        self.naming.named.connect(self._named)
        panel.axisMoved.connect(self._axis_moved)
        panel.labelMoved.connect(self._label_moved)
        panel.numberMoved.connect(self._number_moved)
        panel.textChanged.connect(self._text_changed)
        panel.released.connect(self.standing.commit)
        panel.randomAsked.connect(self.draw)
        panel.labelAsked.connect(self.draw)
        panel.keepAsked.connect(self._keep)
        self.view.tabs.changed.connect(self._show_nine)
        self.view.nine.chosen.connect(self._take_candidate)
        self.view.nine.heard.connect(self._hear_candidate)
        self.map.kept.connect(self.view.nine.show_clips)
        self.pins.changed.connect(self.view.nine.show_pins)
        self.pins.follow(self.model, self.standing)
        self.view.history.follow(self.model, self.standing)
        self.keys.follow(self.model, self.standing, self.naming, self.view.panel)
        self.like.follow(self.model, self.standing)
        self.like.started.connect(self.start_from)
        self.view.came.switched.connect(self.standing.switch_steps)
        self.out = Out(session, self.model, self.standing, self.map, self.view, self.pins, self)
        self.drops = DropTarget(self, self._offer, self._dropped)

    def _timer(self, interval: int, slot: Any, single: bool = True) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(interval)
        timer.setSingleShot(single)
        timer.timeout.connect(slot)
        return timer

    @property
    def _model(self) -> ModelFacts | None:
        return self.model.facts

    @property
    def _space(self) -> Space | None:
        return self.model.space if self.model.same_size else None

    # ---- which model
    @Slot()
    def _look(self) -> None:
        """List the moments that can be played; open the best of the newest run where nothing is open. The map follows what was
        added to the sounds meanwhile."""
        found = self.model.choices()
        fine = self.model.playable(found)
        opened = self._model.folder if self._model is not None else None
        self.view.picker.set_choices(found, opened or self.model.opening)
        self.stack.setCurrentIndex(1 if fine or opened is not None else 0)
        broken = found and not fine
        words = (
            self.tr("The models of this project can't be opened — train a new one")
            if broken
            else self.tr("No model yet — train one")
        )
        self.empty.say(words, self.tr("Go to Train"))
        self.view.panel.random.setEnabled(opened is not None)
        self.view.panel.keep.setEnabled(self.standing.shown is not None)
        if fine and opened is None and self.model.opening is None and self.isVisible():
            self.model.open(self.standing.home(fine[0]))
            self.view.picker.set_choices(found, self.model.opening)
        if self.isVisible():
            self.model.follow_sounds()

    def showEvent(self, event: object) -> None:
        self._look()
        self._listing.start()

    def hideEvent(self, event: object) -> None:
        self._listing.stop()
        self.standing.rest()

    @Slot()
    def _refused(self) -> None:
        self._pending = None
        self._look()  # the next one, if there is another

    @Slot()
    def _project_changed(self) -> None:
        self.model.forget()
        self.standing.clear()
        self._pending = None
        self.map.forget()
        self.view.nine.clear()
        self.view.sound.set_sound(None)
        self.view.said.clear()
        self._look()

    @Slot(object)
    def _opened(self, facts: ModelFacts) -> None:
        self.view.panel.random.setEnabled(True)
        self.view.panel.build(facts.controls, self._space.axes if self._space is not None else None)
        self.character.show_space(self._space)
        self._look()
        self.view.encode.setVisible(facts.controls.latent is not None)
        self.view.tabs.set_offered("nine", self.model.mapped)
        self.view.tabs.set_offered("pins", facts.controls.latent is not None)
        if not self.model.mapped:
            self.view.map.say(self.tr("This model has no map"))
        if self.standing.arrive(facts):
            return
        if not self.model.same_size:
            self.standing.request = None
        if self.standing.request is None:
            self.standing.draw(Request(), SHOW)  # something to hear before the map is there

    @Slot(object, bool)
    def _spaced(self, space: Space, again: bool) -> None:
        place, standing = self.map.even, self.standing
        self.view.panel.build(self.model.facts.controls, space.axes)  # type: ignore[union-attr]
        self.character.show_space(space)
        self.map.show_space(space)
        if self._pending is not None:
            self.start_from(self._pending)
        elif again and place is not None and standing.request is not None and standing.of != space.model:
            standing.go(space.at_place(standing.request, place), SHOW)  # another moment of the model at the same place
        elif standing.request is None or standing.request.latent is None or (standing.untouched and not again):
            standing.go(space.start(), SHOW)
        else:
            self._show_request()

    @Slot(object)
    def _named(self, space: Space) -> None:
        self.view.panel.name_axes(space.axes)
        self.character.learn(space)

    # ---- what others ask
    def receive(self, payload: Any) -> None:
        """From other pages: a Recipe to stand at, a run or checkpoint folder to open, a sound file to start from, a file of
        ours that was dropped somewhere."""
        if isinstance(payload, Recipe):
            self.standing.open(payload)
        elif isinstance(payload, Dropped):
            self.take(payload.paths[0])
        elif isinstance(payload, Path) and payload.is_dir():
            best = next((c.folder for c in self.model.choices() if payload in (c.folder, c.folder.parent.parent)), payload)
            self.model.open(best)
        elif isinstance(payload, Path):
            self.start_from(payload)

    # ---- what is shown of it
    @Slot()
    def _show_request(self) -> None:
        request, space, shown = self.standing.request, self._space, self.standing.shown
        self.view.came.show_steps(self.standing.brought.at(self.standing.of, request))
        if request is None:
            return
        came: dict[str, float | None] = {}
        if shown is not None:
            came = {"seconds": shown.sound.seconds, "pitch": shown.request.pitch, "velocity": shown.request.velocity}
        if space is not None and request.latent is not None:
            self.map.show_request(request)
            self.view.panel.show_request(request, space.coordinates(request), space.weights(request), came)
            self.character.show_request(request)
        else:
            self.view.panel.show_request(request, None, dict(request.classes), came)

    @Slot(object)
    def _sounded(self, made: Rendered) -> None:
        self.view.panel.keep.setEnabled(True)
        self.view.sound.set_sound(made.sound)
        self._show_request()
        self.character.show_sound(made)

    @Slot()
    def _committed(self) -> None:
        self._show_nine()

    # ---- the hand
    @Slot(float, float)
    def _map_moved(self, x: float, y: float) -> None:
        if self._space is not None:
            self.standing.begin(self.tr("Move on the map"))
            self.standing.go(self._at(self._space, (x, y)))

    def _at(self, space: Space, place: Any) -> Request:
        """What stands at a place of the map, with what is locked as it is."""
        request = self.standing.request or Request()
        moved = space.at_place(request, place, keep_labels=bool(self.view.panel.locked_labels))
        if self.view.panel.locked_axes and request.latent is not None:
            moved = space.lock(moved, request, self.view.panel.locked_axes, False)
        return self.character.hold(moved, request)

    @Slot(object)
    def _walk(self, places: Any) -> None:
        if (space := self._space) is not None:
            self.map.path.render([self._at(space, place) for place in places])

    @Slot(int, float)
    def _axis_moved(self, axis: int, value: float) -> None:
        if self._space is not None and self.standing.request is not None:
            self.standing.begin(self.tr("Move “{0}”").format(self._space.axes.titles()[axis]))
            self.standing.go(self._space.at_axis(self.standing.request, axis, value))

    @Slot(str, object)
    def _character_moved(self, what: str, request: Request) -> None:
        self.standing.begin(what)
        self.standing.go(request)

    @Slot(object)
    def _remember_folds(self, folded: tuple[str, ...]) -> None:
        self._session.change(folded=folded)

    @Slot(str, float)
    def _label_moved(self, name: str, value: float) -> None:
        if self.standing.request is None:
            return
        self.standing.begin(self.tr("Move “{0}”").format(name))
        if self._space is not None and self.standing.request.latent is not None:
            self.standing.go(self._space.at_label(self.standing.request, name, value, self.view.panel.locked_labels))
        else:
            even = dict.fromkeys(self.view.panel.labels, 1.0)
            classes = explore_space.shared(self.standing.request.classes, name, value, self.view.panel.locked_labels, even)
            self.standing.go(msgspec.structs.replace(self.standing.request, classes=classes))

    @Slot(str, object)
    def _number_moved(self, field: str, value: float | int | None) -> None:
        if self.standing.request is not None and getattr(self.standing.request, field) != value:
            fader = self.view.panel.numbers.get(field)
            name = fader.track.accessibleName() if fader is not None else self.tr("Seed")
            self.standing.begin(self.tr("Change “{0}”").format(name))
            self.standing.go(msgspec.structs.replace(self.standing.request, **{field: value}), settle=True)

    @Slot(str, str)
    def _text_changed(self, field: str, value: str) -> None:
        if self.standing.request is not None:
            self.standing.begin(self.tr("Change {0}").format(field))
            self.standing.go(msgspec.structs.replace(self.standing.request, **{field: value}), settle=True)

    @Slot()
    @Slot(str)
    def draw(self, label: str = "") -> None:
        """Random: a new sound from the model's prior, of one label where that is asked; what is locked stays."""
        if self._model is None:
            return
        before = self.standing.request or Request()
        self.standing.begin(self.tr("Random"))
        fader = self.view.panel.temperature
        keep = {
            field: getattr(before, field) for field in ("seconds", "pitch", "velocity", "text", "speaker", "prompt", "input")
        }
        fresh = Request(
            classes={label: 1.0} if label else before.classes if self.view.panel.locked_labels else {},
            temperature=fader.value if fader is not None else 1.0,
            seed=int(np.random.default_rng().integers(SEEDS)),
            **keep,
        )
        self._draw = (before, bool(self.view.panel.locked_labels) and not label)
        self.standing.draw(fresh)

    def _drawn(self, request: Request) -> None:
        before, keep_labels = self._draw
        self.standing.begin(self.tr("Random"))  # it may have been finished by an undo, or by the draw before
        if self._space is not None and before is not None and before.latent is not None and request.latent is not None:
            request = self._space.lock(request, before, self.view.panel.locked_axes, keep_labels)
            request = self.character.hold(request, before)
        self.standing.go(request)
        self.standing.commit()

    @Slot()
    def _keep(self) -> None:
        if self.standing.shown is not None:
            self._session.keep(self.standing.current)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        event.setAccepted(self.view.tabs.release(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.view.tabs.press(event) or self.pins.press_shift(event) or self.map.press(event):
            return
        if event.key() == Qt.Key.Key_R and not event.modifiers():
            self.draw()
        elif event.key() == Qt.Key.Key_N and not event.modifiers():
            self.view.tabs.show_tab("sound" if self.view.tabs.current == "nine" else "nine")
        else:
            super().keyPressEvent(event)

    # ---- nine candidates
    @Slot()
    def _show_nine(self, *_: object) -> None:
        on = self.view.tabs.current == "nine"
        if on and self._space is not None and self.standing.request is not None and self.standing.request.latent is not None:
            self.view.nine.show_around(self._space, self.standing.request, tuple(self.view.panel.locked_axes))

    @Slot(object)
    def _take_candidate(self, request: Request) -> None:
        self.standing.begin(self.tr("Take a candidate"))
        self.standing.go(request)
        self.standing.commit()

    @Slot(object)
    def _hear_candidate(self, made: Rendered) -> None:
        self._session.play(self.standing.take(made))

    # ---- dots
    @Slot(object)
    def _pick_dot(self, dot: int) -> None:
        """A double click stands exactly at this sound: how the model says it."""
        if self._space is not None:
            self.standing.begin(self.tr("Go to “{0}”").format(self._space.titles[dot]))
            self.standing.go(self._space.at_sound(self.standing.request or Request(), dot))
            self.standing.commit()

    # ---- starting from a file
    @Slot()
    def _choose_sound(self) -> None:
        pick_sound(self, self.tr("Start from a sound"), self.take)

    def take(self, path: Path, as_sound: bool = False) -> None:
        """A file somebody brought: one of ours is opened where it was made, unless it is taken `as_sound` like any other."""
        recipe = None if as_sound else understand([path]).recipe
        if recipe is not None and self.standing.open(recipe, path.name):
            return
        if self._model is None and self.model.opening is None:
            self._session.go("sounds", (path,))  # no model at all: something to learn from
        else:
            self.start_from(path)

    def start_from(self, path: Path) -> None:
        """Find a file in the model's space, stand there, hear how the model says it."""
        if self._model is None or self._space is None:
            self._pending = path
            return
        self._pending = None
        self._listening = True
        self._say_state(self.tr("Listening to {0}…").format(path.name))
        self._session.engine.encode(path, HEAR)

    @Slot(object)
    def _failed(self, event: object) -> None:
        """The quiet bar says why; nothing is under way any more."""
        if self._listening:
            self._listening = False
            self._say_state("")

    @Slot(object)
    def _encoded(self, heard: Encoded) -> None:
        if heard.tag != HEAR or self._model is None or self._space is None:
            return
        self._listening = False
        self._say_state("")
        if heard.whole > 2 * heard.original.seconds + 0.5:
            words = self.tr("Of {0:.0f} s the model hears {1:.2f} s from {2:.2f} s on")
            self._session.tell(words.format(heard.whole, heard.original.seconds, heard.start))
        row = np.atleast_2d(heard.latent)[0]
        self.standing.begin(self.tr("Start from a sound"))
        seconds = None
        if self._model.controls.seconds is not None:
            seconds = float(
                np.clip(heard.original.seconds, self._model.controls.seconds.low, self._model.controls.seconds.high)
            )
        base = self.standing.request or Request()
        base = msgspec.structs.replace(base, seconds=seconds, classes={}, pitch=heard.request.pitch)
        self.view.said.tell_reconstruction(heard.path, heard.distance)
        self.standing.go(explore_space.with_latent(base, row))
        self.standing.commit()

    def _offer(self, hand: Hand) -> str:
        """What letting go would do; folders, and many at once, are left to the window."""
        kind, paths = hand.dropped.kind, hand.dropped.paths
        if hand.own or self._space is None or len(paths) != 1 or paths[0].is_dir():
            return ""
        if kind == "recipe":
            return self.tr("Drop to go back to where this sound was made; with Shift, to start from how it sounds")
        return self.tr("Drop to start from this sound") if kind == "sounds" else ""

    def _dropped(self, hand: Hand) -> None:
        self.take(hand.dropped.paths[0], bool(hand.keys & Qt.KeyboardModifier.ShiftModifier))

    # ---- what is said and shown while it sounds
    def _say_state(self, text: str) -> None:
        """What is under way; the empty map says it too."""
        self.view.state.setText(text)
        self.view.map.say(text or self.tr("No map yet"))

    @Slot(object)
    def _show_position(self, seconds: float | None) -> None:
        current = self._session.current
        mine = self.standing.shown is not None and current is not None and current.sound is self.standing.shown.sound
        self.view.sound.set_playhead(seconds if mine and self._session.playing else None)

    @Slot(bool)
    def _show_playing(self, playing: bool) -> None:
        if not playing:
            self.view.sound.set_playhead(None)

    @Slot(float)
    def _seek(self, seconds: float) -> None:
        if self.standing.shown is not None:
            self._session.play(self.standing.current, at=seconds)

    @Slot()
    def _go_train(self) -> None:
        self._session.go("train")
