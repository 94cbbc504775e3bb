"""Notes and velocities are read from names as people write them, and only where what was measured does not speak against it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.audio.pitch import note_name
from studio.library.notes import decide, written

NOTES = st.integers(24, 108)


@given(note=st.integers(12, 127), velocity=st.integers(1, 127), sign=st.sampled_from("_-"), id=st.sampled_from(["", "_004"]))
def test_numbers_are_note_and_velocity(note: int, velocity: int, sign: str, id: str) -> None:
    found = written(f"/s/guitar acoustic{id}{sign}{note:03d}{sign}{velocity:03d}.wav")
    assert found.notes["number"] == note and found.velocity == velocity


@given(note=NOTES, flat=st.booleans(), before=st.sampled_from(["Piano ", "piano-", "Upright_", "", "S. "]))
def test_note_names_are_notes(note: int, flat: bool, before: str) -> None:
    name = note_name(note, middle_c=4)
    if flat and "#" in name:
        name = note_name(note + 1, middle_c=4)
        name = name[0] + "b" + name[1:]
    assert written(f"/s/{before}{name}.wav").notes == {"name": float(note)}


@pytest.mark.parametrize(
    "name",
    [
        "808",
        "Kick 01",
        "C",
        "Kick C",
        "TR-909 A",
        "Loop 120 bpm",
        "Big4",
        "Cab4",
        "A10",
        "kick_001_002",
        "C44",
        "Snare-B",
        "v2",
    ],
)
def test_what_is_no_note_is_none(name: str) -> None:
    found = written(f"/s/Drums/{name}.wav")
    assert found.notes == {} and np.isnan(found.velocity)


@pytest.mark.parametrize(
    ("name", "velocity"),
    [
        ("Piano C4 vel90", 90),
        ("Piano C4 v100", 100),
        ("A0v7", np.nan),
        ("A0v12", np.nan),
        ("Piano.ff.A3", 112),
        ("a velvet", np.nan),
    ],
)
def test_velocities(name: str, velocity: float) -> None:
    assert written(f"/s/{name}.wav").velocity == pytest.approx(velocity, nan_ok=True)


@given(notes=st.lists(NOTES, min_size=1, max_size=12), middle=st.sampled_from([3, 4]), cents=st.floats(-0.3, 0.3))
def test_a_folder_tells_where_its_middle_c_is(notes: list[int], middle: int, cents: float) -> None:
    paths = [f"/s/Piano {note_name(note, middle_c=middle)}.wav" for note in notes]
    pitch, _ = decide(paths, [None] * len(notes), np.array(notes) + cents)
    assert pitch == pytest.approx(np.array(notes) + cents, abs=1e-4)


@given(notes=st.lists(NOTES, min_size=3, max_size=12), at=st.integers(0, 2), wrong=st.sampled_from([-12.0, 12.0, 3.0, np.nan]))
def test_one_that_was_misheard_is_put_right(notes: list[int], at: int, wrong: float) -> None:
    heard = np.array(notes, float)
    heard[at] += wrong
    pitch, velocity = decide([f"/s/x_{n:03d}_100.wav" for n in notes], [None] * len(notes), heard)
    assert pitch.tolist() == notes and velocity.tolist() == [100.0] * len(notes)


@given(heard=st.lists(st.floats(30, 90), min_size=4, max_size=12, unique=True))
def test_takes_that_look_like_notes_are_not_believed(heard: list[float]) -> None:
    hits = np.array(heard)
    names = [note_name(round(h) + 3 + 12 * (i % 3), middle_c=4) for i, h in enumerate(heard)]
    pitch, _ = decide([f"/s/Tom {n}.wav" for n in names], [None] * len(hits), hits)
    assert pitch == pytest.approx(hits)


def test_a_chunk_goes_before_the_name_unless_nobody_filled_it_in() -> None:
    paths = ["/s/Pad C4.wav", "/s/Pad D4.wav", "/s/Pad E4.wav"]
    heard = np.array([60.1, 62.1, np.nan])
    assert decide(paths, [48.0, 50.0, 52.0], heard)[0].tolist() == [48.0, 50.0, 52.0]
    assert decide(paths, [60.0] * 3, heard + 1)[0] == pytest.approx(np.array([61.1, 63.1, np.nan]), nan_ok=True)
    assert decide(["/s/a.wav"], [60.0], np.array([np.nan]))[0] == pytest.approx([np.nan], nan_ok=True)
    assert decide(["/s/a.wav"], [55.0], np.array([np.nan]))[0].tolist() == [55.0]


def test_folders_may_be_notes() -> None:
    paths = ["/s/F#2/soft.wav", "/s/F#2/hard.wav", "/s/G2/soft.wav"]
    assert decide(paths, [None] * 3, np.array([np.nan, 42.0, 43.0]))[0].tolist() == [42.0, 42.0, 43.0]
