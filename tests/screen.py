"""A screen made of software: Xvfb with the openbox window manager, and xdotool for hands.

    with Screen() as screen:
        subprocess.Popen([...], env={**os.environ, **screen.environment()})
        screen.window("Wavewright")        # waits for it
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

SIZE = (1440, 900)
PATIENCE = 60.0  # seconds
T = TypeVar("T")


def missing() -> str:
    """Why there can be no screen here; empty where there can."""
    if not sys.platform.startswith("linux"):
        return "virtual screens are a Linux thing"
    absent = [name for name in ("Xvfb", "openbox", "xdotool") if shutil.which(name) is None]
    return f"missing {', '.join(absent)}" if absent else ""


class Screen:
    """`display` is its name, such as ":3", once entered."""

    display = ""

    def environment(self) -> dict[str, str]:
        return {"DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb"}

    def __enter__(self) -> Self:
        told, tells = os.pipe()
        size = f"{SIZE[0]}x{SIZE[1]}x24"
        command = ("Xvfb", "-displayfd", str(tells), "-screen", "0", size, "-nolisten", "tcp", "-noreset")
        self._server = self._start(*command, pass_fds=(tells,))
        os.close(tells)
        with os.fdopen(told, encoding="ascii") as answer:
            number = answer.readline().strip()  # one that nobody has; it is ready then
        if not number:
            raise RuntimeError("no screen could be made")
        self.display = f":{number}"
        self._manager = self._start("openbox")
        return self

    def _start(self, *command: str, pass_fds: tuple[int, ...] = ()) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            env={**os.environ, **self.environment()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=pass_fds,
        )

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for process in (self._manager, self._server):
            process.terminate()
            process.wait()

    def hand(self, *command: str) -> str:
        """What xdotool answers; empty where it finds nothing."""
        done = subprocess.run(
            ["xdotool", *command],
            env={**os.environ, **self.environment()},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        return done.stdout.strip()

    def window(self, name: str) -> str:
        """The id of the visible window whose title matches `name`, as soon as there is one. Raises TimeoutError."""
        return self._wait(lambda: self._search(name), f"no window called {name}")[0]

    def activate(self, window: str) -> None:
        """Gives the keyboard to a window, as soon as the window manager is there to do so. Raises TimeoutError."""

        def active() -> bool:
            self.hand("windowactivate", window)
            return self.hand("getactivewindow") == window

        self._wait(active, "the window does not become active")

    def gone(self, name: str) -> None:
        """Waits until no window is called `name`. Raises TimeoutError."""
        self._wait(lambda: not self._search(name), f"the window called {name} stays")

    def _search(self, name: str) -> list[str]:
        return self.hand("search", "--onlyvisible", "--name", name).split()

    @staticmethod
    def _wait(look: Callable[[], T], complaint: str) -> T:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if found := look():
                return found
            time.sleep(0.1)
        raise TimeoutError(complaint)
