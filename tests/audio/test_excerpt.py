"""An excerpt is what the whole would be there."""

from __future__ import annotations

import numpy as np
import pytest

from studio.audio import effects, steps
from studio.audio.excerpt import excerpt
from studio.audio.sound import Sound
from tests.audio.make import hit, noise

ROOM = noise(0.2, amplitude=0.3, seed=9, rate=16_000)
RATE = 16_000
LONG = Sound(np.tile(hit(rate=RATE).samples, (2, 24)) + noise(12, amplitude=0.01, channels=2, rate=RATE).samples, RATE)
MOVING = ("chorus", "phaser", "tremolo")  # where their waves stand at a moment is told by the length before it


def error(found: Sound, whole: Sound, at: float) -> float:
    first = round(at * RATE)
    expected = whole.samples[:, first : first + found.frames]
    assert found.samples.shape == expected.shape
    return 20 * np.log10(np.abs(found.samples - expected).max() / np.abs(expected).max() + 1e-10)


@pytest.mark.parametrize("do", [do for do in effects.STEPS if do not in MOVING])
@pytest.mark.parametrize("at", [0.0, 3.1, 7.0])
def test_an_excerpt_is_the_whole_there(do, at):
    step = {
        "do": do,
        **({"sound": "room"} if effects.STEPS[do].material else {}),
        **({"rate": 4000} if do == "bit-crush" else {}),
    }
    whole = steps.apply(LONG, [step], lambda _: ROOM)
    found = excerpt(LONG, [step], at, 1.5, lambda _: ROOM)
    assert found.seconds == pytest.approx(1.5)
    assert error(found, whole, at) < -50


@pytest.mark.parametrize(
    "stretch", [{"from": 6.5}, {"from": 1.0, "to": 7.5}, {"to": 8.2}, {"from": 0.5, "to": 2.0}, {"from": 11.0}]
)
def test_a_stretch_is_where_it_was(stretch):
    chain = [{"do": "trim", "start": 0.5}, {"do": "low-pass", "hz": 500.0, **stretch}, {"do": "reverb", "size": 0.1, **stretch}]
    assert error(excerpt(LONG, chain, 7.0, 1.5), steps.apply(LONG, chain), 7.0) < -50


def test_an_excerpt_after_the_end_is_what_rings():
    chain = [{"do": "delay", "time": 400.0, "tail": 2.0}]
    whole = steps.apply(LONG, chain)
    found = excerpt(LONG, chain, 11.9, 0.9)
    assert error(found, whole, 11.9) < -50
    assert excerpt(LONG, chain, 60, 1).frames == 0
