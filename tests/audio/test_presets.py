"""Every preset and every chain is one that applies, is heard, and stays in its place."""

from __future__ import annotations

import numpy as np
import pytest

from studio.audio import effects, presets, repair, steps
from studio.audio.sound import Sound
from tests.audio.make import RATE, hit, noise

LOOP = Sound(
    np.tile(1.2 * hit(before=0.02, seconds=0.28).samples, (2, 2)) + noise(0.6, amplitude=0.005, channels=2).samples, RATE
)
ROOM = noise(0.2, seed=9)
NAMED = [(do, name) for do, named in presets.PRESETS.items() for name in named]


def test_every_effect_has_presets():
    assert set(presets.PRESETS) == {*effects.STEPS, *repair.STEPS}
    assert all(3 <= len(named) <= 6 for named in presets.PRESETS.values())
    assert len(presets.CHAINS) >= 12


@pytest.mark.parametrize(("do", "name"), NAMED)
def test_a_preset_applies_and_is_heard(do, name):
    step = {"do": do, **presets.PRESETS[do][name]}
    if steps.STEPS[do].material:
        step["sound"] = "room"
    found = steps.apply(LOOP, [step], lambda _: ROOM)
    assert np.isfinite(found.samples).all() and np.abs(found.samples).max() < 4
    assert do in repair.STEPS or not np.array_equal(found.samples, LOOP.samples)


@pytest.mark.parametrize("name", presets.CHAINS)
def test_a_chain_applies_and_fits_every_project(name):
    chain = presets.CHAINS[name]
    assert not any(steps.STEPS[step["do"]].material for step in chain)
    assert [steps.check(step) for step in chain] == list(chain)
    found = steps.apply(LOOP, chain)
    assert np.isfinite(found.samples).all() and 0.02 < np.abs(found.samples).max() < 4
