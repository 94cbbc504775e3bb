"""Folders become rows with labels; whatever is in them, the rest arrives, and the musician's files stay as they are."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import threading
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, process
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from studio.errors import DiskFull, LibraryError
from studio.events import Finished, Produced, Progress, Started
from studio.library import workers
from studio.library.importer import Found, flag_vanished, import_folders, walk
from studio.library.index import Index
from studio.project.folder import ProjectFolder
from tests.drums import EACH, LABELS, drum
from tests.library import dying


def run(project: ProjectFolder, *paths: Path, **options: bool) -> dict:
    events = list(import_folders(project, paths, workers=2, **options))  # type: ignore[arg-type]
    assert isinstance(events[0], Started) and isinstance(events[-1], Finished)
    return events[-1].result


def state(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        str(p.relative_to(folder)): (hashlib.sha256(p.read_bytes()).hexdigest(), p.stat().st_mtime_ns)
        for p in folder.rglob("*")
        if p.is_file()
    }


def tone(path: Path, seconds: float = 0.2, gain: float = 0.5, seed: int = 0, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = round(44_100 * seconds)
    noise = np.random.default_rng(seed).standard_normal(frames) * np.exp(-np.linspace(0, 8, frames))
    soundfile.write(path, gain * noise / np.abs(noise).max(), 44_100, **options)
    return path


def test_folders_become_labels_and_nothing_is_touched(project: ProjectFolder, sounds_folder: Path) -> None:
    before = state(sounds_folder)
    result = run(project, sounds_folder)
    assert result == {"imported": len(LABELS) * EACH, "skipped": 0, "problems": []}
    assert state(sounds_folder) == before
    with Index(project) as index:
        assert index.labels() == [(label, EACH) for label in LABELS]
        for row in index.rows():
            facts = soundfile.info(row.path)
            assert (row.rate, row.channels, row.frames) == (facts.samplerate, facts.channels, facts.frames)
            assert row.label in row.name and len(row.thumbnail) == 192 and len(row.fingerprint) == 256
            assert row.loudness is not None and -60 < row.loudness < 0
        assert Counter(r.split for r in index.rows()).keys() >= {"train", "validation"}


def test_importing_again_changes_nothing(project: ProjectFolder, sounds_folder: Path) -> None:
    run(project, sounds_folder)
    with Index(project) as index:
        index.rename_label("kick", "boom")
        before = index.rows()
    assert run(project, sounds_folder) == {"imported": 0, "skipped": len(LABELS) * EACH, "problems": []}
    assert run(project, sounds_folder, sounds_folder / "kick") == {"imported": 0, "skipped": len(LABELS) * EACH, "problems": []}
    with Index(project) as index:
        assert index.rows() == before


def test_a_touched_file_is_known_by_its_content_and_a_changed_one_is_measured_again(
    project: ProjectFolder, sounds_folder: Path
) -> None:
    run(project, sounds_folder)
    touched, changed = sounds_folder / "kick" / "kick 01.wav", sounds_folder / "hat" / "hat 01.wav"
    os.utime(touched, ns=(1, 1))
    tone(changed, 1.0)
    result = run(project, sounds_folder)
    assert (result["imported"], result["skipped"]) == (1, len(LABELS) * EACH - 1)
    with Index(project) as index:
        assert index.count() == len(LABELS) * EACH
        found = index.by_path(changed)
        assert found is not None and found.seconds == 1.0 and found.label == "hat"
    assert run(project, sounds_folder)["skipped"] == len(LABELS) * EACH


def test_labels_come_from_the_nearest_folder_or_the_dropped_one(project: ProjectFolder, tmp_path: Path) -> None:
    tone(tmp_path / "Pack" / "loose.wav", seed=1)
    tone(tmp_path / "Pack" / "Kicks" / "808" / "deep.wav", seed=2)
    alone = tone(tmp_path / "Desktop" / "single.wav", seed=3)
    run(project, tmp_path / "Pack", alone)
    with Index(project) as index:
        assert {r.name: r.label for r in index.rows()} == {"loose.wav": "Pack", "deep.wav": "808", "single.wav": ""}


def test_a_moved_file_keeps_what_was_said_about_it(project: ProjectFolder, sounds_folder: Path) -> None:
    run(project, sounds_folder)
    old, new = sounds_folder / "kick" / "kick 01.wav", sounds_folder / "best" / "boom.wav"
    with Index(project) as index:
        before = index.by_path(old)
        assert before is not None
        index.set_include([before.id], False)
    new.parent.mkdir()
    old.rename(new)
    assert run(project, sounds_folder) == {"imported": 0, "skipped": len(LABELS) * EACH, "problems": []}
    with Index(project) as index:
        assert index.count() == len(LABELS) * EACH and index.by_path(old) is None
        after = index.by_path(new)
        assert after is not None
        assert (after.id, after.label, after.include, after.problems) == (before.id, "kick", False, before.problems)


def test_what_vanished_is_flagged_until_it_is_back(project: ProjectFolder, sounds_folder: Path) -> None:
    run(project, sounds_folder)
    path, away = sounds_folder / "kick" / "kick 01.wav", sounds_folder.parent / "away.wav"
    path.rename(away)
    run(project, sounds_folder)
    with Index(project) as index:
        found = index.by_path(path)
        assert found is not None and "vanished" in found.problems
        away.rename(path)
        assert flag_vanished(index) == []
        found = index.by_path(path)
        assert found is not None and "vanished" not in found.problems


def test_what_can_not_be_read_is_listed_with_reasons_and_the_rest_arrives(project: ProjectFolder, tmp_path: Path) -> None:
    folder = tmp_path / "Mixed"
    tone(folder / "good.wav")
    soundfile.write(folder / "no frames.wav", np.zeros(0), 44_100)
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.wav").write_text("this is not a sound")
    (folder / "notes.txt").write_text("left out silently")
    whole = tone(folder / "cut.wav", seed=4).read_bytes()
    (folder / "cut.wav").write_bytes(whole[: len(whole) // 2])
    tone(folder / "really flac.wav", seed=5, format="FLAC")
    result = run(project, folder, tmp_path / "nowhere")
    reasons = {Path(p["path"]).name: p["reason"] for p in result["problems"]}
    assert set(reasons) == {"no frames.wav", "empty.wav", "text.wav", "nowhere"}
    assert all(reasons.values()) and result["imported"] == 3
    again = run(project, folder)
    assert (again["imported"], again["skipped"], len(again["problems"])) == (0, 3, 3)
    with Index(project) as index:
        assert len(index.unreadable()) == 3
        cut = index.by_path(folder / "cut.wav")
        assert cut is not None and "truncated" in cut.problems
    (folder / "text.wav").unlink()
    tone(folder / "empty.wav", seed=6)
    assert run(project, folder)["imported"] == 1
    with Index(project) as index:
        assert [Path(path).name for path, _ in index.unreadable()] == ["no frames.wav"]


def test_odd_sounds_are_flagged(project: ProjectFolder, tmp_path: Path) -> None:
    folder = tmp_path / "Odd"
    hit = drum("snare", 1)
    folder.mkdir()

    def save(name: str, samples: np.ndarray, subtype: str = "FLOAT") -> None:
        soundfile.write(folder / f"{name}.wav", samples, 44_100, subtype=subtype)

    broken = hit.copy()
    broken[100:105] = np.nan
    save("nan", broken)
    save("silent", np.zeros(4000))
    save("quiet", hit * 0.002)
    save("head", np.concatenate([np.zeros(9000), hit]))
    save("clipped", np.clip(hit * 8, -1, 1), "PCM_16")
    save("dc", hit * 0.5 + 0.2)
    save("short", hit[:500])
    save("fine", hit)
    run(project, folder)
    with Index(project) as index:
        found = {Path(r.name).stem: set(r.problems) - {"duplicate", "quiet"} for r in index.rows()}
        quiet = {Path(r.name).stem for r in index.rows(problem="quiet")}
    assert {name for name, problems in found.items() if name in problems} == {"nan", "silent", "head", "clipped", "dc", "short"}
    assert found["fine"] == set() and "quiet" in quiet and "fine" not in quiet and "silent" not in quiet


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_in_circles_end_and_hidden_things_are_left_out(project: ProjectFolder, tmp_path: Path) -> None:
    folder = tmp_path / "Loops"
    tone(folder / "a" / "one.wav", seed=1)
    (folder / "a" / "again").symlink_to(folder)
    (folder / "b").symlink_to(folder / "a")
    (folder / "dead.wav").symlink_to(tmp_path / "gone.wav")
    tone(folder / ".hidden" / "two.wav", seed=2)
    tone(folder / "__MACOSX" / "three.wav", seed=3)
    shutil.copy(folder / "a" / "one.wav", folder / "a" / "._one.wav")
    result = run(project, folder)
    assert result["imported"] == 1 and [Path(p["path"]).name for p in result["problems"]] == ["dead.wav"]


def test_any_alphabet_is_a_name(project: ProjectFolder, tmp_path: Path) -> None:
    names = ["кик.wav", "打.wav", "trommel ü.wav", "🥁.wav", "a'b\"c%_.wav", " space .wav"]
    for i, name in enumerate(names):
        tone(tmp_path / "Größe" / name, seed=i)
    assert run(project, tmp_path / "Größe")["imported"] == len(names)
    with Index(project) as index:
        assert {r.name for r in index.rows()} == set(names) and index.labels() == [("Größe", len(names))]


@pytest.mark.skipif(os.name == "nt" or os.uname().sysname == "Darwin", reason="names are always text there")
def test_a_name_that_is_no_text_is_a_problem_not_a_crash(project: ProjectFolder, tmp_path: Path) -> None:
    good = tone(tmp_path / "Pack" / "good.wav")
    shutil.copy(good, tmp_path / "Pack" / os.fsdecode(b"\xff\xfe.wav"))
    result = run(project, tmp_path / "Pack")
    assert result["imported"] == 1 and "rename" in result["problems"][0]["reason"]
    result["problems"][0]["path"].encode()


def test_of_the_project_itself_only_its_sounds_are_taken(project: ProjectFolder, sounds_folder: Path) -> None:
    shutil.copytree(sounds_folder, project.sounds)
    tone(project.exports / "mine.wav")
    assert run(project, project.root)["imported"] == len(LABELS) * EACH


def test_copies_go_into_the_project_and_are_whole(project: ProjectFolder, sounds_folder: Path) -> None:
    before = state(sounds_folder)
    shutil.copy(sounds_folder / "kick" / "kick 01.wav", sounds_folder / "hat" / "twin.wav")
    result = run(project, sounds_folder, copy=True)
    assert (result["imported"], result["skipped"]) == (len(LABELS) * EACH, 1)
    shutil.rmtree(sounds_folder)
    with Index(project) as index:
        assert flag_vanished(index) == []
        assert all(Path(r.path).is_relative_to(project.sounds) for r in index.rows())
    assert {d for d, _ in state(project.sounds).values()} == {d for d, _ in before.values()}


def test_copying_again_is_idempotent(project: ProjectFolder, sounds_folder: Path) -> None:
    run(project, sounds_folder, copy=True)
    before = state(project.sounds)
    assert run(project, sounds_folder, copy=True)["imported"] == 0
    assert run(project, project.root)["imported"] == 0
    assert state(project.sounds) == before


def test_a_full_disk_while_copying_leaves_whole_files_only(
    project: ProjectFolder, sounds_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, left = shutil.copy2, iter(range(5))

    def copy2(source: str, target: Path) -> Path:
        if next(left, None) is None:
            Path(target).write_bytes(b"half")
            raise OSError(28, "No space left on device")
        return real(source, target)

    monkeypatch.setattr(shutil, "copy2", copy2)
    with pytest.raises(DiskFull):
        run(project, sounds_folder, copy=True)
    copies = {digest for digest, _ in state(project.sounds).values()}
    assert len(copies) == 5 and copies <= {digest for digest, _ in state(sounds_folder).values()}
    monkeypatch.undo()
    result = run(project, sounds_folder, copy=True)
    assert result["imported"] + result["skipped"] == len(LABELS) * EACH
    with Index(project) as index:
        assert index.count() == len(LABELS) * EACH == len(state(project.sounds))


def test_cancelling_keeps_what_was_measured_and_going_on_completes_it(project: ProjectFolder, sounds_folder: Path) -> None:
    work = import_folders(project, [sounds_folder], workers=1)
    for event in work:
        if isinstance(event, Produced):
            break
    work.close()  # type: ignore[attr-defined]
    with Index(project) as index:
        kept = index.count()
        assert kept > 0 and all(r.same for r in index.rows())
    result = run(project, sounds_folder)
    assert result["imported"] + result["skipped"] == len(LABELS) * EACH and result["skipped"] >= kept


def test_progress_counts_up_to_all(project: ProjectFolder, sounds_folder: Path) -> None:
    counts = [e for e in import_folders(project, [sounds_folder]) if isinstance(e, Progress) and e.total]
    assert [e.done for e in counts] == sorted(e.done for e in counts)
    assert counts[-1].done == counts[-1].total == len(LABELS) * EACH


def test_a_file_that_kills_its_reader_is_one_problem() -> None:
    jobs = [(f"{'bad' if i == 13 else 'odd' if i == 21 else 'file'} {i}", i, 0) for i in range(40)]
    answers = dict(workers.each(dying.measure, jobs, 2))
    assert len(answers) == 40
    assert "crashed" in str(answers.pop(jobs[13])) and "unexpected" in str(answers.pop(jobs[21]))
    assert all(answer == job[1] for job, answer in answers.items())


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python starts no process any more while it ends a broken pool")
@pytest.mark.timeout(60)
def test_a_process_that_starts_while_the_others_are_ended_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool's own thread finds it broken, and before it says so one more process begins to start; it is there when all
    others were ended and told to."""
    found, starting, ended, there = (threading.Event() for _ in range(4))
    manager = process._ExecutorManagerThread
    end, tell = manager.terminate_broken, manager.shutdown_workers
    submit, spawn = ProcessPoolExecutor.submit, ProcessPoolExecutor._spawn_process

    def late_end(thread: Any, cause: Any) -> None:
        found.set()
        assert starting.wait(20)
        end(thread, cause)

    def last_tell(thread: Any) -> None:
        tell(thread)
        ended.set()  # and before it joins them, it waits for the lock that the start of a process holds

    def late_submit(pool: Any, *job: Any) -> Any:
        assert not pool._processes or found.wait(20)
        return submit(pool, *job)

    def late_spawn(pool: Any) -> None:
        known, pool._processes = pool._processes, {}
        spawn(pool)
        if found.is_set() and not there.is_set():
            starting.set()
            assert ended.wait(20)
            there.set()
        known.update(pool._processes)
        pool._processes = known

    monkeypatch.setattr(manager, "terminate_broken", late_end)
    monkeypatch.setattr(manager, "shutdown_workers", last_tell)
    monkeypatch.setattr(ProcessPoolExecutor, "submit", late_submit)
    monkeypatch.setattr(ProcessPoolExecutor, "_spawn_process", late_spawn)
    jobs = [(f"{'bad' if i == 3 else 'file'} {i}", i, 0) for i in range(40)]
    answers = dict(workers.each(dying.measure, jobs, 2))
    assert there.is_set() and len(answers) == 40 and "crashed" in str(answers[jobs[3]])


@pytest.mark.parametrize("error", [BrokenProcessPool, OSError])
def test_what_a_breaking_pool_does_not_take_is_done_by_the_next(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    calls: list[int] = []
    submit = ProcessPoolExecutor.submit

    def breaking(pool: Any, *job: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            pool._broken = "it was just found to be"
            raise error
        return submit(pool, *job)

    monkeypatch.setattr(ProcessPoolExecutor, "submit", breaking)
    jobs = [(f"file {i}", i, 0) for i in range(40)]
    assert dict(workers.each(dying.measure, jobs, 2)) == {job: job[1] for job in jobs}


def test_where_no_process_lives_no_file_is_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_begin", dying.die)
    jobs = [(f"/sounds/{number}.wav", number, 0) for number in range(20)]
    with pytest.raises(LibraryError, match="want of memory"):
        list(workers.each(dying.measure, jobs, 2))


def test_workers_carry_neither_torch_nor_qt_and_their_death_has_a_name() -> None:
    loaded = workers.alone(dying.modules)
    assert "studio.library.measure" in loaded and not {"torch", "PySide6", "PySide6.QtCore"} & loaded
    with pytest.raises(LibraryError):
        workers.alone(dying.die)


def test_walking_is_in_order_and_says_what_it_found(sounds_folder: Path, tmp_path: Path) -> None:
    found = list(walk([sounds_folder], tmp_path / "project"))
    assert all(isinstance(f, Found) and f.size == Path(f.path).stat().st_size for f in found)
    assert [Path(f[0]).name for f in found] == sorted(Path(f[0]).name for f in found)
