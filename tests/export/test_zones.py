"""An instrument's plan: every key at every velocity plays exactly one sound or the turns of one place, edges midway."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.export import zones
from studio.export.zones import LAST, Source

SOURCES = st.lists(
    st.builds(
        Source,
        root=st.floats(0, 127),
        velocity=st.none() | st.integers(0, 127).map(float),
        loudness=st.none() | st.floats(-60, 0),
    ),
    min_size=1,
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(SOURCES, st.sampled_from(["auto", "loudness", "turns"]))
def test_every_key_at_every_velocity_plays_one_sound_or_the_turns_of_one_place(sources, together):
    plan = zones.pitched(sources, together)
    assert sorted(zone.source for zone in plan) == list(range(len(sources)))
    edges = sorted({zone.low for zone in plan} | {zone.high for zone in plan} | {0, 60, LAST})
    strokes = sorted({zone.soft for zone in plan} | {zone.hard for zone in plan} | {0, 64, LAST})
    for key, velocity in itertools.product(edges, strokes):
        here = [zone for zone in plan if zone.low <= key <= zone.high and zone.soft <= velocity <= zone.hard]
        assert here and {zone.turns for zone in here} == {len(here)}
        assert sorted(zone.turn for zone in here) == list(range(1, len(here) + 1))


@settings(deadline=None, max_examples=60)
@given(SOURCES)
def test_each_key_plays_the_nearest_root(sources):
    plan = zones.pitched(sources)
    roots = sorted({zone.root for zone in plan})
    for zone in plan:
        for key in (zone.low, zone.high):
            assert abs(key - zone.root) == min(abs(key - root) for root in roots)
        assert zone.low <= zone.root <= zone.high


@settings(deadline=None)
@given(SOURCES)
def test_at_its_root_a_sound_is_in_tune(sources):
    for zone in zones.pitched(sources):
        assert (sources[zone.source].root or 0) + zone.tune / 100 == pytest.approx(zone.root, abs=1e-4)
        assert abs(zone.tune) <= 50.01


def test_velocities_become_layers_and_equal_ones_take_turns():
    at = [Source(60.0, velocity) for velocity in (100.0, 40.0, 100.0)] + [Source(72.0, 90.0)]
    found = {zone.source: zone for zone in zones.pitched(at)}
    assert (found[1].soft, found[1].hard, found[1].turns) == (0, 70, 1)
    assert [(found[i].soft, found[i].hard, found[i].turn, found[i].turns) for i in (0, 2)] == [(71, 127, 1, 2), (71, 127, 2, 2)]
    assert (found[0].low, found[0].high, found[3].low, found[3].high) == (0, 66, 67, 127)
    assert {zone.turns for zone in zones.pitched(at, "turns")} == {1, 3}
    unknown = [Source(60.0, 100.0), Source(60.0)]
    assert {(zone.soft, zone.hard, zone.turns) for zone in zones.pitched(unknown)} == {(0, 127, 2)}


def test_loudness_makes_layers_from_the_softest_up():
    plan = zones.pitched([Source(60.0, loudness=level) for level in (-10.0, -30.0, -20.0)], "loudness")
    assert [(zone.source, zone.soft, zone.hard) for zone in plan] == [(1, 0, 42), (2, 43, 84), (0, 85, 127)]
    many = zones.pitched([Source(60.0, loudness=-float(i)) for i in range(200)], "loudness")
    assert len(many) == 200 and all(zone.soft <= zone.hard for zone in many)


def test_drums_have_a_key_each_at_their_own_pitch():
    plan = zones.drums([Source()] * 100, first=36)
    assert [zone.low for zone in plan][:92] == list(range(36, 128)) and plan[92].low == 35
    assert all(zone.low == zone.high == zone.root and not zone.follows and not zone.tune for zone in plan)
    assert len({zone.low for zone in zones.drums([Source()] * 128)}) == 128
    with pytest.raises(ValueError):
        zones.drums([Source()] * 129)


def test_a_sound_without_a_root_has_no_place_among_notes():
    with pytest.raises(ValueError):
        zones.pitched([Source(60.0), Source()])
