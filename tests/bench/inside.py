"""Runs inside a window's own process: a real Wavewright on a real project, driven by timers, one JSON line at its end.

start        seconds from the process's birth to the first paint, the first new sound, the map
latency N    milliseconds from a move on the map to the new sound in the player, N times
gesture N    a hand that draws over the map, N positions: milliseconds from each to its sound, the steepest steps of the sounds
replace N    tones of which each takes the place of the one before, N times
jitter S     lateness of a 16-ms timer while a sound plays and sounds are imported
watch S      lateness of a 16-ms timer while Train shows every run that is at work and one walks through their sounds
play S       plays a counter whose every lost sample can be found in a recording
keep         keeps, renames and trashes clips until it is killed; prints the id of each clip that is safe
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, Qt, QTimer

from studio.audio import files
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
        self.problems: list[str] = []
        self.session.problem.connect(lambda problem: self.problems.append(problem.sentence))
        self._play = self.session.play
        self.session.play = self._heard  # type: ignore[method-assign]
        self._warm_up = self.whole.engine.warm_up  # the first thing the window does once it is painted
        self.whole.engine.warm_up = self._painted  # type: ignore[method-assign]
        self.whole.window.resize(1440, 900)

    def _painted(self, compute: str = "auto") -> None:
        self.window_is_painted = time.time() - BORN
        self.torch_before_paint = "torch" in sys.modules
        self._warm_up(compute)

    def _heard(self, *words: Any, **more: Any) -> None:
        self._play(*words, **more)
        self.played.append(time.perf_counter())

    def go(self, then: Callable[[], None]) -> None:
        """Show the window, call `then` once it is painted, run until `say`."""
        self.whole.window.firstPainted.connect(lambda: QTimer.singleShot(0, then), Qt.ConnectionType.QueuedConnection)
        self.whole.window.show()
        self.app.exec()
        self.whole.close()

    def when(self, ready: Callable[[], Any], then: Callable[[], None], every: int = 10, seconds: float = 120.0) -> None:
        timer = QTimer(self.whole)
        timer.setInterval(every)
        end = time.monotonic() + seconds

        def look() -> None:
            if ready():
                timer.stop()
                then()
            elif time.monotonic() > end:
                raise TimeoutError(f"waited {seconds:g} s in vain; problems: {self.problems}")

        timer.timeout.connect(look)
        timer.start()

    def explore(self, model: Path, then: Callable[[Any], None], with_map: bool = True) -> None:
        """The Explore page, once this model is open and its map is there."""
        page: Any = self.whole.window.show_page("explore")

        def ready() -> bool:
            return page._model is not None and page._model.folder == model and (page._space is not None or not with_map)

        self.when(lambda: self.session.project is not None, lambda: (page.receive(model), self.when(ready, lambda: then(page))))

    def say(self, **facts: Any) -> None:
        print(json.dumps(facts), flush=True)
        faulthandler.dump_traceback_later(60, exit=True)  # a window that does not close says where it hangs
        QCoreApplication.exit(0)  # without the question of what shall become of a training


def start(inside: Inside, model: Path) -> None:
    """To the first sound of the dice, which needs the model, and to the map, which needs a latent of every sound."""
    found: dict[str, float] = {}

    def opened(page: Any) -> None:
        found["model"] = time.time() - BORN
        page.draw()
        inside.when(lambda: inside.played, heard, every=1)
        inside.when(lambda: page._space is not None and "sound" in found, mapped)

    def heard() -> None:
        found["sound"] = time.time() - BORN

    def mapped() -> None:
        found["map"] = time.time() - BORN
        inside.say(paint=inside.window_is_painted, torch_before=inside.torch_before_paint, **found)

    inside.go(lambda: inside.explore(model, opened, with_map=False))


def latency(inside: Inside, model: Path, moves: int) -> None:
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
                player = inside.session.player
                inside.say(
                    ms=found[5:],
                    output=player.latency * 1e3 if player is not None else None,
                    backend=page._model.backend,
                    seconds=inside.session.current.sound.seconds if inside.session.current else None,
                )

            inside.when(lambda: len(inside.played) > count, heard, every=1)

        move()

    inside.go(lambda: inside.explore(model, begin))


def gesture(inside: Inside, model: Path, positions: int) -> None:
    """The hand does not wait: a position every 33 ms, whether the sound of the last one has come or not."""
    asked: dict[Any, float] = {}
    found: list[float] = []
    steepest: list[float] = []

    def begin(page: Any) -> None:
        player = inside.session.player
        low, high = np.percentile(page._space.map.positions, (5, 95), axis=0)
        way = iter(low + (high - low) * drawn(positions))
        inside.session.change(volume=1.0)
        if player is not None:
            player.set_volume(1.0)
            play = player.play

            def heard(sound: Sound, **more: Any) -> None:
                play(sound, **more)
                request = page.standing.shown.request if page.standing.shown is not None else None
                if request is not None and request.latent in asked:
                    found.append((time.perf_counter() - asked.pop(request.latent)) * 1e3)
                steepest.append(steps(sound, player.device.rate if player.device else sound.rate) * more.get("gain", 1.0))

            player.play = heard

        def move() -> None:
            place = next(way, None)
            if place is None:
                timer.stop()
                page.standing.commit()
                QTimer.singleShot(1500, done)
                return
            now = time.perf_counter()
            page.view.map.moved.emit(*map(float, place))
            asked[page.standing.request.latent] = now

        def done() -> None:
            inside.say(
                ms=found,
                positions=positions,
                output=player.latency * 1e3 if player is not None else None,
                backend=page._model.backend,
                step=max(steepest, default=0.0),
                rate=player.device.rate if player is not None and player.device else 0,
            )

        timer = QTimer(inside.whole)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.setInterval(33)
        timer.timeout.connect(move)
        QTimer.singleShot(2000, timer.start)

    inside.go(lambda: inside.explore(model, begin))


def drawn(positions: int) -> np.ndarray:
    """A hand's way over a unit square (positions, 2): slow and fast, with turns, always the same one."""
    rng = np.random.default_rng(0)
    at = np.linspace(0, 1, positions)[:, None]
    turns = rng.uniform(1, 9, (6, 2)), rng.uniform(0, 2 * np.pi, (6, 2)), 1 / np.arange(1, 7)
    way = sum(share * np.sin(2 * np.pi * speed * at + phase) for speed, phase, share in zip(*turns))
    return np.asarray((way - way.min(0)) / (way.max(0) - way.min(0)))


def steps(sound: Sound, rate: int) -> float:
    """The largest step from sample to sample of a sound as the device plays it."""
    heard = files.resample(sound, rate).samples
    return float(np.abs(np.diff(heard, axis=1, prepend=0.0, append=0.0)).max()) if heard.size else 0.0


def replace(inside: Inside, count: int) -> None:
    """Low tones: within them no step is large, so a click where one takes another's place would stand out."""
    rng = np.random.default_rng(0)
    left, steepest = [count], [0.0]

    def begin() -> None:
        player = inside.session.player
        assert player is not None
        inside.session.change(volume=1.0, loop=False)
        player.set_volume(1.0)
        rate = player.device.rate if player.device else 48_000

        def one() -> None:
            if not left[0]:
                timer.stop()
                inside.session.stop()
                QTimer.singleShot(500, lambda: inside.say(step=steepest[0], rate=rate))
                return
            left[0] -= 1
            at = np.arange(round(0.5 * rate)) / rate
            fade = np.clip(np.minimum(at, at[::-1]) / 0.02, 0, 1)
            tone = 0.5 * np.sin(2 * np.pi * rng.uniform(60, 240) * at + rng.uniform(0, 6)) * fade
            made = Sound(tone.astype(np.float32)[None], rate)
            steepest[0] = max(steepest[0], steps(made, rate))
            inside.session.play(Current(made, "tone"))

        timer = QTimer(inside.whole)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.setInterval(37)
        timer.timeout.connect(one)
        timer.start()

    inside.go(lambda: inside.when(lambda: inside.session.player is not None, begin))


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


def watch(inside: Inside, seconds: float) -> None:
    late: list[float] = []
    last = [0.0]
    beat, hand = QTimer(inside.whole), QTimer(inside.whole)
    beat.setTimerType(Qt.TimerType.PreciseTimer)
    beat.setInterval(16)
    hand.setInterval(500)

    def tick() -> None:
        now = time.perf_counter()
        if last[0]:
            late.append(max(0.0, (now - last[0]) * 1e3 - 16))
        last[0] = now

    def walk() -> None:
        timeline = page.timeline
        at = timeline.slider.value()
        timeline.slider.setValue(at - 1 if at > 0 else timeline.slider.maximum())

    def begin() -> None:
        working = tuple(view.name for view in inside.session.training.views if view.alive)
        page.runs.choose(working)
        beat.start()
        hand.start()
        QTimer.singleShot(round(seconds * 1000), lambda: inside.say(ms=late, alive=len(working)))

    page: Any = None

    def show() -> None:
        nonlocal page
        page = inside.whole.window.show_page("train")
        QTimer.singleShot(5000, begin)

    beat.timeout.connect(tick)
    hand.timeout.connect(walk)
    inside.go(lambda: inside.when(lambda: "torch" in sys.modules, show))


def play(inside: Inside, seconds: float) -> None:
    ramp = ((np.arange(60 * 48_000) + 1) / COUNTER).astype(np.float32)

    def begin() -> None:
        player = inside.session.player
        assert player is not None
        inside.session.change(volume=1.0, loop=True)
        player.set_volume(1.0)  # at any other volume the numbers would not be the counter's
        inside.session.play(Current(Sound(np.stack([ramp, ramp]), 48_000), "counter"))
        QTimer.singleShot(round(seconds * 1000), lambda: inside.say(rate=player.device.rate if player.device else 0))

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


def _give_up(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """An error in a slot would leave the window waiting for ever."""
    traceback.print_exception(kind, error, trace)
    os._exit(1)


def main(mode: str, root: str, *words: str) -> None:
    inside = Inside(Path(root))
    sys.excepthook = _give_up
    if mode == "start":
        start(inside, Path(words[0]))
    elif mode == "latency":
        latency(inside, Path(words[0]), int(words[1]))
    elif mode == "gesture":
        gesture(inside, Path(words[0]), int(words[1]))
    elif mode == "replace":
        replace(inside, int(words[0]))
    elif mode == "jitter":
        jitter(inside, float(words[0]), Path(words[1]))
    elif mode == "watch":
        watch(inside, float(words[0]))
    elif mode == "play":
        play(inside, float(words[0]))
    else:
        keep(inside)


if __name__ == "__main__":
    main(*sys.argv[1:])
