"""What the verdict says of real trainings that were driven into each state; tests/bench/verdicts.py recorded them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from studio.training.verdict import Word
from tests.bench.verdicts import CURVES, replay

RECORDED = sorted(CURVES.glob("*.json"))


def record(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_word_was_driven_for() -> None:
    assert len(RECORDED) >= 12
    assert {record(path)["word"] for path in RECORDED} == set(get_args(Word)) - {"starting"}


NEAR = {"slow": {"slow", "flat"}, "flat": {"flat", "slow"}}
"""A run that creeps is on the border of the two, and both say the same of what to do."""


def right(path: Path) -> bool:
    known = record(path)
    *_, (_, last) = replay(known)
    return last.word in NEAR.get(known["word"], {known["word"]})


@pytest.mark.parametrize("path", [p for p in RECORDED if not record(p)["fresh"]], ids=lambda path: path.stem)
def test_the_last_word_is_the_right_one(path: Path) -> None:
    assert right(path), [*replay(record(path))][-1][1].sentence


def test_nor_is_it_often_wrong_where_the_thresholds_were_not_chosen() -> None:
    """What a run comes to is not in our hands; but an alarm that was driven for is nearly always raised, and no other is."""
    fresh = [record(path) for path in RECORDED if record(path)["fresh"]]
    last = [(known["word"], [*replay(known)][-1][1].word) for known in fresh]
    alarms = [(word, said) for word, said in last if word not in CALM]
    assert len(fresh) >= 8 and sum(word == said for word, said in alarms) >= 0.8 * len(alarms)
    assert all(said in CALM for word, said in last if word in CALM)


CALM = {"improving", "slow", "flat"}
HARD = {"unstable", "silent", "collapsing", "copying"}


@pytest.mark.parametrize(
    "path", [p for p in RECORDED if record(p)["word"] not in HARD and not record(p)["fresh"]], ids=lambda path: path.stem
)
def test_no_alarm_over_a_run_that_is_well(path: Path) -> None:
    said = [verdict.word for _, verdict in replay(record(path))]
    assert not HARD & set(said), said
    assert record(path)["word"] == "overfitting" or "overfitting" not in said, said


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_an_alarm_does_not_come_and_go(path: Path) -> None:
    said = ["calm" if verdict.word in CALM else verdict.word for _, verdict in replay(record(path))]
    later = said[len(said) // 2 :]
    turns = [word for word, before in zip(later[1:], later) if word != before]
    returns = sum(word in [later[0], *turns[:i]] for i, word in enumerate(turns))
    assert returns <= 2, later
