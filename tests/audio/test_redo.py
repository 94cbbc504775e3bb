"""Steps that came with a file: done again exactly where they can be, named where not, and never trusted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.audio import redo as module
from studio.audio.redo import redo
from studio.audio.sound import Sound
from studio.audio.steps import apply

SIX: list[dict[str, Any]] = [
    {"do": "trim", "start": 0.01, "end": 0.4},
    {"do": "remove-dc"},
    {"do": "fade-in", "seconds": 0.02},
    {"do": "gain", "db": -3.0, "from": 0.1, "to": 0.2},
    {"do": "reverse"},
    {"do": "normalise", "peak_db": -2.0},
]


@pytest.fixture
def noise() -> Sound:
    return Sound(np.random.default_rng(3).normal(0, 0.2, (2, 22_050)).astype(np.float32), 44_100)


def test_what_can_be_done_is_done_bit_for_bit(noise: Sound) -> None:
    after = redo(noise, SIX)
    assert np.array_equal(after.sound.samples, apply(noise, SIX).samples)
    assert after.steps == tuple(SIX) and after.left == ()


def test_what_can_not_is_left_out_and_named(noise: Sound) -> None:
    steps = [SIX[0], {"do": "teleport", "to": 3}, {"do": "gain", "db": 1e999}, {"do": "gain", "db": 10**400}, {}, SIX[4]]
    after = redo(noise, steps)
    assert np.array_equal(after.sound.samples, apply(noise, [SIX[0], SIX[4]]).samples)
    assert [name for name, _ in after.left] == ["teleport", "gain", "gain", "?"] and after.steps == (SIX[0], SIX[4])
    assert all(reason for _, reason in after.left)


def test_steps_can_not_fill_the_memory(noise: Sound) -> None:
    after = redo(noise, [{"do": "reverse"}, {"do": "pad", "before": 600, "after": 600}, {"do": "gain", "db": 1}])
    assert after.steps == ({"do": "reverse"},) and [name for name, _ in after.left] == ["pad"]
    assert np.array_equal(after.sound.samples, noise.samples[:, ::-1])
    half = redo(noise, [{"do": "pad", "before": 500}] * 3)
    assert module.LONGEST > half.sound.seconds > 500 and len(half.steps) == len(half.left) == 1
    many = redo(noise, [{"do": "reverse"}] * (module.MOST + 7))
    assert len(many.steps) == module.MOST and len(many.left) == 1


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
strange = st.dictionaries(
    st.sampled_from(("do", "start", "end", "seconds", "db", "from", "to", "sound", "curve", "threshold")),
    anything | st.sampled_from(("gain", "trim", "cut", "fade-out", "pad", "reverse", "normalise")),
)


@settings(deadline=None, max_examples=200)
@given(steps=st.lists(strange, max_size=5))
def test_nothing_that_a_stranger_writes_breaks_it(steps: list[dict[str, Any]]) -> None:
    sound = Sound(np.linspace(-0.5, 0.5, 400, dtype=np.float32)[None], 8000)
    after = redo(sound, steps)
    assert len(after.steps) + len(after.left) <= len(steps) and after.sound.frames >= 1
    assert np.array_equal(redo(sound, after.steps).sound.samples, after.sound.samples)
