"""Grafts: what is kept is kept to the sample, the seam has no bump and no click, and the same comes out every time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.audio.graft import check, graft, onset, seam, splice
from studio.audio.sound import Sound
from studio.errors import UsageError
from tests.audio.make import RATE, hit, noise, sine


@pytest.mark.parametrize("before", [0.0, 0.02])
def test_the_attack_of_one_and_the_rest_of_the_other(before: float) -> None:
    donor, other = hit(180, 0.5), hit(700, 0.4, decay=0.2, before=before)
    made = graft(other, donor, "attack", 0.05)
    cut, half = onset(donor) + round(0.05 * RATE), round(0.005 * RATE)
    np.testing.assert_array_equal(made.samples[:, : cut - half], donor.samples[:, : cut - half])
    rest = other.samples[:, onset(other) + round(0.05 * RATE) + half :]
    scale = made.samples[:, cut + half :] / np.where(np.abs(rest) > 1e-3, rest, np.nan)
    assert made.frames == cut + half + rest.shape[1]
    assert np.nanstd(scale) < 1e-4 and 10 ** (-12 / 20) <= np.nanmean(scale) <= 10 ** (12 / 20)


def test_the_tail_stays_and_what_is_before_it_is_anothers() -> None:
    donor, other = hit(180, 0.8, decay=0.3), noise(0.3, amplitude=0.3)
    at = seam(donor, "tail")
    made = graft(other, donor, "tail", at)
    half = round(0.005 * RATE)
    tail = donor.samples[:, onset(donor) + round(at * RATE) + half :]
    np.testing.assert_array_equal(made.samples[:, -tail.shape[1] :], tail)


def test_a_sound_grafted_on_itself_is_itself_and_the_seam_of_two_alike_has_no_bump() -> None:
    tone = sine(200, 0.5)
    assert graft(tone, tone, "attack", 0.05) is tone
    shifted = Sound(np.roll(tone.samples, 0) * 0.999, RATE)
    made = splice(tone, shifted, 0.05)
    level = np.sqrt(np.convolve(made.samples[0] ** 2, np.ones(441) / 441, "valid"))
    assert level.max() / level.min() < 1.05


def test_the_seam_of_two_strangers_neither_clicks_nor_drops() -> None:
    one, two = noise(0.5, amplitude=0.1, seed=1), noise(0.5, amplitude=0.03, seed=2)
    made = splice(one, two, 0.1)
    level = np.sqrt(np.convolve(made.samples[0] ** 2, np.ones(882) / 882, "valid"))
    assert level.min() > 0.075 and level.max() < 0.13  # brought to one level, constant through the seam
    steps = np.abs(np.diff(made.samples[0]))
    assert steps.max() <= np.abs(np.diff(one.samples[0])).max() * 1.3


def test_a_stored_step_is_checked() -> None:
    assert check({"do": "graft", "part": "tail", "at": 0.1, "from": {}}) == ("tail", 0.1)
    for wrong in ({"part": "body"}, {"at": "0.1"}, {"at": float("nan")}, {"at": -1.0}, {"from": None}):
        with pytest.raises(UsageError, match="graft"):
            check({"do": "graft", "part": "tail", "at": 0.1, "from": {}, **wrong})


def test_two_kinds_of_sound_do_not_fit() -> None:
    with pytest.raises(ValueError, match="same rate"):
        splice(sine(100), sine(100, channels=2), 0.05)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 9000), st.integers(0, 9000), st.floats(0, 0.5), st.sampled_from(["attack", "tail"]), st.booleans())
def test_any_two_sounds_can_be_joined(one: int, two: int, at: float, part: str, silent: bool) -> None:
    rng = np.random.default_rng(one * 10007 + two)
    first = Sound(rng.uniform(-1, 1, (1, one)).astype(np.float32) * (not silent), RATE)
    second = Sound(rng.uniform(-1, 1, (1, two)).astype(np.float32), RATE)
    made = graft(first, second, part, at)  # type: ignore[arg-type]
    again = graft(first, second, part, at)  # type: ignore[arg-type]
    assert made.samples.dtype == np.float32 and np.isfinite(made.samples).all()
    assert made.samples.tobytes() == again.samples.tobytes()
    for each in (first, second):
        for which in ("attack", "tail"):
            assert 0 <= seam(each, which) < 10  # type: ignore[arg-type]
