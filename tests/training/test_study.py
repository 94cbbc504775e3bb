"""The study behind a search: its file outlives whoever writes it, and what goes wrong with it has a name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event

from studio.errors import BrokenFile, DiskFull
from studio.project.folder import ProjectFolder
from studio.training import process
from studio.training.searches import SearchFolder
from studio.training.space import Span
from studio.training.study import Study

SPANS = (
    Span(name="rate", kind="float", usual=1e-3, low=1e-4, high=1e-2),
    Span(name="latent", kind="int", usual=8, low=2, high=64),
    Span(name="decoder", kind="choice", usual="b", choices=("a", "b")),
    Span(name="mono", kind="choice", usual=True, choices=(False, True)),
)
USUAL = {"rate": 1e-3, "latent": 8, "decoder": "b", "mono": True}


@pytest.fixture(params=[False, True], ids=["sqlite", "journal"])
def shared(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def folder(project: ProjectFolder) -> SearchFolder:
    return SearchFolder.create(project, "tiny", SPANS, 20.0, config={})


def test_what_was_tried_is_there_for_the_next_process(folder: SearchFolder, shared: bool) -> None:
    study = Study(folder, SPANS, shared)
    study.usual()
    first = study.begin(process.me())
    assert first.settings == USUAL and first.role == "default" and first.state == "training"
    assert first.owner is not None and process.lives(first.owner) and not first.free
    study.assign(first.number, "run-1")
    study.finish(first.number, 0.5)
    second = study.begin(process.me())
    for span in SPANS:
        assert second.settings[span.name] in span.choices or span.low <= second.settings[span.name] <= span.high
    study.report(second.number, 1, 0.9)
    study.release(second.number)
    study.check(USUAL)

    again = Study(folder, SPANS, shared)
    assert [(e.state, e.run, e.value) for e in again.entries()] == [("finished", "run-1", 0.5), ("training", "", None)]
    assert again.entries()[1].free and again.entries()[1].settings == second.settings
    assert again.waiting() and again.waiting(USUAL) and not again.waiting(USUAL | {"latent": 9})
    assert not again.claim(second.number, process.me()).free
    again.report(second.number, 1, 0.9)  # said already, by an earlier life
    again.drop(second.number, 0.9)
    third = again.begin(process.me())
    assert (third.role, third.settings) == ("check", USUAL)
    again.fail(third.number)
    study.look()
    assert [(e.state, e.value) for e in study.entries()] == [("finished", 0.5), ("dropped", 0.9), ("failed", None)]


def test_the_worse_two_thirds_are_dropped(folder: SearchFolder) -> None:
    """Asynchronous successive halving: who comes later is held against all who came so far."""
    study = Study(folder, SPANS, shared=True)
    verdicts = []
    for value in (0.5, 0.4, 0.6, 0.3, 0.55, 0.2):
        number = study.begin(process.me()).number
        verdicts.append(study.report(number, 1, value))
        if verdicts[-1]:
            study.drop(number, value)
    assert verdicts == [False, False, True, False, True, False]
    assert study.report(1, 3, 0.35) is False, "the first that comes so far goes on"


@pytest.fixture
def small_disk() -> Iterator[dict[str, int]]:
    """SQLite finds no more than so many pages."""
    limit: dict[str, int] = {}

    def connected(connection: Any, _: Any) -> None:
        if limit:
            connection.execute(f"PRAGMA max_page_count = {limit['pages']}")

    event.listen(Engine, "connect", connected)
    yield limit
    event.remove(Engine, "connect", connected)


def test_a_full_disk_has_a_name_and_costs_nothing(folder: SearchFolder, small_disk: dict[str, int]) -> None:
    study = Study(folder, SPANS)
    study.usual()
    study.begin(process.me())
    small_disk["pages"] = (folder.path / "study.sqlite").stat().st_size // 4096
    full = Study(folder, SPANS)
    with pytest.raises(DiskFull):
        full.assign(0, "long " * 10_000)
    small_disk.clear()
    assert Study(folder, SPANS).entries()[0].settings == USUAL


def test_a_damaged_study_has_a_name(folder: SearchFolder) -> None:
    (folder.path / "study.sqlite").write_bytes(b"SQLite format 3\0" + b"nonsense " * 900)
    with pytest.raises(BrokenFile):
        Study(folder, SPANS)
