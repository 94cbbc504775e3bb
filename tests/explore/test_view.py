"""The neighbour view keeps neighbours, moves without jumps, stays where it was, and can be ended."""

from __future__ import annotations

import multiprocessing
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.errors import ModelError
from studio.events import Finished, Produced, Progress
from studio.explore import view as views
from studio.explore.map import Map
from studio.explore.view import View, compute, nearest


def cloud(count: int = 200, size: int = 12, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Encodings (N, D) in five groups, and the group of each."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 5, count)
    return (4 * rng.standard_normal((5, size))[group] + rng.standard_normal((count, size))).astype(np.float32), group


def a_view(count: int = 60, seed: int = 0) -> tuple[View, np.ndarray]:
    latents, _ = cloud(count, seed=seed)
    return View.of("m", np.arange(count), np.random.default_rng(seed).standard_normal((count, 2))), latents


def value(work) -> View:
    return next(event.value for event in work if isinstance(event, Produced))


def kept(points: np.ndarray, latents: np.ndarray, count: int = 10) -> float:
    """Share of each sound's nearest that are among its nearest in the picture too."""

    def near(p):
        apart = np.square(p[:, None] - p).sum(axis=2)
        np.fill_diagonal(apart, np.inf)
        return np.argsort(apart, axis=1)[:, :count]

    return float(np.mean([len(set(a) & set(b)) / count for a, b in zip(near(points), near(latents.astype(float)))]))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    latents, group = cloud()
    plane = Map.fit(latents)
    cache = tmp_path_factory.mktemp("cache")
    told = list(compute(cache, "ab" * 16, np.arange(200), latents, plane.positions))
    return cache, latents, group, plane, value(told), told


def test_it_keeps_more_neighbours_than_the_plane(made):
    _, latents, _, plane, view, told = made
    assert isinstance(told[-1], Finished)
    counts = [event.done for event in told if isinstance(event, Progress)]
    assert counts == sorted(counts) and counts[-1] > 0
    assert kept(view.positions, latents) > 1.3 * kept(plane.positions, latents)
    np.testing.assert_allclose(view.positions.mean(axis=0), 0, atol=1e-6)
    assert np.sqrt(np.linalg.eigvalsh(np.cov(view.positions.T))[-1]) == pytest.approx(1, abs=1e-6)


def test_it_is_turned_to_the_linear_map(made):
    _, _, _, plane, view, _ = made
    left, _, right = np.linalg.svd(view.positions.T @ plane.positions)
    np.testing.assert_allclose(left @ right, np.eye(2), atol=1e-6)


def test_what_is_known_is_not_computed_again(made, monkeypatch):
    cache, latents, _, plane, view, _ = made
    monkeypatch.setattr(views, "_embedded", lambda *_: pytest.fail("it was computed again"))
    again = value(compute(cache, "ab" * 16, np.arange(200), latents, plane.positions))
    np.testing.assert_allclose(again.positions, view.positions, atol=1e-5)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not really", b"\x00" * 200])
def test_a_damaged_or_foreign_cache_is_ignored(made, tmp_path, damage, monkeypatch):
    _, latents, _, plane, _, _ = made

    def straight(latents, start):
        yield Progress(done=1, total=1)
        return start

    monkeypatch.setattr(views, "_embedded", straight)
    (tmp_path / f"view-{'ab' * 12}.npz").write_bytes(damage)
    ids = np.arange(200)
    found = value(compute(tmp_path, "ab" * 16, ids, latents, plane.positions))
    ratio = found.positions.std() / plane.positions.std()
    np.testing.assert_allclose(found.positions, plane.positions * ratio, atol=1e-5)
    other = value(compute(tmp_path, "ab" * 16, ids + 1, latents, plane.positions))
    assert np.array_equal(other.ids, ids + 1)


def test_another_moment_begins_where_the_last_one_was(made, tmp_path):
    _, latents, _, plane, view, _ = made
    rng = np.random.default_rng(5)
    turn, _ = np.linalg.qr(rng.standard_normal((12, 12)))  # training went on: the whole space has turned
    later = (latents @ turn + 0.2 * rng.standard_normal(latents.shape)).astype(np.float32)
    start = Map.fit(later).align(plane.positions).positions
    moved = value(compute(tmp_path, "cd" * 16, np.arange(200), later, start, view))
    apart = np.linalg.norm(moved.positions - view.positions, axis=1)
    assert np.median(apart) < 0.25  # of σ 1


def test_closing_it_ends_the_process(tmp_path):
    latents, _ = cloud(400)
    work = compute(tmp_path, "ab" * 16, np.arange(400), latents, Map.fit(latents).positions)
    while not isinstance(next(work), Progress):
        pass
    assert multiprocessing.active_children()
    work.close()
    assert not multiprocessing.active_children()
    assert not list(tmp_path.iterdir())


def test_a_process_that_dies_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(views, "embed", _die)
    with pytest.raises(ModelError, match="neighbour view"):
        list(compute(tmp_path, "ab" * 16, np.arange(50), cloud(50)[0], np.zeros((50, 2))))
    assert not multiprocessing.active_children()


def _die(*_):
    sys.exit(3)


def test_few_sounds_stay_on_the_plane(tmp_path):
    latents, _ = cloud(5)
    plane = Map.fit(latents)
    found = value(compute(tmp_path, "ab" * 16, np.arange(5), latents, plane.positions))
    assert np.corrcoef(found.positions[:, 0], plane.positions[:, 0])[0, 1] > 0.999


def test_it_is_offered_only_where_it_can_be_made(monkeypatch):
    assert views.offered()
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    monkeypatch.setattr(views.importlib.util, "find_spec", lambda name: None)
    assert not views.offered()


# ---- moving in it


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 60), st.floats(-4, 4), st.floats(-4, 4))
def test_a_place_is_a_mix_of_its_nearest(seed, count, x, y):
    view, latents = a_view(max(count, 2), seed)
    rows, weights = nearest(np.square(view.positions - (x, y)).sum(axis=1))
    assert len(rows) <= views.NEAREST and weights.sum() == pytest.approx(1) and (weights >= 0).all()
    z = view.place((x, y), latents)
    assert np.isfinite(z).all()
    assert (z >= latents[rows].min(axis=0) - 1e-4).all() and (z <= latents[rows].max(axis=0) + 1e-4).all()
    np.testing.assert_allclose(view.project(z, latents), (x, y))  # the cursor stays under the hand


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.floats(0, 6.3))
def test_moving_has_no_jumps(seed, angle):
    """Along any straight line: where it changes fastest in a step, it changes little in a hundredth of it."""
    view, latents = a_view(80, seed)
    way = np.array([np.cos(angle), np.sin(angle)])

    def changes(at):
        return np.linalg.norm(np.diff([view.place(x * way, latents) for x in at], axis=0), axis=1)

    at = np.linspace(-2, 2, 2001)
    coarse = changes(at)
    fastest = int(coarse.argmax())
    assert changes(np.linspace(at[fastest], at[fastest + 1], 101)).max() < 0.1 * coarse[fastest]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 59))
def test_a_dot_is_its_sound_and_a_sound_its_dot(seed, row):
    view, latents = a_view(60, seed)
    np.testing.assert_allclose(view.place(view.positions[row], latents), latents[row], atol=1e-5)
    view.held.clear()
    np.testing.assert_allclose(view.project(latents[row], latents), view.positions[row], atol=1e-6)


def test_what_is_held_does_not_grow_for_ever(monkeypatch):
    monkeypatch.setattr(views, "REMEMBERED", 10)
    view, latents = a_view()
    for x in np.linspace(-1, 1, 50):
        view.place((x, 0), latents)
    assert len(view.held) == 10


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(0, 6.3), st.booleans())
def test_alignment_undoes_turning_and_mirroring(seed, angle, mirror):
    view, _ = a_view(40, seed)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * [1, -1 if mirror else 1]
    other = View.of("n", view.ids, view.positions @ turn)
    np.testing.assert_allclose(other.align(view.ids, view.positions).positions, view.positions, atol=1e-8)
    strangers = other.align(view.ids + 1000, view.positions)  # nothing in common: it stays as it is
    np.testing.assert_allclose(strangers.positions, other.positions)
