"""The real window, in a process of its own, on a real X screen, opened and closed as its user would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from studio.project.folder import ProjectFolder
from tests import screen as module
from tests.screen import Screen

pytestmark = [pytest.mark.screen, pytest.mark.skipif(bool(module.missing()), reason=module.missing())]


def test_the_window_opens_on_a_project_and_closes(project: ProjectFolder, tmp_path: Path) -> None:
    root = project.root
    project.close()
    words = tmp_path / "said.txt"
    with Screen() as screen, words.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "studio", str(root)],
            env={**os.environ, **screen.environment()},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        try:
            window = screen.window("My drums")
            size = dict(line.split("=") for line in screen.hand("getwindowgeometry", "--shell", window).splitlines())
            assert int(size["WIDTH"]) >= 1000
            assert int(size["HEIGHT"]) >= 600
            screen.activate(window)
            for page in ("ctrl+2", "ctrl+3", "ctrl+4", "ctrl+1"):
                screen.hand("key", page)
            screen.hand("key", "alt+F4")  # the window manager asks the window to close
            screen.gone("My drums")
            assert process.wait(timeout=60) == 0, words.read_text()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    said_text = words.read_text()
    assert "Traceback" not in said_text
    with ProjectFolder.open(root) as again:  # the lock is free and nothing is damaged
        assert again.name == "My drums"
