"""Drawing an hour: the first picture of a cold file, the whole pyramid, and zooming; and the spectrogram of a short sound."""

from __future__ import annotations

import argparse
import os
import time
import wave
from pathlib import Path

import numpy as np

from studio.audio import files, peaks
from studio.audio.sound import Sound
from tests.bench.results import Table, spread, timed

RATE = 44_100


def run(args: argparse.Namespace) -> Table:
    table = Table("Drawing", ("what", "ms", "p95 ms", "a second"))
    seconds = 3600 * args.hours
    path = _noise(args.temp / "hour.wav", seconds)
    _cold(path)
    start = time.perf_counter()
    peaks.sketch(path, 1200)
    table.add(f"first waveform of a cold {seconds / 3600:g}-h WAV, 1200 columns", 1e3 * (time.perf_counter() - start), "", "")
    _cold(path)
    start = time.perf_counter()
    whole = peaks.build(path)
    built = time.perf_counter() - start
    table.add("its whole pyramid, cold", 1e3 * built, "", "")
    rng, frames, times = np.random.default_rng(0), files.probe(path).frames, []
    for _ in range(300):
        width = frames * 10 ** rng.uniform(-6, 0)
        left = rng.uniform(0, frames - width)
        start = time.perf_counter()
        whole.view(int(left), int(left + width), 1200)
        times.append(1e3 * (time.perf_counter() - start))
    middle, p95, *_ = spread(times)
    table.add("one view of it at any zoom, numbers only", middle, p95, 1e3 / middle)
    middle, p95, *_ = spread(_frames(whole, frames))
    table.add("one frame of zooming in the waveform widget", middle, p95, 1e3 / middle)
    sound = Sound(rng.standard_normal((1, RATE)).astype(np.float32), RATE)
    table.add("spectrogram image of a second", 1e3 * timed(lambda: peaks.spectrogram(sound)), "", "")
    for what, times in _map(50_000).items():
        middle, p95, *_ = spread(times)
        table.add(f"one frame of {what} a map of 50,000 dots, 1200 × 600", middle, p95, 1e3 / middle)
    table.notes = ["Cold: the file's pages are given back to the disk cache before (posix_fadvise), where the system can."]
    return table


def _frames(whole: peaks.Peaks, frames: int) -> list[float]:
    """Milliseconds of each repaint while zooming from everything to single samples and back."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from studio.gui import theme
    from studio.gui.widgets.waveform import Waveform

    app = QApplication.instance() or QApplication([])
    theme.apply(app, "dark")  # type: ignore[arg-type]
    widget = Waveform()
    widget.resize(1200, 200)
    widget.set_peaks(whole)
    widget.show()
    found = []
    for share in np.concatenate([np.geomspace(1, 1e-6, 150), np.geomspace(1e-6, 1, 150)]):
        width = frames / RATE * share
        start = time.perf_counter()
        widget.set_view(frames / RATE / 3, frames / RATE / 3 + width)
        widget.grab()
        found.append(1e3 * (time.perf_counter() - start))
    widget.close()
    widget.deleteLater()
    app.processEvents()
    return found


def _map(count: int) -> dict[str, list[float]]:
    """Milliseconds of each repaint of the map while it is moved and enlarged, and while the cursor or the pointer moves."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from studio.explore import map as maps
    from studio.gui import theme
    from studio.gui.widgets.latent_map import LatentMap

    app = QApplication.instance() or QApplication([])
    theme.apply(app, "dark")  # type: ignore[arg-type]
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, count)
    places = rng.normal(size=(10, 2))[labels] + 0.35 * rng.normal(size=(count, 2))
    widget, shade = LatentMap(), maps.density(places)
    widget.resize(1200, 600)
    widget.set_dots(places, labels, [f"label {i}" for i in range(10)], [str(i) for i in range(count)], maps.bounds(places))
    widget.set_density(shade.values, (shade.x, shade.y))
    widget.set_cursor(0, 0)
    widget.show()
    app.processEvents()
    right = Qt.MouseButton.RightButton
    acts = {
        "moving": lambda i: QTest.mouseMove(widget, QPoint(600 + 2 * i, 300 + i % 40)),
        "enlarging": lambda i: widget.zoom(1.04 if i < 60 else 1 / 1.04),
        "dragging the cursor over": lambda i: widget.set_cursor(0.01 * i, 0.005 * i),
        "pointing at": lambda i: QTest.mouseMove(widget, QPoint(300 + 5 * i, 300)),
    }
    found: dict[str, list[float]] = {}
    for what, act in acts.items():
        if what == "moving":
            QTest.mousePress(widget, right, pos=QPoint(600, 300))
        times = found[what] = []
        for i in range(120):
            start = time.perf_counter()
            act(i)
            app.processEvents()
            times.append(1e3 * (time.perf_counter() - start))
        QTest.mouseRelease(widget, right, pos=QPoint(600, 300))
    widget.close()
    widget.deleteLater()
    app.processEvents()
    return found


def _noise(path: Path, seconds: float) -> Path:
    if not path.exists():
        rng = np.random.default_rng(0)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(RATE)
            for _ in range(max(1, round(seconds / 10))):
                file.writeframes((rng.standard_normal((10 * RATE, 2)) * 3000).astype("<i2").tobytes())
    return path


def _cold(path: Path) -> None:
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
