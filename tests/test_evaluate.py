"""Evaluation from a run folder to its numbers, on real files, a real library and a real (untrained) model."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from studio import evaluate, events
from studio.audio import files
from studio.audio.images import hear
from studio.audio.sound import Sound
from studio.errors import BrokenCheckpoint
from studio.library.importer import import_folders
from studio.library.reader import facts
from studio.models import checkpoint
from studio.models.base import families
from studio.project.folder import ProjectFolder
from studio.training.run import RunFolder, step_folder

RATE = 44100


def hit(label: str, rng: np.random.Generator) -> Sound:
    """A short drum: a falling tone, a burst of noise, or both; no two alike."""
    t = np.arange(round(rng.uniform(0.12, 0.3) * RATE)) / RATE
    decay = np.exp(-t / rng.uniform(0.02, 0.06))
    tone = np.sin(2 * np.pi * np.cumsum(rng.uniform(60, 120) * (1 + 2 * np.exp(-t / 0.02))) / RATE)
    noise = np.diff(rng.standard_normal(len(t) + 1)) if label == "hat" else rng.standard_normal(len(t))
    parts = {"kick": (1.0, 0.02), "snare": (0.5, 0.5), "hat": (0.0, 0.6)}[label]
    return Sound(((parts[0] * tone + parts[1] * noise) * decay)[None].astype(np.float32) * 0.4, RATE)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A run of a project with 120 sounds and a model that has learned nothing yet."""
    root = tmp_path_factory.mktemp("evaluate")
    rng = np.random.default_rng(0)
    for label in ("kick", "snare", "hat"):
        (root / "sounds" / label).mkdir(parents=True)
        for i in range(40):
            files.write(root / "sounds" / label / f"{label} {i}.wav", hit(label, rng), subtype="PCM_16")
    with ProjectFolder.create(root / "project") as project:
        list(import_folders(project, [root / "sounds"], workers=1))
        family = families()["oneshot"]
        model = family(family.Config(seconds=0.3, latent=4, width=32), facts(project))
        folder = RunFolder.create(project, "oneshot", {"seconds": 0.3, "latent": 4, "width": 32})
        checkpoint.save(folder.path / "checkpoints" / step_folder(3), model, meta={"step": 3})
    return folder.path


def test_a_run_is_measured_and_every_number_names_its_set(run):
    told = list(evaluate.evaluate(run, 24, device="cpu"))
    assert isinstance(told[0], events.Started) and isinstance(told[-1], events.Finished)
    result = told[-1].result
    metrics, floor, sets = result["metrics"], result["floor"], result["sets"]
    for name in ("frechet", "kid", "precision", "recall", "density", "coverage", "ndb", "copies", "diversity", "judge_frechet"):
        assert np.isfinite(metrics[name]) and np.isfinite(floor[name])
    for name in (
        "silent",
        "clipped",
        "reconstruction_mel",
        "reconstruction_stft",
        "reconstruction_si_sdr",
        "inception",
        "own/mel",
    ):
        assert np.isfinite(metrics[name])
    assert set(metrics) - {"judge_accuracy"} <= set(sets)
    assert all(any(c.isdigit() for c in words) for name, words in sets.items() if name != "seconds")
    # a model that has learned nothing is far off, and real sounds are not
    assert metrics["frechet"] > 5 * floor["frechet"] and metrics["coverage"] < floor["coverage"]
    assert metrics["reconstruction_mel"] > floor["reconstruction_mel"]
    assert metrics["judge_accuracy"] > 0.8 and metrics["label_agreement"] < 0.7
    assert metrics["copies"] == 0
    json.dumps(result)

    folder = Path(result["picture"]).parent
    assert folder.parent == run / "evaluations" and Path(result["picture"]).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    saved = json.loads((folder / "evaluation.json").read_text())
    assert saved["kind"] == "evaluation" and saved["metrics"] == metrics


def test_few_sounds_leave_out_what_would_be_noise(run):
    again = list(evaluate.evaluate(run, 6, device="cpu"))[-1].result
    assert "frechet" not in again["metrics"] and "fewer than 20" in again["sets"]["frechet"]
    assert "copies" in again["metrics"] and again["sets"]["new"].startswith("6 new sounds")


def test_closing_it_leaves_nothing_half_written(run):
    before = sorted(p.name for p in (run / "evaluations").iterdir()) if (run / "evaluations").exists() else []
    work = evaluate.evaluate(run, 24, device="cpu")
    for _ in range(5):
        next(work)
    work.close()
    assert (sorted(p.name for p in (run / "evaluations").iterdir()) if (run / "evaluations").exists() else []) == before


def test_a_run_without_a_checkpoint_says_so(run, tmp_path):
    with pytest.raises(BrokenCheckpoint):
        next(evaluate.evaluate(tmp_path))


def parts(run: Path):
    project = ProjectFolder.open(run.parent.parent, lock=False)
    family = families()["oneshot"]
    material = family.material(family.Config(seconds=0.3), facts(project))
    train, held = evaluate._sets(project, material, ("hat", "kick", "snare"))
    real, known = (hear([s.sound(i) for i in range(len(s))], material.frames) for s in (held, train))
    return material, train, held, real, known


def test_held_out_and_training_sounds_do_not_mix(run):
    _, train, held, real, known = parts(run)
    assert len(train) + len(held) == 120 and len(held) >= 20
    assert not set(train.ids) & set(held.ids)
    assert len(real) == len(held) and len(known) == len(train)
    np.testing.assert_array_equal(held.sound(0).samples, real.sounds[0].samples)


def test_twenty_planted_copies_of_twenty_are_found_at_any_level(run):
    material, _, _, real, known = parts(run)
    rng = np.random.default_rng(1)
    planted = [Sound((0.3 * s.samples).astype(np.float32), s.rate) for s in known.sounds[:20]]
    fresh = [hit(("kick", "snare", "hat")[i % 3], rng) for i in range(20)]
    for made, low, high in ((planted, 1.0, 1.0), (fresh, 0.0, 0.1)):
        scores = evaluate.Scores()
        evaluate.copies(scores, hear(evaluate._prepared(made, material), material.frames), real, known)
        assert low <= scores.metrics["copies"] <= high
    assert scores.metrics["diversity"] == pytest.approx(1, abs=0.2)


def test_other_sounds_of_the_same_kind_score_like_the_floor(run):
    material, _, _, real, known = parts(run)
    rng = np.random.default_rng(2)
    fresh = [hit(("kick", "snare", "hat")[i % 3], rng) for i in range(60)]
    made = hear(evaluate._prepared(fresh, material), material.frames)
    scores = evaluate.Scores()
    evaluate.distributions(scores, made, real, known, seed=0)
    assert scores.metrics["frechet"] < 3 * scores.floor["frechet"]
    assert scores.metrics["coverage"] > 0.8 and scores.ceiling["coverage"] > 0.95
    collapsed = replace(made, images=made.images[:1].repeat(60, 0), statistics=made.statistics[:1].repeat(60, 0))
    evaluate.distributions(scores, collapsed, real, known, seed=0)
    assert scores.metrics["coverage"] < 0.5 and scores.metrics["ndb"] > scores.floor["ndb"]


def test_silent_and_clipped_sounds_are_counted(run):
    _, _, held, _, _ = parts(run)
    loud = np.clip(2 * np.sin(np.arange(8000) / 20), -1, 1)[None].astype(np.float32)
    good = (0.4 * np.sin(np.arange(8000) / 20))[None].astype(np.float32)
    made = [Sound(x, RATE) for x in (loud, good, np.zeros_like(good), good * 1e-4, good + 0.3)]
    scores = evaluate.Scores()
    evaluate.faults(scores, made, held)
    assert scores.metrics["silent"] == 0.4 and scores.metrics["clipped"] == 0.2 and scores.metrics["offset"] == 0.2


def test_a_silent_sound_is_kept_as_silence(run):
    material, *_ = parts(run)
    heard = hear(evaluate._prepared([Sound(np.zeros((1, 5000), np.float32), RATE)], material), material.frames)
    assert len(heard) == 1 and not heard.images.any()
