from __future__ import annotations

import json
import os
import socket
import threading
import time
from pathlib import Path

import msgspec
import psutil
import pytest

from studio.errors import BrokenFile, DiskFull, NewerFormat, NotAProject
from studio.events import Metric, Produced, Progress
from studio.project import atomic
from studio.project.folder import ProjectFolder
from studio.project.state import CheckpointFile, Pointer, PreviewCell, PreviewFile, RunStatus
from studio.training.plan import TrainerConfig
from studio.training.run import RunFolder
from tests.training.conftest import Make


def test_a_run_is_frozen_when_it_is_made(project: ProjectFolder) -> None:
    run = RunFolder.create(project, "tiny", {"latent": 3}, TrainerConfig(steps=7), "My run")
    assert run.path.parent == project.runs_dir and run.name.endswith("-tiny-1")
    assert (run.config.family, run.config.name, run.config.config) == ("tiny", "My run", {"latent": 3})
    assert run.plan == TrainerConfig(steps=7)
    assert run.status().state == "queued" and not run.alive()
    assert RunFolder.create(project, "tiny", {}).name.endswith("-tiny-2")
    assert project.runs() == sorted([run.path, run.path.with_name(run.name[:-1] + "2")])


def test_many_makers_get_a_folder_each(project: ProjectFolder) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(RunFolder.create(project, "tiny", {}).name)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 6


def test_what_is_no_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotAProject):
        _ = RunFolder(tmp_path / "nothing").config
    (tmp_path / "config.json").write_text('{"kind": "run", "format": 99}')
    with pytest.raises(NewerFormat):
        _ = RunFolder(tmp_path).config
    (tmp_path / "config.json").write_text('{"kind": "run", "format": 1, "family": "x", "name": "x", "plan": {"batch": "many"}}')
    with pytest.raises(BrokenFile):
        _ = RunFolder(tmp_path).plan
    (tmp_path / "status.json").write_text("{")
    assert RunFolder(tmp_path).status() == RunStatus()


def test_events_are_read_from_where_one_left_off(make: Make) -> None:
    run = make()
    assert run.events() == ([], 0)
    first = [Metric(step=n, name="a", value=float(n)) for n in range(3)]
    run.append(*first)
    found, at = run.events()
    assert found == first
    run.append(Progress(done=1))
    later, end = run.events(at)
    assert [type(e) for e in later] == [Progress] and run.events(end) == ([], end)


def test_a_torn_line_means_nothing_and_spoils_nothing(make: Make) -> None:
    run = make()
    run.append(Metric(step=1, name="a", value=1.0))
    with (run.path / "events.jsonl").open("ab") as file:
        file.write(b'{"event": "metric", "step": 2, "na')
    found, at = run.events()
    assert len(found) == 1
    later = RunFolder(run.path)  # the next life of the trainer
    later.append(Metric(step=2, name="a", value=2.0))
    assert [e.step for e in later.events()[0] if isinstance(e, Metric)] == [1, 2]
    assert [e.step for e in later.events(at)[0] if isinstance(e, Metric)] == [2]


def test_foreign_lines_are_skipped(make: Make) -> None:
    run = make()
    (run.path / "events.jsonl").write_bytes(b'{"event": "new-thing"}\n\xff\xfe\n[1]\n\n' + b'{"event":"finished","time":1}\n')
    assert len(run.events()[0]) == 1


def test_requests_are_taken_once_and_resume_takes_others_back(make: Make) -> None:
    run = make()
    run.request("pause")
    run.request("star")
    assert run.requests() == ["pause", "star"]
    run.request("resume")
    assert list(run.take_requests()) == ["resume", "star"]
    assert run.take_requests() == {}
    run.request("stop")
    assert run.take_requests(since=time.time() + 10) == {} and run.requests() == []
    run.request("stop")
    assert list(run.take_requests(since=time.time() - 10)) == ["stop"]
    with pytest.raises(ValueError):
        run.request("explode")  # type: ignore[arg-type]


def test_a_trainer_is_alive_by_its_process_here_and_by_its_heartbeat_elsewhere(make: Make) -> None:
    run = make()
    born = psutil.Process().create_time()
    here = RunStatus(state="training", pid=os.getpid(), born=born, host=socket.gethostname())
    run.write_status(here)
    assert run.alive()
    run.write_status(msgspec.structs.replace(here, born=born - 1000))  # the number was given to another process
    assert not run.alive()
    run.write_status(msgspec.structs.replace(here, state="paused"))
    assert not run.alive()
    run.write_status(msgspec.structs.replace(here, pid=2**22 + 1))
    assert not run.alive()
    run.write_status(msgspec.structs.replace(here, host="elsewhere"))
    assert run.alive()
    touch(run, -600)
    assert not run.alive()


def touch(run: RunFolder, seconds: float) -> None:
    """As if the trainer had given its last sign of life so long ago, by the clock of the disk."""
    now = time.time() + seconds
    os.utime(run.path / "status.json", (now, now))


def test_a_full_disk_is_named(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make()

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskFull):
        run.write_status(RunStatus())
    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(DiskFull):
        run.append(Progress(done=1))


def checkpoint(run: RunFolder, step: int, training: bool = True) -> Path:
    path = run.path / "checkpoints" / f"step-{step:08d}"
    path.mkdir()
    atomic.write_json(path / "config.json", CheckpointFile(family="tiny", step=step))
    if training:
        (path / "training.json").write_text("{}")
    return path


def test_checkpoints_and_their_pointers(make: Make) -> None:
    run = make()
    assert run.checkpoint() is None and run.checkpoints() == []
    for step in (20, 3, 100):
        checkpoint(run, step, training=step > 10)
    (run.path / "checkpoints" / "step-00000200.partial").mkdir()
    (run.path / "checkpoints" / "step-00000300").mkdir()
    assert [(m.step, m.resumable) for m in run.checkpoints()] == [(3, False), (20, True), (100, True)]
    assert run.checkpoint("best") == run.path / "checkpoints/step-00000100"
    atomic.write_json(run.path / "best.json", Pointer(folder="checkpoints/step-00000020", step=20))
    assert run.checkpoint("best") == run.path / "checkpoints/step-00000020"
    atomic.write_json(run.path / "best.json", Pointer(folder="../../../elsewhere"))
    assert run.checkpoint("best") == run.path / "checkpoints/step-00000100"
    assert run.star(20) and not run.star(21)
    assert [m.starred for m in run.checkpoints()] == [False, True, False]
    assert run.star(20, on=False) and not any(m.starred for m in run.checkpoints())


def test_previews_never_lead_out_of_the_run(make: Make) -> None:
    run = make()
    good = PreviewCell(name="new-1", kind="new", path="previews/step-00000005/new-1.wav")
    bad = [PreviewCell(name="x", kind="new", path=p) for p in ("/etc/passwd", "../../x.wav", "a/../../x.wav", "c:\\x.wav")]
    sly = PreviewCell(name="y", kind="reconstruction", path=good.path, original="../y.wav")
    folder = run.path / "previews" / "step-00000005"
    folder.mkdir()
    atomic.write_json(folder / "preview.json", PreviewFile(step=5, minutes=0.5, cells=(good, *bad, sly)))
    (run.path / "previews" / "step-00000006").mkdir()
    broken = run.path / "previews" / "step-00000007"
    broken.mkdir()
    (broken / "preview.json").write_text("{")
    (preview,) = run.previews()
    assert preview.cells == (good,) and preview.path(good) == folder / "new-1.wav" and preview.original(good) is None


def test_dropped_probes_keep_their_names(make: Make, tmp_path: Path) -> None:
    run = make()
    source = tmp_path / "my kick.wav"
    source.write_bytes(b"x")
    assert [run.add_probe(source).name for _ in range(2)] == ["my kick.wav", "my kick 2.wav"]
    assert [p.name for p in run.probes()] == ["my kick 2.wav", "my kick.wav"]
    assert run.size() >= 2 + len(json.dumps({}))


def test_metrics_are_written_as_scripts_expect(make: Make) -> None:
    run = make()
    run.append(Metric(step=3, name="held-out/mel", value=0.5), Produced(kind="preview", path="x", value=object()))
    first, second = (json.loads(line) for line in (run.path / "events.jsonl").read_text().splitlines())
    assert set(first) == {"event", "step", "name", "value", "time"} and first["event"] == "metric"
    assert "value" not in second


def test_a_probe_that_is_taken_out_comes_back_under_its_name(make: Make, tmp_path: Path) -> None:
    source = tmp_path / ("k" * 90 + ".wav")
    source.write_bytes(b"RIFF")
    run = make()
    name = run.add_probe(source).name
    assert name == "k" * 60 + ".wav"
    run.hide_probe(name)
    assert run.probes() == []
    run.hide_probe(name)  # it is gone already
    run.hide_probe(name, False)
    assert [path.name for path in run.probes()] == [name]


def test_a_note_is_kept_and_a_damaged_one_is_none(make: Make) -> None:
    run = make()
    assert run.note() == ""
    run.set_note("  the one with the long snares\n")
    assert RunFolder(run.path).note() == "the one with the long snares"
    (run.path / "note.json").write_text("{")
    assert run.note() == ""
