"""Sending the computer to sleep, or off, when the last training is done: only where the system says that it can.

Linux asks the login manager (logind, over D-Bus); macOS and Windows have a command of their own. Nothing here waits: `ask`
starts the questions, `look` collects the answers.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from typing import Literal

Rest = Literal["sleep", "off"]

log = logging.getLogger(__name__)
LOGIND = ["busctl", "--system", "--no-pager", "call", "org.freedesktop.login1", "/org/freedesktop/login1"]

QUESTIONS: dict[Rest, list[str]] = {
    "sleep": [*LOGIND, "org.freedesktop.login1.Manager", "CanSuspend"],
    "off": [*LOGIND, "org.freedesktop.login1.Manager", "CanPowerOff"],
}
"""Answered `s "yes"` where it can be done without a password."""

COMMANDS: dict[str, dict[Rest, list[str]]] = {
    "linux": {"sleep": ["systemctl", "suspend"], "off": ["systemctl", "poweroff"]},
    "darwin": {"sleep": ["pmset", "sleepnow"]},
    "win32": {"sleep": ["rundll32", "powrprof.dll,SetSuspendState", "0,1,0"], "off": ["shutdown", "/s", "/t", "30"]},
}


class Power:
    """`able`: what this computer can do, as far as it has answered."""

    def __init__(self) -> None:
        self._commands = COMMANDS.get(sys.platform, {})
        self._asked: dict[Rest, subprocess.Popen[str]] = {}
        self._begun = False
        self.able: frozenset[Rest] = frozenset()

    def ask(self) -> None:
        """Once; later calls do nothing."""
        if self._begun:
            return
        self._begun = True
        there = [rest for rest, command in self._commands.items() if shutil.which(command[0])]
        if sys.platform != "linux":
            self.able = frozenset(there)
            return
        for rest in there:
            if shutil.which(QUESTIONS[rest][0]):
                self._asked[rest] = subprocess.Popen(
                    QUESTIONS[rest], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
                )

    def look(self) -> None:
        for rest, question in list(self._asked.items()):
            if question.poll() is not None:
                answer, _ = question.communicate()
                del self._asked[rest]
                if '"yes"' in answer:
                    self.able |= {rest}

    @property
    def asking(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._asked)

    def close(self) -> None:
        """Ask no more."""
        for question in self._asked.values():
            question.kill()
            question.communicate()
        self._asked.clear()

    def leave(self, rest: Rest) -> bool:
        """Do it. False where the system would not."""
        try:
            done = subprocess.run(self._commands[rest], stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False)
        except (OSError, KeyError, subprocess.TimeoutExpired) as error:
            log.warning("%s: %s", rest, error)
            return False
        if done.returncode:
            log.warning("%s: %s", rest, done.stderr.decode("utf-8", "replace").strip())
        return not done.returncode
