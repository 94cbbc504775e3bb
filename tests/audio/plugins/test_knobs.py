"""What a plug-in's own 0…1 means, found from the texts it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.audio.plugins.knobs import LOOKS, MOST_CHOICES, Asked, knob

PLACES = np.linspace(0, 1, LOOKS)
ends = st.tuples(st.floats(-1000, 1000), st.floats(-1000, 1000)).filter(lambda pair: abs(pair[1] - pair[0]) > 1)


def asked(texts, unit="", default=0.5, name="Cut-off"):
    return Asked(3, name, unit, default, tuple(texts))


@settings(max_examples=60, deadline=None)
@given(ends, st.sampled_from(["dB", "%", "", "st"]), st.floats(0, 1))
def test_a_straight_parameter_is_its_two_ends(pair, unit, default):
    low, high = pair
    found = knob(asked([f"{low + place * (high - low):.6f} {unit}" for place in PLACES], default=default), ())
    assert found is not None and found.unit == unit and len(found.raws) == 2 and found.index == 3
    value = float(found.value(default))
    assert value == pytest.approx(low + default * (high - low), abs=1e-5 * abs(high - low))
    assert found.raw(value) == pytest.approx(default, abs=1e-4)
    parameter = found.parameter
    assert (parameter.low, parameter.high) == pytest.approx((min(pair), max(pair)), abs=1e-4) and not parameter.log
    assert parameter.default == value and parameter.name == "cut_off" and parameter.label == "Cut-off"


@settings(max_examples=60, deadline=None)
@given(st.floats(1, 100), st.floats(1.5, 4), st.booleans(), st.floats(0, 1))
def test_a_bent_parameter_is_what_its_texts_say_between_them_too(low, decades, falls, raw):
    high = low * 10**decades

    def meant(place):
        return low * (high / low) ** ((1 - place) if falls else place)

    found = knob(asked([f"{meant(place):.4f}" for place in PLACES], unit="Hz"), ())
    assert found is not None and found.parameter.log and found.unit == "Hz"
    assert float(found.value(raw)) == pytest.approx(meant(raw), rel=2e-3, abs=2e-6 * high)
    assert found.raw(meant(raw)) == pytest.approx(raw, abs=2e-3)


def test_units_that_change_on_the_way_are_one():
    hertz = [20 * 1000**place for place in PLACES]
    found = knob(asked([f"{hz:.1f} Hz" if hz < 1000 else f"{hz / 1000:.3f} kHz" for hz in hertz]), ())
    assert found is not None and found.unit == "Hz" and found.parameter.high == pytest.approx(20_000)
    assert found.raw(1000.0) == pytest.approx(np.log(50) / np.log(1000), abs=1e-3)
    seconds = [10 * 500**place for place in PLACES]
    found = knob(asked([f"{ms:.1f} ms" if ms < 1000 else f"{ms / 1000:.3f} s" for ms in seconds]), ())
    assert found is not None and found.unit == "ms" and found.parameter.high == pytest.approx(5000)


def test_an_end_in_words_goes_on_as_what_is_beside_it():
    texts = ["-inf dB", *(f"{-60 + 66 * place:.4f} dB" for place in PLACES[1:])]
    found = knob(asked(texts), ())
    assert found is not None and found.parameter.low == pytest.approx(-60, abs=0.01) and found.raw(-60.0) == pytest.approx(0)


def test_words_are_choices_each_at_a_place_where_the_plug_in_says_it():
    words = ("Soft", "Hard", "None")
    texts = [words[min(int(place * 3), 2)] for place in PLACES]
    found = knob(asked(texts, default=0.9), ())
    assert found is not None and found.parameter.choices == words and found.default == "None"
    for word in words:
        assert texts[round(found.raw(word) * (LOOKS - 1))] == word and found.value(found.raw(word)) == word
    switch = knob(asked(["0", "1"], default=0.0), ())
    assert switch is not None and switch.parameter.choices == ("off", "on") and switch.raw("on") == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=8), max_size=60) | st.lists(st.sampled_from(["1", "2 dB", "1e9", "−3", "x", ""]), max_size=60))
def test_whatever_a_plug_in_says_becomes_a_dial_that_can_be_turned_or_none(texts):
    found = knob(asked(texts, name="".join(texts[:1])), ("parameter",))
    if found is None:
        return
    parameter = found.parameter
    assert parameter.name.isascii() and parameter.label and parameter.default is not None
    if parameter.choices:
        assert 2 <= len(parameter.choices) <= MOST_CHOICES and parameter.default in parameter.choices
        assert all(0 <= found.raw(choice) <= 1 for choice in parameter.choices)
    else:
        assert parameter.low is not None and parameter.high is not None and parameter.low < parameter.high
        assert parameter.low <= float(parameter.default) <= parameter.high
        assert found.raw(parameter.low) in (0, 1) and found.raw(parameter.high) in (0, 1)


def test_names_never_meet():
    taken: set[str] = set()
    for _ in range(5):
        found = knob(asked(["0", "5"], name="From"), {"from", *taken})
        assert found is not None and found.key not in taken and found.key != "from"
        taken.add(found.key)
