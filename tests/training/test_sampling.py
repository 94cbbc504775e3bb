from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.training.sampling import Sampler, mix


def lengths(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).exponential(1.0, count)


@given(st.integers(1, 200), st.integers(1, 40), st.integers(0, 2**31 - 1))
@settings(max_examples=60, deadline=None)
def test_an_epoch_hears_every_sound_and_hardly_any_twice(count: int, batch: int, seed: int) -> None:
    sampler = Sampler(lengths(count), batch, seed)
    heard = np.concatenate([sampler.rows(n) for n in range(sampler.per_epoch)])
    assert set(heard) == set(range(count))
    assert len(heard) - count < sampler.batch
    assert all(len(sampler.rows(n)) == min(batch, count) for n in range(3))


@given(st.integers(0, 10_000), st.integers(0, 2**31 - 1))
@settings(max_examples=40, deadline=None)
def test_a_batch_follows_from_its_number_alone(draw: int, seed: int) -> None:
    one, other = Sampler(lengths(50), 8, seed), Sampler(lengths(50), 8, seed)
    for n in range(5):  # another history
        other.rows(n * 17)
    assert np.array_equal(one.rows(draw), other.rows(draw))


def test_epochs_and_seeds_differ() -> None:
    sampler = Sampler(lengths(64), 8, 0)
    first, second = (np.concatenate([sampler.rows(e * 8 + n) for n in range(8)]) for e in range(2))
    assert not np.array_equal(first, second)
    assert not np.array_equal(first[:8], Sampler(lengths(64), 8, 1).rows(0))


def test_sounds_of_like_length_share_a_batch() -> None:
    long = lengths(512)
    spread = [np.ptp(long[Sampler(long, 16, 0).rows(n)]) for n in range(32)]
    random = [np.ptp(np.random.default_rng(n).choice(long, 16)) for n in range(32)]
    assert np.median(spread) < 0.5 * np.median(random)


def test_long_batches_come_at_any_time() -> None:
    long = lengths(512)
    sampler = Sampler(long, 16, 0)
    means = [long[sampler.rows(n)].mean() for n in range(32)]
    assert not np.all(np.diff(means[:8]) >= 0) and not np.all(np.diff(means) >= 0)


def test_balancing_hears_labels_equally_often() -> None:
    labels = np.array([0] * 90 + [1] * 8 + [-1] * 2)
    sampler = Sampler(np.ones(100), 10, 0, labels)
    heard = labels[np.concatenate([sampler.rows(n) for n in range(300)])]
    shares = [np.mean(heard == label) for label in (0, 1, -1)]
    assert np.allclose(shares, 1 / 3, atol=0.05)


def test_seeds_are_mixed_not_added() -> None:
    seeds = {mix(a, b) for a in range(30) for b in range(30)}
    assert len(seeds) == 900
    assert mix(1, 2) != mix(2, 1)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 300), st.integers(1, 40), st.integers(1, 400), st.integers(0, 9))
def test_some_sounds_are_drawn_once_and_all_of_them_where_there_is_room(count: int, batch: int, most: int, seed: int) -> None:
    found = Sampler(np.arange(count), batch, seed).some(most)
    rows = np.concatenate(found)
    assert len(set(rows.tolist())) == len(rows) == min(count, most)
    assert all(0 < len(part) <= batch for part in found)


def test_some_sounds_are_as_long_as_all() -> None:
    lengths = np.random.default_rng(0).lognormal(0, 1, 4000)
    for seed in range(20):
        rows = np.concatenate(Sampler(lengths, 16, seed).some(512))
        assert abs(lengths[rows].mean() - lengths.mean()) < 5 * lengths.std() / 512**0.5
