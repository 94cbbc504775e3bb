"""The benches' own tools: a number that is wrong here would be wrong in every table."""

import time
from dataclasses import replace
from functools import partial
from importlib import import_module

import numpy as np
import pytest

from studio.audio import analysis
from studio.explore.axes import Axes, AxisName, correlations
from studio.models.controls import Material
from studio.models.layers import judge
from studio.training.pulse import Pulse
from studio.training.run import RunFolder
from tests.bench.__main__ import BENCHES, SHORT
from tests.bench.arms import processor_time
from tests.bench.determinism import apart
from tests.bench.factors import FACTORS, find, planted, sound
from tests.bench.families import between, cell, common
from tests.bench.inside import drawn
from tests.bench.recognise import accuracy, both
from tests.bench.results import Table, record, spread
from tests.bench.window import COUNTER, largest_step, lost


def test_every_bench_is_there():
    for module, function in BENCHES.values():
        assert callable(getattr(import_module(f"tests.bench.{module}"), function))
    assert set(SHORT) <= set(BENCHES)


def test_arms_count_the_processor_and_not_the_wall(project):
    pulse = Pulse(RunFolder.create(project, "oneshot", {}))
    with processor_time():
        wall, before = time.monotonic(), pulse.clock()
        time.sleep(0.5)
        assert pulse.clock() - before < time.monotonic() - wall - 0.4
    assert Pulse.clock.__qualname__ == "Pulse.clock"


def test_a_bench_replaces_its_own_section_only(tmp_path):
    path = tmp_path / "RESULTS.md"
    one, two = Table("One", ("what", "ms")), Table("Two", ("what", "ms"), notes=["held \\1 still"])
    one.add("first", 1.23456)
    two.add("second", 12345.6)
    record("one", one, path)
    record("two", two, path)
    again = Table("One", ("what", "ms"))
    again.add("better", float("nan"))
    record("one", again, path)
    text = path.read_text()
    assert text.startswith("# Measured") and text.count("<!-- one -->") == text.count("<!-- /two -->") == 1
    assert "| better | – |" in text and "1.23" not in text and "| second | 12,346 |" in text and "held \\1 still" in text
    assert text.index("## One") < text.index("## Two") and "commit" in text and "cores" in text


def test_spread_of_nothing_and_of_something():
    assert np.isnan(spread([])).all()
    assert spread(range(101)) == (50, 95, 99, 100)


def test_planted_factors_are_independent_and_heard():
    factors = planted()
    assert factors.shape == (400, 4) and np.abs(np.corrcoef(factors.T) - np.eye(4)).max() < 0.15
    for row, (low, high) in enumerate(zip(-0.9 * np.eye(4), 0.9 * np.eye(4))):
        few, much = (analysis.features(sound(np.where(np.eye(4)[row], f, [0, 0, 0, -0.6]), 3)) for f in (low, high))
        name = ("brightness", "length", "pitch", "noisiness")[row]
        assert much[name] > 1.2 * few[name], name
        assert few["loudness"] == pytest.approx(-26, abs=0.1)


def test_a_factor_is_found_only_by_an_axis_that_says_it_and_follows_it():
    factors = planted()
    axes = Axes.fit(factors * [2.0, 1.5, 1.2, 1.0])
    names = [AxisName("darker", "brighter", "brightness", 0.9), AxisName("longer", "shorter", "length", -0.8)]
    names += [AxisName(), AxisName("darker", "brighter", "pitch", 0.9)]
    order = np.abs(correlations(factors, axes.scores)).argmax(axis=1)  # which axis lies along each factor
    placed = [AxisName()] * 4
    for factor, name in zip((0, 1, 2, 3), names):
        placed[order[factor]] = name
    found = {one.factor: one for one in find(replace(axes, names=tuple(placed)), factors)}
    assert [one for one in FACTORS if found[one].rightly] == ["brightness", "decay"]
    assert found["decay"].does == -0.8 and found["noisiness"].axis == "" and found["pitch"].lies < 0.5 < found["pitch"].other


def counter(seconds: float) -> np.ndarray:
    return ((np.arange(round(seconds * 48_000)) + 1) / COUNTER).astype(np.float32)


@pytest.mark.parametrize(
    ("samples", "gaps", "milliseconds", "jumps"),
    [
        (np.tile(counter(2), 4), 0, 0, 0),
        (np.concatenate([np.zeros(999, np.float32), counter(3), np.zeros(9, np.float32)]), 0, 0, 0),
        (np.delete(counter(4), slice(100_000, 100_480)), 0, 0, 1),  # 10 ms lost
        (np.insert(counter(4), 100_000, counter(4)[99_520:100_000]), 0, 0, 1),  # 10 ms twice
        (np.zeros(5000, np.float32), 0, 0, 0),
    ],
)
def test_lost_sound_is_found(samples, gaps, milliseconds, jumps):
    _, found, ms, jumped = lost(samples)
    assert (found, ms, jumped) == (gaps, milliseconds, jumps)


def test_a_gap_is_found_with_its_length():
    samples = counter(4)
    samples[90_000:90_960] = 0
    seconds, gaps, ms, jumps = lost(samples)
    assert seconds == pytest.approx(4) and gaps == 1 and ms == pytest.approx(20) and jumps == 0


def test_a_click_is_a_large_step_and_a_drawn_way_stays_inside():
    tone = np.sin(np.linspace(0, 50, 48_000))[:, None].repeat(2, axis=1)
    clean = largest_step(tone)
    tone[20_000:] *= 0.2
    assert largest_step(tone) > 20 * clean and largest_step(np.zeros((0, 2))) == 0
    way = drawn(500)
    assert way.shape == (500, 2) and way.min() == 0 and way.max() == 1 and np.abs(np.diff(way, axis=0)).max() < 0.2
    assert (way == drawn(500)).all()


def test_sounds_of_two_devices_are_held_against_their_peak():
    one = np.linspace(-1, 1, 100, dtype=np.float32)
    assert apart(one, one) == -np.inf and apart(one, one[:-1]) == 0
    assert apart(one, one + np.float32(1e-4)) == pytest.approx(-80, abs=0.1)


def test_families_are_heard_as_wide_and_as_long_as_the_widest():
    one, two = Material(rate=22_050, channels=2, seconds=3.0), Material(rate=44_100, channels=1, seconds=1.0, slices="onset")
    assert common([one, two]) == common([two, one]) == Material(rate=44_100, channels=1, seconds=3.0)
    result = {"metrics": {"copies": 0.1, "seconds": 1.0}, "intervals": {"copies": (0.05, 0.2)}}
    assert [cell(result, name) for name in ("copies", "seconds", "kid")] == ["0.1 (0.05–0.2)", "1", ""]
    assert [between([]), between([0.5, 0.5]), between([0.7, 0.5])] == ["", "0.5", "0.5–0.7"]


def test_few_and_made_sounds_are_judged_on_others(monkeypatch):
    """Two kinds of pictures, bright above or below: made ones of the right kinds teach them, swapped ones unteach them."""
    monkeypatch.setattr(judge, "train", partial(judge.train, epochs=4))
    rng = np.random.default_rng(0)

    def pictures(count, swapped=False):
        labels = np.repeat([0, 1], count)
        images = 0.2 * rng.random((2 * count, 64, 12), np.float32)
        for image, label in zip(images, labels):
            image[32 * label : 32 * label + 32] += 0.7
        return images, (1 - labels if swapped else labels).astype(np.int64)

    held = pictures(10)
    assert both(pictures(6), held, pictures(8), 2, 3, 0) == (1, 1)
    assert accuracy(pictures(6, swapped=True), held, 2, 0) == 0
