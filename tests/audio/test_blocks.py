"""An edit that works block by block gives the same samples whatever the blocks are, and keeps no more than a few of them."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.audio import blocks, repair, steps
from studio.audio.blocks import Blockwise
from studio.audio.sound import Samples, Sound
from studio.audio.step import Parameter
from tests.audio.make import noise, sine

TABLE = {name: kind for name, kind in steps.STEPS.items() if isinstance(kind.function, Blockwise)}
ROUNDED = {"convolution": 1e-6, "transients": 1e-6, "remove-drift": 1e-6}
"""Steps whose sums depend on where blocks begin, and by how much at most; all others are the same to the bit."""
ROOM = noise(0.3, channels=2, amplitude=0.2, rate=8000, seed=5)


def values(draw: st.DrawFn, parameter: Parameter) -> Any:
    if parameter.choices:
        return draw(st.sampled_from(parameter.choices))
    low, high = parameter.low, parameter.high
    if parameter.name == "tail":
        high = 0.5
    return draw(st.floats(low, high)) if low is not None and high is not None else parameter.default


@st.composite
def asked(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    name = draw(st.sampled_from(sorted(TABLE)))
    chosen = [p for p in TABLE[name].parameters if not p.optional and draw(st.booleans())]
    return name, {p.name: values(draw, p) for p in chosen} | ({"material": ROOM} if TABLE[name].material else {})


@st.composite
def sounds(draw: st.DrawFn) -> Sound:
    """Hits, rests and noise in two channels that differ."""
    frames = draw(st.integers(0, 12_000))
    samples = noise(1.5, channels=2, amplitude=0.5, rate=8000, seed=draw(st.integers(0, 9))).samples[:, :frames].copy()
    for start, end in pairwise(sorted(draw(st.lists(st.integers(0, 12_000), max_size=4)))):
        samples[:, start:end] *= np.float32(draw(st.sampled_from([0.0, 1e-3, 2.0])))
    return Sound(samples, 8000)


@settings(max_examples=80, deadline=None)
@given(asked(), sounds(), st.integers(50, 13_000))
def test_the_blocks_do_not_matter(step: tuple[str, dict[str, Any]], sound: Sound, size: int) -> None:
    name, values = step
    function: Any = TABLE[name].function
    whole = function(sound, **values).samples
    parts = list(function.blocks(sound, size, **values))
    found = np.concatenate([whole[:, :0], *parts], axis=1)
    assert found.shape == whole.shape and found.dtype == np.float32
    if name in ROUNDED:
        assert np.allclose(found, whole, rtol=1e-5, atol=ROUNDED[name] * (1 + np.abs(whole).max(initial=0)))
    else:
        assert np.array_equal(found, whole)


@pytest.mark.parametrize("name", ["clicks", "declip"])
def test_a_recording_is_mended_in_portions_as_in_one_go(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.clip(sine(180, 2.0, amplitude=0.62, rate=8000).samples, -0.6, 0.6)
    if name == "clicks":
        samples = sine(180, 2.0, amplitude=0.3, rate=8000).samples + noise(2.0, amplitude=0.002, rate=8000).samples
        samples[:, 501::1500] += 0.5
    sound, function = Sound(samples.astype(np.float32), 8000), TABLE[name].function
    whole = function(sound).samples
    for module in (repair.clicks, repair.clipping):
        monkeypatch.setattr(module, "AT_ONCE", 0.5)
        monkeypatch.setattr(module, "MARGIN", 0.2)
    made = function(sound).samples
    assert np.array_equal(np.concatenate(list(function.blocks(sound, 777)), axis=1), made)  # type: ignore[attr-defined]
    moved = np.abs(whole - samples).max()
    assert moved > 0.01 and np.abs(made - whole).max() < 0.2 * moved  # what is written at once begins elsewhere


class Long:
    """Two minutes of noise that are nowhere."""

    rate, channels, frames, seconds = 44_100, 2, 120 * 44_100, 120.0

    def __init__(self) -> None:
        self._noise = np.random.default_rng(0).standard_normal((2, 1 << 18)).astype(np.float32) * np.float32(0.1)

    def read(self, start: int, frames: int) -> Samples:
        return self._noise[:, np.arange(start, min(start + frames, self.frames)) % (1 << 18)]


@pytest.mark.parametrize("name", ["reverb", "compressor", "gate"])
def test_no_more_than_a_few_blocks_are_held(name: str) -> None:
    function: Any = TABLE[name].function
    long, size = Long(), 1 << 16
    tracemalloc.start()
    try:
        frames = sum(block.shape[1] for block in function.blocks(long, size))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert frames >= long.frames and most < 24 * 8 * size


@given(st.lists(st.integers(0, 20), max_size=8), st.integers(1, 9), st.integers(0, 12), st.integers(0, 12))
def test_streams_are_cut_and_joined_without_loss(lengths: list[int], size: int, before: int, after: int) -> None:
    edges = np.cumsum([0, *lengths])
    whole = np.arange(edges[-1], dtype=np.float64)[None]

    def stream() -> list[Samples]:
        return [whole[:, a:b] for a, b in pairwise(edges)]

    cut = list(blocks.sized(stream(), size))
    assert all(block.shape[1] == size for block in cut[:-1])
    assert np.array_equal(np.concatenate([whole[:, :0], *cut], axis=1), whole)
    pairs = list(blocks.together(stream(), cut))
    assert all(np.array_equal(a, b) for a, b in pairs) and sum(a.shape[1] for a, _ in pairs) == edges[-1]
    given_ = 0
    for piece, first, last in blocks.around(stream(), before, after):
        assert piece[0, first] == given_ and first >= min(before, given_)
        assert piece.shape[1] - last >= min(after, edges[-1] - given_ - (last - first))
        given_ += last - first
    assert given_ == edges[-1]
