"""Our side of the child processes in which plug-ins live: started when one is needed, kept a while for the next turn of a dial.

    made = play(plugin, samples, rate, values)      # as many samples, or a PluginStopped
    loaded, asked = look(path)                      # what a plug-in says of itself

Any thread may ask; each has a process to itself meanwhile. Whatever goes wrong in one ends it and becomes a named error.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from studio.audio.plugins import wire
from studio.audio.plugins.host import IDLE
from studio.audio.plugins.knobs import Asked
from studio.audio.plugins.table import Plugin
from studio.audio.sound import Samples
from studio.errors import MissingPlugin, PluginRefused, PluginStopped

LOADING = 20.0
"""Seconds a plug-in may take to load and to say what it is."""
PLAYING = 10.0
"""Seconds it may take for a sound, and the sound's own length beside: plug-ins are made to play along."""
SULKS = 60.0
"""Seconds for which what made a plug-in hang is not tried again."""
KEPT = 3
"""Processes that wait for the next turn of a dial; each ends by itself when none comes."""


class Gone(Exception):
    """The process is of no use any more, and why."""


class Late(Gone):
    """It did not answer in time."""


class Host:
    """A child process. For one thread at a time."""

    def __init__(self) -> None:
        root = str(Path(__file__).resolve().parents[3])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        self._late = False
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "studio.audio.plugins.host"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise Gone(f"its process could not be started ({error})") from error

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: wire.Request, limit: float, samples: Samples | None = None) -> tuple[wire.Answer, bytearray]:
        """Its answer, within `limit` seconds. Raises Gone: then the process has ended, whatever it was."""
        questions, answers = cast(BinaryIO, self._process.stdin), cast(BinaryIO, self._process.stdout)
        most = samples.nbytes if samples is not None else 0
        watch = threading.Timer(limit, self._end_late)
        watch.daemon = True
        watch.start()
        try:
            wire.write(questions, request, samples)
            return wire.read(answers, wire.Answer, most)
        except (OSError, EOFError, ValueError) as error:
            self.end()
            if self._late:
                raise Late(f"it did not answer for {limit:.0f} seconds") from error
            raise Gone("it gave an answer that is none" if isinstance(error, ValueError) else "it crashed") from error
        except BaseException:
            self.end()  # half a question was asked
            raise
        finally:
            watch.cancel()

    def _end_late(self) -> None:
        self._late = True
        self.kill()

    def kill(self) -> None:
        """From any thread: who asks it gets Gone."""
        self._process.kill()

    def end(self) -> None:
        """At once, and for good."""
        self.kill()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError, ValueError):
                stream.close()  # type: ignore[union-attr]
        self._process.wait()


class Hosts:
    """Processes with a plug-in each, lent to who needs one."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, Plugin, Host]] = []  # since when
        self._busy: set[Host] = set()
        self._hung: tuple[object, float, str] = (
            None,
            0.0,
            "",
        )  # what made one hang, until when that is believed, and the reason
        self._lock = threading.Lock()

    def play(self, plugin: Plugin, samples: Samples, rate: int, raws: Sequence[tuple[int, str, float]]) -> Samples:
        """(channels, frames) through the plug-in, at these places from 0 to 1. Raises MissingPlugin, PluginStopped."""
        what, until, reason = self._hung
        asked = (plugin.identifier, tuple(raws))
        if what == asked and time.monotonic() < until:  # its picture, its facts, its export: each would wait as long
            raise PluginStopped(name=plugin.name, reason=reason)
        try:
            with self._lent(plugin) as host:
                return _played(host, samples, rate, asked[1])
        except Gone as error:
            if isinstance(error, Late):
                self._hung = (asked, time.monotonic() + SULKS, str(error))
            raise PluginStopped(name=plugin.name, reason=error) from error

    @contextlib.contextmanager
    def _lent(self, plugin: Plugin) -> Iterator[Host]:
        """A process with this plug-in: one that waits, or a new one. It waits again afterwards, unless something was raised."""
        with self._lock:
            fresh = time.monotonic() - IDLE / 2
            same = (one for one in self._waiting if one[1] == plugin and one[0] > fresh and one[2].alive)
            if (found := next(same, None)) is not None:
                self._waiting.remove(found)
        if found is None and not Path(plugin.path).exists():
            raise MissingPlugin(name=plugin.name, maker=plugin.maker or "?")
        host = found[2] if found is not None else Host()
        ended = [host]
        try:
            with self.at_work(host):
                if found is None:
                    _loaded(host, plugin)
                yield host
            with self._lock:
                self._waiting.append((time.monotonic(), plugin, host))
                ended = [other for _, _, other in self._waiting[:-KEPT]]
                self._waiting = self._waiting[-KEPT:]
        finally:
            for other in ended:
                other.end()

    @contextlib.contextmanager
    def at_work(self, host: Host) -> Iterator[None]:
        """Meanwhile `close` ends it."""
        with self._lock:
            self._busy.add(host)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(host)

    def close(self) -> None:
        """End all, also those that are at work: whoever asked them gets PluginStopped."""
        with self._lock:
            ended, self._waiting = self._waiting, []
            for host in self._busy:
                host.kill()
        for _, _, host in ended:
            host.end()


def _loaded(host: Host, plugin: Plugin) -> None:
    """Raises Gone where it is not the plug-in that the list means, or does not load."""
    answer, _ = host.ask(wire.Load(plugin.path, plugin.inside), LOADING)
    if isinstance(answer, wire.Refused):
        raise Gone(answer.reason.rstrip("."))
    if not isinstance(answer, wire.Loaded) or answer.uid != plugin.identifier:
        raise Gone("its file holds another one now")


def _played(host: Host, samples: Samples, rate: int, raws: tuple[tuple[int, str, float], ...]) -> Samples:
    """Raises Gone for anything but as many finite samples."""
    channels, frames = samples.shape
    answer, body = host.ask(wire.Play(rate, channels, frames, raws), PLAYING + frames / rate, samples)
    if isinstance(answer, wire.Refused):
        raise Gone(answer.reason.rstrip("."))
    if answer != wire.Played(channels, frames) or len(body) != samples.nbytes:
        raise Gone("it gave another length of sound than it got")
    made = wire.samples_of(body, channels, frames)
    if not np.isfinite(made).all():
        raise Gone("it gave numbers that are no sound")
    return made


_hosts = Hosts()
atexit.register(_hosts.close)


def play(plugin: Plugin, samples: Samples, rate: int, values: Mapping[str, float | str]) -> Samples:
    """(channels, frames) through the plug-in with these values of its parameters, the others as they are usually.

    Raises MissingPlugin, PluginStopped.
    """
    raws = [(knob.index, knob.name, knob.raw(values.get(knob.key, knob.default))) for knob in plugin.knobs]
    return _hosts.play(plugin, samples, rate, raws)


def close() -> None:
    """End every process, at work or not: the window closes."""
    _hosts.close()


def look(path: Path, inside: str = "") -> tuple[wire.Loaded | wire.Several, tuple[Asked, ...]]:
    """What the plug-in at `path` says of itself, from a process of its own. Raises PluginRefused."""
    try:
        host = Host()
        try:
            with _hosts.at_work(host):
                answer, _ = host.ask(wire.Load(str(path), inside), LOADING)
                if isinstance(answer, wire.Several) or (isinstance(answer, wire.Loaded) and not answer.effect):
                    return answer, ()
                told, _ = host.ask(wire.Describe(), LOADING) if isinstance(answer, wire.Loaded) else (answer, b"")
                if isinstance(answer, wire.Loaded) and isinstance(told, wire.Described):
                    return answer, told.parameters
        finally:
            host.end()
    except Gone as error:
        raise PluginRefused(name=path.stem, reason=error) from error
    reason = told.reason if isinstance(told, wire.Refused) else "it gave an answer that is none"
    raise PluginRefused(name=path.stem, reason=reason.rstrip("."))
