import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.explore.axes import Axes
from studio.explore.known import SOUNDS, STRANGE, drift, keep, take
from studio.project.axes import KnownAxis


def cloud(seed: int, count: int = 120, size: int = 10) -> np.ndarray:
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.standard_normal((size, size)))
    return rng.standard_normal((count, size)) * 1.5 ** -np.arange(size) @ turn


def later(latents: np.ndarray, seed: int, change: float = 0.1) -> np.ndarray:
    """The same sounds in another moment: the space is turned and mirrored, and a little is learnt."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.standard_normal((latents.shape[1], latents.shape[1])))
    return (latents + change * latents.std() * rng.standard_normal(latents.shape)) @ turn


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 24))
def test_faders_keep_place_sense_and_name_in_another_moment(seed, gone):
    latents, ids = cloud(seed), np.arange(120) * 3
    before = Axes.fit(latents, k=4).renamed(1, "Glass").renamed(3, "Room")
    known = keep(before, ids)
    there = np.sort(np.random.default_rng(seed).permutation(120)[gone:])  # sounds came and went
    after = take(Axes.fit(later(latents, seed + 1)[there], k=4), ids[there], known)
    assert after.titles()[:2] == ("Axis 1", "Glass")
    for i in (0, 1):
        assert np.corrcoef(before.scores[there, i], after.scores[:, i])[0, 1] > 0.5


def test_names_survive_moments_in_which_nothing_resembles_them():
    latents, ids = cloud(1), np.arange(120)
    early = Axes.fit(latents, k=2).renamed(1, "Glass")
    known = keep(early, ids)
    strange = take(Axes.fit(cloud(99), k=2), ids, known)
    assert "Glass" not in strange.titles()
    known = keep(strange, ids, known)
    assert [axis.slot for axis in known] == [0, 1, None]
    again = take(Axes.fit(later(latents, 5), k=2), ids, known)
    assert "Glass" in again.titles()
    named = again.titles().index("Glass")
    assert abs(np.corrcoef(again.scores[:, named], early.scores[:, 1])[0, 1]) > 0.9
    assert len(keep(again, ids, known)) == 2  # it has a fader again


def test_a_name_that_was_taken_away_does_not_come_back():
    latents, ids = cloud(2), np.arange(120)
    axes = Axes.fit(latents, k=2).renamed(0, "Glass")
    known = keep(axes, ids)
    known = keep(axes.renamed(0, ""), ids, known, dropped="Glass")
    assert take(Axes.fit(latents, k=2), ids, known).titles() == ("Axis 1", "Axis 2")
    changed = keep(axes.renamed(0, "Ice"), ids, keep(axes, ids), dropped="Glass")
    assert take(Axes.fit(latents, k=2), ids, changed).titles() == ("Ice", "Axis 2")


def test_what_is_kept_is_small_and_makes_sense_of_other_sounds_not_at_all():
    latents = cloud(3, 3000)
    known = keep(Axes.fit(latents, k=4), np.arange(3000))
    assert all(len(axis.ids) == len(axis.scores) <= SOUNDS for axis in known)
    axes = Axes.fit(latents[:50], k=4).renamed(2, "Mine")
    foreign = take(axes, np.arange(50) + 10_000, known)
    np.testing.assert_array_equal(foreign.scores, axes.scores)
    assert foreign.titles() == axes.titles()


@pytest.mark.parametrize("known", [[], [KnownAxis(slot=40, name="Far")], [KnownAxis(slot=0, name="A", ids=(1,), scores=(2,))]])
def test_useless_knowledge_does_no_harm(known):
    axes = Axes.fit(cloud(4), k=3)
    assert take(axes, np.arange(120), known).titles() == axes.titles()
    none = Axes.fit(np.ones((5, 10)))
    assert len(take(none, np.arange(5), keep(axes, np.arange(120)))) == 0 and keep(none, np.arange(5)) == ()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 100))
def test_drift_tells_a_next_moment_from_another_world(seed, scale):
    latents = cloud(seed) * scale
    assert drift(latents, latents) == 0
    assert drift(latents, latents * 1.1) < STRANGE < drift(latents, later(latents, seed + 1))
    assert drift(latents, latents + 3 * latents.std()) > STRANGE
    assert drift(np.ones((5, 3)), np.zeros((5, 3))) == 0
