from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from studio.audio import files
from studio.errors import BadConfig, Diverged, NothingToLearn, OutOfMemory, TrainingError
from studio.events import Finished, Metric, Started
from studio.library import reader
from studio.library.index import Index
from studio.models import checkpoint
from studio.project import atomic
from studio.project.folder import ProjectFolder
from studio.project.state import CheckpointFile, Pointer
from studio.training import trainer, validation
from studio.training.plan import TrainerConfig
from studio.training.run import RunFolder
from studio.training.saving import Saver
from studio.training.trainer import _Training, train
from tests.training.conftest import Make, losses, produced
from tests.training.tiny import Tiny


def tensors(run: RunFolder) -> dict[str, torch.Tensor]:
    saved = Saver(run).newest()
    assert saved is not None
    return saved.tensors


def same(a: RunFolder, b: RunFolder) -> bool:
    one, other = tensors(a), tensors(b)
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def test_a_run_from_start_to_end(make: Make) -> None:
    run = make({"rate": 1e-2}, steps=60)
    told = list(train(run, Tiny))
    assert isinstance(told[0], Started) and isinstance(told[-1], Finished)
    assert sum(isinstance(e, Finished) for e in told) == 1
    result = told[-1].result
    assert (result["state"], result["steps"]) == ("finished", 60) and result["best"]["held-out/mel"] > 0
    status = run.status()
    assert (status.state, status.step, status.planned_steps, status.progress) == ("finished", 60, 60, 1.0)
    assert status.pid == 0 and not run.alive() and status.device.startswith("CPU")
    mel = losses(told)
    assert sorted(mel) == list(range(1, 61))
    assert np.mean(list(mel.values())[-10:]) < 0.8 * np.mean(list(mel.values())[:10])
    assert [e for e in run.events()[0] if isinstance(e, Metric)] == [e for e in told if isinstance(e, Metric)]
    latest = atomic.read_json(run.path / "latest.json", Pointer, "pointer")
    assert latest.step == 60 and run.checkpoint("latest") == run.path / latest.folder
    assert run.checkpoint("best") is not None
    (preview,) = run.previews()
    assert preview.step == 60


def test_the_averaged_weights_are_what_is_kept_to_be_played(make: Make) -> None:
    run = make(steps=30, ema=0.9)
    list(train(run, Tiny))
    path = run.checkpoint("latest")
    assert path is not None
    found = tensors(run)
    assert any(not torch.equal(found[f"average/{n}"], found[f"model/{n}"]) for n in ("enter.weight", "leave.weight"))
    assert torch.equal(found["average/seen"], found["model/seen"])  # a buffer, not averaged
    file = atomic.read_json(path / "config.json", CheckpointFile, "checkpoint")
    assert (
        (file.family, file.step) == ("tiny", 30)
        and file.metrics["held-out/mel"] > 0
        and file.data["labels"] == ["hat", "kick", "snare"]
    )


def test_the_same_seed_trains_the_same_and_another_does_not(make: Make) -> None:
    one, again, other = make(), make(), make(seed=1)
    found = [losses(list(train(run, Tiny))) for run in (one, again, other)]
    assert found[0] == found[1] != found[2]
    assert same(one, again) and not same(one, other)


def test_how_much_is_heard_in_a_second_is_told(make: Make) -> None:
    run = make(steps=12)
    told = list(train(run, Tiny))
    sounds, audio = losses(told, "speed/sounds"), losses(told, "speed/audio")
    length = reader.load(ProjectFolder.open(run.project, lock=False), Tiny.material(None, None), "train").seconds.mean()
    assert sounds.keys() == audio.keys() and len(audio) == 12
    assert all(audio[step] == pytest.approx(sounds[step] * length, rel=1e-3) for step in audio)
    assert run.status().audio_speed == pytest.approx(audio[12], rel=1e-3)


def test_groups_step_in_their_rhythm(make: Make) -> None:
    run = make(steps=8)
    told = list(train(run, Tiny))
    assert sorted(losses(told, "critic/score")) == [1, 3, 5, 7]  # every other step
    found = tensors(run)
    assert (
        float(found["optimiser/critic/0/step"]) == 8 and float(found["optimiser/sound/0/step"]) == 8
    )  # 4 times twice; 8 times


def test_phases_follow_each_other_with_their_own_optimisers(make: Make) -> None:
    run = make({"phases": 2}, steps=40)
    told = list(train(run, Tiny))
    assert max(losses(told, "mel")) == 30 and min(losses(told, "critic/score")) > 30
    found = tensors(run)
    assert not any(name.startswith("optimiser/sound") for name in found) and "optimiser/critic/0/exp_avg" in found
    rates = losses(told, "rate")
    assert rates[31] < rates[34] and rates[30] < rates[10]  # warm-up again; the cosine of the first phase


def test_minutes_plan_ends_on_time_and_never_goes_backwards(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make(steps=None, minutes=0.1, save=0.5, preview=0.4)
    monkeypatch.setattr("studio.training.plan.save_every", lambda seconds, minutes, cost: seconds)
    shown: list[float] = []
    write = RunFolder.write_status
    monkeypatch.setattr(RunFolder, "write_status", lambda self, s: (shown.append(s.progress), write(self, s))[1])
    told = list(train(run, Tiny))
    status = run.status()
    assert status.state == "finished" and status.planned == 0.1
    assert status.planned_steps == status.step > 5
    assert shown == sorted(shown) and shown[-1] == 1.0
    assert len(produced(told, "checkpoint")) >= 2 and len(produced(told, "preview")) >= 2


def test_previews_come_with_their_checkpoint(make: Make) -> None:
    run = make(steps=200, preview=0.05)
    told = list(train(run, Tiny))
    previews = run.previews()
    assert len(previews) >= 2
    assert {p.step for p in previews} <= {e.detail["step"] for e in produced(told, "checkpoint")}
    assert all(e.detail["cost"] > 0 for e in produced(told, "preview"))


# ---- asked to end


@pytest.mark.parametrize("word,state", [("stop", "stopped"), ("pause", "paused")])
def test_stop_and_pause_are_answered_between_two_steps_and_go_on_exactly(make: Make, word: str, state: str) -> None:
    whole, broken = make(steps=60), make(steps=60)
    list(train(whole, Tiny))
    for event in train(broken, Tiny):
        if isinstance(event, Metric) and event.name == "mel" and event.step == 20:
            broken.request(word)  # type: ignore[arg-type]
    status = broken.status()
    assert status.state == state and 20 <= status.step < 60
    assert broken.requests() == []
    (end,) = [e for e in broken.events()[0] if isinstance(e, Finished)]
    assert end.result["state"] == state
    later = list(train(broken, Tiny))
    assert produced(later, "resumed")[0].detail["step"] == status.step
    assert losses(whole.events()[0]) == losses(broken.events()[0])
    assert same(whole, broken)


def test_sigterm_stops_safely(make: Make) -> None:
    run = make(steps=1000)
    before = signal.getsignal(signal.SIGTERM)
    for event in train(run, Tiny):
        if isinstance(event, Metric) and event.name == "mel" and event.step == 10:
            os.kill(os.getpid(), signal.SIGTERM)
    assert run.status().state == "stopped" and 10 <= run.status().step <= 12
    assert run.checkpoints()[-1].resumable
    assert signal.getsignal(signal.SIGTERM) == before


def test_closing_the_generator_saves_and_leaves_nothing_half_written(make: Make) -> None:
    run = make(steps=1000)
    work = train(run, Tiny)
    for event in work:
        if isinstance(event, Metric) and event.name == "mel" and event.step == 10:
            break
    work.close()  # type: ignore[attr-defined]
    assert run.status().state == "stopped" and run.checkpoints()[-1].step == 10
    assert not list(run.path.rglob("*.partial"))
    run.lock().acquire(blocking=False)  # free again


def test_a_finished_run_ends_at_once(make: Make) -> None:
    run = make(steps=5)
    list(train(run, Tiny))
    told = list(train(run, Tiny))
    assert told[-1].result["steps"] == 5 and not losses(told)  # type: ignore[attr-defined]


def test_only_one_trainer_at_a_time(make: Make) -> None:
    run = make()
    work = train(run, Tiny)
    next(work)
    with pytest.raises(TrainingError, match="already being trained"):
        next(train(RunFolder(run.path), Tiny))
    work.close()  # type: ignore[attr-defined]


def test_a_stop_that_comes_while_it_prepares_is_answered(make: Make) -> None:
    run = make(steps=50)
    work = train(run, Tiny)
    next(work)
    run.request("stop")
    list(work)
    assert run.status().state == "stopped" and run.status().step == 0


def test_starring_now_keeps_this_moment(make: Make) -> None:
    run = make(steps=60)
    for event in train(run, Tiny):
        if isinstance(event, Metric) and event.name == "mel" and event.step == 20:
            run.request("star")
    (starred,) = [m for m in run.checkpoints() if m.starred]
    assert 20 <= starred.step <= 22


def test_what_is_measured_after_a_save_is_put_into_it(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make(steps=5)
    monkeypatch.setattr(_Training, "_look_around", lambda self: self._checkpoint())
    written: list[Path] = []
    real = checkpoint.write
    monkeypatch.setattr(checkpoint, "write", lambda *a, **k: (written.append(a[0]), real(*a, **k))[1])
    list(train(run, Tiny))
    assert len(written) == 5  # once per step, the last one not again
    newest = run.checkpoint("best")
    assert newest is not None and checkpoint.describe(newest).step == 5
    assert checkpoint.describe(newest).metrics == run.status().best


# ---- when things go wrong


def test_impossible_numbers_skip_their_step(make: Make) -> None:
    run = make(steps=30)
    told = []
    for event in train(run, Tiny):
        told.append(event)
        if isinstance(event, Metric) and event.name == "mel" and event.step == 10:
            poison(3)
    heal()
    assert run.status().state == "finished" and not produced(told, "notice")
    assert set(range(1, 31)) - set(losses(told)) == {11, 12, 13}


def test_many_impossible_numbers_roll_back_and_halve_the_rate(make: Make) -> None:
    run = make(steps=40, warmup=0)
    told = []
    starred = False
    for event in train(run, Tiny):
        told.append(event)
        if isinstance(event, Metric) and event.name == "mel":
            if event.step == 10 and not starred:
                starred = True
                run.request("star")  # a good moment to come back to
            if event.step == 20 and not produced(told, "notice"):
                poison(trainer.PATIENCE)
    heal()
    (notice,) = produced(told, "notice")
    assert notice.detail["key"] == "RolledBack" and "50%" in notice.detail["sentence"]
    back = produced(told, "resumed")[0].detail["step"]
    assert 10 <= back <= 12
    assert run.status().state == "finished"
    rates = [e.value for e in told if isinstance(e, Metric) and e.name == "rate" and e.step == 18]
    assert rates[1] == pytest.approx(rates[0] / 2)
    saved = Saver(run).newest()
    assert saved is not None and (saved.facts.memory.rollbacks, saved.facts.memory.slowed) == (1, 0.5)


def test_what_never_recovers_diverges_by_name(make: Make) -> None:
    run = make({"trouble": "always-nan"}, steps=400)
    with pytest.raises(Diverged):
        list(train(run, Tiny))
    status = run.status()
    assert (status.state, status.key) == ("failed", "Diverged") and status.error and status.hint
    assert len([e for e in produced(run.events()[0], "notice") if e.detail["key"] == "RolledBack"]) == trainer.ROLLBACKS


def poison(steps: int) -> None:
    """The next `steps` steps of the tiny family give impossible numbers."""
    Tiny.poisoned = steps


def heal() -> None:
    Tiny.poisoned = 0


def test_a_model_that_falls_apart_goes_back_to_its_best_moment(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make(steps=60, preview=0.02)
    monkeypatch.setattr(validation, "SOONEST", 0.01)
    measure = validation.Validation.measure
    broken: list[int] = []

    def once(self: validation.Validation, model: Tiny, batch: int) -> dict[str, float]:
        found = measure(self, model, batch)
        if run.checkpoint("best") is not None and not broken:
            broken.append(1)
            found["held-out/mel"] *= 100
        return found

    monkeypatch.setattr(validation.Validation, "measure", once)
    told = list(train(run, Tiny))
    (notice,) = produced(told, "notice")
    assert "fell apart" in notice.detail["sentence"]
    assert run.status().state == "finished" and run.status().step == 60
    assert all(checkpoint.describe(m.path).metrics.get("held-out/mel", 0) < 10 for m in run.checkpoints())


def test_a_run_with_impossible_settings_fails_by_name(make: Make) -> None:
    run = make({"latent": "many"})
    with pytest.raises(BadConfig):
        list(train(run, Tiny))
    assert (run.status().state, run.status().key, run.status().pid) == ("failed", "BadConfig", 0)


def test_memory_that_runs_out_halves_the_batch(make: Make) -> None:
    run = make({"trouble": "memory:3"}, batch=16, steps=10, precision="bf16")
    told = list(train(run, Tiny))
    sentences = [e.detail["sentence"] for e in produced(told, "notice")]
    assert len(sentences) == 3 and "8 sounds" in sentences[0] and "2 sounds" in sentences[2]
    assert run.status().state == "finished" and run.status().batch == 2


def test_memory_that_is_not_enough_for_one_sound_is_named(make: Make) -> None:
    run = make({"trouble": "memory:0"}, steps=10)
    with pytest.raises(OutOfMemory):
        list(train(run, Tiny))
    assert run.status().key == "OutOfMemory"


def test_a_full_disk_pauses_and_the_run_goes_on_later(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, run = make(steps=60), make(steps=60)
    list(train(whole, Tiny))
    real = os.write
    full = False

    def write(handle: int, data: bytes) -> int:
        if full:
            raise OSError(28, "No space left on device")
        return real(handle, data)

    monkeypatch.setattr(os, "write", write)
    for event in train(run, Tiny):
        if isinstance(event, Metric) and event.name == "mel" and event.step in (10, 30):
            run.request("star")
            full = event.step == 30
    status = run.status()
    assert (status.state, status.key) == ("paused", "DiskFull") and "full" in status.error
    assert not list(run.path.rglob("*.partial"))
    full = False
    later = list(train(run, Tiny))
    assert 10 <= produced(later, "resumed")[0].detail["step"] <= 12
    assert run.status().state == "finished" and same(whole, run)


def test_nothing_to_learn_is_named(make: Make, project: ProjectFolder) -> None:
    run = make()
    with Index(project) as index:
        index.set_include(index.ids(), False)
    with pytest.raises(NothingToLearn):
        list(train(run, Tiny))
    assert (run.status().state, run.status().key) == ("failed", "NothingToLearn")


def test_a_missing_device_is_named(make: Make) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one here")
    run = make(device="cuda")
    with pytest.raises(TrainingError, match="cuda"):
        list(train(run, Tiny))


def test_sounds_that_changed_are_said(make: Make, project: ProjectFolder) -> None:
    run = make(steps=20)
    for event in train(run, Tiny):
        if isinstance(event, Metric) and event.name == "mel" and event.step == 5:
            run.request("pause")
    with Index(project) as index:
        index.set_include([int(index.rows(label="kick")[0].id), int(index.rows(label="hat")[0].id)], False)
    told = list(train(run, Tiny))
    assert [e.detail["key"] for e in produced(told, "notice")] == ["SoundsChanged"]


def test_a_damaged_newest_checkpoint_is_passed_over(make: Make) -> None:
    whole, run = make(steps=60), make(steps=60)
    list(train(whole, Tiny))
    asked = set()
    for event in train(run, Tiny):
        if isinstance(event, Metric) and event.name == "mel" and event.step in (10, 30) and event.step not in asked:
            asked.add(event.step)
            run.request("star" if event.step == 10 else "pause")
    newest = run.checkpoints()[-1].path / "training.safetensors"
    newest.write_bytes(newest.read_bytes()[:100])
    later = list(train(run, Tiny))
    assert 10 <= produced(later, "resumed")[0].detail["step"] <= 12
    assert same(whole, run)


def test_sounds_without_held_out_ones_train_too(make: Make, project: ProjectFolder) -> None:
    with Index(project) as index:
        index.set_split({int(i): "train" for i in index.ids()})
    run = make(steps=10)
    list(train(run, Tiny))
    assert set(run.status().best) == {"training/mel"}


def test_probes_of_the_users_own_are_heard(make: Make, sounds_folder: Path, project: ProjectFolder) -> None:
    run = make(steps=10)
    run.add_probe(next(sounds_folder.rglob("*.wav")))
    (run.path / "probes" / "broken.wav").write_bytes(b"no sound")
    list(train(run, Tiny))
    (preview,) = run.previews()
    kinds = [cell.kind for cell in preview.cells]
    with Index(project) as index:
        held = sum(row.split == "validation" for row in index.rows())
    assert kinds.count("reconstruction") == min(4, held) > 0 and kinds.count("new") == 4 and kinds.count("probe") == 1
    own = next(cell for cell in run.previews()[-1].cells if cell.kind == "probe")
    assert own.name in {path.stem for path in run.probes()} and own.path.endswith(f"probe-{own.name}.wav")
    for cell in preview.cells:
        sound = files.read(preview.path(cell))
        assert sound.rate == 4000 and abs(sound.seconds - cell.seconds) < 1e-3
        original = preview.original(cell)
        assert (original is None) == (cell.kind == "new")
        assert original is None or files.read(original).frames > 0
        assert (cell.distance is None) == (cell.kind == "new")


def test_defaults_need_no_answer(project: ProjectFolder) -> None:
    run = RunFolder.create(project, "tiny", {})
    assert run.plan == TrainerConfig()
    work = train(run, Tiny)
    for event in work:
        if isinstance(event, Metric) and event.name == "mel":
            break
    work.close()  # type: ignore[attr-defined]
    assert run.status().precision in ("fp32", "bf16") and run.status().planned == 30
