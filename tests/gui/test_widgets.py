"""The painted widgets: what they draw is what the numbers say, and the hand does what it seems to do."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtWidgets import QApplication, QCheckBox, QSpinBox, QWidget

from studio.audio import files, peaks
from studio.audio.sound import Sound
from studio.fields import configure, describe
from studio.gui import theme
from studio.gui.widgets.canvas import clock, tick_step
from studio.gui.widgets.config_form import ConfigForm
from studio.gui.widgets.curve_plot import CurvePlot, Series, _thinned, smoothed
from studio.gui.widgets.fader import TICKS, Fader
from studio.gui.widgets.latent_map import LatentMap
from studio.gui.widgets.later import Later
from studio.gui.widgets.preview_cell import PreviewCell, pictures_of
from studio.gui.widgets.shape import InMemory, OnDisk
from studio.gui.widgets.sound_view import SoundView
from studio.gui.widgets.spectrogram import Spectrogram
from studio.gui.widgets.waveform import FEWEST, LONG, Waveform
from studio.training.plan import TrainerConfig

LEFT = Qt.MouseButton.LeftButton
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def noise(seconds: float, channels: int = 1, rate: int = 8000, seed: int = 0) -> Sound:
    rng = np.random.default_rng(seed)
    return Sound(rng.uniform(-0.5, 0.5, (channels, int(seconds * rate))).astype(np.float32), rate)


def shown(qtbot: Any, widget: QWidget, width: int = 400, height: int = 160) -> Any:
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    return widget


def pixels(widget: QWidget) -> np.ndarray:
    """(height, width, 3) of what is on the screen now."""
    image = widget.grab().toImage().convertToFormat(widget.grab().toImage().Format.Format_RGB888)
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return data[:, : image.width() * 3].reshape(image.height(), image.width(), 3).astype(int)


def near(image: np.ndarray, color: QColor, within: int = 40) -> np.ndarray:
    return np.abs(image - (color.red(), color.green(), color.blue())).sum(axis=2) <= within


# ---- outlines


@few
@given(
    arrays(np.float32, st.integers(1, 300), elements=st.floats(-1, 1, width=32)),
    st.integers(0, 299),
    st.integers(1, 300),
    st.integers(1, 64),
)
def test_a_view_holds_every_extreme_of_its_stretch(samples: np.ndarray, start: int, length: int, columns: int) -> None:
    start = min(start, len(samples) - 1)
    end = min(start + length, len(samples))
    low, high, rms = InMemory(Sound(samples[None], 8000)).view(start, end, columns)
    assert low.shape == high.shape == rms.shape == (columns,)
    inside = samples[start:end]
    assert (low >= inside.min()).all() and (high <= inside.max()).all() and (low <= high).all()
    if columns <= len(inside):
        assert low.min() == inside.min() and high.max() == inside.max()
    assert (rms <= np.maximum(np.abs(low), np.abs(high)) + 1e-6).all()


def test_close_up_a_file_looks_like_its_samples(tmp_path: Path) -> None:
    sound = noise(30, rate=8000)
    path = files.write(tmp_path / "long.wav", sound, subtype="FLOAT")
    disk, memory = OnDisk(peaks.build(path)), InMemory(sound)
    for start, end, columns in ((100_000, 100_050, 50), (100_010, 100_400, 100), (239_000, 240_000, 300), (0, 2000, 200)):
        for ours, theirs in zip(disk.view(start, end, columns), memory.view(start, end, columns)):
            assert np.allclose(ours, theirs, atol=1e-6)
    assert np.array_equal(disk.samples(500, 600), sound.samples[0, 500:600])


# ---- waveform


def test_waveform_draws_loud_higher_than_quiet(dressed: QApplication, qtbot: Any) -> None:
    samples = noise(1).samples
    samples[:, 4000:] *= 0.1
    wave = shown(qtbot, Waveform(ruler=False))
    wave.set_sound(Sound(samples, 8000))
    filled = near(pixels(wave), theme.color("accent"), 140).sum(axis=0)
    assert filled[20:180].mean() > 4 * filled[220:380].mean() > 0


def test_waveform_zooms_around_the_pointer_down_to_single_samples(dressed: QApplication, qtbot: Any) -> None:
    wave = shown(qtbot, Waveform())
    wave.set_sound(noise(2))
    at = 300 / 400 * 2
    for _ in range(40):
        wheel = QWheelEvent(
            QPointF(300, 40), QPointF(300, 40), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        wave.wheelEvent(wheel)
        start, end = wave.view
        assert start <= at <= end
    assert (end - start) * 8000 == pytest.approx(FEWEST)
    assert near(pixels(wave), theme.color("accent"), 60).any()
    qtbot.keyClick(wave, Qt.Key.Key_0)
    assert wave.view == (0.0, 2.0)


def test_dragging_selects_clicking_seeks(dressed: QApplication, qtbot: Any) -> None:
    wave = shown(qtbot, Waveform())
    wave.set_sound(noise(4))
    with qtbot.waitSignal(wave.selectionChanged):
        qtbot.mousePress(wave, LEFT, pos=QPoint(100, 50))
        qtbot.mouseMove(wave, QPoint(300, 50))
    qtbot.mouseRelease(wave, LEFT, pos=QPoint(300, 50))
    assert wave.selection == pytest.approx((1.0, 3.0))
    qtbot.mousePress(wave, LEFT, pos=QPoint(300, 50))  # the edge is a grip
    qtbot.mouseMove(wave, QPoint(200, 50))
    qtbot.mouseRelease(wave, LEFT, pos=QPoint(200, 50))
    assert wave.selection == pytest.approx((1.0, 2.0))
    with qtbot.waitSignal(wave.seeked) as seeked:
        qtbot.mouseClick(wave, LEFT, pos=QPoint(350, 50))
    assert seeked.args == [pytest.approx(3.5)] and wave.selection is None


def test_a_long_sound_is_drawn_once_its_pyramid_is_there(dressed: QApplication, qtbot: Any) -> None:
    wave = shown(qtbot, Waveform())
    wave.set_sound(noise(LONG + 5, seed=1))
    last = noise(LONG + 1, seed=2)
    wave.set_sound(last)  # the one asked for last is shown, whichever is built first
    qtbot.waitUntil(lambda: wave.seconds > 0)
    assert wave.seconds == pytest.approx(LONG + 1)
    qtbot.wait(50)
    assert wave.seconds == pytest.approx(LONG + 1)


def test_waveform_without_a_sound_says_so_and_takes_no_harm(dressed: QApplication, qtbot: Any) -> None:
    wave = shown(qtbot, Waveform())
    wave.set_sound(None)
    qtbot.mouseClick(wave, LEFT, pos=QPoint(10, 10))
    qtbot.keyClick(wave, Qt.Key.Key_Plus)
    wave.set_playhead(1.0)
    assert wave.accessibleDescription() == wave.placeholder and wave.selection is None
    wave.set_sound(Sound(np.zeros((1, 1), np.float32), 8000))
    wave.grab()


# ---- spectrogram


def test_spectrogram_shows_a_tone_where_its_note_is(dressed: QApplication, qtbot: Any) -> None:
    rate = 44100
    time = np.arange(rate) / rate
    view = shown(qtbot, Spectrogram(), 300, 200)
    view.set_sound(Sound((0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)[None], rate))
    qtbot.waitUntil(lambda: not view.pending and view._heat is not None)
    decibels, frequencies = view._heat
    loudest = frequencies[decibels[:, decibels.shape[1] // 2].argmax()]
    assert abs(np.log2(loudest / 440)) < 1 / 12
    bright = pixels(view)[:, 150].sum(axis=1)
    assert abs(int(bright.argmax()) - view._y(440)) < 6


def test_zooming_keeps_wave_and_spectrogram_on_one_time(dressed: QApplication, qtbot: Any) -> None:
    both = shown(qtbot, SoundView(), 400, 300)
    both.set_sound(noise(2))
    both.wave.set_view(0.5, 1.0)
    assert both.spectrogram._view == pytest.approx((0.5, 1.0))
    qtbot.waitUntil(lambda: not both.spectrogram.pending)
    start, end = both.spectrogram._span
    assert start <= 0.5 and end >= 1.0
    assert both.wave.mapToGlobal(QPoint(0, 0)).x() == both.spectrogram.mapToGlobal(QPoint(0, 0)).x() + int(
        both.spectrogram._plot.left()
    )
    both.set_sound(None)
    assert both.spectrogram._heat is None


# ---- map


@few
@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(0.2, 8))
def test_every_point_of_the_map_is_a_place_and_back(qapp: QApplication, x: float, y: float, zoom: float) -> None:
    here = LatentMap()
    here.resize(500, 300)
    here.set_dots([[-3, -2], [4, 5]])
    here.zoom(zoom, QPointF(100, 50))
    assert here.place(here.point(x, y)) == pytest.approx((x, y), abs=1e-6)
    here.deleteLater()


def test_dragging_the_cursor_tells_where_it_is(dressed: QApplication, qtbot: Any) -> None:
    here = shown(qtbot, LatentMap(), 400, 400)
    here.set_dots([[0, 0], [1, 1]], bounds=((-2, 2), (-2, 2)))
    moves: list[tuple[float, float]] = []
    here.moved.connect(lambda x, y: moves.append((x, y)))
    qtbot.mousePress(here, LEFT, pos=QPoint(200, 200))
    qtbot.mouseMove(here, QPoint(300, 100))
    with qtbot.waitSignal(here.released):
        qtbot.mouseRelease(here, LEFT, pos=QPoint(300, 100))
    assert moves[0] == pytest.approx((0, 0)) and moves[-1] == pytest.approx((1, 1))
    assert here.cursor_place == pytest.approx((1, 1))
    qtbot.keyClick(here, Qt.Key.Key_Left)
    assert here.cursor_place[0] < 1 and here.cursor_place[1] == pytest.approx(1)


def test_hovering_names_the_nearest_dot_and_leaves_it(dressed: QApplication, qtbot: Any) -> None:
    here = shown(qtbot, LatentMap(), 400, 400)
    here.set_dots([[0, 0], [1, 1], [-1, 0.5]], titles=("a", "b", "c"), bounds=((-2, 2), (-2, 2)))
    seen: list[object] = []
    here.hovered.connect(seen.append)
    for x, y in ((1, 1), (0.02, 0), (1.5, -1.5)):
        point = here.point(x, y)
        qtbot.mouseMove(here, point.toPoint())
        qtbot.wait(1)
    assert seen == [1, 0, None]


def test_fifty_thousand_dots_carry_the_colours_of_their_labels(dressed: QApplication, qtbot: Any) -> None:
    rng = np.random.default_rng(0)
    places = rng.uniform(-1, 1, (50_000, 2))
    here = shown(qtbot, LatentMap(), 300, 300)
    here.set_dots(places, (places[:, 0] > 0).astype(int), bounds=((-1, 1), (-1, 1)))
    image = pixels(here)
    left, right = near(image[:, 20:130], theme.label_color(0), 90), near(image[:, 170:280], theme.label_color(1), 90)
    assert left.mean() > 0.5 and right.mean() > 0.5
    assert near(image[:, 20:130], theme.label_color(1), 90).mean() < 0.01


def test_a_map_of_nothing_is_quiet(dressed: QApplication, qtbot: Any) -> None:
    here = shown(qtbot, LatentMap())
    here.set_density(None)
    here.set_clips(np.zeros((0, 2)))
    qtbot.mouseClick(here, LEFT, pos=QPoint(50, 50))
    qtbot.keyClick(here, Qt.Key.Key_Left)
    assert here.cursor_place is None


# ---- curves


def test_curves_survive_gaps_and_a_hundred_thousand_points(dressed: QApplication, qtbot: Any) -> None:
    x = np.linspace(0, 100, 100_000)
    y = np.exp(-x / 20) + np.random.default_rng(0).normal(0, 0.05, x.size)
    y[::7] = np.nan
    y[50] = np.inf
    plot = shown(qtbot, CurvePlot(), 500, 200)
    plot.set_series([Series("held-out", x, y)], "min")
    blue = near(pixels(plot), theme.color("accent"), 120)[:, 60:480]
    assert blue.any(axis=0).mean() > 0.95  # no column without the curve
    rows = np.array([np.flatnonzero(blue[40:, c]).mean() for c in (20, 190, 390)])
    assert (np.diff(rows) > 0).all()  # it falls
    plot.set_series([Series("held-out", x, y), Series("learned from", x, y * 0.9, "good", True)], "min")
    assert near(pixels(plot), theme.color("good"), 120).any()
    plot.set_log(True)
    assert near(pixels(plot), theme.color("accent"), 120).any()
    plot.set_series([Series("none", np.zeros(0), np.zeros(0)), Series("nan", np.arange(3.0), np.full(3, np.nan))])
    plot.grab()


@few
@given(arrays(np.float64, st.integers(0, 200), elements=st.floats(-1e6, 1e6) | st.just(np.nan)))
def test_smoothing_stays_within_the_values_and_keeps_gaps(values: np.ndarray) -> None:
    made = smoothed(values)
    assert made.shape == values.shape
    assert np.array_equal(np.isnan(made), np.isnan(values))
    if np.isfinite(values).any():
        slack = 1e-6 * max(1.0, float(np.nanmax(np.abs(values))))
        assert np.nanmin(made) >= np.nanmin(values) - slack and np.nanmax(made) <= np.nanmax(values) + slack


def test_thinning_keeps_the_extremes_of_each_column() -> None:
    x, y = np.linspace(0, 100, 10_000), np.random.default_rng(1).normal(size=10_000)
    tx, ty = _thinned(x, y, 0.0, 100)
    assert len(tx) <= 2 * 101 and ty.min() == y.min() and ty.max() == y.max() and (np.diff(tx) >= 0).all()


# ---- forms


def test_a_form_speaks_the_language_of_its_config(dressed: QApplication, qtbot: Any) -> None:
    form = ConfigForm(describe(TrainerConfig))
    qtbot.addWidget(form)
    assert form.values == msgspec.to_builtins(TrainerConfig())
    told: list[dict[str, Any]] = []
    form.changed.connect(told.append)
    seed = form.row("seed")
    assert isinstance(seed, QSpinBox)
    seed.setValue(7)
    gentle = form.row("gentle")
    assert isinstance(gentle, QCheckBox)
    gentle.click()
    assert told[-1]["seed"] == 7 and form.changes() == {"seed": 7, "gentle": True}
    assert configure(TrainerConfig(), told[-1]) == TrainerConfig(seed=7, gentle=True)
    form.reset()
    assert form.changes() == {} and told[-1] == msgspec.to_builtins(TrainerConfig())


def test_an_optional_setting_is_chosen_for_you_until_it_is_your_own(dressed: QApplication, qtbot: Any) -> None:
    form = ConfigForm(describe(TrainerConfig), {"minutes": 12.0})
    qtbot.addWidget(form)
    own = form._rows["minutes"].own
    assert form.values["minutes"] == 12.0 and own is not None and own.isChecked()
    own.click()
    assert form.values["minutes"] is None and not form.row("minutes").isEnabled()


def test_a_form_never_leaves_the_allowed_range(dressed: QApplication, qtbot: Any) -> None:
    form = ConfigForm(describe(TrainerConfig))
    qtbot.addWidget(form)
    for field in describe(TrainerConfig):
        control = form.row(field.name)
        if field.kind in ("int", "float"):
            control.setValue(10**9)  # type: ignore[attr-defined]
            assert field.high is None or control.value() <= field.high  # type: ignore[attr-defined]


# ---- faders


def test_a_fader_tells_the_hand_and_not_the_program(dressed: QApplication, qtbot: Any) -> None:
    fader = shown(qtbot, Fader("Axis 1", -2.5, 2.5, 0.0, middle=True), 320, 30)
    told: list[float] = []
    fader.moved.connect(told.append)
    fader.set_value(1.25)
    assert told == [] and fader.value == 1.25 and "1.25" in fader.number.text()
    fader.set_value(4.0)  # beyond the end the knob stops, the number does not
    assert fader.track.value() == TICKS and fader.value == 4.0
    with qtbot.waitSignal(fader.released):
        qtbot.mouseClick(fader.track, LEFT, pos=QPoint(fader.track.width() // 2, 14))
    assert told[-1] == pytest.approx(0.0, abs=0.05)
    qtbot.mouseDClick(fader.track, LEFT, pos=QPoint(10, 14))
    assert fader.value == 0.0
    with qtbot.waitSignal(fader.released):
        qtbot.keyClick(fader.track, Qt.Key.Key_Right)
    assert fader.value == pytest.approx(0.1)
    qtbot.mouseClick(fader.lock, LEFT)
    assert fader.locked


# ---- the rest


def test_the_newest_question_is_answered(qapp: QApplication, qtbot: Any) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    later, gate, answers = Later(parent), threading.Event(), []
    later.done.connect(answers.append)
    later.ask(lambda: gate.wait(5) and "first")
    for i in range(5):
        later.ask(lambda i=i: i)  # type: ignore[misc]
    gate.set()
    qtbot.waitUntil(lambda: not later.busy)
    assert answers == ["first", 4]
    later.ask(lambda: 1 / 0)
    qtbot.waitUntil(lambda: len(answers) == 3)
    assert isinstance(answers[-1], ZeroDivisionError)


def test_a_cell_is_heard_by_click_and_by_key(dressed: QApplication, qtbot: Any, tmp_path: Path, tone: Sound) -> None:
    path = files.write(tmp_path / "a.wav", tone)
    cell = shown(qtbot, PreviewCell(), 150, 100)
    cell.show_sound("Lowest kick", "3.1 dB", pictures_of(path))
    for act in (lambda: qtbot.mouseClick(cell, LEFT), lambda: qtbot.keyClick(cell, Qt.Key.Key_Return)):
        with qtbot.waitSignal(cell.pressed):
            act()
    with qtbot.waitSignal(cell.stepped) as stepped:
        qtbot.keyClick(cell, Qt.Key.Key_Left)
    assert stepped.args == [-1]
    before = pixels(cell)
    cell.set_playing(True, 0.25)
    assert (pixels(cell) != before).any()


def test_painted_widgets_follow_the_theme(dressed: QApplication, qtbot: Any, tone: Sound) -> None:
    wave, plot, here = Waveform(), CurvePlot(), LatentMap()
    wave.set_sound(tone)
    plot.set_series([Series("a", np.arange(9.0), np.arange(9.0))])
    here.set_dots([[0, 0], [1, 1]], [0, 1])
    for widget in (wave, plot, here):
        shown(qtbot, widget)
    dark = [pixels(widget) for widget in (wave, plot, here)]
    theme.apply(dressed, "light")
    light = [pixels(widget) for widget in (wave, plot, here)]
    assert all((a != b).any(axis=2).mean() > 0.005 for a, b in zip(dark, light))
    assert near(light[0], theme.color("accent"), 60).any() and not near(light[0], QColor(theme.DARK.accent), 10).any()


@pytest.mark.parametrize(
    ("seconds", "step", "text"),
    [
        (0.25, 0.01, "0.25"),
        (59.9996, 0.1, "60.0"),
        (65.2, 0.1, "1:05.2"),
        (3725, 1, "1:02:05"),
        (0, 1, "0"),
        (119.6, 1, "2:00"),
    ],
)
def test_times_read_as_a_musician_writes_them(seconds: float, step: float, text: str) -> None:
    assert clock(seconds, step) == text


@few
@given(st.floats(1e-6, 1e6), st.integers(1, 20))
def test_ticks_are_one_two_or_five(span: float, wanted: int) -> None:
    step = tick_step(span, wanted)
    assert span / step <= wanted * 1.01
    assert round(step / 10 ** np.floor(np.log10(step * 1.0001)), 6) in (1, 2, 5)
