"""A timeline is, to the bit, what the same steps make of the samples, and reads no more than it is asked for."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from studio.audio import edit, files, steps
from studio.audio import timeline_steps as edits
from studio.audio.sound import Samples, Sound
from studio.audio.timeline import Timeline
from studio.audio.timeline_moves import peak
from tests.audio.make import noise
from tests.audio.test_steps import example as usual
from tests.audio.test_steps import material

RATE = 8000
SOUND = Sound(edit.fade_out(noise(4.0, channels=2, amplitude=0.3, rate=RATE), 3.0).samples, RATE)
MOMENT = st.floats(0, 5).map(lambda t: round(t, 4))
LEVEL = st.floats(-24, 12).map(lambda db: round(db, 2))
SEAM = st.floats(0, 0.1)
BLEND = st.sampled_from(["power", "linear"])
MADE: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "trim": st.fixed_dictionaries({"start": st.floats(0, 0.5), "end": st.floats(1, 5) | st.none()}),
    "cut": st.fixed_dictionaries({"start": MOMENT, "end": MOMENT}),
    "silence": st.fixed_dictionaries({"start": MOMENT, "end": MOMENT}),
    "trim-silence": st.fixed_dictionaries({"threshold": st.floats(-60, -3)}),
    "pad": st.fixed_dictionaries({"before": st.floats(0, 0.5), "after": st.floats(0, 0.5)}),
    "fade-in": st.fixed_dictionaries({"seconds": MOMENT, "curve": st.sampled_from(edit.CURVES)}),
    "fade-out": st.fixed_dictionaries({"seconds": MOMENT, "curve": st.sampled_from(edit.CURVES)}),
    "gain": st.fixed_dictionaries({"db": LEVEL}),
    "ramp": st.fixed_dictionaries({"start_db": LEVEL, "end_db": LEVEL}),
    "insert-silence": st.fixed_dictionaries({"at": MOMENT, "seconds": st.floats(0, 1)}),
    "insert": st.fixed_dictionaries({"at": MOMENT, "crossfade": SEAM, "blend": BLEND}),
    "replace": st.fixed_dictionaries({"start": MOMENT, "end": MOMENT, "crossfade": SEAM, "blend": BLEND}),
    "splice": st.fixed_dictionaries({"crossfade": SEAM, "blend": BLEND}),
    "mix": st.fixed_dictionaries({"at": MOMENT, "db": LEVEL, "beyond": st.sampled_from(["keep", "cut"])}),
    "repeat": st.fixed_dictionaries({"times": st.integers(1, 4), "start": MOMENT, "end": MOMENT | st.none()}),
    "normalise": st.fixed_dictionaries({"peak_db": st.floats(-20, 0)}),
}
PLACE = st.just({}) | st.fixed_dictionaries({"from": MOMENT, "to": MOMENT | st.none()})


@st.composite
def step(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(steps.STEPS)))
    values = draw(MADE.get(name, st.just({})))
    return {**usual(name), **values, **(draw(PLACE) if steps.STEPS[name].within else {})}


def same(timeline: Timeline, sound: Sound) -> bool:
    return timeline.rate == sound.rate and np.array_equal(timeline.sound().samples, sound.samples)


@settings(max_examples=200, deadline=None)
@given(st.lists(step(), max_size=6))
@example([{"do": "fade-in", "seconds": 3.0}, {"do": "cut", "start": 1, "end": 2}, {"do": "reverse", "from": 0.5, "to": 1.5}])
@example([{"do": "distortion"}, {"do": "silence", "start": 0.002, "end": 1.0}, {"do": "noise"}])
def test_steps_on_a_timeline_are_steps_on_samples(chain: list[dict[str, Any]]) -> None:
    made = edits.applied(Timeline.of(SOUND), chain, material)
    wanted = steps.apply(SOUND, chain, material)
    assert same(made, wanted)
    assert peak(made) == np.abs(wanted.samples).max(initial=0)


@pytest.mark.parametrize("name", steps.STEPS)
def test_every_step_is_known_to_a_timeline(name: str) -> None:
    assert same(edits.applied(Timeline.of(SOUND), [usual(name)], material), steps.apply(SOUND, [usual(name)], material))


@settings(max_examples=100, deadline=None)
@given(st.lists(step(), max_size=5), st.lists(st.integers(0, 40_000), min_size=2, max_size=6))
def test_any_part_is_read_as_of_the_whole(chain: list[dict[str, Any]], places: list[int]) -> None:
    made = edits.applied(Timeline.of(SOUND), chain, material)
    whole = made.sound().samples
    for start, frames in itertools.pairwise(places):
        assert np.array_equal(made.read(start, frames), whole[:, start : start + frames])
        assert np.array_equal(made.part(start, start + frames).sound().samples, whole[:, start : start + frames])


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_a_file_is_edited_where_it_lies(tmp_path: Path, subtype: files.Subtype, channels: int) -> None:
    path = files.write(tmp_path / "x.wav", noise(3.0, channels=channels, amplitude=0.4), subtype=subtype, dither=None)
    chain = [
        {"do": "cut", "start": 1.0, "end": 1.5},
        {"do": "fade-in", "seconds": 0.7},
        {"do": "reverse", "from": 0.2, "to": 1.1},
        {"do": "normalise"},
    ]
    assert same(edits.applied(Timeline.of(files.stored(path)), chain), steps.apply(files.read(path), chain))


class Counted:
    """A silent sound of any length that counts what is read of it."""

    rate, channels = 44_100, 2

    def __init__(self, seconds: float) -> None:
        self.frames, self.seconds, self.heard = round(seconds * self.rate), seconds, 0

    def read(self, start: int, frames: int) -> Samples:
        frames = max(0, min(frames, self.frames - start))
        self.heard += frames
        return np.full((2, frames), 0.25, np.float32)


@pytest.mark.parametrize(
    "one",
    [
        {"do": "cut", "start": 10, "end": 20},
        {"do": "trim", "start": 3, "end": 59},
        {"do": "gain", "db": 3, "from": 5, "to": 50},
        {"do": "reverse"},
        {"do": "fade-out", "seconds": 30},
        {"do": "pad", "before": 3, "after": 5},
        {"do": "normalise"},
        {"do": "silence", "start": 5, "end": 50},
    ],
)
def test_moving_pieces_reads_next_to_nothing(one: dict[str, Any]) -> None:
    source = Counted(60)
    whole = Timeline.of(source)
    source.heard = 0
    made = edits.apply(whole, one)
    assert isinstance(made, Timeline) and source.heard <= 4 * round(steps.SEAM * source.rate)


def test_what_must_be_computed_is_only_the_stretch() -> None:
    source = Counted(60)
    whole = Timeline.of(source)
    source.heard = 0
    made = edits.apply(whole, {"do": "remove-dc", "from": 10, "to": 12})
    assert isinstance(made, Timeline) and source.heard < 2.1 * source.rate
    task = edits.apply(whole, {"do": "remove-dc", "from": 10, "to": 40})
    assert isinstance(task, edits.Look) and task.frames == 30 * 44_100
    assert np.abs(task.done().read(20 * 44_100, 10)).max() < 1e-6


@pytest.mark.parametrize("name", ["stretch", "pitch", "varispeed"])
def test_a_step_that_changes_nothing_computes_nothing(name: str) -> None:
    timeline = Timeline.of(noise(11.0))
    assert edits.apply(timeline, {"do": name}) is timeline
    assert isinstance(edits.apply(timeline, {"do": name, **CHANGES[name]}), edits.Task)


CHANGES: dict[str, dict[str, float]] = {"stretch": {"seconds": 11.0}, "pitch": {"cents": 1.0}, "varispeed": {"speed": 1.01}}


def test_nothing_is_a_timeline_too() -> None:
    nothing = Timeline.of(Sound(np.zeros((2, 0), np.float32), RATE))
    assert nothing.frames == 0 and nothing.sound().samples.shape == (2, 0)
    assert peak(nothing) == 0
