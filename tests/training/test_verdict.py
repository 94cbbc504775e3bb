from __future__ import annotations

import numpy as np
import pytest

from studio.training.verdict import judge


def curve(total: float, points: int, end: float, fall: float, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A distance that falls exponentially from 1 to `end` with the time constant `fall` minutes."""
    t = np.linspace(total / points, total, points)
    y = end + (1 - end) * np.exp(-t / fall)
    return t, y * (1 + noise * np.random.default_rng(seed).standard_normal(points))


def test_nothing_is_said_too_early() -> None:
    for n in range(4):
        assert judge(np.arange(n), np.ones(n), files=3).word == "starting"


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("total", [3, 12, 60])
def test_a_falling_distance_is_improving(total: float, seed: int) -> None:
    verdict = judge(*curve(total, 24, 0.2, total / 1.5, 0.01, seed), files=66)
    assert verdict.word == "improving"
    assert verdict.sentence.startswith("Improving — held-out distance fell ") and "66 held-out sounds" in verdict.sentence
    assert verdict.change < -0.03


@pytest.mark.parametrize("seed", range(8))
def test_a_distance_that_stays_is_flat(seed: int) -> None:
    assert judge(*curve(60, 60, 0.3, 3, 0.01, seed), files=12).word == "flat"


def test_noise_alone_is_rarely_called_a_trend() -> None:
    t = np.linspace(0.5, 20, 20)
    words = [judge(t, 0.3 * (1 + 0.03 * np.random.default_rng(s).standard_normal(20)), files=12).word for s in range(50)]
    assert words.count("flat") >= 40


@pytest.mark.parametrize("seed", range(4))
def test_a_little_is_slow(seed: int) -> None:
    t = np.linspace(1, 40, 40)
    y = 0.3 * (1 - 0.02 * (t - t[-1] + 13.3) / 13.3) * (1 + 0.001 * np.random.default_rng(seed).standard_normal(40))
    assert judge(t, y, files=12).word == "slow"


@pytest.mark.parametrize("seed", range(4))
def test_held_out_rising_while_training_falls_is_overfitting(seed: int) -> None:
    t = np.linspace(1, 60, 60)
    noise = 1 + 0.01 * np.random.default_rng(seed).standard_normal(60)
    held = (0.4 + 0.6 * np.exp(-t / 5) + 0.004 * np.maximum(0, t - 20)) * noise
    train = 0.2 + 0.8 * np.exp(-t / 10)
    verdict = judge(t, held, train, files=30)
    assert verdict.word == "overfitting"
    assert "best moment is kept" in verdict.sentence
    assert judge(t, held, held, files=30).word != "overfitting"


def test_trouble_comes_first() -> None:
    t, y = curve(10, 20, 0.2, 5, 0.01, 0)
    assert judge(t, y, rollbacks=1).word == "unstable"
    assert judge(t, y, impossible=0.3).word == "unstable"
    assert judge(t, y, silent=0.75).word == "silent"
    assert "75%" in judge(t, y, silent=0.75).sentence


def test_a_long_flat_run_says_that_stopping_is_safe() -> None:
    t = np.linspace(1, 60, 60)
    y = np.where(t < 30, 1 - t / 60, 0.5 + 1e-4)
    assert "stopping is safe" in judge(t, y, files=12).sentence


def test_impossible_numbers_in_a_curve_are_passed_over() -> None:
    t, y = curve(12, 24, 0.2, 8, 0.01, 0)
    y[5] = np.nan
    y[9] = np.inf
    assert judge(t, y, y, files=66).word == "improving"
