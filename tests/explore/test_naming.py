from collections.abc import Iterator

import numpy as np
import pytest

from studio.audio.sound import Sound
from studio.events import Finished, Produced, Progress, Started
from studio.explore import naming
from studio.explore.axes import Axes
from studio.explore.naming import Walk, effects, named, starts, stops, walk

RATE = 22050


def struck(z: np.ndarray, row: int = 0) -> Sound:
    """A sound whose brightness follows z₀ and whose length follows z₁; z₂ does nothing, z₃ silences it."""
    seconds = 0.25 * 2.0 ** float(np.clip(z[1], -3, 1.5))
    time = np.arange(round(seconds * RATE)) / RATE
    corner = 800 * 2.0 ** float(np.clip(0.8 * z[0], -3, 3))
    partials = np.arange(1, 40)
    tone = (1 / (1 + (partials * 220 / corner) ** 2)) @ np.sin(2 * np.pi * 220 * partials[:, None] * time)
    tone *= np.exp(-6.9 * time / seconds)
    tone *= 0.0 if z[3] > 0.35 else 4 / np.sqrt(np.square(tone).sum())  # all equally loud
    return Sound(tone[None].astype(np.float32), RATE)


def latents(seed: int = 0, count: int = 300) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 5)) * [1.5, 1.0, 0.6, 0.1, 0.05]


def heard_along(axes: Axes, points: np.ndarray, anchors: int = 6) -> Walk:
    found = [event.value for event in walk(axes, points, struck, anchors=anchors) if isinstance(event, Produced)]
    assert len(found) == 1 and isinstance(found[0], Walk)
    return found[0]


def invented(k: int, values: dict[str, np.ndarray]) -> Walk:
    return Walk(np.zeros((k, 5)), np.ones(k), np.zeros((8, k, 7, 5)), values, np.zeros((0, 5)), {})


@pytest.fixture(autouse=True, scope="module")
def quick() -> Iterator[None]:
    """A few of the sounds as they are do for these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(naming, "SAID", 60)
        yield


@pytest.fixture(scope="module")
def walked() -> tuple[Axes, Walk]:
    axes = Axes.fit(latents(), k=3)
    return axes, heard_along(axes, latents())


def test_axes_are_named_by_what_they_do(walked):
    axes, heard = walked
    found = named(axes, heard)
    assert [name.descriptor for name in found.names] == ["brightness", "length", None]
    assert found.titles()[2] == "Axis 3"
    for name in found.names[:2]:
        assert abs(name.r) > 0.95
    # the words stand at the ends where they belong, and nothing moved
    words = {"brightness": ("darker", "brighter"), "length": ("shorter", "longer")}
    for i, name in enumerate(found.names[:2]):
        ends = [struck(axes.unproject(np.eye(3)[i] * s, latents()[0])) for s in (-1, 1)]
        grows = naming.measure(ends[1])[name.descriptor] > naming.measure(ends[0])[name.descriptor]
        low, high = words[name.descriptor]
        assert (name.low, name.high) == ((low, high) if grows else (high, low)) and (name.r > 0) == grows
    assert found.components is axes.components and found.scores is axes.scores


def test_a_walk_keeps_everything_else_of_its_start(walked):
    axes, heard = walked
    rows = starts(latents(), 6)
    assert heard.latents.shape == (6, 3, 7, 5) and len(set(rows)) == 6
    for a, row in enumerate(rows):
        before = axes.project(latents()[row])
        for k in range(3):
            after = axes.project(heard.latents[a, k])
            np.testing.assert_allclose(after[:, k], stops(), atol=1e-9)
            others = [i for i in range(3) if i != k]
            np.testing.assert_allclose(after[:, others], np.tile(before[others], (7, 1)), atol=1e-9)


def test_work_tells_its_progress_and_ends(walked):
    axes, _ = walked
    events = list(walk(axes, latents(), struck, None, 2, 5))
    assert isinstance(events[0], Started) and events[0].total == 2 * 3 * 5 + naming.SAID and isinstance(events[-1], Finished)
    assert [e.done for e in events if isinstance(e, Progress)] == list(range(1, 31 + naming.SAID))


def test_what_differs_between_sounds_but_not_along_an_axis_proves_nothing():
    rng = np.random.default_rng(1)
    heard = invented(2, {"loudness": np.broadcast_to(rng.normal(-20, 5, (8, 1, 1)), (8, 2, 7)).copy()})
    found = effects(heard)["loudness"]
    assert (found.r == 0).all() and (found.change == 0).all() and found.share(0) == 0


@pytest.mark.parametrize(
    ("growth", "noise", "known", "name"),
    [(1.0, 0.1, 8, "loudness"), (1.0, 0.1, 1, None), (0.02, 1.0, 8, None), (0.0, 0.0, 8, None), (0.2, 0.0, 8, None)],
)
def test_a_name_needs_a_change_that_is_sure_and_can_be_heard(growth, noise, known, name):
    rng = np.random.default_rng(2)
    values = -20 + 3 * rng.standard_normal((8, 1, 1)) + growth * stops() + noise * rng.standard_normal((8, 1, 7))
    values[known:] = np.nan
    axes = Axes.fit(latents(), k=1)
    assert named(axes, invented(1, {"loudness": values})).names[0].descriptor == name


def test_the_clearest_axis_is_served_first_the_next_is_named_by_what_else_it_does_and_the_users_name_stays():
    axes = Axes.fit(latents(), k=3).renamed(1, "Glass")
    rise = np.broadcast_to(np.exp(stops() / 3), (8, 7))
    bright = 1000 * np.stack([rise, rise**0.8, 1 / rise**0.6], axis=1)
    loud = -20 + 6 * np.log(np.stack([rise**0, rise**0.7, rise**0], axis=1))
    found = named(axes, invented(3, {"brightness": bright, "loudness": loud}))
    assert found.titles() == ("darker ↔ brighter", "Glass", "brighter ↔ darker")
    assert [name.descriptor for name in found.names] == ["brightness", "loudness", "brightness"]


def test_silence_and_doubtful_pitch_say_nothing():
    assert naming.measure(Sound(np.zeros((1, 4000), np.float32), RATE)) == {}
    hiss = np.random.default_rng(0).standard_normal((1, 8000)).astype(np.float32) * 0.1
    assert np.isnan(naming.measure(Sound(hiss, RATE))["pitch"])
    assert naming.measure(struck(np.zeros(5)))["pitch"] == pytest.approx(57, abs=0.2)


def test_a_walk_fits_the_same_axes_in_another_order_and_no_others(walked):
    axes, heard = walked
    before = named(axes, heard)
    aligned = axes.align(Axes.fit(latents() * [-1, 1, 1, 1, 1])).align(Axes.fit(latents(), k=3))
    flipped = Axes(
        axes.mean, -axes.components[[1, 0, 2]], -axes.readers[[1, 0, 2]], axes.sigma[[1, 0, 2]], axes.names,
        -axes.scores[:, [1, 0, 2]], axes.spread[[1, 0, 2]],
    )  # fmt: skip
    for other in (axes, aligned, flipped):
        again = heard.along(other)
        assert again is not None
        np.testing.assert_allclose(
            other.project(again.latents[2, 1]).T[1], stops(), atol=1e-9
        )  # the points lie on the other's second axis, low to high
    turned = named(flipped, heard.along(flipped))
    assert turned.names[0].r == -before.names[1].r and turned.names[0].low == before.names[1].high
    assert heard.along(Axes.fit(latents(5), k=3)) is None
    assert heard.along(Axes.fit(latents(), k=2)) is None


def test_a_kept_walk_is_taken_again_and_a_broken_or_foreign_one_is_not(tmp_path, walked):
    axes, _ = walked
    path = tmp_path / "cache" / "axes.npz"
    calls: list[int] = []

    def render(z: np.ndarray, row: int) -> Sound:
        calls.append(row)
        return struck(z, row)

    def take(axes: Axes = axes) -> Walk:
        return next(e.value for e in walk(axes, latents(), render, path, 2, 3) if isinstance(e, Produced))

    first = take()
    once = 2 * 3 * 3 + naming.SAID
    assert len(calls) == once
    again = take()
    assert len(calls) == once and named(axes, again).titles() == named(axes, first).titles()
    np.testing.assert_array_equal(again.values["brightness"], first.values["brightness"])
    np.testing.assert_allclose(again.latents, first.latents, atol=1e-5)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    take()
    assert len(calls) == 2 * once
    take(Axes.fit(latents(5), k=3))
    assert len(calls) == 3 * once
    path.write_bytes(b"")
    take()
    path.unlink()
    path.mkdir()
    take()  # it can't be kept, and is there all the same
    assert len(calls) == 5 * once


def test_sliders_learnt_from_a_walk_do_what_is_asked(walked):
    _, heard = walked
    sliders = heard.descriptors()
    assert {"brightness", "length"} <= set(sliders.names)
    errors = []
    for start in latents()[:10]:
        for name in ("brightness", "length"):
            low, high = sliders.span[name]
            for target in np.linspace(low, high, 4):
                got = naming.measure(struck(sliders.move(start, name, target)))[name]
                errors.append(abs(np.log(got) - target) / (high - low))
    assert np.mean(errors) < 0.1
