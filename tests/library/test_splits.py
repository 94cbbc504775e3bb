"""Held-out sounds are really held out: the same sound never stands on both sides, and every label is judged."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.library import duplicates, splits
from studio.library.index import Index
from tests.library.conftest import row

library = st.lists(
    st.builds(lambda key, label: (key, label, key // 3), st.integers(0, 120), st.sampled_from(["", "kick", "snare", "hat"])),
    min_size=1,
    max_size=120,
)
"""(content, label, group) of sounds: files of one content are of one group, and groups hold several contents."""


@settings(max_examples=100, deadline=None)
@given(library, st.integers(0, 3))
def test_one_group_is_on_one_side_and_labels_are_held_out(sounds: list[tuple[int, str, int]], seed: int) -> None:
    hashes, labels, groups = [f"{h:04x}" for h, _, _ in sounds], [label for _, label, _ in sounds], [g for *_, g in sounds]
    sides = splits.assign(hashes, labels, groups, seed)
    assert set(sides) <= set(splits.SPLITS)
    for group in set(groups):
        assert len({side for side, g in zip(sides, groups) if g == group}) == 1
    label_of = {g: min(label for label, other in zip(labels, groups) if other == g) for g in groups}
    side_of = dict(zip(groups, sides))
    for label in set(label_of.values()):
        members = [side_of[g] for g, found in label_of.items() if found == label]
        if len(members) >= splits.FEWEST:
            counts = Counter(members)
            assert counts["validation"] >= 1 and counts["train"] >= 0.5 * len(members)
        if len(members) >= 2 * splits.FEWEST:
            assert counts["test"] >= 1
    if len(side_of) > 2:
        assert {"train", "validation"} <= set(sides)


@settings(max_examples=30, deadline=None)
@given(library, st.randoms())
def test_the_order_of_sounds_does_not_matter(sounds: list[tuple[int, str, int]], random: object) -> None:
    once = splits.assign([f"{h}" for h, _, _ in sounds], [x for _, x, _ in sounds], [g for *_, g in sounds])
    order = list(range(len(sounds)))
    random.shuffle(order)  # type: ignore[attr-defined]
    mixed = [sounds[i] for i in order]
    again = splits.assign([f"{h}" for h, _, _ in mixed], [x for _, x, _ in mixed], [g for *_, g in mixed])
    assert [again[order.index(i)] for i in range(len(sounds))] == once


def test_shares_are_about_eight_one_one_and_hardly_move_when_sounds_come() -> None:
    hashes = [f"{i:08x}" for i in range(3000)]
    sides = splits.assign(hashes, [""] * 3000, range(3000))
    counts = Counter(sides)
    assert 0.77 < counts["train"] / 3000 < 0.83 and 0.08 < counts["test"] / 3000 < 0.12
    fewer = splits.assign(hashes[:2000], [""] * 2000, range(2000))
    assert fewer == sides[:2000] == [splits.split(h) for h in hashes[:2000]]
    assert splits.assign(hashes, [""] * 3000, range(3000), seed=1) != sides


def test_few_sounds_still_leave_one_to_judge_by() -> None:
    for count in range(3, 30):
        sides = splits.assign([f"{i:x}" for i in range(count)], [f"label {i}" for i in range(count)], range(count))
        assert Counter(sides)["validation"] >= 1 and Counter(sides)["train"] >= 1
    assert splits.assign(["a", "b"], ["", ""], [0, 1]) == ["train", "train"]


def test_versions_of_one_sound_share_a_side_in_the_index(index: Index) -> None:
    rows = []
    for i in range(60):
        original = row(i)
        noise = np.random.default_rng(i).choice([-1, 1], 64) * 0.2 / 8
        near = (np.frombuffer(original.fingerprint, np.float32) + noise).astype(np.float32).tobytes()
        rows += [
            original,
            row(i + 100, path=f"/other/{i}.mp3", label="mp3", seconds=original.seconds, pitch=original.pitch, fingerprint=near),
        ]
    rows.append(row(500, path="/copy/sound 3.wav", source_hash=rows[6].source_hash))
    ids = index.put(rows)
    duplicates.renew(index)
    splits.renew(index)
    found = index.fetch(ids)
    assert all(a.split == b.split and a.same == b.same for a, b in zip(found[:-1:2], found[1::2]))
    assert found[-1].same == found[6].same and found[-1].split == found[6].split
    assert len({r.same for r in found}) == 60
    assert sum("duplicate" in r.problems for r in found) == 61
    index.remove([ids[0]])
    duplicates.renew(index)
    assert "duplicate" not in index.fetch([ids[1]])[0].problems


def test_silence_and_missing_fingerprints_make_no_groups() -> None:
    prints = np.zeros((6, 64), np.float32)
    prints[3:] = np.nan
    assert len(set(duplicates.groups(prints, [str(i) for i in range(6)], np.ones(6)))) == 6


def test_lengths_tell_sounds_apart_that_begin_alike() -> None:
    prints = np.ones((3, 64), np.float32)
    groups = duplicates.groups(prints, ["a", "b", "c"], np.array([1.0, 1.01, 2.0]))
    assert groups[0] == groups[1] != groups[2]


def test_notes_tell_sounds_apart_whose_spectra_hardly_differ() -> None:
    prints = np.ones((3, 64), np.float32)
    groups = duplicates.groups(prints, list("abc"), np.ones(3), np.array([50.0, 50.2, 60.0]))
    assert groups[0] == groups[1] != groups[2]
    groups = duplicates.groups(prints, list("abc"), np.ones(3), np.array([50.0, np.nan, 50.0]))
    assert len(set(groups)) == 1


def test_outlines_tell_sounds_apart_whose_spectra_are_the_same() -> None:
    def outline(period: float) -> np.ndarray:
        swing = 100 * np.abs(np.sin(np.arange(96) / period))
        return np.stack([128 - swing, 128 + swing]).astype(np.uint8)

    wave, other = outline(5), outline(7)
    outlines = np.stack([wave, np.roll(wave, 2, axis=1), other])
    groups = duplicates.groups(np.ones((3, 64), np.float32), list("abc"), np.ones(3), None, outlines)
    assert groups[0] == groups[1] != groups[2]


def test_many_copies_are_one_group_and_cost_no_square() -> None:
    rng = np.random.default_rng(0)
    prints = np.repeat(rng.standard_normal((20, 64)).astype(np.float32), 1000, axis=0)
    prints[10_000:] += rng.uniform(-0.01, 0.01, (10_000, 64)).astype(np.float32)
    groups = duplicates.groups(prints, [f"{i}" for i in range(20_000)], np.ones(20_000))
    assert len(set(groups)) == 20 and all(len(set(groups[i * 1000 : i * 1000 + 1000])) == 1 for i in range(20))
