"""The picture of an edited sound, composed from the pyramids of what it was made of, is the picture of its samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.audio import peaks
from studio.audio import timeline_steps as edits
from studio.audio.sound import Sound
from studio.audio.timeline import Timeline
from studio.audio.timeline_peaks import TimelinePeaks
from tests.audio.make import noise
from tests.audio.test_steps import material
from tests.audio.test_timeline import RATE, Counted, step

SOUND = noise(12.0, channels=2, amplitude=0.2, rate=RATE)


@settings(max_examples=100, deadline=None)
@given(
    chain=st.lists(step(), max_size=5),
    start=st.integers(-2000, 90_000),
    length=st.integers(1, 140_000),
    columns=st.integers(1, 300),
)
def test_a_view_never_hides_a_peak_and_shows_none_from_afar(
    chain: list[dict[str, Any]], start: int, length: int, columns: int
) -> None:
    made = edits.applied(Timeline.of(SOUND), chain, material)
    samples = made.sound().samples
    low, high, rms = TimelinePeaks(made).view(start, start + length, columns)
    assert len(low) == len(high) == len(rms) == columns
    edges = np.linspace(start, start + length, columns + 1)
    assert np.all(low <= high) and np.all(rms <= np.maximum(-low, high) * 1.0001 + 1e-6)
    for column in {0, columns // 3, columns // 2, columns - 1}:
        first, last = int(np.ceil(edges[column])), int(np.floor(edges[column + 1]))
        inside = samples[:, max(0, first) : max(0, last)]
        if first >= 0 and last <= made.frames and inside.size:
            assert low[column] <= inside.min() + 1e-5 and high[column] >= inside.max() - 1e-5
        if edges[column] >= made.frames or edges[column + 1] <= 0:
            assert low[column] == high[column] == rms[column] == 0


def test_one_piece_looks_as_its_pyramid() -> None:
    drawn, own = TimelinePeaks(Timeline.of(SOUND)), peaks.build(SOUND)
    for place in ((0, SOUND.frames, 100), (1000, 80_000, 50), (500, 700, 90)):
        for mine, other in zip(drawn.view(*place), own.view(*place)):
            assert np.allclose(mine, other, atol=1e-6)


@pytest.mark.parametrize("name", ["reverse", "gain", "cut"])
def test_an_edited_picture_is_near_the_truth(name: str) -> None:
    one: dict[str, Any] = {"do": name} | {"gain": {"db": -12.0}, "cut": {"start": 3.0, "end": 6.0}}.get(name, {})
    loud = np.array(SOUND.samples)
    loud[:, 40_000:] *= 0.1
    made = edits.applied(Timeline.of(Sound(loud, RATE)), [one])
    for mine, true in zip(TimelinePeaks(made).view(0, made.frames, 20), peaks.build(made.sound()).view(0, made.frames, 20)):
        assert np.abs(mine - true).mean() < 0.05 * np.abs(true).max()


def test_a_far_look_reads_no_samples() -> None:
    source = Counted(60)
    chain = [{"do": "cut", "start": at, "end": at + 0.1} for at in range(1, 40)] + [{"do": "fade-in", "seconds": 9}]
    made = edits.applied(Timeline.of(source), chain)
    source.heard = 0
    TimelinePeaks(made).view(0, made.frames, 1000)
    assert source.heard == 0
    TimelinePeaks(made).view(500_000, 500_900, 300)
    assert source.heard == 900
