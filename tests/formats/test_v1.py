"""The golden project of format 1 opens for ever, and says what it said when it was made."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from studio.explore.history import POINTS, History, unpack
from studio.library import check
from studio.library.importer import flag_vanished, import_folders
from studio.library.index import Index
from studio.project import atomic, axes, evaluation, pins
from studio.project.branches import Node
from studio.project.folder import ProjectFolder
from studio.project.formats import current
from studio.project.migrations import STEPS
from studio.project.recipe import Recipe, Request
from studio.project.state import ClipFile
from studio.training import presets, searches

GOLDEN = Path(__file__).parent / "v1" / "project"


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOLDEN, tmp_path / "Golden"))


def test_the_project_and_its_clips_open(golden: Path) -> None:
    with ProjectFolder.open(golden) as project:
        assert (project.name, project.id) == ("Golden – Größe 1", "9a09e7b2d3a64d5c8f1b6c0e4d7a2b31")
        two, kick = project.clips()
        assert project.broken == []
        assert (kick.name, kick.tags, kick.stars) == ("Soft kick", ("warm", "low"), 4)
        assert kick.edits == ({"do": "trim", "start": 0.01, "end": 0.04},)
        assert kick.recipe == Recipe(
            app="0.1.0",
            family="oneshot",
            model="0123abcd",
            run="2026-11-20-oneshot-1",
            step=1200,
            backend="onnx",
            request=Request(latent=((0.5, -0.25),), classes={"kick": 1.0}, seed=7, temperature=0.8),
            edits=({"do": "reverse"},),
        )
        assert (kick.rate, kick.frames, kick.channels, kick.seconds) == (8000, 400, 1, 0.05)
        assert project.clip_sound(kick.id).frames == 400
        assert two.recipe is None and np.all(project.clip_sound(two.id).samples == np.full((2, 8), 0.25, np.float32))


def test_a_clip_knows_every_state_its_steps_have_been_in() -> None:
    clip = atomic.read_json(GOLDEN.parent / "clip with branches.json", ClipFile, "clip")
    reverse, gain = {"do": "reverse"}, {"do": "gain", "db": -6.0, "from": 0.01, "to": 0.02}
    assert clip.edits == (reverse, {"do": "normalise", "peak_db": -1.0, "off": True})
    assert clip.branches.current == 3 and clip.gone(0).edits == ()
    assert clip.branches.node(2) == Node(2, 1, (reverse, gain), "Gain", 1796000200.5)


def test_the_library_opens_and_knows_its_sounds_in_their_new_place(golden: Path) -> None:
    with ProjectFolder.open(golden) as project:
        with Index(project) as index:
            assert flag_vanished(index) == []
            facts = [(r.name, r.label, r.include, r.trim, r.rate, r.frames) for r in index.rows()]
            assert facts == [
                ("hat 0.wav", "shaker", True, False, 8000, 800),
                ("hat 1.wav", "hat", False, True, 8000, 800),
                ("kick 0.wav", "kick", True, False, 8000, 800),
                ("kick 1.wav", "kick", True, False, 8000, 800),
            ]
        assert {f.key for f in check.findings(project)} >= {"few"}
        result = list(import_folders(project, [project.sounds], workers=1))[-1].result  # type: ignore[attr-defined]
        assert result == {"imported": 0, "skipped": 4, "problems": []}


def test_axes_bear_the_names_they_were_given(golden: Path) -> None:
    with ProjectFolder.open(golden) as project:
        assert axes.load(project, "oneshot") == (
            axes.KnownAxis(slot=0, name="Größe", ids=(1, 2, 3, 4), scores=(-1.25, 0.5, 0.0, 1.0)),
            axes.KnownAxis(slot=None, name="Glass", ids=(1, 4), scores=(0.75, -0.75)),
        )


def test_the_pins_are_where_they_were(golden: Path) -> None:
    with ProjectFolder.open(golden) as project:
        a, c = pins.load(project)
        assert (a.letter, a.x, a.y, a.seconds) == ("A", -0.58, 0.58, 0.31) and (c.letter, c.x, c.y) == ("C", 0.58, 0.58)
        assert a.recipe.request == Request(latent=((0.5, -0.25),), classes={"kick": 1.0}, seed=7)
        assert (c.recipe.model, c.recipe.run, c.recipe.request.latent) == ("0123abcd", "2026-11-20-oneshot-1", ((1.0, 2.0),))


def test_the_history_of_explore_opens(golden: Path) -> None:
    with ProjectFolder.open(golden) as project:
        history = History.from_json(project.history_path.read_bytes())
    start, bright, drawn = history.nodes.values()
    assert history.current == start and history.redo() == drawn and history.damaged == 0
    assert (bright.what, bright.time, bright.parent) == ("Move “brighter ↔ darker”", 1763640005.5, start.id)
    assert start.request == Request(latent=((0.5, -0.25),), classes={"kick": 1.0}, seed=7, temperature=0.8)
    assert bright.request.latent == ((0.1, -0.25),) and drawn.request == Request(latent=((1.5, 2.0),), seconds=0.4, seed=8)
    assert (start.model, start.run) == ("0123abcd", "2026-11-20-oneshot-1")
    low, high, _ = unpack(start.outline)
    assert len(high) == POINTS and np.allclose(high, np.linspace(1, 0, POINTS), atol=0.005) and np.allclose(low, -high)


def test_searches_and_their_presets_open(golden: Path) -> None:
    with ProjectFolder.open(golden) as project:
        preset = presets.find(project, "Search 1 – Größe")
        assert preset.config == {"width": 600, "decoder": "istft"} and preset.plan == {"rate": 2.66, "batch": 9}
        (search,) = searches.all_of(project)
    width, rate, decoder = search.file.spans
    assert (width.low, width.high, width.usual, rate.plan, decoder.choices) == (256, 768, 512, True, ("pqmf", "istft"))
    assert (search.file.minutes, search.file.trial, search.file.workers, search.file.shared) == (20.0, 3.25, 2, True)
    status = search.status()
    assert status.default == status.found == status.trials[0] and status.trials[0].value == 0.4
    assert (status.state, status.spent, status.trials[1].state) == ("stopped", 7.5, "dropped") and not search.alive()


def test_an_evaluation_opens(golden: Path) -> None:
    (kept,) = evaluation.all_of(golden / "runs" / "2026-11-20-oneshot-1")
    found = kept.found
    assert kept.folder.name == "step-00000012" and (found.step, found.time) == (12, 1796000000.0)
    assert found.metrics == {"frechet": 4.25, "copies": 0.0, "pitch_error": None} and found.floor["copies"] == 0.015
    assert found.intervals["frechet"] == (3.9, 4.75) and found.confusion.made == ((15, 3), (0, 20))
    hat, kick = found.classes
    assert hat.mistaken_for == (("kick", 0.25),) and hat.frechet is None and "8 held-out" in hat.left_out
    assert (kick.frechet, kick.coverage_floor, kick.copies) == (2.5, 0.95, 0.05)
    assert found.octaves[0].correct == 0.875 and found.octaves[0].floor["error"] == 2.5


def test_a_format_has_one_more_than_its_migrations() -> None:
    assert {kind: current(kind) for kind in STEPS} == {kind: len(steps) + 1 for kind, steps in STEPS.items()}
    assert current("project") >= 1
