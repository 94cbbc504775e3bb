"""How the open clip is heard: whole, a stretch of it, or without its steps, changed under the ear without a gap.

What this put into the transport follows the editor: after an edit, or while a dial turns, the new sound goes on at the place
where the old one was.
"""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QKeyEvent

from studio.audio.sound import Audio
from studio.gui.pages.clips_editor import ClipEditor
from studio.gui.pages.clips_rack import Rack
from studio.gui.pages.clips_try import stretch_of
from studio.gui.pages.clips_work import recipe_of
from studio.gui.session import Current, Session

HOLD = 0.35
"""Seconds from which B counts as held: letting go then takes it back."""


class ClipHearing(QObject):
    """Plays the open clip through the session, and moves the editor's playhead."""

    def __init__(self, session: Session, editor: ClipEditor, rack: Rack, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._editor, self._rack = session, editor, rack
        self._heard: Audio | None = None  # what was put into the transport last
        self._stretch: tuple[float, float] | None = None  # seconds; which part of the clip that is
        self._excerpt: float | None = None  # seconds; where a few seconds of it begin that are only tried
        self._held = 0.0  # when B was pressed
        session.positionChanged.connect(self._show_position)
        editor.seeked.connect(self.play)
        editor.stretchWanted.connect(self.play_stretch)
        rack.beforeWanted.connect(self._compare)

    @Slot(float)
    def play(self, at: float = 0.0) -> None:
        """From `at` seconds to the end."""
        self._stretch = None
        self._play(at)

    @Slot(object, bool)
    def play_stretch(self, span: tuple[float, float], loop: bool = False) -> None:
        """Only what lies between two moments, once or round and round."""
        self._stretch = span
        self._session.set_loop(loop)
        self._play(0.0)

    @Slot(object, object)
    def play_loop(self, sound: Audio, span: tuple[float, float] | None) -> None:
        """A loop as it would be made of the clip at `span`, round and round; None: something else, once."""
        name = self._editor.opened.clip.name if self._editor.opened is not None else ""
        self._stretch, self._heard, self._excerpt = span, sound if span is not None else None, None
        self._session.set_loop(span is not None)
        self._session.play(Current(sound, name))

    @Slot(object, float)
    def play_excerpt(self, sound: Audio, at: float) -> None:
        """While the clip plays: a few seconds of it, which begin `at`, as they would be."""
        now, offset = self._now(), self._offset
        if now is not None and 0 <= now - at < sound.seconds:
            self._excerpt, self._heard = at, sound
            name = self._editor.opened.clip.name if self._editor.opened is not None else ""
            self._session.exchange(Current(sound, name), shift=offset - at)

    def follow(self) -> None:
        """The open clip sounds different now: what is heard of it goes on at the same place."""
        current, offset = self._session.current, self._offset
        if current is None or current.sound is not self._heard:
            return
        self._excerpt = None
        if (new := self._current()) is not None:
            self._heard = new.sound
            self._session.exchange(new, shift=offset - self._offset)

    def _now(self) -> float | None:
        """The second of the clip that is heard; None while nothing of it plays."""
        player, current = self._session.player, self._session.current
        if player is None or current is None or current.sound is not self._heard or player.position is None:
            return None
        return player.position + self._offset

    @property
    def _offset(self) -> float:
        """Where in the clip begins what is heard."""
        return self._excerpt if self._excerpt is not None else self._stretch[0] if self._stretch is not None else 0.0

    def forget(self) -> None:
        self._heard = self._stretch = self._excerpt = None

    def _play(self, at: float) -> None:
        current = self._current()
        if current is not None:
            self._heard, self._excerpt = current.sound, None
            self._session.play(current, at=at if 0 <= at < current.sound.seconds else 0.0)

    def _current(self) -> Current | None:
        opened = self._editor.opened
        if opened is None:
            return None
        before = self._rack.before.isChecked()
        sound = opened.original if before else opened.sound
        recipe = opened.clip.recipe if before else recipe_of(opened.clip)
        if self._stretch is not None and self._stretch[0] < sound.seconds:
            return Current(stretch_of(sound, self._stretch), opened.clip.name)
        return Current(sound, opened.clip.name, recipe)

    @Slot(bool)
    def _compare(self, before: bool) -> None:
        self.follow()

    @Slot(object)
    def _show_position(self, seconds: float | None) -> None:
        current = self._session.current
        mine = current is not None and current.sound is self._heard
        self._editor.show_position(seconds + self._offset if mine and seconds is not None else None)

    # ---- the hand
    def press(self, event: QKeyEvent) -> bool:
        """B: without the steps, and with them again; held, for as long as it is down."""
        if event.key() != Qt.Key.Key_B or event.modifiers():
            return False
        if not event.isAutoRepeat() and self._rack.before.isEnabled():
            self._held = time.monotonic()
            self._rack.before.toggle()
        return True

    def release(self, event: QKeyEvent) -> bool:
        if event.key() != Qt.Key.Key_B or event.isAutoRepeat() or not self._held:
            return False
        if time.monotonic() - self._held > HOLD:
            self._rack.before.toggle()
        self._held = 0.0
        return True
