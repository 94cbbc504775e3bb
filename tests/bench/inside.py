"""Runs inside a window's own process: a real Wavewright on a real project, driven by timers, one JSON line at its end.

start        seconds from the process's birth to the first paint and to the first sound handed to the player
latency N    milliseconds from a move on the map to the new sound in the player, N times
jitter S     lateness of a 16-ms timer while a sound plays and sounds are imported
play S       plays a counter whose every lost sample can be found in a recording
keep         keeps, renames and trashes clips until it is killed; prints the id of each clip that is safe
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, Qt, QTimer

from studio.audio.sound import Sound
from studio.gui import app as gui
from studio.gui.session import Current
from studio.project.recipe import Recipe
from studio.settings import home

BORN = float(os.environ.get("BENCH_BORN", time.time()))
COUNTER = 2**22
"""Sample i of the counter is (i + 1) / 2**22, exact in float32."""


class Inside:
    """A window and what is done to it."""

    def __init__(self, root: Path) -> None:
        self.app = gui.make_app()
        self.window_is_painted = 0.0
        self.torch_before_paint = False
        self.whole = gui.Wavewright(self.app, root, home() / "settings.json")
        self.session = self.whole.session
        self.played: list[float] = []
        self._play = self.session.play
        self.session.play = self._heard  # type: ignore[method-assign]
        self.whole.window.firstPainted.connect(self._painted)
        self.whole.window.resize(1440, 900)

    def _painted(self) -> None:
        self.window_is_painted = time.time() - BORN
        self.torch_before_paint = "torch" in sys.modules

    def _heard(self, *words: Any, **more: Any) -> None:
        self._play(*words, **more)
        self.played.append(time.perf_counter())

    def go(self, then: Callable[[], None]) -> None:
        """Show the window, call `then` once it is painted, run until `say`."""
        self.whole.window.firstPainted.connect(lambda: QTimer.singleShot(0, then), Qt.ConnectionType.QueuedConnection)
        self.whole.window.show()
        self.app.exec()
        self.whole.close()

    def when(self, ready: Callable[[], Any], then: Callable[[], None], every: int = 10) -> None:
        timer = QTimer(self.whole)
        timer.setInterval(every)

        def look() -> None:
            if ready():
                timer.stop()
                then()

        timer.timeout.connect(look)
        timer.start()

    def explore(self, then: Callable[[Any], None]) -> None:
        """The Explore page, once its model is open and its map is there."""
        page: Any = self.whole.window.show_page("explore")
        self.when(lambda: getattr(page, "_space", None) is not None, lambda: then(page))

    def say(self, **facts: Any) -> None:
        print(json.dumps(facts), flush=True)
        QCoreApplication.quit()


def start(inside: Inside) -> None:
    def first(page: Any) -> None:
        ready = time.time() - BORN
        page.view.map.moved.emit(0.0, 0.0)
        count = len(inside.played)
        inside.when(
            lambda: len(inside.played) > count,
            lambda: inside.say(
                paint=inside.window_is_painted, torch_before=inside.torch_before_paint, ready=ready, sound=time.time() - BORN
            ),
            every=1,
        )

    inside.go(lambda: inside.explore(first))


def latency(inside: Inside, moves: int) -> None:
    rng = np.random.default_rng(0)
    found: list[float] = []

    def begin(page: Any) -> None:
        low, high = np.percentile(page._space.map.positions, (5, 95), axis=0)

        def move() -> None:
            count, asked = len(inside.played), time.perf_counter()
            page.view.map.moved.emit(*map(float, rng.uniform(low, high)))

            def heard() -> None:
                found.append((inside.played[-1] - asked) * 1e3)
                if len(found) < moves + 5:
                    QTimer.singleShot(80, move)
                    return
                player, model = inside.session.player, page._model
                inside.say(
                    ms=found[5:],
                    output=player.latency * 1e3 if player is not None else None,
                    backend=model.backend,
                    seconds=inside.session.current.sound.seconds if inside.session.current else None,
                )

            inside.when(lambda: len(inside.played) > count, heard, every=1)

        move()

    inside.go(lambda: inside.explore(begin))


def jitter(inside: Inside, seconds: float, folder: Path) -> None:
    late: list[float] = []
    last = [0.0]
    beat = QTimer(inside.whole)
    beat.setTimerType(Qt.TimerType.PreciseTimer)
    beat.setInterval(16)

    def tick() -> None:
        now = time.perf_counter()
        if last[0]:
            late.append(max(0.0, (now - last[0]) * 1e3 - 16))
        last[0] = now

    beat.timeout.connect(tick)

    def begin() -> None:
        from studio.library.importer import import_folders

        noise = np.random.default_rng(0).standard_normal((2, 48_000 * 4)).astype(np.float32) * 0.1
        inside.session.set_loop(True)
        inside.session.play(Current(Sound(noise, 48_000), "noise"))
        inside.whole.window.show_page("sounds")
        project = inside.session.project
        assert project is not None
        inside.whole.desk.submit(lambda: import_folders(project, [folder], workers=1), "bench")
        beat.start()
        QTimer.singleShot(
            round(seconds * 1000), lambda: inside.say(ms=late, playing=inside.session.playing, importing=inside.whole.desk.busy)
        )

    inside.go(lambda: inside.when(lambda: "torch" in sys.modules, lambda: QTimer.singleShot(3000, begin)))


def play(inside: Inside, seconds: float) -> None:
    ramp = ((np.arange(60 * 48_000) + 1) / COUNTER).astype(np.float32)

    def begin() -> None:
        inside.session.change(volume=1.0)
        inside.session.set_loop(True)
        inside.session.play(Current(Sound(np.stack([ramp, ramp]), 48_000), "counter"))
        player = inside.session.player
        QTimer.singleShot(round(seconds * 1000), lambda: inside.say(rate=player.device.rate if player and player.device else 0))

    inside.go(lambda: inside.when(lambda: inside.session.player is not None, begin))


def keep(inside: Inside) -> None:
    project_ready = inside.when
    rng = np.random.default_rng()
    kept: list[str] = []

    def one() -> None:
        project = inside.session.project
        assert project is not None
        noise = rng.standard_normal((1, 22_050)).astype(np.float32) * 0.1
        clip = project.keep(Sound(noise, 44_100), Recipe(family="bench"), f"clip {len(kept)}")
        print(clip.id, flush=True)
        kept.append(clip.id)
        if len(kept) % 5 == 0:
            import msgspec

            project.update_clip(msgspec.structs.replace(clip, name="renamed", stars=3))
        if len(kept) % 7 == 0:
            project.trash_clip(clip.id)
            project.restore_clip(clip.id)
        QTimer.singleShot(1, one)

    inside.go(lambda: project_ready(lambda: inside.session.project is not None, one))


def main(mode: str, root: str, *words: str) -> None:
    inside = Inside(Path(root))
    if mode == "start":
        start(inside)
    elif mode == "latency":
        latency(inside, int(words[0]))
    elif mode == "jitter":
        jitter(inside, float(words[0]), Path(words[1]))
    elif mode == "play":
        play(inside, float(words[0]))
    else:
        keep(inside)


if __name__ == "__main__":
    main(*sys.argv[1:])
