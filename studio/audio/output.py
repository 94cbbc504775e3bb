"""A sound device as a strip of memory that a C callback reads; only player.py uses it.

The strip is a ring of frames, written seconds ahead of the callback. What was written and has not been read yet may still
be changed in place, so a sound can be replaced at an exact frame without ever asking Python for the next block: Python
may stall for the whole length of the strip and nothing is lost. rtmixer supplies the C callback. Where it is missing, a
Python callback reads the same strip at a latency of `PATIENT` seconds.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from studio.audio.sound import Samples
from studio.errors import DeviceError

CHANNELS = 2
BLOCK = 0.0027  # seconds a callback reads at once, rounded to a power of two frames
LATENCY = 0.015  # seconds asked of the device; more where it names a higher low latency of its own
PATIENT = 0.15  # least seconds of latency for a callback in Python
STRIP = 4.0  # least length of the strip in seconds
_audio_lock = threading.RLock()  # PortAudio starts and stops streams one at a time


class Device(msgspec.Struct, frozen=True):
    """An output as the system names it. `rate` is its own rate in Hz, `api` the sound system it belongs to."""

    name: str
    api: str
    rate: int
    channels: int
    index: int
    default: bool = False


def portaudio() -> Any:
    """The sounddevice module. Raises DeviceError where PortAudio is missing."""
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise DeviceError(reason="the PortAudio library is missing (on Debian: apt-get install libportaudio2)") from error
    return sounddevice


def devices() -> list[Device]:
    """The outputs PortAudio saw when it was last started. Raises DeviceError where PortAudio is missing."""
    sd = portaudio()
    with _audio_lock:
        apis, found = sd.query_hostapis(), sd.query_devices()
        default = sd.default.device[1]
        if default < 0 and apis:
            default = apis[0]["default_output_device"]
    return [
        Device(
            name=d["name"],
            api=apis[d["hostapi"]]["name"],
            rate=int(d["default_samplerate"]),
            channels=d["max_output_channels"],
            index=index,
            default=index == default,
        )
        for index, d in enumerate(found)
        if d["max_output_channels"] > 0
    ]


def refresh() -> list[Device]:
    """Looks for devices again, which PortAudio does only when it starts. Every output must be closed before."""
    sd = portaudio()
    with _audio_lock, contextlib.suppress(sd.PortAudioError):
        sd._terminate()
    with _audio_lock:
        try:
            sd._initialize()
        except sd.PortAudioError as error:
            raise DeviceError(reason=str(error)) from error
    return devices()


def find(name: str | None) -> Device:
    """The output called `name`, or the system's default. Raises DeviceError naming what is missing."""
    found = devices()
    if not found:
        raise DeviceError(reason="this machine has no sound device")
    if name is None:
        return next((d for d in found if d.default), found[0])
    for device in found:
        if device.name == name:
            return device
    raise DeviceError(reason=f"“{name}” is not there")


@contextlib.contextmanager
def _hurried() -> Iterator[None]:
    """Threads begun inside get the priority of sound, where Linux lets us; elsewhere PortAudio sees to it."""
    tasks = Path("/proc/self/task")
    before = set(tasks.iterdir()) if tasks.is_dir() else set()
    yield
    for task in set(tasks.iterdir()) - before if before else ():
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, int(task.name), -11)


class Output:
    """A running stream. `memory` is float32 (capacity, 2); frame n of the stream lies at n modulo the capacity."""

    def __init__(self, device: Device, rate: int | None = None, buffer: float = LATENCY) -> None:
        """Opens `device` at `rate` Hz (None: its own) with about `buffer` seconds in the device. Raises DeviceError."""
        sd = portaudio()
        self.device = device
        self.rate = rate or device.rate
        self.block = 1 << round(np.log2(self.rate * BLOCK))
        self.capacity = 1 << int(np.ceil(np.log2(self.rate * STRIP)))
        self.memory: Samples = np.zeros((self.capacity, CHANNELS), np.float32)
        self.written = 0
        self.dry = 0  # how often the callback ran out of frames, because Python stalled for seconds
        self._read = 0
        try:
            with _audio_lock:
                low = sd.query_devices(device.index)["default_low_output_latency"]
                with _hurried():
                    self._stream = self._c_stream(max(buffer, low if low < 0.1 else 0.0)) or self._python_stream(sd, buffer)
                    self._stream.start()
            self.latency = float(self._stream.latency)
        except (sd.PortAudioError, ValueError) as error:
            raise DeviceError(reason=f"“{device.name}” does not open ({error})") from error

    def _c_stream(self, latency: float) -> Any:
        try:
            import rtmixer
        except (ImportError, OSError):
            return None
        self._ring = rtmixer.RingBuffer(CHANNELS * 4, buffer=self.memory)
        self._action: Any = None
        return rtmixer.Mixer(
            device=self.device.index,
            samplerate=self.rate,
            channels=CHANNELS,
            blocksize=self.block,
            latency=latency,
        )

    def _python_stream(self, sd: Any, buffer: float) -> Any:
        def callback(out: Samples, frames: int, *_: Any) -> None:
            ready = max(0, min(frames, self.written - self._read))
            at = (self._read + np.arange(ready)) % self.capacity
            out[:ready] = self.memory[at]
            out[ready:] = 0
            self._read += ready

        self._ring = None
        return sd.OutputStream(
            device=self.device.index,
            samplerate=self.rate,
            channels=CHANNELS,
            blocksize=4 * self.block,
            latency=max(PATIENT, buffer),
            dtype="float32",
            callback=callback,
        )

    @property
    def read(self) -> int:
        """Frames the callback has taken since the stream began."""
        return self._read if self._ring is None else self.written - self._ring.read_available

    @property
    def safe_from_python(self) -> bool:
        """Whether a C callback plays, so that nothing Python does is heard."""
        return self._ring is not None

    @property
    def safe(self) -> int:
        """Frames after `read` that may be on their way already: two blocks, as devices often ask for two at once."""
        return (2 if self._ring is not None else 8) * self.block

    @property
    def active(self) -> bool:
        """Whether the device still asks for sound, as far as the system says."""
        try:
            return bool(self._stream.active)
        except Exception:  # a device that went away may answer with any of PortAudio's errors
            return False

    def get(self, start: int, frames: int) -> Samples:
        """A copy of (frames, 2) from stream frame `start` on."""
        at = start % self.capacity
        first = min(frames, self.capacity - at)
        if first == frames:
            return self.memory[at : at + frames].copy()
        return np.concatenate((self.memory[at:], self.memory[: frames - first]))

    def put(self, start: int, block: Samples) -> None:
        """Lays (n, 2) at stream frame `start`, over what was there. It is heard once `reach` covers it."""
        at = start % self.capacity
        first = min(len(block), self.capacity - at)
        self.memory[at : at + first] = block[:first]
        self.memory[: len(block) - first] = block[first:]

    def reach(self, end: int) -> None:
        """Lets the callback read up to stream frame `end`, and starts its reading again where it ran dry."""
        if self._ring is None:
            self.written = max(self.written, end)
            return
        if end > self.written:
            self._ring.advance_write_index(end - self.written)
            self.written = end
        if self._action is None or self._action not in self._stream.actions:
            self.dry += self._action is not None
            self._action = self._stream.play_ringbuffer(self._ring)

    def close(self) -> None:
        with _audio_lock, contextlib.suppress(Exception):  # whatever is left of a lost device, nothing more is owed to it
            self._stream.abort()
        with _audio_lock, contextlib.suppress(Exception):
            self._stream.close()
