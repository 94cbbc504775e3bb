"""A sound card made of software: a private PulseAudio with one null sink, and a recorder on what reaches it.

    sink = Sink(folder)
    sink.plug()
    with sink:                             # PortAudio in this process now sees exactly this device
        with sink.record() as recording:
            ...play...
        recording.samples                  # (frames, 2) float32, bit for bit what the device was given
    sink.unplug()

Works as root, without a kernel sound system, D-Bus or systemd; needs pulseaudio, pulseaudio-utils and libasound2-plugins.
`Silence` is the opposite: a machine without any device. Both leave the environment as they found it. No stream may be open
when either begins or ends.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from studio.audio import output

RATE = 48_000
NAMES = ("ALSA_CONFIG_PATH", "PULSE_SERVER", "PULSE_RUNTIME_PATH", "PULSE_COOKIE", "DBUS_SESSION_BUS_ADDRESS")


def missing() -> str:
    """Why there can be no sink here; empty where there can."""
    if not sys.platform.startswith("linux"):
        return "null sinks are a Linux thing"
    absent = [name for name in ("pulseaudio", "parec", "pactl") if shutil.which(name) is None]
    if not any(Path("/usr").glob("lib*/**/alsa-lib/libasound_module_pcm_pulse.so")):
        absent.append("libasound2-plugins")
    return f"missing {', '.join(absent)}" if absent else ""


class Silence:
    """A machine without sound devices."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "asound.conf"
        self._before: dict[str, str | None] = {}

    def environment(self) -> dict[str, str]:
        return {"ALSA_CONFIG_PATH": str(self.config), "PULSE_SERVER": f"unix:{self.folder / 'none'}"}

    def write(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text("pcm.!default { type hw card 99 }\nctl.!default { type hw card 99 }\n")

    def __enter__(self) -> Self:
        """Points this process and its children here."""
        self.write()
        self._before = {name: os.environ.get(name) for name in NAMES}
        for name in NAMES:
            os.environ.pop(name, None)
        os.environ.update(self.environment())
        output.refresh()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for name, value in self._before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        output.refresh()


class Sink(Silence):
    """A machine with one 48 kHz stereo device that can be recorded, and unplugged."""

    def environment(self) -> dict[str, str]:
        return {
            "ALSA_CONFIG_PATH": str(self.config),
            "PULSE_RUNTIME_PATH": str(self.folder / "run"),
            "PULSE_SERVER": f"unix:{self.folder / 'run' / 'native'}",
            "PULSE_COOKIE": str(self.folder / "cookie"),
        }

    def write(self) -> None:
        (self.folder / "run").mkdir(mode=0o700, parents=True, exist_ok=True)
        self.config.write_text(
            "pcm.!default { type pulse handle_underrun 0 hint { show on description 'null sink' } }\n"
            "ctl.!default { type pulse }\n"
        )

    def plug(self) -> None:
        """Starts the server and waits until it answers."""
        socket = self.folder / "run" / "native"
        self._server = subprocess.Popen(
            [
                *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit", "--use-pid-file=no"),
                *("--high-priority=yes", "--realtime=yes"),  # it may where it runs as root, as a sound card's driver would
                *("--enable-memfd=no", f"--log-target=file:{self.folder / 'pulse.log'}", "--log-level=notice"),
                *("-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1"),
                *("-L", f"module-null-sink sink_name=card rate={RATE} channels=2 format=float32le norewinds=1"),
            ],
            env={**os.environ, **self.environment(), "HOME": str(self.folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(100):
            if socket.exists() and self._control("info").returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError((self.folder / "pulse.log").read_text())

    def unplug(self) -> None:
        """Ends the server: the device is gone from one moment to the next."""
        self._server.kill()
        self._server.wait()
        (self.folder / "run" / "native").unlink(missing_ok=True)

    def record(self) -> Recording:
        return Recording(self.folder / "recording.raw")

    def _control(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        environment = {**os.environ, **self.environment()}
        return subprocess.run(["pactl", *command], env=environment, capture_output=True, check=False, timeout=10)


class Recording:
    """What reaches the sink while this is open. `samples` (frames, 2) is there after it closed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.samples = np.zeros((0, 2), np.float32)

    def __enter__(self) -> Recording:
        """Returns when silence is being recorded."""
        self.path.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [
                *("parec", "-d", "card.monitor", "--raw", "--format=float32le", f"--rate={RATE}", "--channels=2"),
                *("--latency-msec=20", str(self.path)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, -11)
        while not (self.path.exists() and self.path.stat().st_size):
            if self._process.poll() is not None:
                raise RuntimeError("parec ended before it began")
            time.sleep(0.01)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        time.sleep(0.15)  # what is under way
        self._process.terminate()
        self._process.wait()
        raw = np.fromfile(self.path, np.float32)
        self.samples = raw[: len(raw) // 2 * 2].reshape(-1, 2)

    def seconds(self) -> float:
        """How much has been recorded so far."""
        return self.path.stat().st_size / 8 / RATE
