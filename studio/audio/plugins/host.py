"""The child process in which one plug-in lives: `python -m studio.audio.plugins.host`. hosts.py starts and ends it.

A plug-in is foreign code. It may print, so it gets no stdout and no stdin of ours; it may hang, so every piece of work has an
end that needs no Python; it may crash, and then only this goes. The process ends with whoever holds the other end of its stdin,
and by itself when nobody has asked for long. It imports little, so that it starts soon.
"""

from __future__ import annotations

import faulthandler
import os
import queue
import re
import signal
import threading
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from studio.audio.plugins import wire
from studio.audio.plugins.knobs import LOOKS, Asked
from studio.audio.sound import Samples

IDLE = 120.0
"""Seconds without a question after which it ends itself."""
LAST = 900.0
"""Seconds after which any work is ended, should nobody be left to do it."""
LEAD = 0.1
"""Seconds of silence that a plug-in hears first, to glide to its settings."""

_DOUBLES = re.compile(r"MIDI (Ch\. \d+ )?CC |P\d\d\d$")
"""Parameters that hosts see for MIDI controllers, thousands of them, and that no person turns."""


def main() -> None:
    asked, answers = _pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who asked
    waiting: queue.Queue[tuple[wire.Request, bytearray]] = queue.Queue()
    threading.Thread(target=_listen, args=(asked, waiting), daemon=True).start()
    host = Host()
    with Path(os.devnull).open("w") as nowhere:
        while True:
            try:
                request, body = waiting.get(timeout=IDLE)
            except queue.Empty:
                _leave()
            faulthandler.dump_traceback_later(LAST, exit=True, file=nowhere)
            try:
                answer, samples = host.answer(request, body)
            except Exception as error:  # whatever a plug-in makes pedalboard raise
                answer, samples = wire.Refused(f"{error or type(error).__name__}"[:500]), None
            faulthandler.cancel_dump_traceback_later()
            try:
                wire.write(answers, answer, samples)
            except OSError:
                _leave()


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """The questions and the answers; stdin and stdout lead nowhere from here on."""
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    return asked, answers


def _listen(asked: BinaryIO, waiting: queue.Queue[tuple[wire.Request, bytearray]]) -> None:
    """Reads even while the plug-in works, so that the end of who asks is noticed at once."""
    try:
        while True:
            waiting.put(wire.read(asked, wire.Request))
    finally:
        _leave()


def _leave() -> Any:
    """Without the plug-in's own farewell, which may hang."""
    os._exit(0)


class Host:
    """One plug-in, and what can be asked of it."""

    def __init__(self) -> None:
        self.plugin: Any = None

    def answer(self, request: wire.Request, body: bytearray) -> tuple[wire.Answer, Samples | None]:
        if isinstance(request, wire.Load):
            return self._load(request), None
        if self.plugin is None:
            return wire.Refused("nothing is loaded"), None
        if isinstance(request, wire.Describe):
            return wire.Described(tuple(_asked(p) for p in self.plugin._parameters if _wanted(p))), None
        self._turn(request.raws)
        made = played(self.plugin, wire.samples_of(body, request.channels, request.frames), request.rate)
        return wire.Played(*made.shape), made

    def _load(self, request: wire.Load) -> wire.Answer:
        import pedalboard
        from pedalboard import _pedalboard

        # The timeout is for instruments, which are waited for until they sound. Without the next line pedalboard asks every
        # parameter for 1001 texts before anything is done: 1.8 s for 128 of them.
        _pedalboard._PythonExternalPluginMixin.__set_initial_parameter_values__ = lambda *_: None  # type: ignore[method-assign]
        kinds = [getattr(pedalboard, kind, None) for kind in ("VST3Plugin", "AudioUnitPlugin")]
        kind = kinds[request.path.lower().rstrip("/").endswith(".component")]
        if kind is None:
            return wire.Refused("this system has no plug-ins of that kind")
        try:
            names = [] if request.name else kind.get_plugin_names_for_file(request.path)
            if len(names) > 1:
                return wire.Several(tuple(names))
            self.plugin = plugin = kind(request.path, plugin_name=request.name or None, initialization_timeout=1.0)
        except ImportError:  # the words of which help nobody
            return wire.Refused("it can't be loaded; it may be for another system, or need something that is not installed")
        mark = plugin.identifier.split("-")  # the format, the name, a hash of the path, and one of the plug-in's own id
        return wire.Loaded(
            uid="-".join((mark[0], mark[-1])),
            name=plugin.name,
            maker=plugin.manufacturer_name,
            version=plugin.version,
            effect=bool(plugin.is_effect and not plugin.is_instrument),
        )

    def _turn(self, raws: tuple[tuple[int, str, float], ...]) -> None:
        """Raises ValueError where the plug-in has other parameters than when it was looked at."""
        parameters = self.plugin._parameters
        for index, name, raw in raws:
            if index >= len(parameters) or parameters[index].name != name:
                raise ValueError("it has changed since it was looked at; find it again under Plug-ins in Settings")
            parameters[index].raw_value = raw


def played(plugin: Any, samples: Samples, rate: int) -> Samples:
    """(channels, frames) as the plug-in plays them, in their own time: pedalboard takes the latency out that it reports.

    What it does not take as it is, a single channel is given to it twice and the middle of the result taken, and two are given
    to it one by one; more than two go in pairs. Raises ValueError where it takes neither one nor two.
    """
    return np.concatenate([_pair(plugin, samples[at : at + 2], rate) for at in range(0, len(samples), 2)])


def _pair(plugin: Any, samples: Samples, rate: int) -> Samples:
    try:
        return _through(plugin, samples, rate)
    except ValueError:
        if len(samples) == 1:
            return _through(plugin, np.repeat(samples, 2, axis=0), rate).mean(axis=0, keepdims=True, dtype=np.float32)
        return np.concatenate([_through(plugin, channel[None], rate) for channel in samples])


def _through(plugin: Any, samples: Samples, rate: int) -> Samples:
    lead = round(LEAD * rate)
    out: Samples = plugin.process(np.pad(samples, ((0, 0), (lead, 0))), rate)
    return out[:, lead:]


def _wanted(parameter: Any) -> bool:
    return bool(parameter.is_automatable) and not _DOUBLES.match(parameter.name)


def _asked(parameter: Any) -> Asked:
    """What it says of itself at LOOKS places, or at each it can stand at where those are fewer. Some only say where they are:
    they are moved there and back."""
    steps = parameter.num_steps if parameter.is_discrete and 2 <= parameter.num_steps < LOOKS else LOOKS
    places = [at / (steps - 1) for at in range(steps)]
    texts = [str(parameter.get_text_for_raw_value(place)) for place in places]
    if len(set(texts)) == 1:
        stood = parameter.raw_value
        texts = []
        for place in places:
            parameter.raw_value = place
            texts.append(str(parameter.string_value))
        parameter.raw_value = stood
    default = min(max(float(parameter.default_raw_value), 0.0), 1.0)
    return Asked(parameter.index, parameter.name, parameter.label or "", default, tuple(texts))


if __name__ == "__main__":
    main()
