"""MIDI keyboards made of software: a private JACK server without hardware, whose ports rtmidi sees.

Needs python-rtmidi and jackd; ALSA's sequencer must be absent, because it would be asked first.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def jack(tmp_path: Path) -> Iterator[Any]:
    """A JACK server without hardware and the rtmidi module that sees it; one a test, because PortAudio would use it too."""
    rtmidi = pytest.importorskip("rtmidi")
    if shutil.which("jackd") is None or Path("/dev/snd/seq").exists():
        pytest.skip("needs jackd, and no sequencer of ALSA")
    name = f"wavewright{os.getpid()}"
    before = {key: os.environ.get(key) for key in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER", "JACK_NO_AUDIO_RESERVATION")}
    os.environ.update(JACK_DEFAULT_SERVER=name, JACK_NO_START_SERVER="1", JACK_NO_AUDIO_RESERVATION="1")
    log = (tmp_path / "jack.log").open("wb")
    server = subprocess.Popen(
        ["jackd", "-r", "-n", name, "-d", "dummy", "-r", "48000", "-p", "256"],
        stdin=subprocess.DEVNULL, stdout=log, stderr=log,
    )  # fmt: skip
    up = subprocess.run(["jack_wait", "-w", "-t", "10", "-s", name], capture_output=True, check=False)
    try:
        if up.returncode:
            pytest.skip("jackd does not start here")
        yield rtmidi
    finally:
        server.terminate()
        server.wait()
        log.close()
        for key, value in before.items():
            os.environ.pop(key, None)
            if value is not None:
                os.environ[key] = value
        for left in Path("/dev/shm").glob(f"jack*{name}*"):
            left.unlink(missing_ok=True)


class Instrument:
    """A keyboard made of software."""

    def __init__(self, rtmidi: Any, name: str) -> None:
        self.port = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=name)
        self.port.open_virtual_port("keys")

    def unplug(self) -> None:
        self.port.close_port()
        self.port.delete()
