"""A model on disk is whole or not there, and a damaged one is a sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from studio.errors import AlreadyThere, BrokenCheckpoint, NewerFormat, StudioError
from studio.models import checkpoint
from studio.models.base import Model
from studio.project.recipe import Request
from tests.models.families import tiny


@pytest.fixture
def model() -> Model:
    return tiny("oneshot")


@pytest.fixture
def folder(model: Model, tmp_path: Path) -> Path:
    checkpoint.save(tmp_path / "step-1", model, meta={"step": 1, "minutes": 0.5, "metrics": {"mel": 0.4}})
    return tmp_path / "step-1"


def edited(folder: Path, **changes: object) -> Path:
    data = json.loads((folder / checkpoint.CONFIG).read_text())
    (folder / checkpoint.CONFIG).write_text(json.dumps(data | changes))
    return folder


def rewritten(folder: Path, change: dict[str, torch.Tensor]) -> Path:
    tensors = load_file(folder / checkpoint.WEIGHTS) | change
    save_file(tensors, folder / checkpoint.WEIGHTS)
    return edited(folder, model="")


def test_it_says_what_it_is(folder: Path, model: Model) -> None:
    file = checkpoint.describe(folder)
    assert (file.family, file.step, file.minutes, file.metrics) == ("oneshot", 1, 0.5, {"mel": 0.4})
    assert len(file.model) == 64
    loaded = checkpoint.load(folder)
    assert loaded.config == model.config
    assert loaded.data == model.data
    assert not loaded.training
    assert not any(p.requires_grad for p in loaded.parameters())


def test_describing_needs_no_torch(folder: Path) -> None:
    code = "import sys; from studio.models.checkpoint import describe; describe(sys.argv[1]); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, timeout=60)


def test_nothing_is_overwritten(folder: Path, model: Model) -> None:
    with pytest.raises(AlreadyThere):
        checkpoint.save(folder, model)


def test_a_failure_while_writing_leaves_nothing(tmp_path: Path, model: Model) -> None:
    with pytest.raises(TypeError):
        checkpoint.save(tmp_path / "step-2", model, meta={"no such field": 1})
    assert list(tmp_path.iterdir()) == []


def test_half_the_size_sounds_the_same(tmp_path: Path, model: Model) -> None:
    (tmp_path / "half").mkdir()
    checkpoint.write(tmp_path / "half", model, half=True)
    again = checkpoint.load(tmp_path / "half")
    assert next(again.parameters()).dtype == torch.float32
    request = Request(latent=(tuple([0.3] * 8),), seconds=0.2)
    a, b = (next(iter(m.eval().generate(request))) for m in (model, again))
    assert float((a - b).square().mean() / a.square().mean()) < 1e-4


def test_a_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BrokenCheckpoint):
        checkpoint.load(tmp_path / "nothing")


def test_missing_weights_are_a_sentence(folder: Path) -> None:
    (folder / checkpoint.WEIGHTS).unlink()
    with pytest.raises(BrokenCheckpoint):
        checkpoint.load(folder)


def test_other_weights_are_a_sentence(folder: Path) -> None:
    data = bytearray((folder / checkpoint.WEIGHTS).read_bytes())
    data[-5] ^= 1
    (folder / checkpoint.WEIGHTS).write_bytes(data)
    with pytest.raises(BrokenCheckpoint, match="not those it was saved with"):
        checkpoint.load(folder)


def test_impossible_numbers_are_a_sentence(folder: Path) -> None:
    broken = rewritten(folder, {"bank": torch.full((4, 8), torch.nan)})
    with pytest.raises(BrokenCheckpoint, match="impossible"):
        checkpoint.load(broken)


@pytest.mark.parametrize("change", [{"bank": torch.zeros(5, 8)}, {"bank": torch.zeros(4, 8).long()}, {"extra": torch.zeros(1)}])
def test_wrong_tensors_are_a_sentence(folder: Path, change: dict[str, torch.Tensor]) -> None:
    with pytest.raises(BrokenCheckpoint):
        checkpoint.load(rewritten(folder, change))


@pytest.mark.parametrize(
    "changes",
    [
        {"config": {"latent": 10**9}},
        {"config": {"width": -1}},
        {"config": {"seconds": "long"}},
        {"config": {"decoder": "other"}},
        {"data": {"count": 4, "labels": ["a", "a"]}},
        {"data": {"count": -3}},
        {"data": {"count": "many"}},
        {"data": {}},
    ],
)
def test_settings_out_of_range_are_a_sentence(folder: Path, changes: dict[str, object]) -> None:
    with pytest.raises(BrokenCheckpoint):
        checkpoint.load(edited(folder, **changes))


def test_a_newer_format_is_refused(folder: Path) -> None:
    with pytest.raises(NewerFormat):
        checkpoint.load(edited(folder, format=99))


def test_an_unknown_family_is_named(folder: Path) -> None:
    with pytest.raises(StudioError, match="quartet"):
        checkpoint.load(edited(folder, family="quartet"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage_ends_in_a_named_error(folder: Path, data: st.DataObject) -> None:
    """Bytes changed, cut off or put in, in either file."""
    path = folder / data.draw(st.sampled_from([checkpoint.CONFIG, checkpoint.WEIGHTS]))
    whole = path.read_bytes()
    place = data.draw(st.integers(0, min(len(whole) - 1, 4000)))
    junk = data.draw(st.binary(min_size=0, max_size=8))
    path.write_bytes(whole[:place] + junk + whole[place + data.draw(st.integers(0, 8)) :])
    try:
        checkpoint.load(folder)
    except StudioError:
        pass
    finally:
        path.write_bytes(whole)


def test_a_label_list_survives(tmp_path: Path) -> None:
    labels = ("Kick Ä", "snare/rim", "🥁")
    checkpoint.save(tmp_path / "c", tiny("oneshot", labels=labels))
    assert checkpoint.load(tmp_path / "c").data.labels == labels
    assert msgspec.json.decode((tmp_path / "c" / checkpoint.CONFIG).read_bytes())["data"]["labels"] == list(labels)
