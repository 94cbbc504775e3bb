"""Real drags on a real X screen, between the window and a second program: what arrives is complete, a copy, and still there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.audio import files
from studio.audio.sound import Sound
from studio.project.folder import ProjectFolder
from tests import neighbour
from tests import screen as module
from tests.screen import Screen

pytestmark = [pytest.mark.screen, pytest.mark.skipif(bool(module.missing()), reason=module.missing())]
NAMES = ("Kick", "Snare", "Hat")
COPY = 1
PATIENCE = 60.0


class Desktop:
    """The two programs on one screen, and a hand."""

    def __init__(self, screen: Screen, folder: Path, stack: ExitStack) -> None:
        self.screen, self.folder, self._stack = screen, folder, stack
        self._said = folder / "said.jsonl"
        self._said.touch()
        self._ours: subprocess.Popen[str] | None = None

    def _start(self, *words: str, **how: Any) -> subprocess.Popen[str]:
        errors = self._stack.enter_context((self.folder / f"{words[0]}.err").open("w"))
        environment = {**os.environ, **self.screen.environment(), "PYTHONPATH": os.pathsep.join(sys.path)}
        process = subprocess.Popen([sys.executable, "-m", *words], env=environment, stderr=errors, text=True, **how)
        self._stack.callback(_end, process)
        return process

    def open(self, root: Path, offered: Path) -> None:
        self._start("tests.neighbour", str(self._said), str(offered), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        theirs = self.screen.window(neighbour.TITLE)
        self._ours = self._start("tests.watched", str(root), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        ours = self.screen.window(root.name)
        self.screen.hand("windowsize", "--sync", ours, "1060", "720")
        self.screen.hand("windowmove", "--sync", ours, "4", "40")
        self.screen.hand("windowmove", "--sync", theirs, "1110", "60")
        place = dict(line.split("=") for line in self.screen.hand("getwindowgeometry", "--shell", theirs).splitlines())
        self.left = (int(place["X"]) + 75, int(place["Y"]) + 150)
        self.right = (int(place["X"]) + 225, int(place["Y"]) + 150)

    def ask(self, do: str, **how: Any) -> Any:
        assert self._ours is not None and self._ours.stdin is not None and self._ours.stdout is not None
        self._ours.stdin.write(json.dumps({"do": do, **how}) + "\n")
        self._ours.stdin.flush()
        line = self._ours.stdout.readline()
        assert line, (self.folder / "tests.watched.err").read_text()
        return json.loads(line)

    def until(self, look: Callable[[], Any], complaint: str) -> Any:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if found := look():
                return found
            time.sleep(0.05)
        raise AssertionError(f"{complaint}: {self.ask('facts')} {self.said()}")

    def said(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._said.read_text().splitlines()]

    def go(self, at: tuple[int, int]) -> None:
        self.screen.hand("mousemove", "--sync", str(at[0]), str(at[1]))

    def pull(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Press at one place and move to another in steps, without letting go."""
        self.go(start)
        self.screen.hand("mousedown", "1")
        for share in (0.02, 0.05, 0.1, 0.3, 0.6, 0.9, 1.0):
            self.go((round(start[0] + share * (end[0] - start[0])), round(start[1] + share * (end[1] - start[1]))))
            time.sleep(0.05)

    def drop(self) -> None:
        """Let go, once the files are there and what lies under the hand has seen it."""
        self.until(lambda: not self.ask("facts")["waits"], "the files do not get ready")
        for _ in range(3):
            self.screen.hand("mousemove_relative", "--sync", "3", "2")
            time.sleep(0.1)
        self.screen.hand("mouseup", "1")

    def drag(self, start: tuple[int, int], end: tuple[int, int], count: int) -> dict[str, Any]:
        """Drag from our window to the neighbour; what it wrote down as its `count`-th."""
        self.pull(start, end)
        self.drop()
        return self.until(lambda: self.said()[count - 1 :], "nothing arrived")[0]


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desktop]:
    """A project of three clips in the window, on the page of clips; beside it the neighbour with a folder to give."""
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(tmp_path / "home"))
    with ProjectFolder.create(tmp_path / "Dragged sounds") as project:
        for number, name in enumerate(NAMES):
            project.keep(tone(number), None, name)
    given = tmp_path / "Given"
    given.mkdir()
    for number in range(3):
        files.write(given / f"given {number}.wav", tone(number + 5))
    with ExitStack() as stack:
        made = Desktop(stack.enter_context(Screen()), tmp_path, stack)
        made.open(project.root, given)
        made.ask("page", name="clips")
        made.until(lambda: set(NAMES) <= set(made.ask("where")), "the clips are not shown")
        made.until(lambda: made.ask("facts")["warm"], "torch is not there")
        yield made


def tone(number: int) -> Sound:
    wave = 0.4 * np.sin(np.arange(22_050) * (0.02 + 0.01 * number)) * np.exp(-np.arange(22_050) / 4000)
    return Sound(wave.astype(np.float32)[None], 44_100)


def arrived(fact: dict[str, Any], *names: str) -> None:
    """What the neighbour was given: a copy of finished files, which are still ours."""
    assert fact["what"] == "drop" and [Path(path).name for path in fact["paths"]] == list(names)
    assert fact["proposed"] == "CopyAction" and fact["possible"] == COPY
    assert all(fact["whole"]) and all(size > 60_000 for size in fact["bytes"])
    assert [Path(path).stat().st_size for path in fact["paths"]] == fact["bytes"]


def _clicked(desktop: Desktop) -> bool:
    """A click; who sees nothing of it comes again from beside it and clicks once more."""
    x, y = desktop.ask("where")["Snare"]
    desktop.go((x + 9, y + 3))
    desktop.go((x, y))
    desktop.screen.hand("click", "1")
    time.sleep(1.0)
    return bool(desktop.ask("facts")["current"] == "Snare")


def test_sounds_go_into_another_program_and_come_from_it(desktop: Desktop, tmp_path: Path) -> None:
    exports = tmp_path / "Dragged sounds" / "exports"
    # one clip, from the list
    desktop.ask("choose", names=["Snare"])
    arrived(desktop.drag(desktop.ask("where")["Snare"], desktop.left, 1), "Snare.wav")
    # several at once
    assert desktop.ask("choose", names=["Kick", "Hat"]) == ["Hat", "Kick"]
    arrived(desktop.drag(desktop.ask("where")["Kick"], desktop.left, 2), "Hat.wav", "Kick.wav")
    # what is in the transport
    desktop.ask("choose", names=["Snare"])
    desktop.until(partial(_clicked, desktop), "the clip is not in the transport")
    arrived(desktop.drag(desktop.ask("where")["handle"], desktop.left, 3), "Snare.wav")
    # a file that was exported
    desktop.until(lambda: desktop.ask("export"), "nothing was exported")
    arrived(desktop.drag(desktop.ask("where")["result"], desktop.left, 4), "Snare 2.wav")
    assert sorted(path.name for path in exports.iterdir()) == ["Hat.wav", "Kick.wav", "Snare 2.wav", "Snare.wav"]
    # a folder from there, on Clips and on Sounds; it is copied, whatever is proposed
    desktop.pull(desktop.right, desktop.ask("where")["page"])
    desktop.until(lambda: "clips" in desktop.ask("facts")["curtain"], "no curtain over Clips")
    desktop.drop()
    desktop.until(lambda: len(desktop.ask("facts")["clips"]) == 6, "no clips were made")
    assert desktop.until(lambda: desktop.said()[4:], "the drag does not end")[0] == {"what": "dragged", "action": "CopyAction"}
    desktop.ask("page", name="sounds")
    desktop.pull(desktop.right, desktop.ask("where")["page"])
    desktop.until(lambda: "add these sounds" in desktop.ask("facts")["curtain"], "no curtain over Sounds")
    desktop.drop()
    desktop.until(lambda: desktop.ask("facts")["sounds"] == 3, "no sounds were added")
    assert len(list((tmp_path / "Given").iterdir())) == 3
    assert desktop.ask("facts")["curtain"] == "" and desktop.ask("facts")["problem"] == ""
    assert "Traceback" not in (tmp_path / "tests.watched.err").read_text()
