"""What holds for every step of every table, and how a step is read, checked and done to a stretch.

The tests walk the table: a new step is tested here by being in it.
"""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.audio import steps
from studio.audio.sound import Sound
from studio.audio.step import Parameter
from studio.errors import UsageError
from tests.audio.make import noise, ramp

MOMENTS = {"start": 0.02, "end": 0.08, "at": 0.05}
"""Seconds; where a step asks for a moment."""


def material(name: str) -> Sound:
    """Any sound that a step may bring in."""
    return noise(0.07, channels=2, rate=48_000)


def value(parameter: Parameter) -> Any:
    """Something a person might ask for."""
    if parameter.default is not None:
        return parameter.default
    if parameter.choices:
        return parameter.choices[0]
    wanted = MOMENTS.get(parameter.name, 0.5)
    low, high = parameter.low, parameter.high
    return min(max(wanted, wanted if low is None else low), wanted if high is None else high)


def example(name: str) -> dict[str, Any]:
    """A step of that name with what must be given."""
    kind = steps.STEPS[name]
    asked = {p.name: value(p) for p in kind.parameters if not p.optional and p.default is None}
    return {"do": name, **asked, **({"sound": "a"} if kind.material else {})}


def kept(name: str) -> bool:
    """Whether a step promises to keep the length."""
    return steps.STEPS[name].within and not steps.STEPS[name].rings


SOUNDS = {
    "silence": np.zeros((1, 4000)),
    "offset": np.full((1, 4000), 0.5),
    "square": np.tile(np.repeat([1.0, -1.0], 50), (2, 40)),
    "denormals": np.full((1, 4000), 1e-40),
    "loud": 100 * np.random.default_rng(0).standard_normal((1, 4000)),
    "nothing": np.zeros((1, 0)),
    "one frame": np.full((1, 1), 0.5),
    "two frames": np.array([[0.5, -0.5]]),
    "eight channels": np.random.default_rng(1).uniform(-0.5, 0.5, (8, 4000)),
}


@pytest.mark.parametrize("name", steps.STEPS)
def test_every_step_leaves_the_original_and_repeats_itself(name):
    sound = noise(0.2, channels=2)
    before = sound.samples.copy()
    result = steps.apply(sound, [example(name)], material)
    assert result.samples.dtype == np.float32 and result.rate == sound.rate and result.frames > 0
    assert np.array_equal(result.samples, steps.apply(sound, [example(name)], material).samples)
    assert np.array_equal(sound.samples, before)
    assert kept(name) <= (result.samples.shape == sound.samples.shape)


@pytest.mark.parametrize("kind", SOUNDS)
@pytest.mark.parametrize("name", steps.STEPS)
def test_every_step_bears_every_sound(name, kind):
    sound = Sound(SOUNDS[kind].astype(np.float32), 44_100)
    result = steps.apply(sound, [example(name)], material)
    assert np.isfinite(result.samples).all()
    assert kept(name) <= (result.samples.shape == sound.samples.shape)
    if kind == "silence" and not steps.STEPS[name].material:
        assert not result.samples.any()


@pytest.mark.parametrize("name", steps.STEPS)
def test_every_step_says_what_it_is(name):
    kind = steps.STEPS[name]
    assert kind.sentence[0].isupper() and not kind.sentence.endswith(".")
    for parameter in kind.parameters:
        assert parameter.help and not parameter.help[0].islower() and not parameter.help.endswith("."), parameter.name
        assert parameter.name not in ("do", "sound", "from", "to")
        if isinstance(parameter.default, int | float):
            assert parameter.low is None or parameter.low <= parameter.default
            assert parameter.high is None or parameter.default <= parameter.high
            assert not parameter.log or (parameter.low is not None and parameter.low > 0)
        elif parameter.default is not None:
            assert parameter.default in parameter.choices


@pytest.mark.parametrize("name", steps.STEPS)
def test_every_step_can_be_said_in_words(name):
    kind = steps.STEPS[name]
    whole = {"do": name, **({"sound": "a"} if kind.material else {}), **{p.name: value(p) for p in kind.parameters}}
    words = [name, *(f"{key}={content}" for key, content in whole.items() if key != "do")]
    assert steps.parse(" ".join(words)) == whole


def test_a_step_without_its_material_is_refused():
    with pytest.raises(UsageError, match="another sound"):
        steps.apply(ramp(), [{"do": "mix", "sound": "a"}])
    with pytest.raises(UsageError, match="another sound"):
        steps.check({"do": "mix"})


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("fade-out 50ms", {"do": "fade-out", "seconds": 0.05}),
        ("trim 0.1 1.2", {"do": "trim", "start": 0.1, "end": 1.2}),
        ("trim 100ms", {"do": "trim", "start": 0.1}),
        ("normalise -1dB", {"do": "normalise", "peak_db": -1.0}),
        ("normalise", {"do": "normalise"}),
        ("fade-in curve=linear seconds=10ms", {"do": "fade-in", "curve": "linear", "seconds": 0.01}),
        ("loudness -14LUFS", {"do": "loudness", "target": -14.0}),
        ("reverse", {"do": "reverse"}),
    ],
)
def test_words_become_steps(text, step):
    assert steps.parse(text) == step
    steps.apply(ramp(), [steps.parse(text)])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "polish",
        "gain",
        "gain 1s",
        "gain loud",
        "gain 1 2",
        "trim start=a",
        "trim -1",
        "fade-in curve=steep",
        "gain nandB",
        "gain speed=3",
    ],
)
def test_words_that_are_no_step_are_refused_in_words(text):
    with pytest.raises(UsageError) as caught:
        steps.parse(text)
    assert len(caught.value.message) > 20


@given(st.text(max_size=40))
def test_any_text_is_a_step_or_a_usage_error(text):
    with contextlib.suppress(UsageError):
        steps.parse(text)


@pytest.mark.parametrize(
    "step",
    [
        {},
        {"do": 3},
        {"do": "gain", "db": "loud"},
        {"do": "gain", "db": True},
        {"do": "gain", "db": float("nan")},
        {"do": "trim", "end": 1},
    ],
)
def test_steps_of_strangers_are_refused(step):
    with pytest.raises(UsageError):
        steps.apply(ramp(), [step])


@pytest.mark.parametrize("name", [name for name, step in steps.STEPS.items() if step.within])
def test_a_step_on_a_stretch_leaves_the_rest(name):
    sound = noise(1)
    found = steps.apply(sound, [{**example(name), "from": 0.25, "to": 0.5}], material)
    first, last = 11_025, 22_050
    assert np.array_equal(found.samples[:, :first], sound.samples[:, :first])
    if kept(name):
        assert found.frames == sound.frames
        assert np.array_equal(found.samples[:, last:], sound.samples[:, last:])
    whole = steps.apply(sound, [{**example(name), "from": 0.0}], material)
    assert np.array_equal(whole.samples, steps.apply(sound, [example(name)], material).samples)


def test_a_stretch_is_left_without_a_jump():
    flat = Sound(np.ones((1, 44_100), np.float32), 44_100)
    found = steps.apply(flat, [{"do": "gain", "db": -60, "from": 0.25, "to": 0.5}]).samples[0]
    assert np.abs(np.diff(found)).max() < 0.01 and found[16_000] == pytest.approx(0.001, rel=1e-3)


@pytest.mark.parametrize("name", sorted(steps.STEPS))
def test_a_step_that_is_switched_off_is_left_out(name):
    kind = steps.STEPS[name]
    step = {"do": name, **{p.name: value(p) for p in kind.parameters if not p.optional}}
    if kind.material:
        step["sound"] = "another"
    sound = ramp(100)
    assert steps.check(step | {"off": True}) == step | {"off": True} and steps.check(step | {"off": False}) == step
    assert steps.apply(sound, [step | {"off": True}]) is sound
    with pytest.raises(UsageError):
        steps.check(step | {"off": "yes"})
