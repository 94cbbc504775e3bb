"""An hour in the clip editor: opening, zooming, moving along, cutting, undoing, and what it takes of the memory.

`run` makes a project with one long stereo clip and drives the real Clips page over it in a process of its own, which tells what
it found in one JSON line. Every frame is painted into the window; a change counts until what it made is painted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from studio.audio.sound import Samples
from studio.project.folder import ProjectFolder
from tests.bench.results import ROOT, Table, spread

RATE = 44_100
SIZE = (1440, 900)


class Take:
    """Noise under a slow swell, as long as one likes and never in memory."""

    rate, channels = RATE, 2

    def __init__(self, seconds: float) -> None:
        self.seconds, self.frames = seconds, round(seconds * RATE)
        self._noise = np.random.default_rng(0).standard_normal((2, 1 << 20)).astype(np.float32) * np.float32(0.2)

    def read(self, start: int, frames: int) -> Samples:
        at = np.arange(start, min(start + frames, self.frames))
        swell = (0.55 + 0.45 * np.sin(at / RATE * 0.7)).astype(np.float32)
        return self._noise[:, at % (1 << 20)] * swell


def run(args: argparse.Namespace) -> Table:
    root = made_project(args)
    found = {name: _inside(root) for name in ("first", "again")}
    table = Table("An hour in the editor", ("what", "p50", "p95", "worst", "aim"))
    table.add("opened for the first time, s", found["first"]["open"], "", "", "")
    table.add("opened again, s", found["again"]["open"], "", "", "0.5")
    for name in ("zoom", "pan"):
        middle, p95, _, worst = spread(found["again"][name])
        table.add(f"one frame of {name}, ms ({1000 / middle:.0f} a second)", middle, p95, worst, "20")
    for name in ("cut", "undo", "play from anywhere"):
        middle, p95, _, worst = spread(found["again"][name])
        table.add(f"{name}, ms", middle, p95, worst, "50")
    for name in ("first", "again"):
        table.add(f"most memory over the empty window’s, MB, {name} time", found[name]["memory"], "", "", "400")
    table.notes = [
        f"{args.hours:g} h of stereo at 44.1 kHz, a clip of {root.stat().st_size and _size(root) / 1e9:.2f} GB; the real page "
        f"at {SIZE[0]} × {SIZE[1]}, {found['first']['platform']}.",
        "Opened: from choosing it to its waveform being painted. Cut, undo: from the key to the changed waveform being "
        "painted. Play: composing two seconds from a place nobody has read yet, at 48 kHz.",
        "Memory: resident, the largest of a sample every 5 ms; the pages of files count.",
    ]
    return table


def made_project(args: argparse.Namespace) -> Path:
    """A project with one clip of so many hours."""
    root = args.temp / "An hour"
    if not root.exists():
        with ProjectFolder.create(root, "An hour") as project:
            project.keep(Take(3600 * args.hours), None, "Take")
    return root


def _size(root: Path) -> int:
    return sum(path.stat().st_size for path in (root / "clips").iterdir())


def _inside(root: Path) -> dict[str, Any]:
    env = os.environ | {"WAVEWRIGHT_HOME": str(root.parent / "home"), "PYTHONPATH": str(ROOT)}
    env.setdefault("QT_QPA_PLATFORM", "offscreen")
    command = [sys.executable, "-m", __name__, str(root)]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


# ---- in the process of its own


class Memory:
    """Looks at the resident memory of this process, all the time."""

    def __init__(self) -> None:
        import psutil

        self._process, self.most, self._done = psutil.Process(), 0, threading.Event()
        self.base = self._process.memory_info().rss
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._done.wait(0.005):
            self.most = max(self.most, self._process.memory_info().rss)

    def megabytes(self) -> float:
        self._done.set()
        self._thread.join()
        return (self.most - self.base) / 1e6


def inside(root: Path) -> dict[str, Any]:
    from PySide6.QtCore import QEventLoop, Qt, QThreadPool, QTimer
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from studio.engine.engine import Engine
    from studio.engine.jobs import JobRunner
    from studio.engine.training import Training
    from studio.gui import theme
    from studio.gui.pages.clips import ClipsPage
    from studio.gui.session import Session
    from studio.settings import Settings

    app, loop = QApplication([]), QEventLoop()
    theme.apply(app, "dark")
    desk, engine = JobRunner("desk"), Engine()
    session = Session(Settings(welcomed=True), desk=desk, engine=engine, training=Training())
    page = ClipsPage(session)
    page.resize(*SIZE)
    page.show()
    app.processEvents()
    import scipy.fft
    import scipy.signal  # noqa: F401  the window has them once it is warm

    memory, problems = Memory(), []
    session.problem.connect(lambda problem: problems.append(problem.sentence + problem.details))
    found: dict[str, Any] = {"platform": app.platformName()}
    wave = page.editor.view.wave

    ticks = QTimer()
    ticks.start(2)  # a loop that sleeps between events, as the window's does, and leaves the interpreter to the desk

    painted: list[tuple[float, float]] = []  # when the waveform was, and of how long a sound
    paint = type(wave).paintEvent

    def painting(self: Any, event: Any) -> None:
        paint(self, event)
        painted.append((time.perf_counter(), self.seconds))

    type(wave).paintEvent = painting  # type: ignore[method-assign]

    def wait(what: Callable[[], bool], seconds: float = 600.0) -> None:
        end = time.perf_counter() + seconds
        while not what():
            loop.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            if time.perf_counter() > end:
                raise TimeoutError(problems)
        app.processEvents()  # paints

    start = time.perf_counter()
    assert session.open(root)
    wait(lambda: page.editor.opened is not None)
    found["open"] = time.perf_counter() - start
    wait(lambda: not desk.busy)
    total = wave.seconds
    found["zoom"] = list(_frames(app, page, (_around(total, share) for share in _zooms())))
    found["pan"] = list(_frames(app, page, ((total / 9 + i * 0.7, total / 9 + i * 0.7 + 60) for i in range(200))))
    found["cut"], found["undo"] = [], []
    for i in range(10):
        wave.set_selection((total * (0.1 + 0.05 * i), total * (0.1 + 0.05 * i) + 5))
        wave.selectionChanged.emit(wave.selection)
        before = wave.seconds
        for name, act in (("cut", lambda: QTest.keyClick(page.editor, Qt.Key.Key_X)), ("undo", session.undo.undo)):
            painted.clear()
            begin = time.perf_counter()
            act()
            wait(lambda: any((long < before - 1) == (name == "cut") for _, long in painted), 30)  # noqa: B023  waited for at once
            changed = next(when for when, long in painted if (long < before - 1) == (name == "cut"))
            found[name].append(1e3 * (changed - begin))
            for _ in range(3):  # what the desk has told since is taken note of
                wait(lambda: not desk.busy, 30)
                app.processEvents()
    found["play from anywhere"] = list(_seeks(page.editor.opened.sound))
    found["memory"] = memory.megabytes()
    session.close()
    desk.close()
    engine.close()
    QThreadPool.globalInstance().waitForDone()
    page.hide()
    page.deleteLater()
    app.processEvents()
    return found


def _zooms() -> Iterator[float]:
    yield from np.geomspace(1, 2e-6, 150)
    yield from np.geomspace(2e-6, 1, 150)


def _around(total: float, share: float) -> tuple[float, float]:
    return total / 3 * (1 - share), total / 3 * (1 - share) + total * share


def _frames(app: Any, page: Any, views: Iterator[tuple[float, float]]) -> Iterator[float]:
    """Milliseconds from each wish to see something to the painted page."""
    for view in views:
        start = time.perf_counter()
        page.editor.view.wave.set_view(*view)
        app.processEvents()  # paints
        yield 1e3 * (time.perf_counter() - start)


def _seeks(sound: Any) -> Iterator[float]:
    from studio.audio.voice import Frames, Voice

    frames = Frames(sound, 48_000)
    for place in np.random.default_rng(1).uniform(0, 0.99, 20):
        start = time.perf_counter()
        Voice(frames, -round(place * len(frames)), False, 1.0).render(0, 96_000)
        yield 1e3 * (time.perf_counter() - start)


if __name__ == "__main__":
    print(json.dumps(inside(Path(sys.argv[1]))), flush=True)
    os._exit(0)  # what Qt still holds need not be taken apart in order
