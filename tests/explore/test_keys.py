"""Which computer key is which note, on every system, and what velocity does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.explore.keys import LAYERS, LETTERS, OFFSETS, OWN, PLACES, ROOM, STEADY, Touch, layer_of, offset_of, velocity_of


def test_two_rows_are_two_octaves_of_a_piano() -> None:
    assert [LETTERS[key] for key in "ZSXDCVGBHNJM"] == list(range(12))
    assert [LETTERS[key] for key in "Q2W3ER5T6Y7UI9O0P"] == list(range(12, 29))
    assert not {"1", "4", "8", "A", "F", "K", "L"} & LETTERS.keys()  # no black keys there; K and L have other work


@pytest.mark.parametrize(("system", "z", "q"), [("x11", 52, 24), ("windows", 44, 16), ("mac", 6, 12)])
def test_positions_tell_the_note_whatever_is_printed(system: str, z: int, q: int) -> None:
    assert offset_of(system, z, "Y") == 0 and offset_of(system, q, "A") == 12  # type: ignore[arg-type]
    assert sorted(PLACES[system].values()) == list(range(29))  # type: ignore[index]
    assert offset_of(system, 999, "Z") is None  # type: ignore[arg-type]


def test_without_a_position_the_letter_counts() -> None:
    assert offset_of(None, 52, "q") == 12 and offset_of("x11", 0, "M") == 11 and offset_of(None, 0, "K") is None


@given(st.integers(-5, 200), st.sampled_from(["none", "loudness", "axis", "model"]))
def test_any_velocity_has_a_layer_and_a_gain(velocity: int, kind: str) -> None:
    touch = Touch(kind)  # type: ignore[arg-type]
    assert 0 <= touch.layer(velocity) < LAYERS and 0 < touch.gain(velocity) <= ROOM
    assert Touch("loudness").gain(velocity) <= Touch("loudness").gain(velocity + 1)


def test_keys_without_velocity_play_the_sound_itself() -> None:
    assert OFFSETS[layer_of(STEADY)] == 0 == OFFSETS[OWN]
    assert [layer_of(velocity_of(layer)) for layer in range(LAYERS)] == list(range(LAYERS))
    assert Touch("loudness").layer(3) == Touch("loudness").layer(127) == 0
