"""What is heard: one sound at a time, replaced without a click, and notes over it. Session and bench own one Player.

    player = Player.open()
    player.play(sound)            # the one before fades out within 5 ms
    player.position, player.level # of what is audible now
    player.note_on("C3", sound)   # over what plays, up to sixteen at once
    player.note_off("C3")

The player composes the next two seconds into the strip of output.py and composes them anew whenever something changes:
a new sound, a seek, the volume. A change begins a few milliseconds after what the device has already taken, with a
5 ms equal-power crossfade from what was there; a sound that begins out of silence keeps its attack. Loops are composed
frame by frame, so they have no gap. A note is added to what has been composed, and its end taken out again. A thread lays
on more every quarter of a second; nothing is heard of it while that thread, or all of Python, stalls for less than two
seconds.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np

from studio.audio import output
from studio.audio.chord import Chord
from studio.audio.output import Device, Output
from studio.audio.sound import Audio, Samples
from studio.audio.voice import Frames, Voice
from studio.errors import DeviceError

FADE = 0.005  # seconds of a crossfade
AHEAD = 2.0  # seconds composed ahead of the device
WATCH = 0.25  # seconds between two looks of the thread
STALL = 1.5  # seconds without a sign of life after which a device counts as lost
METER = 0.03  # seconds the level looks back
QUIET = 1e-2  # a first sample below this begins out of silence
RELEASE = 0.08  # seconds in which a lifted note fades
TRACE = 1e-6  # what rounding leaves of notes that were taken out of a mix
FLOOR = -120.0  # dB shown for silence


class Player:
    """Plays on one device. One thread may call it, any thread its notes; every call returns at once."""

    def __init__(self, device: str | None, rate: int | None, buffer: float) -> None:
        self._device, self._rate, self._buffer = device, rate, buffer
        self._out: Output | None = self._output()
        self._voice: Voice | None = None
        self._chord = Chord()
        self._volume = 1.0
        self._lost = False
        self._lock = threading.RLock()
        self._prepared: WeakKeyDictionary[Audio, Frames] = WeakKeyDictionary()
        self._closed = threading.Event()
        self._alive = (0, time.monotonic())
        self._top_up()
        self._thread = threading.Thread(target=self._watch, name="player", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, device: str | None = None, rate: int | None = None, *, buffer: float = output.LATENCY) -> Player:
        """A player on the device of that name (None: the system's default), with `buffer` seconds of sound held by the
        device: more is safer, less is quicker. Raises DeviceError."""
        return cls(device, rate, buffer)

    @staticmethod
    def devices() -> list[Device]:
        """The outputs known since PortAudio last looked. Raises DeviceError where PortAudio is missing."""
        return output.devices()

    # -- what to hear -------------------------------------------------------------------------------------------------

    def play(self, sound: Audio, *, loop: bool = False, gain: float = 1.0, at: float = 0.0) -> None:
        """Plays `sound` from `at` seconds on, instead of what plays. Raises DeviceError where the device is lost."""
        out = self._need()
        frames = self._at_rate(sound, out.rate)
        if not len(frames):
            return self.stop()
        skip = round(at * out.rate)
        return self._change(lambda point: Voice(frames, point - skip, loop, gain))

    def exchange(self, sound: Audio, *, gain: float = 1.0, shift: float = 0.0) -> None:
        """Goes on with `sound` from the very frame that what plays has come to, or `shift` seconds from there: the same sound,
        changed, so nothing jumps or waits. Nothing where nothing plays. Raises DeviceError where the device is lost."""
        out, voice = self._need(), self._voice
        frames, moved = self._at_rate(sound, out.rate), round(shift * out.rate)
        if voice is not None and len(frames):
            self._change(
                lambda point: replace(voice, frames=frames, gain=gain, start=point - voice.place(point) - moved), alike=True
            )

    def stop(self) -> None:
        """Everything fades out."""
        self.notes_off()
        if self._voice is not None and self._out is not None:
            self._change(lambda point: None)

    def note_on(self, key: Hashable, sound: Audio, gain: float = 1.0) -> None:
        """Plays `sound` over what plays, until it ends or `key` is lifted. The same key once more gives way within 5 ms,
        and so does the oldest of more than sixteen. Raises DeviceError where the device is lost."""
        with self._lock:
            out = self._need()
            frames = self._at_rate(sound, out.rate)
            if len(frames):
                self._change_chord(lambda point: self._chord.on(key, Voice(frames, point, False, gain), out.rate))

    def note_off(self, key: Hashable, release: float = RELEASE) -> None:
        """Fades the note of `key` out within `release` seconds; a key that does not sound is left alone."""
        with self._lock:
            out = self._out
            if out is not None and any(note.key == key and not note.lifted for note in self._chord.notes):
                self._change_chord(lambda point: self._chord.off(key, point, round(release * out.rate)))

    def notes_off(self, release: float = FADE) -> None:
        """Fades every note out within `release` seconds."""
        with self._lock:
            out = self._out
            if out is not None and self._chord.notes:
                self._change_chord(lambda point: self._chord.ended(point, round(release * out.rate)))

    def seek(self, seconds: float) -> None:
        """Goes on from `seconds` of the sound that plays."""
        voice, out = self._voice, self._out
        if voice is not None and out is not None:
            skip = min(max(0, round(seconds * out.rate)), len(voice.frames))
            self._change(lambda point: replace(voice, start=point - skip))

    def set_loop(self, loop: bool) -> None:
        """Goes on in a loop, or to the end of this round."""
        voice = self._voice
        if voice is not None and voice.loop != loop:
            self._change(lambda point: replace(voice, loop=loop, start=point - voice.place(point)), alike=True)

    def set_volume(self, volume: float) -> None:
        """Linear: 0 is silence, 1 leaves samples as they are."""
        if volume != self._volume:
            self._volume = max(0.0, float(volume))
            if (self._voice is not None or self._chord.notes) and self._out is not None:
                voice = self._voice
                self._change(lambda point: voice, alike=True)

    # -- what is heard ------------------------------------------------------------------------------------------------

    @property
    def playing(self) -> bool:
        voice, out = self._voice, self._out
        return not self._lost and voice is not None and out is not None and voice.audible(self._now(out))

    @property
    def position(self) -> float | None:
        """Seconds into the sound that leaves the device now; None where nothing plays."""
        voice, out = self._voice, self._out
        if self._lost or voice is None or out is None:
            return None
        now = self._now(out)
        return max(0, voice.place(max(now, voice.start))) / out.rate if voice.audible(now) else None

    @property
    def notes(self) -> int:
        """How many notes sound, or are on their way to the device."""
        with self._lock:
            out = self._out
            return 0 if out is None or self._lost else len(self._chord.after(self._now(out)).notes)

    @property
    def level(self) -> tuple[float, float]:
        """Peak of the last 30 ms that left the device, left and right, in dB of full scale; −120 is silence."""
        out = self._out
        if out is None or self._lost:
            return FLOOR, FLOOR
        span = int(METER * out.rate)
        heard = out.get(max(0, self._now(out) - span), span)
        left, right = (20 * np.log10(np.maximum(np.abs(heard).max(axis=0), 1e-6))).tolist()
        return left, right

    @property
    def volume(self) -> float:
        return self._volume

    @property
    def latency(self) -> float:
        """Seconds from `play` or `note_on` to the first frame leaving the device, as the device states it."""
        out = self._out
        return 0.0 if out is None else (out.safe + self._guard(out)) / out.rate + out.latency

    @property
    def device(self) -> Device | None:
        return None if self._out is None else self._out.device

    @property
    def lost(self) -> bool:
        """The device went away: everything is silent until `rescan`, or until it comes back by itself."""
        return self._lost

    @property
    def dry(self) -> int:
        """How often the device ran out of sound since it was opened, because Python stalled for seconds."""
        return 0 if self._out is None else self._out.dry

    # -- the device ---------------------------------------------------------------------------------------------------

    def rescan(self) -> list[Device]:
        """Looks for devices anew and opens the chosen one again. Raises DeviceError; `lost` then stays true."""
        with self._lock:
            self._drop()
            found = output.refresh()
            self._reopen()
            return found

    def use(self, device: str | None, buffer: float | None = None) -> None:
        """Plays on another device, or with another buffer, from now on. Raises DeviceError and stays lost where it does
        not open."""
        with self._lock:
            self._drop()
            self._device, self._buffer = device, self._buffer if buffer is None else buffer
            self._reopen()

    def close(self) -> None:
        self._closed.set()
        self._thread.join()
        with self._lock:
            self._drop()

    # -- composing ----------------------------------------------------------------------------------------------------

    def _need(self) -> Output:
        if self._out is None or self._lost:
            raise DeviceError(reason="the sound device went away")
        return self._out

    def _drop(self) -> None:
        self._lost, self._voice, self._chord = True, None, Chord()
        if self._out is not None:
            self._out.close()
            self._out = None

    def _output(self) -> Output:
        return Output(output.find(self._device), self._rate, self._buffer)

    def _reopen(self) -> None:
        self._out = self._output()
        self._lost = False
        self._alive = (0, time.monotonic())
        self._top_up()

    @staticmethod
    def _now(out: Output) -> int:
        return out.read - round(out.latency * out.rate)

    @staticmethod
    def _guard(out: Output) -> int:
        return out.rate // 1000  # a millisecond to lay the change down

    def _at_rate(self, sound: Audio, rate: int) -> Frames:
        """`sound` at `rate`; what was made of it is kept as long as the sound lives."""
        known = self._prepared.get(sound)
        if known is None or known.rate != rate:
            known = self._prepared[sound] = Frames(sound, rate)
        return known

    def _change(self, place: Callable[[int], Voice | None], *, alike: bool = False) -> None:
        """Lets the voice made by `place(stream frame)` follow as soon as is safe. `alike`: it is the same sound, so its
        crossfade keeps amplitude instead of power."""
        with self._lock:
            out = self._out
            if out is None:
                return
            fade = round(FADE * out.rate)
            turn = np.linspace(0, np.pi / 2, fade, endpoint=False, dtype=np.float32)[:, None]
            down, up = (np.cos(turn) ** 2, np.sin(turn) ** 2) if alike else (np.cos(turn), np.sin(turn))
            ahead = round(AHEAD * out.rate)
            guard = self._guard(out)
            while True:
                point = out.read + out.safe + guard
                voice = place(point)
                block = self._compose(voice, point, max(ahead, out.written - point))
                before = out.get(point, fade) if out.written > point else np.zeros_like(block[:fade])
                before[max(0, out.written - point) :] = 0
                if alike:  # the notes are in both
                    self._chord.add_to(block, point, self._volume)
                elif self._chord.notes:
                    self._chord.add_to(before[: max(0, out.written - point)], point, -self._volume)
                    before[np.abs(before) < TRACE] = 0
                if before.any() or self._abrupt(voice, block, point):
                    if alike or self._abrupt(voice, block, point):
                        block[:fade] *= up
                    block[:fade] += before * down
                if not alike:
                    self._chord.add_to(block, point, self._volume)
                if out.read + out.safe <= point:
                    break
                guard *= 2  # this machine is busy: the device has come too close meanwhile
            self._lay(out, point, block)
            self._voice = voice

    def _change_chord(self, make: Callable[[int], Chord]) -> None:
        """Lets the chord made by `make(stream frame)` sound as soon as is safe. Only what changes is composed, so a key
        costs its own sound and no more. The lock is held."""
        out = self._need()
        guard = self._guard(out)
        old = self._chord = self._chord.after(out.read)
        while True:
            point = out.read + out.safe + guard
            new = make(point)
            gone = [note for note in old.notes if note not in new.notes]
            come = [note for note in new.notes if note not in old.notes]
            end = min(out.written, max((note.end for note in gone + come), default=point))
            block = out.get(point, max(0, end - point))
            for note in gone:
                note.add_to(block, point, -self._volume)
            for note in come:
                note.add_to(block, point, self._volume)
            if point > out.written:
                block = self._mix(point, round(AHEAD * out.rate), new)
            if out.read + out.safe <= point:
                break
            guard *= 2
        self._lay(out, point, block)
        self._chord = new

    @staticmethod
    def _lay(out: Output, point: int, block: Samples) -> None:
        if point > out.written:  # it ran dry: nothing old may sound in between
            out.put(out.written, np.zeros((point - out.written, output.CHANNELS), np.float32))
        out.put(point, block)
        out.reach(max(out.written, point + len(block)))

    def _mix(self, start: int, frames: int, chord: Chord) -> Samples:
        block = self._compose(self._voice, start, frames)
        chord.add_to(block, start, self._volume)
        return block

    @staticmethod
    def _abrupt(voice: Voice | None, block: Samples, point: int) -> bool:
        """Whether what follows starts in the middle of something."""
        return voice is not None and (voice.place(point) > 0 or bool(np.abs(block[0]).max() > QUIET))

    def _compose(self, voice: Voice | None, start: int, frames: int) -> Samples:
        if voice is None:
            return np.zeros((frames, output.CHANNELS), np.float32)
        return replace(voice, gain=voice.gain * self._volume).render(start, frames)

    def _top_up(self) -> None:
        """Composes from where the strip ends to two seconds ahead of the device."""
        with self._lock:
            out = self._out
            if out is None:
                return
            end = out.read + round(AHEAD * out.rate)
            self._chord = self._chord.after(out.read)
            if end > out.written:
                out.put(out.written, self._mix(out.written, end - out.written, self._chord))
            out.reach(end)

    # -- the thread ---------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        while not self._closed.wait(WATCH):
            with self._lock:
                out = self._out
                if out is None:
                    continue
                read, since = self._alive
                if out.read != read:
                    self._alive = read, since = out.read, time.monotonic()
                gone = not out.active or time.monotonic() - since > STALL
                if gone and not self._lost:
                    self._voice, self._chord = None, Chord()
                    out.memory[:] = 0  # a device that comes back begins with silence
                self._lost = gone
                if not gone:
                    with contextlib.suppress(RuntimeError):  # rtmixer's queue is full for a moment
                        self._top_up()
