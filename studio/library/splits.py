"""Which sounds train a model and which are held out to judge it: by source file and near-duplicate group, never by slice.

A sound's side follows from its content alone, so it hardly moves when others come; per label the shares are then brought
within bounds, because a label with no held-out sound can't be judged. About 80 % train, 10 % validation, 10 % test.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studio.library.index import Index

SPLITS = ("train", "validation", "test")
SHARE = 0.1
FEWEST = 5
"""From this many sounds (groups of the same sound count once) on, a label gives one to validation; from twice as many, one
to test."""


def place(key: str, seed: int = 0) -> float:
    """Where a source stands between 0 and 1; deterministic and even."""
    return int.from_bytes(hashlib.blake2b(f"{seed} {key}".encode(), digest_size=7).digest()) / 2**56


def split(key: str, seed: int = 0) -> str:
    """The side of one source (its content hash) before labels are balanced."""
    return _side(place(key, seed))


def _side(at: float) -> str:
    return "test" if at < SHARE else "validation" if at < 2 * SHARE else "train"


def assign(hashes: Sequence[str], labels: Sequence[str], groups: Sequence[int] | NDArray[np.int64], seed: int = 0) -> list[str]:
    """The split of each sound. Sounds of one group share it; equal hashes are one group. Labels of enough groups give some."""
    first_hash: dict[int, str] = {}
    for key, group in zip(hashes, groups):
        first_hash[int(group)] = min(key, first_hash.get(int(group), key))
    label_of: dict[int, str] = {}
    for label, group in zip(labels, groups):
        label_of[int(group)] = min(label, label_of.get(int(group), label))
    by_label: dict[str, list[int]] = {}
    for group, label in label_of.items():
        by_label.setdefault(label, []).append(group)
    at = {group: place(key, seed) for group, key in first_hash.items()}
    sides: dict[int, str] = {}
    for members in by_label.values():
        sides |= _balanced(sorted(members, key=lambda group: (at[group], first_hash[group])), at)
    if len(sides) > 2 and "validation" not in sides.values():  # many labels of few sounds each: one sound must judge
        sides[min((g for g, side in sides.items() if side == "train"), key=lambda g: at[g], default=min(at))] = "validation"
    return [sides[int(group)] for group in groups]


def _balanced(members: list[int], at: dict[int, float]) -> dict[int, str]:
    """Sides of one label's groups, in order of place: those at the low end are held out, between 5 and 20 % on each side,
    rounded to whole ones: never more than half of them together."""
    count = len(members)
    if count < FEWEST:
        return dict.fromkeys(members, "train")
    sides = [_side(at[group]) for group in members]
    low = max(1, round(count * SHARE / 2))
    high = max(1, round(count * SHARE * 2))
    tests = min(max(sides.count("test"), low if count >= 2 * FEWEST else 0), high)
    checks = min(max(sides.count("validation"), low), high)
    return {group: "test" if i < tests else "validation" if i < tests + checks else "train" for i, group in enumerate(members)}


def renew(index: Index, seed: int = 0) -> None:
    """Write the splits of all sounds of a project, after duplicates.renew."""
    columns = index.columns("source_hash", "label", "split", "same")
    sides = assign(list(columns["source_hash"]), list(columns["label"]), columns["same"], seed)
    index.set_split({int(i): new for i, new, old in zip(columns["id"], sides, columns["split"]) if new != old})
