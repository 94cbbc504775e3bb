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


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_the_last_word_is_the_right_one(path: Path) -> None:
    known = record(path)
    *_, (_, last) = replay(known)
    assert last.word in NEAR.get(known["word"], {known["word"]}), last.sentence


HARD = {"unstable", "silent", "collapsing", "copying"}


@pytest.mark.parametrize("path", [p for p in RECORDED if record(p)["word"] not in HARD], ids=lambda path: path.stem)
def test_no_alarm_over_a_run_that_is_well(path: Path) -> None:
    said = [verdict.word for _, verdict in replay(record(path))]
    assert not HARD & set(said), said


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_verdict_does_not_flicker(path: Path) -> None:
    said = [verdict.word for _, verdict in replay(record(path))]
    later = said[len(said) // 2 :]
    turns = [word for word, before in zip(later[1:], later) if word != before]
    returns = sum(word in [later[0], *turns[:i]] for i, word in enumerate(turns))
    assert returns <= 1, later
