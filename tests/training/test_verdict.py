from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from studio.events import Metric
from studio.training.curves import CLOCK, Curves
from studio.training.verdict import Evidence, Verdict, judge


def curve(total: float, points: int, end: float, fall: float, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A distance that falls exponentially from 1 to `end` with the time constant `fall` minutes."""
    t = np.linspace(total / points, total, points)
    y = end + (1 - end) * np.exp(-t / fall)
    return t, y * (1 + noise * np.random.default_rng(seed).standard_normal(points))


def say(t: Any, held: Any, train: Any = (), **more: Any) -> Verdict:
    """The verdict of these curves. `silent`, `copies`, `diversity` … are those of previews a minute apart."""
    heard = [name for name in ("silent", "clipped", "broken", "copies", "diversity") if name in more]
    count = len(more[heard[0]]) if heard else 0
    given = {name: np.array(value, float) for name, value in more.items() if name in heard}
    rest = {name: value for name, value in more.items() if name not in heard}
    return judge(Evidence(np.asarray(t), np.asarray(held), np.asarray(train), heard=np.arange(count), **given, **rest))


def test_nothing_is_said_too_early() -> None:
    for n in range(4):
        verdict = say(np.arange(n), np.ones(n), files=3)
        assert (verdict.word, verdict.offers, verdict.safe) == ("starting", (), False)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("total", [3, 12, 60])
def test_a_falling_distance_is_improving(total: float, seed: int) -> None:
    verdict = say(*curve(total, 24, 0.2, total / 1.5, 0.01, seed), files=66)
    assert verdict.word == "improving"
    assert verdict.sentence.startswith("Improving — held-out distance fell ") and "66 held-out sounds" in verdict.sentence
    assert verdict.change < -0.03 and verdict.offers == ("continue",)


@pytest.mark.parametrize("seed", range(8))
def test_a_distance_that_stays_is_flat(seed: int) -> None:
    assert say(*curve(60, 60, 0.3, 3, 0.01, seed), files=12).word == "flat"


def test_noise_alone_is_rarely_called_a_trend() -> None:
    t = np.linspace(0.5, 20, 20)
    words = [say(t, 0.3 * (1 + 0.03 * np.random.default_rng(s).standard_normal(20)), files=12).word for s in range(50)]
    assert words.count("flat") >= 40


@pytest.mark.parametrize("seed", range(4))
def test_a_little_is_slow(seed: int) -> None:
    t = np.linspace(1, 40, 40)
    y = 0.3 * (1 - 0.02 * (t - t[-1] + 13.3) / 13.3) * (1 + 0.001 * np.random.default_rng(seed).standard_normal(40))
    verdict = say(t, y, files=12)
    assert verdict.word == "slow" and "slower" in verdict.offers


@pytest.mark.parametrize("seed", range(4))
def test_held_out_rising_while_training_falls_is_overfitting(seed: int) -> None:
    t = np.linspace(1, 60, 60)
    noise = 1 + 0.01 * np.random.default_rng(seed).standard_normal(60)
    held = (0.4 + 0.6 * np.exp(-t / 5) + 0.004 * np.maximum(0, t - 20)) * noise
    train = 0.2 + 0.8 * np.exp(-t / 10)
    verdict = say(t, held, train, files=30)
    assert verdict.word == "overfitting" and verdict.safe and verdict.offers == ("stop", "best")
    assert "best moment is kept" in verdict.sentence
    assert say(t, held, held, files=30).word != "overfitting"


@pytest.mark.parametrize("seed", range(4))
def test_both_distances_rising_is_unstable(seed: int) -> None:
    t, y = curve(10, 40, 0.3, 2, 0.01, seed)
    y[-14:] *= np.linspace(1.2, 2, 14)
    verdict = say(t, y, 0.9 * y, files=12)
    assert verdict.word == "unstable" and verdict.offers[0] == "best" and "rose" in verdict.sentence
    assert say(t, y, np.minimum.accumulate(y), files=12).word == "overfitting"


def test_one_bad_measurement_changes_nothing() -> None:
    t, y = curve(10, 40, 0.3, 2, 0.0, 0)
    before = say(t, y, y)
    y[-1] *= 3
    assert say(t, y, y).word == before.word


def test_trouble_comes_first() -> None:
    t, y = curve(10, 20, 0.2, 5, 0.01, 0)
    assert say(t, y, rollbacks=1).word == "unstable" and say(t, y, rollbacks=1).offers == ("slower", "stop")
    assert say(t, y, impossible=0.3).word == "unstable" and "30%" in say(t, y, impossible=0.3).sentence
    assert say((), (), silent=[1, 0.75], sounds=12).word == "silent"
    assert "9 of 12 new sounds can't be heard" in say(t, y, silent=[1, 0.75], sounds=12).sentence
    assert "impossible" in say(t, y, silent=[0, 0], broken=[1, 1]).sentence
    assert "clipped" in say(t, y, silent=[0, 0], clipped=[1, 1]).sentence


def test_one_silent_preview_is_no_silent_model() -> None:
    t, y = curve(10, 20, 0.2, 5, 0.01, 0)
    for silent in ([1.0], [1.0, 0.2], [0.2, 1.0]):
        assert say(t, y, silent=silent).word == "improving"


def test_sounds_that_are_all_alike_are_a_collapse_unless_they_part() -> None:
    t, y = curve(10, 20, 0.2, 5, 0.01, 0)
    verdict = say(t, y, diversity=[0.8, 0.3, 0.2, 0.15], sounds=12)
    assert verdict.word == "collapsing" and "15%" in verdict.sentence and "12 sounds" in verdict.sentence
    assert verdict.offers == ("best", "slower", "stop")
    assert say(t, y, diversity=[0.1, 0.15, 0.2, 0.25]).word == "improving"  # a young model on its way
    assert say(t, y, diversity=[0.8, 0.3, 0.2, 0.6]).word == "improving"


def test_latents_that_rest_are_a_collapse() -> None:
    t, y = curve(10, 20, 0.2, 5, 0.01, 0)
    verdict = say(t, y, active=1.0, latents=64)
    assert verdict.word == "collapsing" and "1 of 64" in verdict.sentence
    assert say(t, y, active=20.0, latents=64).word == "improving"
    assert say(t, y, active=1.0, latents=2).word == "improving"
    assert say(t, y, active=None, latents=64).word == "improving"


def test_near_copies_are_copying() -> None:
    t, y = curve(10, 20, 0.2, 5, 0.01, 0)
    verdict = say(t, y, copies=[0, 0.25], sounds=16)
    assert verdict.word == "copying" and "4 of 16 new sounds" in verdict.sentence and verdict.safe
    assert say(t, y, copies=[0.25, 1 / 16], sounds=16).word == "improving"
    assert say(t, y, copies=[np.nan]).word == "improving"
    assert say(t, y, copies=[0, 0.25], sounds=16, twins=0.2).word == "improving"  # so many real sounds are twins as well


def test_a_long_flat_run_says_that_stopping_is_safe() -> None:
    t = np.linspace(1, 60, 60)
    y = np.where(t < 30, 1 - t / 60, 0.5 + 1e-4)
    verdict = say(t, y, files=12)
    assert "stopping is safe" in verdict.sentence and verdict.safe and verdict.offers[0] == "stop"
    assert verdict.flat == pytest.approx(31, abs=3) and "Flat for 3" in verdict.sentence


def test_impossible_numbers_in_a_curve_are_passed_over() -> None:
    t, y = curve(12, 24, 0.2, 8, 0.01, 0)
    y[5] = np.nan
    y[9] = np.inf
    assert say(t, y, y, files=66).word == "improving"


def test_the_evidence_is_what_the_curves_say() -> None:
    curves = Curves()
    for step in range(0, 60, 10):
        curves.add([Metric(step=step, name=CLOCK, value=step / 20)])
        held = [Metric(step=step, name=f"{side}/mel", value=v) for side, v in (("held-out", 1.0), ("training", 0.5))]
        curves.add(held if step else [])
        if step % 20 == 0:
            curves.add([Metric(step=step, name="new/silent", value=0.0), Metric(step=step, name="new/diversity", value=0.9)])
            curves.add([Metric(step=step, name="new/copies", value=0.5)] if step else [])
    curves.add([Metric(step=50, name="latent/active", value=7.0)])
    known = Evidence.of(curves, "held-out/mel", files=4, sounds=12, latents=8)
    assert known.minutes.tolist() == [0.5, 1.0, 1.5, 2.0, 2.5] and known.train.tolist() == [0.5] * 5
    assert known.heard.tolist() == [0.0, 1.0, 2.0] and known.active == 7
    assert np.isnan(known.copies[0]) and known.copies[1:].tolist() == [0.5, 0.5] and np.isnan(known.clipped).all()
    assert judge(known).word == "copying"
    alone = Evidence.of(curves, "training/mel")
    assert not len(alone.train) and alone.held.tolist() == [0.5] * 5


numbers = st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=12)


@settings(max_examples=60, deadline=None)
@given(held=numbers, shift=st.floats(0.1, 5), silent=numbers, diversity=numbers, active=st.none() | st.floats(0, 64))
@example(held=[], shift=1.0, silent=[1.0, math.inf], diversity=[0.0, 0.0], active=None)
def test_whatever_is_measured_there_is_a_sentence(
    held: list[float], shift: float, silent: list[float], diversity: list[float], active: float | None
) -> None:
    t = shift * np.arange(1, len(held) + 1)
    short = min(len(silent), len(diversity))
    with np.errstate(all="ignore"):
        verdict = say(
            t, held, held[::-1], silent=silent[:short], diversity=diversity[:short], active=active, latents=64, sounds=12
        )
    assert verdict.sentence.endswith(".") and verdict.flat >= 0
    assert len(set(verdict.offers)) == len(verdict.offers) and set(verdict.offers) <= {"continue", "slower", "best", "stop"}
    assert (verdict.word == "starting") == (not verdict.offers)


def test_without_held_out_sounds_the_sentence_says_so() -> None:
    for end, word in ((0.2, "improving"), (1.0, "flat")):
        t, y = curve(12, 24, end, 8, 0.0, 0)
        verdict = say(t, y, files=24, apart=False)
        assert verdict.word == word and "sounds it learns from" in verdict.sentence and "held-out" not in verdict.sentence


@pytest.mark.parametrize("level", [0.0, -5.0])
def test_a_measure_may_be_zero_or_negative(level: float) -> None:
    t, y = curve(12, 24, 0.2, 8, 0.0, 0)
    down, up = level + y, level + 1 - y
    assert say(t, down, down).word == "improving"
    assert say(t, up, up).word in ("flat", "unstable") and say(t, up, down).word == "overfitting"


def test_steps_that_burst_and_never_recover_are_unstable() -> None:
    t = np.arange(1, 13.0)
    y = np.where(t < 3, 1.2, 2.2 + 0.03 * (-1) ** t)
    assert say(t, y, y, burst=20.0, burst_at=2.5).word == "unstable"
    assert say(t, 0.9**t, 0.9**t, burst=20.0, burst_at=2.5).word == "improving"
    assert say(t, 2.2 + 0 * y, 2.2 + 0 * y, burst=20.0, burst_at=0.5).word == "unstable"
    calm = np.maximum(0.4, 0.8**t)
    assert say(t, calm, calm, burst=20.0, burst_at=6.5).word != "unstable"  # it did no harm
    curves = Curves()
    for step in range(30):
        norm = Metric(step=step, name="gradient/sound", value=50.0 if step == 10 else 1.0)
        curves.add([Metric(step=step, name=CLOCK, value=step / 10), norm])
    known = Evidence.of(curves, "held-out/mel")
    assert (known.burst, known.burst_at) == (50.0, 1.0)


def test_a_distance_that_jumps_and_goes_nowhere_is_unstable() -> None:
    t = np.arange(1, 25.0)
    y = 1 + 0.06 * (-1) ** t
    verdict = say(t, y, 0.9 * y)
    assert verdict.word == "unstable" and "jumps" in verdict.sentence and verdict.offers[0] == "slower"
    assert say(t, y, 1 + 0.06 * (-1) ** (t // 2)).word != "unstable"  # the two do not move together
    assert say(t, y * 0.9**t, y * 0.9**t).word == "improving"


@settings(max_examples=40, deadline=None)
@given(scale=st.floats(0.01, 100), seed=st.integers(0, 99), noise=st.floats(0, 0.05))
def test_the_unit_of_the_distance_does_not_matter(scale: float, seed: int, noise: float) -> None:
    t, y = curve(20, 30, 0.3, 6, noise, seed)
    assert say(t, y, 0.9 * y).word == say(t, scale * y, 0.9 * scale * y).word
