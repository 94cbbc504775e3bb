"""The index gives rows in any order, quickly findable, keeps what the musician said, and trusts no file from a stranger."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.errors import BrokenFile, NewerFormat, NotSaved, StudioError
from studio.library.index import ORDERS, Index, natural
from studio.project.folder import ProjectFolder
from tests.library.conftest import row


def test_rows_come_back_as_they_were_put(index: Index) -> None:
    rows = [row(i, problems=("clipped", "dc") if i == 2 else ()) for i in range(5)]
    ids = index.put(rows)
    found = index.fetch(reversed(ids))
    assert [(r.name, r.label, r.pitch, r.problems, r.fingerprint) for r in found] == [
        (r.name, r.label, r.pitch, r.problems, r.fingerprint) for r in reversed(rows)
    ]
    assert index.count() == 5
    assert index.fetch([ids[0], 999]) == [index.get(ids[0])]
    assert index.by_path(rows[3].path) == index.get(ids[3])
    assert index.by_path("/nowhere.wav") is None


def test_names_sort_as_people_count(index: Index) -> None:
    for name in ("Kick 10.wav", "kick 2.wav", "Kick 1.wav", "ähm.wav"):
        index.put([row(1, path=f"/s/{name}", name=name)])
    assert [r.name for r in index.rows()] == ["Kick 1.wav", "kick 2.wav", "Kick 10.wav", "ähm.wav"]
    assert natural("a007") < natural("a10")


@pytest.mark.parametrize("order", sorted(ORDERS))
def test_every_order_goes_both_ways_and_keeps_all(index: Index, order: str) -> None:
    ids = index.put([row(i) for i in range(40)])
    up, down = index.ids(order=order), index.ids(order=order, descending=True)
    assert sorted(up) == sorted(ids) and list(down) == list(up)[::-1]
    key = {"name": None, "added": None}.get(order, order)
    if key:
        values = [getattr(r, key) for r in index.fetch(up)]
        numbers = [-np.inf if v is None else v for v in values]
        assert numbers == sorted(numbers)


def test_typing_finds_by_name_folder_and_label(index: Index) -> None:
    index.put(
        [
            row(1, path="/s/Drums/Boom 100%.wav", name="Boom 100%.wav", label="kick"),
            row(2, path="/s/Ömer/tick.wav", name="tick.wav", label="hat"),
            row(3, path="/s/Drums/tack.wav", name="tack.wav", label="hat", problems=("clipped",), include=False),
        ]
    )

    def names(**asked: object) -> list[str]:
        return [r.name for r in index.rows(**asked)]  # type: ignore[arg-type]

    assert names(filter="BOOM") == ["Boom 100%.wav"]
    assert names(filter="100%") == ["Boom 100%.wav"]
    assert names(filter="drums") == ["Boom 100%.wav", "tack.wav"]
    assert names(filter="hat drums") == ["tack.wav"]
    assert names(filter="ömer") == ["tick.wav"]
    assert names(filter="_") == []
    assert names(label="hat") == ["tack.wav", "tick.wav"]
    assert names(problem="clipped") == ["tack.wav"] and names(problem="clip") == []
    assert names(include=True) == ["Boom 100%.wav", "tick.wav"]
    assert names(limit=1, offset=1) == ["tack.wav"]
    assert names(label="hat", order="name", descending=True) == ["tick.wav", "tack.wav"]


def test_what_the_musician_said_outlives_a_new_measurement(index: Index) -> None:
    [id] = index.put([row(1)])
    index.set_label([id], "boom")
    index.set_include([id], False)
    index.set_trim([id], True)
    assert index.put([row(1, loudness=-33.0, label="kick")]) == [id]
    found = index.get(id)
    assert found is not None
    assert (found.label, found.include, found.trim, found.loudness) == ("boom", False, True, -33.0)


def test_labels_are_renamed_and_merged_and_back(index: Index) -> None:
    index.put([row(i) for i in range(9)])
    assert index.labels() == [("hat", 3), ("kick", 3), ("snare", 3)]
    changed = index.rename_label("hat", "snare")
    assert index.labels() == [("kick", 3), ("snare", 6)]
    index.set_label(changed, "hat")
    assert index.labels() == [("hat", 3), ("kick", 3), ("snare", 3)]
    index.set_include(changed, False)
    assert index.included() == {"kick": 3, "snare": 3}


def test_removed_rows_come_back_the_same(index: Index) -> None:
    ids = index.put([row(i) for i in range(6)])
    index.set_label(ids[:2], "mine")
    before = index.rows()
    gone = index.remove(ids[1:4])
    assert index.count() == 3 and len(index.fingerprints()[0]) == 3
    index.restore(gone)
    assert index.rows() == before


def test_problems_are_flagged_once_and_taken_away_whole(index: Index) -> None:
    ids = index.put([row(1, problems=("dc", "head")), row(2)])
    index.flag(ids, "vanished", True)
    index.flag(ids, "vanished", True)
    assert [r.problems for r in index.fetch(ids)] == [("dc", "head", "vanished"), ("vanished",)]
    index.flag(ids, "vanished", False)
    index.flag(ids, "head", False)
    assert [r.problems for r in index.fetch(ids)] == [("dc",), ()]


def test_sounds_inside_the_project_move_with_it(project: ProjectFolder, tmp_path: Path) -> None:
    inside = project.root / "sounds" / "kick" / "a.wav"
    with Index(project) as index:
        index.put([row(1, path=str(inside)), row(2, path="/else/b.wav")])
    project.close()
    project.root.rename(tmp_path / "Elsewhere")
    with ProjectFolder.open(tmp_path / "Elsewhere") as moved, Index(moved) as index:
        paths = {r.path for r in index.rows()}
        assert paths == {str(tmp_path / "Elsewhere" / "sounds" / "kick" / "a.wav"), "/else/b.wav"}
        assert index.by_path(tmp_path / "Elsewhere" / "sounds" / "kick" / "a.wav") is not None


def test_whole_columns_come_as_arrays(index: Index) -> None:
    index.put([row(i) for i in range(4)])
    columns = index.columns("pitch", "label", "include")
    assert columns["id"].tolist() == sorted(columns["id"].tolist())
    assert np.isnan(columns["pitch"][[1, 3]]).all() and np.isfinite(columns["pitch"][[0, 2]]).all()
    ids, prints = index.fingerprints()
    assert prints.shape == (4, 64) and ids.tolist() == columns["id"].tolist()


def test_an_empty_index_answers_everything(index: Index) -> None:
    assert index.ids("x").tolist() == [] and index.rows() == [] and index.labels() == [] and index.count() == 0
    assert index.fingerprints()[1].shape == (0, 64) and index.columns("rate")["rate"].tolist() == []


def test_a_newer_index_is_refused_by_its_number(project: ProjectFolder) -> None:
    with sqlite3.connect(project.library_path) as db:
        db.execute("PRAGMA user_version = 2")
    db.close()
    with pytest.raises(NewerFormat):
        Index(project)


@pytest.mark.parametrize("path", ["../../etc/passwd", "sounds/../../x.wav", ".."])
def test_no_stored_path_leads_out_of_the_project(project: ProjectFolder, index: Index, path: str) -> None:
    index.put([row(1)])
    with sqlite3.connect(project.library_path) as db:
        db.execute("UPDATE sound SET path = ?", (path,))
    db.close()
    with pytest.raises(BrokenFile, match="leads out"):
        index.rows()


def test_an_index_that_brings_commands_is_refused(project: ProjectFolder) -> None:
    Index(project).close()
    with sqlite3.connect(project.library_path) as db:
        db.execute("CREATE TRIGGER t AFTER UPDATE ON sound BEGIN DELETE FROM sound; END")
    db.close()
    with pytest.raises(BrokenFile, match="commands"):
        Index(project)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.binary(min_size=1, max_size=64), at=st.floats(0, 1), cut=st.booleans())
def test_a_damaged_index_brings_named_errors_only(project: ProjectFolder, noise: bytes, at: float, cut: bool) -> None:
    for path in project.root.glob("library.sqlite*"):
        path.unlink()
    with Index(project) as index:
        index.put([row(i) for i in range(30)])
    data = bytearray(project.library_path.read_bytes())
    place = int(at * len(data))
    data[place : place + len(noise)] = noise
    project.library_path.write_bytes(data[: place + len(noise)] if cut else data)
    try:
        with Index(project) as index:
            for found in index.rows():
                assert isinstance(found.name, str)
            index.labels()
            index.columns("seconds", "label")
            index.fingerprints()
    except StudioError as error:
        assert error.message


def test_two_windows_on_one_index_write_in_turn(project: ProjectFolder) -> None:
    with Index(project) as one, Index(project) as two:
        one.put([row(1)])
        two.put([row(2)])
        assert one.count() == two.count() == 2


def test_a_writer_that_waits_too_long_says_so(project: ProjectFolder, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    index.put([row(1)])
    index._db.execute("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(project.library_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(NotSaved):
        index.put([row(2)])
    other.execute("ROLLBACK")
    other.close()
    assert index.count() == 1
