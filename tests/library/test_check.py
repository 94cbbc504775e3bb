"""Findings are sentences a musician understands; each fix does what it says in the index only, and can be undone."""

from __future__ import annotations

import pytest

from studio.library import check, duplicates
from studio.library.index import Index
from studio.project.folder import ProjectFolder
from tests.library.conftest import row


@pytest.fixture
def troubled(project: ProjectFolder, index: Index, tmp_path: object) -> Index:
    """Thirty sounds, of which some have each problem; their files are there."""
    folder = project.root / "sounds"
    folder.mkdir()
    problems = ["silent", "head", "clipped", "dc", "short", "quiet", "long", "nan", "truncated"]
    rows = []
    for i in range(30):
        (folder / f"{i}.wav").write_bytes(b"")
        flags = (problems[i],) if i < len(problems) else (problems[0],) if i == 9 else ()
        rows.append(row(i, path=str(folder / f"{i}.wav"), problems=flags, rate=48_000 if i % 5 == 0 else 44_100))
    rows[20] = row(20, path=str(folder / "20.wav"), fingerprint=rows[19].fingerprint, seconds=rows[19].seconds)
    index.put(rows)
    duplicates.renew(index)
    (folder / "15.wav").unlink()
    index.set_unreadable([("/x/broken.wav", 1, 1, "its content is no sound format we know")])
    return index


def test_every_problem_becomes_a_sentence(project: ProjectFolder, troubled: Index) -> None:
    found = {f.key: f for f in check.findings(project)}
    assert set(found) == {*check.RULES, "unreadable", "rates"}
    assert found["silent"].sentence == "2 sounds are silent" and len(found["silent"].ids) == 2
    assert found["head"].sentence == "One sound starts with silence" and found["head"].fix == "trim"
    assert found["unreadable"].values["/x/broken.wav"] == "its content is no sound format we know"
    assert "48 kHz (5)" in found["rates"].sentence
    assert [f.severity for f in found.values()] == sorted((f.severity for f in found.values()), key="bad warn info".index)
    assert all("{" not in f.sentence and bool(f.fix) == bool(f.fix_label) for f in found.values())


def test_every_fix_ends_its_finding_and_undoing_brings_it_back(project: ProjectFolder, troubled: Index) -> None:
    before = check.findings(project)
    rows = troubled.rows()
    for finding in before:
        if finding.fix:
            undo = check.apply_fix(project, finding)
            assert finding.key not in {f.key for f in check.findings(project)}
            check.undo_fix(project, undo)
            assert check.findings(project) == before and troubled.rows() == rows


def test_undoing_a_fix_leaves_alone_what_was_out_before(project: ProjectFolder, troubled: Index) -> None:
    finding = next(f for f in check.findings(project) if f.key == "silent")
    troubled.set_include(finding.ids[:1], False)
    check.undo_fix(project, check.apply_fix(project, finding))
    assert [r.include for r in troubled.fetch(finding.ids)] == [False, True]


def test_of_several_alike_one_stays_whichever_was_left_out(project: ProjectFolder, troubled: Index) -> None:
    finding = next(f for f in check.findings(project) if f.key == "duplicate")
    twin = next(
        r for r in troubled.rows() if r.same and r.same == troubled.fetch(finding.ids)[0].same and r.id not in finding.ids
    )
    troubled.set_include([twin.id], False)
    assert "duplicate" not in {f.key for f in check.findings(project)}


def test_what_is_left_out_is_not_spoken_of(project: ProjectFolder, troubled: Index) -> None:
    troubled.set_include(troubled.ids(), False)
    found = {f.key: f for f in check.findings(project)}
    assert set(found) == {"few", "unreadable"} and found["few"].sentence == "No sound is included"


def test_few_sounds_and_few_of_a_label_are_said(project: ProjectFolder, index: Index) -> None:
    assert check.findings(project) == [] and check.heard(index) == check.Heard()
    folder = project.root / "sounds"
    folder.mkdir()
    for i in range(25):
        (folder / f"{i}.wav").write_bytes(b"")
        index.put([row(i, path=str(folder / f"{i}.wav"), label="rim" if i < 2 else "kick")])
        found = {f.key: f.sentence for f in check.findings(project)}
        assert ("few" in found) == (i + 1 < check.FEW)
    assert found["few-of-label"] == "One label has fewer than 5 sounds: rim"


def test_what_is_heard_is_counted_without_silence_around(index: Index) -> None:
    index.put([row(i, seconds=2.0, head=0.5, tail=0.5, include=i > 0) for i in range(5)])
    heard = check.heard(index)
    assert (heard.count, heard.total, heard.seconds, heard.median, heard.mono) == (4, 5, 4.0, 1.0, 4)
    assert heard.rates == ((44_100, 4),) and heard.labels == 3
